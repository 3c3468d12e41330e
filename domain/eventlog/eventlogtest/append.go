package eventlogtest

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/eventlog"
)

func testAppend(t *testing.T, suite Suite) {
	t.Run("to a stream that does not exist creates it", func(t *testing.T) {
		log, first := open(t, suite), events(3)
		stream := log.stream()
		require.NoError(t, log.append(stream, eventlog.NoStream(), first...))
		log.holds(stream, first...)
	})
	t.Run("at the stream's revision follows what is there", func(t *testing.T) {
		log, both := open(t, suite), events(5)
		stream := log.stream()
		log.given(stream, both[:2]...)
		require.NoError(t, log.append(stream, eventlog.At(2), both[2:]...))
		log.holds(stream, both...)
	})
	t.Run("at revision 0 is the same as to no stream", func(t *testing.T) {
		log, first := open(t, suite), events(1)
		stream := log.stream()
		require.NoError(t, log.append(stream, eventlog.At(0), first...))
		log.holds(stream, first...)
	})
	t.Run("with any revision follows whatever is there", func(t *testing.T) {
		log, all := open(t, suite), events(4)
		stream := log.stream()
		require.NoError(t, log.append(stream, eventlog.Any(), all[:1]...))
		require.NoError(t, log.append(stream, eventlog.Any(), all[1:]...))
		log.holds(stream, all...)
	})
	t.Run("leaves the appended events alone, and does not keep them", func(t *testing.T) {
		log, first := open(t, suite), events(1)
		stream, before := log.stream(), string(first[0].Data)
		require.NoError(t, log.append(stream, eventlog.NoStream(), first...))
		require.Equal(t, before, string(first[0].Data))
		clear(first[0].Data)
		require.Equal(t, before, string(log.read(stream, 0)[0].Data))
	})
	t.Run("with a context that is done writes nothing", func(t *testing.T) {
		log := open(t, suite)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		stream := log.stream()
		err := log.Append(ctx, []eventlog.StreamAppend{{Stream: stream, Events: events(1)}})
		require.ErrorIs(t, err, context.Canceled)
		log.holds(stream)
	})

	conflicts := map[string]struct {
		there    int
		expected eventlog.Expected
		want     eventlog.Revision
	}{
		"no stream expected, there is one":        {there: 2, expected: eventlog.NoStream(), want: 0},
		"an earlier revision than there is":       {there: 3, expected: eventlog.At(1), want: 1},
		"a later revision than there is":          {there: 3, expected: eventlog.At(4), want: 4},
		"the greatest revision that can be":       {there: 1, expected: eventlog.At(math.MaxInt64), want: math.MaxInt64},
		"some revision, there is no stream":       {there: 0, expected: eventlog.At(7), want: 7},
		"a revision more than can be counted to ": {there: 2, expected: eventlog.At(math.MaxInt64 - 1), want: math.MaxInt64 - 1},
	}
	for name, c := range conflicts {
		t.Run("conflicts: "+name, func(t *testing.T) {
			log, there := open(t, suite), events(c.there)
			stream := log.stream()
			if c.there > 0 {
				log.given(stream, there...)
			}
			err := log.append(stream, c.expected, events(2)...)
			require.ErrorIs(t, err, eventlog.ErrConflict)
			var conflict *eventlog.ConflictError
			require.ErrorAs(t, err, &conflict)
			assert.Equal(t, eventlog.ConflictError{
				Stream: stream, Expected: c.want, Actual: eventlog.Revision(c.there),
			}, *conflict)
			log.holds(stream, there...)
		})
	}
}

func testSeveralStreams(t *testing.T, suite Suite) {
	t.Run("writes each of them", func(t *testing.T) {
		log, all := open(t, suite), events(6)
		a, b, c := log.stream(), log.stream(), log.stream()
		log.given(b, all[2])
		require.NoError(t, log.Append(log.ctx, []eventlog.StreamAppend{
			{Stream: a, Events: all[:2]},
			{Stream: b, Expected: eventlog.At(1), Events: all[3:5]},
			{Stream: c, Expected: eventlog.Any(), Events: all[5:]},
		}))
		log.holds(a, all[:2]...)
		log.holds(b, all[2:5]...)
		log.holds(c, all[5:]...)
	})
	t.Run("puts their events where the order says", func(t *testing.T) {
		log, all := open(t, suite), events(5)
		one, other := log.stream(), log.stream()
		require.NoError(t, log.Append(t.Context(), []eventlog.StreamAppend{
			{Stream: one, Events: all[:3], Order: []int{0, 3, 4}},
			{Stream: other, Events: all[3:], Order: []int{1, 2}},
		}))
		log.holds(one, all[:3]...)
		log.holds(other, all[3:]...)
		if !suite.Features.GapFreePositions {
			return // positions are the store's own
		}
		var streams []eventlog.Stream
		for record, err := range log.ReadAll(t.Context(), 0) {
			require.NoError(t, err)
			streams = append(streams, record.Stream)
		}
		require.Equal(t, []eventlog.Stream{one, other, other, one, one}, streams)
	})
	t.Run("a conflict in one does not keep the others from being written", func(t *testing.T) {
		log, all := open(t, suite), events(4)
		a, b, c := log.stream(), log.stream(), log.stream()
		log.given(b, all[0])
		err := log.Append(log.ctx, []eventlog.StreamAppend{
			{Stream: a, Events: all[1:2]},
			{Stream: b, Events: all[2:3]},
			{Stream: c, Events: all[3:]},
		})
		conflicts, only := eventlog.Conflicts(err)
		require.True(t, only, "nothing but conflicts: %v", err)
		require.Equal(t, []*eventlog.ConflictError{{Stream: b, Expected: 0, Actual: 1}}, conflicts)
		log.holds(a, all[1])
		log.holds(b, all[0])
		log.holds(c, all[3])
	})
	t.Run("several conflicts are all told", func(t *testing.T) {
		log, all := open(t, suite), events(3)
		a, b, c := log.stream(), log.stream(), log.stream()
		log.given(a, all[0])
		err := log.Append(log.ctx, []eventlog.StreamAppend{
			{Stream: a, Events: events(1)},
			{Stream: b, Events: all[1:2]},
			{Stream: c, Expected: eventlog.At(9), Events: events(2)},
		})
		require.ErrorIs(t, err, eventlog.ErrConflict)
		conflicts, only := eventlog.Conflicts(err)
		require.True(t, only, "nothing but conflicts: %v", err)
		require.ElementsMatch(t, []*eventlog.ConflictError{
			{Stream: a, Expected: 0, Actual: 1}, {Stream: c, Expected: 9, Actual: 0},
		}, conflicts)
		log.holds(a, all[0])
		log.holds(b, all[1])
		log.holds(c)
	})
	t.Run("what one has already does not keep the others from being written", func(t *testing.T) {
		log, all := open(t, suite), events(3)
		a, b := log.stream(), log.stream()
		log.given(a, all[:2]...)
		require.NoError(t, log.Append(log.ctx, []eventlog.StreamAppend{
			{Stream: a, Events: all[:2]},
			{Stream: b, Events: all[2:]},
		}))
		log.holds(a, all[:2]...)
		log.holds(b, all[2])
	})
}

func testAppendAgain(t *testing.T, suite Suite) {
	t.Run("the same events at the same place succeeds and writes nothing", func(t *testing.T) {
		log, all := open(t, suite), events(3)
		stream := log.stream()
		log.given(stream, all[0])
		for range 3 {
			require.NoError(t, log.append(stream, eventlog.At(1), all[1:]...))
		}
		log.holds(stream, all...)
	})
	t.Run("the same events succeeds also when the stream has gone on", func(t *testing.T) {
		log, all := open(t, suite), events(5)
		stream := log.stream()
		log.given(stream, all...)
		require.NoError(t, log.append(stream, eventlog.NoStream(), all[:2]...))
		require.NoError(t, log.append(stream, eventlog.At(2), all[2:4]...))
		require.NoError(t, log.append(stream, eventlog.At(4), all[4]))
		log.holds(stream, all...)
	})

	conflicts := map[string]struct {
		there, at int
		again     func(all []eventlog.Event) []eventlog.Event
	}{
		"only their beginning is there":   {there: 2, at: 1, again: func(all []eventlog.Event) []eventlog.Event { return all[1:4] }},
		"only their beginning is theirs":  {there: 3, at: 1, again: func(all []eventlog.Event) []eventlog.Event { return []eventlog.Event{all[1], all[3]} }},
		"only their end is theirs":        {there: 3, at: 1, again: func(all []eventlog.Event) []eventlog.Event { return []eventlog.Event{all[3], all[2]} }},
		"they are there in another order": {there: 3, at: 1, again: func(all []eventlog.Event) []eventlog.Event { return []eventlog.Event{all[2], all[1]} }},
		"they are there at another place": {there: 3, at: 1, again: func(all []eventlog.Event) []eventlog.Event { return all[2:3] }},
	}
	for name, c := range conflicts {
		t.Run("conflicts when "+name, func(t *testing.T) {
			log, all := open(t, suite), events(4)
			stream := log.stream()
			log.given(stream, all[:c.there]...)
			err := log.append(stream, eventlog.At(eventlog.Revision(c.at)), c.again(all)...)
			var conflict *eventlog.ConflictError
			require.ErrorAs(t, err, &conflict)
			require.Equal(t, eventlog.Revision(c.there), conflict.Actual)
			log.holds(stream, all[:c.there]...)
		})
	}
}

func testInvalidAppends(t *testing.T, suite Suite) {
	one := func(change func(e *eventlog.Event)) []eventlog.StreamAppend {
		e := event("x")
		change(&e)
		return []eventlog.StreamAppend{{Stream: "call-1", Events: []eventlog.Event{e}}}
	}
	named := func(stream string) []eventlog.StreamAppend {
		return []eventlog.StreamAppend{{Stream: eventlog.Stream(stream), Events: events(1)}}
	}
	half := func(n int) []eventlog.Event {
		all := events(n)
		for i := range all {
			all[i].Data = make([]byte, eventlog.MaxData)
		}
		return all
	}
	cases := map[string][]eventlog.StreamAppend{
		"no streams":               {},
		"a stream without a name":  named(""),
		"a stream name with a NUL": named("call-\x00"),
		"a stream name too long":   named(strings.Repeat("s", eventlog.MaxStreamName+1)),
		"a stream name not UTF-8":  named("call-\xff"),
		"a stream without events":  {{Stream: "call-1"}},
		"the same stream twice":    {{Stream: "call-1", Events: events(1)}, {Stream: "call-1", Events: events(1)}},
		"an event without an id":   one(func(e *eventlog.Event) { e.ID = uuid.Nil }),
		"an event without a type":  one(func(e *eventlog.Event) { e.Type = "" }),
		"a type name too long":     one(func(e *eventlog.Event) { e.Type = strings.Repeat("T", eventlog.MaxTypeName+1) }),
		"a type name not UTF-8":    one(func(e *eventlog.Event) { e.Type = "T\xc3" }),
		"an actor too long":        one(func(e *eventlog.Event) { e.Actor = strings.Repeat("a", eventlog.MaxActor+1) }),
		"an actor not UTF-8":       one(func(e *eventlog.Event) { e.Actor = "\xc3(" }),
		"data too large":           one(func(e *eventlog.Event) { e.Data = make([]byte, eventlog.MaxData+1) }),
		"too much data in one call": {
			{Stream: "call-1", Events: half(eventlog.MaxAppend / eventlog.MaxData)}, {Stream: "call-2", Events: events(1)},
		},
		"too many events in one call":    {{Stream: "call-1", Events: events(eventlog.MaxAppend / 128)}},
		"a good stream beside a bad one": {{Stream: "call-1", Events: events(1)}, {Stream: "", Events: events(1)}},
	}
	log := open(t, suite)
	log.own["call-1"] = true
	for name, appends := range cases {
		t.Run(name, func(t *testing.T) {
			err := log.Append(log.ctx, appends)
			require.ErrorIs(t, err, eventlog.ErrInvalid)
			_, only := eventlog.Conflicts(err)
			require.False(t, only)
			require.Empty(t, log.all(0))
		})
	}
	t.Run("an error that is no error has no conflicts", func(t *testing.T) {
		_, only := eventlog.Conflicts(nil)
		require.False(t, only)
		_, only = eventlog.Conflicts(errors.Join(&eventlog.ConflictError{}, eventlog.ErrClosed))
		require.False(t, only)
	})
}
