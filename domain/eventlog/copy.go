package eventlog

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
)

// ErrDiffers: two logs that are to be the same are not.
var ErrDiffers = errors.New("the logs differ")

// Copied is how far Copy has come, in records.
type Copied struct {
	There uint64 // were there before
	New   uint64 // have been copied
}

// What one append of Copy takes at most: of a copy that is broken off little is done again, and it needs little memory.
const (
	copyRecords = 256
	copyBytes   = 256 << 10
)

// Copy makes one log the same as another: the same events in the same order, each under its id, in its stream and at its
// revision; only positions are the store's own. What to has already must be the beginning of from, else ErrDiffers; so a
// copy that was broken off is simply made again, and goes on where it was. What was copied is read back and compared.
//
// Nobody else may write to the log meanwhile. progress, when it is not nil, is called now and then.
func Copy(ctx context.Context, from Reader, to interface {
	Appender
	Reader
}, progress func(Copied)) (Copied, error) {
	var done Copied
	if progress == nil {
		progress = func(Copied) {}
	}
	// What is there is compared while it is walked; the first record that is not there is where to begin.
	var begin, end Position // where the new records begin in from and in to
	there, stop := iter.Pull2(to.ReadAll(ctx, 0))
	defer stop()
	var run []Record
	write := func() error {
		if len(run) == 0 {
			return nil
		}
		events := make([]Event, len(run))
		for i, r := range run {
			events[i] = r.Event
		}
		err := to.Append(ctx, []StreamAppend{{Stream: run[0].Stream, Expected: At(run[0].Revision - 1), Events: events}})
		if err != nil {
			return fmt.Errorf("copy to %s: %w", run[0].Stream, err)
		}
		done.New += uint64(len(run))
		run = run[:0]
		progress(done)
		return nil
	}
	size, walking := 0, true
	for record, err := range from.ReadAll(ctx, 0) {
		if err != nil {
			return done, fmt.Errorf("copy from: %w", err)
		}
		if walking {
			held, err, ok := there()
			if err != nil {
				return done, fmt.Errorf("copy to: %w", err)
			}
			if ok {
				if err := sameRecord(record, held); err != nil {
					return done, err
				}
				begin, end = record.Position, held.Position
				if done.There++; done.There%copyRecords == 0 {
					progress(done)
				}
				continue
			}
			walking = false
		}
		if len(run) > 0 && (run[0].Stream != record.Stream || len(run) == copyRecords || size+len(record.Data) > copyBytes) {
			if err := write(); err != nil {
				return done, err
			}
			size = 0
		}
		run, size = append(run, record), size+len(record.Data)
	}
	if err := write(); err != nil {
		return done, err
	}
	if walking {
		if more, err, ok := there(); ok {
			return done, cmp.Or(err, fmt.Errorf("%w: the copy goes on with %s at revision %d", ErrDiffers, more.Stream, more.Revision))
		}
	}
	return done, compare(from.ReadAll(ctx, begin), to.ReadAll(ctx, end), done.New)
}

// compare walks so many records of two sequences.
func compare(want, have iter.Seq2[Record, error], records uint64) error {
	there, stop := iter.Pull2(have)
	defer stop()
	n := uint64(0)
	for record, err := range want {
		if err != nil {
			return err
		}
		if n == records {
			return nil // what has come since
		}
		n++
		held, err, ok := there()
		switch {
		case err != nil:
			return err
		case !ok:
			return fmt.Errorf("%w: %s at revision %d is not there", ErrDiffers, record.Stream, record.Revision)
		}
		if err := sameRecord(record, held); err != nil {
			return err
		}
	}
	return nil
}

// sameRecord says whether two logs have the same record, wherever it is in each.
func sameRecord(a, b Record) error {
	same := bytes.Equal(a.Data, b.Data) && a.SwitchTime.Equal(b.SwitchTime) && a.RecordedAt.Equal(b.RecordedAt) &&
		a.Stream == b.Stream && a.Revision == b.Revision && a.ID == b.ID && a.Type == b.Type && a.Version == b.Version &&
		a.Correlation == b.Correlation && a.Causation == b.Causation && a.Actor == b.Actor && a.Traceparent == b.Traceparent && a.Inferred == b.Inferred
	if !same {
		return fmt.Errorf("%w: one has %s of %s at revision %d (position %d) where the other has %s of %s at revision %d (position %d)",
			ErrDiffers, a.Type, a.Stream, a.Revision, a.Position, b.Type, b.Stream, b.Revision, b.Position)
	}
	return nil
}
