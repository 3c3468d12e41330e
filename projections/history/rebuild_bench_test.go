package history_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/projectiontest"
)

// One operation is a whole rebuild of a million events (100,000 with -short), from the first to having taken the place of
// the old database; the aim is at most 15 s.
func BenchmarkRebuild(b *testing.B) {
	events := 1_000_000
	if testing.Short() {
		events = 100_000
	}
	log := projectiontest.Log{Script: projectiontest.Day(1, projectiontest.DayOptions{Agents: 1000, Events: events})}
	path := filepath.Join(b.TempDir(), "history.db")
	b.ReportAllocs()
	before := processorTime(b)
	for b.Loop() {
		h, err := history.Open(b.Context(), path, history.Options{Log: log, Anew: true})
		require.NoError(b, err)
		require.NoError(b, projections.CatchUp(b.Context(), log, h, nil))
		require.NoError(b, h.Close())
	}
	b.ReportMetric((processorTime(b)-before)/float64(b.N), "cpu-s/op")
	b.ReportMetric(float64(events)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// processorTime is what this process has used so far, in seconds: it says what the work costs where others use the machine
// too.
func processorTime(b *testing.B) float64 {
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
}
