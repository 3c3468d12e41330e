// What an agent asks from his desktop, and what he may ask: a button is busy until the call or the agent that it is about is
// not as it was when it was pressed, and nothing is offered that would be refused.

import { html, signal, useEffect, useMemo, useSignal } from './html.js';
import { ask, get } from './parts.js';

// Nothing may come of what the switch has taken. After this time it is said, and can be asked again.
const patience = 6000;

// Commands are those of one desktop that are under way, and what became of the last one.
class Commands {
  #underWay = signal(new Map()); // by key: { label, about, before, taken }
  #refused = signal(null);
  #late = signal(null); // what was taken, and of which nothing had come in time

  // busy: it is being asked, or it was taken and what it is about is as it was.
  busy(key) {
    const asked = this.#underWay.value.get(key);
    return asked !== undefined && (!asked.taken || unchanged(asked));
  }

  // refused is { label, error }: what was asked last and not done.
  get refused() {
    return this.#refused.value;
  }

  // unanswered is the label of what the switch has taken and not done.
  get unanswered() {
    const late = this.#late.value;
    return late && unchanged(late) ? late.label : '';
  }

  forget() {
    [this.#refused.value, this.#late.value] = [null, null];
  }

  // post asks for something. It returns the answer, or nothing where it was refused. about tells the call or the agent, as
  // the feed has it, by which it can be seen that something has come of it; with seen: false nothing will be.
  async post(key, label, path, body, about, { headers, seen = true, expected } = {}) {
    if (this.busy(key)) return undefined;
    const asked = { label, about, before: JSON.stringify(about()), taken: false };
    this.#mark(key, asked);
    this.forget();
    try {
      const response = await ask(path, { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) });
      const answer = await response.json();
      if (seen && answer.eventId) this.#await(key, { ...asked, taken: true }); // without an event it was so already
      else this.#mark(key);
      return answer;
    } catch (error) {
      this.#mark(key);
      if (expected && error.reason === expected) throw error;
      this.#refused.value = { label, error };
      return undefined;
    }
  }

  #await(key, asked) {
    this.#mark(key, asked);
    setTimeout(() => {
      if (this.#underWay.value.get(key) !== asked) return;
      if (unchanged(asked)) this.#late.value = asked;
      this.#mark(key);
    }, patience);
  }

  // mark says what is under way; without it nothing is any more.
  #mark(key, asked) {
    const underWay = new Map(this.#underWay.value);
    if (asked) underWay.set(key, asked);
    else underWay.delete(key);
    this.#underWay.value = underWay;
  }
}

// unchanged: what was asked is about something that is as it was then. A feed that begins anew has other objects for the same.
function unchanged({ about, before }) {
  return JSON.stringify(about()) === before;
}

export function useCommands(live) {
  return useMemo(() => new Commands(), [live]);
}

// After these times the server is asked again what is permitted, where it did not say.
const askAgain = 1000;

// usePermitted asks what the agent may ask, whenever his desktop has changed. What it returns is fresh while it is about
// what is shown; until then there is nothing to be asked.
export function usePermitted(id, { position, state }) {
  const connected = state === 'live' || state === 'behind';
  const answer = useSignal({ agent: [], calls: {}, switches: [], queues: [], position: -1 });
  useEffect(() => {
    if (!connected) return undefined;
    const asking = new AbortController();
    let timer;
    const ask = () =>
      get(`/v1/agents/${encodeURIComponent(id)}/services`, asking.signal)
        .then((permitted) => { answer.value = { ...permitted, position }; })
        .catch(() => { // the feed tells when the engine is gone
          if (!asking.signal.aborted) timer = setTimeout(ask, askAgain);
        });
    ask();
    return () => {
      asking.abort();
      clearTimeout(timer);
    };
  }, [id, position, connected]);
  return { ...answer.value, fresh: connected && answer.value.position === position };
}

const reasons = {
  unknownCall: 'There is no such call.',
  callEnded: 'The call is over.',
  notParty: 'You are not on this call.',
  invalidCallState: 'The call is not in a state for it.',
  dnBusy: 'The telephone is busy with another call.',
  consultInProgress: 'You are consulting somebody already.',
  notConsult: 'You are consulting nobody.',
  selfTransfer: 'That is your own telephone.',
  alreadyParty: 'That number is on the call already.',
  notConference: 'The call is no conference.',
  invalidDestination: 'That is not a number that can be dialled.',
  notRecorded: 'The call is not recorded.',
  unsupported: 'The switch cannot do this.',
  linkDown: 'There is no link to the switch.',
  switchRefused: 'The switch says no.',
  notAnswered: 'Your telephone was not picked up.',
  outcomeUnknown: 'The switch does not answer; it may have been done or not.',
  userDataTooLarge: 'That is more data than a call can carry.',
  alreadyLoggedIn: 'You are logged in at another telephone.',
  dnHasAgent: 'Somebody else is logged in at that telephone.',
  notLoggedIn: 'You are not logged in.',
  agentBusy: 'You have a call.',
  reasonRequired: 'Say why.',
  forbidden: 'You may not do this.',
};

// Outcome says that what was asked last was not done, and why.
export function Outcome({ commands }) {
  const { refused, unanswered } = commands;
  return html`<div class="outcome" role="alert">
    ${refused && html`<div class="problem"><strong>${refused.label}: not done.</strong> ${reasons[refused.error.reason] ?? refused.error.message}
      <button type="button" class="plain" onClick=${() => commands.forget()}>Close</button>
      ${refused.error.reason && html`<small>${refused.error.message} (${refused.error.reason}${refused.error.reference && `, reference ${refused.error.reference}`})</small>`}</div>`}
    ${unanswered && html`<div class="problem"><strong>${unanswered}:</strong> the switch has taken it, but nothing has come of it yet.
      <button type="button" class="plain" onClick=${() => commands.forget()}>Close</button></div>`}
  </div>`;
}

// Button asks for something. It keeps its place and the focus while it cannot be pressed.
export function Button({ label, keys, busy, off, kind, expanded, onPress, submit }) {
  const press = (event) => {
    if (!submit || busy || off) event.preventDefault();
    if (!busy && !off) onPress?.(event);
  };
  return html`<button type=${submit ? 'submit' : 'button'} class=${kind} aria-disabled=${String(Boolean(busy || off))} aria-busy=${busy ? 'true' : undefined}
    aria-keyshortcuts=${keys} aria-expanded=${expanded === undefined ? undefined : String(expanded)} onClick=${press}>${label}${keys && html` <kbd aria-hidden="true">${keys}</kbd>`}</button>`;
}
