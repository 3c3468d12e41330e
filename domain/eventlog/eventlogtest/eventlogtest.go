// Package eventlogtest says in tests what a store of events must do, and measures how fast it does it. Every store runs
// the same suite:
//
//	func TestStore(t *testing.T) {
//		eventlogtest.Run(t, eventlogtest.Suite{
//			Open:     func(tb testing.TB, dir string) eventlog.Store { ... },
//			Features: eventlogtest.Features{GapFreePositions: true},
//		})
//	}
package eventlogtest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/eventlog"
)

// Suite is a store under test.
type Suite struct {
	// Open opens the store that lives at dir: an empty folder at first, the test's own. A store that is opened where
	// another one has been closed is the same store again, if it is persistent. A store without files may take dir as a
	// mere name. Open fails the test if it cannot, and need not arrange for Close.
	Open     func(tb testing.TB, dir string) eventlog.Store
	Features Features
}

// Features is what a store may have and need not. The suite tests what is declared.
type Features struct {
	// Persistent stores still have everything when they are opened again.
	Persistent bool
	// GapFreePositions are 1, 2, 3, ...
	GapFreePositions bool
	// StreamReadsHavePositions: the records of ReadStream have their Position.
	StreamReadsHavePositions bool
	// OwnOrder: where a call appends to several streams, the store decides how their events follow one another.
	OwnOrder bool
	// Shared stores also have records of others, before and during the test.
	Shared bool
}

// patience is how long a test waits for what must happen. It is no measure of speed.
const patience = time.Minute

// Run tests the store.
func Run(t *testing.T, suite Suite) {
	t.Run("append", func(t *testing.T) { testAppend(t, suite) })
	t.Run("append to several streams", func(t *testing.T) { testSeveralStreams(t, suite) })
	t.Run("append again", func(t *testing.T) { testAppendAgain(t, suite) })
	t.Run("append concurrently", func(t *testing.T) { testConcurrentAppends(t, suite) })
	t.Run("invalid appends", func(t *testing.T) { testInvalidAppends(t, suite) })
	t.Run("envelope", func(t *testing.T) { testEnvelope(t, suite) })
	t.Run("read a stream", func(t *testing.T) { testReadStream(t, suite) })
	t.Run("read all", func(t *testing.T) { testReadAll(t, suite) })
	t.Run("sequences", func(t *testing.T) { testSequences(t, suite) })
	Subscriptions(t, suite)
	t.Run("close", func(t *testing.T) { testClose(t, suite) })
	t.Run("optional abilities", func(t *testing.T) { testAbilities(t, suite) })
	t.Run("reopen", func(t *testing.T) { testReopen(t, suite) })
	t.Run("behaves like the model", func(t *testing.T) { testModel(t, suite) })
}

// Subscriptions tests the subscriptions only: for a store that has several ways to serve them.
func Subscriptions(t *testing.T, suite Suite) {
	t.Run("subscribe", func(t *testing.T) { testSubscribe(t, suite) })
	t.Run("subscribe while others write", func(t *testing.T) { testSubscribeUnderWrites(t, suite) })
}

// log is a store in a test's hands. It fails the test where the store fails, and sees only what the test has written.
type log struct {
	testing.TB
	eventlog.Store
	suite Suite
	ctx   context.Context
	dir   string
	// before is the end of the log when the test began.
	before eventlog.Position
	own    map[eventlog.Stream]bool
}

func open(tb testing.TB, suite Suite) *log {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	tb.Cleanup(cancel)
	l := &log{TB: tb, suite: suite, ctx: ctx, dir: tb.TempDir(), own: make(map[eventlog.Stream]bool)}
	l.Store = suite.Open(tb, l.dir)
	tb.Cleanup(func() { _ = l.Store.Close() })
	if ends, ok := l.Store.(eventlog.Ends); ok && suite.Features.Shared {
		end, err := ends.End(ctx)
		require.NoError(tb, err)
		l.before = end
	}
	return l
}

// reopen closes the store and opens it again.
func (l *log) reopen() {
	l.Helper()
	require.NoError(l, l.Store.Close())
	l.Store = l.suite.Open(l, l.dir)
}

// stream names a stream that nobody has used yet.
func (l *log) stream() eventlog.Stream { return l.named("call-" + uuid.NewString()) }

// named is a stream with a name of the test's choosing; a store that is shared puts something of its own before it.
func (l *log) named(name string) eventlog.Stream {
	stream := eventlog.Stream(name)
	if l.suite.Features.Shared {
		stream = eventlog.Stream(uuid.NewString() + "-" + name)
	}
	l.own[stream] = true
	return stream
}

// append appends to one stream.
func (l *log) append(stream eventlog.Stream, expected eventlog.Expected, events ...eventlog.Event) error {
	return l.Append(l.ctx, []eventlog.StreamAppend{{Stream: stream, Expected: expected, Events: events}})
}

// given appends to one stream what the test starts from.
func (l *log) given(stream eventlog.Stream, events ...eventlog.Event) {
	l.Helper()
	require.NoError(l, l.append(stream, eventlog.Any(), events...))
}

// read returns a stream from a revision on.
func (l *log) read(stream eventlog.Stream, from eventlog.Revision) []eventlog.Record {
	l.Helper()
	var records []eventlog.Record
	for record, err := range l.ReadStream(l.ctx, stream, from) {
		require.NoError(l, err)
		records = append(records, record)
	}
	return records
}

// all returns the test's own records in the whole log after a position.
func (l *log) all(after eventlog.Position) []eventlog.Record {
	l.Helper()
	var records []eventlog.Record
	for record, err := range l.ReadAll(l.ctx, max(after, l.before)) {
		require.NoError(l, err)
		if l.own[record.Stream] {
			records = append(records, record)
		}
	}
	return records
}

// holds checks that a stream consists of exactly these events, as read from the stream and from the whole log.
func (l *log) holds(stream eventlog.Stream, events ...eventlog.Event) {
	l.Helper()
	fromStream := l.read(stream, 0)
	require.Equal(l, ids(events), recordIDs(fromStream), "the stream's events")
	var fromAll []eventlog.Record
	for _, record := range l.all(0) {
		if record.Stream == stream {
			fromAll = append(fromAll, record)
		}
	}
	require.Equal(l, ids(events), recordIDs(fromAll), "the stream's events in the whole log")
	for i, record := range fromStream {
		require.Equal(l, stream, record.Stream)
		require.Equal(l, eventlog.Revision(i+1), record.Revision)
		if l.suite.Features.StreamReadsHavePositions {
			require.Equal(l, fromAll[i].Position, record.Position)
		}
	}
}

// events makes n events that differ.
func events(n int) []eventlog.Event {
	made := make([]eventlog.Event, n)
	for i := range made {
		made[i] = event(fmt.Sprintf("%d of %d", i+1, n))
	}
	return made
}

// event makes an event that carries a text.
func event(text string) eventlog.Event {
	data, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		panic(err)
	}
	now := time.Now()
	return eventlog.Event{
		ID: uuid.New(), Type: "NoteAdded", Version: 1,
		SwitchTime: now.Add(-time.Millisecond), RecordedAt: now,
		Correlation: uuid.New(), Causation: uuid.New(), Actor: "agent:1001", Data: data,
	}
}

func ids(events []eventlog.Event) []uuid.UUID {
	found := make([]uuid.UUID, len(events))
	for i := range events {
		found[i] = events[i].ID
	}
	return found
}

func recordIDs(records []eventlog.Record) []uuid.UUID {
	found := make([]uuid.UUID, len(records))
	for i := range records {
		found[i] = records[i].ID
	}
	return found
}
