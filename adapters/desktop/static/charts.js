// Charts of numbers over time, drawn by uPlot, which is loaded when there is one to draw. The same numbers stand in a table
// beside them, for those who want to know exactly.

import { html, useEffect, useRef, useState } from './html.js';

const height = 160;
const day = 24 * 3600000;

// What may lie between two times on the axis.
const minutes = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080];

const timeOfDay = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const date = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const dark = matchMedia('(prefers-color-scheme: dark)');

// Chart shows a series of values for each line, {name, values, whole}, over the intervals that begin at the times, which
// are milliseconds; the last of them is where the last interval ends. A value is null where there is none; whole is that of
// the whole time. It calls pick with the index of an interval and of the line that was clicked on in it. With the keyboard it is a
// slider over the intervals: of one line, where there are several, up and down choose which.
export function Chart({ title, times, lines, form, share, pick, help }) {
  const box = useRef();
  const plotted = useRef();
  const [at, setAt] = useState(null); // the interval under the mouse, or that the keyboard has come to
  const [chosen, setChosen] = useState(null); // the line that the keyboard has come to
  const [look, setLook] = useState({ width: 0, dark: dark.matches });
  useEffect(() => {
    const observer = new ResizeObserver(([{ contentRect: { width } }]) => setLook((now) => ({ ...now, width: Math.floor(width) })));
    const schemeChanged = () => setLook((now) => ({ ...now, dark: dark.matches }));
    observer.observe(box.current);
    dark.addEventListener('change', schemeChanged);
    return () => {
      observer.disconnect();
      dark.removeEventListener('change', schemeChanged);
    };
  }, []);
  useEffect(() => {
    if (look.width === 0) return undefined;
    let plot;
    let gone = false;
    const clicked = () => pick(intervalOf(plot, times), nearest(plot, times));
    const moved = (moving) => setAt(intervalOf(moving, times));
    import('./vendor/uplot.js').then(({ default: uPlot }) => {
      if (gone) return;
      plot = new uPlot(options(uPlot, look.width, { times, lines, form, share, moved }), drawn(times, lines), box.current);
      plot.over.addEventListener('click', clicked);
      plotted.current = plot;
      if (chosen !== null) show(plot, times, here);
    });
    return () => {
      gone = true;
      plotted.current = null;
      plot?.destroy();
    };
  }, [look, times, lines]);
  const last = times.length - 2;
  const [here, line] = [Math.min(at ?? last, last), Math.min(chosen ?? 0, lines.length - 1)];
  const go = (interval, line) => {
    setChosen(line);
    if (plotted.current) show(plotted.current, times, interval);
  };
  const pressed = (event) => {
    const to = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: last }[event.key];
    const next = { ArrowUp: line - 1, ArrowDown: line + 1 }[event.key];
    if (to !== undefined) go(Math.max(0, Math.min(to, last)), line);
    else if (next !== undefined) go(here, (next + lines.length) % lines.length);
    else if (event.key === 'Enter') pick(here, line);
    else return;
    event.preventDefault();
  };
  const left = () => {
    setChosen(null);
    plotted.current?.setCursor({ left: -10, top: -10 });
  };
  const when = at === null ? '' : moment(times[at], times[at + 1] - times[at]);
  return html`<figure class="panel chart" data-chart=${title}>
    <figcaption><h3>${title}</h3> <span class="time">${when}</span></figcaption>
    <ul class="legend">${lines.map((line, i) => html`<li key=${line.name} data-line=${i} data-chosen=${i === chosen && lines.length > 1}><i aria-hidden="true"></i>${line.name} <b>${form(at === null ? line.whole : line.values[at])}</b></li>`)}</ul>
    <div class="plot" ref=${box} tabindex="0" role="slider" aria-label=${title} aria-describedby=${help} aria-valuemin="0" aria-valuemax=${last} aria-valuenow=${here}
      aria-valuetext=${`${lines[line].name} ${form(lines[line].values[here])}, ${moment(times[here], times[here + 1] - times[here])}`} onKeyDown=${pressed}
      onFocus=${(event) => event.target.matches(':focus-visible') && go(here, line)} onBlur=${left}></div>
  </figure>`;
}

// moment is an interval in words: the day, or the time it begins.
export function moment(from, length) {
  if (length >= day) return date.format(from);
  return new Date(from).toDateString() === new Date().toDateString() ? timeOfDay.format(from) : `${date.format(from)}, ${timeOfDay.format(from)}`;
}

// drawn are the numbers as uPlot wants them: seconds, then each line. The last interval reaches to where it ends.
function drawn(times, lines) {
  return [times.map((time) => time / 1000), ...lines.map(({ values }) => [...values, values.at(-1)])];
}

function options(uPlot, width, { times, lines, form, share, moved }) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour('--muted'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif' };
  const long = times.at(-1) - times[0] > 2 * day;
  const top = Math.max(1, ...lines.flatMap(({ values }) => values).filter((value) => value !== null));
  return {
    width, height, legend: { show: false }, padding: [6, 12, 2, 0],
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: { x: { time: true, range: [times[0] / 1000, times.at(-1) / 1000] }, y: { range: [0, share ? 1 : top * 1.1] } },
    axes: [
      { ...axis, size: 26, space: 70, incrs: minutes.map((each) => each * 60), values: (_, splits) => splits.map((s) => (long ? date : timeOfDay).format(s * 1000)) },
      { ...axis, size: 46, space: 30, incrs: share ? [0.2, 0.25, 0.5] : [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000], values: (_, splits) => splits.map((value) => form(value)) },
    ],
    series: [{}, ...lines.map(({ name }, i) => {
      const stroke = colour(`--line-${i % 8 + 1}`);
      return { label: name, stroke, width: 2, fill: lines.length === 1 && !share ? `color-mix(in srgb, ${stroke} 18%, transparent)` : undefined,
        paths: uPlot.paths.stepped({ align: 1 }), points: { show: false } };
    })],
    hooks: { setCursor: [moved] },
  };
}

// show puts the cursor into an interval.
function show(plot, times, at) {
  plot.setCursor({ left: plot.valToPos((times[at] + times[at + 1]) / 2000, 'x'), top: 0 });
}

// intervalOf is the interval under the mouse; null where the mouse is elsewhere.
function intervalOf({ cursor, posToVal }, times) {
  if (!(cursor.left >= 0)) return null;
  const at = times.findLastIndex((time) => time <= posToVal(cursor.left, 'x') * 1000);
  return Math.max(0, Math.min(at, times.length - 2));
}

// nearest is the line whose value there is closest to the mouse.
function nearest(plot, times) {
  const { cursor, data, valToPos } = plot;
  const far = data.slice(1).map((values) => {
    const value = values[intervalOf(plot, times)];
    return value === null ? Infinity : Math.abs(valToPos(value, 'y') - cursor.top);
  });
  return far.indexOf(Math.min(...far));
}
