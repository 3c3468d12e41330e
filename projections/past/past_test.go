package past_test

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/link"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/past"
	"github.com/callstate/callstate/projections/projectiontest"
)

// scopes are the feeds of the small world that projectiontest.Random draws.
var scopes = []string{"", "a", "b", "c", "never seen"}

func open(t require.TestingT, dir string, log past.Log, every int) *past.Past {
	require.NoError(t, os.MkdirAll(dir, 0o700))
	p, err := past.Open(context.Background(), filepath.Join(dir, "past.db"), past.Options{Log: log, Every: every})
	require.NoError(t, err)
	return p
}

func folded(t require.TestingT, records []eventlog.Record) *floor.Floor {
	f := floor.New(floor.Options{Notifications: true})
	require.NoError(t, f.Apply(context.Background(), records))
	f.Live()
	return f
}

func all(t require.TestingT, frames iter.Seq2[floor.Frame, error]) (got []floor.Frame) {
	for frame, err := range frames {
		require.NoError(t, err)
		got = append(got, frame)
	}
	return got
}

// followed are the frames that a follower of a live floor got after a position.
func followed(t require.TestingT, f *floor.Floor, agent string, after eventlog.Position) (got []floor.Frame) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // a feed ends when it would have to wait
	for frame, err := range f.Follow(ctx, floor.Following{Agent: agent, After: after, Resume: true}) {
		if err != nil {
			break
		}
		got = append(got, frame)
	}
	return got
}

// The floor at any position, put together from what was kept and what came since, is the live floor at that position, for
// all who can look at it; and it goes on with the same frames. A past that was closed and opened again is the same.
func TestThePastIsWhatThePresentWas(t *testing.T) {
	dir := t.TempDir()
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		script := projectiontest.Random(t)
		records := script.Records()
		if len(records) == 0 {
			return
		}
		log := projectiontest.Log{Script: script}
		every := rapid.IntRange(1, 30).Draw(t, "every")
		here := filepath.Join(dir, fmt.Sprint(run))
		p := open(t, here, log, every)
		cut := rapid.IntRange(0, len(records)).Draw(t, "closed at")
		require.NoError(t, p.Apply(context.Background(), records[:cut]))
		require.NoError(t, p.Close())
		p = open(t, here, log, every)
		defer p.Close()
		position, err := p.Position(context.Background())
		require.NoError(t, err)
		require.NoError(t, p.Apply(context.Background(), records[position:]))

		live := folded(t, records)
		for _, at := range rapid.SliceOfN(rapid.IntRange(1, len(records)), 1, 4).Draw(t, "positions") {
			was := folded(t, records[:at])
			is, err := p.Floor(context.Background(), past.Moment{Position: eventlog.Position(at)})
			require.NoError(t, err)
			require.Equal(t, was.View(), is.View())
			to := rapid.IntRange(at, len(records)).Draw(t, "to")
			for _, agent := range scopes {
				wanted, known := was.Agent(agent)
				desktop, found := is.Agent(agent)
				require.Equal(t, known, found)
				require.Equal(t, wanted, desktop)

				w := past.Showing{Agent: agent, Range: past.Range{From: past.Moment{Position: eventlog.Position(at)}, To: past.Moment{Position: eventlog.Position(to)}}}
				frames := all(t, p.Replay(context.Background(), w))
				require.Equal(t, was.Snapshot(agent), frames[0])
				expected := slices.DeleteFunc(followed(t, live, agent, eventlog.Position(at)), func(f floor.Frame) bool { return f.Position > eventlog.Position(to) })
				require.Equal(t, nonEmpty(expected), nonEmpty(frames[1:]))

				if len(expected) > 0 {
					w.After = expected[rapid.IntRange(0, len(expected)-1).Draw(t, "resumed")].Position
					rest := slices.DeleteFunc(expected, func(f floor.Frame) bool { return f.Position <= w.After })
					require.Equal(t, nonEmpty(rest), nonEmpty(all(t, p.Replay(context.Background(), w))))
				}
			}
		}
	})
}

func nonEmpty(frames []floor.Frame) []floor.Frame {
	if len(frames) == 0 {
		return nil
	}
	return frames
}

// The floor at a time is made of what had happened by then on the switches' clocks, however late it was told: here every
// few events one link is up to minutes behind.
func TestAtATimeOfClocksThatDisagree(t *testing.T) {
	dir := t.TempDir()
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		script := projectiontest.Random(t)
		records := slices.Clone(script.Records())
		if len(records) == 0 {
			return
		}
		late := rapid.SliceOfN(rapid.IntRange(0, 300), len(records), len(records)).Draw(t, "late")
		for i := range records {
			if late[i] > 200 {
				records[i].SwitchTime = records[i].SwitchTime.Add(-time.Duration(late[i]) * time.Second)
			}
		}
		log := recorded{projectiontest.Log{Script: script}, records}
		p := open(t, filepath.Join(dir, fmt.Sprint(run)), log, rapid.IntRange(1, 30).Draw(t, "every"))
		defer p.Close()
		require.NoError(t, p.Apply(context.Background(), records))
		for range 4 {
			at := records[rapid.IntRange(0, len(records)-1).Draw(t, "at")].SwitchTime
			to := records[rapid.IntRange(0, len(records)-1).Draw(t, "to")].SwitchTime
			had := func(r eventlog.Record) bool { return !r.SwitchTime.After(at) }
			f, err := p.Floor(context.Background(), past.Moment{Time: at})
			require.NoError(t, err)
			require.Equal(t, folded(t, slices.DeleteFunc(slices.Clone(records), func(r eventlog.Record) bool { return !had(r) })).View(), f.View())

			if to.Before(at) {
				continue
			}
			w := past.Range{From: past.Moment{Time: at}, To: past.Moment{Time: to}}
			var expected, got []eventlog.Position
			for _, r := range records {
				if !had(r) && !r.SwitchTime.After(to) {
					expected = append(expected, r.Position)
				}
			}
			for r, err := range p.Records(context.Background(), w) {
				require.NoError(t, err)
				got = append(got, r.Position)
			}
			require.Equal(t, expected, got)
			last := eventlog.Position(0)
			for _, frame := range all(t, p.Replay(context.Background(), past.Showing{Range: w}))[1:] {
				require.Greater(t, frame.Position, last, "who comes back with a position misses nothing")
				require.Contains(t, expected, frame.Position)
				last = frame.Position
			}
		}
	})
}

// recorded is a log with other times.
type recorded struct {
	projectiontest.Log
	records []eventlog.Record
}

func (l recorded) ReadAll(_ context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		for _, r := range l.records[min(int(after), len(l.records)):] {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// A day of a small contact centre, with who looked at it in between.
func TestACallAlone(t *testing.T) {
	script := projectiontest.Day(1, projectiontest.DayOptions{Agents: 20, Events: 3000})
	log := projectiontest.Log{Script: script}
	p := open(t, t.TempDir(), log, 500)
	defer p.Close()
	require.NoError(t, p.Apply(t.Context(), script.Records()))
	live := followed(t, folded(t, script.Records()), "", 0)
	shown := 0
	for s := range script.States() {
		stream := wire.CallStream(s.ConnID)
		frames := all(t, p.Call(t.Context(), s.ConnID, 0))
		assert.Equal(t, floor.Snapshot, frames[0].Kind)
		assert.Empty(t, frames[0].View.Calls)
		var expected []floor.Frame
		for _, f := range live {
			if script.Records()[f.Position-1].Stream == stream {
				expected = append(expected, f)
			}
		}
		require.Equal(t, expected, frames[1:])
		require.Equal(t, frames[3:], all(t, p.Call(t.Context(), s.ConnID, frames[2].Position)))
		if shown++; shown == 20 {
			break
		}
	}
	_, err := p.Floor(t.Context(), past.Moment{Position: script.End() + 1})
	require.ErrorIs(t, err, past.ErrAfter)
	for _, err := range p.Call(t.Context(), call.NewConnID(time.Now(), "x", "y"), 0) {
		require.ErrorIs(t, err, call.ErrUnknownCall)
	}
}

// watched is a log of which it is known how far it was read.
type watched struct {
	projectiontest.Log
	furthest eventlog.Position
}

func (w *watched) ReadAll(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		for r, err := range w.Log.ReadAll(ctx, after) {
			w.furthest = max(w.furthest, r.Position)
			if !yield(r, err) {
				return
			}
		}
	}
}

// A note may be made days after a call; what was shown of the call ended with it.
func TestACallAloneIsReadToItsEndOnly(t *testing.T) {
	script := projectiontest.Day(1, projectiontest.DayOptions{Agents: 20, Events: 300})
	id := call.NewConnID(time.Now(), "pbx", "1")
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	script.Happened(id, call.Event{At: noon, Body: call.CallStarted{Switch: "pbx", SwitchCallID: "1"}})
	script.Happened(id, call.Event{At: noon.Add(time.Minute), Body: call.CallEnded{}})
	ended := script.End()
	script.Link("pbx", link.LinkIs{At: noon.Add(time.Hour), Switch: "pbx", Kind: "asterisk", Up: true})
	script.Happened(id, call.Event{At: noon.Add(24 * time.Hour), Body: call.NoteAdded{Text: "called back"}})
	log := &watched{Log: projectiontest.Log{Script: script}}
	p := open(t, t.TempDir(), log, 1000)
	defer p.Close()
	frames := all(t, p.Call(t.Context(), id, 0))
	require.Equal(t, ended, frames[len(frames)-1].Position)
	require.Equal(t, ended, log.furthest)
}

func TestMomentsThatAreNone(t *testing.T) {
	script := projectiontest.Day(1, projectiontest.DayOptions{Agents: 5, Events: 100})
	p := open(t, t.TempDir(), projectiontest.Log{Script: script}, 30)
	defer p.Close()
	require.NoError(t, p.Apply(t.Context(), script.Records()))
	first := script.Records()[0].SwitchTime
	_, err := p.Floor(t.Context(), past.Moment{Time: first.Add(-time.Microsecond)})
	require.ErrorIs(t, err, past.ErrBefore)
	_, err = p.Floor(t.Context(), past.Moment{Time: first})
	require.NoError(t, err)
	for text, reason := range map[string]error{"0": past.ErrBefore, "yesterday": past.ErrMoment, "": past.ErrMoment, "-1": past.ErrMoment, "2026-13-01": past.ErrMoment} {
		_, err := past.ParseMoment(text)
		require.ErrorIs(t, err, reason, text)
	}
	for _, text := range []string{"17", "2026-11-23T09:00:00.5Z"} {
		m, err := past.ParseMoment(text)
		require.NoError(t, err)
		require.Equal(t, text, m.String())
	}
	later := past.Moment{Time: first.Add(time.Minute)}
	for _, w := range []past.Range{{From: later, To: past.Moment{Time: first}}, {From: past.Moment{Position: 9}, To: past.Moment{Position: 8}}} {
		for _, err := range p.Replay(t.Context(), past.Showing{Range: w}) {
			require.ErrorIs(t, err, past.ErrRange)
		}
	}
	for _, err := range p.Replay(t.Context(), past.Showing{Range: past.Range{From: later, To: past.Moment{Position: 1000}}}) {
		require.ErrorIs(t, err, past.ErrAfter)
	}
}

// A floor that begins with a kept one has for its followers what one has that was folded from the start.
func TestThePresentBeginsInThePast(t *testing.T) {
	script := projectiontest.Day(1, projectiontest.DayOptions{Agents: 20, Events: 3000})
	p := open(t, t.TempDir(), projectiontest.Log{Script: script}, 100)
	defer p.Close()
	options := floor.Options{History: 500, Notifications: true}
	start := func(f *floor.Floor) *floor.Floor {
		position, err := f.Position(t.Context())
		require.NoError(t, err)
		f.CatchingUp(script.End())
		require.NoError(t, f.Apply(t.Context(), script.Records()[position:]))
		f.Live()
		return f
	}
	empty, err := p.Present(t.Context(), options)
	require.NoError(t, err)
	rebuilt := start(empty)

	require.NoError(t, p.Apply(t.Context(), script.Records()))
	begun, err := p.Present(t.Context(), options)
	require.NoError(t, err)
	position, err := begun.Position(t.Context())
	require.NoError(t, err)
	require.Equal(t, eventlog.Position(2500), position)
	present := start(begun)
	require.Equal(t, rebuilt.View(), present.View())
	for _, a := range append(rebuilt.View().Agents, floor.Agent{ID: ""}) {
		for after := script.End() - 490; after <= script.End(); after += 49 {
			require.Equal(t, followed(t, rebuilt, a.ID, after), followed(t, present, a.ID, after))
		}
		require.Equal(t, floor.Reset, followed(t, present, a.ID, 100)[0].Kind)
	}
}

// sparse is a log whose positions are bytes, as those of KurrentDB are: a thousand for each record.
type sparse struct{ projectiontest.Log }

func (l sparse) ReadAll(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		for r, err := range l.Log.ReadAll(ctx, after/1000) {
			r.Position *= 1000
			if !yield(r, err) {
				return
			}
		}
	}
}

func (l sparse) End(context.Context) (eventlog.Position, error) { return 1000 * l.Script.End(), nil }

func (l sparse) Before(_ context.Context, position eventlog.Position) (eventlog.Position, error) {
	return position - 1000, nil
}

// A floor keeps as many changes as it is to keep, after a restart too, whatever positions are.
func TestThePresentOfASparseLogKeepsItsChanges(t *testing.T) {
	script := projectiontest.Day(1, projectiontest.DayOptions{Agents: 20, Events: 3000})
	log := sparse{projectiontest.Log{Script: script}}
	const history, every = 500, 100
	p := open(t, t.TempDir(), log, every)
	defer p.Close()
	require.NoError(t, projections.CatchUp(t.Context(), log, p, nil))
	present, err := p.Present(t.Context(), floor.Options{History: history})
	require.NoError(t, err)
	position, err := present.Position(t.Context())
	require.NoError(t, err)
	require.Less(t, eventlog.Position(2000*1000), position, "it begins in the past, and does not fold the whole log")
	require.NoError(t, projections.CatchUp(t.Context(), log, present, nil))
	present.Live()
	after := (script.End() - history + 1) * 1000
	frames := followed(t, present, "", after)
	require.Equal(t, floor.Changed, frames[0].Kind)
	require.Equal(t, folded(t, script.Records()).View().Agents, present.View().Agents)

	var whole []eventlog.Position // what a floor tells that has seen all of it
	for _, f := range followed(t, folded(t, script.Records()), "", script.End()-history+1) {
		whole = append(whole, f.Position*1000)
	}
	var told []eventlog.Position
	for _, f := range frames {
		told = append(told, f.Position)
	}
	require.Equal(t, whole, told)
}

// Another log in the place of the one that was folded is noticed.
func TestKeptFloorsOfAnotherLog(t *testing.T) {
	dir := t.TempDir()
	for seed := range uint64(2) {
		script := projectiontest.Day(seed, projectiontest.DayOptions{Agents: 5, Events: 100})
		p := open(t, dir, projectiontest.Log{Script: script}, 30)
		position, err := p.Position(t.Context())
		require.NoError(t, err)
		require.Zero(t, position)
		require.NoError(t, p.Apply(t.Context(), script.Records()))
		f, err := p.Floor(t.Context(), past.Moment{Position: 95})
		require.NoError(t, err)
		require.Equal(t, folded(t, script.Records()[:95]).View(), f.View())
		require.NoError(t, p.Close())
	}
}

// Who looked at the past changes nothing on the floor, and does not move it in time.
func TestWhoLookedIsNotOnTheFloor(t *testing.T) {
	script := projectiontest.Day(1, projectiontest.DayOptions{Agents: 5, Events: 100})
	before := folded(t, script.Records()).View()
	look := access.FloorReplayed{View: "1"}
	stream := wire.AuditStream(look.Subject())
	script.Add(stream, wire.EncodeAccess(stream, 1, access.Event{At: before.At.Add(time.Hour), Actor: "user:jane", Body: look}))
	after := folded(t, script.Records()).View()
	require.Equal(t, script.End(), after.Position)
	after.Position = before.Position
	require.Equal(t, before, after)

	p := open(t, t.TempDir(), projectiontest.Log{Script: script}, 30)
	defer p.Close()
	require.NoError(t, p.Apply(t.Context(), script.Records()))
	f, err := p.Floor(t.Context(), past.Moment{Time: before.At.Add(2 * time.Hour)})
	require.NoError(t, err)
	require.Equal(t, before, f.View())
}

// The past begins with the first thing that happened on the floor, whoever has looked before that.
func TestThePastBegins(t *testing.T) {
	var script projectiontest.Script
	p := open(t, t.TempDir(), projectiontest.Log{Script: &script}, 30)
	defer p.Close()
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	look := access.CallsSearched{View: "1"}
	stream := wire.AuditStream(look.Subject())
	script.Add(stream, wire.EncodeAccess(stream, 1, access.Event{At: noon.Add(-time.Hour), Actor: "user:jane", Body: look}))
	began, err := p.Began(t.Context())
	require.NoError(t, err)
	require.Zero(t, began, "nothing has happened")

	script.Link("pbx", link.LinkIs{At: noon, Switch: "pbx", Kind: "asterisk", Up: true})
	script.Link("pbx", link.LinkIs{At: noon.Add(time.Minute), Switch: "pbx", Kind: "asterisk"})
	began, err = p.Began(t.Context())
	require.NoError(t, err)
	require.Equal(t, noon, began)
	f, err := p.Floor(t.Context(), past.Moment{Time: began})
	require.NoError(t, err)
	require.True(t, f.View().Links[0].Up)
	_, err = p.Floor(t.Context(), past.Moment{Time: began.Add(-time.Microsecond)})
	require.ErrorIs(t, err, past.ErrBefore)
}

// A large floor is kept less often, so that keeping it does not take longer than folding it.
func TestALargeFloorIsKeptLessOften(t *testing.T) {
	for agents, kept := range map[int]int{20: 3, 2000: 2} {
		script := projectiontest.Day(1, projectiontest.DayOptions{Agents: agents, Events: 19000, Every: time.Second})
		dir := t.TempDir()
		p := open(t, dir, projectiontest.Log{Script: script}, 0)
		require.NoError(t, p.Apply(t.Context(), script.Records()))
		require.NoError(t, p.Close())
		db, err := sql.Open("sqlite", filepath.Join(dir, "past.db"))
		require.NoError(t, err)
		var count int
		require.NoError(t, db.QueryRow("SELECT count(*) FROM floor").Scan(&count))
		require.NoError(t, db.Close())
		require.Equal(t, kept, count, "%d agents", agents)
	}
}
