package pebble

import (
	"errors"
	"fmt"

	pebbledb "github.com/cockroachdb/pebble/v2"

	"github.com/callstate/callstate/domain/eventlog"
)

// Healthy implements eventlog.Health. The error wraps eventlog.ErrFailed after a failed write, and ErrDamaged when
// something on the disk was found to be wrong: the rest can still be read and appended to, but somebody has to look.
func (s *Store) Healthy() error {
	if isClosed(s.closing) {
		return eventlog.ErrClosed
	}
	if err := s.failure(); err != nil {
		return err
	}
	if err := s.damage.Load(); err != nil {
		return *err
	}
	return nil
}

// noteDamage remembers the first damage that was found. After a failed write none is looked for: the engine may miss what
// it believes to be written. Nor when the log is being closed.
func (s *Store) noteDamage(err error) {
	if s.failure() != nil || isClosed(s.closing) {
		return
	}
	if !errors.Is(err, eventlog.ErrDamaged) {
		err = fmt.Errorf("%w: %w", eventlog.ErrDamaged, err)
	}
	if s.damage.CompareAndSwap(nil, &err) {
		s.logger.Error("event log is damaged", "dir", s.dir, "err", err)
	}
}

// sound, deferred by what reads, makes an error of the panic that the engine has for some kinds of damage, and remembers
// damage.
func (s *Store) sound(err *error) {
	if reason := recover(); reason != nil {
		*err = fmt.Errorf("%w: %v", eventlog.ErrDamaged, reason)
	}
	if errors.Is(*err, eventlog.ErrDamaged) {
		s.noteDamage(*err)
	}
}

// merging starts the engine's merges, one at a time, as long as nothing is known to be damaged. A merge that fails would
// be tried again at once and without end, with all that a processor can give. Without merges reads get slower with time,
// and nothing else.
type merging struct {
	pebbledb.CompactionScheduler
	damaged func() bool
}

func newMerging(damaged func() bool) *merging {
	// Of the engine's schedulers this is the one to be had from outside. What it lacks, a look from time to time whether
	// another merge may run beside the one that does, is of no use here.
	return &merging{pebbledb.NewConcurrencyLimitSchedulerWithNoPeriodicGrantingForTest(), damaged}
}

// Register implements pebbledb.CompactionScheduler.
func (m *merging) Register(goroutines int, db pebbledb.DBForCompaction) {
	m.CompactionScheduler.Register(goroutines, mergedDB{db, m.damaged})
}

type mergedDB struct {
	pebbledb.DBForCompaction
	damaged func() bool
}

// GetAllowedWithoutPermission implements pebbledb.DBForCompaction.
func (d mergedDB) GetAllowedWithoutPermission() int {
	if d.damaged() {
		return 0
	}
	return d.DBForCompaction.GetAllowedWithoutPermission()
}
