package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/httpapi"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/statistics"
)

var _ httpapi.Projections = (*projections.Runner)(nil)

func (b *building) Facts(_ context.Context, _, _ time.Time, told history.Facts) error {
	told.Visit(history.VisitFact{
		ConnID: known, Queue: "sales", EnteredAt: history.Time(noon.Add(-time.Minute)), EndedAt: history.Time(noon.Add(-50 * time.Second)), WaitMs: 10_000,
		Result: history.QueueAnswered, Agent: "1001", EnteredEvent: "entered", EndedEvent: "distributed",
	})
	return b.failing
}

func (b *building) Began(context.Context) (time.Time, error)  { return noon.Add(-time.Hour), nil }
func (b *building) Latest(context.Context) (time.Time, error) { return noon.Add(-time.Minute), nil }

func (b *building) Progress(context.Context) ([]projections.Progress, error) {
	unknown := projections.Poison(eventlog.Record{Stream: "call-1", Revision: 3, Position: 42}, wire.ErrUnknown)
	return []projections.Progress{
		{Status: projections.Status{Name: "floor", Position: 50, Live: true}, End: 50, Rate: 12.5},
		{Status: projections.Status{Name: "history", Position: 41, Err: unknown}, Version: 2, End: 50},
	}, b.failing
}

func ask(t *testing.T, b *building, path string) *httptest.ResponseRecorder {
	t.Helper()
	config := b.config()
	config.Projections, config.Facts = b, b
	answer := httptest.NewRecorder()
	httpapi.New(config).Handler().ServeHTTP(answer, get(path))
	return answer
}

func TestCallFilters(t *testing.T) {
	b := newBuilding()
	answer := ask(t, b, "/v1/calls?type=inbound&switch=cc1&userData=account=1&userData=a=b=c&text=blue+harbor&minDuration=1m30s&maxDuration=5m&conversation="+known.String())
	require.Equal(t, 200, answer.Code, answer.Body)
	assert.Equal(t, history.Filter{
		Type: call.Inbound, Switch: "cc1", UserData: []call.Pair{{Key: "account", Value: "1"}, {Key: "a", Value: "b=c"}}, Text: "blue harbor",
		MinDuration: 90 * time.Second, MaxDuration: 5 * time.Minute, Conversation: known, Newest: true, Limit: 101,
	}, b.filter)
}

// The next page begins where this one ended.
func TestCallPages(t *testing.T) {
	b := newBuilding()
	b.records = append(b.records, history.Record{ConnID: unknown, StartedAt: history.Time(noon)})
	answer := ask(t, b, "/v1/calls?limit=1")
	var page struct {
		Calls []history.Record
		Next  string
	}
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &page))
	require.Len(t, page.Calls, 1)
	assert.Equal(t, history.CursorOf(b.records[0]).String(), page.Next)
	ask(t, b, "/v1/calls?limit=1&after="+page.Next)
	assert.Equal(t, history.CursorOf(b.records[0]), b.filter.After)
	assert.NotContains(t, ask(t, b, "/v1/calls?limit=2").Body.String(), "next")
}

func TestCallExport(t *testing.T) {
	b := newBuilding()
	answer := ask(t, b, "/v1/calls/export?queue=sales")
	assert.Equal(t, "sales", b.filter.Queue)
	assert.Equal(t, "text/csv; charset=utf-8", answer.Header().Get("Content-Type"))
	lines := strings.Split(strings.TrimSpace(answer.Body.String()), "\n")
	require.Len(t, lines, 2)
	assert.True(t, strings.HasPrefix(lines[0], "connId,switch,"))
	assert.True(t, strings.HasPrefix(lines[1], known.String()+",cc1,"))

	answer = ask(t, b, "/v1/calls/export?format=jsonl")
	assert.Equal(t, "application/jsonl", answer.Header().Get("Content-Type"))
	var record history.Record
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &record))
	assert.Equal(t, known, record.ConnID)

	b.failing = errors.New("disk")
	assert.Equal(t, 500, ask(t, b, "/v1/calls/export").Code)
	assert.Panics(t, func() {
		b := newBuilding()
		b.records, b.onePage = slices.Repeat(b.records, 500), true
		ask(t, b, "/v1/calls/export")
	}, "the answer has begun: it is cut, not ended")
}

func TestStats(t *testing.T) {
	answer := ask(t, newBuilding(), "/v1/stats?target=5s&interval=hour&explain=answered")
	require.Equal(t, 200, answer.Code, answer.Body)
	for _, part := range []string{
		`"definition":{"version":1,"targetMs":5000,"shortMs":5000}`, `"asOf":"2026-11-23T12:00:00.000Z"`, `"queue":"sales"`,
		`"asaMs":10000`, `"answeredInTarget":0`, `"answeredOnly":0`, `"events":["entered","distributed"]`, `"connId":"` + known.String(),
	} {
		assert.Contains(t, answer.Body.String(), part)
	}
}

func TestStatsOfOneKind(t *testing.T) {
	of := func(subject string) (r statistics.Report) {
		answer := ask(t, newBuilding(), "/v1/stats?of="+subject)
		require.Equal(t, 200, answer.Code, answer.Body)
		require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &r))
		return r
	}
	assert.NotEmpty(t, of("queue").Queues)
	assert.Empty(t, of("agent").Queues)
}

// A day of Tokyo begins in the afternoon of UTC.
func TestStatsByTheClocksOfAZone(t *testing.T) {
	answer := ask(t, newBuilding(), "/v1/stats?from=2026-11-20T00:00:00Z&to=2026-11-25T00:00:00Z&interval=day&tz=Asia/Tokyo")
	require.Equal(t, 200, answer.Code, answer.Body)
	for _, part := range []string{`"tz":"Asia/Tokyo"`, `{"queue":"sales","from":"2026-11-22T15:00:00.000Z","to":"2026-11-23T15:00:00.000Z","entered":1`} {
		assert.Contains(t, answer.Body.String(), part)
	}
}

func TestWhatCannotBeAsked(t *testing.T) {
	for path, detail := range map[string]string{
		"/v1/calls?from=2026-11-24T00:00:00Z&to=2026-11-23T00:00:00Z": "before it begins",
		"/v1/calls?userData=account":                                  "key=value",
		"/v1/calls?text=%22open":                                      "not closed",
		"/v1/calls?after=page2":                                       "cursor",
		"/v1/calls?minDuration=long":                                  "minDuration",
		"/v1/calls?minDuration=2m&maxDuration=1m":                     "longer than",
		"/v1/calls?conversation=1":                                    "not a connection id",
		"/v1/calls?type=fax":                                          "query.type",
		"/v1/calls/export?format=xlsx":                                "query.format",
		"/v1/calls/export?userData=account":                           "key=value",
		"/v1/stats?from=2026-11-24T00:00:00Z&to=2026-11-23T00:00:00Z": "before it begins",
		"/v1/stats?to=2020-01-01T00:00:00Z":                           "before it begins at 2026-11-23",
		"/v1/stats?interval=1s":                                       "a minute or longer",
		"/v1/stats?interval=7h":                                       "divides a day",
		"/v1/stats?tz=Berlin":                                         "not a time zone",
		"/v1/stats?interval=soon":                                     "not a duration",
		"/v1/stats?target=-1s":                                        "not a duration",
		"/v1/stats?of=calls":                                          "query.of",
		"/v1/stats?explain=luck":                                      "there is no number",
	} {
		answer := ask(t, newBuilding(), path)
		assert.Equal(t, 422, answer.Code, path)
		assert.Equal(t, "application/problem+json", answer.Header().Get("Content-Type"), path)
		assert.Contains(t, answer.Body.String(), detail, path)
	}
}

// One that has stopped says where, and how to go on.
func TestProjections(t *testing.T) {
	a, b := newArchive(t), newBuilding()
	config := b.config()
	config.Projections, config.Past, config.Audit = b, a.past, a
	answer := httptest.NewRecorder()
	httpapi.New(config).Handler().ServeHTTP(answer, get("/v1/projections"))
	require.Equal(t, 200, answer.Code, answer.Body)
	assert.Contains(t, answer.Body.String(), `{"name":"floor","position":50,"lag":0,"rate":12.5,"live":true}`)
	assert.Contains(t, answer.Body.String(), `"name":"history","version":2,"position":41,"lag":9`)
	assert.Contains(t, answer.Body.String(), `"position":42,"stream":"call-1","howToGoOn":"the event is from a newer callstate`)
	assert.Contains(t, answer.Body.String(), `"began":"`+a.script.Records()[0].SwitchTime.Format(time.RFC3339Nano)+`"`)
	assert.Empty(t, a.looks, "to ask where the past begins is not to look at it")
}
