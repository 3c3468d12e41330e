package pebble

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/eventlog"
)

// These tests take a store down in the midst of its work and look at what is left. The work is appends of one to four
// events, each of which knows its place in its append, to streams that each have one appender.

// part is the body of an event: the event is the at-th of so many that were appended together.
type part struct {
	At   int    `json:"at"`
	Of   int    `json:"of"`
	Note string `json:"note"`
}

// appendSome appends to a stream behind a revision and returns the new one.
func appendSome(ctx context.Context, store eventlog.Appender, stream eventlog.Stream, revision eventlog.Revision) (eventlog.Revision, error) {
	events := make([]eventlog.Event, 1+rand.IntN(4))
	for i := range events {
		note := make([]byte, rand.IntN(700))
		for i := range note {
			note[i] = 'a' + byte(rand.IntN(26))
		}
		data, err := json.Marshal(part{At: i + 1, Of: len(events), Note: string(note)})
		if err != nil {
			return 0, err
		}
		events[i] = eventlog.Event{ID: uuid.New(), Type: "NoteAdded", Version: 1, RecordedAt: time.Now(), Data: data}
	}
	err := store.Append(ctx, []eventlog.StreamAppend{{Stream: stream, Expected: eventlog.At(revision), Events: events}})
	return revision + eventlog.Revision(len(events)), err
}

// requireSurvived checks that everything that was acknowledged is there, that nothing is there in part, and that the log
// is whole. It returns the revisions of all streams.
func requireSurvived(t *testing.T, store *Store, acknowledged map[eventlog.Stream]eventlog.Revision) map[eventlog.Stream]eventlog.Revision {
	t.Helper()
	revisions := make(map[eventlog.Stream]eventlog.Revision)
	parts := make(map[eventlog.Stream]part)
	var position eventlog.Position
	for record, err := range store.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		position++
		revisions[record.Stream]++
		var this part
		require.NoError(t, json.Unmarshal(record.Data, &this))
		before := parts[record.Stream]
		follows := this.At == before.At+1 && this.Of == before.Of || before.At == before.Of && this.At == 1
		if record.Position != position || record.Revision != revisions[record.Stream] || !follows {
			require.Fail(t, "a record is missing", "%+v instead of the one that follows %+v", record, before)
		}
		parts[record.Stream] = this
	}
	for stream, last := range parts {
		require.Equal(t, last.Of, last.At, "no append is torn: %s", stream)
	}
	for stream, revision := range acknowledged {
		require.GreaterOrEqual(t, revisions[stream], revision, "what was acknowledged is there: %s", stream)
	}
	verified, err := store.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, Verified{Records: uint64(position), Streams: uint64(len(revisions))}, verified)
	for stream, revision := range revisions {
		revisions[stream], err = appendSome(t.Context(), store, stream, revision)
		require.NoError(t, err, "the log goes on")
	}
	return revisions
}

func streamOf(appender int) eventlog.Stream {
	return eventlog.Stream(fmt.Sprintf("call-%d", appender))
}
