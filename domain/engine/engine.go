// Package engine is what the call model is used for: it takes in what switches say and what people ask, decides with
// the domain's pure functions what happened, and appends that to the event log.
//
// Nothing is locked while it decides or appends. Every append names the revision it was decided on; when another
// writer was faster (a second link, a request, a second engine) the stream is read again and decided again.
package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/link"
	"github.com/callstate/callstate/domain/wire"
	"github.com/google/uuid"
)

// ErrBusy: other writers were faster at every try.
var ErrBusy = errors.New("too many conflicting writers")

// Store is what the engine needs of an event log; eventlog.Store says what it guarantees.
type Store interface {
	Append(ctx context.Context, appends []eventlog.StreamAppend) error
	ReadStream(ctx context.Context, stream eventlog.Stream, from eventlog.Revision) iter.Seq2[eventlog.Record, error]
}

// Observation is one fact about one call, one agent or one link: exactly one of the three pairs is set.
type Observation struct {
	Call     call.ConnID
	CallFact call.Fact

	Agent     string
	AgentFact agent.Fact

	Switch   string
	LinkFact link.Fact
}

func (o Observation) stream() eventlog.Stream {
	switch {
	case o.CallFact != nil:
		return wire.CallStream(o.Call)
	case o.AgentFact != nil:
		return wire.AgentStream(o.Agent)
	}
	return wire.SwitchStream(o.Switch)
}

// Engine takes in facts and requests. Its methods may be called concurrently; facts of one link must come in order,
// from one caller.
type Engine struct {
	store  Store
	now    func() time.Time
	live   LiveCalls
	states *states
}

// LiveCalls finds the calls of a switch that have not ended as far as the log tells. It may name ended ones too.
type LiveCalls func(ctx context.Context, switchName string) ([]call.ConnID, error)

// New returns an engine on a log. now is the engine's own clock; live tells it what calls went on when it was started,
// so that a snapshot of the switch closes those that ended meanwhile. Without live only calls that this engine has seen
// are closed so.
func New(store Store, now func() time.Time, live LiveCalls) *Engine {
	return &Engine{store: store, now: now, live: live, states: newStates()}
}

// maxAttempts bounds how often a stream is decided again after a conflict.
const maxAttempts = 16

// Ingest records what follows from observations, in their order, in one append unless that is more than a store takes. When
// it returns nil all of it is durable. After an error some of it may be recorded; ingesting the same observations again is
// safe.
func (e *Engine) Ingest(ctx context.Context, observations []Observation) error {
	pending := observations
	for range maxAttempts {
		batch := newBatch()
		for _, o := range pending {
			if err := e.observe(ctx, batch, o); err != nil {
				return err
			}
			if snapshot, ok := o.LinkFact.(link.SnapshotIs); ok {
				if err := e.reconcile(ctx, batch, snapshot); err != nil {
					return err
				}
			}
		}
		conflicts, err := e.append(ctx, batch)
		if err != nil {
			return err
		}
		if len(conflicts) == 0 {
			return nil
		}
		var again []Observation
		for _, o := range pending {
			// A snapshot touches streams that it does not name; told again it changes nothing that is done.
			if _, snapshot := o.LinkFact.(link.SnapshotIs); snapshot || conflicts[o.stream()] {
				again = append(again, o)
			}
		}
		pending = again
	}
	return fmt.Errorf("ingest: %w", ErrBusy)
}

// Call returns the present state of a call; its zero value when there is none.
func (e *Engine) Call(ctx context.Context, id call.ConnID) (call.State, error) {
	entry, err := e.open(ctx, newBatch(), wire.CallStream(id))
	if err != nil {
		return call.State{}, err
	}
	return entry.call, nil
}

func (e *Engine) observe(ctx context.Context, b *batch, o Observation) error {
	entry, err := e.open(ctx, b, o.stream())
	if err != nil {
		return err
	}
	switch {
	case o.CallFact != nil:
		fact, err := e.completed(ctx, b, o.masked())
		if err != nil {
			return err
		}
		e.addCall(entry, call.Observe(entry.call, fact))
	case o.AgentFact != nil:
		e.addAgent(entry, agent.Observe(entry.agent, o.masked().AgentFact))
	case o.LinkFact != nil:
		for _, event := range link.Observe(entry.link, o.LinkFact) {
			entry.add(e.now(), wire.EncodeLink(entry.stream, entry.next(), event))
			entry.link = link.Evolve(entry.link, event)
		}
	}
	return nil
}

// completed is a fact with what only another call knows.
func (e *Engine) completed(ctx context.Context, b *batch, o Observation) (call.Fact, error) {
	merged, ok := o.CallFact.(call.MergedIs)
	if !ok || merged.Survivor != o.Call {
		return o.CallFact, nil
	}
	absorbed, err := e.open(ctx, b, wire.CallStream(merged.Absorbed))
	if err != nil {
		return nil, err
	}
	merged.UserData = absorbed.call.UserData()
	return merged, nil
}

// reconcile lets go the parties that a switch does not have any more: what the snapshot does not name and was there
// before it.
func (e *Engine) reconcile(ctx context.Context, b *batch, s link.SnapshotIs) error {
	ids, err := e.liveCalls(ctx, s.Switch)
	if err != nil {
		return err
	}
	has := make(map[string]bool, len(s.Parties))
	for _, party := range s.Parties {
		has[party] = true
	}
	for _, id := range ids {
		entry, err := e.open(ctx, b, wire.CallStream(id))
		if err != nil {
			return err
		}
		for _, p := range entry.call.Parties {
			if p.Telephony.Live() && p.Since.Before(s.At) && !has[string(p.ID)] {
				e.addCall(entry, call.Observe(entry.call, call.PartyIs{At: s.At, Party: p.ID, State: call.Released,
					Cause: call.UnknownCause, Inferred: true}))
			}
		}
	}
	return nil
}

// Live returns the calls of a switch that go on, as far as is known.
func (e *Engine) Live(ctx context.Context, switchName string) ([]call.State, error) {
	ids, err := e.liveCalls(ctx, switchName)
	if err != nil {
		return nil, err
	}
	var live []call.State
	for _, id := range ids {
		s, err := e.Call(ctx, id)
		if err != nil {
			return nil, err
		}
		if s.Live() {
			live = append(live, s)
		}
	}
	return live, nil
}

// liveCalls names the calls of a switch that may go on, in order.
func (e *Engine) liveCalls(ctx context.Context, switchName string) ([]call.ConnID, error) {
	ids := e.states.liveCalls(switchName)
	if e.live != nil {
		known, err := e.live(ctx, switchName)
		if err != nil {
			return nil, fmt.Errorf("live calls of %s: %w", switchName, err)
		}
		ids = append(ids, known...)
	}
	slices.SortFunc(ids, func(a, b call.ConnID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(ids), nil
}

func (e *Engine) addCall(entry *entry, events []call.Event) {
	for _, event := range events {
		event = maskedCall(event)
		stored := wire.EncodeCall(entry.stream, entry.next(), event)
		entry.call = call.Evolve(entry.call, event)
		stored.Correlation = uuid.UUID(entry.call.Conversation())
		entry.add(e.now(), stored)
	}
}

// open returns the batch's working copy of a stream's state.
func (e *Engine) open(ctx context.Context, b *batch, stream eventlog.Stream) (*entry, error) {
	if opened, ok := b.entries[stream]; ok {
		return opened, nil
	}
	state, ok := e.states.get(stream)
	if !ok {
		var err error
		if state, err = e.load(ctx, stream); err != nil {
			return nil, err
		}
	}
	return b.put(stream, state), nil
}

// load folds a stream from the log.
func (e *Engine) load(ctx context.Context, stream eventlog.Stream) (state, error) {
	var s state
	for record, err := range e.store.ReadStream(ctx, stream, 1) {
		if err != nil {
			return state{}, fmt.Errorf("load %s: %w", stream, err)
		}
		if err := s.apply(record); err != nil {
			return state{}, fmt.Errorf("load: %w", err)
		}
	}
	return s, nil
}

// append writes what a batch decided. The streams in conflicts were written by someone else meanwhile and are
// forgotten, so that they are loaded again.
func (e *Engine) append(ctx context.Context, b *batch) (conflicts map[eventlog.Stream]bool, err error) {
	for _, appends := range b.appends() {
		// Where somebody else has written, what was decided to follow it does not hold either.
		appends = slices.DeleteFunc(appends, func(a eventlog.StreamAppend) bool { return conflicts[a.Stream] })
		if len(appends) == 0 {
			continue
		}
		err := e.store.Append(ctx, appends)
		if err == nil {
			continue
		}
		lost, ok := eventlog.Conflicts(err)
		if !ok {
			for stream := range b.entries {
				e.states.forget(stream) // nobody knows what was written
			}
			return nil, fmt.Errorf("append: %w", err)
		}
		if conflicts == nil {
			conflicts = map[eventlog.Stream]bool{}
		}
		for _, c := range lost {
			conflicts[c.Stream] = true
			e.states.forget(c.Stream)
		}
	}
	for stream, entry := range b.entries {
		if !conflicts[stream] {
			e.states.put(stream, entry.state)
		}
	}
	return conflicts, nil
}
