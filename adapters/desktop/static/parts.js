// The small parts that the pages are made of. Everything that comes out of a call, names and data above all, is put into
// text and never into markup.

import { html, useLayoutEffect, useRef } from './html.js';
import { SwitchClock, Ticker, duration } from './clock.js';

export const clock = new SwitchClock();
export const ticker = new Ticker();

// Elapsed runs from a moment on the switch's clock; plus are milliseconds to add.
export function Elapsed({ since, plus = 0 }) {
  const text = () => (known(since) ? duration(clock.now() - Date.parse(since) + plus) : '–');
  return html`<${Running} text=${text} stamp=${since + plus} />`;
}

// Remaining runs towards a moment on the switch's clock.
export function Remaining({ until }) {
  return html`<${Running} text=${() => duration(Date.parse(until) - clock.now() + 999)} stamp=${until} />`;
}

function Running({ text, stamp }) {
  const element = useRef();
  useLayoutEffect(() => ticker.show(element.current, text), [stamp]);
  return html`<span class="time" ref=${element}></span>`;
}

function known(time) {
  return Date.parse(time) > 0;
}

const agentStates = {
  loggedOut: 'Logged out',
  ready: 'Ready',
  notReady: 'Not ready',
  outOfService: 'Telephone out of service',
  ringing: 'Ringing',
  dialing: 'Dialing',
  talking: 'Talking',
  hold: 'On hold',
  afterCallWork: 'After-call work',
};

const callStates = {
  dialing: 'Dialing',
  ivr: 'IVR',
  queued: 'Waiting',
  ringing: 'Ringing',
  talking: 'Talking',
  held: 'On hold',
  connected: 'Connected',
};

const outcomes = {
  answered: 'Answered',
  abandoned: 'Abandoned',
  busy: 'Busy',
  noAnswer: 'No answer',
  failed: 'Failed',
  other: 'Other',
};

export const agentState = (state) => agentStates[state] ?? state;
export const callState = (state) => callStates[state] ?? state;
export const outcomeName = (outcome) => outcomes[outcome] ?? outcome;
export const outcomeNames = Object.entries(outcomes);

// number is a telephone number, or what to show where there is none.
export const number = (text) => text || 'unknown';

export function State({ state, children }) {
  return html`<span class="state" data-state=${state}><i aria-hidden="true"></i>${children}</span>`;
}

export function Agent({ id }) {
  return html`<a href=${'#/agents/' + encodeURIComponent(id)}>${id}</a>`;
}

// DataTable is all of a call's attached data.
export function DataTable({ data }) {
  const pairs = Object.entries(data ?? {});
  if (pairs.length === 0) return html`<p class="none">No data attached</p>`;
  return html`<table class="data">
    <caption>Attached data</caption>
    <tbody>${pairs.map(([key, value]) => html`<tr key=${key}><th scope="row">${key}</th><td>${value}</td></tr>`)}</tbody>
  </table>`;
}

// DataChips is the same in one line; what does not fit is cut off there and stands in the title.
export function DataChips({ data }) {
  const pairs = Object.entries(data ?? {});
  const whole = pairs.map(([key, value]) => `${key}: ${value}`).join('\n');
  return html`<span class="chips" title=${whole}>
    ${pairs.map(([key, value]) => html`<span class="chip" key=${key}><b>${key}</b> ${value}</span>`)}
  </span>`;
}

const minute = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const timeOfDay = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const dayAndMinute = new Intl.DateTimeFormat(undefined, { dateStyle: 'short', timeStyle: 'short' });
const dayAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

// Moment is a point in time: the time of day if it was today, else with the day; briefly without seconds.
export function Moment({ at, brief }) {
  if (!known(at)) return html`<span class="time">–</span>`;
  const date = new Date(at);
  const today = date.toDateString() === new Date(clock.now()).toDateString();
  const form = brief ? (today ? minute : dayAndMinute) : today ? timeOfDay : dayAndTime;
  return html`<time class="time" datetime=${at} title=${dayAndTime.format(date)}>${form.format(date)}</time>`;
}

export function Problem({ error }) {
  return html`<div class="problem" role="alert"><strong>${error.message}</strong>${error.reference && html`<br />Reference ${error.reference}`}</div>`;
}

// get asks the API for what is at a path.
export async function get(path, signal) {
  const response = await ask(path, { signal });
  return response.json();
}

// ask asks the API; what it throws has the server's own words, the reason and the reference.
export async function ask(path, { headers, ...more }) {
  let response;
  try {
    response = await fetch(path, { ...more, headers: { Accept: 'application/json', ...headers } });
  } catch (cause) {
    if (cause.name === 'AbortError') throw cause; // it is not wanted any more
    throw new Error('The engine does not answer.', { cause });
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  const items = (body.errors ?? []).map((each) => each.message);
  const error = new Error([body.detail || `The engine answers ${response.status}.`, ...items].join(' '));
  throw Object.assign(error, { reference: body.requestId, reason: body.reason, status: response.status });
}
