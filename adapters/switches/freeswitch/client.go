package freeswitch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/google/uuid"
)

// Why a connection does not come about.
var (
	// ErrLoginRefused: the password is wrong, or the user is not known. See LoginError.
	ErrLoginRefused = errors.New("login refused")
	// ErrAccessDenied: the access list of the event socket does not have our address (apply-inbound-acl).
	ErrAccessDenied = errors.New("access denied by the switch's access list")
	// ErrNoAuthRequest: what answers at the address is not the event socket of a FreeSWITCH.
	ErrNoAuthRequest = errors.New("no auth/request")
)

// LoginError is ErrLoginRefused with what the switch said.
type LoginError struct {
	User    string // empty: none was given, only the password
	Message string
}

func (e *LoginError) Error() string {
	if e.User == "" {
		return fmt.Sprintf("%v: %s", ErrLoginRefused, e.Message)
	}
	return fmt.Sprintf("%v for user %q: %s", ErrLoginRefused, e.User, e.Message)
}

// Is makes it ErrLoginRefused.
func (e *LoginError) Is(target error) bool { return target == ErrLoginRefused }

// client is one connection to an event socket, a connection.Session. It sends commands and finds the answers to them;
// whoever reads from it passes on every frame, in order.
type client struct {
	*connection.Socket
	config Config
	frames *FrameReader
	first  []Frame // what came during the login
	bye    bool    // the switch has said that it closes the connection

	mu   sync.Mutex
	sent []question               // the commands not yet answered, in their order; the answers have no ids
	jobs map[string]chan answered // by Job-UUID: who waits for the result of a command in the background
}

// question is a command that was sent.
type question struct {
	answer  chan answered
	request bool // somebody waits for its answer; else that is for the interpreter
}

// answered is an answer, or why there is none.
type answered struct {
	reply Reply
	err   error
}

// dial connects to the switch, logs in and subscribes.
func dial(ctx context.Context, config Config) (*client, error) {
	connect := config.Dial
	if connect == nil {
		connect = new(net.Dialer).DialContext
	}
	dialling, cancel := context.WithTimeout(ctx, config.Limits.DialTimeout)
	defer cancel()
	conn, err := connect(dialling, "tcp", config.Address())
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	socket, err := connection.NewSocket(conn, config.Limits.WriteTimeout, time.Now().Add(config.Limits.LoginTimeout))
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("login: %w", err)
	}
	c := &client{Socket: socket, config: config, frames: NewFrameReader(socket), jobs: map[string]chan answered{}}
	defer context.AfterFunc(ctx, c.HangUp)()
	if err := c.login(); err != nil {
		c.HangUp()
		return nil, fmt.Errorf("login: %w", err)
	}
	return c, nil
}

// login waits to be asked for the password and sends it, and subscribes to all events. All, and not only those that are
// translated: the events that are kept from us leave holes in the row of Event-Sequence, and the fewer there are, the
// better can a hole be told from a loss.
func (c *client) login() error {
	hello, err := c.frames.Next()
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrNoAuthRequest, connection.Unexpected(err))
	case hello.ContentType == accessRejected:
		return ErrAccessDenied
	case hello.ContentType != authRequest:
		return ErrNoAuthRequest
	}
	auth := Socket("auth " + c.config.Password)
	if c.config.User != "" {
		auth = Socket("userauth " + c.config.User + ":" + c.config.Password)
	}
	switch reply, err := c.ask(auth); {
	case err != nil:
		return err
	case !reply.Succeeded():
		return &LoginError{User: c.config.User, Message: reply.Text()}
	}
	subscription := Socket("event plain ALL")
	if c.config.JSON {
		subscription = Socket("event json ALL")
	}
	switch reply, err := c.ask(subscription); {
	case err != nil:
		return err
	case !reply.Succeeded():
		return &CommandError{Command: subscription.String(), Message: reply.Text()}
	}
	return c.LoggedIn(c.config.Limits.PingInterval + c.config.Limits.PingTimeout)
}

// ask sends a command of the login and reads up to its answer. What is read is kept for Next.
func (c *client) ask(command Command) (Reply, error) {
	if err := c.send(command); err != nil {
		return Reply{}, err
	}
	for len(c.first) < c.config.Limits.QueuePieces {
		frame, err := c.frames.Next()
		if err != nil {
			return Reply{}, connection.Unexpected(err)
		}
		c.first = append(c.first, frame)
		if frame.ContentType == commandReply {
			e, err := ParseEvent(frame)
			return Reply{e}, err
		}
	}
	return Reply{}, fmt.Errorf("no answer among %d blocks", len(c.first))
}

// Version is empty: the login does not tell it.
func (c *client) Version() string { return "" }

// Next returns the next frame, beginning with what came during the login. The notice that the switch disconnects is the
// last.
func (c *client) Next() (Frame, error) {
	if len(c.first) > 0 {
		frame := c.first[0]
		c.first = c.first[1:]
		return frame, nil
	}
	if c.bye {
		return Frame{}, io.EOF
	}
	frame, err := c.frames.Next()
	if err == nil && frame.Kind == FrameIncomplete && c.HungUp() {
		return c.frames.Next() // what it is part of is not the switch's fault
	}
	c.bye = frame.ContentType == disconnectNotice
	return frame, err
}

// Talk asks for the snapshot, and then, whenever nothing came for a while, whether the switch is still there.
func (c *client) Talk(ctx context.Context) error {
	return c.Ask(ctx, c.config.Limits.PingInterval, func() error { return c.askSnapshot(ctx) }, func() error { return c.send(API("status")) })
}

func (c *client) askSnapshot(ctx context.Context) error {
	var last <-chan answered
	for _, command := range snapshotCommands() {
		var err error
		if last, err = c.start(command, "", false); err != nil {
			return err
		}
	}
	var queues answered
	select {
	case queues = <-last:
	case <-c.Done():
	case <-ctx.Done():
	}
	for _, command := range queueCommands(queues.reply.Body) {
		if err := c.send(command); err != nil {
			return err
		}
	}
	return nil
}

// do sends a command and waits for its answer, of one in the background for its result.
func (c *client) do(ctx context.Context, command Command) (Reply, error) {
	if err := ctx.Err(); err != nil {
		return Reply{}, fmt.Errorf("%s: %w: %w", command, connection.ErrNotSent, err)
	}
	if c.HungUp() {
		return Reply{}, fmt.Errorf("%s: %w", command, connection.ErrNotConnected)
	}
	var job string
	var result <-chan answered
	if command.background {
		job = uuid.NewString()
		result = c.await(job)
		defer c.forget(job)
	}
	answer, err := c.start(command, job, true)
	if errors.Is(err, connection.ErrInvalid) {
		return Reply{}, err
	}
	if err != nil {
		c.HangUp() // the reader notices
		return Reply{}, fmt.Errorf("%w: %w", connection.ErrAnswerLost, err)
	}
	reply, err := c.wait(ctx, command, answer)
	if err == nil && command.background {
		return c.wait(ctx, command, result)
	}
	return reply, err
}

func (c *client) wait(ctx context.Context, command Command, answer <-chan answered) (Reply, error) {
	select {
	case got := <-answer:
		switch {
		case got.err != nil:
			return Reply{}, fmt.Errorf("%s: %w", command, got.err)
		case !got.reply.Succeeded():
			return got.reply, &CommandError{Command: command.String(), Message: got.reply.Text()}
		}
		return got.reply, nil
	case <-c.Done():
		return Reply{}, fmt.Errorf("%s: %w", command, connection.ErrAnswerLost)
	case <-ctx.Done():
		return Reply{}, fmt.Errorf("%s: %w", command, ctx.Err())
	}
}

// send sends a command whose answer is only for the interpreter.
func (c *client) send(command Command) error {
	_, err := c.start(command, "", false)
	return err
}

// start sends a command and tells where its answer will come. The place of the command in the row of those not yet
// answered is its own until it is answered, whether or not anybody still waits: otherwise every later command would get
// the answer to the one before it.
func (c *client) start(command Command, job string, request bool) (<-chan answered, error) {
	text, err := command.encode(job)
	if err != nil {
		return nil, err
	}
	answer := make(chan answered, 1)
	err = c.Send(text, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.sent = append(c.sent, question{answer, request})
	})
	if err != nil {
		return nil, fmt.Errorf("send %s: %w", command, err)
	}
	return answer, nil
}

func (c *client) await(job string) <-chan answered {
	c.mu.Lock()
	defer c.mu.Unlock()
	result := make(chan answered, 1)
	c.jobs[job] = result
	return result
}

func (c *client) forget(job string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.jobs, job)
}

// answer passes a frame to whoever waits for it. e is what is in the frame, if readable says that it could be read. It reports
// whether the frame was the answer to a request, which is no concern of the interpreter: "+OK" may also be a list without rows.
func (c *client) answer(f Frame, e Event, readable bool) (requested bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var waiting chan answered
	switch {
	case f.ContentType == commandReply || f.ContentType == apiResponse:
		if len(c.sent) == 0 {
			return false
		}
		waiting, requested = c.sent[0].answer, c.sent[0].request
		c.sent = c.sent[1:]
	case e.Name() == "BACKGROUND_JOB":
		job := e.Get("Job-UUID")
		if waiting = c.jobs[job]; waiting == nil {
			return false
		}
		delete(c.jobs, job)
	default:
		return false
	}
	if !readable {
		waiting <- answered{err: ErrUnreadable}
	} else {
		waiting <- answered{reply: Reply{e}}
	}
	return requested
}
