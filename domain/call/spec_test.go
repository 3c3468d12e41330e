package call_test

import (
	"testing"
	"time"

	"github.com/callstate/callstate/domain/call"
	"github.com/stretchr/testify/assert"
)

// spec is one rule of the model: given what has happened, when a fact or a request comes, then exactly these events.
type spec struct {
	given   []call.Event
	when    call.Fact
	ask     call.Request
	then    []call.Event
	refused error
}

func (s spec) check(t *testing.T) {
	t.Helper()
	state := call.Fold(call.State{}, s.given...)
	if s.ask != nil {
		events, err := call.Decide(state, s.ask)
		if s.refused != nil {
			assert.ErrorIs(t, err, s.refused)
			assert.ErrorIs(t, err, call.ErrRefused)
			assert.Empty(t, events)
			return
		}
		assert.NoError(t, err)
		assert.Equal(t, s.then, events)
		return
	}
	events := call.Observe(state, s.when)
	assert.Equal(t, s.then, events)
	again := call.Observe(call.Fold(state, events...), s.when)
	assert.Empty(t, again, "the same fact told twice adds nothing")
}

func checkAll(t *testing.T, specs map[string]spec) {
	for name, s := range specs {
		t.Run(name, s.check)
	}
}

var (
	born   = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	connID = call.NewConnID(born, "pbx1", "1795395601.0")
)

// at is a moment some seconds after the call was born.
func at(seconds float64) time.Time {
	return born.Add(time.Duration(seconds * float64(time.Second)))
}

func happened(seconds float64, body call.Body) call.Event {
	return call.Event{At: at(seconds), Body: body}
}

func inferred(seconds float64, body call.Body) call.Event {
	return call.Event{At: at(seconds), Inferred: true, Body: body}
}

func events(es ...call.Event) []call.Event { return es }

func join(lists ...[]call.Event) []call.Event {
	var all []call.Event
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

const (
	caller = call.PartyID("1795395601.0")
	phone  = call.PartyID("1795395607.1")
	visit  = call.VisitID("1795395601.0/sales@5000")
)

// The sample call, as far as each step of it.
var (
	arrived = events(
		happened(0, call.CallStarted{ConnID: connID, Switch: "pbx1", SwitchCallID: "1795395601.0", Origin: call.External, ANI: "2125550001", DNIS: "5550100"}),
		happened(0, call.PartyDialing{Party: caller, DN: "2125550001", External: true, Dialed: "5550100"}))
	inIVR = join(arrived, events(
		happened(1, call.PartyConnected{Party: caller, DN: "2125550001", External: true, Role: call.Origination}),
		happened(1, call.IVREntered{IVR: "main", Party: caller})))
	collected = join(inIVR, events(
		happened(4, call.UserDataChanged{Set: []call.Pair{{Key: "Account", Value: "100200"}}, By: "ivr:main"})))
	queued = join(collected, events(
		happened(5, call.IVRLeft{IVR: "main", Party: caller, Choice: "1"}),
		happened(5, call.QueueEntered{Visit: visit, Queue: "sales", Party: caller, Position: 1})))
	ringing = join(queued, events(
		happened(6, call.PartyAlerting{Party: phone, DN: "1001", Agent: "1001", Queue: "sales", Visit: visit})))
	answered = join(ringing, events(
		happened(8, call.PartyConnected{Party: phone, DN: "1001", Agent: "1001", Queue: "sales", Visit: visit}),
		happened(8, call.QueueDistributed{Visit: visit, Queue: "sales", Agent: "1001", DN: "1001", Party: phone})))
	held  = join(answered, events(happened(10, call.PartyHeld{Party: phone})))
	ended = join(answered, events(
		happened(20, call.PartyReleased{Party: phone, Cause: call.NormalClearing, By: caller}),
		happened(20, call.PartyReleased{Party: caller, Cause: call.NormalClearing, By: caller}),
		happened(20, call.CallEnded{By: caller, Cause: call.NormalClearing})))
)

var alerting = call.PartyIs{Party: phone, State: call.Alerting, DN: "1001", Agent: "1001", Queue: "sales", Visit: visit}
