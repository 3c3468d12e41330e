package simulator

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/link"
)

// Centre is a contact centre. It is not safe for concurrent use.
type Centre struct {
	config  Config
	rand    *rand.Rand
	begun   time.Time
	now     time.Time
	agenda  agenda
	agents  []*operator
	devices map[string]*operator // by DN
	calls   map[call.ConnID]*conversation
	waiting []*conversation // longest wait first
	count   int             // of calls so far
	told    []engine.Observation
}

// New returns a contact centre that opens at a moment.
func New(c Config, opens time.Time) (*Centre, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("simulator %s: %w", c.Name, err)
	}
	c = c.withDefaults()
	centre := &Centre{
		config: c, rand: rand.New(rand.NewPCG(c.Seed, 0)), begun: opens.UTC(), now: opens.UTC().Truncate(time.Microsecond),
		devices: map[string]*operator{}, calls: map[call.ConnID]*conversation{},
	}
	centre.open()
	return centre, nil
}

// open tells that the link is up and what there is, which is nothing, and lets the agents come.
func (c *Centre) open() {
	c.tell(engine.Observation{Switch: c.config.Name, LinkFact: link.LinkIs{At: c.tick(), Switch: c.config.Name, Kind: "simulator", Up: true}})
	for i := range c.config.Agents {
		a := &operator{id: fmt.Sprint(1001 + i), queues: c.skills(i)}
		a.dn, a.manual = a.id, slices.Contains(c.config.Manual, a.id)
		c.agents = append(c.agents, a)
		c.devices[a.dn] = a
		c.agentFact(a, agent.QueuesAre{At: c.tick(), Agent: a.id, Switch: c.config.Name})
		if a.manual {
			continue
		}
		c.after(c.between(0, 20*time.Second), func() { c.login(a) })
	}
	c.tell(engine.Observation{Switch: c.config.Name, LinkFact: link.SnapshotIs{At: c.tick(), Switch: c.config.Name, Started: c.begun.Format(time.RFC3339Nano)}})
	c.after(c.between(time.Second, 2*time.Second), c.arrivals)
}

// Next is when the next thing happens.
func (c *Centre) Next() time.Time {
	if len(c.told) > 0 || c.agenda.Len() == 0 {
		return c.now
	}
	return c.agenda.plans[0].at
}

// Advance lets everything happen that happens up to a moment, and returns what is told of it, in order. The slice is the
// caller's.
func (c *Centre) Advance(until time.Time) []engine.Observation {
	for c.agenda.Len() > 0 && !c.agenda.plans[0].at.After(until) {
		next := heap.Pop(&c.agenda).(planned)
		if next.at.After(c.now) {
			c.now = next.at
		}
		next.do()
	}
	told := c.told
	c.told = nil
	return told
}

// Close tells that nothing more is told.
func (c *Centre) Close(at time.Time) []engine.Observation {
	if at.After(c.now) {
		c.now = at
	}
	c.tell(engine.Observation{Switch: c.config.Name, LinkFact: link.LinkIs{At: c.tick(), Switch: c.config.Name, Reason: "stopped"}})
	return c.Advance(time.Time{})
}

func (c *Centre) tell(o engine.Observation) { c.told = append(c.told, o) }

func (c *Centre) agentFact(a *operator, f agent.Fact) {
	c.tell(engine.Observation{Agent: a.id, AgentFact: f})
}

func (c *Centre) callFact(v *conversation, f call.Fact) {
	c.tell(engine.Observation{Call: v.id, CallFact: f})
}

// tick is a moment that is later than any before: the facts of one link have one order.
func (c *Centre) tick() time.Time {
	c.now = c.now.Add(time.Microsecond)
	return c.now
}

func (c *Centre) after(wait time.Duration, do func()) {
	heap.Push(&c.agenda, planned{at: c.now.Add(wait).Truncate(time.Microsecond), do: do})
}

func (c *Centre) between(low, high time.Duration) time.Duration {
	return low + time.Duration(c.rand.Int64N(int64(high-low)+1))
}

// about is a time of which the mean is given and most are shorter, as talk times and patience are.
func (c *Centre) about(mean, least time.Duration) time.Duration {
	return least + time.Duration(min(c.rand.ExpFloat64(), 8)*float64(mean-least))
}

func (c *Centre) chance(percent float64) bool { return c.rand.Float64()*100 < percent }

// arrivals has a caller come, and plans the next one.
func (c *Centre) arrivals() {
	rate := c.config.Rate
	if !c.config.Steady {
		rate *= byHour[c.now.Hour()]
	}
	switch {
	case c.chance(93):
		c.arrive()
	default:
		if a := c.idle(""); a != nil && !a.manual {
			c.dialOut(a)
		}
	}
	c.after(time.Duration(min(c.rand.ExpFloat64(), 20)/rate*float64(time.Second)), c.arrivals)
}
