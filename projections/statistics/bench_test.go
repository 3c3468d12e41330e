package statistics_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/projectiontest"
	"github.com/callstate/callstate/projections/statistics"
)

// The numbers of a morning of 200,000 events (20,000 with -short), some 14,000 calls of 500 agents, by quarters of an hour.
func BenchmarkMorning(b *testing.B) {
	events := 200_000
	if testing.Short() {
		events = 20_000
	}
	log := projectiontest.Log{Script: projectiontest.Day(1, projectiontest.DayOptions{Agents: 500, Events: events})}
	h, err := history.Open(b.Context(), filepath.Join(b.TempDir(), "history.db"), history.Options{Log: log})
	require.NoError(b, err)
	defer h.Close()
	require.NoError(b, projections.CatchUp(b.Context(), log, h, nil))
	for _, each := range []struct {
		name  string
		query statistics.Query
	}{{"all", statistics.Query{Interval: 15 * time.Minute}}, {"queue", statistics.Query{Interval: 15 * time.Minute, Queue: "sales"}}} {
		b.Run("of="+each.name, func(b *testing.B) {
			each.query.Definition = statistics.NewDefinition(0, 0)
			for b.Loop() {
				_, err := statistics.Of(b.Context(), h, each.query)
				require.NoError(b, err)
			}
		})
	}
}
