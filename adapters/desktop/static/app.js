// The page: which part of it is shown, the live feed under it, and the bar on top.

import { effect, html, render, signal, useEffect, useMemo } from './html.js';
import { Elapsed, Problem, number, ticker } from './parts.js';
import { duration } from './clock.js';
import { Live } from './live.js';
import { Floor } from './floor.js';
import { Desktop } from './agent.js';
import { Calls } from './calls.js';
import { Call } from './call.js';
import { Numbers } from './numbers.js';
import { Api } from './api.js';
import { Who, allowed, pagesOf, whoSits } from './who.js';

const feedStates = { connecting: 'Connecting', live: 'Live', behind: 'Behind', lost: 'Connection lost' };

// The hash names the page: #/, #/?at=<time>, #/agents/1001, #/calls?queue=sales, #/calls/<connection id>, #/numbers, #/api.
const asked = signal(readRoute());
addEventListener('hashchange', () => { asked.value = readRoute(); });

function readRoute() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [page, id = ''] = path.split('/');
  const known = pagesOf(null).some(([name]) => name === page) || (page === 'agents' && id);
  return { page: known ? page : 'floor', id: decode(id), query };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function App({ who }) {
  const route = allowed(asked.value, who);
  const pages = pagesOf(who);
  const follows = pages.some(([page]) => page !== 'api'); // who may see no more than that has nothing to follow
  const live = useLive(route.page === 'agents' ? route.id : who.agent ?? '', follows);
  const { state } = live;
  useTitle(route, live, pages);
  // Who is not known any more has to log in again; else the feed comes back by itself.
  useEffect(() => { if (who.subject && state === 'lost') whoSits().catch(() => {}); }, [state]);
  return html`
    <a class="skip" href="#main" onClick=${skip}>To the content</a>
    <header class="bar">
      <a class="brand" href="#/"><img src="/icon.svg" alt="" width="22" height="22" /><span>callstate</span></a>
      <nav aria-label="Pages">
        ${pages.map(([page, href, name]) => html`<a key=${page} href=${href} aria-current=${route.page === page ? 'page' : undefined}>${name}</a>`)}
      </nav>
      <${Links} live=${live} />
      ${follows && html`<${FeedState} live=${live} />`}
      <${Who} who=${who} />
    </header>
    <main id="main" tabindex="-1" class=${state === 'lost' ? 'stale' : ''}><${Page} route=${route} live=${live} who=${who} /></main>
    ${state === 'lost' && html`<div class="lost" role="alert">${live.why || 'The connection to the engine is lost.'} What you see is not up to date; it comes back by itself.</div>`}
  `;
}

function Page({ route, live, who }) {
  switch (route.page) {
    case 'calls':
      return route.id
        ? html`<${Call} key=${route.id} connId=${route.id} own=${who.role === 'agent'} live=${live} />`
        : html`<${Calls} query=${route.query} live=${live} own=${who.role === 'agent'} />`;
    case 'agents':
      if (!live.agents.has(route.id)) return html`<p class="empty">Connecting to the desktop of ${route.id} …</p>`;
      return html`<${Desktop} key=${route.id} id=${route.id} live=${live} />`;
    case 'numbers':
      return html`<${Numbers} query=${route.query} live=${live} />`;
    case 'api':
      return html`<${Api} />`;
  }
  if (!live.loaded) return html`<p class="empty">Connecting to the floor …</p>`;
  return html`<${Floor} route=${route} live=${live} />`;
}

function Links({ live }) {
  return html`<div class="links">${live.links.values().map(({ switch: name, up, since }) => html`<span key=${name} class="link" data-up=${String(up)} title=${`Link to ${name}`}>
    <i aria-hidden="true"></i>${name} ${up ? 'up' : 'down'} <${Elapsed} since=${since} />
  </span>`)}</div>`;
}

function FeedState({ live }) {
  const { state, position } = live;
  return html`<div class="feed" data-feed=${state} title=${`Log position ${position}`}>
    <span><i aria-hidden="true"></i><span role="status">${feedStates[state]}</span>${state === 'behind' && ` by ${duration(live.late)}`}</span>
    <span class="position"><span class="unseen">Log position </span>${position ? `#${position}` : ''}</span>
  </div>`;
}

// useLive follows the feed of an agent's desktop, or, without an agent, of the whole floor.
function useLive(agent, follows) {
  const live = useMemo(() => new Live(agent), [agent]);
  useEffect(() => (follows ? live.follow() : undefined), [live, follows]);
  return live;
}

// useTitle tells of a ringing call in the browser's tab.
function useTitle(route, live, pages) {
  useEffect(() => effect(() => {
    const ringing = route.page === 'agents' && live.agents.get(route.id)?.state === 'ringing';
    const call = ringing && live.calls.values().find((each) => each.state === 'ringing');
    const page = route.page === 'agents' ? `Agent ${route.id}` : pages.find(([name]) => name === route.page)?.[2] ?? 'API';
    document.title = call ? `☎ ${number(call.ani)} rings` : `${page} · callstate`;
  }), [route, live]);
}

function skip(event) {
  event.preventDefault(); // the hash is the page's address
  document.getElementById('main').focus();
}

// start shows the page once it is known who sits there, and says meanwhile why that is not known.
async function start(failures = 0) {
  const page = document.getElementById('app');
  const show = (what) => {
    if (failures === 0) page.replaceChildren(); // Preact leaves what it has not made
    render(what, page);
  };
  const who = await whoSits().catch((error) => {
    show(html`<main id="main"><${Problem} error=${error} /><p class="empty">It is asked again.</p></main>`);
    setTimeout(() => start(failures + 1), Math.min(1000 * 2 ** failures, 15000));
  });
  if (who) show(html`<${App} who=${who} />`);
}

start();
ticker.tick();
