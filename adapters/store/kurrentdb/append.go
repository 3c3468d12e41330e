package kurrentdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/callstate/callstate/domain/eventlog"
)

// Append implements eventlog.Appender. The streams are appended to concurrently, so that the positions of their events do
// not follow their order in the call. A name of a stream or type must not begin with a dollar sign.
//
// The server bounds the size of an append too: its MaxAppendSize must be more than eventlog.MaxAppend.
func (s *Store) Append(ctx context.Context, appends []eventlog.StreamAppend) error {
	if err := validate(appends); err != nil {
		return err
	}
	if err := s.ended(ctx); err != nil {
		return err
	}
	errs := make([]error, len(appends))
	var group errgroup.Group
	group.SetLimit(s.appends)
	for i, each := range appends {
		group.Go(func() error {
			errs[i] = s.append(ctx, each)
			return nil
		})
	}
	_ = group.Wait()
	if len(appends) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// validate also refuses what the database keeps for itself.
func validate(appends []eventlog.StreamAppend) error {
	if err := eventlog.Validate(appends); err != nil {
		return err
	}
	for _, a := range appends {
		if strings.HasPrefix(string(a.Stream), "$") {
			return fmt.Errorf("%w: stream %s: the database keeps names with $ for itself", eventlog.ErrInvalid, a.Stream)
		}
		for _, e := range a.Events {
			if strings.HasPrefix(e.Type, "$") {
				return fmt.Errorf("%w: type %s: the database keeps names with $ for itself", eventlog.ErrInvalid, e.Type)
			}
		}
	}
	return nil
}

// append appends to one stream. Repeating it is safe: where the server has the events already, with these ids at this
// place, it says so and writes nothing. Without an expected revision that is not so, and nothing is repeated.
func (s *Store) append(ctx context.Context, a eventlog.StreamAppend) error {
	a.Events = slices.Clone(a.Events) // a call that is left behind still reads them
	for i := range a.Events {
		a.Events[i].Data = bytes.Clone(a.Events[i].Data)
	}
	expected, checked := a.Expected.Revision()
	for {
		_, err := repeated(ctx, s, "append to "+string(a.Stream), func(ctx context.Context) (struct{}, error) {
			err := s.client.append(ctx, a)
			if err != nil && !checked {
				err = fmt.Errorf("%w: %w", errUnchecked, err)
			}
			return struct{}{}, err
		})
		if !errors.Is(err, errWrongRevision) {
			return err
		}
		// The server tells the actual revision only in words.
		actual, err := repeated(ctx, s, "revision of "+string(a.Stream), func(ctx context.Context) (eventlog.Revision, error) {
			return s.client.revision(ctx, a.Stream)
		})
		if err != nil {
			return err
		}
		if actual != expected {
			return &eventlog.ConflictError{Stream: a.Stream, Expected: expected, Actual: actual}
		}
		// It has come to be as expected since.
	}
}

// errUnchecked: an append without an expected revision failed. Nobody knows whether it was written.
var errUnchecked = errors.New("append without an expected revision")
