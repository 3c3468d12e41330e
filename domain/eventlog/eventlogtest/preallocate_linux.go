package eventlogtest

import (
	"os"
	"syscall"
)

func preallocate(file *os.File, size int64) error {
	return syscall.Fallocate(int(file.Fd()), 0, 0, size)
}

func syncData(file *os.File) error { return syscall.Fdatasync(int(file.Fd())) }
