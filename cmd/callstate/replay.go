package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections/audit"
	"github.com/callstate/callstate/projections/past"
	"github.com/google/uuid"
	"github.com/spf13/cobra"
)

func newReplay(s *settings) *cobra.Command {
	var from, to pastFlag
	var speed float64
	var step bool
	cmd := &cobra.Command{
		Use:   "replay CONNID | --from MOMENT --to MOMENT",
		Short: "Tell the story of a call, or of the whole floor, one line an event",
		Long: `Tells a call's story, one line an event: the time since the call began, and what happened; also what
was inferred, and where the link to the switch was lost. With --from and --to it tells everything that
happened on the floor between two times, or two positions of the log.

Without --speed all of it at once; with --speed 1 at the pace at which it happened, with --step line by
line. That somebody looked is written into the log before the first line.`,
		Args: cobra.MaximumNArgs(1),
		Example: `  callstate replay 01a205ea-c268-86a1-9f11-ad444b7c5c67 --speed 10
  callstate replay --from 2026-11-23T09:30:00Z --to 2026-11-23T09:35:00Z`,
	}
	flags := cmd.Flags()
	flags.Var(&from, "from", "tell the floor from this moment on")
	flags.Var(&to, "to", "tell the floor up to this moment")
	flags.Float64Var(&speed, "speed", 0, "so many times faster than it happened (0: at once)")
	flags.BoolVar(&step, "step", false, "wait for Enter before each line")
	zone := zone(cmd, "in which times without an offset are meant, and times are told")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		w := past.Range{From: from.in(zone.Location), To: to.in(zone.Location)}
		ranged := w != past.Range{}
		switch {
		case !(speed >= 0):
			return usageError{fmt.Errorf("--speed is negative")}
		case ranged == (len(args) == 1):
			return usageError{fmt.Errorf("either a CONNID or --from and --to is needed")}
		}
		var id call.ConnID
		if !ranged {
			var err error
			if id, err = parseConnID(args[0]); err != nil {
				return err
			}
		}
		if !ranged {
			store, err := s.readLog(cmd.Context())
			if err != nil {
				return err
			}
			defer store.Close()
			return tellCall(cmd.Context(), store, id, zone.Location).print(cmd, store, speed, step)
		}
		kept, store, err := s.readPast(cmd.Context())
		if err != nil {
			return err
		}
		defer store.Close()
		defer kept.Close()
		told, err := tellFloor(cmd.Context(), kept, w, zone.Location)
		if err != nil {
			return err
		}
		return told.print(cmd, store, speed, step)
	}
	return cmd
}

// telling is a story and how it is printed.
type telling struct {
	lines   iter.Seq2[audit.Line, error]
	heading func(first audit.Line) string
	text    func(audit.Line) string
	viewed  access.Body // what is looked at
	nothing error       // what is wrong when there are no lines
}

func tellCall(ctx context.Context, store eventLog, id call.ConnID, zone *time.Location) telling {
	return telling{
		lines: audit.Tell(ctx, store, id),
		heading: func(first audit.Line) string {
			return fmt.Sprintf("call %s, %s", id, first.At.In(zone).Format(clockForm))
		},
		text:    audit.Line.String,
		viewed:  access.CallReplayed{ConnID: id, View: uuid.NewString()},
		nothing: fmt.Errorf("there is no call %s", id),
	}
}

func tellFloor(ctx context.Context, kept *past.Past, w past.Range, zone *time.Location) (telling, error) {
	begin, err := kept.Begin(ctx, w)
	if err != nil {
		return telling{}, err
	}
	span := fmt.Sprintf("from %s to %s", orDash(w.From.String()), orDash(w.To.String()))
	return telling{
		lines:   told(kept.Records(ctx, w), audit.NewChronicle(begin.State).Tell),
		heading: func(audit.Line) string { return "the floor " + span },
		text:    func(l audit.Line) string { return l.Clock(zone) },
		viewed: access.FloorReplayed{From: w.From.Time.UTC(), FromPosition: w.From.Position, To: w.To.Time.UTC(), ToPosition: w.To.Position,
			View: uuid.NewString()},
		nothing: errors.New("nothing happened " + span),
	}, nil
}

func told(records iter.Seq2[eventlog.Record, error], tell func(eventlog.Record) (audit.Line, error)) iter.Seq2[audit.Line, error] {
	return func(yield func(audit.Line, error) bool) {
		for r, err := range records {
			var line audit.Line
			if err == nil {
				line, err = tell(r)
			}
			if !yield(line, err) || err != nil {
				return
			}
		}
	}
}

func (t telling) print(cmd *cobra.Command, store eventLog, speed float64, step bool) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	keys := bufio.NewReader(cmd.InOrStdin())
	printed := 0
	for line, err := range past.Pace(ctx, t.lines, func(l audit.Line) time.Time { return l.At }, speed) {
		switch {
		case errors.Is(err, context.Canceled):
			return nil // the user has seen enough
		case errors.Is(err, call.ErrUnknownCall):
			return t.nothing
		case err != nil:
			return err
		}
		if printed == 0 {
			if err := viewed(ctx, store, t.viewed); err != nil {
				return err
			}
			fmt.Fprintln(out, t.heading(line))
		} else if step {
			if _, err := keys.ReadString('\n'); err != nil {
				return nil // no more keys: the reader has seen enough
			}
		}
		if _, err := fmt.Fprintln(out, printable(t.text(line))); err != nil {
			return err
		}
		printed++
	}
	if printed == 0 {
		return t.nothing
	}
	return nil
}
