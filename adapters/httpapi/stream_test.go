package httpapi_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callstate/callstate/adapters/httpapi"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections/floor"
)

func snapshot(position eventlog.Position) floor.Frame {
	return floor.Frame{Kind: floor.Snapshot, Position: position, View: &floor.View{Position: position}}
}

func change(position eventlog.Position) floor.Frame {
	return floor.Frame{Kind: floor.Changed, Position: position, Change: &floor.Change{Type: "PartyAlerting", Gone: []call.ConnID{known}}}
}

// frames is a feed that yields frames and then ends as it is told.
func frames(end error, all ...floor.Frame) func(context.Context, floor.Following, func(floor.Frame, error) bool) {
	return func(_ context.Context, _ floor.Following, yield func(floor.Frame, error) bool) {
		for _, frame := range all {
			if !yield(frame, nil) {
				return
			}
		}
		if end != nil {
			yield(floor.Frame{}, end)
		}
	}
}

func TestStreamForm(t *testing.T) {
	b := newBuilding()
	b.follow = frames(floor.ErrSlowFollower, snapshot(41), change(42), floor.Frame{Kind: floor.Reset, Position: 9, Reason: "gone"},
		floor.Frame{Kind: floor.Heartbeat, Position: 43, Hash: "12477594a4f8b3fb"})
	answer := httptest.NewRecorder()
	config := b.config()
	config.NotReady = func() []string { return []string{"the log is full"} }
	httpapi.New(config).Handler().ServeHTTP(answer, get("/v1/floor/stream"))
	want := "retry: 2000\n\n" +
		"id: 41\nevent: snapshot\ndata: {\"position\":41,\"view\":{\"position\":41,\"at\":\"0001-01-01T00:00:00Z\",\"links\":null,\"agents\":null,\"queues\":null,\"calls\":null}}\n\n" +
		"id: 42\nevent: change\ndata: {\"position\":42,\"change\":{\"type\":\"PartyAlerting\",\"at\":\"0001-01-01T00:00:00Z\",\"gone\":[\"" + known.String() + "\"]}}\n\n" +
		"event: reset\ndata: {\"position\":9,\"reason\":\"gone\"}\n\n" +
		"event: heartbeat\ndata: {\"position\":43,\"hash\":\"12477594a4f8b3fb\",\"notReady\":[\"the log is full\"]}\n\n" +
		": closed: too slow; come back with the last id\n\n"
	if got := answer.Body.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for header, want := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"} {
		if got := answer.Header().Get(header); got != want {
			t.Errorf("%s: %s, want %s", header, got, want)
		}
	}
	if !answer.Flushed {
		t.Error("not flushed")
	}
}

func TestStreamResume(t *testing.T) {
	const reset = "event: reset\n"
	tests := map[string]struct {
		request *http.Request
		want    floor.Following
		reset   bool
	}{
		"from the start":             {request: get("/v1/floor/stream")},
		"an agent's":                 {request: get("/v1/agents/1001/stream"), want: floor.Following{Agent: "1001"}},
		"an agent's with a slash":    {request: get("/v1/agents/a%2Fb/stream"), want: floor.Following{Agent: "a/b"}},
		"after an id":                {request: with(get("/v1/floor/stream"), "Last-Event-ID", "41"), want: floor.Following{After: 41, Resume: true}},
		"after a position":           {request: get("/v1/floor/stream?after=7"), want: floor.Following{After: 7, Resume: true}},
		"after zero":                 {request: get("/v1/floor/stream?after=0"), want: floor.Following{Resume: true}},
		"the header is newer":        {request: with(get("/v1/floor/stream?after=7"), "Last-Event-ID", "41"), want: floor.Following{After: 41, Resume: true}},
		"after what is no position":  {request: with(get("/v1/floor/stream"), "Last-Event-ID", "abc"), reset: true},
		"after less than nothing":    {request: get("/v1/agents/1001/stream?after=-1"), want: floor.Following{Agent: "1001"}, reset: true},
		"after more than there is":   {request: get("/v1/floor/stream?after=99999999999999999999"), reset: true},
		"after what would be a line": {request: get("/v1/floor/stream?after=1%0Adata:x"), reset: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBuilding()
			var got floor.Following
			b.follow = func(_ context.Context, f floor.Following, yield func(floor.Frame, error) bool) {
				got = f
				got.Beat = nil
				yield(snapshot(1), nil)
			}
			answer := httptest.NewRecorder()
			httpapi.New(b.config()).Handler().ServeHTTP(answer, test.request)
			if answer.Code != http.StatusOK {
				t.Fatalf("status %d", answer.Code)
			}
			expect(t, got, test.want)
			body := answer.Body.String()
			if strings.Contains(body, reset) != test.reset {
				t.Errorf("reset: want %v\n%s", test.reset, body)
			}
			if test.reset && strings.Index(body, reset) > strings.Index(body, "event: snapshot") {
				t.Errorf("the snapshot must follow the reset\n%s", body)
			}
		})
	}
}

func TestStreamOnlyHeaders(t *testing.T) {
	b := newBuilding() // whose feed would panic
	answer := httptest.NewRecorder()
	httpapi.New(b.config()).Handler().ServeHTTP(answer, request(http.MethodHead, "/v1/floor/stream", ""))
	if answer.Code != http.StatusOK || answer.Body.Len() > 0 || answer.Header().Get("Content-Type") != "text/event-stream" {
		t.Errorf("%d %q", answer.Code, answer.Body)
	}
}

// idle is a feed on which nothing happens any more.
func idle(ctx context.Context, f floor.Following, yield func(floor.Frame, error) bool) {
	for {
		select {
		case <-f.Beat:
			if !yield(floor.Frame{Kind: floor.Heartbeat, Position: 2, Hash: "00000000000000a1"}, nil) {
				return
			}
		case <-ctx.Done():
			yield(floor.Frame{}, ctx.Err())
			return
		}
	}
}

// A silent feed is kept alive by heartbeats, and is not cut by the deadlines that other answers have. Changes without a hash
// prove nothing: they do not stand in for a heartbeat, and those with one do.
func TestStreamHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBuilding()
		b.follow = func(ctx context.Context, f floor.Following, yield func(floor.Frame, error) bool) {
			proven := change(2)
			proven.Hash = "00000000000000a1"
			for range 4 {
				time.Sleep(3 * time.Second)
				yield(proven, nil)
			}
			time.Sleep(3 * time.Second)
			yield(change(2), nil)
			idle(ctx, f, yield)
		}
		server := start(t, b)
		client := server.follow(t, "")
		time.Sleep(16 * time.Second)
		synctest.Wait()
		if got := client.read(); strings.Contains(got, "heartbeat") {
			t.Errorf("a heartbeat where none is due\n%s", got)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		got := client.read()
		if beats := strings.Count(got, "event: heartbeat\n"); beats != 60 {
			t.Errorf("%d heartbeats in five minutes, want 60\n%s", beats, got)
		}
		if !strings.Contains(got, "id: 2\n") {
			t.Errorf("the stream was cut\n%s", got)
		}
	})
}

// A client that does not take what is written is cut; the feed is not held up for longer than that.
func TestStreamSlowClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBuilding()
		ended := make(chan time.Time, 1)
		b.follow = func(_ context.Context, _ floor.Following, yield func(floor.Frame, error) bool) {
			defer func() { ended <- time.Now() }()
			for position := eventlog.Position(1); yield(change(position), nil); position++ {
			}
		}
		server := start(t, b)
		began := time.Now()
		conn := server.dial()
		defer conn.Close()
		io.WriteString(conn, "GET /v1/floor/stream HTTP/1.1\r\nHost: localhost\r\n\r\n") // and reads nothing
		if took := (<-ended).Sub(began); took != 10*time.Second {
			t.Errorf("cut after %s, want 10s", took)
		}
	})
}

// A heartbeat finds out that the client takes nothing, too.
func TestStreamSlowClientOfSilentFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBuilding()
		ended := make(chan error, 1)
		b.follow = func(ctx context.Context, f floor.Following, yield func(floor.Frame, error) bool) {
			idle(ctx, f, yield)
			ended <- context.Cause(ctx)
		}
		server := start(t, b)
		client := server.follow(t, "")
		client.stop()
		if err := <-ended; err == nil {
			t.Error("ended for no cause")
		}
	})
}

func TestStreamClientLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBuilding()
		ended := make(chan struct{})
		b.follow = func(ctx context.Context, _ floor.Following, yield func(floor.Frame, error) bool) {
			defer close(ended)
			<-ctx.Done()
			yield(floor.Frame{}, ctx.Err())
		}
		server := start(t, b)
		client := server.follow(t, "")
		began := time.Now()
		client.conn.Close()
		<-ended
		expect(t, time.Since(began), 0)
	})
}

// What is being written to the log when the server stops is written, and answered.
func TestStopLetsRequestsFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBuilding()
		b.slow = time.Second
		server := start(t, b)
		conn := server.dial()
		defer conn.Close()
		post := request(http.MethodPost, "/v1/calls/"+known.String()+"/userdata", `{"actor":"ivr:main"}`)
		if err := post.Write(conn); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		go server.stop()
		response, err := http.ReadResponse(bufio.NewReader(conn), post)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, response.StatusCode, http.StatusOK)
		conn.Close()
	})
}

// Whatever a client says it has seen, it is answered with a stream that it can follow.
func FuzzStreamResume(f *testing.F) {
	for _, seed := range []string{"", "0", "41", "-1", "1e3", "18446744073709551616", "a\r\nb", "\x00", "４１"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		b := newBuilding()
		b.follow = frames(nil, snapshot(41))
		r := get("/v1/floor/stream")
		r.Header["Last-Event-Id"] = []string{id}
		answer := httptest.NewRecorder()
		httpapi.New(b.config()).Handler().ServeHTTP(answer, r)
		body := answer.Body.String()
		if answer.Code != http.StatusOK || !strings.Contains(body, "\n\nid: 41\nevent: snapshot\n") {
			t.Errorf("%q: %d\n%s", id, answer.Code, body)
		}
	})
}

// Stopping the server ends the streams at once and says so to the clients.
func TestStreamServerStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBuilding()
		b.follow = func(ctx context.Context, _ floor.Following, yield func(floor.Frame, error) bool) {
			yield(snapshot(1), nil)
			<-ctx.Done()
			yield(floor.Frame{}, ctx.Err())
		}
		server := start(t, b)
		client := server.follow(t, "")
		began := time.Now()
		if err := server.stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("took %s", took)
		}
		synctest.Wait()
		if got := client.read(); !strings.HasSuffix(got, ": closed: the server is stopping\n\n") || client.err != nil {
			t.Errorf("%v %q", client.err, got)
		}
	})
}

// server runs a building's API on connections in memory.
type server struct {
	listener *pipes
	cancel   context.CancelFunc
	ended    chan error
}

func start(t *testing.T, b *building) *server {
	ctx, cancel := context.WithCancel(context.Background())
	s := &server{listener: &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}, cancel: cancel, ended: make(chan error, 1)}
	go func() { s.ended <- httpapi.New(b.config()).Run(ctx, s.listener) }()
	t.Cleanup(func() { s.stop() })
	return s
}

func (s *server) stop() error {
	s.cancel()
	err := <-s.ended
	s.ended <- err
	return err
}

func (s *server) dial() net.Conn {
	client, server := net.Pipe()
	s.listener.conns <- server
	return client
}

// follow opens a stream and collects what comes.
func (s *server) follow(t *testing.T, lastID string) *listening {
	t.Helper()
	conn := s.dial()
	t.Cleanup(func() { conn.Close() })
	request := get("/v1/floor/stream")
	if lastID != "" {
		request.Header.Set("Last-Event-ID", lastID)
	}
	if err := request.Write(conn); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), request)
	if err != nil {
		t.Fatal(err)
	}
	c := &listening{conn: conn, paused: make(chan struct{})}
	go c.collect(response.Body)
	synctest.Wait()
	return c
}

type listening struct {
	conn   net.Conn
	paused chan struct{}

	mu  sync.Mutex
	got strings.Builder
	err error
}

func (c *listening) collect(body io.Reader) {
	buffer := make([]byte, 4096)
	for {
		n, err := body.Read(buffer)
		c.mu.Lock()
		c.got.Write(buffer[:n])
		if !errors.Is(err, io.EOF) {
			c.err = err
		}
		c.mu.Unlock()
		select {
		case <-c.paused:
			return
		default:
		}
		if err != nil {
			return
		}
	}
}

// stop reads no more after the next message.
func (c *listening) stop() { close(c.paused) }

func (c *listening) read() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got.String()
}

// pipes is a listener for connections in memory.
type pipes struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }
