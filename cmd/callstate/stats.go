package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/statistics"
	"github.com/google/uuid"
	"github.com/spf13/cobra"
)

func newStats(s *settings) *cobra.Command {
	var from, to momentFlag
	var interval, target, short string
	var q statistics.Query
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "Print the numbers of queues and agents, with the definitions used",
		Long: `Prints the numbers of queues and agents for a range of time, whole or by interval. docs/statistics.md
defines them. --explain opens a number to the calls and the events behind it, after that has been
written into the log.`,
		Args: cobra.NoArgs,
		Example: `  callstate stats --from 2026-11-23 --to 2026-11-24 --interval hour
  callstate stats --from 2026-11-01 --to 2026-12-01 --interval day --tz America/New_York
  callstate stats --queue sales --target 30s
  callstate stats --queue sales --explain abandoned`,
	}
	flags := cmd.Flags()
	flags.Var(&from, "from", "begin of the range (default: of the log)")
	flags.Var(&to, "to", "its end, which is not part of it (default: of the log)")
	flags.StringVar(&interval, "interval", "", "numbers for each 15m, hour, day or another duration that divides a day (default: the whole range)")
	flags.StringVar(&q.Queue, "queue", "", "of this queue only")
	flags.StringVar(&q.Agent, "agent", "", "of this agent only")
	flags.StringVar(&target, "target", "20s", "target of the service level")
	flags.StringVar(&short, "short", "5s", "abandoned before this is a short abandon")
	flags.StringVar(&q.Explain, "explain", "", "open a number to what is behind it: "+strings.Join(statistics.Names(), ", "))
	flags.IntVar(&q.Limit, "limit", 1000, "explain by so many facts at most (0: all)")
	zone := zone(cmd, "by whose clocks days and intervals begin, and times without an offset are meant and printed")
	as := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		q.Zone, q.From, q.To = zone.Location, from.in(zone.Location), to.in(zone.Location)
		if q.Interval, err = statistics.ParseInterval(interval); err != nil {
			return err
		}
		if q.Definition, err = statistics.ParseDefinition(target, short); err != nil {
			return err
		}
		records, err := s.readHistory(cmd.Context())
		if err != nil {
			return err
		}
		defer records.Close()
		report, err := statistics.Of(cmd.Context(), records, q)
		if err != nil {
			return err
		}
		if q.Explain != "" {
			explained := access.NumberExplained{Number: q.Explain, Query: asked(cmd, zone.Location), View: uuid.NewString()}
			if err := records.viewed(cmd.Context(), explained); err != nil {
				return err
			}
		}
		if *as == asJSON {
			return printJSON(cmd.OutOrStdout(), report)
		}
		return printReport(cmd.OutOrStdout(), report, q)
	}
	return cmd
}

func printReport(w io.Writer, r statistics.Report, q statistics.Query) error {
	d := r.Definition
	at := func(t history.Time) string { return orDash(t.In(q.Zone)) }
	fmt.Fprintf(w, "From %s to %s, as of %s, %s\n", at(r.From), at(r.To), at(r.AsOf), r.Zone)
	fmt.Fprintf(w, "Definitions: version %d; target %s; short abandon before %s\n", d.Version, seconds(d.TargetMs), seconds(d.ShortMs))
	queues := [][]string{{"FROM", "QUEUE", "ENTERED", "OFFERED", "ANSWERED", "ABANDONED", "SHORT", "LEFT", "WAITING", "LONGEST", "ASA", "ABANDON RATE", "AHT", "RONA"}}
	levels := [][]string{{"FROM", "QUEUE", "answeredOnly", "abandonsMissed", "abandonsInTargetMet", "abandonsInTargetExcluded", "shortAbandonsMet"}}
	for _, row := range append(append([]statistics.QueueRow{}, r.Queues...), named(r.Totals)...) {
		queues = append(queues, append([]string{at(row.From), row.Queue}, append(numbers(row.Entered, row.Offered, row.Answered, row.Abandoned,
			row.ShortAbandoned, row.Left, row.Waiting), seconds(row.LongestWaitMs), average(row.ASAMs), percent(row.AbandonRate), average(row.AHTMs),
			fmt.Sprint(row.RingNoAnswer))...))
		l := row.ServiceLevel
		levels = append(levels, []string{at(row.From), row.Queue, percent(l.AnsweredOnly), percent(l.AbandonsMissed), percent(l.AbandonsInTargetMet),
			percent(l.AbandonsInTargetExcluded), percent(l.ShortAbandonsMet)})
	}
	agents := [][]string{{"FROM", "AGENT", "OFFERED", "HANDLED", "RONA", "TALK", "HOLD", "ACW", "AHT", "LOGGED IN", "NOT READY", "IDLE", "OCCUPANCY", "UTILISATION"}}
	for _, row := range r.Agents {
		agents = append(agents, append([]string{at(row.From), row.Agent}, append(numbers(row.Offered, row.Handled, row.RingNoAnswer),
			seconds(row.TalkMs), seconds(row.HoldMs), seconds(row.AfterCallWorkMs), average(row.AHTMs), seconds(row.LoggedInMs), seconds(row.NotReadyMs),
			seconds(row.IdleMs), percent(row.Occupancy), percent(row.Utilisation))...))
	}
	tables := [][][]string{queues, levels, agents}
	if q.Explain != "" {
		tables = [][][]string{explained(r, at)}
	}
	for _, rows := range tables {
		if len(rows) == 1 {
			continue
		}
		fmt.Fprintln(w)
		if err := table(w, rows); err != nil {
			return err
		}
	}
	if r.More {
		fmt.Fprintln(w, "and more: see --limit")
	}
	return nil
}

func explained(r statistics.Report, at func(history.Time) string) [][]string {
	rows := [][]string{{"NUMBER", "OF", "AT", "VALUE", "QUEUE", "AGENT", "CONNID", "EVENTS"}}
	for _, e := range r.Explained {
		id := ""
		if !e.ConnID.IsZero() {
			id = e.ConnID.String()
		}
		value := fmt.Sprint(e.Value)
		if strings.HasSuffix(e.Number, "Ms") {
			value = seconds(e.Value)
		}
		rows = append(rows, []string{e.Number, string(e.Of), at(e.At), value, orDash(e.Queue), orDash(e.Agent), orDash(id), strings.Join(e.Events, " ")})
	}
	return rows
}

// named gives the rows of all queues a name in the table.
func named(totals []statistics.QueueRow) []statistics.QueueRow {
	var rows []statistics.QueueRow
	for _, row := range totals {
		row.Queue = "(all)"
		rows = append(rows, row)
	}
	return rows
}

func numbers(values ...int64) []string {
	var texts []string
	for _, v := range values {
		texts = append(texts, fmt.Sprint(v))
	}
	return texts
}

func average(ms *int64) string {
	if ms == nil {
		return "-"
	}
	return seconds(*ms)
}

func percent(share *float64) string {
	if share == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", *share*100)
}
