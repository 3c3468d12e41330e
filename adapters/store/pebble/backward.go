package pebble

import (
	"context"
	"iter"

	"github.com/callstate/callstate/domain/eventlog"
)

// firstBackward is how many records are read backward at first: mostly it is the last few that are asked for.
const firstBackward = 16

// ReadStreamBackward implements eventlog.BackwardReader.
func (s *Store) ReadStreamBackward(
	ctx context.Context, stream eventlog.Stream, from eventlog.Revision,
) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		end, reader := s.tail.durable(), &decoder{}
		top, err := s.topOf(ctx, stream, from)
		for limit := firstBackward; top > 0 && err == nil; limit = min(4*limit, runRecords) {
			var run []eventlog.Record
			if run, top, err = s.readBackwardRun(ctx, reader, stream, top, limit, end); err == nil && !s.yield(ctx, run, yield) {
				return
			}
		}
		if err != nil {
			yield(eventlog.Record{}, err)
		}
	}
}

// topOf is a revision of a stream, or the stream's last if that is less or if the revision is 0.
func (s *Store) topOf(ctx context.Context, stream eventlog.Stream, revision eventlog.Revision) (_ eventlog.Revision, err error) {
	if err := s.acquire(ctx); err != nil {
		return 0, err
	}
	defer s.release()
	defer s.sound(&err)
	head, err := s.head(stream)
	if revision == 0 {
		return head, err
	}
	return min(revision, head), err
}

// readBackwardRun returns at most limit records of a stream from a revision down, but those behind end, and the revision
// from which it goes on: 0 when that was all.
func (s *Store) readBackwardRun(
	ctx context.Context, reader *decoder, stream eventlog.Stream, top eventlog.Revision, limit int, end eventlog.Position,
) (run []eventlog.Record, next eventlog.Revision, err error) {
	if err := s.acquire(ctx); err != nil {
		return nil, 0, err
	}
	defer s.release()
	defer s.sound(&err)
	below := top - min(top, eventlog.Revision(limit))
	positions, err := s.positions(stream, below+1, int(top-below), end)
	if err != nil || len(positions) == 0 {
		return nil, below, err
	}
	it, err := s.iterate(logKey(positions[0]), logKey(positions[len(positions)-1]+1))
	if err != nil {
		return nil, 0, err
	}
	defer closeIter(it, &err)
	next = below + eventlog.Revision(len(positions))
	for size := 0; next > below && size < runBytes; next-- {
		var record eventlog.Record
		stored, err := seekRecord(it, reader, positions[next-below-1], &record)
		if err == nil {
			err = isAt(&record, stream, next)
		}
		if err != nil {
			return nil, 0, err
		}
		run = append(run, record)
		size += stored
	}
	return run, next, nil
}
