package pebble

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/eventlog/eventlogtest"
)

// TestStoreWithAShortTail runs the suite with a tail so short that every subscriber falls behind all the time.
func TestStoreWithAShortTail(t *testing.T) {
	short := suite()
	open := short.Open
	short.Open = func(tb testing.TB, dir string) eventlog.Store {
		store := open(tb, dir).(*Store)
		store.tail = newTail(store.tail.durable(), 4, 3000)
		return store
	}
	eventlogtest.Subscriptions(t, short)
}

func TestTail(t *testing.T) {
	records := func(sizes ...int) (made [][]byte) {
		for _, size := range sizes {
			made = append(made, make([]byte, size))
		}
		return made
	}
	sizes := func(records [][]byte) (sizes []int) {
		for _, record := range records {
			sizes = append(sizes, len(record))
		}
		return sizes
	}
	t.Run("has what follows a position, as much as is asked for", func(t *testing.T) {
		tail := newTail(10, 8, 1000)
		tail.publish(records(1, 2, 3))
		got, end, grown := tail.next(10, 100)
		require.Equal(t, []int{1, 2, 3}, sizes(got))
		require.Equal(t, eventlog.Position(13), end)
		require.Nil(t, grown)
		got, _, _ = tail.next(11, 1)
		require.Equal(t, []int{2}, sizes(got))
	})
	t.Run("sends to the disk who asks for what it has not", func(t *testing.T) {
		tail := newTail(10, 8, 1000)
		tail.publish(records(1))
		got, end, grown := tail.next(9, 100)
		require.Empty(t, got)
		require.Equal(t, eventlog.Position(11), end)
		require.Nil(t, grown)
	})
	t.Run("tells who is at the end when there is more", func(t *testing.T) {
		tail := newTail(10, 8, 1000)
		for _, after := range []eventlog.Position{10, 11} {
			got, end, grown := tail.next(after, 100)
			require.Empty(t, got)
			require.GreaterOrEqual(t, after, end)
			select {
			case <-grown:
				require.Fail(t, "there is nothing new")
			default:
			}
			defer func() { <-grown }()
		}
		tail.publish(records(1))
	})
	t.Run("forgets the oldest when there are too many", func(t *testing.T) {
		tail := newTail(0, 3, 1000)
		tail.publish(records(1, 2))
		tail.publish(records(3, 4, 5))
		got, _, _ := tail.next(2, 100)
		require.Equal(t, []int{3, 4, 5}, sizes(got))
		got, _, _ = tail.next(1, 100)
		require.Empty(t, got)
		require.Equal(t, 12, tail.bytes)
	})
	t.Run("forgets the oldest when they are too large", func(t *testing.T) {
		tail := newTail(0, 100, 50)
		tail.publish(records(20, 20, 20))
		got, _, _ := tail.next(1, 100)
		require.Equal(t, []int{20, 20}, sizes(got))
		tail.publish(records(500))
		got, end, grown := tail.next(3, 100)
		require.Empty(t, got, "not even that one is kept")
		require.Equal(t, eventlog.Position(4), end)
		require.Nil(t, grown)
		tail.publish(records(1))
		got, _, _ = tail.next(4, 100)
		require.Equal(t, []int{1}, sizes(got))
		require.Equal(t, 1, tail.bytes)
	})
}

func TestHeads(t *testing.T) {
	heads := newHeads(2)
	for i, stream := range []eventlog.Stream{"a", "b", "c", "d"} {
		heads.age()
		heads.put(stream, head{revision: eventlog.Revision(i + 1)})
	}
	got, ok := heads.get("a")
	require.True(t, ok, "a is in the older generation")
	require.Equal(t, eventlog.Revision(1), got.revision)
	heads.put("a", head{revision: 9})
	heads.age()
	got, _ = heads.get("a")
	require.Equal(t, eventlog.Revision(9), got.revision, "the newer one counts")
	_, ok = heads.get("b")
	require.False(t, ok, "what has not been written for two generations is forgotten")
}
