package pebble

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	pebbledb "github.com/cockroachdb/pebble/v2"

	"github.com/callstate/callstate/domain/eventlog"
)

// Reads go run by run: a run is read into memory, everything of the engine's is given back, then the caller gets the
// records. So a caller may take its time, or close the store, without holding up anything. Who reads on gets longer runs:
// each begins with a search, and with reading ahead anew.
const (
	runRecords     = 1024
	longRunRecords = 8 * runRecords
	recordBytes    = 1024 // a run ends after so many for each record that it may have
	runBytes       = runRecords * recordBytes
)

// ReadAll implements eventlog.Reader.
func (s *Store) ReadAll(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		end, reader := s.tail.durable(), &decoder{}
		var run []eventlog.Record
		for limit := runRecords; after < end; limit = min(2*limit, longRunRecords) {
			var err error
			if run, err = s.readRun(ctx, reader, after, end, run[:0], limit); err != nil {
				yield(eventlog.Record{}, err)
				return
			}
			if !s.yield(ctx, run, yield) {
				return
			}
			after = run[len(run)-1].Position
		}
		if err := s.ended(ctx); err != nil {
			yield(eventlog.Record{}, err)
		}
	}
}

// ReadStream implements eventlog.Reader.
func (s *Store) ReadStream(ctx context.Context, stream eventlog.Stream, from eventlog.Revision) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		from = max(from, 1)
		end, reader := s.tail.durable(), &decoder{}
		for more := true; more; {
			var run []eventlog.Record
			var err error
			if run, more, err = s.readStreamRun(ctx, reader, stream, from, end); err != nil {
				yield(eventlog.Record{}, err)
				return
			}
			if !s.yield(ctx, run, yield) {
				return
			}
			from += eventlog.Revision(len(run))
		}
	}
}

// Subscribe implements eventlog.Subscriber.
func (s *Store) Subscribe(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		for run, err := range s.SubscribeBatches(ctx, after, runRecords) {
			if err != nil {
				yield(eventlog.Record{}, err)
				return
			}
			if !s.yield(ctx, run, yield) {
				return
			}
		}
	}
}

// SubscribeBatches implements eventlog.BatchSubscriber.
func (s *Store) SubscribeBatches(ctx context.Context, after eventlog.Position, limit int) iter.Seq2[[]eventlog.Record, error] {
	return func(yield func([]eventlog.Record, error) bool) {
		reader := &decoder{}
		for {
			run, err := s.follow(ctx, reader, after, max(limit, 1))
			if err != nil {
				yield(nil, err)
				return
			}
			after = run[len(run)-1].Position
			if !yield(run, nil) {
				return
			}
		}
	}
}

// follow returns the records that follow a position, from memory if they are there still, and waits for the first if
// there are none yet.
func (s *Store) follow(ctx context.Context, reader *decoder, after eventlog.Position, limit int) ([]eventlog.Record, error) {
	for {
		if err := s.ended(ctx); err != nil {
			return nil, err
		}
		stored, end, grown := s.tail.next(after, limit)
		switch {
		case len(stored) > 0:
			run := make([]eventlog.Record, len(stored))
			for i := range stored {
				after++
				if err := reader.decode(stored[i], after, &run[i]); err != nil {
					return nil, err
				}
			}
			return run, nil
		case after < end:
			return s.readRun(ctx, reader, after, end, nil, min(limit, runRecords))
		}
		select {
		case <-grown:
		case <-ctx.Done():
		case <-s.closing:
		}
	}
}

// yield hands out a run. It returns false when the sequence is over.
func (s *Store) yield(ctx context.Context, run []eventlog.Record, yield func(eventlog.Record, error) bool) bool {
	for i := range run {
		if err := s.ended(ctx); err != nil {
			yield(eventlog.Record{}, err)
			return false
		}
		if !yield(run[i], nil) {
			return false
		}
	}
	return true
}

// readRun appends to run the records that follow a position, up to end and at most limit: at least one.
func (s *Store) readRun(
	ctx context.Context, reader *decoder, after, end eventlog.Position, run []eventlog.Record, limit int,
) (_ []eventlog.Record, err error) {
	if err := s.acquire(ctx); err != nil {
		return nil, err
	}
	defer s.release()
	defer s.sound(&err)
	it, err := s.iterate(logKey(after+1), logKey(end+1))
	if err != nil {
		return nil, err
	}
	defer closeIter(it, &err)
	run = slices.Grow(run, int(min(end-after, eventlog.Position(limit))))
	size := 0
	for ok := it.First(); ok && len(run) < limit && size < limit*recordBytes; ok = it.Next() {
		after++
		if position, ok := logKeyPosition(it.Key()); !ok || position != after {
			return nil, damagedRecord(after, "it is missing")
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return nil, translate(err)
		}
		run = append(run, eventlog.Record{})
		if err := reader.decode(value, after, &run[len(run)-1]); err != nil {
			return nil, err
		}
		size += len(value)
	}
	if err := it.Error(); err != nil {
		return nil, translate(err)
	}
	if len(run) == 0 {
		return nil, damagedRecord(after+1, "it is missing")
	}
	return run, nil
}

// readStreamRun returns records of a stream from a revision on, none of them behind end, and whether there may be more.
func (s *Store) readStreamRun(
	ctx context.Context, reader *decoder, stream eventlog.Stream, from eventlog.Revision, end eventlog.Position,
) (run []eventlog.Record, more bool, err error) {
	if err := s.acquire(ctx); err != nil {
		return nil, false, err
	}
	defer s.release()
	defer s.sound(&err)
	positions, err := s.positions(stream, from, runRecords, end)
	if err != nil || len(positions) == 0 {
		return nil, false, err
	}
	it, err := s.iterate(logKey(positions[0]), logKey(positions[len(positions)-1]+1))
	if err != nil {
		return nil, false, err
	}
	defer closeIter(it, &err)
	run = make([]eventlog.Record, len(positions))
	size := 0
	for i, position := range positions {
		if size >= runBytes {
			return run[:i], true, nil
		}
		stored, err := seekRecord(it, reader, position, &run[i])
		if err == nil {
			err = isAt(&run[i], stream, from+eventlog.Revision(i))
		}
		if err != nil {
			return nil, false, err
		}
		size += stored
	}
	return run, len(run) == runRecords, nil
}

// isAt checks that a record is the one of which the index speaks.
func isAt(record *eventlog.Record, stream eventlog.Stream, revision eventlog.Revision) error {
	if record.Stream != stream || record.Revision != revision {
		return damagedRecord(record.Position, "it is not the one of which the index speaks")
	}
	return nil
}

// seekRecord reads the record at a position and returns the size of its stored form.
func seekRecord(it *pebbledb.Iterator, reader *decoder, position eventlog.Position, record *eventlog.Record) (int, error) {
	key := logKey(position)
	if !it.SeekGE(key) || !bytes.Equal(it.Key(), key) {
		if err := it.Error(); err != nil {
			return 0, translate(err)
		}
		return 0, damagedRecord(position, "it is missing")
	}
	value, err := it.ValueAndErr()
	if err != nil {
		return 0, translate(err)
	}
	return len(value), reader.decode(value, position, record)
}

// positions looks up where a stream's records from a revision on stand, limit of them at most, and none behind end.
func (s *Store) positions(
	stream eventlog.Stream, from eventlog.Revision, limit int, end eventlog.Position,
) (positions []eventlog.Position, err error) {
	it, err := s.iterate(indexKey(stream, from), indexEnd(stream))
	if err != nil {
		return nil, err
	}
	defer closeIter(it, &err)
	for ok := it.First(); ok && len(positions) < limit; ok = it.Next() {
		want := from + eventlog.Revision(len(positions))
		if _, revision, ok := splitIndexKey(it.Key()); !ok || revision != want {
			return nil, damagedIndex(stream, want)
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return nil, translate(err)
		}
		position, ok := decodePosition(value)
		if !ok {
			return nil, damagedIndex(stream, want)
		}
		if position > end {
			break
		}
		positions = append(positions, position)
	}
	return positions, translate(it.Error())
}

// isHead says whether a stream has exactly this revision.
func (s *Store) isHead(stream eventlog.Stream, revision eventlog.Revision) (bool, error) {
	if revision > 0 {
		if exists, err := s.exists(indexKey(stream, revision)); err != nil || !exists {
			return false, err
		}
	}
	beyond, err := s.exists(indexKey(stream, revision+1))
	return !beyond && err == nil, err
}

func (s *Store) exists(key []byte) (bool, error) {
	_, closer, err := s.db.Get(key)
	if errors.Is(err, pebbledb.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, translate(err)
	}
	return true, closer.Close()
}

// head looks up the revision of a stream.
func (s *Store) head(stream eventlog.Stream) (revision eventlog.Revision, err error) {
	it, err := s.iterate(indexKey(stream, 0), indexEnd(stream))
	if err != nil {
		return 0, err
	}
	defer closeIter(it, &err)
	if it.Last() {
		var ok bool
		if _, revision, ok = splitIndexKey(it.Key()); !ok {
			return 0, damagedIndex(stream, 0)
		}
	}
	return revision, translate(it.Error())
}

// holds says whether a stream has exactly these records right after a revision: then they have been appended before.
func (s *Store) holds(stream eventlog.Stream, after, actual eventlog.Revision, records [][]byte) (bool, error) {
	if after > actual || actual-after < eventlog.Revision(len(records)) {
		return false, nil
	}
	there := s.ReadStream(context.Background(), stream, after+1)
	i := 0
	for record, err := range there {
		switch {
		case err != nil:
			return false, err
		case record.ID != encodedID(records[i]):
			return false, nil
		}
		if i++; i == len(records) {
			return true, nil
		}
	}
	return false, damagedIndex(stream, after+1+eventlog.Revision(i))
}

// lastPosition finds the end of the log on the disk.
func (s *Store) lastPosition() (end eventlog.Position, err error) {
	it, err := s.iterate([]byte{logFamily}, []byte{logFamily + 1})
	if err != nil {
		return 0, err
	}
	defer closeIter(it, &err)
	if it.Last() {
		var ok bool
		if end, ok = logKeyPosition(it.Key()); !ok {
			return 0, fmt.Errorf("%w: a key of the log is malformed", eventlog.ErrDamaged)
		}
	}
	return end, nil
}

// isEmpty says whether there is nothing at all in the engine.
func (s *Store) isEmpty() (empty bool, err error) {
	it, err := s.iterate(nil, nil)
	if err != nil {
		return false, err
	}
	defer closeIter(it, &err)
	return !it.First(), nil
}

func damagedIndex(stream eventlog.Stream, revision eventlog.Revision) error {
	return fmt.Errorf("%w: the index entry of revision %d of stream %s", eventlog.ErrDamaged, revision, stream)
}

func (s *Store) iterate(from, until []byte) (*pebbledb.Iterator, error) {
	it, err := s.db.NewIter(&pebbledb.IterOptions{LowerBound: from, UpperBound: until})
	return it, translate(err)
}

// closeIter closes an iterator, whose error counts unless there is one already.
func closeIter(it *pebbledb.Iterator, err *error) {
	if closeErr := it.Close(); *err == nil {
		*err = translate(closeErr)
	}
}
