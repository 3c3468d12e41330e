// Package agent is the model of an agent's session: where the agent is logged in, for which queues, ready or not and
// why, and the work after a call. It has the shape of package call: events, the State they add up to, Observe for
// what a switch says, Decide for what people ask. It is pure.
//
// Whether the agent is busy is not here: that is derived from the live calls at the agent's DN, so it cannot disagree
// with them.
package agent

import (
	"slices"
	"time"

	"github.com/callstate/callstate/domain/call"
)

// Event is something that happened to an agent's session.
type Event struct {
	At       time.Time // on the switch's clock
	Inferred bool      // the switch did not say so, but it must have happened
	Actor    string    // who asked for it; empty: the switch told
	Body     Body
}

// Body is what happened: one of the types below.
type Body interface {
	evolve(State, Event) State
}

// AgentLoggedIn: the agent takes calls at a DN (T-Library EventAgentLogin).
type AgentLoggedIn struct {
	Agent  string `json:"agent"`
	DN     string `json:"dn,omitempty"`
	Switch string `json:"switch,omitempty"`
}

// AgentLoggedOut: the agent has left every queue.
type AgentLoggedOut struct {
	Agent string `json:"agent"`
}

// AgentJoinedQueue: the agent takes calls of this queue.
type AgentJoinedQueue struct {
	Queue string `json:"queue"`
}

// AgentLeftQueue: the agent takes no calls of this queue any more.
type AgentLeftQueue struct {
	Queue string `json:"queue"`
}

// AgentReady: the queue may offer calls to the agent.
type AgentReady struct {
	Queue string `json:"queue,omitempty"` // empty: in all queues
}

// AgentNotReady: the queue offers no calls to the agent.
type AgentNotReady struct {
	Queue  string `json:"queue,omitempty"` // empty: in all queues
	Reason string `json:"reason,omitempty"`
}

// AfterCallWorkStarted: the agent works on what a call left to do, and gets no calls meanwhile.
type AfterCallWorkStarted struct {
	ConnID  call.ConnID `json:"connId"`
	LimitMs int64       `json:"limitMs,omitempty"` // it ends by itself after this; 0: the agent ends it
}

// AfterCallWorkEnded: the agent is done with it.
type AfterCallWorkEnded struct {
	ConnID call.ConnID `json:"connId"`
}

// State is what is known of an agent: the fold of the events. The zero value is an agent that nobody has seen.
type State struct {
	ID       string
	Switch   string
	DN       string
	LoggedIn bool
	Since    time.Time // logged in or out since
	Session  Readiness // for all queues together, where the agent logs in and pauses so
	Queues   []Membership
	Left     []Membership // queues left, with when: so that old facts are known as old
	ACW      AfterCallWork
	Requests call.Requests
}

// Readiness is whether calls may be offered to the agent, and since when that is so.
type Readiness struct {
	Paused    bool
	Reason    string
	ChangedAt time.Time
}

// Membership is the agent's place in a queue.
type Membership struct {
	Queue     string
	JoinedAt  time.Time
	Paused    bool
	Reason    string
	ChangedAt time.Time // last change of any of these
}

// AfterCallWork is the work after a call, as long as it goes on.
type AfterCallWork struct {
	ConnID  call.ConnID
	Since   time.Time
	Limit   time.Duration
	Changed time.Time // last begin or end
}

// Active reports whether it goes on.
func (w AfterCallWork) Active() bool { return !w.ConnID.IsZero() }

// Member returns the agent's place in a queue.
func (s State) Member(queue string) (Membership, bool) { return find(s.Queues, queue) }

// Ready reports whether at least one queue may offer calls; reason and since are those of the last pause, when not. Of an
// agent who is logged in and whose queues nobody told, the session itself is what is known.
func (s State) Ready() (ready bool, reason string, since time.Time) {
	if s.LoggedIn && len(s.Queues) == 0 {
		return !s.Session.Paused, s.Session.Reason, s.Session.ChangedAt
	}
	for _, m := range s.Queues {
		if !m.Paused {
			return true, "", s.readySince()
		}
		if !m.ChangedAt.Before(since) {
			reason, since = m.Reason, m.ChangedAt
		}
	}
	return false, reason, since
}

func (s State) readySince() time.Time {
	var since time.Time
	for _, m := range s.Queues {
		if !m.Paused && (since.IsZero() || m.ChangedAt.Before(since)) {
			since = m.ChangedAt
		}
	}
	return since
}

// Evolve is the state after an event. It cannot fail.
func Evolve(s State, e Event) State { return e.Body.evolve(s, e) }

// Fold is the state after events in order.
func Fold(s State, events ...Event) State {
	for _, e := range events {
		s = Evolve(s, e)
	}
	return s
}

func (b AgentLoggedIn) evolve(s State, e Event) State {
	s.ID, s.DN, s.Switch, s.LoggedIn, s.Since = b.Agent, b.DN, b.Switch, true, e.At
	s.Session = Readiness{ChangedAt: e.At}
	return s
}

func (b AgentLoggedOut) evolve(s State, e Event) State {
	s.ID, s.LoggedIn, s.Since = b.Agent, false, e.At
	return s
}

func (b AgentJoinedQueue) evolve(s State, e Event) State {
	s.Left = without(s.Left, b.Queue)
	s.Queues = with(s.Queues, Membership{Queue: b.Queue, JoinedAt: e.At, ChangedAt: e.At})
	return s
}

func (b AgentLeftQueue) evolve(s State, e Event) State {
	m, _ := find(s.Queues, b.Queue)
	m.Queue, m.ChangedAt = b.Queue, e.At
	s.Queues, s.Left = without(s.Queues, b.Queue), with(s.Left, m)
	return s
}

func (b AgentReady) evolve(s State, e Event) State { return s.pause(b.Queue, false, "", e.At) }

func (b AgentNotReady) evolve(s State, e Event) State { return s.pause(b.Queue, true, b.Reason, e.At) }

func (b AfterCallWorkStarted) evolve(s State, e Event) State {
	s.ACW = AfterCallWork{ConnID: b.ConnID, Since: e.At, Limit: time.Duration(b.LimitMs) * time.Millisecond, Changed: e.At}
	return s
}

func (b AfterCallWorkEnded) evolve(s State, e Event) State {
	s.ACW = AfterCallWork{Changed: e.At}
	return s
}

func (s State) pause(queue string, paused bool, reason string, at time.Time) State {
	if queue == "" {
		s.Session = Readiness{Paused: paused, Reason: reason, ChangedAt: at}
	}
	s.Queues = slices.Clone(s.Queues)
	for i, m := range s.Queues {
		if queue == "" || m.Queue == queue {
			s.Queues[i].Paused, s.Queues[i].Reason, s.Queues[i].ChangedAt = paused, reason, at
		}
	}
	return s
}

func find(members []Membership, queue string) (Membership, bool) {
	for _, m := range members {
		if m.Queue == queue {
			return m, true
		}
	}
	return Membership{}, false
}

// with returns a copy in which m stands in its place by queue name.
func with(members []Membership, m Membership) []Membership {
	members = without(members, m.Queue)
	members = append(members, m)
	slices.SortFunc(members, func(a, b Membership) int {
		if a.Queue < b.Queue {
			return -1
		}
		return 1
	})
	return members
}

func without(members []Membership, queue string) []Membership {
	return slices.DeleteFunc(slices.Clone(members), func(m Membership) bool { return m.Queue == queue })
}
