package desktop_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/desktop"
	"github.com/callstate/callstate/adapters/httpapi"
	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/adapters/switches/simulator"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/history"
)

// simulated is a contact centre of two agents, 1001 and 1002, who do nothing by themselves, with a real engine and a switch
// that does what it is asked. Its time passes when the test says so.
type simulated struct {
	t       *testing.T
	log     *memory.Store
	engine  *engine.Engine
	runner  *projections.Runner
	server  httpapi.Config
	address string
	stop    func()

	mu      sync.Mutex
	pbx     *simulator.Centre
	now     time.Time              // on the switch
	ringing map[string]call.ConnID // the calls that ring, by DN
	answer  error                  // what the switch answers instead of doing what it is asked
	deaf    bool                   // it takes what it is asked, and does nothing
	besides map[call.Service]func(*call.Order) []call.Fact
}

func openSimulated(t *testing.T) *simulated {
	t.Helper()
	c := &simulated{t: t, log: memory.New(), now: time.Now(), ringing: map[string]call.ConnID{}, address: "127.0.0.1:0"}
	c.engine = engine.New(c.log, time.Now, nil)
	var err error
	c.pbx, err = simulator.New(simulator.Config{Name: "sim", Seed: 5, Agents: 2, Rate: 0.2, Steady: true, Manual: []string{"1001", "1002"}}, c.now)
	require.NoError(t, err)
	records, err := history.Open(t.Context(), filepath.Join(t.TempDir(), "history.db"), history.Options{Log: c.log})
	require.NoError(t, err)
	live := floor.New(floor.Options{Notifications: true})
	c.runner = projections.NewRunner(c.log, nil, live, records)
	c.server = httpapi.Config{
		Floor: live, History: records, Log: c.log, Requests: c.engine, Commands: c, States: c.engine, Audit: c.engine, Facts: records,
		Page: desktop.Handler(desktop.Settings{NotReadyReasons: []string{"coffee"}, Dispositions: []string{"sold"}}), Retry: 100 * time.Millisecond,
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := c.runner.Run(ctx); err != nil {
			t.Errorf("projections: %v", err)
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
		require.NoError(t, records.Close())
	})
	c.serve()
	t.Cleanup(func() { c.stop() })
	c.passes(time.Second)
	return c
}

// serve starts the server, at the address at which it was before.
func (c *simulated) serve() {
	listener, err := net.Listen("tcp", c.address)
	require.NoError(c.t, err)
	c.address = listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := httpapi.New(c.server).Run(ctx, listener); err != nil {
			c.t.Errorf("server: %v", err)
		}
	})
	c.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
	})
}

func (c *simulated) url(route string) string { return "http://" + c.address + "/" + route }

// passes lets time pass on the switch.
func (c *simulated) passes(d time.Duration) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	require.NoError(c.t, c.tells(c.t.Context()))
}

// tells has the engine hear what the switch tells.
func (c *simulated) tells(ctx context.Context) error {
	told := c.pbx.Advance(c.now)
	for _, o := range told {
		if p, ok := o.CallFact.(call.PartyIs); ok && p.State == call.Alerting {
			c.ringing[p.DN] = o.Call
		} else if ok {
			delete(c.ringing, p.DN)
		}
	}
	return c.engine.Ingest(ctx, told)
}

// rings lets time pass until a call rings at a device.
func (c *simulated) rings(dn string) call.ConnID {
	c.t.Helper()
	for range 10_000 {
		c.mu.Lock()
		id, rings := c.ringing[dn]
		c.mu.Unlock()
		if rings {
			return id
		}
		c.passes(100 * time.Millisecond)
	}
	c.t.Fatalf("nothing rings at %s", dn)
	return call.ConnID{}
}

// Execute does what is asked at once.
func (c *simulated) Execute(ctx context.Context, o engine.Order) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answer != nil || c.deaf {
		return c.answer
	}
	if o.Do != nil && c.besides[o.Do.Request] != nil {
		var told []engine.Observation
		for _, fact := range c.besides[o.Do.Request](o.Do) {
			told = append(told, engine.Observation{Call: o.Call, CallFact: fact})
		}
		return c.engine.Ingest(ctx, told)
	}
	if err := c.pbx.Execute(o); err != nil {
		return err
	}
	return c.tells(ctx)
}

func (c *simulated) Can(_ string, service call.Service) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.besides[service] != nil || c.pbx.Can(service)
}

func (c *simulated) NameCall(command string, at time.Time) (string, time.Time) {
	return c.pbx.NameCall(command, at)
}

// executors is the switch, without what it shares with the requests.
func (c *simulated) executors() engine.Executors { return engine.Executors{"sim": c} }

func (c *simulated) Command(ctx context.Context, id call.ConnID, r call.Request) error {
	return c.engine.Command(ctx, c.executors(), id, r)
}

func (c *simulated) CommandAgent(ctx context.Context, id string, r agent.Request) error {
	return c.engine.CommandAgent(ctx, c.executors(), id, r)
}

func (c *simulated) MakeCall(ctx context.Context, id string, r agent.MakeCall) (call.ConnID, error) {
	return c.engine.MakeCall(ctx, c.executors(), id, r)
}

// obeys has the switch answer with an error from now on, or do what it is asked again.
func (c *simulated) obeys(answer error, deaf bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer, c.deaf = answer, deaf
}

// does has the switch do things besides, and tell what has come of them. They are called under its lock.
func (c *simulated) does(besides map[call.Service]func(*call.Order) []call.Fact) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.besides = besides
}

// colleague is agent 1002, who has a desktop of his own.
func (c *simulated) colleague(r func(call.By) call.Request, id call.ConnID) {
	c.t.Helper()
	by := call.By{At: time.Now(), Actor: "agent:1002", ID: fmt.Sprintf("colleague %d", c.end()), DN: "1002"}
	require.NoError(c.t, c.Command(c.t.Context(), id, r(by)))
}

func (c *simulated) end() eventlog.Position {
	end, err := c.log.End(c.t.Context())
	require.NoError(c.t, err)
	return end
}

// event waits for an event that comes behind a position of the log, and returns it; a body that is not the first of its
// type has to satisfy fits.
func event[B any](c *simulated, after eventlog.Position, fits func(B) bool) (found eventlog.Record, body B) {
	c.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		for r, err := range c.log.ReadAll(c.t.Context(), after) {
			require.NoError(c.t, err)
			decoded, ok := bodyOf(r).(B)
			if ok && (fits == nil || fits(decoded)) {
				return r, decoded
			}
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("there is no %T in the log", body)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// bodyOf is what an event says, of a call or an agent.
func bodyOf(r eventlog.Record) any {
	switch r.Stream.Kind() {
	case wire.Call:
		e, err := wire.DecodeCall(r)
		return errorOr(e.Body, err)
	case wire.Agent:
		e, err := wire.DecodeAgent(r)
		return errorOr(e.Body, err)
	}
	return nil
}

func errorOr(body any, err error) any {
	if err != nil && !errors.Is(err, wire.ErrUnknown) {
		return err
	}
	return body
}
