package connection

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/link"
	"go.opentelemetry.io/otel/trace"
)

// advanceInterval is how often the interpreter is told the time while nothing comes.
const advanceInterval = 100 * time.Millisecond

// Link keeps a connection to a switch and passes on all that comes in, in order and without a gap: what cannot be kept up
// with ends the connection, and the next one begins with a snapshot of what the switch has.
//
// The goroutine that reads the socket does nothing else and never waits: switches cut off, or lose events for, a listener
// that does not read. Between it and the one worker is a bounded queue; the worker takes what there is, so that batches
// grow with the load.
type Link[P Piece] struct {
	name        string
	limits      Limits
	dial        Dial[P]
	interpreter Interpreter[P]
	engine      Engine
	log         *slog.Logger
	bad         *BadInput
	resumed     chan struct{} // closed: the interpreter knows what went on before the first connection
	tracer      trace.Tracer  // nil: nothing is traced

	pieces, bytes, connections, overruns atomic.Uint64

	mu      sync.Mutex
	current *session[P] // nil when not connected
	lastErr error       // why there is no connection
}

// session is the time from a login to the loss of the connection.
type session[P Piece] struct {
	Session[P]
	since time.Time
	queue *Queue[heard[P]]
}

// heard is a piece and when it came in.
type heard[P Piece] struct {
	piece P
	at    time.Time
}

// NewLink returns a link that is not connected yet. name is that of the switch, in logs; a nil log logs nothing.
func NewLink[P Piece](name string, limits Limits, dial Dial[P], interpreter Interpreter[P], engine Engine, log *slog.Logger) *Link[P] {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Link[P]{
		name: name, limits: limits.OrDefault(), dial: dial, interpreter: interpreter, engine: engine, log: log.With("link", name),
		resumed: make(chan struct{}),
		bad:     NewBadInput(log.With("link", name)),
	}
}

// Name is that of the switch.
func (l *Link[P]) Name() string { return l.name }

// Run keeps the link up until ctx ends, and then returns nil once everything it has received is recorded. It tries for
// ever to connect. It returns an error only when the engine fails, or when it was stopped and the engine did not take in
// the rest within DrainTimeout. A link is run once at a time.
func (l *Link[P]) Run(ctx context.Context) error {
	failures := 0
	for {
		up, lost, err := l.session(ctx)
		if err != nil {
			return fmt.Errorf("link %s: %w", l.name, err)
		}
		if ctx.Err() != nil {
			return nil
		}
		if failures++; up > l.limits.Backoff.Max {
			failures = 1 // for so long that the next attempt is nothing more of the same
		}
		l.complain(ctx, lost)
		if l.limits.Backoff.Wait(ctx, failures) != nil {
			return nil
		}
	}
}

// complain logs why there is no connection, but the same reason only once.
func (l *Link[P]) complain(ctx context.Context, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	level := slog.LevelWarn
	if l.lastErr != nil && reason(err) == reason(l.lastErr) {
		level = slog.LevelDebug
	}
	l.lastErr = err
	l.log.Log(ctx, level, "no link to the switch, trying again", "err", err)
}

// session connects and works until the connection is lost: how long it was up, and why it was lost. err is what ends the
// link for good.
func (l *Link[P]) session(ctx context.Context) (up time.Duration, lost, err error) {
	connected, end := context.WithCancelCause(ctx)
	defer end(nil)
	dialled, err := l.dial(connected)
	if err != nil {
		return 0, err, nil
	}
	defer context.AfterFunc(connected, dialled.HangUp)()
	defer dialled.HangUp()
	s := l.begin(dialled)
	defer l.end()
	l.log.Info("link is up", "version", s.Version())

	// What came in before the link is stopped is still to be recorded.
	recording, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	var children sync.WaitGroup
	children.Go(func() {
		end(l.read(s))
		s.queue.Close()
	})
	children.Go(func() {
		// What the switch says that it has must not be older than what is known of it.
		select {
		case <-l.resumed:
		case <-connected.Done():
			return
		}
		if err := s.Talk(connected); err != nil {
			end(err)
		}
	})
	children.Go(func() {
		if patience(ctx, recording.Done(), l.limits.DrainTimeout) {
			giveUp()
		}
	})
	err = l.work(recording, s, func() string {
		if ctx.Err() != nil {
			return "stopped"
		}
		return reason(context.Cause(connected))
	})
	if err != nil && recording.Err() != nil {
		err = fmt.Errorf("stopped before all that came in was recorded: %w", err)
	}
	end(err)
	giveUp()
	children.Wait()
	return time.Since(s.since), context.Cause(connected), err
}

// patience returns true when, after ctx ended, so long has passed and done has not come.
func patience(ctx context.Context, done <-chan struct{}, long time.Duration) bool {
	select {
	case <-done:
		return false
	case <-ctx.Done():
	}
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-done:
		return false
	case <-timer.C:
		return true
	}
}

func (l *Link[P]) begin(dialled Session[P]) *session[P] {
	s := &session[P]{
		Session: dialled, since: time.Now(),
		queue: NewQueue[heard[P]](l.limits.QueuePieces, l.limits.QueueBytes),
	}
	l.connections.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.current, l.lastErr = s, nil
	return s
}

func (l *Link[P]) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.current = nil
}

// read puts what comes in into the queue until the connection ends.
func (l *Link[P]) read(s *session[P]) error {
	for {
		piece, err := s.Next()
		if err != nil {
			return err
		}
		size := piece.Size()
		l.pieces.Add(1)
		l.bytes.Add(uint64(size))
		if !s.queue.Push(heard[P]{piece, time.Now()}, size) {
			l.overruns.Add(1)
			return ErrOverrun
		}
	}
}

// resume has the interpreter take in the calls that go on, once.
func (l *Link[P]) resume(ctx context.Context) error {
	select {
	case <-l.resumed:
		return nil
	default:
	}
	calls, err := l.engine.Live(ctx, l.name)
	if err != nil {
		return fmt.Errorf("calls that go on: %w", err)
	}
	l.interpreter.Resume(calls, time.Now())
	close(l.resumed)
	return nil
}

// work takes what is in the queue to the engine, until the connection is lost and the queue is empty. lost says then why.
func (l *Link[P]) work(ctx context.Context, s *session[P], lost func() string) error {
	if err := l.resume(ctx); err != nil {
		return err
	}
	out := &pipeline{engine: l.engine, bad: l.bad}
	out.add(l.interpreter.LinkUp(s.Version(), s.since))
	ticker := time.NewTicker(advanceInterval)
	defer ticker.Stop()
	var doubts doubt
	var batch []heard[P]
	for {
		var more bool
		batch, more = s.queue.Take(batch[:0], l.limits.MaxBatch)
		traced, turn := l.turn(ctx, batch)
		for _, h := range batch {
			observations := l.interpreter.Translate(h.piece, h.at)
			doubts.hear(observations)
			out.add(observations)
		}
		turn.translated()
		if !more {
			out.add(l.interpreter.LinkDown(lost(), time.Now()))
		}
		err := out.flush(traced)
		turn.end()
		if err != nil || !more {
			return err
		}
		if len(batch) > 0 {
			clear(batch)
			continue
		}
		select {
		case <-s.queue.Ready():
		case now := <-ticker.C:
			observations := l.interpreter.Advance(now)
			doubts.hear(observations)
			out.add(observations)
			if doubts.due(now) {
				s.AskAgain()
			}
		}
	}
}

// askAgainAfter is how long after the switch was asked for what it has it is asked again at the earliest.
const askAgainAfter = 5 * time.Second

// doubt is whether what is known of the switch may be wrong, because something that it told did not come in. Then it is
// asked for what it has, as after a loss of the link; but not while what it was asked for is still to come.
type doubt struct {
	inStep bool // it has told what it has
	missed bool // and something since did not come in
	asked  time.Time
}

func (d *doubt) hear(observations []engine.Observation) {
	for _, o := range observations {
		switch o.LinkFact.(type) {
		case link.SnapshotIs:
			d.inStep = true
		case link.GapIs:
			d.missed = d.missed || d.inStep
		}
	}
}

// due reports whether the switch has to be asked, and takes it for done.
func (d *doubt) due(now time.Time) bool {
	if !d.missed || now.Sub(d.asked) < askAgainAfter {
		return false
	}
	*d = doubt{asked: now}
	return true
}

// Session is the connection that is up now; ok is false when none is.
func (l *Link[P]) Session() (s Session[P], ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current == nil {
		return nil, false
	}
	return l.current.Session, true
}

// Stats is what a link has done so far.
type Stats struct {
	Connected  bool
	Since      time.Time // of this connection
	Pieces     uint64    // received, with those that could not be used
	Bytes      uint64    // in them
	Reconnects uint64
	Overruns   uint64 // connections given up because the queue was full

	QueuedPieces int // received and not yet worked on
	QueuedBytes  int

	LastError string // why there is no connection
	BadInput  []BadKind
}

// Stats may be called at any time. BadInput has what could not be stored; what is bad in the protocol only that knows.
func (l *Link[P]) Stats() Stats {
	stats := Stats{Pieces: l.pieces.Load(), Bytes: l.bytes.Load(), Overruns: l.overruns.Load(), BadInput: l.bad.Kinds()}
	if connections := l.connections.Load(); connections > 0 {
		stats.Reconnects = connections - 1
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lastErr != nil {
		stats.LastError = l.lastErr.Error()
	}
	if s := l.current; s != nil {
		stats.Connected, stats.Since = true, s.since
		stats.QueuedPieces, stats.QueuedBytes = s.queue.Len()
	}
	return stats
}

// reason is the word for why a link ended, for the history. It has no addresses and port numbers in it, which would make
// every one unique.
func reason(cause error) string {
	var operation *net.OpError
	switch {
	case errors.Is(cause, io.EOF), errors.Is(cause, io.ErrClosedPipe), errors.Is(cause, net.ErrClosed):
		return "closed by the switch"
	case errors.As(cause, &operation):
		return operation.Err.Error()
	}
	return cause.Error()
}
