package desktop_test

import (
	"context"
	"errors"
	"iter"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/desktop"
	"github.com/callstate/callstate/adapters/httpapi"
	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/link"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/past"
	"github.com/callstate/callstate/projections/projectiontest"
)

// centre is a contact centre whose switch does what the test says. Its log, floor and call records are real, or made by
// the real code; only that the log is not on a disk.
type centre struct {
	t       *testing.T
	floor   *floor.Floor
	past    *past.Past
	history *history.History
	address string
	stop    func()

	heartbeat time.Duration // of the feeds; 0: as always

	mu     sync.Mutex
	script projectiontest.Script
	ahead  time.Duration // of the switch's clock
	looks  []access.Body // at the past
}

func openCentre(t *testing.T, ahead time.Duration) *centre {
	c := &centre{t: t, floor: floor.New(floor.Options{}), address: "127.0.0.1:0", ahead: ahead}
	var err error
	if c.past, err = past.Open(t.Context(), filepath.Join(t.TempDir(), "past.db"), past.Options{Log: c}); err != nil {
		t.Fatal(err)
	}
	if c.history, err = history.Open(t.Context(), filepath.Join(t.TempDir(), "history.db"), history.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(c.past.Close(), c.history.Close()); err != nil {
			t.Error(err)
		}
	})
	c.floor.CatchingUp(0)
	c.floor.Live()
	c.serve()
	t.Cleanup(func() { c.stop() })
	return c
}

// serve starts the server, at the address at which it was before.
func (c *centre) serve() {
	listener, err := net.Listen("tcp", c.address)
	if err != nil {
		c.t.Fatal(err)
	}
	c.address = listener.Addr().String()
	server := httpapi.New(httpapi.Config{
		Floor: c.floor, History: c.history, Log: c, Requests: c, Commands: c, States: c, Past: c.past, Audit: c, Facts: c.history, Page: desktop.Handler(desktop.Settings{}), Retry: 100 * time.Millisecond,
		Heartbeat: c.heartbeat,
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := server.Run(ctx, listener); err != nil {
			c.t.Errorf("server: %v", err)
		}
	})
	c.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
	})
}

func (c *centre) url(route string) string { return "http://" + c.address + "/" + route }

// now is the time on the switch.
func (c *centre) now() time.Time { return time.Now().Add(c.ahead) }

// happens takes what a test adds to the script into the floor.
func (c *centre) happens(add func(*projectiontest.Script)) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	before := len(c.script.Records())
	add(&c.script)
	added := slices.Clone(c.script.Records()[before:])
	if err := errors.Join(c.past.Apply(c.t.Context(), added), c.history.Apply(c.t.Context(), added), c.floor.Apply(c.t.Context(), added)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *centre) login(id, reason string) {
	c.happens(func(s *projectiontest.Script) {
		s.Agent(id, agent.MembershipIs{At: c.now(), Agent: id, Switch: "cc1", Queue: "sales", DN: id, Member: true, Paused: reason != "", Reason: reason})
	})
}

// arrives is a call that has passed the IVR and waits in the queue.
func (c *centre) arrives(ani string, data ...call.Pair) call.ConnID {
	at := c.now()
	id := call.NewConnID(at, "cc1", ani)
	c.happens(func(s *projectiontest.Script) {
		s.Call(id,
			call.CallIs{At: at, ConnID: id, Switch: "cc1", SwitchCallID: ani, Origin: call.External, ANI: ani, DNIS: "5550100"},
			call.PartyIs{At: at, Party: "caller", State: call.Connected, DN: ani, External: true, Role: call.Origination},
			call.IVRIs{At: at, IVR: "main", Party: "caller", Inside: true},
			call.DataIs{At: at, By: "ivr:main", Set: data},
			call.IVRIs{At: at.Add(time.Microsecond), IVR: "main", Party: "caller"},
			call.VisitIs{At: at.Add(2 * time.Microsecond), Visit: "visit", Queue: "sales", Party: "caller", Position: 1})
	})
	return id
}

func (c *centre) rings(id call.ConnID, agentID string) {
	c.happens(func(s *projectiontest.Script) {
		s.Call(id, call.PartyIs{At: c.now(), Party: call.PartyID(agentID), State: call.Alerting, DN: agentID, Agent: agentID, Queue: "sales", Visit: "visit"})
	})
}

func (c *centre) answers(id call.ConnID, agentID string) {
	c.happens(func(s *projectiontest.Script) {
		s.Call(id,
			call.PartyIs{At: c.now(), Party: call.PartyID(agentID), State: call.Connected},
			call.VisitIs{At: c.now(), Visit: "visit", Queue: "sales", Party: "caller", End: call.Distributed, Agent: agentID, AgentDN: agentID, AgentParty: call.PartyID(agentID)})
	})
}

func (c *centre) hangsUp(id call.ConnID, agentID string) {
	c.happens(func(s *projectiontest.Script) {
		s.Call(id,
			call.PartyIs{At: c.now(), Party: call.PartyID(agentID), State: call.Released, Cause: call.NormalClearing, By: "caller"},
			call.PartyIs{At: c.now(), Party: "caller", State: call.Released, Cause: call.NormalClearing, By: "caller"})
	})
}

// log is the log as it is now.
func (c *centre) log() projectiontest.Log {
	c.mu.Lock()
	defer c.mu.Unlock()
	var script projectiontest.Script
	for _, r := range c.script.Records() {
		script.Add(r.Stream, r.Event)
	}
	return projectiontest.Log{Script: &script}
}

func (c *centre) ReadStream(ctx context.Context, stream eventlog.Stream, from eventlog.Revision) iter.Seq2[eventlog.Record, error] {
	return c.log().ReadStream(ctx, stream, from)
}

func (c *centre) ReadAll(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return c.log().ReadAll(ctx, after)
}

func (c *centre) Subscribe(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return c.log().Subscribe(ctx, after)
}

func (c *centre) End(ctx context.Context) (eventlog.Position, error) { return c.log().End(ctx) }

// Viewed is where it would be written who looked.
func (c *centre) Viewed(_ context.Context, _ string, what access.Body) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looks = append(c.looks, what)
	return nil
}

func (c *centre) looked() []access.Body {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.looks)
}

func (c *centre) Request(context.Context, call.ConnID, call.Request) ([]call.Event, error) {
	return nil, call.ErrUnknownCall
}

// Nothing can be asked here, and of nobody anything is known but what is on the floor: see control_test.go for the rest.

func (c *centre) Command(context.Context, call.ConnID, call.Request) error {
	return call.ErrUnsupported
}

func (c *centre) CommandAgent(context.Context, string, agent.Request) error {
	return call.ErrUnsupported
}

func (c *centre) MakeCall(context.Context, string, agent.MakeCall) (call.ConnID, error) {
	return call.ConnID{}, call.ErrUnsupported
}

func (c *centre) Can(string, call.Service) bool { return false }

func (c *centre) Call(context.Context, call.ConnID) (call.State, error) { return call.State{}, nil }

func (c *centre) Agent(context.Context, string) (agent.State, error) { return agent.State{}, nil }

const hostile = `<img src=x onerror="window.hacked=1">`

// The sample call on the page: the desktop shows who calls, and why, before the agent answers.
func TestPage(t *testing.T) {
	b := openBrowser(t)
	c := openCentre(t, 0)
	c.happens(func(s *projectiontest.Script) {
		s.Link("cc1", link.LinkIs{At: c.now(), Switch: "cc1", Kind: "asterisk", Up: true})
	})
	c.login("1001", "")
	c.login("1002", "lunch")

	b.open(c.url(""))
	b.seeText(".bar", "cc1 up", "Live")
	b.seeText(".tile[data-state=ready]", "1001")
	b.seeText(".tile[data-state=notReady]", "1002", "lunch")
	b.seeText(".queue", "sales", "1 of 2 ready", "0 waiting")

	first := c.arrives("2125550001", call.Pair{Key: "Account", Value: "100200"}, call.Pair{Key: "CustomerName", Value: hostile})
	b.seeText(".queue", "1 waiting", "2125550001")
	b.seeText(".live", "Waiting", "5550100", "100200")

	do[bool](b, "document.querySelector('.tile').click(); true")
	b.seeText(".me", "1001", "Ready")
	b.seeText(".idle", "Ready for the next call")
	c.rings(first, "1001")
	b.seeText(".card", "Incoming call", "2125550001", "5550100", "sales", "Account", "100200", hostile)
	b.see("document.title.includes('2125550001')")
	b.see("document.querySelector('[aria-live=assertive]').innerText.includes('100200')")

	c.answers(first, "1001")
	b.seeText(".card", "Talking")
	c.hangsUp(first, "1001")
	b.seeText(".mystate", "Ready")
	b.seeText(".card", "Call ended", "2125550001", hostile)
	b.seeText(".last", "2125550001", "Answered")

	// The engine goes away and comes back; meanwhile a call has come in. The page was never loaded again.
	do[bool](b, "window.same = true")
	c.stop()
	b.seeText(".bar", "Connection lost")
	b.see("document.querySelector('.lost')")
	second := c.arrives("2125550002", call.Pair{Key: "Account", Value: "300400"})
	c.rings(second, "1001")
	c.serve()
	b.seeText(".card", "Incoming call", "2125550002", "300400")
	b.seeText(".bar", "Live")
	b.see("window.same && !document.querySelector('.lost')")

	do[bool](b, "document.querySelector('nav a[href=\"#/calls\"]').click(); true")
	b.seeText("main table", "2125550001", "2125550002", "Goes on")
	do[bool](b, "(() => { const ani = document.querySelector('[name=ani]'); ani.value = '2125550001'; ani.dispatchEvent(new Event('change', {bubbles: true})); })(), true")
	b.see("location.hash === '#/calls?ani=2125550001' && document.querySelectorAll('main tbody tr').length === 1")
	do[bool](b, "[...document.querySelectorAll('main tbody a')].find((a) => a.hash.endsWith('"+first.String()+"')).click(); true")
	b.seeText(".timeline", "agent 1001 rings", "agent 1001 answers", "PartyAlerting", "hangs up")
	b.seeText(".facts", first.String(), hostile)
	b.see("!window.hacked && !document.querySelector('main img')")
}

// Durations run on the switch's clock, however wrong that is.
func TestPageWithSkewedClock(t *testing.T) {
	b := openBrowser(t)
	c := openCentre(t, -3*time.Hour)
	c.login("1001", "lunch")
	b.open(c.url(""))
	b.see(`/^0:0\d$/.test(document.querySelector('.tile .time').innerText)`)
	c.ahead = 3 * time.Hour // it is set to the other side of us
	c.login("1002", "lunch")
	b.see(`[...document.querySelectorAll('.tile .time')].some((e) => /^6:00:\d\d$/.test(e.innerText))`)
	b.see(`[...document.querySelectorAll('.tile .time')].some((e) => /^0:0\d$/.test(e.innerText))`)
}

// What the page's clock makes of what it hears. Times are milliseconds; our own clock stands at 1e12.
func TestSwitchClock(t *testing.T) {
	b := openBrowser(t)
	c := openCentre(t, 0)
	b.open(c.url(""))
	tests := map[string]struct {
		heard string // calls of heard
		want  float64
	}{
		"nothing yet":                          {"", 0},
		"an empty log":                         {"h('0001-01-01T00:00:00Z', false)", 0},
		"a quiet floor":                        {"h(-60000, false)", 0},
		"a clock that is behind":               {"h(-3600000, false)", -3600000},
		"a clock that is ahead":                {"h(60000, false)", 60000},
		"a quiet floor, then the clock itself": {"h(-60000, false); h(-60000, true)", -60000},
		"live from the start":                  {"h(-60000, true)", -60000},
		"an event that was late":               {"h(5000, true); h(1000, true)", 5000},
		"an old event that was missed":         {"h(5000, true); h(-900000, false)", 5000},
		"a clock that was set back":            {"h(5000, true); h(-900000, true)", -900000},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := do[float64](b, `import('/clock.js').then(({SwitchClock}) => {
				const clock = new SwitchClock(), real = Date.now;
				Date.now = () => 1e12;
				const h = (at, live) => clock.heard(typeof at === 'string' ? at : new Date(1e12 + at).toISOString(), live);
				try { `+test.heard+`; return clock.now() - 1e12; } finally { Date.now = real; }
			})`)
			if got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
