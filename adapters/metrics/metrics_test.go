package metrics_test

import (
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/metrics"
	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/link"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/floor"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }

// centre is an engine with all that is measured: two calls wait, one agent talks, one link is up.
type centre struct {
	metrics *metrics.Metrics
	log     *memory.Store
	engine  *engine.Engine
	floor   *floor.Floor
	link    metrics.LinkStats
	call    call.ConnID
}

type refusing struct{}

func (refusing) Execute(context.Context, engine.Order) error { return call.ErrSwitchRefused }

func newCentre(t *testing.T) *centre {
	t.Helper()
	c := &centre{metrics: metrics.New("v1.2.3"), log: memory.New(), floor: floor.New(floor.Options{})}
	c.engine = engine.New(c.metrics.Store(c.log), func() time.Time { return at(60) }, nil)
	facts := c.metrics.Ingester(c.engine)
	var told []engine.Observation
	for i, ani := range []string{"2125550001", "2125550002", "2125550003"} {
		id := call.NewConnID(start, "pbx", ani)
		of := func(f call.Fact) { told = append(told, engine.Observation{Call: id, CallFact: f}) }
		of(call.CallIs{At: at(0), ConnID: id, Switch: "pbx", SwitchCallID: ani, Origin: call.External, ANI: ani, DNIS: "2125550100"})
		of(call.PartyIs{At: at(1), Party: call.PartyID(ani), State: call.Connected, DN: ani, External: true})
		of(call.VisitIs{At: at(10 * (i + 1)), Visit: "v", Queue: "8001", Party: call.PartyID(ani)})
		c.call = id
	}
	last := func(f call.Fact) { told = append(told, engine.Observation{Call: c.call, CallFact: f}) }
	told = append(told,
		engine.Observation{Switch: "pbx", LinkFact: link.LinkIs{At: at(0), Switch: "pbx", Up: true}},
		engine.Observation{Agent: "1001", AgentFact: agent.MembershipIs{At: at(2), Agent: "1001", Switch: "pbx", Queue: "8001", DN: "1001", Member: true}})
	last(call.PartyIs{At: at(35), Party: "b", State: call.Connected, DN: "1001", Agent: "1001", Queue: "8001", Visit: "v"})
	last(call.VisitIs{At: at(36), Visit: "v", Queue: "8001", Party: "2125550003", End: call.Distributed, Agent: "1001", AgentDN: "1001", AgentParty: "b"})
	last(call.MissedIs{At: at(37), Party: "b", Report: "Hold"})
	require.NoError(t, facts.Ingest(t.Context(), told))

	by := call.By{At: at(40), Actor: "agent:1001", ID: "2125550009", DN: "1001"}
	require.ErrorIs(t, c.engine.Command(t.Context(), engine.Executors{"pbx": refusing{}}, c.call, call.Hold{By: by}), call.ErrSwitchRefused)

	runner := projections.NewRunner(c.log, nil, c.floor)
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error)
	go func() { ran <- runner.Run(ctx) }()
	t.Cleanup(func() { stop(); assert.NoError(t, <-ran) })
	end, err := c.log.End(t.Context())
	require.NoError(t, err)
	require.NoError(t, runner.Wait(t.Context(), end))

	c.link = metrics.LinkStats{Up: true, Pieces: 12, Bytes: 3400, Reconnects: 1, Overruns: 2, Queued: 3, Bad: []metrics.BadPieces{{Kind: "malformed", Count: 4}}}
	c.metrics.AddLink(metrics.Link{Switch: "pbx", Kind: "asterisk", Stats: func() metrics.LinkStats { return c.link }})
	c.metrics.AddFloor(c.floor, func() time.Time { return at(100) })
	c.metrics.AddProjections(runner)
	return c
}

// read is the metrics as Prometheus reads them.
func (c *centre) read(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	answer := httptest.NewRecorder()
	c.metrics.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	require.Equal(t, 200, answer.Code)
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(text)))
	require.NoError(t, err, "%s", text)
	return families
}

// value is that of the one metric with these labels ("state", "talking"); there must be one.
func value(t *testing.T, families map[string]*dto.MetricFamily, name string, labels ...string) float64 {
	t.Helper()
	require.Contains(t, families, name)
metrics:
	for _, m := range families[name].GetMetric() {
		has := map[string]string{}
		for _, l := range m.GetLabel() {
			has[l.GetName()] = l.GetValue()
		}
		for i := 0; i < len(labels); i += 2 {
			if has[labels[i]] != labels[i+1] {
				continue metrics
			}
		}
		return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
	}
	t.Fatalf("there is no %s with %v", name, labels)
	return 0
}

func TestTheMetricsTellWhatIsSo(t *testing.T) {
	c := newCentre(t)
	read := c.read(t)
	end, err := c.log.End(t.Context())
	require.NoError(t, err)
	for _, want := range []struct {
		value  float64
		name   string
		labels []string
	}{
		{1, "callstate_build_info", []string{"version", "v1.2.3"}},
		{1, "callstate_link_up", []string{"switch", "pbx", "kind", "asterisk"}},
		{12, "callstate_link_pieces_total", nil},
		{3400, "callstate_link_bytes_total", nil},
		{1, "callstate_link_reconnects_total", nil},
		{2, "callstate_link_overruns_total", nil},
		{3, "callstate_link_queued_pieces", nil},
		{4, "callstate_link_bad_pieces_total", []string{"problem", "malformed"}},
		{12, "callstate_facts_total", []string{"about", "call"}},
		{1, "callstate_facts_total", []string{"about", "agent"}},
		{1, "callstate_facts_total", []string{"about", "switch"}},
		{3, "callstate_events_total", []string{"type", "CallStarted"}},
		{1, "callstate_events_total", []string{"type", "QueueDistributed"}},
		{1, "callstate_anomalies_total", []string{"anomaly", "missedReport"}},
		{1, "callstate_requests_total", []string{"request", "hold", "result", "made"}},
		{1, "callstate_requests_total", []string{"request", "hold", "result", "switchRefused"}},
		{3, "callstate_append_seconds", nil},
		{0, "callstate_append_conflicts_total", nil},
		{0, "callstate_append_failures_total", nil},
		{3, "callstate_live_calls", nil},
		{2, "callstate_calls_waiting", nil},
		{90, "callstate_longest_wait_seconds", nil},
		{1, "callstate_agents", []string{"state", "talking"}},
		{0, "callstate_agents", []string{"state", "notReady"}},
		{0, "callstate_feed_clients", []string{"feed", "floor"}},
		{float64(end), "callstate_log_position", nil},
		{float64(end), "callstate_projection_position", []string{"projection", "floor"}},
		{0, "callstate_projection_lag", []string{"projection", "floor"}},
		{float64(end), "callstate_projection_records_total", []string{"projection", "floor"}},
		{1, "callstate_projection_live", []string{"projection", "floor"}},
		{0, "callstate_projection_failed", []string{"projection", "floor"}},
	} {
		assert.Equal(t, want.value, value(t, read, want.name, want.labels...), "%s %v", want.name, want.labels)
	}
	total := 0.0
	for name := range wire.Names() {
		for _, m := range read["callstate_events_total"].GetMetric() {
			if m.GetLabel()[0].GetValue() == name {
				total += m.GetCounter().GetValue()
			}
		}
	}
	assert.Equal(t, float64(end), total, "each event of the log is counted, once")

	c.link.Up = false
	assert.Zero(t, value(t, c.read(t), "callstate_link_up"))
}

// Neither a number that somebody calls, nor an id of a call, an agent, a queue or a command is a label.
func TestNoLabelIsANumberOrAnID(t *testing.T) {
	c := newCentre(t)
	known := map[string]bool{"switch": true, "kind": true, "problem": true, "about": true, "type": true, "anomaly": true, "request": true, "result": true,
		"state": true, "feed": true, "projection": true, "version": true, "goversion": true}
	labels := 0
	for name, family := range c.read(t) {
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				if !strings.HasPrefix(name, "callstate_") {
					continue // of Go and of the process
				}
				labels++
				assert.True(t, known[l.GetName()], "%s has the label %s", name, l.GetName())
				if l.GetName() != "version" && l.GetName() != "goversion" {
					assert.Regexp(t, "^[A-Za-z ]+$", l.GetValue(), "%s{%s}", name, l.GetName())
				}
			}
		}
	}
	assert.Greater(t, labels, 50)
}

func TestWhoFollowsAndWhoIsCutIsCounted(t *testing.T) {
	c := newCentre(t)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	following := make(chan struct{})
	left := make(chan struct{})
	go func() {
		defer close(left)
		for range c.floor.Follow(ctx, floor.Following{Agent: "1001"}) {
			close(following)
			<-ctx.Done()
			return
		}
	}()
	<-following
	assert.Equal(t, 1.0, value(t, c.read(t), "callstate_feed_clients", "feed", "desktop"))
	leave()
	<-left
	assert.Equal(t, 0.0, value(t, c.read(t), "callstate_feed_clients", "feed", "desktop"))
}

// failing answers every append with an error.
type failing struct {
	*memory.Store
	err error
}

func (f failing) Append(context.Context, []eventlog.StreamAppend) error { return f.err }

func TestFailuresAndConflictsAreToldApart(t *testing.T) {
	one := func(stream eventlog.Stream) eventlog.StreamAppend {
		return eventlog.StreamAppend{Stream: stream, Events: []eventlog.Event{{Type: "CallEnded"}}}
	}
	for name, c := range map[string]struct {
		err                          error
		conflicts, failures, counted float64
	}{
		"a conflict on one of two": {&eventlog.ConflictError{Stream: "call-a"}, 1, 0, 1},
		"two conflicts":            {errors.Join(&eventlog.ConflictError{Stream: "call-a"}, &eventlog.ConflictError{Stream: "call-b"}), 2, 0, 0},
		"a failure":                {eventlog.ErrFailed, 0, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			m := metrics.New("test")
			err := m.Store(failing{memory.New(), c.err}).Append(t.Context(), []eventlog.StreamAppend{one("call-a"), one("call-b")})
			assert.Equal(t, c.err, err, "the error of the store")
			read := (&centre{metrics: m}).read(t)
			assert.Equal(t, c.conflicts, value(t, read, "callstate_append_conflicts_total"))
			assert.Equal(t, c.failures, value(t, read, "callstate_append_failures_total"))
			if c.counted > 0 {
				assert.Equal(t, c.counted, value(t, read, "callstate_events_total", "type", "CallEnded"))
			} else {
				assert.NotContains(t, read, "callstate_events_total")
			}
		})
	}
}
