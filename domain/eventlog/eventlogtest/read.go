package eventlogtest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/eventlog"
)

func testReadStream(t *testing.T, suite Suite) {
	t.Run("a stream that nobody knows yields nothing, and no error", func(t *testing.T) {
		log := open(t, suite)
		require.Empty(t, log.read(log.stream(), 0))
		require.Empty(t, log.read(log.stream(), 5))
	})
	t.Run("from a revision on", func(t *testing.T) {
		log, all := open(t, suite), events(5)
		stream := log.stream()
		log.given(stream, all...)
		for from, want := range map[eventlog.Revision][]eventlog.Event{
			0: all, 1: all, 2: all[1:], 5: all[4:], 6: nil, 1 << 40: nil,
		} {
			records := log.read(stream, from)
			require.Equal(t, ids(want), recordIDs(records), "from %d", from)
			if len(records) > 0 {
				require.Equal(t, max(from, 1), records[0].Revision)
			}
		}
	})
	t.Run("a stream has only its own records, whatever the others are called", func(t *testing.T) {
		log := open(t, suite)
		base := string(log.stream())
		names := []string{"", "0", "-", "\x01", "\x7f", " ", "1", "10", "ü", "-1"}
		held := make(map[eventlog.Stream][]eventlog.Event)
		for round := range 3 {
			for _, name := range names {
				stream, some := eventlog.Stream(base+name), events(round+1)
				log.own[stream] = true
				log.given(stream, some...)
				held[stream] = append(held[stream], some...)
			}
		}
		for stream, events := range held {
			log.holds(stream, events...)
		}
	})
	t.Run("a long stream, from the start and from within", func(t *testing.T) {
		const long = 2500
		log, all := open(t, suite), events(long)
		stream := log.stream()
		for from := 0; from < long; from += 100 {
			log.given(stream, all[from:from+100]...)
		}
		log.holds(stream, all...)
		require.Equal(t, ids(all[1499:]), recordIDs(log.read(stream, 1500)))
	})
	t.Run("many large events", func(t *testing.T) {
		log, all := open(t, suite), events(12)
		for i := range all {
			all[i].Data = body(eventlog.MaxData - i)
		}
		stream := log.stream()
		log.given(stream, all[:6]...)
		log.given(stream, all[6:]...)
		log.holds(stream, all...)
	})
	t.Run("what has been acknowledged is there at once", func(t *testing.T) {
		log := open(t, suite)
		stream := log.stream()
		for i := range 50 {
			require.NoError(t, log.append(stream, eventlog.At(eventlog.Revision(i)), event("x")))
			require.Len(t, log.read(stream, eventlog.Revision(i+1)), 1)
			require.Len(t, log.all(0), i+1)
		}
	})
}

func testReadAll(t *testing.T, suite Suite) {
	t.Run("an empty log yields nothing, and no error", func(t *testing.T) {
		require.Empty(t, open(t, suite).all(0))
	})
	t.Run("every record once, in the order in which they were appended", func(t *testing.T) {
		log := open(t, suite)
		streams := []eventlog.Stream{log.stream(), log.stream(), log.stream()}
		var appended []eventlog.Event
		for i := range 60 {
			some := events(1 + i%3)
			log.given(streams[i%len(streams)], some...)
			appended = append(appended, some...)
		}
		records := log.all(0)
		require.Equal(t, ids(appended), recordIDs(records))
		revisions := make(map[eventlog.Stream]eventlog.Revision)
		for i, record := range records {
			revisions[record.Stream]++
			require.Equal(t, revisions[record.Stream], record.Revision)
			if i > 0 {
				require.Greater(t, record.Position, records[i-1].Position)
			}
		}
		if suite.Features.GapFreePositions && !suite.Features.Shared {
			for i, record := range records {
				require.Equal(t, eventlog.Position(i+1), record.Position)
			}
		}
	})
	t.Run("after a position", func(t *testing.T) {
		log, all := open(t, suite), events(9)
		log.given(log.stream(), all[:4]...)
		log.given(log.stream(), all[4:]...)
		records := log.all(0)
		for i, record := range records {
			require.Equal(t, ids(all[i+1:]), recordIDs(log.all(record.Position)), "after %d", record.Position)
		}
		require.Empty(t, log.all(records[len(records)-1].Position+1000))
	})
	t.Run("many records", func(t *testing.T) {
		const many = 5000
		log, all := open(t, suite), events(many)
		for from := 0; from < many; from += 250 {
			log.given(log.stream(), all[from:from+250]...)
		}
		require.Equal(t, ids(all), recordIDs(log.all(0)))
	})
}

// testSequences: what every sequence does, whatever it is a sequence of.
func testSequences(t *testing.T, suite Suite) {
	type sequence func(yield func(eventlog.Record, error) bool)
	kinds := map[string]func(ctx context.Context, log *log, stream eventlog.Stream) sequence{
		"a stream": func(ctx context.Context, log *log, stream eventlog.Stream) sequence {
			return sequence(log.ReadStream(ctx, stream, 0))
		},
		"the log": func(ctx context.Context, log *log, _ eventlog.Stream) sequence {
			return sequence(log.ReadAll(ctx, log.before))
		},
		"a subscription": func(ctx context.Context, log *log, _ eventlog.Stream) sequence {
			return sequence(log.Subscribe(ctx, log.before))
		},
	}
	const there = 1500
	for kind, read := range kinds {
		log, all := open(t, suite), events(there)
		stream := log.stream()
		for from := 0; from < there; from += 500 {
			log.given(stream, all[from:from+500]...)
		}
		t.Run(kind+" may be left early, and read again", func(t *testing.T) {
			sequence := read(log.ctx, log, stream)
			for range 20 {
				seen := 0
				for _, err := range sequence {
					require.NoError(t, err)
					if seen++; seen == 7 {
						break
					}
				}
				require.Equal(t, 7, seen)
			}
		})
		t.Run(kind+" may be read while it is being read, and written", func(t *testing.T) {
			outer := 0
			for _, err := range read(log.ctx, log, stream) {
				require.NoError(t, err)
				inner := 0
				for _, err := range read(log.ctx, log, stream) {
					require.NoError(t, err)
					if inner++; inner == 3 {
						break
					}
				}
				log.given(log.stream(), event("in between"))
				if outer++; outer == 5 {
					break
				}
			}
			require.Equal(t, 5, outer)
		})
		t.Run(kind+" ends with the context's error", func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			seen, last := 0, error(nil)
			for _, err := range read(ctx, log, stream) {
				require.NoError(t, last, "an error is the last element")
				if last = err; err != nil {
					continue
				}
				if seen++; seen == 5 {
					stop()
				}
			}
			require.ErrorIs(t, last, context.Canceled)
			require.Less(t, seen, there, "it ends soon")

			for _, err := range read(ctx, log, stream) {
				require.ErrorIs(t, err, context.Canceled, "a context that is done from the start")
			}
		})
		t.Run(kind+" belongs to its reader", func(t *testing.T) {
			for _, wreck := range []bool{true, false} {
				for record, err := range read(log.ctx, log, stream) {
					require.NoError(t, err)
					require.Equal(t, string(all[0].Data), string(record.Data))
					if wreck {
						clear(record.Data)
					}
					break
				}
			}
		})
	}
}

// testAbilities: what a store may do besides.
func testAbilities(t *testing.T, suite Suite) {
	t.Run("End is the position of the last record", func(t *testing.T) {
		log := open(t, suite)
		ends, ok := log.Store.(eventlog.Ends)
		if !ok {
			t.Skip("the store does not tell its end")
		}
		end := func() eventlog.Position {
			end, err := ends.End(log.ctx)
			require.NoError(t, err)
			return end
		}
		if !suite.Features.Shared {
			require.Zero(t, end())
		}
		for i := range 5 {
			log.given(log.stream(), events(i+1)...)
			all := log.all(0)
			require.GreaterOrEqual(t, end(), all[len(all)-1].Position)
			if !suite.Features.Shared {
				require.Equal(t, all[len(all)-1].Position, end())
			}
		}
		require.NoError(t, log.Close())
		_, err := ends.End(log.ctx)
		require.ErrorIs(t, err, eventlog.ErrClosed)
	})
	t.Run("Healthy until it is closed", func(t *testing.T) {
		log := open(t, suite)
		health, ok := log.Store.(eventlog.Health)
		if !ok {
			t.Skip("the store does not tell how it is")
		}
		log.given(log.stream(), events(3)...)
		require.NoError(t, health.Healthy())
		require.NoError(t, log.Close())
		require.ErrorIs(t, health.Healthy(), eventlog.ErrClosed)
	})
	t.Run("ReadStreamBackward is ReadStream from the other end", func(t *testing.T) {
		const long = 2500
		log, all := open(t, suite), events(long)
		backwards, ok := log.Store.(eventlog.BackwardReader)
		if !ok {
			t.Skip("the store does not read backward")
		}
		stream := log.stream()
		for from := 0; from < long; from += 250 {
			log.given(stream, all[from:from+250]...)
			log.given(log.stream(), event("of another"))
		}
		forward := log.read(stream, 0)
		for _, from := range []eventlog.Revision{0, 1, 2, 1023, 1024, 1025, 2047, long - 1, long, long + 1, 1 << 40, 1<<64 - 1} {
			want := slices.Clone(forward)
			if from > 0 && from < long {
				want = want[:from]
			}
			slices.Reverse(want)
			var read []eventlog.Record
			for record, err := range backwards.ReadStreamBackward(log.ctx, stream, from) {
				require.NoError(t, err)
				read = append(read, record)
			}
			require.Equal(t, want, read, "from %d", from)
		}
		for range backwards.ReadStreamBackward(log.ctx, log.stream(), 0) {
			require.Fail(t, "a stream that nobody knows yields nothing")
		}
		seen := 0
		for record, err := range backwards.ReadStreamBackward(log.ctx, stream, 0) {
			require.NoError(t, err)
			require.Equal(t, eventlog.Revision(long-seen), record.Revision)
			if seen++; seen == 3 {
				break
			}
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		for _, err := range backwards.ReadStreamBackward(ctx, stream, 0) {
			require.ErrorIs(t, err, context.Canceled)
		}
		require.NoError(t, log.Close())
		for _, err := range backwards.ReadStreamBackward(log.ctx, stream, 0) {
			require.ErrorIs(t, err, eventlog.ErrClosed)
		}
	})
	for _, limit := range []int{1, 7, 256, 10_000} {
		t.Run(fmt.Sprintf("SubscribeBatches is Subscribe in runs of at most %d", limit), func(t *testing.T) {
			log, all := open(t, suite), events(700)
			batches, ok := log.Store.(eventlog.BatchSubscriber)
			if !ok {
				t.Skip("the store has no subscriptions in runs")
			}
			log.given(log.stream(), all[:300]...)
			var seen []eventlog.Record
			for run, err := range batches.SubscribeBatches(log.ctx, log.before, limit) {
				require.NoError(t, err)
				require.NotEmpty(t, run)
				require.LessOrEqual(t, len(run), limit)
				for _, record := range run {
					if log.own[record.Stream] {
						seen = append(seen, record)
					}
				}
				clear(run)
				if len(seen) == 300 {
					log.given(log.stream(), all[300:]...)
				}
				if len(seen) == 700 {
					break
				}
			}
			require.Equal(t, ids(all), recordIDs(seen))
		})
	}
}
