package pebble

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/eventlog"
)

const (
	fullDiskDir = "CALLSTATE_TEST_FULL_DISK_DIR"
	noMounts    = "nothing can be mounted"
)

// TestFullDisk fills a real file system, a small one in memory that only its own process sees. What was acknowledged is
// there, and with more room the log goes on.
func TestFullDisk(t *testing.T) {
	process := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestOnFullDisk$", "-test.v")
	process.Env = append(os.Environ(), fullDiskDir+"="+t.TempDir())
	process.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	output, err := process.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) || bytes.Contains(output, []byte(noMounts)) {
		t.Skip("this system does not let a process have a file system of its own")
	}
	require.NoError(t, err, "%s", output)
	require.Contains(t, string(output), "--- PASS: TestOnFullDisk")
}

// TestOnFullDisk is what TestFullDisk runs.
func TestOnFullDisk(t *testing.T) {
	dir := os.Getenv(fullDiskDir)
	if dir == "" {
		t.Skip("only TestFullDisk runs it")
	}
	for _, size := range []string{"2m", "9m", "40m"} {
		err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size)
		if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
			t.Skip(noMounts)
		}
		require.NoError(t, err)
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

		require.NoError(t, syscall.Mount("", dir, "", syscall.MS_REMOUNT, "size=200m"))
		store, err = Open(dir, Options{})
		require.NoError(t, err)
		verified, err := store.Verify(t.Context(), nil)
		require.NoError(t, err)
		require.GreaterOrEqual(t, verified.Records, uint64(acknowledged))
		require.NoError(t, appendData(store, streamOf(0), 3000), "with more room the log goes on")
		require.NoError(t, store.Close())
		t.Logf("%s: %d acknowledged, %d there", size, acknowledged, verified.Records)
		require.NoError(t, syscall.Unmount(dir, 0))
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
