package audit

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/history"
)

var connIDs = regexp.MustCompile(`(call )?[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)

// Feature is a scenario (Gherkin) that says of a call what its record and its story say today. name is that of the file
// with the recorded events beside it: the records that are given here.
func Feature(name string, id call.ConnID, records []eventlog.Record) (string, error) {
	var story Story
	var lines []string
	for _, r := range records {
		if r.Stream != wire.CallStream(id) {
			continue
		}
		line, err := story.Tell(r)
		if err != nil {
			return "", err
		}
		lines = append(lines, connIDs.ReplaceAllString(line.marked(), "another call"))
	}
	r := history.RecordOf(story.State())
	var f strings.Builder
	fmt.Fprintf(&f, "Feature: The recorded call %q\n\n  A call that really happened, with other names and numbers.\n\n", name)
	fmt.Fprintf(&f, "  Scenario: %s, %s\n    Given the recorded call %q\n    When the supervisor opens the call %s\n", r.Type, r.Outcome, name, id)
	rows(&f, "Then", "the record says", [][]string{
		{"type", string(r.Type)}, {"from", r.ANI}, {"to", r.DNIS}, {"outcome", string(r.Outcome)}, {"ended by", r.EndedBy},
		{"lasted", inSeconds(r.DurationMs)}, {"in the IVR", inSeconds(r.IVRMs)},
	})
	queues := [][]string{{"queue", "result", "agent", "waited", "not taken by"}}
	for _, q := range r.Queues {
		var declined []string
		for _, offer := range q.NoAnswers {
			declined = append(declined, offer.Agent)
		}
		queues = append(queues, []string{q.Queue, string(q.Result), q.Agent, inSeconds(q.WaitMs), strings.Join(declined, ", ")})
	}
	table(&f, queues, "it waited in these queues", "it waited in no queue")
	people := [][]string{{"who", "at", "queue", "rang", "talked", "of that on hold", "result", "ended by"}}
	for _, a := range r.Agents {
		people = append(people, []string{cmp.Or(a.Agent, a.DN), a.DN, a.Queue, inSeconds(a.RingMs), inSeconds(a.TalkMs), inSeconds(a.HoldMs), a.Result, a.EndedBy})
	}
	table(&f, people, "these people were called", "nobody was called")
	transfers := [][]string{{"kind", "by", "to"}}
	for _, t := range r.Transfers {
		transfers = append(transfers, []string{t.Kind, t.By, t.To})
	}
	table(&f, transfers, "it was transferred", "it was not transferred")
	var data [][]string
	for _, key := range sorted(r.UserData) {
		data = append(data, []string{key, r.UserData[key]})
	}
	if len(data) > 0 {
		rows(&f, "And", "it carries", data)
	}
	var told [][]string
	for _, line := range lines {
		told = append(told, []string{line})
	}
	rows(&f, "And", "the story is", told)
	return f.String(), nil
}

// table is a step with a table whose first row is a heading, or another step where there are no more rows.
func table(f *strings.Builder, found [][]string, some, none string) {
	if len(found) == 1 {
		fmt.Fprintf(f, "    And %s\n", none)
		return
	}
	rows(f, "And", some, found)
}

var cell = strings.NewReplacer(`\`, `\\`, "|", `\|`, "\n", `\n`)

func rows(f *strings.Builder, keyword, step string, found [][]string) {
	fmt.Fprintf(f, "    %s %s:\n", keyword, step)
	widths := make([]int, len(found[0]))
	for _, row := range found {
		for i := range row {
			row[i] = cell.Replace(row[i])
			widths[i] = max(widths[i], len([]rune(row[i])))
		}
	}
	for _, row := range found {
		f.WriteString("      |")
		for i, text := range row {
			fmt.Fprintf(f, " %s%s |", text, strings.Repeat(" ", widths[i]-len([]rune(text))))
		}
		f.WriteString("\n")
	}
}

func inSeconds(ms int64) string {
	if ms == 0 {
		return "0 s"
	}
	return strconv.FormatFloat(float64(ms)/1000, 'f', 3, 64) + " s"
}

func sorted[V any](m map[string]V) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
