// Package projections derives read models from the event log: who is on the floor now, what became of every call.
//
// A projection is thrown away and rebuilt at will: all it knows comes from the log, in the order of the log, and
// nothing of it is ever written back. The Runner keeps projections up to date, each in a loop of its own and from its
// own checkpoint, so that one that fails does not hold up the others; CatchUp brings a single one to the present end
// of the log and returns.
package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
)

// Projection is a read model of the event log.
type Projection interface {
	// Name names it in logs and metrics.
	Name() string
	// Position is its checkpoint: the position of the last record that it has applied, 0 when it has seen none.
	Position(ctx context.Context) (eventlog.Position, error)
	// Apply takes the records that follow the checkpoint, in the order of the log; a run is not empty. State and
	// checkpoint change together: when Apply fails, the checkpoint says what of the run has been applied, and a
	// later Apply goes on from there. It is called by one goroutine at a time, and does not keep the slice: others come
	// in it.
	Apply(ctx context.Context, records []eventlog.Record) error
}

// Staged is an optional ability of a projection: it is told how far it has come. The calls are made by the goroutine
// that calls Apply.
type Staged interface {
	// CatchingUp says, before the first Apply, where the log ends at present: what comes up to there is the past.
	CatchingUp(end eventlog.Position)
	// Live says that everything up to that end has been applied: from now on the projection follows the present.
	Live()
	// Failed says that the projection is not kept up to date any more, and why.
	Failed(err error)
}

// Versioned is an optional ability of a projection that is kept on disk: when its version is not that of what is there,
// it is made anew beside the old one.
type Versioned interface {
	// Version is that of the program: of what the projection tells, and of the form in which it is kept.
	Version() int
	// SwitchOver puts what was made anew in the place of the old one; it does nothing when nothing was made anew. It is
	// called by the goroutine that calls Apply, when everything up to the end of the log has been applied.
	SwitchOver(ctx context.Context) error
}

// Paced is an optional ability of a projection that takes its time for each record: it is given fewer of them at once, so
// that its status tells how far it has come.
type Paced interface {
	// RunLength is the most records that Apply is given, at least 1.
	RunLength() int
}

// Unhurried is an optional ability of a projection to which each run is an effort, however short it is: while it is live it
// is given runs at most so often, as far as the log can gather records meanwhile.
type Unhurried interface {
	// Pause is the least time from one run to the next.
	Pause() time.Duration
}

// PoisonError is a record that a projection cannot take in. What stands before it has been applied.
type PoisonError struct {
	Position eventlog.Position
	Stream   eventlog.Stream
	Revision eventlog.Revision
	Err      error
}

// Poison returns the error of a projection that cannot take in a record.
func Poison(r eventlog.Record, err error) error {
	return &PoisonError{Position: r.Position, Stream: r.Stream, Revision: r.Revision, Err: err}
}

// Error says where the record is, and what is wrong with it.
func (e *PoisonError) Error() string {
	return fmt.Sprintf("position %d (%s, revision %d): %v", e.Position, e.Stream, e.Revision, e.Err)
}

// Unwrap is what is wrong with the record.
func (e *PoisonError) Unwrap() error { return e.Err }

// Advice is how to go on.
func (e *PoisonError) Advice() string {
	if errors.Is(e.Err, wire.ErrUnknown) {
		return fmt.Sprintf("the event is from a newer callstate: start that one, and the projection goes on at position %d", e.Position)
	}
	return fmt.Sprintf("see the event with `callstate tail --from %d`; a callstate that can read it goes on there, and `callstate verify` tells whether the log is damaged", e.Position)
}
