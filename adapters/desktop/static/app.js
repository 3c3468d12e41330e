// The page: which part of it is shown, the live feed under it, and the bar on top.

import { h, html, render, useEffect, useLayoutEffect, useReducer, useRef, useState } from './vendor/htm-preact.js';
import { Feed } from './feed.js';
import { Elapsed, clock, number, ticker } from './parts.js';
import { duration } from './clock.js';
import { Floor } from './floor.js';
import { Desktop } from './agent.js';
import { Calls } from './calls.js';
import { Call } from './call.js';
import { Numbers } from './numbers.js';
import { Api } from './api.js';
import { Past } from './past.js';
import { Who, allowed, pagesOf, whoSits } from './who.js';

// Changes that come within this time of the feed's (re)connection may be old ones that were missed.
const catchingUp = 2000;

// A change that is told so long after it happened shows that the feed is behind.
const behindAfter = 4000;

// As often as a person can see, and no more: this page is open all day.
const drawEvery = 100;

const feedStates = { connecting: 'Connecting', live: 'Live', behind: 'Behind', lost: 'Connection lost' };

function App({ who }) {
  const route = allowed(useRoute(), who);
  const pages = pagesOf(who);
  const agent = route.page === 'agents' ? route.id : who?.agent;
  const feed = useFeed(agent ?? '');
  const past = usePast(route, feed.model);
  const { model, state } = feed;
  useTitle(route, model, pages);
  // Who is not known any more has to log in again; else the feed comes back by itself.
  useEffect(() => { if (who?.subject && state === 'lost') whoSits().catch(() => {}); }, [state]);
  return html`
    <a class="skip" href="#main" onClick=${skip}>To the content</a>
    <header class="bar">
      <a class="brand" href="#/"><img src="/icon.svg" alt="" width="22" height="22" /><span>callstate</span></a>
      <nav aria-label="Pages">
        ${pages.map(([page, href, name]) => html`<a key=${page} href=${href} aria-current=${route.page === page ? 'page' : undefined}>${name}</a>`)}
      </nav>
      <div class="links">${[...model.links.values()].map((link) => html`<${Link} key=${link.switch} link=${link} />`)}</div>
      <div class="feed" data-feed=${state} title=${`Log position ${model.position}`}>
        <span role="status"><i aria-hidden="true"></i>${feedStates[state]}${state === 'behind' && ` by ${duration(feed.late)}`}</span>
        <span class="position"><span class="unseen">Log position </span>${model.position ? `#${model.position}` : ''}</span>
      </div>
      <${Who} who=${who} />
    </header>
    <main id="main" tabindex="-1" class=${state === 'lost' ? 'stale' : ''} data-past=${route.page === 'floor' && !past.live}><${Page} route=${route} feed=${feed} past=${past} who=${who} /></main>
    ${state === 'lost' && html`<div class="lost" role="alert">${feed.why || 'The connection to the engine is lost.'} What you see is not up to date; it comes back by itself.</div>`}
  `;
}

function Page({ route, feed, past, who }) {
  switch (route.page) {
    case 'calls':
      return route.id
        ? html`<${Call} key=${route.id} connId=${route.id} own=${who?.role === 'agent'} live=${feed.model.calls.get(route.id)} />`
        : html`<${Calls} query=${route.query} ended=${feed.ended} own=${who?.role === 'agent'} />`;
    case 'agents':
      if (!feed.model.agents.has(route.id)) return html`<p class="empty">Connecting to the desktop of ${route.id} …</p>`;
      return html`<${Desktop} key=${route.id} id=${route.id} model=${feed.model} live=${feed.state === 'live' || feed.state === 'behind'} ended=${feed.ended} />`;
    case 'numbers':
      return html`<${Numbers} query=${route.query} model=${feed.model} />`;
    case 'api':
      return html`<${Api} />`;
  }
  if (!feed.model.loaded) return html`<p class="empty">Connecting to the floor …</p>`;
  return html`<${Floor} model=${past.model ?? feed.model} past=${past} />`;
}

function Link({ link }) {
  return html`<span class="link" data-up=${String(link.up)} title=${`Link to ${link.switch}`}>
    <i aria-hidden="true"></i>${link.switch} ${link.up ? 'up' : 'down'} <${Elapsed} since=${link.since} />
  </span>`;
}

// The hash names the page: #/, #/?at=<time>, #/agents/1001, #/calls?queue=sales, #/calls/<connection id>, #/numbers, #/api.
function useRoute() {
  const [route, setRoute] = useState(readRoute);
  useLayoutEffect(() => { // at once: what is asked for before the first picture counts too
    const changed = () => setRoute(readRoute());
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return route;
}

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

// usePast is the floor's past, which only the floor's page shows; its moment stands in the page's address.
function usePast(route, model) {
  const [, draw] = useReducer((n) => n + 1, 0);
  const held = useRef(null);
  held.current ??= new Past(draw);
  const past = held.current;
  past.last = () => Date.parse(model.at);
  past.settled = () => {
    const hash = past.live ? '#/' : `#/?at=${new Date(past.now()).toISOString()}`;
    history.replaceState(null, '', hash);
  };
  const at = route.page === 'floor' ? Date.parse(new URLSearchParams(route.query).get('at')) : NaN;
  useEffect(() => {
    if (at > 0) past.show(at);
    else if (!past.live) past.goLive();
  }, [route]);
  return past;
}

// useFeed follows the feed of an agent's desktop, or of the whole floor, and draws what has changed.
function useFeed(agent) {
  const url = agent ? `/v1/agents/${encodeURIComponent(agent)}/stream` : '/v1/floor/stream';
  const [, draw] = useReducer((n) => n + 1, 0);
  const held = useRef({});
  if (held.current.url !== url) {
    held.current.feed?.close();
    held.current = follow(url, draw, agent !== '');
  }
  const { feed, seen } = held.current;
  const behind = feed.state === 'live' && seen.late > behindAfter;
  return { model: feed.model, state: behind ? 'behind' : feed.state, late: seen.late, why: feed.why, ended: seen.ended };
}

function follow(url, draw, unseen) {
  const seen = { ended: 0, liveSince: Infinity, late: 0 };
  let due = false;
  let drawn = 0;
  let settled;
  const drawNow = () => {
    if (!due) return;
    due = false;
    drawn = performance.now();
    draw();
  };
  // The first change is drawn at once, those that follow on its heels together. Not with the frames of the screen: a
  // page in the background gets none, and its title has to tell of a ringing call all the same.
  const drawSoon = () => {
    if (due) return;
    due = true;
    setTimeout(drawNow, Math.max(0, drawn + drawEvery - performance.now()));
  };
  const feed = new Feed(url, {
    changed(model, { change }) {
      if (model.at) clock.heard(model.at, change && performance.now() - seen.liveSince > catchingUp);
      seen.late = change ? clock.present() - Date.parse(model.at) : 0;
      clearTimeout(settled); // what is not followed by more was the end of it
      if (seen.late > behindAfter) settled = setTimeout(() => { seen.late = 0; drawSoon(); }, catchingUp);
      seen.ended += change?.gone?.length ?? 0;
      drawSoon();
    },
    stateChanged(state) {
      seen.liveSince = state === 'live' ? performance.now() : Infinity;
      drawSoon();
    },
  });
  // A browser has few connections to one server. The floor needs none while nobody sees it, since it misses nothing;
  // a desktop does, because it has to tell of a call.
  const seenOrNot = () => {
    if (unseen || !document.hidden) feed.open();
    else feed.close();
    drawNow();
  };
  document.onvisibilitychange = seenOrNot;
  window.onpagehide = () => feed.close();
  window.onpageshow = seenOrNot;
  return { url, feed, seen };
}

// useTitle tells of a ringing call in the browser's tab.
function useTitle(route, model, pages) {
  const ringing = route.page === 'agents' && model.agents.get(route.id)?.state === 'ringing';
  const call = ringing && [...model.calls.values()].find((each) => each.state === 'ringing');
  const page = route.page === 'agents' ? `Agent ${route.id}` : pages.find(([name]) => name === route.page)?.[2] ?? 'API';
  useEffect(() => {
    document.title = call ? `☎ ${number(call.ani)} rings` : `${page} · callstate`;
  });
}

function skip(event) {
  event.preventDefault(); // the hash is the page's address
  document.getElementById('main').focus();
}

const who = await whoSits().catch(() => null); // the feed says when the engine is away
render(h(App, { who }), document.getElementById('app'));
ticker.tick();
