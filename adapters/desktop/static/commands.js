// What an agent asks from his desktop, and what he may ask: a button is busy until the feed has passed the position at
// which it stands in the log that it was asked, and nothing is offered that would be refused.

import { html, signal, useEffect, useMemo, useSignal } from './html.js';
import { ask, get } from './parts.js';

// Nothing may come of what the switch has taken. After this time it is said, and can be asked again.
const patience = 6000;

// Commands are those of one desktop that are under way, and what became of the last one.
class Commands {
  #live;
  #busy = signal(new Map()); // what is under way -> the position that the feed has to pass, once it is known
  #refused = signal(null);
  #unanswered = signal('');

  constructor(live) {
    this.#live = live;
  }

  busy(key) {
    return this.#busy.value.get(key) > this.#live.position;
  }

  // refused is { label, error }: what was asked last and not done.
  get refused() {
    return this.#refused.value;
  }

  // unanswered is the label of what the switch has taken and not done.
  get unanswered() {
    return this.#unanswered.value;
  }

  forget() {
    [this.#refused.value, this.#unanswered.value] = [null, ''];
  }

  // post asks for something. It returns the answer, or nothing where it was refused. With seen: false there is nothing in
  // the feed by which it could be seen.
  async post(key, label, path, body, { headers, seen = true, expected } = {}) {
    if (this.busy(key)) return undefined;
    this.#mark(key, Infinity);
    this.forget();
    try {
      const response = await ask(path, { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) });
      const answer = await response.json();
      if (seen) this.#await(key, label, answer.position);
      else this.#mark(key);
      return answer;
    } catch (error) {
      this.#mark(key);
      if (expected && error.reason === expected) throw error;
      this.#refused.value = { label, error };
      return undefined;
    }
  }

  #await(key, label, position) {
    this.#mark(key, position);
    setTimeout(() => {
      if (this.#busy.value.get(key) !== position) return;
      if (this.busy(key)) this.#unanswered.value = label;
      this.#mark(key);
    }, patience);
  }

  // mark says what position something waits for; without one it is not under way any more.
  #mark(key, position) {
    const busy = new Map(this.#busy.value);
    if (position === undefined) busy.delete(key);
    else busy.set(key, position);
    this.#busy.value = busy;
  }
}

export function useCommands(live) {
  return useMemo(() => new Commands(live), [live]);
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
