// Package verification folds a whole log and checks that it tells a consistent story: what must be so of every call,
// every queue visit, every merge and every agent's session, whatever switch told it. That the bytes of the log are what
// was written is the store's own to verify; that the read models say what the log says is theirs.
package verification

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/link"
	"github.com/callstate/callstate/domain/wire"
)

// Finding is something in the log that cannot be right.
type Finding struct {
	Stream   eventlog.Stream   `json:"stream"`
	Position eventlog.Position `json:"position,omitempty"` // of the event that shows it; 0: the stream as a whole
	Problem  string            `json:"problem"`
}

// String is the finding in words.
func (f Finding) String() string {
	if f.Position == 0 {
		return fmt.Sprintf("%s: %s", f.Stream, f.Problem)
	}
	return fmt.Sprintf("%s at position %d: %s", f.Stream, f.Position, f.Problem)
}

// Checked is what has been looked at.
type Checked struct {
	Events, Calls, Visits, Agents int
}

// Log folds every stream of a log and reports what cannot be right. An error is that the log cannot be read. progress,
// when it is not nil, is called with positions now and then.
func Log(ctx context.Context, log eventlog.Reader, progress func(eventlog.Position), report func(Finding)) (Checked, error) {
	v := &verifier{
		report: report, live: map[call.ConnID]*story{}, calls: map[call.ConnID]relations{}, agents: map[eventlog.Stream]*session{},
		links: map[eventlog.Stream]link.State{}, broken: map[eventlog.Stream]bool{},
	}
	for r, err := range log.ReadAll(ctx, 0) {
		if err != nil {
			return v.checked, err
		}
		v.checked.Events++
		if err := v.take(ctx, log, r); err != nil {
			return v.checked, err
		}
		if progress != nil && v.checked.Events%10_000 == 0 {
			progress(r.Position)
		}
	}
	for _, id := range slices.SortedFunc(maps.Keys(v.live), func(a, b call.ConnID) int { return slices.Compare(a[:], b[:]) }) {
		v.close(id, v.live[id])
	}
	v.relations()
	v.checked.Calls, v.checked.Agents = len(v.calls), len(v.agents)
	return v.checked, nil
}

type verifier struct {
	report  func(Finding)
	checked Checked
	live    map[call.ConnID]*story
	calls   map[call.ConnID]relations // all of them
	agents  map[eventlog.Stream]*session
	links   map[eventlog.Stream]link.State
	broken  map[eventlog.Stream]bool // cannot be folded any further
}

// session is an agent's stream, and the calls that it speaks of.
type session struct {
	state agent.State
	last  eventlog.Revision
	calls map[call.ConnID]eventlog.Position
}

func (v *verifier) found(r eventlog.Record, format string, arguments ...any) {
	v.report(Finding{r.Stream, r.Position, fmt.Sprintf(format, arguments...)})
}

func (v *verifier) take(ctx context.Context, log eventlog.Reader, r eventlog.Record) error {
	if id := wire.EventID(r.Stream, r.Revision, r.Type, r.Data); id != r.ID {
		v.found(r, "the event's id is %s, its contents have %s", r.ID, id)
	}
	if v.broken[r.Stream] {
		return nil
	}
	var err error
	switch r.Stream.Kind() { // what else there is tells nothing of calls
	case wire.Call:
		return v.takeCall(ctx, log, r)
	case wire.Agent:
		err = v.takeAgent(r)
	case wire.Switch:
		var event link.Event
		if event, err = wire.DecodeLink(r); err == nil {
			v.links[r.Stream] = link.Evolve(v.links[r.Stream], event)
		}
	}
	if err != nil {
		v.breaks(r, err)
	}
	return nil
}

// breaks reports what makes the rest of a stream meaningless.
func (v *verifier) breaks(r eventlog.Record, err error) {
	v.found(r, "%v", err)
	v.broken[r.Stream] = true
}

func (v *verifier) takeAgent(r eventlog.Record) error {
	event, err := wire.DecodeAgent(r)
	if err != nil {
		return err
	}
	s := v.agents[r.Stream]
	if s == nil {
		s = &session{calls: map[call.ConnID]eventlog.Position{}}
		v.agents[r.Stream] = s
	}
	if s.last++; r.Revision != s.last {
		return fmt.Errorf("revision %d follows %d", r.Revision, s.last-1)
	}
	before := s.state
	s.state = agent.Evolve(s.state, event)
	switch b := event.Body.(type) {
	case agent.AgentLoggedIn:
		if wire.AgentStream(b.Agent) != r.Stream {
			v.found(r, "agent %s logs in on the stream of another", b.Agent)
		}
		if before.LoggedIn {
			v.found(r, "a login while logged in")
		}
	case agent.AgentLoggedOut:
		if !before.LoggedIn {
			v.found(r, "a logout while logged out")
		}
	case agent.AfterCallWorkStarted:
		s.calls[b.ConnID] = r.Position
		if before.ACW.Active() {
			v.found(r, "after-call work begins while there is some")
		}
	case agent.AfterCallWorkEnded:
		if before.ACW.ConnID != b.ConnID {
			v.found(r, "after-call work on %s ends that was not begun", b.ConnID)
		}
	}
	return nil
}
