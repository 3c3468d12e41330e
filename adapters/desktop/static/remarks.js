// How a call turned out, and the notes about it; also when it is over.

import { html, useEffect, useRef, useState } from './html.js';
import { Moment, get } from './parts.js';
import { Button } from './commands.js';
import { settings } from './settings.js';

// The record is a moment behind the log: it is asked again after these times until it has what was said.
const askAgain = [0, 300, 1000, 3000];

// useRecord is the record of a call, asked for again when stamp is another one, until it is enough.
export function useRecord(connId, stamp = 0, enough = () => true) {
  const [record, setRecord] = useState(null);
  const wanted = useRef();
  wanted.current = enough;
  useEffect(() => {
    const asking = new AbortController();
    let timer;
    const ask = (times) => {
      timer = setTimeout(async () => {
        const found = await get(`/v1/calls/${connId}`, asking.signal).catch(() => null); // the rest of the card is there without it
        if (asking.signal.aborted) return;
        if (found) setRecord(found);
        if (times.length > 1 && !(found && wanted.current(found))) ask(times.slice(1));
      }, times[0]);
    };
    ask(askAgain);
    return () => {
      asking.abort();
      clearTimeout(timer);
    };
  }, [connId, stamp]);
  return record;
}

// Remarks shows what others say of a call that goes on, too: the feed tells that there is something new.
export function Remarks({ desk, call }) {
  const [said, setSaid] = useState({ count: 0, enough: () => true });
  const told = (found) => call.over || (found.notes.length >= (call.notes ?? 0) && (found.disposition ?? '') === (call.disposition ?? ''));
  const record = useRecord(call.connId, `${said.count} ${call.notes} ${call.disposition}`, (found) => said.enough(found) && told(found));
  const [text, setText] = useState('');
  const [code, setCode] = useState(null); // null: as in the record
  const tell = (enough) => setSaid({ count: said.count + 1, enough });
  const notes = record?.notes ?? [];

  async function add(event) {
    event.preventDefault();
    if (!text.trim()) return;
    const answer = await desk.ask(call, 'addNote', 'Add a note', { text: text.trim() }, { seen: false });
    if (!answer) return;
    setText('');
    tell((found) => found.notes.length > notes.length);
  }

  async function dispose(event) {
    event.preventDefault();
    const wanted = (code ?? '').trim();
    if (!wanted) return;
    const answer = await desk.ask(call, 'setDisposition', 'Disposition', { code: wanted }, { seen: false });
    if (answer) tell((found) => found.disposition === wanted);
  }

  return html`<section class="remarks" aria-label="Disposition and notes">
    <form onSubmit=${dispose}>
      <label for=${`disposition-${call.connId}`}>Disposition</label>
      <input id=${`disposition-${call.connId}`} data-key="o" list="dispositions" maxlength="200" autocomplete="off" value=${code ?? record?.disposition ?? ''} onInput=${(event) => setCode(event.target.value)} />
      <datalist id="dispositions">${settings.value.dispositions.map((each) => html`<option key=${each} value=${each} />`)}</datalist>
      <${Button} submit label="Save" busy=${desk.busy(call, 'setDisposition')} off=${!desk.may(call, 'setDisposition')} />
      <span class="said" role="status">${record?.disposition && html`is “${record.disposition}”`}</span>
    </form>
    <form onSubmit=${add}>
      <label for=${`note-${call.connId}`}>Note</label>
      <textarea id=${`note-${call.connId}`} data-key="m" rows="2" maxlength="8000" value=${text} onInput=${(event) => setText(event.target.value)}></textarea>
      <${Button} submit label="Add" busy=${desk.busy(call, 'addNote')} off=${!desk.may(call, 'addNote')} />
    </form>
    ${notes.length > 0 && html`<ul aria-label="Notes">${notes.map((note) => html`<li key=${note.at + note.text}><span>${note.text}</span> <small>${note.by} <${Moment} at=${note.at} brief /></small></li>`)}</ul>`}
  </section>`;
}
