package asterisk

import (
	"strconv"
	"time"

	"github.com/callstate/callstate/domain/call"
)

// wait is a caller's stay in a queue that has not ended.
type wait struct {
	visit     call.VisitID
	queue     string
	place     string    // in the dialplan, where the caller waits; empty where his join was missed
	abandoned time.Time // QueueCallerAbandon came, which is also sent for a timeout: what follows tells
	left      time.Time // QueueCallerLeave came alone: what follows tells
	hungUp    bool      // the caller hung up meanwhile
	ended     time.Time // its end has been told
}

// announced is when the end of the wait was announced without saying how it ended; zero: it was not.
func (w *wait) announced() time.Time {
	switch {
	case w == nil:
		return time.Time{}
	case !w.abandoned.IsZero():
		return w.abandoned
	}
	return w.left
}

// gaveUp notes that the caller hangs up. Whom the queue has let go before did not give up in it.
func (w *wait) gaveUp() {
	if w != nil && w.announced().IsZero() {
		w.hungUp = true
	}
}

// offer is a call that a queue offered to a member.
type offer struct {
	agent string
	wait  *wait
}

// offerTo is how a queue offered the call to a channel, directly or through a Local channel; nil when none did.
func (t *Translator) offerTo(ch *channel) *offer {
	if ch.offer != nil {
		return ch.offer
	}
	if by := ch.dialedBy; by != nil && by.local {
		if other := t.otherHalf(by); other != nil {
			return other.offer
		}
	}
	return nil
}

func (t *Translator) queueJoin(b Block) {
	ch := t.channel(b, "")
	if ch == nil {
		return
	}
	queue := b.Get("Queue")
	if w := ch.wait; w != nil && w.queue == queue && w.announced().IsZero() {
		return // told before
	}
	t.tellDigits(ch)
	ch.goesOn()
	t.redirected(ch, queue)
	t.settleWait(ch, false)
	t.leaveIVR(ch, "", true)
	ch.endedBy = nil
	at := t.clock.Next()
	ch.wait = &wait{visit: visitID(ch, queue, at), queue: queue, place: placeOf(b)}
	position, _ := strconv.Atoi(b.Get("Position"))
	t.visit(ch, call.VisitIs{At: at, Position: position})
}

// placeOf is where in the dialplan a channel is.
func placeOf(b Block) string { return b.Get("Exten") + "@" + b.Get("Context") }

// visitID names a wait by who waits, where, and since when, so that whoever sees it join names it alike.
func visitID(ch *channel, queue string, at time.Time) call.VisitID {
	return call.VisitID(ch.id + "/" + queue + "@" + strconv.FormatInt(at.UnixMilli(), 10))
}

func (t *Translator) visit(ch *channel, f call.VisitIs) {
	t.introduce(ch, Block{}, "")
	f.Visit, f.Queue, f.Party = ch.wait.visit, ch.wait.queue, call.PartyID(ch.id)
	if f.At.IsZero() {
		f.At = t.clock.Next()
	}
	t.callFact(ch.call.connID, f)
}

// endWait tells how a wait ended and forgets it.
func (t *Translator) endWait(ch *channel, f call.VisitIs) {
	t.visit(ch, f)
	ch.wait.ended = t.clock.Last
	ch.lastWait, ch.wait = ch.wait, nil
}

// settleWait ends a wait whose end was announced (or missed) and not explained until the channel did the next thing:
// it hung up, or it went on.
func (t *Translator) settleWait(ch *channel, hungUp bool) {
	w := ch.wait
	if w == nil {
		return
	}
	switch {
	case w.hungUp || hungUp:
		t.endWait(ch, call.VisitIs{At: w.announced(), End: call.VisitAbandoned, Inferred: w.abandoned.IsZero()})
	case !w.abandoned.IsZero():
		t.endWait(ch, call.VisitIs{At: w.abandoned, End: call.Left, Reason: call.TimedOut})
	case !w.left.IsZero():
		t.endWait(ch, call.VisitIs{At: w.left, End: call.Left, Reason: call.ExitKey})
	default:
		t.endWait(ch, call.VisitIs{End: call.Left, Inferred: true})
	}
}

// settlePatience is how long after the announcement of its end a wait stays unexplained.
const settlePatience = time.Second

// settleQueues settles the waits whose end was announced before a moment and that nothing has explained since.
func (t *Translator) settleQueues(before time.Time) {
	pending := t.unsettled
	t.unsettled = nil
	for _, ch := range pending {
		switch {
		case ch.wait.announced().IsZero():
		case ch.wait.announced().Before(before):
			t.settleWait(ch, false)
		default:
			t.unsettled = append(t.unsettled, ch)
		}
	}
}

func (t *Translator) queueAbandon(b Block) {
	ch := t.channel(b, "")
	if ch == nil || t.missedJoin(ch, b.Get("Queue")) == nil {
		return
	}
	ch.wait.abandoned = t.clock.Next()
	ch.wait.hungUp = ch.wait.hungUp || ch.hangupRequested
	if ch.wait.hungUp {
		t.settleWait(ch, true)
		return
	}
	t.unsettled = append(t.unsettled, ch)
}

// missedJoin returns the wait of a channel; where its join was missed it is taken as begun, under no id of its own.
func (t *Translator) missedJoin(ch *channel, queue string) *wait {
	if last := ch.lastWait; last != nil && last.queue == queue && t.clock.Last.Sub(last.ended) < settlePatience {
		return ch.wait // it has just ended, and this tells it again
	}
	if ch.wait == nil && ch.told != call.Released && queue != "" {
		ch.wait = &wait{queue: queue}
	}
	return ch.wait
}

func (t *Translator) queueLeave(b Block) {
	ch := t.channel(b, "")
	if ch == nil || ch.wait == nil || !ch.wait.abandoned.IsZero() || ch.wait.queue != b.Get("Queue") {
		return
	}
	for _, dest := range ch.dialed {
		if dest.offer != nil && dest.offer.wait == ch.wait && dest.state == "6" {
			return // connected: AgentConnect tells with whom
		}
	}
	if ch.hangupRequested {
		t.settleWait(ch, true)
		return
	}
	if ch.wait.place != "" && ch.wait.place != placeOf(b) { // he has keyed what sends him there
		t.endWait(ch, call.VisitIs{End: call.Left, Reason: call.ExitKey})
		return
	}
	ch.wait.left = t.clock.Next() // without a word: QUEUESTATUS or what the channel does next tells why
	t.unsettled = append(t.unsettled, ch)
}

// queueStatus is the result of the Queue application, told in the channel variable QUEUESTATUS when it returns.
func (t *Translator) queueStatus(ch *channel, status string) {
	if ch.wait == nil || status == "" {
		return
	}
	reason, ok := map[string]call.LeaveReason{
		"TIMEOUT": call.TimedOut, "LEAVEEMPTY": call.EmptyQueue, "LEAVEUNAVAIL": call.EmptyQueue,
		"CONTINUE": call.ExitKey, "WITHDRAW": call.Withdrawn,
	}[status]
	if ok {
		t.endWait(ch, call.VisitIs{At: ch.wait.announced(), End: call.Left, Reason: reason})
	}
}

func (t *Translator) agentCalled(b Block) {
	caller, dest := t.channel(b, ""), t.channel(b, "Dest")
	if caller == nil || dest == nil {
		return
	}
	w := t.missedJoin(caller, b.Get("Queue"))
	if w == nil {
		return
	}
	dest.offer = &offer{agent: agentID(b.Get("MemberName")), wait: w}
	caller.dials(dest)
	t.endAfterCallWork(dest.offer.agent, t.clock.Last)
}

func (t *Translator) agentConnect(b Block) {
	caller, dest := t.channel(b, ""), t.channel(b, "Dest")
	if caller == nil || dest == nil {
		return
	}
	if dest.offer != nil && !dest.offer.wait.ended.IsZero() {
		return // told before
	}
	id := agentID(b.Get("MemberName"))
	w := t.missedJoin(caller, b.Get("Queue"))
	if w == nil {
		return
	}
	if dest.offer == nil {
		dest.offer = &offer{agent: id, wait: w}
	}
	t.answered(dest)
	fact := call.VisitIs{End: call.Distributed, Agent: id}
	for _, party := range t.behind(dest) {
		if party.told == call.Connected || party.told == call.Held {
			fact.AgentDN, fact.AgentParty = party.dn(), call.PartyID(party.id)
		}
	}
	t.endWait(caller, fact)
}

// agentRingNoAnswer: the member did not take the call, or his phone rejected it, or could not be reached at all.
func (t *Translator) agentRingNoAnswer(b Block) {
	t.channel(b, "")
	dest := t.channel(b, "Dest")
	if dest == nil {
		return
	}
	if caller := t.channel(b, ""); dest.offer == nil && caller != nil && caller.wait != nil {
		dest.offer = &offer{agent: agentID(b.Get("MemberName")), wait: caller.wait}
	}
	dest.declined = true
	for _, party := range t.behind(dest) {
		cause := party.endCause
		if !cause.Unanswered() {
			cause = call.NoAnswer
		}
		if party.told == call.Null {
			t.failed(party, cause)
		}
		by := call.PartyID("")
		if party.hangupRequested {
			by = call.PartyID(party.id)
		}
		t.party(party, call.PartyIs{State: call.Released, Cause: cause, By: by})
	}
}

// agentComplete tells who ended an agent's part; a HangupRequest knows better.
func (t *Translator) agentComplete(b Block) {
	caller, dest := t.channel(b, ""), t.channel(b, "Dest")
	if caller == nil || dest == nil {
		return
	}
	for _, party := range t.behind(dest) {
		by := caller
		switch {
		case caller.hangupRequested:
		case caller.cutOff || party.cutOff:
			return // by the switch itself, which does not know better
		case party.hangupRequested || b.Get("Reason") == "agent":
			by = party
		case b.Get("Reason") != "caller":
			return
		}
		for _, ch := range []*channel{caller, party} {
			if ch.endedBy == nil {
				ch.endedBy, ch.endedAt = by, t.clock.Last
			}
		}
	}
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
