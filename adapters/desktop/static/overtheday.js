// The numbers of a range interval by interval, as charts and as a table.

import { html, useMemo, useState } from './html.js';
import { Chart, moment } from './charts.js';
import { Count, Level, behindOf, percent } from './figures.js';

const most = 8; // lines in a chart that can be told apart

const number = (value) => (value === null || value === undefined ? '–' : String(value));
const level = (row) => row?.serviceLevel.abandonsMissed ?? null;
const occupancy = (row) => row?.occupancy ?? null;
const counted = (name) => (row) => row?.[name] ?? 0;

// Each chart: its title, the number behind it, how that is read from a row that may be missing, and whether it is a share.
const charts = {
  queue: [['Service level', 'answered', level, true], ['Waiting at the end of the interval', 'waiting', counted('waiting')],
    ['Handled', 'answered', counted('answered')], ['Abandoned', 'abandoned', counted('abandoned')]],
  agent: [['Handled', 'handled', counted('handled')], ['Occupancy', 'handled', occupancy, true], ['No answer', 'ringNoAnswer', counted('ringNoAnswer')]],
};

const columns = {
  queue: [['offered', 'Offered'], ['answered', 'Handled'], ['abandoned', 'Abandoned'], ['waiting', 'Waiting']],
  agent: [['offered', 'Offered'], ['handled', 'Handled'], ['ringNoAnswer', 'No answer']],
};

export function OverTheDay({ report, whole, of, opened, open }) {
  const [shown, setShown] = useState(false);
  const { rows, times, names, drawn } = useMemo(() => arranged(report, whole, of), [report, whole, of]);
  if (rows.length === 0) return null;
  return html`
    <h2>Over the day <small>${names.length > most && `the ${most} busiest queues; choose a queue to see another one. `}<span id="charthelp">Click into a chart, or go through it with the arrow keys and press Enter, to see the calls.</span></small></h2>
    <div class="charts">${drawn.map(({ title, name, lines, share, rowsOf }) => html`<${Chart} key=${title} title=${title} times=${times} lines=${lines} share=${share} help="charthelp" form=${share ? percent : number}
      pick=${(interval, line) => rowsOf[line]?.[interval]?.[name] > 0 && open(behindOf(rowsOf[line][interval], of, name, title))} />`)}</div>
    <details class="panel byinterval" onToggle=${(event) => setShown(event.currentTarget.open)}><summary>The same as a table</summary>
      ${shown && html`<div class="wide" tabindex="0" role="region" aria-label="Numbers by interval"><table>
        <thead><tr><th>From</th><th>${of === 'agent' ? 'Agent' : 'Queue'}</th><th class="right">${of === 'agent' ? 'Occupancy' : 'Service level'}</th>${columns[of].map(([name, label]) => html`<th key=${name} class="right">${label}</th>`)}</tr></thead>
        <tbody>${rows.map((row) => html`<tr key=${row[of] + row.from}><th scope="row" class="time">${moment(Date.parse(row.from), report.intervalMs)}</th><td>${row[of]}</td>
          <td class="right"><${Level} value=${of === 'agent' ? occupancy(row) : level(row)} /></td>
          ${columns[of].map(([name, label]) => html`<td key=${name} class="right"><${Count} row=${row} of=${of} name=${name} label=${label} open=${open} opened=${opened} /></td>`)}</tr>`)}</tbody>
      </table></div>`}
    </details>`;
}

// arranged are the rows as the charts want them: a line for each queue or agent, a value for each interval.
function arranged(report, whole, of) {
  const rows = of === 'agent' ? report.agents : report.queues;
  const all = new Map((of === 'agent' ? whole.agents : whole.queues).map((row) => [row[of], row]));
  const names = [...all.keys()];
  const busiest = [...names].sort((a, b) => all.get(b).offered - all.get(a).offered).slice(0, most);
  const shown = names.filter((name) => busiest.includes(name));
  const times = [...begins(rows, report.intervalMs), Date.parse(report.to)];
  const at = new Map(rows.map((row) => [`${Date.parse(row.from)} ${row[of]}`, row]));
  const rowsOf = shown.map((name) => times.slice(0, -1).map((time) => at.get(`${time} ${name}`)));
  const drawn = charts[of].map(([title, name, read, share]) => ({
    title, name, share, rowsOf, lines: shown.map((who, i) => ({ name: who, values: rowsOf[i].map(read), whole: read(all.get(who)) })),
  }));
  return { rows, times, names, drawn };
}

// begins are those of all intervals from the first in which something happened, also of those in which nothing did.
function begins(rows, length) {
  const known = [...new Set(rows.map((row) => Date.parse(row.from)))].sort((a, b) => a - b);
  return known.flatMap((time, i) => {
    const all = [time];
    // An interval is seldom shorter or longer than the others: the first is, and one in which clocks are changed.
    while (known[i + 1] - all.at(-1) > 1.5 * length) all.push(all.at(-1) + length);
    return all;
  });
}
