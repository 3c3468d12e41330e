package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"
)

// Update is one step of a feed: what an agent's desktop shows now, and what brought it there.
type Update struct {
	Desktop  Desktop
	Position uint64 // of the log, up to which this is so
	// Type is the event that changed it ("PartyAlerting"), At when that happened on the switch's clock. Type is empty where
	// nothing changed: after a heartbeat, and where all was sent anew, at the begin or because what was missed is not known
	// any more.
	Type          string
	At            time.Time
	Notifications []Notification // what the agent's DN was told by the event
	// Coalesced is how many events these are where they are several, which the engine tells to a client that has fallen behind.
	// Type and At are the last one's, Notifications those of all.
	Coalesced int
	// Lost is why the Desktop may not be up to date: the connection is lost, the engine is not ready, or the state was found
	// wrong and is fetched anew. nil: it is proven to be right.
	Lost error
}

// Why a feed is lost, but for errors of the connection.
var (
	ErrSilent = errors.New("the engine does not answer")
	ErrWrong  = errors.New("what was received is not what the engine has; it is fetched anew")
	ErrEnded  = errors.New("the engine has ended the stream")
)

// NotReadyError is why the engine is not ready to be used.
type NotReadyError struct{ Reasons []string }

// Error is the reasons.
func (e *NotReadyError) Error() string { return "not ready: " + strings.Join(e.Reasons, "; ") }

// Follow yields what an agent's desktop shows: all of it first, and then after each change, in order and none left out, however often
// the connection is lost or the engine started anew in between. It comes back by itself. It ends, with an error, when ctx does or
// when the engine says that it will never be otherwise (*Error with a status of 400 to 499, but for 408 and 429).
func (c *Client) Follow(ctx context.Context, agent string) iter.Seq2[Update, error] {
	return func(yield func(Update, error) bool) {
		f := &feed{client: c, agent: agent, yield: yield}
		for wait := c.retry(); ; wait = min(2*wait, 15*c.retry()) {
			f.proven = false
			err := f.connect(ctx)
			if said, ok := errors.AsType[*Error](err); ok && said.Status < 500 && said.Status != http.StatusTooManyRequests && said.Status != http.StatusRequestTimeout {
				yield(Update{}, err)
				return
			}
			if err == nil || ctx.Err() != nil {
				if err != nil {
					yield(Update{}, ctx.Err())
				}
				return
			}
			if f.proven {
				wait = c.retry()
			}
			if !f.tell(Update{Lost: err}) {
				return
			}
			select {
			case <-time.After(wait):
			case <-ctx.Done():
			}
		}
	}
}

func (c *Client) retry() time.Duration {
	if c.Retry > 0 {
		return c.Retry
	}
	return time.Second
}

func (c *Client) silence() time.Duration {
	if c.Silence > 0 {
		return c.Silence
	}
	return 15 * time.Second
}

// feed follows one agent's desktop.
type feed struct {
	client *Client
	agent  string
	yield  func(Update, error) bool

	state    desktop
	position uint64
	known    bool // there is a state to go on from
	proven   bool // on this connection
}

// tell yields an update of the state as it is.
func (f *feed) tell(u Update) bool {
	u.Desktop, u.Position = f.state.shown(), f.position
	return f.yield(u, nil)
}

// connect follows one connection until it ends; nil: nobody wants to know more.
func (f *feed) connect(ctx context.Context) error {
	ctx, cut := context.WithCancelCause(ctx)
	defer cut(nil)
	silent := time.AfterFunc(f.client.silence(), func() { cut(ErrSilent) })
	defer silent.Stop()
	path := agentPath(f.agent, "/stream")
	if f.known {
		path += fmt.Sprintf("?after=%d", f.position)
	}
	response, err := f.client.send(ctx, http.MethodGet, path, http.Header{"Accept": {"text/event-stream"}}, nil)
	if err == nil {
		defer response.Body.Close()
		for event, data := range messages(response.Body, &err) {
			silent.Reset(f.client.silence())
			var more bool
			if more, err = f.take(event, data); !more || err != nil {
				return err
			}
		}
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err == nil {
		err = ErrEnded
	}
	return err
}

// messages yields the server-sent events of a stream. A comment is one without a name.
func messages(body io.Reader, err *error) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		lines := bufio.NewReader(body)
		var event string
		var data []byte
		for {
			line, failed := lines.ReadString('\n')
			if failed != nil {
				if !errors.Is(failed, io.EOF) {
					*err = failed
				}
				return
			}
			name, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
			value = strings.TrimPrefix(value, " ")
			switch {
			case name == "event":
				event = value
			case name == "data":
				if data != nil {
					data = append(data, '\n')
				}
				data = append(data, value...)
			case name == "" && value == "": // the message ends
				if !yield(event, data) {
					return
				}
				event, data = "", nil
			}
		}
	}
}

// frame is a message of the feed. Items stay as they came, because the hash is made of all that they have.
type frame struct {
	Position uint64 `json:"position"`
	Desktop  *struct {
		Agent json.RawMessage   `json:"agent"`
		Calls []json.RawMessage `json:"calls"`
	} `json:"desktop"`
	Change *struct {
		Type          string            `json:"type"`
		At            time.Time         `json:"at"`
		Agents        []json.RawMessage `json:"agents"`
		Calls         []json.RawMessage `json:"calls"`
		Gone          []string          `json:"gone"`
		Notifications []Notification    `json:"notifications"`
		Coalesced     int               `json:"coalesced"`
	} `json:"change"`
	Hash     string   `json:"hash"`
	NotReady []string `json:"notReady"`
}

// take takes in a message; more is false when nobody wants to know more.
func (f *feed) take(event string, data []byte) (more bool, err error) {
	if event != "snapshot" && event != "change" && event != "heartbeat" {
		return true, nil // a snapshot follows a reset; and what a newer engine says
	}
	var m frame
	if err := json.Unmarshal(data, &m); err != nil {
		return false, fmt.Errorf("%s: %w", event, err)
	}
	var u Update
	switch {
	case event == "heartbeat" && m.Hash == "":
		if len(m.NotReady) == 0 {
			return true, nil
		}
		return f.tell(Update{Lost: &NotReadyError{m.NotReady}}), nil
	case event == "snapshot" && m.Desktop != nil:
		f.state = desktop{}
		err = f.state.put([]json.RawMessage{m.Desktop.Agent}, m.Desktop.Calls, nil)
	case event == "change" && m.Change != nil:
		if m.Position <= f.position {
			return true, nil
		}
		u = Update{Type: m.Change.Type, At: m.Change.At, Notifications: m.Change.Notifications, Coalesced: m.Change.Coalesced}
		err = f.state.put(m.Change.Agents, m.Change.Calls, m.Change.Gone)
	}
	if err != nil {
		return false, fmt.Errorf("%s at %d: %w", event, m.Position, err)
	}
	if f.state.hash() != m.Hash {
		f.known = false
		return false, ErrWrong
	}
	f.position, f.known, f.proven = m.Position, true, true
	if len(m.NotReady) > 0 {
		u.Lost = &NotReadyError{m.NotReady}
	}
	return f.tell(u), nil
}
