// Who sits at the page, where the engine asks: what he may see, and the way out.

import { html } from './html.js';
import { get } from './parts.js';

// So long an answer may take.
const patience = 15000;

let leaving = false;

// whoSits is { subject, role, agent } of the session; without a subject nobody has to say who he is. Without a session the
// browser goes where one is made, by a click: an OpenID provider might still know him who has just logged out in another tab.
export function whoSits() {
  return get('/v1/session', AbortSignal.timeout(patience)).catch((error) => {
    if (error.status !== 401) throw error;
    if (!leaving) location.assign('/login');
    return new Promise(() => {});
  });
}

const everything = [['floor', '#/', 'Floor'], ['calls', '#/calls', 'Calls'], ['numbers', '#/numbers', 'Numbers'], ['api', '#/api', 'API']];

// pagesOf are the pages that somebody may see: [page, address, name].
export function pagesOf(who) {
  if (who?.role === 'agent') return [['agents', `#/agents/${encodeURIComponent(who.agent)}`, 'Desktop'], ['calls', '#/calls', 'Calls'], ['api', '#/api', 'API']];
  if (who?.role === 'ivr') return everything.slice(-1);
  return everything;
}

// allowed is where somebody gets who goes to a page: an agent has his own desktop and his own calls.
export function allowed(route, who) {
  const pages = pagesOf(who);
  if (who?.role === 'agent') {
    if (route.page === 'agents' || !pages.some(([page]) => page === route.page)) return { page: 'agents', id: who.agent, query: '' };
    if (route.page === 'calls' && !route.id) {
      const query = new URLSearchParams(route.query);
      query.set('agent', who.agent);
      return { ...route, query: query.toString() };
    }
    return route;
  }
  const page = route.page === 'agents' ? 'floor' : route.page; // from which desktops are opened
  return pages.some(([each]) => each === page) ? route : { page: pages[0][0], id: '', query: '' };
}

async function leave() {
  leaving = true; // the feed ends with the session, before we are gone
  await fetch('/logout', { method: 'POST', redirect: 'manual' }).catch((error) => { leaving = false; throw error; });
  location.assign('/logout');
}

export function Who({ who }) {
  if (!who?.subject) return null;
  return html`<div class="who"><span>${who.subject}</span> <button type="button" class="quiet" onClick=${leave}>Log out</button></div>`;
}
