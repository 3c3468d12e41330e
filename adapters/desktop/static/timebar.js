// The time slider of the floor: it drags the floor into the past, plays on from there, and comes back to the present.

import { computed, html, useEffect, useMemo, useRef, useState } from './html.js';
import { clock, ticker } from './parts.js';
import { duration } from './clock.js';
import { begin } from './past.js';

const minute = 60000;
const day = 24 * 60 * minute;
const spans = [[15 * minute, '15 min'], [60 * minute, '1 h'], [8 * 60 * minute, '8 h'], [day, '24 h'], [Infinity, 'all']];
const speeds = [1, 4, 10, 60];

// So often the slider moves while time goes on.
const movesEvery = 250;

const timeOfDay = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const dayAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

export function TimeBar({ past, live }) {
  const [span, setSpan] = useState(spans[0][0]);
  const [speed, setSpeed] = useState(1);
  const began = useBegin(live);
  const dragging = useRef(false);
  const range = useRef({ from: 0, to: 0 });
  useMoves(past.live ? 1000 : past.speed > 0 ? movesEvery : 0);

  const present = clock.present();
  const now = past.live ? present : past.now();
  // Nothing moves under the hand that drags.
  if (!dragging.current) {
    range.current = { from: Math.min(Math.max(began ?? present - day, present - span), now), to: Math.max(present, now) };
  }
  const { from, to } = range.current;
  const drag = (event) => {
    const at = Number(event.target.value);
    dragging.current = true;
    if (at >= to - 500) past.goLive();
    else past.show(at);
  };
  const drop = () => {
    dragging.current = false;
    past.settle();
  };
  const play = () => (past.speed > 0 ? past.pause() : past.play(speed));
  const choose = (event) => {
    const wanted = Number(event.target.value);
    setSpeed(wanted);
    if (past.speed > 0) past.play(wanted);
  };
  // A screen reader is told when something else is shown, not how time goes on.
  const told = past.speed > 0 ? `Playing at ${past.speed}×` : past.settled === null ? 'Live' : `As it was at ${whenever(past.settled, present)}`;
  const text = past.live ? 'Live' : whenever(now, present);
  return html`<section class="timebar" aria-label="Time" data-past=${!past.live}>
    <span class="unseen" role="status">${told}</span>
    <p class="when"><i aria-hidden="true"></i>${past.live ? html`<b>Live</b> <small>drag to see the past</small>`
      : html`<b>As it was at <span class="time">${text}</span></b> <small>${duration(present - now)} ago${past.speed > 0 && `, playing at ${past.speed}×`}</small>`}</p>
    <div class="slide">
      <input type="range" aria-label="Moment of the floor" min=${from} max=${to} step="100" value=${past.live ? to : now} aria-valuetext=${text}
        onInput=${drag} onChange=${drop} onKeyDown=${(event) => step(event, past, from, to)} />
      <span class="ends" aria-hidden="true"><span class="time">${whenever(from, present)}</span><span>now</span></span>
    </div>
    <div class="controls">
      ${!past.live && html`<button type="button" class="play" onClick=${play}>${past.speed > 0 ? 'Pause' : 'Play'}</button>`}
      ${!past.live && html`<label><span class="unseen">Speed</span><select onChange=${choose}>
        ${speeds.map((each) => html`<option key=${each} value=${each} selected=${each === speed}>${each}×</option>`)}</select></label>`}
      <label><span class="unseen">How far back the slider goes</span><select onChange=${(event) => setSpan(Number(event.target.value))}>
        ${spans.map(([value, name]) => html`<option key=${name} value=${value} selected=${value === span}>${name}</option>`)}</select></label>
      ${!past.live && html`<button type="button" class="back" onClick=${() => past.goLive()}>Back to live</button>`}
    </div>
    ${past.error && html`<p class="wrong" role="alert">${past.error.message}</p>`}
  </section>`;
}

// step moves by a second, or by ten, whatever the span is.
function step(event, past, from, to) {
  const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[event.key];
  if (!by) return;
  event.preventDefault();
  const at = (past.live ? to : past.now()) + by * 1000;
  if (at >= to) past.goLive();
  else past.show(Math.max(at, from));
  past.settle();
}

function whenever(at, present) {
  const today = new Date(at).toDateString() === new Date(present).toDateString();
  return (today ? timeOfDay : dayAndTime).format(at);
}

// useBegin is when the first thing happened that the log tells; null until it is known: the slider does not wait for it.
function useBegin(live) {
  const [began, setBegan] = useState(null);
  const something = useMemo(() => computed(() => Date.parse(live.at) > 0), [live]).value;
  useEffect(() => {
    if (!something) return undefined; // an empty log has no begin yet
    const asking = new AbortController();
    begin(asking.signal).then((at) => asking.signal.aborted || setBegan(at));
    return () => asking.abort();
  }, [something]);
  return began;
}

// useMoves draws a component again and again; 0: not.
function useMoves(every) {
  const [, draw] = useState(0);
  useEffect(() => {
    if (every === 0) return undefined;
    const timer = setInterval(() => {
      draw((n) => n + 1);
      ticker.tick();
    }, every);
    return () => clearInterval(timer);
  }, [every]);
}
