// The floor as it was: at a moment that somebody drags to, and from there on at any speed.

import { batch, signal } from './html.js';
import { Model } from './feed.js';
import { Shown, paced } from './live.js';
import { clock, get, ticker } from './parts.js';

// begin is when the first thing happened that the log tells, in milliseconds; null while it is empty or cannot be asked.
export async function begin(signal) {
  const { began } = await get('/v1/projections', signal).catch(() => ({}));
  return Date.parse(began) > 0 ? Date.parse(began) + 1 : null; // what is finer than a millisecond is cut off
}

// So long after the last drag the floor of that moment is asked for.
const settling = 80;

// Where a replay ends so close to the last thing that is known, it has caught up with the present.
const present = 3000;

// Past is either live (at is null), or at a moment of the switch's clock, or playing on from one. Like what is live it is read
// like plain properties, and who reads it is drawn again.
export class Past {
  #live;
  #shown = signal(null);
  #at = signal(null);
  #speed = signal(0);
  #settled = signal(null);
  #error = signal(null);
  #model = null;
  #shows = paced(() => this.#show());
  #timer;
  #asking;
  #source;

  constructor(live) {
    this.#live = live;
  }

  // shown is the floor of that moment; null until it is there.
  get shown() {
    return this.#shown.value;
  }

  // at is the moment at which it stands, in milliseconds; while it plays see now.
  get at() {
    return this.#at.value;
  }

  get live() {
    return this.at === null;
  }

  // speed is 0 while it stands.
  get speed() {
    return this.#speed.value;
  }

  // settled is the moment that stands in the page's address; null: it is live there.
  get settled() {
    return this.#settled.value;
  }

  get error() {
    return this.#error.value;
  }

  // now is the moment that is shown.
  now() {
    return this.speed > 0 ? clock.now() : this.at;
  }

  // show stops at a moment.
  show(at) {
    this.#become(at, 0);
    this.#timer = setTimeout(() => this.#ask(at), this.#model ? settling : 0);
  }

  // play goes on from the moment that is shown.
  play(speed) {
    this.#become(this.now(), speed);
    this.#follow();
  }

  pause() {
    this.show(this.now());
    this.settle();
  }

  goLive() {
    this.leave();
    this.settle();
  }

  // settle puts the moment that is shown into the page's address.
  settle() {
    this.#settled.value = this.live ? null : this.now();
    history.replaceState(null, '', this.live ? '#/' : `#/?at=${new Date(this.settled).toISOString()}`);
  }

  // leave ends it, for a page that shows something else.
  leave() {
    this.#become(null, 0);
    ticker.tick();
  }

  #become(at, speed) {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#source?.close();
    this.#source = null;
    if (at === null) clock.release();
    else clock.hold(at, speed);
    batch(() => {
      [this.#at.value, this.#speed.value] = [at, speed];
      if (at !== null) return;
      this.#shows.never();
      this.#model = this.#shown.value = this.#error.value = null;
    });
  }

  #ask(at) {
    const asking = new AbortController();
    this.#asking = asking;
    get(`/v1/floor?at=${new Date(at).toISOString()}`, asking.signal)
      .then((view) => asking.signal.aborted || this.#take('snapshot', { position: view.position, view }))
      .catch((error) => asking.signal.aborted || (this.#error.value = error));
  }

  #follow() {
    const source = new EventSource(`/v1/replay?from=${new Date(this.now()).toISOString()}&speed=${this.speed}`);
    for (const kind of ['snapshot', 'change']) {
      source.addEventListener(kind, (message) => {
        const frame = JSON.parse(message.data);
        if (kind === 'change') clock.hold(Date.parse(frame.change.at), this.speed);
        this.#take(kind, frame);
      });
    }
    // The stream ends where the past ended when it was asked for; meanwhile there is more of it.
    source.onerror = () => {
      source.close();
      if (this.#source !== source) return;
      if (this.now() > Date.parse(this.#live.at) - present) this.goLive();
      else if (source.shown) this.play(this.speed);
      else {
        this.pause();
        this.#error.value = new Error('The replay cannot go on from here.');
      }
    };
    source.addEventListener('change', () => (source.shown = true));
    this.#source = source;
  }

  #take(kind, frame) {
    const before = this.#model;
    if (kind === 'snapshot') this.#model = new Model();
    if (!this.#model.take(kind, frame)) return;
    if (before && kind === 'snapshot') keepEqual(before, this.#model);
    this.#shows.soon();
  }

  #show() {
    batch(() => {
      const shown = this.#shown.value ?? new Shown();
      shown.become(this.#model);
      [this.#shown.value, this.#error.value] = [shown, null];
    });
    ticker.tick();
  }
}

// keepEqual lets a model have what another one has where that is equal: what is the same object is not drawn again.
function keepEqual(before, model) {
  for (const kind of ['links', 'agents', 'queues', 'calls']) {
    for (const [key, thing] of model[kind]) {
      const known = before[kind].get(key);
      if (known && JSON.stringify(known) === JSON.stringify(thing)) model[kind].set(key, known);
    }
  }
}
