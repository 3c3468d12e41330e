// An agent's desktop: the agent's state, the calls in hand with all that is known of the caller, and the last calls.

import { html, useEffect, useState } from './vendor/htm-preact.js';
import { DataTable, Elapsed, Moment, Problem, Remaining, State, agentState, callState, get, number, outcomeName, settled } from './parts.js';
import { queuesOf } from './floor.js';
import { duration } from './clock.js';

const shownLast = 12;
const shownEarlier = 4;

// The history is a moment behind the floor: it is asked again after these times until it has the call that just ended.
const askAgain = [300, 1000, 3000];

export function Desktop({ id, model, ended }) {
  const agent = model.agents.get(id);
  const calls = [...model.calls.values()].sort((a, b) => urgency(b) - urgency(a));
  const ringing = calls.find((call) => call.state === 'ringing' && partyOf(call, agent)?.state === 'ringing');
  return html`
    <div class="desktop">
      <section class="me" data-state=${agent.state} aria-labelledby="me">
        <h1 id="me">${agent.id}${agent.dn && agent.dn !== agent.id && html` <small>at ${agent.dn}</small>`}</h1>
        <p class="mystate"><${State} state=${agent.state}>${agentState(agent.state)}<//> <${Elapsed} since=${agent.since} /></p>
        <p class="why">${agent.state === 'notReady' && agent.reason}${agent.state === 'afterCallWork' && agent.acwEnd && html`ends in <${Remaining} until=${agent.acwEnd} />`}</p>
        <ul class="memberships" aria-label="Queues">
          ${agent.queues.map(({ queue, paused, reason }) => html`<li key=${queue} data-paused=${paused}>${queue}${paused && html` <small>paused${reason && `: ${reason}`}</small>`}</li>`)}
        </ul>
      </section>
      <div class="inhand">
        ${calls.map((call) => html`<${Card} key=${call.connId} call=${call} agent=${agent} />`)}
        ${calls.length === 0 && (agent.acwCall ? html`<${JustEnded} key=${agent.acwCall} connId=${agent.acwCall} />` : html`<${Idle} agent=${agent} />`)}
      </div>
      <div class="unseen" aria-live="assertive" aria-atomic="true">${ringing && announcement(ringing)}</div>
      <${LastCalls} id=${id} ended=${ended} />
    </div>
  `;
}

const idle = {
  loggedOut: 'Not logged in',
  ready: 'Ready for the next call',
  notReady: 'Not ready: no calls are offered',
  outOfService: 'Your telephone cannot be reached: no calls are offered',
  afterCallWork: 'After-call work: no calls are offered',
};

function Idle({ agent }) {
  return html`<p class="idle" data-state=${agent.state}>${idle[agent.state] ?? agentState(agent.state)}</p>`;
}

// JustEnded is the call that after-call work is about, as far as the history has it already.
function JustEnded({ connId }) {
  const [record, setRecord] = useState(null);
  useEffect(() => {
    const asking = new AbortController();
    const ask = () => get(`/v1/calls/${connId}`, asking.signal).then(setRecord).catch(() => {}); // the card is a convenience
    const timers = [0, ...askAgain].map((wait) => setTimeout(ask, wait));
    return () => {
      asking.abort();
      timers.forEach(clearTimeout);
    };
  }, [connId]);
  if (!record) return null;
  return html`<article class="card" data-state="afterCallWork" aria-label=${`Ended call from ${number(record.ani)}`}>
    <header><${State} state="afterCallWork">Call ended<//></header>
    <p class="ani">${number(record.ani)}</p>
    <dl>
      <div><dt>Called number (DNIS)</dt><dd>${record.dnis || '–'}</dd></div>
      <div><dt>Queue</dt><dd>${record.queues.map((each) => each.queue).join(', ') || '–'}</dd></div>
      <div><dt>Ended by</dt><dd>${record.endedBy || '–'}</dd></div>
      <div><dt>Call lasted</dt><dd><span class="time">${record.endedAt ? duration(record.durationMs) : '–'}</span></dd></div>
    </dl>
    <${DataTable} data=${record.userData} />
    <footer><a href=${'#/calls/' + connId}>History of this call</a></footer>
  </article>`;
}

// urgency puts a call that rings before one that talks, and that before one on hold.
function urgency(call) {
  return ['held', 'connected', 'queued', 'ivr', 'dialing', 'talking', 'ringing'].indexOf(call.state);
}

function partyOf(call, agent) {
  return call.parties.find((party) => party.agent === agent.id || (party.dn === agent.dn && !party.external));
}

const headlines = { ringing: 'Incoming call', talking: 'Talking', held: 'On hold', dialing: 'Calling' };

const Card = settled(({ call, agent }) => {
  const party = partyOf(call, agent);
  const made = party?.role === 'origination';
  return html`<article class="card" data-state=${call.state} aria-label=${`Call ${made ? 'to ' + call.dnis : 'from ' + number(call.ani)}`}>
    <header><${State} state=${call.state}>${(!made && headlines[call.state]) || callState(call.state)}<//>
      ${party && html`<${Elapsed} since=${party.since} />`}</header>
    <p class="ani">${made ? call.dnis : number(call.ani)}</p>
    <dl>
      ${made ? html`<div><dt>From</dt><dd>${number(call.ani)}</dd></div>` : html`<div><dt>Called number (DNIS)</dt><dd>${call.dnis || '–'}</dd></div>`}
      <div><dt>Queue</dt><dd>${party?.queue || queuesOf(call).join(', ') || '–'}</dd></div>
      <div><dt>Waited</dt><dd><${Waited} call=${call} /></dd></div>
      <div><dt>Call lasts</dt><dd><${Elapsed} since=${call.startedAt} /></dd></div>
    </dl>
    <${DataTable} data=${call.userData} />
    ${!made && call.ani && html`<${EarlierCalls} key=${call.connId} call=${call} />`}
    <footer><a href=${'#/calls/' + call.connId}>History of this call</a></footer>
  </article>`;
});

// EarlierCalls are the last calls from the same number, which the history knows.
function EarlierCalls({ call }) {
  const [records, setRecords] = useState([]);
  useEffect(() => {
    const asking = new AbortController();
    get(`/v1/calls?limit=${shownEarlier + 1}&ani=${encodeURIComponent(call.ani)}`, asking.signal)
      .then(({ calls }) => setRecords(calls.filter((each) => each.connId !== call.connId && each.startedAt < call.startedAt).slice(0, shownEarlier)))
      .catch(() => {}); // the call is shown without them
    return () => asking.abort();
  }, [call.connId]);
  if (records.length === 0) return null;
  return html`<section class="earlier" aria-label="Earlier calls of this caller"><h2>Earlier calls of this caller</h2>
    <ul>${records.map((each) => html`<li key=${each.connId}><a href=${'#/calls/' + each.connId}><${Moment} at=${each.startedAt} /></a>
      <span>${[...new Set(each.queues.map((visit) => visit.queue))].join(', ')}</span>
      <span>${[...new Set(each.agents.map((stay) => stay.agent))].filter(Boolean).join(', ')}</span>
      <${State} state=${each.outcome}>${each.endedAt ? outcomeName(each.outcome) : 'Goes on'}<//></li>`)}</ul>
  </section>`;
}

// Waited is the time in queues: what is over, and the longest wait that goes on.
function Waited({ call }) {
  const since = call.queues.map((each) => each.since).reduce((a, b) => (Date.parse(b) < Date.parse(a) ? b : a), call.queues[0]?.since);
  return since ? html`<${Elapsed} since=${since} plus=${call.waitedMs} />` : html`<span class="time">${call.waitedMs ? duration(call.waitedMs) : '–'}</span>`;
}

function announcement(call) {
  const data = Object.entries(call.userData ?? {}).map(([key, value]) => `${key} ${value}`);
  return [`Incoming call from ${number(call.ani)} to ${call.dnis}`, ...queuesOf(call).map((queue) => `queue ${queue}`), ...data].join(', ');
}

function LastCalls({ id, ended }) {
  const [records, setRecords] = useState(null);
  const [error, setError] = useState(null);
  useEffect(() => {
    const asking = new AbortController();
    const ask = () =>
      get(`/v1/calls?limit=${shownLast}&agent=${encodeURIComponent(id)}`, asking.signal)
        .then(({ calls }) => { setRecords(calls); setError(null); })
        .catch((problem) => asking.signal.aborted || setError(problem));
    ask();
    const timers = ended > 0 ? askAgain.map((wait) => setTimeout(ask, wait)) : [];
    return () => {
      asking.abort();
      timers.forEach(clearTimeout);
    };
  }, [id, ended]);
  return html`<section class="last" aria-labelledby="last">
    <h2 id="last">Last calls</h2>
    ${error && html`<${Problem} error=${error} />`}
    ${records?.length === 0 && html`<p class="none">No calls yet</p>`}
    ${records?.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-labelledby="last"><table>
      <thead><tr><th>Began</th><th>From</th><th>Queue</th><th>Result</th><th class="right">Talk</th></tr></thead>
      <tbody>${records.map((record) => html`<${LastCall} key=${record.connId} record=${record} id=${id} />`)}</tbody>
    </table></div>`}
  </section>`;
}

function LastCall({ record, id }) {
  const stay = record.agents.findLast((each) => each.agent === id);
  const result = stay?.result === 'noAnswer' ? 'No answer' : outcomeName(record.outcome);
  return html`<tr>
    <td><a href=${'#/calls/' + record.connId}><${Moment} at=${record.startedAt} brief /></a></td>
    <td>${number(record.ani)}</td>
    <td>${stay?.queue || record.queues.map((each) => each.queue).join(', ')}</td>
    <td>${record.endedAt ? result : 'Goes on'}</td>
    <td class="right"><span class="time">${stay?.answeredAt && record.endedAt ? duration(stay.talkMs) : '–'}</span></td>
  </tr>`;
}
