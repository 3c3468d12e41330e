// Package bustest is what the tests of the bus share: how to fill a log, and how to look at what a broker was sent.
package bustest

import (
	"testing"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/stretchr/testify/require"
)

// Append appends records, in their order, to a log that has all those before them.
func Append(t testing.TB, log eventlog.Appender, records []eventlog.Record) {
	t.Helper()
	for _, r := range records {
		require.NoError(t, log.Append(t.Context(), []eventlog.StreamAppend{{
			Stream: r.Stream, Expected: eventlog.At(r.Revision - 1), Events: []eventlog.Event{r.Event},
		}}))
	}
}

// Settled is what a reader makes of messages of which some were sent again: each at its first place. It fails the test
// when what was sent again does not go on, from then on, in the order of the first time: a reader who remembers only the
// last message could not tell.
func Settled(t testing.TB, ids []string) (settled []string) {
	t.Helper()
	place := map[string]int{}
	next := 0
	for i, id := range ids {
		at, again := place[id]
		switch {
		case !again:
			require.Equal(t, len(settled), next, "message %d is new although messages that were sent again have not all come", i)
			place[id] = len(settled)
			settled = append(settled, id)
			next = len(settled)
		default:
			require.LessOrEqual(t, at, next, "message %d is ahead of its time", i)
			next = at + 1
		}
	}
	return settled
}
