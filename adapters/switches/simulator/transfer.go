package simulator

import (
	"slices"
	"time"

	"github.com/callstate/callstate/domain/call"
)

// transfer sends the caller on without asking: to a queue, to a colleague or to a number outside.
func (c *Centre) transfer(l *leg, to string) {
	v := l.call
	c.callFact(v, call.TransferIs{At: c.tick(), Kind: call.Blind, By: l.id, To: to})
	v.caller = v.other(l) // who waits and hangs up from now on
	c.leave(l, call.Transferred, l)
	c.sendOn(v, to)
}

// redirect sends a caller on whose call rings.
func (c *Centre) redirect(l *leg, to string) {
	v := l.call
	c.callFact(v, call.TransferIs{At: c.tick(), Kind: call.Redirect, By: l.id, To: to})
	if v.visit != "" {
		c.leaveQueue(v, call.VisitIs{End: call.Left, Reason: call.Redirected})
	}
	c.leave(l, call.Transferred, l)
	c.sendOn(v, to)
}

// sendOn has who is left of a call wait in a queue, or a number called for him.
func (c *Centre) sendOn(v *conversation, to string) {
	if slices.ContainsFunc(lines, func(each line) bool { return each.queue == to }) {
		c.enqueue(v, to)
		return
	}
	called := c.join(v, to, call.Destination)
	c.ring(called, func() { c.answer(called) })
}

// other is the party with whom a leg is in conversation.
func (v *conversation) other(l *leg) *leg {
	for _, other := range v.legs {
		if other != l && other.state.Live() {
			return other
		}
	}
	return nil
}

// ask puts the caller on hold and asks a colleague, where one is free.
func (c *Centre) ask(l *leg) {
	colleague := c.idle("")
	if colleague == nil || colleague.manual {
		c.finish(l)
		return
	}
	c.consult(l, colleague.dn)
}

// live counts the parties that are still there.
func (v *conversation) live() int {
	n := 0
	for _, l := range v.legs {
		if l.state.Live() {
			n++
		}
	}
	return n
}

// consult puts the caller on hold and calls somebody about the call.
func (c *Centre) consult(l *leg, to string) {
	a, v := l.who, l.call
	if l.state == call.Connected {
		c.is(l, call.Held, call.PartyIs{})
	}
	w := c.begin(call.Internal, a.dn, to, v.id)
	mine := c.join(w, a.dn, call.Origination)
	a.consult = mine
	c.callFact(v, call.ConsultIs{At: c.tick(), Consult: w.id, By: l.id, To: to})
	c.is(mine, call.Initiated, call.PartyIs{Agent: a.id, Dialed: to})
	theirs := c.join(w, to, call.Destination)
	c.ring(theirs, func() {
		c.is(theirs, call.Connected, call.PartyIs{})
		c.is(mine, call.Connected, call.PartyIs{})
		if a.manual {
			return
		}
		c.plan(mine, c.about(30*time.Second, 5*time.Second), func() {
			if c.chance(60) {
				c.complete(l, mine, theirs)
			} else {
				c.hangUp(mine)
			}
		})
	})
}

// takeBack: after a consultation, who asked talks to the caller again, where there is one still.
func (c *Centre) takeBack(a *operator, consultation *conversation) {
	if a.on == nil {
		return
	}
	c.callFact(a.on.call, call.ConsultIs{At: c.tick(), Consult: consultation.id, By: a.on.id, Over: true})
	if a.on.state == call.Held {
		c.retrieve(a.on)
	}
}

// complete makes one call of two: the colleague talks to the caller, or rings, who asked is gone.
func (c *Centre) complete(l, mine, theirs *leg) {
	caller := l.call.other(l)
	c.callFact(l.call, call.TransferIs{At: c.tick(), Kind: call.Attended, By: l.id, To: theirs.dn, ToCall: mine.call.id})
	c.merge(l, mine, theirs, call.Transferred)
	l.call.caller = caller
	c.leave(l, call.Transferred, l)
	if theirs.state == call.Alerting {
		c.rings(theirs, func() { c.answer(theirs) })
	} else {
		c.talk(theirs)
	}
}

// confer makes one call of two in which all three talk.
func (c *Centre) confer(l, mine, theirs *leg) {
	c.merge(l, mine, theirs, call.Conferenced)
	c.is(l, call.Connected, call.PartyIs{})
	c.callFact(l.call, call.ConferenceIs{At: c.tick(), By: l.id})
	if theirs.who == nil || !theirs.who.manual {
		c.plan(theirs, c.about(90*time.Second, 30*time.Second), func() { c.hangUp(theirs) })
	}
}

// merge takes who was consulted into the call that was on hold, which survives.
func (c *Centre) merge(l, mine, theirs *leg, cause call.Cause) {
	v, w := l.call, mine.call
	merged := call.MergedIs{At: c.tick(), Survivor: v.id, Absorbed: w.id, Cause: cause}
	c.callFact(w, merged)
	mine.state, mine.changes = call.Released, mine.changes+1
	l.who.consult = nil
	delete(c.calls, w.id)

	theirs.call = v
	v.legs = append(v.legs, theirs)
	more := call.PartyIs{From: w.id}
	if theirs.who != nil {
		more.Agent = theirs.who.id
	}
	c.is(theirs, theirs.state, more)
	merged.At = c.tick()
	c.callFact(v, merged)
}
