// An agent's desktop: the agent's state, the calls in hand with all that is known of the caller and what can be done with
// them, and the last calls.

import { html, useEffect, useRef, useState } from './html.js';
import { DataTable, Elapsed, Moment, Problem, State, agentState, callState, get, number, outcomeName } from './parts.js';
import { queuesOf } from './floor.js';
import { duration } from './clock.js';
import { Button, Outcome, useCommands, usePermitted } from './commands.js';
import { Controls, openable, services } from './controls.js';
import { DataSheet } from './datasheet.js';
import { Remarks, useRecord } from './remarks.js';
import { Session } from './session.js';
import { Shortcuts, useShortcuts } from './shortcuts.js';

const shownLast = 12;
const shownEarlier = 4;

// The history is a moment behind the floor: it is asked again after these times until it has the call that just ended.
const askAgain = [300, 1000, 3000];

export function Desktop({ id, live }) {
  const desk = useDesk(id, live);
  const { agent } = desk;
  const calls = live.calls.values().sort((a, b) => urgency(b) - urgency(a));
  const over = useOver(agent, calls);
  const ringing = calls.find((call) => partyOf(call, agent)?.state === 'ringing');
  const keys = shortcutsOf(desk, calls, over);
  const shortcuts = useShortcuts(keys);
  return html`
    <div class="desktop">
      <${Session} desk=${desk} />
      <div class="inhand" id="inhand">
        <${Outcome} commands=${desk.commands} />
        ${calls.map((call) => html`<${Card} key=${call.connId} call=${call} desk=${desk} />`)}
        ${calls.length === 0 && over && html`<${Ended} key=${over} connId=${over} desk=${desk} />`}
        ${calls.length === 0 && !over && html`<${Idle} agent=${agent} />`}
        <p class="under"><${Button} kind="quiet" label="Keyboard shortcuts" keys="?" onPress=${shortcuts.list} /></p>
      </div>
      <div class="unseen" aria-live="assertive" aria-atomic="true">${ringing && announcement(ringing)}</div>
      <${LastCalls} id=${id} live=${live} />
      <${Shortcuts} keys=${keys} shortcuts=${shortcuts} />
    </div>
  `;
}

// useDesk is what the parts of a desktop share: who he is, what may be asked, what is under way, and which form is open.
function useDesk(id, live) {
  const agent = live.agents.get(id);
  const commands = useCommands(live);
  const permitted = usePermitted(id, live);
  const [panel, setPanel] = useState(null); // { of: 'me' or a connId, name }
  const list = (call) => (call ? permitted.calls[call.connId] ?? (call.over ? ['setDisposition', 'addNote'] : []) : permitted.agent);
  const keyOf = (call, service) => `${call?.connId ?? 'me'} ${service}`;
  useEffect(() => {
    const pressed = (event) => event.key === 'Escape' && setPanel(null);
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, []);
  return {
    agent, commands, permitted, panel,
    open: (of, name) => setPanel({ of, name }),
    close: () => setPanel((now) => (now === panel ? null : now)), // an answer that is late closes no other one
    // shows: there is a button for it; may: it can be pressed now.
    shows: (call, service) => list(call).includes(service),
    may: (call, service) => permitted.fresh && list(call).includes(service),
    busy: (call, service) => commands.busy(keyOf(call, service)),
    ask(call, service, label, body = {}, options) {
      const path = call ? `/v1/calls/${call.connId}/${services[service].path}` : `/v1/agents/${encodeURIComponent(id)}/${ofAgents[service]}`;
      const who = { actor: `agent:${id}`, dn: call ? agent.dn : body.dn };
      if (service === 'changeUserData') delete who.dn;
      const about = () => (call ? live.calls.get(call.connId) : live.agents.get(id));
      return commands.post(keyOf(call, service), label, path, { ...body, ...who }, about, options);
    },
  };
}

// The services that an agent may ask of his session, by path.
const ofAgents = { login: 'login', logout: 'logout', ready: 'ready', notReady: 'not-ready', makeCall: 'calls' };

// useOver is the call that is over and still has the agent's attention: that of his after-call work, or the last in which
// he talked, until another one comes.
function useOver(agent, calls) {
  const held = useRef({ talked: new Set(), over: '' });
  const { talked } = held.current;
  for (const id of talked) {
    if (calls.some((call) => call.connId === id)) continue;
    talked.delete(id);
    held.current.over = id;
  }
  for (const call of calls) {
    const state = partyOf(call, agent)?.state;
    if (call.type !== 'consult' && (state === 'connected' || state === 'held')) talked.add(call.connId);
  }
  if (calls.length > 0) held.current.over = '';
  return agent.acwCall || held.current.over;
}

// shortcutsOf are the keys with what they do now: to the first call for which it can be done.
function shortcutsOf(desk, calls, over) {
  const first = (service) => calls.find((call) => desk.may(call, service));
  const run = (service) => {
    const call = first(service);
    return call && (() => desk.ask(call, service, services[service].label));
  };
  const panel = (name) => {
    const call = calls.find((each) => openable(desk, each, name, desk.may));
    return call && (() => desk.open(call.connId, name));
  };
  const mine = (service, name) => (desk.may(null, service) ? () => desk.open('me', name) : undefined);
  const field = (key) => () => document.querySelector(`#inhand [data-key="${key}"]`)?.focus();
  const inHand = calls.length > 0 || over;
  const editable = first('changeUserData');
  return [
    { key: 'a', label: 'Answer', run: run('answer') },
    { key: 'h', label: 'Hold, retrieve', run: run('hold') ?? run('retrieve') },
    { key: 't', label: 'Transfer, consult; redirect a call that rings', run: panel('transfer') ?? panel('redirect') },
    { key: 'k', label: 'Complete the transfer', run: run('completeTransfer') },
    { key: 'f', label: 'Make it a conference', run: run('completeConference') },
    { key: 'b', label: 'Back to the caller', run: run('cancelConsult') },
    { key: 'd', label: 'Keys to the other party', run: panel('digits') },
    { key: 'e', label: 'End the call, or reject it', run: run('release') },
    { key: 'u', label: 'Edit the attached data', run: editable && (() => desk.open(editable.connId, 'data')) },
    { key: 'm', label: 'Write a note', run: inHand ? field('m') : undefined },
    { key: 'o', label: 'Disposition', run: inHand ? field('o') : undefined },
    { key: 'r', label: 'Ready; after-call work is done', run: desk.may(null, 'ready') ? () => desk.ask(null, 'ready', 'Ready') : undefined },
    { key: 'n', label: 'Not ready', run: mine('notReady', 'notReady') },
    { key: 'c', label: 'Call a number', run: mine('makeCall', 'dial') },
    { key: 'l', label: 'Log in', run: mine('login', 'login') },
  ];
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

// Ended is a call that is over, as far as the history has it already: what it was, and what is to be said about it.
function Ended({ connId, desk }) {
  const record = useRecord(connId, 0, (found) => found.endedAt);
  if (!record) return null;
  return html`<article class="card" data-state="afterCallWork" aria-label=${`Ended call from ${number(record.ani)}`}>
    <header><${State} state="afterCallWork">Call ended<//></header>
    <p class="ani">${record.type === 'outbound' ? number(record.dnis) : number(record.ani)}</p>
    <dl>
      <div><dt>Called number (DNIS)</dt><dd>${record.dnis || '–'}</dd></div>
      <div><dt>Queue</dt><dd>${record.queues.map((each) => each.queue).join(', ') || '–'}</dd></div>
      <div><dt>Ended by</dt><dd>${record.endedBy || '–'}</dd></div>
      <div><dt>Call lasted</dt><dd><span class="time">${record.endedAt ? duration(record.durationMs) : '–'}</span></dd></div>
    </dl>
    <${Remarks} desk=${desk} call=${{ connId, over: true }} />
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

function Card({ call, desk }) {
  const { agent } = desk;
  const party = partyOf(call, agent);
  const made = party?.role === 'origination';
  const rings = party?.state === 'ringing';
  const others = call.parties.filter((each) => each !== party);
  const consult = call.type === 'consult';
  return html`<article class="card" data-state=${call.state} aria-label=${`Call ${made ? 'to ' + call.dnis : 'from ' + number(call.ani)}`}>
    <header><${State} state=${call.state}>${consult && made ? `Consultation: ${callState(call.state).toLowerCase()}` : (!made && headlines[call.state]) || callState(call.state)}<//>
      ${party && html`<${Elapsed} since=${party.since} />`}</header>
    <p class="ani">${made ? call.dnis : number(call.ani)}</p>
    <${Controls} desk=${desk} call=${call} ringing=${rings} />
    <dl>
      ${made ? html`<div><dt>From</dt><dd>${number(call.ani)}</dd></div>` : html`<div><dt>Called number (DNIS)</dt><dd>${call.dnis || '–'}</dd></div>`}
      <div><dt>Queue</dt><dd>${party?.queue || queuesOf(call).join(', ') || '–'}</dd></div>
      <div><dt>Waited</dt><dd><${Waited} call=${call} /></dd></div>
      <div><dt>Call lasts</dt><dd><${Elapsed} since=${call.startedAt} /></dd></div>
      ${call.recordings?.map(({ id, state }) => html`<div key=${id}><dt>Recording</dt><dd>${state === 'paused' ? 'paused' : 'goes on'}</dd></div>`)}
      ${others.length > 1 && html`<div><dt>With</dt><dd><ul class="others">${others.map((each) => html`<${Other} key=${each.id} desk=${desk} call=${call} party=${each} />`)}</ul></dd></div>`}
    </dl>
    <${DataSheet} desk=${desk} call=${call} />
    ${!rings && html`<${Remarks} desk=${desk} call=${call} />`}
    ${!made && call.ani && html`<${EarlierCalls} key=${call.connId} call=${call} />`}
    <footer><a href=${'#/calls/' + call.connId}>History of this call</a></footer>
  </article>`;
}

// Other is a party that is on the call besides the agent.
function Other({ desk, call, party }) {
  const name = party.agent ? `agent ${party.agent}` : number(party.dn);
  return html`<li>${name} <small>${party.state}</small>
    ${desk.shows(call, 'dropParty') && html` <${Button} kind="quiet" label=${`Drop ${name}`} busy=${desk.busy(call, 'dropParty')} off=${!desk.may(call, 'dropParty')}
      onPress=${() => desk.ask(call, 'dropParty', 'Drop', { target: party.id })} />`}</li>`;
}

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
      <${State} state=${each.outcome}>${each.endedAt ? outcomeName(each.outcome) : 'Goes on'}<//>
      ${(each.disposition || each.notes.length > 0) && html`<p class="left">${[each.disposition, ...each.notes.map((note) => note.text)].filter(Boolean).join(' · ')}</p>`}</li>`)}</ul>
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

function LastCalls({ id, live }) {
  const { ended } = live;
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
