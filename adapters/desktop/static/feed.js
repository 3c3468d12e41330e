// A client of callstate's live feeds. It has no dependencies: copy it to where you need it.
//
//   const feed = new Feed('/v1/agents/1001/stream', {
//     changed(model, frame) {},   // the model is up to date; frame is the message that brought it there
//     stateChanged(state) {},     // 'connecting', 'live' or 'lost'; feed.why says more where there is more to say
//   });
//   feed.close();   // and feed.open() goes on where it was
//
// The server sends a snapshot, and then what each event of the log changed. Every message has a position of the log;
// after a lost connection the feed goes on behind the last one it has seen, so that nothing is missed and nothing comes
// twice. Where the server does not know that position any more it sends a reset and a new snapshot. A connection that
// is silent for long is not trusted: the server is asked whether it is there, and when it is not, the feed is lost.

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
    if (kind === 'snapshot') {
      this.#replace(frame);
    } else if (kind === 'change' && frame.position > this.position) {
      this.#change(frame.change);
    } else {
      return false; // a reset: the snapshot that follows it says how things are
    }
    this.position = frame.position;
    return true;
  }

  #replace({ view, desktop }) {
    const all = view ?? { agents: [desktop.agent], calls: desktop.calls };
    this.at = view ? view.at : newest(desktop);
    this.links = keyed(all.links, 'switch');
    this.agents = keyed(all.agents, 'id');
    this.queues = keyed(all.queues, 'queue');
    this.calls = keyed(all.calls, 'connId');
    this.loaded = true;
  }

  #change({ at, links, agents, queues, calls, gone }) {
    this.at = at;
    put(this.links, links, 'switch');
    put(this.agents, agents, 'id');
    put(this.queues, queues, 'queue');
    put(this.calls, calls, 'connId');
    for (const connId of gone ?? []) this.calls.delete(connId);
  }
}

// newest is the latest moment that a desktop tells of: it says nothing else of the time on the switch.
function newest({ agent, calls }) {
  const times = calls.flatMap((call) => [call.startedAt, ...call.parties.map((party) => party.since)]);
  return [agent.since, ...times].reduce((a, b) => (Date.parse(b) > Date.parse(a) ? b : a));
}

function keyed(list, key) {
  return put(new Map(), list, key);
}

function put(map, list, key) {
  for (const item of list ?? []) map.set(item[key], item);
  return map;
}

// After so many milliseconds without a message the server is asked whether it is there and ready; an answer may take as long.
const silence = 10000;

// Feed follows a stream while it is open, and keeps a model of what it says.
export class Feed {
  model = new Model();
  state = 'connecting';
  why = ''; // the feed is lost
  #url;
  #listener;
  #source;
  #timer;
  #failures = 0;
  #watch;
  #silence;

  constructor(url, listener, options = {}) {
    this.#url = url;
    this.#listener = listener;
    this.#silence = options.silence ?? silence;
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
    const { loaded, position } = this.model;
    // While the source lives the browser reconnects by itself and sends the last id; a new source has to be told.
    const source = new EventSource(loaded ? `${this.#url}?after=${position}` : this.#url);
    source.onopen = () => {
      this.#listen();
      if (this.model.loaded) this.#enter('live'); // there may be nothing to say
    };
    source.onerror = () => {
      if (this.state === 'live') this.#enter('lost');
      if (source.readyState !== EventSource.CLOSED) return; // the browser tries again
      const wait = Math.min(1000 * 2 ** this.#failures++, 15000);
      this.close();
      this.#timer = setTimeout(() => this.open(), wait);
    };
    for (const kind of ['snapshot', 'change', 'reset']) {
      source.addEventListener(kind, (message) => {
        this.#listen();
        const frame = JSON.parse(message.data);
        if (!this.model.take(kind, frame)) return;
        this.#enter('live');
        this.#listener.changed?.(this.model, frame);
      });
    }
    this.#source = source;
  }

  // listen waits for the next message, and asks the server when there is none for long.
  #listen() {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => this.#ask(this.#source), this.#silence);
  }

  async #ask(source) {
    let why = '';
    try {
      const response = await fetch('/readyz', { signal: AbortSignal.timeout(this.#silence) });
      const said = await response.json();
      if (!response.ok) why = [said.detail, ...(said.errors ?? []).map((each) => each.message)].join('; ');
    } catch {
      why = 'The engine does not answer.';
    }
    if (source !== this.#source || !source) return;
    this.#listen();
    if (why) {
      this.#enter('lost', why);
    } else if (this.state === 'lost') {
      this.close(); // this connection may be dead although the server is not
      this.open();
    }
  }

  #enter(state, why = '') {
    if (state === 'live') this.#failures = 0;
    if (state === this.state && why === this.why) return;
    this.state = state;
    this.why = why;
    this.#listener.stateChanged?.(state);
  }
}
