package connection

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// ErrEmptyRecording: not a single session or piece is in what should be a recording.
var ErrEmptyRecording = errors.New("nothing of a switch is in it")

// Recorded is one thing in a recorded stream: the beginning of a session, or what came in one.
type Recorded[P any] struct {
	Begins  bool   // a session begins here
	Version string // with Begins
	Piece   P
	Bad     bool // the piece could not be used; it is only counted
}

// Recording is a recorded stream, the bytes as a link receives them, cut into pieces.
type Recording[P any] interface {
	// Next returns what comes next, and io.EOF at the end. One goroutine calls it.
	Next() (Recorded[P], error)
	// Bytes is how much of the stream has been read so far.
	Bytes() int64
}

// ImportStats is what an import has read.
type ImportStats struct {
	Sessions     int // connections, by their beginnings
	Pieces       int
	Bytes        int // with what separates the pieces
	Observations int // passed to the engine
	BadInput     []BadKind
}

const (
	importBatch    = 512 // pieces in one Ingest
	importAhead    = 4   // batches read ahead
	endOfRecording = "end of the recording"
)

// importRun is what the reading goroutine of an import passes on: the beginning of a session, or a run of pieces.
type importRun[P any] struct {
	begins  bool
	version string
	pieces  []P
	count   int   // of pieces, with the bad ones
	bytes   int64 // of the stream, up to here
}

// Import reads a recording and takes it the same way to the engine as a link does. Times come from the recording alone, so
// the same recording gives the same events on every machine. Several sessions one after the other are read as what they are.
//
// It reads no faster than the engine takes in. progress, if not nil, is called now and then with the totals so far. After
// an error what was read before it is recorded; importing again adds only what is missing. When ctx ends while the source
// blocks, as a terminal does, Import returns once the caller has closed it.
func Import[P any](
	ctx context.Context, recording Recording[P], interpreter Interpreter[P], engine Ingester, progress func(pieces, bytes int),
) (ImportStats, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := &pipeline{engine: engine, bad: NewBadInput(nil)}
	runs := make(chan importRun[P], importAhead)
	var readErr error // valid when runs is closed
	go func() {
		defer close(runs)
		readErr = readRuns(ctx, recording, runs)
	}()
	stats, heard, err := importRuns(ctx, runs, interpreter, out, progress)
	cancel()
	for range runs { // so that the reader is done before we are
	}
	stats.Observations, stats.BadInput = out.recorded, out.bad.Kinds()
	switch {
	case err != nil:
		return stats, fmt.Errorf("import: %w", err)
	case readErr != nil:
		return stats, fmt.Errorf("import: read: %w", readErr)
	case !heard:
		return stats, fmt.Errorf("import: %w", ErrEmptyRecording)
	}
	return stats, nil
}

// readRuns gathers what is recorded into runs.
func readRuns[P any](ctx context.Context, recording Recording[P], runs chan<- importRun[P]) error {
	var run importRun[P]
	pass := func() bool {
		run.bytes = recording.Bytes()
		select {
		case runs <- run:
		case <-ctx.Done():
			return false
		}
		run = importRun[P]{pieces: make([]P, 0, importBatch)}
		return true
	}
	for {
		next, err := recording.Next()
		switch {
		case err != nil:
			if !pass() {
				return ctx.Err()
			}
			if err == io.EOF {
				return nil
			}
			return err
		case next.Begins:
			if run.count > 0 && !pass() {
				return ctx.Err()
			}
			run.begins, run.version = true, next.Version
			continue
		case !next.Bad:
			run.pieces = append(run.pieces, next.Piece)
		}
		if run.count++; run.count >= importBatch && !pass() {
			return ctx.Err()
		}
	}
}

// importRuns translates and records what is read. heard: a session began, or there was a piece that could be used.
func importRuns[P any](
	ctx context.Context, runs <-chan importRun[P], interpreter Interpreter[P], out *pipeline, progress func(pieces, bytes int),
) (stats ImportStats, heard bool, err error) {
	up := false
	for run := range runs {
		if run.begins {
			if up {
				out.add(interpreter.LinkDown(endOfRecording, time.Time{}))
			}
			out.add(interpreter.LinkUp(run.version, time.Time{}))
			up = true
			stats.Sessions++
		} else if !up && len(run.pieces) > 0 { // a recording that begins in the middle
			out.add(interpreter.LinkUp("", time.Time{}))
			up = true
		}
		for _, piece := range run.pieces {
			out.add(interpreter.Translate(piece, time.Time{}))
		}
		if err := out.flush(ctx); err != nil {
			return stats, up, err
		}
		stats.Pieces += run.count
		stats.Bytes = int(run.bytes)
		if progress != nil {
			progress(stats.Pieces, stats.Bytes)
		}
	}
	if err := ctx.Err(); err != nil || !up {
		return stats, up, err
	}
	out.add(interpreter.LinkDown(endOfRecording, time.Time{}))
	return stats, up, out.flush(ctx)
}
