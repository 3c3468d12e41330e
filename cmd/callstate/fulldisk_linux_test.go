package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/store/smalldisk"
)

// TestAnEngineOnAFullDisk: the engine ends with the reason, and goes on where it was when there is room.
func TestAnEngineOnAFullDisk(t *testing.T) {
	t.Parallel()
	smalldisk.Test(t, testEngineOnAFullDisk)
}

func testEngineOnAFullDisk(t *testing.T, disk smalldisk.Disk) {
	disk.Mount("3m")
	p := newProgram(t)
	p.data = disk.Dir
	for range 2 {
		_, errs, err := p.run("demo", "--listen", "127.0.0.1:0", "--speed", "500")
		require.Error(t, err)
		require.Contains(t, errs, "no space left on device")
		require.NotContains(t, errs, "damaged")
		require.NotContains(t, errs, "panic")
	}
	disk.Grow("200m")
	out, errs, err := p.run("verify")
	require.NoError(t, err, errs)
	require.Contains(t, out, "the log is whole")
	p.demo(t, "10").waitReady(t)
}
