package main

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/callstate/callstate/adapters/desktop"
	"github.com/callstate/callstate/adapters/switches/playback"
	"github.com/callstate/callstate/adapters/tracing"
)

// traced is an engine in this process whose traces are kept in memory.
type traced struct {
	spans *tracetest.InMemoryExporter
	page  string
}

func startTraced(t *testing.T, switches func(c *config)) traced {
	t.Helper()
	e := traced{spans: tracetest.NewInMemoryExporter()}
	e.page = startWithTraces(t, sdktrace.WithSyncer(e.spans), switches)
	return e
}

// startWithTraces starts an engine in this process, and returns where its page is.
func startWithTraces(t testing.TB, to sdktrace.TracerProviderOption, switches func(c *config)) (page string) {
	t.Helper()
	tracing, err := tracing.New(t.Context(), "test", to)
	require.NoError(t, err)
	n, err := openNode(t.Context(), place{data: t.TempDir()}, "127.0.0.1:0", admission{}, desktop.Settings{}, newLogger(discard{}), buses{}, tracing)
	require.NoError(t, err)
	var c config
	switches(&c)
	links, err := c.links(n)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- n.run(ctx, links...) }()
	t.Cleanup(func() { stop(); assert.NoError(t, <-ended) })
	return n.address()
}

// followFeed opens a feed, and reads it until the test ends.
func followFeed(t testing.TB, feed string) {
	t.Helper()
	response, err := http.Get(feed)
	require.NoError(t, err)
	t.Cleanup(func() { response.Body.Close() })
	lines := bufio.NewReader(response.Body)
	for line := ""; !strings.HasPrefix(line, "event: snapshot"); {
		line, err = lines.ReadString('\n')
		require.NoError(t, err)
	}
	go func() {
		for err == nil {
			_, err = lines.ReadString('\n')
		}
	}()
}

// traces are the spans by trace.
func (e traced) traces() map[trace.TraceID][]tracetest.SpanStub {
	traces := map[trace.TraceID][]tracetest.SpanStub{}
	for _, s := range e.spans.GetSpans() {
		id := s.SpanContext.TraceID()
		traces[id] = append(traces[id], s)
	}
	return traces
}

// waitFor waits for a trace that has spans of all these names, of which each but the first has its parent in the trace.
func (e traced) waitFor(t *testing.T, names ...string) (found []tracetest.SpanStub) {
	t.Helper()
	require.Eventually(t, func() bool {
		for _, spans := range e.traces() {
			if hasAll(spans, names) {
				found = spans
				return true
			}
		}
		return false
	}, time.Minute, 20*time.Millisecond, "no trace has %v", names)
	in := map[trace.SpanID]bool{}
	for _, s := range found {
		in[s.SpanContext.SpanID()] = true
	}
	for _, s := range found {
		if s.Name != names[0] {
			assert.True(t, in[s.Parent.SpanID()], "%s hangs in the air", s.Name)
		}
	}
	return found
}

func hasAll(spans []tracetest.SpanStub, names []string) bool {
	has := map[string]bool{}
	for _, s := range spans {
		has[s.Name] = true
	}
	for _, name := range names {
		if !has[name] {
			return false
		}
	}
	return true
}

func TestAFactIsOneTraceFromTheSocketToTheDesktop(t *testing.T) {
	manager, port := fakeSwitch(t, "asterisk/testdata/sessions/01-answered-caller-hangs-up/events.ami.gz", playback.ReadAMI)
	e := startTraced(t, func(c *config) {
		c.Asterisk = []asteriskConfig{{Name: "pbx1", Host: "127.0.0.1", Port: port, User: "callstate", Secret: "s3cret"}}
	})
	followFeed(t, e.page+"v1/floor/stream")
	go func() { _ = manager.Run(t.Context()) }()
	spans := e.waitFor(t, "link.read", "link.translate", "engine.ingest", "log.append", "projection floor", "projection history", "projection past", "desktop.frame")
	for _, s := range spans {
		for _, a := range s.Attributes {
			assert.Contains(t, []string{"switch", "pieces", "facts", "streams", "events", "records"}, string(a.Key), "of %s", s.Name)
		}
	}
}

func TestARequestIsOneTraceWithWhatTheSwitchIsAskedAndIsLinkedToWhatComesOfIt(t *testing.T) {
	e := startTraced(t, func(c *config) {
		c.Simulator = []simulatorConfig{{Name: "sim", Agents: 1, Rate: 0.001, Manual: []string{"1001"}}}
	})
	followFeed(t, e.page+"v1/agents/1001/stream")
	const parent = "4bf92f3577b34da6a3ce929d0e0e4736"
	request, err := http.NewRequest(http.MethodPost, e.page+"v1/agents/1001/login", strings.NewReader(`{"dn": "1001", "switch": "sim", "queues": ["sales"]}`))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Traceparent", "00-"+parent+"-00f067aa0ba902b7-01")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)

	asked := e.waitFor(t, "POST /v1/agents/{id}/login", "log.append", "switch.execute", "projection floor")
	assert.Equal(t, parent, asked[0].SpanContext.TraceID().String(), "it goes on with the trace of who asked")
	e.waitFor(t, "engine.ingest", "log.append", "desktop.frame")
	require.Eventually(t, func() bool {
		for _, s := range e.spans.GetSpans() {
			for _, l := range s.Links {
				if s.Name == "log.append" && l.SpanContext.TraceID().String() == parent && s.SpanContext.TraceID().String() != parent {
					return true
				}
			}
		}
		return false
	}, time.Minute, 20*time.Millisecond, "what came of the request is linked to it")
}
