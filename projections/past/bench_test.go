package past_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/store/pebble"
	"github.com/callstate/callstate/adapters/switches/simulator"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/past"
)

const events = 1_000_000

// A day of a simulated contact centre of 400 agents, a million events, in the log on the disk that an engine has written.
// The aims: the floor made anew in 3 s, and at any time of the day in 100 ms.
func BenchmarkDay(b *testing.B) {
	store, begin, end := simulatedDay(b)
	for _, notifications := range []bool{false, true} {
		b.Run(fmt.Sprintf("rebuild/notifications=%t", notifications), func(b *testing.B) {
			used := processor()
			for b.Loop() {
				require.NoError(b, projections.CatchUp(b.Context(), store, floor.New(floor.Options{Notifications: notifications}), nil))
			}
			b.ReportMetric((processor()-used).Seconds()/float64(b.N), "cpu-s/op")
		})
	}
	file := filepath.Join(b.TempDir(), "past.db")
	b.Run("keep", func(b *testing.B) {
		for b.Loop() {
			p, err := past.Open(b.Context(), file+fmt.Sprint(b.N), past.Options{Log: store})
			require.NoError(b, err)
			require.NoError(b, projections.CatchUp(b.Context(), store, p, nil))
			require.NoError(b, p.Close())
		}
	})
	p, err := past.Open(b.Context(), file, past.Options{Log: store})
	require.NoError(b, err)
	defer p.Close()
	require.NoError(b, projections.CatchUp(b.Context(), store, p, nil))
	b.Run("start", func(b *testing.B) {
		for b.Loop() {
			f, err := p.Present(b.Context(), floor.Options{Notifications: true})
			require.NoError(b, err)
			require.NoError(b, projections.CatchUp(b.Context(), store, f, nil))
		}
	})
	b.Run("at", func(b *testing.B) {
		random := rand.New(rand.NewPCG(1, 1))
		var took []time.Duration
		used := processor()
		for b.Loop() {
			at := begin.Add(time.Duration(random.Int64N(int64(end.Sub(begin)))))
			begun := time.Now()
			f, err := p.Floor(b.Context(), past.Moment{Time: at})
			if err != nil {
				b.Fatal(err)
			}
			f.View()
			took = append(took, time.Since(begun))
		}
		b.ReportMetric(float64((processor()-used).Microseconds())/1000/float64(b.N), "cpu-ms/op")
		slices.Sort(took)
		b.ReportMetric(milliseconds(took[len(took)/2]), "p50-ms")
		b.ReportMetric(milliseconds(took[len(took)*99/100]), "p99-ms")
	})
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// simulatedDay is a log, and between which times its events happened.
func simulatedDay(b *testing.B) (store *pebble.Store, begin, end time.Time) {
	store, err := pebble.Open(filepath.Join(b.TempDir(), "log"), pebble.Options{})
	require.NoError(b, err)
	b.Cleanup(func() { store.Close() })
	begin = time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)
	centre, err := simulator.New(simulator.Config{Name: "sim", Seed: 1, Agents: 400}, begin)
	require.NoError(b, err)
	e := engine.New(store, time.Now, nil)
	for end = begin; ; end = end.Add(20 * time.Second) {
		require.NoError(b, e.Ingest(b.Context(), centre.Advance(end)))
		if last, err := store.End(b.Context()); err != nil || last >= events {
			require.NoError(b, err)
			return store, begin, end
		}
	}
}

// processor is the time that this process has used the processors: on a busy machine the clock says little.
func processor() time.Duration {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
