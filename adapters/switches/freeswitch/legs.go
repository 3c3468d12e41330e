package freeswitch

import (
	"cmp"
	"strings"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/domain/call"
)

// leg is what is known of a leg (channel, session) of the switch. Two of them that the switch makes for itself, a loopback
// pair, never are parties.
type leg struct {
	id, name string
	loopback bool
	trunk    bool
	outbound bool   // the switch called it
	number   string // DN of the device; at a trunk the external number
	born     time.Time
	heard    time.Time // last named in an event
	sequence uint64    // of the youngest event that told its state
	call     *callOnSwitch

	told    call.Telephony // what has been told of it as a party
	toldAt  time.Time      // and when that was so
	by      *leg           // for whom the switch called it
	bridged *leg           // with whom it talks
	left    *leg           // with whom it talked last, and
	leftAt  time.Time      // until when
	offer   *offer         // how a queue offered the call to it
	passage *passage       // the queue it waits in
	source  string         // the last transfer that its events told, by id
	moved   *moved         // where it was sent from a conversation
	ivr     string         // the IVR that it is in
	consult *consultation  // that it makes through the switch (att_xfer)
	spying  *spying
	room    string         // the conference that it was in last
	visits  []call.VisitID // to queues, that have been told

	application string // that the dialplan, or a command, runs on it
	keyed       connection.Keyed
	data        map[string]string // variables that have been told as user data
	corrected   []string          // of these, what a desktop has changed since, where that is known from the history only
	announced   []call.Pair       // user data that the dialplan is about to send
	dataSent    bool              // it has

	transferred *transfer  // it leaves because of this
	hangupAt    time.Time  // the switch has begun to let it go
	hangupCause call.Cause // why, as far as told then
	endedBy     *leg       // who made it end, as far as told
	release     *release   // it is gone, and it is not clear yet who ended it
}

// callOnSwitch is a conversation as far as the switch knows it: the legs that were called for one leg, and that leg.
type callOnSwitch struct {
	id      string // the Unique-ID of its first leg
	connID  call.ConnID
	born    time.Time
	legs    []*leg
	consult *consultation // what it is about, where it is a consultation
}

// leg returns the leg that an event is about, and tells what its headers say of the leg's state. nil when there is none,
// when the leg is gone, or when the event does not tell enough to know what call a new leg belongs to.
func (t *Translator) leg(e Event) *leg {
	id := e.Get("Unique-ID")
	l := t.legs[id]
	if l == nil {
		if id == "" || t.gone.has(id) {
			return nil
		}
		if !t.tellsAll(e) {
			if e.Get("Answer-State") == "hangup" {
				t.gone.add(strings.Clone(id)) // a snapshot under way may still have it
			}
			return nil
		}
		l = t.newLeg(e, strings.Clone(id))
	} else if l.name == "" {
		t.identify(l, e)
	}
	l.heard = t.clock.Last
	t.state(l, e)
	t.dataVariables(l, e)
	return l
}

// tellsAll reports whether an event of a leg that is not known yet tells what call it belongs to: events with all channel
// variables do, and the one before CHANNEL_CREATE does not yet. Of an agent's leg also the caller's must be known, of which
// events will come. A leg that is ending was missed only where it began since the link is up; else it is of a time that
// nobody saw.
func (t *Translator) tellsAll(e Event) bool {
	if e.Variable("direction") == "" || e.Name() == "CHANNEL_OUTGOING" {
		return false
	}
	if caller := e.Variable("cc_member_session_uuid"); caller != "" && caller != e.Get("Unique-ID") && t.legs[caller] == nil && !t.gone.has(caller) {
		return false
	}
	created, known := e.microseconds("Caller-Channel-Created-Time")
	return e.Get("Answer-State") != "hangup" || known && created.After(t.upAt) && strings.HasPrefix(e.Name(), "CHANNEL_HANGUP")
}

func (t *Translator) newLeg(e Event, id string) *leg {
	l := &leg{id: id, name: strings.Clone(e.Get("Channel-Name")), outbound: e.Get("Call-Direction") == "outbound"}
	if born, ok := e.microseconds("Caller-Channel-Created-Time"); ok {
		l.born = born
	} else {
		l.born = t.clock.Last
	}
	l.loopback = strings.HasPrefix(l.name, "loopback/")
	user := firstOf(userPart(e.Get("Channel-Presence-ID")), e.Variable("dialed_user"), e.Variable("user_name"))
	l.trunk = !l.loopback && t.isTrunk(l.name, user)
	switch {
	case l.trunk && l.outbound:
		l.number = firstOf(e.Get("Caller-Destination-Number"), e.Get("Caller-Callee-ID-Number"))
	case l.trunk:
		l.number = e.Get("Caller-Caller-ID-Number")
	default:
		l.number = firstOf(user, userPart(lastSegment(l.name)))
	}
	l.number = strings.Clone(l.number)
	l.source, _, _ = transferSource(e)
	l.by = t.calledFor(e)
	t.legs[id] = l
	seen := e.Name() == "CHANNEL_CREATE"
	switch {
	case l.by == nil:
		t.newCall(l, e, seen)
	case t.consulting(l.by):
		t.consult(l, l.by)
	default:
		t.join(l.by.call, l)
	}
	if session := e.Variable("cc_member_session_uuid"); session != "" && l.by != nil {
		t.offered(l, e)
	}
	if !l.outbound {
		t.party(l, call.PartyIs{State: call.Initiated, Role: call.Origination, Dialed: strings.Clone(e.Get("Caller-Destination-Number"))})
	}
	return l
}

// calledFor is the leg for which the switch called another: the caller in a queue, the other half of a loopback pair, or
// the one whose dialplan dialled it.
func (t *Translator) calledFor(e Event) *leg {
	ids := []string{e.Variable("cc_member_session_uuid"), e.Variable("other_loopback_leg_uuid"), e.Variable("originator")}
	if e.Get("Other-Type") == "originator" {
		ids = append(ids, e.Get("Other-Leg-Unique-ID"))
	}
	if e.Get("Call-Direction") == "inbound" && !strings.HasPrefix(e.Get("Channel-Name"), "loopback/") {
		return nil // it called the switch
	}
	for _, id := range ids {
		if by := t.legs[id]; by != nil && id != e.Get("Unique-ID") {
			return by
		}
	}
	return nil
}

// isTrunk reports whether a leg leads to the public network. user is who of the directory is at it.
func (t *Translator) isTrunk(name, user string) bool {
	if len(t.vocabulary.Trunks) == 0 {
		return user == ""
	}
	_, rest, _ := strings.Cut(name, "/")
	profile, _, _ := strings.Cut(rest, "/")
	return matchesAny(t.vocabulary.Trunks, profile)
}

// newCall tells the call that begins with a leg. seen: its beginning was seen.
func (t *Translator) newCall(l *leg, e Event, seen bool) {
	c := &callOnSwitch{id: l.id, connID: t.connID(l), born: l.born}
	t.calls[c.id] = c
	t.join(c, l)
	fact := call.CallIs{At: t.clock.Last, ConnID: c.connID, Switch: t.vocabulary.Switch, SwitchCallID: c.id,
		ANI: l.number, DNIS: strings.Clone(e.Get("Caller-Destination-Number")), Inferred: !seen}
	switch {
	case l.outbound:
		fact.Origin = call.Switch
		fact.DNIS = t.originateTo(l, e)
		if l.trunk { // a dialler called somebody outside
			fact.ANI, fact.DNIS = strings.Clone(e.Get("Caller-Caller-ID-Number")), l.number
		}
	case l.trunk:
		fact.Origin = call.External
	default:
		fact.Origin = call.Internal
		if held := t.held[l.number]; held != nil && held.told == call.Held {
			c.consult = &consultation{call: c, of: held.call, by: held}
			fact.ConsultOf = held.call.connID
		}
	}
	t.callFact(c.connID, fact)
	if c.consult != nil {
		t.tellConsult(c.consult, fact.DNIS)
	}
}

// connID is that of the call which begins with a leg. The second in which the leg was made is all that everyone who sees
// it, early or late, can know alike: a list of channels does not tell more.
func (t *Translator) connID(l *leg) call.ConnID {
	if born, ours := bornIn(l.id); ours {
		return call.NewConnID(born, t.vocabulary.Switch, l.id)
	}
	return call.NewConnID(l.born.Truncate(time.Second), t.vocabulary.Switch, l.id)
}

func (t *Translator) join(c *callOnSwitch, l *leg) {
	l.call = c
	c.legs = append(c.legs, l)
}

// state tells what the headers that come with every event say of a leg: whether it is answered, rings, or holds. An
// event that is older than one that told the state before says nothing new.
func (t *Translator) state(l *leg, e Event) {
	n, ok := e.Sequence()
	if ok && n < l.sequence || l.told == call.Released || !l.hangupAt.IsZero() {
		return
	}
	l.sequence = n
	t.movedOn(l, e)
	answer, state := e.Get("Answer-State"), e.Get("Channel-Call-State")
	switch {
	case answer == "answered" && l.told < call.Connected:
		t.party(l, call.PartyIs{State: call.Connected, MayHold: true})
	case state == "HELD" && l.told == call.Connected:
		t.hold(l, call.Held)
	case state == "ACTIVE" && l.told == call.Held && l.consult == nil:
		t.hold(l, call.Connected)
	case l.outbound && l.told == call.Null && (answer == "early" || state == "RINGING" || state == "EARLY" || e.Name() == "CHANNEL_PROGRESS" || e.Name() == "CHANNEL_PROGRESS_MEDIA"):
		t.party(l, call.PartyIs{State: call.Alerting})
	}
}

// party tells a fact of a leg's party; what describes the party is filled in.
func (t *Translator) party(l *leg, f call.PartyIs) {
	if l.loopback || l.told == call.Released || f.State == call.Released && l.told == call.Null {
		return
	}
	f.Party, f.DN, f.External = call.PartyID(l.id), l.number, l.trunk
	if o := t.offerTo(l); o != nil {
		f.Agent, f.Queue, f.Visit = o.agent, o.passage.queue, o.passage.visit
	} else if !l.trunk {
		f.Agent = t.roster.agentAt(l.number)
	}
	if c := l.call.consult; f.Role == "" && l.id == l.call.id && (c == nil || c.target != l) {
		f.Role = call.Origination
	}
	if !f.At.After(l.toldAt) {
		f.At = t.clock.Next()
	}
	f.Inferred = f.Inferred || t.inferring
	l.told, l.toldAt = f.State, f.At
	if !l.trunk && (f.State == call.Alerting || f.State == call.Connected) {
		t.deviceIs(l.number, false) // that it registered may have been missed
	}
	t.callFact(l.call.connID, f)
	if f.State == call.Connected {
		t.consultedAnswers(l)
	}
}

// hold tells that a leg holds its call, or has taken it back. It is the one that holds which the switch names; the music
// plays on the other.
func (t *Translator) hold(l *leg, state call.Telephony) {
	if l.told == state || l.told < call.Connected || l.told == call.Released {
		return
	}
	t.party(l, call.PartyIs{State: state})
	if state == call.Held {
		t.held[l.number] = l
	}
}

// peers are the parties that a leg talks with, or that the switch rings for it, through loopback pairs too.
func (t *Translator) peers(l *leg) []*leg {
	seen := map[*leg]bool{l: true}
	var found []*leg
	var visit func(*leg)
	visit = func(at *leg) {
		next := []*leg{at.bridged}
		if at.bridged == nil && at.by != nil && at.told < call.Connected {
			next = append(next, at.by)
		}
		for _, other := range at.call.legs {
			if other.by == at && (other.loopback || other.bridged == nil && other.left == nil) || at.loopback && other == at.by {
				next = append(next, other)
			}
		}
		for _, other := range next {
			switch {
			case other == nil || seen[other]:
				continue
			case other.loopback:
				seen[other] = true
				visit(other)
			default:
				seen[other] = true
				found = append(found, other)
			}
		}
	}
	visit(l)
	return found
}

func firstOf(values ...string) string { return cmp.Or(values...) }

// userPart is what stands before the domain: "1001@cc.test" and "1001" are 1001.
func userPart(address string) string {
	user, _, _ := strings.Cut(address, "@")
	return user
}

// lastSegment is what stands behind the last slash of a channel name: "sofia/internal/1001@cc.test".
func lastSegment(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }
