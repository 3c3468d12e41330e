package features_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/statistics"
	"github.com/cucumber/godog"
)

// numbers is what the supervisor has asked for last.
type numbers struct {
	report  statistics.Report
	parts   statistics.Report // the same range by intervals
	refused error
}

// statisticsSteps are about numbers, as the command stats prints them.
func (w *world) statisticsSteps(sc *godog.ScenarioContext) {
	n := &numbers{}
	ask := func(report *statistics.Report, args ...string) error {
		out, err := w.log.run(append([]string{"stats", "--format", "json"}, args...)...)
		if err != nil {
			return err
		}
		*report = statistics.Report{}
		return json.Unmarshal(out, report)
	}
	sc.Step(`^the supervisor asks for the numbers$`, func() error { return ask(&n.report) })
	sc.Step(`^the supervisor asks for the numbers with a target of (\S+) and short abandons before (\S+)$`, func(target, short string) error {
		return ask(&n.report, "--target", target, "--short", short)
	})
	sc.Step(`^the supervisor asks for the numbers of the first (\d+) seconds$`, func(seconds int) error {
		if err := ask(&n.report); err != nil {
			return err
		}
		from := time.Time(n.report.From)
		return ask(&n.report, "--from", from.Format(time.RFC3339Nano), "--to", from.Add(time.Duration(seconds)*time.Second).Format(time.RFC3339Nano))
	})
	sc.Step(`^the supervisor asks for the numbers, whole and by minutes$`, func() error {
		return errors.Join(ask(&n.report), ask(&n.parts, "--interval", "1m"))
	})
	sc.Step(`^the supervisor opens the abandoned calls of queue (\S+)$`, func(queue string) error {
		return ask(&n.report, "--queue", queue, "--explain", "abandoned")
	})
	sc.Step(`^the supervisor asks for the numbers from (\S+) to (\S+)$`, func(from, to string) error {
		n.refused = ask(&n.report, "--from", from, "--to", to)
		return nil
	})
	sc.Step(`^the supervisor asks for the numbers from (\S+) to (\S+) by days of (\S+)$`, func(from, to, zone string) error {
		return ask(&n.report, "--from", from, "--to", to, "--interval", "day", "--tz", zone)
	})
	sc.Step(`^the numbers are of the days:$`, func(table *godog.Table) error {
		for i, row := range rowsOf(table) {
			if len(n.report.Totals) != len(table.Rows) || n.report.Totals[i].From.String() != row[0] || n.report.Totals[i].To.String() != row[1] {
				return fmt.Errorf("they are %+v", n.report.Totals)
			}
		}
		return nil
	})
	sc.Step(`^that is refused, because "([^"]*)"$`, func(reason string) error {
		if n.refused == nil || !strings.Contains(n.refused.Error(), reason) {
			return fmt.Errorf("it was answered with %v", n.refused)
		}
		return nil
	})
	sc.Step(`^the numbers of queue (\S+) are:$`, n.queueIs)
	sc.Step(`^the service level of queue (\S+) is:$`, n.serviceLevelIs)
	sc.Step(`^the numbers of agent (\S+) are:$`, n.agentIs)
	sc.Step(`^the minutes add up to the whole$`, n.addUp)
	sc.Step(`^behind it are the calls from:$`, func(table *godog.Table) error { return w.behind(n.report, table) })
	sc.Step(`^the log has every event that is named there$`, func() error { return w.hasEvents(n.report) })
}

func (n *numbers) queue(name string) (statistics.QueueRow, error) {
	i := slices.IndexFunc(n.report.Queues, func(row statistics.QueueRow) bool { return row.Queue == name })
	if i < 0 {
		return statistics.QueueRow{}, fmt.Errorf("there are no numbers of queue %s: %+v", name, n.report.Queues)
	}
	return n.report.Queues[i], nil
}

func (n *numbers) queueIs(name string, table *godog.Table) error {
	row, err := n.queue(name)
	if err != nil {
		return err
	}
	return says(table, map[string]string{
		"entered": fmt.Sprint(row.Entered), "offered": fmt.Sprint(row.Offered), "answered": fmt.Sprint(row.Answered),
		"abandoned": fmt.Sprint(row.Abandoned), "short abandoned": fmt.Sprint(row.ShortAbandoned), "left": fmt.Sprint(row.Left),
		"waiting": fmt.Sprint(row.Waiting), "longest wait": inSeconds(row.LongestWaitMs), "ASA": inSeconds(valueOf(row.ASAMs)),
		"abandon rate": inPercent(row.AbandonRate), "handled": fmt.Sprint(row.Handled), "talk": inSeconds(row.TalkMs),
		"ring no answer": fmt.Sprint(row.RingNoAnswer),
	})
}

func (n *numbers) serviceLevelIs(name string, table *godog.Table) error {
	row, err := n.queue(name)
	if err != nil {
		return err
	}
	l := row.ServiceLevel
	return says(table, map[string]string{
		"answeredOnly": inPercent(l.AnsweredOnly), "abandonsMissed": inPercent(l.AbandonsMissed), "abandonsInTargetMet": inPercent(l.AbandonsInTargetMet),
		"abandonsInTargetExcluded": inPercent(l.AbandonsInTargetExcluded), "shortAbandonsMet": inPercent(l.ShortAbandonsMet),
	})
}

func (n *numbers) agentIs(name string, table *godog.Table) error {
	i := slices.IndexFunc(n.report.Agents, func(row statistics.AgentRow) bool { return row.Agent == name })
	if i < 0 {
		return fmt.Errorf("there are no numbers of agent %s: %+v", name, n.report.Agents)
	}
	row := n.report.Agents[i]
	return says(table, map[string]string{
		"offered": fmt.Sprint(row.Offered), "handled": fmt.Sprint(row.Handled), "ring no answer": fmt.Sprint(row.RingNoAnswer),
		"talk": inSeconds(row.TalkMs), "occupancy": inPercent(row.Occupancy),
	})
}

// says compares a table of names and values with what was told.
func says(table *godog.Table, told map[string]string) error {
	for _, row := range rowsOf(table) {
		said, known := told[row[0]]
		if !known {
			return fmt.Errorf("nothing tells %q", row[0])
		}
		if !same(said, row[1]) {
			return fmt.Errorf("%s is %q, not %q", row[0], said, row[1])
		}
	}
	return nil
}

// addUp adds up every whole number of every queue and agent but those that say how it was at the end.
func (n *numbers) addUp() error {
	sum := func(r statistics.Report) map[string]int64 {
		all := map[string]int64{}
		add := func(of string, row any) {
			value := reflect.ValueOf(row)
			for i := range value.NumField() {
				if name := value.Type().Field(i).Name; value.Field(i).CanInt() && name != "Waiting" && name != "LongestWaitMs" {
					all[of+" "+name] += value.Field(i).Int()
				}
			}
		}
		for _, row := range r.Queues {
			add("queue "+row.Queue, row)
		}
		for _, row := range r.Agents {
			add("agent "+row.Agent, row)
		}
		return all
	}
	whole, parts := sum(n.report), sum(n.parts)
	if len(n.parts.Queues)+len(n.parts.Agents) <= len(n.report.Queues)+len(n.report.Agents) {
		return errors.New("the session is shorter than a minute: nothing is cut")
	}
	for name, value := range whole {
		if parts[name] != value {
			return fmt.Errorf("%s is %d, and %d in parts", name, value, parts[name])
		}
	}
	return nil
}

func (w *world) behind(report statistics.Report, table *godog.Table) error {
	records, err := w.log.calls()
	if err != nil {
		return err
	}
	var found [][]string
	for _, e := range report.Explained {
		i := slices.IndexFunc(records, func(r history.Record) bool { return r.ConnID == e.ConnID })
		if i < 0 {
			return fmt.Errorf("the history has no call %s", e.ConnID)
		}
		found = append(found, []string{records[i].ANI})
	}
	if !reflect.DeepEqual(sorted(found), sorted(rowsOf(table))) {
		return fmt.Errorf("behind it are the calls from %v", found)
	}
	return nil
}

func (w *world) hasEvents(report statistics.Report) error {
	events, err := w.log.events()
	if err != nil {
		return err
	}
	known := map[string]string{}
	for _, e := range events {
		known[e.ID.String()] = e.Type
	}
	for _, e := range report.Explained {
		var types []string
		for _, id := range e.Events {
			types = append(types, known[id])
		}
		if !slices.Equal(types, []string{"QueueEntered", "QueueAbandoned"}) {
			return fmt.Errorf("call %s is explained by %v, which are %v", e.ConnID, e.Events, types)
		}
	}
	return nil
}

func valueOf(ms *int64) int64 {
	if ms == nil {
		return 0
	}
	return *ms
}

func inPercent(share *float64) string {
	if share == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", *share*100)
}
