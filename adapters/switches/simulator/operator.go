package simulator

import (
	"slices"
	"time"

	"github.com/callstate/callstate/domain/agent"
)

// operator is an agent.
type operator struct {
	id, dn   string
	queues   []string // his skills
	manual   bool
	loggedIn bool
	paused   bool
	reason   string
	idleFrom time.Time
	on       *leg // the call that he has, or that he has on hold while he consults
	consult  *leg // his part in the consultation
	working  *conversation
	shift    int // numbers his shifts and breaks: what was planned for an earlier one is not done
}

// free reports whether a queue would offer him a call.
func (a *operator) free() bool {
	return a.loggedIn && !a.paused && a.on == nil && a.consult == nil && a.working == nil
}

// skills are an agent's queues: most know one or two, a few know all.
func (c *Centre) skills(i int) []string {
	known := []string{lines[i%3].queue}
	if c.chance(50) {
		known = append(known, lines[(i+1)%3].queue)
	}
	if i%7 == 0 || c.config.Agents < 7 {
		known = append(known, "premium")
	}
	if c.chance(10) {
		known = []string{"sales", "support", "billing", "premium"}
	}
	slices.Sort(known)
	return slices.Compact(known)
}

func (c *Centre) login(a *operator) {
	if a.loggedIn {
		return
	}
	a.loggedIn, a.paused = true, false
	a.shift++
	for _, queue := range a.queues {
		c.member(a, queue, true)
	}
	c.becomesFree(a)
	if a.manual {
		return
	}
	shift := a.shift
	c.after(c.between(45*time.Minute, 3*time.Hour), func() { c.rest(a, shift) })
	c.after(c.between(3*time.Hour, 9*time.Hour), func() { c.goHome(a, shift) })
}

func (c *Centre) logout(a *operator) {
	a.loggedIn, a.paused = false, false
	a.shift++
	for _, queue := range a.queues {
		c.member(a, queue, false)
	}
}

// member tells an agent's place in a queue.
func (c *Centre) member(a *operator, queue string, member bool) {
	c.agentFact(a, agent.MembershipIs{At: c.tick(), Agent: a.id, Switch: c.config.Name, Queue: queue, DN: a.dn, Member: member, Paused: a.paused, Reason: a.reason})
}

// pause makes an agent not ready in all his queues, or ready again.
func (c *Centre) pause(a *operator, paused bool, reason string) {
	a.paused, a.reason = paused, reason
	for _, queue := range a.queues {
		c.member(a, queue, true)
	}
	if !paused {
		c.becomesFree(a)
	}
}

// rest is a break; whoever has a call takes it later.
func (c *Centre) rest(a *operator, shift int) {
	switch {
	case a.shift != shift || !a.loggedIn:
		return
	case !a.free():
		c.after(30*time.Second, func() { c.rest(a, shift) })
		return
	}
	why := breaks[c.rand.IntN(len(breaks))]
	c.pause(a, true, why.reason)
	c.after(c.between(time.Duration(why.shortest)*time.Minute, time.Duration(why.longest)*time.Minute), func() {
		if a.shift == shift && a.paused {
			c.pause(a, false, "")
		}
		c.after(c.between(time.Hour, 3*time.Hour), func() { c.rest(a, shift) })
	})
}

// goHome ends a shift; somebody comes back at the place after a while.
func (c *Centre) goHome(a *operator, shift int) {
	switch {
	case a.shift != shift || !a.loggedIn:
		return
	case a.on != nil || a.consult != nil || a.working != nil:
		c.after(30*time.Second, func() { c.goHome(a, shift) })
		return
	}
	c.logout(a)
	c.after(c.between(20*time.Minute, time.Hour), func() { c.login(a) })
}

// idle is the agent who has waited longest of those that would take a call of a queue; empty: of any.
func (c *Centre) idle(queue string) *operator {
	var longest *operator
	for _, a := range c.agents {
		if a.free() && (queue == "" || slices.Contains(a.queues, queue)) && (longest == nil || a.idleFrom.Before(longest.idleFrom)) {
			longest = a
		}
	}
	return longest
}

func (c *Centre) becomesFree(a *operator) {
	a.idleFrom = c.now
	if !a.free() {
		return
	}
	for _, v := range c.waiting {
		if slices.Contains(a.queues, v.queue) {
			c.offer(v, a)
			return
		}
	}
}

// work is after-call work. It ends by itself.
func (c *Centre) work(a *operator, v *conversation) {
	if !a.loggedIn {
		return
	}
	const limit = 30 * time.Second
	a.working = v
	c.agentFact(a, agent.AfterCallWorkIs{At: c.tick(), ConnID: v.id, Working: true, Limit: limit})
	takes := limit
	if !a.manual && c.chance(80) {
		takes = c.between(3*time.Second, limit)
	}
	c.after(takes, func() {
		if a.working == v {
			c.workEnds(a)
		}
	})
}

func (c *Centre) workEnds(a *operator) {
	c.agentFact(a, agent.AfterCallWorkIs{At: c.tick(), ConnID: a.working.id})
	a.working = nil
	c.becomesFree(a)
}
