package features_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/callstate/callstate/adapters/switches/playback"
)

// recordedSwitch is a fake switch that says what a real one said in a recorded session, as far as it is told to. It says
// nothing before somebody listens.
type recordedSwitch struct {
	kind    *kindOfSwitch
	server  *playback.Server
	network *cuttable
	close   func()

	steps chan *step
	step  *step // the one that is being played

	mu   sync.Mutex
	told []string // what it was to do
}

// step is a stretch of a recording, up to and including what has all these signs in it.
type step struct {
	signs []string      // none: as far as blocks says
	left  int           // blocks; less than 0: to the end
	seen  bool          // the last of it is being told
	over  chan struct{} // closed when that has been told
}

const recordedSecret = "recorded"

// startRecordedSwitch starts a switch that says nothing yet.
func startRecordedSwitch(kind *kindOfSwitch, path string) (*recordedSwitch, error) {
	recording, err := openRecorded(path)
	if err != nil {
		return nil, err
	}
	defer recording.Close()
	told, err := kind.read(recording)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &recordedSwitch{kind: kind, network: &cuttable{Listener: listener, open: map[net.Conn]bool{}}, steps: make(chan *step, 1)}
	s.server, err = playback.NewServer(s.network, told, playback.Options{Username: kind.user, Secret: recordedSecret, Hold: s.hold, Do: s.do})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.server.Run(ctx) })
	s.close = func() {
		cancel()
		running.Wait()
	}
	return s, nil
}

func (s *recordedSwitch) port() int { return s.network.Addr().(*net.TCPAddr).Port }

// do takes whatever it is told. What comes of it is in the recording, where it is to come.
func (s *recordedSwitch) do(request string) bool {
	if !slices.ContainsFunc(s.kind.does, func(name string) bool { return strings.HasPrefix(request, name) }) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, request)
	return true
}

// takeTold is what it was told since it was last asked.
func (s *recordedSwitch) takeTold() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	told := s.told
	s.told = nil
	return told
}

// hold lets a recording go on as far as the steps say.
func (s *recordedSwitch) hold(ctx context.Context, text string) error {
	for s.step == nil || s.step.seen {
		if s.step != nil {
			close(s.step.over)
		}
		select {
		case s.step = <-s.steps:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if s.step.left--; len(s.step.signs) == 0 {
		s.step.seen = s.step.left == 0
	} else {
		s.step.seen = containsAll(text, s.step.signs)
	}
	return nil
}

// goOn has the recording go on by a step, and returns what waits until that is over and says whether the step was.
func (s *recordedSwitch) goOn(next *step) (wait func() (bool, error)) {
	next.over = make(chan struct{})
	select {
	case s.steps <- next:
	case <-s.server.Done():
	}
	return func() (bool, error) {
		select {
		case <-next.over:
			return true, nil
		case <-s.server.Done():
			return next.seen, nil
		case <-time.After(patience):
			return false, fmt.Errorf("nobody has listened up to %+v", next)
		}
	}
}

// begin has the recording go on, once somebody listens, until something has happened, and returns what waits for that.
func (s *recordedSwitch) begin(what happening, who ...string) (wait func() error) {
	signs := s.kind.signsOf(what, who...)
	over := s.goOn(&step{signs: signs})
	return func() error {
		seen, err := over()
		if err == nil && !seen {
			err = fmt.Errorf("the recording has nothing more with %q", signs)
		}
		return err
	}
}

// playUntil has the recording go on until something has happened.
func (s *recordedSwitch) playUntil(what happening, who ...string) error {
	return s.begin(what, who...)()
}

// play plays so many blocks more, and says whether there are any left.
func (s *recordedSwitch) play(blocks int) (bool, error) { return s.goOn(&step{left: blocks})() }

// playRest plays what is left.
func (s *recordedSwitch) playRest() error {
	_, err := s.play(-1)
	return err
}

func containsAll(block string, texts []string) bool {
	for _, text := range texts {
		if !strings.Contains(block, text) {
			return false
		}
	}
	return true
}

// cuttable is a listener whose connections can be cut.
type cuttable struct {
	net.Listener

	mu     sync.Mutex
	broken bool // nobody can reach the switch
	open   map[net.Conn]bool
}

// connection is one of them, until the switch closes it.
type connection struct {
	net.Conn
	of *cuttable
}

// Close closes the connection.
func (c connection) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c.Conn)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// Accept returns the next connection that gets through.
func (c *cuttable) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c.mu.Lock()
		broken := c.broken
		if !broken {
			c.open[conn] = true
		}
		c.mu.Unlock()
		if !broken {
			return connection{conn, c}, nil
		}
		conn.Close()
	}
}

// links is how many connections there are.
func (c *cuttable) links() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open)
}

// cut cuts every connection, and lets nobody in until mend. What is played meanwhile nobody hears.
func (c *cuttable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = true
	for conn := range c.open {
		conn.Close()
	}
}

func (c *cuttable) mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = false
}
