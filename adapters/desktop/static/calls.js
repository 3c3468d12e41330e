// Calls that were, and those that go on: a list with filters, the newest first.

import { html, useEffect, useRef, useState } from './vendor/htm-preact.js';
import { Agent, Moment, Problem, State, get, number, outcomeName, outcomeNames } from './parts.js';
import { duration } from './clock.js';

const limit = 100;
const fields = [['ani', 'From (ANI)'], ['dnis', 'To (DNIS)'], ['queue', 'Queue'], ['agent', 'Agent']];
const typeNames = { inbound: 'Inbound', outbound: 'Outbound', internal: 'Internal', consult: 'Consultation' };

export const typeName = (type) => typeNames[type] ?? type;

// The filters stand in the page's address, so that a list can be sent to somebody.
export function Calls({ query, ended }) {
  const [answer, setAnswer] = useState({});
  const [round, setRound] = useState(0);
  const seen = useRef(ended);
  useEffect(() => {
    const asking = new AbortController();
    seen.current = ended;
    const parameters = new URLSearchParams(query);
    parameters.set('limit', limit);
    get(`/v1/calls?${parameters}`, asking.signal)
      .then(({ calls }) => setAnswer({ calls }))
      .catch((error) => asking.signal.aborted || setAnswer({ error }));
    return () => asking.abort();
  }, [query, round]);
  const newer = ended - seen.current;
  const { calls, error } = answer;
  return html`<section aria-labelledby="calls">
    <div class="tools">
      <h1 id="calls">Calls</h1>
      <${Filters} key=${query} query=${query} newer=${newer} refresh=${() => setRound(round + 1)} />
    </div>
    ${error && html`<${Problem} error=${error} />`}
    ${calls?.length === 0 && html`<p class="empty">No calls${query && ' for this filter'}</p>`}
    ${calls?.length > 0 && html`<div class="scroll"><table>
      <thead><tr><th>Began</th><th>Type</th><th>From (ANI)</th><th>To (DNIS)</th><th>Queues</th><th>Agents</th><th>Outcome</th>
        <th class="right">Wait</th><th class="right">Talk</th><th class="right">Duration</th></tr></thead>
      <tbody>${calls.map((record) => html`<${Row} key=${record.connId} record=${record} />`)}</tbody>
    </table></div>`}
    ${calls?.length === limit && html`<p class="none">The newest ${limit}; narrow the filter to see others</p>`}
  </section>`;
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

function Filters({ query, newer, refresh }) {
  const now = new URLSearchParams(query);
  const apply = (event) => {
    event.preventDefault();
    const next = new URLSearchParams();
    for (const [key, value] of new FormData(event.currentTarget)) if (value.trim()) next.set(key, value.trim());
    const text = next.toString();
    if (text === query) refresh();
    else location.hash = text ? `#/calls?${text}` : '#/calls';
  };
  return html`<form class="filters" role="search" onSubmit=${apply} onChange=${(event) => event.currentTarget.requestSubmit()}>
    ${fields.map(([name, label]) => html`<label key=${name}><span>${label}</span><input name=${name} value=${now.get(name) ?? ''} size="10" autocomplete="off" /></label>`)}
    <label><span>Outcome</span><select name="outcome">
      <option value="">all</option>
      ${outcomeNames.map(([value, label]) => html`<option key=${value} value=${value} selected=${now.get('outcome') === value}>${label}</option>`)}
    </select></label>
    ${query && html`<a href="#/calls">Clear</a>`}
    <button>${newer > 0 ? `Refresh (${newer} ended since)` : 'Refresh'}</button>
  </form>`;
}
