package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/past"
	"github.com/google/uuid"
	"github.com/spf13/cobra"
)

func newFloor(s *settings) *cobra.Command {
	var at, with pastFlag
	var agent string
	cmd := &cobra.Command{
		Use:   "floor",
		Short: "Print agents, queues and live calls, or an agent's desktop, as they are at the end of the log or were at any moment",
		Long: `Prints agents, queues and live calls: at the end of the log, or with --at as they were at a time or
at a position of the log. A time means what had happened by then on the switches' clocks. With --diff
it prints what became different from there to another moment.

With --agent all that is of one agent's desktop only: what he does, and his calls with who takes part
in them and the data attached to them.

That somebody looked at a moment of the past is written into the log first.`,
		Args: cobra.NoArgs,
		Example: `  callstate floor --at 2026-11-23T09:32:00Z
  callstate floor --at 2026-11-23T09:32:00Z --diff 2026-11-23T09:33:00Z
  callstate floor --at 4711 --diff 4712
  callstate floor --agent 1001 --at '2026-11-23 10:32:00' --tz Europe/Berlin`,
	}
	cmd.Flags().Var(&at, "at", "as it was at this moment: a time on the switches' clocks, or a position")
	cmd.Flags().Var(&with, "diff", "what is different at this moment")
	cmd.Flags().StringVar(&agent, "agent", "", "the desktop of this agent")
	zone := zone(cmd, "in which times without an offset are meant, and the table tells times")
	as := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		moments := []past.Moment{at.in(zone.Location)}
		if other := with.in(zone.Location); !other.IsZero() {
			moments = append(moments, other)
		}
		views, err := viewsAt(cmd.Context(), s.place, agent, moments)
		if err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		switch {
		case len(views) == 2 && *as == asJSON:
			return printJSON(out, floor.Diff(views[0], views[1]))
		case len(views) == 2:
			return printDifference(out, floor.Diff(views[0], views[1]), zone.Location)
		case agent != "" && *as == asJSON:
			return printJSON(out, floor.Desktop{Agent: views[0].Agents[0], Calls: views[0].Calls})
		case agent != "":
			return printDesktop(out, views[0], moments[0].Time, zone.Location)
		case *as == asJSON:
			return printJSON(out, views[0])
		}
		return printFloor(out, views[0], moments[0].Time, zone.Location)
	}
	return cmd
}

// viewsAt are the floors at moments, or what an agent's desktop showed of them. A zero moment is the end of the log. That
// somebody looks at the others is in the log then.
func viewsAt(ctx context.Context, p place, agent string, moments []past.Moment) (views []floor.View, err error) {
	var kept *past.Past
	var log eventLog
	if slices.ContainsFunc(moments, isPast) {
		if kept, log, err = p.readPast(ctx); err != nil {
			return nil, err
		}
		defer kept.Close()
	} else if log, err = p.readLog(ctx); err != nil {
		return nil, err
	}
	defer log.Close()

	seen := false
	for _, m := range moments {
		var f *floor.Floor
		if isPast(m) {
			f, err = kept.Floor(ctx, m)
		} else {
			f, err = floorNow(ctx, log)
		}
		if err != nil {
			return nil, err
		}
		view, has := viewOf(f, agent)
		views, seen = append(views, view), seen || has
	}
	if !seen {
		return nil, unseen(agent, moments)
	}
	for i, m := range moments {
		if isPast(m) {
			if err := viewed(ctx, log, access.FloorViewed{Moment: views[i].At, Agent: agent, View: uuid.NewString()}); err != nil {
				return nil, err
			}
		}
	}
	return views, nil
}

func isPast(m past.Moment) bool { return !m.IsZero() }

// viewOf is the whole of a floor, or what an agent's desktop shows of it; false when nobody has seen the agent.
func viewOf(f *floor.Floor, agent string) (view floor.View, seen bool) {
	view = f.View()
	if agent == "" {
		return view, true
	}
	desktop, seen := f.Agent(agent)
	view.Links, view.Agents, view.Queues, view.Calls = nil, nil, nil, desktop.Calls
	if seen {
		view.Agents = []floor.Agent{desktop.Agent}
	}
	return view, seen
}

// unseen is that nobody has seen an agent at any of the moments.
func unseen(agent string, moments []past.Moment) error {
	var names []string
	for _, m := range moments {
		name := cmp.Or(m.String(), "the end of the log")
		if m.Position != 0 {
			name = "position " + name
		}
		names = append(names, name)
	}
	return fmt.Errorf("there is no agent %s at %s", agent, strings.Join(names, ", nor at "))
}

// floorNow is the floor at the end of the log.
func floorNow(ctx context.Context, log eventlog.Reader) (*floor.Floor, error) {
	f := floor.New(floor.Options{History: 1})
	return f, projections.CatchUp(ctx, log, f, nil)
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
	now := cmp.Or(at, v.At)
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
