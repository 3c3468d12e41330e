// Package eventlog says what an event log is: streams of immutable records, each numbered within its stream by
// a Revision and within the whole log by a Position, appended under an expected revision.
//
// It holds the vocabulary and the ports; the stores in adapters/store keep the promises made here, and the suite
// in eventlogtest checks that they do. Order comes from Revision and Position alone: the times in a record are data.
package eventlog

import (
	"cmp"
	"context"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Stream names a sequence of records that belong together: "call-<ConnID>", "agent-<agent id>", "switch-<name>".
// A name is not empty, is UTF-8 without NUL and at most MaxStreamName bytes long.
type Stream string

// Kind is what stands before the first dash: "call", "agent" or "switch".
func (s Stream) Kind() string {
	kind, _, _ := strings.Cut(string(s), "-")
	return kind
}

// ID is what stands behind the first dash.
func (s Stream) ID() string {
	_, id, _ := strings.Cut(string(s), "-")
	return id
}

// Revision numbers the records of one stream from 1, without gaps. As the state of a stream it is the number of its
// records: 0 is an empty stream.
type Revision uint64

// Position orders all records of a log: of two records the one appended later has the greater position. Positions of
// the embedded stores start at 1 and have no gaps; other stores only promise the order. 0 is before the first record.
type Position uint64

// Event is what is appended: one event in its stored form together with its envelope.
type Event struct {
	// ID is derived from the stream, the revision, the type and the body, so that appending the same event again is
	// recognised as such by every store.
	ID uuid.UUID
	// Type and Version name the stored form of Data: an entry of the table in domain/wire.
	Type    string
	Version uint16
	// SwitchTime is when it happened on the switch's clock; RecordedAt is when the engine took it in. Both are kept in
	// UTC to the microsecond; what is finer is cut off.
	SwitchTime time.Time
	RecordedAt time.Time
	// Correlation is the conversation; Causation is the event or command that led to this one, which nothing says yet. Either may
	// be uuid.Nil.
	Correlation uuid.UUID
	Causation   uuid.UUID
	// Actor is who asked for it ("agent:1001", "ivr:main"); empty: the switch itself.
	Actor string
	// Traceparent is the trace in which it was recorded, as W3C Trace Context writes it; empty: in none.
	Traceparent string
	// Inferred marks what the switch did not say but what follows from what it said.
	Inferred bool
	// Data is the event's body as JSON.
	Data []byte
}

// Record is an event in its place in the log. One that was read belongs to its reader, who may keep and change it.
type Record struct {
	Stream   Stream
	Revision Revision
	Position Position
	Event
}

// Expected is the revision that a stream must have for an append to happen. The zero value is NoStream, the
// strictest; that nothing is to be checked must be spelled out with Any.
type Expected struct {
	revision Revision
	any      bool
}

// NoStream expects that the stream does not exist yet.
func NoStream() Expected { return Expected{} }

// At expects that the stream has exactly this revision.
func At(revision Revision) Expected { return Expected{revision: revision} }

// Any expects nothing. Such an append is not idempotent: it is for tools, not for the engine.
func Any() Expected { return Expected{any: true} }

// Revision is the expected revision; checked is false for Any.
func (e Expected) Revision() (revision Revision, checked bool) { return e.revision, !e.any }

// StreamAppend is the events to append to one stream, in order.
type StreamAppend struct {
	Stream   Stream
	Expected Expected
	Events   []Event
	// Order says where each of Events stands among all events of the call, in ascending numbers: the positions in the
	// log follow it. Without it the streams' events follow one another. Stores that only promise an order of their own
	// pass over it.
	Order []int
}

// Place is one event of a call of Append.
type Place struct{ Append, Event int }

// Places are the events of a call in the order of their positions.
func Places(appends []StreamAppend) []Place {
	var places []Place
	ordered := false
	for i, a := range appends {
		ordered = ordered || a.Order != nil
		for j := range a.Events {
			places = append(places, Place{i, j})
		}
	}
	if !ordered {
		return places
	}
	at := func(p Place) int {
		if order := appends[p.Append].Order; order != nil {
			return order[p.Event]
		}
		return math.MaxInt // what has no place comes last
	}
	slices.SortStableFunc(places, func(a, b Place) int { return cmp.Compare(at(a), at(b)) })
	return places
}

// Appender takes events into the log.
type Appender interface {
	// Append returns when the events are durable: a crash of the process or of the machine does not lose them.
	//
	// Each stream's events are written all or not at all, with consecutive revisions and in the given order. Several
	// streams in one call are independent of each other: when one has a conflict the others are written nevertheless.
	// A stream may stand in a call once.
	//
	// A stream that does not have its expected revision yields a *ConflictError (errors.Is ErrConflict); where several
	// do, the errors are joined: see Conflicts. Appending the same events (the same ids) again at the same place
	// succeeds and writes nothing. Any other error says nothing about what was written; repeating the call is safe.
	Append(ctx context.Context, appends []StreamAppend) error
}

// Reader reads the log. The sequences end after the first error, which is their last element; ending the loop early
// releases what they hold. Only records that are durable are ever seen.
type Reader interface {
	// ReadStream yields the records of a stream from a revision on (0 and 1 both mean from the start), in order. An
	// unknown stream yields nothing: there is no error for it. Records of a stream read may lack a Position in stores
	// that do not know it there; the embedded stores fill it in.
	ReadStream(ctx context.Context, stream Stream, from Revision) iter.Seq2[Record, error]
	// ReadAll yields every record after a position, in order, up to the end of the log as it was when the call began
	// or later.
	ReadAll(ctx context.Context, after Position) iter.Seq2[Record, error]
}

// Subscriber follows the log.
type Subscriber interface {
	// Subscribe yields every record after a position: first those that are in the log, then each new one as it becomes
	// durable, without gap or duplicate. It ends only with an error: that of ctx when ctx is done, ErrClosed when the
	// store is closed. A slow reader never holds the writers.
	Subscribe(ctx context.Context, after Position) iter.Seq2[Record, error]
}

// Store is a whole event log.
type Store interface {
	Appender
	Reader
	Subscriber
	// Close releases the store. Calls that are under way or made later end with ErrClosed. It may be called again.
	Close() error
}

// Ends is an optional ability of a store: the position of its last durable record, 0 when it is empty.
type Ends interface {
	End(ctx context.Context) (Position, error)
}

// Sparse is a log whose positions have gaps between them.
type Sparse interface {
	// Before is the position after which a sequence has to begin that is to have the record at position as its first.
	// Only positions that the log has told may be asked for.
	Before(ctx context.Context, position Position) (Position, error)
}

// Before is the position after which to read a log for the record at a position to be the first.
func Before(ctx context.Context, log Reader, position Position) (Position, error) {
	if position <= 1 {
		return 0, nil
	}
	if sparse, ok := log.(Sparse); ok {
		return sparse.Before(ctx, position)
	}
	return position - 1, nil
}

// BatchSubscriber is an optional ability of a store: Subscribe in runs of records, for readers that take many at a time.
// A run is not empty and belongs to the caller; it is at most max records long.
type BatchSubscriber interface {
	// SubscribeBatches is Subscribe, in runs: whatever is there, at most max records, without waiting for more.
	SubscribeBatches(ctx context.Context, after Position, max int) iter.Seq2[[]Record, error]
}

// BackwardReader is an optional ability of a store: to read a stream from its end, for who needs what came last.
type BackwardReader interface {
	// ReadStreamBackward yields the records of a stream from a revision down to the first; 0, and any revision that the
	// stream has not reached, means from its end. All else is as in ReadStream.
	ReadStreamBackward(ctx context.Context, stream Stream, from Revision) iter.Seq2[Record, error]
}

// Health is an optional ability of a store: to say that it cannot do its work, before anybody has it to do.
type Health interface {
	// Healthy returns why the store takes no more appends (ErrFailed, ErrClosed), or what of it is known to be damaged
	// (ErrDamaged); nil when all is well.
	Healthy() error
}
