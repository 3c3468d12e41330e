//go:build !linux

package eventlogtest

import (
	"os"
	"time"
)

func preallocate(file *os.File, size int64) error { return file.Truncate(size) }

func syncData(file *os.File) error { return file.Sync() }

// evict is not to be had here: what is measured as cold is warm.
func evict(*os.File) error { return nil }

// residentMiB is not known here.
func residentMiB() float64 { return 0 }

// processorTime is not known here.
func processorTime() time.Duration { return 0 }
