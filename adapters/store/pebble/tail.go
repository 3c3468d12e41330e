package pebble

import (
	"sync"

	"github.com/callstate/callstate/domain/eventlog"
)

// The bounds of the tail. A subscriber that falls further behind reads from the disk until it has caught up.
const (
	tailRecords = 16 << 10
	tailBytes   = 16 << 20
)

// tail is the end of the log: how far it is durable, and the last durable records in their stored form. What is not
// in here yet must not be shown to anybody, although the engine would already yield it.
type tail struct {
	mu sync.Mutex
	// end is the position of the last durable record; records holds those of first up to end, each at its position
	// modulo the length. Together they have bytes, at most maxBytes.
	first, end eventlog.Position
	records    [][]byte
	bytes      int
	maxBytes   int
	// grown is closed, and replaced, when end has moved. awaited says that somebody has taken it.
	grown   chan struct{}
	awaited bool
}

func newTail(end eventlog.Position, maxRecords, maxBytes int) *tail {
	return &tail{
		first: end + 1, end: end,
		records: make([][]byte, maxRecords), maxBytes: maxBytes,
		grown: make(chan struct{}),
	}
}

// durable is the position of the last durable record.
func (t *tail) durable() eventlog.Position {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.end
}

// publish adds records that have become durable, and wakes those who wait for them. It keeps the records.
func (t *tail) publish(records [][]byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, record := range records {
		t.end++
		if t.end-t.first >= eventlog.Position(len(t.records)) {
			t.forgetFirst()
		}
		*t.slot(t.end) = record
		t.bytes += len(record)
	}
	for t.bytes > t.maxBytes {
		t.forgetFirst()
	}
	if t.awaited {
		close(t.grown)
		t.grown, t.awaited = make(chan struct{}), false
	}
}

func (t *tail) slot(position eventlog.Position) *[]byte {
	return &t.records[position%eventlog.Position(len(t.records))]
}

func (t *tail) forgetFirst() {
	slot := t.slot(t.first)
	t.bytes -= len(*slot)
	*slot = nil
	t.first++
}

// next returns the records that follow a position, at most limit of them, and the log's end. There are none if that is
// the end, and then grown is closed when it is no longer; or if they are on the disk only.
func (t *tail) next(after eventlog.Position, limit int) (records [][]byte, end eventlog.Position, grown <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if after >= t.end {
		t.awaited = true
		return nil, t.end, t.grown
	}
	if after+1 < t.first {
		return nil, t.end, nil
	}
	records = make([][]byte, min(t.end-after, eventlog.Position(limit)))
	for i := range records {
		after++
		records[i] = *t.slot(after)
	}
	return records, t.end, nil
}
