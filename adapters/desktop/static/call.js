// One call: its ladder, the moment of it that is looked at, its history event by event, and what became of it.

import { html, useEffect, useMemo, useRef, useState } from './html.js';
import { Agent, DataTable, Moment, Problem, get, number } from './parts.js';
import { Outcome, typeName } from './calls.js';
import { duration } from './clock.js';
import { Ladder, barNames, laneName } from './ladder.js';
import { dataAt, stateAt, tell } from './story.js';

// The history is a moment behind the floor.
const settling = 400;

// No pause of a replay is longer than this.
const longestPause = 3000;

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

export function Call({ connId, live, own }) {
  const now = live.calls.get(connId); // another object after each event of the call, and nothing once it has ended
  const [record, setRecord] = useState(null);
  const [events, setEvents] = useState([]);
  const [error, setError] = useState(null);
  const [chosen, choose] = useState(null); // the event that is looked at; null: always the last one
  const story = useMemo(() => tell(events), [events]);
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
  }, [connId, now]);
  if (error) return html`<${Problem} error=${error} />`;
  if (!record) return html`<p class="empty">Loading …</p>`;
  const index = Math.min(chosen ?? events.length - 1, events.length - 1);
  return html`
    <div class="tools"><h1>Call from ${number(record.ani)}${record.dnis && ` to ${record.dnis}`}</h1><${Outcome} record=${record} />${!own && html`<${Export} connId=${record.connId} />`}</div>
    <div class="onecall">
      <section class="panel replay" aria-labelledby="replay">
        <h2 id="replay">What happened</h2>
        <${Ladder} story=${story} index=${index} at=${offsetOf(events, index)} choose=${(ms) => choose(indexAt(events, ms))} />
        <${Scrubber} events=${events} index=${index} choose=${choose} />
        <${Then} story=${story} index=${index} />
      </section>
      <div class="panel facts">
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
        <${Transfers} transfers=${record.transfers} />
        <${Related} related=${record.related} />
        <${Changes} changes=${story.changes} />
        ${story.changes.length === 0 && html`<${DataTable} data=${record.userData} />`}
      </div>
      <section class="panel history" aria-labelledby="history">
        <h2 id="history">History <span class="count">${events.length}</span></h2>
        <ol class="timeline">${events.map((event, i) => html`<${Event} key=${event.id} event=${event} began=${events[0].switchTime}
          chosen=${i === index} later=${i > index} choose=${() => choose(i)} />`)}</ol>
      </section>
    </div>
  `;
}

const exports = [['jsonl', 'Events (JSON lines)'], ['cloudevents', 'CloudEvents'], ['feature', 'Scenario, anonymous']];

function Export({ connId }) {
  return html`<p class="export"><span>Export</span> ${exports.map(([format, name]) =>
    html`<a key=${format} href=${`/v1/calls/${connId}/export?format=${format}`} download>${name}</a> `)}</p>`;
}

// Scrubber goes through the events, by hand or at the pace at which they happened.
function Scrubber({ events, index, choose }) {
  const [speed, setSpeed] = useState(1);
  const [playing, setPlaying] = useState(false);
  const last = events.length - 1;
  useEffect(() => {
    if (!playing) return undefined;
    if (index >= last) {
      setPlaying(false);
      return undefined;
    }
    const pause = (offsetOf(events, index + 1) - offsetOf(events, index)) / speed;
    const timer = setTimeout(() => choose(index + 1), Math.min(pause, longestPause));
    return () => clearTimeout(timer);
  }, [playing, index, last, speed]);
  const play = () => {
    if (!playing && index >= last) choose(0);
    setPlaying(!playing);
  };
  const go = (to) => {
    setPlaying(false);
    choose(Math.max(0, Math.min(to, last)));
  };
  return html`<div class="scrubber">
    <button type="button" class="play" onClick=${play}>${playing ? 'Pause' : 'Replay'}</button>
    <button type="button" onClick=${() => go(index - 1)} disabled=${index <= 0} aria-label="Event before">‹</button>
    <input type="range" aria-label="Event of the call" min="0" max=${last} step="1" value=${index} aria-valuetext=${events[index]?.text || events[index]?.type}
      onInput=${(event) => go(Number(event.target.value))} />
    <button type="button" onClick=${() => go(index + 1)} disabled=${index >= last} aria-label="Event after">›</button>
    <label class="speed"><span class="unseen">Speed</span><select value=${speed} onChange=${(event) => setSpeed(Number(event.target.value))}>
      ${[1, 4, 16].map((each) => html`<option key=${each} value=${each} selected=${each === speed}>${each}×</option>`)}</select></label>
    <p class="now"><span class="time">${offset(offsetOf(events, index))}</span> <b>${events[index]?.text || events[index]?.type}</b> <small>${index + 1} of ${events.length}</small></p>
  </div>`;
}

// Then is how the call was after the event that is looked at.
function Then({ story, index }) {
  const { data, changed } = dataAt(story.changes, index);
  const present = story.lanes.map((lane) => [lane, stateAt(lane, index)]).filter(([, bar]) => bar);
  const pairs = Object.entries(data);
  return html`<div class="then">
    <section aria-label="State at this moment"><h3>At this moment</h3>
      ${present.length === 0 ? html`<p class="none">Nobody is in the call</p>` : html`<ul class="present">${present.map(([lane, bar]) =>
        html`<li key=${lane.id} data-bar=${bar.state}><i aria-hidden="true"></i><b>${laneName(lane)}</b> ${barNames[bar.state]} ${bar.note}</li>`)}</ul>`}
    </section>
    <section aria-label="Attached data at this moment"><h3>Attached data by then</h3>
      ${pairs.length === 0 ? html`<p class="none">None yet</p>` : html`<table class="data"><tbody>${pairs.map(([key, value]) =>
        html`<tr key=${key} data-changed=${changed.includes(key)}><th scope="row">${key}</th><td>${value || '–'}</td></tr>`)}</tbody></table>`}
    </section>
  </div>`;
}

// Changes is the attached data over time.
function Changes({ changes }) {
  if (changes.length === 0) return null;
  const rows = changes.flatMap((change) => [...change.set.map(({ key, value }) => [change, key, value]), ...change.deleted.map((key) => [change, key, null])]);
  return html`<table class="data changes"><caption>Attached data over time</caption>
    <thead><tr><th>When</th><th>Key</th><th>Value</th><th>By</th></tr></thead>
    <tbody>${rows.map(([change, key, value]) => html`<tr key=${change.index + key}>
      <td><span class="time">${duration(change.ms)}</span></td><th scope="row">${key}</th><td>${value === null ? html`<del>deleted</del>` : value || '–'}</td><td>${change.by}</td></tr>`)}</tbody>
  </table>`;
}

function Transfers({ transfers }) {
  if (transfers.length === 0) return null;
  return html`<table><caption>Transfers</caption>
    <thead><tr><th>Kind</th><th>By</th><th>To</th></tr></thead>
    <tbody>${transfers.map((transfer) => html`<tr key=${transfer.at}><td>${transfer.kind}</td><td>${transfer.by && html`<${Agent} id=${transfer.by} />`}</td><td>${transfer.to}</td></tr>`)}</tbody>
  </table>`;
}

function offsetOf(events, index) {
  return events[index] ? Math.max(0, Date.parse(events[index].switchTime) - Date.parse(events[0].switchTime)) : 0;
}

// indexAt is the last event that had happened so many milliseconds after the call began.
function indexAt(events, ms) {
  const found = events.findLastIndex((_, i) => offsetOf(events, i) <= ms);
  return Math.max(found, 0);
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

function Event({ event, began, chosen, later, choose }) {
  const [, kind = 'other'] = kinds.find(([pattern]) => pattern.test(event.type)) ?? [];
  const item = useRef();
  useEffect(() => {
    // Only within the list: the page itself must not move under the ladder.
    const list = item.current.parentElement;
    if (!chosen || list.scrollHeight <= list.clientHeight) return;
    const [top, height] = [item.current.offsetTop - list.offsetTop, item.current.offsetHeight];
    if (top < list.scrollTop || top + height > list.scrollTop + list.clientHeight) list.scrollTop = top - list.clientHeight / 2;
  }, [chosen]);
  return html`<li ref=${item} data-kind=${kind} data-later=${later} aria-current=${chosen ? 'step' : undefined}>
    <button type="button" class="time" title=${event.switchTime} onClick=${choose}><span class="unseen">Look at </span>${offset(Date.parse(event.switchTime) - Date.parse(began))}</button>
    <details>
      <summary><span class="told">${event.text || event.type}</span>
        ${event.inferred && html` <span class="mark" title="The switch did not say it, but it must have happened">inferred</span>`}
        ${event.actor && html` <span class="mark">asked by ${event.actor}</span>`}
        <small>${event.type}</small></summary>
      <pre tabindex="0">${JSON.stringify(event, null, 2)}</pre>
    </details>
  </li>`;
}

// offset is the time since the call began, to the millisecond.
function offset(ms) {
  const rest = String(Math.max(ms, 0) % 1000).padStart(3, '0');
  return `${duration(ms)}.${rest}`;
}
