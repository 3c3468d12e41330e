package freeswitch

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/call"
)

const (
	// hangupPatience is how long a leg may take from CHANNEL_HANGUP to CHANNEL_HANGUP_COMPLETE.
	hangupPatience = 5 * time.Second
	// endedLate is how long after the other side's end a leg's end still belongs to it.
	endedLate = 2 * time.Second
)

// release is the end of a leg that is gone.
type release struct {
	cause    call.Cause
	self     bool // it hung up itself
	inferred bool // its end was not seen
}

// hangup: the switch begins to let a leg go. Who ended it is only told at its end.
func (t *Translator) hangup(l *leg, e Event) {
	if !l.hangupAt.IsZero() || l.told == call.Released {
		return
	}
	l.hangupAt = t.clock.Last
	l.hangupCause, _ = causeNamed(e.Get("Hangup-Cause"))
	t.ending = append(t.ending, l)
	t.missedTalk(l, t.legs[e.Variable("bridge_uuid")])
	t.tellDigits(l)
	t.transferring(l, e)
	peers := t.peers(l)
	if last := t.legs[e.Variable("bridge_uuid")]; len(peers) == 0 && last != nil && last.bridged == nil && !t.together(l, last) {
		peers = []*leg{last} // that they talk again was missed
	}
	for _, peer := range peers {
		if by := peer.endedBy; peer.hangupAt.IsZero() && l.transferred == nil && (by == nil || l.hangupAt.Sub(by.hangupAt) > endedLate) {
			peer.endedBy = l // what it survived did not end it
		}
	}
}

// hungUp: a leg is gone. Where somebody else ended it, and it is not known yet who, that is waited for.
func (t *Translator) hungUp(l *leg, e Event) {
	if l.release != nil {
		return // told before
	}
	t.hangup(l, e)
	disposition := e.Variable("sip_hangup_disposition")
	l.release = &release{cause: t.causeOf(l, e), self: strings.HasPrefix(disposition, "recv_") && l.transferred == nil}
	if !t.unclear(l) {
		t.finish(l)
	}
}

// unclear reports whether more is still to be told of the end of a leg that is gone: that the queue has given up the offer to
// it; or who ended it, where the one with whom it talked is going too, or has gone on without it.
func (t *Translator) unclear(l *leg) bool {
	if o := t.offerTo(l); o != nil && l.told < call.Connected && l.release.cause.Unanswered() {
		return !o.failed
	}
	if l.release.self || l.transferred != nil || l.consulted() {
		return false
	}
	if l.endedBy != nil {
		return l.endedBy.release == nil && t.legs[l.endedBy.id] == l.endedBy
	}
	if l.told < call.Connected {
		return l.release.cause == call.Cancelled && l.by != nil && t.legs[l.by.id] == l.by
	}
	peer := l.partner(t.clock.Last)
	return peer != nil && peer.told != call.Released && peer.release == nil && !t.together(l, peer)
}

// partner is with whom a leg talks, or talked until just now.
func (l *leg) partner(now time.Time) *leg {
	switch {
	case l.bridged != nil:
		return l.bridged
	case l.left != nil && now.Sub(l.leftAt) <= endedLate:
		return l.left
	}
	return nil
}

// leftBy is the one with whom a leg talked and who hung up, where it was missed that this came first.
func (l *leg) leftBy() *leg {
	peers := []*leg{l.bridged, l.left}
	if l.bridged == nil && l.left == nil { // it never came to talk
		peers = append(peers, l.by)
	}
	for _, peer := range peers {
		if peer != nil && peer.release != nil && peer.release.self && l.hangupAt.Sub(peer.hangupAt).Abs() <= endedLate {
			return peer
		}
	}
	return nil
}

// finish tells the end of a leg that is gone, and then of those that waited for it.
func (t *Translator) finish(l *leg) {
	if t.legs[l.id] != l {
		return
	}
	r := l.release
	delete(t.legs, l.id)
	t.gone.add(l.id)
	t.callerGone(l)
	t.listeningEnds(l)
	by := call.PartyID("")
	switch {
	case l.transferred != nil:
		by = l.transferred.by
	case r.self:
		by = call.PartyID(l.id)
	case l.endedBy != nil && l.hangupAt.Sub(l.endedBy.hangupAt) <= endedLate:
		by = l.endedBy.endedByParty()
	case l.leftBy() != nil:
		by = call.PartyID(l.leftBy().id)
	case l.consulted() && l.told == call.Connected && !r.inferred:
		by = call.PartyID(l.call.consult.by.id) // who consulted has had enough
	}
	if l.endedBy != nil && by == "" && l.told < call.Connected && r.cause == call.Cancelled {
		by = call.PartyID(l.endedBy.id)
	}
	at := l.hangupAt
	if l.offer != nil && l.offer.failed {
		at = t.clock.Next()
	}
	if l.outbound && l.told < call.Connected && (l.told == call.Null || l.offer == nil && unreached(r.cause)) {
		t.party(l, call.PartyIs{At: at, State: call.Failed, Cause: r.cause, Inferred: r.inferred})
		at = at.Add(time.Microsecond)
	}
	wasConnected := l.told == call.Connected || l.told == call.Held
	t.party(l, call.PartyIs{At: at, State: call.Released, Cause: r.cause, By: by, Inferred: r.inferred})
	if wasConnected && l.offer != nil {
		t.startAfterCallWork(l.offer.agent, l.call.connID)
	}
	if t.held[l.number] == l {
		delete(t.held, l.number)
	}
	t.leaveRooms(l)
	t.consultEndsWith(l)
	t.leaveCall(l)
	for _, other := range slices.Clone(t.ending) {
		if other.release != nil && t.legs[other.id] == other && !t.unclear(other) {
			t.finish(other)
		}
	}
}

// endedByParty is who ended a leg: itself, or whoever ended it in turn; empty: the switch.
func (l *leg) endedByParty() call.PartyID {
	switch {
	case l.release == nil || l.release.self:
		return call.PartyID(l.id)
	case l.endedBy != nil && l.endedBy.endedBy != l:
		return l.endedBy.endedByParty()
	}
	return ""
}

// unreached are the causes for which a device is said to have failed: the call did not get through to it.
func unreached(c call.Cause) bool {
	switch c {
	case call.Busy, call.Rejected, call.Congestion, call.Unreachable, call.InvalidNumber:
		return true
	}
	return false
}

// settle ends what should have come to its end before a moment.
func (t *Translator) settle(now time.Time) {
	ending := t.ending
	t.ending = nil
	for _, l := range ending {
		patience := hangupPatience
		if l.release != nil {
			patience = endedLate
		}
		switch {
		case t.legs[l.id] != l:
		case now.Sub(l.hangupAt) < patience:
			t.ending = append(t.ending, l)
		default:
			t.overdue(l)
		}
	}
	t.settleWaits(now)
}

// settleAll ends what is about to end, because nothing more will be heard for now; or ever, of a recording.
func (t *Translator) settleAll(ever bool) {
	for _, l := range slices.Clone(t.ending) {
		if t.legs[l.id] == l && (l.release != nil || ever) {
			t.overdue(l)
		}
	}
	t.settleWaits(t.clock.Last.Add(settlePatience))
}

func (t *Translator) overdue(l *leg) {
	if l.release == nil {
		l.release = &release{cause: cmp.Or(l.hangupCause, call.UnknownCause), inferred: true} // the events of its end were lost
	}
	t.finish(l)
}

// letGo ends legs that the switch does not have any more, and whose end was not seen.
func (t *Translator) letGo(missing []*leg, cause call.Cause) {
	slices.SortFunc(missing, func(a, b *leg) int { return strings.Compare(a.id, b.id) })
	for _, l := range missing {
		if t.legs[l.id] != l {
			continue
		}
		if l.hangupAt.IsZero() {
			l.hangupAt = t.clock.Next()
		}
		if l.release == nil {
			l.release = &release{cause: cause, inferred: true}
		}
		l.endedBy = nil
		t.finish(l)
	}
}

// silent are the legs of which nothing has been heard since the connection began.
func (t *Translator) silent() []*leg {
	var silent []*leg
	for _, l := range t.legs {
		if l.heard.Before(t.upAt) {
			silent = append(silent, l)
		}
	}
	return silent
}

// leaveCall takes a leg out of its call; a call without legs is over for the switch.
func (t *Translator) leaveCall(l *leg) {
	c := l.call
	c.legs = slices.DeleteFunc(c.legs, func(other *leg) bool { return other == l })
	if len(c.legs) == 0 {
		t.endConsult(c.consult)
		if t.calls[c.id] == c {
			delete(t.calls, c.id)
		}
	}
}

// gone remembers the legs that ended last: some events of a leg come after its end.
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

// causeOf is why a leg is gone. Of one that was never answered the cause of those that it called is its own.
func (t *Translator) causeOf(l *leg, e Event) call.Cause {
	cause, _ := causeNamed(e.Get("Hangup-Cause"))
	switch answered := l.told == call.Connected || l.told == call.Held; {
	case l.transferred != nil:
		return call.Transferred
	case answered && cause == call.UnknownCause:
		return call.NormalClearing
	case answered:
		return cause
	case cause == call.NormalClearing && !l.outbound:
		if failed, known := causeNamed(e.Variable("originate_disposition")); known && failed.Unanswered() {
			return failed
		}
	case cause == call.Cancelled && l.outbound && (l.endedBy != nil || l.by != nil && !l.by.hangupAt.IsZero()):
		return call.Abandoned
	}
	return cause
}

// causeNamed is the cause that a hangup cause stands for (FreeSWITCH documentation, Hangup Cause Code Table; most are those
// of ITU-T Q.850). known is false, and the cause unknown, where it is not in that table.
func causeNamed(name string) (cause call.Cause, known bool) {
	switch name {
	case "NORMAL_CLEARING", "NORMAL_UNSPECIFIED", "SUCCESS", "ALLOTTED_TIMEOUT", "MANAGER_REQUEST", "MEDIA_TIMEOUT":
		return call.NormalClearing, true
	case "USER_BUSY":
		return call.Busy, true
	case "NO_ANSWER", "NO_USER_RESPONSE", "PROGRESS_TIMEOUT":
		return call.NoAnswer, true
	case "CALL_REJECTED":
		return call.Rejected, true
	case "UNALLOCATED_NUMBER", "NO_ROUTE_DESTINATION", "INVALID_NUMBER_FORMAT", "NUMBER_CHANGED":
		return call.InvalidNumber, true
	case "USER_NOT_REGISTERED", "SUBSCRIBER_ABSENT", "DESTINATION_OUT_OF_ORDER", "RECOVERY_ON_TIMER_EXPIRE",
		"NO_ROUTE_TRANSIT_NET", "GATEWAY_DOWN":
		return call.Unreachable, true
	case "NORMAL_CIRCUIT_CONGESTION", "NETWORK_OUT_OF_ORDER", "NORMAL_TEMPORARY_FAILURE", "SWITCH_CONGESTION",
		"REQUESTED_CHAN_UNAVAIL", "BEARERCAPABILITY_NOTAVAIL":
		return call.Congestion, true
	case "ORIGINATOR_CANCEL":
		return call.Cancelled, true
	case "LOSE_RACE", "PICKED_OFF":
		return call.AnsweredElsewhere, true
	case "BLIND_TRANSFER", "ATTENDED_TRANSFER":
		return call.Transferred, true
	case "SYSTEM_SHUTDOWN", "CRASH":
		return call.Restarted, true
	}
	return call.UnknownCause, false
}
