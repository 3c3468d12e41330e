package connection

import (
	"context"
	"fmt"

	"github.com/callstate/callstate/domain/engine"
)

// pipeline gathers observations and gives them to the engine together.
type pipeline struct {
	engine       Ingester
	observations []engine.Observation
	recorded     int
}

func (p *pipeline) add(observations []engine.Observation) {
	p.observations = append(p.observations, observations...)
}

// flush records all that was added in one go.
func (p *pipeline) flush(ctx context.Context) error {
	if len(p.observations) == 0 {
		return nil
	}
	if err := p.engine.Ingest(ctx, p.observations); err != nil {
		return fmt.Errorf("ingest: %w", err)
	}
	p.recorded += len(p.observations)
	clear(p.observations) // they hold on to strings of the pieces
	p.observations = p.observations[:0]
	return nil
}
