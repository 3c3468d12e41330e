package notify

import (
	"cmp"
	"slices"

	"github.com/callstate/callstate/domain/call"
)

// tell tells the devices of an event.
func (t *telling) tell(e call.Event) {
	if !t.mayMove(e.Body) {
		t.sayFarewell()
	}
	switch b := e.Body.(type) {
	case call.PartyDialing:
		t.dialing(b)
	case call.PartyAlerting:
		t.alerting(b)
	case call.PartyConnected:
		t.connected(b)
	case call.PartyHeld:
		t.turn(b.Party, established, held, Held)
	case call.PartyRetrieved:
		t.turn(b.Party, held, established, Retrieved)
	case call.PartyFailed:
		t.failed(b)
	case call.PartyReleased:
		t.released(b)
	case call.QueueEntered:
		t.queued(b)
	case call.QueueDistributed:
		t.leftQueue(b.Visit, Diverted, Ok, cmp.Or(b.DN, t.dn(b.Party)))
	case call.QueueLeft:
		t.leftFor(b)
	case call.QueueAbandoned:
		t.leftQueue(b.Visit, Abandoned, Ok, "")
	case call.IVREntered:
		t.enteredIVR(b)
	case call.IVRLeft:
		t.leftIVR(b)
	case call.DigitsCollected:
		t.digits(b)
	case call.UserDataChanged:
		t.dataChanged(cmp.Or(b.By, e.Actor))
	case call.ConsultStarted:
		t.consultStarted(b)
	case call.ConsultEnded:
		delete(t.consults, b.Consult)
	case call.CallMerged:
		t.merged(b)
	case call.ConferenceFormed:
		t.formed(b)
	case call.SupervisorJoined:
		t.observed(b)
	case call.SupervisorLeft:
		t.observedNoMore(b.Party)
	}
}

func (t *telling) dialing(b call.PartyDialing) {
	p, _ := t.state.Party(b.Party)
	if p.External || p.DN == "" || t.leg(b.Party) != nil {
		return
	}
	t.dial(t.add(p))
}

func (t *telling) add(p call.Party) *leg {
	l := &leg{party: p.ID, dn: p.DN, role: side(&p).role, transfers: len(t.state.Transfers)}
	t.legs = append(t.legs, l)
	return l
}

func (t *telling) dial(l *leg) {
	if p, _ := t.state.Party(l.party); p.Dialed != "" {
		l.other = end{p.Dialed, Destination}
	}
	l.stage = dialing
	t.send(t.to(l, Dialing))
}

func (t *telling) ring(l *leg) {
	l.stage = ringing
	m := t.to(l, Ringing)
	t.sentOn(&m, t.sent)
	t.send(m)
}

func (t *telling) alerting(b call.PartyAlerting) {
	switch l := t.arrive(b.Party, b.From); {
	case l == nil:
		t.reachNetwork(b.Party)
	case l.stage == untold:
		t.ring(l)
	}
}

// reachNetwork: that a device beyond a trunk rings proves that the call has reached the network.
func (t *telling) reachNetwork(id call.PartyID) {
	p, _ := t.state.Party(id)
	reached := slices.ContainsFunc(t.before.Parties, func(p call.Party) bool { return p.External && p.Role != call.Origination })
	if !p.External || reached {
		return
	}
	for _, l := range t.legs {
		if l.stage == dialing {
			t.send(t.to(l, NetworkReached))
		}
	}
}

func (t *telling) connected(b call.PartyConnected) {
	was, _ := t.before.Party(b.Party)
	talkers, _ := t.talkers(b.Party)
	t.joins = !talking(was) && !t.observes(b.Party) && talkers >= 2
	if t.joins && !b.From.IsZero() {
		t.added(b.Party, b.From)
	}
	if l := t.arrive(b.Party, b.From); l != nil {
		t.establish(l)
	}
	if t.joins && b.From.IsZero() {
		t.added(b.Party, b.From)
	}
	if t.joins {
		t.formedBy = "" // who joins later was added by nobody knows whom
	}
}

func talking(p call.Party) bool { return p.Telephony == call.Connected || p.Telephony == call.Held }

// establish tells a leg that it is connected, and before that what it must have been told to understand it.
func (t *telling) establish(l *leg) {
	switch {
	case l.stage == established:
		return // moved here as such
	case l.stage == held:
		t.turn(l.party, held, established, Retrieved)
		return
	case l.stage == untold && l.role == Origination:
		t.dial(l)
	case l.stage == untold:
		t.ring(l)
	}
	l.stage = established
	t.send(t.to(l, Established))
}

// arrive is the leg of a party that is at the call now: the one it had, the one it brings from another call, or a new
// one that has been told nothing. There is none for a party that is not inside.
func (t *telling) arrive(id call.PartyID, from call.ConnID) *leg {
	if l := t.leg(id); l != nil {
		return l
	}
	if _, known := t.before.Party(id); !known {
		t.deliver()
	}
	p, _ := t.state.Party(id)
	if l := t.take(p, from); l != nil {
		return l
	}
	if p.External || p.DN == "" {
		return nil
	}
	return t.add(p)
}

// turn tells a leg that it goes from one stage to another: hold and retrieve.
func (t *telling) turn(id call.PartyID, from, to stage, name Name) {
	l := t.leg(id)
	if l == nil || l.stage != from || l.farewell != nil {
		return
	}
	l.stage = to
	m := t.to(l, name)
	if name == Retrieved && t.conferences(id) {
		m.CallState = Conferenced
	}
	t.send(m)
}

// conferences reports whether a party takes the call back in order to join two calls in a conference.
func (t *telling) conferences(id call.PartyID) bool {
	return slices.ContainsFunc(t.state.Consults, func(c call.Consultation) bool {
		return c.By == id && c.Result == call.ConsultConferenced
	})
}

// failed: the caller is told that the device could not be reached, when no other rings for the same call. What a queue
// could not reach the caller is not told: the queue tries the next agent.
func (t *telling) failed(b call.PartyFailed) {
	p, _ := t.state.Party(b.Party)
	switch l := t.leg(b.Party); {
	case l == nil:
	case l.stage == dialing:
		m := t.to(l, DestinationBusy)
		m.CallState = why(b.Cause)
		t.send(m)
		return
	default:
		t.end(l, call.PartyReleased{Party: b.Party, Cause: b.Cause})
	}
	if ringing, _ := t.others(b.Party, call.Alerting); p.Queue != "" || ringing > 0 {
		return
	}
	for _, l := range t.legs {
		if !t.calling(l) {
			continue
		}
		m := t.to(l, DestinationBusy)
		m.CallState = why(b.Cause)
		if p.DN != "" {
			m.OtherDN, m.OtherRole = p.DN, Destination
		}
		t.send(m)
	}
}

// calling reports whether a leg waits for somebody to answer: it dials, or the switch called it first and now calls the
// other side for it.
func (t *telling) calling(l *leg) bool {
	if l.stage == dialing || l.role != Origination || !l.talks() {
		return l.stage == dialing
	}
	talkers, _ := t.talkers(l.party)
	return talkers == 0
}

func (t *telling) released(b call.PartyReleased) {
	was, _ := t.before.Party(b.Party)
	l := t.leg(b.Party)
	if l != nil && l.role == Observer {
		t.observedNoMore(b.Party)
		return
	}
	if l != nil && l.farewell == nil {
		t.end(l, b)
	}
	if talking(was) && !t.observes(b.Party) && (l == nil || l.farewell == nil) {
		t.deleted(was, b)
	}
}

// end tells a leg that its part is over. Where a transfer or a conference ended it, and nobody is known to have sent
// the call on, it may be about to move to another call: then it is told when that is known.
func (t *telling) end(l *leg, b call.PartyReleased) {
	name := Released
	if l.stage == ringing && t.givenUp(b) {
		name = Abandoned
	}
	m := t.to(l, name)
	m.CallState = why(b.Cause)
	switch {
	case name == Abandoned:
		m.CallState = Ok
	case l.stage == ringing && b.Cause == call.NormalClearing && b.By != b.Party:
		m.CallState = Redirected // the switch took the call back
	case t.leaving(b.Party):
		m.CallState = Transferred
		if transfer, by := t.transferBy(b.Party); by && transfer.Kind == call.Blind {
			m.third(transfer.To, Destination)
		}
	case t.open(b):
		l.farewell = &m
		return
	case b.Cause == call.Transferred && t.redirected():
		m.CallState = Redirected
	}
	l.stage = gone
	t.send(m)
}

// open reports whether it is open what a party's end means: it may be about to move to another call.
func (t *telling) open(b call.PartyReleased) bool {
	switch b.Cause {
	case call.Transferred:
		return !t.leaving(b.Party) && !t.redirected()
	case call.Conferenced:
		return !t.leaving(b.Party)
	}
	return false
}

// givenUp reports whether a device stops ringing because the caller gave up.
func (t *telling) givenUp(b call.PartyReleased) bool {
	switch b.Cause {
	case call.Abandoned:
		return true
	case call.NormalClearing, call.UnknownCause, "":
		if b.By != "" {
			return b.By != b.Party
		}
		others, _ := t.others(b.Party, call.Initiated, call.Connected, call.Held)
		return others == 0
	}
	return false
}

func (t *telling) transferBy(id call.PartyID) (call.Transfer, bool) {
	for _, transfer := range slices.Backward(t.state.Transfers) {
		if transfer.By == id {
			return transfer, true
		}
	}
	return call.Transfer{}, false
}

// redirected reports whether a third party sent the call on last.
func (t *telling) redirected() bool {
	sent := t.state.Transfers
	return len(sent) > 0 && sent[len(sent)-1].By == ""
}

// deleted tells the members of a conference that one has left, and supervisors that anybody has. Who sent the call on
// is not deleted: partyChanged tells of that.
func (t *telling) deleted(who call.Party, b call.PartyReleased) {
	remaining, _ := t.talkers(who.ID)
	sentOn := t.leaving(who.ID) || b.Cause == call.Transferred || b.Cause == call.Conferenced
	for _, l := range t.legs {
		member := l.role != Observer && remaining >= 2 && !sentOn && !t.leaving(l.party)
		if l.party == who.ID || !l.talks() || l.role != Observer && !member {
			continue
		}
		m := t.to(l, PartyDeleted)
		m.OtherDN, m.OtherRole = who.DN, DeletedParty
		m.third(t.dn(b.By), DeletedBy)
		if remaining > 2 {
			m.CallState = Conferenced
		}
		t.send(m)
	}
}
