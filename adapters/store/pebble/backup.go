package pebble

import (
	"bytes"
	"context"
	"fmt"

	pebbledb "github.com/cockroachdb/pebble/v2"

	"github.com/callstate/callstate/domain/eventlog"
)

// Backup makes a copy of the log in a folder that must not exist yet, while the log is in use: every record that had
// been acknowledged when the call began is in it. On the same file system this takes next to no time and room, since the
// files are linked; they are never written again. The copy is opened like any log.
func (s *Store) Backup(ctx context.Context, dir string) error {
	if err := s.acquire(ctx); err != nil {
		return err
	}
	defer s.release()
	if err := s.failure(); err != nil {
		return err
	}
	end := s.tail.durable()
	err := s.db.Checkpoint(dir, pebbledb.WithFlushedWAL())
	if err == nil {
		err = writeLabel(s.files, dir, label{format: logFormat, records: end})
	}
	if err != nil {
		return fmt.Errorf("back up event log %s to %s: %w", s.dir, dir, translate(err))
	}
	return nil
}

// Verified is what Verify has found to be right.
type Verified struct {
	Records uint64
	Streams uint64
}

// Verify reads the whole log, as it was when the call began, and checks every record, its place in the log and in its
// stream, and the index in both directions. The error wraps eventlog.ErrDamaged and says what is wrong first.
func (s *Store) Verify(ctx context.Context) (Verified, error) {
	var verified Verified
	end := s.tail.durable()
	for record, err := range s.ReadAll(ctx, 0) {
		if err != nil {
			return verified, err
		}
		if record.Position > end {
			break
		}
		if err := s.verifyIndexed(ctx, &record); err != nil {
			return verified, err
		}
		verified.Records++
	}
	indexed, err := s.verifyIndex(ctx, end, &verified.Streams)
	if err == nil && indexed != verified.Records {
		err = fmt.Errorf("%w: %d records, %d index entries", eventlog.ErrDamaged, verified.Records, indexed)
	}
	return verified, err
}

// verifyIndexed checks that the index leads to a record.
func (s *Store) verifyIndexed(ctx context.Context, record *eventlog.Record) error {
	if err := s.acquire(ctx); err != nil {
		return err
	}
	defer s.release()
	value, closer, err := s.db.Get(indexKey(record.Stream, record.Revision))
	if err != nil {
		return fmt.Errorf("%w: %w", damagedIndex(record.Stream, record.Revision), err)
	}
	defer closer.Close()
	if position, ok := decodePosition(value); !ok || position != record.Position {
		return damagedIndex(record.Stream, record.Revision)
	}
	return nil
}

// verifyRun is how many index entries are read at a time.
const verifyRun = 10_000

// verifyIndex checks that the revisions of every stream are 1, 2, 3, ... and counts the entries up to a position.
func (s *Store) verifyIndex(ctx context.Context, end eventlog.Position, streams *uint64) (entries uint64, err error) {
	from, until := []byte{indexFamily}, []byte{indexFamily + 1}
	var stream []byte
	var last eventlog.Revision
	visit := func(key, value []byte) error {
		name, revision, ok := splitIndexKey(key)
		if !ok {
			return fmt.Errorf("%w: index key %x", eventlog.ErrDamaged, key)
		}
		if !bytes.Equal(name, stream) || *streams == 0 {
			stream, last = append(stream[:0], name...), 0
		}
		position, ok := decodePosition(value)
		if last++; !ok || revision != last {
			return damagedIndex(eventlog.Stream(name), last)
		}
		if position <= end {
			entries++
			if revision == 1 {
				*streams++
			}
		}
		return nil
	}
	for from != nil && err == nil {
		from, err = s.visitRun(ctx, from, until, visit)
	}
	return entries, err
}

// visitRun calls visit for some of the keys in a range, and returns where the rest begins, or nil when there is none.
func (s *Store) visitRun(ctx context.Context, from, until []byte, visit func(key, value []byte) error) (rest []byte, err error) {
	if err := s.acquire(ctx); err != nil {
		return nil, err
	}
	defer s.release()
	defer s.sound(&err)
	it, err := s.iterate(from, until)
	if err != nil {
		return nil, err
	}
	defer closeIter(it, &err)
	visited := 0
	for ok := it.First(); ok; ok = it.Next() {
		if visited++; visited > verifyRun {
			return bytes.Clone(it.Key()), nil
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return nil, translate(err)
		}
		if err := visit(it.Key(), value); err != nil {
			return nil, err
		}
	}
	return nil, translate(it.Error())
}
