package peers

import (
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/store/pebble"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/eventlog/eventlogtest"
)

// postgresURL names a database for BenchmarkPostgres, in which it makes a table "events" and drops the one that is there.
const postgresURL = "CALLSTATE_BENCH_POSTGRES_URL"

type opener func(tb testing.TB, dir string) eventlog.Store

func openPebble(tb testing.TB, dir string) eventlog.Store {
	store, err := pebble.Open(dir, pebble.Options{})
	require.NoError(tb, err)
	return store
}

func openJetStream(tb testing.TB, dir string) eventlog.Store {
	store, err := OpenJetStream(tb.Context(), dir)
	require.NoError(tb, err)
	return store
}

func openPostgres(tb testing.TB, _ string) eventlog.Store {
	url := os.Getenv(postgresURL)
	if url == "" {
		tb.Skip(postgresURL + " names no database")
	}
	store, err := OpenPostgres(tb.Context(), url)
	require.NoError(tb, err)
	return store
}

// TestPeers: what is measured keeps the same events.
func TestPeers(t *testing.T) {
	for name, open := range map[string]opener{"JetStream": openJetStream, "PostgreSQL": openPostgres} {
		t.Run(name, func(t *testing.T) {
			store := open(t, t.TempDir())
			defer store.Close()
			now := time.Now().UTC().Truncate(time.Microsecond)
			var want []eventlog.Record
			for revision := range eventlog.Revision(5) {
				for _, stream := range []eventlog.Stream{"call-1", "call-2"} {
					event := eventlog.Event{
						ID: uuid.New(), Type: "NoteAdded", Version: 3, SwitchTime: now, RecordedAt: now, Correlation: uuid.New(),
						Causation: uuid.New(), Actor: "agent:1001", Inferred: true, Data: []byte(`{"text":"x"}`),
					}
					require.NoError(t, store.Append(t.Context(), []eventlog.StreamAppend{{
						Stream: stream, Expected: eventlog.At(revision), Events: []eventlog.Event{event},
					}}))
					want = append(want, eventlog.Record{Stream: stream, Revision: revision + 1, Position: eventlog.Position(len(want) + 1), Event: event})
				}
			}
			require.ErrorIs(t, store.Append(t.Context(), []eventlog.StreamAppend{{Stream: "call-1", Events: []eventlog.Event{want[0].Event}}}), eventlog.ErrConflict)
			var all []eventlog.Record
			for record, err := range store.ReadAll(t.Context(), 0) {
				require.NoError(t, err)
				record.SwitchTime, record.RecordedAt = record.SwitchTime.UTC(), record.RecordedAt.UTC()
				all = append(all, record)
			}
			require.Equal(t, want, all)
			revision := eventlog.Revision(2)
			for record, err := range store.ReadStream(t.Context(), "call-2", 2) {
				require.NoError(t, err)
				require.Equal(t, eventlog.Stream("call-2"), record.Stream)
				require.Equal(t, revision, record.Revision)
				revision++
			}
			require.Equal(t, eventlog.Revision(6), revision)
		})
	}
}

func BenchmarkPebble(b *testing.B)    { benchmark(b, openPebble) }
func BenchmarkPostgres(b *testing.B)  { benchmark(b, openPostgres) }
func BenchmarkJetStream(b *testing.B) { benchmark(b, openJetStream) }

func benchmark(b *testing.B, open opener) { eventlogtest.Benchmark(b, eventlogtest.Suite{Open: open}) }
