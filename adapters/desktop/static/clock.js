// The times in the data are the switch's. This is its clock as far as we can tell, and the timers that run on it.

// How far behind us the newest event of a snapshot may be for us to think that nothing happened since, rather than
// that the switch's clock is another one than ours.
const quiet = 15 * 60 * 1000;

// How much earlier than expected an event must say it is for us to believe that the clock was set back. What comes
// late on its way is not that late.
const setBack = 10 * 1000;

// SwitchClock estimates the time on the switch. An event that has just happened tells it exactly; one that is older,
// such as the newest of a snapshot, only says that it is at least that late there.
export class SwitchClock {
  #ahead = null; // of our own clock, in milliseconds
  #held = null; // what is shown instead while the past is looked at

  // heard takes the time of an event; live says whether it has only just happened.
  heard(at, live) {
    const ahead = Date.parse(at) - Date.now();
    if (!(Date.parse(at) > 0)) return; // an empty log has no time
    if (this.#ahead === null) {
      this.#ahead = !live && ahead < 0 && ahead > -quiet ? 0 : ahead;
    } else if (ahead > this.#ahead || (live && ahead < this.#ahead - setBack)) {
      this.#ahead = ahead;
    }
  }

  now() {
    if (this.#held) return this.#held.at + (Date.now() - this.#held.since) * this.#held.speed;
    return this.present();
  }

  // present is the time on the switch, whatever is looked at.
  present() {
    return Date.now() + (this.#ahead ?? 0);
  }

  // hold makes now a moment of the past, which goes on at a speed; 0: it stands.
  hold(at, speed) {
    this.#held = { at, speed, since: Date.now() };
  }

  release() {
    this.#held = null;
  }
}

// duration is milliseconds as a person reads a clock: 0:07, 12:40, 1:02:03, 3 d 4:05 h.
export function duration(ms) {
  if (!(ms > 0)) ms = 0;
  const s = Math.floor(ms / 1000);
  const [days, h, m] = [Math.floor(s / 86400), Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60];
  if (days > 0) return `${days} d ${h}:${two(m)} h`;
  return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

function two(n) {
  return String(n).padStart(2, '0');
}

// Ticker writes running times into elements, all at once, once a second. Nothing else is drawn for that.
export class Ticker {
  #shown = new Map(); // element -> what to write there

  constructor() {
    setInterval(() => this.tick(), 1000);
  }

  tick() {
    for (const [element, text] of this.#shown) write(element, text());
  }

  // show keeps an element up to date until the function that it returns is called.
  show(element, text) {
    this.#shown.set(element, text);
    write(element, text());
    return () => this.#shown.delete(element);
  }
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
