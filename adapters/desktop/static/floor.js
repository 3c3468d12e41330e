// The floor: every agent, every queue, every live call.

import { html, useRef, useEffect, useLayoutEffect, useState } from './vendor/htm-preact.js';
import { TimeBar } from './timebar.js';
import { percent } from './figures.js';
import { Agent, DataChips, Elapsed, State, agentState, callState, clock, get, number, settled } from './parts.js';

// More than these are more than a person reads: of them only those in sight are drawn, and agents get smaller tiles in a
// list of their own that scrolls. Heights are those in pages.css, with the gap below.
const manyAgents = 60;
const agentHeight = 54;
const manyCalls = 50;
const callHeight = 35;
const spare = 3; // rows above and below those in sight, for the keyboard to reach

// The service level of a queue is that of so long before the moment that is shown, and made anew so often.
const levelOf = 60 * 60000;
const levelEvery = 10000;

// States that are not worth a word while nobody is in them.
const seldom = ['dialing', 'outOfService'];

const noFilter = { text: '', queue: '', state: '' };

// The states in the order in which the summary counts them.
const counted = ['ready', 'ringing', 'dialing', 'talking', 'hold', 'afterCallWork', 'notReady', 'outOfService'];

export function Floor({ model, past }) {
  const [filter, setFilter] = useState(noFilter);
  const levels = useLevels(past);
  const matches = matcher(filter.text);
  const agentMatches = (agent) => (!filter.queue || agent.queues.some((each) => each.queue === filter.queue)) && matches(agentText(agent, model));
  const agents = [...model.agents.values()].sort(byId);
  const present = agents.filter((agent) => agent.state !== 'loggedOut');
  const found = present.filter(agentMatches);
  const shown = filter.state ? found.filter((agent) => agent.state === filter.state) : found;
  const absent = filter.state ? [] : agents.filter((agent) => agent.state === 'loggedOut' && agentMatches(agent));
  const names = [...model.queues.keys()].sort(order);
  const queues = names.map((name) => model.queues.get(name)).filter((queue) => (!filter.queue || queue.queue === filter.queue) && matches(queueText(queue)));
  const calls = [...model.calls.values()].filter((call) => (!filter.queue || queuesOf(call).includes(filter.queue)) && matches(callText(call)));
  // A queue has room for as many waiting calls whether they are there or not, so that nothing moves when they come and go.
  const lines = model.queues.size <= 3 ? 4 : model.queues.size <= 5 ? 3 : 2;
  const filtered = filter.text || filter.queue || filter.state;
  return html`
    <h1 class="unseen">Floor</h1>
    <${TimeBar} past=${past} last=${past.last} />
    <div class="tools">
      <${Summary} agents=${found} queues=${queues} state=${filter.state} choose=${(state) => setFilter({ ...filter, state: state === filter.state ? '' : state })} />
      <${Filter} filter=${filter} queues=${names} change=${setFilter} />
    </div>
    <div class="floor">
      <section class="agents" aria-labelledby="agents">
        <h2 id="agents">Agents <span class="count">${shown.length}${shown.length < present.length && ` of ${present.length}`}</span></h2>
        ${shown.length === 0 && html`<p class="none">${filtered ? 'No agent matches' : 'Nobody is logged in'}</p>`}
        <${Tiles} agents=${shown} calls=${model.calls} many=${present.length > manyAgents} />
        ${absent.length > 0 && html`<p class="absent"><span>Logged out</span> ${absent.map(({ id }) => html`<${Agent} key=${id} id=${id} /> `)}</p>`}
      </section>
      <section class="queues" aria-labelledby="queues">
        <h2 id="queues">Queues <span class="count">${queues.length}</span></h2>
        ${queues.length === 0 && html`<p class="none">${filtered ? 'No queue matches' : 'No queue has been seen yet'}</p>`}
        ${queues.map((queue) => html`<${Queue} key=${queue.queue} queue=${queue} lines=${lines} level=${levels.get(queue.queue)} />`)}
      </section>
      <section class="live" aria-labelledby="live">
        <h2 id="live">Live calls <span class="count">${calls.length}</span></h2>
        <${LiveCalls} calls=${calls} filtered=${filtered} />
      </section>
    </div>
  `;
}

// useLevels are the service levels of the queues at the moment that is shown, as far as they are known.
function useLevels(past) {
  const [levels, setLevels] = useState(new Map());
  const stands = !past.live && past.speed === 0;
  useEffect(() => {
    const asking = new AbortController();
    const ask = () => {
      if (document.hidden) return;
      const to = past.live ? clock.present() : past.now();
      get(`/v1/stats?${new URLSearchParams({ of: 'queue', from: new Date(to - levelOf).toISOString(), to: new Date(to).toISOString() })}`, asking.signal)
        .then(({ queues }) => setLevels(new Map(queues.map((row) => [row.queue, row.serviceLevel.abandonsMissed]))))
        .catch(() => {}); // the queues are shown without
    };
    const first = setTimeout(ask, stands ? 300 : 0); // not for each moment that is dragged over
    const timer = stands ? 0 : setInterval(ask, levelEvery);
    return () => {
      clearTimeout(first);
      clearInterval(timer);
      asking.abort();
    };
  }, [past.live, stands && past.at]);
  return levels;
}

function Summary({ agents, queues, state: chosen, choose }) {
  const waiting = queues.flatMap((queue) => queue.waiting).sort((a, b) => Date.parse(a.since) - Date.parse(b.since));
  return html`<div class="summary">
    ${counted.map((state) => {
      const n = agents.filter((agent) => agent.state === state).length;
      if (n === 0 && seldom.includes(state) && state !== chosen) return null;
      return html`<button type="button" key=${state} class=${n ? '' : 'zero'} aria-pressed=${String(state === chosen)} title="Only these agents" onClick=${() => choose(state)}>
        <${State} state=${state}>${agentState(state)}<//> <b>${n}</b></button>`;
    })}
    <span class="waits" data-waiting=${waiting.length > 0}>Waiting <b>${waiting.length}</b></span>
    <span class="waits" data-waiting=${waiting.length > 0}>Longest wait <b>${waiting.length > 0 ? html`<${Elapsed} since=${waiting[0].since} />` : '–'}</b></span>
  </div>`;
}

function Filter({ filter, queues, change }) {
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
  const leave = (event) => event.key === 'Escape' && change(noFilter);
  return html`<div class="filter" onKeyDown=${leave}>
    <label><span>Queue</span><select onChange=${(event) => change({ ...filter, queue: event.target.value })}>
      <option value="">All queues</option>
      ${[...new Set([...queues, filter.queue].filter(Boolean))].map((name) => html`<option key=${name} value=${name} selected=${name === filter.queue}>${name}</option>`)}</select></label>
    <label><span>Filter</span><input ref=${field} type="search" value=${filter.text} placeholder="agent, number, data …" aria-keyshortcuts="/"
      onInput=${(event) => change({ ...filter, text: event.target.value })} /></label>
  </div>`;
}

function Tiles({ agents, calls, many }) {
  const [list, { from, to, columns, above, below }] = useInSight(agents.length, agentHeight, many);
  const tile = (agent, place) => html`<${Tile} key=${agent.id} agent=${agent} call=${calls.get(agent.calls[0])} place=${place} of=${agents.length} />`;
  if (!many) return html`<ul class="tiles">${agents.map((agent, i) => tile(agent, i + 1))}</ul>`;
  return html`<div class="many" tabindex="0" role="region" aria-labelledby="agents">
    <ul class="tiles" ref=${list} style=${{ paddingTop: `${above}px`, paddingBottom: `${below}px` }}>
      ${agents.slice(from * columns, to * columns).map((agent, i) => tile(agent, from * columns + i + 1))}
    </ul>
  </div>`;
}

function LiveCalls({ calls, filtered }) {
  const many = calls.length > manyCalls;
  const [body, { from, to, above, below }] = useInSight(calls.length, callHeight, many);
  const room = (height) => height > 0 && html`<tr aria-hidden="true"><td colspan="7" class="room" style=${{ height: `${height}px` }}></td></tr>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-labelledby="live"><table aria-rowcount=${calls.length + 1}>
    <colgroup><col /><col /><col /><col /><col /><col /><col /></colgroup>
    <thead><tr><th>State</th><th>From (ANI)</th><th>To (DNIS)</th><th>Queue or IVR</th><th>Agent</th><th class="right">Duration</th><th>Attached data</th></tr></thead>
    <tbody ref=${body}>
      ${many && room(above)}
      ${(many ? calls.slice(from, to) : calls).map((call) => html`<${CallRow} key=${call.connId} call=${call} />`)}
      ${many && room(below)}
      ${calls.length === 0 && html`<tr><td colspan="7" class="none">${filtered ? 'No call matches' : 'No calls'}</td></tr>`}
    </tbody>
  </table></div>`;
}

// useInSight are the rows of a list of many things that can be seen, and some more: from the one to before the other. What
// is above and below takes up its room, in pixels.
function useInSight(count, height, many) {
  const list = useRef();
  const [seen, setSeen] = useState({ columns: 1, first: 0, last: 20 });
  useLayoutEffect(() => {
    if (!many) return undefined;
    const element = list.current;
    const look = () => {
      const { top } = element.getBoundingClientRect();
      const clip = element.parentElement.getBoundingClientRect();
      const columns = getComputedStyle(element).gridTemplateColumns.split(' ').length; // 1 where there is no grid
      const first = Math.max(0, Math.floor((Math.max(clip.top, 0) - top) / height) - spare);
      const last = Math.max(first, Math.ceil((Math.min(clip.bottom, innerHeight) - top) / height)) + spare;
      setSeen((now) => (now.columns === columns && now.first === first && now.last === last ? now : { columns, first, last }));
    };
    const observer = new ResizeObserver(look);
    observer.observe(element.parentElement);
    addEventListener('scroll', look, { passive: true, capture: true });
    addEventListener('resize', look);
    look();
    return () => {
      observer.disconnect();
      removeEventListener('scroll', look, { capture: true });
      removeEventListener('resize', look);
    };
  }, [many]);
  const rows = Math.ceil(count / seen.columns);
  const from = Math.min(seen.first, Math.max(rows - 1, 0));
  const to = Math.min(Math.max(seen.last, from), rows);
  return [list, { from, to, columns: seen.columns, above: from * height, below: (rows - to) * height }];
}

const Tile = settled(({ agent, call, place, of }) => {
  const party = call?.parties.find((each) => each.agent === agent.id || each.dn === agent.dn);
  const other = call && number(party?.role === 'origination' ? call.dnis : call.ani);
  const dn = agent.dn && agent.dn !== agent.id ? `at ${agent.dn}` : '';
  return html`<li aria-posinset=${place} aria-setsize=${of}>
    <a class="tile" data-state=${agent.state} href=${'#/agents/' + encodeURIComponent(agent.id)}
      title=${`Takes calls of ${agent.queues.map((each) => each.queue).join(', ') || 'no queue'}`}>
      <span><span class="who"><b>${agent.id}</b> <small>${dn} ${party?.queue}</small></span><${Elapsed} since=${agent.since} /></span>
      <span><${State} state=${agent.state}>${agentState(agent.state)}<//><span class="with">${other ?? (agent.state === 'notReady' && agent.reason)}</span></span>
    </a>
  </li>`;
});

const Queue = settled(({ queue, lines, level = null }) => {
  const { waiting } = queue;
  const shown = waiting.length > lines ? waiting.slice(0, lines - 1) : waiting;
  return html`<article class="queue" aria-label=${'Queue ' + queue.queue} data-waiting=${waiting.length > 0} data-lines=${lines}>
    <h3>${queue.queue}</h3>
    <p class="staff" data-alone=${waiting.length > 0 && queue.ready === 0}><b>${queue.ready}</b> of ${queue.loggedIn} ready</p>
    <p class="waiting"><b>${waiting.length}</b> waiting</p>
    <p class="longest">longest <b>${waiting.length > 0 ? html`<${Elapsed} since=${waiting[0].since} />` : '–'}</b></p>
    <a class="servicelevel" href=${`#/numbers?${new URLSearchParams({ hours: 1, queue: queue.queue })}`} title="Answered in time, of all that were answered or abandoned in the hour before">
      Service level <b>${percent(level)}</b>${level !== null && html`<meter min="0" max="1" low="0.6" high="0.8" optimum="1" value=${level} aria-hidden="true"></meter>`}</a>
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
