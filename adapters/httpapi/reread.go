package httpapi

import (
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"
)

// reread is what stands in files that are looked at again while it is used, so that it is changed without a restart.
type reread[T any] struct {
	files  []string
	read   func() (T, error)
	logger *slog.Logger

	mu      sync.Mutex
	current T
	as      []version
	looked  time.Time
}

// version is by what a file is seen to have been changed.
type version struct {
	at   time.Time
	size int64
}

// lookAgain is how often the files are looked at, at most.
const lookAgain = 10 * time.Second

// readAgain reads what stands in files for the first time. The logger gets why it cannot be read again; nil logs nothing.
func readAgain[T any](read func() (T, error), logger *slog.Logger, files ...string) (*reread[T], error) {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	r := &reread[T]{files: files, read: read, logger: logger}
	return r, r.load()
}

// at is what is to be used at a moment: what stands in the files or, where that cannot be read, the last that could.
func (r *reread[T]) at(now time.Time) T {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.looked) >= lookAgain {
		r.looked = now
		if err := r.load(); err != nil {
			r.logger.Warn("a file cannot be read again; what was read before stays in use", "files", r.files, "err", err)
		}
	}
	return r.current
}

// load reads the files if they have changed.
func (r *reread[T]) load() error {
	var as []version
	for _, file := range r.files {
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		as = append(as, version{info.ModTime(), info.Size()})
	}
	if slices.Equal(as, r.as) {
		return nil
	}
	current, err := r.read()
	if err == nil {
		r.current, r.as = current, as
	}
	return err
}
