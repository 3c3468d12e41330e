package freeswitch

import (
	"cmp"
	"strings"

	"github.com/callstate/callstate/domain/call"
)

// consultation is a call about another call. Where a telephone makes it itself, it is a call of its own for the switch too.
// Where the switch makes it (application att_xfer), the leg of who consults is in both calls.
type consultation struct {
	call, of *callOnSwitch
	by       *leg // whose leg holds the other call
	target   *leg // whom the switch called for it; nil where a telephone made it
	over     bool
}

// consulting reports whether a new leg that is called for another is a consultation: who talks already, and has the switch
// call somebody else.
func (t *Translator) consulting(by *leg) bool {
	if by.loopback || by.told < call.Connected || !by.hangupAt.IsZero() {
		return false
	}
	return by.application == "att_xfer" ||
		by.bridged != nil && by.bridged.hangupAt.IsZero() && by.bridged.told != call.Released && by.moved == nil
}

// consult begins a consultation that the switch makes for a leg.
func (t *Translator) consult(target, by *leg) {
	c := &callOnSwitch{id: target.id, connID: t.connID(target), born: target.born}
	c.consult = &consultation{call: c, of: by.call, by: by, target: target}
	by.consult = c.consult
	t.calls[c.id] = c
	t.hold(by, call.Held)
	t.callFact(c.connID, call.CallIs{At: t.clock.Next(), ConnID: c.connID, Switch: t.vocabulary.Switch, SwitchCallID: c.id,
		Origin: call.Internal, ANI: by.number, DNIS: target.number, ConsultOf: by.call.connID})
	t.consults(c.consult, call.PartyIs{State: call.Initiated, Dialed: target.number})
	t.join(c, target)
	t.tellConsult(c.consult, target.number)
}

// tellConsult tells the first call that somebody is consulted about it.
func (t *Translator) tellConsult(c *consultation, to string) {
	t.callFact(c.of.connID, call.ConsultIs{At: t.clock.Next(), Consult: c.call.connID, By: call.PartyID(c.by.id), To: to})
}

// consultedAnswers: whom the switch called for a consultation has answered, so who consults is connected too.
func (t *Translator) consultedAnswers(l *leg) {
	if c := l.call.consult; l.consulted() {
		t.consults(c, call.PartyIs{State: call.Connected})
	}
}

// consults tells a fact of who consults, whose leg is one of the first call, in the consultation.
func (t *Translator) consults(c *consultation, f call.PartyIs) {
	f.At, f.Party, f.DN, f.Role = t.clock.Next(), call.PartyID(c.by.id), c.by.number, call.Origination
	if o := c.by.offer; o != nil {
		f.Agent = o.agent
	} else if !c.by.trunk {
		f.Agent = t.roster.agentAt(f.DN)
	}
	t.callFact(c.call.connID, f)
}

// isConsultation reports whether two legs are who consults and who is consulted, through the switch.
func isConsultation(a, b *leg) bool {
	return a.consult != nil && a.consult.target == b || b.consult != nil && b.consult.target == a
}

// backTogether: who consulted is with the first call again. The consultation is over, or, where who was consulted is still
// there, it has become a conference.
func (t *Translator) backTogether(l *leg) {
	c := l.consult
	switch {
	case c == nil:
	case c.consulted() != nil && c.target.told == call.Connected:
		t.threeWay(c.target, l)
	default:
		t.endConsult(c)
	}
}

// endConsult: a consultation is over without having become part of the first call. Whom the switch has put on hold for it is
// taken back.
func (t *Translator) endConsult(c *consultation) {
	if c == nil || c.over {
		return
	}
	c.over = true
	if c.target != nil {
		c.by.consult = nil
		t.consults(c, call.PartyIs{State: call.Released, Cause: call.NormalClearing, By: call.PartyID(c.by.id)})
	}
	t.callFact(c.of.connID, call.ConsultIs{At: t.clock.Next(), Consult: c.call.connID, By: call.PartyID(c.by.id), Over: true})
	if c.target != nil && c.by.hangupAt.IsZero() {
		t.hold(c.by, call.Connected)
	}
}

// consultEndsWith ends the consultation in which a leg that is gone was consulted by the switch.
func (t *Translator) consultEndsWith(l *leg) {
	if l.consulted() {
		t.endConsult(l.call.consult)
	}
	if l.consult != nil {
		t.endConsult(l.consult)
	}
}

// consulted reports whether the switch has called a leg for somebody who consults.
func (l *leg) consulted() bool {
	c := l.call.consult
	return c != nil && c.target == l && !c.over
}

// completeConsult: who consults leaves, and joins the two calls. Where the first call has nobody left, or nobody is there
// to be joined with, it is no transfer.
func (t *Translator) completeConsult(c *consultation) {
	target := c.consulted()
	if target == nil || target.told != call.Connected || !c.goesOn() {
		return
	}
	by := call.PartyID(c.by.id)
	c.by.transferred = &transfer{by: by}
	t.callFact(c.of.connID, call.TransferIs{At: t.clock.Next(), Kind: call.Attended, By: by, To: target.number, ToCall: c.call.connID})
	if c.target != nil {
		c.by.consult = nil
		t.merge(c.of, c.call, call.Transferred)
		return
	}
	t.merge(c.of, c.call, call.Transferred, legsAt(c.call, c.by.number)...)
}

// consulted is who is consulted; nil when nobody is there.
func (c *consultation) consulted() *leg {
	if c.target != nil {
		if c.target.hangupAt.IsZero() {
			return c.target
		}
		return nil
	}
	for _, l := range c.call.legs {
		if l.number != c.by.number && !l.loopback && l.hangupAt.IsZero() {
			return l
		}
	}
	return nil
}

// goesOn reports whether the first call has somebody to be joined with.
func (c *consultation) goesOn() bool {
	for _, l := range c.of.legs {
		if l != c.by && !l.loopback && l.told >= call.Connected && l.hangupAt.IsZero() {
			return true
		}
	}
	return false
}

// threeWay: who was consulted is taken into the first call, and all talk together.
func (t *Translator) threeWay(l *leg, with *leg) {
	c := l.call.consult
	if c == nil || c.over || with == nil || c.by != with {
		return
	}
	with.consult = nil
	t.callFact(c.of.connID, call.ConferenceIs{At: t.clock.Next(), By: call.PartyID(with.id)})
	t.merge(c.of, c.call, call.Conferenced)
	t.hold(with, call.Connected)
}

// room is a conference.
type room struct {
	call    *callOnSwitch
	members map[*leg]bool
}

// conference reads the events of mod_conference. All who are in a conference are in one call. Of the events that name a
// member any tells that it is one; only the last does not.
func (t *Translator) conference(e Event) {
	l := t.leg(e)
	if l == nil {
		return
	}
	id := cmp.Or(e.Get("Conference-Unique-ID"), e.Get("Conference-Name"))
	if l.room != id {
		inferring := t.inferring
		t.inferring = inferring || e.Get("Action") != "add-member"
		t.joinRoom(l, strings.Clone(id), strings.Clone(e.Get("Conference-Name")))
		t.inferring = inferring
	}
	if e.Get("Action") == "del-member" {
		t.leaveRooms(l)
	}
}

func (t *Translator) joinRoom(l *leg, id, name string) {
	t.leaveIVR(l)
	r := t.rooms[id]
	if r == nil {
		r = &room{call: l.call, members: map[*leg]bool{}}
		t.rooms[id] = r
	}
	r.members[l], l.room = true, id
	l.moved, l.endedBy = nil, nil
	t.merge(r.call, l.call, call.Conferenced)
	if len(r.members) == 3 {
		t.callFact(r.call.connID, call.ConferenceIs{At: t.clock.Next(), By: call.PartyID(l.id), Room: name})
	}
}

func (t *Translator) leaveRooms(l *leg) {
	for id, r := range t.rooms {
		if delete(r.members, l); len(r.members) == 0 {
			delete(t.rooms, id)
		}
	}
}

// spying is a supervisor's listening to another leg (application eavesdrop).
type spying struct {
	target *leg
	mode   call.SupervisionMode
}

// listens: a leg listens to another from now on. Channel variables say whether it is heard by that one (aleg) and by the
// other side (bleg).
func (t *Translator) listens(l, target *leg, e Event) {
	if target == nil || target == l || l.spying != nil {
		return
	}
	l.spying = &spying{target: target, mode: call.Silent}
	switch aleg, bleg := e.Variable("eavesdrop_whisper_aleg") == "true", e.Variable("eavesdrop_whisper_bleg") == "true"; {
	case aleg && bleg:
		l.spying.mode = call.Barge
	case aleg || bleg:
		l.spying.mode = call.Whisper
	}
	t.tellListening(l, true)
}

// listensAs: the keys of who listens change what can be heard of him: 1 and 2 by one side, 3 by both, 0 by none (mod_dptools,
// eavesdrop).
func (t *Translator) listensAs(l *leg, key string) {
	mode := l.spying.mode
	switch key {
	case "1", "2":
		mode = call.Whisper
	case "3":
		mode = call.Barge
	case "0":
		mode = call.Silent
	}
	if mode != l.spying.mode {
		l.spying.mode = mode
		t.tellListening(l, true)
	}
}

// listeningEnds: a leg is gone or has stopped to listen; or, of a leg that was listened to, nobody does any more.
func (t *Translator) listeningEnds(l *leg) {
	if l.spying != nil {
		t.tellListening(l, false)
		l.spying = nil
	}
	for _, other := range t.legs {
		if other.spying != nil && other.spying.target == l {
			t.tellListening(other, false)
			other.spying = nil
		}
	}
}

func (t *Translator) tellListening(l *leg, listening bool) {
	t.callFact(l.spying.target.call.connID, call.SupervisorIs{At: t.clock.Next(), Party: call.PartyID(l.id), DN: l.number,
		Target: call.PartyID(l.spying.target.id), Mode: l.spying.mode, Listening: listening})
}

// valet reads the events of mod_valet_parking: a leg waits in a parking space until somebody takes it from there.
func (t *Translator) valet(e Event) {
	l := t.leg(e)
	if l == nil {
		return
	}
	fact := call.ParkIs{At: t.clock.Next(), Party: call.PartyID(l.id), Space: strings.Clone(e.Get("Valet-Extension"))}
	switch e.Get("Action") {
	case "hold":
		fact.Parked = true
	case "bridge":
		parked := t.legs[e.Get("Bridge-To-UUID")]
		if parked == nil {
			return
		}
		fact.Party, fact.Reason, fact.TakeBy = call.PartyID(parked.id), call.ParkRetrieved, l.number
		t.callFact(parked.call.connID, fact)
		return
	case "exit":
		fact.Reason = call.ParkTimedOut
		if !l.hangupAt.IsZero() {
			fact.Reason = call.ParkAbandoned
		}
	default:
		return
	}
	t.callFact(l.call.connID, fact)
}

// recording tells the state of a recording of a leg. It is named by its file.
func (t *Translator) recording(l *leg, file string, state call.RecordingState) {
	if file == "" {
		file = l.id
	}
	t.callFact(l.call.connID, call.RecordingIs{At: t.clock.Next(), Recording: strings.Clone(file), Party: call.PartyID(l.id), State: state})
}

// masked reads the command that leaves out of a recording what is said, or takes it in again: "uuid_record <leg> mask
// <file>". There is no event for it but that of the command.
func (t *Translator) masked(e Event) {
	command, arguments := e.Get("API-Command"), strings.Fields(e.Get("API-Command-Argument"))
	if command != "uuid_record" || len(arguments) < 3 {
		return
	}
	l := t.legs[arguments[0]]
	if l == nil {
		return
	}
	switch arguments[1] {
	case "mask":
		t.recording(l, arguments[2], call.Paused)
	case "unmask":
		t.recording(l, arguments[2], call.Recorded)
	}
}
