package pebble

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/eventlog"
)

// disk is a simulated disk on which certain operations begin to fail, or to wait, when the test says so.
type disk struct {
	vfs.FS
	memory *vfs.MemFS
	fault  atomic.Pointer[func(op errorfs.Op) error]
}

func newDisk() *disk { return diskOf(vfs.NewCrashableMem()) }

func diskOf(memory *vfs.MemFS) *disk {
	d := &disk{memory: memory}
	d.FS = errorfs.Wrap(d.memory, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if fault := d.fault.Load(); fault != nil {
			return (*fault)(op)
		}
		return nil
	}))
	return d
}

func (d *disk) begin(fault func(op errorfs.Op) error) { d.fault.Store(&fault) }

// isLog says whether an operation is on the engine's own log, where a record first becomes durable.
func isLog(op errorfs.Op) bool { return strings.HasSuffix(op.Path, ".log") }

func isSync(op errorfs.Op) bool {
	switch op.Kind {
	case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo:
		return true
	}
	return false
}

func isWrite(op errorfs.Op) bool {
	return op.Kind == errorfs.OpFileWrite || op.Kind == errorfs.OpFileWriteAt
}

var errInjected = errors.New("the disk is broken")

func TestFailedWrite(t *testing.T) {
	cases := map[string]struct {
		fails func(op errorfs.Op) error
		data  int
	}{
		"a sync fails": {
			fails: func(op errorfs.Op) error { return when(isLog(op) && isSync(op), errInjected) }, data: 100,
		},
		"a small write fails": {
			fails: func(op errorfs.Op) error { return when(isLog(op) && isWrite(op), errInjected) }, data: 100,
		},
		"a large write fails": {
			fails: func(op errorfs.Op) error { return when(isLog(op) && isWrite(op), errInjected) }, data: 300_000,
		},
		"the disk is full": {
			fails: func(op errorfs.Op) error { return when(op.Kind.ReadOrWrite() == errorfs.OpIsWrite, syscall.ENOSPC) }, data: 100,
		},
		"the disk is full, and much is to be written": {
			fails: func(op errorfs.Op) error { return when(op.Kind.ReadOrWrite() == errorfs.OpIsWrite, syscall.ENOSPC) }, data: 300_000,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			disk := newDisk()
			store, err := Open("log", Options{fs: disk})
			require.NoError(t, err)
			revision := eventlog.Revision(0)
			for range 20 {
				revision, err = appendSome(t.Context(), store, streamOf(0), revision)
				require.NoError(t, err)
			}
			acknowledged := map[eventlog.Stream]eventlog.Revision{streamOf(0): revision}

			disk.begin(c.fails)
			var appenders sync.WaitGroup
			for i := range 10 {
				appenders.Go(func() {
					assert.ErrorIs(t, appendData(store, streamOf(i+1), c.data), eventlog.ErrFailed)
				})
			}
			appenders.Wait()
			require.ErrorIs(t, appendData(store, streamOf(20), 10), eventlog.ErrFailed, "it stays so")

			end, err := store.End(t.Context())
			require.NoError(t, err)
			require.Equal(t, eventlog.Position(revision), end, "what was not acknowledged is not shown")
			read := 0
			for _, err := range store.ReadAll(t.Context(), 0) {
				require.NoError(t, err, "what was acknowledged can still be read")
				read++
			}
			require.Equal(t, int(revision), read)
			for range store.ReadStream(t.Context(), streamOf(1), 1) {
				require.Fail(t, "what was not acknowledged is not shown")
			}

			require.NoError(t, store.Close())
			require.ErrorIs(t, appendData(store, streamOf(20), 10), eventlog.ErrClosed)

			again, err := Open("log", Options{fs: disk.memory.CrashClone(vfs.CrashCloneCfg{})})
			require.NoError(t, err)
			for record, err := range again.ReadAll(t.Context(), end) {
				require.NoError(t, err, "more than was acknowledged may be there, but nothing broken")
				require.NotEqual(t, streamOf(0), record.Stream)
			}
			_, err = again.Verify(t.Context(), nil)
			require.NoError(t, err)
			for stream, revision := range acknowledged {
				require.NoError(t, again.Append(t.Context(), []eventlog.StreamAppend{{
					Stream: stream, Expected: eventlog.At(revision), Events: []eventlog.Event{{ID: uuid.New(), Type: "NoteAdded"}},
				}}))
			}
			require.NoError(t, again.Close())
		})
	}
}

// TestFailedBookkeeping: the engine cannot write down which files it has.
func TestFailedBookkeeping(t *testing.T) {
	disk := newDisk()
	var said bytes.Buffer
	store, err := Open("log", Options{fs: disk, Logger: slog.New(slog.NewTextHandler(&said, nil))})
	require.NoError(t, err)
	revision, err := appendSome(t.Context(), store, streamOf(0), 0)
	require.NoError(t, err)

	disk.begin(func(op errorfs.Op) error {
		return when(strings.Contains(op.Path, "MANIFEST") && isWrite(op), errInjected)
	})
	_, err = store.db.AsyncFlush()
	require.NoError(t, err)
	for store.failure() == nil {
		runtime.Gosched()
	}
	require.ErrorIs(t, appendData(store, streamOf(1), 10), eventlog.ErrFailed)
	require.ErrorContains(t, appendData(store, streamOf(1), 10), errInjected.Error())
	_ = store.Close()
	require.Contains(t, said.String(), errInjected.Error(), "somebody is told")

	again, err := Open("log", Options{fs: disk.memory.CrashClone(vfs.CrashCloneCfg{})})
	require.NoError(t, err)
	requireSurvived(t, again, map[eventlog.Stream]eventlog.Revision{streamOf(0): revision})
	require.NoError(t, again.Close())
}

// TestOnlyDurableRecordsAreSeen holds a sync, while the engine itself shows the records already.
func TestOnlyDurableRecordsAreSeen(t *testing.T) {
	disk := newDisk()
	store, err := Open("log", Options{fs: disk})
	require.NoError(t, err)
	require.NoError(t, appendData(store, "call-1", 10))
	subscriber, unsubscribe := context.WithCancel(t.Context())
	defer unsubscribe()
	seen := make(chan eventlog.Position)
	go func() {
		for record, err := range store.Subscribe(subscriber, 0) {
			if err != nil {
				return
			}
			seen <- record.Position
		}
	}()
	require.Equal(t, eventlog.Position(1), <-seen)

	syncing, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	disk.begin(func(op errorfs.Op) error {
		if isLog(op) && isSync(op) {
			once.Do(func() { close(syncing) })
			<-goOn
		}
		return nil
	})
	appended := make(chan error)
	go func() { appended <- appendData(store, "call-2", 10) }()
	<-syncing
	for {
		// The engine writes its log and shows the batch at the same time.
		if visible, err := store.exists(logKey(2)); visible || err != nil {
			require.NoError(t, err)
			break
		}
		runtime.Gosched()
	}
	end, err := store.End(t.Context())
	require.NoError(t, err)
	require.Equal(t, eventlog.Position(1), end)
	for record, err := range store.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		require.Equal(t, eventlog.Position(1), record.Position)
	}
	for range store.ReadStream(t.Context(), "call-2", 0) {
		require.Fail(t, "the record is not durable")
	}
	select {
	case position := <-seen:
		require.Fail(t, "the record is not durable", "%d", position)
	case err := <-appended:
		require.Fail(t, "the record is not durable", "%v", err)
	default:
	}

	close(goOn)
	require.NoError(t, <-appended)
	require.Equal(t, eventlog.Position(2), <-seen)
	require.NoError(t, store.Close())
}

// TestAppendGivenUp: who gives up waiting is answered at once, what it asked for is done nevertheless, and of its events
// nothing is looked at any more.
func TestAppendGivenUp(t *testing.T) {
	disk := newDisk()
	store, err := Open("log", Options{fs: disk})
	require.NoError(t, err)
	syncing, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	disk.begin(func(op errorfs.Op) error {
		if isLog(op) && isSync(op) {
			once.Do(func() { close(syncing) })
			<-goOn
		}
		return nil
	})
	first := make(chan error)
	go func() { first <- appendData(store, "call-1", 10) }()
	<-syncing

	ctx, giveUp := context.WithCancel(t.Context())
	second := make(chan error)
	event := eventlog.Event{ID: uuid.New(), Type: "NoteAdded", Data: []byte(`"abc"`)}
	go func() {
		second <- store.Append(ctx, []eventlog.StreamAppend{{Stream: "call-2", Events: []eventlog.Event{event}}})
	}()
	for waiting := 0; waiting == 0; {
		store.queue.mu.Lock()
		waiting = len(store.queue.requests)
		store.queue.mu.Unlock()
		runtime.Gosched()
	}
	giveUp()
	require.ErrorIs(t, <-second, context.Canceled)
	clear(event.Data)

	close(goOn)
	require.NoError(t, <-first)
	require.NoError(t, appendData(store, "call-3", 10))
	for record, err := range store.ReadStream(t.Context(), "call-2", 0) {
		require.NoError(t, err)
		require.Equal(t, `"abc"`, string(record.Data))
	}
	require.NoError(t, store.Close())
}

func appendData(store *Store, stream eventlog.Stream, size int) error {
	return store.Append(context.Background(), []eventlog.StreamAppend{{
		Stream: stream, Expected: eventlog.Any(),
		Events: []eventlog.Event{{ID: uuid.New(), Type: "NoteAdded", Data: bytes.Repeat([]byte("x"), size)}},
	}})
}

func when(condition bool, err error) error {
	if condition {
		return err
	}
	return nil
}
