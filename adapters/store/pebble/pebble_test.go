package pebble

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/eventlog/eventlogtest"
)

func suite() eventlogtest.Suite {
	return eventlogtest.Suite{
		Open: func(tb testing.TB, dir string) eventlog.Store {
			store, err := Open(dir, Options{})
			require.NoError(tb, err)
			return store
		},
		Features: eventlogtest.Features{Persistent: true, GapFreePositions: true, StreamReadsHavePositions: true},
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	eventlogtest.Run(t, suite())
}

func BenchmarkStore(b *testing.B) { eventlogtest.Benchmark(b, suite()) }

// largeLog is how many events BenchmarkLarge writes; it is a million without it.
const largeLog = "CALLSTATE_BENCH_EVENTS"

// BenchmarkLarge needs a gigabyte of disk for each million of events.
func BenchmarkLarge(b *testing.B) {
	events, err := strconv.Atoi(cmp.Or(os.Getenv(largeLog), "1000000"))
	require.NoError(b, err)
	b.Run("fastest", func(b *testing.B) { eventlogtest.BenchmarkLarge(b, suite(), events) })
	b.Run("zstd", func(b *testing.B) {
		zstd := suite()
		zstd.Open = func(tb testing.TB, dir string) eventlog.Store {
			store, err := Open(dir, Options{Zstd: true})
			require.NoError(tb, err)
			return store
		}
		eventlogtest.BenchmarkLarge(b, zstd, events)
	})
}

// TestLogger: the engine talks at debug level, to the logger only.
func TestLogger(t *testing.T) {
	for level, says := range map[slog.Level]bool{slog.LevelDebug: true, slog.LevelInfo: false} {
		var said bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: level}))
		store, err := Open(t.TempDir(), Options{Logger: logger})
		require.NoError(t, err)
		_, err = appendSome(t.Context(), store, "call-1", 0)
		require.NoError(t, err)
		require.NoError(t, store.Close())
		require.Equal(t, says, said.Len() > 0, "%s: %s", level, said.String())
	}
}

// TestSmallCache: a cache that would leave nothing for blocks is made larger.
func TestSmallCache(t *testing.T) {
	store, err := Open(t.TempDir(), Options{CacheSize: 1})
	require.NoError(t, err)
	revision, err := appendSome(t.Context(), store, "call-1", 0)
	require.NoError(t, err)
	require.NoError(t, store.db.Flush())
	requireSurvived(t, store, map[eventlog.Stream]eventlog.Revision{"call-1": revision})
	require.NoError(t, store.Close())
}

// TestZstd: a log may be written with and without Zstandard by turns; it is read either way, and is smaller with it.
func TestZstd(t *testing.T) {
	sizes := map[bool]int64{}
	for _, zstd := range []bool{false, true} {
		dir := t.TempDir()
		acknowledged := make(map[eventlog.Stream]eventlog.Revision)
		for turn := range 3 {
			store, err := Open(dir, Options{Zstd: zstd != (turn == 2)})
			require.NoError(t, err)
			for i := range 40 {
				stream := streamOf(i)
				for range 5 {
					if acknowledged[stream], err = appendSome(t.Context(), store, stream, acknowledged[stream]); err != nil {
						require.NoError(t, err)
					}
				}
			}
			require.NoError(t, store.db.Flush())
			if turn == 1 {
				sizes[zstd] = int64(store.db.Metrics().DiskSpaceUsage())
			}
			acknowledged = requireSurvived(t, store, acknowledged)
			require.NoError(t, store.Close())
		}
	}
	require.Less(t, sizes[true], sizes[false]*95/100)
}

func Example() {
	dir, err := os.MkdirTemp("", "callstate")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	store, err := Open(dir, Options{})
	if err != nil {
		panic(err)
	}
	defer store.Close()

	ctx := context.Background()
	started := eventlog.Event{ID: uuid.New(), Type: "CallStarted", Version: 1, Data: []byte(`{"ani":"+4930123456"}`)}
	for range 2 {
		// The second time nothing is written: the event is there already.
		err := store.Append(ctx, []eventlog.StreamAppend{{
			Stream: "call-1", Expected: eventlog.NoStream(), Events: []eventlog.Event{started},
		}})
		fmt.Println(err)
	}
	for record, err := range store.ReadAll(ctx, 0) {
		fmt.Println(record.Position, record.Stream, record.Revision, record.Type, string(record.Data), err)
	}
	// Output:
	// <nil>
	// <nil>
	// 1 call-1 1 CallStarted {"ani":"+4930123456"} <nil>
}
