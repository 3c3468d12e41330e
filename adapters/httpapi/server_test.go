package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/httpapi"
	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/history"
)

// What the engine is made of fits the ports.
var (
	_ httpapi.Floor    = (*floor.Floor)(nil)
	_ httpapi.History  = (*history.History)(nil)
	_ httpapi.Log      = (eventlog.Store)(nil)
	_ httpapi.Requests = (*engine.Engine)(nil)
	_ httpapi.States   = (*engine.Engine)(nil)
)

func Example() {
	server := httptest.NewServer(httpapi.New(httpapi.Config{}).Handler()) // with its ports, it serves more than this
	defer server.Close()
	response, err := http.Get(server.URL + "/healthz")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	fmt.Print(response.Status, " ", string(body))
	// Output: 200 OK {"ok":true}
}

var (
	noon    = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	known   = call.NewConnID(noon, "cc1", "1795435200.1")
	unknown = call.NewConnID(noon, "cc1", "1795435200.2")
)

// building is a contact centre of our own making: what each port answers.
type building struct {
	view    floor.View
	agents  map[string]floor.Desktop
	follow  func(context.Context, floor.Following, func(floor.Frame, error) bool)
	filter  history.Filter // the last that was asked for
	records []history.Record
	failing error // what the history and the log answer
	onePage bool  // the history fails behind the first page
	request call.Request
	refuse  error
	changed []call.Event
	slow    time.Duration // what a request takes
}

// Viewed is where it would be written who looked.
func (b *building) Viewed(context.Context, string, access.Body) error { return nil }

func (b *building) View() floor.View { return b.view }

func (b *building) Agent(id string) (floor.Desktop, bool) {
	desktop, ok := b.agents[id]
	return desktop, ok
}

func (b *building) Follow(ctx context.Context, f floor.Following) iter.Seq2[floor.Frame, error] {
	return func(yield func(floor.Frame, error) bool) { b.follow(ctx, f, yield) }
}

func (b *building) Calls(_ context.Context, filter history.Filter) ([]history.Record, error) {
	b.filter = filter
	if b.onePage && filter.After != (history.Cursor{}) {
		return nil, errors.New("disk")
	}
	return b.records, b.failing
}

func (b *building) Call(_ context.Context, id call.ConnID) (history.Record, error) {
	for _, record := range b.records {
		if record.ConnID == id {
			return record, b.failing
		}
	}
	return history.Record{}, fmt.Errorf("call %s: %w", id, history.ErrNotFound)
}

func (b *building) ReadStream(_ context.Context, stream eventlog.Stream, _ eventlog.Revision) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		if stream == wire.CallStream(known) {
			event := wire.EncodeCall(stream, 1, call.Event{At: noon, Body: call.CallStarted{ConnID: known, Switch: "cc1", ANI: "2125550001"}})
			yield(eventlog.Record{Stream: stream, Revision: 1, Position: 41, Event: event}, b.failing)
		}
	}
}

func (b *building) Request(ctx context.Context, id call.ConnID, request call.Request) ([]call.Event, error) {
	b.request = request
	select {
	case <-time.After(b.slow):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if id != known {
		return nil, call.ErrUnknownCall
	}
	return b.changed, b.refuse
}

func (b *building) config() httpapi.Config {
	return httpapi.Config{
		Floor: shown{b}, History: b, Log: b, Audit: b, Requests: b, States: states{},
		Now: func() time.Time { return noon },
	}
}

// states are the calls of the building as the log has them: none.
type states struct{}

func (states) Call(context.Context, call.ConnID) (call.State, error) { return call.State{}, nil }

func (states) Agent(context.Context, string) (agent.State, error) { return agent.State{}, nil }

// shown is the building as its floor shows it.
type shown struct{ *building }

func (s shown) Call(id call.ConnID) (floor.Call, bool) {
	i := slices.IndexFunc(s.view.Calls, func(c floor.Call) bool { return c.ConnID == id })
	if i < 0 {
		return floor.Call{}, false
	}
	return s.view.Calls[i], true
}

func (shown) Seat(string, string) floor.Seat { return floor.Seat{} }

func (s shown) Outline() (switches, queues []string) {
	for _, link := range s.view.Links {
		switches = append(switches, link.Switch)
	}
	return switches, nil
}

func newBuilding() *building {
	return &building{
		view: floor.View{
			Position: 41, At: noon,
			Links:  []floor.Link{{Switch: "cc1", Up: true, Since: noon}},
			Agents: []floor.Agent{{ID: "1001", DN: "1001", State: floor.Ringing, Since: noon, Queues: []floor.Membership{}, Calls: []call.ConnID{known}}},
			Queues: []floor.Queue{}, Calls: []floor.Call{},
		},
		agents: map[string]floor.Desktop{
			"1001": {Agent: floor.Agent{ID: "1001", State: floor.Ringing}, Calls: []floor.Call{{ConnID: known, ANI: "2125550001", UserData: map[string]string{"Account": "100200"}}}},
		},
		records: []history.Record{{ConnID: known, Switch: "cc1", ANI: "2125550001", Outcome: history.Answered, StartedAt: history.Time(noon)}},
	}
}

func get(path string) *http.Request { return request(http.MethodGet, path, "") }

func request(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, "http://127.0.0.1:8080"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func with(r *http.Request, header, value string) *http.Request {
	r.Header.Set(header, value)
	return r
}

func hosted(r *http.Request, host string) *http.Request {
	r.Host = host
	return r
}

// scenario is one request and what has to come back.
type scenario struct {
	request  *http.Request
	given    func(*building)
	status   int
	contains []string // in the body or the headers
	lacks    []string
	then     func(*testing.T, *building)
}

func TestAPI(t *testing.T) {
	userdata := "/v1/calls/" + known.String() + "/userdata"
	tests := map[string]scenario{
		"the floor":          {request: get("/v1/floor"), status: 200, contains: []string{`"position":41`, `"state":"ringing"`, "Cache-Control: no-store", "X-Content-Type-Options: nosniff"}},
		"an agent's desktop": {request: get("/v1/agents/1001"), status: 200, contains: []string{`"ani":"2125550001"`, `"Account":"100200"`}},
		"an unknown agent":   {request: get("/v1/agents/9"), status: 404, contains: []string{"application/problem+json", "no such agent", `"requestId":"`}},
		"calls, newest first, at most 100": {
			request: get("/v1/calls"), status: 200, contains: []string{`"calls":[{"connId":"` + known.String(), `"endedAt":null`},
			then: func(t *testing.T, b *building) { assert.Equal(t, history.Filter{Newest: true, Limit: 101}, b.filter) },
		},
		"calls by everything": {
			request: get("/v1/calls?from=2026-11-23T00:00:00Z&to=2026-11-24T00:00:00%2B01:00&ani=1&dnis=2&agent=3&queue=4&outcome=abandoned&limit=5"), status: 200,
			then: func(t *testing.T, b *building) {
				expect(t, b.filter.From, time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC))
				expect(t, b.filter.To.UTC(), time.Date(2026, 11, 23, 23, 0, 0, 0, time.UTC))
				b.filter.From, b.filter.To = time.Time{}, time.Time{}
				assert.Equal(t, history.Filter{ANI: "1", DNIS: "2", Agent: "3", Queue: "4", Outcome: history.Abandoned, Newest: true, Limit: 6}, b.filter)
			},
		},
		"no calls":           {request: get("/v1/calls"), given: func(b *building) { b.records = nil }, status: 200, contains: []string{`{"calls":[]}`}},
		"a bad outcome":      {request: get("/v1/calls?outcome=fine"), status: 422, contains: []string{"query.outcome", "answered"}},
		"a bad time":         {request: get("/v1/calls?from=yesterday"), status: 422, contains: []string{"query.from"}},
		"too many calls":     {request: get("/v1/calls?limit=100000"), status: 422, contains: []string{"query.limit"}},
		"a failing history":  {request: get("/v1/calls"), given: func(b *building) { b.failing = errors.New("disk of Mallory") }, status: 500, contains: []string{"application/problem+json", "requestId"}, lacks: []string{"Mallory"}},
		"a call":             {request: get("/v1/calls/" + known.String()), status: 200, contains: []string{`"outcome":"answered"`}},
		"an unknown call":    {request: get("/v1/calls/" + unknown.String()), status: 404, contains: []string{"no such call"}},
		"not a call's id":    {request: get("/v1/calls/1795435200.1"), status: 422, contains: []string{"path.connId"}},
		"a call's events":    {request: get("/v1/calls/" + known.String() + "/events"), status: 200, contains: []string{`"type":"CallStarted"`, `"position":41`, `"data":{"connId":`, `"text":" call  from 2125550001 to unknown on cc1"`}},
		"no call's events":   {request: get("/v1/calls/" + unknown.String() + "/events"), status: 404},
		"events that cannot": {request: get("/v1/calls/" + known.String() + "/events"), given: func(b *building) { b.failing = eventlog.ErrDamaged }, status: 500},
		"attach data": {
			request: request("POST", userdata, `{"set":{"b":"2","a":"1"},"delete":["c"],"actor":"agent:1001"}`), status: 200,
			given: func(b *building) {
				b.changed = []call.Event{{Body: call.UserDataChanged{Set: []call.Pair{{Key: "a", Value: "1"}}, Deleted: []string{"c"}}}}
			},
			contains: []string{`"set":{"a":"1"},"deleted":["c"]`},
			then: func(t *testing.T, b *building) {
				expect(t, fmt.Sprint(b.request), fmt.Sprint(call.ChangeUserData{At: noon, Actor: "agent:1001", Set: []call.Pair{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}}, Delete: []string{"c"}}))
			},
		},
		"attach what is so":        {request: request("POST", userdata, `{"actor":"ivr:main"}`), status: 200, contains: []string{`"set":{},"deleted":[]`}},
		"attach without an actor":  {request: request("POST", userdata, `{"set":{"a":"1"}}`), status: 422, contains: []string{"actor"}},
		"attach numbers":           {request: request("POST", userdata, `{"set":{"a":123456789012345},"actor":"ivr:main"}`), status: 422, contains: []string{"body.set"}, lacks: []string{"123456789012345"}},
		"attach a form":            {request: with(request("POST", userdata, `a=1`), "Content-Type", "application/x-www-form-urlencoded"), status: 415},
		"attach unknown things":    {request: request("POST", userdata, `{"sett":{},"actor":"ivr:main"}`), status: 422, contains: []string{"sett"}},
		"attach garbage":           {request: request("POST", userdata, `{"set":`), status: 400},
		"attach too much":          {request: request("POST", userdata, `{"actor":"`+strings.Repeat("x", 300<<10)+`"}`), status: 413},
		"attach to nothing":        {request: request("POST", "/v1/calls/"+unknown.String()+"/userdata", `{"actor":"ivr:main"}`), status: 404},
		"attach to an ended call":  {request: request("POST", userdata, `{"actor":"ivr:main"}`), given: refusing(call.ErrCallEnded), status: 410, contains: []string{"has ended"}},
		"attach more than it has":  {request: request("POST", userdata, `{"actor":"ivr:main"}`), given: refusing(fmt.Errorf("%w: 17000 bytes", call.ErrUserDataTooLarge)), status: 413, contains: []string{"17000", `"reason":"userDataTooLarge"`}},
		"attach under no key":      {request: request("POST", userdata, `{"set":{"":"1"},"actor":"ivr:main"}`), given: refusing(call.ErrInvalid), status: 422},
		"attach while all write":   {request: request("POST", userdata, `{"actor":"ivr:main"}`), given: refusing(engine.ErrBusy), status: 503},
		"attach from another site": {request: with(with(request("POST", userdata, `{"actor":"ivr:main"}`), "Sec-Fetch-Site", "cross-site"), "Origin", "https://evil.example"), status: 403, contains: []string{"application/problem+json"}},
		"attach from our page":     {request: with(with(request("POST", userdata, `{"actor":"ivr:main"}`), "Sec-Fetch-Site", "same-origin"), "Origin", "http://127.0.0.1:8080"), status: 200},

		"alive":     {request: get("/healthz"), status: 200, contains: []string{`"ok":true`}},
		"ready":     {request: get("/readyz"), status: 200},
		"not ready": {request: get("/readyz"), given: func(b *building) { b.view.Position = 0 }, status: 503, contains: []string{"floor: catching up", "application/problem+json"}},

		"a reference of one's own": {request: with(get("/v1/agents/9"), "X-Request-ID", "crm-77"), status: 404, contains: []string{"X-Request-Id: crm-77", `"requestId":"crm-77"`}},
		"a reference that is none": {request: with(get("/v1/agents/9"), "X-Request-ID", "a b\tc"), status: 404, lacks: []string{"a b"}},
		"by the name localhost":    {request: hosted(get("/healthz"), "localhost:8080"), status: 200},
		"by IPv6":                  {request: hosted(get("/healthz"), "[::1]:8080"), status: 200},
		"by a rebound name":        {request: hosted(get("/v1/floor"), "evil.example:8080"), status: 421, contains: []string{"evil.example"}, lacks: []string{"1001"}},
		"by a name like ours":      {request: hosted(get("/v1/floor"), "localhost.evil.example"), status: 421},
		"nothing there":            {request: get("/v1/flor"), status: 404, contains: []string{"application/problem+json", "/v1/flor"}},
		"nothing there at all":     {request: get("/nothing"), status: 404, contains: []string{"application/problem+json"}},
		"a wrong method":           {request: request("PUT", "/v1/floor", ""), status: 405, contains: []string{"Allow: GET, HEAD"}},
		"a wrong method elsewhere": {request: request("PUT", "/openapi.json", ""), status: 405, contains: []string{"Allow: GET, HEAD", "application/problem+json"}},
		"only the headers":         {request: request("HEAD", "/v1/floor", ""), status: 200},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBuilding()
			if test.given != nil {
				test.given(b)
			}
			config := b.config()
			config.NotReady = func() []string {
				if b.view.Position == 0 {
					return []string{"floor: catching up"}
				}
				return nil
			}
			answer := httptest.NewRecorder()
			httpapi.New(config).Handler().ServeHTTP(answer, test.request)
			var whole strings.Builder
			if err := answer.Header().Write(&whole); err != nil {
				t.Fatal(err)
			}
			whole.Write(answer.Body.Bytes())
			if answer.Code != test.status {
				t.Errorf("status %d, want %d\n%s", answer.Code, test.status, whole.String())
			}
			for _, part := range test.contains {
				if !strings.Contains(whole.String(), part) {
					t.Errorf("answer lacks %q:\n%s", part, whole.String())
				}
			}
			for _, part := range test.lacks {
				if strings.Contains(whole.String(), part) {
					t.Errorf("answer contains %q:\n%s", part, whole.String())
				}
			}
			if answer.Header().Get("X-Request-ID") == "" {
				t.Error("answer without a reference")
			}
			if test.then != nil {
				test.then(t, b)
			}
		})
	}
}

func refusing(err error) func(*building) { return func(b *building) { b.refuse = err } }

func expect[T comparable](t *testing.T, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// A panic in a port is answered as our own fault, with the reference, and the server goes on.
func TestPanic(t *testing.T) {
	config := newBuilding().config()
	config.NotReady = func() []string { panic("of Mallory") }
	answer := httptest.NewRecorder()
	httpapi.New(config).Handler().ServeHTTP(answer, get("/readyz"))
	if answer.Code != 500 || !strings.Contains(answer.Body.String(), "requestId") || strings.Contains(answer.Body.String(), "Mallory") {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

// Clients leave all day. That nothing can be written to one who has left is no news; a mistake of ours is, also then.
func TestPanicWhenTheClientHasLeft(t *testing.T) {
	told := func(failure func()) string {
		var log strings.Builder
		config := newBuilding().config()
		config.Logger = slog.New(slog.NewTextHandler(&log, nil))
		config.NotReady = func() []string { failure(); return nil }
		ctx, leave := context.WithCancel(t.Context())
		leave()
		httpapi.New(config).Handler().ServeHTTP(httptest.NewRecorder(), get("/readyz").WithContext(ctx))
		return log.String()
	}
	assert.Empty(t, told(func() { panic(net.ErrClosed) }))
	assert.Contains(t, told(func() { var nobody map[string]int; nobody["1001"]++ }), "nil map")
	assert.Contains(t, told(func() { panic("of Mallory") }), "of Mallory")
}

func TestRunRefusesToBeReached(t *testing.T) {
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := httpapi.New(newBuilding().config()).Run(t.Context(), listener); !errors.Is(err, httpapi.ErrNotLoopback) {
		t.Errorf("got %v, want ErrNotLoopback", err)
	}
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the listener is still open: %v", err)
	}
}

// Headers that are too large are refused before anything of ours sees them: with a line of plain text, and no more is read.
func TestHeadersThatAreTooLarge(t *testing.T) {
	listener, err := httpapi.Listen("127.0.0.1:0", nil)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- httpapi.New(newBuilding().config()).Run(ctx, listener) }()
	asking := func(size int) *http.Response {
		r, err := http.NewRequest(http.MethodGet, "http://"+listener.Addr().String()+"/healthz", nil)
		require.NoError(t, err)
		r.Header.Set("X-Padding", strings.Repeat("x", size))
		response, err := http.DefaultTransport.RoundTrip(r)
		require.NoError(t, err)
		return response
	}
	fits := asking(60 << 10)
	fits.Body.Close()
	assert.Equal(t, http.StatusOK, fits.StatusCode)
	tooLarge := asking(80 << 10)
	defer tooLarge.Body.Close()
	assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, tooLarge.StatusCode)
	assert.True(t, tooLarge.Close, "the connection ends")
	body, err := io.ReadAll(tooLarge.Body)
	require.NoError(t, err)
	assert.Equal(t, "text/plain; charset=utf-8", tooLarge.Header.Get("Content-Type"))
	assert.Equal(t, "431 Request Header Fields Too Large", string(body))
	stop()
	assert.NoError(t, <-ended)
}

func TestListen(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:80"} {
		if _, err := httpapi.Listen(address, nil); !errors.Is(err, httpapi.ErrNotLoopback) {
			t.Errorf("%s: got %v, want ErrNotLoopback", address, err)
		}
	}
	if _, err := httpapi.Listen("127.0.0.1:no", nil); err == nil {
		t.Error("listening on no port")
	}
	listener, err := httpapi.Listen("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
}

// The page has everything that the API has not, and a description of the API is at hand.
func TestPage(t *testing.T) {
	config := newBuilding().config()
	config.Page = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "page "+r.URL.Path) })
	config.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "callstate_link_up 1") })
	handler := httpapi.New(config).Handler()
	for path, want := range map[string]string{"/": "page /", "/app.js": "page /app.js", "/metrics": "callstate_link_up 1", "/v1/nothing": `"status":404`, "/healthz": `"ok":true`} {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, get(path))
		if !strings.Contains(answer.Body.String(), want) {
			t.Errorf("%s: %s", path, answer.Body)
		}
	}
}
