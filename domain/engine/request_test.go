package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// obedient does what it is told, unless it is told what to answer.
type obedient struct {
	mu     sync.Mutex
	orders []engine.Order
	answer error
	before func() // runs while the order is under way
}

func (x *obedient) Execute(_ context.Context, o engine.Order) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.before != nil {
		x.before()
	}
	x.orders = append(x.orders, o)
	return x.answer
}

// naming is a switch that lets calls be named.
type naming struct{ *obedient }

func (naming) NameCall(command string, at time.Time) (string, time.Time) {
	return "x-" + command + "-" + fmt.Sprint(at.Unix()), at
}

func by(id string) call.By { return call.By{At: at(9), Actor: "agent:1001", ID: id, Party: "a"} }

var login = engine.Observation{Agent: "1001", AgentFact: agent.MembershipIs{At: at(3), Agent: "1001", Switch: "pbx1", Queue: "sales", DN: "1001", Member: true}}

// talking is an engine with a call in which party a is connected, and an executor for its switch.
func talking(t *testing.T) (*memory.Store, *engine.Engine, *obedient, engine.Executors) {
	t.Helper()
	log := memory.New()
	e := engine.New(log, clock, nil)
	require.NoError(t, e.Ingest(t.Context(), append(story(1)[:4], login)))
	x := &obedient{}
	return log, e, x, engine.Executors{"pbx1": x}
}

// after are the types of the events in a stream behind the first.
func after(t *testing.T, log eventlog.Reader, stream eventlog.Stream, first int) []string {
	t.Helper()
	return types(t, log, stream)[first:]
}

func TestACommandIsRecordedAndThenExecuted(t *testing.T) {
	log, e, x, executors := talking(t)
	x.before = func() {
		assert.Len(t, after(t, log, wire.CallStream(connID(1)), 4), len(x.orders)+1, "it is durable first")
	}
	require.NoError(t, e.Command(t.Context(), executors, connID(1), call.Hold{By: by("c1")}))
	require.Len(t, x.orders, 1)
	order := x.orders[0]
	assert.Equal(t, "pbx1", order.Switch)
	assert.Equal(t, connID(1), order.Call)
	assert.Equal(t, call.Holds, order.Do.Request)
	assert.Equal(t, call.PartyID("a"), order.Do.Party)

	require.NoError(t, e.Command(t.Context(), executors, connID(1), call.Hold{By: by("c1")}), "the same command")
	require.NoError(t, engine.New(log, clock, nil).Command(t.Context(), executors, connID(1), call.Hold{By: by("c1")}), "at another engine")
	assert.Len(t, x.orders, 1)
	require.NoError(t, e.Command(t.Context(), executors, connID(1), call.Hold{By: by("c2")}), "another one")
	assert.Len(t, x.orders, 2)
	assert.Equal(t, []string{"RequestMade", "RequestMade"}, after(t, log, wire.CallStream(connID(1)), 4))
}

func TestWhatIsRefusedIsRecordedAndNotExecuted(t *testing.T) {
	log, e, x, executors := talking(t)
	for range 2 {
		err := e.Command(t.Context(), executors, connID(1), call.Retrieve{By: by("c1")})
		assert.ErrorIs(t, err, call.ErrInvalidCallState)
	}
	assert.Empty(t, x.orders)
	assert.Equal(t, []string{"RequestRefused"}, after(t, log, wire.CallStream(connID(1)), 4))

	assert.ErrorIs(t, e.Command(t.Context(), executors, connID(7), call.Hold{By: by("c1")}), call.ErrUnknownCall)
	assert.Empty(t, types(t, log, wire.CallStream(connID(7))), "no stream for a call that is none")
}

func TestTheSwitchSaysNo(t *testing.T) {
	log, e, x, executors := talking(t)
	x.answer = fmt.Errorf("%w: No such channel", call.ErrSwitchRefused)
	err := e.Command(t.Context(), executors, connID(1), call.Release{By: by("c1")})
	assert.ErrorIs(t, err, call.ErrSwitchRefused)
	assert.ErrorContains(t, err, "No such channel")
	assert.Equal(t, []string{"RequestMade", "RequestRefused"}, after(t, log, wire.CallStream(connID(1)), 4))

	x.answer = nil
	assert.ErrorIs(t, e.Command(t.Context(), executors, connID(1), call.Release{By: by("c1")}), call.ErrSwitchRefused, "the outcome stays")
	assert.Len(t, x.orders, 1)
}

func TestARefusalIsRecordedAlsoWhenWhoAskedHasLeft(t *testing.T) {
	log, e, x, executors := talking(t)
	ctx, leave := context.WithCancel(t.Context())
	x.before, x.answer = leave, fmt.Errorf("%w: %w", call.ErrOutcomeUnknown, context.Canceled)
	err := e.Command(ctx, executors, connID(1), call.Release{By: by("c1")})
	assert.ErrorIs(t, err, call.ErrOutcomeUnknown)
	assert.NotErrorIs(t, err, call.ErrRefused, "it may have been done")
	assert.Equal(t, []string{"RequestMade", "RequestRefused"}, after(t, log, wire.CallStream(connID(1)), 4))
}

func TestASwitchThatNobodyCanAsk(t *testing.T) {
	log, e, _, _ := talking(t)
	_, err := e.Request(t.Context(), connID(1), call.Hold{By: by("c1")})
	assert.ErrorIs(t, err, call.ErrUnsupported)
	assert.ErrorIs(t, e.CommandAgent(t.Context(), nil, "1001", agent.NotReady{By: by("c1"), Reason: "lunch"}), call.ErrUnsupported)
	assert.Equal(t, []string{"RequestRefused"}, after(t, log, wire.CallStream(connID(1)), 4), "nothing was asked of it")
	assert.Equal(t, []string{"AgentRequestRefused"}, after(t, log, wire.AgentStream("1001"), 3))
}

// The same command at many engines at once, each of which has the same state in memory.
func TestOneCommandAtManyEnginesIsExecutedOnce(t *testing.T) {
	log, _, x, executors := talking(t)
	var engines []*engine.Engine
	for range 8 {
		e := engine.New(log, clock, nil)
		_, err := e.Call(t.Context(), connID(1))
		require.NoError(t, err)
		_, err = e.Agent(t.Context(), "1001")
		require.NoError(t, err)
		engines = append(engines, e)
	}
	var all sync.WaitGroup
	for _, e := range engines {
		for range 4 {
			all.Go(func() {
				assert.NoError(t, e.Command(context.Background(), executors, connID(1), call.Hold{By: by("c1")}))
				assert.NoError(t, e.CommandAgent(context.Background(), executors, "1001", agent.NotReady{By: by("c1"), Reason: "lunch"}))
			})
		}
	}
	all.Wait()
	assert.Len(t, x.orders, 2)
	assert.Equal(t, []string{"RequestMade"}, after(t, log, wire.CallStream(connID(1)), 4))
	assert.Equal(t, []string{"AgentRequestMade"}, after(t, log, wire.AgentStream("1001"), 3))
}

// A command is decided on what is so, not on what an engine remembers.
func TestACommandMeetsAFactOfAnotherWriter(t *testing.T) {
	log, first, x, executors := talking(t)
	second := engine.New(log, clock, nil)
	_, err := second.Call(t.Context(), connID(1))
	require.NoError(t, err)
	require.NoError(t, first.Ingest(t.Context(), []engine.Observation{{Call: connID(1), CallFact: call.PartyIs{At: at(5), Party: "a", State: call.Held}}}))
	assert.ErrorIs(t, second.Command(t.Context(), executors, connID(1), call.Hold{By: by("c1")}), call.ErrInvalidCallState)
	assert.Empty(t, x.orders)
}

func TestACommandAboutAConsultationKnowsIt(t *testing.T) {
	_, e, x, executors := talking(t)
	consult := connID(2)
	require.NoError(t, e.Ingest(t.Context(), []engine.Observation{
		{Call: connID(1), CallFact: call.PartyIs{At: at(5), Party: "b", State: call.Connected, DN: "1001"}},
		{Call: connID(1), CallFact: call.PartyIs{At: at(6), Party: "b", State: call.Held}},
		{Call: consult, CallFact: call.CallIs{At: at(6), ConnID: consult, Switch: "pbx1", SwitchCallID: "2", ConsultOf: connID(1)}},
		{Call: consult, CallFact: call.PartyIs{At: at(6), Party: "b", State: call.Initiated, DN: "1001"}},
		{Call: consult, CallFact: call.PartyIs{At: at(7), Party: "d", State: call.Alerting, DN: "1003"}},
		{Call: connID(1), CallFact: call.ConsultIs{At: at(7), Consult: consult, By: "b", To: "1003"}},
	}))
	agent := call.By{At: at(9), ID: "c1", DN: "1001"}
	assert.ErrorIs(t, e.Command(t.Context(), executors, connID(1), call.CompleteConference{By: agent}), call.ErrInvalidCallState)
	agent.ID = "c2"
	require.NoError(t, e.Command(t.Context(), executors, connID(1), call.CompleteTransfer{By: agent}))
	assert.Equal(t, consult, x.orders[0].Do.Consult)
	assert.Equal(t, call.PartyID("d"), x.orders[0].Do.TargetParty)
	assert.Equal(t, call.PartyID("b"), x.orders[0].Do.ConsultParty)
}

func TestAnAgentsCommand(t *testing.T) {
	log, e, x, executors := talking(t)
	require.NoError(t, e.CommandAgent(t.Context(), executors, "1002", agent.Login{By: call.By{At: at(9), ID: "l", DN: "1002"}, Switch: "pbx1", Queues: []string{"sales"}}))
	assert.Equal(t, "1002", x.orders[0].Agent)
	assert.Equal(t, []string{"sales"}, x.orders[0].DoAgent.Queues)
	assert.Equal(t, []string{"AgentRequestMade"}, types(t, log, wire.AgentStream("1002")))

	x.answer = fmt.Errorf("%w: Interface not found", call.ErrSwitchRefused)
	pause := agent.NotReady{By: by("p"), Reason: "lunch"}
	for range 2 {
		assert.ErrorIs(t, e.CommandAgent(t.Context(), executors, "1001", pause), call.ErrSwitchRefused)
	}
	assert.Len(t, x.orders, 2)
	assert.Equal(t, []string{"AgentRequestMade", "AgentRequestRefused"}, after(t, log, wire.AgentStream("1001"), 3))
	assert.ErrorIs(t, e.CommandAgent(t.Context(), executors, "1003", agent.Logout{By: by("x")}), agent.ErrNotLoggedIn)
	assert.Empty(t, types(t, log, wire.AgentStream("1003")), "no stream for an agent whom nobody knows")
}

func TestACallIsMadeOnceAndHasItsConnIDAtOnce(t *testing.T) {
	log := memory.New()
	e := engine.New(log, clock, nil)
	require.NoError(t, e.Ingest(t.Context(), []engine.Observation{login}))
	x := naming{&obedient{}}
	executors := engine.Executors{"pbx1": x}
	dial := agent.MakeCall{By: call.By{At: at(9), ID: "m"}, To: "2125550009"}
	id, err := e.MakeCall(t.Context(), executors, "1001", dial)
	require.NoError(t, err)
	assert.Equal(t, call.NewConnID(at(9), "pbx1", x.orders[0].DoAgent.SwitchCallID), id)
	assert.Equal(t, id, x.orders[0].DoAgent.ConnID)

	dial.By.At = at(15) // whoever repeats it does so later
	again, err := e.MakeCall(t.Context(), executors, "1001", dial)
	require.NoError(t, err)
	assert.Equal(t, id, again)
	assert.Len(t, x.orders, 1)

	_, err = e.MakeCall(t.Context(), engine.Executors{"pbx1": &obedient{}}, "1001", agent.MakeCall{By: call.By{At: at(9), ID: "n"}, To: "1003"})
	assert.ErrorIs(t, err, call.ErrUnsupported)
}

func TestACommandThatCannotBeRecordedIsNotExecuted(t *testing.T) {
	broken := errors.New("disk gone")
	log := &faulty{Store: memory.New()}
	e := engine.New(log, clock, nil)
	require.NoError(t, e.Ingest(t.Context(), story(1)[:5]))
	x := &obedient{}
	log.before = broken
	assert.ErrorIs(t, e.Command(t.Context(), engine.Executors{"pbx1": x}, connID(1), call.Hold{By: by("c1")}), broken)
	assert.Empty(t, x.orders)
	log.before = nil
	x.before, x.answer = func() { log.before = broken }, call.ErrLinkDown
	err := e.Command(t.Context(), engine.Executors{"pbx1": x}, connID(1), call.Hold{By: by("c1")})
	assert.ErrorIs(t, err, call.ErrLinkDown)
	assert.ErrorIs(t, err, broken, "nor could the refusal be recorded")
}

// limited is a switch that cannot be asked to hold.
type limited struct{ naming }

func (limited) Can(service call.Service) bool { return service != call.Holds }

func TestForWhatThereAreMeans(t *testing.T) {
	x := engine.Executors{"pbx1": &obedient{}, "pbx2": limited{naming{&obedient{}}}}
	assert.True(t, x.Can("pbx1", call.Holds))
	assert.False(t, x.Can("pbx1", call.MakesCall), "a call that it makes cannot be named")
	assert.True(t, x.Can("pbx2", call.MakesCall))
	assert.False(t, x.Can("pbx2", call.Holds))
	assert.False(t, x.Can("pbx3", call.Releases), "there is no way to ask it")
	assert.True(t, x.Can("pbx3", call.AddsNote), "no switch is needed")
}
