package eventlogtest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/eventlog"
)

// subscriber is a subscription in a goroutine of its own.
type subscriber struct {
	log     *log
	records chan eventlog.Record
	// err is what the subscription ended with; it may be read when records is closed.
	err  error
	stop context.CancelFunc
}

// subscribe starts a subscription. It hands over one record at a time, to whoever wants one: a test that takes none
// has a subscriber that does not keep up.
func (l *log) subscribe(after eventlog.Position) *subscriber {
	ctx, stop := context.WithCancel(l.ctx)
	s := &subscriber{log: l, records: make(chan eventlog.Record), stop: stop}
	go func() {
		defer close(s.records)
		for record, err := range l.Subscribe(ctx, max(after, l.before)) {
			if err != nil {
				s.err = err
				return
			}
			select {
			case s.records <- record:
			case <-ctx.Done():
			}
		}
	}()
	l.Cleanup(s.cancel)
	return s
}

// cancel ends the subscription and waits for its end.
func (s *subscriber) cancel() {
	s.stop()
	for range s.records {
	}
}

// next returns the next n of the test's own records.
func (s *subscriber) next(n int) []eventlog.Record {
	s.log.Helper()
	var records []eventlog.Record
	for len(records) < n {
		record, ok := <-s.records
		if !ok {
			require.FailNow(s.log, "the subscription ended", "%v, after %d of %d records", s.err, len(records), n)
		}
		if s.log.own[record.Stream] {
			records = append(records, record)
		}
	}
	return records
}

func testSubscribe(t *testing.T, suite Suite) {
	t.Run("yields first what is there, then what comes", func(t *testing.T) {
		log, all := open(t, suite), events(8)
		a, b := log.stream(), log.stream()
		log.given(a, all[:3]...)
		subscriber := log.subscribe(0)
		require.Equal(t, ids(all[:3]), recordIDs(subscriber.next(3)))
		log.given(b, all[3:4]...)
		require.Equal(t, ids(all[3:4]), recordIDs(subscriber.next(1)))
		log.given(a, all[4:]...)
		require.Equal(t, ids(all[4:]), recordIDs(subscriber.next(4)))
	})
	t.Run("yields complete records, with their positions", func(t *testing.T) {
		log := open(t, suite)
		log.given(log.stream(), events(3)...)
		subscriber := log.subscribe(0)
		seen := subscriber.next(3)
		log.given(log.stream(), events(3)...)
		seen = append(seen, subscriber.next(3)...)
		require.Equal(t, log.all(0), seen)
	})
	t.Run("of an empty log waits for the first record", func(t *testing.T) {
		log, first := open(t, suite), events(2)
		subscriber := log.subscribe(0)
		log.given(log.stream(), first...)
		require.Equal(t, ids(first), recordIDs(subscriber.next(2)))
	})
	t.Run("from within the log, and from its end", func(t *testing.T) {
		log, all := open(t, suite), events(10)
		log.given(log.stream(), all[:8]...)
		records := log.all(0)
		var subscribers []*subscriber
		for _, record := range records {
			subscribers = append(subscribers, log.subscribe(record.Position))
		}
		log.given(log.stream(), all[8:]...)
		for i, subscriber := range subscribers {
			require.Equal(t, ids(all[i+1:]), recordIDs(subscriber.next(len(all)-i-1)))
		}
	})
	t.Run("ends with the context's error while it waits", func(t *testing.T) {
		log := open(t, suite)
		log.given(log.stream(), events(2)...)
		subscriber := log.subscribe(0)
		subscriber.next(2)
		subscriber.cancel()
		require.ErrorIs(t, subscriber.err, context.Canceled)
	})
	t.Run("ends with ErrClosed while it waits, when the store is closed", func(t *testing.T) {
		log := open(t, suite)
		log.given(log.stream(), events(2)...)
		subscriber := log.subscribe(0)
		subscriber.next(2)
		require.NoError(t, log.Close())
		_, open := <-subscriber.records
		require.False(t, open)
		require.ErrorIs(t, subscriber.err, eventlog.ErrClosed)
	})
}

func testSubscribeUnderWrites(t *testing.T, suite Suite) {
	const appenders, each = 8, 100
	write := func(log *log, streams []eventlog.Stream) {
		together(appenders, func(n int) {
			for i := range each {
				some := []eventlog.Event{event(fmt.Sprintf("%d by %d", i, n))}
				if i%10 == 0 {
					some = append(some, events(2)...)
				}
				assert.NoError(log, log.append(streams[(n+i)%len(streams)], eventlog.Any(), some...))
			}
		})
	}
	const written = appenders * (each + each/10*2)

	t.Run("every subscriber sees all that follows its position, once and in order", func(t *testing.T) {
		log := open(t, suite)
		streams := []eventlog.Stream{log.stream(), log.stream(), log.stream()}
		log.given(streams[0], events(20)...)
		there := log.all(0)

		const subscribers = 12
		seen := make([][]eventlog.Record, subscribers)
		var reading sync.WaitGroup
		for i := range subscribers {
			first := i * len(there) / subscribers
			after := log.before
			if first > 0 {
				after = there[first-1].Position
			}
			subscriber := log.subscribe(after)
			reading.Go(func() {
				for len(seen[i]) < len(there)-first+written {
					record, ok := <-subscriber.records
					if !assert.True(t, ok, "the subscription goes on") {
						return
					}
					if log.own[record.Stream] {
						seen[i] = append(seen[i], record)
					}
				}
			})
		}
		write(log, streams)
		reading.Wait()
		all := log.all(0)
		require.Len(t, all, len(there)+written)
		for i := range subscribers {
			require.Equal(t, recordIDs(all[i*len(there)/subscribers:]), recordIDs(seen[i]), "subscriber %d", i)
			require.True(t, slices.IsSortedFunc(seen[i], func(a, b eventlog.Record) int {
				return int(a.Position) - int(b.Position)
			}))
		}
	})
	t.Run("a subscriber that comes in the midst of it misses nothing", func(t *testing.T) {
		log := open(t, suite)
		streams := []eventlog.Stream{log.stream(), log.stream(), log.stream()}
		first := log.subscribe(0)
		done := make(chan struct{})
		go func() {
			defer close(done)
			write(log, streams)
		}()
		var late []*subscriber
		var from []int
		for i := 1; i <= written; i++ {
			record := first.next(1)[0]
			if i%100 == 0 {
				late, from = append(late, log.subscribe(record.Position)), append(from, i)
			}
		}
		<-done
		all := log.all(0)
		for i, subscriber := range late {
			require.Equal(t, recordIDs(all[from[i]:]), recordIDs(subscriber.next(written-from[i])))
		}
	})
	t.Run("a subscriber that does not keep up holds nobody, and misses nothing", func(t *testing.T) {
		log := open(t, suite)
		streams := []eventlog.Stream{log.stream(), log.stream(), log.stream()}
		slow, quick := log.subscribe(0), log.subscribe(0)
		log.given(streams[0], events(1)...)
		slow.next(1)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 3 {
				write(log, streams)
			}
		}()
		quick.next(1 + 3*written)
		<-done
		all := log.all(0)
		require.Equal(t, recordIDs(all[1:]), recordIDs(slow.next(len(all)-1)))
	})
}
