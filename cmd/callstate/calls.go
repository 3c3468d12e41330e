package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/projections/history"
	"github.com/spf13/cobra"
)

func newCalls(s *settings) *cobra.Command {
	var from, to momentFlag
	var filter history.Filter
	var outcome string
	cmd := &cobra.Command{
		Use:   "calls [CONNID]",
		Short: "Print call records; of one call with its parties, queue visits and data",
		Args:  cobra.MaximumNArgs(1),
		Example: `  callstate calls --agent 1001 --from 2026-11-23
  callstate calls 01a205ea-c268-86a1-9f11-ad444b7c5c67 --format json`,
	}
	flags := cmd.Flags()
	flags.Var(&from, "from", "started at this time or later")
	flags.Var(&to, "to", "started before this time")
	flags.StringVar(&filter.ANI, "ani", "", "the caller's number")
	flags.StringVar(&filter.DNIS, "dnis", "", "the number called")
	flags.StringVar(&filter.Agent, "agent", "", "an agent to whom the call was offered")
	flags.StringVar(&filter.Queue, "queue", "", "a queue in which the call waited")
	flags.StringVar(&outcome, "outcome", "", "answered, abandoned, busy, noAnswer, failed or other")
	flags.IntVar(&filter.Limit, "limit", 0, "at most so many (0: all)")
	as := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		filter.From, filter.To, filter.Outcome = from.Time, to.Time, history.Outcome(outcome)
		if err := checkFilter(filter); err != nil {
			return usageError{err}
		}
		if len(args) == 1 {
			return printCall(cmd, s, args[0], *as)
		}
		records, err := s.readHistory(cmd.Context())
		if err != nil {
			return err
		}
		defer records.Close()
		found, err := records.Calls(cmd.Context(), filter)
		if err != nil {
			return err
		}
		if *as == asJSON {
			if found == nil {
				found = []history.Record{}
			}
			return printJSON(cmd.OutOrStdout(), found)
		}
		return table(cmd.OutOrStdout(), callRows(found))
	}
	return cmd
}

func checkFilter(f history.Filter) error {
	switch f.Outcome {
	case "", history.Answered, history.Abandoned, history.Busy, history.NoAnswer, history.Failed, history.Other:
	default:
		return fmt.Errorf("unknown outcome %q", f.Outcome)
	}
	if !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) {
		return errors.New("--to is not after --from")
	}
	if f.Limit < 0 {
		return errors.New("--limit is negative")
	}
	return nil
}

// parseConnID reads a connection id from the command line.
func parseConnID(text string) (call.ConnID, error) {
	id, err := call.ParseConnID(text)
	if err != nil {
		return call.ConnID{}, usageError{fmt.Errorf("%q is not a connection id", text)}
	}
	return id, nil
}

func printCall(cmd *cobra.Command, s *settings, text string, as format) error {
	id, err := parseConnID(text)
	if err != nil {
		return err
	}
	records, err := s.readHistory(cmd.Context())
	if err != nil {
		return err
	}
	defer records.Close()
	record, err := records.Call(cmd.Context(), id)
	if errors.Is(err, history.ErrNotFound) {
		return fmt.Errorf("there is no call %s", id)
	}
	if err != nil {
		return err
	}
	if as == asJSON {
		return printJSON(cmd.OutOrStdout(), record)
	}
	return printRecord(cmd.OutOrStdout(), record)
}

func callRows(records []history.Record) [][]string {
	rows := [][]string{{"STARTED", "CONNID", "TYPE", "ANI", "DNIS", "OUTCOME", "DURATION", "QUEUES", "AGENTS", "ENDED BY"}}
	for _, r := range records {
		var queues, agents []string
		for _, q := range r.Queues {
			queues = append(queues, fmt.Sprintf("%s %s %s", q.Queue, orDash(string(q.Result)), seconds(q.WaitMs)))
		}
		for _, a := range r.Agents {
			agents = append(agents, a.Agent)
		}
		rows = append(rows, []string{r.StartedAt.String(), r.ConnID.String(), string(r.Type), r.ANI, r.DNIS, string(r.Outcome),
			seconds(r.DurationMs), strings.Join(queues, ", "), strings.Join(agents, ","), orDash(r.EndedBy)})
	}
	return rows
}

func printRecord(w io.Writer, r history.Record) error {
	rows := [][]string{
		{"call", r.ConnID.String()},
		{"switch", r.Switch + " " + r.SwitchCallID},
		{"type", string(r.Type)},
		{"ANI", r.ANI},
		{"DNIS", r.DNIS},
		{"started", r.StartedAt.String()},
		{"ended", orDash(r.EndedAt.String()) + " by " + orDash(r.EndedBy)},
		{"duration", seconds(r.DurationMs)},
		{"outcome", string(r.Outcome)},
		{"in IVR", seconds(r.IVRMs)},
	}
	for _, q := range r.Queues {
		text := fmt.Sprintf("%s from %s: %s after %s", q.Queue, q.EnteredAt, orDash(string(q.Result)), seconds(q.WaitMs))
		if q.Agent != "" {
			text += " by agent " + q.Agent
		}
		for _, n := range q.NoAnswers {
			text += fmt.Sprintf("; %s did not answer (%s)", n.Agent, seconds(n.RingMs))
		}
		rows = append(rows, []string{"queue", text})
	}
	for _, a := range r.Agents {
		rows = append(rows, []string{"agent", fmt.Sprintf("%s at %s: rang %s, talked %s (on hold %s), %s, ended by %s", a.Agent, a.DN,
			seconds(a.RingMs), seconds(a.TalkMs), seconds(a.HoldMs), orDash(a.Result), orDash(a.EndedBy))})
	}
	for _, t := range r.Transfers {
		rows = append(rows, []string{"transfer", fmt.Sprintf("%s by %s to %s at %s", t.Kind, t.By, t.To, t.At)})
	}
	for _, key := range sortedKeys(r.UserData) {
		rows = append(rows, []string{"data", key + " = " + r.UserData[key]})
	}
	for _, related := range r.Related {
		rows = append(rows, []string{"related", related.Relation + " " + related.ConnID.String()})
	}
	if r.Anomalies > 0 {
		rows = append(rows, []string{"anomalies", strconv.Itoa(r.Anomalies)})
	}
	return table(w, rows)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
