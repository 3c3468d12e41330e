package agent_test

import (
	"testing"
	"time"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/stretchr/testify/assert"
)

var (
	start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	conn  = call.NewConnID(start, "pbx1", "1")
	other = call.NewConnID(start, "pbx1", "2")
)

func at(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }

func happened(seconds int, b agent.Body) agent.Event { return agent.Event{At: at(seconds), Body: b} }

func inferred(seconds int, b agent.Body) agent.Event {
	return agent.Event{At: at(seconds), Inferred: true, Body: b}
}

func in(seconds int, queue string) agent.MembershipIs {
	return agent.MembershipIs{At: at(seconds), Agent: "1001", Switch: "pbx1", Queue: queue, DN: "1001", Member: true}
}

func paused(seconds int, queue, reason string) agent.MembershipIs {
	f := in(seconds, queue)
	f.Paused, f.Reason = true, reason
	return f
}

func out(seconds int, queue string) agent.MembershipIs {
	f := in(seconds, queue)
	f.Member = false
	return f
}

func session(seconds int, loggedIn bool, pause string) agent.SessionIs {
	return agent.SessionIs{At: at(seconds), Agent: "1001", Switch: "pbx1", DN: "1001", LoggedIn: loggedIn, Paused: pause != "", Reason: pause}
}

var (
	atDesk = []agent.Event{
		happened(1, agent.AgentLoggedIn{Agent: "1001", DN: "1001", Switch: "pbx1"}),
		happened(1, agent.AgentReady{}),
	}
	loggedIn = []agent.Event{
		happened(1, agent.AgentLoggedIn{Agent: "1001", DN: "1001", Switch: "pbx1"}),
		happened(1, agent.AgentJoinedQueue{Queue: "sales"}),
		happened(1, agent.AgentReady{Queue: "sales"}),
	}
	inTwo = append(loggedIn[:3:3],
		happened(2, agent.AgentJoinedQueue{Queue: "support"}),
		happened(2, agent.AgentReady{Queue: "support"}))
	atLunch = append(inTwo[:5:5], happened(5, agent.AgentNotReady{Queue: "sales", Reason: "lunch"}))
	working = append(loggedIn[:3:3], happened(9, agent.AfterCallWorkStarted{ConnID: conn, LimitMs: 5000}))
)

func TestAnAgentsSession(t *testing.T) {
	specs := map[string]struct {
		given []agent.Event
		when  agent.Fact
		then  []agent.Event
	}{

		"logs in once for all queues":  {when: session(1, true, ""), then: atDesk},
		"is told to be logged in late": {given: atDesk, when: session(1, true, "")},
		"takes a break in all queues": {given: atDesk, when: session(3, true, "On Break"), then: []agent.Event{
			happened(3, agent.AgentNotReady{Reason: "On Break"})}},
		"takes another kind of break": {given: append(atDesk[:2:2], happened(3, agent.AgentNotReady{Reason: "On Break"})), when: session(4, true, "lunch"),
			then: []agent.Event{happened(4, agent.AgentNotReady{Reason: "lunch"})}},
		"logs out of all queues": {given: append(atDesk[:2:2], happened(2, agent.AgentJoinedQueue{Queue: "sales"}), happened(4, agent.AfterCallWorkStarted{ConnID: conn})),
			when: session(5, false, ""), then: []agent.Event{
				happened(5, agent.AgentLeftQueue{Queue: "sales"}),
				happened(5, agent.AfterCallWorkEnded{ConnID: conn}),
				happened(5, agent.AgentLoggedOut{Agent: "1001"})}}, "joining the first queue is the login": {when: in(1, "sales"), then: loggedIn},
		"joining it paused":                     {when: paused(1, "sales", "late"), then: append(loggedIn[:2:2], happened(1, agent.AgentNotReady{Queue: "sales", Reason: "late"}))},
		"joining a second queue":                {given: loggedIn, when: in(2, "support"), then: inTwo[3:]},
		"what is so already":                    {given: loggedIn, when: in(2, "sales")},
		"pausing with a reason":                 {given: inTwo, when: paused(5, "sales", "lunch"), then: atLunch[5:]},
		"another reason while paused":           {given: atLunch, when: paused(6, "sales", "training"), then: []agent.Event{happened(6, agent.AgentNotReady{Queue: "sales", Reason: "training"})}},
		"coming back":                           {given: atLunch, when: in(6, "sales"), then: []agent.Event{happened(6, agent.AgentReady{Queue: "sales"})}},
		"an old pause comes late":               {given: atLunch, when: paused(4, "sales", "old")},
		"leaving one of two queues":             {given: inTwo, when: out(7, "sales"), then: []agent.Event{happened(7, agent.AgentLeftQueue{Queue: "sales"})}},
		"leaving the last queue is the logout":  {given: loggedIn, when: out(7, "sales"), then: []agent.Event{happened(7, agent.AgentLeftQueue{Queue: "sales"}), happened(7, agent.AgentLoggedOut{Agent: "1001"})}},
		"leaving a queue that he was not in":    {given: loggedIn, when: out(7, "support")},
		"an old membership comes after leaving": {given: append(loggedIn[:3:3], happened(7, agent.AgentLeftQueue{Queue: "sales"}), happened(7, agent.AgentLoggedOut{Agent: "1001"})), when: in(1, "sales")},
		"logging out ends after-call work": {given: working, when: out(10, "sales"), then: []agent.Event{
			happened(10, agent.AgentLeftQueue{Queue: "sales"}), happened(10, agent.AfterCallWorkEnded{ConnID: conn}), happened(10, agent.AgentLoggedOut{Agent: "1001"})}},
		"a snapshot without one of his queues": {given: inTwo, when: agent.QueuesAre{At: at(9), Agent: "1001", Switch: "pbx1", Queues: []string{"support"}},
			then: []agent.Event{inferred(9, agent.AgentLeftQueue{Queue: "sales"})}},
		"a snapshot without any of his queues": {given: inTwo, when: agent.QueuesAre{At: at(9), Agent: "1001", Switch: "pbx1"},
			then: []agent.Event{inferred(9, agent.AgentLeftQueue{Queue: "sales"}), inferred(9, agent.AgentLeftQueue{Queue: "support"}), inferred(9, agent.AgentLoggedOut{Agent: "1001"})}},
		"an old snapshot":                    {given: inTwo, when: agent.QueuesAre{At: at(0), Agent: "1001", Switch: "pbx1"}},
		"a snapshot of another switch":       {given: inTwo, when: agent.QueuesAre{At: at(9), Agent: "1001", Switch: "branch"}},
		"after-call work begins":             {given: loggedIn, when: agent.AfterCallWorkIs{At: at(9), ConnID: conn, Working: true, Limit: 5 * time.Second}, then: working[3:]},
		"after-call work ends":               {given: working, when: agent.AfterCallWorkIs{At: at(14), ConnID: conn}, then: []agent.Event{happened(14, agent.AfterCallWorkEnded{ConnID: conn})}},
		"that of another call does not end":  {given: working, when: agent.AfterCallWorkIs{At: at(14), ConnID: other}},
		"whatever it is of, it ends":         {given: working, when: agent.AfterCallWorkIs{At: at(14), Switch: "pbx1"}, then: []agent.Event{happened(14, agent.AfterCallWorkEnded{ConnID: conn})}},
		"another switch knows nothing of it": {given: working, when: agent.AfterCallWorkIs{At: at(14), Switch: "branch"}},
		"the next call's work ends the one before": {given: working, when: agent.AfterCallWorkIs{At: at(12), ConnID: other, Working: true}, then: []agent.Event{
			inferred(12, agent.AfterCallWorkEnded{ConnID: conn}), happened(12, agent.AfterCallWorkStarted{ConnID: other})}},
		"after-call work of somebody who is not logged in": {when: agent.AfterCallWorkIs{At: at(9), ConnID: conn, Working: true}},
	}
	for name, s := range specs {
		t.Run(name, func(t *testing.T) {
			state := agent.Fold(agent.State{}, s.given...)
			events := agent.Observe(state, s.when)
			assert.Equal(t, s.then, events)
			assert.Empty(t, agent.Observe(agent.Fold(state, events...), s.when), "the same fact told twice adds nothing")
		})
	}
}

func TestReadiness(t *testing.T) {
	ready, _, since := agent.Fold(agent.State{}, atLunch...).Ready()
	assert.True(t, ready, "one queue may still offer calls")
	assert.Equal(t, at(2), since)
	ready, reason, since := agent.Fold(agent.State{}, append(atLunch[:6:6], happened(8, agent.AgentNotReady{Queue: "support", Reason: "lunch"}))...).Ready()
	assert.False(t, ready)
	assert.Equal(t, "lunch", reason)
	assert.Equal(t, at(8), since)
	ready, _, _ = agent.Fold(agent.State{}, append(atLunch[:6:6], happened(8, agent.AgentNotReady{Reason: "all"}), happened(9, agent.AgentReady{}))...).Ready()
	assert.True(t, ready)
	ready, _, _ = agent.Fold(agent.State{}, atDesk...).Ready()
	assert.True(t, ready, "logged in once for all queues, whichever they are")
	ready, reason, _ = agent.Fold(agent.State{}, append(atDesk[:2:2], happened(3, agent.AgentNotReady{Reason: "On Break"}))...).Ready()
	assert.False(t, ready)
	assert.Equal(t, "On Break", reason)
	ready, _, _ = agent.State{}.Ready()
	assert.False(t, ready)
}
