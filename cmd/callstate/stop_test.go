package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/desktop"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
)

func configFile(t *testing.T, text string, args ...any) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "callstate.toml")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, text, args...), 0o600))
	return file
}

func TestAnEngineSaysInFiveLinesWhatRunsWhere(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	traces := make(chan string, 100)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { traces <- r.URL.Path }))
	defer collector.Close()
	file := configFile(t, `
[[asterisk]]
name = "pbx1"
host = "127.0.0.1"
port = 1
user = "callstate"
secret = "hunter2"
[[freeswitch]]
name = "pbx2"
host = "127.0.0.1"
password = "hunter2"
[[simulator]]
name = "sim"
agents = 1
[[bus]]
name = "crm"
kind = "webhook"
url = "http://127.0.0.1:1/hunter2"
secret = "hunter2"
[[bus]]
name = "erp"
kind = "nats"
url = "nats://127.0.0.1:1,nats://127.0.0.1:2"
topic = "calls"
[tracing]
endpoint = "%s/v1/traces"
`, collector.URL)
	command := exec.CommandContext(t.Context(), p.path, "serve", "--config", file, "--data", p.data, "--listen", "127.0.0.1:0")
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	lines := bufio.NewScanner(out)
	var said []string
	for len(said) < 5 && lines.Scan() {
		said = append(said, lines.Text())
	}
	require.NoError(t, command.Process.Signal(syscall.SIGTERM))
	for lines.Scan() {
		said = append(said, lines.Text())
	}
	require.NoError(t, command.Wait())
	require.Len(t, said, 5, "%s", said)
	assert.Regexp(t, `^callstate \S+: page and API at http://127\.0\.0\.1:\d+/, for everybody on this machine$`, said[0])
	assert.Equal(t, "log: "+p.data+", at position 0", said[1])
	assert.Equal(t, "switches: asterisk pbx1 at 127.0.0.1:1, freeswitch pbx2 at 127.0.0.1:8021, simulated sim", said[2])
	assert.Equal(t, "buses: crm (http://127.0.0.1:1), erp (nats://127.0.0.1:1 nats://127.0.0.1:2)", said[3])
	assert.Regexp(t, `^metrics: http://127\.0\.0\.1:\d+/metrics; tracing: on$`, said[4])
	require.NotEmpty(t, traces)
	assert.Equal(t, "/v1/traces", <-traces, "what was traced has been sent before it ended")
}

// SIGTERM ends the links first. What they had heard goes all the way: to the desktops, the call records and the brokers.
// Meanwhile the engine answers, but is not ready any more.
func TestAnEngineThatIsStoppedTakesWhatItKnowsAllTheWay(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	var receiver crm
	slow := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-slow
		receiver.ServeHTTP(w, r)
	}))
	defer server.Close()
	e := p.start(t, "serve", "--config", configFile(t, `
[[simulator]]
name = "sim"
agents = 50
rate = 30
steady = true
[[bus]]
name = "crm"
kind = "webhook"
url = "%s"
secret = "s3cret"
kinds = ["switch"]
`, server.URL))
	e.waitReady(t)
	f := &follower{path: "floor"}
	var following sync.WaitGroup
	following.Go(func() { f.connect(t.Context(), t, e.page+"v1/floor/stream") })
	require.Eventually(t, func() bool { return e.metric(t, "callstate_log_position") > 150 }, time.Minute, 10*time.Millisecond)

	require.NoError(t, e.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool {
		status, says := e.ready()
		return status == http.StatusServiceUnavailable && strings.Contains(says, "the engine is being stopped")
	}, time.Minute, time.Millisecond, "the broker is still to take its messages")
	close(slow)
	require.NoError(t, e.Wait(), "%s", e.stderr)
	following.Wait()

	out, errs, err := p.run("tail", "--no-follow")
	require.NoError(t, err, errs)
	var ids []string
	var last struct {
		ID, Type, Stream string
		Position         uint64
		Data             struct{ Reason string }
	}
	for line := range strings.Lines(out) {
		require.NoError(t, json.Unmarshal([]byte(line), &last))
		if strings.HasPrefix(last.Stream, "switch-") {
			ids = append(ids, last.ID)
		}
	}
	assert.Equal(t, "LinkDown", last.Type)
	assert.Equal(t, "stopped", last.Data.Reason)
	assert.Equal(t, ids, receiver.ids(), "the broker has all of it, once")
	assert.EqualValues(t, last.Position, f.position, "so has who followed the floor")
	out, errs, err = p.run("rebuild", "--dry-run", "--diff")
	require.NoError(t, err, errs)
	assert.Contains(t, out, fmt.Sprintf("history up to position %d: ", last.Position), "so have the call records")
	assert.Contains(t, out, " 0 differences")
}

// Who stops an engine whose broker is down does not wait for the broker.
func TestAnEngineWhoseBrokerIsDownIsStoppedSoon(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	e := p.start(t, "serve", "--config", configFile(t, `
[[simulator]]
name = "sim"
agents = 5
[[bus]]
name = "erp"
kind = "nats"
url = "nats://%s"
topic = "calls"
`, nobody(t)))
	e.waitReady(t)
	require.Eventually(t, func() bool { return e.metric(t, `callstate_projection_lag{projection="bus-erp"}`) > 0 }, time.Minute, 10*time.Millisecond)
	require.NoError(t, e.Process.Signal(syscall.SIGTERM))
	require.NoError(t, e.Wait(), "%s", e.stderr)
	assert.NotContains(t, e.stderr.String(), "stopped before the end of the log")
}

// A second signal ends it at once.
func TestAnEngineThatIsToldTwiceToStopStops(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	stuck := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stuck }))
	defer server.Close()
	defer close(stuck)
	e := p.start(t, "serve", "--config", configFile(t, `
[[simulator]]
name = "sim"
agents = 5
[[bus]]
name = "crm"
kind = "webhook"
url = "%s"
secret = "s3cret"
`, server.URL))
	e.waitReady(t)
	require.NoError(t, e.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool { status, _ := e.ready(); return status == http.StatusServiceUnavailable }, time.Minute, time.Millisecond)
	ended := make(chan error, 1)
	go func() { ended <- e.Wait() }()
	for {
		_ = e.Process.Signal(syscall.SIGTERM) // again and again, as who waits does: right after the first it may be too soon
		select {
		case err := <-ended:
			assert.ErrorContains(t, err, "signal: terminated")
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func TestReadinessTellsTheTruthAtEveryStage(t *testing.T) {
	t.Parallel()
	n, err := openNode(t.Context(), place{data: t.TempDir()}, "127.0.0.1:0", admission{}, desktop.Settings{}, newLogger(discard{}),
		buses{configured: []busConfig{{Name: "out", Kind: "stdout"}}, stdout: discard{}}, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{
		"projection floor is catching up, at position 0", "projection history is catching up, at position 0", "projection past is catching up, at position 0",
	}, n.notReady(), "it is open, and does not run yet")

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- n.run(ctx) }()
	require.Eventually(t, func() bool { return len(n.notReady()) == 0 }, time.Minute, time.Millisecond)

	// An event that this program does not know, as a newer one may have written: what shows the floor cannot go on.
	unknown := eventlog.Event{ID: uuid.New(), Type: "CallTeleported", Version: 1, Data: []byte("{}")}
	require.NoError(t, n.log.Append(t.Context(), []eventlog.StreamAppend{{Stream: wire.CallStream(call.NewConnID(time.Now(), "pbx", "1")), Events: []eventlog.Event{unknown}}}))
	require.Eventually(t, func() bool { return len(n.notReady()) == 3 }, time.Minute, time.Millisecond)
	assert.Contains(t, n.notReady()[0], "projection floor: ")
	assert.Contains(t, n.notReady()[0], "CallTeleported")
	stop()
	require.NoError(t, <-ended)
	assert.Equal(t, "the engine is being stopped", n.notReady()[0])
}
