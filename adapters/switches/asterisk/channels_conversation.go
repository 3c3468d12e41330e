package asterisk

import (
	"slices"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/call"
)

// consultation is a call about another call. Where a phone makes it itself, it is a call of its own for the switch too;
// where the switch makes it (AMI Atxfer, the feature code), it hides in the Linkedid of the first call, behind a Local
// channel, and the same channel of the agent is in both calls.
type consultation struct {
	of     *callOnSwitch
	by     *channel // whose channel is on hold in the other call
	hidden bool     // the agent has no channel of his own in the consultation
	over   bool
}

// consults makes a new call a consultation where the device that makes it has another call on hold.
func (t *Translator) consults(ch *channel) *callOnSwitch {
	held := t.held[ch.dn()]
	if held == nil || held.told != call.Held || held.call == ch.call || ch.trunk {
		return nil
	}
	ch.call.consult = &consultation{of: held.call, by: held}
	return held.call
}

// tellConsult tells the first call that somebody is consulted about it.
func (t *Translator) tellConsult(c *callOnSwitch, to string) {
	t.callFact(c.consult.of.connID, call.ConsultIs{At: t.clock.Next(), Consult: c.connID, By: call.PartyID(c.consult.by.id), To: to})
}

// endConsult: the consultation is over without having become part of the first call.
func (t *Translator) endConsult(c *callOnSwitch) {
	if c.consult == nil || c.consult.over {
		return
	}
	c.consult.over = true
	if c.consult.hidden {
		t.callFact(c.connID, call.PartyIs{At: t.clock.Next(), Party: call.PartyID(c.consult.by.id), State: call.Released,
			Cause: call.NormalClearing, By: call.PartyID(c.consult.by.id)})
	}
	t.callFact(c.consult.of.connID, call.ConsultIs{At: t.clock.Next(), Consult: c.connID, By: call.PartyID(c.consult.by.id), Over: true})
}

// hiddenConsult recognises a consultation that the switch makes: a party that holds its call enters a bridge with a Local
// channel that nobody dialled.
func (t *Translator) hiddenConsult(bridge string) {
	var by, local *channel
	for _, ch := range t.bridges[bridge] {
		switch {
		case ch.local && strings.HasSuffix(ch.name, ";1") && ch.dialedBy == nil && ch.offer == nil:
			local = ch
		case !ch.local && ch.told == call.Held:
			by = ch
		}
	}
	if by == nil || local == nil || local.call != by.call || local.id == local.call.linkedID {
		return
	}
	to, _, _ := strings.Cut(local.endpoint, "@")
	c := &callOnSwitch{linkedID: local.id, told: true, consult: &consultation{of: by.call, by: by, hidden: true}}
	c.connID = call.NewConnID(birth(local.id, t.clock.Last), t.vocabulary.Switch, local.id)
	t.callFact(c.connID, call.CallIs{At: t.clock.Next(), ConnID: c.connID, Switch: t.vocabulary.Switch, SwitchCallID: local.id,
		Origin: call.Internal, ANI: by.dn(), DNIS: to, ConsultOf: by.call.connID})
	t.callFact(c.connID, call.PartyIs{At: t.clock.Next(), Party: call.PartyID(by.id), State: call.Initiated, DN: by.dn(), Agent: t.roster.agentAt(by.dn()),
		Role: call.Origination, Dialed: to})
	t.tellConsult(c, to)
	t.moveTo(c, local)
	if other := t.otherHalf(local); other != nil {
		t.moveTo(c, other)
		for _, dest := range other.dialed {
			t.moveTo(c, dest)
		}
	}
}

// moveTo makes a channel one of another call.
func (t *Translator) moveTo(c *callOnSwitch, ch *channel) {
	if ch.call == c {
		return
	}
	t.leaveCall(ch)
	ch.call = c
	c.channels = append(c.channels, ch)
}

// leaveCall takes a channel out of its call; a call without channels is over for the switch.
func (t *Translator) leaveCall(ch *channel) {
	c := ch.call
	c.channels = slices.DeleteFunc(c.channels, func(other *channel) bool { return other == ch })
	if !slices.ContainsFunc(c.channels, func(other *channel) bool { return !other.local }) && (len(c.channels) == 0 || !ch.local) {
		t.endConsult(c) // only the switch's own channels are left
	}
	if len(c.channels) == 0 {
		if t.calls[c.linkedID] == c {
			delete(t.calls, c.linkedID)
		}
	}
}

// consultedAnswers: somebody whom a hidden consultation rang has answered, so who consults is connected too.
func (t *Translator) consultedAnswers(ch *channel) {
	if c := ch.call.consult; c != nil && c.hidden && !c.over && ch != c.by {
		t.callFact(ch.call.connID, call.PartyIs{At: t.clock.Next(), Party: call.PartyID(c.by.id), State: call.Connected, DN: c.by.dn(),
			Agent: t.roster.agentAt(c.by.dn()), Role: call.Origination})
	}
}

// backToCall: a channel whose consultation was hidden is with the first call again, so the consultation is over.
func (t *Translator) backToCall(ch *channel) {
	for _, c := range t.consultsOf(ch) {
		if slices.ContainsFunc(t.bridges[ch.bridge], func(other *channel) bool { return other.call == c }) {
			continue // it is the consultation's own bridge
		}
		for _, other := range c.channels {
			other.endedBy, other.endedAt = ch, t.clock.Last
		}
		if !t.transferring(c) {
			t.endConsult(c)
		}
	}
}

// transferring reports whether a consultation's parties are about to join the first call: they are in one of its bridges.
func (t *Translator) transferring(c *callOnSwitch) bool {
	return slices.ContainsFunc(c.channels, func(ch *channel) bool {
		return ch.bridge != "" && slices.ContainsFunc(t.bridges[ch.bridge], func(other *channel) bool { return other.call == c.consult.of })
	})
}

// consultsOf are the hidden consultations that a channel has made and that are not over.
func (t *Translator) consultsOf(ch *channel) []*callOnSwitch {
	var found []*callOnSwitch
	for _, other := range t.bridged(ch) {
		found = appendConsult(found, other.call, ch)
	}
	for _, local := range t.locals {
		found = appendConsult(found, local.call, ch)
	}
	return found
}

func appendConsult(found []*callOnSwitch, c *callOnSwitch, by *channel) []*callOnSwitch {
	if c.consult != nil && c.consult.hidden && !c.consult.over && c.consult.by == by && !slices.Contains(found, c) {
		found = append(found, c)
	}
	return found
}

func (t *Translator) bridged(ch *channel) []*channel {
	if ch.bridge == "" {
		return nil
	}
	return t.bridges[ch.bridge]
}

// blindTransfer: a party sends the other one on, and leaves.
func (t *Translator) blindTransfer(b Block) {
	by, who := t.channel(b, "Transferer"), t.channel(b, "Transferee")
	if by == nil {
		return
	}
	t.reported(by, blindTransferred)
	if by.told == call.Released || b.Get("Result") != "Success" {
		return
	}
	t.callFact(by.call.connID, call.TransferIs{At: t.clock.Next(), Kind: call.Blind, By: call.PartyID(by.id), To: known(b.Get("Extension"))})
	if who != nil {
		who.left, who.transferredAt = nil, t.clock.Last
	}
	by.sentOn = nil
	t.release(by, call.PartyIs{Cause: call.Transferred, By: call.PartyID(by.id)})
}

// attendedTransfer: a party joins the two calls that it has. Asterisk names the older call first (Orig), which is the one
// that the other is about; it is the one that survives.
func (t *Translator) attendedTransfer(b Block) {
	first, second := t.channel(b, "OrigTransferer"), t.channel(b, "SecondTransferer")
	target := t.channel(b, "TransferTarget")
	if first == nil {
		return
	}
	t.reported(first, attendedTransferred)
	if second != nil {
		t.reported(second, attendedTransferred) // the log has it of the one or the other
	}
	if first.told == call.Released || b.Get("Result") != "Success" {
		return
	}
	if who := t.channel(b, "Transferee"); who != nil {
		who.left, who.transferredAt = nil, t.clock.Last
	}
	first.sentOn = nil
	var absorbed *callOnSwitch
	if second != nil && second != first && second.call != first.call {
		absorbed = second.call
	} else if hidden := t.consultsOf(first); len(hidden) > 0 {
		absorbed = hidden[0]
	}
	cause, survivor := call.Transferred, first.call
	if b.Get("DestType") == "Threeway" {
		cause = call.Conferenced
		t.party(first, call.PartyIs{State: call.Connected})
		t.callFact(survivor.connID, call.ConferenceIs{At: t.clock.Next(), By: call.PartyID(first.id)})
	} else {
		fact := call.TransferIs{At: t.clock.Next(), Kind: call.Attended, By: call.PartyID(first.id)}
		if target != nil {
			for _, party := range t.behind(target) {
				fact.To = party.dn()
			}
		}
		if absorbed != nil {
			fact.ToCall = absorbed.connID
		}
		t.callFact(survivor.connID, fact)
	}
	if absorbed != nil {
		t.merge(survivor, absorbed, cause, first, second)
	}
	if cause == call.Transferred {
		t.release(first, call.PartyIs{Cause: call.Transferred, By: call.PartyID(first.id)})
	}
}

// merge makes two calls one: the parties of the absorbed call, but for those that leave, are parties of the survivor now.
func (t *Translator) merge(survivor, absorbed *callOnSwitch, cause call.Cause, leaving ...*channel) {
	if survivor == absorbed {
		return
	}
	if absorbed.consult != nil {
		absorbed.consult.over = true
	}
	merged := call.MergedIs{At: t.clock.Next(), Survivor: survivor.connID, Absorbed: absorbed.connID, Cause: cause}
	t.callFact(absorbed.connID, merged)
	for _, ch := range slices.Clone(absorbed.channels) {
		stays := !slices.Contains(leaving, ch)
		state := ch.told
		t.moveTo(survivor, ch)
		switch {
		case ch.local || state == call.Null || state == call.Released:
		case stays:
			t.party(ch, call.PartyIs{State: state, From: absorbed.connID})
		default:
			ch.told = call.Released
		}
	}
	merged.At = t.clock.Next()
	t.callFact(survivor.connID, merged)
	for _, r := range t.rooms { // who comes in later joins what there is now
		if r.call == absorbed {
			r.call = survivor
		}
	}
	for _, ch := range t.channels {
		if c := ch.call.consult; c != nil && c.of == absorbed {
			c.of = survivor
		}
	}
}

// conversation is what a channel had before it left a bridge without anybody hanging up.
type conversation struct {
	at    time.Time
	peers []*channel
}

// leftConversation notes that a channel leaves the party it talked with.
func (t *Translator) leftConversation(ch *channel) {
	if ch.local || ch.told < call.Connected || ch.told == call.Released {
		return
	}
	if peers := t.peers(ch); len(peers) == 1 && !ch.hangupRequested && !peers[0].hangupRequested {
		ch.left = &conversation{at: t.clock.Last, peers: peers}
	}
}

// sentOn is where a channel went that left a conversation without anybody hanging up.
type sentOn struct {
	channel *channel
	to      string
}

// redirected notes that a channel left its conversation for something else and no transfer was announced: AMI Redirect is
// none for the switch. The announcement may still come, so it is told when the other party hangs up.
func (t *Translator) redirected(ch *channel, to string) {
	left := ch.left
	ch.left = nil
	if left == nil || ch.endedBy != nil || ch.hangupRequested || t.clock.Last.Sub(ch.transferredAt) < endedLate {
		return
	}
	peer := left.peers[0]
	if peer.hangupRequested || peer.told == call.Released && t.channels[peer.id] == peer {
		return
	}
	peer.sentOn = &sentOn{channel: ch, to: to}
	if t.channels[peer.id] != peer {
		t.tellRedirect(peer)
	}
}

// tellRedirect tells that a third party sent on the one with whom a channel talked that is gone now.
func (t *Translator) tellRedirect(ch *channel) {
	sent := ch.sentOn
	ch.sentOn = nil
	if sent == nil || ch.hangupRequested {
		return
	}
	t.callFact(sent.channel.call.connID, call.TransferIs{At: t.clock.Next(), Kind: call.Redirect, To: sent.to, Inferred: true})
	if ch.endCause == "" {
		ch.endCause = call.Transferred
	}
}

// room is a conference room.
type room struct {
	name    string
	call    *callOnSwitch
	members map[*channel]bool
}

// conferenceJoin: a channel enters a conference room. All who are in it are in one call.
func (t *Translator) conferenceJoin(b Block) {
	if ch := t.channel(b, ""); ch != nil {
		t.entersRoom(ch, b.Get("Conference"))
	}
}

func (t *Translator) entersRoom(ch *channel, name string) {
	ch.left = nil
	r := t.rooms[name]
	if r == nil {
		r = &room{name: strings.Clone(name), call: ch.call, members: map[*channel]bool{}}
		t.rooms[r.name] = r
	}
	if r.members[ch] {
		return // told before
	}
	r.members[ch], ch.inRoom = true, true
	if ch.call != r.call {
		t.merge(r.call, ch.call, call.Conferenced)
	}
	if len(r.members) == 3 {
		t.callFact(r.call.connID, call.ConferenceIs{At: t.clock.Next(), By: call.PartyID(ch.id), Room: name})
	}
}

func (t *Translator) conferenceLeave(b Block) {
	if ch := t.channel(b, ""); ch != nil {
		t.leaveRooms(ch)
	}
}

func (t *Translator) leaveRooms(ch *channel) {
	for name, r := range t.rooms {
		if delete(r.members, ch); len(r.members) == 0 {
			delete(t.rooms, name)
		}
	}
}

// parked: a channel waits in a parking space.
func (t *Translator) parked(b Block) {
	ch := t.channel(b, "Parkee")
	if ch == nil {
		return
	}
	t.reported(ch, parked)
	ch.isParked = true
	space := b.Get("ParkingSpace")
	t.redirected(ch, space)
	t.callFact(ch.call.connID, call.ParkIs{At: t.clock.Next(), Party: call.PartyID(ch.id), Space: space, Parked: true})
}

// unparked: somebody took the call from its parking space, or its time there is over, or the caller gave up.
func (t *Translator) unparked(b Block, reason call.UnparkReason) {
	ch := t.channel(b, "Parkee")
	if ch == nil {
		return
	}
	t.reported(ch, unparked)
	ch.isParked = false
	fact := call.ParkIs{At: t.clock.Next(), Party: call.PartyID(ch.id), Reason: reason}
	taker := t.channel(b, "Retriever")
	if taker != nil {
		fact.TakeBy = taker.dn()
	}
	t.callFact(ch.call.connID, fact)
	if taker != nil && taker.call != ch.call {
		t.merge(ch.call, taker.call, call.Transferred)
	}
}

// recording tells the state of a channel's recording (MixMonitor).
func (t *Translator) recording(b Block, state call.RecordingState) {
	ch := t.channel(b, "")
	if ch == nil {
		return
	}
	t.introduce(ch, Block{}, "")
	if ch.recording == "" {
		if state == call.Stopped {
			return // told before
		}
		ch.recording = ch.id + "/" + t.clock.Last.UTC().Format("150405.000000")
	}
	t.callFact(ch.call.connID, call.RecordingIs{At: t.clock.Next(), Recording: ch.recording, Party: call.PartyID(ch.id), State: state})
	if state == call.Stopped {
		ch.recording = ""
	}
}

// spy: somebody begins or ends to listen to a channel (ChanSpy).
func (t *Translator) spy(b Block, listening bool) {
	spyer, spyee := t.channel(b, "Spyer"), t.channel(b, "Spyee")
	if spyer == nil || spyee == nil {
		return
	}
	t.callFact(spyee.call.connID, call.SupervisorIs{At: t.clock.Next(), Party: call.PartyID(spyer.id), DN: spyer.dn(),
		Target: call.PartyID(spyee.id), Mode: spyMode(spyer.spyOptions), Listening: listening})
}

// spyMode reads the options of the ChanSpy application: w whispers, B barges in (W only whispers and does not listen).
func spyMode(appData string) call.SupervisionMode {
	_, options, _ := strings.Cut(appData, ",")
	switch {
	case strings.Contains(options, "B"):
		return call.Barge
	case strings.ContainsAny(options, "wW"):
		return call.Whisper
	}
	return call.Silent
}

// digit counts what a caller keys. Which digits they are is only looked at in an IVR or a queue of which that is wanted.
func (t *Translator) digit(b Block) {
	if ch := t.channel(b, ""); ch != nil && !ch.local && b.Get("Direction") == "Received" {
		kept := t.vocabulary.KeepDigits
		ch.keyed.Add(b.Get("Digit"), ch.ivr.name != "" && matchesAny(kept, ch.ivr.name) || ch.wait != nil && matchesAny(kept, ch.wait.queue))
	}
}

// tellDigits tells the digits keyed so far, when the channel does the next thing.
func (t *Translator) tellDigits(ch *channel) {
	if ch.keyed.None() || ch.local {
		return
	}
	t.introduce(ch, Block{}, "")
	t.callFact(ch.call.connID, ch.keyed.Take(t.clock.Next(), call.PartyID(ch.id)))
}

// release tells that a party is gone, and begins the agent's after-call work where the party was an agent's.
func (t *Translator) release(ch *channel, f call.PartyIs) {
	wasConnected := ch.told == call.Connected || ch.told == call.Held
	f.State = call.Released
	t.party(ch, f)
	if wasConnected && ch.offer != nil {
		t.startAfterCallWork(ch.offer.agent, ch.offer.wait.queue, ch.call.connID)
	}
	if t.held[ch.dn()] == ch {
		delete(t.held, ch.dn())
	}
}
