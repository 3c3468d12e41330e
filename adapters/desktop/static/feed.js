// A client of callstate's live feeds. It has no dependencies: copy it to where you need it.
//
//   const feed = new Feed('/v1/agents/1001/stream', {
//     changed(model, frame) {},   // the model is up to date; frame is the message that brought it there
//     stateChanged(state) {},     // 'connecting', 'live' or 'lost'; feed.why says more where there is more to say
//   });
//   feed.close();   // and feed.open() goes on where it was
//
// The server sends a snapshot, and then what each event of the log changed. After a lost connection the feed goes on behind
// the last position it has seen: nothing is missed and nothing comes twice. It is told the hash of what it should have, and
// when its own is another one it begins anew. A connection that is silent for long is dead. docs/formats/feed.md has it all.

// Model is the floor, or one agent's part of it, as far as the feed has come.
export class Model {
  position = 0;
  at = null; // when the last event happened, on the switch's clock
  loaded = false;
  links = new Map(); // by switch
  agents = new Map(); // by id
  queues = new Map(); // by name
  calls = new Map(); // by connection id, in the order in which they began

  // take applies a message; it says whether there was anything new in it.
  take(kind, frame) {
    if (kind === 'snapshot') this.#replace(frame);
    else if (kind === 'change' && frame.position > this.position) this.#change(frame.change);
    else if (kind !== 'heartbeat' || !frame.hash) return false; // after a reset the snapshot says how things are
    this.position = Math.max(this.position, frame.position);
    return true;
  }

  #replace({ position, view, desktop }) {
    const all = view ?? { agents: [desktop.agent], calls: desktop.calls };
    Object.assign(this, { position, loaded: true, at: view ? view.at : newest(desktop) });
    this.links = put(new Map(), all.links, 'switch');
    this.agents = put(new Map(), all.agents, 'id');
    this.queues = put(new Map(), all.queues, 'queue');
    this.calls = put(new Map(), all.calls, 'connId');
  }

  #change({ at, links, agents, queues, calls, gone }) {
    this.at = at;
    put(this.links, links, 'switch');
    put(this.agents, agents, 'id');
    put(this.queues, queues, 'queue');
    put(this.calls, calls, 'connId');
    for (const connId of gone ?? []) this.calls.delete(connId);
  }

  // hash is what the server's messages say when the model is right.
  hash() {
    let all = 0n;
    for (const items of [this.links, this.agents, this.queues, this.calls]) {
      for (const item of items.values()) all ^= BigInt(`0x${fnv1a(fnv1a(canonical(item)))}`);
    }
    return all.toString(16).padStart(16, '0');
  }
}

// newest is the latest moment that a desktop tells of: it says nothing else of the time on the switch.
function newest({ agent, calls }) {
  const times = calls.flatMap((call) => [call.startedAt, ...call.parties.map((party) => party.since)]);
  return [agent.since, ...times].reduce((a, b) => (Date.parse(b) > Date.parse(a) ? b : a));
}

function put(map, list, key) {
  for (const item of list ?? []) map.set(item[key], item);
  return map;
}

// canonical is the JSON of RFC 8785.
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical)}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`)}}`;
}

// fnv1a is FNV-1a with 64 bits, as two numbers of 32. Its prime is 2^40 + 0x1b3.
function fnv1a(text) {
  const bytes = utf8.encode(text);
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (let i = 0; i < bytes.length; i++) {
    low ^= bytes[i];
    const product = (low >>> 0) * 0x1b3;
    high = Math.imul(high, 0x1b3) + (low << 8) + Math.floor(product / 2 ** 32);
    low = product | 0;
  }
  return hex(high) + hex(low);
}

const utf8 = new TextEncoder();
const hex = (half) => (half >>> 0).toString(16).padStart(8, '0');

// Feed follows a stream while it is open, and keeps a model of what it says.
export class Feed {
  model = new Model();
  state = 'connecting';
  why = ''; // the feed is lost
  mistakes = 0; // how often the model was not what the server has
  #url; #listener; #silence; #source; #timer; #watch;
  #failures = 0;
  #anew = true; // begin with a snapshot

  constructor(url, listener, { silence = 15000 } = {}) {
    this.#url = url;
    this.#listener = listener;
    this.#silence = silence; // milliseconds; the server's heartbeats come every five seconds
    this.open();
  }

  close() {
    clearTimeout(this.#timer);
    clearTimeout(this.#watch);
    this.#source?.close();
    this.#source = null;
  }

  open() {
    if (this.#source) return;
    clearTimeout(this.#timer);
    // While the source lives the browser reconnects by itself and sends the last id; a new source has to be told.
    const source = new EventSource(this.#anew ? this.#url : `${this.#url}?after=${this.model.position}`);
    source.onerror = () => {
      this.#enter('lost');
      if (source.readyState === EventSource.CLOSED) this.#again(); // or else the browser tries again
    };
    for (const kind of ['snapshot', 'change', 'heartbeat', 'reset']) {
      source.addEventListener(kind, (message) => this.#hear(kind, JSON.parse(message.data)));
    }
    this.#source = source;
    this.#listen();
  }

  #hear(kind, frame) {
    this.#listen();
    const isNew = this.model.take(kind, frame);
    if (isNew && frame.hash && frame.hash !== this.model.hash()) {
      this.mistakes++;
      this.#anew = true;
      this.#again('What was shown was not what the engine has. It is fetched anew.');
      return;
    }
    if (isNew) [this.#failures, this.#anew] = [0, false];
    if (frame.notReady) this.#enter('lost', frame.notReady.join('; '));
    else if (isNew) this.#enter('live');
    if (isNew && kind !== 'heartbeat') this.#listener.changed?.(this.model, frame);
  }

  #listen() {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => this.#again('The engine does not answer.'), this.#silence);
  }

  // again comes back after a while: one second, doubled with each failure up to fifteen.
  #again(why = this.why) {
    this.close();
    this.#enter('lost', why);
    this.#timer = setTimeout(() => this.open(), Math.min(1000 * 2 ** this.#failures++, 15000));
  }

  #enter(state, why = '') {
    if (state === this.state && why === this.why) return;
    [this.state, this.why] = [state, why];
    this.#listener.stateChanged?.(state);
  }
}
