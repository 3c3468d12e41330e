package audit

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/link"
	"github.com/callstate/callstate/domain/wire"
)

// Streams is where the story of a call is read.
type Streams interface {
	ReadStream(ctx context.Context, stream eventlog.Stream, from eventlog.Revision) iter.Seq2[eventlog.Record, error]
}

// Tell yields the story of a call, a line an event, and a line where the link to its switch was lost meanwhile.
// call.ErrUnknownCall when there is no such call, wire.ErrUnknown for an event of a newer program.
func Tell(ctx context.Context, log Streams, id call.ConnID) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		var story Story
		var gaps []gap
		for r, err := range log.ReadStream(ctx, wire.CallStream(id), 1) {
			var line Line
			if err == nil {
				line, err = story.Tell(r)
			}
			if err == nil && r.Revision == 1 {
				gaps, err = gapsOf(ctx, log, story.state.Switch, line.At)
			}
			if err != nil {
				yield(Line{}, err)
				return
			}
			for len(gaps) > 0 && gaps[0].from.Before(line.At) {
				if !yield(gaps[0].line(story.state), nil) {
					return
				}
				gaps = gaps[1:]
			}
			if !yield(line, nil) {
				return
			}
		}
		if !story.state.Started() {
			yield(Line{}, fmt.Errorf("call %s: %w", id, call.ErrUnknownCall))
		}
	}
}

// gap is a time in which nothing was heard of a switch, or a moment before which something was not.
type gap struct {
	from, to time.Time // to is zero while it lasts
	reason   string
	missed   uint64 // events of the switch that did not come in: it has no length
}

// gapsOf are the gaps of a switch that ended after a moment.
func gapsOf(ctx context.Context, log Streams, switchName string, after time.Time) ([]gap, error) {
	var gaps []gap
	for r, err := range log.ReadStream(ctx, wire.SwitchStream(switchName), 1) {
		if err != nil {
			return nil, err
		}
		event, err := wire.DecodeLink(r)
		if err != nil {
			return nil, err
		}
		switch body := event.Body.(type) {
		case link.LinkDown:
			gaps = append(gaps, gap{from: event.At, reason: body.Reason})
		case link.GapDetected:
			if !event.At.Before(after) {
				gaps = append(gaps, gap{from: event.At, to: event.At, missed: body.Missed})
			}
		case link.LinkUp:
			if last := len(gaps) - 1; last >= 0 && gaps[last].to.IsZero() {
				if gaps[last].to = event.At; event.At.Before(after) {
					gaps = gaps[:last]
				}
			}
		}
	}
	return gaps, nil
}

func (g gap) line(s call.State) Line {
	if g.missed > 0 {
		return Line{At: g.from, Since: g.from.Sub(s.StartedAt), Text: fmt.Sprintf("GAP: up to %d events of %s did not come in", g.missed, s.Switch)}
	}
	text := "GAP: nothing is heard of " + s.Switch
	if !g.to.IsZero() {
		text += " for " + offset(g.to.Sub(g.from))[1:]
	}
	if g.reason != "" {
		text += " (" + g.reason + ")"
	}
	return Line{At: g.from, Since: g.from.Sub(s.StartedAt), Text: text}
}
