package asterisk

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
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
	*connection.Socket
	config  Config
	nextID  func() string
	version string // of AMI
	frames  *FrameReader
	first   []Frame // what came during the login

	mu      sync.Mutex
	waiting map[string]chan Response // by ActionID
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
	ctx, cancel := context.WithTimeout(ctx, config.Limits.DialTimeout)
	defer cancel()
	connect := config.Dial
	if connect == nil {
		connect = new(net.Dialer).DialContext
	}
	conn, err := connect(ctx, "tcp", config.Address())
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
	socket, err := connection.NewSocket(conn, config.Limits.WriteTimeout, time.Now().Add(config.Limits.LoginTimeout))
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("login: %w", err)
	}
	return &client{Socket: socket, config: config, frames: NewFrameReader(socket), waiting: map[string]chan Response{}}, nil
}

// login waits for the banner and logs in. It returns the version in the banner and the frames that came up to the answer,
// the answer among them.
func (c *client) login(id string) (version string, frames []Frame, err error) {
	first, err := c.frames.Next()
	if err != nil {
		return "", nil, fmt.Errorf("login: %w: %w", ErrNoBanner, connection.Unexpected(err))
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
			return "", nil, fmt.Errorf("login: %w", connection.Unexpected(err))
		}
		frames = append(frames, frame)
		answer, err := ParseBlock(frame.Raw)
		if err != nil || frame.Kind != FrameBlock || answer.Event() != "" || answer.ActionID() != id {
			continue
		}
		if response := (Response{answer}); !response.Succeeded() {
			return "", nil, &LoginError{Username: c.config.Username, Message: response.Message()}
		}
		return first.Version(), frames, c.LoggedIn(c.config.Limits.PingInterval + c.config.Limits.PingTimeout)
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
	if err == nil && frame.Kind == FrameIncomplete && c.HungUp() {
		return c.frames.Next() // what it is part of is not the switch's fault
	}
	return frame, err
}

// Talk asks for the snapshot, and then, whenever nothing came for a while, whether the switch is still there.
func (c *client) Talk(ctx context.Context) error {
	snapshot := func() error {
		for _, action := range snapshotActions() {
			if err := c.send(c.nextID(), action); err != nil {
				return err
			}
		}
		return nil
	}
	return c.Ask(ctx, c.config.Limits.PingInterval, snapshot, func() error { return c.send(c.nextID(), Action{Name: "Ping"}) })
}

// send sends an action without waiting for its answer.
func (c *client) send(id string, a Action) error {
	text, err := a.encode(id)
	if err != nil {
		return err
	}
	if err := c.Send(text, nil); err != nil {
		return fmt.Errorf("send %s: %w", a.Name, err)
	}
	return nil
}

// do sends an action and waits for its answer.
func (c *client) do(ctx context.Context, id string, a Action) (Response, error) {
	text, err := a.encode(id)
	if err != nil {
		return Response{}, err
	}
	if err := ctx.Err(); err != nil {
		return Response{}, fmt.Errorf("%s: %w: %w", a.Name, connection.ErrNotSent, err)
	}
	if c.HungUp() {
		return Response{}, fmt.Errorf("%s: %w", a.Name, connection.ErrNotConnected)
	}
	answer := c.await(id)
	defer c.forget(id)
	if err := c.Send(text, nil); err != nil {
		c.HangUp()
		return Response{}, fmt.Errorf("%s: %w: %w", a.Name, connection.ErrAnswerLost, err)
	}
	select {
	case response := <-answer:
		if !response.Succeeded() {
			return response, &ActionError{Action: a.Name, Message: response.Message()}
		}
		return response, nil
	case <-c.Done():
		return Response{}, fmt.Errorf("%s: %w", a.Name, connection.ErrAnswerLost)
	case <-ctx.Done():
		return Response{}, fmt.Errorf("%s: %w", a.Name, ctx.Err())
	}
}

// await tells where the answer to an action will come.
func (c *client) await(id string) <-chan Response {
	c.mu.Lock()
	defer c.mu.Unlock()
	answer := make(chan Response, 1)
	c.waiting[id] = answer
	return answer
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
