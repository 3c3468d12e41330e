// Package floor is the live view of the contact centre: which agent does what, who waits in which queue, and every
// live call with its parties and its data. It lives in memory; at a start it is folded from the log, or from a floor that
// was kept (Keep, Recall) and what came since.
//
// Whoever follows the floor gets a snapshot and then what each event changed, in the order of the log. The last changes
// are kept: a follower who comes back with the position of his last frame gets what he missed, once. That holds across
// a restart too, because the frames are a function of the log alone: a floor that was rebuilt yields the same ones.
package floor

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/link"
	"github.com/callstate/callstate/domain/notify"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections"
)

var (
	_ projections.Projection = (*Floor)(nil)
	_ projections.Staged     = (*Floor)(nil)
)

// Options are the limits of a Floor; zero values mean the defaults.
type Options struct {
	History int // changes that are kept for followers who come back; default DefaultHistory
	Behind  int // changes that a follower may be behind before they are told as one; default 256
	Mailbox int // calls, agents, queues, links and notifications that he may have to be told at once; default 1024
	// Sparse says that positions of the log have gaps (eventlog.Sparse), so that no number of changes is told by them: all
	// changes from where the floor begins are made, and the last ones kept.
	Sparse bool
	// Notifications puts what DNs are told into the feeds of the agents who sit there. It has to see the whole log.
	Notifications bool
}

// DefaultHistory is how many changes a floor keeps when nothing else is said.
const DefaultHistory = 65536

// Floor is the live view. Apply, CatchingUp, Live and Failed are for one goroutine, everything else may be called
// concurrently. What it hands out is never changed afterwards; whoever gets it must not change it either.
type Floor struct {
	options Options
	live    chan struct{} // closed by Live and by Failed

	mu       sync.RWMutex
	position eventlog.Position
	at       time.Time
	failed   error
	links    map[string]Link
	agents   map[string]*liveAgent
	queues   map[string]*liveQueue
	calls    map[call.ConnID]*liveCall
	devices  map[device]*liveDevice

	// Up to the position past nobody will ask for changes: the floor only folds, and no views are made. After it
	// views are kept and each event's change is published.
	past       eventlog.Position
	publishing bool
	touched    touched          // what the event at hand has touched
	notifier   *notify.Notifier // nil: nobody wants to be told
	told       []notify.Message // by the event at hand
	scratch    struct {
		devices []device
		agents  []string
	}
	feed      feed
	followers map[string]map[*follower]bool // by agent; "" has those of the whole floor
	cut       atomic.Uint64                 // followers that were too slow
	merged    atomic.Uint64                 // changes that were coalesced for followers
}

// New returns an empty floor.
func New(o Options) *Floor {
	o.History, o.Behind, o.Mailbox = cmp.Or(o.History, DefaultHistory), cmp.Or(o.Behind, 256), cmp.Or(o.Mailbox, 1024)
	f := &Floor{
		options:   o,
		live:      make(chan struct{}),
		links:     map[string]Link{},
		agents:    map[string]*liveAgent{},
		queues:    map[string]*liveQueue{},
		calls:     map[call.ConnID]*liveCall{},
		devices:   map[device]*liveDevice{},
		followers: map[string]map[*follower]bool{},
	}
	if o.Notifications {
		f.notifier = notify.New()
	}
	return f
}

// Name implements projections.Projection.
func (f *Floor) Name() string { return "floor" }

// Position is how far the floor has come in the log.
func (f *Floor) Position(context.Context) (eventlog.Position, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.position, nil
}

// CatchingUp says where the log ends: changes that would be dropped again before that are not made in the first place, where
// positions tell how many come.
func (f *Floor) CatchingUp(end eventlog.Position) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.options.Sparse {
		end = 0
	}
	f.past = end - min(end, eventlog.Position(f.options.History))
}

// Live says that the floor shows the present: those who follow it wait for that.
func (f *Floor) Live() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open()
}

// Failed ends all feeds, present and later, with an error: what they would show is not so any more.
func (f *Floor) Failed(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failed = err
	f.open()
	for _, each := range f.followers {
		for follower := range each {
			follower.call()
		}
	}
}

func (f *Floor) open() {
	select {
	case <-f.live:
	default:
		close(f.live)
	}
}

// Apply folds records into the floor and tells the followers. Readers see the floor at every position, never between
// two. A record that this program does not know (wire.ErrUnknown) or cannot read ends it with a *projections.PoisonError; the
// floor stays as it was before that record.
func (f *Floor) Apply(_ context.Context, records []eventlog.Record) error {
	for i := range records {
		if err := f.apply(&records[i]); err != nil {
			return projections.Poison(records[i], err)
		}
	}
	return nil
}

func (f *Floor) apply(r *eventlog.Record) error {
	switch kind := r.Stream.Kind(); kind {
	case wire.Call:
		id, err := call.ParseConnID(r.Stream.ID())
		if err != nil {
			return err
		}
		event, err := wire.DecodeCall(*r)
		if err != nil {
			return err
		}
		f.step(r, func() {
			if now, live := f.foldCall(id, event); live && f.notifier != nil {
				f.told = f.notifier.Evolved(id, event, now)
			}
		})
	case wire.Agent:
		event, err := wire.DecodeAgent(*r)
		if err != nil {
			return err
		}
		f.step(r, func() {
			f.foldAgent(r.Stream.ID(), event)
			if f.notifier != nil {
				f.told = f.notifier.Agent(r.Stream.ID(), event)
			}
		})
	case wire.Switch:
		event, err := wire.DecodeLink(*r)
		if err != nil {
			return err
		}
		f.step(r, func() {
			f.foldLink(r.Stream.ID(), event)
			if f.notifier != nil {
				f.told = f.notifier.Link(event)
			}
		})
	case wire.Audit: // who looked at the past is nothing that happened on the floor
		f.mu.Lock()
		f.position = r.Position
		f.mu.Unlock()
	default:
		return fmt.Errorf("%w: stream %s of kind %q", wire.ErrUnknown, r.Stream, kind)
	}
	return nil
}

// step takes the floor from one position to the next.
func (f *Floor) step(r *eventlog.Record, fold func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.publishing && r.Position > f.past {
		f.beginPublishing()
	}
	f.position, f.at = r.Position, r.SwitchTime
	f.touched.reset()
	f.told = nil
	fold()
	for i := 0; i < len(f.touched.agents); i++ {
		f.settle(f.touched.agents[i], r.SwitchTime)
	}
	if f.publishing {
		f.publish(r)
	} else {
		f.pass()
	}
}

// View is the whole floor as it is at its present position.
func (f *Floor) View() View {
	f.mu.RLock()
	now := f.now("")
	f.mu.RUnlock()
	return now.view()
}

// Agent is what the agent's desktop shows; false when nobody has seen such an agent.
func (f *Floor) Agent(id string) (Desktop, bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.desktop(id)
}

// desktop is what the agent's desktop shows; that of an agent nobody has seen is empty.
func (f *Floor) desktop(id string) (d Desktop, known bool) {
	a := f.seen(id)
	_, known = f.agents[id]
	d = Desktop{Agent: a.present().item, Calls: make([]Call, 0, len(a.calls))}
	for _, id := range a.calls {
		d.Calls = append(d.Calls, f.calls[id].present().item)
	}
	return d, known
}

// seen is an agent; one whom nobody has seen is logged out.
func (f *Floor) seen(id string) *liveAgent {
	if a, known := f.agents[id]; known {
		return a
	}
	return &liveAgent{id: id, state: LoggedOut}
}

// Call is a live call; false when there is none with this connection id, or it has ended.
func (f *Floor) Call(id call.ConnID) (Call, bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	c, live := f.calls[id]
	if !live {
		return Call{}, false
	}
	return c.present().item, true
}

// Size is how many agents and live calls there are on the floor.
func (f *Floor) Size() int {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return len(f.agents) + len(f.calls)
}

// State is what the events of a live call add up to.
func (f *Floor) State(id call.ConnID) (call.State, bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	c, live := f.calls[id]
	if !live {
		return call.State{}, false
	}
	return c.state, true
}

func (f *Floor) foldLink(name string, e link.Event) {
	switch body := e.Body.(type) {
	case link.DeviceOutOfService:
		f.serve(device{name, body.DN}, true)
	case link.DeviceInService:
		f.serve(device{name, body.DN}, false)
	}
	before, known := f.links[name]
	s := link.Evolve(link.State{Switch: name, Up: before.Up, Since: before.Since}, e)
	if after := (Link{Switch: name, Up: s.Up, Since: s.Since}); !known || after != before {
		f.links[name] = after
		f.touched.link = &after
	}
}

func (f *Floor) foldAgent(id string, e agent.Event) {
	a := f.agent(id)
	before := a.session
	a.session = agent.Evolve(a.session, e)
	a.counted = false
	f.touchAgent(a)
	f.move(a, seat(before), seat(a.session))
}
