package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/store/pebble"
	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/adapters/switches/freeswitch"
	"github.com/callstate/callstate/adapters/tracing"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/floor"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// BenchmarkFromBytesToFloor takes a recorded busy contact centre, one of each kind of switch, from the switch's bytes to
// durable events and the live floor, as fast as it goes. Beside it stands a bare log file that gets the same bytes of event
// data with the same number of syncs: what no engine can beat. Where the time goes is told by the stages that build on each
// other: parse, translate, decide (with a log that keeps nothing), and the whole.
func BenchmarkFromBytesToFloor(b *testing.B) {
	for _, kind := range []struct {
		name, recording string
		parse           importer
		understand      func(c config, name string, variables []string, wrapup time.Duration) importer
	}{
		{"asterisk", "recordings/contact-centre.ami.gz", parseAMI, asteriskImporter},
		{"freeswitch", "recordings/contact-centre.esl.gz", parseESL, freeswitchImporter},
	} {
		session := recorded(b, kind.recording)
		understand := func() importer { return kind.understand(config{}, "pbx", nil, 2*time.Second) }
		b.Run(kind.name+"/parse", func(b *testing.B) {
			benchImport(b, session, func() (importer, connection.Ingester) { return kind.parse, nowhere{} })
		})
		b.Run(kind.name+"/translate", func(b *testing.B) {
			benchImport(b, session, func() (importer, connection.Ingester) { return understand(), nowhere{} })
		})
		b.Run(kind.name+"/decide", func(b *testing.B) {
			benchImport(b, session, func() (importer, connection.Ingester) { return understand(), engine.New(nowhere{}, time.Now, nil) })
		})
		b.Run(kind.name+"/store and show", func(b *testing.B) {
			blocks, took, bare := 0, time.Duration(0), time.Duration(0)
			for b.Loop() {
				counted := &counting{}
				n, d := wholePath(b, session, understand(), counted, nil)
				blocks, took = blocks+n, took+d
				bare += bareLog(b, counted)
				b.ReportMetric(float64(counted.events), "events")
			}
			b.ReportMetric(float64(blocks)/took.Seconds(), "blocks/s")
			b.ReportMetric(float64(bare)/float64(took), "of-bare-log")
		})
	}
}

// BenchmarkTracing is the same way of an Asterisk's session without traces, with one in a hundred, and with all of them,
// which go nowhere.
func BenchmarkTracing(b *testing.B) {
	session := recorded(b, "recordings/contact-centre.ami.gz")
	for name, ratio := range map[string]float64{"off": -1, "hundredth": 0.01, "all": 1} {
		b.Run(name, func(b *testing.B) {
			var traced *tracing.Tracing
			if ratio >= 0 {
				var err error
				traced, err = tracing.New(b.Context(), "test", sdktrace.WithBatcher(tracetest.NewNoopExporter()), sdktrace.WithSampler(sdktrace.TraceIDRatioBased(ratio)))
				require.NoError(b, err)
			}
			blocks, took := 0, time.Duration(0)
			for b.Loop() {
				n, d := wholePath(b, session, asteriskImporter(config{}, "pbx", nil, 2*time.Second), &counting{}, traced)
				blocks, took = blocks+n, took+d
			}
			b.ReportMetric(float64(blocks)/took.Seconds(), "blocks/s")
		})
	}
}

func recorded(b *testing.B, recording string) []byte {
	b.Helper()
	packed, err := recordings.Open(recording)
	require.NoError(b, err)
	unpacked, err := gzip.NewReader(packed)
	require.NoError(b, err)
	session, err := io.ReadAll(unpacked)
	require.NoError(b, err)
	return session
}

func parseAMI(ctx context.Context, source io.Reader, to connection.Ingester) (connection.ImportStats, error) {
	return asterisk.Import(ctx, source, deaf[asterisk.Block]{}, to, nil)
}

func parseESL(ctx context.Context, source io.Reader, to connection.Ingester) (connection.ImportStats, error) {
	return freeswitch.Import(ctx, source, deaf[freeswitch.Event]{}, to, nil)
}

func benchImport(b *testing.B, session []byte, parts func() (importer, connection.Ingester)) {
	blocks := 0
	for b.Loop() {
		read, to := parts()
		stats, err := read(b.Context(), bytes.NewReader(session), to)
		require.NoError(b, err)
		blocks += stats.Pieces
	}
	b.ReportMetric(float64(blocks)/b.Elapsed().Seconds(), "blocks/s")
}

// wholePath imports a session into a fresh log while the floor follows it, and returns when the floor shows the end.
func wholePath(b *testing.B, session []byte, read importer, counted *counting, traced *tracing.Tracing) (blocks int, took time.Duration) {
	b.Helper()
	log, err := pebble.Open(b.TempDir(), pebble.Options{})
	require.NoError(b, err)
	defer log.Close()
	counted.Store = log
	ctx, cancel := context.WithCancel(b.Context())
	runner := projections.NewRunner(log, nil, floor.New(floor.Options{}))
	if traced != nil {
		runner.OnApplied(traced.Applied)
	}
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()

	started := time.Now()
	stats, err := read(b.Context(), bytes.NewReader(session), traced.Engine(engine.New(traced.Store(counted), time.Now, nil)))
	require.NoError(b, err)
	end, err := log.End(b.Context())
	require.NoError(b, err)
	require.NoError(b, runner.Wait(b.Context(), end))
	took = time.Since(started)
	cancel()
	require.NoError(b, <-ended)
	return stats.Pieces, took
}

// bareLog writes as many bytes with as many syncs into a file that has its blocks already.
func bareLog(b *testing.B, c *counting) time.Duration {
	b.Helper()
	file, err := os.Create(filepath.Join(b.TempDir(), "bare"))
	require.NoError(b, err)
	defer file.Close()
	run := make([]byte, max(c.bytes/max(c.appends, 1), 1))
	for range c.appends {
		_, err := file.Write(run)
		require.NoError(b, err)
	}
	require.NoError(b, file.Sync())
	started := time.Now()
	for i := range c.appends {
		_, err := file.WriteAt(run, int64(i*len(run)))
		require.NoError(b, err)
		require.NoError(b, file.Sync())
	}
	return time.Since(started)
}

// counting counts what is appended.
type counting struct {
	*pebble.Store
	appends, events, bytes int
}

func (c *counting) Append(ctx context.Context, appends []eventlog.StreamAppend) error {
	c.appends++
	for _, a := range appends {
		for _, e := range a.Events {
			c.events++
			c.bytes += len(e.Data)
		}
	}
	return c.Store.Append(ctx, appends)
}

// deaf understands nothing.
type deaf[P any] struct{}

func (deaf[P]) Resume([]call.State, time.Time)                  {}
func (deaf[P]) LinkUp(string, time.Time) []engine.Observation   { return nil }
func (deaf[P]) LinkDown(string, time.Time) []engine.Observation { return nil }
func (deaf[P]) Translate(P, time.Time) []engine.Observation     { return nil }
func (deaf[P]) Advance(time.Time) []engine.Observation          { return nil }

// nowhere is an engine that does nothing, and a log that forgets.
type nowhere struct{}

func (nowhere) Ingest(context.Context, []engine.Observation) error    { return nil }
func (nowhere) Append(context.Context, []eventlog.StreamAppend) error { return nil }
func (nowhere) ReadStream(context.Context, eventlog.Stream, eventlog.Revision) iter.Seq2[eventlog.Record, error] {
	return func(func(eventlog.Record, error) bool) {}
}
