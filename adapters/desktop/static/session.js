// The agent himself: what he does, since when, and the buttons by which he says what he wants to do.

import { html, useState } from './html.js';
import { Elapsed, Remaining, State, agentState } from './parts.js';
import { Button } from './commands.js';
import { useFirst } from './controls.js';
import { settings } from './settings.js';

export function Session({ desk }) {
  const { agent } = desk;
  const open = desk.panel?.of === 'me' ? desk.panel.name : '';
  const toggle = (name) => (open === name ? desk.close() : desk.open('me', name));
  const panel = (name, service, label, keys) => desk.shows(null, service) &&
    html`<${Button} key=${name} label=${label} keys=${keys} expanded=${open === name} busy=${desk.busy(null, service)} off=${!desk.may(null, service)} onPress=${() => toggle(name)} />`;
  const others = desk.permitted.queues.filter((queue) => !agent.queues.some((each) => each.queue === queue));
  const working = agent.state === 'afterCallWork';
  return html`<section class="me" data-state=${agent.state} aria-labelledby="me">
    <h1 id="me">${agent.id}${agent.dn && agent.dn !== agent.id && html` <small>at ${agent.dn}</small>`}</h1>
    <p class="mystate"><${State} state=${agent.state}>${agentState(agent.state)}<//> <${Elapsed} since=${agent.since} /></p>
    <p class="why">${agent.state === 'notReady' && agent.reason}${working && agent.acwEnd && html`ends in <${Remaining} until=${agent.acwEnd} />`}</p>
    <div class="buttons" role="group" aria-label="What you can do">
      ${desk.shows(null, 'ready') && html`<${Button} key="ready" kind="primary" label=${working ? 'Done, ready' : 'Ready'} keys="r" busy=${desk.busy(null, 'ready')} off=${!desk.may(null, 'ready')} onPress=${() => desk.ask(null, 'ready', 'Ready')} />`}
      ${panel('notReady', 'notReady', 'Not ready …', 'n')}
      ${panel('dial', 'makeCall', 'Call …', 'c')}
      ${(agent.state === 'loggedOut' || others.length > 0) && panel('login', 'login', agent.state === 'loggedOut' ? 'Log in …' : 'More queues …', 'l')}
      ${desk.shows(null, 'logout') && html`<${Button} key="logout" label="Log out" busy=${desk.busy(null, 'logout')} off=${!desk.may(null, 'logout')} onPress=${() => desk.ask(null, 'logout', 'Log out')} />`}
    </div>
    ${open === 'notReady' && html`<${NotReady} desk=${desk} />`}
    ${open === 'dial' && html`<${Dial} desk=${desk} />`}
    ${open === 'login' && html`<${Login} desk=${desk} free=${others} />`}
    <ul class="memberships" aria-label="Queues">
      ${agent.queues.map(({ queue, paused, reason }) => html`<li key=${queue} data-paused=${paused}>${queue}${paused && html` <small>paused${reason && `: ${reason}`}</small>`}</li>`)}
    </ul>
  </section>`;
}

function NotReady({ desk }) {
  const form = useFirst();
  const [reason, setReason] = useState('');
  const ask = async (event) => {
    event.preventDefault();
    if (await desk.ask(null, 'notReady', 'Not ready', { reason: reason.trim() })) desk.close();
  };
  return html`<form class="panel-of" ref=${form} onSubmit=${ask}>
    <label for="reason">Reason</label>
    <input id="reason" list="reasons" maxlength="200" autocomplete="off" value=${reason} onInput=${(event) => setReason(event.target.value)} />
    <datalist id="reasons">${settings.value.notReadyReasons.map((each) => html`<option key=${each} value=${each} />`)}</datalist>
    <${Button} submit label="Not ready" busy=${desk.busy(null, 'notReady')} off=${!desk.may(null, 'notReady')} />
    <${Button} label="Cancel" kind="quiet" onPress=${desk.close} />
  </form>`;
}

function Dial({ desk }) {
  const form = useFirst();
  const [to, setTo] = useState('');
  const ask = async (event) => {
    event.preventDefault();
    if (to && (await desk.ask(null, 'makeCall', 'Call', { to }))) desk.close();
  };
  return html`<form class="panel-of" ref=${form} onSubmit=${ask}>
    <label for="dial">Number</label>
    <input id="dial" inputmode="tel" autocomplete="off" required maxlength="64" value=${to} onInput=${(event) => setTo(event.target.value.trim())} />
    <${Button} submit label="Call" busy=${desk.busy(null, 'makeCall')} off=${!desk.may(null, 'makeCall')} />
    <${Button} label="Cancel" kind="quiet" onPress=${desk.close} />
  </form>`;
}

// As many queues are chosen beforehand where none were chosen before; of more a person has to choose his own.
const fewQueues = 6;

function Login({ desk, free }) {
  const { agent, permitted } = desk;
  const form = useFirst();
  const before = JSON.parse(localStorage.getItem(`callstate.login.${agent.id}`) ?? '{}');
  const [dn, setDN] = useState(agent.dn || before.dn || agent.id);
  const [on, setOn] = useState(agent.switch || before.switch || '');
  const [queues, setQueues] = useState(before.queues?.filter((queue) => free.includes(queue)) ?? (free.length <= fewQueues ? free : []));
  const [more, setMore] = useState(''); // queues of which nothing has been heard yet
  const all = [...new Set([...queues, ...more.split(',').map((queue) => queue.trim()).filter(Boolean)])];
  const choose = (queue, chosen) => setQueues(chosen ? [...queues, queue] : queues.filter((each) => each !== queue));
  const ask = async (event) => {
    event.preventDefault();
    const body = { dn, queues: all, switch: on || permitted.switches[0] };
    if (all.length === 0 || !(await desk.ask(null, 'login', 'Log in', body))) return;
    localStorage.setItem(`callstate.login.${agent.id}`, JSON.stringify(body));
    desk.close();
  };
  return html`<form class="panel-of" ref=${form} onSubmit=${ask}>
    <label for="dn">Telephone (DN)</label>
    <input id="dn" required maxlength="64" autocomplete="off" value=${dn} readonly=${agent.state !== 'loggedOut'} onInput=${(event) => setDN(event.target.value.trim())} />
    ${permitted.switches.length > 1 && html`<label for="switch">Switch</label>
      <select id="switch" value=${on} onChange=${(event) => setOn(event.target.value)}>${permitted.switches.map((each) => html`<option key=${each}>${each}</option>`)}</select>`}
    <fieldset><legend>Queues</legend>${free.map((queue) => html`<label key=${queue}><input type="checkbox" checked=${queues.includes(queue)} onChange=${(event) => choose(queue, event.target.checked)} /> ${queue}</label>`)}
      <label for="queues">Others</label><input id="queues" maxlength="1000" autocomplete="off" placeholder="sales, support" value=${more} onInput=${(event) => setMore(event.target.value)} /></fieldset>
    <${Button} submit kind="primary" label=${agent.state === 'loggedOut' ? 'Log in' : 'Join'} busy=${desk.busy(null, 'login')} off=${!desk.may(null, 'login') || all.length === 0} />
    <${Button} label="Cancel" kind="quiet" onPress=${desk.close} />
  </form>`;
}
