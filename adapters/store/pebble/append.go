package pebble

import (
	"context"
	"errors"

	pebbledb "github.com/cockroachdb/pebble/v2"

	"github.com/callstate/callstate/domain/eventlog"
)

// The bounds of a group. A group is never larger than its bound and one call of Append together, which is far below
// half a memtable: beyond that the engine takes a slower path.
const (
	groupRequests = 1024
	groupBytes    = 1 << 20
)

// request is one call of Append on its way through the writer.
type request struct {
	streams []streamRequest
	places  []eventlog.Place // the records in the order of their positions
	size    int
	// err is the outcome, which the writer puts in before it closes done.
	err   error
	wrote bool
	done  chan struct{}
}

// streamRequest is one stream's part of a request, in stored form, so that nothing of the caller's is looked at once
// Append has returned.
type streamRequest struct {
	stream   eventlog.Stream
	expected eventlog.Expected
	records  [][]byte
	// actual is the revision that the writer has found the stream to have; write is whether the records follow it.
	actual eventlog.Revision
	write  bool
}

// Append implements eventlog.Appender. When ctx ends before the call does, the events may be written nevertheless.
func (s *Store) Append(ctx context.Context, appends []eventlog.StreamAppend) error {
	if err := eventlog.Validate(appends); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	r := newRequest(appends)
	if err := s.queue.put(r); err != nil {
		return err
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func newRequest(appends []eventlog.StreamAppend) *request {
	r := &request{streams: make([]streamRequest, len(appends)), places: eventlog.Places(appends), done: make(chan struct{})}
	for i := range appends {
		a := &appends[i]
		part := streamRequest{stream: a.Stream, expected: a.Expected, records: make([][]byte, len(a.Events))}
		for j := range a.Events {
			part.records[j] = encodeRecord(a.Stream, &a.Events[j])
			r.size += len(part.records[j])
		}
		r.streams[i] = part
	}
	return r
}

// writer is the one goroutine that writes. It takes whatever has been queued while it wrote the last time and writes it
// with one sync: so a lone appender never waits for company, and many share the cost.
type writer struct {
	store *Store
	heads *heads
	// group counts the groups. What follows belongs to the one in hand: the batch, the position of its first record,
	// its records, and where in their streams these stand.
	group   uint64
	batch   *pebbledb.Batch
	first   eventlog.Position
	records [][]byte
	places  []place
	// labelled is how many records the label speaks of.
	labelled eventlog.Position
	// late are the requests that have to wait for the next group.
	late []*request
	// key and value are for putting together what goes into the batch, which copies it.
	key, value []byte
}

type place struct {
	stream   eventlog.Stream
	revision eventlog.Revision
}

// run ends when the queue is closed and empty.
func (w *writer) run() {
	var group []*request
	for {
		group = w.store.queue.take(append(group[:0], w.late...))
		if len(group) == 0 {
			return
		}
		w.late = w.late[:0]
		w.write(group)
		clear(group)
	}
}

// write answers every request of a group, or puts it into late.
func (w *writer) write(group []*request) {
	w.group++
	w.heads.age()
	w.batch.Reset()
	clear(w.records)
	w.records, w.places = w.records[:0], w.places[:0]
	w.first = w.store.tail.durable() + 1

	answered := group[:0]
	for _, r := range group {
		if w.admit(r) {
			answered = append(answered, r)
		} else {
			w.late = append(w.late, r)
		}
	}
	w.index()
	err := w.commit()
	if err == nil {
		w.store.tail.publish(w.records)
	}
	for _, r := range answered {
		if err != nil && r.wrote {
			r.err = err
		}
		close(r.done)
	}
	w.label()
}

// label renews the label of the folder from time to time.
func (w *writer) label() {
	end := w.store.tail.durable()
	if end-w.labelled < labelEvery {
		return
	}
	if err := writeLabel(w.store.files, w.store.dir, label{format: logFormat, records: end}); err != nil {
		_ = w.store.fail(err)
	}
	w.labelled = end
}

// admit adds what a request asks for to the batch. It reports false when the request has to wait for the next group:
// its answer depends on records of this one, of which nobody knows yet whether they will be durable.
func (w *writer) admit(r *request) bool {
	if r.err = w.store.failure(); r.err != nil {
		return true
	}
	var conflicts []error
	for i := range r.streams {
		late, err := w.check(&r.streams[i])
		if late {
			return false
		}
		if errors.Is(err, eventlog.ErrConflict) {
			conflicts = append(conflicts, err)
		} else if err != nil {
			r.err = err
			return true
		}
	}
	for _, place := range r.places {
		if part := &r.streams[place.Append]; part.write {
			w.add(part, part.records[place.Event])
			r.wrote = true
		}
	}
	r.err = oneOf(conflicts)
	return true
}

// check finds out whether a stream's records are to be written. It must not change anything, for the request may turn
// out to be late.
func (w *writer) check(part *streamRequest) (late bool, err error) {
	expected, checked := part.expected.Revision()
	known, ok := w.heads.get(part.stream)
	part.actual = known.revision
	if !ok {
		if part.actual, err = w.head(part.stream, expected, checked); err != nil {
			return false, err
		}
	}
	part.write = !checked || expected == part.actual
	if part.write {
		return false, nil
	}
	if ok && known.group == w.group {
		return true, nil
	}
	same, err := w.store.holds(part.stream, expected, part.actual, part.records)
	if err != nil || same {
		return false, err
	}
	return false, &eventlog.ConflictError{Stream: part.stream, Expected: expected, Actual: part.actual}
}

// head looks up the revision of a stream.
func (w *writer) head(
	stream eventlog.Stream, expected eventlog.Revision, checked bool,
) (_ eventlog.Revision, err error) {
	defer w.store.sound(&err)
	if checked {
		// Two point reads, of which filters answer the second, are cheaper than a search for the end.
		is, err := w.store.isHead(stream, expected)
		if err != nil || is {
			return expected, err
		}
	}
	return w.store.head(stream)
}

func (w *writer) add(part *streamRequest, record []byte) {
	part.actual++
	position := w.first + eventlog.Position(len(w.records))
	sealRecord(record, part.actual, position)
	w.key = appendLogKey(w.key[:0], position)
	w.set(w.key, record)
	w.records = append(w.records, record)
	w.places = append(w.places, place{part.stream, part.actual})
	w.heads.put(part.stream, head{part.actual, w.group})
}

// index adds the group's index entries. They come behind all of its records, since the engine is quick at taking keys
// in their order, as those of the records are.
func (w *writer) index() {
	for i, place := range w.places {
		w.key = appendIndexKey(w.key[:0], place.stream, place.revision)
		w.value = appendPosition(w.value[:0], w.first+eventlog.Position(i))
		w.set(w.key, w.value)
	}
}

// set adds to the batch, which can fail with batches of another kind only.
func (w *writer) set(key, value []byte) { _ = w.batch.Set(key, value, nil) }

// commit makes the batch durable. After an error the store takes nothing more: what the disk holds then, only opening it
// again can tell.
func (w *writer) commit() error {
	if w.batch.Empty() {
		return nil
	}
	if err := w.batch.Commit(pebbledb.Sync); err != nil {
		return w.store.fail(err)
	}
	// The engine does not know of a failed write: see guard.
	return w.store.failure()
}

// oneOf joins errors, but leaves a single one as it is.
func oneOf(errs []error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}
