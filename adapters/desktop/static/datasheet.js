// A call's attached data, to be read and to be changed. A change is made of what was seen: where somebody else has changed
// the data meanwhile, both changes are put together and shown, and nothing is overwritten.

import { html, useEffect, useRef, useState } from './html.js';
import { DataTable, ask } from './parts.js';
import { Button } from './commands.js';

// merge puts two changes of the same data together. Where both changed an entry, and not to the same, it stays as in mine
// and is in conflicts; changed are the keys that only theirs changed. What is deleted is undefined.
export function merge(base, mine, theirs) {
  const merged = {};
  const changed = [];
  const conflicts = [];
  for (const key of new Set([...Object.keys(base), ...Object.keys(mine), ...Object.keys(theirs)])) {
    let value = mine[key];
    if (mine[key] === base[key] && theirs[key] !== base[key]) {
      value = theirs[key];
      changed.push(key);
    } else if (theirs[key] !== base[key] && theirs[key] !== mine[key]) {
      conflicts.push(key);
    }
    if (value !== undefined) merged[key] = value;
  }
  return { merged, changed, conflicts };
}

// difference is what has to be asked to make one out of the other.
export function difference(base, mine) {
  const set = Object.fromEntries(Object.entries(mine).filter(([key, value]) => base[key] !== value));
  return { set, delete: Object.keys(base).filter((key) => mine[key] === undefined) };
}

export function DataSheet({ desk, call }) {
  const editing = desk.panel?.of === call.connId && desk.panel.name === 'data';
  if (editing) return html`<${Editor} desk=${desk} call=${call} />`;
  return html`<${DataTable} data=${call.userData} />
    ${desk.shows(call, 'changeUserData') && html`<p class="under"><${Button} kind="quiet" label="Edit data" keys="u" off=${!desk.may(call, 'changeUserData')} onPress=${() => desk.open(call.connId, 'data')} /></p>`}`;
}

// current is the data as the log has it now, with the tag of this version.
async function current(connId, signal) {
  const response = await ask(`/v1/calls/${connId}/userdata`, { signal });
  return { data: (await response.json()).userData, tag: response.headers.get('ETag') };
}

const rowsOf = (data) => Object.entries(data).map(([key, value]) => ({ id: key, key, value, fixed: true }));
const dataOf = (rows) => Object.fromEntries(rows.filter((row) => row.key && !row.gone).map((row) => [row.key, row.value]));

function Editor({ desk, call }) {
  const [seen, setSeen] = useState(null); // { data, tag } on which the change is made
  const [rows, setRows] = useState([]);
  const [news, setNews] = useState(null); // { changed, conflicts, theirs } where somebody else was faster
  const [error, setError] = useState('');
  const form = useRef();
  const count = useRef(0);
  useEffect(() => {
    const asking = new AbortController();
    current(call.connId, asking.signal)
      .then((now) => {
        setSeen(now);
        setRows(rowsOf(now.data));
      })
      .catch((problem) => asking.signal.aborted || setError(problem.message));
    return () => asking.abort();
  }, [call.connId]);
  useEffect(() => form.current?.querySelector('input')?.focus(), [seen !== null]);
  const change = (id, part) => setRows(rows.map((row) => (row.id === id ? { ...row, ...part } : row)));
  const add = () => setRows([...rows, { id: `new ${count.current++}`, key: '', value: '', fixed: false }]);

  async function save(event) {
    event.preventDefault();
    setError('');
    const keys = rows.filter((row) => !row.gone && row.key).map((row) => row.key);
    if (new Set(keys).size < keys.length) {
      setError('A name is there twice.');
      return;
    }
    try {
      const wanted = difference(seen.data, dataOf(rows));
      const answer = await desk.ask(call, 'changeUserData', 'Edit data', wanted, { headers: { 'If-Match': seen.tag }, expected: 'userDataChanged' });
      if (answer) desk.close();
    } catch {
      await meanwhile();
    }
  }

  // meanwhile puts together what was meant and what somebody else has done.
  async function meanwhile() {
    try {
      const now = await current(call.connId);
      const { merged, changed, conflicts } = merge(seen.data, dataOf(rows), now.data);
      setNews({ changed, conflicts, theirs: now.data, before: seen.data });
      setSeen(now);
      setRows(rowsOf(merged));
    } catch (problem) {
      setError(problem.message);
    }
  }

  if (!seen) return html`<p class="none">${error || 'Loading …'}</p>`;
  return html`<form class="sheet" ref=${form} onSubmit=${save} aria-label="Attached data">
    <div role="alert">${news && html`<${News} ...${news} />`}${error && html`<p class="wrong">${error}</p>`}</div>
    ${rows.map((row) => html`<div class="row" key=${row.id} data-gone=${row.gone} data-conflict=${news?.conflicts.includes(row.key)}>
      ${row.fixed ? html`<label for=${`data-${row.id}`}>${row.key}</label>` : html`<input aria-label="Name" maxlength="200" value=${row.key} onInput=${(event) => change(row.id, { key: event.target.value.trim() })} />`}
      <input id=${`data-${row.id}`} aria-label=${row.fixed ? undefined : `Value of ${row.key || 'the new entry'}`} value=${row.value} disabled=${row.gone} onInput=${(event) => change(row.id, { value: event.target.value })} />
      <button type="button" class="quiet" aria-label=${`${row.gone ? 'Keep' : 'Delete'} ${row.key || 'the new entry'}`} onClick=${() => (row.fixed ? change(row.id, { gone: !row.gone }) : setRows(rows.filter((each) => each !== row)))}>${row.gone ? 'Keep' : 'Delete'}</button>
      ${news?.conflicts.includes(row.key) && news.theirs[row.key] !== undefined && html`<button type="button" onClick=${() => change(row.id, { value: news.theirs[row.key] })}>Take “${news.theirs[row.key]}”</button>`}
    </div>`)}
    <div class="buttons"><${Button} submit kind="primary" label="Save" busy=${desk.busy(call, 'changeUserData')} off=${!desk.may(call, 'changeUserData')} />
      <${Button} label="Add an entry" onPress=${add} /><${Button} label="Cancel" onPress=${desk.close} /></div>
  </form>`;
}

// News says what somebody else has done to the data meanwhile.
function News({ changed, conflicts, theirs, before }) {
  const told = (key) => (theirs[key] === undefined ? `${key} is deleted` : `${key} is “${theirs[key]}”${before[key] === undefined ? '' : `, was “${before[key]}”`}`);
  return html`<div class="problem"><strong>Somebody has changed the data meanwhile.</strong> Nothing is saved yet: look at it, and save again.
    <ul>${changed.map((key) => html`<li key=${key}>${told(key)}: taken over</li>`)}
      ${conflicts.map((key) => html`<li key=${key}>${told(key)}: you have changed it too, and yours is below</li>`)}</ul></div>`;
}
