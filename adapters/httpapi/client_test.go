package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/httpapi"
	"github.com/callstate/callstate/client"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/projectiontest"
)

// The client reads records and asks as the API answers and takes it.
func TestClientAsks(t *testing.T) {
	c := newCentre(t)
	server := httptest.NewServer(httpapi.New(c.config).Handler())
	defer server.Close()
	engine := &client.Client{URL: server.URL + "/"}
	by := client.By{Actor: "agent:1001", DN: "1001", Key: "crm-77"}

	first, err := engine.Hold(t.Context(), known.String(), by)
	require.NoError(t, err)
	assert.NotZero(t, first.Position)
	assert.Equal(t, "crm-77", first.CommandID)
	again, err := engine.Hold(t.Context(), known.String(), by)
	require.NoError(t, err)
	assert.Equal(t, first, again, "it acts once")
	assert.Len(t, c.pbx.orders, 1)

	_, err = engine.Answer(t.Context(), known.String(), client.By{Actor: "agent:1001", DN: "1001"})
	said, ok := errors.AsType[*client.Error](err)
	require.True(t, ok, "%v", err)
	assert.NotEmpty(t, said.Reason)
	assert.NotEmpty(t, said.RequestID)
	assert.ErrorIs(t, err, &client.Error{Status: http.StatusConflict, Reason: said.Reason})
	assert.NotErrorIs(t, err, &client.Error{Status: http.StatusNotFound})
	_, err = engine.Hold(t.Context(), unknown.String(), by)
	assert.ErrorIs(t, err, &client.Error{Status: http.StatusNotFound})
	_, err = engine.NotReady(t.Context(), "1002", "lunch", client.By{})
	require.NoError(t, err)
	require.Len(t, c.pbx.orders, 2)
	assert.Equal(t, "1002", c.pbx.orders[1].Agent)
	_, err = engine.SetUserData(t.Context(), known.String(), map[string]string{"account": "100200"}, []string{"draft"}, client.By{Actor: "ivr:main"})
	require.NoError(t, err)

	assert.Equal(t, map[string]string{"account": "100200"}, userData(t, c))
}

func userData(t *testing.T, c *centre) map[string]string {
	state, err := c.engine.Call(t.Context(), known)
	require.NoError(t, err)
	data := map[string]string{}
	for _, pair := range state.UserData() {
		data[pair.Key] = pair.Value
	}
	return data
}

// The client finds calls with every filter, page by page, and knows all that a record has.
func TestClientReadsRecords(t *testing.T) {
	b := newBuilding()
	b.records = nil
	script := projectiontest.Day(2, projectiontest.DayOptions{Agents: 5, Events: 2000})
	for state := range script.States() {
		b.records = append(b.records, history.RecordOf(state))
	}
	handler := httpapi.New(b.config()).Handler()
	server := httptest.NewServer(handler)
	defer server.Close()
	engine := &client.Client{URL: server.URL}

	found := 0
	for record, err := range engine.Calls(t.Context(), client.Filter{
		From: noon, To: noon.Add(time.Hour), Type: "inbound", ANI: "1", DNIS: "2", Agent: "3", Queue: "4", Outcome: "answered", Switch: "cc1",
		UserData: []string{"account=100200"}, Text: "gold", MinDuration: time.Second, MaxDuration: time.Hour, Conversation: known.String(), Page: 7,
	}) {
		require.NoError(t, err)
		require.NotEmpty(t, record.ConnID)
		if found++; found == 21 {
			break // the building answers every page with the same
		}
	}
	assert.Equal(t, 8, b.filter.Limit)
	assert.NotZero(t, b.filter.After, "the second page goes on where the first ended")
	b.filter.After = history.Cursor{}
	assert.Equal(t, history.Filter{
		From: noon, To: noon.Add(time.Hour), Type: call.Inbound, ANI: "1", DNIS: "2", Agent: "3", Queue: "4", Outcome: history.Answered, Switch: "cc1",
		UserData: []call.Pair{{Key: "account", Value: "100200"}}, Text: "gold", MinDuration: time.Second, MaxDuration: time.Hour, Conversation: known,
		Newest: true, Limit: 8,
	}, b.filter)

	for _, record := range b.records {
		var known client.Record
		knowsAll(t, record, &known)
		answered, err := engine.Call(t.Context(), record.ConnID.String())
		require.NoError(t, err)
		assert.Equal(t, known, answered)
	}
}

// knowsAll: the client's type has every field that the API sends.
func knowsAll(t *testing.T, sent, known any) {
	t.Helper()
	text, err := json.Marshal(sent)
	require.NoError(t, err)
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	require.NoError(t, strict.Decode(known), "%s", text)
}

// What the client follows is what the floor shows, change by change, none left out and none twice: while the connection is
// cut again and again, while the engine is started anew on its log, and while something on the way loses messages.
func TestClientFollowsADesktop(t *testing.T) {
	const agent = "1001"
	script := projectiontest.Day(3, projectiontest.DayOptions{Agents: 5, Events: 3000})
	records := script.Records()
	started := func(until int) *floor.Floor {
		f := floor.New(floor.Options{Notifications: true})
		f.CatchingUp(0)
		require.NoError(t, f.Apply(t.Context(), records[:until]))
		f.Live()
		return f
	}
	whole := started(len(records))
	var expected []floor.Frame
	ended, end := context.WithCancel(t.Context())
	end()
	for frame, err := range whole.Follow(ended, floor.Following{Agent: agent, Resume: true}) {
		if err == nil {
			expected = append(expected, frame)
		}
	}
	require.Greater(t, len(expected), 200)

	var live atomic.Pointer[floor.Floor]
	var handler atomic.Pointer[http.Handler]
	start := func(until int) {
		f := started(until)
		h := httpapi.New(httpapi.Config{Floor: f, Heartbeat: 20 * time.Millisecond}).Handler()
		live.Store(f)
		handler.Store(&h)
	}
	start(0)
	var cut atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cutAfter := 40
		if cut.Add(1)%3 == 2 {
			cutAfter = -7 // loses one, later
		}
		(*handler.Load()).ServeHTTP(&lossy{ResponseWriter: w, left: cutAfter}, r)
	}))
	server.Start()
	defer server.Close()

	engine := &client.Client{URL: server.URL, Retry: time.Millisecond}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	next, wrong, restarts := 0, 0, 0
	var told []string
	feed := func(upTo int) {
		for ; next < min(upTo, len(records)); next++ {
			require.NoError(t, live.Load().Apply(t.Context(), records[next:next+1]))
		}
	}
	feed(10)
	positions := map[uint64]bool{}
	for update, err := range engine.Follow(ctx, agent) {
		require.NoError(t, err)
		if errors.Is(update.Lost, client.ErrWrong) {
			wrong++
		}
		if update.Lost != nil {
			continue
		}
		if update.Type != "" {
			require.False(t, positions[update.Position], "twice: %d", update.Position)
			positions[update.Position] = true
			told = append(told, fmt.Sprint(update.Position, update.Type))
		}
		if update.Position == uint64(len(records)) && update.Type == "" {
			break
		}
		if feed(int(update.Position) + 15); len(positions)%60 == 59 && restarts < 3 {
			restarts++
			server.CloseClientConnections()
			start(next)
		}
		desktop, _ := live.Load().Agent(agent)
		if update.Position == uint64(next) {
			sameJSON(t, desktop, update.Desktop)
		}
	}
	assert.Positive(t, wrong, "a message that was lost was not noticed")
	assert.Equal(t, 3, restarts)
	// What was lost on the way came with the snapshot after it; everything else came as a change, once and in order.
	all := map[string]bool{}
	for _, frame := range expected {
		all[fmt.Sprint(uint64(frame.Position), frame.Change.Type)] = true
	}
	for _, each := range told {
		assert.True(t, all[each], each)
	}
	assert.Greater(t, len(told), len(expected)*3/4)
	for _, frame := range expected {
		for _, message := range frame.Change.Notifications {
			knowsAll(t, message, &client.Notification{})
		}
	}
	knowsAll(t, whole.Snapshot(agent).Desktop, &client.Desktop{})
}

func sameJSON(t *testing.T, expected, got any) {
	t.Helper()
	want, err := json.Marshal(expected)
	require.NoError(t, err)
	is, err := json.Marshal(got)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(is))
}

// lossy is a connection that ends after so many messages or, where that is negative, loses one after so many.
type lossy struct {
	http.ResponseWriter
	left int
}

func (l *lossy) Unwrap() http.ResponseWriter { return l.ResponseWriter }

func (l *lossy) Write(text []byte) (int, error) {
	if bytes.Contains(text, []byte("event: change")) {
		switch {
		case l.left > 0:
			l.left--
		case l.left == 0:
			panic(http.ErrAbortHandler)
		case l.left == -1:
			l.left = 1 << 30
			return len(text), nil
		default:
			l.left++
		}
	}
	return l.ResponseWriter.Write(text)
}

// A feed that will never be is an error; one that is silent, or of an engine that is not ready, is lost until it is well.
func TestClientSaysWhatIsWrongWithAFeed(t *testing.T) {
	b := newBuilding()
	config := b.config()
	config.Auth = nobody{}
	server := httptest.NewServer(httpapi.New(config).Handler())
	defer server.Close()
	for _, err := range (&client.Client{URL: server.URL}).Follow(t.Context(), "1001") {
		require.ErrorIs(t, err, &client.Error{Status: http.StatusUnauthorized})
	}

	var asked atomic.Int64
	f := floor.New(floor.Options{})
	f.Live()
	well := httpapi.New(httpapi.Config{Floor: f, Heartbeat: time.Millisecond}).Handler()
	full := httpapi.New(httpapi.Config{Floor: f, Heartbeat: time.Millisecond, NotReady: func() []string { return []string{"the log is full"} }}).Handler()
	flaky := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch asked.Add(1) {
		case 1:
			w.WriteHeader(http.StatusBadGateway)
		case 2:
			w.Header().Set("Content-Type", "text/event-stream")
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		case 3:
			ctx, cancel := context.WithCancel(r.Context())
			full.ServeHTTP(&untilBeat{ResponseWriter: w, cancel: cancel}, r.WithContext(ctx))
		default:
			well.ServeHTTP(w, r)
		}
	}))
	defer flaky.Close()
	var lost []string
	for update, err := range (&client.Client{URL: flaky.URL, Retry: time.Millisecond, Silence: 300 * time.Millisecond}).Follow(t.Context(), "1001") {
		require.NoError(t, err)
		if update.Lost == nil && asked.Load() > 3 {
			assert.Equal(t, "1001", update.Desktop.Agent.ID)
			break
		}
		if update.Lost != nil {
			lost = append(lost, update.Lost.Error())
		}
	}
	require.GreaterOrEqual(t, len(lost), 4, "%q", lost)
	assert.True(t, strings.HasPrefix(lost[0], "Bad Gateway (502"), lost[0])
	assert.Equal(t, []string{client.ErrSilent.Error(), "not ready: the log is full", client.ErrEnded.Error()}, lost[1:4])
}

// untilBeat ends a stream after its first heartbeat.
type untilBeat struct {
	http.ResponseWriter
	cancel context.CancelFunc
}

func (u *untilBeat) Unwrap() http.ResponseWriter { return u.ResponseWriter }

func (u *untilBeat) Write(text []byte) (int, error) {
	if bytes.HasPrefix(text, []byte("event: heartbeat")) {
		defer u.cancel()
	}
	return u.ResponseWriter.Write(text)
}

// nobody lets nobody in.
type nobody struct{}

func (nobody) Subject(context.Context, string) (httpapi.Subject, error) {
	return httpapi.Subject{}, httpapi.ErrNobody
}
