// The floor as it was: at a moment that somebody drags to, and from there on at any speed.

import { Model } from './feed.js';
import { clock, get, ticker } from './parts.js';

// begin is when the first thing happened that the log tells, in milliseconds; null while it is empty or cannot be asked.
export async function begin(signal) {
  const { at } = await get('/v1/floor?at=1', signal).catch(() => ({}));
  return Date.parse(at) > 0 ? Date.parse(at) + 1 : null; // what is finer than a millisecond is cut off
}

// So long after the last drag the floor of that moment is asked for.
const settling = 80;

// Where a replay ends so close to the last thing that is known, it has caught up with the present.
const present = 3000;

// Past is either live (at is null), or at a moment of the switch's clock, or playing on from one.
export class Past {
  model = null; // of that moment; null until it is there
  at = null; // milliseconds; while it plays see now
  speed = 0; // 0: it stands
  error = null;
  #changed;
  #timer;
  #asking;
  #source;

  // changed is called after each change of any of that.
  constructor(changed) {
    this.#changed = changed;
  }

  get live() {
    return this.at === null;
  }

  // now is the moment that is shown.
  now() {
    return this.speed > 0 ? clock.now() : this.at;
  }

  // show stops at a moment.
  show(at) {
    this.#stop();
    this.at = at;
    clock.hold(at, 0);
    this.#timer = setTimeout(() => this.#ask(at), this.model ? settling : 0);
    this.#changed();
  }

  // play goes on from the moment that is shown; last is when the last known event happened.
  play(speed, last) {
    const from = this.now();
    this.#stop();
    this.at = from;
    this.speed = speed;
    clock.hold(from, speed);
    this.#follow(last);
    this.#changed();
  }

  pause() {
    this.show(this.now());
  }

  goLive() {
    this.#stop();
    this.at = this.model = this.error = null;
    clock.release();
    ticker.tick();
    this.#changed();
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#source?.close();
    this.#source = null;
    this.speed = 0;
  }

  #ask(at) {
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    get(`/v1/floor?at=${new Date(at).toISOString()}`, signal)
      .then((view) => this.#take('snapshot', { position: view.position, view }))
      .catch((error) => {
        if (signal.aborted) return;
        this.error = error;
        this.#changed();
      });
  }

  #follow(last) {
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
      if (this.now() > last() - present) this.goLive();
      else if (source.shown) this.play(this.speed, last);
      else {
        this.pause();
        this.error = new Error('The replay cannot go on from here.');
        this.#changed();
      }
    };
    source.addEventListener('change', () => (source.shown = true));
    this.#source = source;
  }

  #take(kind, frame) {
    const before = this.model;
    if (kind === 'snapshot') this.model = new Model();
    if (!this.model.take(kind, frame)) return;
    if (before && kind === 'snapshot') keepEqual(before, this.model);
    this.error = null;
    ticker.tick();
    this.#changed();
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
