package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/past"
	"github.com/spf13/cobra"
)

func newFloor(s *settings) *cobra.Command {
	var at, with pastFlag
	cmd := &cobra.Command{
		Use:   "floor",
		Short: "Print agents, queues and live calls, as they are at the end of the log or were at any moment",
		Long: `Prints agents, queues and live calls: at the end of the log, or with --at as they were at a time or
at a position of the log. A time means what had happened by then on the switches' clocks. With --diff
it prints what became different from there to another moment.`,
		Args: cobra.NoArgs,
		Example: `  callstate floor --at 2026-11-23T09:32:00Z
  callstate floor --at 2026-11-23T09:32:00Z --diff 2026-11-23T09:33:00Z
  callstate floor --at 4711 --diff 4712`,
	}
	cmd.Flags().Var(&at, "at", "as it was at this moment: a time on the switches' clocks, or a position")
	cmd.Flags().Var(&with, "diff", "what is different at this moment")
	zone := zone(cmd, "in which times without an offset are meant, and the table tells times")
	as := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		at, with := at.in(zone.Location), with.in(zone.Location)
		view, err := floorAt(cmd.Context(), s.place, at)
		if err != nil {
			return err
		}
		if !with.IsZero() {
			other, err := floorAt(cmd.Context(), s.place, with)
			if err != nil {
				return err
			}
			difference := floor.Diff(view, other)
			if *as == asJSON {
				return printJSON(cmd.OutOrStdout(), difference)
			}
			return printDifference(cmd.OutOrStdout(), difference, zone.Location)
		}
		if *as == asJSON {
			return printJSON(cmd.OutOrStdout(), view)
		}
		return printFloor(cmd.OutOrStdout(), view, at.Time, zone.Location)
	}
	return cmd
}

// floorAt is the floor at a moment; at the end of the log where that is zero.
func floorAt(ctx context.Context, p place, m past.Moment) (floor.View, error) {
	if m.IsZero() {
		store, err := p.readLog(ctx)
		if err != nil {
			return floor.View{}, err
		}
		defer store.Close()
		return floorNow(ctx, store)
	}
	kept, store, err := p.readPast(ctx)
	if err != nil {
		return floor.View{}, err
	}
	defer store.Close()
	defer kept.Close()
	f, err := kept.Floor(ctx, m)
	if err != nil {
		return floor.View{}, err
	}
	return f.View(), nil
}

// floorNow is the floor at the end of the log.
func floorNow(ctx context.Context, log eventlog.Reader) (floor.View, error) {
	f := floor.New(floor.Options{History: 1})
	err := projections.CatchUp(ctx, log, f, nil)
	return f.View(), err
}

func printDifference(w io.Writer, d floor.Difference, zone *time.Location) error {
	point := func(p floor.Point) string {
		return fmt.Sprintf("%s (position %d)", p.At.In(zone).Format(clockForm), p.Position)
	}
	fmt.Fprintf(w, "From %s\n  to %s\n\n", point(d.From), point(d.To))
	rows := [][]string{{"WHAT", "", "BEFORE", "AFTER"}}
	add := func(what, name, before, after string) {
		rows = append(rows, []string{what, name, orDash(before), orDash(after)})
	}
	for _, l := range d.Links {
		add("link", one(l).Switch, tell(l.Before, linkText), tell(l.After, linkText))
	}
	for _, a := range d.Agents {
		add("agent", one(a).ID, tell(a.Before, agentText), tell(a.After, agentText))
	}
	for _, q := range d.Queues {
		add("queue", one(q).Queue, tell(q.Before, queueText), tell(q.After, queueText))
	}
	for _, c := range d.Calls {
		add("call", one(c).ConnID.String(), tell(c.Before, callText), tell(c.After, callText))
	}
	if len(rows) == 1 {
		_, err := fmt.Fprintln(w, "nothing is different")
		return err
	}
	return table(w, rows)
}

// one is either side of a difference.
func one[T any](t floor.Two[T]) *T { return cmp.Or(t.Before, t.After) }

func tell[T any](t *T, text func(T) string) string {
	if t == nil {
		return ""
	}
	return text(*t)
}

func linkText(l floor.Link) string {
	if l.Up {
		return "up"
	}
	return "down"
}

func agentText(a floor.Agent) string {
	text := agentState(a)
	if a.DN != "" {
		text += " at " + a.DN
	}
	for _, id := range a.Calls {
		text += " " + id.String()
	}
	return text
}

func agentState(a floor.Agent) string {
	if a.Reason == "" {
		return string(a.State)
	}
	return string(a.State) + " (" + a.Reason + ")"
}

func queueText(q floor.Queue) string {
	return fmt.Sprintf("%d waiting, %d of %d ready", len(q.Waiting), q.Ready, q.LoggedIn)
}

func callText(c floor.Call) string {
	text := string(c.State) + ": " + partiesText(c)
	for _, key := range sortedKeys(c.UserData) {
		text += fmt.Sprintf(" %s=%q", key, c.UserData[key])
	}
	return text
}

func partiesText(c floor.Call) string {
	var parties []string
	for _, p := range c.Parties {
		parties = append(parties, p.DN+" "+p.State.String())
	}
	return strings.Join(parties, ", ")
}

func printFloor(w io.Writer, v floor.View, at time.Time, zone *time.Location) error {
	now := v.At
	if !at.IsZero() {
		now = at
	}
	if now.IsZero() {
		_, err := fmt.Fprintln(w, "the log is empty")
		return err
	}
	fmt.Fprintf(w, "The floor at %s (position %d)\n", now.In(zone).Format(clockForm), v.Position)
	since := func(t time.Time) string { return seconds(now.Sub(t).Milliseconds()) }

	agents := [][]string{{"AGENT", "DN", "STATE", "FOR", "QUEUES", "CALLS"}}
	for _, a := range v.Agents {
		var queues, calls []string
		for _, q := range a.Queues {
			queues = append(queues, q.Queue)
		}
		for _, c := range a.Calls {
			calls = append(calls, c.String())
		}
		agents = append(agents, []string{a.ID, a.DN, agentState(a), since(a.Since), strings.Join(queues, ","), strings.Join(calls, ",")})
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
		calls = append(calls, []string{c.ConnID.String(), string(c.Type), string(c.State), since(c.StartedAt), c.ANI, c.DNIS, partiesText(c)})
	}
	for _, rows := range [][][]string{agents, queues, calls} {
		fmt.Fprintln(w)
		if err := table(w, rows); err != nil {
			return err
		}
	}
	return nil
}
