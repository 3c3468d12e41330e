package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/floor"
	"github.com/spf13/cobra"
)

func newFloor(s *settings) *cobra.Command {
	var at momentFlag
	cmd := &cobra.Command{
		Use:   "floor",
		Short: "Print agents, queues and live calls, as they are at the end of the log or were at a time",
		Args:  cobra.NoArgs,
	}
	cmd.Flags().Var(&at, "at", "as it was at this time, on the switches' clock")
	as := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		store, err := readLog(s.data)
		if err != nil {
			return err
		}
		defer store.Close()
		view, err := floorAt(cmd.Context(), store, at.Time)
		if err != nil {
			return err
		}
		if *as == asJSON {
			return printJSON(cmd.OutOrStdout(), view)
		}
		return printFloor(cmd.OutOrStdout(), view, at.Time)
	}
	return cmd
}

// floorAt folds the log up to a moment; all of it where the moment is zero.
func floorAt(ctx context.Context, log eventlog.Reader, at time.Time) (floor.View, error) {
	f := floor.New(floor.Options{History: 1})
	if at.IsZero() {
		err := projections.CatchUp(ctx, log, f, nil)
		return f.View(), err
	}
	var run []eventlog.Record
	apply := func() error {
		if len(run) == 0 {
			return nil
		}
		err := f.Apply(ctx, run)
		run = nil
		return err
	}
	for r, err := range log.ReadAll(ctx, 0) {
		if err != nil {
			return floor.View{}, err
		}
		if r.SwitchTime.After(at) {
			continue // another link may be behind: what it tells next may still belong here
		}
		if run = append(run, r); len(run) == projections.BatchSize {
			if err := apply(); err != nil {
				return floor.View{}, err
			}
		}
	}
	err := apply()
	return f.View(), err
}

func printFloor(w io.Writer, v floor.View, at time.Time) error {
	now := v.At
	if !at.IsZero() {
		now = at
	}
	if now.IsZero() {
		_, err := fmt.Fprintln(w, "the log is empty")
		return err
	}
	fmt.Fprintf(w, "The floor at %s (position %d)\n", now.UTC().Format("2006-01-02 15:04:05.000 MST"), v.Position)
	since := func(t time.Time) string { return seconds(now.Sub(t).Milliseconds()) }

	agents := [][]string{{"AGENT", "DN", "STATE", "FOR", "QUEUES", "CALLS"}}
	for _, a := range v.Agents {
		state := string(a.State)
		if a.Reason != "" {
			state += " (" + a.Reason + ")"
		}
		var queues, calls []string
		for _, q := range a.Queues {
			queues = append(queues, q.Queue)
		}
		for _, c := range a.Calls {
			calls = append(calls, c.String())
		}
		agents = append(agents, []string{a.ID, a.DN, state, since(a.Since), strings.Join(queues, ","), strings.Join(calls, ",")})
	}
	queues := [][]string{{"QUEUE", "WAITING", "LONGEST", "READY", "LOGGED IN"}}
	for _, q := range v.Queues {
		longest := "-"
		if len(q.Waiting) > 0 {
			longest = since(q.Waiting[0].Since)
		}
		queues = append(queues, []string{q.Queue, fmt.Sprint(len(q.Waiting)), longest, fmt.Sprint(q.Ready), fmt.Sprint(q.LoggedIn)})
	}
	calls := [][]string{{"CALL", "TYPE", "STATE", "FOR", "ANI", "DNIS", "PARTIES"}}
	for _, c := range v.Calls {
		var parties []string
		for _, p := range c.Parties {
			parties = append(parties, p.DN+" "+p.State.String())
		}
		calls = append(calls, []string{c.ConnID.String(), string(c.Type), string(c.State), since(c.StartedAt), c.ANI, c.DNIS, strings.Join(parties, ", ")})
	}
	for _, rows := range [][][]string{agents, queues, calls} {
		fmt.Fprintln(w)
		if err := table(w, rows); err != nil {
			return err
		}
	}
	return nil
}
