package main

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/store/pebble"
)

// program runs commands as processes of their own.
type program struct {
	path string
	data string
}

// newProgram is this test binary under the name to which it listens: see TestMain.
func newProgram(t *testing.T) program {
	t.Helper()
	path := filepath.Join(t.TempDir(), "callstate")
	self, err := os.Executable()
	require.NoError(t, err)
	require.NoError(t, os.Symlink(self, path))
	return program{path: path, data: filepath.Join(t.TempDir(), "data")}
}

// run runs a command to its end.
func (p program) run(args ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	command := exec.Command(p.path, append(args, "--data", p.data)...)
	command.Stdout, command.Stderr = &out, &errs
	err = command.Run()
	return out.String(), errs.String(), err
}

// running is a demo that runs.
type running struct {
	*exec.Cmd
	page   string
	stderr *bytes.Buffer
}

var pageLine = regexp.MustCompile(`http://127\.0\.0\.1:\d+/`)

// demo begins a demo and returns when it has told its address.
func (p program) demo(t *testing.T, speed string) *running {
	t.Helper()
	return p.start(t, "demo", "--speed", speed)
}

// start begins a demo or an engine and returns when it has told its address.
func (p program) start(t *testing.T, args ...string) *running {
	t.Helper()
	e := &running{Cmd: exec.Command(p.path, append(args, "--listen", "127.0.0.1:0", "--data", p.data)...), stderr: &bytes.Buffer{}}
	e.Stderr = e.stderr
	out, err := e.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, e.Start())
	t.Cleanup(func() {
		_ = e.Process.Kill()
		_ = e.Wait()
	})
	lines := bufio.NewReader(out)
	for e.page == "" {
		line, err := lines.ReadString('\n')
		require.NoError(t, err, "%s", e.stderr)
		e.page = pageLine.FindString(line)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	return e
}

// ready is the status of /readyz and what it says; 0 when nobody answers.
func (e *running) ready() (status int, says string) {
	response, err := http.Get(e.page + "readyz")
	if err != nil {
		return 0, ""
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(body)
}

func (e *running) waitReady(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { status, _ := e.ready(); return status == http.StatusOK }, time.Minute, 10*time.Millisecond)
}

// TestTheEngineTellsHowItRuns: what comes from the switch shows in the metrics, from its bytes to the read models.
func TestTheEngineTellsHowItRuns(t *testing.T) {
	e := newProgram(t).demo(t, "20")
	e.waitReady(t)
	for _, metric := range []string{
		`callstate_link_up\{kind="asterisk",switch="demo"\} 1\n`, `callstate_link_pieces_total\{kind="asterisk",switch="demo"\} [1-9]`,
		`callstate_facts_total\{about="call"\} [1-9]`, `callstate_events_total\{type="CallStarted"\} [1-9]`,
		`callstate_live_calls [1-9]`, `callstate_projection_position\{projection="history"\} [1-9]`,
	} {
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			response, err := http.Get(e.page + "metrics")
			require.NoError(c, err)
			defer response.Body.Close()
			body, _ := io.ReadAll(response.Body)
			assert.Regexp(c, metric, string(body))
		}, time.Minute, 100*time.Millisecond)
	}
}

// TestBackupWhileTheEngineRuns: a copy of a log in use is a log on which an engine can run, and holds everything that was
// there when it was asked for.
func TestBackupWhileTheEngineRuns(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	e := p.demo(t, "30")
	e.waitReady(t)
	copied := p
	var position uint64
	for _, name := range []string{"monday", "tuesday", "wednesday"} {
		copied.data = filepath.Join(t.TempDir(), name)
		out, errs, err := p.run("backup", "--format", "json", copied.data)
		require.NoError(t, err, errs)
		var made struct{ Position uint64 }
		require.NoError(t, json.Unmarshal([]byte(out), &made))
		require.GreaterOrEqual(t, made.Position, position)
		position = made.Position
		out, errs, err = copied.run("verify", "--format", "json")
		require.NoError(t, err, errs)
		var verified struct{ Log pebble.Verified }
		require.NoError(t, json.Unmarshal([]byte(out), &verified))
		require.GreaterOrEqual(t, verified.Log.Records, position)
	}
	_, errs, err := p.run("backup", copied.data)
	require.Error(t, err)
	require.Contains(t, errs, "file exists")
	out, errs, err := p.run("verify")
	require.NoError(t, err, errs)
	require.Contains(t, out, "the log is whole")

	require.NoError(t, e.Process.Kill())
	_ = e.Wait()
	out, errs, err = p.run("verify")
	require.NoError(t, err, errs)
	require.Contains(t, out, "the log is whole")
	copied.demo(t, "30").waitReady(t)
	p.demo(t, "30").waitReady(t)
	_, errs, err = p.run("verify")
	require.NoError(t, err, "it can be reached although the killed one had left its socket: %s", errs)
}

// TestVerifyWhileTheEngineRuns: what a running engine has is compared with what its log told at the same moment, again and
// again while it goes on, and damage is found.
func TestVerifyWhileTheEngineRuns(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	e := p.demo(t, "30")
	e.waitReady(t)
	verify := func() (v verdict, err error) {
		out, errs, err := p.run("verify", "--format", "json")
		require.NoError(t, json.Unmarshal([]byte(out), &v), errs)
		return v, err
	}
	require.Eventually(t, func() bool {
		v, err := verify()
		require.NoError(t, err, "%+v", v)
		require.True(t, v.InUse)
		return v.Calls > 3 && v.Rows > 20
	}, time.Minute, time.Millisecond)

	db, err := sql.Open("sqlite", "file:"+filepath.Join(p.data, "history.db")+"?_pragma=busy_timeout(10000)")
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		result, err := db.Exec("UPDATE calls SET switch = 'another' WHERE conn_id = (SELECT min(conn_id) FROM calls WHERE ended_at IS NOT NULL)")
		require.NoError(t, err)
		changed, err := result.RowsAffected()
		require.NoError(t, err)
		return changed == 1 // a call has ended
	}, time.Minute, 10*time.Millisecond)
	require.NoError(t, db.Close())
	v, err := verify()
	require.Error(t, err)
	require.Len(t, v.History, 1, "%+v", v)
	require.Equal(t, "switch", v.History[0].Column)

	status, says := e.ready()
	require.Equal(t, http.StatusOK, status, says)
	left, err := filepath.Glob(filepath.Join(p.data, "*-*"))
	require.NoError(t, err)
	require.Empty(t, slices.DeleteFunc(left, func(name string) bool { return strings.Contains(name, ".db-") }), "nothing is left")
}

// TestAnEngineOnADamagedLog: the engine runs, is not ready, and says why.
func TestAnEngineOnADamagedLog(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	_, errs, err := p.run("import", "--switch", "asterisk", "--name", "pbx", "recordings/contact-centre.ami.gz")
	require.NoError(t, err, errs)
	_, errs, err = p.run("calls")
	require.NoError(t, err, errs)

	tables, err := filepath.Glob(filepath.Join(p.data, "log", "*.sst"))
	require.NoError(t, err)
	values, err := filepath.Glob(filepath.Join(p.data, "log", "*.blob"))
	require.NoError(t, err)
	require.NotEmpty(t, append(tables, values...))
	for _, name := range append(tables, values...) {
		contents, err := os.ReadFile(name)
		require.NoError(t, err)
		contents[20] ^= 0x10 // in the first block: what is looked at when the log is opened is at the end
		require.NoError(t, os.WriteFile(name, contents, 0o600))
	}
	_, errs, err = p.run("verify")
	require.Error(t, err)
	require.Contains(t, errs, "damaged")
	require.Equal(t, 1, strings.Count(errs, "\n"), "one line: %s", errs)

	// With a switch, the engine would look at the calls that it has, and end with the same reason.
	config := filepath.Join(t.TempDir(), "callstate.toml")
	require.NoError(t, os.WriteFile(config, []byte("[[asterisk]]\nname = \"pbx\"\nhost = \"127.0.0.1\"\nport = 1\nuser = \"u\"\nsecret = \"s\"\n"), 0o600))
	e := p.start(t, "serve", "--config", config)
	require.Eventually(t, func() bool {
		status, says := e.ready()
		return status == http.StatusServiceUnavailable && strings.Contains(says, "damaged")
	}, time.Minute, 10*time.Millisecond)
}
