// What the feeds tell, in signals: whoever reads a thing while he is drawn is drawn again when it is another one, and nobody
// else is. All of it is read like plain properties and Maps.

import { batch, computed, signal } from './html.js';
import { Feed } from './feed.js';
import { clock } from './parts.js';

// Changes that come within this time of the feed's (re)connection may be old ones that were missed.
const catchingUp = 2000;

// A change that is told so long after it happened shows that the feed is behind.
const behindAfter = 4000;

// As often as a person can see, and no more: this page is open all day.
const showEvery = 100;

// Things are the agents, queues, calls or links of a floor, by their key.
class Things {
  #each = new Map(); // key -> signal of the thing; undefined in it: there is none
  #keys = signal([]); // of those that there are, in their order

  get size() {
    return this.#keys.value.length;
  }

  keys() {
    return this.#keys.value;
  }

  has(key) {
    return this.#keys.value.includes(key);
  }

  get(key) {
    return this.#of(key).value;
  }

  values() {
    return this.#keys.value.map((key) => this.get(key));
  }

  // become makes them those of a Map.
  become(map) {
    const before = this.#keys.peek();
    const keys = [...map.keys()];
    for (const [key, thing] of map) this.#of(key).value = thing;
    if (keys.length === before.length && keys.every((key, i) => key === before[i])) return;
    for (const key of before) {
      if (map.has(key)) continue;
      this.#of(key).value = undefined;
      this.#each.delete(key);
    }
    this.#keys.value = keys;
  }

  #of(key) {
    if (!this.#each.has(key)) this.#each.set(key, signal());
    return this.#each.get(key);
  }
}

// Shown is the model of a feed, as it was drawn last.
export class Shown {
  links = new Things();
  agents = new Things();
  queues = new Things();
  calls = new Things();
  #loaded = signal(false);
  #position = signal(0);
  #at = signal(null);

  get loaded() {
    return this.#loaded.value;
  }

  get position() {
    return this.#position.value;
  }

  get at() {
    return this.#at.value;
  }

  become(model) {
    batch(() => {
      for (const kind of ['links', 'agents', 'queues', 'calls']) this[kind].become(model[kind]);
      [this.#loaded.value, this.#position.value, this.#at.value] = [model.loaded, model.position, model.at];
    });
  }
}

// Live is the live feed of an agent's desktop, or that of the whole floor.
export class Live extends Shown {
  #agent;
  #connection = signal('connecting');
  #why = signal('');
  #late = signal(0);
  #ended = signal(0);
  #state = computed(() => (this.#connection.value === 'live' && this.late > behindAfter ? 'behind' : this.#connection.value));

  constructor(agent) {
    super();
    this.#agent = agent;
  }

  // state is 'connecting', 'live', 'behind' or 'lost'; why says more of the last, where there is more to say.
  get state() {
    return this.#state.value;
  }

  get why() {
    return this.#why.value;
  }

  // late is how long after it happened the last change was told, in milliseconds.
  get late() {
    return this.#late.value;
  }

  // ended is how many calls have ended since.
  get ended() {
    return this.#ended.value;
  }

  // follow keeps it up to date until the function that it returns is called.
  follow() {
    const url = this.#agent ? `/v1/agents/${encodeURIComponent(this.#agent)}/stream` : '/v1/floor/stream';
    let [late, ended, liveSince] = [0, 0, Infinity];
    let settled;
    const shows = paced(() => batch(() => {
      this.become(feed.model);
      [this.#connection.value, this.#why.value, this.#late.value, this.#ended.value] = [feed.state, feed.why, late, ended];
    }));
    const feed = new Feed(url, {
      changed(model, { change }) {
        if (model.at) clock.heard(model.at, change && performance.now() - liveSince > catchingUp);
        late = change ? clock.present() - Date.parse(model.at) : 0;
        clearTimeout(settled); // what is not followed by more was the end of it
        if (late > behindAfter) settled = setTimeout(() => { late = 0; shows.soon(); }, catchingUp);
        ended += change?.gone?.length ?? 0;
        shows.soon();
      },
      stateChanged(state) {
        liveSince = state === 'live' ? performance.now() : Infinity;
        shows.soon();
      },
    });
    // A browser has few connections to one server. The floor needs none while nobody sees it, since it misses nothing;
    // a desktop does, because it has to tell of a call.
    const seenOrNot = () => {
      if (this.#agent || !document.hidden) feed.open();
      else feed.close();
      shows.now();
    };
    const left = () => feed.close();
    document.addEventListener('visibilitychange', seenOrNot);
    addEventListener('pagehide', left);
    addEventListener('pageshow', seenOrNot);
    return () => {
      feed.close();
      shows.never();
      clearTimeout(settled);
      document.removeEventListener('visibilitychange', seenOrNot);
      removeEventListener('pagehide', left);
      removeEventListener('pageshow', seenOrNot);
    };
  }
}

// paced shows the first change at once, and those that follow on its heels together. Not with the frames of the screen: a
// page in the background gets none, and its title has to tell of a ringing call all the same.
export function paced(show) {
  let due = 0;
  let shown = -Infinity;
  const never = () => {
    clearTimeout(due);
    due = 0;
  };
  const now = () => {
    if (!due) return;
    never();
    shown = performance.now();
    show();
  };
  return { now, never, soon: () => { due ||= setTimeout(now, Math.max(0, shown + showEvery - performance.now())); } };
}
