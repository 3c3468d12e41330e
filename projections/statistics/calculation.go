package statistics

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/projections/history"
)

// calculation adds up facts. Moments are milliseconds since 1970.
type calculation struct {
	query          Query
	now            int64
	edges          []int64 // of the intervals: where each begins, and where the last ends
	opened         []measure
	queues, agents side
	times          map[string]*agentTime
	explained      []Explanation
	refuse         func(error) // ends the query
}

// side is the numbers of all queues, or of all agents.
type side struct {
	of   Subject
	sums map[key]*sums
}

// key is a queue or an agent in an interval.
type key struct {
	interval int
	name     string
}

type sums struct {
	of      [measures]int64
	longest int64 // wait of those who wait
}

func newCalculation(q Query, opened []measure, refuse func(error)) (*calculation, error) {
	edges, err := edges(q.From, q.To, q.Interval, q.Zone)
	return &calculation{
		query: q, now: q.Now.UnixMilli(), edges: edges, opened: opened,
		queues: side{OfQueue, map[key]*sums{}}, agents: side{OfAgent, map[key]*sums{}}, times: map[string]*agentTime{},
		refuse: refuse,
	}, err
}

// interval is the number of the interval in which a moment of the range lies.
func (c *calculation) interval(at int64) int {
	i, begins := slices.BinarySearch(c.edges, at)
	if !begins {
		i--
	}
	return i
}

// bounds are those of an interval.
func (c *calculation) bounds(interval int) (from, to int64) {
	return c.edges[interval], c.edges[interval+1]
}

// begin and end are those of the range.
func (c *calculation) begin() int64 { return c.edges[0] }
func (c *calculation) end() int64   { return c.edges[len(c.edges)-1] }

func (c *calculation) within(at int64) bool { return c.begin() <= at && at < c.end() }

// fact is what is told of where a number comes from.
type fact struct {
	queue, agent string
	connID       call.ConnID
	events       []string
}

// add adds to a number of a queue or an agent in an interval.
func (c *calculation) add(to side, name string, interval int, m measure, at, value int64, f fact) *sums {
	k := key{interval, name}
	s, ok := to.sums[k]
	if !ok {
		s = &sums{}
		if len(c.queues.sums)+len(c.agents.sums) == maxRows {
			c.refuse(fmt.Errorf("%w: more than %d rows of queues and agents: ask for longer intervals, a shorter range, or one queue or agent", ErrQuery, maxRows))
			return s
		}
		to.sums[k] = s
	}
	s.of[m] += value
	if slices.Contains(c.opened, m) && value != 0 {
		c.explain(Explanation{
			Number: m.String(), Of: to.of, Queue: f.queue, Agent: f.agent, At: history.Time(time.UnixMilli(at).UTC()), Value: value, ConnID: f.connID,
			Events: slices.DeleteFunc(slices.Clone(f.events), func(id string) bool { return id == "" }),
		})
	}
	return s
}

// explain remembers a fact behind the number that was to be opened. With a limit only the earliest are kept, and one more
// that tells that there are others.
func (c *calculation) explain(e Explanation) {
	c.explained = append(c.explained, e)
	if most := c.query.Limit + 1; c.query.Limit > 0 && len(c.explained) >= 2*most {
		c.sortExplained()
		c.explained = c.explained[:most]
	}
}

func (c *calculation) sortExplained() {
	slices.SortStableFunc(c.explained, func(a, b Explanation) int { return time.Time(a.At).Compare(time.Time(b.At)) })
}

// amount is what a fact adds to a number.
type amount struct {
	to    measure
	value int64
}

// count adds what belongs to one moment.
func (c *calculation) count(to side, name string, at int64, f fact, amounts ...amount) {
	if !c.within(at) {
		return
	}
	for _, each := range amounts {
		c.add(to, name, c.interval(at), each.to, at, each.value, f)
	}
}

func milli(t history.Time) int64 { return time.Time(t).UnixMilli() }

func one(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

func (c *calculation) wantsQueue(name string) bool {
	return name != "" && c.query.Of != OfAgent && c.query.Agent == "" && (c.query.Queue == "" || c.query.Queue == name)
}

func (c *calculation) wantsAgent(name string) bool {
	return name != "" && c.query.Of != OfQueue && c.query.Queue == "" && (c.query.Agent == "" || c.query.Agent == name)
}

// Visit implements history.Facts.
func (c *calculation) Visit(v history.VisitFact) {
	if !c.wantsQueue(v.Queue) {
		return
	}
	in := fact{queue: v.Queue, connID: v.ConnID, events: []string{v.EnteredEvent}}
	c.count(c.queues, v.Queue, milli(v.EnteredAt), in, amount{entered, 1}, amount{offered, one(!v.Again)})

	over := v.EndedAt != (history.Time{})
	if over {
		in.events = []string{v.EnteredEvent, v.EndedEvent}
		in.agent = v.Agent
		inTarget := one(v.WaitMs <= c.query.Definition.TargetMs)
		switch v.Result {
		case history.QueueAnswered:
			c.count(c.queues, v.Queue, milli(v.EndedAt), in, amount{answered, 1}, amount{answeredInTarget, inTarget}, amount{answeredWait, v.WaitMs})
		case history.QueueAbandoned:
			short := one(v.WaitMs < c.query.Definition.ShortMs)
			c.count(c.queues, v.Queue, milli(v.EndedAt), in, amount{abandoned, 1}, amount{abandonedInTarget, inTarget}, amount{shortAbandoned, short})
		default:
			c.count(c.queues, v.Queue, milli(v.EndedAt), in, amount{left, 1})
		}
	}

	// Who waits at an interval's end entered before, and had not ended before.
	in.events, in.agent = []string{v.EnteredEvent}, ""
	first, last := max(milli(v.EnteredAt), c.begin()), c.end()-1
	if over {
		last = min(last, milli(v.EndedAt))
	}
	for i := c.interval(first); i <= c.interval(last); i++ {
		begin, end := c.bounds(i)
		if milli(v.EnteredAt) < end && (!over || milli(v.EndedAt) >= end) && begin < c.now {
			s := c.add(c.queues, v.Queue, i, waiting, milli(v.EnteredAt), 1, in)
			s.longest = max(s.longest, min(end, c.now)-milli(v.EnteredAt))
		}
	}
}

// Stay implements history.Facts.
func (c *calculation) Stay(s history.StayFact) {
	in := fact{queue: s.Queue, agent: s.Agent, connID: s.ConnID, events: []string{s.RingingEvent, s.AnsweredEvent, s.EndedEvent}}
	took, over := s.AnsweredAt != (history.Time{}), s.EndedAt != (history.Time{})
	var ended []amount
	switch {
	case took && over:
		ended = []amount{{handled, 1}, {talk, s.TalkMs - s.HoldMs}, {hold, s.HoldMs}}
	case over && s.Cause == call.NoAnswer:
		ended = []amount{{ringNoAnswer, 1}}
	}
	if c.wantsQueue(s.Queue) {
		c.count(c.queues, s.Queue, milli(s.EndedAt), in, ended...)
	}
	if !c.wantsAgent(s.Agent) {
		return
	}
	c.count(c.agents, s.Agent, milli(s.EndedAt), in, ended...)
	if s.RingingAt != (history.Time{}) {
		in.events = []string{s.RingingEvent}
		c.count(c.agents, s.Agent, milli(s.RingingAt), in, amount{offered, 1})
	}
	c.time(s.Agent).stay(s, c.now)
}

// State implements history.Facts.
func (c *calculation) State(s history.StateFact) {
	in := fact{queue: s.Queue, agent: s.Agent, connID: s.Call, events: []string{s.SinceEvent, s.UntilEvent}}
	if s.State == history.AfterCallWork && s.Until != (history.Time{}) {
		worked := amount{afterCallWork, milli(s.Until) - milli(s.Since)}
		if c.wantsQueue(s.Queue) {
			c.count(c.queues, s.Queue, milli(s.Until), in, worked)
		}
		if c.wantsAgent(s.Agent) {
			c.count(c.agents, s.Agent, milli(s.Until), in, worked)
		}
	}
	if c.wantsAgent(s.Agent) {
		c.time(s.Agent).state(s, c.now)
	}
}

func (c *calculation) time(agent string) *agentTime {
	if c.times[agent] == nil {
		c.times[agent] = &agentTime{}
	}
	return c.times[agent]
}

// agentTimes adds up what the agents' time was spent on.
func (c *calculation) agentTimes(ctx context.Context) {
	for _, agent := range slices.Sorted(maps.Keys(c.times)) {
		if ctx.Err() != nil {
			return
		}
		spent := c.times[agent].spent()
		for _, m := range []measure{loggedIn, ready, notReady, busy, idle} {
			for _, each := range spent[m] {
				c.spread(agent, m, each)
			}
		}
	}
}

// spread adds a time to the intervals in which it lies.
func (c *calculation) spread(agent string, m measure, s span) {
	s.from, s.to = max(s.from, c.begin()), min(s.to, c.end())
	for at := s.from; at < s.to; {
		_, end := c.bounds(c.interval(at))
		end = min(end, s.to)
		c.add(c.agents, agent, c.interval(at), m, at, end-at, fact{agent: agent, queue: s.source.queue, connID: s.source.connID, events: s.source.events})
		at = end
	}
}

// rows puts the sums into a report.
func (c *calculation) rows(r *Report) {
	totals := map[key]*sums{}
	for _, k := range c.sorted(c.queues.sums) {
		s := c.queues.sums[k]
		r.Queues = append(r.Queues, c.queueRow(k, s))
		total := totals[key{k.interval, ""}]
		if total == nil {
			total = &sums{}
			totals[key{k.interval, ""}] = total
		}
		for m, value := range s.of {
			total.of[m] += value
		}
		total.longest = max(total.longest, s.longest)
	}
	for _, k := range c.sorted(totals) {
		r.Totals = append(r.Totals, c.queueRow(k, totals[k]))
	}
	for _, k := range c.sorted(c.agents.sums) {
		r.Agents = append(r.Agents, c.agentRow(k, c.agents.sums[k]))
	}
}

func (c *calculation) sorted(of map[key]*sums) []key {
	return slices.SortedFunc(maps.Keys(of), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.interval, b.interval), cmp.Compare(a.name, b.name))
	})
}

func (c *calculation) moments(interval int) (from, to history.Time) {
	a, b := c.bounds(interval)
	return history.Time(time.UnixMilli(a).UTC()), history.Time(time.UnixMilli(b).UTC())
}

func (c *calculation) queueRow(k key, s *sums) QueueRow {
	from, to := c.moments(k.interval)
	n := s.of
	return QueueRow{
		Queue: k.name, From: from, To: to, Entered: n[entered], Offered: n[offered], Answered: n[answered], Abandoned: n[abandoned],
		ShortAbandoned: n[shortAbandoned], Left: n[left], Waiting: n[waiting], LongestWaitMs: s.longest,
		AnsweredInTarget: n[answeredInTarget], AbandonedInTarget: n[abandonedInTarget], ASAMs: average(n[answeredWait], n[answered]),
		AbandonRate:  share(n[abandoned], n[offered]),
		ServiceLevel: serviceLevel(n[answered], n[answeredInTarget], n[abandoned], n[abandonedInTarget], n[shortAbandoned]),
		Handled:      n[handled], TalkMs: n[talk], HoldMs: n[hold], AfterCallWorkMs: n[afterCallWork],
		AHTMs: average(n[talk]+n[hold]+n[afterCallWork], n[handled]), RingNoAnswer: n[ringNoAnswer],
	}
}

func (c *calculation) agentRow(k key, s *sums) AgentRow {
	from, to := c.moments(k.interval)
	n := s.of
	return AgentRow{
		Agent: k.name, From: from, To: to, Offered: n[offered], Handled: n[handled], RingNoAnswer: n[ringNoAnswer],
		TalkMs: n[talk], HoldMs: n[hold], AfterCallWorkMs: n[afterCallWork], AHTMs: average(n[talk]+n[hold]+n[afterCallWork], n[handled]),
		LoggedInMs: n[loggedIn], ReadyMs: n[ready], NotReadyMs: n[notReady], BusyMs: n[busy], IdleMs: n[idle],
		Occupancy: share(n[busy], n[busy]+n[idle]), Utilisation: share(n[busy], n[loggedIn]),
	}
}
