package connection

import (
	"context"
	"errors"
	"fmt"

	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
)

// pipeline gathers observations and gives them to the engine together.
type pipeline struct {
	engine       Ingester
	bad          *BadInput // what no log takes
	observations []engine.Observation
	recorded     int
}

func (p *pipeline) add(observations []engine.Observation) {
	p.observations = append(p.observations, observations...)
}

// flush records all that was added, in one go. What no log takes, such as an agent whose name is longer than that of a stream
// may be, is passed over and counted: the switch would tell it again after each restart.
func (p *pipeline) flush(ctx context.Context) error {
	if len(p.observations) == 0 {
		return nil
	}
	err := p.engine.Ingest(ctx, p.observations)
	if errors.Is(err, eventlog.ErrInvalid) {
		err = p.oneByOne(ctx)
	} else {
		p.recorded += len(p.observations)
	}
	if err != nil {
		return fmt.Errorf("ingest: %w", err)
	}
	clear(p.observations) // they hold on to strings of the pieces
	p.observations = p.observations[:0]
	return nil
}

// oneByOne records the observations among which there are some that no log takes.
func (p *pipeline) oneByOne(ctx context.Context) error {
	for i := range p.observations {
		err := p.engine.Ingest(ctx, p.observations[i:i+1])
		switch {
		case errors.Is(err, eventlog.ErrInvalid):
			p.bad.Note("fact that cannot be stored", err.Error())
		case err != nil:
			return err
		default:
			p.recorded++
		}
	}
	return nil
}
