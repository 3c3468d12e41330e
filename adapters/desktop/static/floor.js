// The floor: every agent, every queue, every live call.

import { html, useRef, useEffect, useState } from './vendor/htm-preact.js';
import { TimeBar } from './timebar.js';
import { Agent, DataChips, Elapsed, State, agentState, callState, number, settled } from './parts.js';

const manyCalls = 100; // more than a person reads; the rest is shown when asked for

// States that are not worth a word while nobody is in them.
const seldom = ['dialing', 'outOfService'];

// The states in the order in which the summary counts them.
const counted = ['ready', 'ringing', 'dialing', 'talking', 'hold', 'afterCallWork', 'notReady', 'outOfService'];

export function Floor({ model, past }) {
  const [filter, setFilter] = useState('');
  const [all, setAll] = useState(false);
  const matches = matcher(filter);
  const agents = [...model.agents.values()].filter((agent) => matches(agentText(agent, model)));
  const present = agents.filter((agent) => agent.state !== 'loggedOut').sort(byId);
  const absent = agents.filter((agent) => agent.state === 'loggedOut').sort(byId);
  const queues = [...model.queues.values()].filter((queue) => matches(queueText(queue))).sort((a, b) => order(a.queue, b.queue));
  const calls = [...model.calls.values()].filter((call) => matches(callText(call)));
  // A queue has room for as many waiting calls whether they are there or not, so that nothing moves when they come and go.
  const lines = model.queues.size <= 3 ? 6 : model.queues.size <= 5 ? 3 : 2;
  return html`
    <h1 class="unseen">Floor</h1>
    <${TimeBar} past=${past} last=${past.last} />
    <div class="tools">
      <${Summary} agents=${present} queues=${queues} />
      <${Filter} value=${filter} onChange=${setFilter} />
    </div>
    <div class="floor">
      <section class="agents" aria-labelledby="agents">
        <h2 id="agents">Agents <span class="count">${present.length}</span></h2>
        ${present.length === 0 && html`<p class="none">${filter ? 'No agent matches' : 'Nobody is logged in'}</p>`}
        <ul class="tiles">
          ${present.map((agent) => html`<${Tile} key=${agent.id} agent=${agent} call=${model.calls.get(agent.calls[0])} />`)}
        </ul>
        ${absent.length > 0 && html`<p class="absent"><span>Logged out</span> ${absent.map(({ id }) => html`<${Agent} key=${id} id=${id} /> `)}</p>`}
      </section>
      <section class="queues" aria-labelledby="queues">
        <h2 id="queues">Queues <span class="count">${queues.length}</span></h2>
        ${queues.length === 0 && html`<p class="none">${filter ? 'No queue matches' : 'No queue has been seen yet'}</p>`}
        ${queues.map((queue) => html`<${Queue} key=${queue.queue} queue=${queue} lines=${lines} />`)}
      </section>
      <section class="live" aria-labelledby="live">
        <h2 id="live">Live calls <span class="count">${calls.length}</span></h2>
        <div class="scroll" tabindex="0" role="region" aria-labelledby="live"><table>
          <colgroup><col /><col /><col /><col /><col /><col /><col /></colgroup>
          <thead><tr><th>State</th><th>From (ANI)</th><th>To (DNIS)</th><th>Queue or IVR</th><th>Agent</th><th class="right">Duration</th><th>Attached data</th></tr></thead>
          <tbody>
            ${calls.slice(0, all ? calls.length : manyCalls).map((call) => html`<${CallRow} key=${call.connId} call=${call} />`)}
            ${calls.length === 0 && html`<tr><td colspan="7" class="none">${filter ? 'No call matches' : 'No calls'}</td></tr>`}
            ${calls.length > manyCalls && !all && html`<tr><td colspan="7" class="none">and ${calls.length - manyCalls} newer ones
              <button type="button" onClick=${() => setAll(true)}>Show all</button></td></tr>`}
          </tbody>
        </table></div>
      </section>
    </div>
  `;
}

function Summary({ agents, queues }) {
  const waiting = queues.flatMap((queue) => queue.waiting).sort((a, b) => Date.parse(a.since) - Date.parse(b.since));
  return html`<p class="summary">
    ${counted.map((state) => {
      const n = agents.filter((agent) => agent.state === state).length;
      if (n === 0 && seldom.includes(state)) return null;
      return html`<span key=${state} class=${n ? '' : 'zero'}><${State} state=${state}>${agentState(state)}<//> <b>${n}</b></span>`;
    })}
    <span class="waits" data-waiting=${waiting.length > 0}>Waiting <b>${waiting.length}</b></span>
    <span class="waits" data-waiting=${waiting.length > 0}>Longest wait <b>${waiting.length > 0 ? html`<${Elapsed} since=${waiting[0].since} />` : '–'}</b></span>
  </p>`;
}

function Filter({ value, onChange }) {
  const field = useRef();
  useEffect(() => {
    const find = (event) => {
      if (event.key !== '/' || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
      event.preventDefault();
      field.current.focus();
    };
    addEventListener('keydown', find);
    return () => removeEventListener('keydown', find);
  }, []);
  const leave = (event) => event.key === 'Escape' && onChange('');
  return html`<label class="filter"><span>Filter</span>
    <input ref=${field} type="search" value=${value} placeholder="agent, number, data …" aria-keyshortcuts="/"
      onInput=${(event) => onChange(event.target.value)} onKeyDown=${leave} />
  </label>`;
}

const Tile = settled(({ agent, call }) => {
  const party = call?.parties.find((each) => each.agent === agent.id || each.dn === agent.dn);
  const other = call && number(party?.role === 'origination' ? call.dnis : call.ani);
  const dn = agent.dn && agent.dn !== agent.id ? `at ${agent.dn}` : '';
  return html`<li>
    <a class="tile" data-state=${agent.state} href=${'#/agents/' + encodeURIComponent(agent.id)}
      title=${`Takes calls of ${agent.queues.map((each) => each.queue).join(', ') || 'no queue'}`}>
      <span><span class="who"><b>${agent.id}</b> <small>${dn} ${party?.queue}</small></span><${Elapsed} since=${agent.since} /></span>
      <span><${State} state=${agent.state}>${agentState(agent.state)}<//><span class="with">${other ?? (agent.state === 'notReady' && agent.reason)}</span></span>
    </a>
  </li>`;
});

const Queue = settled(({ queue, lines }) => {
  const { waiting } = queue;
  const shown = waiting.length > lines ? waiting.slice(0, lines - 1) : waiting;
  return html`<article class="queue" aria-label=${'Queue ' + queue.queue} data-waiting=${waiting.length > 0} data-lines=${lines}>
    <h3>${queue.queue}</h3>
    <p class="staff" data-alone=${waiting.length > 0 && queue.ready === 0}><b>${queue.ready}</b> of ${queue.loggedIn} ready</p>
    <p class="waiting"><b>${waiting.length}</b> waiting</p>
    <p class="longest">longest <b>${waiting.length > 0 ? html`<${Elapsed} since=${waiting[0].since} />` : '–'}</b></p>
    <ol>
      ${shown.map((call) => html`<li key=${call.connId}><a href=${'#/calls/' + call.connId}>${number(call.ani)}</a><${Elapsed} since=${call.since} /></li>`)}
      ${shown.length < waiting.length && html`<li class="more">and ${waiting.length - shown.length} more</li>`}
    </ol>
  </article>`;
});

const CallRow = settled(({ call }) => {
  const where = call.ivr ? `IVR ${call.ivr}` : queuesOf(call).join(', ');
  const agents = [...new Set(call.parties.map((party) => party.agent).filter(Boolean))];
  return html`<tr data-state=${call.state}>
    <td><${State} state=${call.state}>${callState(call.state)}<//></td>
    <td><a href=${'#/calls/' + call.connId}>${number(call.ani)}</a></td>
    <td>${call.dnis}</td>
    <td>${where}</td>
    <td>${agents.map((id) => html`<${Agent} key=${id} id=${id} /> `)}</td>
    <td class="right"><${Elapsed} since=${call.startedAt} /></td>
    <td class="wide"><${DataChips} data=${call.userData} /></td>
  </tr>`;
});

// queuesOf are the queues in which a call waits, or through which it came to its agents.
export function queuesOf(call) {
  return [...new Set([...call.queues.map((each) => each.queue), ...call.parties.map((party) => party.queue)])].filter(Boolean);
}

const order = new Intl.Collator(undefined, { numeric: true }).compare; // 9 before 10
const byId = (a, b) => order(a.id, b.id);

// matcher says whether a text has every word of a filter.
function matcher(filter) {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return (text) => words.length === 0 || words.every((word) => text().toLowerCase().includes(word));
}

const agentText = (agent, model) => () =>
  [agent.id, agent.dn, agentState(agent.state), agent.reason, ...agent.queues.map((each) => each.queue),
    ...agent.calls.map((id) => model.calls.get(id)?.ani)].join(' ');

const queueText = (queue) => () => [queue.queue, ...queue.waiting.map((call) => call.ani)].join(' ');

const callText = (call) => () =>
  [call.ani, call.dnis, callState(call.state), call.ivr, ...queuesOf(call), ...call.parties.map((party) => party.agent),
    ...Object.entries(call.userData ?? {}).flat()].join(' ');
