package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/audit"
	"github.com/callstate/callstate/projections/past"
	"github.com/spf13/cobra"
)

func newEvents(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "events CONNID",
		Short: "Print a call's events as JSON lines, each with its envelope",
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
			n, err := printEvents(cmd.OutOrStdout(), store.ReadStream(cmd.Context(), wire.CallStream(id), 1))
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
		Args:  cobra.NoArgs,
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
			if noFollow {
				_, err = printEvents(cmd.OutOrStdout(), store.ReadAll(cmd.Context(), after))
			} else {
				_, err = printEvents(cmd.OutOrStdout(), store.Subscribe(cmd.Context(), after))
			}
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

// printEvents prints records as JSON lines, and returns how many. What is written is flushed whenever nothing more is
// there at once, so that a follower sees each event when it comes.
func printEvents(w io.Writer, records iter.Seq2[eventlog.Record, error]) (int, error) {
	out := bufio.NewWriter(w)
	defer out.Flush()
	n, flushed := 0, time.Now()
	for r, err := range records {
		if err != nil {
			return n, errors.Join(out.Flush(), err)
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
