package httpapi

import (
	"context"
	"time"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/link"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/audit"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/statistics"
	"github.com/danielgtaylor/huma/v2"
)

// sample is the call of the description's examples: a caller whom an IVR has asked for an account waits for sales, and the
// telephone of agent 1001 rings. What it shows is what this program makes of its events.
type sample struct {
	floor  *floor.Floor
	before floor.View // the telephone did not ring yet
	state  call.State
	events []toldEvent
	end    eventlog.Position
	story  audit.Story
}

func newSample() *sample {
	s := &sample{floor: floor.New(floor.Options{})}
	s.floor.CatchingUp(0)
	begin := time.Date(2026, 11, 23, 9, 32, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return begin.Add(time.Duration(seconds) * time.Second) }
	id := call.NewConnID(begin, "pbx1", "1795426320.7")

	stream := wire.SwitchStream("pbx1")
	for i, event := range link.Observe(link.State{}, link.LinkIs{At: begin, Switch: "pbx1", Kind: "asterisk", Up: true}) {
		s.happens(stream, eventlog.Revision(i+1), wire.EncodeLink(stream, eventlog.Revision(i+1), event))
	}
	stream = wire.AgentStream("1001")
	joins := agent.MembershipIs{At: begin, Agent: "1001", Switch: "pbx1", Queue: "sales", DN: "1001", Member: true}
	for i, event := range agent.Observe(agent.State{}, joins) {
		s.happens(stream, eventlog.Revision(i+1), wire.EncodeAgent(stream, eventlog.Revision(i+1), event))
	}
	stream = wire.CallStream(id)
	for _, fact := range []call.Fact{
		call.CallIs{At: begin, ConnID: id, Switch: "pbx1", SwitchCallID: "1795426320.7", Origin: call.External, ANI: "2125550001", DNIS: "5550100"},
		call.PartyIs{At: begin, Party: "caller", State: call.Connected, DN: "2125550001", External: true, Role: call.Origination},
		call.IVRIs{At: at(1), IVR: "main", Party: "caller", Inside: true},
		call.DataIs{At: at(9), Set: []call.Pair{{Key: "account", Value: "100200"}}, By: "ivr:main"},
		call.IVRIs{At: at(12), IVR: "main", Party: "caller"},
		call.VisitIs{At: at(12), Visit: "sales", Queue: "sales", Party: "caller", Position: 1},
		call.PartyIs{At: at(15), Party: "agent", State: call.Alerting, DN: "1001", Agent: "1001", Queue: "sales", Visit: "sales"},
	} {
		s.before = s.floor.View()
		for _, event := range call.Observe(s.state, fact) {
			s.state = call.Evolve(s.state, event)
			revision := eventlog.Revision(len(s.events) + 1)
			record := s.happens(stream, revision, wire.EncodeCall(stream, revision, event))
			line, err := s.story.Tell(record)
			if err != nil {
				panic(err) // the events are ours: cannot happen
			}
			s.events = append(s.events, toldEvent{audit.FromRecord(record), line.Text})
		}
	}
	return s
}

func (s *sample) happens(stream eventlog.Stream, revision eventlog.Revision, event eventlog.Event) eventlog.Record {
	s.end++
	event.RecordedAt = event.SwitchTime.Add(1200 * time.Microsecond)
	r := eventlog.Record{Stream: stream, Revision: revision, Position: s.end, Event: event}
	if err := s.floor.Apply(context.Background(), []eventlog.Record{r}); err != nil {
		panic(err) // the events are ours: cannot happen
	}
	return r
}

// answers are examples of what the operations answer, by operation. Those of commands stand with them.
func (s *sample) answers() map[string]any {
	record := history.RecordOf(s.state)
	desktop, _ := s.floor.Agent("1001")
	live := asStream(s.floor.Snapshot(""), floor.Frame{Kind: floor.Heartbeat, Position: s.end, Hash: s.floor.Snapshot("").Hash})
	return map[string]any{
		"getFloor": s.floor.View(), "getAgent": desktop, "compareFloors": floor.Diff(s.before, s.floor.View()),
		"listCalls": callList{Calls: []history.Record{record}}, "getCall": record, "exportCalls": lines(record),
		"listCallEvents": eventList{Events: s.events}, "exportCall": lines(s.events[0], s.events[1]),
		"getUserData": map[string]any{"userData": record.UserData},
		"getStats":    s.numbers(),
		"listProjections": projectionList{Began: s.before.Calls[0].StartedAt, Projections: []readModel{
			{Name: "history", Version: history.Version, Position: s.end, Rate: 21.5, Live: true},
			{Name: "floor", Position: s.end - 1, Lag: 1, Rate: 21.5, Live: true},
		}},
		"listPermittedServices": services{
			Agent:    []call.Service{agent.LogsOut, agent.BecomesNotReady},
			Calls:    map[call.ConnID][]call.Service{s.state.ConnID: call.Permitted(s.state, call.By{DN: "1001"}, call.State{}, call.ConnID{})},
			Switches: []string{"pbx1"}, Queues: []string{"sales"},
		},
		"getSession":   Subject{Name: "agent:1001", Role: RoleAgent, Agent: "1001"},
		"listSessions": sessionList{[]liveSession{s.session()}}, "endSession": s.session(),
		"isAlive": health{OK: true}, "isReady": health{OK: true},
		"streamFloor": live, "streamAgent": asStream(s.floor.Snapshot("1001")), "replayCall": live, "replayFloor": live,
	}
}

// session is that of the agent whose telephone rings.
func (s *sample) session() liveSession {
	began := s.state.StartedAt.Add(-time.Hour)
	return liveSession{Subject{Name: "agent:1001", Role: RoleAgent, Agent: "1001", Session: "5b1b7a0e-5d0f-4a6e-8e56-3f6f5b8f5c10"}, began, began.Add(10 * time.Hour), false}
}

// numbers are those of the hour in which the call waits.
func (s *sample) numbers() statistics.Report {
	hour := s.state.StartedAt.Truncate(time.Hour)
	from, to := history.Time(hour), history.Time(hour.Add(time.Hour))
	row := statistics.QueueRow{Queue: "sales", From: from, To: to, Entered: 1, Waiting: 1, LongestWaitMs: 3000}
	total := row
	total.Queue = ""
	return statistics.Report{
		Definition: statistics.NewDefinition(0, 0), From: from, To: to, AsOf: history.Time(s.events[len(s.events)-1].SwitchTime),
		Queues: []statistics.QueueRow{row}, Totals: []statistics.QueueRow{total}, Agents: []statistics.AgentRow{},
	}
}

func lines[T any](values ...T) (text string) {
	for _, value := range values {
		text += string(plain(value)) + "\n"
	}
	return text
}

func asStream(frames ...floor.Frame) string {
	var text []byte
	for _, frame := range frames {
		one, err := message{Frame: frame}.text()
		if err != nil {
			panic(err) // the frames are ours: cannot happen
		}
		text = append(text, one...)
	}
	return string(text)
}

// exemplify gives every operation an example of its answer. One that has none is found by a test.
func exemplify(api huma.API) {
	answers := newSample().answers()
	for _, path := range api.OpenAPI().Paths {
		for _, op := range []*huma.Operation{path.Get, path.Post, path.Delete} {
			if op == nil || answers[op.OperationID] == nil {
				continue
			}
			for _, kind := range []string{"application/json", "application/jsonl", "text/event-stream"} {
				if content := op.Responses["200"].Content[kind]; content != nil {
					content.Example = answers[op.OperationID]
				}
			}
		}
	}
}
