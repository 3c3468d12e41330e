// Package kurrentdb is the event log in KurrentDB, formerly EventStoreDB: for those who outgrow one machine. Several
// engines may share one log, also two that listen to the same switch.
//
// Our streams are streams of the database with the same names, our event ids its event ids, so that the server itself
// recognises what was appended before; docs/formats/kurrentdb.md says what is kept where. A Position is an event's commit
// position: ordered, with gaps. Streams that begin with a dollar sign are the database's own; events of other
// applications in other streams are passed over.
//
// A server that does not answer is no reason to fail. Calls wait for it as long as their context lives, look for another
// node of the cluster meanwhile, and go on where they were: an append is repeated, which is safe as its ids are the same;
// a read or a subscription begins behind the last record that it has handed over.
package kurrentdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/callstate/callstate/domain/eventlog"
)

// Options adjusts a store. The zero value is good.
type Options struct {
	// Appends is how many streams are appended to at the same time by one call. 0: 32.
	Appends int
	// Logger is told of what does not answer. nil: nobody listens.
	Logger *slog.Logger
}

// Store is an event log in KurrentDB. It is safe for concurrent use.
type Store struct {
	client  *client
	appends int
	logger  *slog.Logger

	// open is done when Close has been called.
	open context.Context
	shut context.CancelFunc

	mu sync.Mutex
	// calls are under way with the client; the last one after Close releases it.
	calls int
	// waiting are the calls that wait for the server, and missed is what the last of them heard.
	waiting int
	missed  error
}

var (
	_ eventlog.Store           = (*Store)(nil)
	_ eventlog.Ends            = (*Store)(nil)
	_ eventlog.BatchSubscriber = (*Store)(nil)
)

// Open connects to a database by its connection string:
//
//	esdb://user:password@host:2113?tlsCaFile=ca.crt
//	esdb://user:password@host1:2113,host2:2113,host3:2113
//	esdb+discover://user:password@cluster.example:2113
//	esdb://localhost:2113?tls=false
//
// It fails when no node answers within the attempts that the string allows.
func Open(ctx context.Context, connection string, options Options) (*Store, error) {
	logger := options.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	dialled, err := detached(ctx, func() (*client, error) { return dial(connection, logger) })
	if err != nil {
		return nil, fmt.Errorf("event log in KurrentDB at %s: %w", Nodes(connection), err)
	}
	s := &Store{client: dialled, appends: options.Appends, logger: logger, calls: 1}
	if s.appends <= 0 {
		s.appends = 32
	}
	s.open, s.shut = context.WithCancel(context.Background())
	return s, nil
}

// openTime bounds what Open waits for, whatever the connection string says.
const openTime = time.Minute

// detached does something that may take longer than ctx lives, and does not wait for it then.
func detached[T any](ctx context.Context, do func() (T, error)) (result T, err error) {
	type outcome struct {
		result T
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		result, err := do()
		done <- outcome{result, err}
	}()
	select {
	case o := <-done:
		return o.result, o.err
	case <-ctx.Done():
		return result, ctx.Err()
	}
}

// Close implements eventlog.Store. It does not wait for the server.
func (s *Store) Close() error {
	s.mu.Lock()
	first := s.open.Err() == nil
	s.shut()
	s.mu.Unlock()
	if first {
		s.leave()
	}
	return nil
}

// enter begins a call, whose context also ends with the store, a while after it. leave must be called when the client is
// done with it.
func (s *Store) enter(ctx context.Context, while time.Duration) (context.Context, context.CancelFunc, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ended(ctx); err != nil {
		return nil, nil, err
	}
	s.calls++
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.open, func() { time.AfterFunc(while, cancel) })
	return ctx, func() { stop(); cancel() }, nil
}

func (s *Store) leave() {
	s.mu.Lock()
	s.calls--
	last := s.calls == 0
	s.mu.Unlock()
	if last {
		if err := s.client.close(); err != nil {
			s.logger.Error("closing the connection to the database", "err", err)
		}
	}
}

// ended is why a call has to end: the store is closed or ctx is done.
func (s *Store) ended(ctx context.Context) error {
	if s.open.Err() != nil {
		return eventlog.ErrClosed
	}
	return ctx.Err()
}

// Waiting is why calls wait for the database just now; nil when none does.
func (s *Store) Waiting() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting == 0 {
		return nil
	}
	return fmt.Errorf("the event log does not answer: %w", s.missed)
}

// How long to wait before a call is repeated, at first and at most, and how often an odd failure is.
const (
	firstWait   = 25 * time.Millisecond
	longestWait = 5 * time.Second
	oddities    = 5
)

// patience is how long a call that is under way when the store is closed may still take: what is cut short leaves open
// whether it was written.
const patience = 5 * time.Second

// retry is the failures of one call in a row.
type retry struct {
	store    *Store
	what     string
	failures int
	waiting  bool
	odd      int
}

// again waits after a failure, and returns nil when the call is to be repeated.
func (r *retry) again(ctx context.Context, err error) error {
	if ended := r.store.ended(ctx); ended != nil {
		return ended
	}
	kind := failureOf(err)
	if kind == odd {
		r.odd++
	}
	if kind == refused || r.odd > oddities {
		return fmt.Errorf("%s: %w", r.what, err)
	}
	wait := min(firstWait<<min(r.failures, 10), longestWait)
	wait = wait/2 + rand.N(wait/2) // many callers do not all come back in the same moment
	r.failures++
	r.store.logger.Warn("the database does not answer, trying again", "call", r.what, "failures", r.failures, "err", err)
	r.waits(err)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-r.store.open.Done():
	}
	return r.store.ended(ctx)
}

// waits notes that the call waits for the server.
func (r *retry) waits(err error) {
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	if !r.waiting {
		r.waiting = true
		r.store.waiting++
	}
	r.store.missed = err
}

// answered notes that the server has answered, or that nobody wants to know any more.
func (r *retry) answered() {
	if !r.waiting {
		return
	}
	r.waiting = false
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	r.store.waiting--
}

// advanced notes that the call has come further, so that the next failure is a first one.
func (r *retry) advanced() {
	r.failures, r.odd = 0, 0
	r.answered()
}

// repeated does a call, again and again until it succeeds or cannot. errWrongRevision is an answer.
func repeated[T any](ctx context.Context, s *Store, what string, do func(ctx context.Context) (T, error)) (T, error) {
	calling, cancel, err := s.enter(ctx, patience)
	if err != nil {
		var none T
		return none, err
	}
	defer cancel()
	result, err := detached(calling, func() (T, error) {
		defer s.leave()
		r := retry{store: s, what: what}
		defer r.answered()
		for {
			result, err := do(calling)
			if err == nil || errors.Is(err, errWrongRevision) {
				return result, err
			}
			if err := r.again(calling, err); err != nil {
				return result, err
			}
		}
	})
	if errors.Is(err, context.Canceled) && s.open.Err() != nil {
		err = eventlog.ErrClosed
	}
	return result, err
}
