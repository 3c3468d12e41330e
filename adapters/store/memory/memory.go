// Package memory is an event log that lives in memory: for tests, and for trying things out. It keeps every promise of
// the eventlog package but one: nothing outlives the process.
package memory

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/callstate/callstate/domain/eventlog"
)

// Store is an event log in memory. It is safe for concurrent use; the zero value is not usable, see New.
type Store struct {
	mu sync.RWMutex
	// records is the log: the record at position p is records[p-1]. It only ever grows, and what is in it is never
	// changed, so that a reader may walk a slice of it without the lock.
	records []eventlog.Record
	// streams has the positions of each stream's records: revision r is at streams[name][r-1]. Same rule.
	streams map[eventlog.Stream][]eventlog.Position
	// changed is closed, and replaced, when records were added.
	changed chan struct{}
	// closed is closed by Close.
	closed chan struct{}
}

var (
	_ eventlog.Store           = (*Store)(nil)
	_ eventlog.Ends            = (*Store)(nil)
	_ eventlog.BatchSubscriber = (*Store)(nil)
	_ eventlog.BackwardReader  = (*Store)(nil)
)

// New returns an empty log.
func New() *Store {
	return &Store{
		streams: make(map[eventlog.Stream][]eventlog.Position),
		changed: make(chan struct{}),
		closed:  make(chan struct{}),
	}
}

// Append implements eventlog.Appender.
func (s *Store) Append(ctx context.Context, appends []eventlog.StreamAppend) error {
	if err := eventlog.Validate(appends); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isClosed() {
		return eventlog.ErrClosed
	}
	before := len(s.records)
	write := make([]bool, len(appends))
	var conflicts []error
	for i, each := range appends {
		err := s.check(each)
		switch {
		case errors.Is(err, errHeld):
		case err != nil:
			conflicts = append(conflicts, err)
		default:
			write[i] = true
		}
	}
	for _, place := range eventlog.Places(appends) {
		if write[place.Append] {
			s.add(appends[place.Append].Stream, appends[place.Append].Events[place.Event])
		}
	}
	if len(s.records) > before {
		close(s.changed)
		s.changed = make(chan struct{})
	}
	if len(conflicts) == 1 {
		return conflicts[0]
	}
	return errors.Join(conflicts...)
}

// errHeld: the stream has the events already.
var errHeld = errors.New("appended before")

// check says whether events can be appended: nil, errHeld, or the conflict.
func (s *Store) check(a eventlog.StreamAppend) error {
	actual := eventlog.Revision(len(s.streams[a.Stream]))
	expected, checked := a.Expected.Revision()
	switch {
	case !checked || expected == actual:
		return nil
	case s.holds(a.Stream, expected, a.Events):
		return errHeld
	}
	return &eventlog.ConflictError{Stream: a.Stream, Expected: expected, Actual: actual}
}

func (s *Store) add(stream eventlog.Stream, event eventlog.Event) {
	event.SwitchTime = microseconds(event.SwitchTime)
	event.RecordedAt = microseconds(event.RecordedAt)
	event.Data = bytes.Clone(event.Data)
	position := eventlog.Position(len(s.records) + 1)
	s.streams[stream] = append(s.streams[stream], position)
	s.records = append(s.records, eventlog.Record{
		Stream: stream, Revision: eventlog.Revision(len(s.streams[stream])), Position: position, Event: event,
	})
}

// holds says whether the stream has exactly these events right after a revision: then they have been appended before.
func (s *Store) holds(stream eventlog.Stream, after eventlog.Revision, events []eventlog.Event) bool {
	positions := s.streams[stream]
	if after > eventlog.Revision(len(positions)) || len(positions)-int(after) < len(events) {
		return false
	}
	for i, position := range positions[after:][:len(events)] {
		if s.records[position-1].ID != events[i].ID {
			return false
		}
	}
	return true
}

// ReadStream implements eventlog.Reader.
func (s *Store) ReadStream(ctx context.Context, stream eventlog.Stream, from eventlog.Revision) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		s.mu.RLock()
		records, positions := s.records, s.streams[stream]
		s.mu.RUnlock()
		first := min(max(from, 1)-1, eventlog.Revision(len(positions)))
		s.yield(ctx, yield, func(yield func(eventlog.Record) bool) {
			for _, position := range positions[first:] {
				if !yield(records[position-1]) {
					return
				}
			}
		})
	}
}

// ReadStreamBackward implements eventlog.BackwardReader.
func (s *Store) ReadStreamBackward(
	ctx context.Context, stream eventlog.Stream, from eventlog.Revision,
) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		s.mu.RLock()
		records, positions := s.records, s.streams[stream]
		s.mu.RUnlock()
		if from > 0 && from < eventlog.Revision(len(positions)) {
			positions = positions[:from]
		}
		s.yield(ctx, yield, func(yield func(eventlog.Record) bool) {
			for _, position := range slices.Backward(positions) {
				if !yield(records[position-1]) {
					return
				}
			}
		})
	}
}

// ReadAll implements eventlog.Reader.
func (s *Store) ReadAll(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		records, _ := s.after(after)
		s.yield(ctx, yield, slices.Values(records))
	}
}

// Subscribe implements eventlog.Subscriber.
func (s *Store) Subscribe(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		for {
			records, changed := s.after(after)
			if !s.yield(ctx, yield, slices.Values(records)) {
				return
			}
			if len(records) > 0 {
				after = records[len(records)-1].Position
			} else {
				s.wait(ctx, changed)
			}
		}
	}
}

// SubscribeBatches implements eventlog.BatchSubscriber.
func (s *Store) SubscribeBatches(ctx context.Context, after eventlog.Position, limit int) iter.Seq2[[]eventlog.Record, error] {
	return func(yield func([]eventlog.Record, error) bool) {
		for {
			if err := s.ended(ctx); err != nil {
				yield(nil, err)
				return
			}
			records, changed := s.after(after)
			if len(records) == 0 {
				s.wait(ctx, changed)
				continue
			}
			run := make([]eventlog.Record, min(len(records), max(limit, 1)))
			for i := range run {
				run[i] = private(records[i])
			}
			after = run[len(run)-1].Position
			if !yield(run, nil) {
				return
			}
		}
	}
}

// End implements eventlog.Ends.
func (s *Store) End(ctx context.Context) (eventlog.Position, error) {
	if err := s.ended(ctx); err != nil {
		return 0, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return eventlog.Position(len(s.records)), nil
}

// Close implements eventlog.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.isClosed() {
		close(s.closed)
	}
	return nil
}

// after returns the records behind a position, and the channel that is closed when there are more.
func (s *Store) after(position eventlog.Position) ([]eventlog.Record, <-chan struct{}) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if position >= eventlog.Position(len(s.records)) {
		return nil, s.changed
	}
	return s.records[position:], s.changed
}

// wait returns when there are more records, or when the call has to end.
func (s *Store) wait(ctx context.Context, changed <-chan struct{}) {
	select {
	case <-changed:
	case <-ctx.Done():
	case <-s.closed:
	}
}

// yield hands out records, and then the error that ends the sequence, if there is one. It returns false when the
// sequence is over.
func (s *Store) yield(
	ctx context.Context, yield func(eventlog.Record, error) bool, records iter.Seq[eventlog.Record],
) bool {
	for record := range records {
		if s.ended(ctx) != nil {
			break
		}
		if !yield(private(record), nil) {
			return false
		}
	}
	if err := s.ended(ctx); err != nil {
		yield(eventlog.Record{}, err)
		return false
	}
	return true
}

// ended is why a call has to end: the store is closed or ctx is done.
func (s *Store) ended(ctx context.Context) error {
	if s.isClosed() {
		return eventlog.ErrClosed
	}
	return ctx.Err()
}

func (s *Store) isClosed() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}

// private is a record that its reader may change.
func private(record eventlog.Record) eventlog.Record {
	record.Data = bytes.Clone(record.Data)
	return record
}

// microseconds brings a time into the form in which it is kept.
func microseconds(t time.Time) time.Time { return time.UnixMicro(t.UnixMicro()).UTC() }
