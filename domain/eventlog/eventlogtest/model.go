package eventlogtest

import (
	"cmp"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/callstate/callstate/domain/eventlog"
)

// model is what a log is, said as simply as possible.
type model struct {
	order   []eventlog.Record
	streams map[eventlog.Stream][]eventlog.Event
}

// append returns the conflict that the store must report, if any.
func (m *model) append(a eventlog.StreamAppend) *eventlog.ConflictError {
	there := m.streams[a.Stream]
	if expected, checked := a.Expected.Revision(); checked && int(expected) != len(there) {
		end := int(expected) + len(a.Events)
		if end <= len(there) && equal(there[expected:end], a.Events) {
			return nil
		}
		return &eventlog.ConflictError{Stream: a.Stream, Expected: expected, Actual: eventlog.Revision(len(there))}
	}
	for _, event := range a.Events {
		m.streams[a.Stream] = append(m.streams[a.Stream], event)
		m.order = append(m.order, eventlog.Record{
			Stream: a.Stream, Revision: eventlog.Revision(len(m.streams[a.Stream])), Event: event,
		})
	}
	return nil
}

func equal(a, b []eventlog.Event) bool {
	for i := range a {
		if a[i].ID != b[i].ID {
			return false
		}
	}
	return true
}

// check is a test of which rapid must learn that it has failed.
type check struct {
	testing.TB
	rapid *rapid.T
}

func (c check) Helper()                           { c.rapid.Helper() }
func (c check) Errorf(format string, args ...any) { c.rapid.Errorf(format, args...) }
func (c check) FailNow()                          { c.rapid.FailNow() }

// testModel does at random whatever can be done with a store, and compares it with the model. All rounds use the same
// store, each with streams of its own, for opening one takes the better part of the time.
func testModel(t *testing.T, suite Suite) {
	log := open(t, suite)
	log.ctx = t.Context()
	rapid.Check(t, func(rt *rapid.T) {
		log.TB = check{TB: t, rapid: rt}
		clear(log.own)
		streams := []eventlog.Stream{log.stream(), log.stream(), log.stream()}
		model := model{streams: make(map[eventlog.Stream][]eventlog.Event)}

		drawAppend := func(t *rapid.T, stream eventlog.Stream) eventlog.StreamAppend {
			there := model.streams[stream]
			a := eventlog.StreamAppend{Stream: stream}
			switch rapid.SampledFrom([]string{"right", "right", "any", "wrong", "again"}).Draw(t, "append") {
			case "right":
				a.Expected = eventlog.At(eventlog.Revision(len(there)))
			case "any":
				a.Expected = eventlog.Any()
			case "wrong":
				a.Expected = eventlog.At(eventlog.Revision(rapid.IntRange(0, len(there)+2).Draw(t, "expected")))
			case "again":
				from := rapid.IntRange(0, len(there)).Draw(t, "from")
				to := rapid.IntRange(from, len(there)).Draw(t, "to")
				a.Expected = eventlog.At(eventlog.Revision(from))
				a.Events = append(a.Events, there[from:to]...)
				if len(a.Events) > 0 && rapid.Bool().Draw(t, "as it was") {
					return a
				}
			}
			a.Events = append(a.Events, events(rapid.IntRange(1, 4).Draw(t, "events"))...)
			return a
		}

		actions := map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				var appends []eventlog.StreamAppend
				var want []*eventlog.ConflictError
				for _, stream := range rapid.SliceOfNDistinct(rapid.SampledFrom(streams), 1, 3, rapid.ID).Draw(t, "streams") {
					a := drawAppend(t, stream)
					appends = append(appends, a)
					if conflict := model.append(a); conflict != nil {
						want = append(want, conflict)
					}
				}
				err := log.Append(log.ctx, appends)
				if len(want) == 0 {
					require.NoError(t, err)
					return
				}
				got, only := eventlog.Conflicts(err)
				require.True(t, only, "nothing but conflicts: %v", err)
				require.ElementsMatch(t, want, got)
			},
			"read a stream": func(t *rapid.T) {
				stream := rapid.SampledFrom(streams).Draw(t, "stream")
				there := model.streams[stream]
				from := rapid.IntRange(0, len(there)+2).Draw(t, "from")
				want := there[min(max(from, 1)-1, len(there)):]
				require.Equal(t, ids(want), recordIDs(log.read(stream, eventlog.Revision(from))))
			},
			"read all": func(t *rapid.T) {
				all := log.all(0)
				requireOrder(t, suite, model.order, all)
				if len(all) > 0 {
					after := rapid.IntRange(0, len(all)-1).Draw(t, "after")
					require.Equal(t, all[after+1:], append([]eventlog.Record{}, log.all(all[after].Position)...))
				}
			},
			"subscribe": func(t *rapid.T) {
				if len(model.order) == 0 {
					t.Skip("nothing would ever come")
				}
				var seen []eventlog.Record
				for record, err := range log.Subscribe(log.ctx, log.before) {
					require.NoError(t, err)
					if log.own[record.Stream] {
						seen = append(seen, record)
					}
					if len(seen) == len(model.order) {
						break
					}
				}
				requireOrder(t, suite, model.order, seen)
			},
		}
		if suite.Features.Persistent {
			actions["reopen"] = func(t *rapid.T) {
				if rapid.IntRange(0, 19).Draw(t, "reopen") == 0 {
					log.reopen()
				}
			}
		}
		rt.Repeat(actions)
		if all := log.all(0); len(all) > 0 {
			log.before = all[len(all)-1].Position
		}
	})
}

func requireOrder(t *rapid.T, suite Suite, want, got []eventlog.Record) {
	require.Len(t, got, len(want))
	if suite.Features.OwnOrder {
		want, got = byStream(want), byStream(got)
	}
	for i := range want {
		require.Equal(t, place{want[i].Stream, want[i].Revision, want[i].ID}, place{got[i].Stream, got[i].Revision, got[i].ID})
		require.JSONEq(t, string(want[i].Data), string(got[i].Data))
	}
}

// byStream is the records stream by stream, in the order in which they are.
func byStream(records []eventlog.Record) []eventlog.Record {
	return slices.SortedStableFunc(slices.Values(records), func(a, b eventlog.Record) int { return cmp.Compare(a.Stream, b.Stream) })
}

type place struct {
	stream   eventlog.Stream
	revision eventlog.Revision
	id       uuid.UUID
}
