package httpapi_test

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/callstate/callstate/adapters/httpapi"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/projectiontest"
)

// A client that is cut again and again, and comes back with its last id, has in the end exactly what one has that was
// never cut: each change of a busy floor, once and in order.
func TestStreamResumesWithoutGap(t *testing.T) {
	const events = 1500
	script := projectiontest.Day(1, projectiontest.DayOptions{Agents: 10, Events: events})
	live := floor.New(floor.Options{Behind: events})
	live.CatchingUp(0)
	live.Live()
	b := newBuilding()
	config := b.config()
	config.Floor = live
	server := httptest.NewServer(httpapi.New(config).Handler())
	defer server.Close()

	whole := &reader{t: t, url: server.URL + "/v1/floor/stream", last: events, began: make(chan struct{})}
	cut := &reader{t: t, url: whole.url, last: events, atMost: 7, began: make(chan struct{})}
	var reading sync.WaitGroup
	reading.Go(whole.read)
	reading.Go(cut.read)
	<-whole.began
	<-cut.began
	for run := range projectiontest.Runs(script.Records(), 10) {
		if err := live.Apply(t.Context(), run); err != nil {
			t.Fatal(err)
		}
	}
	reading.Wait()
	if len(whole.messages) < events/2 {
		t.Errorf("only %d messages", len(whole.messages))
	}
	if !slices.Equal(whole.messages, cut.messages) {
		t.Errorf("%d messages on one connection, others, or %d, on many", len(whole.messages), len(cut.messages))
	}
}

// reader collects the messages of a stream up to the last position.
type reader struct {
	t      *testing.T
	url    string
	last   int
	atMost int // messages on one connection; 0: all on one
	began  chan struct{}

	messages []string
}

// read follows the stream on as many connections as it takes.
func (r *reader) read() {
	began := sync.OnceFunc(func() { close(r.began) })
	defer began()
	for lastID, position := "", -1; position < r.last; {
		request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.url, nil)
		if err != nil {
			r.t.Error(err)
			return
		}
		if lastID != "" {
			request.Header.Set("Last-Event-ID", lastID)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			r.t.Error(err)
			return
		}
		lines := bufio.NewScanner(response.Body)
		lines.Buffer(nil, 1<<20)
		var message string
		for n := 0; (r.atMost == 0 || n < r.atMost) && position < r.last && lines.Scan(); {
			message += lines.Text() + "\n"
			if lines.Text() != "" {
				continue
			}
			if _, id, ok := strings.Cut(message, "id: "); ok {
				lastID, _, _ = strings.Cut(id, "\n")
				position, _ = strconv.Atoi(lastID)
				r.messages = append(r.messages, message)
				began()
				n++
			}
			message = ""
		}
		response.Body.Close()
		if lines.Err() != nil {
			r.t.Error(lines.Err())
			return
		}
	}
}
