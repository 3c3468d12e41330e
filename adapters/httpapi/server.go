// Package httpapi serves the engine over HTTP: the live floor and the agents' desktops as JSON and as streams of
// server-sent events, the calls with their history, and all that can be asked of calls and agents. The description of all of it, OpenAPI 3.1
// made from this code, is at /openapi.json.
//
// Who may do what stands in one table (rights). Where nobody has to say who he is, a Server only listens on loopback and
// answers only requests that were addressed to loopback by name (no DNS rebinding). It takes changes from
// pages of other origins only where they are configured.
package httpapi

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/past"
	"github.com/callstate/callstate/projections/statistics"
)

// ErrNotLoopback: the address can be reached from other machines, and nothing would ask who is there.
var ErrNotLoopback = errors.New("without authentication the API listens on loopback only (127.0.0.1, ::1)")

// errStopping is why a stream ends when the server is being stopped.
var errStopping = errors.New("the server is stopping")

// Floor is the live floor. Follow yields a Snapshot first, or what came after a position; its last element may be an
// error, such as that the reader was too slow.
type Floor interface {
	Seats
	View() floor.View
	Agent(id string) (floor.Desktop, bool)
	Follow(ctx context.Context, following floor.Following) iter.Seq2[floor.Frame, error]
}

// Seats are parts of the floor, each to be had without the rest: desktops ask for theirs all the time.
type Seats interface {
	Call(id call.ConnID) (floor.Call, bool)
	Seat(switchName, dn string) floor.Seat
	Outline() (switches, queues []string)
}

// History is the records of calls; Call answers history.ErrNotFound for a call without one.
type History interface {
	Calls(ctx context.Context, filter history.Filter) ([]history.Record, error)
	Call(ctx context.Context, id call.ConnID) (history.Record, error)
}

// Projections tells how far the read models have come.
type Projections interface {
	Progress(ctx context.Context) ([]projections.Progress, error)
}

// Log is where the events of a call are read; eventlog.Reader says what it guarantees.
type Log interface {
	ReadStream(ctx context.Context, stream eventlog.Stream, from eventlog.Revision) iter.Seq2[eventlog.Record, error]
}

// Requests is where requests go: engine.Engine. It answers with the events by which the request was done, durable.
type Requests interface {
	Request(ctx context.Context, id call.ConnID, request call.Request) ([]call.Event, error)
}

// States are the calls and the agents as the log has them now: engine.Engine. The state of one that nobody knows is its zero
// value.
type States interface {
	Call(ctx context.Context, id call.ConnID) (call.State, error)
	Agent(ctx context.Context, id string) (agent.State, error)
}

// Past is the floor as it was: past.Past says what it promises.
type Past interface {
	Began(ctx context.Context) (time.Time, error)
	Floor(ctx context.Context, m past.Moment) (*floor.Floor, error)
	Replay(ctx context.Context, what past.Showing) iter.Seq2[floor.Frame, error]
	Call(ctx context.Context, id call.ConnID, after eventlog.Position) iter.Seq2[floor.Frame, error]
}

// Audit is where it is written who looks at the past, who is refused, and who comes and goes: engine.Engine. When it returns
// nil that is durable.
type Audit interface {
	Viewed(ctx context.Context, actor string, what access.Body) error
}

// Config is what a Server is made of. The ports are needed; everything after them has a default.
type Config struct {
	Floor    Floor
	History  History
	Log      Log
	Requests Requests
	Commands Commands
	States   States
	Past     Past
	Audit    Audit
	// Facts is what the numbers are made of: a history.History.
	Facts statistics.Source
	// Projections may be missing: then there are none to tell of.
	Projections Projections

	// Auth finds out who asks. Without it everybody may do everything, so that only this machine is listened to.
	Auth Authentication
	// Origins are those of other pages that may use the API; without them only the server's own page may.
	Origins *Origins
	// Certificate is for TLS; without it there is none.
	Certificate *Certificate
	// Rate is how many requests a second each client may send, twice as many at once, the page's own files apart; 0: any
	// number.
	Rate float64
	// Streams is how many streams each client may have open at once; 0: any number.
	Streams int

	// NotReady tells why the engine is not ready to be used; nothing when it is.
	NotReady func() []string
	// Page is served at / and below; without it there is no page.
	Page http.Handler
	// Metrics is served at /metrics; without it there are none.
	Metrics http.Handler
	// Tracing may be missing: then nothing is traced.
	Tracing Tracing
	// Logger gets what went wrong on the server's side, once, under the request's reference.
	Logger *slog.Logger
	// Version is the program's, for the API's description.
	Version string
	// Now is the clock; time.Now by default.
	Now func() time.Time
	// Heartbeat is after how long a stream tells that nothing happened (5 s): its clients take one that is silent for three
	// times as long for dead.
	Heartbeat time.Duration
	// Patience is how long one write to a client may take before the client is cut (10 s).
	Patience time.Duration
	// Retry is how soon a client of a stream should come back after it was cut (2 s).
	Retry time.Duration
}

func (c Config) withDefaults() Config {
	if c.NotReady == nil {
		c.NotReady = func() []string { return nil }
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Version == "" {
		c.Version = "development"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Heartbeat <= 0 {
		c.Heartbeat = 5 * time.Second
	}
	if c.Patience <= 0 {
		c.Patience = 10 * time.Second
	}
	if c.Retry <= 0 {
		c.Retry = 2 * time.Second
	}
	return c
}

// Server is the HTTP server of the engine.
type Server struct {
	config  Config
	handler http.Handler
	rights  map[string][]Role
	routes  map[call.Service]string
	limits  *limits // of those who are known
	// addressLimits are of those whom nobody knows, by where they come from: however many they are, they take nobody's place
	// who is known.
	addressLimits *limits
	open          openStreams
	looks         *lately
	refusals      *lately // of those who are known
	strangers     *lately // refusals of the others
	sessions      sessions
}

// New returns a server over the ports of its configuration.
func New(config Config) *Server {
	s := &Server{
		config: config.withDefaults(), rights: rights(), routes: routes(), limits: newLimits(config.Rate), addressLimits: newLimits(config.Rate), open: openStreams{by: map[string]map[*openStream]struct{}{}},
		looks:    writtenLately(lookAgainAfter, mostLooks),
		refusals: writtenLately(refusedAgainAfter, mostRefusals), strangers: writtenLately(refusedAgainAfter, mostStrangers),
		sessions: sessions{begun: map[string]liveSession{}, ended: map[string]time.Time{}},
	}
	mux := http.NewServeMux()
	s.register(mux)
	s.handler = s.guarded(mux)
	return s
}

// Handler is the whole API and the page, with everything that guards them, for use in another server.
func (s *Server) Handler() http.Handler { return s.handler }

const (
	headerTimeout = 10 * time.Second
	bodyTimeout   = 10 * time.Second
	answerTimeout = 30 * time.Second // for all but streams, which set a deadline for each write
	idleTimeout   = 2 * time.Minute
	stopTimeout   = 10 * time.Second
	maxHeader     = 64 << 10
)

// Run serves on a listener, which it closes, until ctx is done; then it ends all streams, lets the other requests finish
// and returns nil. Without authentication it refuses a listener beyond loopback with ErrNotLoopback.
func (s *Server) Run(ctx context.Context, listener net.Listener) error {
	if s.config.Auth == nil && !loopback(listener.Addr()) {
		return errors.Join(fmt.Errorf("listen on %s: %w", listener.Addr(), ErrNotLoopback), listener.Close())
	}
	base, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	server := &http.Server{
		Handler:           s.handler,
		BaseContext:       func(net.Listener) context.Context { return base },
		ReadHeaderTimeout: headerTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.config.Logger.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 1)
	serve := server.Serve
	if s.config.Certificate != nil {
		server.TLSConfig = s.config.Certificate.config()
		serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
	}
	go func() { served <- serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve HTTP on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	// Streams never end by themselves, and Shutdown waits for them: they have to be told first.
	stop(errStopping)
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	err := server.Shutdown(deadline)
	if err != nil {
		err = errors.Join(fmt.Errorf("stop HTTP on %s: %w", listener.Addr(), err), server.Close())
	}
	<-served
	return err
}

// Listen opens a listener that Run will take: where nobody is asked who he is, it refuses an address beyond loopback with
// ErrNotLoopback, before anybody could have connected.
func Listen(address string, auth Authentication) (net.Listener, error) {
	resolved, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	if auth == nil && !loopback(resolved) {
		return nil, fmt.Errorf("listen on %s: %w", address, ErrNotLoopback)
	}
	return net.ListenTCP("tcp", resolved)
}

func loopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
