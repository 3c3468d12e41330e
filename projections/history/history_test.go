package history_test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/projectiontest"
)

// open opens a history of a script's log.
func open(t require.TestingT, path string, s *projectiontest.Script) *history.History {
	h, err := history.Open(context.Background(), path, history.Options{Log: projectiontest.Log{Script: s}})
	require.NoError(t, err)
	return h
}

// Whatever the runs in which it gets the records, wherever it was stopped in between, in time or not, and whether it
// knew that it was catching up: the tables hold the same rows, and these make up the records of all calls.
func TestRowsAreAFunctionOfTheLog(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	n := 0
	empty := filepath.Join(folder, "empty")
	require.NoError(t, open(t, empty, nil).Close())
	template, err := os.ReadFile(empty) // making the tables takes long under the race detector
	require.NoError(t, err)
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		require.NoError(t, checks.Value.Set("25")) // so does preparing the statements
	}
	rapid.Check(t, func(t *rapid.T) {
		n++
		script := projectiontest.Random(t)
		records := script.Records()
		path := filepath.Join(folder, fmt.Sprint(n))
		for _, each := range []string{path, path + ".once"} {
			require.NoError(t, os.WriteFile(each, template, 0o600))
		}
		h := open(t, path, script)
		defer func() { h.Close() }()
		for done := 0; done < len(records); {
			switch rapid.SampledFrom([]string{"go on", "go on", "go on", "go on", "go on", "restart", "restart and catch up", "fail"}).Draw(t, "then") {
			case "restart":
				require.NoError(t, h.Close())
				h = open(t, path, script)
			case "restart and catch up":
				require.NoError(t, h.Close())
				h = open(t, path, script)
				h.CatchingUp(eventlog.Position(rapid.IntRange(done, len(records)).Draw(t, "end")))
			case "fail":
				ctx, cancel := context.WithCancel(context.Background())
				cancel()
				require.ErrorIs(t, h.Apply(ctx, records[done:done+1]), context.Canceled)
			}
			run := rapid.IntRange(1, min(90, len(records)-done)).Draw(t, "run")
			require.NoError(t, h.Apply(context.Background(), records[done:done+run]))
			done += run
			position, err := h.Position(context.Background())
			require.NoError(t, err)
			require.EqualValues(t, done, position)
		}

		once := open(t, path+".once", script)
		defer once.Close()
		if len(records) > 0 {
			require.NoError(t, once.Apply(context.Background(), records))
		}
		require.Equal(t, dump(t, path+".once"), dump(t, path))

		expected := []history.Record{}
		for s := range script.States() {
			expected = append(expected, history.RecordOf(s))
		}
		slices.SortFunc(expected, func(a, b history.Record) int {
			if c := time.Time(a.StartedAt).Compare(time.Time(b.StartedAt)); c != 0 {
				return c
			}
			return slices.Compare(a.ConnID[:], b.ConnID[:])
		})
		found, err := h.Calls(context.Background(), history.Filter{})
		require.NoError(t, err)
		require.Equal(t, expected, found)
	})
}

// The same, at a size at which rows are written many at a time.
func TestRowsOfADay(t *testing.T) {
	t.Parallel()
	day := projectiontest.Day(7, projectiontest.DayOptions{Agents: 40, Events: 2000})
	records := day.Records()
	folder := t.TempDir()
	var dumps []map[string][]string
	for _, c := range []struct{ run, end int }{{len(records), 0}, {250, len(records)}, {300, 0}} {
		path := filepath.Join(folder, fmt.Sprint(c.run))
		h := open(t, path, day)
		h.CatchingUp(eventlog.Position(c.end))
		for run := range projectiontest.Runs(records, c.run) {
			require.NoError(t, h.Apply(t.Context(), run))
		}
		for s := range day.States() {
			found, err := h.Call(t.Context(), s.ConnID)
			require.NoError(t, err)
			require.Equal(t, history.RecordOf(s), found)
		}
		require.NoError(t, h.Close())
		dumps = append(dumps, dump(t, path))
	}
	assert.Equal(t, dumps[0], dumps[1])
	assert.Equal(t, dumps[0], dumps[2])
	assert.Greater(t, len(dumps[0]["agent_stays"]), 50)
}

// dump returns all rows of all tables.
func dump(t require.TestingT, path string) map[string][]string {
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer db.Close()
	found := map[string][]string{}
	for _, table := range []string{"checkpoint", "calls", "parties", "queue_visits", "no_answers", "agent_stays", "ivr_visits", "user_data", "transfers", "related_calls", "conversations", "agent_sessions", "agent_states", "agent_folds"} {
		rows, err := db.Query("SELECT * FROM " + table)
		require.NoError(t, err)
		columns, err := rows.Columns()
		require.NoError(t, err)
		for rows.Next() {
			values := make([]any, len(columns))
			pointers := make([]any, len(columns))
			for i := range values {
				pointers[i] = &values[i]
			}
			require.NoError(t, rows.Scan(pointers...))
			found[table] = append(found[table], fmt.Sprint(values...))
		}
		require.NoError(t, rows.Err())
	}
	return found
}

// A live call's record is there at once, and grows.
func TestRecordOfALiveCall(t *testing.T) {
	s := queued()
	s.Call(s.id, call.DataIs{At: at(9), By: "ivr:main", Set: []call.Pair{{Key: "account", Value: "100200"}, {Key: "pin", Value: "asked"}, {Key: "name", Value: "Blue Harbor"}}})
	path := filepath.Join(t.TempDir(), "history.db")
	h := open(t, path, &s.Script)
	defer h.Close()
	require.NoError(t, h.Apply(t.Context(), s.Records()))
	found, err := h.Call(t.Context(), s.id)
	require.NoError(t, err)
	assert.Equal(t, s.record(), found)
	assert.Empty(t, found.EndedAt)

	seen := s.End()
	s.Request(s.id, call.ChangeUserData{At: at(10.5), Delete: []string{"pin"}})
	s.offered(11, "sales", "1001", "a").answers(12, "sales", "1001", "a").hangsUp(20, "caller", "a")
	s.Request(s.id, call.SetDisposition{At: at(30), Code: "solved"})
	s.Request(s.id, call.AddNote{At: at(31), Actor: "agent:1001", Text: "wants to be called back"})
	require.NoError(t, h.Apply(t.Context(), s.Records()[seen:]))
	found, err = h.Call(t.Context(), s.id)
	require.NoError(t, err)
	assert.Equal(t, s.record(), found)
	assert.Equal(t, history.Answered, found.Outcome)
	assert.Equal(t, map[string]string{"account": "100200", "name": "Blue Harbor"}, found.UserData)
	assert.Equal(t, "solved", found.Disposition)
	assert.Equal(t, []history.Note{{Text: "wants to be called back", By: "agent:1001", At: history.Time(at(31))}}, found.Notes)
}

// A process that ended while it was catching up has left live calls behind; the next one completes them although
// nothing more happens to them.
func TestCatchingUpIsInterrupted(t *testing.T) {
	s := queued()
	path := filepath.Join(t.TempDir(), "history.db")
	h := open(t, path, &s.Script)
	h.CatchingUp(s.End() + 1)
	require.NoError(t, h.Apply(t.Context(), s.Records()))
	_, err := h.Call(t.Context(), s.id)
	require.ErrorIs(t, err, history.ErrNotFound)
	require.NoError(t, h.Close())

	h = open(t, path, &s.Script)
	defer h.Close()
	seen := s.End()
	other := call.NewConnID(at(60), "pbx", "2")
	s.Call(other, call.CallIs{At: at(60), ConnID: other, Switch: "pbx", SwitchCallID: "2", Origin: call.External})
	between := s.End()
	s.leaves(61, "sales", call.Left, call.TimedOut).enters(62, "support") // it is read from the log with the rest
	require.NoError(t, h.Apply(t.Context(), s.Records()[seen:between]))
	require.NoError(t, h.Apply(t.Context(), s.Records()[between:]))
	found, err := h.Call(t.Context(), s.id)
	require.NoError(t, err)
	assert.Equal(t, s.record(), found)
	assert.Equal(t, []string{fmt.Sprintf("1 %d2026-10-05T09:01:02.000Z[]", s.End())}, dump(t, path)["checkpoint"])
}

func TestUnknownEvent(t *testing.T) {
	s := queued()
	good := s.End()
	s.Add(wire.CallStream(s.id), eventlog.Event{Type: "CallTeleported", Version: 1})
	s.hangsUp(20, "caller")
	h := open(t, filepath.Join(t.TempDir(), "history.db"), &s.Script)
	defer h.Close()
	for range 2 { // and it stays there
		position, err := h.Position(t.Context())
		require.NoError(t, err)
		err = h.Apply(t.Context(), s.Records()[position:])
		require.ErrorIs(t, err, wire.ErrUnknown)
		require.ErrorContains(t, err, fmt.Sprintf("position %d", good+1))
		position, err = h.Position(t.Context())
		require.NoError(t, err)
		assert.Equal(t, good, position)
	}
	found, err := h.Call(t.Context(), s.id)
	require.NoError(t, err)
	assert.Len(t, found.Queues, 1)
}

func TestTwoWriters(t *testing.T) {
	s := queued()
	path := filepath.Join(t.TempDir(), "history.db")
	one, two := open(t, path, &s.Script), open(t, path, &s.Script)
	defer one.Close()
	defer two.Close()
	require.NoError(t, one.Apply(t.Context(), s.Records()[:2]))
	require.ErrorIs(t, two.Apply(t.Context(), s.Records()[:3]), history.ErrTwoWriters)
	require.NoError(t, two.Apply(t.Context(), s.Records()[2:]), "it goes on where the other one was")
}

func TestNoLogToReadThePastFrom(t *testing.T) {
	s := queued()
	h, err := history.Open(t.Context(), filepath.Join(t.TempDir(), "history.db"), history.Options{})
	require.NoError(t, err)
	defer h.Close()
	require.NoError(t, h.Apply(t.Context(), s.Records()[:2]))
	require.NoError(t, h.Apply(t.Context(), s.Records()[2:]))
	require.ErrorContains(t, h.Apply(t.Context(), []eventlog.Record{{Stream: "call-" + eventlog.Stream(call.ConnID{1}.String()), Revision: 5, Position: 99,
		Event: eventlog.Event{Type: "NoteAdded", Version: 1, Data: []byte("{}")}}}), "no log")
}

func TestOpen(t *testing.T) {
	t.Run("a newer schema", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "a folder with spaces & such", "100%.db")
		require.NoError(t, os.Mkdir(filepath.Dir(path), 0o755))
		h := open(t, path, nil)
		require.NoError(t, h.Close())
		require.NoError(t, h.Close())
		require.FileExists(t, path)
		db, err := sql.Open("sqlite", path)
		require.NoError(t, err)
		_, err = db.Exec("PRAGMA user_version = 99")
		require.NoError(t, err)
		require.NoError(t, db.Close())
		_, err = history.Open(t.Context(), path, history.Options{})
		require.ErrorIs(t, err, history.ErrNewerSchema)
		require.ErrorContains(t, err, path)
	})
	t.Run("no such folder", func(t *testing.T) {
		_, err := history.Open(t.Context(), filepath.Join(t.TempDir(), "none", "history.db"), history.Options{})
		require.Error(t, err)
	})
	t.Run("not a database", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "history.db")
		require.NoError(t, os.WriteFile(path, []byte("this is no database, it only has the name of one"), 0o600))
		_, err := history.Open(t.Context(), path, history.Options{})
		require.ErrorContains(t, err, "not a database")
	})
}
