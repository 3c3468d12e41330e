package agent_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// by is agent 1001, and where he names it his device.
func by(dn ...string) call.By {
	return call.By{At: at(20), Actor: "agent:1001", ID: "c", DN: strings.Join(dn, "")}
}

func made(b agent.AgentRequestMade) []agent.Event {
	b.ID = "c"
	return []agent.Event{{At: at(20), Actor: "agent:1001", Body: b}}
}

var resting = append(loggedIn[:3:3], happened(4, agent.AgentNotReady{Reason: "lunch"}))

func TestAnAgentsRequests(t *testing.T) {
	login := agent.Login{By: by("1001"), Switch: "pbx1", Queues: []string{"sales", "support", "sales"}}
	with := func(change func(*agent.Login)) agent.Login {
		r := login
		change(&r)
		return r
	}
	dial := agent.MakeCall{By: by(), To: "2125550009", ConnID: other, SwitchCallID: "x-1"}
	specs := map[string]struct {
		given   []agent.Event
		ask     agent.Request
		then    []agent.Event
		refused error
	}{
		"logging in":                        {ask: login, then: made(agent.AgentRequestMade{Request: agent.LogsIn, DN: "1001", Queues: []string{"sales", "support"}})},
		"logging in to another queue":       {given: loggedIn, ask: login, then: made(agent.AgentRequestMade{Request: agent.LogsIn, DN: "1001", Queues: []string{"support"}})},
		"logging in where one is":           {given: inTwo, ask: login},
		"logging in at a second device":     {given: loggedIn, ask: with(func(r *agent.Login) { r.By.DN = "1002" }), refused: agent.ErrAlreadyLoggedIn},
		"logging in at a second switch":     {given: loggedIn, ask: with(func(r *agent.Login) { r.Switch = "pbx2" }), refused: agent.ErrAlreadyLoggedIn},
		"logging in where somebody else is": {ask: with(func(r *agent.Login) { r.Occupant = "1002" }), refused: agent.ErrDNHasAgent},
		"logging in without a queue":        {ask: with(func(r *agent.Login) { r.Queues = nil }), refused: call.ErrInvalid},
		"logging in to a nameless queue":    {ask: with(func(r *agent.Login) { r.Queues = []string{""} }), refused: call.ErrInvalid},
		"logging in without a device":       {ask: with(func(r *agent.Login) { r.By.DN = "" }), refused: call.ErrInvalid},
		"logging in at two devices":         {ask: with(func(r *agent.Login) { r.By.DN = "1001&1002" }), refused: call.ErrInvalid},
		"logging in to no switch":           {ask: with(func(r *agent.Login) { r.Switch = "" }), refused: call.ErrInvalid},
		"without a command id":              {ask: with(func(r *agent.Login) { r.By.ID = "" }), refused: call.ErrInvalid},
		"logging out":                       {given: inTwo, ask: agent.Logout{By: by()}, then: made(agent.AgentRequestMade{Request: agent.LogsOut, DN: "1001", Queues: []string{"sales", "support"}})},
		"logging out when one is out":       {ask: agent.Logout{By: by()}, refused: agent.ErrNotLoggedIn},
		"logging out of a call":             {given: loggedIn, ask: agent.Logout{By: by(), Busy: true}, refused: agent.ErrBusy},
		"logging out of a call by force":    {given: loggedIn, ask: agent.Logout{By: by(), Busy: true, Force: true}, then: made(agent.AgentRequestMade{Request: agent.LogsOut, DN: "1001", Queues: []string{"sales"}})},
		"becoming ready":                    {given: resting, ask: agent.Ready{By: by()}, then: made(agent.AgentRequestMade{Request: agent.BecomesReady, DN: "1001"})},
		"becoming ready in a queue":         {given: atLunch, ask: agent.Ready{By: by(), Queue: "sales"}, then: made(agent.AgentRequestMade{Request: agent.BecomesReady, DN: "1001", Queues: []string{"sales"}})},
		"becoming ready in another":         {given: loggedIn, ask: agent.Ready{By: by(), Queue: "support"}, refused: agent.ErrNotLoggedIn},
		"being ready already":               {given: loggedIn, ask: agent.Ready{By: by()}},
		"ready and not logged in":           {ask: agent.Ready{By: by()}, refused: agent.ErrNotLoggedIn},
		"becoming not ready":                {given: loggedIn, ask: agent.NotReady{By: by(), Reason: "lunch"}, then: made(agent.AgentRequestMade{Request: agent.BecomesNotReady, DN: "1001", Reason: "lunch"})},
		"another reason":                    {given: resting, ask: agent.NotReady{By: by(), Reason: "training"}, then: made(agent.AgentRequestMade{Request: agent.BecomesNotReady, DN: "1001", Reason: "training"})},
		"the same reason":                   {given: resting, ask: agent.NotReady{By: by(), Reason: "lunch"}},
		"no reason where one is required":   {given: loggedIn, ask: agent.NotReady{By: by(), ReasonRequired: true}, refused: agent.ErrReasonRequired},
		"no reason where none is":           {given: loggedIn, ask: agent.NotReady{By: by()}, then: made(agent.AgentRequestMade{Request: agent.BecomesNotReady, DN: "1001"})},
		"not ready and not logged in":       {ask: agent.NotReady{By: by(), Reason: "lunch"}, refused: agent.ErrNotLoggedIn},
		"calling a number":                  {given: loggedIn, ask: dial, then: made(agent.AgentRequestMade{Request: call.MakesCall, DN: "1001", Target: "2125550009", ConnID: other})},
		"calling from a device without an agent": {ask: agent.MakeCall{By: by("1001"), Switch: "pbx1", To: "1003", ConnID: other, SwitchCallID: "x"},
			then: made(agent.AgentRequestMade{Request: call.MakesCall, DN: "1001", Target: "1003", ConnID: other})},
		"calling from nowhere":              {ask: dial, refused: agent.ErrNotLoggedIn},
		"calling oneself":                   {given: loggedIn, ask: agent.MakeCall{By: by(), To: "1001"}, refused: call.ErrSelfTransfer},
		"calling no number":                 {given: loggedIn, ask: agent.MakeCall{By: by(), To: "a b"}, refused: call.ErrInvalidDestination},
		"calling while on a call":           {given: loggedIn, ask: agent.MakeCall{By: by(), To: "1003", Elsewhere: conn}, refused: call.ErrDNBusy},
		"calling where calls have no names": {given: loggedIn, ask: agent.MakeCall{By: by(), To: "1003"}, refused: call.ErrUnsupported},
	}
	for name, s := range specs {
		t.Run(name, func(t *testing.T) {
			state := agent.Fold(agent.State{}, s.given...)
			events, order, err := agent.Decide(state, s.ask)
			assert.Equal(t, s.then, events)
			if s.refused != nil {
				assert.ErrorIs(t, err, s.refused)
				assert.ErrorIs(t, err, call.ErrRefused)
				assert.Nil(t, order)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, len(s.then) > 0, order != nil)
			if order != nil {
				assert.Equal(t, "pbx1", order.Switch)
				again, order, err := agent.Decide(agent.Fold(state, events...), s.ask)
				assert.Empty(t, again, "the same command acts once")
				assert.Nil(t, order)
				assert.NoError(t, err)
			}
		})
	}
}

func TestARefusalOfAnAgentIsRecordedOnce(t *testing.T) {
	state := agent.Fold(agent.State{}, loggedIn...)
	ask := agent.Logout{By: by(), Busy: true}
	_, _, err := agent.Decide(state, ask)
	told := agent.Refused(state, ask, err)
	assert.Equal(t, []agent.Event{{At: at(20), Actor: "agent:1001", Body: agent.AgentRequestRefused{ID: "c", Request: agent.LogsOut,
		Reason: "agentBusy", Detail: "refused: the agent has a call"}}}, told)
	state = agent.Fold(state, told...)
	_, _, again := agent.Decide(state, agent.Logout{By: by()})
	assert.ErrorIs(t, again, agent.ErrBusy, "this command was refused, whatever is so now")
	assert.Empty(t, agent.Refused(state, ask, again))
	assert.Empty(t, agent.Refused(agent.State{}, ask, agent.ErrNotLoggedIn), "of somebody whom nobody knows")
}

func TestReasonsOfAgentsHaveNames(t *testing.T) {
	state := agent.Fold(agent.State{}, loggedIn...)
	for _, err := range []error{agent.ErrAlreadyLoggedIn, agent.ErrDNHasAgent, agent.ErrNotLoggedIn, agent.ErrBusy, agent.ErrReasonRequired, call.ErrSwitchRefused} {
		refused := agent.Refused(state, agent.Ready{By: by()}, fmt.Errorf("wrapped: %w", err))
		assert.Equal(t, err, agent.ErrOf(refused[0].Body.(agent.AgentRequestRefused).Reason))
	}
	assert.NoError(t, agent.ErrOf(""))
}

// What is asked changes nothing of the session but the list of requests, and the same command again adds nothing.
func TestAskingChangesNoSession(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state := agent.Fold(agent.State{}, rapid.SampledFrom([][]agent.Event{nil, loggedIn, inTwo, atLunch, resting, working}).Draw(t, "story")...)
		for range rapid.IntRange(1, 30).Draw(t, "requests") {
			who := call.By{At: at(20), ID: rapid.StringMatching("[a-z]{0,2}").Draw(t, "id"), DN: rapid.SampledFrom([]string{"", "1001", "1002"}).Draw(t, "dn")}
			queue := rapid.SampledFrom([]string{"", "sales", "support"}).Draw(t, "queue")
			r := rapid.SampledFrom([]agent.Request{
				agent.Login{By: who, Switch: "pbx1", Queues: []string{queue}}, agent.Logout{By: who, Busy: queue == ""}, agent.Ready{By: who, Queue: queue},
				agent.NotReady{By: who, Queue: queue, Reason: queue}, agent.MakeCall{By: who, Switch: "pbx1", To: "1003", ConnID: conn, SwitchCallID: "x"},
			}).Draw(t, "request")
			before := state
			events, order, err := agent.Decide(state, r)
			require.Equal(t, order != nil, len(events) > 0)
			if err != nil {
				require.ErrorIs(t, err, call.ErrRefused)
				events = agent.Refused(state, r, err)
			}
			state = agent.Fold(state, events...)
			if len(events) > 0 && who.ID != "" {
				again, second, _ := agent.Decide(state, r)
				require.Empty(t, again)
				require.Nil(t, second)
			}
			require.LessOrEqual(t, len(state.Requests), 16)
			kept := state.Requests
			before.Requests, state.Requests = nil, nil
			require.Equal(t, before, state)
			state.Requests = kept
		}
	})
}

// What an agent may ask in each state.
func TestWhatIsPermitted(t *testing.T) {
	state := func(events []agent.Event) agent.State { return agent.Fold(agent.State{}, events...) }
	assert.Equal(t, []call.Service{agent.LogsIn}, agent.Permitted(agent.State{}, false, call.ConnID{}))
	assert.Equal(t, []call.Service{agent.LogsIn, agent.BecomesNotReady, agent.LogsOut, call.MakesCall}, agent.Permitted(state(loggedIn), false, call.ConnID{}))
	assert.Equal(t, []call.Service{agent.LogsIn, agent.BecomesNotReady, agent.BecomesReady, agent.LogsOut, call.MakesCall},
		agent.Permitted(state(resting), false, call.ConnID{}))
	assert.Equal(t, []call.Service{agent.LogsIn, agent.BecomesNotReady}, agent.Permitted(state(loggedIn), true, other))
	working := append(loggedIn[:len(loggedIn):len(loggedIn)], happened(9, agent.AfterCallWorkStarted{ConnID: other}))
	assert.Contains(t, agent.Permitted(state(working), false, call.ConnID{}), agent.BecomesReady, "who works after a call may say that he is done")
}
