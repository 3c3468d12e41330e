package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/audit"
	"github.com/callstate/callstate/projections/past"
	"github.com/google/uuid"
	"github.com/spf13/cobra"
)

func newEvents(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "events CONNID",
		Short: "Print a call's events as JSON lines, each with its envelope",
		Long:  "Prints a call's events as JSON lines, each with its envelope, after it has been written into the log that somebody looks.",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseConnID(args[0])
			if err != nil {
				return err
			}
			store, err := s.readLog(cmd.Context())
			if err != nil {
				return err
			}
			defer store.Close()
			look := access.CallViewed{ConnID: id, What: access.TheEvents, View: uuid.NewString()}
			n, err := printEvents(cmd, store, store.ReadStream(cmd.Context(), wire.CallStream(id), 1), look)
			if err == nil && n == 0 {
				return fmt.Errorf("there is no call %s", id)
			}
			return err
		},
	}
}

func newTail(s *settings) *cobra.Command {
	var from uint64
	var noFollow bool
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Print the events of the whole log as JSON lines, in order, and then those that come",
		Long: `Prints the events of the whole log as JSON lines, in order, and then those that come. Before the first,
it is written into the log that somebody reads it; with --no-follow the end is where it was before.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, err := s.readLog(cmd.Context())
			if err != nil {
				return err
			}
			defer store.Close()
			end, err := store.End(cmd.Context())
			if err != nil {
				return err
			}
			if eventlog.Position(from) > end+1 {
				return fmt.Errorf("position %d: %w, which is %d", from, past.ErrAfter, end)
			}
			after, err := eventlog.Before(cmd.Context(), store, eventlog.Position(from))
			if err != nil {
				return err
			}
			records, look := store.Subscribe(cmd.Context(), after), access.LogRead{FromPosition: eventlog.Position(from), View: uuid.NewString()}
			if noFollow { // to the end as it is before the look
				records, look.ToPosition = projections.UpTo(store, end).ReadAll(cmd.Context(), after), end
			}
			_, err = printEvents(cmd, store, records, look)
			if errors.Is(err, context.Canceled) {
				return nil // the user has seen enough
			}
			return err
		},
	}
	cmd.Flags().Uint64Var(&from, "from", 1, "position of the first event to print, the next one at the most")
	cmd.Flags().BoolVar(&noFollow, "no-follow", false, "end at the end of the log")
	return cmd
}

// printEvents prints records of a log as JSON lines, and returns how many. Before the first it has the look written. What
// is printed is flushed whenever nothing more is there at once, so that a follower sees each event when it comes.
func printEvents(cmd *cobra.Command, log eventlog.Store, records iter.Seq2[eventlog.Record, error], look access.Body) (int, error) {
	out := bufio.NewWriter(cmd.OutOrStdout())
	defer out.Flush()
	n, flushed := 0, time.Now()
	for r, err := range records {
		if err != nil {
			return n, errors.Join(out.Flush(), err)
		}
		if n == 0 {
			if err := viewed(cmd.Context(), log, look); err != nil {
				return n, err
			}
		}
		if err := printLine(out, audit.FromRecord(r)); err != nil {
			return n, err
		}
		n++
		if now := time.Now(); now.Sub(flushed) > 20*time.Millisecond {
			if err := out.Flush(); err != nil {
				return n, err
			}
			flushed = now
		}
	}
	return n, out.Flush()
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
