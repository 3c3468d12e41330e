package features_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/store/kurrentdb/kurrentdbtest"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/history"
)

// Two engines listen to one switch and write one log. Either may be killed at any moment, as long as the other one
// listens: nothing is lost, and nothing is written twice.
func TestEitherOfTwoEnginesMayBeKilled(t *testing.T) {
	const recording = "../cmd/callstate/recordings/contact-centre.ami.gz" // 300 calls
	alone := &dataFolder{dir: filepath.Join(t.TempDir(), "alone")}
	_, err := alone.run("import", "--switch", "asterisk", "--name", "pbx", recording)
	require.NoError(t, err)
	calls, err := alone.calls()
	require.NoError(t, err)

	pbx, err := startRecordedSwitch(switches["Asterisk"], recording)
	require.NoError(t, err)
	defer pbx.close()
	blocks := recordedBlocks(t, pbx.kind, recording)
	shared, stop, err := inKurrentDB(t.TempDir())
	require.NoError(t, err)
	defer stop()

	engines := make([]*process, 2)
	startEngine := func(i int) {
		dir := filepath.Join(t.TempDir(), fmt.Sprint(i))
		require.NoError(t, os.MkdirAll(dir, 0o750))
		engines[i], err = startProcess(dir, &dataFolder{dir: dir, store: shared.store}, linkedTo(pbx))
		require.NoError(t, err)
	}
	startEngine(0)
	requireLinks(t, pbx, 1)
	require.True(t, requirePlayed(t, pbx, 20)) // who is logged in
	startEngine(1)
	requireLinks(t, pbx, 2)
	requireQuiet(t, engines[1])
	for round := 0; requirePlayed(t, pbx, blocks/40); round++ {
		if round%3 != 0 {
			continue
		}
		// What the switch has just said is on its way to both: one of them does not live to write it.
		time.Sleep(rand.N(5 * time.Millisecond))
		victim := round / 3 % 2
		require.NoError(t, engines[victim].kill())
		requireLinks(t, pbx, 1)
		requireQuiet(t, engines[1-victim])
		startEngine(victim)
		requireLinks(t, pbx, 2)
		requireQuiet(t, engines[victim]) // it knows what there is before more happens
	}
	for _, engine := range engines {
		require.NoError(t, eventually(func() error { return hasEnded(engine, len(calls)) }))
		require.NoError(t, engine.stop())
	}

	both := world{log: &dataFolder{dir: filepath.Join(t.TempDir(), "looking"), store: shared.store}}
	require.NoError(t, both.nothingIsTwice())
	require.NoError(t, sameRecords(alone, both.log))
}

// A database that is away for a while costs nothing: the engine says that it is not ready, keeps what the switch says, and
// writes it when the database is back.
func TestAnEngineWaitsForItsDatabase(t *testing.T) {
	pbx, err := startRecordedSwitch(switches["Asterisk"], switches["Asterisk"].observed("01-answered-caller-hangs-up"))
	require.NoError(t, err)
	defer pbx.close()
	server, err := kurrentdbtest.Start(kurrentdbtest.Options{})
	require.NoError(t, err)
	defer server.Stop()
	data := &dataFolder{dir: t.TempDir(), store: server.URL()}
	engine, err := startProcess(data.dir, data, linkedTo(pbx))
	require.NoError(t, err)
	requireLinks(t, pbx, 1)
	require.NoError(t, pbx.playUntil(agentLogsIn))
	requireQuiet(t, engine)

	server.Stop()
	require.NoError(t, pbx.playRest())
	require.NoError(t, eventually(func() error {
		status, err := engine.get("/readyz", nil)
		if status != http.StatusServiceUnavailable || !strings.Contains(err.Error(), "does not answer") {
			return fmt.Errorf("it says %d, %v", status, err)
		}
		return nil
	}))
	require.NoError(t, server.Start())
	require.NoError(t, eventually(func() error {
		_, err := engine.get("/readyz", nil)
		return err
	}))
	require.NoError(t, eventually(func() error { return hasEnded(engine, 1) }))
	require.NoError(t, engine.stop())

	looking := world{log: data}
	require.NoError(t, looking.nothingIsTwice())
}

// hasEnded says whether an engine knows so many calls, and that all of them are over.
func hasEnded(engine *process, calls int) error {
	var found struct{ Calls []history.Record }
	if _, err := engine.get("/v1/calls?limit=1000", &found); err != nil {
		return err
	}
	var view floor.View
	if _, err := engine.get("/v1/floor", &view); err != nil {
		return err
	}
	if len(found.Calls) != calls || len(view.Calls) > 0 {
		return fmt.Errorf("of %d calls %d are recorded, and %d are on the floor", calls, len(found.Calls), len(view.Calls))
	}
	return nil
}

// linkedTo is the configuration of an engine that listens to a switch.
func linkedTo(pbx *recordedSwitch) string {
	return fmt.Sprintf(pbx.kind.section, pbx.port(), recordedSecret)
}

// recordedBlocks is how many things happened in a recording.
func recordedBlocks(t *testing.T, kind *kindOfSwitch, path string) int {
	t.Helper()
	recording, err := openRecorded(path)
	require.NoError(t, err)
	defer recording.Close()
	all, err := kind.happened(recording)
	require.NoError(t, err)
	return len(all)
}

// requirePlayed plays so many blocks, and says whether there are any left.
func requirePlayed(t *testing.T, pbx *recordedSwitch, blocks int) bool {
	t.Helper()
	more, err := pbx.play(blocks)
	require.NoError(t, err)
	return more
}

// requireQuiet waits until an engine has written what it has heard: one that comes back is not faster than that.
func requireQuiet(t *testing.T, engine *process) {
	t.Helper()
	var last floor.View
	quiet := 0
	require.NoError(t, eventually(func() error {
		var view floor.View
		if _, err := engine.get("/v1/floor", &view); err != nil {
			return err
		}
		if quiet++; view.Position != last.Position {
			quiet, last = 0, view
		}
		if quiet < 10 {
			return fmt.Errorf("it writes, at position %d", view.Position)
		}
		return nil
	}))
}

// requireLinks waits until so many engines listen to the switch. The log does not tell: they write it together.
func requireLinks(t *testing.T, pbx *recordedSwitch, links int) {
	t.Helper()
	require.NoError(t, eventually(func() error {
		if n := pbx.network.links(); n != links {
			return fmt.Errorf("%d engines are linked to the switch, not %d", n, links)
		}
		return nil
	}))
}

// sameRecords says whether two logs tell the same of every call: who called whom and when, what became of it, through which
// queues it went and to whom it was offered. An engine that comes back in the middle of a call knows less of it than the
// other one, and what it hears it may write first: who ended the call, and in which visit to a queue it rang.
func sameRecords(want, have *dataFolder) error {
	expected, err := want.calls()
	if err != nil {
		return err
	}
	found, err := have.calls()
	if err != nil {
		return err
	}
	records := map[string]string{}
	for _, r := range found {
		records[r.ConnID.String()] = outline(r)
	}
	if len(records) != len(expected) {
		return fmt.Errorf("there are %d calls, not %d", len(records), len(expected))
	}
	for _, r := range expected {
		if told := records[r.ConnID.String()]; told != outline(r) {
			return fmt.Errorf("the record of call %s is\n%s, not\n%s", r.ConnID, told, outline(r))
		}
	}
	return nil
}

func outline(r history.Record) string {
	text := fmt.Sprintln(r.Type, r.ANI, r.DNIS, r.StartedAt, r.EndedAt, r.Outcome, r.UserData, r.Related)
	for _, q := range r.Queues {
		text += fmt.Sprintln("queue", q.Queue, q.Result, q.Agent)
	}
	for _, a := range r.Agents {
		text += fmt.Sprintln("agent", a.Agent, a.DN, a.Queue, a.Result)
	}
	for _, transfer := range r.Transfers {
		text += fmt.Sprintln("transfer", transfer.Kind, transfer.By, transfer.To, transfer.ToCall)
	}
	return text
}
