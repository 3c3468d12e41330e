// Package pebble is the event log in a folder on the local disk: the default store of a single engine. It stands on
// the Pebble storage engine; docs/formats/log.md describes what is on the disk.
//
// One goroutine writes. It takes all appends that came in during its last write and writes them as one batch with one
// sync; so what Append has acknowledged survives a crash of the process and of the machine. Reads and subscriptions see
// a record only once it is durable, and hold nothing of the engine while their caller works.
//
// A write that fails is fatal to the store: nobody can say what is on the disk then. Every later append ends with
// eventlog.ErrFailed, what was durable can still be read, and opening the folder again finds out what is there.
package pebble

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"

	pebbledb "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/callstate/callstate/domain/eventlog"
)

// Options adjusts a store. The zero value is good for a single engine with ten thousand agents.
type Options struct {
	// CacheSize is the memory for blocks read from the disk and for what is not yet written out in its final form, in
	// bytes; it is the better part of what the store uses. 0 means DefaultCacheSize; MinCacheSize is the least.
	CacheSize int64
	// Zstd has what is written from now on compressed with Zstandard: fewer bytes on the disk, more work for the processor.
	// Whether it is set or not, all of a log can be read.
	Zstd bool
	// Logger takes what the engine has to say: its errors as errors, all else at debug level. nil: nobody listens.
	Logger *slog.Logger

	// fs stands in for the disk in tests.
	fs vfs.FS
}

// Store is an event log in a folder. It is safe for concurrent use.
type Store struct {
	db     *pebbledb.DB
	files  vfs.FS
	dir    string
	logger *slog.Logger
	queue  *queue
	tail   *tail

	// use is held for reading while a call works with db, so that Close can wait for it. It is never held while the
	// caller's code runs.
	use sync.RWMutex
	// closing is closed when Close begins, written when the writer has ended.
	closing, written chan struct{}
	closed           sync.Once
	closeErr         error

	// failed is the first failed write, and frozen is closed with it.
	failed atomic.Pointer[error]
	frozen chan struct{}
	// damage is the first damage that was found.
	damage atomic.Pointer[error]
}

var (
	_ eventlog.Store           = (*Store)(nil)
	_ eventlog.Ends            = (*Store)(nil)
	_ eventlog.BatchSubscriber = (*Store)(nil)
	_ eventlog.BackwardReader  = (*Store)(nil)
	_ eventlog.Health          = (*Store)(nil)
)

// Open opens the log in a folder, or begins one where there is none. Only one process may have a log open. The store
// has a goroutine of its own, which Close ends.
//
// The error wraps eventlog.ErrInUse, ErrNewerFormat or ErrDamaged where it is that.
func Open(dir string, options Options) (*Store, error) {
	s := &Store{
		dir:     filepath.Clean(dir),
		logger:  options.Logger,
		queue:   newQueue(),
		closing: make(chan struct{}),
		written: make(chan struct{}),
		frozen:  make(chan struct{}),
	}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	if err := s.open(options); err != nil {
		if s.db != nil {
			_ = s.db.Close()
		}
		return nil, fmt.Errorf("open event log %s: %w", dir, err)
	}
	w := &writer{store: s, heads: newHeads(headsGeneration), batch: s.db.NewBatch(), labelled: s.tail.durable()}
	go func() {
		defer close(s.written)
		w.run()
	}()
	return s, nil
}

func (s *Store) open(options Options) (err error) {
	opened := make(chan struct{})
	files := &guard{
		FS: options.fs, dir: s.dir,
		failed: s.failure, fail: s.fail,
		frozen: s.frozen, opened: opened, closing: s.closing,
	}
	if files.FS == nil {
		files.FS = vfs.Default
	}
	s.files = files
	found, err := readLabel(files, s.dir)
	if err != nil {
		return err
	}
	if err := checkEngineFormat(files, s.dir); err != nil {
		return err
	}
	defer func() {
		if failed := s.failure(); err != nil && failed != nil {
			err = failed // whatever followed from it, this is the reason
		}
		if err != nil {
			s.freeze(err)
			close(s.closing)
		}
		close(opened)
	}()
	if s.db, err = pebbledb.Open(s.dir, s.engineOptions(options)); err != nil {
		return translate(err)
	}
	end, err := s.recover(found)
	if err != nil {
		return err
	}
	s.tail = newTail(end, tailRecords, tailBytes)
	return nil
}

// recover finds out what there is, and compares it with what the label says, if there is one.
func (s *Store) recover(found *label) (end eventlog.Position, err error) {
	if end, err = s.lastPosition(); err != nil {
		return 0, err
	}
	if found == nil {
		empty, err := s.isEmpty()
		if err != nil {
			return 0, err
		}
		if !empty {
			return 0, fmt.Errorf("%w: something is there, but no file %s", eventlog.ErrDamaged, labelName)
		}
		found = &label{format: logFormat}
		if err := writeLabel(s.files, s.dir, *found); err != nil {
			return 0, err
		}
	}
	if end < found.records {
		return 0, fmt.Errorf("%w: it has %d records, but had at least %d before", eventlog.ErrDamaged, end, found.records)
	}
	return end, s.failure()
}

// End implements eventlog.Ends.
func (s *Store) End(ctx context.Context) (eventlog.Position, error) {
	if err := s.ended(ctx); err != nil {
		return 0, err
	}
	return s.tail.durable(), nil
}

// Close implements eventlog.Store. Appends that are under way are completed.
func (s *Store) Close() error {
	s.closed.Do(func() {
		s.queue.close()
		close(s.closing)
		<-s.written
		s.use.Lock()
		defer s.use.Unlock()
		if s.failure() == nil {
			_ = writeLabel(s.files, s.dir, label{format: logFormat, records: s.tail.durable()})
		}
		if err := s.db.Close(); err != nil {
			s.closeErr = fmt.Errorf("close event log %s: %w", s.dir, err)
		}
	})
	return s.closeErr
}

// acquire must succeed before db is read; release follows.
func (s *Store) acquire(ctx context.Context) error {
	s.use.RLock()
	if err := s.ended(ctx); err != nil {
		s.use.RUnlock()
		return err
	}
	return nil
}

func (s *Store) release() { s.use.RUnlock() }

// ended is why a call has to end: the store is closed or ctx is done.
func (s *Store) ended(ctx context.Context) error {
	if isClosed(s.closing) {
		return eventlog.ErrClosed
	}
	return ctx.Err()
}

// fail remembers the first failed write, after which the store takes nothing more, and returns it.
func (s *Store) fail(err error) error {
	err = fmt.Errorf("%w: %w", eventlog.ErrFailed, err)
	if s.freeze(err) {
		s.logger.Error("event log takes no more appends", "dir", s.dir, "err", err)
	}
	return s.failure()
}

// freeze keeps the folder from being changed any more. It reports whether it was the first to do so.
func (s *Store) freeze(err error) bool {
	if !s.failed.CompareAndSwap(nil, &err) {
		return false
	}
	close(s.frozen)
	return true
}

// failure is the first failed write, or nil.
func (s *Store) failure() error {
	if err := s.failed.Load(); err != nil {
		return *err
	}
	return nil
}
