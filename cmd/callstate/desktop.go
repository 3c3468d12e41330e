package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/callstate/callstate/projections/floor"
)

// printDesktop prints what an agent's desktop shows: a view with him alone and his calls. at is the time that was asked
// for; zero: that of the last event.
func printDesktop(w io.Writer, v floor.View, at time.Time, zone *time.Location) error {
	now := cmp.Or(at, v.At)
	since := func(t time.Time) string { return seconds(now.Sub(t).Milliseconds()) }
	a := v.Agents[0]
	fmt.Fprintf(w, "The desktop of agent %s at %s (position %d)\n\n", printable(a.ID), now.In(zone).Format(clockForm), v.Position)
	if err := table(w, agentRows(a, since, zone)); err != nil {
		return err
	}
	for _, c := range v.Calls {
		fmt.Fprintln(w)
		if err := table(w, liveCallRows(c, since)); err != nil {
			return err
		}
	}
	return nil
}

func agentRows(a floor.Agent, since func(time.Time) string, zone *time.Location) [][]string {
	rows := [][]string{
		{"DN", orDash(a.DN)},
		{"switch", orDash(a.Switch)},
		{"state", agentState(a) + " for " + since(a.Since)},
	}
	for _, q := range a.Queues {
		text := q.Queue
		if q.Paused {
			text += " (" + strings.TrimSpace("paused "+q.Reason) + ")"
		}
		rows = append(rows, []string{"queue", text})
	}
	if !a.ACW.IsZero() {
		rows = append(rows, []string{"work after", a.ACW.String()})
	}
	if !a.ACWEnd.IsZero() {
		rows = append(rows, []string{"work until", a.ACWEnd.In(zone).Format(clockForm)})
	}
	return rows
}

func liveCallRows(c floor.Call, since func(time.Time) string) [][]string {
	rows := [][]string{
		{"call", c.ConnID.String()},
		{"type", string(c.Type)},
		{"state", string(c.State)},
		{"lasts", since(c.StartedAt)},
		{"ANI", orDash(c.ANI)},
		{"DNIS", orDash(c.DNIS)},
	}
	if c.IVR != "" {
		rows = append(rows, []string{"IVR", c.IVR})
	}
	for _, q := range c.Queues {
		rows = append(rows, []string{"queue", q.Queue + " for " + since(q.Since)})
	}
	if c.WaitedMs > 0 {
		rows = append(rows, []string{"waited", seconds(c.WaitedMs)})
	}
	for _, p := range c.Parties {
		rows = append(rows, []string{"party", partyText(p) + " for " + since(p.Since)})
	}
	for _, key := range sortedKeys(c.UserData) {
		rows = append(rows, []string{"data", key + " = " + c.UserData[key]})
	}
	return rows
}

func partyText(p floor.Party) string {
	text := p.DN
	switch {
	case p.Agent != "":
		text += " (agent " + p.Agent + ")"
	case p.External:
		text += " (external)"
	}
	return text + " " + p.State.String()
}
