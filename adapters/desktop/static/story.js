// The story of a call, made of its events: who and what took part, and from when to when in which state. It has no
// dependencies and knows no screen.
//
// A lane is a party, an IVR, a queue or a consultation. Its bars are the stretches in one state: from and to are
// milliseconds since the call began (to is null while the stretch goes on), first and last the indexes of the events
// that began and ended it. Arrows lead from lane to lane.

export function tell(events) {
  const story = new Story(events[0] && Date.parse(events[0].switchTime));
  events.forEach((event, index) => story.take(event, index));
  return { lanes: [...story.lanes.values()], arrows: story.arrows, changes: story.changes, length: story.length, ended: story.ended };
}

// stateAt is what a lane was in after an event; nothing when it took no part then.
export function stateAt(lane, index) {
  return lane.bars.findLast((bar) => bar.first <= index && (bar.last === null || bar.last > index));
}

// dataAt is the attached data after an event, and which of it that event changed.
export function dataAt(changes, index) {
  const data = {};
  let changed = [];
  for (const change of changes) {
    if (change.index > index) break;
    for (const { key, value } of change.set) data[key] = value;
    for (const key of change.deleted) delete data[key];
    changed = change.index === index ? [...change.set.map((each) => each.key), ...change.deleted] : [];
  }
  return { data, changed };
}

class Story {
  lanes = new Map(); // by kind and name, in the order in which they came
  arrows = [];
  changes = []; // of the attached data
  length = 0; // in milliseconds
  ended = false;
  #began;
  #parties = new Map(); // party id -> { lane, state }
  #visits = new Map(); // visit id -> lane
  #caller = null; // the party that began the call
  #from = null; // the lane that had the caller last
  #transfer = null; // one whose target has not shown yet

  constructor(began) {
    this.#began = began;
  }

  take({ type, switchTime, data }, index) {
    const at = { ms: Math.max(this.length, Date.parse(switchTime) - this.#began), index };
    this.length = at.ms;
    this[`on${type}`]?.(data, at);
    this.#callerNow(at);
  }

  onCallEnded(_, at) {
    for (const lane of this.lanes.values()) this.#close(lane, at);
    this.ended = true;
  }

  onCallPresumedEnded(data, at) { this.onCallEnded(data, at); }

  onPartyDialing(data, at) { this.#party(data, 'dialing', at); }
  onPartyAlerting(data, at) { this.#party(data, 'ringing', at); }
  onPartyConnected(data, at) { this.#party(data, 'talking', at); }
  onPartyHeld(data, at) { this.#party(data, 'held', at); }
  onPartyRetrieved(data, at) { this.#party(data, 'talking', at); }
  onPartyFailed(data, at) { this.#party(data, 'failed', at); }

  onPartyReleased({ party }, at) {
    const known = this.#parties.get(party);
    if (!known) return;
    this.#parties.delete(party);
    this.#close(known.lane, at);
  }

  onIVREntered({ ivr }, at) {
    const lane = this.#lane('ivr', ivr);
    this.#arrow(this.#laneOf(this.#caller), lane, 'moves', '', at);
    this.#open(lane, 'ivr', at);
    this.#from = lane;
  }

  onIVRLeft({ ivr }, at) { this.#close(this.#lane('ivr', ivr), at); }

  onQueueEntered({ visit, queue }, at) {
    const lane = this.#lane('queue', queue);
    this.#visits.set(visit, lane);
    this.#open(lane, 'queued', at);
    if (!this.#transferTo(lane, at)) this.#arrow(this.#from ?? this.#laneOf(this.#caller), lane, 'moves', '', at);
    this.#from = lane;
  }

  onQueueDistributed({ visit }, at) { this.#leaves(visit, at); }
  onQueueLeft({ visit }, at) { this.#leaves(visit, at); }
  onQueueAbandoned({ visit }, at) { this.#leaves(visit, at); }

  onConsultStarted({ consult, by, to }, at) {
    const lane = this.#lane('consult', consult, to);
    this.#open(lane, 'consult', at);
    this.#arrow(this.#laneOf(by), lane, 'consults', `Consults ${to ?? ''}`, at);
  }

  onConsultEnded({ consult }, at) {
    const lane = this.lanes.get(`consult ${consult}`);
    if (lane) this.#close(lane, at);
  }

  onCallTransferred({ kind, by, to, toCall }, at) {
    this.#transfer = { lane: this.#laneOf(by), label: `Transfer (${kind}) to ${to ?? 'the consulted party'}`, index: at.index };
    const consult = toCall && this.lanes.get(`consult ${toCall}`);
    if (consult) this.#close(consult, at);
  }

  onSupervisorJoined({ party, dn, mode }, at) {
    const lane = this.#lane('supervisor', dn || party);
    this.#parties.set(party, { lane, state: 'supervises' });
    this.#open(lane, 'supervises', at, mode);
  }

  onSupervisorLeft(data, at) { this.onPartyReleased(data, at); }

  onUserDataChanged({ set, deleted, by }, at) {
    this.changes.push({ index: at.index, ms: at.ms, by, set: set ?? [], deleted: deleted ?? [] });
  }

  #party({ party, dn, agent, external, role, queue, visit }, state, at) {
    let known = this.#parties.get(party);
    if (!known) {
      const caller = this.#caller === null && role !== 'destination' && state !== 'ringing';
      const lane = this.#lane(caller ? 'caller' : agent ? 'agent' : external ? 'outside' : 'device', agent || dn || party);
      known = { lane };
      this.#parties.set(party, known);
      if (caller) this.#caller = party;
      else if (!this.#transferTo(lane, at)) {
        const from = this.#visits.get(visit) ?? (queue && this.lanes.get(`queue ${queue}`)) ?? this.#laneOf(this.#caller);
        this.#arrow(from, lane, 'moves', '', at);
      }
    }
    known.state = state;
    if (party !== this.#caller) this.#open(known.lane, state, at);
  }

  // callerNow is what the caller is in: talking only while somebody else is.
  #callerNow(at) {
    const known = this.#parties.get(this.#caller);
    if (!known || this.ended) return;
    const others = [...this.#parties].filter(([party]) => party !== this.#caller).map(([, { state }]) => state);
    const talks = known.state === 'talking' && others.includes('talking');
    const held = known.state === 'talking' && !talks && others.includes('held');
    this.#open(known.lane, talks ? 'talking' : held ? 'onHold' : known.state === 'talking' ? 'connected' : known.state, at);
  }

  #transferTo(lane, at) {
    const transfer = this.#transfer;
    if (!transfer || transfer.lane === lane) return false;
    this.#transfer = null;
    this.#arrow(transfer.lane, lane, 'transfers', transfer.label, { ms: at.ms, index: transfer.index });
    return true;
  }

  #leaves(visit, at) {
    const lane = this.#visits.get(visit);
    if (lane) this.#close(lane, at);
  }

  #lane(kind, name, label = name) {
    const id = `${kind} ${name}`;
    if (!this.lanes.has(id)) this.lanes.set(id, { id, kind, name, label, bars: [] });
    return this.lanes.get(id);
  }

  #laneOf(party) {
    return this.#parties.get(party)?.lane;
  }

  #open(lane, state, at, note = '') {
    const bar = lane.bars.at(-1);
    if (bar?.last === null && bar.state === state) return;
    this.#close(lane, at);
    lane.bars.push({ state, note, from: at.ms, to: null, first: at.index, last: null });
  }

  #close(lane, at) {
    const bar = lane.bars.at(-1);
    if (bar?.last === null) Object.assign(bar, { to: at.ms, last: at.index });
  }

  #arrow(from, to, kind, label, at) {
    if (from && from !== to) this.arrows.push({ from: from.id, to: to.id, kind, label, ms: at.ms, index: at.index });
  }
}
