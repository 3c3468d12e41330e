package notify

import (
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
)

// Agent returns what an agent's DN is told of an event of the agent's session. A queue that the agent joins is a login
// of its own in T-Library (AgentLogin with ThisQueue), one that is left a QueueLogout.
func (n *Notifier) Agent(id string, e agent.Event) []Message {
	was := n.agents[id]
	a := agent.Evolve(was, e)
	n.seated(id, was, a)
	m := Message{DN: a.DN, At: e.At, Switch: a.Switch, ThisDN: a.DN, AgentID: id}
	switch b := e.Body.(type) {
	case agent.AgentLoggedIn:
		m.Event = AgentLogin
	case agent.AgentLoggedOut:
		m.Event = AgentLogout
	case agent.AgentJoinedQueue:
		m.Event, m.ThisQueue = AgentLogin, b.Queue
	case agent.AgentLeftQueue:
		m.Event, m.ThisQueue = QueueLogout, b.Queue
	case agent.AgentReady:
		m.Event, m.ThisQueue = AgentReady, b.Queue
	case agent.AgentNotReady:
		m.Event, m.ThisQueue, m.Reason = AgentNotReady, b.Queue, b.Reason
	case agent.AfterCallWorkStarted:
		m.Event, m.ConnID, m.WorkMode = AgentNotReady, b.ConnID, AfterCallWork
	case agent.AfterCallWorkEnded:
		m.afterWork(a, b.ConnID)
	default:
		return nil
	}
	m.TLib = m.Event.TLib()
	return []Message{m}
}

// afterWork: after the work the agent is what the agent was meanwhile, ready or not.
func (m *Message) afterWork(a agent.State, work call.ConnID) {
	m.Event, m.ConnID = AgentReady, work
	if ready, reason, _ := a.Ready(); !ready {
		m.Event, m.Reason = AgentNotReady, reason
	}
}

// seated keeps who sits where. A second login at a device takes the seat; it is the switch that allows it or not.
func (n *Notifier) seated(id string, was, now agent.State) {
	if seat := (device{was.Switch, was.DN}); n.seats[seat] == id {
		delete(n.seats, seat)
	}
	if !now.LoggedIn {
		delete(n.agents, id)
		return
	}
	n.agents[id] = now
	if now.DN == "" {
		return
	}
	seat := device{now.Switch, now.DN}
	if _, taken := n.seats[seat]; !taken || !was.LoggedIn {
		n.seats[seat] = id
	}
}
