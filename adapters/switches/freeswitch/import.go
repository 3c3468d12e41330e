package freeswitch

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/callstate/callstate/adapters/switches/connection"
)

// ErrNotESL: there is no event and no answer in what should be a recorded session.
var ErrNotESL = errors.New("not a recorded event socket session")

// Import reads a recorded session of an event socket and takes it to the engine, as connection.Import says. A stream of
// several sessions one after the other (auth/request, blocks, auth/request, blocks) is read as what it is. Bad blocks are
// counted and passed over.
func Import(
	ctx context.Context, source io.Reader, interpreter Interpreter, engine Ingester, progress func(blocks, bytes int),
) (connection.ImportStats, error) {
	r := &recorded{FrameReader: NewFrameReader(source), bad: connection.NewBadInput(nil)}
	stats, err := connection.Import(ctx, r, interpreter, engine, progress)
	stats.BadInput = append(r.bad.Kinds(), stats.BadInput...)
	if errors.Is(err, connection.ErrEmptyRecording) {
		err = fmt.Errorf("import: %w", ErrNotESL)
	}
	return stats, err
}

// recorded is a recorded session cut into events; auth/request begins a session.
type recorded struct {
	*FrameReader
	bad *connection.BadInput
}

// Next returns the next event or other block.
func (r *recorded) Next() (connection.Recorded[Event], error) {
	for {
		frame, err := r.FrameReader.Next()
		if err != nil {
			return connection.Recorded[Event]{}, err
		}
		if frame.ContentType == authRequest {
			return connection.Recorded[Event]{Begins: true}, nil
		}
		e, ok := parse(frame, r.bad)
		if frame.Kind == FrameIncomplete {
			continue // the end comes next
		}
		return connection.Recorded[Event]{Piece: e, Bad: !ok}, nil
	}
}
