package kurrentdbtest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// event is one in its place. What is in it is never changed.
type event struct {
	id       shared.UUID_Structured
	stream   string
	revision uint64 // from 0
	position uint64 // of its first byte in the log
	kind     string
	metadata map[string]string
	custom   []byte
	data     []byte
}

// database is a log of events, with those in between that a real one writes for itself.
type database struct {
	mu      sync.RWMutex
	all     []*event
	streams map[string][]*event
	next    uint64        // position
	appends int           // so far
	others  bool          // another application writes too
	changed chan struct{} // closed, and replaced, when events were added
}

func newDatabase(others bool) *database {
	d := &database{others: others, streams: map[string][]*event{}, changed: make(chan struct{})}
	d.add(own("$epoch-information", "$EpochInformation"))
	return d
}

// own is an event that no client of the stand-in has sent.
func own(stream, kind string) *event {
	return &event{stream: stream, kind: kind, data: []byte(`{}`), metadata: map[string]string{"type": kind, "content-type": "application/json"}}
}

func (d *database) add(e *event) {
	e.position, e.revision = d.next, uint64(len(d.streams[e.stream]))
	e.metadata = maps.Clone(e.metadata)
	e.metadata["created"] = strconv.FormatInt(time.Now().UnixNano()/100, 10)
	d.next += uint64(64 + len(e.stream) + len(e.data) + len(e.custom))
	d.all = append(d.all, e)
	d.streams[e.stream] = append(d.streams[e.stream], e)
}

// expectation is the revision that a stream is to have.
type expectation struct {
	any, noStream, exists bool
	revision              uint64
}

// append adds events to a stream. It returns false when the stream is not as expected. As the real server it also takes
// events that the stream has already, at the place where they are to be: all of them or none.
func (d *database) append(stream string, expected expectation, events []*event) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	there := d.streams[stream]
	at := uint64(len(there)) // where the first event is to be
	switch {
	case expected.noStream:
		at = 0
	case expected.exists:
		if at == 0 {
			return false
		}
	case expected.any:
		if len(events) > 0 {
			if i := slices.IndexFunc(there, func(e *event) bool { return same(e, events[0]) }); i >= 0 {
				at = uint64(i)
			}
		}
	default:
		at = expected.revision + 1
	}
	if at > uint64(len(there)) {
		return false
	}
	if held := there[at:]; len(held) > 0 {
		return len(held) >= len(events) && slices.EqualFunc(held[:len(events)], events, same)
	}
	for _, e := range events {
		d.add(e)
	}
	d.appends++
	switch d.appends % 8 {
	case 3:
		d.add(own("$stats-127.0.0.1:2113", "$statsCollected"))
	case 5:
		d.add(own("$persistentSubscriptionConfig", "PersistentConfig1"))
	case 7:
		d.add(own("$$"+stream, "$metadata"))
	}
	if d.others && d.appends%3 == 0 {
		d.add(own("order-4711", "OrderChanged"))
	}
	close(d.changed)
	d.changed = make(chan struct{})
	return true
}

func same(a, b *event) bool {
	return a.id.MostSignificantBits == b.id.MostSignificantBits && a.id.LeastSignificantBits == b.id.LeastSignificantBits
}

// of is the events of a stream; found is false when there is none.
func (d *database) of(stream string) (events []*event, found bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	events = d.streams[stream]
	return events, len(events) > 0
}

// log is all events, and the channel that is closed when there are more.
func (d *database) log() ([]*event, <-chan struct{}) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.all, d.changed
}

// at is where the event with a position is among all.
func at(all []*event, position uint64) (int, error) {
	i, found := slices.BinarySearchFunc(all, position, func(e *event, position uint64) int {
		switch {
		case e.position < position:
			return -1
		case e.position > position:
			return 1
		}
		return 0
	})
	if !found {
		return 0, fmt.Errorf("no event is at position %d", position)
	}
	return i, nil
}

// proposed is an event as a client sends it.
func proposed(stream string, m *streams.AppendReq_ProposedMessage) *event {
	id := m.GetId().GetStructured()
	return &event{
		id:     shared.UUID_Structured{MostSignificantBits: id.GetMostSignificantBits(), LeastSignificantBits: id.GetLeastSignificantBits()},
		stream: stream, kind: m.GetMetadata()["type"], metadata: m.GetMetadata(), custom: m.GetCustomMetadata(), data: m.GetData(),
	}
}

// recorded is an event as a client gets it.
func (e *event) recorded(positioned bool) *streams.ReadResp {
	r := &streams.ReadResp_ReadEvent_RecordedEvent{
		Id: &shared.UUID{Value: &shared.UUID_Structured_{Structured: &shared.UUID_Structured{
			MostSignificantBits: e.id.MostSignificantBits, LeastSignificantBits: e.id.LeastSignificantBits,
		}}},
		StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte(e.stream)},
		StreamRevision:   e.revision, PreparePosition: e.position, CommitPosition: e.position,
		Metadata: e.metadata, CustomMetadata: e.custom, Data: e.data,
	}
	read := &streams.ReadResp_ReadEvent{Event: r, Position: &streams.ReadResp_ReadEvent_CommitPosition{CommitPosition: e.position}}
	if !positioned { // as older servers in reads of a stream
		r.PreparePosition, r.CommitPosition = ^uint64(0), ^uint64(0)
		read.Position = &streams.ReadResp_ReadEvent_NoPosition{NoPosition: &shared.Empty{}}
	}
	return &streams.ReadResp{Content: &streams.ReadResp_Event{Event: read}}
}

// isOwn says whether a stream is the database's.
func isOwn(stream string) bool { return strings.HasPrefix(stream, "$") }
