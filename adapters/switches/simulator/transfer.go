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
	other := v.other(l)
	v.caller = other // who waits and hangs up from now on
	c.leave(l, call.Transferred, l)
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
	if a.on == nil || a.on.state != call.Held {
		return
	}
	c.callFact(a.on.call, call.ConsultIs{At: c.tick(), Consult: consultation.id, By: a.on.id, Over: true})
	c.retrieve(a.on)
}

// complete makes one call of two: the colleague talks to the caller, who asked is gone. The call that was on hold
// survives.
func (c *Centre) complete(l, mine, theirs *leg) {
	a, v, w := l.who, l.call, mine.call
	c.callFact(v, call.TransferIs{At: c.tick(), Kind: call.Attended, By: l.id, To: theirs.dn, ToCall: w.id})
	merged := call.MergedIs{At: c.tick(), Survivor: v.id, Absorbed: w.id, Cause: call.Transferred}
	c.callFact(w, merged)
	mine.state, mine.changes = call.Released, mine.changes+1
	a.consult = nil
	delete(c.calls, w.id)

	state, caller := theirs.state, v.other(l)
	theirs.call, v.caller = v, caller
	v.legs = append(v.legs, theirs)
	c.is(theirs, state, call.PartyIs{From: w.id})
	merged.At = c.tick()
	c.callFact(v, merged)
	c.leave(l, call.Transferred, l)
	c.talk(theirs)
}
