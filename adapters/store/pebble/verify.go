package pebble

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/callstate/callstate/domain/eventlog"
)

// Verified is what Verify has found to be right.
type Verified struct {
	Records uint64 `json:"records"`
	Streams uint64 `json:"streams"`
}

// Verify reads the whole log, as it was when the call began, and checks every record, its place in the log and in its
// stream, the index in both directions, and that no two events have the same id. It needs eight bytes of memory a record.
// The error wraps eventlog.ErrDamaged and says what is wrong first. progress, when it is not nil, is called now and then
// with the number of records that were read.
func (s *Store) Verify(ctx context.Context, progress func(records uint64)) (Verified, error) {
	if progress == nil {
		progress = func(uint64) {}
	}
	var verified Verified
	end := s.tail.durable()
	digests := make([]uint64, 0, end)
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
		digests = append(digests, digest(record.ID))
		if verified.Records++; verified.Records%verifyRun == 0 {
			progress(verified.Records)
		}
	}
	indexed, err := s.verifyIndex(ctx, end, &verified.Streams)
	if err == nil && indexed != verified.Records {
		err = fmt.Errorf("%w: %d records, %d index entries", eventlog.ErrDamaged, verified.Records, indexed)
	}
	if err == nil {
		err = s.verifyIDs(ctx, end, digests)
	}
	return verified, err
}

// digest is different for different ids, mostly.
func digest(id uuid.UUID) uint64 {
	return binary.LittleEndian.Uint64(id[:8]) ^ binary.LittleEndian.Uint64(id[8:])
}

// verifyIDs looks more closely where ids may be the same.
func (s *Store) verifyIDs(ctx context.Context, end eventlog.Position, digests []uint64) error {
	slices.Sort(digests)
	suspects := make(map[uint64]map[uuid.UUID]eventlog.Position)
	for i := 1; i < len(digests); i++ {
		if digests[i] == digests[i-1] {
			suspects[digests[i]] = make(map[uuid.UUID]eventlog.Position)
		}
	}
	if len(suspects) == 0 {
		return nil
	}
	for record, err := range s.ReadAll(ctx, 0) {
		if err != nil {
			return err
		}
		if record.Position > end {
			break
		}
		seen, suspect := suspects[digest(record.ID)]
		if !suspect {
			continue
		}
		if first, same := seen[record.ID]; same {
			return fmt.Errorf("%w: the events at positions %d and %d have the same id %s", eventlog.ErrDamaged, first, record.Position, record.ID)
		}
		seen[record.ID] = record.Position
	}
	return nil
}

// verifyIndexed checks that the index leads to a record.
func (s *Store) verifyIndexed(ctx context.Context, record *eventlog.Record) (err error) {
	if err := s.acquire(ctx); err != nil {
		return err
	}
	defer s.release()
	defer s.sound(&err)
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
