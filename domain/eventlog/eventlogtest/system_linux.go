package eventlogtest

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"time"
)

func preallocate(file *os.File, size int64) error {
	return syscall.Fallocate(int(file.Fd()), 0, 0, size)
}

func syncData(file *os.File) error { return syscall.Fdatasync(int(file.Fd())) }

// evict has the system forget what it keeps of a file in memory.
func evict(file *os.File) error {
	const dontNeed = 4 // POSIX_FADV_DONTNEED
	_, _, failed := syscall.Syscall6(syscall.SYS_FADVISE64, file.Fd(), 0, 0, dontNeed, 0, 0)
	if failed != 0 {
		return failed
	}
	return nil
}

// residentMiB is how much memory the process has at present.
func residentMiB() float64 {
	status, _ := os.ReadFile("/proc/self/statm")
	fields := bytes.Fields(status)
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(string(fields[1]))
	return float64(pages) * float64(os.Getpagesize()) / (1 << 20)
}

// processorTime is how long the processors have worked for this process.
func processorTime() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
