// The numbers of queues and agents, each of which opens the calls behind it.

import { html, useEffect, useState } from './vendor/htm-preact.js';
import { Moment, Problem, get } from './parts.js';
import { duration } from './clock.js';

const limit = 200;
const ranges = [['1', 'Last hour'], ['8', 'Last 8 hours'], ['24', 'Last 24 hours'], ['', 'All']];
const intervals = [['', 'None'], ['15m', '15 minutes'], ['hour', 'Hour'], ['day', 'Day']];

// What /v1/stats explains has the field's name.
const counts = [['offered', 'Offered'], ['answered', 'Answered'], ['abandoned', 'Abandoned'], ['left', 'Left'], ['ringNoAnswer', 'No answer']];
const agentCounts = [['offered', 'Offered'], ['handled', 'Handled'], ['ringNoAnswer', 'No answer']];

export function Numbers({ query }) {
  const chosen = new URLSearchParams(query);
  const [answer, setAnswer] = useState({});
  const [opened, open] = useState(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    const asking = new AbortController();
    open(null);
    get(`/v1/stats?${parametersOf(query)}`, asking.signal)
      .then((report) => setAnswer({ report }))
      .catch((error) => asking.signal.aborted || setAnswer({ error }));
    return () => asking.abort();
  }, [query, round]);
  const { report, error } = answer;
  const change = (event) => {
    const next = new URLSearchParams([...new FormData(event.currentTarget)].filter(([, value]) => value));
    location.hash = next.size > 0 ? `#/numbers?${next}` : '#/numbers';
  };
  return html`<section class="numbers" aria-labelledby="numbers">
    <div class="tools"><h1 id="numbers">Numbers</h1>
      <form class="filters" onChange=${change} onSubmit=${(event) => { event.preventDefault(); setRound(round + 1); }}>
        <${Choice} name="hours" label="Range" options=${ranges} value=${chosen.get('hours') ?? ''} />
        <${Choice} name="interval" label="Interval" options=${intervals} value=${chosen.get('interval') ?? ''} />
        <button>Refresh</button>
      </form>
    </div>
    ${error && html`<${Problem} error=${error} />`}
    ${report && html`<p class="none"><${Moment} at=${report.from} /> to <${Moment} at=${report.to} />. Service level: answered within ${report.definition.targetMs / 1000} s of all that were answered or abandoned. A number opens the calls behind it.</p>`}
    ${report?.queues.length === 0 && html`<p class="empty">No queue has had a call in this time</p>`}
    ${report?.queues.length > 0 && html`<h2>Queues</h2><div class="scroll" tabindex="0" role="region" aria-label="Numbers of queues"><table>
      <thead><tr><th>Queue</th>${report.intervalMs > 0 && html`<th>From</th>`}<th class="right">Service level</th>${counts.map(([name, label]) => html`<th key=${name} class="right">${label}</th>`)}
        <th class="right">Average answer</th><th class="right">Average handling</th></tr></thead>
      <tbody>${report.queues.map((row) => html`<tr key=${row.queue + row.from}><th scope="row">${row.queue}</th>${report.intervalMs > 0 && html`<td><${Moment} at=${row.from} brief /></td>`}
        <td class="right"><${Level} value=${row.serviceLevel.abandonsMissed} /></td>
        ${counts.map(([name, label]) => html`<td key=${name} class="right"><${Count} row=${row} of="queue" name=${name} label=${label} open=${open} opened=${opened} /></td>`)}
        <td class="right time">${average(row.asaMs)}</td><td class="right time">${average(row.ahtMs)}</td></tr>`)}</tbody>
    </table></div>`}
    ${opened && html`<${Behind} key=${opened.path} opened=${opened} close=${() => open(null)} />`}
    ${report?.agents.length > 0 && html`<h2>Agents</h2><div class="scroll" tabindex="0" role="region" aria-label="Numbers of agents"><table>
      <thead><tr><th>Agent</th>${report.intervalMs > 0 && html`<th>From</th>`}${agentCounts.map(([name, label]) => html`<th key=${name} class="right">${label}</th>`)}
        <th class="right">Talk</th><th class="right">Hold</th><th class="right">After-call work</th><th class="right">Average handling</th><th class="right">Occupancy</th></tr></thead>
      <tbody>${report.agents.map((row) => html`<tr key=${row.agent + row.from}><th scope="row"><a href=${'#/agents/' + encodeURIComponent(row.agent)}>${row.agent}</a></th>
        ${report.intervalMs > 0 && html`<td><${Moment} at=${row.from} brief /></td>`}
        ${agentCounts.map(([name, label]) => html`<td key=${name} class="right"><${Count} row=${row} of="agent" name=${name} label=${label} open=${open} opened=${opened} /></td>`)}
        <td class="right time">${duration(row.talkMs)}</td><td class="right time">${duration(row.holdMs)}</td><td class="right time">${duration(row.afterCallWorkMs)}</td>
        <td class="right time">${average(row.ahtMs)}</td><td class="right">${percent(row.occupancy)}</td></tr>`)}</tbody>
    </table></div>`}
  </section>`;
}

function parametersOf(query) {
  const parameters = new URLSearchParams(query);
  const hours = Number(parameters.get('hours'));
  parameters.delete('hours');
  if (hours > 0) parameters.set('from', new Date(Date.now() - hours * 3600000).toISOString());
  return parameters;
}

function Choice({ name, label, options, value }) {
  return html`<label><span>${label}</span><select name=${name}>
    ${options.map(([each, text]) => html`<option key=${each} value=${each} selected=${each === value}>${text}</option>`)}</select></label>`;
}

function Level({ value }) {
  if (value === null) return '–';
  return html`<span class="level"><meter min="0" max="1" low="0.6" high="0.8" optimum="1" value=${value} aria-hidden="true"></meter>${percent(value)}</span>`;
}

function Count({ row, of, name, label, open, opened }) {
  if (row[name] === 0) return html`<span class="zero">0</span>`;
  const who = row[of];
  const path = `/v1/stats?${new URLSearchParams({ [of]: who, from: row.from, to: row.to, explain: name, limit })}`;
  return html`<button type="button" class="count" aria-expanded=${opened?.path === path} aria-label=${`${row[name]} ${label}, ${who}: show the calls`}
    onClick=${() => open({ path, of, number: row[name], title: `${label}, ${of} ${who}` })}>${row[name]}</button>`;
}

// Behind are the calls that make a number.
function Behind({ opened, close }) {
  const [answer, setAnswer] = useState({});
  useEffect(() => {
    const asking = new AbortController();
    get(opened.path, asking.signal)
      .then((report) => setAnswer({ facts: factsOf(report, opened), more: report.more }))
      .catch((error) => asking.signal.aborted || setAnswer({ error }));
    return () => asking.abort();
  }, [opened.path]);
  const { facts, more, error } = answer;
  return html`<section class="panel behind" aria-label=${opened.title}>
    <h2>${opened.title} ${facts && html`<span class="count">${facts.length}</span>`} <button type="button" onClick=${close}>Close</button></h2>
    ${error && html`<${Problem} error=${error} />`}
    ${facts && html`<ul>${facts.map((fact, i) => html`<li key=${i}><a href=${'#/calls/' + fact.connId}><${Moment} at=${fact.at} /></a> ${fact.queue} ${fact.agent && html`<small>${fact.agent}</small>`}</li>`)}</ul>`}
    ${facts && !more && facts.length !== opened.number && html`<p class="none">It was ${opened.number} before the call records had caught up with the log; refresh to see all numbers as they are now</p>`}
    ${more && html`<p class="none">The first ${limit}; narrow the range to see others</p>`}
  </section>`;
}

function factsOf({ explained = [] }, { of }) {
  return explained.filter((fact) => fact.of === of && fact.connId);
}

const average = (ms) => (ms === null ? '–' : duration(ms));
const percent = (value) => (value === null || value === undefined ? '–' : `${Math.round(value * 100)} %`);
