// Package projections derives read models from the event log: who is on the floor now, what became of every call.
//
// A projection is thrown away and rebuilt at will: all it knows comes from the log, in the order of the log, and
// nothing of it is ever written back. The Runner keeps projections up to date, each in a loop of its own and from its
// own checkpoint, so that one that fails does not hold up the others; CatchUp brings a single one to the present end
// of the log and returns.
package projections

import (
	"context"

	"github.com/callstate/callstate/domain/eventlog"
)

// Projection is a read model of the event log.
type Projection interface {
	// Name names it in logs and metrics.
	Name() string
	// Position is its checkpoint: the position of the last record that it has applied, 0 when it has seen none.
	Position(ctx context.Context) (eventlog.Position, error)
	// Apply takes the records that follow the checkpoint, in the order of the log; a run is not empty. State and
	// checkpoint change together: when Apply fails, the checkpoint says what of the run has been applied, and a
	// later Apply goes on from there. It is called by one goroutine at a time, and may keep the records.
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
