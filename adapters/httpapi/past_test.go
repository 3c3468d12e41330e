package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/httpapi"
	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/past"
	"github.com/callstate/callstate/projections/projectiontest"
)

var (
	_ httpapi.Past  = (*past.Past)(nil)
	_ httpapi.Audit = (*engine.Engine)(nil)
)

// archive is a log of the past, and who has looked at it.
type archive struct {
	script *projectiontest.Script
	past   *past.Past
	live   *floor.Floor
	looks  []string
	fails  error
}

func (a *archive) Viewed(_ context.Context, actor string, what access.Body) error {
	a.looks = append(a.looks, fmt.Sprintf("%s %T %s", actor, what, what.Subject()))
	return a.fails
}

func newArchive(t *testing.T) *archive {
	a := &archive{script: projectiontest.Day(1, projectiontest.DayOptions{Agents: 10, Events: 600}), live: floor.New(floor.Options{Notifications: true})}
	var err error
	a.past, err = past.Open(t.Context(), filepath.Join(t.TempDir(), "past.db"), past.Options{Log: projectiontest.Log{Script: a.script}, Every: 50})
	require.NoError(t, err)
	t.Cleanup(func() { a.past.Close() })
	require.NoError(t, a.past.Apply(t.Context(), a.script.Records()))
	require.NoError(t, a.live.Apply(t.Context(), a.script.Records()))
	a.live.Live()
	return a
}

func (a *archive) server() http.Handler {
	return httpapi.New(httpapi.Config{Floor: a.live, Log: projectiontest.Log{Script: a.script}, Past: a.past, Audit: a}).Handler()
}

func (a *archive) get(path string, headers ...string) *httptest.ResponseRecorder {
	r := get(path)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	a.server().ServeHTTP(answer, r)
	return answer
}

// ended is a call of the archive that is over.
func (a *archive) ended(t *testing.T) call.ConnID {
	for s := range a.script.States() {
		if s.Ended() && len(s.Visits) > 0 {
			return s.ConnID
		}
	}
	t.Fatal("no call has ended")
	return call.ConnID{}
}

// messages are the parts of a stream that have an id: whole, as they were sent.
func messages(body string) (got []string) {
	for each := range strings.SplitSeq(body, "\n\n") {
		if strings.HasPrefix(each, "id: ") {
			got = append(got, each)
		}
	}
	return got
}

func TestTheFloorAsItWas(t *testing.T) {
	a := newArchive(t)
	was := floor.New(floor.Options{})
	require.NoError(t, was.Apply(t.Context(), a.script.Records()[:333]))
	then := a.get("/v1/floor?at=333")
	require.Equal(t, http.StatusOK, then.Code)
	assert.JSONEq(t, jsonOf(t, was.View()), then.Body.String())
	desktop, _ := was.Agent("1003")
	assert.JSONEq(t, jsonOf(t, desktop), a.get("/v1/agents/1003?at=333").Body.String())
	at := a.script.Records()[332].SwitchTime.Format(time.RFC3339Nano)
	assert.JSONEq(t, jsonOf(t, was.View()), a.get("/v1/floor?at="+at).Body.String())
	assert.JSONEq(t, jsonOf(t, floor.Diff(was.View(), a.live.View())), a.get(fmt.Sprintf("/v1/floor/diff?from=333&to=%d", a.script.End())).Body.String())
	assert.JSONEq(t, jsonOf(t, a.live.View()), a.get("/v1/floor").Body.String())
	assert.NotEmpty(t, a.looks, "who looks at the past is written down")
}

// The past is shown in the very bytes in which the live stream showed it.
func TestAReplayIsWhatTheLiveStreamWas(t *testing.T) {
	a := newArchive(t)
	for agent, live := range map[string]string{"": "/v1/floor/stream", "1003": "/v1/agents/1003/stream"} {
		server := httptest.NewServer(a.server())
		ctx, cancel := context.WithCancel(t.Context())
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+live, nil)
		require.NoError(t, err)
		request.Header.Set("Last-Event-ID", "200")
		stream, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		replayed := messages(a.get("/v1/replay?from=200&speed=0&actor=user:jane&agent=" + agent).Body.String())
		want := strings.Join(replayed[1:], "\n\n") + "\n\n"
		got := make([]byte, len("retry: 2000\n\n")+len(want))
		_, err = io.ReadFull(stream.Body, got)
		require.NoError(t, err)
		assert.Equal(t, "retry: 2000\n\n"+want, string(got))
		assert.Contains(t, replayed[0], "id: 200\nevent: snapshot\n")
		cancel()
		stream.Body.Close()
		server.Close()

		// Who comes back with an id gets the rest, and who has seen all is told not to come back.
		id, _, _ := strings.Cut(strings.TrimPrefix(replayed[4], "id: "), "\n")
		assert.Equal(t, replayed[5:], messages(a.get("/v1/replay?from=200&speed=0&agent="+agent, "Last-Event-ID", id).Body.String()))
		id, _, _ = strings.Cut(strings.TrimPrefix(replayed[len(replayed)-1], "id: "), "\n")
		over := a.get("/v1/replay?from=200&speed=0&agent="+agent, "Last-Event-ID", id)
		assert.Equal(t, http.StatusNoContent, over.Code)
	}
	assert.Contains(t, a.looks, "user:jane access.FloorReplayed floor")
	assert.Contains(t, a.looks, "unknown access.FloorReplayed floor")
}

func TestACallIsReplayedAtItsPace(t *testing.T) {
	a := newArchive(t)
	id := a.ended(t)
	s := a.script.State(id)
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		answer := a.get("/v1/calls/" + id.String() + "/replay?speed=2&actor=agent:1001")
		lasted := s.EndedAt.Sub(s.StartedAt)
		assert.InDelta(t, (lasted / 2).Seconds(), time.Since(begun).Seconds(), 0.01)
		shown := messages(answer.Body.String())
		assert.Contains(t, shown[0], "event: snapshot")
		assert.Contains(t, shown[len(shown)-1], `"gone":["`+id.String())
		assert.Contains(t, answer.Body.String(), ": heartbeat", "also where nothing happened for a while")
		assert.True(t, strings.HasSuffix(answer.Body.String(), ": closed: the past that was asked for ends here\n\n"))
	})
	assert.Equal(t, []string{"agent:1001 access.CallReplayed call-" + id.String()}, a.looks)
}

// What cannot be written into the log is not shown.
func TestNobodyLooksUnseen(t *testing.T) {
	a := newArchive(t)
	a.fails = eventlog.ErrFailed
	for _, path := range []string{"/v1/replay", "/v1/calls/" + a.ended(t).String() + "/replay", "/v1/calls/" + a.ended(t).String() + "/export"} {
		answer := a.get(path)
		assert.Equal(t, http.StatusInternalServerError, answer.Code, path)
		assert.NotContains(t, answer.Body.String(), "snapshot")
		assert.NotContains(t, answer.Body.String(), "CallStarted")
	}
}

func TestAnExport(t *testing.T) {
	a := newArchive(t)
	id := a.ended(t)
	s := a.script.State(id)
	path := "/v1/calls/" + id.String() + "/export"
	for query, contains := range map[string]string{
		"":                    `"type":"CallStarted"`,
		"?format=jsonl":       `"ani":"` + s.ANI,
		"?format=cloudevents": `{"specversion":"1.0","id":"`,
	} {
		answer := a.get(path + query)
		assert.Equal(t, http.StatusOK, answer.Code)
		assert.Contains(t, answer.Body.String(), contains)
	}
	for query, contains := range map[string]string{"?format=feature&name=mine": `Given the recorded call "mine"`, "?format=facts": `"type":"CallStarted"`} {
		answer := a.get(path + query + "&actor=user:jane")
		assert.Equal(t, http.StatusOK, answer.Code)
		assert.Contains(t, answer.Body.String(), contains)
		assert.NotContains(t, answer.Body.String(), s.ANI)
		assert.NotContains(t, answer.Body.String(), id.String())
	}
	assert.Contains(t, a.looks, "user:jane access.CallExported call-"+id.String())
	assert.Equal(t, http.StatusUnprocessableEntity, a.get(path+"?format=xml").Code)
	assert.Equal(t, http.StatusNotFound, a.get("/v1/calls/"+unknown.String()+"/export").Code)
}

func TestAPastThatThereIsNot(t *testing.T) {
	a := newArchive(t)
	for path, status := range map[string]int{
		"/v1/floor?at=2020-01-01":                                      404,
		"/v1/floor?at=10000":                                           404,
		"/v1/floor?at=soon":                                            422,
		"/v1/agents/1003?at=10000":                                     404,
		"/v1/agents/nobody?at=100":                                     404,
		"/v1/floor/diff?from=1":                                        422,
		"/v1/floor/diff?from=1&to=10000":                               404,
		"/v1/replay?from=10000":                                        404,
		"/v1/replay?from=9&to=8":                                       422,
		"/v1/replay?from=2020-01-01&to=2020-01-02":                     404,
		"/v1/replay?from=x":                                            422,
		"/v1/replay?speed=fast":                                        422,
		"/v1/replay?speed=NaN":                                         422,
		"/v1/replay?after=x":                                           422,
		"/v1/calls/" + unknown.String() + "/replay":                    404,
		"/v1/calls/1/replay":                                           422,
		"/v1/calls/" + a.ended(t).String() + "/replay?speed=-1":        422,
		"/v1/replay?from=2026-10-05T07:00:00Z&to=2026-10-05T06:00:00Z": 422,
	} {
		answer := a.get(path)
		assert.Equal(t, status, answer.Code, "%s: %s", path, answer.Body)
		assert.Equal(t, "application/problem+json", answer.Header().Get("Content-Type"), path)
	}
	assert.Empty(t, a.looks, "there was nothing to look at")
}

func jsonOf(t *testing.T, value any) string {
	data, err := json.Marshal(value)
	require.NoError(t, err)
	return string(data)
}

// Each look at the past is written once for each who looks and what at, however often it is asked for meanwhile.
func TestWhoLooksIsWrittenDownOnce(t *testing.T) {
	a := newArchive(t)
	server := a.server()
	ask := func(path string) int {
		answer := httptest.NewRecorder()
		server.ServeHTTP(answer, get(path))
		return answer.Code
	}
	for at := 300; at < 340; at++ { // a slider is dragged
		require.Equal(t, http.StatusOK, ask(fmt.Sprintf("/v1/floor?at=%d&actor=user:jane", at)))
	}
	assert.LessOrEqual(t, len(a.looks), 2, "an hour of the past is looked at once")
	assert.Contains(t, a.looks, "user:jane access.FloorViewed floor")
	before := len(a.looks)
	require.Equal(t, http.StatusOK, ask("/v1/floor?at=339&actor=user:joe"))
	require.Equal(t, http.StatusOK, ask("/v1/agents/1003?at=339&actor=user:joe"))
	assert.Len(t, a.looks, before+2, "another one, and another thing")
	a.fails = errors.New("disk")
	assert.Equal(t, http.StatusInternalServerError, ask("/v1/floor?at=339&actor=user:ann"), "what cannot be written is not shown")
	a.fails = nil
	assert.Equal(t, http.StatusOK, ask("/v1/floor"), "the present is not the past")
}

func TestALookAtACallIsWrittenDown(t *testing.T) {
	c := guarded(t)
	require.Equal(t, http.StatusOK, c.ask(by("sue", get("/v1/calls/"+known.String()+"/events"))).Code)
	record := c.last(t, wire.AuditStream("call-"+known.String()))
	viewed, err := wire.DecodeAccess(record)
	require.NoError(t, err)
	assert.Equal(t, "supervisor:sue", viewed.Actor)
	assert.Equal(t, access.TheEvents, viewed.Body.(access.CallViewed).What)
	require.Equal(t, http.StatusOK, c.ask(by("sue", get("/v1/calls?ani=2125550001&limit=5"))).Code)
	searched, err := wire.DecodeAccess(c.last(t, wire.AuditStream("calls")))
	require.NoError(t, err)
	assert.Equal(t, "ani=2125550001", searched.Body.(access.CallsSearched).Query)

	// What is no parameter hides nothing, and no card number is kept.
	require.Equal(t, http.StatusOK, c.ask(by("sue", get("/v1/calls?aaa="+strings.Repeat("x", 5000)+"&ani=2125550002&text="+strings.Repeat("x", 900)+"+4111+1111+1111+1111"))).Code)
	searched, err = wire.DecodeAccess(c.last(t, wire.AuditStream("calls")))
	require.NoError(t, err)
	query := searched.Body.(access.CallsSearched).Query
	assert.Contains(t, query, "ani=2125550002&text=xxx")
	assert.NotContains(t, query, "aaa")
	assert.NotContains(t, query, "4111")
}
