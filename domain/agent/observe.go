package agent

import (
	"slices"
	"time"

	"github.com/callstate/callstate/domain/call"
)

// Fact is something that a switch says about an agent. Facts are level-triggered: told twice, they add nothing.
type Fact interface {
	observe(State) []Event
}

// MembershipIs: the agent's place in a queue stands so.
type MembershipIs struct {
	At     time.Time
	Agent  string
	Switch string
	Queue  string
	DN     string // where the agent takes calls
	Member bool   // false: not in this queue
	Paused bool
	Reason string
}

// SessionIs: the agent's session stands so, in all queues alike. It is told by a switch where a person logs in and takes a
// break once, whatever the queues are.
type SessionIs struct {
	At       time.Time
	Agent    string
	Switch   string
	DN       string // where the agent takes calls
	LoggedIn bool
	Paused   bool
	Reason   string
	Inferred bool // the switch did not say so itself
}

// QueuesAre: the agent is in these queues and in no other of that switch; from a snapshot.
type QueuesAre struct {
	At     time.Time
	Agent  string
	Switch string
	Queues []string
}

// AfterCallWorkIs: the agent works on what a call left, or is done with it.
type AfterCallWorkIs struct {
	At      time.Time
	Switch  string      // that tells it
	ConnID  call.ConnID // zero: whatever call it is of, of an agent who is logged in at that switch
	Working bool
	Limit   time.Duration // with Working: it ends by itself after this; 0: the agent ends it
}

// NotMade: a call that an agent asked for did not come to be. Told of a call that he did not ask for, it says nothing.
type NotMade struct {
	At     time.Time
	ConnID call.ConnID
	DN     string // that was to make it
	Err    error  // why: one of the refusals
}

// Observe returns what a fact changes about an agent; nothing when it is known already or older than what is known.
func Observe(s State, f Fact) []Event { return f.observe(s) }

func (f MembershipIs) observe(s State) []Event {
	m, member := s.Member(f.Queue)
	if !member {
		m, _ = find(s.Left, f.Queue)
	}
	if !f.At.After(m.ChangedAt) {
		return nil // told before
	}
	var events []Event
	add := func(b Body) { events = append(events, Event{At: f.At, Body: b}) }
	switch {
	case f.Member && !member:
		if !s.LoggedIn {
			add(AgentLoggedIn{Agent: f.Agent, DN: f.DN, Switch: f.Switch})
		}
		add(AgentJoinedQueue{Queue: f.Queue})
		add(f.readiness())
	case f.Member && (m.Paused != f.Paused || f.Paused && m.Reason != f.Reason):
		add(f.readiness())
	case !f.Member && member:
		add(AgentLeftQueue{Queue: f.Queue})
		if len(s.Queues) == 1 {
			if s.ACW.Active() {
				add(AfterCallWorkEnded{ConnID: s.ACW.ConnID})
			}
			add(AgentLoggedOut{Agent: f.Agent})
		}
	}
	return events
}

func (f MembershipIs) readiness() Body {
	if f.Paused {
		return AgentNotReady{Queue: f.Queue, Reason: f.Reason}
	}
	return AgentReady{Queue: f.Queue}
}

func (f SessionIs) observe(s State) []Event {
	if !f.At.After(s.Since) || !f.At.After(s.Session.ChangedAt) {
		return nil // told before
	}
	var events []Event
	add := func(b Body) { events = append(events, Event{At: f.At, Inferred: f.Inferred, Body: b}) }
	readiness := MembershipIs{Paused: f.Paused, Reason: f.Reason}.readiness()
	switch {
	case f.LoggedIn && !s.LoggedIn:
		add(AgentLoggedIn{Agent: f.Agent, DN: f.DN, Switch: f.Switch})
		add(readiness)
	case f.LoggedIn && (s.Session.Paused != f.Paused || f.Paused && s.Session.Reason != f.Reason):
		add(readiness)
	case !f.LoggedIn && s.LoggedIn:
		for _, m := range s.Queues {
			add(AgentLeftQueue{Queue: m.Queue})
		}
		if s.ACW.Active() {
			add(AfterCallWorkEnded{ConnID: s.ACW.ConnID})
		}
		add(AgentLoggedOut{Agent: f.Agent})
	}
	return events
}

func (f QueuesAre) observe(s State) []Event {
	if s.Switch != f.Switch {
		return nil // it is another switch at which he is logged in, and this one does not know its queues
	}
	var events []Event
	for _, m := range s.Queues {
		if slices.Contains(f.Queues, m.Queue) {
			continue
		}
		gone := MembershipIs{At: f.At, Agent: f.Agent, Switch: f.Switch, Queue: m.Queue}.observe(s)
		for i := range gone {
			gone[i].Inferred = true
		}
		s = Fold(s, gone...)
		events = append(events, gone...)
	}
	return events
}

func (f AfterCallWorkIs) observe(s State) []Event {
	if !f.At.After(s.ACW.Changed) {
		return nil // told before
	}
	switch {
	case f.Working && s.LoggedIn && s.ACW.ConnID != f.ConnID:
		var events []Event
		if s.ACW.Active() {
			events = append(events, Event{At: f.At, Inferred: true, Body: AfterCallWorkEnded{ConnID: s.ACW.ConnID}})
		}
		return append(events, Event{At: f.At, Body: AfterCallWorkStarted{ConnID: f.ConnID, LimitMs: f.Limit.Milliseconds()}})
	case !f.Working && s.ACW.Active() && (f.ConnID == s.ACW.ConnID || f.ConnID.IsZero() && f.Switch == s.Switch):
		return []Event{{At: f.At, Body: AfterCallWorkEnded{ConnID: s.ACW.ConnID}}}
	}
	return nil
}

func (f NotMade) observe(s State) []Event {
	i := slices.IndexFunc(s.Requests, func(a call.Asked) bool { return a.ConnID == f.ConnID && !f.ConnID.IsZero() })
	if i < 0 || s.Requests[i].Reason != "" {
		return nil
	}
	return []Event{{At: f.At, Body: AgentRequestRefused{ID: s.Requests[i].ID, Request: call.MakesCall, DN: f.DN, Reason: ReasonOf(f.Err), Detail: f.Err.Error()}}}
}
