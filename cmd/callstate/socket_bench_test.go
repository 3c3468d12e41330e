package main

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/switches/playback"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// BenchmarkFromSocketToFrame has an Asterisk tell a recorded busy contact centre at 2,000 events a second, and measures from
// the read of the socket that brought the first of what made an event to the moment when the frame of that event has been
// written to a client of the floor's feed. All of it is traced, which is how it is measured, and costs some of the time.
func BenchmarkFromSocketToFrame(b *testing.B) {
	const wanted = 2000 // events a second
	session := recorded(b, "recordings/contact-centre.ami.gz")
	recording, err := playback.ReadAMI(bytes.NewReader(session))
	require.NoError(b, err)
	counted := &counting{}
	wholePath(b, session, asteriskImporter(config{}, "pbx", nil, 2*time.Second), counted, nil)
	speed := wanted * recording.Length().Seconds() / float64(counted.events)

	var way socketToFrame
	var took time.Duration
	for b.Loop() {
		took += playedToFeeds(b, recording, speed, &way)
	}
	all := way.sorted()
	frames := len(all)
	require.Greater(b, frames, counted.events/2)
	b.ReportMetric(float64(all[frames/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(all[frames*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(all[frames-1].Microseconds())/1000, "max-ms")
	b.ReportMetric(float64(counted.events*b.N)/took.Seconds(), "events/s")
}

// playedToFeeds plays a session to an engine whose floor is followed, and returns how long that took.
func playedToFeeds(b *testing.B, recording *playback.Recording, speed float64, way *socketToFrame) time.Duration {
	b.Helper()
	manager, port := playing(b, recording, speed)
	page := startWithTraces(b, sdktrace.WithSpanProcessor(way), func(c *config) {
		c.Asterisk = []asteriskConfig{{Name: "pbx1", Host: "127.0.0.1", Port: port, User: "callstate", Secret: "s3cret"}}
	})
	followFeed(b, page+"v1/floor/stream")
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	began := time.Now()
	go func() { ended <- manager.Run(ctx) }()
	<-manager.Done()
	took := time.Since(began)
	stop()
	require.NoError(b, <-ended)
	return took
}

// socketToFrame collects how long it took from what a link read to the frames that came of it.
type socketToFrame struct {
	mu   sync.Mutex
	read map[trace.TraceID]time.Time
	took []time.Duration
}

func (s *socketToFrame) sorted() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(slices.Values(s.took))
}

// OnStart implements sdktrace.SpanProcessor.
func (s *socketToFrame) OnStart(_ context.Context, span sdktrace.ReadWriteSpan) {
	if span.Name() != "link.read" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read == nil {
		s.read = map[trace.TraceID]time.Time{}
	}
	s.read[span.SpanContext().TraceID()] = span.StartTime()
}

// OnEnd implements sdktrace.SpanProcessor.
func (s *socketToFrame) OnEnd(span sdktrace.ReadOnlySpan) {
	if span.Name() != "desktop.frame" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if read, known := s.read[span.SpanContext().TraceID()]; known {
		s.took = append(s.took, span.EndTime().Sub(read))
	}
}

// Shutdown implements sdktrace.SpanProcessor.
func (s *socketToFrame) Shutdown(context.Context) error { return nil }

// ForceFlush implements sdktrace.SpanProcessor.
func (s *socketToFrame) ForceFlush(context.Context) error { return nil }
