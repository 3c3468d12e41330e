package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/callstate/callstate/adapters/store/kurrentdb/kurrentdbtest"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
)

// TestMain lets the scripts run this very program.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"callstate": main})
}

// Each script in testdata/script is a session of somebody at a terminal.
func TestScripts(t *testing.T) {
	switches, err := filepath.Abs("../../adapters/switches")
	require.NoError(t, err)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("RECORDINGS", filepath.Join(switches, "asterisk/testdata/sessions"))
			env.Setenv("FREESWITCH", filepath.Join(switches, "freeswitch/testdata/sessions"))
			for _, name := range []string{"KURRENTDB", "OTHER_KURRENTDB"} {
				server, err := kurrentdbtest.Start(kurrentdbtest.Options{})
				if err != nil {
					return err
				}
				env.Defer(server.Stop)
				env.Setenv(name, server.URL())
			}
			return nil
		},
	})
}

// A user who ends a command by Ctrl-C does not want to read about it.
func TestAnInterruptedFollowEndsQuietly(t *testing.T) {
	data := t.TempDir()
	recording := "../../adapters/switches/asterisk/testdata/sessions/01-answered-caller-hangs-up/events.ami.gz"
	require.Zero(t, run(t.Context(), []string{"import", "--switch", "asterisk", "--name", "pbx", "--data", data, recording}, os.Stdin, discard{}, discard{}))
	ctx, cancel := context.WithCancel(t.Context())
	follower := &cancelAfter{cancel: cancel}
	require.Zero(t, run(ctx, []string{"tail", "--data", data}, os.Stdin, follower, discard{}))
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// cancelAfter cancels when something has been written.
type cancelAfter struct {
	cancel func()
}

func (c *cancelAfter) Write(p []byte) (int, error) {
	c.cancel()
	return len(p), nil
}
