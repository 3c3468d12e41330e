//go:build unix

package main

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/store/pebble"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/projectiontest"
)

// BenchmarkRebuildFloor makes the floor anew from a log on the disk, as every start of the engine does. It reports the
// seconds, and the seconds of processor time, for a million events.
func BenchmarkRebuildFloor(b *testing.B) {
	const events = 300_000
	log, err := pebble.Open(b.TempDir(), pebble.Options{})
	require.NoError(b, err)
	defer log.Close()
	fillLog(b, log, projectiontest.Day(1, projectiontest.DayOptions{Agents: 1000, Events: events}).Records())
	end, err := log.End(b.Context())
	require.NoError(b, err)

	var took, processor time.Duration
	for b.Loop() {
		started, used := time.Now(), processorTime(b)
		ctx, stop := context.WithCancel(b.Context())
		runner := projections.NewRunner(log, nil, floor.New(floor.Options{}))
		ended := make(chan error, 1)
		go func() { ended <- runner.Run(ctx) }()
		require.NoError(b, runner.Wait(ctx, end))
		took, processor = took+time.Since(started), processor+processorTime(b)-used
		stop()
		require.NoError(b, <-ended)
	}
	millions := float64(end) * float64(b.N) / 1e6
	b.ReportMetric(took.Seconds()/millions, "s/million")
	b.ReportMetric(processor.Seconds()/millions, "processor-s/million")
	b.ReportMetric(0, "ns/op")
}

// fillLog appends records in their order, as many at a time as one call takes.
func fillLog(b *testing.B, log *pebble.Store, records []eventlog.Record) {
	b.Helper()
	for from := 0; from < len(records); {
		byStream := map[eventlog.Stream]int{}
		var appends []eventlog.StreamAppend
		n := 0
		for ; from+n < len(records) && n < 2000; n++ {
			r := records[from+n]
			i, ok := byStream[r.Stream]
			if !ok {
				i = len(appends)
				byStream[r.Stream] = i
				appends = append(appends, eventlog.StreamAppend{Stream: r.Stream, Expected: eventlog.At(r.Revision - 1)})
			}
			appends[i].Events = append(appends[i].Events, r.Event)
			appends[i].Order = append(appends[i].Order, n)
		}
		require.NoError(b, log.Append(b.Context(), appends))
		from += n
	}
}

func processorTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
