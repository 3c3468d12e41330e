package asterisk

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/call"
)

// channel is what is known of a channel of the switch. A Local channel is a pair of channels that the switch makes for
// itself; it never is a party.
type channel struct {
	id, name string
	endpoint string
	local    bool
	trunk    bool
	number   string // external number dialled through the trunk, or that called through it
	born     time.Time
	heard    time.Time // last named in an event
	ringing  bool      // born in state Ring: it called the switch
	state    string
	call     *callOnSwitch

	told     call.Telephony // what has been told of it as a party
	offer    *offer         // how a queue offered the call to it
	dialedBy *channel
	dialed   []*channel // whom it dialled
	bridge   string
	wait     *wait // the queue it waits in
	lastWait *wait // the wait before that
	ivr      ivrStay
	leftIVR  string        // the IVR that it was in before
	left     *conversation // the conversation that it left without anybody hanging up

	recording  string // its last recording, as long as it goes on
	spyOptions string // of the ChanSpy application that it runs
	digits     int    // keyed since the last thing it did

	hangupRequested bool
	endCause        call.Cause // why it will end, as far as told before the Hangup
	endedBy         *channel   // who made it end, as far as told before the Hangup
	endedAt         time.Time  // when that was told
	ending          time.Time  // since when it must hang up at once
}

// callOnSwitch is a call as the switch groups channels: by Linkedid.
type callOnSwitch struct {
	linkedID string
	connID   call.ConnID
	told     bool
	channels []*channel
	consult  *consultation // what it is about, where it is a consultation
}

// channel returns the channel that a block describes in the headers with a prefix ("", "Dest", "Transferer"), and tells
// what its state says of its party. nil when the block names none.
func (t *Translator) channel(b Block, prefix string) *channel {
	id := b.Get(prefix + "Uniqueid")
	if id == "" {
		return nil
	}
	ch, seen := t.channels[id]
	if !seen && t.gone.has(id) {
		return nil // some events come after the Hangup
	}
	if !seen {
		name := b.Get(prefix + "Channel")
		if name == "" {
			return nil
		}
		ch = t.newChannel(b, prefix, id, name)
	}
	ch.heard = t.clock.last
	t.stateIs(ch, b.Get(prefix+"ChannelState"), b, prefix)
	return ch
}

func (t *Translator) newChannel(b Block, prefix, id, name string) *channel {
	state := b.Get(prefix + "ChannelState")
	id, name = strings.Clone(id), strings.Clone(name) // kept as long as the call: they must not keep the block
	ch := &channel{id: id, name: name, born: t.clock.last, ringing: state == "4" && prefix == ""}
	tech, rest, _ := strings.Cut(name, "/")
	ch.local = tech == "Local"
	ch.endpoint = rest
	if dash := strings.LastIndexByte(rest, '-'); dash > 0 {
		ch.endpoint = rest[:dash]
	}
	ch.trunk = !ch.local && t.isTrunk(ch.endpoint, b.Get(prefix+"Context"))
	if ch.trunk {
		ch.number = strings.Clone(known(b.Get(prefix + "CallerIDNum")))
	}
	linkedID := strings.Clone(cmp.Or(b.Get(prefix+"Linkedid"), id))
	c := t.calls[linkedID]
	if c == nil {
		c = &callOnSwitch{linkedID: linkedID, connID: call.NewConnID(birth(linkedID, t.clock.last), t.vocabulary.Switch, linkedID)}
		t.calls[linkedID] = c
	}
	ch.call = c
	c.channels = append(c.channels, ch)
	t.channels[id], t.byName[name] = ch, ch
	if ch.local {
		t.locals[id] = ch
	}
	if ch.ringing && id == linkedID && !ch.local {
		t.introduce(ch, b, prefix)
	}
	return ch
}

// birth is when the call was born, from the unique id that the switch gave its first channel: "1795395601.0" or, with a
// system name, "cc1-1795395601.0". It is all that everyone who sees the call, early or late, can know alike. A unique
// id that was chosen by whoever originated the call has no time in it; then the moment of its first event is taken.
func birth(linkedID string, first time.Time) time.Time {
	number := linkedID[strings.LastIndexByte(linkedID, '-')+1:]
	seconds, counter, found := strings.Cut(number, ".")
	if found && len(seconds) >= 9 && len(seconds) <= 11 && counter != "" {
		if s, err := strconv.ParseInt(seconds, 10, 64); err == nil {
			return time.Unix(s, 0).UTC()
		}
	}
	return first
}

func (t *Translator) isTrunk(endpoint, context string) bool {
	if len(t.vocabulary.Trunks) > 0 {
		return matchesAny(t.vocabulary.Trunks, endpoint)
	}
	if strings.Trim(endpoint, "0123456789") == "" {
		return false
	}
	if t.roster.devices[endpoint] > 0 {
		return false
	}
	return !strings.Contains(context, "internal")
}

// introduce tells the call that a channel belongs to, once. The channel that called the switch knows best who calls
// whom; where only others are known, the beginning was not seen.
func (t *Translator) introduce(ch *channel, b Block, prefix string) {
	c := ch.call
	if c.told {
		return
	}
	c.told = true
	fact := call.CallIs{At: t.clock.next(), ConnID: c.connID, Switch: t.vocabulary.Switch, SwitchCallID: c.linkedID}
	switch {
	case !ch.ringing:
		fact.Origin = call.Switch
		fact.Inferred = t.inferring || ch.id != c.linkedID
		fact.ANI = ch.dn()
	case ch.trunk:
		fact.Origin = call.External
		fact.ANI, fact.DNIS = ch.number, strings.Clone(known(b.Get(prefix+"Exten")))
	default:
		fact.Origin = call.Internal
		fact.ANI, fact.DNIS = ch.dn(), strings.Clone(known(b.Get(prefix+"Exten")))
	}
	if ch.ringing {
		fact.At = t.clock.last
		if of := t.consults(ch); of != nil {
			fact.ConsultOf = of.connID
		}
	}
	t.callFact(c.connID, fact)
	if c.consult != nil {
		t.tellConsult(c, fact.DNIS)
	}
}

// dn is the directory number of a channel's device, or the external number beyond a trunk.
func (ch *channel) dn() string {
	if ch.trunk {
		return cmp.Or(ch.number, ch.endpoint)
	}
	dn, _, _ := strings.Cut(ch.endpoint, "@")
	return dn
}

// stateIs tells what a channel's state says of its party (ChannelState of Asterisk: 4 Ring, 5 Ringing, 6 Up).
func (t *Translator) stateIs(ch *channel, state string, b Block, prefix string) {
	if state == "" || state == ch.state {
		return
	}
	ch.state = state
	if ch.local {
		return
	}
	switch state {
	case "4":
		if ch.told == call.Null {
			t.introduce(ch, b, prefix)
			t.party(ch, call.PartyIs{State: call.Initiated, Role: call.Origination, Dialed: known(b.Get(prefix + "Exten"))})
		}
	case "5":
		if ch.told == call.Null || ch.told == call.Initiated {
			t.introduce(ch, b, prefix)
			t.party(ch, call.PartyIs{State: call.Alerting})
		}
	case "6":
		if ch.told < call.Connected {
			t.introduce(ch, b, prefix)
			t.party(ch, call.PartyIs{State: call.Connected, MayHold: true})
		}
	}
}

// party tells a fact of a channel's party; what describes the party is filled in.
func (t *Translator) party(ch *channel, f call.PartyIs) {
	if ch.local || ch.told == call.Released || f.State == call.Released && ch.told == call.Null {
		return
	}
	f.Party, f.DN, f.External = call.PartyID(ch.id), ch.dn(), ch.trunk
	if ch.offer == nil {
		ch.offer = t.offerTo(ch) // the Local channel in between may be gone before the party
	}
	if o := ch.offer; o != nil {
		f.Agent, f.Queue, f.Visit = o.agent, o.wait.queue, o.wait.visit
	}
	if f.Role == "" && ch.id == ch.call.linkedID {
		f.Role = call.Origination
	}
	if f.At.IsZero() {
		f.At = t.clock.next()
	}
	f.Inferred = f.Inferred || t.inferring
	ch.told = f.State
	t.callFact(ch.call.connID, f)
	if f.State == call.Connected {
		t.consultedAnswers(ch)
	}
}

func (t *Translator) dialBegin(b Block) {
	caller, dest := t.channel(b, ""), t.channel(b, "Dest")
	if dest == nil {
		return
	}
	if dest.trunk {
		dest.number = cmp.Or(dialedNumber(b.Get("DialString")), dest.number)
	}
	if caller == nil {
		return
	}
	caller.dials(dest)
	if caller.local {
		if other := t.otherHalf(caller); other != nil && other.call.consult != nil && dest.told == call.Null {
			t.moveTo(other.call, dest)
		}
	} else {
		t.redirected(caller, known(b.Get("Exten")))
	}
	if caller.wait != nil && dest.offer == nil {
		if m := t.roster.at(caller.wait.queue, dest); m != nil {
			dest.offer = &offer{agent: m.agent, wait: caller.wait}
		}
	}
}

func (ch *channel) dials(dest *channel) {
	if dest.dialedBy == ch {
		return
	}
	dest.dialedBy = ch
	ch.dialed = append(ch.dialed, dest)
}

// dialedNumber is the number in a dial string: "6465559901@trunk-pstn" (PJSIP), "trunk-pstn/6465559901" (SIP, DAHDI).
func dialedNumber(dialString string) string {
	number, _, found := strings.Cut(dialString, "@")
	if !found {
		if slash := strings.LastIndexByte(dialString, '/'); slash >= 0 {
			number = dialString[slash+1:]
		} else {
			return ""
		}
	}
	if slash := strings.LastIndexByte(number, '/'); slash >= 0 {
		number = number[slash+1:]
	}
	return number
}

func (t *Translator) dialEnd(b Block) {
	caller, dest := t.channel(b, ""), t.channel(b, "Dest")
	if dest == nil || dest.told == call.Released {
		return
	}
	switch status := b.Get("DialStatus"); status {
	case "ANSWER":
		t.answered(dest)
	case "BUSY":
		t.failed(dest, call.Busy)
	case "CONGESTION":
		t.failed(dest, call.Congestion)
	case "CHANUNAVAIL":
		t.failed(dest, call.Unreachable)
	case "NOANSWER":
		t.mustEnd(dest)
		if dest.endCause == "" {
			dest.endCause = call.NoAnswer
		}
		if dest.hangupRequested {
			t.failed(dest, dest.endCause)
		}
	case "CANCEL":
		t.mustEnd(dest)
		if dest.endCause == "" && caller != nil {
			dest.endCause = call.Cancelled
			if caller.hangupRequested {
				dest.endCause, dest.endedBy, dest.endedAt = call.Abandoned, caller, t.clock.last
			} else if caller.wait == nil && caller.told == call.Connected && caller.bridge != "" {
				dest.endCause = call.AnsweredElsewhere
			}
		}
	}
}

// answered: the device took the call; the channel's own Newstate says so too.
func (t *Translator) answered(ch *channel) {
	for _, party := range t.behind(ch) {
		if party.told == call.Initiated || party.told == call.Alerting {
			t.party(party, call.PartyIs{State: call.Connected, MayHold: true})
		}
	}
}

func (t *Translator) failed(ch *channel, cause call.Cause) {
	ch.endCause = cause
	t.mustEnd(ch)
	if ch.told == call.Null || ch.told == call.Alerting || ch.told == call.Initiated {
		t.introduce(ch, Block{}, "")
		t.party(ch, call.PartyIs{State: call.Failed, Cause: cause})
	}
}

func (t *Translator) hold(b Block, state call.Telephony) {
	ch := t.channel(b, "")
	if ch == nil || ch.told == state || ch.told == call.Null {
		return
	}
	t.party(ch, call.PartyIs{State: state})
	if state == call.Held {
		t.held[ch.dn()] = ch
	}
}

func (t *Translator) bridgeEnter(b Block) {
	ch := t.channel(b, "")
	if ch == nil {
		return
	}
	t.joinBridge(ch, b.Get("BridgeUniqueid"))
	t.tellDigits(ch)
	t.backToCall(ch)
	t.hiddenConsult(ch.bridge)
}

func (t *Translator) joinBridge(ch *channel, bridge string) {
	t.leaveBridge(ch)
	ch.bridge, ch.endedBy = bridge, nil
	ch.goesOn()
	t.bridges[bridge] = append(t.bridges[bridge], ch)
}

func (t *Translator) bridgeLeave(b Block) {
	if ch := t.channel(b, ""); ch != nil {
		t.leftConversation(ch)
		t.leaveBridge(ch)
		if ch.dialedBy != nil {
			t.mustEnd(ch) // a called phone has nothing else to do, unless it is sent somewhere
		}
	}
}

func (t *Translator) leaveBridge(ch *channel) {
	if ch.bridge == "" {
		return
	}
	rest := slices.DeleteFunc(t.bridges[ch.bridge], func(other *channel) bool { return other == ch })
	if len(rest) == 0 {
		delete(t.bridges, ch.bridge)
	} else {
		t.bridges[ch.bridge] = rest
	}
	ch.bridge = ""
}

// peers are the parties that a channel talks with or rings: across its bridge, across Local channels, and those it dials.
func (t *Translator) peers(ch *channel) []*channel {
	seen := map[*channel]bool{ch: true}
	var found []*channel
	var visit func(*channel)
	visit = func(at *channel) {
		var next []*channel
		if at.bridge != "" {
			next = append(next, t.bridges[at.bridge]...)
		}
		if at.local {
			if other := t.otherHalf(at); other != nil {
				next = append(next, other)
			}
		}
		for _, other := range at.dialed {
			if other.told < call.Connected {
				next = append(next, other)
			}
		}
		for _, other := range next {
			if seen[other] {
				continue
			}
			seen[other] = true
			if other.local {
				visit(other)
			} else {
				found = append(found, other)
			}
		}
	}
	visit(ch)
	return found
}

// behind are the parties at a channel: itself, or those that a Local channel's other half dialled.
func (t *Translator) behind(ch *channel) []*channel {
	if !ch.local {
		return []*channel{ch}
	}
	var parties []*channel
	if other := t.otherHalf(ch); other != nil {
		for _, dialed := range other.dialed {
			if !dialed.local && dialed.told != call.Released {
				parties = append(parties, dialed)
			}
		}
	}
	return parties
}

// otherHalf is the other channel of a Local pair: "Local/1001@agents-00000000;1" and ";2".
func (t *Translator) otherHalf(ch *channel) *channel {
	if base, found := strings.CutSuffix(ch.name, ";1"); found {
		return t.byName[base+";2"]
	}
	base, _ := strings.CutSuffix(ch.name, ";2")
	return t.byName[base+";1"]
}

func (t *Translator) hangupRequest(b Block) {
	ch := t.channel(b, "")
	if ch == nil {
		return
	}
	ch.hangupRequested = true
	t.mustEnd(ch)
	if cause := q850(b.Get("Cause")); cause.Unanswered() && ch.told < call.Connected {
		ch.endCause = cause
	}
	ch.wait.gaveUp()
	peers := t.peers(ch)
	if ch.bridge != "" && len(peers) > 1 {
		return // a conference goes on without him
	}
	for _, peer := range peers {
		if peer.endedBy == nil {
			peer.endedBy, peer.endedAt = ch, t.clock.last
			if peer.dialedBy != nil {
				t.mustEnd(peer) // a called phone has nothing else to do
			}
		}
		if peer.told < call.Connected && peer.endCause == "" && peer.dialedBy != nil {
			peer.endCause = call.Abandoned
		}
	}
}

// mustEnd notes that a channel will hang up at once, so that it is let go even when its Hangup is lost.
func (t *Translator) mustEnd(ch *channel) {
	if ch.ending.IsZero() {
		ch.ending = t.clock.last
		t.ending = append(t.ending, ch)
	}
}

// goesOn notes that a channel does something else than hang up.
func (ch *channel) goesOn() {
	if !ch.hangupRequested {
		ch.ending = time.Time{}
	}
}

// hangupPatience is how long a channel that must hang up may take.
const hangupPatience = 5 * time.Second

// endOverdue lets go the channels that should have hung up before a moment.
func (t *Translator) endOverdue(before time.Time) {
	ending := t.ending
	t.ending = nil
	for _, ch := range ending {
		switch {
		case t.channels[ch.id] != ch || ch.ending.IsZero():
		case ch.ending.After(before):
			t.ending = append(t.ending, ch)
		default:
			t.inferring = true
			t.hungUp(ch, call.UnknownCause, time.Time{})
			t.inferring = false
		}
	}
}

// endedLate is how long after the other side's end a party's end still belongs to it.
const endedLate = 2 * time.Second

func (t *Translator) hangup(b Block) {
	ch := t.channel(b, "")
	if ch == nil {
		return
	}
	t.hungUp(ch, q850(b.Get("Cause")), time.Time{})
}

// hungUp: the channel is gone, now or, where it was missed, since a moment that is known.
func (t *Translator) hungUp(ch *channel, cause call.Cause, since time.Time) {
	inferred := t.inferring
	t.settleWait(ch, true)
	by := call.PartyID("")
	switch {
	case ch.hangupRequested:
		by = call.PartyID(ch.id)
	case ch.endedBy != nil && t.clock.last.Sub(ch.endedAt) <= endedLate:
		by = call.PartyID(ch.endedBy.id)
	}
	answered := ch.told >= call.Connected && ch.told != call.Failed
	switch {
	case !answered && ch.endCause != "":
		cause = ch.endCause
	case answered && ch.endCause == call.Transferred:
		cause = call.Transferred
	case answered && cause == call.UnknownCause && !inferred:
		cause = call.NormalClearing
	}
	t.tellDigits(ch)
	t.release(ch, call.PartyIs{At: since, Cause: cause, By: by, Inferred: inferred})
	if by := ch.dialedBy; by != nil {
		by.dialed = slices.DeleteFunc(by.dialed, func(other *channel) bool { return other == ch })
	}
	t.leaveBridge(ch)
	delete(t.channels, ch.id)
	delete(t.byName, ch.name)
	delete(t.locals, ch.id)
	if len(t.rooms) > 0 {
		t.leaveRooms(ch)
	}
	t.gone.add(ch.id)
	t.leaveCall(ch)
}

// gone remembers the channels that hung up last: some events of a channel come after its Hangup.
type gone struct {
	ids  map[string]bool
	ring [1024]string
	next int
}

func (g *gone) has(id string) bool { return g.ids[id] }

func (g *gone) add(id string) {
	delete(g.ids, g.ring[g.next])
	g.ring[g.next], g.ids[id] = id, true
	g.next = (g.next + 1) % len(g.ring)
}

// q850 is the cause in a Cause header (ITU-T Q.850, as Asterisk's causes.h).
func q850(header string) call.Cause {
	switch header {
	case "16", "31":
		return call.NormalClearing
	case "17":
		return call.Busy
	case "18", "19":
		return call.NoAnswer
	case "20", "27":
		return call.Unreachable
	case "21":
		return call.Rejected
	case "26":
		return call.AnsweredElsewhere
	case "1", "22", "28":
		return call.InvalidNumber
	case "34", "38", "41", "42", "44", "58":
		return call.Congestion
	}
	return call.UnknownCause
}
