package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/store/kurrentdb/kurrentdbtest"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/audit"
)

const ringNoAnswer = "../../adapters/switches/asterisk/testdata/sessions/06-ring-no-answer/events.ami.gz"

// looksIn are the events of who looked, in what tail printed.
func looksIn(t *testing.T, printed string) (looks []audit.Event) {
	t.Helper()
	for line := range strings.Lines(printed) {
		var e audit.Event
		require.NoError(t, json.Unmarshal([]byte(line), &e))
		if e.Stream.Kind() == wire.Audit {
			looks = append(looks, e)
		}
	}
	return looks
}

// TestALookBesideAnEngineIsInItsLog: the engine has the log to itself, and writes the look of who uses a command.
func TestALookBesideAnEngineIsInItsLog(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	e := p.demo(t, "30")
	e.waitReady(t)
	require.Eventually(t, func() bool {
		out, errs, err := p.run("calls", "--type", "inbound", "--format", "csv")
		require.NoError(t, err, errs)
		return strings.Count(out, "\n") > 1
	}, time.Minute, time.Millisecond)
	require.Eventually(t, func() bool { // the first call may not have come to a queue yet
		out, errs, err := p.run("stats", "--explain", "entered")
		require.NoError(t, err, errs)
		return strings.Contains(out, "entered")
	}, time.Minute, time.Millisecond)
	require.NoError(t, e.Process.Kill())
	_ = e.Wait()

	out, errs, err := p.run("tail", "--no-follow")
	require.NoError(t, err, errs)
	looks := looksIn(t, out)
	require.Greater(t, len(looks), 1)
	for _, look := range looks {
		assert.Equal(t, actor(), look.Actor)
	}
	last := looks[len(looks)-1]
	assert.Equal(t, "NumberExplained", last.Type)
	assert.Contains(t, string(last.Data), `"number":"entered"`)
	searched := looks[0]
	assert.Equal(t, "CallsSearched", searched.Type)
	assert.Contains(t, string(searched.Data), `"query":"type=inbound","format":"csv"`)
}

// TestNothingIsShownWhereALookCannotBeWritten: whoever has the log open is no engine that could.
func TestNothingIsShownWhereALookCannotBeWritten(t *testing.T) {
	at := place{data: t.TempDir()}
	require.Zero(t, run(t.Context(), []string{"import", "--switch", "asterisk", "--name", "pbx", "--data", at.data, ringNoAnswer}, os.Stdin, discard{}, discard{}))
	const call = "01a205ec-21f8-8930-b57a-94382f7a3c7e"
	require.Zero(t, run(t.Context(), []string{"calls", "--data", at.data}, os.Stdin, discard{}, discard{}))
	log, err := at.openLog(t.Context(), nil)
	require.NoError(t, err)
	for _, command := range [][]string{{"calls"}, {"calls", call}, {"events", call}, {"replay", call}, {"floor", "--at", "10"},
		{"stats", "--explain", "entered"}, {"tail", "--no-follow"}} {
		var out, errs bytes.Buffer
		assert.Equal(t, exitFailure, run(t.Context(), append(command, "--data", at.data), os.Stdin, &out, &errs), command)
		assert.Contains(t, errs.String(), "is in use by another process", command)
		assert.Equal(t, 1, strings.Count(errs.String(), "\n"), errs.String())
		assert.Empty(t, out.String(), command)
	}
	require.Zero(t, run(t.Context(), []string{"stats", "--data", at.data}, os.Stdin, discard{}, discard{}), "numbers are of nobody")
	require.NoError(t, log.Close())
}

// TestALookBesideAnEngineOnASharedLog: who has the read models to itself has not the log.
func TestALookBesideAnEngineOnASharedLog(t *testing.T) {
	server, err := kurrentdbtest.Start(kurrentdbtest.Options{})
	require.NoError(t, err)
	defer server.Stop()
	at := place{data: t.TempDir(), store: server.URL()}
	shared := func(out *bytes.Buffer, command ...string) {
		var errs bytes.Buffer
		require.Zero(t, run(t.Context(), append(command, "--data", at.data, "--store", at.store), os.Stdin, out, &errs), errs.String())
	}
	var out bytes.Buffer
	shared(&out, "import", "--switch", "asterisk", "--name", "pbx", ringNoAnswer)
	shared(&out, "calls")
	log, err := at.openLog(t.Context(), nil)
	require.NoError(t, err)
	defer log.Close()
	out.Reset()
	shared(&out, "calls", "--ani", "2125550031")
	assert.Contains(t, out.String(), "01a205ec-21f8-8930-b57a-94382f7a3c7e")
	out.Reset()
	shared(&out, "tail", "--no-follow")
	looks := looksIn(t, out.String())
	require.Len(t, looks, 2)
	assert.Contains(t, string(looks[1].Data), "ani=2125550031")
}

// TestWhoFollowsTheLogHasLookedOnce: from where on, and with no end.
func TestWhoFollowsTheLogHasLookedOnce(t *testing.T) {
	data := t.TempDir()
	importAll(t, data, "asterisk", "01-answered-caller-hangs-up")
	ctx, cancel := context.WithCancel(t.Context())
	require.Zero(t, run(ctx, []string{"tail", "--from", "7", "--data", data}, os.Stdin, &cancelAfter{cancel: cancel}, discard{}))
	var out bytes.Buffer
	require.Zero(t, run(t.Context(), []string{"tail", "--no-follow", "--data", data}, os.Stdin, &out, discard{}))
	looks := looksIn(t, out.String())
	require.Len(t, looks, 1)
	assert.Equal(t, "LogRead", looks[0].Type)
	assert.Regexp(t, `^\{"fromPosition":7,"view":"[^"]+"\}$`, string(looks[0].Data))
}
