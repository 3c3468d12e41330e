// Package smalldisk is for tests that fill a disk: a real file system, a small one in memory that only the test's own process
// sees.
package smalldisk

import (
	"os"
	"os/exec"
	"regexp"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// runs tells the process that a test starts of itself which folder it may mount on.
const runs = "CALLSTATE_TEST_SMALL_DISK"

// Disk is a file system that can be small.
type Disk struct {
	t   *testing.T
	Dir string
}

// Test runs a test on such a disk: again, in a process that has file systems of its own. It is all that the test does. A
// system that does not let a process have them cannot run the test, and fails it.
func Test(t *testing.T, on func(t *testing.T, disk Disk)) {
	t.Helper()
	if dir := os.Getenv(runs); dir != "" {
		on(t, Disk{t, dir})
		return
	}
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+regexp.QuoteMeta(t.Name())+"$", "-test.v")
	again.Env = append(os.Environ(), runs+"="+t.TempDir())
	again.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	output, err := again.CombinedOutput()
	require.NoError(t, err, "in user and mount namespaces of its own:\n%s", output)
	require.Contains(t, string(output), "--- PASS: "+t.Name())
}

// Mount begins with an empty file system of a size such as "2m".
func (d Disk) Mount(size string) {
	d.t.Helper()
	require.NoError(d.t, syscall.Mount("tmpfs", d.Dir, "tmpfs", 0, "size="+size))
}

// Grow makes it larger.
func (d Disk) Grow(size string) {
	d.t.Helper()
	require.NoError(d.t, syscall.Mount("", d.Dir, "", syscall.MS_REMOUNT, "size="+size))
}

// Unmount ends it. With the test it ends by itself.
func (d Disk) Unmount() {
	d.t.Helper()
	require.NoError(d.t, syscall.Unmount(d.Dir, 0))
}
