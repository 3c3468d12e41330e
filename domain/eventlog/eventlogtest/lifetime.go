package eventlogtest

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/eventlog"
)

func testClose(t *testing.T, suite Suite) {
	t.Run("may be called again", func(t *testing.T) {
		log := open(t, suite)
		together(4, func(int) { assert.NoError(t, log.Close()) })
		require.NoError(t, log.Close())
	})
	t.Run("ends every later call with ErrClosed", func(t *testing.T) {
		log := open(t, suite)
		stream := log.stream()
		log.given(stream, events(3)...)
		require.NoError(t, log.Close())

		require.ErrorIs(t, log.append(stream, eventlog.At(3), events(1)...), eventlog.ErrClosed)
		for kind, sequence := range map[string]func(yield func(eventlog.Record, error) bool){
			"stream":       log.ReadStream(t.Context(), stream, 0),
			"stream's end": log.ReadStream(t.Context(), stream, 4),
			"log":          log.ReadAll(t.Context(), 0),
			"log's end":    log.ReadAll(t.Context(), 1<<40),
			"subscription": log.Subscribe(t.Context(), 0),
		} {
			elements := 0
			for _, err := range sequence {
				require.ErrorIs(t, err, eventlog.ErrClosed, kind)
				elements++
			}
			require.Equal(t, 1, elements, kind)
		}
	})
	t.Run("ends what is being read with ErrClosed, and does not wait for the reader", func(t *testing.T) {
		kinds := map[string]func(log *log, stream eventlog.Stream) func(func(eventlog.Record, error) bool){
			"stream": func(log *log, stream eventlog.Stream) func(func(eventlog.Record, error) bool) {
				return log.ReadStream(log.ctx, stream, 0)
			},
			"log": func(log *log, _ eventlog.Stream) func(func(eventlog.Record, error) bool) {
				return log.ReadAll(log.ctx, log.before)
			},
			"subscription": func(log *log, _ eventlog.Stream) func(func(eventlog.Record, error) bool) {
				return log.Subscribe(log.ctx, log.before)
			},
		}
		for kind, read := range kinds {
			log := open(t, suite)
			stream := log.stream()
			log.given(stream, events(3000)...)
			seen, last := 0, error(nil)
			for _, err := range read(log, stream) {
				if last = err; err != nil {
					break
				}
				if seen++; seen == 3 {
					require.NoError(t, log.Close())
				}
			}
			require.ErrorIs(t, last, eventlog.ErrClosed, kind)
			require.Less(t, seen, 3000, kind)
		}
	})
	t.Run("completes the appends under way or ends them with ErrClosed", func(t *testing.T) {
		log := open(t, suite)
		streams := make([]eventlog.Stream, 8)
		for i := range streams {
			streams[i] = log.stream()
		}
		acknowledged := make([]eventlog.Revision, len(streams))
		started := make(chan struct{}, len(streams))
		closed := make(chan error)
		go func() {
			for range streams {
				<-started
			}
			closed <- log.Close()
		}()
		together(len(streams), func(n int) {
			for {
				err := log.append(streams[n], eventlog.At(acknowledged[n]), event("x"))
				if acknowledged[n] == 0 {
					started <- struct{}{}
				}
				if err != nil {
					assert.ErrorIs(t, err, eventlog.ErrClosed)
					return
				}
				acknowledged[n]++
			}
		})
		require.NoError(t, <-closed)
		if !suite.Features.Persistent {
			return
		}
		log.reopen()
		for i, stream := range streams {
			require.Len(t, log.read(stream, 0), int(acknowledged[i]))
		}
	})
}

func testReopen(t *testing.T, suite Suite) {
	if !suite.Features.Persistent {
		t.Skip("the store is not persistent")
	}
	t.Run("everything is still there", func(t *testing.T) {
		log := open(t, suite)
		var streams []eventlog.Stream
		for i := range 12 {
			streams = append(streams, log.stream())
			for range 1 + i%3 {
				log.given(streams[i], events(1+i)...)
			}
		}
		big := event("big")
		big.Data = body(eventlog.MaxData)
		log.given(streams[0], big)
		all := log.all(0)
		for range 2 {
			log.reopen()
			require.Equal(t, all, log.all(0))
			for _, stream := range streams {
				var want []eventlog.Event
				for _, record := range all {
					if record.Stream == stream {
						want = append(want, record.Event)
					}
				}
				log.holds(stream, want...)
			}
		}
	})
	t.Run("the log goes on where it ended", func(t *testing.T) {
		log, all := open(t, suite), events(9)
		stream := log.stream()
		for i := range 3 {
			require.NoError(t, log.append(stream, eventlog.At(eventlog.Revision(3*i)), all[3*i:3*i+3]...))
			log.holds(stream, all[:3*i+3]...)
			log.reopen()
		}
		records := log.all(0)
		require.Equal(t, ids(all), recordIDs(records))
		for i := 1; i < len(records); i++ {
			require.Greater(t, records[i].Position, records[i-1].Position)
		}
	})
	t.Run("what was appended before conflicts, or is recognised", func(t *testing.T) {
		log, all := open(t, suite), events(4)
		stream := log.stream()
		log.given(stream, all...)
		log.reopen()
		require.NoError(t, log.append(stream, eventlog.At(2), all[2:]...))
		err := log.append(stream, eventlog.At(2), events(2)...)
		var conflict *eventlog.ConflictError
		require.True(t, errors.As(err, &conflict), "%v", err)
		require.Equal(t, eventlog.Revision(4), conflict.Actual)
		log.holds(stream, all...)
	})
	t.Run("a subscriber that comes back goes on where it was", func(t *testing.T) {
		log, all := open(t, suite), events(10)
		stream := log.stream()
		log.given(stream, all[:6]...)
		seen := log.subscribe(0).next(4)
		log.reopen()
		subscriber := log.subscribe(seen[3].Position)
		seen = append(seen, subscriber.next(2)...)
		require.NoError(t, log.Append(context.Background(), []eventlog.StreamAppend{
			{Stream: stream, Expected: eventlog.At(6), Events: all[6:]},
		}))
		seen = append(seen, subscriber.next(4)...)
		require.Equal(t, ids(all), recordIDs(seen))
	})
}
