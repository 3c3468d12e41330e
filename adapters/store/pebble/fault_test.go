package pebble

import (
	"fmt"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/eventlog"
)

// faultAppends are enough to fill a few memtables, which are small at first.
const faultAppends = 10

// everyFault makes TestEveryFault leave out nothing; otherwise it takes a sample.
const everyFault = "CALLSTATE_TEST_EVERY_FAULT"

// TestEveryFault lets each single operation that changes the disk fail, from opening the log to closing it, in a log
// that is flushed a few times in between. Whatever happens, nothing hangs or panics, an append is acknowledged or
// refused, and what was acknowledged is there when the disk is in order again.
func TestEveryFault(t *testing.T) {
	step := int64(6)
	if os.Getenv(everyFault) != "" {
		step = 1
	}
	crashed := vfs.NewCrashableMem()
	store, err := Open("log", Options{fs: crashed})
	require.NoError(t, err)
	for range faultAppends {
		require.NoError(t, appendData(store, streamOf(1), 60_000))
	}
	crashed = crashed.CrashClone(vfs.CrashCloneCfg{})
	require.NoError(t, store.Close())

	empty := vfs.NewCrashableMem()
	cases := map[string]struct {
		disk    *vfs.MemFS
		there   uint64
		lasting bool
	}{
		"once, in a new log":                   {disk: empty},
		"from then on, in a new log":           {disk: empty, lasting: true},
		"once, in a log after a crash":         {disk: crashed, there: faultAppends},
		"from then on, in a log after a crash": {disk: crashed, there: faultAppends, lasting: true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opened, refused := 0, 0
			for faulty := 1 + rand.Int64N(step); ; faulty += step {
				disk := diskOf(c.disk.CrashClone(vfs.CrashCloneCfg{}))
				var operations atomic.Int64
				disk.begin(func(op errorfs.Op) error {
					if op.Kind.ReadOrWrite() != errorfs.OpIsWrite || op.Kind == errorfs.OpFileClose {
						return nil
					}
					n := operations.Add(1)
					return when(n == faulty || n > faulty && c.lasting, fmt.Errorf("operation %d on %s: %w", n, op.Path, errInjected))
				})
				acknowledged, err := workUntilFault(t, disk)
				if err == nil {
					opened++
				}
				if acknowledged < faultAppends {
					refused++
				}
				disk.fault.Store(nil)
				left := disk.memory.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50 * int(faulty%3), RNG: newRNG()})
				survivor, err := Open("log", Options{fs: left})
				require.NoError(t, err, "operation %d had failed", faulty)
				verified, err := survivor.Verify(t.Context(), nil)
				require.NoError(t, err, "operation %d had failed", faulty)
				require.GreaterOrEqual(t, verified.Records, c.there+acknowledged, "operation %d had failed", faulty)
				require.NoError(t, survivor.Close())
				if operations.Load() < faulty {
					break
				}
			}
			require.Positive(t, refused, "some faults were seen by appends")
			require.Positive(t, opened)
		})
	}
}

// workUntilFault opens a log and appends to it until it is told not to. It returns how many appends were acknowledged.
func workUntilFault(t *testing.T, disk *disk) (acknowledged uint64, err error) {
	t.Helper()
	store, err := Open("log", Options{fs: disk})
	if err != nil {
		return 0, err
	}
	for i := range faultAppends {
		if err := appendData(store, streamOf(1), 60_000); err != nil {
			require.ErrorIs(t, err, eventlog.ErrFailed)
			break
		}
		acknowledged++
		if i == faultAppends/2 {
			_, err := store.db.AsyncFlush()
			_ = err // the fault may be here
		}
	}
	for _, err := range store.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
	}
	_ = store.Close() // the fault may be here
	return acknowledged, nil
}
