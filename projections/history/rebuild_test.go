package history_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/projectiontest"
)

// execute runs SQL on a database behind the history's back.
func execute(t require.TestingT, path, text string) {
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec(text)
	require.NoError(t, err)
}

// A database of an older version stays what it is until a new one has been made beside it, and a process that ends
// meanwhile goes on where it was.
func TestAnOlderVersionIsMadeAnewBesideTheOld(t *testing.T) {
	day := projectiontest.Day(3, projectiontest.DayOptions{Agents: 10, Events: 600})
	path := filepath.Join(t.TempDir(), "history.db")
	old := open(t, path, day)
	require.NoError(t, old.Apply(t.Context(), day.Records()))
	expected := dump(t, path)
	require.NoError(t, old.Close())
	execute(t, path, "PRAGMA user_version = 1; DELETE FROM calls") // as if version 1 had told nothing of calls

	_, err := history.Open(t.Context(), path, history.Options{})
	require.ErrorIs(t, err, history.ErrOlderSchema, "without a log it cannot be made anew")

	h := open(t, path, day)
	position, err := h.Position(t.Context())
	require.NoError(t, err)
	assert.Zero(t, position)
	require.NoError(t, h.Apply(t.Context(), day.Records()[:300]))
	require.NoError(t, h.Close())
	assert.Empty(t, dump(t, path)["calls"], "the old one is still there")

	h = open(t, path, day)
	defer h.Close()
	position, err = h.Position(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 300, position)
	require.NoError(t, projections.CatchUp(t.Context(), projectiontest.Log{Script: day}, h, nil))
	assert.Equal(t, expected, dump(t, path))
	assert.NoFileExists(t, path+".next")
	records, err := h.Calls(t.Context(), history.Filter{})
	require.NoError(t, err)
	assert.Len(t, records, len(expected["calls"]))

	seen := day.End()
	for s := range day.States() {
		if s.Live() {
			day.Request(s.ConnID, call.AddNote{At: at(9999), Text: "still there"})
		}
	}
	require.Greater(t, day.End(), seen)
	require.NoError(t, h.Apply(t.Context(), day.Records()[seen:]), "it is written on in its new place")
}

// The Runner switches over when it has caught up, while queries go on.
func TestTheRunnerSwitchesOver(t *testing.T) {
	day := projectiontest.Day(3, projectiontest.DayOptions{Agents: 10, Events: 600})
	path := filepath.Join(t.TempDir(), "history.db")
	h, err := history.Open(t.Context(), path, history.Options{Log: projectiontest.Log{Script: day}, Anew: true})
	require.NoError(t, err)
	defer h.Close()
	runner := projections.NewRunner(projectiontest.Log{Script: day}, nil, h)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	for runner.Wait(ctxWith(t, time.Millisecond), day.End()) != nil {
		_, err := h.Calls(t.Context(), history.Filter{Limit: 5})
		require.NoError(t, err)
	}
	require.FileExists(t, path)
	require.NoFileExists(t, path+".next")
	progress, err := runner.Progress(t.Context())
	require.NoError(t, err)
	assert.Equal(t, history.Version, progress[0].Version)
	assert.Equal(t, day.End(), progress[0].End)
	assert.Positive(t, progress[0].Rate)
	cancel()
	require.NoError(t, <-ended)
}

func ctxWith(t *testing.T, timeout time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	t.Cleanup(cancel)
	return ctx
}

// Somebody who has the old database open keeps it from being replaced; nothing is lost by that.
func TestTheOldDatabaseIsOpenElsewhere(t *testing.T) {
	s := queued()
	path := filepath.Join(t.TempDir(), "history.db")
	old := open(t, path, &s.Script)
	require.NoError(t, old.Apply(t.Context(), s.Records()))
	h, err := history.Open(t.Context(), path, history.Options{Log: projectiontest.Log{Script: &s.Script}, Anew: true})
	require.NoError(t, err)
	defer h.Close()
	impatient, leave := context.WithCancel(t.Context())
	defer leave()
	err = projections.CatchUp(impatient, projectiontest.Log{Script: &s.Script}, h, func(eventlog.Position) {
		time.AfterFunc(100*time.Millisecond, leave) // once all is made anew
	})
	require.ErrorContains(t, err, "open in another program")
	_, err = h.Call(t.Context(), s.id)
	require.NoError(t, err)
	require.NoError(t, old.Close())
	require.NoError(t, h.SwitchOver(t.Context()))
	require.NoFileExists(t, path+".next")
}

// Whatever happened: a comparison with what the log says finds nothing, and finds what was changed.
func TestCompare(t *testing.T) {
	day := projectiontest.Day(9, projectiontest.DayOptions{Agents: 10, Events: 800})
	log := projectiontest.Log{Script: day}
	path := filepath.Join(t.TempDir(), "history.db")
	h := open(t, path, day)
	for run := range projectiontest.Runs(day.Records(), 70) {
		require.NoError(t, h.Apply(t.Context(), run))
	}
	require.NoError(t, h.Close())
	compare := func() []history.Difference {
		compared, found := compared(t, snapshot(t, path), log)
		assert.Equal(t, day.End(), compared.Position)
		assert.Greater(t, compared.Rows, 500)
		return found
	}
	require.Empty(t, compare())
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	for _, each := range entries {
		assert.NotContains(t, each.Name(), "rebuilt", "it leaves nothing behind")
	}

	execute(t, path, `UPDATE queue_visits SET result = 'left' WHERE n = 0 AND conn_id = (SELECT min(conn_id) FROM queue_visits)`)
	found := compare()
	require.Len(t, found, 1)
	assert.Equal(t, "queue_visits", found[0].Table)
	assert.Equal(t, "n 0", found[0].Row)
	assert.Contains(t, found[0].String(), `stored is "left", the log says "`)

	_, err = history.OpenSnapshot(t.Context(), path+".none")
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.NoFileExists(t, path+".none")
}

// A call that was left behind by a process that was catching up is no difference.
func TestCompareWhileCatchingUp(t *testing.T) {
	s := queued()
	path := filepath.Join(t.TempDir(), "history.db")
	h := open(t, path, &s.Script)
	h.CatchingUp(s.End() + 1)
	require.NoError(t, h.Apply(t.Context(), s.Records()))
	require.NoError(t, h.Close())
	_, found := compared(t, snapshot(t, path), projectiontest.Log{Script: &s.Script})
	for _, d := range found {
		assert.Equal(t, "checkpoint", d.Table, d)
	}
}

// damagedAtHalf is a history to which the first half of the runs of a day has been told, and in which one thing is wrong.
func damagedAtHalf(t *testing.T) (h *history.History, path string, day *projectiontest.Script, runs [][]eventlog.Record, half int) {
	t.Helper()
	day = projectiontest.Day(9, projectiontest.DayOptions{Agents: 10, Events: 800})
	path = filepath.Join(t.TempDir(), "history.db")
	h = open(t, path, day)
	t.Cleanup(func() { h.Close() })
	runs = slices.Collect(projectiontest.Runs(day.Records(), 70))
	half = len(runs) / 2
	for _, run := range runs[:half] {
		require.NoError(t, h.Apply(t.Context(), run))
	}
	execute(t, path, `UPDATE queue_visits SET result = 'left' WHERE n = 0 AND conn_id = (SELECT min(conn_id) FROM queue_visits)`)
	return h, path, day, runs, half
}

// What is written while it is compared is no difference, nor does the comparison hold up who writes.
func TestCompareWhileItIsWritten(t *testing.T) {
	h, path, day, runs, half := damagedAtHalf(t)
	stored := snapshot(t, path)
	for _, run := range runs[half:] {
		require.NoError(t, h.Apply(t.Context(), run))
	}
	compared, found := compared(t, stored, projectiontest.Log{Script: day})
	last := runs[half-1]
	assert.Equal(t, last[len(last)-1].Position, compared.Position)
	require.Len(t, found, 1, "the damage, and nothing that came later: %v", found)
	assert.Equal(t, "result", found[0].Column)
}

// What is compared as a copy is what there was, and whoever writes meanwhile can bring its write-ahead log to an end, which
// it cannot while the database itself is looked at.
func TestCompareACopyWhileItIsWritten(t *testing.T) {
	h, path, day, runs, half := damagedAtHalf(t)
	copied, err := history.CopySnapshot(t.Context(), path)
	require.NoError(t, err)
	for _, run := range runs[half:] {
		require.NoError(t, h.Apply(t.Context(), run))
	}
	assert.True(t, emptied(t, path))
	compared, found := compared(t, copied, projectiontest.Log{Script: day})
	last := runs[half-1]
	assert.Equal(t, last[len(last)-1].Position, compared.Position)
	require.Len(t, found, 1, "the damage, and nothing that came later: %v", found)
	assert.Equal(t, "result", found[0].Column)
	entries, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	require.NoError(t, err)
	assert.Subset(t, []string{path, path + "-wal", path + "-shm"}, entries, "it leaves nothing behind")

	stored := snapshot(t, path)
	execute(t, path, `UPDATE calls SET disposition = 'sold'`)
	assert.False(t, emptied(t, path))
	require.NoError(t, stored.Close())

	_, err = history.CopySnapshot(t.Context(), path+".none")
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.NoFileExists(t, path+".none")
}

// emptied empties the write-ahead log of the database at path, and tells whether all of it could be.
func emptied(t *testing.T, path string) bool {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer db.Close()
	var busy, pages, moved int
	require.NoError(t, db.QueryRow("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved))
	return busy == 0
}

// Somebody who writes to the database, although nobody should, is waited for: the history does not stop.
func TestApplyWhileSomebodyElseWrites(t *testing.T) {
	day := projectiontest.Day(9, projectiontest.DayOptions{Agents: 10, Events: 800})
	path := filepath.Join(t.TempDir(), "history.db")
	h := open(t, path, day)
	defer h.Close()
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	for run := range projectiontest.Runs(day.Records(), 200) {
		_, err := db.Exec("BEGIN IMMEDIATE; UPDATE calls SET disposition = '' WHERE false")
		require.NoError(t, err)
		applied := make(chan error)
		go func() { applied <- h.Apply(t.Context(), run) }()
		select {
		case err := <-applied:
			t.Fatalf("it did not wait: %v", err)
		case <-time.After(50 * time.Millisecond):
		}
		_, err = db.Exec("COMMIT")
		require.NoError(t, err)
		require.NoError(t, <-applied)
	}
}

func snapshot(t *testing.T, path string) *history.Snapshot {
	t.Helper()
	s, err := history.OpenSnapshot(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func compared(t *testing.T, s *history.Snapshot, log eventlog.Reader) (c history.Comparison, found []history.Difference) {
	t.Helper()
	c, err := s.Compare(t.Context(), log, nil, func(d history.Difference) { found = append(found, d) })
	require.NoError(t, err)
	require.NoError(t, s.Close())
	return c, found
}

// Calls that belong together are one conversation, named by the oldest, in whatever order that was told.
func TestConversation(t *testing.T) {
	var s projectiontest.Script
	start := func(seconds float64, name string, about call.ConnID) call.ConnID {
		id := call.NewConnID(at(seconds), "pbx", name)
		s.Happened(id, call.Event{At: at(seconds), Body: call.CallStarted{ConnID: id, Switch: "pbx", SwitchCallID: name, ConsultOf: about}})
		return id
	}
	first := start(1, "first", call.ConnID{})
	alone := start(2, "alone", call.ConnID{})
	third, fourth := start(4, "third", call.ConnID{}), call.NewConnID(at(5), "pbx", "fourth")
	start(5, "fourth", third) // a consultation about the third, which is absorbed by the first later
	merged := call.Event{At: at(6), Body: call.CallMerged{Survivor: first, Absorbed: third}}
	h := open(t, filepath.Join(t.TempDir(), "history.db"), &s)
	defer h.Close()
	require.NoError(t, h.Apply(t.Context(), s.Records()))
	assert.Equal(t, []string{"third", "fourth"}, names(t, h, history.Filter{Conversation: fourth}))
	seen := s.End()
	s.Happened(third, merged)
	s.Happened(first, merged)
	require.NoError(t, h.Apply(t.Context(), s.Records()[seen:]))
	for _, id := range []call.ConnID{first, third, fourth} {
		assert.Equal(t, []string{"first", "third", "fourth"}, names(t, h, history.Filter{Conversation: id}))
	}
	assert.Equal(t, []string{"alone"}, names(t, h, history.Filter{Conversation: alone}))
}

// states takes what an agent did.
type states struct{ told []history.StateFact }

func (s *states) Visit(history.VisitFact)   {}
func (s *states) Stay(history.StayFact)     {}
func (s *states) State(f history.StateFact) { s.told = append(s.told, f) }

func TestAgentStates(t *testing.T) {
	var s projectiontest.Script
	id := call.NewConnID(at(0), "pbx", "1")
	s.Agent("1001",
		agent.MembershipIs{At: at(0), Agent: "1001", Switch: "pbx", Queue: "sales", DN: "1001", Member: true},
		agent.MembershipIs{At: at(10), Agent: "1001", Switch: "pbx", Queue: "sales", DN: "1001", Member: true, Paused: true, Reason: "lunch"},
		agent.MembershipIs{At: at(20), Agent: "1001", Switch: "pbx", Queue: "sales", DN: "1001", Member: true},
		agent.AfterCallWorkIs{At: at(30), ConnID: id, Working: true},
		agent.AfterCallWorkIs{At: at(40), ConnID: id},
		agent.MembershipIs{At: at(50), Agent: "1001", Switch: "pbx", Queue: "sales", DN: "1001"},
		agent.MembershipIs{At: at(90), Agent: "1001", Switch: "pbx", Queue: "sales", DN: "1001", Member: true})
	h := open(t, filepath.Join(t.TempDir(), "history.db"), &s)
	defer h.Close()
	for _, r := range s.Records() {
		require.NoError(t, h.Apply(t.Context(), []eventlog.Record{r}))
	}
	var told states
	require.NoError(t, h.Facts(t.Context(), at(-1), at(100), &told))
	type stretch struct {
		state       history.AgentState
		since       float64
		until       float64
		call        call.ConnID
		endsByEvent bool
	}
	var found []stretch
	for _, f := range told.told {
		until := -1.0
		if f.Until != (history.Time{}) {
			until = time.Time(f.Until).Sub(at(0)).Seconds()
		}
		found = append(found, stretch{f.State, time.Time(f.Since).Sub(at(0)).Seconds(), until, f.Call, f.UntilEvent != ""})
		assert.NotEmpty(t, f.SinceEvent)
	}
	assert.ElementsMatch(t, []stretch{
		{history.Ready, 0, 10, call.ConnID{}, true},
		{history.NotReady, 10, 20, call.ConnID{}, true},
		{history.Ready, 20, 30, call.ConnID{}, true},
		{history.AfterCallWork, 30, 40, id, true},
		{history.Ready, 40, 50, call.ConnID{}, true},
		{history.Ready, 90, -1, call.ConnID{}, false},
	}, found)
}

// Whatever an agent does: the states of each session follow one another without a gap, from login to logout.
func TestAgentStatesTileTheSession(t *testing.T) {
	folder, n := t.TempDir(), 0
	empty := filepath.Join(folder, "empty")
	require.NoError(t, open(t, empty, nil).Close())
	template, err := os.ReadFile(empty)
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		if n++; n > 20 {
			return // each prepares all statements
		}
		script := projectiontest.Random(t)
		if len(script.Records()) == 0 {
			return
		}
		path := filepath.Join(folder, time.Duration(n).String())
		require.NoError(t, os.WriteFile(path, template, 0o600))
		h := open(t, path, script)
		require.NoError(t, h.Apply(context.Background(), script.Records()))
		require.NoError(t, h.Close())
		db, err := sql.Open("sqlite", path)
		require.NoError(t, err)
		defer db.Close()
		var torn int
		require.NoError(t, db.QueryRow(`SELECT
			(SELECT count(*) FROM agent_states a JOIN agent_states b ON b.agent = a.agent AND b.session = a.session AND b.n = a.n + 1
				WHERE a.until IS NOT b.since)
			+ (SELECT count(*) FROM agent_sessions s WHERE logged_in_at IS NOT (SELECT min(since) FROM agent_states a WHERE a.agent = s.agent AND a.session = s.n)
				OR logged_out_at IS NOT (SELECT until FROM agent_states a WHERE a.agent = s.agent AND a.session = s.n ORDER BY a.n DESC LIMIT 1))`).Scan(&torn))
		require.Zero(t, torn)
	})
}
