package eventlogtest

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/callstate/callstate/domain/eventlog"
)

// segmentSize is how much of the disk reflog claims at a time, so that the sync of a write has no metadata to write.
const segmentSize = 64 << 20

// reflog is the ceiling: the least that could be called a log. It appends checksummed records to files whose space is
// claimed ahead, as many as are waiting with one write and one sync, and has an index in memory only. No store can
// do less and be durable; what a store adds to it is the price of its other promises.
type reflog struct {
	dir string

	mu       sync.Mutex
	filled   sync.Cond
	waiting  []*refRequest
	closed   bool
	finished chan struct{}

	segments []*os.File
	offset   int64
	index    []refEntry
	streams  map[eventlog.Stream][]int32
	buffer   []byte
}

type refRequest struct {
	stream   eventlog.Stream
	expected eventlog.Revision
	records  [][]byte
	done     chan error
}

// refEntry says where a record is.
type refEntry struct {
	segment, length int32
	offset          int64
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func openReflog(dir string) (*reflog, error) {
	l := &reflog{dir: dir, streams: make(map[eventlog.Stream][]int32), finished: make(chan struct{})}
	l.filled.L = &l.mu
	if err := l.addSegment(); err != nil {
		return nil, err
	}
	go l.run()
	return l, nil
}

func (l *reflog) addSegment() error {
	file, err := os.Create(filepath.Join(l.dir, fmt.Sprintf("%06d.log", len(l.segments))))
	if err != nil {
		return err
	}
	l.segments, l.offset = append(l.segments, file), 0
	return errors.Join(preallocate(file, segmentSize), file.Sync())
}

// Append writes one stream's events. It checks the revision, as every store must.
func (l *reflog) Append(stream eventlog.Stream, expected eventlog.Revision, events []eventlog.Event) error {
	r := &refRequest{stream: stream, expected: expected, records: make([][]byte, len(events)), done: make(chan error, 1)}
	for i := range events {
		r.records[i] = refEncode(stream, expected+eventlog.Revision(i)+1, &events[i])
	}
	l.mu.Lock()
	l.waiting = append(l.waiting, r)
	l.filled.Signal()
	l.mu.Unlock()
	return <-r.done
}

func (l *reflog) run() {
	defer close(l.finished)
	var group []*refRequest
	for {
		l.mu.Lock()
		for len(l.waiting) == 0 && !l.closed {
			l.filled.Wait()
		}
		group, l.waiting = l.waiting, group[:0]
		l.mu.Unlock()
		if len(group) == 0 {
			return
		}
		err := l.write(group)
		for i, r := range group {
			r.done <- err
			group[i] = nil
		}
	}
}

func (l *reflog) write(group []*refRequest) error {
	l.buffer = l.buffer[:0]
	start := l.offset
	for _, r := range group {
		positions := l.streams[r.stream]
		if len(positions) != int(r.expected) {
			return fmt.Errorf("stream %s has revision %d, expected %d", r.stream, len(positions), r.expected)
		}
		for _, record := range r.records {
			positions = append(positions, int32(len(l.index)))
			l.index = append(l.index, refEntry{
				segment: int32(len(l.segments) - 1), offset: start + int64(len(l.buffer)), length: int32(len(record)),
			})
			l.buffer = append(l.buffer, record...)
		}
		l.streams[r.stream] = positions
	}
	file := l.segments[len(l.segments)-1]
	if _, err := file.WriteAt(l.buffer, start); err != nil {
		return err
	}
	if err := syncData(file); err != nil {
		return err
	}
	l.offset += int64(len(l.buffer))
	if l.offset > segmentSize-(4<<20) {
		return l.addSegment()
	}
	return nil
}

// ReadAll reads every record in order, and returns how many there are.
func (l *reflog) ReadAll() (int, error) {
	count := 0
	for i, file := range l.segments {
		reader := bufio.NewReaderSize(io.NewSectionReader(file, 0, segmentSize), 1<<20)
		var record []byte
		for count < len(l.index) && int(l.index[count].segment) == i {
			record = append(record[:0], make([]byte, l.index[count].length)...)
			if _, err := io.ReadFull(reader, record); err != nil {
				return count, err
			}
			if _, err := refDecode(record); err != nil {
				return count, err
			}
			count++
		}
	}
	return count, nil
}

// ReadStream reads the records of a stream, and returns how many there are.
func (l *reflog) ReadStream(stream eventlog.Stream) (int, error) {
	var record []byte
	for _, position := range l.streams[stream] {
		entry := l.index[position]
		record = append(record[:0], make([]byte, entry.length)...)
		if _, err := l.segments[entry.segment].ReadAt(record, entry.offset); err != nil {
			return 0, err
		}
		if _, err := refDecode(record); err != nil {
			return 0, err
		}
	}
	return len(l.streams[stream]), nil
}

// Close ends the writer and closes the files.
func (l *reflog) Close() error {
	l.mu.Lock()
	l.closed = true
	l.filled.Signal()
	l.mu.Unlock()
	<-l.finished
	var errs []error
	for _, file := range l.segments {
		errs = append(errs, file.Close())
	}
	return errors.Join(errs...)
}

// refEncode lays out a record: checksum, revision, the envelope's fixed parts, then the others with their lengths.
func refEncode(stream eventlog.Stream, revision eventlog.Revision, e *eventlog.Event) []byte {
	b := make([]byte, 4, 128+len(stream)+len(e.Data))
	b = binary.LittleEndian.AppendUint64(b, uint64(revision))
	b = append(b, e.ID[:]...)
	b = append(b, e.Correlation[:]...)
	b = append(b, e.Causation[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(e.SwitchTime.UnixMicro()))
	b = binary.LittleEndian.AppendUint64(b, uint64(e.RecordedAt.UnixMicro()))
	for _, part := range []string{string(stream), e.Type, e.Actor} {
		b = append(binary.AppendUvarint(b, uint64(len(part))), part...)
	}
	b = append(b, e.Data...)
	binary.LittleEndian.PutUint32(b, crc32.Checksum(b[4:], castagnoli))
	return b
}

var errChecksum = errors.New("wrong checksum")

func refDecode(b []byte) (eventlog.Record, error) {
	if crc32.Checksum(b[4:], castagnoli) != binary.LittleEndian.Uint32(b) {
		return eventlog.Record{}, errChecksum
	}
	var r eventlog.Record
	r.Revision = eventlog.Revision(binary.LittleEndian.Uint64(b[4:]))
	copy(r.ID[:], b[12:])
	rest := b[76:]
	length, n := binary.Uvarint(rest)
	r.Stream = eventlog.Stream(rest[n : n+int(length)])
	r.Data = append([]byte(nil), rest[n+int(length):]...)
	return r, nil
}
