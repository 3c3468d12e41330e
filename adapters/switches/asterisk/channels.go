package asterisk

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection"
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
	named    time.Time // last in an event
	ringing  bool      // born in state Ring: it called the switch
	made     bool      // seen born in another state: the switch made it
	shown    string    // the number that a device is shown which the switch made a call to
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
	sentOn   *sentOn       // where the one went with whom it talked

	transferredAt time.Time // when it was last sent on

	step      step // of the dialplan that it takes
	announced step // what that is about to do, and has not been heard of yet
	music     bool // it hears music on hold
	dialBegan bool // it was told that it is dialled,
	dialEnded bool // and what came of that
	declined  bool // the queue has told that it did not take the call
	inRoom    bool // it has been told to be in a conference room
	isParked  bool // it has been told to be in a parking space
	reported  [reports]int32
	logged    [reports]int32

	recording  string // its last recording, as long as it goes on
	spyOptions string // of the ChanSpy application that it runs
	keyed      connection.Keyed

	hangupRequested bool
	hangupHeard     bool       // by its HangupRequest
	leftBridge      string     // the last that it left,
	leftBridgeAt    time.Time  // and when
	cutOff          bool       // the switch hung up by itself
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
	data     []call.DataIs // attached before there was more to tell of it
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
	} else if ch.name == "" {
		t.identify(ch, b, prefix)
	}
	ch.named = t.clock.Last
	if ch.made && ch.told == call.Null && prefix == "" {
		if number := known(b.Get("CallerIDNum")); number != ch.shown {
			ch.shown = strings.Clone(number)
		}
	}
	t.stateIs(ch, b.Get(prefix+"ChannelState"), b, prefix)
	return ch
}

func (t *Translator) newChannel(b Block, prefix, id, name string) *channel {
	state := b.Get(prefix + "ChannelState")
	id, name = strings.Clone(id), strings.Clone(name) // kept as long as the call: they must not keep the block
	ch := &channel{id: id, name: name, born: t.clock.Last, ringing: state == "4" && prefix == "", made: state != "4" && b.Event() == "Newchannel"}
	if b.Event() == "CoreShowChannel" {
		ch.born = t.upAt       // or before
		ch.made = state == "0" // nothing has called yet: the switch is about to
	}
	t.seat(ch, b.Get(prefix+"Context"))
	if ch.trunk {
		ch.number = strings.Clone(known(b.Get(prefix + "CallerIDNum")))
	}
	linkedID := strings.Clone(cmp.Or(b.Get(prefix+"Linkedid"), id))
	c := t.calls[linkedID]
	if c == nil {
		c = &callOnSwitch{linkedID: linkedID, connID: call.NewConnID(birth(linkedID, t.clock.Last), t.vocabulary.Switch, linkedID)}
		t.calls[linkedID] = c
	}
	ch.call = c
	c.channels = append(c.channels, ch)
	t.channels[id], t.byName[name] = ch, ch
	t.names.put(call.PartyID(id), name)
	if ch.local {
		t.locals[id] = ch
		t.resumedConsult(ch)
	}
	if ch.ringing && id == linkedID && !ch.local {
		t.introduce(ch, b, prefix)
	}
	return ch
}

// identify gives a channel that is known from the history the name that the switch has for it.
func (t *Translator) identify(ch *channel, b Block, prefix string) {
	name := b.Get(prefix + "Channel")
	if name == "" {
		return
	}
	ch.name = strings.Clone(name)
	trunk := ch.trunk
	t.seat(ch, b.Get(prefix+"Context"))
	ch.trunk = trunk
	t.byName[ch.name] = ch
	t.names.put(call.PartyID(ch.id), ch.name)
}

// seat reads from a channel's name which device it is of.
func (t *Translator) seat(ch *channel, context string) {
	tech, rest, _ := strings.Cut(ch.name, "/")
	ch.local = tech == "Local" || tech == "Surrogate" || tech == "AsyncGoto"
	ch.endpoint = rest
	if dash := strings.LastIndexByte(rest, '-'); dash > 0 {
		ch.endpoint = rest[:dash]
	}
	ch.trunk = !ch.local && t.isTrunk(ch.endpoint, context)
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
	if t.roster.agentAt(endpoint) != "" {
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
	fact := call.CallIs{At: t.clock.Next(), ConnID: c.connID, Switch: t.vocabulary.Switch, SwitchCallID: c.linkedID}
	switch {
	case ch.made && ch.trunk: // a dialler called somebody outside
		fact.Origin = call.Switch
		fact.ANI, fact.DNIS = ch.shown, ch.dn()
	case ch.made: // click to dial: the device is shown the number that will be called
		fact.Origin = call.Switch
		fact.ANI, fact.DNIS = ch.dn(), ch.shown
		if fact.DNIS == fact.ANI {
			fact.DNIS = ""
		}
	case ch.trunk:
		fact.Origin = call.External
		fact.ANI = ch.number
	default:
		fact.Origin = call.Internal
		fact.ANI = ch.dn()
	}
	if ch.ringing {
		fact.DNIS = strings.Clone(known(b.Get(prefix + "Exten")))
	}
	fact.Inferred = t.inferring || ch.id != c.linkedID || !ch.ringing && !ch.made
	if ch.ringing {
		fact.At = t.clock.Last
		if of := t.consults(ch); of != nil {
			fact.ConsultOf = of.connID
		}
	}
	t.callFact(c.connID, fact)
	for _, data := range c.data {
		data.At = t.clock.Next()
		t.callFact(c.connID, data)
	}
	c.data = nil
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
	} else if !ch.trunk {
		f.Agent = t.roster.agentAt(f.DN)
	}
	if f.Role == "" && ch.id == ch.call.linkedID {
		f.Role = call.Origination
	}
	if f.At.IsZero() {
		f.At = t.clock.Next()
	}
	f.Inferred = f.Inferred || t.inferring
	ch.told = f.State
	t.callFact(ch.call.connID, f)
	if f.State == call.Connected {
		t.consultedAnswers(ch)
	}
}

func (t *Translator) hold(b Block, state call.Telephony) {
	ch := t.channel(b, "")
	if ch == nil || ch.told == state || ch.told == call.Null {
		return
	}
	t.holds(ch, call.PartyIs{State: state})
}

// holds tells that a party has put its call on hold, or has taken it back.
func (t *Translator) holds(ch *channel, f call.PartyIs) {
	t.party(ch, f)
	if f.State == call.Held {
		t.held[ch.dn()] = ch
	}
}
