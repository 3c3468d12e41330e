package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"sync"
	"time"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections/floor"
	"github.com/danielgtaylor/huma/v2"
)

// stream registers a feed of the floor; where its path names an agent, that of the agent's desktop.
func (s *Server) stream(mux *http.ServeMux, api huma.API, op huma.Operation) {
	op.Description = "Server-sent events. The event is `snapshot`, `change`, `heartbeat` or `reset`, its data a Frame, its id the position in the log. " +
		"After `reset` comes a `snapshot` that replaces all that was known. With its hash a client proves that what it has is right. " +
		"A client that reads too slowly is told several changes as one; one for which that is not enough is cut, and should come back with its last id. " +
		"A stream ends with the session or the token with which it was opened."
	describeStream(api, op)
	mux.HandleFunc(op.Method+" "+op.Path, s.follow)
}

// describeStream adds an operation whose answer is a stream of frames.
func describeStream(api huma.API, op huma.Operation, problems ...int) {
	op.Tags = []string{tagFloor}
	op.Parameters = append(op.Parameters,
		&huma.Param{Name: "Last-Event-ID", In: "header", Description: "The id of the last message that was seen: go on after it", Schema: &huma.Schema{Type: huma.TypeString}},
		&huma.Param{Name: "after", In: "query", Description: "The same, for clients that cannot set the header", Schema: &huma.Schema{Type: huma.TypeString}})
	op.Responses = problemResponses(api, problems...)
	frame := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[message](), true, "Frame")
	op.Responses["200"] = &huma.Response{Description: "The stream", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: frame}}}
	api.OpenAPI().AddOperation(&op)
}

// follow serves one client of a feed until either side ends it.
func (s *Server) follow(w http.ResponseWriter, r *http.Request) {
	ctx, cut := context.WithCancelCause(r.Context())
	defer cut(nil)
	feed := s.begin(w, r, cut)
	if feed == nil {
		return
	}
	defer feed.close()

	following, known := resume(r)
	following.Agent, following.Beat = r.PathValue("id"), feed.beats()
	if !known {
		feed.send(floor.Frame{Kind: floor.Reset, Reason: "the position to go on from is not one of this log"})
	}
	for frame, err := range s.config.Floor.Follow(ctx, following) {
		if err == nil {
			err = s.sendTo(feed, frame)
		}
		if err != nil {
			s.ended(ctx, feed, r, err)
			return
		}
	}
}

// begin answers with a stream; nil for a request that wants to know no more than that there is one.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, cut context.CancelCauseFunc) *feed {
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	feed := &feed{
		w: w, control: http.NewResponseController(w), patience: s.config.Patience, heartbeat: s.config.Heartbeat, notReady: s.config.NotReady, cut: cut,
	}
	feed.open(s.config.Retry)
	return feed
}

// ended tells the client and the log why a stream ends, where there is something to tell.
func (s *Server) ended(ctx context.Context, feed *feed, r *http.Request, err error) {
	logger := s.config.Logger.With("path", r.Pattern, "request", requestID(ctx))
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errStopping), errors.Is(cause, errNoLonger):
		feed.comment("closed: " + cause.Error())
	case r.Context().Err() != nil: // the client has left
	case cause != nil:
		logger.Info("stream cut: the client does not take what is written", "err", cause)
	case errors.Is(err, floor.ErrSlowFollower):
		logger.Info("stream cut: the client is too slow", "err", err)
		feed.comment("closed: too slow; come back with the last id")
	default:
		logger.Warn("stream failed", "err", err)
		feed.comment("closed: the feed has failed; the server's log tells more under " + requestID(ctx))
	}
}

// resume reads where the client wants to go on; known is false when it says something that is no position.
func resume(r *http.Request) (following floor.Following, known bool) {
	text := r.Header.Get("Last-Event-ID")
	if text == "" {
		text = r.URL.Query().Get("after")
	}
	if text == "" {
		return floor.Following{}, true
	}
	position, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return floor.Following{}, false
	}
	return floor.Following{After: eventlog.Position(position), Resume: true}, true
}

// message is a frame as it is sent.
type message struct {
	floor.Frame
	NotReady []string `json:"notReady,omitempty" example:"[\"the log is full\"]" doc:"With heartbeat: why the engine is not ready to be used, as /readyz says"`
}

// text is the message as a server-sent event. A reset has no id: a client that is cut right after it has to be reset again, and
// must not come back with a position whose snapshot it never got. A heartbeat has none either: it tells of no event.
func (m message) text() ([]byte, error) {
	data, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("frame at %d: %w", m.Position, err)
	}
	text := make([]byte, 0, len(data)+64)
	if m.Kind == floor.Snapshot || m.Kind == floor.Changed {
		text = fmt.Appendf(text, "id: %d\n", m.Position)
	}
	text = fmt.Appendf(text, "event: %s\ndata: ", m.Kind)
	return append(append(text, data...), "\n\n"...), nil
}

// feed writes server-sent events to one client: each message at once, each write with a deadline, and a heartbeat
// when for a while there was nothing by which the client knows that it is right.
type feed struct {
	w         http.ResponseWriter
	control   *http.ResponseController
	patience  time.Duration
	heartbeat time.Duration
	notReady  func() []string
	cut       context.CancelCauseFunc

	mu   sync.Mutex
	idle *time.Timer
	beat chan struct{} // asks for the feed's own heartbeats; nil: it has none, and comments keep the connection alive
	err  error         // why nothing is written any more
}

// never is longer than any stream lives.
const never = 1 << 62 * time.Nanosecond

var errFeedClosed = errors.New("the stream has ended")

// open sends the headers and how soon to come back, so that the client knows that it is connected.
func (f *feed) open(retry time.Duration) {
	f.idle = time.AfterFunc(never, f.idled)
	f.idle.Reset(f.heartbeat)
	f.write(fmt.Appendf(nil, "retry: %d\n\n", retry.Milliseconds()))
}

// beats makes the feed one that has heartbeats of its own, and says when the next one is due.
func (f *feed) beats() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.beat = make(chan struct{}, 1)
	return f.beat
}

// idled is called when there was nothing for so long that a heartbeat is due. A feed that is just being written to is asked
// again later: the client that does not take it has a deadline.
func (f *feed) idled() {
	if !f.mu.TryLock() {
		f.idle.Reset(f.heartbeat)
		return
	}
	defer f.mu.Unlock()
	select {
	case f.beat <- struct{}{}: // sending it begins the next wait
	default:
		f.put([]byte(": heartbeat\n\n"))
		f.wait()
	}
}

// wait begins to wait for the next heartbeat.
func (f *feed) wait() {
	if f.err == nil {
		f.idle.Reset(f.heartbeat)
	}
}

// send writes a frame.
func (f *feed) send(frame floor.Frame) error {
	m := message{Frame: frame}
	if frame.Kind == floor.Heartbeat {
		m.NotReady = f.notReady()
	}
	text, err := m.text()
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.put(text); err != nil {
		return err
	}
	if frame.Hash != "" || frame.Kind == floor.Heartbeat {
		f.wait()
	}
	return nil
}

// comment writes what a client does not see, but what is between us does.
func (f *feed) comment(text string) { f.write([]byte(": " + text + "\n\n")) }

func (f *feed) write(text []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.put(text)
}

// put sends whole messages, under the lock. After the first failure it writes nothing more and ends the feed.
func (f *feed) put(text []byte) error {
	if f.err != nil {
		return f.err
	}
	// Not every writer has deadlines (those of tests do not); the real one does.
	if err := f.control.SetWriteDeadline(time.Now().Add(f.patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		f.err = err
	}
	if f.err == nil {
		_, f.err = f.w.Write(text)
	}
	if f.err == nil {
		f.err = f.control.Flush()
	}
	if f.err != nil {
		f.idle.Stop()
		f.cut(f.err)
	}
	return f.err
}

// close makes sure that no heartbeat is written once the handler has returned.
func (f *feed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.idle.Stop()
	if f.err == nil {
		f.err = errFeedClosed
	}
}
