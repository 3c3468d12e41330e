package pebble

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/store/smalldisk"
	"github.com/callstate/callstate/domain/eventlog"
)

// TestFullDisk fills a real file system. What was acknowledged is there, and with more room the log goes on.
func TestFullDisk(t *testing.T) { smalldisk.Test(t, testFullDisk) }

func testFullDisk(t *testing.T, disk smalldisk.Disk) {
	dir := disk.Dir
	for _, size := range []string{"2m", "9m", "40m"} {
		disk.Mount(size)
		store, err := Open(dir, Options{})
		require.NoError(t, err)
		var acknowledged eventlog.Revision
		for err == nil {
			if err = appendData(store, streamOf(0), 3000); err == nil {
				acknowledged++
			}
		}
		require.ErrorIs(t, err, eventlog.ErrFailed)
		require.ErrorIs(t, err, syscall.ENOSPC)
		require.ErrorIs(t, store.Healthy(), eventlog.ErrFailed)
		require.Equal(t, acknowledged, recordsOf(t, store), "what was acknowledged can be read, and nothing else")
		_ = store.Close()

		// On a disk that is full the log opens, if only for reading, or says why not.
		if store, err = Open(dir, Options{}); err == nil {
			require.GreaterOrEqual(t, recordsOf(t, store), acknowledged)
			_ = store.Close()
		} else {
			require.ErrorIs(t, err, syscall.ENOSPC)
		}

		disk.Grow("200m")
		store, err = Open(dir, Options{})
		require.NoError(t, err)
		verified, err := store.Verify(t.Context(), nil)
		require.NoError(t, err)
		require.GreaterOrEqual(t, verified.Records, uint64(acknowledged))
		require.NoError(t, appendData(store, streamOf(0), 3000), "with more room the log goes on")
		require.NoError(t, store.Close())
		t.Logf("%s: %d acknowledged, %d there", size, acknowledged, verified.Records)
		disk.Unmount()
	}
}

func recordsOf(t *testing.T, store *Store) (n eventlog.Revision) {
	t.Helper()
	for _, err := range store.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		n++
	}
	return n
}
