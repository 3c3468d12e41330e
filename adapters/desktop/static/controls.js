// What can be done with a call: the buttons, in the order of a hand, and the little forms that some of them open.

import { html, useEffect, useLayoutEffect, useRef, useState } from './html.js';
import { Button } from './commands.js';

// services by the path of their command, with the name of the button and its key.
export const services = {
  answer: { path: 'answer', label: 'Answer', key: 'a', kind: 'primary' },
  hold: { path: 'hold', label: 'Hold', key: 'h', place: 'hold' },
  retrieve: { path: 'retrieve', label: 'Retrieve', key: 'h', place: 'hold' },
  completeTransfer: { path: 'complete-transfer', label: 'Complete transfer', key: 'k', kind: 'primary' },
  completeConference: { path: 'conference', label: 'Conference', key: 'f' },
  cancelConsult: { path: 'cancel-consult', label: 'Back to the caller', key: 'b' },
  redirect: { path: 'redirect', label: 'Redirect' },
  blindTransfer: { path: 'transfer', label: 'Transfer now' },
  startConsult: { path: 'consult', label: 'Consult first' },
  sendDigits: { path: 'digits', label: 'Send keys' },
  dropParty: { path: 'drop', label: 'Drop' },
  park: { path: 'park', label: 'Park' },
  startRecording: { path: 'recording/start', label: 'Record' },
  pauseRecording: { path: 'recording/pause', label: 'Pause recording' },
  resumeRecording: { path: 'recording/resume', label: 'Resume recording' },
  stopRecording: { path: 'recording/stop', label: 'Stop recording' },
  release: { path: 'release', label: 'End call', key: 'e', kind: 'danger' },
  changeUserData: { path: 'userdata', label: 'Edit data' },
  setDisposition: { path: 'disposition', label: 'Disposition' },
  addNote: { path: 'notes', label: 'Add a note' },
};

// panels are forms that ask for more: one is open at a time.
export const panels = {
  transfer: { label: 'Transfer …', key: 't', services: ['blindTransfer', 'startConsult'] },
  redirect: { label: 'Redirect …', key: 't', services: ['redirect'] },
  digits: { label: 'Keys …', key: 'd', services: ['sendDigits'] },
};

const rowOfButtons = [
  'answer', 'retrieve', 'hold', 'completeTransfer', 'completeConference', 'cancelConsult', 'panel transfer', 'panel redirect', 'panel digits',
  'startRecording', 'pauseRecording', 'resumeRecording', 'stopRecording', 'park', 'release',
];

export function Controls({ desk, call, ringing }) {
  const row = useRef();
  const pressed = useRef(false);
  const open = desk.panel?.of === call.connId && panels[desk.panel.name] ? desk.panel.name : '';
  // A button that has done its work goes, and must not take the focus with it; who goes elsewhere himself is left there.
  useEffect(() => {
    const elsewhere = () => { pressed.current = false; };
    addEventListener('pointerdown', elsewhere);
    return () => removeEventListener('pointerdown', elsewhere);
  }, []);
  useLayoutEffect(() => {
    if (pressed.current && document.activeElement === document.body) row.current?.querySelector('button')?.focus();
  });
  return html`<div class="controls-of">
    <div class="buttons" ref=${row} role="group" aria-label="What can be done with this call" onClick=${() => { pressed.current = true; }}>
      ${rowOfButtons.map((name) => (name.startsWith('panel ') ? toPanel(desk, call, name.slice(6), open) : toService(desk, call, name, ringing)))}
    </div>
    ${(open === 'transfer' || open === 'redirect') && html`<${Destination} key=${open} desk=${desk} call=${call} name=${open} />`}
    ${open === 'digits' && html`<${Digits} desk=${desk} call=${call} />`}
  </div>`;
}

function toService(desk, call, name, ringing) {
  if (!desk.shows(call, name)) return null;
  const { label, key, kind, place } = services[name];
  return html`<${Button} key=${place ?? name} label=${name === 'release' && ringing ? 'Reject' : label} keys=${key} kind=${kind}
    busy=${desk.busy(call, name)} off=${!desk.may(call, name)} onPress=${() => desk.ask(call, name, label)} />`;
}

// openable: the panel is one of the call's, and there is something to be done with it. Of a call and the consultation about
// it, it is the call that is given away.
export function openable(desk, call, name, can = desk.shows) {
  return !(name === 'transfer' && call.type === 'consult') && panels[name].services.some((each) => can(call, each));
}

function toPanel(desk, call, name, open) {
  const { label, key, services } = panels[name];
  if (!openable(desk, call, name)) return null;
  return html`<${Button} key=${name} label=${label} keys=${key} expanded=${open === name} off=${!services.some((each) => desk.may(call, each))}
    onPress=${() => (open === name ? desk.close() : desk.open(call.connId, name))} />`;
}

// useFirst gives the focus to the first field of a form that has been opened.
export function useFirst() {
  const form = useRef();
  useEffect(() => form.current.querySelector('input, textarea, select')?.focus(), []);
  return form;
}

function Destination({ desk, call, name }) {
  const form = useFirst();
  const [to, setTo] = useState('');
  const ask = async (service) => {
    if (to && (await desk.ask(call, service, services[service].label, { to }))) desk.close();
  };
  const usable = panels[name].services.filter((each) => desk.shows(call, each));
  useEffect(() => {
    if (usable.length === 0) desk.close(); // what it was for has been done, here or elsewhere
  }, [usable.length]);
  return html`<form class="panel-of" ref=${form} onSubmit=${(event) => { event.preventDefault(); ask(usable[0]); }}>
    <label for=${`to-${call.connId}`}>To the number</label>
    <input id=${`to-${call.connId}`} inputmode="tel" autocomplete="off" required maxlength="64" value=${to} onInput=${(event) => setTo(event.target.value.trim())} />
    ${usable.map((each, i) => html`<${Button} key=${each} submit=${i === 0} label=${services[each].label} busy=${desk.busy(call, each)} off=${!desk.may(call, each)} onPress=${i === 0 ? undefined : () => ask(each)} />`)}
    <${Button} label="Cancel" kind="quiet" onPress=${desk.close} />
  </form>`;
}

function Digits({ desk, call }) {
  const form = useFirst();
  const [digits, setDigits] = useState('');
  const send = async (event) => {
    event.preventDefault();
    if (digits && (await desk.ask(call, 'sendDigits', 'Send keys', { digits }, { seen: false }))) setDigits('');
  };
  return html`<form class="panel-of" ref=${form} onSubmit=${send}>
    <label for=${`digits-${call.connId}`}>Keys (0–9 * #)</label>
    <input id=${`digits-${call.connId}`} inputmode="tel" autocomplete="off" maxlength="64" pattern="[0-9A-D*#]+" value=${digits} onInput=${(event) => setDigits(event.target.value)} />
    <${Button} submit label="Send" busy=${desk.busy(call, 'sendDigits')} off=${!desk.may(call, 'sendDigits')} />
    <${Button} label="Close" kind="quiet" onPress=${desk.close} />
  </form>`;
}
