package history_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/projectiontest"
)

// One operation is one event, with the decoding of its JSON.
func BenchmarkApply(b *testing.B) {
	const events = 300_000
	day := projectiontest.Day(1, projectiontest.DayOptions{Agents: 1000, Events: events})
	records := day.Records()[:events]
	for _, mode := range []struct {
		name  string
		batch int
		end   eventlog.Position
	}{
		{"rebuild", projections.BatchSize, events},
		{"live/batch=1000", 1000, 0},
		{"live/batch=100", 100, 0},
		{"live/batch=10", 10, 0},
	} {
		b.Run(fmt.Sprintf("mode=%s", mode.name), func(b *testing.B) {
			b.ReportAllocs()
			var h *history.History
			next := events
			for done := 0; b.Loop(); done++ {
				if next == events {
					b.StopTimer()
					var err error
					h, err = history.Open(b.Context(), filepath.Join(b.TempDir(), "history.db"), history.Options{Log: projectiontest.Log{Script: day}})
					require.NoError(b, err)
					b.Cleanup(func() { h.Close() })
					h.CatchingUp(mode.end)
					next = 0
					b.StartTimer()
				}
				if next++; next%mode.batch == 0 || next == events {
					from := (next - 1) / mode.batch * mode.batch
					if err := h.Apply(b.Context(), records[from:next]); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
