// Figures: how a number is shown, and the calls that it opens.

import { html, useEffect, useLayoutEffect, useRef, useState } from './html.js';
import { Moment, Problem, get } from './parts.js';
import { duration } from './clock.js';

const limit = 200; // calls that are listed

export const average = (ms) => (ms === null ? '–' : duration(ms));
export const percent = (value) => (value === null || value === undefined ? '–' : `${Math.round(value * 100)} %`);

export function Level({ value }) {
  if (value === null) return '–';
  return html`<span class="level"><meter min="0" max="1" low="0.6" high="0.8" optimum="1" value=${value} aria-hidden="true"></meter>${percent(value)}</span>`;
}

export function Count({ row, of, name, label, open, opened }) {
  if (row[name] === 0) return html`<span class="zero">0</span>`;
  const behind = behindOf(row, of, name, label);
  return html`<button type="button" class="count" aria-expanded=${opened?.path === behind.path} aria-label=${`${row[name]} ${behind.title}: show the calls`}
    onClick=${() => open(behind)}>${row[name]}</button>`;
}

// behindOf says where the calls behind a number are asked for.
export function behindOf(row, of, name, label) {
  const who = row[of];
  const asked = new URLSearchParams({ of, from: row.from, to: row.to, explain: name, limit });
  if (who) asked.set(of, who);
  return { path: `/v1/stats?${asked}`, of, number: row[name], title: `${label}, ${who ? `${of} ${who}` : 'all queues'}` };
}

// Behind are the calls that make a number.
export function Behind({ opened, close }) {
  const [answer, setAnswer] = useState({});
  const heading = useRef();
  useEffect(() => {
    const asking = new AbortController();
    get(opened.path, asking.signal)
      .then((report) => setAnswer({ facts: factsOf(report, opened), more: report.more }))
      .catch((error) => asking.signal.aborted || setAnswer({ error }));
    return () => asking.abort();
  }, [opened.path]);
  useLayoutEffect(() => {
    const before = document.activeElement;
    heading.current.focus();
    return () => before?.focus?.();
  }, []);
  const { facts, more, error } = answer;
  return html`<section class="panel behind" aria-label=${opened.title} onKeyDown=${(event) => event.key === 'Escape' && close()}>
    <h2 tabindex="-1" ref=${heading}>${opened.title} ${facts && html`<span class="count">${facts.length}</span>`} <button type="button" onClick=${close}>Close</button></h2>
    ${error && html`<${Problem} error=${error} />`}
    ${facts && html`<ul tabindex="0" aria-label="Calls">${facts.map((fact, i) => html`<li key=${i}><a href=${'#/calls/' + fact.connId}><${Moment} at=${fact.at} /></a> ${fact.queue} ${fact.agent && html`<small>${fact.agent}</small>`}</li>`)}</ul>`}
    ${facts && !more && facts.length !== opened.number && html`<p class="none">It was ${opened.number} before the call records had caught up with the log; refresh to see all numbers as they are now</p>`}
    ${more && html`<p class="none">The first ${limit}; narrow the range to see others</p>`}
  </section>`;
}

function factsOf({ explained = [] }, { of }) {
  return explained.filter((fact) => fact.of === of && fact.connId);
}
