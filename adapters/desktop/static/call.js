// One call: what became of it, and its history event by event.

import { html, useEffect, useState } from './vendor/htm-preact.js';
import { Agent, DataTable, Moment, Problem, get, number } from './parts.js';
import { Outcome, typeName } from './calls.js';
import { duration } from './clock.js';

// The history is a moment behind the floor.
const settling = 400;

// kinds say how an event is marked in the timeline.
const kinds = [
  [/^Call|^Consult|^Conference/, 'call'],
  [/^Queue/, 'queued'],
  [/^IVR|^Digits/, 'ivr'],
  [/^UserData|^Disposition|^Note/, 'data'],
  [/Alerting$/, 'ringing'],
  [/Connected$|Retrieved$/, 'talking'],
  [/Held$/, 'held'],
  [/Failed$|^Anomaly/, 'failed'],
];

export function Call({ connId, live }) {
  const [record, setRecord] = useState(null);
  const [events, setEvents] = useState([]);
  const [error, setError] = useState(null);
  // live is another object after each event of the call, and nothing once it has ended.
  useEffect(() => {
    const asking = new AbortController();
    const path = `/v1/calls/${encodeURIComponent(connId)}`;
    const ask = () =>
      Promise.all([get(path, asking.signal), get(`${path}/events`, asking.signal)])
        .then(([found, { events }]) => { setRecord(found); setEvents(events); setError(null); })
        .catch((problem) => asking.signal.aborted || setError(problem));
    const timer = setTimeout(ask, record ? settling : 0);
    return () => {
      clearTimeout(timer);
      asking.abort();
    };
  }, [connId, live]);
  if (error) return html`<${Problem} error=${error} />`;
  if (!record) return html`<p class="empty">Loading …</p>`;
  return html`
    <div class="tools"><h1>Call from ${number(record.ani)}${record.dnis && ` to ${record.dnis}`}</h1><${Outcome} record=${record} /></div>
    <div class="onecall">
      <div class="facts">
        <dl>
          <${Fact} name="Began"><${Moment} at=${record.startedAt} /><//>
          <${Fact} name="Ended">${record.endedAt ? html`<${Moment} at=${record.endedAt} />` : 'goes on'}<//>
          <${Fact} name="Duration">${record.endedAt ? duration(record.durationMs) : '–'}<//>
          <${Fact} name="Ended by">${record.endedBy || '–'}<//>
          <${Fact} name="Type">${typeName(record.type)}<//>
          <${Fact} name="In the IVR">${record.ivrMs ? duration(record.ivrMs) : '–'}<//>
          <${Fact} name="Switch">${record.switch} <small>${record.switchCallId}</small><//>
          ${record.anomalies > 0 && html`<${Fact} name="Anomalies">${record.anomalies}<//>`}
          <${Fact} name="Connection ID" wide><code>${record.connId}</code><//>
        </dl>
        <${Visits} visits=${record.queues} />
        <${Stays} stays=${record.agents} />
        <${DataTable} data=${record.userData} />
        <${Related} related=${record.related} />
      </div>
      <section class="history" aria-labelledby="history">
        <h2 id="history">History <span class="count">${events.length}</span></h2>
        <ol class="timeline">${events.map((event) => html`<${Event} key=${event.id} event=${event} began=${events[0].switchTime} />`)}</ol>
      </section>
    </div>
  `;
}

function Fact({ name, wide, children }) {
  return html`<div class=${wide ? 'wide' : ''}><dt>${name}</dt><dd>${children}</dd></div>`;
}

function Visits({ visits }) {
  if (visits.length === 0) return null;
  return html`<table><caption>Queues</caption>
    <thead><tr><th>Queue</th><th class="right">Wait</th><th>Result</th><th>Agent</th></tr></thead>
    <tbody>${visits.map((visit) => html`<tr key=${visit.queue + visit.enteredAt}>
      <td>${visit.queue}</td>
      <td class="right"><span class="time">${duration(visit.waitMs)}</span></td>
      <td>${visit.result || 'waits'}${visit.noAnswers?.length > 0 && html` <small>no answer: ${visit.noAnswers.map((each) => each.agent).join(', ')}</small>`}</td>
      <td>${visit.agent && html`<${Agent} id=${visit.agent} />`}</td>
    </tr>`)}</tbody>
  </table>`;
}

function Stays({ stays }) {
  if (stays.length === 0) return null;
  return html`<table><caption>Agents</caption>
    <thead><tr><th>Agent</th><th class="right">Ring</th><th class="right">Talk</th><th class="right">Hold</th><th>Result</th></tr></thead>
    <tbody>${stays.map((stay) => html`<tr key=${stay.agent + stay.ringingAt}>
      <td>${stay.agent ? html`<${Agent} id=${stay.agent} />` : stay.dn}</td>
      <td class="right"><span class="time">${duration(stay.ringMs)}</span></td>
      <td class="right"><span class="time">${duration(stay.talkMs)}</span></td>
      <td class="right"><span class="time">${duration(stay.holdMs)}</span></td>
      <td>${stay.result === 'noAnswer' ? 'no answer' : stay.result || 'goes on'}</td>
    </tr>`)}</tbody>
  </table>`;
}

function Related({ related }) {
  if (related.length === 0) return null;
  return html`<table><caption>Related calls</caption>
    <tbody>${related.map(({ connId, relation }) => html`<tr key=${connId}><td>${relation}</td><td><a href=${'#/calls/' + connId}>${connId}</a></td></tr>`)}</tbody>
  </table>`;
}

function Event({ event, began }) {
  const [, kind = 'other'] = kinds.find(([pattern]) => pattern.test(event.type)) ?? [];
  return html`<li data-kind=${kind}>
    <span class="time" title=${event.switchTime}>${offset(Date.parse(event.switchTime) - Date.parse(began))}</span>
    <details>
      <summary><span class="told">${event.text || event.type}</span>
        ${event.inferred && html` <span class="mark" title="The switch did not say it, but it must have happened">inferred</span>`}
        ${event.actor && html` <span class="mark">asked by ${event.actor}</span>`}
        <small>${event.type}</small></summary>
      <pre>${JSON.stringify(event, null, 2)}</pre>
    </details>
  </li>`;
}

// offset is the time since the call began, to the millisecond.
function offset(ms) {
  const rest = String(Math.max(ms, 0) % 1000).padStart(3, '0');
  return `${duration(ms)}.${rest}`;
}
