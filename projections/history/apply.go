package history

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
)

// openCall is a call that goes on, or has ended lately.
type openCall struct {
	state    call.State
	revision eventlog.Revision
	written  call.State // the state that its rows show; zero when it has none
	loaded   bool       // it may have rows, and written does not tell which
	ended    bool       // it stands among those that ended last
}

// keptEnded is how many calls stay in memory after their end: some more is said about many of them right then.
const keptEnded = 1024

// Apply writes the rows of the calls that the records change, each once, together with the checkpoint, in one
// transaction. A record of a call that this program does not know (wire.ErrUnknown) or cannot read ends the run: what
// stands before it is written, and the error names its position.
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

// fold evolves the calls in memory. It returns which ones, and how many of the records it has taken before one that it
// cannot take.
func (h *History) fold(ctx context.Context, records []eventlog.Record) (touched map[call.ConnID]*openCall, taken int, err error) {
	touched = map[call.ConnID]*openCall{}
	for i, r := range records {
		if r.Stream.Kind() != wire.Call {
			continue
		}
		id, err := call.ParseConnID(r.Stream.ID())
		if err != nil {
			return touched, i, fmt.Errorf("position %d: stream %s: %w", r.Position, r.Stream, err)
		}
		event, err := wire.DecodeCall(r)
		if err != nil {
			return touched, i, fmt.Errorf("position %d: %w", r.Position, err)
		}
		c, open := h.calls[id]
		if !open {
			if c, err = h.load(ctx, id, r.Revision); err != nil {
				return touched, i, fmt.Errorf("position %d: %w", r.Position, err)
			}
			h.calls[id] = c
		}
		if r.Revision <= c.revision {
			continue // it was loaded with more of its stream
		}
		c.state, c.revision = call.Evolve(c.state, event), r.Revision
		touched[id] = c
	}
	return touched, len(records), nil
}

// load reads the past of a call from the log, up to a revision that is at hand; 0 is all of it.
func (h *History) load(ctx context.Context, id call.ConnID, next eventlog.Revision) (*openCall, error) {
	c := &openCall{}
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
		c.state, c.revision = call.Evolve(c.state, event), r.Revision
	}
	if next > 0 && c.revision != next-1 {
		return nil, fmt.Errorf("%s at revision %d: the log has it up to %d only", stream, next, c.revision)
	}
	c.loaded = true
	return c, nil
}

// write writes what has changed, up to a position.
func (h *History) write(ctx context.Context, touched map[call.ConnID]*openCall, position eventlog.Position) error {
	catchingUp := position < h.end
	if !catchingUp {
		if err := h.fallIn(ctx, touched); err != nil {
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
	for _, id := range slices.SortedFunc(maps.Keys(touched), inOrder) { // the order of the tables: neighbours lie together
		if c := touched[id]; catchingUp && !c.state.Ended() {
			h.behind[id] = true
		} else if err := into.bring(id.String(), c); err != nil {
			return fmt.Errorf("call %s: %w", id, err)
		} else {
			delete(h.behind, id)
		}
	}
	if err := into.flush(); err != nil {
		return err
	}
	if err := h.check(ctx, tx, position); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	h.position = position
	for id, c := range touched {
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
func (h *History) check(ctx context.Context, tx *sql.Tx, position eventlog.Position) error {
	behind := []byte{}
	for id := range h.behind {
		behind = append(behind, id[:]...)
	}
	result, err := tx.ExecContext(ctx, "UPDATE checkpoint SET position = ?, behind = ? WHERE position = ?", position, behind, h.position)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("%w: position is not %d any more (%v)", ErrTwoWriters, h.position, err)
	}
	return nil
}
