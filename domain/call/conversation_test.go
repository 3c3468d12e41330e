package call_test

import (
	"testing"

	"github.com/callstate/callstate/domain/call"
	"github.com/stretchr/testify/assert"
)

var (
	consultID  = call.NewConnID(at(10), "pbx1", "1795395611.2")
	desk       = call.PartyID("1795395611.2") // the agent's second leg
	colleague  = call.PartyID("1795395611.3")
	consulting = join(held, events(happened(11, call.ConsultStarted{Consult: consultID, By: phone, To: "1003"})))
	consult    = events(
		happened(11, call.CallStarted{ConnID: consultID, Switch: "pbx1", SwitchCallID: "1795395611.2", Origin: call.Internal, ANI: "1001", DNIS: "1003", ConsultOf: connID}),
		happened(11, call.PartyDialing{Party: desk, DN: "1001", Dialed: "1003"}),
		happened(12, call.PartyAlerting{Party: colleague, DN: "1003"}),
		happened(13, call.PartyConnected{Party: colleague, DN: "1003"}),
		happened(13, call.PartyConnected{Party: desk, DN: "1001", Role: call.Origination}),
		happened(13, call.UserDataChanged{Set: []call.Pair{{Key: "Account", Value: "other"}, {Key: "Topic", Value: "invoice"}}, By: "switch"}))
	mergedIs = call.MergedIs{At: at(15), Survivor: connID, Absorbed: consultID, Cause: call.Transferred}
)

func TestAConsultation(t *testing.T) {
	is := call.ConsultIs{At: at(11), Consult: consultID, By: phone, To: "1003"}
	over := is
	over.At, over.Over = at(14), true
	checkAll(t, map[string]spec{
		"begins about a held call": {given: held, when: is, then: consulting[11:]},
		"is cancelled": {given: consulting, when: over,
			then: events(happened(14, call.ConsultEnded{Consult: consultID, Result: call.ConsultCancelled}))},
		"that nobody knows of is not over": {given: held, when: over},
		"ends with the call that it is about": {
			given: join(consulting, events(happened(14, call.PartyReleased{Party: caller, By: caller}))),
			when:  call.PartyIs{At: at(15), Party: phone, State: call.Released, By: caller},
			then: events(
				happened(15, call.PartyReleased{Party: phone, By: caller}),
				happened(15, call.ConsultEnded{Consult: consultID, Result: call.ConsultCancelled}),
				happened(15, call.CallEnded{By: caller}))},
	})
	consultation := call.Fold(call.State{}, consult...)
	assert.Equal(t, call.Consult, consultation.Type())
	assert.Equal(t, connID, consultation.Conversation())
	assert.Equal(t, connID, call.Fold(call.State{}, held...).Conversation())
}

func TestAnAttendedTransfer(t *testing.T) {
	told := call.TransferIs{At: at(15), Kind: call.Attended, By: phone, To: "1003", ToCall: consultID}
	again := told
	again.At = at(16)
	transferred := join(consulting, events(happened(15, call.CallTransferred{Kind: call.Attended, By: phone, To: "1003", ToCall: consultID})))
	withData := mergedIs
	withData.UserData = call.Fold(call.State{}, consult...).UserData()
	checkAll(t, map[string]spec{
		"is noted in the first call":             {given: consulting, when: told, then: transferred[12:]},
		"of the same consultation is noted once": {given: transferred, when: again},
		"the first call survives, keeps its data and gains what it did not have": {given: transferred, when: withData,
			then: events(
				happened(15, call.CallMerged{Survivor: connID, Absorbed: consultID}),
				happened(15, call.UserDataChanged{Set: []call.Pair{{Key: "Topic", Value: "invoice"}}, By: "call:" + consultID.String()}),
				happened(15, call.ConsultEnded{Consult: consultID, Result: call.ConsultTransferred}))},
		"the consultation ends in it, and its parties leave it": {given: consult, when: mergedIs,
			then: events(
				happened(15, call.PartyReleased{Party: desk, Cause: call.Transferred}),
				happened(15, call.PartyReleased{Party: colleague, Cause: call.Transferred}),
				happened(15, call.CallMerged{Survivor: connID, Absorbed: consultID}))},
		"the colleague comes over": {given: transferred,
			when: call.PartyIs{At: at(15), Party: colleague, State: call.Connected, DN: "1003", From: consultID},
			then: events(happened(15, call.PartyConnected{Party: colleague, DN: "1003", From: consultID}))},
		"nothing happens in the absorbed call any more": {
			given: join(consult, events(happened(15, call.CallMerged{Survivor: connID, Absorbed: consultID}))),
			when:  call.PartyIs{At: at(16), Party: desk, State: call.Released}},
		"a merge of other calls is none of ours": {given: answered, when: call.MergedIs{At: at(15), Survivor: consultID, Absorbed: call.NewConnID(born, "x", "y")}},
	})
}

func TestABlindTransfer(t *testing.T) {
	checkAll(t, map[string]spec{
		"is noted": {given: answered, when: call.TransferIs{At: at(15), Kind: call.Blind, By: phone, To: "601"},
			then: events(happened(15, call.CallTransferred{Kind: call.Blind, By: phone, To: "601"}))},
		"by a third party is inferred": {given: answered, when: call.TransferIs{At: at(15), Kind: call.Redirect, To: "601", Inferred: true},
			then: events(inferred(15, call.CallTransferred{Kind: call.Redirect, To: "601"}))},
	})
}

func TestAConference(t *testing.T) {
	checkAll(t, map[string]spec{
		"is formed": {given: consulting, when: call.ConferenceIs{At: at(15), By: phone},
			then: events(happened(15, call.ConferenceFormed{By: phone}))},
		"absorbs the consultation": {given: consulting, when: call.MergedIs{At: at(15), Survivor: connID, Absorbed: consultID, Cause: call.Conferenced},
			then: events(
				happened(15, call.CallMerged{Survivor: connID, Absorbed: consultID}),
				happened(15, call.ConsultEnded{Consult: consultID, Result: call.ConsultConferenced}))},
		"absorbs a call that an IVR talks to": {given: inIVR, when: call.MergedIs{At: at(15), Survivor: consultID, Absorbed: connID, Cause: call.Conferenced},
			then: events(
				happened(15, call.PartyReleased{Party: caller, Cause: call.Conferenced}),
				happened(15, call.IVRLeft{IVR: "main", Party: caller}),
				happened(15, call.CallMerged{Survivor: consultID, Absorbed: connID}))},
		"absorbs a call that is recorded": {given: recorded, when: call.MergedIs{At: at(15), Survivor: consultID, Absorbed: connID, Cause: call.Conferenced},
			then: events(
				happened(15, call.PartyReleased{Party: caller, Cause: call.Conferenced}),
				happened(15, call.PartyReleased{Party: phone, Cause: call.Conferenced}),
				happened(15, call.RecordingStopped{Recording: "r1"}),
				happened(15, call.CallMerged{Survivor: consultID, Absorbed: connID}))},
	})
}

func TestASupervisorListens(t *testing.T) {
	is := func(seconds float64, listening bool) call.SupervisorIs {
		return call.SupervisorIs{At: at(seconds), Party: "s", DN: "1090", Target: phone, Mode: call.Whisper, Listening: listening}
	}
	joined := join(answered, events(happened(10, call.SupervisorJoined{Party: "s", DN: "1090", Target: phone, Mode: call.Whisper})))
	checkAll(t, map[string]spec{
		"and speaks to all from now on": {given: joined,
			when: call.SupervisorIs{At: at(13), Party: "s", DN: "1090", Target: phone, Mode: call.Barge, Listening: true},
			then: events(happened(13, call.SupervisorModeChanged{Party: "s", Mode: call.Barge}))},
		"and joins":                     {given: answered, when: is(10, true), then: joined[10:]},
		"and leaves":                    {given: joined, when: is(12, false), then: events(happened(12, call.SupervisorLeft{Party: "s"}))},
		"and is told to have come late": {given: join(joined, events(happened(12, call.SupervisorLeft{Party: "s"}))), when: is(10, true)},
		"until the agent is gone": {given: joined, when: call.PartyIs{At: at(15), Party: phone, State: call.Released, By: phone},
			then: events(
				happened(15, call.PartyReleased{Party: phone, By: phone}),
				happened(15, call.SupervisorLeft{Party: "s"}))},
	})
}

func TestACallIsParked(t *testing.T) {
	is := func(seconds float64, parked bool, reason call.UnparkReason, by string) call.ParkIs {
		return call.ParkIs{At: at(seconds), Party: caller, Space: "701", By: phone, Parked: parked, Reason: reason, TakeBy: by}
	}
	parked := join(ended[:11], events(happened(20.5, call.CallParked{Party: caller, Space: "701", By: phone})))
	checkAll(t, map[string]spec{
		"in a space":     {given: ended[:11], when: is(20.5, true, "", ""), then: parked[11:]},
		"and taken":      {given: parked, when: is(25, false, call.ParkRetrieved, "1004"), then: events(happened(25, call.CallUnparked{Party: caller, Reason: call.ParkRetrieved, By: "1004"}))},
		"and comes back": {given: parked, when: is(25, false, call.ParkTimedOut, ""), then: events(happened(25, call.CallUnparked{Party: caller, Reason: call.ParkTimedOut}))},
		"until it gives up": {given: parked, when: call.PartyIs{At: at(25), Party: caller, State: call.Released, By: caller},
			then: events(
				happened(25, call.PartyReleased{Party: caller, By: caller}),
				happened(25, call.CallUnparked{Party: caller, Reason: call.ParkAbandoned}),
				happened(25, call.CallEnded{By: caller}))},
	})
}

func TestACallIsRecorded(t *testing.T) {
	is := func(seconds float64, state call.RecordingState) call.RecordingIs {
		return call.RecordingIs{At: at(seconds), Recording: "r", Party: phone, State: state}
	}
	started := join(answered, events(happened(10, call.RecordingStarted{Recording: "r", Party: phone})))
	paused := join(started, events(happened(11, call.RecordingPaused{Recording: "r"})))
	stopped := join(paused, events(happened(13, call.RecordingStopped{Recording: "r"})))
	checkAll(t, map[string]spec{
		"from now on":                  {given: answered, when: is(10, call.Recorded), then: started[10:]},
		"not while a card is read":     {given: started, when: is(11, call.Paused), then: paused[11:]},
		"again":                        {given: paused, when: is(12, call.Recorded), then: events(happened(12, call.RecordingResumed{Recording: "r"}))},
		"no more":                      {given: paused, when: is(13, call.Stopped), then: stopped[12:]},
		"and an old word says nothing": {given: stopped, when: is(12, call.Recorded)},
		"and its beginning was missed": {given: answered, when: is(13, call.Stopped), then: events(
			inferred(13, call.RecordingStarted{Recording: "r", Party: phone}), happened(13, call.RecordingStopped{Recording: "r"}))},
		"until the party is gone": {given: started, when: call.PartyIs{At: at(15), Party: phone, State: call.Released, By: phone},
			then: events(
				happened(15, call.PartyReleased{Party: phone, By: phone}),
				happened(15, call.RecordingStopped{Recording: "r"}))},
	})
}

func TestDigitsAreCounted(t *testing.T) {
	checkAll(t, map[string]spec{
		"and not kept": {given: inIVR, when: call.DigitsAre{At: at(3), Party: caller, Count: 6}, then: events(happened(3, call.DigitsCollected{Party: caller, Count: 6}))},
		"once":         {given: join(inIVR, events(happened(3, call.DigitsCollected{Party: caller, Count: 6}))), when: call.DigitsAre{At: at(2), Party: caller, Count: 6}},
	})
}

func TestACallThatTheSwitchDoesNotHaveAnyMore(t *testing.T) {
	gone := func(p call.PartyID) call.PartyIs {
		return call.PartyIs{At: at(30), Party: p, State: call.Released, Cause: call.UnknownCause, Inferred: true}
	}
	checkAll(t, map[string]spec{
		"is presumed to have ended": {given: ended[:11], when: gone(caller),
			then: events(
				inferred(30, call.PartyReleased{Party: caller, Cause: call.UnknownCause}),
				inferred(30, call.CallPresumedEnded{Reason: call.GoneAtResync}))},
		"because it was started anew": {given: ended[:11],
			when: call.PartyIs{At: at(30), Party: caller, State: call.Released, Cause: call.Restarted, Inferred: true},
			then: events(
				inferred(30, call.PartyReleased{Party: caller, Cause: call.Restarted}),
				inferred(30, call.CallPresumedEnded{Reason: call.SwitchRestart}))},
		"but not while a party is there": {given: answered, when: gone(phone),
			then: events(inferred(30, call.PartyReleased{Party: phone, Cause: call.UnknownCause}))},
	})
}
