package engine

import (
	"fmt"
	"sync"
	"time"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/link"
	"github.com/callstate/callstate/domain/wire"
)

// state is what is known of one stream: its revision and, by the stream's kind, one of the three folds.
type state struct {
	revision eventlog.Revision
	call     call.State
	agent    agent.State
	link     link.State
}

func (s *state) apply(r eventlog.Record) error {
	switch kind := r.Stream.Kind(); kind {
	case wire.Call:
		event, err := wire.DecodeCall(r)
		if err != nil {
			return err
		}
		s.call = call.Evolve(s.call, event)
	case wire.Agent:
		event, err := wire.DecodeAgent(r)
		if err != nil {
			return err
		}
		s.agent = agent.Evolve(s.agent, event)
	case wire.Switch:
		event, err := wire.DecodeLink(r)
		if err != nil {
			return err
		}
		s.link = link.Evolve(s.link, event)
	case wire.Audit: // nothing follows from who looked
	default:
		return fmt.Errorf("stream %s: unknown kind %q", r.Stream, kind)
	}
	s.revision = r.Revision
	return nil
}

// batch is the working copies of the streams that one call of the engine touches.
type batch struct {
	entries map[eventlog.Stream]*entry
	order   []*entry
	events  int // decided so far, on all streams
	size    int // of them, as eventlog.MaxAppend counts
}

type entry struct {
	batch  *batch
	stream eventlog.Stream
	state
	base   eventlog.Revision // what the stream had before
	events []eventlog.Event
	places []int // of the events among all of the batch
}

func newBatch() *batch { return &batch{entries: map[eventlog.Stream]*entry{}} }

func (b *batch) put(stream eventlog.Stream, s state) *entry {
	opened := &entry{batch: b, stream: stream, state: s, base: s.revision}
	b.entries[stream] = opened
	b.order = append(b.order, opened)
	return opened
}

// appends are the calls of Append that write the batch, in their order: nearly always one, and more where that would be
// larger than a store takes, as when a switch has lost thousands of calls at once.
func (b *batch) appends() [][]eventlog.StreamAppend {
	if b.size > eventlog.MaxAppend {
		return b.cut()
	}
	var appends []eventlog.StreamAppend
	for _, entry := range b.order {
		if len(entry.events) > 0 {
			appends = append(appends, eventlog.StreamAppend{Stream: entry.stream, Expected: eventlog.At(entry.base), Events: entry.events, Order: entry.places})
		}
	}
	if len(appends) == 0 {
		return nil
	}
	return [][]eventlog.StreamAppend{appends}
}

// cut is the batch in calls that a store takes, with the events in the order in which they were decided.
func (b *batch) cut() (calls [][]eventlog.StreamAppend) {
	type event struct {
		of *entry
		i  int
	}
	events := make([]event, b.events)
	for _, entry := range b.order {
		for i, place := range entry.places {
			events[place] = event{entry, i}
		}
	}
	var call []eventlog.StreamAppend
	at := map[*entry]int{} // in call
	size := 0
	for place, e := range events {
		more := e.of.events[e.i].Size(e.of.stream)
		if size+more > eventlog.MaxAppend {
			calls, call, size = append(calls, call), nil, 0
			clear(at)
		}
		size += more
		n, there := at[e.of]
		if !there {
			n = len(call)
			at[e.of] = n
			call = append(call, eventlog.StreamAppend{Stream: e.of.stream, Expected: eventlog.At(e.of.base + eventlog.Revision(e.i))})
		}
		call[n].Events = append(call[n].Events, e.of.events[e.i])
		call[n].Order = append(call[n].Order, place)
	}
	return append(calls, call)
}

func (e *entry) next() eventlog.Revision { return e.revision + 1 }

func (e *entry) add(recorded time.Time, event eventlog.Event) {
	event.RecordedAt = recorded
	e.events = append(e.events, event)
	e.places = append(e.places, e.batch.events)
	e.batch.events++
	e.batch.size += event.Size(e.stream)
	e.revision++
}

// keptEnded is how many streams of ended calls stay in memory: the last facts of a call come after its end.
const keptEnded = 4096

// states keeps the folds of the streams in use: all live calls, agents and links, and the calls that ended last.
type states struct {
	mu    sync.Mutex
	known map[eventlog.Stream]state
	ended []eventlog.Stream // ring of streams of ended calls
	next  int
}

func newStates() *states {
	return &states{known: map[eventlog.Stream]state{}, ended: make([]eventlog.Stream, keptEnded)}
}

func (s *states) get(stream eventlog.Stream) (state, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.known[stream]
	return found, ok
}

// put remembers a state unless a newer one is known.
func (s *states) put(stream eventlog.Stream, next state) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, known := s.known[stream]
	if known && old.revision >= next.revision {
		return
	}
	if next.revision == 0 || stream.Kind() == wire.Audit {
		return // nobody wrote there, or will soon again: nothing to remember
	}
	s.known[stream] = next
	if next.call.Ended() && !old.call.Ended() {
		delete(s.known, s.ended[s.next])
		s.ended[s.next] = stream
		s.next = (s.next + 1) % keptEnded
	}
}

// liveCalls are the calls of a switch that go on, as far as they are in memory.
func (s *states) liveCalls(switchName string) []call.ConnID {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []call.ConnID
	for _, known := range s.known {
		if known.call.Switch == switchName && known.call.Live() {
			ids = append(ids, known.call.ConnID)
		}
	}
	return ids
}

func (s *states) forget(stream eventlog.Stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.known, stream)
}
