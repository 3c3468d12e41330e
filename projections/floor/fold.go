package floor

import (
	"slices"
	"time"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
)

// liveCall is a call that goes on.
type liveCall struct {
	id      call.ConnID
	state   call.State
	agents  []string          // that take part in it, sorted; shared, never changed
	devices []device          // that have a live party in it
	data    map[string]string // the user data; shared, never changed
	view    *shown[Call]      // as published last; nil before the floor publishes
	touched eventlog.Position
}

// liveAgent is an agent that has been seen.
type liveAgent struct {
	id      string
	session agent.State
	calls   []call.ConnID // that he takes part in, in the order in which he joined; shared, never changed
	state   AgentState
	reason  string
	since   time.Time

	counts  []count // what he counts for in his queues
	counted bool    // counts are up to date with the session
	view    *shown[Agent]
	touched eventlog.Position
	feed    feed // of his desktop
}

// count is what an agent counts for in a queue that he is logged in to.
type count struct {
	queue *liveQueue
	ready bool
}

// liveQueue is a queue that has been seen.
type liveQueue struct {
	name     string
	waiting  []WaitingCall // longest wait first; see enter
	loggedIn int
	ready    int
	moved    bool // waiting has changed since the view was made
	view     *shown[Queue]
	touched  eventlog.Position
}

// device is a telephone. Its number means something on its own switch only.
type device struct{ switchName, dn string }

// liveDevice is a device at which an agent is logged in or a call is, or that cannot be reached.
type liveDevice struct {
	agents       []string
	calls        []call.ConnID
	outOfService bool
}

// touched is what an event has touched: what it may have changed.
type touched struct {
	link   *Link
	agents []*liveAgent
	queues []*liveQueue
	calls  []touchedCall
}

type touchedCall struct {
	*liveCall
	was []string // the agents that took part before
}

func (t *touched) reset() {
	t.link = nil
	t.agents, t.queues, t.calls = t.agents[:0], t.queues[:0], t.calls[:0]
}

func (f *Floor) touchAgent(a *liveAgent) {
	if a.touched != f.position {
		a.touched = f.position
		f.touched.agents = append(f.touched.agents, a)
	}
}

func (f *Floor) touchQueue(q *liveQueue) {
	if q.touched != f.position {
		q.touched = f.position
		f.touched.queues = append(f.touched.queues, q)
	}
}

func (f *Floor) touchCall(c *liveCall) {
	if c.touched != f.position {
		c.touched = f.position
		f.touched.calls = append(f.touched.calls, touchedCall{c, c.agents})
	}
}

func (f *Floor) agent(id string) *liveAgent {
	a, known := f.agents[id]
	if !known {
		a = &liveAgent{id: id}
		f.agents[id] = a
		f.touchAgent(a)
	}
	return a
}

func (f *Floor) queue(name string) *liveQueue {
	q, known := f.queues[name]
	if !known {
		q = &liveQueue{name: name}
		f.queues[name] = q
		f.touchQueue(q)
	}
	return q
}

func (f *Floor) device(d device) *liveDevice {
	found, known := f.devices[d]
	if !known {
		found = &liveDevice{}
		f.devices[d] = found
	}
	return found
}

// serve notes whether a device can be reached; who sits there is affected.
func (f *Floor) serve(d device, outOfService bool) {
	at := f.device(d)
	at.outOfService = outOfService
	for _, id := range at.agents {
		f.touchAgent(f.agent(id))
	}
	f.tidy(d)
}

// tidy forgets a device that nobody is at.
func (f *Floor) tidy(d device) {
	if at := f.devices[d]; at != nil && len(at.agents) == 0 && len(at.calls) == 0 && !at.outOfService {
		delete(f.devices, d)
	}
}

// foldCall folds an event of a call, and returns the call after it; false when it was over before.
func (f *Floor) foldCall(id call.ConnID, e call.Event) (now call.State, live bool) {
	c, live := f.calls[id]
	if !live {
		if _, begins := e.Body.(call.CallStarted); !begins {
			return call.State{}, false // what is said about a call after its end
		}
		c = &liveCall{id: id, data: map[string]string{}}
		f.calls[id] = c
	}
	f.touchCall(c)
	visits := c.state.Visits
	c.state = call.Evolve(c.state, e)
	if c.state.Ended() {
		f.endCall(c)
		return c.state, true
	}
	switch body := e.Body.(type) {
	case call.QueueEntered:
		q := f.queue(body.Queue)
		f.touchQueue(q)
		q.enter(WaitingCall{ConnID: id, ANI: c.state.ANI, Since: e.At})
	case call.QueueDistributed:
		f.leaveQueue(id, visits, body.Visit)
	case call.QueueLeft:
		f.leaveQueue(id, visits, body.Visit)
	case call.QueueAbandoned:
		f.leaveQueue(id, visits, body.Visit)
	case call.UserDataChanged:
		c.data = dataOf(c.state)
	default:
		f.seatCall(c)
	}
	return c.state, true
}

// dataOf is the user data as views show it.
func dataOf(s call.State) map[string]string {
	data := make(map[string]string, len(s.Data))
	for _, d := range s.Data {
		data[d.Key] = d.Value
	}
	return data
}

func (f *Floor) endCall(c *liveCall) {
	for _, v := range c.state.Visits {
		f.leaveQueue(c.id, c.state.Visits, v.ID)
	}
	delete(f.calls, c.id)
	f.seatCall(c)
}

// leaveQueue ends a wait of a call, one of those that it had before.
func (f *Floor) leaveQueue(id call.ConnID, before []call.Visit, visit call.VisitID) {
	for _, v := range before {
		if v.ID == visit && v.End == call.Waiting {
			q := f.queue(v.Queue)
			f.touchQueue(q)
			q.leave(id, v.EnteredAt)
		}
	}
}

// seatCall finds out who takes part in the call after its parties, or who sits at their devices, have changed: the
// agents that the queue offered it to, and those that are logged in where it is.
func (f *Floor) seatCall(c *liveCall) {
	devices, agents := f.scratch.devices[:0], f.scratch.agents[:0]
	if !c.state.Ended() {
		for i := range c.state.Parties {
			p := &c.state.Parties[i]
			if !p.Telephony.Live() {
				continue
			}
			if p.Agent != "" && !slices.Contains(agents, p.Agent) {
				agents = append(agents, p.Agent)
			}
			if at := (device{c.state.Switch, p.DN}); p.DN != "" && !p.External && !slices.Contains(devices, at) {
				devices = append(devices, at)
			}
		}
	}
	f.scratch.devices = devices
	if !slices.Equal(devices, c.devices) {
		f.putDown(c, slices.Clone(devices))
	}
	for _, at := range devices {
		for _, id := range f.devices[at].agents {
			if !slices.Contains(agents, id) {
				agents = append(agents, id)
			}
		}
	}
	slices.Sort(agents)
	f.scratch.agents = agents
	if !slices.Equal(agents, c.agents) {
		f.join(c, slices.Clone(agents))
	}
	for _, id := range agents {
		f.touchAgent(f.agent(id)) // what he does depends on its parties
	}
}

// putDown notes at which devices the call is now.
func (f *Floor) putDown(c *liveCall, devices []device) {
	for _, at := range c.devices {
		if !slices.Contains(devices, at) {
			left := f.devices[at]
			left.calls = slices.DeleteFunc(left.calls, func(other call.ConnID) bool { return other == c.id })
			f.tidy(at)
		}
	}
	for _, at := range devices {
		if !slices.Contains(c.devices, at) {
			entered := f.device(at)
			entered.calls = append(entered.calls, c.id)
		}
	}
	c.devices = devices
}

// join notes which agents take part in the call now, and touches those who did.
func (f *Floor) join(c *liveCall, agents []string) {
	for _, name := range c.agents {
		if a := f.agent(name); !slices.Contains(agents, name) {
			f.touchAgent(a)
			a.calls = slices.DeleteFunc(slices.Clone(a.calls), func(other call.ConnID) bool { return other == c.id })
		}
	}
	for _, name := range agents {
		if a := f.agent(name); !slices.Contains(c.agents, name) {
			a.calls = append(slices.Clip(a.calls), c.id)
		}
	}
	f.touchCall(c)
	c.agents = agents
}

// seat is the device at which an agent takes calls; the zero device when there is none.
func seat(s agent.State) device {
	if !s.LoggedIn || s.DN == "" {
		return device{}
	}
	return device{s.Switch, s.DN}
}

// move takes an agent from one seat to another: the calls there become his, those at the old one are so no more.
func (f *Floor) move(a *liveAgent, from, to device) {
	if from == to {
		return
	}
	var calls []call.ConnID
	if from != (device{}) {
		left := f.devices[from]
		left.agents = slices.DeleteFunc(left.agents, func(other string) bool { return other == a.id })
		calls = append(calls, left.calls...)
		f.tidy(from)
	}
	if to != (device{}) {
		entered := f.device(to)
		entered.agents = append(entered.agents, a.id)
		calls = append(calls, entered.calls...)
	}
	for _, id := range calls {
		f.seatCall(f.calls[id])
	}
}

// settle derives what an agent does after all that the event has touched, and counts him in his queues.
func (f *Floor) settle(a *liveAgent, at time.Time) {
	state, reason := f.doing(a)
	if state != a.state || reason != a.reason {
		if (state == Ready) != (a.state == Ready) {
			a.counted = false
		}
		a.state, a.reason, a.since = state, reason, at
	}
	if a.counted {
		return
	}
	for _, each := range a.counts {
		each.queue.add(each, -1)
		f.touchQueue(each.queue)
	}
	a.counts = a.counts[:0]
	if a.session.LoggedIn {
		for _, m := range a.session.Queues {
			each := count{f.queue(m.Queue), state == Ready && !m.Paused}
			each.queue.add(each, 1)
			f.touchQueue(each.queue)
			a.counts = append(a.counts, each)
		}
	}
	a.counted = true
}

// add counts an agent in a queue, or counts him out.
func (q *liveQueue) add(c count, n int) {
	q.loggedIn += n
	if c.ready {
		q.ready += n
	}
}

// enter adds a call to those that wait. The slices that were handed out share its array: it may grow behind their
// ends, but what they show is never written to again.
func (q *liveQueue) enter(w WaitingCall) {
	q.moved = true
	i, _ := slices.BinarySearchFunc(q.waiting, w, func(a, b WaitingCall) int { return a.Since.Compare(b.Since) })
	for i < len(q.waiting) && q.waiting[i].Since.Equal(w.Since) {
		i++
	}
	if i == len(q.waiting) {
		q.waiting = append(q.waiting, w)
		return
	}
	q.waiting = slices.Concat(q.waiting[:i], []WaitingCall{w}, q.waiting[i:])
}

// leave removes a call from those that wait.
func (q *liveQueue) leave(id call.ConnID, since time.Time) {
	i := slices.IndexFunc(q.waiting, func(w WaitingCall) bool { return w.ConnID == id && w.Since.Equal(since) })
	switch {
	case i < 0:
		return
	case i == 0:
		q.waiting = q.waiting[1:]
	default:
		q.waiting = slices.Concat(q.waiting[:i], q.waiting[i+1:])
	}
	q.moved = true
}
