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
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/floor"
	"github.com/stretchr/testify/require"
)

// BenchmarkFromBytesToFloor takes the recorded three minutes of a busy contact centre from the switch's bytes to durable
// events and the live floor, as fast as it goes. Beside it stands a bare log file that gets the same bytes of event data
// with the same number of syncs: what no engine can beat. Where the time goes is told by the stages that build on each
// other: parse, translate, decide (with a log that keeps nothing), and the whole.
func BenchmarkFromBytesToFloor(b *testing.B) {
	session := contactCentre(b)
	b.Run("parse", func(b *testing.B) {
		benchImport(b, session, func() (asterisk.Interpreter, asterisk.Ingester) { return nothing{}, nothing{} })
	})
	b.Run("translate", func(b *testing.B) {
		benchImport(b, session, func() (asterisk.Interpreter, asterisk.Ingester) { return demoTranslator(), nothing{} })
	})
	b.Run("decide", func(b *testing.B) {
		benchImport(b, session, func() (asterisk.Interpreter, asterisk.Ingester) {
			return demoTranslator(), engine.New(nowhere{}, time.Now, nil)
		})
	})
	b.Run("store and show", func(b *testing.B) {
		blocks, took, bare := 0, time.Duration(0), time.Duration(0)
		for b.Loop() {
			counted := &counting{}
			n, d := wholePath(b, session, counted)
			blocks, took = blocks+n, took+d
			bare += bareLog(b, counted)
			b.ReportMetric(float64(counted.events), "events")
		}
		b.ReportMetric(float64(blocks)/took.Seconds(), "blocks/s")
		b.ReportMetric(float64(bare)/float64(took), "of-bare-log")
	})
}

func contactCentre(b *testing.B) []byte {
	b.Helper()
	packed, err := recordings.Open("recordings/contact-centre.ami.gz")
	require.NoError(b, err)
	unpacked, err := gzip.NewReader(packed)
	require.NoError(b, err)
	session, err := io.ReadAll(unpacked)
	require.NoError(b, err)
	return session
}

func demoTranslator() *asterisk.Translator {
	return asterisk.NewTranslator(asterisk.Vocabulary{Switch: "pbx", DefaultWrapup: 2 * time.Second})
}

func benchImport(b *testing.B, session []byte, parts func() (asterisk.Interpreter, asterisk.Ingester)) {
	blocks := 0
	for b.Loop() {
		interpreter, ingester := parts()
		stats, err := asterisk.Import(b.Context(), bytes.NewReader(session), interpreter, ingester, nil)
		require.NoError(b, err)
		blocks += stats.Pieces
	}
	b.ReportMetric(float64(blocks)/b.Elapsed().Seconds(), "blocks/s")
}

// wholePath imports a session into a fresh log while the floor follows it, and returns when the floor shows the end.
func wholePath(b *testing.B, session []byte, counted *counting) (blocks int, took time.Duration) {
	b.Helper()
	log, err := pebble.Open(b.TempDir(), pebble.Options{})
	require.NoError(b, err)
	defer log.Close()
	counted.Store = log
	ctx, cancel := context.WithCancel(b.Context())
	runner := projections.NewRunner(log, nil, floor.New(floor.Options{}))
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()

	started := time.Now()
	stats, err := asterisk.Import(b.Context(), bytes.NewReader(session), demoTranslator(), engine.New(counted, time.Now, nil), nil)
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

// nothing understands nothing and keeps nothing.
type nothing struct{}

func (nothing) LinkUp(string, time.Time) []engine.Observation            { return nil }
func (nothing) LinkDown(string, time.Time) []engine.Observation          { return nil }
func (nothing) Translate(asterisk.Block, time.Time) []engine.Observation { return nil }
func (nothing) Advance(time.Time) []engine.Observation                   { return nil }
func (nothing) Ingest(context.Context, []engine.Observation) error       { return nil }

// nowhere is a log that forgets.
type nowhere struct{}

func (nowhere) Append(context.Context, []eventlog.StreamAppend) error { return nil }
func (nowhere) ReadStream(context.Context, eventlog.Stream, eventlog.Revision) iter.Seq2[eventlog.Record, error] {
	return func(func(eventlog.Record, error) bool) {}
}
