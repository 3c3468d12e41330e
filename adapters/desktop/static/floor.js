// The floor: every agent, every queue, every live call.

import { computed, html, useEffect, useLayoutEffect, useMemo, useRef, useSignal, useState } from './html.js';
import { Past } from './past.js';
import { TimeBar } from './timebar.js';
import { percent } from './figures.js';
import { Button } from './commands.js';
import { Shortcuts, useShortcuts } from './shortcuts.js';
import { Agent, DataChips, Elapsed, State, agentState, callState, clock, get, number } from './parts.js';

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

export function Floor({ route, live }) {
  const past = usePast(route, live);
  const floor = past.shown ?? live;
  const filter = useSignal(noFilter);
  const found = useMemo(() => find(floor, filter), [floor]);
  const field = useRef();
  const keys = [{ key: '/', label: 'Write what to look for', run: () => field.current.focus() }];
  const shortcuts = useShortcuts(keys);
  return html`
    <h1 class="unseen">Floor</h1>
    <${TimeBar} past=${past} live=${live} />
    <div class="tools">
      <${Summary} floor=${floor} found=${found} filter=${filter} />
      <${Filter} floor=${floor} filter=${filter} field=${field} />
    </div>
    <div class="floor">
      <${Agents} floor=${floor} found=${found} filter=${filter} />
      <${Queues} floor=${floor} found=${found} filter=${filter} past=${past} />
      <${LiveCalls} floor=${floor} found=${found} filter=${filter} />
    </div>
    <p class="under"><${Button} kind="quiet" label="Keyboard shortcuts" keys="?" onPress=${shortcuts.list} /></p>
    <${Shortcuts} keys=${keys} shortcuts=${shortcuts} />
  `;
}

// usePast is the floor's past, at the moment that stands in the page's address.
function usePast(route, live) {
  const past = useMemo(() => new Past(live), [live]);
  useLayoutEffect(() => {
    const at = Date.parse(new URLSearchParams(route.query).get('at'));
    if (at > 0) {
      past.show(at);
      past.settle();
    } else if (!past.live) past.goLive();
  }, [past, route]);
  useLayoutEffect(() => () => past.leave(), [past]);
  return past;
}

// find is what a filter leaves of a floor: present are the agents who are logged in, of them those in the queue and with the
// words that are looked for, and shown are those of them who are in the state, too; absent are agents' ids, queues are names,
// calls connection ids. Texts are made, and things are read, only where somebody looks for something.
function find(floor, filter) {
  const fits = computed(() => {
    const { queue, text } = filter.value;
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    return (queues, text) => (!queue || queues().includes(queue)) && words.every((word) => text().toLowerCase().includes(word));
  });
  const ids = computed(() => floor.agents.keys().toSorted(order));
  const agents = computed(() => ids.value.map((id) => floor.agents.get(id)));
  const agentFits = (agent) => fits.value(() => agent.queues.map((each) => each.queue), () => agentText(agent, floor));
  const isPresent = (agent) => agent.state !== 'loggedOut';
  const present = computed(() => agents.value.filter(isPresent));
  const wanted = computed(() => present.value.filter(agentFits));
  const shown = computed(() => wanted.value.filter((agent) => !filter.value.state || agent.state === filter.value.state));
  return {
    present, wanted, shown,
    count: computed(() => shown.value.length),
    absent: computed(() => (filter.value.state ? [] : agents.value.filter((agent) => !isPresent(agent) && agentFits(agent)).map(({ id }) => id))),
    queues: computed(() => floor.queues.keys().toSorted(order).filter((name) => fits.value(() => [name], () => queueText(floor.queues.get(name))))),
    calls: computed(() => floor.calls.keys().filter((id) => fits.value(() => queuesOf(floor.calls.get(id)), () => callText(floor.calls.get(id))))),
  };
}

const isFiltered = ({ value: { text, queue, state } }) => Boolean(text || queue || state);

function Agents({ floor, found, filter }) {
  const [present, shown, absent] = [found.present.value, found.shown.value, found.absent.value];
  return html`<section class="agents" aria-labelledby="agents">
    <h2 id="agents">Agents <span class="count">${shown.length}${shown.length < present.length && ` of ${present.length}`}</span></h2>
    ${shown.length === 0 && html`<p class="none">${isFiltered(filter) ? 'No agent matches' : 'Nobody is logged in'}</p>`}
    <${Tiles} floor=${floor} ids=${shown.map(({ id }) => id)} count=${found.count} many=${present.length > manyAgents} />
    ${absent.length > 0 && html`<p class="absent"><span>Logged out</span> ${absent.map((id) => html`<${Agent} key=${id} id=${id} /> `)}</p>`}
  </section>`;
}

function Queues({ floor, found, filter, past }) {
  const levels = useLevels(past);
  const names = found.queues.value;
  // A queue has room for as many waiting calls whether they are there or not, so that nothing moves when they come and go.
  const lines = floor.queues.size <= 3 ? 4 : floor.queues.size <= 5 ? 3 : 2;
  return html`<section class="queues" aria-labelledby="queues">
    <h2 id="queues">Queues <span class="count">${names.length}</span></h2>
    ${names.length === 0 && html`<p class="none">${isFiltered(filter) ? 'No queue matches' : 'No queue has been seen yet'}</p>`}
    ${names.map((name) => html`<${Queue} key=${name} name=${name} floor=${floor} lines=${lines} level=${levels.get(name)} />`)}
  </section>`;
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

function Summary({ floor, found, filter }) {
  const chosen = filter.value.state;
  const agents = found.wanted.value;
  const waiting = found.queues.value.flatMap((name) => floor.queues.get(name).waiting).sort((a, b) => Date.parse(a.since) - Date.parse(b.since));
  const choose = (state) => { filter.value = { ...filter.value, state: state === chosen ? '' : state }; };
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

function Filter({ floor, filter, field }) {
  const { queue, text } = filter.value;
  const change = (part) => { filter.value = { ...filter.value, ...part }; };
  const names = [...new Set([...floor.queues.keys(), queue].filter(Boolean))].sort(order);
  return html`<div class="filter" onKeyDown=${(event) => event.key === 'Escape' && change(noFilter)}>
    <label><span>Queue</span><select onChange=${(event) => change({ queue: event.target.value })}>
      <option value="">All queues</option>
      ${names.map((name) => html`<option key=${name} value=${name} selected=${name === queue}>${name}</option>`)}</select></label>
    <label><span>Filter</span><input ref=${field} type="search" value=${text} placeholder="agent, number, data …" aria-keyshortcuts="/"
      onInput=${(event) => change({ text: event.target.value })} /></label>
  </div>`;
}

function Tiles({ floor, ids, count, many }) {
  const [list, { from, to, columns, above, below }] = useInSight(ids.length, agentHeight, many);
  const tile = (id, place) => html`<${Tile} key=${id} id=${id} floor=${floor} place=${place} count=${count} />`;
  if (!many) return html`<ul class="tiles">${ids.map((id, i) => tile(id, i + 1))}</ul>`;
  return html`<div class="many" tabindex="0" role="region" aria-labelledby="agents">
    <ul class="tiles" ref=${list} style=${{ paddingTop: `${above}px`, paddingBottom: `${below}px` }}>
      ${ids.slice(from * columns, to * columns).map((id, i) => tile(id, from * columns + i + 1))}
    </ul>
  </div>`;
}

function LiveCalls({ floor, found, filter }) {
  const ids = found.calls.value;
  const many = ids.length > manyCalls;
  const [body, { from, to, above, below }] = useInSight(ids.length, callHeight, many);
  const room = (height) => height > 0 && html`<tr aria-hidden="true"><td colspan="7" class="room" style=${{ height: `${height}px` }}></td></tr>`;
  return html`<section class="live" aria-labelledby="live">
    <h2 id="live">Live calls <span class="count">${ids.length}</span></h2>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="live"><table aria-rowcount=${ids.length + 1}>
      <colgroup><col /><col /><col /><col /><col /><col /><col /></colgroup>
      <thead><tr><th>State</th><th>From (ANI)</th><th>To (DNIS)</th><th>Queue or IVR</th><th>Agent</th><th class="right">Duration</th><th>Attached data</th></tr></thead>
      <tbody ref=${body}>
        ${many && room(above)}
        ${(many ? ids.slice(from, to) : ids).map((id) => html`<${CallRow} key=${id} id=${id} floor=${floor} />`)}
        ${many && room(below)}
        ${ids.length === 0 && html`<tr><td colspan="7" class="none">${isFiltered(filter) ? 'No call matches' : 'No calls'}</td></tr>`}
      </tbody>
    </table></div>
  </section>`;
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

// Tile is an agent, at a place among as many as the signal count says: that changes more often than what is shown of him.
function Tile({ id, floor, place, count }) {
  const agent = floor.agents.get(id);
  const call = floor.calls.get(agent.calls[0]);
  const party = call?.parties.find((each) => each.agent === agent.id || each.dn === agent.dn);
  const other = call && number(party?.role === 'origination' ? call.dnis : call.ani);
  const where = [agent.dn && agent.dn !== agent.id && `at ${agent.dn}`, party?.queue].filter(Boolean).join(' ');
  return html`<li aria-posinset=${place} aria-setsize=${count}>
    <a class="tile" data-state=${agent.state} href=${'#/agents/' + encodeURIComponent(agent.id)}
      title=${`Takes calls of ${agent.queues.map((each) => each.queue).join(', ') || 'no queue'}`}>
      <span><span class="who"><b>${agent.id}</b> <small>${where || null}</small></span><${Elapsed} since=${agent.since} /></span>
      <span><${State} state=${agent.state}>${agentState(agent.state)}<//><span class="with">${other ?? (agent.state === 'notReady' && agent.reason)}</span></span>
    </a>
  </li>`;
}

function Queue({ name, floor, lines, level = null }) {
  const { waiting, ready, loggedIn } = floor.queues.get(name);
  const shown = waiting.length > lines ? waiting.slice(0, lines - 1) : waiting;
  return html`<article class="queue" aria-label=${'Queue ' + name} data-waiting=${waiting.length > 0} data-lines=${lines}>
    <h3>${name}</h3>
    <p class="staff" data-alone=${waiting.length > 0 && ready === 0}><b>${ready}</b> of ${loggedIn} ready</p>
    <p class="waiting"><b>${waiting.length}</b> waiting</p>
    <p class="longest">longest <b>${waiting.length > 0 ? html`<${Elapsed} since=${waiting[0].since} />` : '–'}</b></p>
    <a class="servicelevel" href=${`#/numbers?${new URLSearchParams({ hours: 1, queue: name })}`} title="Answered in time, of all that were answered or abandoned in the hour before">
      Service level <b>${percent(level)}</b>${level !== null && html`<meter min="0" max="1" low="0.6" high="0.8" optimum="1" value=${level} aria-hidden="true"></meter>`}</a>
    <ol>
      ${shown.map((call) => html`<li key=${call.connId}><a href=${'#/calls/' + call.connId}>${number(call.ani)}</a><${Elapsed} since=${call.since} /></li>`)}
      ${shown.length < waiting.length && html`<li class="more">and ${waiting.length - shown.length} more</li>`}
    </ol>
  </article>`;
}

function CallRow({ id, floor }) {
  const call = floor.calls.get(id);
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
}

// queuesOf are the queues in which a call waits, or through which it came to its agents.
export function queuesOf(call) {
  return [...new Set([...call.queues.map((each) => each.queue), ...call.parties.map((party) => party.queue)])].filter(Boolean);
}

const order = new Intl.Collator(undefined, { numeric: true }).compare; // 9 before 10

const agentText = (agent, floor) =>
  [agent.id, agent.dn, agentState(agent.state), agent.reason, ...agent.queues.map((each) => each.queue),
    ...agent.calls.map((id) => floor.calls.get(id)?.ani)].join(' ');

const queueText = (queue) => [queue.queue, ...queue.waiting.map((call) => call.ani)].join(' ');

const callText = (call) =>
  [call.ani, call.dnis, callState(call.state), call.ivr, ...queuesOf(call), ...call.parties.map((party) => party.agent),
    ...Object.entries(call.userData ?? {}).flat()].join(' ');
