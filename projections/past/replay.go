package past

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/floor"
)

// Floor is the floor as it was at a moment, to be looked at. ErrBefore when nothing had happened by then, ErrAfter when
// the log does not have that position.
func (p *Past) Floor(ctx context.Context, m Moment) (*floor.Floor, error) {
	end, err := p.log.End(ctx)
	if err != nil {
		return nil, err
	}
	if m.Position > end {
		return nil, fmt.Errorf("position %d: %w, which is %d", m.Position, ErrAfter, end)
	}
	f, _, err := p.at(ctx, m, toLookAt)
	if err != nil {
		return nil, err
	}
	if reached, _ := f.Position(ctx); reached == 0 {
		return nil, fmt.Errorf("%s: %w", m, ErrBefore)
	}
	return f, nil
}

// Began is when the first thing happened of which the log tells, on its switch's clock; zero: nothing has. Before it there is
// no floor.
func (p *Past) Began(ctx context.Context) (time.Time, error) {
	for r, err := range p.log.ReadAll(ctx, 0) {
		if err != nil {
			return time.Time{}, err
		}
		if r.Stream.Kind() != wire.Audit {
			return r.SwitchTime, nil
		}
	}
	return time.Time{}, nil
}

// at is the floor at a moment, and where the kept floor ends on which it is built.
func (p *Past) at(ctx context.Context, m Moment, o floor.Options) (*floor.Floor, eventlog.Position, error) {
	pieces, err := p.pieces(ctx)
	if err != nil {
		return nil, 0, err
	}
	n := nearest(pieces, m)
	f, err := p.kept(ctx, pieces, n, o)
	if err != nil {
		return nil, 0, err
	}
	after, _ := f.Position(ctx)
	run := make([]eventlog.Record, 0, 1024)
	for r, err := range p.belonging(ctx, after, pieces[n:], m) {
		if err != nil {
			return nil, 0, err
		}
		if m.has(&r) {
			run = append(run, r)
		}
		if len(run) == cap(run) {
			if err := f.Apply(ctx, run); err != nil {
				return nil, 0, err
			}
			run = run[:0]
		}
	}
	return f, after, f.Apply(ctx, run)
}

// belonging yields the records after a position among which all are that belong to a moment. It passes over the pieces
// in which there are none.
func (p *Past) belonging(ctx context.Context, after eventlog.Position, pieces []piece, m Moment) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		rest := piece{end: never, earliest: -1 << 63}
		for _, each := range append(pieces, rest) {
			if each.mayHave(m, after) {
				for r, err := range p.log.ReadAll(ctx, after) {
					if err == nil && (r.Position > each.end || m.Position != 0 && r.Position > m.Position) {
						break
					}
					if !yield(r, err) || err != nil {
						return
					}
				}
			}
			after = each.end
		}
	}
}

// Records yields the records of a range, in the order of the log. Those of who looked at the past are not among them.
func (p *Past) Records(ctx context.Context, w Range) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		pieces, err := p.pieces(ctx)
		if err != nil {
			yield(eventlog.Record{}, err)
			return
		}
		n, after := 0, w.From.Position
		if w.From.Position == 0 && !w.From.IsZero() {
			if n = nearest(pieces, w.From); n > 0 {
				after = pieces[n-1].end
			}
		}
		for n < len(pieces) && pieces[n].end <= after {
			n++
		}
		for r, err := range p.belonging(ctx, after, pieces[n:], w.To) {
			if err != nil || w.has(&r) {
				if !yield(r, err) || err != nil {
					return
				}
			}
		}
	}
}

// Showing is what is shown again.
type Showing struct {
	Range
	Agent string            // the desktop of this agent; empty: the whole floor
	After eventlog.Position // go on after the frame of this position; 0: begin with a snapshot
}

// Replay yields the frames of a range as those who followed the floor then got them: a Snapshot of the floor at its
// beginning, and a Changed frame for each event that changed something that can be seen. It does not wait between them.
func (p *Past) Replay(ctx context.Context, w Showing) iter.Seq2[floor.Frame, error] {
	return func(yield func(floor.Frame, error) bool) {
		if err := p.replay(ctx, w, yield); err != nil {
			yield(floor.Frame{}, err)
		}
	}
}

func (p *Past) replay(ctx context.Context, w Showing, yield func(floor.Frame, error) bool) error {
	f, before, err := p.begins(ctx, w.Range)
	if err != nil {
		return err
	}
	snapshot := f.Snapshot(w.Agent)
	snapshot.Position = before
	if w.After == 0 && !yield(snapshot, nil) {
		return nil
	}
	for r, err := range p.Records(ctx, w.Range) {
		if err != nil {
			return err
		}
		frame, changed, err := f.Next(ctx, r, w.Agent)
		if err != nil {
			return err
		}
		if changed && r.Position > w.After && !yield(frame, nil) {
			return nil
		}
	}
	return nil
}

// Begin is the floor at the beginning of a range: an empty one where that is before the first event.
func (p *Past) Begin(ctx context.Context, w Range) (*floor.Floor, error) {
	f, _, err := p.begins(ctx, w)
	return f, err
}

// begins is the floor at the beginning of a range, ready to tell what changes, and a position that is before all of the
// range and not before what the floor is made of, as far as that is a piece of the log.
func (p *Past) begins(ctx context.Context, w Range) (f *floor.Floor, before eventlog.Position, err error) {
	if err := w.Check(); err != nil {
		return nil, 0, err
	}
	end, err := p.log.End(ctx)
	if err != nil {
		return nil, 0, err
	}
	for _, m := range []Moment{w.From, w.To} {
		if m.Position > end {
			return nil, 0, fmt.Errorf("position %d: %w, which is %d", m.Position, ErrAfter, end)
		}
	}
	f = floor.New(toTell)
	if !w.From.IsZero() {
		if f, before, err = p.at(ctx, w.From, toTell); err != nil {
			return nil, 0, err
		}
	}
	f.CatchingUp(0) // tell what changes from here on
	return f, max(before, w.From.Position), nil
}

// Call yields the frames of one call: a Snapshot of the floor just before it without agents, queues and other calls, and
// then the frame of each of the call's own events. call.ErrUnknownCall when there is no such call.
func (p *Past) Call(ctx context.Context, id call.ConnID, after eventlog.Position) iter.Seq2[floor.Frame, error] {
	return func(yield func(floor.Frame, error) bool) {
		if err := p.replayCall(ctx, id, after, yield); err != nil {
			yield(floor.Frame{}, err)
		}
	}
}

func (p *Past) replayCall(ctx context.Context, id call.ConnID, after eventlog.Position, yield func(floor.Frame, error) bool) error {
	stream := wire.CallStream(id)
	var first, last eventlog.Record
	for r, err := range p.log.ReadStream(ctx, stream, 1) {
		if err != nil {
			return err
		}
		if first.Revision == 0 {
			first = r
		}
		last = r
	}
	if first.Revision == 0 {
		return call.ErrUnknownCall
	}
	// Not every store knows the positions of a stream; that the first event is behind a floor in which all is older is sure.
	pieces, err := p.pieces(ctx)
	if err != nil {
		return err
	}
	f, err := p.kept(ctx, pieces, nearest(pieces, Moment{Time: first.SwitchTime.Add(-1)}), toLookAt)
	if err != nil {
		return err
	}
	begin, _ := f.Position(ctx)
	for r, err := range p.log.ReadAll(ctx, begin) {
		if err != nil {
			return err
		}
		ours := r.Stream == stream
		if ours && r.Revision == 1 {
			f.CatchingUp(0)
			if v := f.View(); after == 0 && !yield(floor.Frame{Kind: floor.Snapshot, Position: v.Position, View: alone(v)}, nil) {
				return nil
			}
		}
		frame, changed, err := f.Next(ctx, r, "")
		if err != nil {
			return err
		}
		if ours && changed && r.Position > after && !yield(frame, nil) {
			return nil
		}
		if !ours {
			continue
		}
		if _, live := f.State(id); !live || r.Revision == last.Revision { // what is said about an ended call changes no floor
			return nil
		}
	}
	return nil
}

// alone is a floor with nobody on it.
func alone(v floor.View) *floor.View {
	v.Agents, v.Queues, v.Calls = []floor.Agent{}, []floor.Queue{}, []floor.Call{}
	return &v
}
