package asterisk

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection"
)

// Why a connection does not come about, or ends.
var (
	// ErrLoginRefused: the switch does not know the user, or the secret is wrong. See LoginError.
	ErrLoginRefused = errors.New("login refused")
	// ErrNoBanner: what answers at the address is not the manager of an Asterisk.
	ErrNoBanner = errors.New("no AMI banner")
)

// LoginError is ErrLoginRefused with what the switch said.
type LoginError struct {
	Username string
	Message  string
}

func (e *LoginError) Error() string {
	return fmt.Sprintf("%v for user %q: %s", ErrLoginRefused, e.Username, e.Message)
}

// Is makes it ErrLoginRefused.
func (e *LoginError) Is(target error) bool { return target == ErrLoginRefused }

// client is one connection to a manager, a connection.Session. It sends actions and finds the answers to them; whoever
// reads from it passes on every block that may be an answer.
type client struct {
	config  Config
	nextID  func() string
	version string // of AMI
	conn    net.Conn
	frames  *FrameReader
	first   []Frame       // what came during the login
	heard   atomic.Int64  // when bytes last came in, Unix nanoseconds
	patient time.Duration // how long a read waits; 0: for ever. Of the reading goroutine.

	writing sync.Mutex

	mu      sync.Mutex
	waiting map[string]chan Response // by ActionID
	closed  bool
	done    chan struct{}
}

// dial connects to the switch and logs in.
func dial(ctx context.Context, config Config, nextID func() string) (*client, error) {
	c, err := open(ctx, config)
	if err != nil {
		return nil, err
	}
	c.nextID = nextID
	defer context.AfterFunc(ctx, c.HangUp)()
	if c.version, c.first, err = c.login(nextID()); err != nil {
		c.HangUp()
		return nil, err
	}
	return c, nil
}

// open connects to the switch. The connection has yet to be logged in.
func open(ctx context.Context, config Config) (*client, error) {
	ctx, cancel := context.WithTimeout(ctx, config.DialTimeout)
	defer cancel()
	connect := config.Dial
	if connect == nil {
		connect = new(net.Dialer).DialContext
	}
	conn, err := connect(ctx, "tcp", config.address())
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	if config.TLS {
		settings := config.TLSConfig.Clone()
		if settings == nil {
			settings = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		if settings.ServerName == "" {
			settings.ServerName = config.Host
		}
		secured := tls.Client(conn, settings)
		if err := secured.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, fmt.Errorf("connect: %w", err)
		}
		conn = secured
	}
	c := &client{config: config, conn: conn, waiting: map[string]chan Response{}, done: make(chan struct{})}
	c.frames = NewFrameReader(c)
	return c, nil
}

// Read reads from the connection for the frame reader, and keeps the time.
func (c *client) Read(p []byte) (int, error) {
	if c.patient > 0 {
		if err := c.conn.SetReadDeadline(time.Now().Add(c.patient)); err != nil {
			return 0, err
		}
	}
	n, err := c.conn.Read(p)
	if n > 0 {
		c.heard.Store(time.Now().UnixNano())
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = connection.ErrSilent
	}
	return n, err
}

// login waits for the banner and logs in. It returns the version in the banner and the frames that came up to the answer,
// the answer among them.
func (c *client) login(id string) (version string, frames []Frame, err error) {
	if err := c.conn.SetDeadline(time.Now().Add(c.config.LoginTimeout)); err != nil {
		return "", nil, fmt.Errorf("login: %w", err)
	}
	first, err := c.frames.Next()
	if err != nil {
		return "", nil, fmt.Errorf("login: %w: %w", ErrNoBanner, unexpected(err))
	}
	if first.Kind != FrameBanner {
		return "", nil, fmt.Errorf("login: %w", ErrNoBanner)
	}
	login := NewAction("Login", "Username", c.config.Username, "Secret", c.config.Secret, "Events", "on")
	if err := c.send(id, login); err != nil {
		return "", nil, fmt.Errorf("login: %w", err)
	}
	for len(frames) < c.config.Limits.QueuePieces {
		frame, err := c.frames.Next()
		if err != nil {
			return "", nil, fmt.Errorf("login: %w", unexpected(err))
		}
		frames = append(frames, frame)
		answer, err := ParseBlock(frame.Raw)
		if err != nil || frame.Kind != FrameBlock || answer.Event() != "" || answer.ActionID() != id {
			continue
		}
		if response := (Response{answer}); !response.Succeeded() {
			return "", nil, &LoginError{Username: c.config.Username, Message: response.Message()}
		}
		c.patient = c.config.PingInterval + c.config.PingTimeout
		return first.Version(), frames, c.conn.SetDeadline(time.Time{})
	}
	return "", nil, fmt.Errorf("login: no answer among %d blocks", len(frames))
}

// Version is that of AMI, from the banner.
func (c *client) Version() string { return c.version }

// Next returns the next frame, beginning with what came during the login.
func (c *client) Next() (Frame, error) {
	if len(c.first) > 0 {
		frame := c.first[0]
		c.first = c.first[1:]
		return frame, nil
	}
	frame, err := c.frames.Next()
	if err == nil && frame.Kind == FrameIncomplete && c.hungUp() {
		return c.frames.Next() // what it is part of is not the switch's fault
	}
	return frame, err
}

// Talk asks for the snapshot, and then, whenever nothing came for a while, whether the switch is still there.
func (c *client) Talk(ctx context.Context) error {
	for _, action := range snapshotActions() {
		if err := c.send(c.nextID(), action); err != nil {
			return err
		}
	}
	timer := time.NewTimer(c.config.PingInterval)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		wait := c.config.PingInterval - c.silence()
		if wait <= 0 {
			if err := c.send(c.nextID(), Action{Name: "Ping"}); err != nil {
				return err
			}
			wait = c.config.PingInterval
		}
		timer.Reset(wait)
	}
}

// unexpected makes the end of the stream an error that says so where it is printed.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// send sends an action without waiting for its answer.
func (c *client) send(id string, a Action) error {
	text, err := a.encode(id)
	if err != nil {
		return err
	}
	if err := c.write(text); err != nil {
		return fmt.Errorf("send %s: %w", a.Name, err)
	}
	return nil
}

// write writes an action. After an error the connection is of no use any more: half an action may have been sent.
func (c *client) write(text []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.conn.SetWriteDeadline(time.Now().Add(c.config.WriteTimeout)); err != nil {
		return err
	}
	_, err := c.conn.Write(text)
	return err
}

// do sends an action and waits for its answer.
func (c *client) do(ctx context.Context, id string, a Action) (Response, error) {
	text, err := a.encode(id)
	if err != nil {
		return Response{}, err
	}
	if err := ctx.Err(); err != nil {
		return Response{}, fmt.Errorf("%s: %w", a.Name, err)
	}
	answer, ok := c.await(id)
	if !ok {
		return Response{}, fmt.Errorf("%s: %w", a.Name, connection.ErrNotConnected)
	}
	defer c.forget(id)
	if err := c.write(text); err != nil {
		c.conn.Close() // the reader notices
		return Response{}, fmt.Errorf("%s: %w: %w", a.Name, connection.ErrAnswerLost, err)
	}
	select {
	case response := <-answer:
		if !response.Succeeded() {
			return response, &ActionError{Action: a.Name, Message: response.Message()}
		}
		return response, nil
	case <-c.done:
		return Response{}, fmt.Errorf("%s: %w", a.Name, connection.ErrAnswerLost)
	case <-ctx.Done():
		return Response{}, fmt.Errorf("%s: %w", a.Name, ctx.Err())
	}
}

// await tells where the answer to an action will come.
func (c *client) await(id string) (<-chan Response, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, false
	}
	answer := make(chan Response, 1)
	c.waiting[id] = answer
	return answer, true
}

func (c *client) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, id)
}

// answer passes a block to whoever waits for it.
func (c *client) answer(b Block) {
	if b.Event() != "" {
		return
	}
	id := b.ActionID()
	c.mu.Lock()
	defer c.mu.Unlock()
	if waiting, ok := c.waiting[id]; ok {
		delete(c.waiting, id)
		waiting <- Response{b}
	}
}

// HangUp closes the connection; whoever waits for an answer is told.
func (c *client) HangUp() {
	c.conn.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.closed = true
		close(c.done)
	}
}

func (c *client) hungUp() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

func (c *client) silence() time.Duration {
	return time.Duration(time.Now().UnixNano() - c.heard.Load())
}
