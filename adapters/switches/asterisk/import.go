package asterisk

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/callstate/callstate/adapters/switches/connection"
)

// ErrNotAMI: there is no banner and not a single block in what should be a recorded session.
var ErrNotAMI = errors.New("not a recorded AMI session")

// Import reads a recorded session of a manager and takes it to the engine, as connection.Import says. A stream of several
// sessions one after the other (banner, blocks, banner, blocks) is read as what it is. Bad blocks are counted and passed over.
func Import(
	ctx context.Context, source io.Reader, interpreter Interpreter, engine Ingester, progress func(blocks, bytes int),
) (connection.ImportStats, error) {
	r := &recorded{FrameReader: NewFrameReader(source), bad: connection.NewBadInput(nil)}
	stats, err := connection.Import(ctx, r, interpreter, engine, progress)
	stats.BadInput = append(r.bad.Kinds(), stats.BadInput...)
	if errors.Is(err, connection.ErrEmptyRecording) {
		err = fmt.Errorf("import: %w", ErrNotAMI)
	}
	return stats, err
}

// recorded is a recorded session cut into blocks; a banner begins a session.
type recorded struct {
	*FrameReader
	bad *connection.BadInput
}

// Next returns the next block or banner.
func (r *recorded) Next() (connection.Recorded[Block], error) {
	for {
		frame, err := r.FrameReader.Next()
		if err != nil {
			return connection.Recorded[Block]{}, err
		}
		if frame.Kind == FrameBanner {
			return connection.Recorded[Block]{Begins: true, Version: frame.Version()}, nil
		}
		b, ok := parse(frame, r.bad)
		if frame.Kind == FrameIncomplete {
			continue // the end comes next
		}
		return connection.Recorded[Block]{Piece: b, Bad: !ok}, nil
	}
}
