package history

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections"
)

// openCall is a call that goes on, or has ended lately.
type openCall struct {
	state    call.State
	revision eventlog.Revision
	told     trace
	written  rows // what the database has; zero when that is nothing
	indexed  indexed
	loaded   bool // it may have rows, and written does not tell which
	ended    bool // it stands among those that ended last
}

// keptEnded is how many calls stay in memory after their end: some more is said about many of them right then.
const keptEnded = 1024

// Pause implements projections.Unhurried: a transaction of a single record costs nearly as much as one of many. Nobody asks for
// a call's record so soon after what happened.
func (h *History) Pause() time.Duration { return 25 * time.Millisecond }

// Apply writes the rows of the calls that the records change, each once, together with the checkpoint, in one
// transaction. A record that this program does not know (wire.ErrUnknown) or cannot read ends the run: what stands before
// it is written, and the error is a *projections.PoisonError with its position.
func (h *History) Apply(ctx context.Context, records []eventlog.Record) error {
	touched, taken, poison := h.fold(ctx, records)
	if taken > 0 {
		if err := h.write(ctx, touched, records[taken-1].Position); err != nil {
			if again := h.recall(context.WithoutCancel(ctx)); again != nil {
				return fmt.Errorf("history: %w; then: %w", err, again)
			}
			return fmt.Errorf("history: %w", err)
		}
	}
	return poison
}

// touched is what a run of records has changed in memory.
type touched struct {
	calls  map[call.ConnID]*openCall
	agents map[string]*agentFold
	at     Time // latest switch time
}

// fold evolves the calls and agents in memory. It returns which ones, and how many of the records it has taken before
// one that it cannot take.
func (h *History) fold(ctx context.Context, records []eventlog.Record) (t touched, taken int, err error) {
	t = touched{map[call.ConnID]*openCall{}, map[string]*agentFold{}, h.at}
	for i, r := range records {
		switch r.Stream.Kind() {
		case wire.Call:
			err = h.foldCall(ctx, t, r)
		case wire.Agent:
			err = h.foldAgent(ctx, t, r)
		case wire.Switch:
		default:
			continue // its times are not of a switch
		}
		if err != nil {
			return t, i, projections.Poison(r, err)
		}
		if at := moment(r.SwitchTime); time.Time(at).After(time.Time(t.at)) {
			t.at = at
		}
	}
	return t, len(records), nil
}

func (h *History) foldCall(ctx context.Context, t touched, r eventlog.Record) error {
	id, err := call.ParseConnID(r.Stream.ID())
	if err != nil {
		return err
	}
	event, err := wire.DecodeCall(r)
	if err != nil {
		return err
	}
	c, open := h.calls[id]
	if !open {
		if c, err = h.load(ctx, id, r.Revision); err != nil {
			return err
		}
		h.calls[id] = c
	}
	if r.Revision > c.revision { // else it was loaded with more of its stream
		c.apply(event, r)
		t.calls[id] = c
	}
	return nil
}

func (c *openCall) apply(event call.Event, r eventlog.Record) {
	c.state, c.revision = call.Evolve(c.state, event), r.Revision
	c.told.note(event, r)
}

func (h *History) foldAgent(ctx context.Context, t touched, r eventlog.Record) error {
	id := r.Stream.ID()
	a, err := h.agent(ctx, id)
	if err != nil {
		return err
	}
	t.agents[id] = a
	return a.apply(r)
}

// load reads the past of a call from the log, up to a revision that is at hand; 0 is all of it.
func (h *History) load(ctx context.Context, id call.ConnID, next eventlog.Revision) (*openCall, error) {
	c := &openCall{told: trace{}}
	if next == 1 {
		return c, nil
	}
	stream := wire.CallStream(id)
	if h.log == nil {
		return nil, fmt.Errorf("%s at revision %d: no log to read what came before", stream, next)
	}
	for r, err := range h.log.ReadStream(ctx, stream, 1) {
		if err != nil {
			return nil, err
		}
		if next > 0 && r.Revision >= next {
			break
		}
		event, err := wire.DecodeCall(r)
		if err != nil {
			return nil, err
		}
		c.apply(event, r)
	}
	if next > 0 && c.revision != next-1 {
		return nil, fmt.Errorf("%s at revision %d: the log has it up to %d only", stream, next, c.revision)
	}
	c.loaded = true
	return c, nil
}

// write writes what has changed, up to a position.
func (h *History) write(ctx context.Context, touched touched, position eventlog.Position) error {
	catchingUp := position < h.end
	if !catchingUp {
		if err := h.fallIn(ctx, touched.calls); err != nil {
			return err
		}
	}
	if err := h.tables.prepare(ctx, h.writer); err != nil {
		return err
	}
	tx, err := h.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	into := h.tables.in(ctx, tx)
	for _, id := range slices.SortedFunc(maps.Keys(touched.calls), inOrder) { // the order of the tables: neighbours lie together
		if c := touched.calls[id]; catchingUp && !c.state.Ended() {
			h.behind[id] = true
		} else if err := into.bring(id.String(), c); err != nil {
			return fmt.Errorf("call %s: %w", id, err)
		} else {
			delete(h.behind, id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(touched.agents)) {
		if err := into.bringAgent(id, touched.agents[id]); err != nil {
			return fmt.Errorf("agent %s: %w", id, err)
		}
	}
	if err := into.flush(); err != nil {
		return err
	}
	if !catchingUp && !h.indexed {
		if _, err := tx.ExecContext(ctx, Indexes); err != nil {
			return fmt.Errorf("indexes: %w", err)
		}
	}
	if err := h.check(ctx, tx, position, touched.at); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	h.position, h.at, h.indexed = position, touched.at, h.indexed || !catchingUp
	for id, c := range touched.calls {
		if c.state.Ended() && !c.ended {
			c.ended = true
			h.ended = append(h.ended, id)
		}
	}
	for len(h.ended) > keptEnded {
		delete(h.calls, h.ended[0])
		h.ended = h.ended[1:]
	}
	return nil
}

// fallIn adds the calls whose rows have stayed behind to those that are to be written. One that is not in memory was
// left so by a process that ended while it was catching up.
func (h *History) fallIn(ctx context.Context, touched map[call.ConnID]*openCall) (err error) {
	for id := range h.behind {
		c, open := h.calls[id]
		if !open {
			if c, err = h.load(ctx, id, 0); err != nil {
				return err
			}
			h.calls[id] = c
		}
		touched[id] = c
	}
	return nil
}

func inOrder(a, b call.ConnID) int { return slices.Compare(a[:], b[:]) }

// check writes the checkpoint, unless somebody else has.
func (h *History) check(ctx context.Context, tx *sql.Tx, position eventlog.Position, at Time) error {
	behind := []byte{}
	for id := range h.behind {
		behind = append(behind, id[:]...)
	}
	result, err := tx.ExecContext(ctx, "UPDATE checkpoint SET position = ?, at = ?, behind = ? WHERE position = ?", position, at.value(), behind, h.position)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("%w: position is not %d any more (%v)", ErrTwoWriters, h.position, err)
	}
	return nil
}
