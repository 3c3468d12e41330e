package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/bus/bustest"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections/floor"
)

// How long the soak lasts, and how often the engine is stopped meanwhile; see `make soak`.
const (
	soakTime    = "CALLSTATE_TEST_SOAK_TIME"
	soakRestart = "CALLSTATE_TEST_SOAK_RESTART"
)

func duringSoak(t *testing.T, variable string, otherwise time.Duration) time.Duration {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	d, err := time.ParseDuration(text)
	require.NoError(t, err, variable)
	return d
}

// TestSoak lets an engine run on a contact centre of 500 events a second, with a broker, two desktops and a supervisor,
// and stops it again and again: with SIGTERM, and every third time with SIGKILL. When all has come to rest, the log, the
// call records, the broker and the desktops tell the same.
func TestSoak(t *testing.T) {
	t.Parallel()
	long, restart := duringSoak(t, soakTime, 15*time.Second), duringSoak(t, soakRestart, 5*time.Second)
	agents, rate := 300, 50
	if long > 5*time.Minute { // as many agents as the callers take, so that few wait
		agents, rate = 8400, 40
	}
	s := newSoak(t)
	busy := s.configure(t, fmt.Sprintf("[[simulator]]\nname = \"sim\"\nagents = %d\nrate = %d\nsteady = true\n", agents, rate))
	begun := time.Now()
	for stop := 1; stop <= max(int(long/restart), 3); stop++ {
		e := s.start(t, busy)
		if stop == 1 {
			s.join(t)
		}
		for left := restart; left > 0; left -= measureEvery {
			time.Sleep(min(left, measureEvery))
			s.measure(t, time.Since(begun))
		}
		if stop%3 == 0 {
			require.NoError(t, e.Process.Kill())
			_ = e.Wait()
			continue
		}
		require.NoError(t, e.Process.Signal(syscall.SIGTERM))
		require.NoError(t, e.Wait(), "%s", e.stderr)
	}
	s.report(t)

	// The engine without a switch: nothing happens any more, and everyone catches up.
	e := s.start(t, s.configure(t, fmt.Sprintf("[[asterisk]]\nname = \"nobody\"\nhost = \"127.0.0.1\"\nport = %d\nuser = \"u\"\nsecret = \"s\"\n", s.idle)))
	end := uint64(e.metric(t, "callstate_log_position"))
	require.Eventually(t, func() bool { return e.projection(t, "bus-erp").Position == end }, time.Minute, 50*time.Millisecond, "the broker")
	for _, f := range s.followers {
		f.agrees(t, e)
	}
	require.NoError(t, e.Process.Signal(syscall.SIGTERM))
	require.NoError(t, e.Wait(), "%s", e.stderr)
	s.stopFollowing()
	for _, f := range s.followers {
		t.Logf("%s: %d snapshots, %d changes, %d connections", f.path, f.snapshots, f.changes, f.connections)
		assert.Greater(t, f.connections, 2)
		assert.Positive(t, f.changes)
	}

	out, errs, err := s.run("verify", "--format", "json")
	require.NoError(t, err, errs)
	var verified verdict
	require.NoError(t, json.Unmarshal([]byte(out), &verified))
	assert.True(t, verified.OK)
	assert.EqualValues(t, end, verified.Log.Records)
	assert.Positive(t, verified.Calls)
	assert.Positive(t, verified.Rows)
	t.Logf("%d events of %d calls verified; %d rows of the call records and %d kept floors compared with rebuilt ones",
		verified.Log.Records, verified.Calls, verified.Rows, verified.Floors)
	s.compareBroker(t, int(end))
}

// measureEvery is how often an engine is asked how it is.
const measureEvery = 10 * time.Second

// soak is an engine that is stopped and started, and all that is around it.
type soak struct {
	program
	address   string
	idle      int // a port at which nobody listens
	broker    *server.Server
	followers []*follower
	running   *running

	stopFollowing func()
	measured      []measurement
}

// measurement is how an engine was at some moment.
type measurement struct {
	after         time.Duration
	position      float64
	memory        float64 // bytes
	cpu           float64 // seconds since the engine's start
	lag           float64 // of the broker
	appends, took float64 // since the engine's start, and how long they took
}

func newSoak(t *testing.T) *soak {
	t.Helper()
	s := &soak{program: newProgram(t), address: nobody(t)}
	_, port, _ := strings.Cut(nobody(t), ":")
	var err error
	s.idle, err = strconv.Atoi(port)
	require.NoError(t, err)
	s.broker, err = server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true,
	})
	require.NoError(t, err)
	go s.broker.Start()
	require.True(t, s.broker.ReadyForConnections(10*time.Second))
	t.Cleanup(func() { s.broker.Shutdown(); s.broker.WaitForShutdown() })
	_, err = s.jetStream(t).AddStream(&nats.StreamConfig{Name: "CALLS", Subjects: []string{"calls"}, Storage: nats.FileStorage})
	require.NoError(t, err)

	return s
}

// join has two desktops and a supervisor follow. They are of those agents who have come first: others may come after the
// next start.
func (s *soak) join(t *testing.T) {
	t.Helper()
	paths := []string{"floor"}
	require.Eventually(t, func() bool {
		var view floor.View
		s.running.get(t, "v1/floor", &view)
		for _, a := range view.Agents {
			if a.State != floor.LoggedOut && len(paths) < 3 {
				paths = append(paths, "agents/"+a.ID)
			}
		}
		return len(paths) == 3
	}, time.Minute, 50*time.Millisecond)
	ctx, cancel := context.WithCancel(t.Context())
	var following sync.WaitGroup
	for _, path := range paths {
		f := &follower{path: path}
		s.followers = append(s.followers, f)
		following.Go(func() { f.follow(ctx, t, "http://"+s.address+"/v1/"+path+"/stream") })
	}
	s.stopFollowing = func() { cancel(); following.Wait() }
	t.Cleanup(s.stopFollowing)
}

// get reads what is at a path of the API.
func (e *running) get(t require.TestingT, path string, answer any) {
	response, err := http.Get(e.page + path)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode, path)
	require.NoError(t, json.NewDecoder(response.Body).Decode(answer))
}

func (s *soak) jetStream(t *testing.T) nats.JetStreamContext {
	t.Helper()
	conn, err := nats.Connect(s.broker.ClientURL())
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	js, err := conn.JetStream()
	require.NoError(t, err)
	return js
}

func (s *soak) configure(t *testing.T, switches string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "callstate.toml")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, "%s[[bus]]\nname = \"erp\"\nkind = \"nats\"\nurl = \"%s\"\ntopic = \"calls\"\n", switches, s.broker.ClientURL()), 0o600))
	return file
}

// start starts the engine at the same address as before, as the followers expect it.
func (s *soak) start(t *testing.T, config string) *running {
	t.Helper()
	e := &running{Cmd: exec.Command(s.path, "serve", "--config", config, "--listen", s.address, "--data", s.data), page: "http://" + s.address + "/", stderr: &bytes.Buffer{}}
	e.Stderr = e.stderr
	require.NoError(t, e.Start())
	t.Cleanup(func() {
		_ = e.Process.Kill()
		_ = e.Wait()
	})
	s.running = e
	e.waitReady(t)
	return e
}

// metric is a metric without labels, or with some.
func (e *running) metric(t *testing.T, name string) float64 {
	t.Helper()
	response, err := http.Get(e.page + "metrics")
	require.NoError(t, err, "%s", e.stderr)
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			value, err := strconv.ParseFloat(text, 64)
			require.NoError(t, err)
			return value
		}
	}
	require.Fail(t, "no such metric", name)
	return 0
}

func (s *soak) measure(t *testing.T, after time.Duration) {
	t.Helper()
	of := func(name string) float64 { return s.running.metric(t, name) }
	m := measurement{
		after: after, position: of("callstate_log_position"), memory: of("process_resident_memory_bytes"), cpu: of("process_cpu_seconds_total"),
		lag: of(`callstate_projection_lag{projection="bus-erp"}`), appends: of("callstate_append_seconds_count"), took: of("callstate_append_seconds_sum"),
	}
	s.measured = append(s.measured, m)
	t.Logf("%6s: position %8.0f, %4.0f MiB, %5.1f s of CPU, bus behind by %4.0f, append %.2f ms on average",
		m.after.Round(time.Second), m.position, m.memory/(1<<20), m.cpu, m.lag, 1000*m.took/m.appends)
}

// report tells how the engine was over time. It must not have grown with the log.
func (s *soak) report(t *testing.T) {
	t.Helper()
	var thirds [3]float64
	for i, m := range s.measured {
		third := &thirds[3*i/len(s.measured)]
		*third = max(*third, m.memory)
	}
	last := s.measured[len(s.measured)-1]
	t.Logf("%.0f events a second", last.position/last.after.Seconds())
	assert.Less(t, thirds[2], 1.5*thirds[0]+64<<20, "memory grows with the log: %v", thirds)
}

// compareBroker: what the broker has, of each call, agent and switch, is what the log has, in order.
func (s *soak) compareBroker(t *testing.T, count int) {
	t.Helper()
	logged, published := map[string][]string{}, map[string][]string{}
	tail := exec.Command(s.path, "tail", "--no-follow", "--data", s.data)
	out, err := tail.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, tail.Start())
	for decoder := json.NewDecoder(out); decoder.More(); {
		var event struct{ ID, Stream string }
		require.NoError(t, decoder.Decode(&event))
		logged[event.Stream] = append(logged[event.Stream], event.ID)
	}
	require.NoError(t, tail.Wait())

	subscription, err := s.jetStream(t).SubscribeSync("calls", nats.OrderedConsumer())
	require.NoError(t, err)
	info, err := s.jetStream(t).StreamInfo("CALLS")
	require.NoError(t, err)
	for range info.State.Msgs {
		m, err := subscription.NextMsg(10 * time.Second)
		require.NoError(t, err)
		var event struct{ ID, Source string }
		require.NoError(t, json.Unmarshal(m.Data, &event))
		stream := strings.TrimPrefix(event.Source, "/callstate/")
		published[stream] = append(published[stream], event.ID)
	}
	for stream, ids := range published {
		published[stream] = bustest.Settled(t, ids)
	}
	require.True(t, maps.EqualFunc(logged, published, slices.Equal), "the broker has something else than the log")
	t.Logf("%d events of %d streams at the broker, as in the log; %d messages", count, len(logged), info.State.Msgs)
}

// follower is a program that follows a desktop or the floor, and folds what it is told as docs/desktop.md says.
type follower struct {
	path string

	mu       sync.Mutex
	position eventlog.Position
	agents   map[string]floor.Agent
	queues   map[string]floor.Queue
	calls    map[call.ConnID]floor.Call

	connections, snapshots, changes int
}

// follow follows until ctx ends, and comes back whenever the engine does.
func (f *follower) follow(ctx context.Context, t *testing.T, url string) {
	for ctx.Err() == nil {
		f.connect(ctx, t, url)
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

func (f *follower) connect(ctx context.Context, t *testing.T, url string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if !assert.NoError(t, err) {
		return
	}
	if f.snapshots > 0 {
		request.Header.Set("Last-Event-ID", fmt.Sprint(f.position))
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return // it is being started
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return
	}
	f.connections++
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 64<<20) // the floor has thousands of agents
	var kind string
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			if event, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				kind = event
			}
			continue
		}
		frame := floor.Frame{Kind: floor.FrameKind(kind)}
		if err := json.Unmarshal([]byte(data), &frame); err != nil {
			return // cut in the middle, when the engine was killed
		}
		f.take(t, frame)
	}
}

func (f *follower) take(t *testing.T, frame floor.Frame) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch frame.Kind {
	case floor.Reset:
		return
	case floor.Snapshot:
		f.snapshots++
		f.agents, f.queues, f.calls = map[string]floor.Agent{}, map[string]floor.Queue{}, map[call.ConnID]floor.Call{}
		if frame.Desktop != nil {
			f.put([]floor.Agent{frame.Desktop.Agent}, nil, frame.Desktop.Calls)
		} else {
			f.put(frame.View.Agents, frame.View.Queues, frame.View.Calls)
		}
	case floor.Changed:
		f.changes++
		assert.Greater(t, frame.Position, f.position, "%s: a change came twice, or late", f.path)
		f.put(frame.Change.Agents, frame.Change.Queues, frame.Change.Calls)
		for _, gone := range frame.Change.Gone {
			delete(f.calls, gone)
		}
	}
	f.position = frame.Position
}

func (f *follower) put(agents []floor.Agent, queues []floor.Queue, calls []floor.Call) {
	for _, a := range agents {
		f.agents[a.ID] = a
	}
	for _, q := range queues {
		f.queues[q.Queue] = q
	}
	for _, c := range calls {
		f.calls[c.ConnID] = c
	}
}

// agrees waits until what was folded is what the engine says when it is asked.
func (f *follower) agrees(t *testing.T, e *running) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		asked, frame := follower{path: f.path}, floor.Frame{Kind: floor.Snapshot}
		if f.path == "floor" {
			e.get(c, "v1/"+f.path, &frame.View)
		} else {
			e.get(c, "v1/"+f.path, &frame.Desktop)
		}
		asked.take(t, frame)
		f.mu.Lock()
		defer f.mu.Unlock()
		assert.Equal(c, asked.agents, f.agents)
		assert.Equal(c, asked.queues, f.queues)
		assert.Equal(c, asked.calls, f.calls)
	}, time.Minute, 200*time.Millisecond, f.path)
}
