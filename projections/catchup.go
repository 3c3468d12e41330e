package projections

import (
	"context"
	"fmt"

	"github.com/callstate/callstate/domain/eventlog"
)

// CatchUp brings a projection from its checkpoint to the present end of the log, in long runs, and returns. progress,
// when it is not nil, is called after each run with the position reached. A Staged projection is told where the log
// ends, but not that it is live: nobody keeps it up to date. A Versioned one that was made anew takes its place.
func CatchUp(ctx context.Context, log eventlog.Reader, p Projection, progress func(eventlog.Position)) error {
	position, err := p.Position(ctx)
	if err != nil {
		return fmt.Errorf("projection %s: %w", p.Name(), err)
	}
	if ends, ok := log.(eventlog.Ends); ok {
		end, err := ends.End(ctx)
		if err != nil {
			return fmt.Errorf("projection %s: %w", p.Name(), err)
		}
		if staged, ok := p.(Staged); ok {
			staged.CatchingUp(end)
		}
	}
	run := make([]eventlog.Record, 0, BatchSize)
	flush := func() error {
		if len(run) == 0 {
			return nil
		}
		if err := p.Apply(ctx, run); err != nil {
			return fmt.Errorf("projection %s: %w", p.Name(), err)
		}
		if progress != nil {
			progress(run[len(run)-1].Position)
		}
		run = run[:0]
		return nil
	}
	for record, err := range log.ReadAll(ctx, position) {
		if err != nil {
			return fmt.Errorf("projection %s: %w", p.Name(), err)
		}
		if run = append(run, record); len(run) == BatchSize {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	if versioned, ok := p.(Versioned); ok {
		if err := versioned.SwitchOver(ctx); err != nil {
			return fmt.Errorf("projection %s: %w", p.Name(), err)
		}
	}
	return nil
}
