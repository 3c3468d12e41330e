// Package projectiontest makes event logs to test projections with: a Script records what follows from facts, as the
// engine would, and a Day is a made-up day of a contact centre, the same for the same seed.
package projectiontest

import (
	"fmt"
	"iter"
	"maps"
	"time"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/link"
	"github.com/callstate/callstate/domain/wire"
)

// Script is an event log in the making. It takes facts and requests through the two doors of the domain, so that what
// it holds is what an engine would have written. The zero value is an empty log.
type Script struct {
	records []eventlog.Record
	streams map[eventlog.Stream][]eventlog.Position
	calls   map[call.ConnID]call.State
	agents  map[string]agent.State
	links   map[string]link.State
}

// Records is the log so far, from position 1 on.
func (s *Script) Records() []eventlog.Record { return s.records }

// End is the position of the last record.
func (s *Script) End() eventlog.Position { return eventlog.Position(len(s.records)) }

// State is what the events of a call add up to.
func (s *Script) State(id call.ConnID) call.State { return s.calls[id] }

// States are what the events of all calls add up to, in no order.
func (s *Script) States() iter.Seq[call.State] { return maps.Values(s.calls) }

// Sessions are what the events of all agents add up to, by agent.
func (s *Script) Sessions() iter.Seq2[string, agent.State] { return maps.All(s.agents) }

// Links are what the events of all switches add up to, by switch.
func (s *Script) Links() iter.Seq2[string, link.State] { return maps.All(s.links) }

// Call takes facts about a call.
func (s *Script) Call(id call.ConnID, facts ...call.Fact) {
	for _, fact := range facts {
		s.Happened(id, call.Observe(s.calls[id], fact)...)
	}
}

// Request makes a request about a call. It panics when the request is refused.
func (s *Script) Request(id call.ConnID, r call.Request) {
	events, err := call.Decide(s.calls[id], r)
	if err != nil {
		panic(fmt.Sprintf("projectiontest: %v", err))
	}
	s.Happened(id, events...)
}

// Happened records events of a call as they are.
func (s *Script) Happened(id call.ConnID, events ...call.Event) {
	if s.calls == nil {
		s.calls = map[call.ConnID]call.State{}
	}
	stream := wire.CallStream(id)
	for _, event := range events {
		s.calls[id] = call.Evolve(s.calls[id], event)
		s.add(stream, wire.EncodeCall(stream, s.next(stream), event))
	}
}

// Agent takes facts about an agent's session.
func (s *Script) Agent(id string, facts ...agent.Fact) {
	if s.agents == nil {
		s.agents = map[string]agent.State{}
	}
	stream := wire.AgentStream(id)
	for _, fact := range facts {
		for _, event := range agent.Observe(s.agents[id], fact) {
			s.agents[id] = agent.Evolve(s.agents[id], event)
			s.add(stream, wire.EncodeAgent(stream, s.next(stream), event))
		}
	}
}

// Link takes facts about the link to a switch.
func (s *Script) Link(name string, facts ...link.Fact) {
	if s.links == nil {
		s.links = map[string]link.State{}
	}
	stream := wire.SwitchStream(name)
	for _, fact := range facts {
		for _, event := range link.Observe(s.links[name], fact) {
			s.links[name] = link.Evolve(s.links[name], event)
			s.add(stream, wire.EncodeLink(stream, s.next(stream), event))
		}
	}
}

// Add records an event as it is stored, whatever it is.
func (s *Script) Add(stream eventlog.Stream, event eventlog.Event) { s.add(stream, event) }

func (s *Script) next(stream eventlog.Stream) eventlog.Revision {
	return eventlog.Revision(len(s.streams[stream]) + 1)
}

func (s *Script) add(stream eventlog.Stream, event eventlog.Event) {
	if s.streams == nil {
		s.streams = map[eventlog.Stream][]eventlog.Position{}
	}
	event.SwitchTime = event.SwitchTime.UTC().Truncate(time.Microsecond) // as a store does
	event.RecordedAt = event.SwitchTime
	record := eventlog.Record{Stream: stream, Revision: s.next(stream), Position: s.End() + 1, Event: event}
	s.records = append(s.records, record)
	s.streams[stream] = append(s.streams[stream], record.Position)
}
