package projectiontest

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/link"
)

// morning is when a Day begins.
var morning = time.Date(2026, 10, 5, 6, 0, 0, 0, time.UTC)

// DayOptions is the size of a Day; zero values mean the defaults.
type DayOptions struct {
	Agents int           // default 200
	Every  time.Duration // mean time between two calls; default a little more than the agents can take
	Events int           // the day ends when there are so many, or a few more; default 10000
}

// Day is a script of a contact centre: agents log in, take breaks and log out; callers pass an IVR, wait, are
// answered, held, give up or are sent on to a second queue; a few calls go out or stay inside. Many calls are live at
// once, their events interleaved.
func Day(seed uint64, o DayOptions) *Script {
	if o.Agents == 0 {
		o.Agents = 200
	}
	if o.Events == 0 {
		o.Events = 10000
	}
	if o.Every == 0 {
		o.Every = 170 * time.Second / time.Duration(o.Agents)
	}
	d := &day{DayOptions: o, script: &Script{}, rand: rand.New(rand.NewPCG(seed, 1)), now: morning, busy: map[string]bool{}}
	d.script.Link("pbx", link.LinkIs{At: d.tick(), Switch: "pbx", Kind: "made up", Up: true})
	for i := range o.Agents {
		id := fmt.Sprint(1001 + i)
		d.after(d.between(0, 5*time.Minute), func() { d.login(id) })
	}
	d.after(time.Second, d.arrivals)
	for len(d.script.records) < o.Events {
		next := heap.Pop(&d.agenda).(action)
		d.now = next.at
		next.do()
	}
	return d.script
}

type day struct {
	DayOptions
	script  *Script
	rand    *rand.Rand
	now     time.Time
	agenda  agenda
	calls   int
	free    []string // agents that would take a call, longest idle first
	busy    map[string]bool
	waiting []*caller
}

// caller is a call from outside.
type caller struct {
	id     call.ConnID
	visit  call.VisitID
	queue  string
	offers int
	gone   bool // not waiting any more
}

var queues = []string{"sales", "support", "billing", "service", "premium"}

// tick is a moment that is later than any before, as an adapter makes them.
func (d *day) tick() time.Time {
	d.now = d.now.Add(time.Microsecond)
	return d.now
}

func (d *day) between(low, high time.Duration) time.Duration {
	return low + time.Duration(d.rand.Int64N(int64(high-low)+1))
}

func (d *day) chance(percent int) bool { return d.rand.IntN(100) < percent }

func (d *day) after(wait time.Duration, do func()) {
	heap.Push(&d.agenda, action{at: d.now.Add(wait), order: d.agenda.pushed(), do: do})
}

func (d *day) login(id string) {
	for i, queue := range queues {
		if i < 2 || d.chance(30) {
			d.script.Agent(id, agent.MembershipIs{At: d.tick(), Agent: id, Switch: "pbx", Queue: queue, DN: id, Member: true})
		}
	}
	d.idle(id)
	d.after(d.between(30*time.Minute, 3*time.Hour), func() { d.pause(id) })
}

func (d *day) pause(id string) {
	if d.busy[id] {
		d.after(time.Minute, func() { d.pause(id) })
		return
	}
	d.unavailable(id)
	d.members(id, true, "break")
	d.after(d.between(5*time.Minute, 20*time.Minute), func() {
		d.members(id, false, "")
		d.idle(id)
		d.after(d.between(time.Hour, 3*time.Hour), func() { d.pause(id) })
	})
}

func (d *day) members(id string, paused bool, reason string) {
	for _, m := range d.script.agents[id].Queues {
		d.script.Agent(id, agent.MembershipIs{At: d.tick(), Agent: id, Switch: "pbx", Queue: m.Queue, DN: id, Member: true, Paused: paused, Reason: reason})
	}
}

func (d *day) idle(id string) {
	d.busy[id] = false
	d.free = append(d.free, id)
	d.distribute()
}

func (d *day) unavailable(id string) {
	d.busy[id] = true
	for i, free := range d.free {
		if free == id {
			d.free = append(d.free[:i:i], d.free[i+1:]...)
			return
		}
	}
}

func (d *day) arrivals() {
	switch {
	case d.chance(90):
		d.inbound()
	case len(d.free) > 0:
		d.direct(d.chance(60))
	}
	d.after(d.between(0, 2*d.Every), d.arrivals)
}

func (d *day) start(origin call.Origin, ani, dnis string) call.ConnID {
	d.calls++
	name := fmt.Sprintf("%d.%d", morning.Unix(), d.calls)
	at := d.tick()
	id := call.NewConnID(at, "pbx", name)
	d.script.Call(id, call.CallIs{At: at, ConnID: id, Switch: "pbx", SwitchCallID: name, Origin: origin, ANI: ani, DNIS: dnis})
	return id
}

func (d *day) inbound() {
	number := fmt.Sprint(2125550000 + d.rand.IntN(10000))
	id := d.start(call.External, number, "5550100")
	d.script.Call(id, call.PartyIs{At: d.tick(), Party: "caller", State: call.Connected, DN: number, External: true, Role: call.Origination})
	d.script.Call(id, call.IVRIs{At: d.tick(), IVR: "main", Party: "caller", Inside: true})
	d.after(d.between(5*time.Second, 20*time.Second), func() {
		if d.chance(5) {
			d.release(id, "caller", "caller")
			return
		}
		d.script.Call(id, call.DataIs{At: d.tick(), By: "ivr:main", Set: []call.Pair{
			{Key: "account", Value: fmt.Sprint(100000 + d.rand.IntN(900000))}, {Key: "customer_name", Value: "Blue Harbor"}, {Key: "language", Value: "en"},
		}})
		queue := queues[d.rand.IntN(len(queues))]
		d.script.Call(id, call.DataIs{At: d.tick(), By: "ivr:main", Set: []call.Pair{{Key: "choice", Value: queue}}})
		d.script.Call(id, call.IVRIs{At: d.tick(), IVR: "main", Party: "caller", Choice: queue})
		d.enqueue(id, queue, "visit-1")
	})
}

func (d *day) enqueue(id call.ConnID, queue string, visit call.VisitID) {
	c := &caller{id: id, visit: visit, queue: queue}
	d.script.Call(id, call.VisitIs{At: d.tick(), Visit: visit, Queue: queue, Party: "caller", Position: len(d.waiting) + 1})
	d.waiting = append(d.waiting, c)
	d.after(d.between(20*time.Second, 5*time.Minute), func() {
		switch {
		case c.gone:
		case visit == "visit-1" && d.chance(30):
			d.leave(c)
			d.script.Call(id, call.VisitIs{At: d.tick(), Visit: visit, Queue: queue, Party: "caller", End: call.Left, Reason: call.TimedOut})
			d.enqueue(id, "overflow", "visit-2")
		default:
			d.leave(c)
			d.script.Call(id, call.VisitIs{At: d.tick(), Visit: visit, Queue: queue, Party: "caller", End: call.VisitAbandoned})
			d.release(id, "caller", "caller")
		}
	})
	d.distribute()
}

func (d *day) leave(c *caller) {
	c.gone = true
	for i, each := range d.waiting {
		if each == c {
			d.waiting = append(d.waiting[:i:i], d.waiting[i+1:]...)
			return
		}
	}
}

func (d *day) distribute() {
	for len(d.free) > 0 && len(d.waiting) > 0 {
		c, id := d.waiting[0], d.free[0]
		d.unavailable(id)
		d.leave(c)
		d.offer(c, id)
	}
}

func (d *day) offer(c *caller, id string) {
	c.offers++
	party := call.PartyID(fmt.Sprintf("leg-%s-%s-%d", c.visit, id, c.offers))
	d.script.Call(c.id, call.PartyIs{At: d.tick(), Party: party, State: call.Alerting, DN: id, Agent: id, Queue: c.queue, Visit: c.visit})
	if c.offers < 3 && d.chance(8) {
		d.after(8*time.Second, func() {
			d.script.Call(c.id, call.PartyIs{At: d.tick(), Party: party, State: call.Failed, Cause: call.NoAnswer})
			d.script.Call(c.id, call.PartyIs{At: d.tick(), Party: party, State: call.Released, Cause: call.NoAnswer})
			c.gone = false
			d.waiting = append([]*caller{c}, d.waiting...)
			d.idle(id)
		})
		return
	}
	d.after(d.between(time.Second, 6*time.Second), func() {
		d.script.Call(c.id,
			call.PartyIs{At: d.tick(), Party: party, State: call.Connected},
			call.VisitIs{At: d.tick(), Visit: c.visit, Queue: c.queue, Party: "caller", End: call.Distributed, Agent: id, AgentDN: id, AgentParty: party})
		d.talk(c.id, party, id)
	})
}

func (d *day) talk(id call.ConnID, party call.PartyID, agentID string) {
	if d.chance(25) {
		d.after(30*time.Second, func() { d.script.Call(id, call.PartyIs{At: d.tick(), Party: party, State: call.Held}) })
		d.after(50*time.Second, func() { d.script.Call(id, call.PartyIs{At: d.tick(), Party: party, State: call.Connected}) })
	}
	if d.chance(50) {
		d.after(40*time.Second, func() {
			d.script.Request(id, call.ChangeUserData{At: d.tick(), Actor: "agent:" + agentID, Set: []call.Pair{{Key: "reason", Value: "address change"}}})
		})
	}
	d.after(d.between(time.Minute, 4*time.Minute), func() {
		by := call.PartyID("caller")
		if d.chance(30) {
			by = party
		}
		d.release(id, party, by)
		d.release(id, "caller", by)
		d.script.Agent(agentID, agent.AfterCallWorkIs{At: d.tick(), ConnID: id, Working: true, Limit: 15 * time.Second})
		if d.chance(20) {
			d.script.Request(id, call.SetDisposition{At: d.tick(), Actor: "agent:" + agentID, Code: "solved"})
		}
		d.after(15*time.Second, func() {
			d.script.Agent(agentID, agent.AfterCallWorkIs{At: d.tick(), ConnID: id})
			d.idle(agentID)
		})
	})
}

// direct is a call that an agent makes: to the outside or to a colleague.
func (d *day) direct(outside bool) {
	from := d.free[0]
	d.unavailable(from)
	dialed := "9" + fmt.Sprint(2125550000+d.rand.IntN(10000))
	if !outside {
		dialed = fmt.Sprint(1001 + d.rand.IntN(d.Agents))
	}
	id := d.start(call.Internal, from, dialed)
	d.script.Call(id, call.PartyIs{At: d.tick(), Party: "caller", State: call.Initiated, DN: from, Dialed: dialed})
	d.after(time.Second, func() {
		d.script.Call(id, call.PartyIs{At: d.tick(), Party: "called", State: call.Alerting, DN: dialed, External: outside})
		if d.chance(30) {
			d.after(20*time.Second, func() {
				d.script.Call(id, call.PartyIs{At: d.tick(), Party: "called", State: call.Failed, Cause: call.NoAnswer})
				d.release(id, "called", "")
				d.release(id, "caller", "")
				d.idle(from)
			})
			return
		}
		d.after(5*time.Second, func() {
			d.script.Call(id,
				call.PartyIs{At: d.tick(), Party: "called", State: call.Connected},
				call.PartyIs{At: d.tick(), Party: "caller", State: call.Connected})
			d.after(d.between(20*time.Second, 3*time.Minute), func() {
				d.release(id, "called", "called")
				d.release(id, "caller", "called")
				d.idle(from)
			})
		})
	})
}

func (d *day) release(id call.ConnID, party, by call.PartyID) {
	d.script.Call(id, call.PartyIs{At: d.tick(), Party: party, State: call.Released, Cause: call.NormalClearing, By: by})
}

// action is something that the day has planned.
type action struct {
	at    time.Time
	order int
	do    func()
}

// agenda is the heap of what is planned, by time and then in the order of planning.
type agenda struct {
	actions []action
	count   int
}

func (a *agenda) pushed() int { a.count++; return a.count }
func (a *agenda) Len() int    { return len(a.actions) }
func (a *agenda) Less(i, j int) bool {
	if x, y := a.actions[i], a.actions[j]; !x.at.Equal(y.at) {
		return x.at.Before(y.at)
	}
	return a.actions[i].order < a.actions[j].order
}
func (a *agenda) Swap(i, j int) { a.actions[i], a.actions[j] = a.actions[j], a.actions[i] }
func (a *agenda) Push(x any)    { a.actions = append(a.actions, x.(action)) }
func (a *agenda) Pop() any {
	last := a.actions[len(a.actions)-1]
	a.actions = a.actions[:len(a.actions)-1]
	return last
}
