// Keys that do what the buttons of a page do. They are single characters, so they can be turned off (WCAG 2.1.4), and
// they are nothing but characters while somebody writes.

import { html, useEffect, useLayoutEffect, useRef, useState } from './html.js';

const setting = 'callstate.shortcuts';

// useShortcuts calls what belongs to a key; keys is a list of { key, label, run }, run is missing while it can't be done.
export function useShortcuts(keys) {
  const [on, setOn] = useState(() => localStorage.getItem(setting) !== 'off');
  const [listed, setListed] = useState(false);
  const held = useRef();
  held.current = { keys, on, listed };
  useLayoutEffect(() => {
    const pressed = (event) => {
      const { keys, on, listed } = held.current;
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.repeat || listed || writing(event.target)) return;
      if (event.key === '?') setListed(true); // it turns them on again
      else if (on) keys.find((each) => each.key === event.key)?.run?.();
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, []);
  const turn = (on) => {
    localStorage.setItem(setting, on ? 'on' : 'off');
    setOn(on);
  };
  return { on, turn, listed, list: () => setListed(true), close: () => setListed(false) };
}

function writing(element) {
  return element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName);
}

// Shortcuts is the list of keys.
export function Shortcuts({ keys, shortcuts }) {
  const dialog = useRef();
  useEffect(() => {
    if (shortcuts.listed) dialog.current.showModal();
  }, [shortcuts.listed]);
  if (!shortcuts.listed) return null;
  return html`<dialog class="shortcuts" ref=${dialog} aria-labelledby="shortcuts" onClose=${shortcuts.close}>
    <h2 id="shortcuts">Keyboard shortcuts</h2>
    <dl>${keys.map(({ key, label }) => html`<div key=${key}><dt><kbd>${key}</kbd></dt><dd>${label}</dd></div>`)}
      <div><dt><kbd>?</kbd></dt><dd>This list</dd></div><div><dt><kbd>Esc</kbd></dt><dd>Close what is open</dd></div></dl>
    <label><input type="checkbox" checked=${shortcuts.on} onChange=${(event) => shortcuts.turn(event.target.checked)} /> These keys are shortcuts, except in a field</label>
    <form method="dialog"><button>Close</button></form>
  </dialog>`;
}
