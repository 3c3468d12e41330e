package kurrentdb

import (
	"context"
	"iter"

	"github.com/callstate/callstate/domain/eventlog"
)

// readAhead is how many records are fetched before somebody wants them.
const readAhead = 256

// ReadStream implements eventlog.Reader.
func (s *Store) ReadStream(ctx context.Context, stream eventlog.Stream, from eventlog.Revision) iter.Seq2[eventlog.Record, error] {
	return single(s.runs(ctx, 1, "read "+string(stream), func() source {
		next := from
		return func(ctx context.Context, _ func(), emit func(eventlog.Record) bool) error {
			return s.client.stream(ctx, stream, next, func(r eventlog.Record) bool {
				next = r.Revision + 1
				return emit(r)
			})
		}
	}))
}

// ReadAll implements eventlog.Reader.
func (s *Store) ReadAll(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	// A subscription, unlike a read of the whole log, can be filtered by the server; it is left at the end.
	return single(s.runs(ctx, 1, "read the log", func() source {
		var last, end eventlog.Position
		follow := s.follower(after, &last, func() bool { return last < end })
		known := false
		return func(ctx context.Context, answered func(), emit func(eventlog.Record) bool) (err error) {
			if !known {
				if end, err = s.client.end(ctx); err != nil {
					return err
				}
				known = true
			}
			if last >= end {
				return nil
			}
			return follow(ctx, answered, emit)
		}
	}))
}

// Subscribe implements eventlog.Subscriber.
func (s *Store) Subscribe(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return single(s.SubscribeBatches(ctx, after, 1))
}

// SubscribeBatches implements eventlog.BatchSubscriber.
func (s *Store) SubscribeBatches(ctx context.Context, after eventlog.Position, limit int) iter.Seq2[[]eventlog.Record, error] {
	return s.runs(ctx, limit, "subscription", func() source {
		var last eventlog.Position
		return s.follower(after, &last, func() bool { return true })
	})
}

// follower is a source of the records after a position, as long as there may be more. It keeps in last how far it is, so
// that it goes on there, and passes over what a server sends again.
func (s *Store) follower(after eventlog.Position, last *eventlog.Position, more func() bool) source {
	*last = after
	return func(ctx context.Context, answered func(), emit func(eventlog.Record) bool) error {
		return s.client.follow(ctx, *last, answered, func(r eventlog.Record) bool {
			if r.Position <= *last {
				return true
			}
			*last = r.Position
			return emit(r) && more()
		}, func(position eventlog.Position) bool {
			*last = max(*last, position)
			return more()
		})
	}
}

// End implements eventlog.Ends.
func (s *Store) End(ctx context.Context) (eventlog.Position, error) {
	return repeated(ctx, s, "end of the log", s.client.end)
}

// Before implements eventlog.Sparse.
func (s *Store) Before(ctx context.Context, position eventlog.Position) (eventlog.Position, error) {
	return repeated(ctx, s, "look for a position", func(ctx context.Context) (eventlog.Position, error) {
		return s.client.before(ctx, position)
	})
}

// source hands over records until emit returns false, nothing more is to come, or the server fails. Called again it goes
// on behind the last record. It calls answered when the server has answered, even if there is no record yet.
type source func(ctx context.Context, answered func(), emit func(eventlog.Record) bool) error

// runs is a sequence of runs of records from a source, which begins anew with each loop over it. A goroutine reads ahead
// and comes back after failures; the loop never waits for the server longer than its context lives.
func (s *Store) runs(ctx context.Context, limit int, what string, begin func() source) iter.Seq2[[]eventlog.Record, error] {
	return func(yield func([]eventlog.Record, error) bool) {
		reading, cancel, err := s.enter(ctx, 0)
		if err != nil {
			yield(nil, err)
			return
		}
		defer cancel()
		records, failed := make(chan eventlog.Record, readAhead), make(chan error, 1)
		go func() {
			defer s.leave()
			defer close(records)
			failed <- s.read(reading, what, begin(), records)
		}()
		for {
			run, more := take(reading, records, limit)
			if err := s.ended(ctx); err != nil {
				yield(nil, err)
				return
			}
			if len(run) > 0 && !yield(run, nil) {
				return
			}
			if !more {
				if err := <-failed; err != nil {
					yield(nil, err)
				}
				return
			}
		}
	}
}

// read puts the records of a source into a channel, and comes back after failures.
func (s *Store) read(ctx context.Context, what string, from source, into chan<- eventlog.Record) error {
	r := retry{store: s, what: what}
	defer r.answered()
	for {
		err := from(ctx, r.answered, func(record eventlog.Record) bool {
			r.advanced()
			select {
			case into <- record:
				return true
			case <-ctx.Done():
				return false
			}
		})
		if err == nil {
			return s.ended(ctx)
		}
		if err := r.again(ctx, err); err != nil {
			return err
		}
	}
}

// take waits for a record, and takes what else is there, at most limit. more is false when no record can come any more.
func take(ctx context.Context, records <-chan eventlog.Record, limit int) (run []eventlog.Record, more bool) {
	select {
	case record, ok := <-records:
		if !ok {
			return nil, false
		}
		run = append(run, record)
	case <-ctx.Done():
		return nil, true
	}
	for len(run) < limit {
		select {
		case record, ok := <-records:
			if !ok {
				return run, false
			}
			run = append(run, record)
		default:
			return run, true
		}
	}
	return run, true
}

// single is the records of runs, one by one.
func single(runs iter.Seq2[[]eventlog.Record, error]) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		for run, err := range runs {
			if err != nil {
				yield(eventlog.Record{}, err)
				return
			}
			for _, record := range run {
				if !yield(record, nil) {
					return
				}
			}
		}
	}
}
