package eventlogtest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/eventlog"
)

func testConcurrentAppends(t *testing.T, suite Suite) {
	t.Run("to the same stream: one wins each revision, the others learn where it stands", func(t *testing.T) {
		const appenders, each = 8, 20
		log := open(t, suite)
		stream := log.stream()
		together(appenders, func(n int) {
			revision := eventlog.Revision(0)
			for i := range each {
				mine := event(fmt.Sprintf("%d by %d", i, n))
				for {
					err := log.append(stream, eventlog.At(revision), mine)
					var conflict *eventlog.ConflictError
					if !errors.As(err, &conflict) {
						assert.NoError(t, err)
						revision++
						break
					}
					if !assert.Greater(t, conflict.Actual, revision, "a conflict must be with something that is there") {
						return
					}
					revision = conflict.Actual
				}
			}
		})
		records := log.read(stream, 0)
		require.Len(t, records, appenders*each)
		for i, record := range records {
			require.Equal(t, eventlog.Revision(i+1), record.Revision)
		}
		log.holds(stream, bare(records)...)
	})
	t.Run("the same events: all succeed, they are written once", func(t *testing.T) {
		log := open(t, suite)
		for range 10 {
			stream, all := log.stream(), events(3)
			together(8, func(int) {
				assert.NoError(t, log.append(stream, eventlog.NoStream(), all...))
			})
			log.holds(stream, all...)
		}
	})
	t.Run("to no stream: exactly one creates it", func(t *testing.T) {
		log := open(t, suite)
		for range 10 {
			stream, won := log.stream(), make(chan []eventlog.Event, 8)
			together(8, func(int) {
				mine := events(2)
				err := log.append(stream, eventlog.NoStream(), mine...)
				if err == nil {
					won <- mine
					return
				}
				var conflict *eventlog.ConflictError
				if assert.ErrorAs(t, err, &conflict) {
					assert.Equal(t, eventlog.Revision(2), conflict.Actual)
				}
			})
			require.Len(t, won, 1)
			log.holds(stream, <-won...)
		}
	})
	t.Run("to several streams each: nothing is lost, no append is torn", func(t *testing.T) {
		const appenders, each = 8, 25
		log := open(t, suite)
		streams := []eventlog.Stream{log.stream(), log.stream(), log.stream()}
		together(appenders, func(n int) {
			for range each {
				appends := make([]eventlog.StreamAppend, len(streams))
				for i := range streams {
					pair := events(2)
					pair[1].Causation = pair[0].ID
					at := (n + i) % len(streams)
					appends[i] = eventlog.StreamAppend{Stream: streams[at], Expected: eventlog.Any(), Events: pair}
				}
				assert.NoError(t, log.Append(log.ctx, appends))
			}
		})
		for _, stream := range streams {
			records := log.read(stream, 0)
			require.Len(t, records, 2*appenders*each)
			for i := 0; i < len(records); i += 2 {
				require.Equal(t, records[i].ID, records[i+1].Causation, "a pair stands together")
			}
			log.holds(stream, bare(records)...)
		}
	})
	t.Run("a reader never sees a part of an append", func(t *testing.T) {
		const rounds, size = 30, 7
		log := open(t, suite)
		stream, done := log.stream(), make(chan struct{})
		go func() {
			defer close(done)
			for range rounds {
				assert.NoError(t, log.append(stream, eventlog.Any(), events(size)...))
			}
		}()
		for reading := true; reading; {
			select {
			case <-done:
				reading = false
			default:
			}
			require.Zero(t, len(log.read(stream, 0))%size)
		}
		require.Len(t, log.read(stream, 0), rounds*size)
	})
}

// together calls do in n goroutines at once, and returns when all are done.
func together(n int, do func(n int)) {
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { do(i) })
	}
	group.Wait()
}

func bare(records []eventlog.Record) []eventlog.Event {
	found := make([]eventlog.Event, len(records))
	for i := range records {
		found[i] = records[i].Event
	}
	return found
}
