// The numbers of queues and agents, whole and over the day, each of which opens the calls behind it.

import { html, useEffect, useState } from './html.js';
import { Moment, Problem, clock, get } from './parts.js';
import { duration } from './clock.js';
import { Behind, Count, Level, average, percent } from './figures.js';
import { OverTheDay } from './overtheday.js';
import { begin } from './past.js';

const minute = 60000;
const ranges = [['', 'Today'], ['1', 'Last hour'], ['8', 'Last 8 hours'], ['24', 'Last 24 hours'], ['168', 'Last 7 days'], ['all', 'All']];
const intervals = [['', 'Automatic'], ['1m', '1 minute'], ['5m', '5 minutes'], ['15m', '15 minutes'], ['hour', 'Hour'], ['day', 'Day']];
const lengths = { '1m': minute, '5m': 5 * minute, '15m': 15 * minute, hour: 60 * minute, day: 24 * 60 * minute };
const most = 100; // intervals in a chart, unless more are asked for

// They are made anew so often while somebody looks.
const refreshEvery = minute;

// What /v1/stats explains has the field's name.
const counts = [['offered', 'Offered'], ['answered', 'Answered'], ['abandoned', 'Abandoned'], ['left', 'Left'], ['ringNoAnswer', 'No answer'], ['waiting', 'Waiting']];
const agentCounts = [['offered', 'Offered'], ['handled', 'Handled'], ['ringNoAnswer', 'No answer']];

export function Numbers({ query, live }) {
  const [opened, open] = useState(null);
  const [round, setRound] = useState(0);
  const { report, over, error } = useReports(query, round, live.loaded);
  useEffect(() => open(null), [query]);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || setRound((n) => n + 1), refreshEvery);
    return () => clearInterval(timer);
  }, []);
  return html`<section class="numbers" aria-labelledby="numbers">
    <div class="tools"><h1 id="numbers">Numbers</h1><${Filters} query=${query} live=${live} refresh=${() => setRound(round + 1)} /></div>
    ${error && html`<${Problem} error=${error} />`}
    ${report && html`<${Report} report=${report} over=${over} query=${query} opened=${opened} open=${open} />`}
    ${opened && html`<${Behind} key=${opened.path} opened=${opened} close=${() => open(null)} />`}
  </section>`;
}

// useReports asks for the numbers of the whole range, and for those of its intervals; once more when the feed has told what
// time it is on the switch.
function useReports(query, round, loaded) {
  const [answer, setAnswer] = useState({});
  useEffect(() => {
    const asking = new AbortController();
    reports(new URLSearchParams(query), asking.signal)
      .then(([report, over]) => setAnswer({ report, over }))
      .catch((error) => asking.signal.aborted || setAnswer({ ...answer, error }));
    return () => asking.abort();
  }, [query, round, loaded]);
  return answer;
}

async function reports(chosen, signal) {
  const to = clock.present(); // and not the latest that was ever told, which may be of a clock that was wrong
  const from = Math.min(Math.max(beginOf(chosen.get('hours'), to), await begin(signal)), to - 1);
  const interval = chosen.get('interval') || intervals.slice(1).map(([name]) => name).find((name) => (to - from) / lengths[name] <= most) || 'day';
  const asked = new URLSearchParams({ tz: Intl.DateTimeFormat().resolvedOptions().timeZone, to: new Date(to).toISOString() });
  if (from > 0) asked.set('from', new Date(from).toISOString());
  for (const name of ['queue', 'agent']) {
    if (chosen.get(name)) asked.set(name, chosen.get(name));
  }
  const of = chosen.get('agent') ? 'agent' : 'queue';
  return Promise.all([get(`/v1/stats?${asked}`, signal), get(`/v1/stats?${asked}&interval=${interval}&of=${of}`, signal)]);
}

function beginOf(hours, to) {
  if (hours === 'all') return 0;
  return hours > 0 ? to - hours * 60 * minute : new Date(to).setHours(0, 0, 0, 0);
}

function Report({ report, over, query, opened, open }) {
  const chosen = new URLSearchParams(query);
  const [of, who] = chosen.get('agent') ? ['agent', chosen.get('agent')] : ['queue', chosen.get('queue') ?? ''];
  const rows = of === 'agent' ? report.agents : who ? report.queues : report.totals;
  const some = report.queues.length + report.agents.length > 0;
  return html`
    <p class="none"><${Moment} at=${report.from} /> to <${Moment} at=${report.to} />. Service level: answered within ${report.definition.targetMs / 1000} s of all that were answered or abandoned. A number opens the calls behind it.</p>
    ${!some && html`<p class="empty">There were no calls in this time</p>`}
    ${rows.length > 0 && html`<${Headline} row=${rows[0]} of=${of} opened=${opened} open=${open} />`}
    ${some && html`<${OverTheDay} report=${over} whole=${report} of=${of} opened=${opened} open=${open} />`}
    ${report.queues.length > 0 && html`<h2>Queues</h2><div class="scroll" tabindex="0" role="region" aria-label="Numbers of queues"><table>
      <thead><tr><th>Queue</th><th class="right">Service level</th>${counts.map(([name, label]) => html`<th key=${name} class="right">${label}</th>`)}
        <th class="right">Average answer</th><th class="right">Average handling</th></tr></thead>
      <tbody>${report.queues.map((row) => html`<tr key=${row.queue}><th scope="row"><a href=${narrowed(chosen, 'queue', row.queue)}>${row.queue}</a></th>
        <td class="right"><${Level} value=${row.serviceLevel.abandonsMissed} /></td>
        ${counts.map(([name, label]) => html`<td key=${name} class="right"><${Count} row=${row} of="queue" name=${name} label=${label} open=${open} opened=${opened} /></td>`)}
        <td class="right time">${average(row.asaMs)}</td><td class="right time">${average(row.ahtMs)}</td></tr>`)}</tbody>
    </table></div>`}
    ${report.agents.length > 0 && html`<h2>Agents</h2><div class="scroll" tabindex="0" role="region" aria-label="Numbers of agents"><table>
      <thead><tr><th>Agent</th>${agentCounts.map(([name, label]) => html`<th key=${name} class="right">${label}</th>`)}
        <th class="right">Talk</th><th class="right">Hold</th><th class="right">After-call work</th><th class="right">Average handling</th><th class="right">Occupancy</th></tr></thead>
      <tbody>${report.agents.map((row) => html`<tr key=${row.agent}><th scope="row"><a href=${narrowed(chosen, 'agent', row.agent)}>${row.agent}</a></th>
        ${agentCounts.map(([name, label]) => html`<td key=${name} class="right"><${Count} row=${row} of="agent" name=${name} label=${label} open=${open} opened=${opened} /></td>`)}
        <td class="right time">${duration(row.talkMs)}</td><td class="right time">${duration(row.holdMs)}</td><td class="right time">${duration(row.afterCallWorkMs)}</td>
        <td class="right time">${average(row.ahtMs)}</td><td class="right"><${Level} value=${row.occupancy} /></td></tr>`)}</tbody>
    </table></div>`}`;
}

// narrowed is the address of the numbers of one queue or one agent.
function narrowed(chosen, of, name) {
  const next = new URLSearchParams(chosen);
  next.delete('queue');
  next.delete('agent');
  next.set(of, name);
  return `#/numbers?${next}`;
}

// Headline are the numbers that are looked at first.
function Headline({ row, of, opened, open }) {
  const count = (name, label) => [label, html`<${Count} row=${row} of=${of} name=${name} label=${label} open=${open} opened=${opened} />`];
  const shown = of === 'agent'
    ? [count('offered', 'Offered'), count('handled', 'Handled'), count('ringNoAnswer', 'No answer'), ['Occupancy', percent(row.occupancy)],
      ['Talk', duration(row.talkMs)], ['After-call work', duration(row.afterCallWorkMs)], ['Average handling', average(row.ahtMs)]]
    : [['Service level', percent(row.serviceLevel.abandonsMissed)], count('offered', 'Offered'), count('answered', 'Answered'),
      count('abandoned', 'Abandoned'), count('waiting', 'Waiting'), ['Average answer', average(row.asaMs)], ['Average handling', average(row.ahtMs)]];
  return html`<dl class="headline">${shown.map(([label, value]) => html`<div class="panel" key=${label}><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function Filters({ query, live, refresh }) {
  const chosen = new URLSearchParams(query);
  const change = (event) => {
    const next = new URLSearchParams([...new FormData(event.currentTarget)].filter(([, value]) => value));
    if (event.target.name === 'queue') next.delete('agent'); // numbers are of a queue or of an agent
    if (event.target.name === 'agent') next.delete('queue');
    location.hash = next.size > 0 ? `#/numbers?${next}` : '#/numbers';
  };
  const names = (map, now) => [['', 'All'], ...[...new Set([...map.keys(), now].filter(Boolean))].sort(order).map((name) => [name, name])];
  const field = (name, label, options) => html`<${Choice} key=${name} name=${name} label=${label} options=${options} value=${chosen.get(name) ?? ''} />`;
  return html`<form class="filters" onChange=${change} onSubmit=${(event) => { event.preventDefault(); refresh(); }}>
    ${field('hours', 'Range', ranges)}
    ${field('interval', 'Interval', intervals)}
    ${field('queue', 'Queue', names(live.queues, chosen.get('queue')))}
    ${field('agent', 'Agent', names(live.agents, chosen.get('agent')))}
    <button>Refresh</button>
  </form>`;
}

const order = new Intl.Collator(undefined, { numeric: true }).compare;

function Choice({ name, label, options, value }) {
  return html`<label><span>${label}</span><select name=${name}>
    ${options.map(([each, text]) => html`<option key=${each} value=${each} selected=${each === value}>${text}</option>`)}</select></label>`;
}
