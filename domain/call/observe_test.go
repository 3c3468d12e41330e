package call_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callstate/callstate/domain/call"
	"github.com/stretchr/testify/assert"
)

func TestACallArrives(t *testing.T) {
	isCall := call.CallIs{At: at(0), ConnID: connID, Switch: "pbx1", SwitchCallID: "1795395601.0", Origin: call.External, ANI: "2125550001", DNIS: "5550100"}
	checkAll(t, map[string]spec{
		"and is new":            {when: isCall, then: arrived[:1]},
		"and was known already": {given: queued, when: isCall},
		"its beginning was missed": {
			when: call.CallIs{At: at(3), ConnID: connID, Switch: "pbx1", SwitchCallID: "1795395601.0", Inferred: true},
			then: events(inferred(3, call.CallStarted{ConnID: connID, Switch: "pbx1", SwitchCallID: "1795395601.0"})),
		},
		"a fact of a call that nobody introduced is not a call": {when: alerting},
		"the caller dials": {
			given: arrived[:1],
			when:  call.PartyIs{At: at(1), Party: caller, State: call.Initiated, DN: "2125550001", External: true, Role: call.Origination, Dialed: "5550100"},
			then:  events(happened(1, arrived[1].Body)),
		},
		"the IVR answers": {
			given: arrived,
			when:  call.PartyIs{At: at(1), Party: caller, State: call.Connected, DN: "2125550001", External: true, Role: call.Origination},
			then:  events(inIVR[2]),
		},
	})
}

func TestTheIVRTalksToTheCaller(t *testing.T) {
	checkAll(t, map[string]spec{
		"it begins":                   {given: inIVR[:3], when: call.IVRIs{At: at(1), IVR: "main", Party: caller, Inside: true}, then: events(inIVR[3])},
		"it is told again":            {given: inIVR, when: call.IVRIs{At: at(2), IVR: "main", Party: caller, Inside: true}},
		"it lets go with a choice":    {given: collected, when: call.IVRIs{At: at(5), IVR: "main", Party: caller, Choice: "1"}, then: events(queued[5])},
		"an old beginning comes late": {given: queued, when: call.IVRIs{At: at(1), IVR: "main", Party: caller, Inside: true}},
		"an old end comes late":       {given: queued, when: call.IVRIs{At: at(5), IVR: "main", Party: caller}},
		"a second IVR follows": {given: queued, when: call.IVRIs{At: at(6), IVR: "lang", Party: caller, Inside: true},
			then: events(happened(6, call.IVREntered{IVR: "lang", Party: caller}))},
		"its beginning was missed": {given: inIVR[:3], when: call.IVRIs{At: at(5), IVR: "main", Party: caller, Choice: "2"},
			then: events(
				inferred(5, call.IVREntered{IVR: "main", Party: caller}),
				happened(5, call.IVRLeft{IVR: "main", Party: caller, Choice: "2"}))},
		"the caller hangs up in it": {given: inIVR, when: call.PartyIs{At: at(3), Party: caller, State: call.Released, Cause: call.NormalClearing, By: caller},
			then: events(
				happened(3, call.PartyReleased{Party: caller, Cause: call.NormalClearing, By: caller}),
				happened(3, call.IVRLeft{IVR: "main", Party: caller}),
				happened(3, call.CallEnded{By: caller, Cause: call.NormalClearing}))},
	})
}

func TestDataIsAttached(t *testing.T) {
	account := func(seconds float64, value string) call.DataIs {
		return call.DataIs{At: at(seconds), Set: []call.Pair{{Key: "Account", Value: value}}, By: "ivr:main"}
	}
	checkAll(t, map[string]spec{
		"the first time":                 {given: inIVR, when: account(4, "100200"), then: events(collected[4])},
		"with the same value":            {given: collected, when: account(5, "100200")},
		"with another value":             {given: collected, when: account(5, "999"), then: events(happened(5, call.UserDataChanged{Set: []call.Pair{{Key: "Account", Value: "999"}}, By: "ivr:main"}))},
		"with an older value":            {given: collected, when: account(3, "1")},
		"to a call that is over":         {given: ended, when: account(30, "1")},
		"late, when it has been deleted": {given: join(collected, events(happened(6, call.UserDataChanged{Deleted: []string{"Account"}}))), when: account(4, "100200")},
		"anew after it was deleted": {given: join(collected, events(happened(6, call.UserDataChanged{Deleted: []string{"Account"}}))), when: account(7, "100200"),
			then: events(happened(7, call.UserDataChanged{Set: []call.Pair{{Key: "Account", Value: "100200"}}, By: "ivr:main"}))},
		"several at once, in any order": {given: inIVR, when: call.DataIs{At: at(4), Set: []call.Pair{{Key: "b", Value: "2"}, {Key: "a", Value: "0"}, {Key: "a", Value: "1"}}, By: "switch"},
			then: events(happened(4, call.UserDataChanged{Set: []call.Pair{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}}, By: "switch"}))},
		"more than a call can carry": {given: inIVR, when: call.DataIs{At: at(4), Set: []call.Pair{{Key: "k", Value: strings.Repeat("x", call.MaxUserData)}}, By: "switch"},
			then: events(happened(4, call.AnomalyNoted{Anomaly: call.UserDataTooLarge, Subject: "switch", Detail: "k"}))},
	})
}

func TestTheCallWaitsInAQueue(t *testing.T) {
	waits := call.VisitIs{At: at(5), Visit: visit, Queue: "sales", Party: caller, Position: 1}
	ends := func(end call.VisitEnd, reason call.LeaveReason) call.VisitIs {
		return call.VisitIs{At: at(17), Visit: visit, Queue: "sales", Party: caller, End: end, Reason: reason}
	}
	const found = call.VisitID("1795395601.0/sales@20261123090009.000000")
	snapped := append(slices.Clone(collected), inferred(9, call.QueueEntered{Visit: found, Queue: "sales", Party: caller}))
	checkAll(t, map[string]spec{
		"it enters":                   {given: queued[:6], when: waits, then: events(queued[6])},
		"a snapshot finds it waiting": {given: queued, when: call.VisitIs{At: at(9), Queue: "sales", Party: caller, Inferred: true}},
		"a snapshot finds a wait that was missed": {given: collected, when: call.VisitIs{At: at(9), Queue: "sales", Party: caller, Inferred: true},
			then: events(inferred(9, call.QueueEntered{Visit: "1795395601.0/sales@20261123090009.000000", Queue: "sales", Party: caller}))},
		"a snapshot of before it ended comes late":      {given: answered, when: call.VisitIs{At: at(7), Queue: "sales", Party: caller, Inferred: true}},
		"its end is told again without the visit":       {given: answered, when: call.VisitIs{At: at(8), Queue: "sales", Party: caller, End: call.Distributed, Agent: "1001"}},
		"its beginning is told after a snapshot did so": {given: snapped, when: waits},
		"its end is told after a snapshot found it": {given: snapped, when: ends(call.VisitAbandoned, ""),
			then: events(happened(17, call.QueueAbandoned{Visit: found, Queue: "sales"}))},
		"its end is told a moment later by another engine": {given: answered,
			when: call.VisitIs{At: at(9), Visit: "another name", Queue: "sales", Party: caller, End: call.Distributed, Agent: "1001"}},
		"it waits in the same queue again": {given: answered, when: call.VisitIs{At: at(18), Visit: "again", Queue: "sales", Party: caller},
			then: events(happened(18, call.QueueEntered{Visit: "again", Queue: "sales", Party: caller}))},
		"the caller gives up":    {given: queued, when: ends(call.VisitAbandoned, ""), then: events(happened(17, call.QueueAbandoned{Visit: visit, Queue: "sales"}))},
		"it waits too long":      {given: queued, when: ends(call.Left, call.TimedOut), then: events(happened(17, call.QueueLeft{Visit: visit, Queue: "sales", Reason: call.TimedOut}))},
		"it leaves, unexplained": {given: queued, when: ends(call.Left, ""), then: events(happened(17, call.QueueLeft{Visit: visit, Queue: "sales", Reason: call.LeftUnknown}))},
		"an end is told twice":   {given: answered, when: ends(call.VisitAbandoned, "")},
		"an agent takes it": {given: answered[:8],
			when: call.VisitIs{At: at(8), Visit: visit, Queue: "sales", Party: caller, End: call.Distributed, Agent: "1001", AgentDN: "1001", AgentParty: phone},
			then: events(answered[9])},
		"its beginning was missed": {given: collected, when: ends(call.VisitAbandoned, ""),
			then: events(
				inferred(17, call.QueueEntered{Visit: visit, Queue: "sales", Party: caller}),
				happened(17, call.QueueAbandoned{Visit: visit, Queue: "sales"}))},
		"the caller goes and nobody told the queue's end": {given: queued,
			when: call.PartyIs{At: at(9), Party: caller, State: call.Released, Cause: call.NormalClearing, By: caller},
			then: events(
				happened(9, call.PartyReleased{Party: caller, Cause: call.NormalClearing, By: caller}),
				inferred(9, call.QueueAbandoned{Visit: visit, Queue: "sales"}),
				happened(9, call.CallEnded{By: caller, Cause: call.NormalClearing}))},
		"the switch ends the call and nobody told the queue's end": {given: queued,
			when: call.PartyIs{At: at(9), Party: caller, State: call.Released, Cause: call.UnknownCause},
			then: events(
				happened(9, call.PartyReleased{Party: caller, Cause: call.UnknownCause}),
				inferred(9, call.QueueLeft{Visit: visit, Queue: "sales", Reason: call.CallGone}),
				happened(9, call.CallEnded{Cause: call.UnknownCause}))},
		"an agent had answered and nobody told the queue's end": {given: answered[:9],
			when: call.PartyIs{At: at(9), Party: caller, State: call.Released, Cause: call.NormalClearing, By: caller},
			then: events(
				happened(9, call.PartyReleased{Party: caller, Cause: call.NormalClearing, By: caller}),
				inferred(9, call.QueueDistributed{Visit: visit, Queue: "sales", Agent: "1001", DN: "1001", Party: phone}))},
	})
}

func TestADeviceRings(t *testing.T) {
	now := func(seconds float64, state call.Telephony) call.PartyIs {
		f := alerting
		f.At, f.State = at(seconds), state
		return f
	}
	released := now(14, call.Released)
	released.Cause = call.NoAnswer
	failed := now(6, call.Failed)
	failed.Cause = call.Busy
	checkAll(t, map[string]spec{
		"with all that the desktop needs":            {given: queued, when: now(6, call.Alerting), then: events(ringing[7])},
		"and is answered":                            {given: ringing, when: now(8, call.Connected), then: events(answered[8])},
		"and is answered before it was told to ring": {given: queued, when: now(8, call.Connected), then: events(answered[8])},
		"and nobody answers": {given: ringing, when: released,
			then: events(happened(14, call.PartyReleased{Party: phone, Cause: call.NoAnswer}))},
		"and was never heard of":     {given: queued, when: released},
		"and an old ring comes late": {given: answered, when: now(7, call.Alerting)},
		"and rings again after the answer, which cannot be": {given: answered, when: now(9, call.Alerting),
			then: events(happened(9, call.AnomalyNoted{Anomaly: call.IllegalTransition, Subject: string(phone), Detail: "connected to ringing"}))},
		"and comes back after it was gone, which cannot be": {given: ended[:12], when: now(21, call.Alerting),
			then: events(happened(21, call.AnomalyNoted{Anomaly: call.PartyAfterRelease, Subject: string(phone), Detail: "ringing"}))},
		"and is busy": {given: queued, when: failed,
			then: events(happened(6, call.PartyFailed{Party: phone, DN: "1001", Agent: "1001", Queue: "sales", Visit: visit, Cause: call.Busy}))},
	})
}

func TestACallIsHeld(t *testing.T) {
	is := func(seconds float64, state call.Telephony) call.PartyIs {
		return call.PartyIs{At: at(seconds), Party: phone, State: state, DN: "1001"}
	}
	maybe := is(12, call.Connected)
	maybe.MayHold = true
	checkAll(t, map[string]spec{
		"by the agent":                       {given: answered, when: is(10, call.Held), then: events(held[10])},
		"and taken back":                     {given: held, when: is(12, call.Connected), then: events(happened(12, call.PartyRetrieved{Party: phone}))},
		"and a snapshot only knows it is up": {given: held, when: maybe},
		"before it was told to be answered": {given: queued, when: is(9, call.Held),
			then: events(
				inferred(9, call.PartyConnected{Party: phone, DN: "1001"}),
				happened(9, call.PartyHeld{Party: phone}))},
		"and the far end hangs up": {given: held, when: call.PartyIs{At: at(15), Party: phone, State: call.Released, Cause: call.NormalClearing, By: caller},
			then: events(happened(15, call.PartyReleased{Party: phone, Cause: call.NormalClearing, By: caller}))},
	})
}

func TestTheCallEnds(t *testing.T) {
	gone := func(p call.PartyID) call.PartyIs {
		return call.PartyIs{At: at(20), Party: p, State: call.Released, Cause: call.NormalClearing, By: caller}
	}
	checkAll(t, map[string]spec{
		"not while a party is left":     {given: answered, when: gone(phone), then: events(ended[10])},
		"with its last party":           {given: ended[:11], when: gone(caller), then: ended[11:]},
		"and repetitions say nothing":   {given: ended, when: gone(caller)},
		"and an old party says nothing": {given: ended, when: call.PartyIs{At: at(8), Party: phone, State: call.Connected}},
		"and a new party cannot be": {given: ended, when: call.PartyIs{At: at(30), Party: "new", State: call.Alerting},
			then: events(happened(30, call.AnomalyNoted{Anomaly: call.ActivityAfterEnd, Subject: "new", Detail: "ringing"}))},
	})
}

func TestAReportIsMissed(t *testing.T) {
	missed := call.MissedIs{At: at(12), Party: phone, Report: "Hold"}
	noted := func(second float64) []call.Event {
		return events(happened(second, call.AnomalyNoted{Anomaly: call.MissedReport, Subject: string(phone), Detail: "Hold"}))
	}
	late := missed
	late.At = at(30)
	checkAll(t, map[string]spec{
		"and the call notes it":                    {given: answered, when: missed, then: noted(12)},
		"and it shows only when the call is over":  {given: ended, when: late, then: noted(30)},
		"and what it said is known from elsewhere": {given: answered, when: call.DataIs{At: at(12), Set: []call.Pair{{Key: "A", Value: "x"}}, By: "ivr:main", Inferred: true}, then: events(inferred(12, call.UserDataChanged{Set: []call.Pair{{Key: "A", Value: "x"}}, By: "ivr:main"}))},
	})
}

func TestWhatAStateTells(t *testing.T) {
	s := call.Fold(call.State{}, ended...)
	p, _ := s.Party(phone)
	assert.Equal(t, 2*time.Second, p.Ring)
	assert.Equal(t, 12*time.Second, p.Talk)
	assert.Equal(t, call.Inbound, s.Type())
	assert.True(t, s.Ended())
	assert.Equal(t, []call.Pair{{Key: "Account", Value: "100200"}}, s.UserData())

	s = call.Fold(call.State{}, held...)
	assert.False(t, s.Talking())
	assert.True(t, call.Fold(call.State{}, answered...).Talking())
	assert.Equal(t, 2, s.LiveParties())
	v, waiting := call.Fold(call.State{}, queued...).OpenVisit(caller, "")
	assert.True(t, waiting)
	assert.Equal(t, "sales", v.Queue)
}

func TestEvolvingLeavesTheOldStateAsItWas(t *testing.T) {
	before := call.Fold(call.State{}, answered...)
	copyOf := call.Fold(call.State{}, answered...)
	call.Fold(before, held[10], happened(11, call.UserDataChanged{Set: []call.Pair{{Key: "A", Value: "x"}}, Deleted: []string{"Account"}}),
		happened(12, call.PartyReleased{Party: phone}), happened(12, call.QueueEntered{Visit: "v2", Queue: "q", Party: caller}))
	assert.Equal(t, copyOf, before)
}
