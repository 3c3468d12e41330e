package playback

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"slices"
	"sync"
	"time"
)

// Options say how a recording is played. The zero value plays it once, as fast as it happened, with its own times, for
// everybody who can connect.
type Options struct {
	// Username and Secret that clients must log in with. No Username, and for an event socket no Secret: anyone may.
	Username, Secret string
	// Speed is how many times faster than it happened; 0 is 1.
	Speed float64
	// Hold sets the pace instead of Speed, where it is not nil: it is called with what the switch is about to tell, as it was
	// recorded, and returns when that may happen, or the error of ctx. In between the clock of the switch stands still,
	// between what it told last and what comes next.
	Hold func(ctx context.Context, text string) error
	// Do takes what a client asks that is to change something, as it was written, where it is not nil, and says whether it is
	// answered as done. What comes of it is what the recording tells, and nothing else. Where it is nil, and for all that it
	// does not take, the answer is that this is a recording.
	Do func(request string) bool
	// Redate moves the session in time, as if it happened now. Ids that are made of times are then new each time.
	Redate bool
	// Loop plays the session again and again, with LoopPause between (5 s). Without Redate it is the same calls again.
	Loop      bool
	LoopPause time.Duration
	// WriteTimeout is how long a client may take to read before it is cut off, as writetimeout in manager.conf (2 s).
	WriteTimeout time.Duration
	// MaxUnread is how many bytes may wait for one client before it is cut off (64 MiB).
	MaxUnread int
	// Log may be nil.
	Log *slog.Logger
}

// validate says everything that is wrong with the options, and fills in defaults.
func (o *Options) validate() error {
	var errs []error
	if !(o.Speed >= 0) || math.IsInf(o.Speed, 1) {
		errs = append(errs, fmt.Errorf("speed %v is not a positive number", o.Speed))
	}
	if o.LoopPause < 0 || o.WriteTimeout < 0 || o.MaxUnread < 0 {
		errs = append(errs, errors.New("a duration or size is negative"))
	}
	if o.Speed == 0 {
		o.Speed = 1
	}
	if o.LoopPause == 0 {
		o.LoopPause = 5 * time.Second
	}
	if o.WriteTimeout == 0 {
		o.WriteTimeout = 2 * time.Second
	}
	if o.MaxUnread == 0 {
		o.MaxUnread = 64 << 20
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return errors.Join(errs...)
}

// Server plays a recording for all who connect to its listener.
type Server struct {
	options   Options
	listener  net.Listener
	recording *Recording
	begun     chan struct{} // closed at the first login
	done      chan struct{}

	mu       sync.Mutex
	sw       fake
	pace     pace
	played   time.Duration // into the recording, where Hold sets the pace
	coming   time.Duration // when the next thing happens there
	redating *redating     // nil without Redate
	lost     bool          // in the recording, nobody could connect
	clients  []*client
	stopped  bool
}

// NewServer returns a server on a listener, which Run will close. Beyond loopback it must have a username.
func NewServer(listener net.Listener, recording *Recording, options Options) (*Server, error) {
	if err := options.validate(); err != nil {
		return nil, fmt.Errorf("playback: %w", err)
	}
	s := &Server{
		options: options, listener: listener, recording: recording,
		begun: make(chan struct{}), done: make(chan struct{}),
	}
	s.sw = recording.newFake(options, s.now().Add(-uptimeBefore))
	if tcp, ok := listener.Addr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() && s.sw.anybody() {
		return nil, fmt.Errorf("playback: listening on %s, beyond this machine, needs a username and secret", tcp)
	}
	return s, nil
}

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Done is closed when the session has been played to its end, the first time if it is looped. The server goes on
// answering until Run ends.
func (s *Server) Done() <-chan struct{} { return s.done }

// Run serves until ctx ends, and then returns nil once all connections are closed. It returns an error when the listener
// fails. It may be called once.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var children sync.WaitGroup
	children.Go(func() { cancel(s.accept(ctx, &children)) })
	children.Go(func() { s.play(ctx) })
	<-ctx.Done()
	s.listener.Close()
	s.mu.Lock()
	s.stopped = true
	s.hangUpAll()
	s.mu.Unlock()
	children.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("playback: %w", err)
	}
	return nil
}

func (s *Server) accept(ctx context.Context, children *sync.WaitGroup) error {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		c := newClient(s, conn)
		s.mu.Lock()
		var greeting string
		greeting, c.dialogue = s.sw.connect()
		if s.lost || s.stopped {
			s.mu.Unlock()
			conn.Close()
			continue
		}
		s.clients = append(s.clients, c)
		s.mu.Unlock()
		c.out.Push(greeting, 0)
		children.Go(c.write)
		children.Go(c.read)
	}
}

// act answers a request of a client; it returns whether that is logged in. The answer takes its place among the events:
// it is true between the one before and the one after.
func (s *Server) act(c *client, request string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := c.dialogue.answer(request, s.now())
	if r.loggedIn && s.pace.start.IsZero() {
		s.begin()
		close(s.begun)
	}
	c.send(r.text)
	if r.goodbye {
		c.finish()
	}
	return r.loggedIn
}

// now is the time on the clock of the switch.
func (s *Server) now() time.Time {
	switch {
	case s.options.Redate:
		return time.Now()
	case s.pace.start.IsZero():
		return s.recording.first
	case s.options.Hold != nil:
		return s.recording.first.Add(s.played + min(100*time.Millisecond, (s.coming-s.played)/2))
	}
	return s.recording.first.Add(s.pace.position(time.Now()))
}

// begin starts a pass of the session now. What the switch had before the first event is known at once.
func (s *Server) begin() {
	s.pace = pace{start: time.Now(), speed: s.options.Speed}
	if s.options.Redate {
		s.redating = newRedating(&s.recording.timeline, s.pace, s.redating)
	}
	for _, m := range s.recording.moments {
		if m.kind == momentTold {
			break
		}
		s.happen(m)
	}
}

// play plays the session from the first login on.
func (s *Server) play(ctx context.Context) {
	select {
	case <-s.begun:
	case <-ctx.Done():
		return
	}
	for pass := 1; ; pass++ {
		s.mu.Lock()
		p := s.pace
		s.mu.Unlock()
		err := s.recording.play(ctx, s.waiter(p), func(m moment) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.played = m.at
			s.happen(m)
		})
		if err != nil {
			return
		}
		if pass == 1 {
			close(s.done)
		}
		s.options.Log.Info("recorded session was played to its end", "pass", pass)
		if !s.options.Loop || sleep(ctx, s.options.LoopPause) != nil {
			return
		}
		s.mu.Lock()
		if s.sw.calling() { // the recording ends in the middle of calls: the switch starts anew without them
			s.sw.hangUpAll()
			s.hangUpAll()
		}
		s.begin()
		s.mu.Unlock()
	}
}

// waiter waits until a moment of the recording may happen.
func (s *Server) waiter(p pace) func(context.Context, moment) error {
	if s.options.Hold != nil {
		return func(ctx context.Context, m moment) error {
			s.mu.Lock()
			s.coming = m.at
			s.mu.Unlock()
			return s.options.Hold(ctx, m.text)
		}
	}
	return func(ctx context.Context, m moment) error { return sleep(ctx, time.Until(p.due(m.at))) }
}

// happen lets a moment be now.
func (s *Server) happen(m moment) {
	switch m.kind {
	case momentLost:
		s.lost = true
		s.hangUpAll()
		s.sw.hangUpAll() // the answers that follow tell what there is now
		return
	case momentBack:
		s.lost = false
		return
	}
	text := m.text
	if s.redating != nil {
		text = s.sw.redate(s.redating, text)
	}
	if m.kind == momentAnswered {
		s.sw.answered(text, s.now())
		return
	}
	s.sw.told(text)
	for _, c := range s.clients {
		c.send(c.dialogue.hears(text))
	}
	if s.sw.closes(text) {
		for _, c := range s.clients {
			c.finish()
		}
	}
}

func (s *Server) hangUpAll() {
	for _, c := range s.clients {
		c.conn.Close()
	}
}

func (s *Server) forget(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients = slices.DeleteFunc(s.clients, func(other *client) bool { return other == c })
}
