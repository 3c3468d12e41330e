package history_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/projectiontest"
)

var nine = time.Date(2026, 10, 5, 9, 0, 0, 0, time.UTC)

// at is a moment, in seconds from nine o'clock.
func at(seconds float64) time.Time { return nine.Add(time.Duration(seconds * float64(time.Second))) }

func moment(seconds float64) history.Time { return history.Time(at(seconds)) }

// story is one call, told with the words of this package's tests.
type story struct {
	projectiontest.Script
	id call.ConnID
}

func inbound() *story { return begin(call.External, "2125550001", "5550100", "caller", true) }

// internal is a call from the telephone 1001.
func internal(dialed string) *story {
	s := &story{id: call.NewConnID(nine, "pbx", "1")}
	s.Call(s.id, call.CallIs{At: at(0), ConnID: s.id, Switch: "pbx", SwitchCallID: "1", Origin: call.Internal, ANI: "1001", DNIS: dialed},
		call.PartyIs{At: at(0), Party: "caller", State: call.Initiated, DN: "1001", Dialed: dialed})
	return s
}

func begin(origin call.Origin, ani, dnis string, caller call.PartyID, external bool) *story {
	s := &story{id: call.NewConnID(nine, "pbx", "1")}
	s.Call(s.id, call.CallIs{At: at(0), ConnID: s.id, Switch: "pbx", SwitchCallID: "1", Origin: origin, ANI: ani, DNIS: dnis},
		call.PartyIs{At: at(0), Party: caller, State: call.Connected, DN: ani, External: external, Role: call.Origination})
	return s
}

func (s *story) ivr(enters, leaves float64) *story {
	s.Call(s.id, call.IVRIs{At: at(enters), IVR: "main", Party: "caller", Inside: true})
	if leaves > 0 {
		s.Call(s.id, call.IVRIs{At: at(leaves), IVR: "main", Party: "caller", Choice: "1"})
	}
	return s
}

func (s *story) enters(seconds float64, queue string) *story {
	s.Call(s.id, call.VisitIs{At: at(seconds), Visit: call.VisitID(queue), Queue: queue, Party: "caller"})
	return s
}

func (s *story) leaves(seconds float64, queue string, end call.VisitEnd, reason call.LeaveReason) *story {
	s.Call(s.id, call.VisitIs{At: at(seconds), Visit: call.VisitID(queue), Queue: queue, Party: "caller", End: end, Reason: reason})
	return s
}

// offered: the queue has the call ring at an agent's telephone; leg tells the offers to one agent from one another.
func (s *story) offered(seconds float64, queue, agent, leg string) *story {
	s.Call(s.id, call.PartyIs{At: at(seconds), Party: call.PartyID(leg), State: call.Alerting, DN: agent, Agent: agent, Queue: queue, Visit: call.VisitID(queue)})
	return s
}

func (s *story) answers(seconds float64, queue, agent, leg string) *story {
	s.Call(s.id,
		call.PartyIs{At: at(seconds), Party: call.PartyID(leg), State: call.Connected},
		call.VisitIs{At: at(seconds), Visit: call.VisitID(queue), Queue: queue, Party: "caller", End: call.Distributed, Agent: agent, AgentParty: call.PartyID(leg)})
	return s
}

func (s *story) is(seconds float64, leg string, state call.Telephony) *story {
	s.Call(s.id, call.PartyIs{At: at(seconds), Party: call.PartyID(leg), State: state})
	return s
}

func (s *story) fails(seconds float64, leg string, cause call.Cause) *story {
	s.Call(s.id, call.PartyIs{At: at(seconds), Party: call.PartyID(leg), State: call.Failed, Cause: cause})
	return s
}

func (s *story) gone(seconds float64, leg string, cause call.Cause, by string) *story {
	s.Call(s.id, call.PartyIs{At: at(seconds), Party: call.PartyID(leg), State: call.Released, Cause: cause, By: call.PartyID(by)})
	return s
}

// hangsUp: one party ends the call for all that are named.
func (s *story) hangsUp(seconds float64, by string, legs ...string) *story {
	for i, leg := range append([]string{by}, legs...) {
		s.gone(seconds+float64(i)/1e6, leg, call.NormalClearing, by)
	}
	return s
}

func (s *story) record() history.Record { return history.RecordOf(s.State(s.id)) }

// queued is an inbound call that waits in sales from the tenth second on.
func queued() *story { return inbound().ivr(1, 10).enters(10, "sales") }

// facts are what a case says of a record; what stands in them is compared.
type facts struct {
	outcome  history.Outcome
	endedBy  string
	kind     call.Type
	duration float64
	queues   []history.QueueVisit
	agents   []history.AgentStay
}

func TestRecordOf(t *testing.T) {
	for name, c := range map[string]struct {
		story *story
		facts facts
	}{
		"answered, the caller hangs up": {
			queued().offered(11, "sales", "1001", "a").answers(13.25, "sales", "1001", "a").hangsUp(20, "caller", "a"),
			facts{history.Answered, "caller", call.Inbound, 20,
				[]history.QueueVisit{visit("sales", 10, 3.25, history.QueueAnswered, "1001")},
				[]history.AgentStay{{Agent: "1001", DN: "1001", Queue: "sales", RingingAt: moment(11), AnsweredAt: moment(13.25), RingMs: 2250, TalkMs: 6750, Result: "completed", EndedBy: "caller"}}}},
		"answered, the agent hangs up": {
			queued().offered(11, "sales", "1001", "a").answers(12, "sales", "1001", "a").hangsUp(15, "a", "caller"),
			facts{history.Answered, "agent", call.Inbound, 15,
				[]history.QueueVisit{visit("sales", 10, 2, history.QueueAnswered, "1001")},
				[]history.AgentStay{{Agent: "1001", DN: "1001", Queue: "sales", RingingAt: moment(11), AnsweredAt: moment(12), RingMs: 1000, TalkMs: 3000, Result: "completed", EndedBy: "agent"}}}},
		"answered, the switch ends it": {
			queued().offered(11, "sales", "1001", "a").answers(12, "sales", "1001", "a").gone(15, "a", call.Congestion, "").gone(15.1, "caller", call.Congestion, ""),
			facts{history.Answered, "switch", call.Inbound, 15.1,
				[]history.QueueVisit{visit("sales", 10, 2, history.QueueAnswered, "1001")},
				[]history.AgentStay{{Agent: "1001", DN: "1001", Queue: "sales", RingingAt: moment(11), AnsweredAt: moment(12), RingMs: 1000, TalkMs: 3000, Result: "completed", EndedBy: "switch"}}}},
		"talk includes hold": {
			queued().offered(11, "sales", "1001", "a").answers(12, "sales", "1001", "a").
				is(20, "a", call.Held).is(25, "a", call.Connected).is(30, "a", call.Held).is(31.5, "a", call.Connected).hangsUp(40, "caller", "a"),
			facts{history.Answered, "caller", call.Inbound, 40,
				[]history.QueueVisit{visit("sales", 10, 2, history.QueueAnswered, "1001")},
				[]history.AgentStay{{Agent: "1001", DN: "1001", Queue: "sales", RingingAt: moment(11), AnsweredAt: moment(12), RingMs: 1000, TalkMs: 28000, HoldMs: 6500, Result: "completed", EndedBy: "caller"}}}},
		"abandoned in the IVR": {
			inbound().ivr(1, 0).hangsUp(4, "caller"),
			facts{history.Abandoned, "caller", call.Inbound, 4, nil, nil}},
		"abandoned in the queue": {
			queued().leaves(17, "sales", call.VisitAbandoned, "").hangsUp(17.001, "caller"),
			facts{history.Abandoned, "caller", call.Inbound, 17.001,
				[]history.QueueVisit{visit("sales", 10, 7, history.QueueAbandoned, "")}, nil}},
		"abandoned in the queue, and the switch does not say who hung up": {
			queued().leaves(17, "sales", call.VisitAbandoned, "").gone(17, "caller", call.NormalClearing, ""),
			facts{history.Abandoned, "switch", call.Inbound, 17,
				[]history.QueueVisit{visit("sales", 10, 7, history.QueueAbandoned, "")}, nil}},
		"abandoned while it rings: an agent's stay, but nobody who did not answer": {
			queued().offered(12, "sales", "1001", "a").gone(15, "a", call.Abandoned, "caller").leaves(15.001, "sales", call.VisitAbandoned, "").hangsUp(15.002, "caller"),
			facts{history.Abandoned, "caller", call.Inbound, 15.002,
				[]history.QueueVisit{visit("sales", 10, 5.001, history.QueueAbandoned, "")},
				[]history.AgentStay{{Agent: "1001", DN: "1001", Queue: "sales", RingingAt: moment(12), RingMs: 3000, Result: "noAnswer", EndedBy: "caller"}}}},
		"abandoned while it rings, and the switch does not say who hung up": {
			queued().offered(12, "sales", "1001", "a").gone(15, "a", call.Abandoned, "").hangsUp(15.002, "caller"),
			facts{history.Abandoned, "caller", call.Inbound, 15.002,
				[]history.QueueVisit{visit("sales", 10, 5.002, history.QueueAbandoned, "")},
				[]history.AgentStay{{Agent: "1001", DN: "1001", Queue: "sales", RingingAt: moment(12), RingMs: 3000, Result: "noAnswer", EndedBy: "caller"}}}},
		"overflow to a second queue": {
			queued().leaves(22, "sales", call.Left, call.TimedOut).enters(22.5, "support").
				offered(23, "support", "1005", "a").answers(25, "support", "1005", "a").hangsUp(30, "caller", "a"),
			facts{history.Answered, "caller", call.Inbound, 30,
				[]history.QueueVisit{visit("sales", 10, 12, history.QueueTimedOut, ""), visit("support", 22.5, 2.5, history.QueueAnswered, "1005")},
				[]history.AgentStay{{Agent: "1005", DN: "1005", Queue: "support", RingingAt: moment(23), AnsweredAt: moment(25), RingMs: 2000, TalkMs: 5000, Result: "completed", EndedBy: "caller"}}}},
		"left because nobody is there": {
			queued().leaves(12, "sales", call.Left, call.EmptyQueue).gone(13, "caller", call.NormalClearing, ""),
			facts{history.Other, "switch", call.Inbound, 13,
				[]history.QueueVisit{visit("sales", 10, 2, history.QueueLeft, "")}, nil}},
		"nobody takes the queue's offer: that is no outcome": {
			queued().offered(11, "sales", "1001", "a").fails(19, "a", call.NoAnswer).gone(19.1, "a", call.NoAnswer, "").
				leaves(20, "sales", call.Left, call.TimedOut).gone(21, "caller", call.NormalClearing, ""),
			facts{history.Other, "switch", call.Inbound, 21,
				[]history.QueueVisit{visit("sales", 10, 10, history.QueueTimedOut, "", history.Offer{Agent: "1001", RingMs: 8000})},
				[]history.AgentStay{{Agent: "1001", DN: "1001", Queue: "sales", RingingAt: moment(11), RingMs: 8000, Result: "noAnswer", EndedBy: "switch"}}}},
		"inbound, straight to a telephone that is busy": {
			inbound().called(1, "1002", false).fails(2, "b", call.Busy).gone(2.1, "b", call.Busy, "").gone(3, "caller", call.Busy, ""),
			facts{history.Busy, "switch", call.Inbound, 3, nil,
				[]history.AgentStay{{DN: "1002", RingingAt: moment(1), RingMs: 1000, Result: "noAnswer", EndedBy: "switch"}}}},
		"two do not answer, the third does": {
			queued().
				offered(11, "sales", "1001", "a").fails(19, "a", call.NoAnswer).gone(19.1, "a", call.NoAnswer, "").
				offered(20, "sales", "1002", "b").fails(21, "b", call.Rejected).gone(21.1, "b", call.Rejected, "b").
				offered(22, "sales", "1003", "c").answers(24, "sales", "1003", "c").hangsUp(30, "c", "caller"),
			facts{history.Answered, "agent", call.Inbound, 30,
				[]history.QueueVisit{visit("sales", 10, 14, history.QueueAnswered, "1003", history.Offer{Agent: "1001", RingMs: 8000}, history.Offer{Agent: "1002", RingMs: 1000})},
				[]history.AgentStay{
					{Agent: "1001", DN: "1001", Queue: "sales", RingingAt: moment(11), RingMs: 8000, Result: "noAnswer", EndedBy: "switch"},
					{Agent: "1002", DN: "1002", Queue: "sales", RingingAt: moment(20), RingMs: 1000, Result: "noAnswer", EndedBy: "agent"},
					{Agent: "1003", DN: "1003", Queue: "sales", RingingAt: moment(22), AnsweredAt: moment(24), RingMs: 2000, TalkMs: 6000, Result: "completed", EndedBy: "agent"},
				}}},
		"all ring, in the order of their ends; who was slower has not failed to answer": {
			queued().
				offered(11, "sales", "1001", "a").offered(11.1, "sales", "1002", "b").offered(11.2, "sales", "1003", "c").offered(11.3, "sales", "1004", "d").
				fails(14, "c", call.Busy).fails(15, "a", call.NoAnswer).answers(16, "sales", "1002", "b").
				gone(16.1, "a", call.NoAnswer, "").gone(16.1, "c", call.Busy, "").gone(16.1, "d", call.AnsweredElsewhere, "").hangsUp(20, "caller", "b"),
			facts{history.Answered, "caller", call.Inbound, 20,
				[]history.QueueVisit{visit("sales", 10, 6, history.QueueAnswered, "1002", history.Offer{Agent: "1003", RingMs: 2800}, history.Offer{Agent: "1001", RingMs: 4000})},
				[]history.AgentStay{
					{Agent: "1001", DN: "1001", Queue: "sales", RingingAt: moment(11), RingMs: 4000, Result: "noAnswer", EndedBy: "switch"},
					{Agent: "1002", DN: "1002", Queue: "sales", RingingAt: moment(11.1), AnsweredAt: moment(16), RingMs: 4900, TalkMs: 4000, Result: "completed", EndedBy: "caller"},
					{Agent: "1003", DN: "1003", Queue: "sales", RingingAt: moment(11.2), RingMs: 2800, Result: "noAnswer", EndedBy: "switch"},
					{Agent: "1004", DN: "1004", Queue: "sales", RingingAt: moment(11.3), RingMs: 4800, Result: "noAnswer", EndedBy: "switch"},
				}}},
		"self-service: the IVR ends it": {
			inbound().ivr(1, 30).gone(30, "caller", call.NormalClearing, ""),
			facts{history.Other, "switch", call.Inbound, 30, nil, nil}},
		"still in the queue, while it rings": {
			queued().offered(11, "sales", "1001", "a"),
			facts{history.Other, "", call.Inbound, 0,
				[]history.QueueVisit{visit("sales", 10, 0, "", "")},
				[]history.AgentStay{{Agent: "1001", DN: "1001", Queue: "sales", RingingAt: moment(11)}}}},
		"still talking": {
			queued().offered(11, "sales", "1001", "a").answers(12, "sales", "1001", "a"),
			facts{history.Answered, "", call.Inbound, 0,
				[]history.QueueVisit{visit("sales", 10, 2, history.QueueAnswered, "1001")},
				[]history.AgentStay{{Agent: "1001", DN: "1001", Queue: "sales", RingingAt: moment(11), AnsweredAt: moment(12), RingMs: 1000}}}},
		"internal, answered": {
			internal("1002").called(1, "1002", false).is(3, "b", call.Connected).is(3, "caller", call.Connected).hangsUp(9, "b", "caller"),
			facts{history.Answered, "called", call.InternalTo, 9, nil,
				[]history.AgentStay{{DN: "1002", RingingAt: moment(1), AnsweredAt: moment(3), RingMs: 2000, TalkMs: 6000, Result: "completed", EndedBy: "agent"}}}},
		"internal, busy": {
			internal("1002").called(1, "1002", false).fails(1.5, "b", call.Busy).gone(1.6, "b", call.Busy, "").gone(2, "caller", call.Busy, ""),
			facts{history.Busy, "switch", call.InternalTo, 2, nil,
				[]history.AgentStay{{DN: "1002", RingingAt: moment(1), RingMs: 500, Result: "noAnswer", EndedBy: "switch"}}}},
		"internal, no answer": {
			internal("1002").called(1, "1002", false).fails(21, "b", call.NoAnswer).gone(21.1, "b", call.NoAnswer, "").hangsUp(22, "caller"),
			facts{history.NoAnswer, "caller", call.InternalTo, 22, nil,
				[]history.AgentStay{{DN: "1002", RingingAt: moment(1), RingMs: 20000, Result: "noAnswer", EndedBy: "switch"}}}},
		"outbound, answered": {
			internal("92125550001").called(1, "2125550001", true).is(5, "b", call.Connected).is(5, "caller", call.Connected).hangsUp(10, "caller", "b"),
			facts{history.Answered, "caller", call.Outbound, 10, nil, nil}},
		"outbound, a wrong number": {
			internal("92125550001").called(1, "2125550001", true).fails(2, "b", call.InvalidNumber).gone(2.5, "b", call.InvalidNumber, "").gone(3, "caller", call.InvalidNumber, ""),
			facts{history.Failed, "switch", call.Outbound, 3, nil, nil}},
		"outbound, the caller loses patience": {
			internal("92125550001").called(1, "2125550001", true).gone(9, "b", call.Abandoned, "caller").hangsUp(9, "caller"),
			facts{history.Abandoned, "caller", call.Outbound, 9, nil, nil}},
	} {
		t.Run(name, func(t *testing.T) {
			r := c.story.record()
			if c.facts.queues == nil {
				c.facts.queues = []history.QueueVisit{}
			}
			if c.facts.agents == nil {
				c.facts.agents = []history.AgentStay{}
			}
			duration := time.Duration(r.DurationMs) * time.Millisecond
			assert.Equal(t, c.facts, facts{r.Outcome, r.EndedBy, r.Type, duration.Seconds(), r.Queues, r.Agents})
		})
	}
}

// called: the call rings at a telephone, without a queue.
func (s *story) called(seconds float64, dn string, external bool) *story {
	s.Call(s.id, call.PartyIs{At: at(seconds), Party: "b", State: call.Alerting, DN: dn, External: external})
	return s
}

func visit(queue string, entered, waited float64, result history.QueueResult, agent string, noAnswers ...history.Offer) history.QueueVisit {
	if noAnswers == nil {
		noAnswers = []history.Offer{}
	}
	wait := time.Duration(waited * float64(time.Second)).Milliseconds()
	return history.QueueVisit{Queue: queue, EnteredAt: moment(entered), WaitMs: wait, Result: result, Agent: agent, NoAnswers: noAnswers}
}

func TestIVRTime(t *testing.T) {
	s := inbound().ivr(1, 10)
	s.Call(s.id, call.IVRIs{At: at(20), IVR: "language", Party: "caller", Inside: true}, call.IVRIs{At: at(25), IVR: "main", Party: "caller", Inside: true})
	s.Call(s.id, call.IVRIs{At: at(30), IVR: "main", Party: "caller"})
	assert.Equal(t, int64(14_000), s.record().IVRMs, "one that goes on does not count yet")
	s.Call(s.id, call.IVRIs{At: at(40), IVR: "language", Party: "caller"})
	assert.Equal(t, int64(29_000), s.record().IVRMs, "one within the other counts once")
}

// The form that scripts and pages depend on.
func TestRecordAsJSON(t *testing.T) {
	s := queued()
	s.Call(s.id, call.DataIs{At: at(9), By: "ivr:main", Set: []call.Pair{{Key: "account", Value: "100200"}}})
	s.offered(11, "sales", "1001", "a").fails(19, "a", call.NoAnswer).gone(19.1, "a", call.NoAnswer, "")
	s.offered(20, "sales", "1002", "b").answers(22.0005, "sales", "1002", "b").hangsUp(30.1239, "caller", "b")
	data, err := json.MarshalIndent(s.record(), "", "  ")
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"connId": "`+s.id.String()+`", "switch": "pbx", "switchCallId": "1", "type": "inbound", "ani": "2125550001", "dnis": "5550100",
		"startedAt": "2026-10-05T09:00:00.000Z", "endedAt": "2026-10-05T09:00:30.123Z", "durationMs": 30123, "endedBy": "caller", "outcome": "answered",
		"ivrMs": 9000,
		"queues": [{"queue": "sales", "enteredAt": "2026-10-05T09:00:10.000Z", "waitMs": 12000, "result": "answered", "agent": "1002",
			"noAnswers": [{"agent": "1001", "ringMs": 8000}]}],
		"agents": [
			{"agent": "1001", "dn": "1001", "queue": "sales", "ringingAt": "2026-10-05T09:00:11.000Z", "answeredAt": null, "ringMs": 8000, "talkMs": 0, "holdMs": 0, "result": "noAnswer", "endedBy": "switch"},
			{"agent": "1002", "dn": "1002", "queue": "sales", "ringingAt": "2026-10-05T09:00:20.000Z", "answeredAt": "2026-10-05T09:00:22.000Z", "ringMs": 2000, "talkMs": 8123, "holdMs": 0, "result": "completed", "endedBy": "caller"}
		],
		"transfers": [], "userData": {"account": "100200"}, "disposition": "", "notes": [], "related": [], "anomalies": 0
	}`, string(data))
}
