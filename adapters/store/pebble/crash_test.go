package pebble

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/eventlog"
)

const (
	crashDir       = "CALLSTATE_TEST_CRASH_DIR"
	crashRounds    = "CALLSTATE_TEST_CRASH_ROUNDS"
	crashAppenders = 16
)

// TestCrash kills a process that appends, at a moment of chance, and looks at what is left; over and over, in the same
// folder for a while. The number of rounds is set by CALLSTATE_TEST_CRASH_ROUNDS.
func TestCrash(t *testing.T) {
	if dir := os.Getenv(crashDir); dir != "" {
		crashedProcess(t, dir) // this is the process
		return
	}
	t.Parallel()
	rounds := 200
	if set := os.Getenv(crashRounds); set != "" {
		var err error
		rounds, err = strconv.Atoi(set)
		require.NoError(t, err)
	}
	const sameFolder = 20
	survived := 0
	for begun := 0; begun < rounds; begun += sameFolder {
		dir := t.TempDir()
		revisions := make(map[eventlog.Stream]eventlog.Revision)
		for round := range min(sameFolder, rounds-begun) {
			var acknowledged map[eventlog.Stream]eventlog.Revision
			if round%2 == 0 {
				acknowledged = runUntilKilled(t, dir, 1+rand.IntN(400), time.Hour)
			} else {
				// Soon after it began: while the log is being opened, recovered, begun.
				acknowledged = runUntilKilled(t, dir, math.MaxInt, rand.N(150*time.Millisecond))
			}
			for stream, revision := range revisions {
				acknowledged[stream] = max(acknowledged[stream], revision)
			}
			store, err := Open(dir, Options{})
			require.NoError(t, err)
			revisions = requireSurvived(t, store, acknowledged)
			require.NoError(t, store.Close())
		}
		for _, revision := range revisions {
			survived += int(revision)
		}
	}
	t.Logf("%d kills, %d events survived", rounds, survived)
}

// runUntilKilled runs crashedProcess, kills it after so many acknowledged appends or after a time, and returns what
// it had acknowledged when it was dead.
func runUntilKilled(t *testing.T, dir string, appends int, after time.Duration) map[eventlog.Stream]eventlog.Revision {
	t.Helper()
	process := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrash$", "-test.v")
	process.Env = append(os.Environ(), crashDir+"="+dir)
	process.Stderr = os.Stderr
	output, err := process.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, process.Start())
	defer time.AfterFunc(after, func() { _ = process.Process.Kill() }).Stop()

	acknowledged := make(map[eventlog.Stream]eventlog.Revision)
	lines := bufio.NewScanner(output)
	for seen := 0; lines.Scan(); {
		stream, revision, ok := strings.Cut(lines.Text(), " at ")
		if !ok {
			continue
		}
		number, err := strconv.ParseUint(revision, 10, 64)
		if err != nil {
			continue // the line that it was writing
		}
		acknowledged[eventlog.Stream(stream)] = eventlog.Revision(number)
		if seen++; seen == appends {
			require.NoError(t, process.Process.Kill())
		}
	}
	require.ErrorContains(t, process.Wait(), "killed")
	return acknowledged
}

// crashedProcess appends until it is killed.
func crashedProcess(t *testing.T, dir string) {
	store, err := Open(dir, Options{})
	require.NoError(t, err)
	var appenders sync.WaitGroup
	for i := range crashAppenders {
		appenders.Go(func() {
			stream, revision := streamOf(i), eventlog.Revision(0)
			for record, err := range store.ReadStream(context.Background(), stream, 0) {
				assert.NoError(t, err)
				revision = record.Revision
			}
			for {
				var err error
				if revision, err = appendSome(context.Background(), store, stream, revision); !assert.NoError(t, err) {
					return
				}
				fmt.Printf("%s at %d\n", stream, revision)
			}
		})
	}
	appenders.Wait()
}

// TestAnotherProcess: a log has one process at a time.
func TestAnotherProcess(t *testing.T) {
	dir := t.TempDir()
	process := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrash$", "-test.v")
	process.Env = append(os.Environ(), crashDir+"="+dir)
	output, err := process.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, process.Start())
	for lines := bufio.NewScanner(output); lines.Scan() && !strings.Contains(lines.Text(), " at "); {
	}
	_, err = Open(dir, Options{})
	require.ErrorIs(t, err, eventlog.ErrInUse)
	require.ErrorContains(t, err, dir)

	require.NoError(t, process.Process.Kill())
	_ = process.Wait()
	store, err := Open(dir, Options{})
	require.NoError(t, err)
	require.NoError(t, store.Close())
}
