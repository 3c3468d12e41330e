// Calls that were, and those that go on: a list with filters, the newest first.

import { html, useEffect, useLayoutEffect, useRef, useState } from './html.js';
import { Agent, Moment, Problem, State, get, number, outcomeName, outcomeNames } from './parts.js';
import { duration } from './clock.js';

const limit = 100;
const fields = [['ani', 'From (ANI)'], ['dnis', 'To (DNIS)'], ['queue', 'Queue'], ['agent', 'Agent']];
const moments = ['from', 'to'];
const moreFields = [
  ['text', 'Words in the data', 'gold cust*'], ['userData', 'Entry of the data', 'Account=100200'], ['minDuration', 'Lasted at least', '1m30s'],
  ['maxDuration', 'Lasted at most', '5m'], ['switch', 'Switch', 'pbx1'], ['conversation', 'Conversation of', 'connection ID'],
];
const moreNames = [...moments, 'type', ...moreFields.map(([name]) => name)];
const typeNames = { inbound: 'Inbound', outbound: 'Outbound', internal: 'Internal', consult: 'Consultation' };

export const typeName = (type) => typeNames[type] ?? type;

// The filters stand in the page's address, so that a list can be sent to somebody.
export function Calls({ query, live, own }) {
  const { ended } = live;
  const [answer, setAnswer] = useState({});
  const [round, setRound] = useState(0);
  const [asked, setAsked] = useState(false); // for the next page
  const seen = useRef(ended);
  useEffect(() => {
    const asking = new AbortController();
    seen.current = ended;
    setAsked(false);
    page(query, '', asking.signal)
      .then(setAnswer)
      .catch((error) => asking.signal.aborted || setAnswer({ error }));
    return () => asking.abort();
  }, [query, round]);
  useEffect(() => {
    if (!asked) return undefined;
    const asking = new AbortController();
    page(query, answer.next, asking.signal)
      .then((older) => setAnswer({ calls: [...answer.calls, ...older.calls], next: older.next }))
      .catch((error) => asking.signal.aborted || setAnswer({ ...answer, error }))
      .finally(() => asking.signal.aborted || setAsked(false));
    return () => asking.abort();
  }, [asked]);
  const newer = ended - seen.current;
  const { calls, next, error } = answer;
  return html`<section aria-labelledby="calls">
    <div class="tools">
      <h1 id="calls">Calls</h1>
      <${Filters} query=${query} newer=${newer} refresh=${() => setRound(round + 1)} />
    </div>
    ${error && html`<${Problem} error=${error} />`}
    ${calls?.length === 0 && html`<p class="empty">No calls${query && ' for this filter'}</p>`}
    ${calls?.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-label="Calls found"><table>
      <thead><tr><th>Began</th><th>Type</th><th>From (ANI)</th><th>To (DNIS)</th><th>Queues</th><th>Agents</th><th>Outcome</th>
        <th class="right">Wait</th><th class="right">Talk</th><th class="right">Duration</th></tr></thead>
      <tbody>${calls.map((record) => html`<${Row} key=${record.connId} record=${record} />`)}</tbody>
    </table></div>
    <p class="after"><span role="status">${calls.length} ${calls.length === 1 ? 'call' : 'calls'}${next ? ', and older ones' : ''}</span>
      ${next && html`<button type="button" disabled=${asked} onClick=${() => setAsked(true)}>Show older</button>`}
      ${!own && html`<span>All of them as <a href=${`/v1/calls/export?${query}`} download>CSV</a> or <a href=${`/v1/calls/export?${query && query + '&'}format=jsonl`} download>JSON lines</a></span>`}</p>`}
  </section>`;
}

function page(query, after, signal) {
  const parameters = new URLSearchParams(query);
  parameters.set('limit', limit);
  if (after) parameters.set('after', after);
  return get(`/v1/calls?${parameters}`, signal);
}

function Row({ record }) {
  const wait = sum(record.queues, 'waitMs');
  const talk = sum(record.agents, 'talkMs');
  return html`<tr>
    <td><a href=${'#/calls/' + record.connId}><${Moment} at=${record.startedAt} /></a></td>
    <td>${typeName(record.type)}</td>
    <td>${number(record.ani)}</td>
    <td>${record.dnis}</td>
    <td>${[...new Set(record.queues.map((each) => each.queue))].join(', ')}</td>
    <td>${[...new Set(record.agents.map((each) => each.agent))].filter(Boolean).map((id) => html`<${Agent} key=${id} id=${id} /> `)}</td>
    <td><${Outcome} record=${record} /></td>
    <td class="right"><span class="time">${record.queues.length > 0 ? duration(wait) : '–'}</span></td>
    <td class="right"><span class="time">${talk > 0 ? duration(talk) : '–'}</span></td>
    <td class="right"><span class="time">${record.endedAt ? duration(record.durationMs) : '–'}</span></td>
  </tr>`;
}

export function Outcome({ record }) {
  if (!record.endedAt) return html`<${State} state="talking">Goes on<//>`;
  return html`<${State} state=${record.outcome}>${outcomeName(record.outcome)}<//>`;
}

export function sum(list, field) {
  return list.reduce((total, each) => total + each[field], 0);
}

// Filters is a form whose fields are the user's: what stands in the address is only what they begin with. Where the address
// becomes another one, and not by this form, they begin anew.
function Filters({ query, newer, refresh }) {
  const now = new URLSearchParams(query);
  const form = useRef();
  const applied = useRef(query);
  useLayoutEffect(() => {
    if (query !== applied.current) form.current.reset();
    applied.current = query;
    if (moreNames.some((name) => now.has(name))) form.current.querySelector('details').open = true;
  }, [query]);
  const apply = (event) => {
    event.preventDefault();
    const next = new URLSearchParams();
    for (const [key, value] of new FormData(event.currentTarget)) {
      if (value.trim()) next.append(key, moments.includes(key) ? new Date(value).toISOString() : value.trim());
    }
    const text = next.toString();
    applied.current = text;
    if (text === query) refresh();
    else location.hash = text ? `#/calls?${text}` : '#/calls';
  };
  return html`<form class="filters" role="search" ref=${form} onSubmit=${apply} onChange=${(event) => event.currentTarget.requestSubmit()}>
    ${fields.map(([name, label]) => html`<${Field} key=${name} name=${name} label=${label} value=${now.get(name)} />`)}
    <${Choice} name="outcome" label="Outcome" options=${outcomeNames} value=${now.get('outcome')} />
    <details class="more"><summary>More filters</summary><div>
      <label><span>Began from</span><input type="datetime-local" step="1" name="from" defaultValue=${local(now.get('from'))} /></label>
      <label><span>Began before</span><input type="datetime-local" step="1" name="to" defaultValue=${local(now.get('to'))} /></label>
      <${Choice} name="type" label="Type" options=${Object.entries(typeNames)} value=${now.get('type')} />
      ${moreFields.map(([name, label, hint]) => html`<${Field} key=${name} name=${name} label=${label} hint=${hint} value=${now.get(name)} />`)}
    </div></details>
    ${query && html`<a href="#/calls">Clear</a>`}
    <button>${newer > 0 ? `Refresh (${newer} ended since)` : 'Refresh'}</button>
  </form>`;
}

function Field({ name, label, hint, value }) {
  return html`<label><span>${label}</span><input name=${name} defaultValue=${value ?? ''} placeholder=${hint} size="10" autocomplete="off" /></label>`;
}

function Choice({ name, label, options, value }) {
  return html`<label><span>${label}</span><select name=${name}>
    <option value="">all</option>
    ${options.map(([each, text]) => html`<option key=${each} value=${each} defaultSelected=${value === each}>${text}</option>`)}
  </select></label>`;
}

// local is a moment as a field for date and time has it: without a zone, in ours.
function local(moment) {
  const at = Date.parse(moment);
  return at ? new Date(at - new Date(at).getTimezoneOffset() * 60000).toISOString().slice(0, 19) : '';
}
