// Package peers keeps event logs in other systems, as well as those can do it, to measure ours beside them: PostgreSQL
// and NATS JetStream. It is no part of the program, and a module of its own so that the program does not depend on them.
//
// All of them have the same writer: one goroutine that takes whatever was queued while it wrote the last time, checks
// the revisions, and writes it as one transaction, or what comes nearest to one. That is what makes them quick: one
// transaction an append would be ten times slower with many appenders.
package peers

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/callstate/callstate/domain/eventlog"
)

// backend is a system that keeps records. One goroutine writes.
type backend interface {
	head(ctx context.Context, stream eventlog.Stream) (eventlog.Revision, error)
	end(ctx context.Context) (eventlog.Position, error)
	// write makes records durable, all or none.
	write(ctx context.Context, records []eventlog.Record) error
	readAll(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error]
	readStream(ctx context.Context, stream eventlog.Stream, from eventlog.Revision) iter.Seq2[eventlog.Record, error]
	close() error
}

// Store is an event log in another system.
type Store struct {
	backend
	requests chan *request
	done     chan struct{}
	stop     context.CancelFunc
	closing  sync.Once
}

type request struct {
	appends []eventlog.StreamAppend
	result  chan error
}

// maxGroup is how many appends are written together: JetStream takes batches of a thousand messages.
const maxGroup = 250

func newStore(b backend) *Store {
	ctx, stop := context.WithCancel(context.Background())
	s := &Store{backend: b, requests: make(chan *request, 1024), done: make(chan struct{}), stop: stop}
	go s.run(ctx)
	return s
}

// Append implements eventlog.Appender, but that appending again what is there already is a conflict.
func (s *Store) Append(ctx context.Context, appends []eventlog.StreamAppend) error {
	r := &request{appends: appends, result: make(chan error, 1)}
	select {
	case s.requests <- r:
	case <-s.done:
		return eventlog.ErrClosed
	}
	select {
	case err := <-r.result:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-s.done:
		return eventlog.ErrClosed
	}
}

func (s *Store) run(ctx context.Context) {
	defer close(s.done)
	heads := make(map[eventlog.Stream]eventlog.Revision)
	end, failed := s.end(ctx)
	for {
		var group []*request
		select {
		case r := <-s.requests:
			group = append(group, r)
		case <-ctx.Done():
			return
		}
		for more := true; more && len(group) < maxGroup; {
			select {
			case r := <-s.requests:
				group = append(group, r)
			default:
				more = false
			}
		}
		var records []eventlog.Record
		var written []*request
		for _, r := range group {
			err := failed
			before := len(records)
			for _, a := range r.appends {
				if err != nil {
					break
				}
				records, err = s.admit(ctx, heads, records, a, end)
			}
			if err != nil {
				records = records[:before]
				r.result <- err
				continue
			}
			written = append(written, r)
		}
		if len(records) > 0 {
			failed = s.write(ctx, records)
			end += eventlog.Position(len(records))
		}
		for _, r := range written {
			r.result <- failed
		}
	}
}

// admit adds a stream's events to what is to be written.
func (s *Store) admit(
	ctx context.Context, heads map[eventlog.Stream]eventlog.Revision, records []eventlog.Record, a eventlog.StreamAppend, end eventlog.Position,
) (_ []eventlog.Record, err error) {
	head, known := heads[a.Stream]
	if !known {
		if head, err = s.head(ctx, a.Stream); err != nil {
			return records, err
		}
	}
	if expected, checked := a.Expected.Revision(); checked && expected != head {
		return records, &eventlog.ConflictError{Stream: a.Stream, Expected: expected, Actual: head}
	}
	for _, event := range a.Events {
		head++
		records = append(records, eventlog.Record{
			Stream: a.Stream, Revision: head, Position: end + eventlog.Position(len(records)+1), Event: event,
		})
	}
	if len(heads) > 1<<16 {
		clear(heads)
	}
	heads[a.Stream] = head
	return records, nil
}

// ReadAll implements eventlog.Reader.
func (s *Store) ReadAll(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return s.readAll(ctx, after)
}

// ReadStream implements eventlog.Reader.
func (s *Store) ReadStream(ctx context.Context, stream eventlog.Stream, from eventlog.Revision) iter.Seq2[eventlog.Record, error] {
	return s.readStream(ctx, stream, max(from, 1))
}

// Subscribe implements eventlog.Subscriber, by looking from time to time.
func (s *Store) Subscribe(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		for ctx.Err() == nil {
			for record, err := range s.readAll(ctx, after) {
				if !yield(record, err) || err != nil {
					return
				}
				after = record.Position
			}
			time.Sleep(10 * time.Millisecond)
		}
		yield(eventlog.Record{}, ctx.Err())
	}
}

// Close implements eventlog.Store.
func (s *Store) Close() (err error) {
	s.closing.Do(func() {
		s.stop()
		<-s.done
		err = s.close()
	})
	return err
}
