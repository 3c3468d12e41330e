package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	fullDiskDir = "CALLSTATE_TEST_FULL_DISK_DIR"
	noMounts    = "nothing can be mounted"
)

// TestAnEngineOnAFullDisk fills a real file system, a small one in memory that only its own process sees.
func TestAnEngineOnAFullDisk(t *testing.T) {
	t.Parallel()
	process := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestEngineThatFillsItsDisk$", "-test.v")
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
	require.Contains(t, string(output), "--- PASS: TestEngineThatFillsItsDisk")
}

// TestEngineThatFillsItsDisk is what TestAnEngineOnAFullDisk runs: the engine ends with the reason, and goes on where it
// was when there is room.
func TestEngineThatFillsItsDisk(t *testing.T) {
	dir := os.Getenv(fullDiskDir)
	if dir == "" {
		t.Skip("only TestAnEngineOnAFullDisk runs it")
	}
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=3m")
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		t.Skip(noMounts)
	}
	require.NoError(t, err)
	p := newProgram(t)
	p.data = dir
	for range 2 {
		_, errs, err := p.run("demo", "--listen", "127.0.0.1:0", "--speed", "500")
		require.Error(t, err)
		require.Contains(t, errs, "no space left on device")
		require.NotContains(t, errs, "damaged")
		require.NotContains(t, errs, "panic")
	}
	require.NoError(t, syscall.Mount("", dir, "", syscall.MS_REMOUNT, "size=200m"))
	out, errs, err := p.run("verify")
	require.NoError(t, err, errs)
	require.Contains(t, out, "the log is whole")
	p.demo(t, "10").waitReady(t)
}
