package asterisk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/domain/engine"
)

// Interpreter says what blocks mean. A link or an import calls it from one goroutine, in the order of the stream. The
// slices it returns are used up before the next call.
type Interpreter interface {
	// LinkUp: blocks come from now on. version is that of AMI, from the banner; received is when, on our clock, and the
	// zero time where a recording is read.
	LinkUp(version string, received time.Time) []engine.Observation
	// LinkDown: no more blocks come. There is one for each LinkUp.
	LinkDown(reason string, received time.Time) []engine.Observation
	// Translate takes in the next block.
	Translate(b Block, received time.Time) []engine.Observation
	// Advance: it is so late now, and nothing came.
	Advance(received time.Time) []engine.Observation
}

// Ingester records facts durably; an *engine.Engine.
type Ingester interface {
	Ingest(ctx context.Context, observations []engine.Observation) error
}

// advanceInterval is how often the interpreter is told the time while nothing comes.
const advanceInterval = 100 * time.Millisecond

// Link keeps a connection to the manager of an Asterisk and passes on all that comes in, in order and without a gap: what
// cannot be kept up with ends the connection, and the next one begins with a snapshot of what the switch has.
//
// The goroutine that reads the socket does nothing else and never waits: Asterisk cuts off a manager that does not read.
// Between it and the one worker is a bounded queue; the worker takes what there is, so that batches grow with the load.
type Link struct {
	config      Config
	interpreter Interpreter
	engine      Ingester
	log         *slog.Logger
	bad         *connection.BadInput
	idPrefix    string
	lastID      atomic.Uint64

	blocks, bytes, connections, overruns atomic.Uint64

	mu      sync.Mutex
	current *session // nil when not connected
	lastErr error    // why there is no connection
}

// session is the time from a login to the loss of the connection.
type session struct {
	*client
	since time.Time
	queue *connection.Queue[heard]
}

// heard is a frame and when it came in.
type heard struct {
	Frame
	at time.Time
}

// NewLink returns a link that is not connected yet. A nil log logs nothing.
func NewLink(config Config, interpreter Interpreter, engine Ingester, log *slog.Logger) (*Link, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("link %s: %w", config.Name, err)
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	log = log.With("link", config.Name)
	// Answers to Originate go to all managers, so ActionIDs must differ from those of another engine on the switch.
	return &Link{
		config: config.withDefaults(), interpreter: interpreter, engine: engine, log: log,
		bad: connection.NewBadInput(log), idPrefix: "callstate-" + rand.Text()[:8] + "-",
	}, nil
}

// Run keeps the link up until ctx ends, and then returns nil once everything it has received is recorded. It tries for
// ever to connect. It returns an error only when the engine fails, or when it was stopped and the engine did not take in
// the rest within DrainTimeout. A link is run once at a time.
func (l *Link) Run(ctx context.Context) error {
	failures := 0
	for {
		up, lost, err := l.session(ctx)
		if err != nil {
			return fmt.Errorf("link %s: %w", l.config.Name, err)
		}
		if ctx.Err() != nil {
			return nil
		}
		if failures++; up > l.config.Backoff.Max {
			failures = 1 // for so long that the next attempt is nothing more of the same
		}
		l.complain(lost)
		if l.config.Backoff.Wait(ctx, failures) != nil {
			return nil
		}
	}
}

// complain logs why there is no connection, but the same reason only once.
func (l *Link) complain(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	level := slog.LevelWarn
	if l.lastErr != nil && reason(err) == reason(l.lastErr) {
		level = slog.LevelDebug
	}
	l.lastErr = err
	l.log.Log(context.Background(), level, "no link to the switch, trying again", "err", err)
}

// session connects and works until the connection is lost: how long it was up, and why it was lost. err is what ends the
// link for good.
func (l *Link) session(ctx context.Context) (up time.Duration, lost, err error) {
	client, err := dial(ctx, l.config)
	if err != nil {
		return 0, err, nil
	}
	connected, end := context.WithCancelCause(ctx)
	defer end(nil)
	defer context.AfterFunc(connected, client.hangUp)()
	defer client.hangUp()

	version, first, err := client.login(l.nextID())
	if err != nil {
		return 0, err, nil
	}
	s := l.begin(client)
	defer l.end()
	l.log.Info("link is up", "ami", version)

	// What came in before the link is stopped is still to be recorded.
	recording, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	var children sync.WaitGroup
	children.Go(func() {
		end(l.read(connected, s, first))
		s.queue.Close()
	})
	children.Go(func() {
		if err := l.talk(connected, s); err != nil {
			end(err)
		}
	})
	children.Go(func() {
		if patience(ctx, recording.Done(), l.config.DrainTimeout) {
			giveUp()
		}
	})
	err = l.work(recording, s, version, func() string {
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

func (l *Link) begin(c *client) *session {
	s := &session{
		client: c, since: time.Now(),
		queue: connection.NewQueue[heard](l.config.QueueBlocks, l.config.QueueBytes),
	}
	l.connections.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.current, l.lastErr = s, nil
	return s
}

func (l *Link) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.current = nil
}

// read puts what comes in into the queue, beginning with what came during the login, until the connection ends.
func (l *Link) read(ctx context.Context, s *session, first []Frame) error {
	for _, frame := range first {
		if !l.push(s, frame) {
			return ErrOverrun
		}
	}
	for {
		frame, err := s.frames.Next()
		if err != nil {
			return err
		}
		if frame.Kind == FrameIncomplete && ctx.Err() != nil {
			continue // we hung up
		}
		if !l.push(s, frame) {
			return ErrOverrun
		}
	}
}

func (l *Link) push(s *session, frame Frame) bool {
	l.blocks.Add(1)
	l.bytes.Add(uint64(len(frame.Raw)))
	if s.queue.Push(heard{frame, time.Now()}, len(frame.Raw)) {
		return true
	}
	l.overruns.Add(1)
	return false
}

// talk asks for the snapshot, and then, whenever nothing came for a while, whether the switch is still there.
func (l *Link) talk(ctx context.Context, s *session) error {
	for _, action := range snapshotActions() {
		if err := s.send(l.nextID(), action); err != nil {
			return err
		}
	}
	timer := time.NewTimer(l.config.PingInterval)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		wait := l.config.PingInterval - s.silence()
		if wait <= 0 {
			if err := s.send(l.nextID(), Action{Name: "Ping"}); err != nil {
				return err
			}
			wait = l.config.PingInterval
		}
		timer.Reset(wait)
	}
}

// Do sends an action and waits for its answer, until ctx ends. An answer that says no is an *ActionError, with the answer.
func (l *Link) Do(ctx context.Context, a Action) (Response, error) {
	l.mu.Lock()
	s := l.current
	l.mu.Unlock()
	if s == nil {
		return Response{}, fmt.Errorf("%s: %w", a.Name, ErrNotConnected)
	}
	return s.do(ctx, l.nextID(), a)
}

func (l *Link) nextID() string { return l.idPrefix + strconv.FormatUint(l.lastID.Add(1), 10) }

// Stats is what a link has done so far.
type Stats struct {
	Connected  bool
	Since      time.Time // of this connection
	Blocks     uint64    // received, with those that could not be used
	Bytes      uint64    // in them
	Reconnects uint64
	Overruns   uint64 // connections given up because the queue was full

	QueuedBlocks int // received and not yet worked on
	QueuedBytes  int

	LastError string // why there is no connection
	BadInput  []connection.BadKind
}

// Stats may be called at any time.
func (l *Link) Stats() Stats {
	stats := Stats{
		Blocks: l.blocks.Load(), Bytes: l.bytes.Load(), Overruns: l.overruns.Load(), BadInput: l.bad.Kinds(),
	}
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
		stats.QueuedBlocks, stats.QueuedBytes = s.queue.Len()
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
