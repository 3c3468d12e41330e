package asterisk

import (
	"context"
	"fmt"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/domain/engine"
)

// The kinds of bad input. Of the last two the block is used all the same.
const (
	badMalformed  = "malformed block"
	badOversized  = "oversized block"
	badIncomplete = "incomplete block at the end"
	badStrayLine  = "line without a header"
	badUTF8       = "invalid UTF-8"
)

// work takes what is in the queue to the engine, until the connection is lost and the queue is empty. lost says then why.
func (l *Link) work(ctx context.Context, s *session, version string, lost func() string) error {
	p := &pipeline{interpreter: l.interpreter, engine: l.engine, bad: l.bad}
	p.add(p.interpreter.LinkUp(version, s.since))
	ticker := time.NewTicker(advanceInterval)
	defer ticker.Stop()
	var batch []heard
	for {
		var more bool
		batch, more = s.queue.Take(batch[:0], l.config.MaxBatch)
		for _, h := range batch {
			if b, ok := p.parse(h.Frame); ok {
				s.answer(b)
				p.add(p.interpreter.Translate(b, h.at))
			}
		}
		if !more {
			p.add(p.interpreter.LinkDown(lost(), time.Now()))
		}
		if err := p.flush(ctx); err != nil || !more {
			return err
		}
		if len(batch) > 0 {
			clear(batch)
			continue
		}
		select {
		case <-s.queue.Ready():
		case now := <-ticker.C:
			p.add(p.interpreter.Advance(now))
		}
	}
}

// pipeline is the way of a frame to the engine.
type pipeline struct {
	interpreter  Interpreter
	engine       Ingester
	bad          *connection.BadInput
	observations []engine.Observation
	recorded     int
}

// parse returns the block in a frame, if there is one, and notes what is bad.
func (p *pipeline) parse(f Frame) (Block, bool) {
	switch f.Kind {
	case FrameOversized:
		p.bad.Note(badOversized, f.Raw)
		return Block{}, false
	case FrameIncomplete:
		p.bad.Note(badIncomplete, f.Raw)
		return Block{}, false
	case FrameBanner:
		return Block{}, false
	}
	b, err := ParseBlock(f.Raw)
	if err != nil {
		p.bad.Note(badMalformed, f.Raw)
		return Block{}, false
	}
	if b.InvalidUTF8() {
		p.bad.Note(badUTF8, f.Raw)
	}
	if b.StrayLines() > 0 {
		p.bad.Note(badStrayLine, f.Raw)
	}
	return b, true
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
	clear(p.observations) // they hold on to strings of the blocks
	p.observations = p.observations[:0]
	return nil
}
