package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/projections/history"
	"github.com/google/uuid"
	"github.com/spf13/cobra"
)

func newCalls(s *settings) *cobra.Command {
	var flags filterFlags
	as := asTable
	cmd := &cobra.Command{
		Use:   "calls [CONNID]",
		Short: "Print call records; of one call with its parties, queue visits and data",
		Long: `Prints the call records that all filters let through, oldest first, as a table, as one JSON array, as JSON
lines or as CSV. With --limit they come in pages: where there are more, the command that goes on is
printed to the standard error. That somebody looked is written into the log before the first record.`,
		Args: cobra.MaximumNArgs(1),
		Example: `  callstate calls --agent 1001 --from 2026-11-23
  callstate calls --user-data account=100200 --text '"blue harbor" compl*'
  callstate calls --queue sales --outcome abandoned --format csv > abandoned.csv
  callstate calls 01a205ea-c268-86a1-9f11-ad444b7c5c67 --format json`,
	}
	flags.add(cmd)
	cmd.Flags().Var(recordFormat{&as}, "format", "how to print: table, json, jsonl or csv")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		filter, err := flags.filter()
		if err != nil {
			return err
		}
		if len(args) == 1 {
			return printCall(cmd, s, args[0], as, flags.zone.Location)
		}
		records, err := s.readHistory(cmd.Context())
		if err != nil {
			return err
		}
		defer records.Close()
		search := access.CallsSearched{Query: asked(cmd, flags.zone.Location), View: uuid.NewString()}
		if as != asTable {
			search.Format = string(as)
		}
		if err := records.viewed(cmd.Context(), search); err != nil {
			return err
		}
		count, last, err := printCalls(cmd.OutOrStdout(), history.Each(cmd.Context(), records, filter), as, flags.zone.Location)
		if err == nil && filter.Limit > 0 && count == filter.Limit {
			fmt.Fprintf(cmd.ErrOrStderr(), "there may be more: --after %s\n", history.CursorOf(last))
		}
		return err
	}
	return cmd
}

// filterFlags are the flags of a history.Filter.
type filterFlags struct {
	from, to                      momentFlag
	zone                          *zoneFlag
	kind, outcome, after          string
	conversation                  string
	userData                      []string
	minimum, maximum              time.Duration
	ani, dnis, agent, queue, text string
	switchName                    string
	newest                        bool
	limit                         int
}

func (f *filterFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Var(&f.from, "from", "started at this time or later")
	flags.Var(&f.to, "to", "started before this time")
	f.zone = zone(cmd, "in which times without an offset are meant, and the table tells times")
	flags.StringVar(&f.kind, "type", "", "inbound, outbound, internal or consult")
	flags.StringVar(&f.ani, "ani", "", "the caller's number")
	flags.StringVar(&f.dnis, "dnis", "", "the number called")
	flags.StringVar(&f.agent, "agent", "", "an agent to whom the call was offered")
	flags.StringVar(&f.queue, "queue", "", "a queue in which the call waited")
	flags.StringVar(&f.outcome, "outcome", "", "answered, abandoned, busy, noAnswer, failed or other")
	flags.StringVar(&f.switchName, "switch", "", "our name of the switch")
	flags.StringArrayVar(&f.userData, "user-data", nil, "an entry of the user data, key=value (repeatable)")
	flags.StringVar(&f.text, "text", "", `words in the user data; "two words" are a phrase, begin* is a beginning`)
	flags.DurationVar(&f.minimum, "min-duration", 0, "lasted so long or longer (30s, 5m)")
	flags.DurationVar(&f.maximum, "max-duration", 0, "lasted so long or shorter")
	flags.StringVar(&f.conversation, "conversation", "", "a call: all calls of the same conversation")
	flags.BoolVar(&f.newest, "newest", false, "newest first")
	flags.StringVar(&f.after, "after", "", "go on where an earlier page ended")
	flags.IntVar(&f.limit, "limit", 0, "at most so many (0: all)")
}

func (f *filterFlags) filter() (filter history.Filter, err error) {
	filter = history.Filter{
		From: f.from.in(f.zone.Location), To: f.to.in(f.zone.Location), Type: call.Type(f.kind), ANI: f.ani, DNIS: f.dnis, Agent: f.agent, Queue: f.queue,
		Outcome: history.Outcome(f.outcome), Switch: f.switchName, Text: f.text, MinDuration: f.minimum, MaxDuration: f.maximum,
		Newest: f.newest, Limit: f.limit,
	}
	if filter.UserData, err = history.ParsePairs(f.userData); err != nil {
		return filter, err
	}
	if filter.After, err = history.ParseCursor(f.after); err != nil {
		return filter, err
	}
	if f.conversation != "" {
		if filter.Conversation, err = parseConnID(f.conversation); err != nil {
			return filter, err
		}
	}
	return filter, filter.Check()
}

// printCalls prints records as they come, and returns how many and the last of them.
func printCalls(w io.Writer, records iter.Seq2[history.Record, error], as format, zone *time.Location) (count int, last history.Record, err error) {
	out := bufio.NewWriter(w)
	defer func() { err = errors.Join(err, out.Flush()) }()
	var print history.Writer
	switch as {
	case asJSON:
		print = history.NewJSONWriter(out)
	case asJSONLines:
		print = history.NewJSONLinesWriter(out)
	case asCSV:
		print = history.NewCSVWriter(out)
	default:
		print = &recordTable{out: out, zone: zone, rows: [][]string{callHeading}}
	}
	for r, err := range records {
		if err != nil {
			return count, last, err
		}
		if err := print.Write(r); err != nil {
			return count, last, err
		}
		count, last = count+1, r
	}
	return count, last, print.Close()
}

// recordTable is a table of records, printed at the end: its columns are as wide as what is in them.
type recordTable struct {
	out  io.Writer
	zone *time.Location
	rows [][]string
}

func (t *recordTable) Write(r history.Record) error {
	t.rows = append(t.rows, callRow(r, t.zone))
	return nil
}

func (t *recordTable) Close() error { return table(t.out, t.rows) }

// parseConnID reads a connection id from the command line.
func parseConnID(text string) (call.ConnID, error) {
	id, err := call.ParseConnID(text)
	if err != nil {
		return call.ConnID{}, usageError{fmt.Errorf("%q is not a connection id", text)}
	}
	return id, nil
}

func printCall(cmd *cobra.Command, s *settings, text string, as format, zone *time.Location) error {
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
	if err := records.viewed(cmd.Context(), access.CallViewed{ConnID: id, What: access.TheRecord, View: uuid.NewString()}); err != nil {
		return err
	}
	switch as {
	case asJSON:
		return printJSON(cmd.OutOrStdout(), record)
	case asTable:
		return printRecord(cmd.OutOrStdout(), record, zone)
	}
	_, _, err = printCalls(cmd.OutOrStdout(), func(yield func(history.Record, error) bool) { yield(record, nil) }, as, zone)
	return err
}

var callHeading = []string{"STARTED", "CONNID", "TYPE", "ANI", "DNIS", "OUTCOME", "DURATION", "QUEUES", "AGENTS", "ENDED BY"}

func callRow(r history.Record, zone *time.Location) []string {
	var queues, agents []string
	for _, q := range r.Queues {
		queues = append(queues, fmt.Sprintf("%s %s %s", q.Queue, orDash(string(q.Result)), seconds(q.WaitMs)))
	}
	for _, a := range r.Agents {
		agents = append(agents, cmp.Or(a.Agent, a.DN))
	}
	return []string{
		r.StartedAt.In(zone), r.ConnID.String(), string(r.Type), r.ANI, r.DNIS, string(r.Outcome),
		seconds(r.DurationMs), strings.Join(queues, ", "), strings.Join(agents, ","), orDash(r.EndedBy),
	}
}

func printRecord(w io.Writer, r history.Record, zone *time.Location) error {
	rows := [][]string{
		{"call", r.ConnID.String()},
		{"switch", r.Switch + " " + r.SwitchCallID},
		{"type", string(r.Type)},
		{"ANI", r.ANI},
		{"DNIS", r.DNIS},
		{"started", r.StartedAt.In(zone)},
		{"ended", orDash(r.EndedAt.In(zone)) + " by " + orDash(r.EndedBy)},
		{"duration", seconds(r.DurationMs)},
		{"outcome", string(r.Outcome)},
		{"in IVR", seconds(r.IVRMs)},
	}
	for _, q := range r.Queues {
		text := fmt.Sprintf("%s from %s: %s after %s", q.Queue, q.EnteredAt.In(zone), orDash(string(q.Result)), seconds(q.WaitMs))
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
		rows = append(rows, []string{"transfer", fmt.Sprintf("%s by %s to %s at %s", t.Kind, t.By, t.To, t.At.In(zone))})
	}
	for _, key := range sortedKeys(r.UserData) {
		rows = append(rows, []string{"data", key + " = " + r.UserData[key]})
	}
	if r.Disposition != "" {
		rows = append(rows, []string{"disposition", r.Disposition})
	}
	for _, n := range r.Notes {
		rows = append(rows, []string{"note", fmt.Sprintf("%s, by %s at %s", n.Text, n.By, n.At.In(zone))})
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
