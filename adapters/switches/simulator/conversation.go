package simulator

import (
	"fmt"
	"slices"
	"time"

	"github.com/callstate/callstate/domain/call"
)

// conversation is a call.
type conversation struct {
	id     call.ConnID
	name   string
	legs   []*leg
	caller *leg
	queue  string       // in which it waits
	visit  call.VisitID // the present wait
	visits int
}

// leg is a party.
type leg struct {
	id       call.PartyID
	call     *conversation
	dn       string
	who      *operator // nil: somebody outside
	external bool
	role     call.Role
	state    call.Telephony
	changes  int // numbers its states: what was planned in an earlier one is not done
}

// begin has a call begin, made by a leg.
func (c *Centre) begin(origin call.Origin, ani, dnis string, about call.ConnID) *conversation {
	c.count++
	name, at := fmt.Sprintf("%d.%d", c.begun.UnixMilli(), c.count), c.tick()
	return c.beginAs(call.NewConnID(at, c.config.Name, name), name, call.CallIs{At: at, Origin: origin, ANI: ani, DNIS: dnis, ConsultOf: about})
}

// beginAs has a call begin that has its ids already.
func (c *Centre) beginAs(id call.ConnID, name string, is call.CallIs) *conversation {
	v := &conversation{id: id, name: name}
	c.calls[v.id] = v
	is.ConnID, is.Switch, is.SwitchCallID = v.id, c.config.Name, v.name
	c.callFact(v, is)
	return v
}

// join adds a leg to a call.
func (c *Centre) join(v *conversation, dn string, role call.Role) *leg {
	l := &leg{id: call.PartyID(fmt.Sprintf("%s/%d", v.name, len(v.legs)+1)), call: v, dn: dn, role: role}
	if l.who = c.devices[dn]; l.who == nil {
		l.external = true
	}
	if role == call.Origination {
		v.caller = l
	}
	v.legs = append(v.legs, l)
	return l
}

// is tells the state of a leg.
func (c *Centre) is(l *leg, state call.Telephony, more call.PartyIs) {
	l.state = state
	l.changes++
	more.At, more.Party, more.State, more.DN, more.External, more.Role = c.tick(), l.id, state, l.dn, l.external, l.role
	c.callFact(l.call, more)
}

// plan plans what happens if the leg is in its present state until then.
func (c *Centre) plan(l *leg, wait time.Duration, do func()) {
	planned := l.changes
	c.after(wait, func() {
		if l.changes == planned {
			do()
		}
	})
}

// arrive is a caller from outside.
func (c *Centre) arrive() {
	number := fmt.Sprint(2125550000 + c.rand.IntN(10000))
	n, to := c.rand.IntN(100), lines[0]
	for _, each := range lines {
		if to = each; n < each.share {
			break
		}
		n -= each.share
	}
	v := c.begin(call.External, number, to.dnis, call.ConnID{})
	caller := c.join(v, number, call.Origination)
	c.is(caller, call.Initiated, call.PartyIs{Dialed: to.dnis})
	c.is(caller, call.Connected, call.PartyIs{})
	c.callFact(v, call.IVRIs{At: c.tick(), IVR: "main", Party: caller.id, Inside: true})
	if c.chance(5) {
		c.plan(caller, c.about(6*time.Second, time.Second), func() { c.hangUp(caller) })
		return
	}
	c.plan(caller, c.between(3*time.Second, 9*time.Second), func() {
		account := fmt.Sprint(100000 + c.rand.IntN(10000))
		c.callFact(v, call.DigitsAre{At: c.tick(), Party: caller.id, Count: len(account)})
		c.callFact(v, call.DataIs{At: c.tick(), By: "ivr:main", Set: []call.Pair{
			{Key: "account", Value: account}, {Key: "language", Value: "en"}, {Key: "tier", Value: tiers[c.rand.IntN(len(tiers))]}}})
		c.plan(caller, c.between(time.Second, 8*time.Second), func() {
			c.callFact(v, call.IVRIs{At: c.tick(), IVR: "main", Party: caller.id, Choice: to.choice})
			c.enqueue(v, to.queue)
		})
	})
}

// enqueue has the caller wait in a queue.
func (c *Centre) enqueue(v *conversation, queue string) {
	v.visits++
	v.queue, v.visit = queue, call.VisitID(fmt.Sprintf("%s/%s/%d", v.name, queue, v.visits))
	ahead := 0
	for _, other := range c.waiting {
		if other.queue == queue {
			ahead++
		}
	}
	c.callFact(v, call.VisitIs{At: c.tick(), Visit: v.visit, Queue: queue, Party: v.caller.id, Position: ahead + 1})
	c.waiting = append(c.waiting, v)
	visit := v.visit
	c.after(c.about(100*time.Second, 5*time.Second), func() {
		if v.visit == visit {
			c.hangUp(v.caller) // has lost patience
		}
	})
	if queue != "support" {
		c.after(90*time.Second, func() {
			if v.visit == visit && slices.Contains(c.waiting, v) {
				c.leaveQueue(v, call.VisitIs{End: call.Left, Reason: call.TimedOut})
				c.enqueue(v, "support") // overflows to where most agents can help
			}
		})
	}
	if a := c.idle(queue); a != nil {
		c.offer(v, a)
	}
}

// leaveQueue ends the wait.
func (c *Centre) leaveQueue(v *conversation, how call.VisitIs) {
	how.At, how.Visit, how.Queue, how.Party = c.tick(), v.visit, v.queue, v.caller.id
	c.callFact(v, how)
	v.visit = ""
	c.notWaiting(v)
}

func (c *Centre) notWaiting(v *conversation) {
	if i := slices.Index(c.waiting, v); i >= 0 {
		c.waiting = slices.Delete(c.waiting, i, i+1)
	}
}

// offer has the call ring at an agent of its queue.
func (c *Centre) offer(v *conversation, a *operator) {
	c.notWaiting(v)
	l := c.join(v, a.dn, call.Destination)
	a.on = l
	c.is(l, call.Alerting, call.PartyIs{Agent: a.id, Queue: v.queue, Visit: v.visit})
	if !a.manual && !c.chance(4) {
		c.plan(l, c.between(time.Second, 5*time.Second), func() { c.answer(l) })
	}
	c.plan(l, 15*time.Second, func() { c.notTaken(l, call.PartyIs{Cause: call.NoAnswer}, "RONA") })
}

// notTaken: the agent let it ring or rejected it, is made not ready, and the caller is offered to the next one, before all
// others.
func (c *Centre) notTaken(l *leg, how call.PartyIs, reason string) {
	a, v := l.who, l.call
	c.is(l, call.Released, how)
	a.on = nil
	c.pause(a, true, reason)
	shift := a.shift
	if !a.manual {
		c.after(c.between(30*time.Second, 3*time.Minute), func() {
			if a.shift == shift && a.reason == reason {
				c.pause(a, false, "")
			}
		})
	}
	c.waiting = slices.Insert(c.waiting, 0, v)
	if next := c.idle(v.queue); next != nil {
		c.offer(v, next)
	}
}

func (c *Centre) answer(l *leg) {
	v := l.call
	c.is(l, call.Connected, call.PartyIs{})
	if v.caller.state == call.Initiated {
		c.is(v.caller, call.Connected, call.PartyIs{})
	}
	if v.visit != "" {
		c.leaveQueue(v, call.VisitIs{End: call.Distributed, Agent: l.who.id, AgentDN: l.dn, AgentParty: l.id})
	}
	c.talk(l)
}

// talk plans what comes next in a conversation: most end, some do not go on as they began. With who is driven by hand all
// that comes by itself is that the caller hangs up.
func (c *Centre) talk(l *leg) {
	if l.who != nil && l.who.manual {
		caller := l.call.caller
		c.plan(caller, c.about(4*time.Minute, time.Minute), func() { c.hangUp(caller) })
		return
	}
	next := func(wait time.Duration, do func(*leg)) { c.plan(l, wait, func() { do(l) }) }
	n := c.rand.IntN(100)
	switch {
	case l.who == nil, l == l.call.caller, n >= 28:
		next(c.about(140*time.Second, 15*time.Second), c.finish)
	case n < 14:
		next(c.about(50*time.Second, 10*time.Second), c.hold)
	case n < 20:
		next(c.about(60*time.Second, 10*time.Second), func(l *leg) { c.transfer(l, []string{"sales", "support", "billing"}[c.rand.IntN(3)]) })
	default:
		next(c.about(70*time.Second, 15*time.Second), c.ask)
	}
}

// finish ends a conversation: two thirds of the time the caller does.
func (c *Centre) finish(l *leg) {
	if c.chance(66) && l != l.call.caller {
		l = l.call.caller
	}
	c.hangUp(l)
}

func (c *Centre) hold(l *leg) {
	c.is(l, call.Held, call.PartyIs{})
	if !l.who.manual {
		c.plan(l, c.about(40*time.Second, 5*time.Second), func() { c.retrieve(l) })
	}
}

func (c *Centre) retrieve(l *leg) {
	c.is(l, call.Connected, call.PartyIs{})
	if !l.who.manual {
		c.plan(l, c.about(80*time.Second, 10*time.Second), func() { c.finish(l) })
	}
}

// hangUp: a party leaves, and with it the call ends, unless two others are in conference.
func (c *Centre) hangUp(l *leg) {
	v := l.call
	if l.state == call.Released {
		return
	}
	if v.live() > 2 {
		c.leave(l, call.NormalClearing, l)
		if l == v.caller {
			v.caller = v.other(l)
		}
		return
	}
	if v.visit != "" && l == v.caller {
		c.leaveQueue(v, call.VisitIs{End: call.VisitAbandoned})
	}
	for _, other := range v.legs {
		if other == l || !other.state.Live() {
			continue
		}
		cause := call.NormalClearing
		if other.state == call.Alerting {
			cause = call.Abandoned
		}
		c.leave(other, cause, l)
	}
	c.leave(l, call.NormalClearing, l)
	delete(c.calls, v.id)
}

// leave has one party leave; an agent who talked has work to do.
func (c *Centre) leave(l *leg, cause call.Cause, by *leg) {
	talked := l.state == call.Connected || l.state == call.Held
	c.is(l, call.Released, call.PartyIs{Cause: cause, By: by.id})
	a := l.who
	if a == nil {
		return
	}
	switch l {
	case a.consult:
		a.consult = nil
		c.takeBack(a, l.call)
	case a.on:
		if a.consult != nil {
			c.hangUp(a.consult) // with the caller gone there is nothing to ask any more
		}
		a.on = nil
	}
	if a.on != nil || a.consult != nil {
		return
	}
	if talked && l.call.visits > 0 {
		c.work(a, l.call)
	} else {
		c.becomesFree(a)
	}
}

// dialOut is a call that an agent makes: most go outside, some to a colleague.
func (c *Centre) dialOut(a *operator) {
	to := fmt.Sprint(2125560000 + c.rand.IntN(10000))
	if other := c.agents[c.rand.IntN(len(c.agents))]; c.chance(30) && other.free() && other != a {
		to = other.dn
	}
	c.dial(a, to)
}

func (c *Centre) dial(a *operator, to string) {
	c.call(a, c.begin(call.Internal, a.dn, to, call.ConnID{}), to)
}

// call has an agent's device call a number.
func (c *Centre) call(a *operator, v *conversation, to string) {
	caller := c.join(v, a.dn, call.Origination)
	a.on = caller
	c.is(caller, call.Initiated, call.PartyIs{Agent: a.id, Dialed: to})
	called := c.join(v, to, call.Destination)
	c.ring(called, func() { c.answer(called) })
}

// ring has a device ring that somebody calls, or is busy.
func (c *Centre) ring(l *leg, answered func()) {
	more := call.PartyIs{}
	if l.who != nil {
		if l.who.on != nil {
			c.is(l, call.Failed, call.PartyIs{Agent: l.who.id, Cause: call.Busy})
			c.is(l, call.Released, call.PartyIs{Cause: call.Busy})
			c.plan(l.call.caller, 3*time.Second, func() { c.hangUp(l.call.caller) })
			return
		}
		more.Agent = l.who.id
		l.who.on = l
	}
	c.is(l, call.Alerting, more)
	c.rings(l, answered)
}

// rings plans what comes of it that a device rings.
func (c *Centre) rings(l *leg, answered func()) {
	if (l.who == nil || !l.who.manual) && !c.chance(15) {
		c.plan(l, c.between(2*time.Second, 9*time.Second), answered)
	}
	c.plan(l, 25*time.Second, func() { c.hangUp(l.call.caller) }) // gives up
}
