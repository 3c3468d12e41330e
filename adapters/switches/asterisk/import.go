package asterisk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection"
)

// ErrNotAMI: there is no banner and not a single block in what should be a recorded session.
var ErrNotAMI = errors.New("not a recorded AMI session")

// ImportStats is what an import has read.
type ImportStats struct {
	Sessions     int // connections, by their banners
	Blocks       int
	Bytes        int // with what separates the blocks
	Observations int // passed to the engine
	BadInput     []connection.BadKind
}

const (
	importBatch    = 512 // blocks in one Ingest
	importAhead    = 4   // batches read ahead
	endOfRecording = "end of the recording"
)

// importRun is what the reading goroutine of an import passes on: a run of blocks, or one banner.
type importRun struct {
	banner *Frame
	blocks []Block
	frames int
	bytes  int64 // of the stream, up to here
}

// Import reads a recorded session, the bytes as a link receives them, and takes it the same way to the engine. Times come
// from the recording alone, so the same recording gives the same events on every machine. A stream of several sessions
// one after the other (banner, blocks, banner, blocks) is read as what it is.
//
// It reads no faster than the engine takes in. progress, if not nil, is called now and then with the totals so far. Bad
// blocks are counted and passed over. After an error what was read before it is recorded; importing again adds only what
// is missing. When ctx ends while the source blocks, as a terminal does, Import returns once the caller has closed it.
func Import(
	ctx context.Context, source io.Reader, interpreter Interpreter, engine Ingester, progress func(blocks, bytes int),
) (ImportStats, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := &pipeline{interpreter: interpreter, engine: engine, bad: connection.NewBadInput(nil)}
	runs := make(chan importRun, importAhead)
	var readErr error // valid when runs is closed
	go func() {
		defer close(runs)
		readErr = p.read(ctx, source, runs)
	}()
	stats, heard, err := p.importRuns(ctx, runs, progress)
	cancel()
	for range runs { // so that the reader is done before we are
	}
	stats.Observations, stats.BadInput = p.recorded, p.bad.Kinds()
	switch {
	case err != nil:
		return stats, fmt.Errorf("import: %w", err)
	case readErr != nil:
		return stats, fmt.Errorf("import: read: %w", readErr)
	case !heard:
		return stats, fmt.Errorf("import: %w", ErrNotAMI)
	}
	return stats, nil
}

// read cuts the source into runs of parsed blocks.
func (p *pipeline) read(ctx context.Context, source io.Reader, runs chan<- importRun) error {
	frames := NewFrameReader(source)
	var run importRun
	pass := func() bool {
		run.bytes = frames.Bytes()
		select {
		case runs <- run:
		case <-ctx.Done():
			return false
		}
		run = importRun{blocks: make([]Block, 0, importBatch)}
		return true
	}
	for {
		frame, err := frames.Next()
		if err != nil {
			if !pass() {
				return ctx.Err()
			}
			if err == io.EOF {
				return nil
			}
			return err
		}
		if frame.Kind == FrameBanner {
			if run.frames > 0 && !pass() {
				return ctx.Err()
			}
			run.banner = &frame
			continue
		}
		if frame.Kind != FrameIncomplete {
			run.frames++
		}
		if b, ok := p.parse(frame); ok {
			run.blocks = append(run.blocks, b)
		}
		if run.frames >= importBatch && !pass() {
			return ctx.Err()
		}
	}
}

// importRuns translates and records what is read. heard: there was a banner or a block.
func (p *pipeline) importRuns(
	ctx context.Context, runs <-chan importRun, progress func(blocks, bytes int),
) (stats ImportStats, heard bool, err error) {
	up := false
	for run := range runs {
		if run.banner != nil {
			if up {
				p.add(p.interpreter.LinkDown(endOfRecording, time.Time{}))
			}
			p.add(p.interpreter.LinkUp(run.banner.Version(), time.Time{}))
			up = true
			stats.Sessions++
		} else if !up && len(run.blocks) > 0 { // a recording that begins in the middle
			p.add(p.interpreter.LinkUp("", time.Time{}))
			up = true
		}
		for _, b := range run.blocks {
			p.add(p.interpreter.Translate(b, time.Time{}))
		}
		if err := p.flush(ctx); err != nil {
			return stats, up, err
		}
		stats.Blocks += run.frames
		stats.Bytes = int(run.bytes)
		if progress != nil {
			progress(stats.Blocks, stats.Bytes)
		}
	}
	if err := ctx.Err(); err != nil || !up {
		return stats, up, err
	}
	p.add(p.interpreter.LinkDown(endOfRecording, time.Time{}))
	return stats, up, p.flush(ctx)
}
