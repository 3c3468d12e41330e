package projectiontest

import (
	"context"
	"iter"
	"slices"

	"github.com/callstate/callstate/domain/eventlog"
)

// Log reads a Script as an event log that does not grow.
type Log struct{ Script *Script }

// ReadStream implements eventlog.Reader.
func (l Log) ReadStream(_ context.Context, stream eventlog.Stream, from eventlog.Revision) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		positions := l.Script.streams[stream]
		for _, p := range positions[min(max(int(from), 1)-1, len(positions)):] {
			if !yield(l.Script.records[p-1], nil) {
				return
			}
		}
	}
}

// ReadAll implements eventlog.Reader.
func (l Log) ReadAll(_ context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		for _, r := range l.Script.records[min(int(after), len(l.Script.records)):] {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// Subscribe implements eventlog.Subscriber.
func (l Log) Subscribe(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		for r, err := range l.ReadAll(ctx, after) {
			if !yield(r, err) {
				return
			}
		}
		<-ctx.Done()
		yield(eventlog.Record{}, ctx.Err())
	}
}

// End implements eventlog.Ends.
func (l Log) End(context.Context) (eventlog.Position, error) { return l.Script.End(), nil }

// Runs cuts records into runs of the given length; the last may be shorter.
func Runs(records []eventlog.Record, length int) iter.Seq[[]eventlog.Record] {
	return slices.Chunk(records, length)
}
