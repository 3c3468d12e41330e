package projections

import (
	"context"
	"iter"

	"github.com/callstate/callstate/domain/eventlog"
)

// UpTo is a log as it was when it ended at a position.
func UpTo(log eventlog.Reader, end eventlog.Position) eventlog.Reader { return bounded{log, end} }

type bounded struct {
	eventlog.Reader
	end eventlog.Position
}

// End implements eventlog.Ends.
func (b bounded) End(context.Context) (eventlog.Position, error) { return b.end, nil }

// ReadAll implements eventlog.Reader.
func (b bounded) ReadAll(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		if after >= b.end {
			return
		}
		for r, err := range b.Reader.ReadAll(ctx, after) {
			if err == nil && r.Position > b.end || !yield(r, err) || r.Position == b.end {
				return
			}
		}
	}
}
