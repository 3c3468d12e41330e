// The ladder of a call: a lane for each party, IVR and queue, bars for what it was in, arrows from one to the other, and
// a line at the moment that is looked at. The events beside it say the same in words.

import { html, useEffect, useRef, useState } from './html.js';
import { duration } from './clock.js';
import { stateAt } from './story.js';

const row = 40;
const top = 24; // for the times
const barHeight = 20;
const narrow = 620;

export const barNames = {
  dialing: 'Dialing', ringing: 'Ringing', talking: 'Talking', held: 'Holds', onHold: 'On hold', failed: 'Failed', connected: 'Connected',
  ivr: 'IVR', queued: 'Waiting', consult: 'Consultation', supervises: 'Supervises',
};

const laneNames = {
  caller: 'Caller', agent: 'Agent', outside: 'Outside', device: 'Telephone', ivr: 'IVR', queue: 'Queue', consult: 'Consults', supervisor: 'Supervisor',
};

export const laneName = ({ kind, label }) => `${laneNames[kind]} ${label ?? ''}`;

export function Ladder({ story, index, at, choose }) {
  const [box, width] = useWidth();
  const left = width < narrow ? 96 : 136;
  const right = 14;
  const length = Math.max(story.length, 1);
  const x = (ms) => left + (Math.min(ms, length) / length) * (width - left - right);
  const rows = new Map(story.lanes.map((lane, i) => [lane.id, i]));
  const middle = (id) => top + rows.get(id) * row + row / 2;
  const height = top + story.lanes.length * row + 4;
  const pick = (event) => {
    if (event.type === 'pointermove' && event.buttons !== 1) return;
    const { left: edge } = box.current.getBoundingClientRect();
    choose(((event.clientX - edge - left) / (width - left - right)) * length);
  };
  const transfers = story.arrows.filter((arrow) => arrow.kind === 'transfers').length;
  return html`<div class="ladder" ref=${box}>
    ${width > 0 && html`<svg width=${width} height=${height} role="img" onPointerDown=${pick} onPointerMove=${pick}
      aria-label=${`Ladder of the call: ${story.lanes.map(laneName).join(', ')}; ${duration(length)} long, ${transfers} transfers. The events tell it in words.`}>
      <defs>${['moves', 'transfers', 'consults'].map((kind) => html`<marker key=${kind} id=${`head-${kind}`} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">
        <path class=${`head ${kind}`} d="M0 0L8 4L0 8z" /></marker>`)}</defs>
      ${ticks(length, width < narrow ? 3 : 7).map((ms) => html`<g class="tick" key=${ms}>
        <line x1=${x(ms)} x2=${x(ms)} y1=${top - 4} y2=${height} /><text x=${x(ms)} y="13" text-anchor=${ms === 0 ? 'start' : 'middle'}>${duration(ms)}</text></g>`)}
      ${story.lanes.map((lane) => html`<${Lane} key=${lane.id} lane=${lane} y=${middle(lane.id)} x=${x} width=${width} length=${length} now=${stateAt(lane, index)} />`)}
      ${story.arrows.map((arrow) => html`<${Arrow} key=${arrow.index + arrow.to} arrow=${arrow} x=${x(arrow.ms)} from=${middle(arrow.from)} to=${middle(arrow.to)} later=${arrow.index > index} left=${left} />`)}
      <g class="cursor"><line x1=${x(at)} x2=${x(at)} y1=${top - 6} y2=${height} /><path d=${`M${x(at) - 6} ${top - 12}h12l-6 8z`} /></g>
    </svg>`}
    <ul class="legend" aria-hidden="true">${legend(story).map((state) => html`<li key=${state} data-bar=${state}><i></i>${barNames[state]}</li>`)}</ul>
  </div>`;
}

function Lane({ lane, y, x, width, length, now }) {
  return html`<g class="lane" data-lane=${lane.id}>
    <line class="base" x1="0" x2=${width} y1=${y + row / 2} y2=${y + row / 2} />
    <text class="kind" x="0" y=${y - 4}>${laneNames[lane.kind]}</text>
    <text class=${now ? 'name now' : 'name'} x="0" y=${y + 11}>${lane.label}</text>
    ${lane.bars.map((bar) => {
      const end = bar.to ?? length;
      const wide = Math.max(x(end) - x(bar.from), 3);
      const name = barNames[bar.state];
      return html`<g class="bar" key=${bar.first} data-bar=${bar.state} data-now=${bar === now}>
        <rect x=${x(bar.from)} y=${y - barHeight / 2} width=${wide} height=${barHeight} rx="3" />
        ${wide > name.length * 7 + 10 && html`<text x=${x(bar.from) + 6} y=${y + 4}>${name}</text>`}
        <title>${`${laneName(lane)}: ${name} ${bar.note}, ${duration(bar.from)} to ${bar.to === null ? 'now' : duration(bar.to)}`}</title>
      </g>`;
    })}
  </g>`;
}

function Arrow({ arrow, x, from, to, later, left }) {
  const labelled = arrow.kind === 'transfers' && x - left > arrow.label.length * 6.5; // what does not fit stands in the title
  const start = from + (to > from ? barHeight / 2 : -barHeight / 2);
  const end = to + (to > from ? -barHeight / 2 - 1 : barHeight / 2 + 1);
  return html`<g class=${`arrow ${arrow.kind}`} data-later=${later}>
    <line x1=${x} x2=${x} y1=${start} y2=${end} marker-end=${`url(#head-${arrow.kind})`} />
    ${labelled && html`<text x=${x - 8} y=${to + 4} text-anchor="end">${arrow.label}</text>`}
    ${arrow.label && html`<title>${arrow.label}</title>`}
  </g>`;
}

function legend(story) {
  const states = new Set(story.lanes.flatMap((lane) => lane.bars.map((bar) => bar.state)));
  return Object.keys(barNames).filter((state) => states.has(state));
}

// ticks are round moments, at most so many.
function ticks(length, most) {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400].map((s) => s * 1000);
  const step = steps.find((each) => length / each <= most) ?? length;
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, i) => i * step);
}

function useWidth() {
  const element = useRef();
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return [element, width];
}
