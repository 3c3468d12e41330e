package asterisk

import (
	"slices"
	"time"

	"github.com/callstate/callstate/domain/call"
)

func (t *Translator) hangupRequest(b Block) {
	if ch := t.channel(b, ""); ch != nil {
		ch.hangupHeard = true
		t.hangsUp(ch, q850(b.Get("Cause")))
	}
}

// hangsUp: who is at a channel's end hangs up.
func (t *Translator) hangsUp(ch *channel, cause call.Cause) {
	t.mustEnd(ch)
	ch.hangupRequested = true
	if ch.endedBy == nil || t.clock.Last.Sub(ch.endedAt) > endedLate { // else the other side was faster
		ch.endedBy, ch.endedAt = ch, t.clock.Last
	}
	if cause.Unanswered() && ch.told < call.Connected {
		ch.endCause = cause
	}
	ch.wait.gaveUp()
	peers := t.peers(ch)
	if ch.bridge != "" && len(peers) > 1 {
		return // a conference goes on without him
	}
	for _, peer := range peers {
		if peer.endedBy == nil || t.clock.Last.Sub(peer.endedAt) > endedLate { // what it survived did not end it
			peer.endedBy, peer.endedAt = ch, t.clock.Last
			if peer.dialedBy != nil {
				t.mustEnd(peer) // a called phone has nothing else to do
			}
		}
		if peer.told < call.Connected && peer.endCause == "" && peer.dialedBy != nil {
			peer.endCause = call.Abandoned
		}
	}
}

// softHangup: the switch hangs up a channel. Where nobody asked for it, it does so by itself; but a channel that has just
// left its bridge was left by somebody, and who that was has been missed.
func (ch *channel) softHangup(now time.Time) {
	if !ch.hangupRequested && ch.endedBy == nil && now.Sub(ch.leftBridgeAt) > endedLate {
		ch.cutOff = true
	}
}

// mustEnd notes that a channel will hang up at once, so that it is let go even when its Hangup is lost.
func (t *Translator) mustEnd(ch *channel) {
	if ch.ending.IsZero() {
		ch.ending = t.clock.Last
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
	t.unheard(ch)
	t.ends(ch)
	t.tellRedirect(ch)
	t.settleWait(ch, ch.wait.announced().IsZero())
	by := call.PartyID("")
	switch {
	case ch.endedBy != nil && t.clock.Last.Sub(ch.endedAt) <= endedLate:
		by = call.PartyID(ch.endedBy.id)
	case ch.hangupRequested:
		by = call.PartyID(ch.id)
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
	if answered && by == "" && !ch.cutOff && cause != call.Transferred {
		inferred = true // neither a party nor the switch was seen to end it: something was missed
	}
	t.tellDigits(ch)
	t.release(ch, call.PartyIs{At: since, Cause: cause, By: by, Inferred: inferred})
	if by := ch.dialedBy; by != nil {
		by.dialed = slices.DeleteFunc(by.dialed, func(other *channel) bool { return other == ch })
	}
	t.leaveBridge(ch)
	delete(t.channels, ch.id)
	delete(t.byName, ch.name)
	t.names.remove(call.PartyID(ch.id))
	delete(t.locals, ch.id)
	if len(t.rooms) > 0 {
		t.leaveRooms(ch)
	}
	t.gone.add(departed{id: ch.id, name: ch.name, call: ch.call.connID, requested: ch.hangupRequested || !t.witnessed(ch)})
	t.leaveCall(ch)
}

// gone remembers the channels that hung up last: some events of a channel come after its Hangup.
type gone struct {
	ids, names map[string]*departed
	ring       [1024]*departed
	next       int
}

// departed is a channel that has hung up.
type departed struct {
	id, name  string
	call      call.ConnID
	requested bool // it asked for it, or may have before it was seen
}

func newGone() gone { return gone{ids: map[string]*departed{}, names: map[string]*departed{}} }

func (g *gone) has(id string) bool { return g.ids[id] != nil }

// named is the channel that had a name last; nil where it is not remembered.
func (g *gone) named(name string) *departed { return g.names[name] }

func (g *gone) add(d departed) {
	if old := g.ring[g.next]; old != nil {
		delete(g.ids, old.id)
		if g.names[old.name] == old { // a restarted switch begins its names again
			delete(g.names, old.name)
		}
	}
	g.ring[g.next], g.ids[d.id], g.names[d.name] = &d, &d, &d
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
