package tracing

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
)

// collector takes OTLP over HTTP.
func collector(t *testing.T) (url string, exports *atomic.Int32) {
	t.Helper()
	exports = &atomic.Int32{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/traces" && r.Header.Get("Content-Type") == "application/x-protobuf" {
			exports.Add(1)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, exports
}

func TestNothingIsTracedUnlessACollectorIsNamed(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	traced, err := Open(t.Context(), Config{}, "1.0", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	assert.Nil(t, traced)
	log := memory.New()
	defer log.Close()
	assert.Same(t, log, traced.Store(log), "nothing is put in between")
	assert.Nil(t, traced.Tracer())
	assert.NoError(t, traced.Close())
}

func TestSpansGoToTheCollector(t *testing.T) {
	for name, c := range map[string]func(url string) Config{
		"that the configuration names": func(url string) Config { return Config{Endpoint: url + "/v1/traces"} },
		"that the environment names": func(url string) Config {
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
			return Config{}
		},
	} {
		t.Run(name, func(t *testing.T) {
			url, exports := collector(t)
			traced, err := Open(t.Context(), c(url), "1.0", slog.New(slog.DiscardHandler))
			require.NoError(t, err)
			_, span := traced.Tracer().Start(t.Context(), "something")
			span.End()
			require.NoError(t, traced.Close())
			assert.EqualValues(t, 1, exports.Load())
		})
	}
	url, _ := collector(t)
	t.Setenv("OTEL_SDK_DISABLED", "true")
	assert.False(t, Config{Endpoint: url}.Wanted())
}

func inMemory(t *testing.T, options ...sdktrace.TracerProviderOption) (*Tracing, *tracetest.InMemoryExporter) {
	t.Helper()
	spans := tracetest.NewInMemoryExporter()
	traced, err := New(t.Context(), "1.0", append(options, sdktrace.WithSyncer(spans))...)
	require.NoError(t, err)
	return traced, spans
}

func anEvent(kind string) eventlog.Event {
	return eventlog.Event{ID: uuid.New(), Type: kind, Version: 1, Data: []byte("{}")}
}

func to(stream eventlog.Stream, after eventlog.Revision, events ...eventlog.Event) []eventlog.StreamAppend {
	return []eventlog.StreamAppend{{Stream: stream, Expected: eventlog.At(after), Events: events}}
}

func TestAnEventKeepsTheTraceInWhichItWasRecordedWhereThatIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		sampler sdktrace.Sampler
		told    bool
	}{"told": {sdktrace.AlwaysSample(), true}, "not told": {sdktrace.NeverSample(), false}} {
		t.Run(name, func(t *testing.T) {
			traced, spans := inMemory(t, sdktrace.WithSampler(c.sampler))
			log := memory.New()
			defer log.Close()
			given := to("call-1", 0, anEvent("CallStarted"), anEvent("PartyDialing"))
			require.NoError(t, traced.Store(log).Append(t.Context(), given))
			assert.Empty(t, given[0].Events[0].Traceparent, "what the caller has is not changed")
			for r, err := range log.ReadAll(t.Context(), 0) {
				require.NoError(t, err)
				if !c.told {
					assert.Empty(t, r.Traceparent)
					continue
				}
				span := spans.GetSpans()[0].SpanContext
				assert.Equal(t, "00-"+span.TraceID().String()+"-"+span.SpanID().String()+"-01", r.Traceparent)
			}
		})
	}
}

func TestWhatFailsIsMarkedAndItsWordsAreNotTold(t *testing.T) {
	traced, spans := inMemory(t)
	require.Error(t, traced.Engine(failing{}).Ingest(t.Context(), nil))
	span := spans.GetSpans()[0]
	assert.Equal(t, codes.Error, span.Status.Code)
	assert.NotContains(t, span.Status.Description, "+49")
	assert.Empty(t, span.Events)
}

type failing struct{ Engine }

func (failing) Ingest(context.Context, []engine.Observation) error {
	return errors.New("the caller +49301234567 is not known")
}

func TestWhatHappensSoonAfterARequestIsLinkedToIt(t *testing.T) {
	traced, spans := inMemory(t)
	log := memory.New()
	defer log.Close()
	store := traced.Store(log)
	require.NoError(t, store.Append(t.Context(), to("call-1", 0, anEvent("CallStarted"))))
	require.NoError(t, store.Append(t.Context(), to("call-1", 1, anEvent("RequestMade"))))
	require.NoError(t, store.Append(t.Context(), to("call-1", 2, anEvent("PartyHeld"))))
	require.NoError(t, store.Append(t.Context(), to("call-2", 0, anEvent("CallStarted"))))
	got := spans.GetSpans()
	assert.Empty(t, got[0].Links)
	assert.Empty(t, got[1].Links)
	require.Len(t, got[2].Links, 1)
	assert.Equal(t, got[1].SpanContext.TraceID(), got[2].Links[0].SpanContext.TraceID())
	assert.Empty(t, got[3].Links, "another call")
}

func TestRequestsAreRememberedInBounds(t *testing.T) {
	a := newAsked()
	for i := range 3 * keptAsked {
		a.remember(eventlog.Stream(uuid.NewString()), request{at: time.Now()})
		a.remember("call-again", request{at: time.Now()})
		assert.LessOrEqual(t, len(a.of), keptAsked, i)
	}
}

func TestAProjectionIsInEachTraceOfWhatItTakesIn(t *testing.T) {
	traced, spans := inMemory(t)
	const one, two = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-00f067aa0ba902b7-01"
	var records []eventlog.Record
	for _, parent := range []string{one, one, "", two, "nonsense"} {
		records = append(records, eventlog.Record{Event: eventlog.Event{Traceparent: parent}})
	}
	traced.Applied("floor", records[:4], time.Now())
	traces := map[string]int{}
	for _, s := range spans.GetSpans() {
		assert.Equal(t, "projection floor", s.Name)
		assert.Equal(t, "00f067aa0ba902b7", s.Parent.SpanID().String())
		traces[s.SpanContext.TraceID().String()]++
	}
	assert.Equal(t, map[string]int{"4bf92f3577b34da6a3ce929d0e0e4736": 1, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": 1}, traces)
	spans.Reset()
	traced.Applied("floor", records[4:], time.Now())
	traced.Frame("nonsense")(nil)
	traced.Frame("")(nil)
	assert.Empty(t, spans.GetSpans(), "what is no traceparent begins no trace")
}

// answering is a switch that can answer calls, and nothing else.
type answering struct{}

func (answering) Execute(context.Context, engine.Order) error { return nil }
func (answering) Can(service call.Service) bool               { return service == call.Answers }

func TestATracedSwitchCanDoWhatItCouldBefore(t *testing.T) {
	traced, err := New(t.Context(), "1.0", sdktrace.WithSyncer(tracetest.NewInMemoryExporter()))
	require.NoError(t, err)
	switches := engine.Executors{"pbx": traced.Executor(answering{})}
	assert.True(t, switches.Can("pbx", call.Answers))
	assert.False(t, switches.Can("pbx", call.Holds))
}
