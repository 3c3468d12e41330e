package features_test

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/projections/history"
	"github.com/cucumber/godog"
)

// recordSteps are about what the records of calls say.
func (w *world) recordSteps(sc *godog.ScenarioContext) {
	sc.Step(`^the recorded session "([^"]*)" of (\S+)$`, w.sessionIsRecorded)
	sc.Step(`^the history has (\d+) calls, all of them ended and none in contradiction$`, w.historyIsWhole)
	sc.Step(`^the supervisor opens the call from (\S+)(?: to (\S+))?$`, w.open)
	sc.Step(`^the supervisor opens the consultation about it$`, w.openConsultation)
	sc.Step(`^the record says:$`, w.recordSaysAll)
	sc.Step(`^it waited in these queues:$`, w.queuesAre)
	sc.Step(`^it waited in no queue$`, w.noQueues)
	sc.Step(`^these people were called:$`, w.peopleAre)
	sc.Step(`^these people were called, among others:$`, w.peopleInclude)
	sc.Step(`^nobody was called$`, w.nobodyCalled)
	sc.Step(`^it was transferred:$`, w.transfersAre)
	sc.Step(`^it was not transferred$`, w.noTransfers)
	sc.Step(`^it carries:$`, w.carriesAll)
	sc.Step(`^it belongs together with:$`, w.relatedAre)
}

func (w *world) sessionIsRecorded(name, kind string) error {
	session, err := sessionOf(name, kind)
	if err != nil {
		return err
	}
	w.log, err = w.place.session(session, everything)
	return err
}

func sessionOf(name, kind string) (recordedSession, error) {
	k, known := switches[kind]
	if !known {
		return recordedSession{}, fmt.Errorf("there is no kind of switch %q", kind)
	}
	_, err := os.Stat(k.path(name, ""))
	return recordedSession{k, name}, err
}

func (w *world) historyIsWhole(count int) error {
	records, err := w.log.calls()
	if err != nil {
		return err
	}
	if len(records) != count {
		return fmt.Errorf("it has %d", len(records))
	}
	for _, r := range records {
		if r.EndedAt.String() == "" || r.Anomalies != 0 {
			return fmt.Errorf("the call from %s to %s ended at %q, contradictions: %d", r.ANI, r.DNIS, r.EndedAt, r.Anomalies)
		}
	}
	return w.floorIsEmpty()
}

// open finds the one call of that description.
func (w *world) open(from, to string) error {
	records, err := w.log.calls()
	if err != nil {
		return err
	}
	w.opened = nil
	for i, r := range records {
		if r.ANI != from || to != "" && r.DNIS != to || to == "" && r.Type == call.Consult {
			continue
		}
		if w.opened != nil {
			return fmt.Errorf("more than one call from %s to %q", from, to)
		}
		w.opened = &records[i]
	}
	if w.opened == nil {
		return fmt.Errorf("no call from %s to %q", from, to)
	}
	return nil
}

func (w *world) openConsultation() error {
	record, err := w.opens()
	if err != nil {
		return err
	}
	for _, r := range record.Related {
		if r.Relation == "consultation" {
			w.opened, err = w.log.call(r.ConnID.String())
			return err
		}
	}
	return fmt.Errorf("nobody was consulted: %+v", record.Related)
}

// opens is the call that the supervisor has opened.
func (w *world) opens() (*history.Record, error) {
	if w.opened == nil {
		return nil, errors.New("no call has been opened")
	}
	return w.opened, nil
}

func (w *world) recordSaysAll(table *godog.Table) error {
	record, err := w.opens()
	if err != nil {
		return err
	}
	says := map[string]string{
		"type": string(record.Type), "from": record.ANI, "to": record.DNIS, "outcome": string(record.Outcome), "ended by": record.EndedBy,
		"lasted": inSeconds(record.DurationMs), "in the IVR": inSeconds(record.IVRMs),
	}
	for _, row := range rowsOf(table) {
		said, known := says[row[0]]
		if !known {
			return fmt.Errorf("a record does not tell %q", row[0])
		}
		if !same(said, row[1]) {
			return fmt.Errorf("%s is %q, not %q", row[0], said, row[1])
		}
	}
	return nil
}

func (w *world) queuesAre(table *godog.Table) error {
	record, err := w.opens()
	if err != nil {
		return err
	}
	var found []map[string]string
	for _, q := range record.Queues {
		var declined []string
		for _, offer := range q.NoAnswers {
			declined = append(declined, offer.Agent)
		}
		found = append(found, map[string]string{
			"queue": q.Queue, "result": string(q.Result), "agent": q.Agent, "waited": inSeconds(q.WaitMs), "not taken by": strings.Join(declined, ", "),
		})
	}
	return compare(table, found)
}

func (w *world) noQueues() error {
	return w.has("queue", func(r *history.Record) int { return len(r.Queues) })
}

func (w *world) peopleAre(table *godog.Table) error {
	found, err := w.people()
	if err != nil {
		return err
	}
	return compare(table, found)
}

func (w *world) peopleInclude(table *godog.Table) error {
	found, err := w.people()
	if err != nil {
		return err
	}
	return includes(table, found)
}

// people are those who were called, as rows.
func (w *world) people() ([]map[string]string, error) {
	record, err := w.opens()
	if err != nil {
		return nil, err
	}
	var found []map[string]string
	for _, a := range record.Agents {
		found = append(found, map[string]string{
			"who": cmp.Or(a.Agent, a.DN), "agent": a.Agent, "at": a.DN, "queue": a.Queue, "rang": inSeconds(a.RingMs), "talked": inSeconds(a.TalkMs),
			"of that on hold": inSeconds(a.HoldMs), "result": a.Result, "ended by": a.EndedBy,
		})
	}
	return found, nil
}

func (w *world) nobodyCalled() error {
	return w.has("person called", func(r *history.Record) int { return len(r.Agents) })
}

func (w *world) transfersAre(table *godog.Table) error {
	record, err := w.opens()
	if err != nil {
		return err
	}
	var found []map[string]string
	for _, t := range record.Transfers {
		found = append(found, map[string]string{"kind": t.Kind, "by": t.By, "to": t.To})
	}
	return compare(table, found)
}

func (w *world) noTransfers() error {
	return w.has("transfer", func(r *history.Record) int { return len(r.Transfers) })
}

// has expects none of something in the record.
func (w *world) has(what string, count func(*history.Record) int) error {
	record, err := w.opens()
	if err == nil && count(record) > 0 {
		err = fmt.Errorf("the record has %d %s(s): %+v", count(record), what, *record)
	}
	return err
}

func (w *world) carriesAll(table *godog.Table) error {
	record, err := w.opens()
	if err != nil {
		return err
	}
	for _, row := range rowsOf(table) {
		if value, attached := record.UserData[row[0]]; !attached || value != row[1] {
			return fmt.Errorf("it carries %v", record.UserData)
		}
	}
	return nil
}

func (w *world) relatedAre(table *godog.Table) error {
	record, err := w.opens()
	if err != nil {
		return err
	}
	records, err := w.log.calls()
	if err != nil {
		return err
	}
	var found []map[string]string
	for _, related := range record.Related {
		i := slices.IndexFunc(records, func(r history.Record) bool { return r.ConnID == related.ConnID })
		if i < 0 {
			return fmt.Errorf("the history has no call %s", related.ConnID)
		}
		found = append(found, map[string]string{"as": related.Relation, "from": records[i].ANI, "to": records[i].DNIS})
	}
	return compare(table, found)
}

// compare compares rows in order with a table whose first row names the columns that matter.
func compare(table *godog.Table, found []map[string]string) error {
	rows := rowsOf(table)
	if len(rows)-1 != len(found) {
		return fmt.Errorf("there are %d: %v", len(found), found)
	}
	return includes(table, found)
}

// includes expects the rows of such a table among others, in the same order.
func includes(table *godog.Table, found []map[string]string) error {
	rows := rowsOf(table)
	if len(rows) < 2 {
		return errors.New("the table has no rows")
	}
	rest := found
	for _, row := range rows[1:] {
		at := slices.IndexFunc(rest, func(said map[string]string) bool { return rowIs(said, rows[0], row) })
		if at < 0 {
			return fmt.Errorf("there is no %v there: %v", row, found)
		}
		rest = rest[at+1:]
	}
	return nil
}

func rowIs(said map[string]string, columns, want []string) bool {
	for n, column := range columns {
		if value, known := said[column]; !known || !same(value, want[n]) {
			return false
		}
	}
	return true
}

// same compares a value with what a table says. Times, "3.2 s", may differ by less than a second: what was driven and
// what the switch did lie apart by that.
func same(said, want string) bool {
	saidSeconds, isTime := strings.CutSuffix(said, " s")
	wantSeconds, wantTime := strings.CutSuffix(want, " s")
	if !isTime || !wantTime {
		return said == want
	}
	a, err1 := strconv.ParseFloat(saidSeconds, 64)
	b, err2 := strconv.ParseFloat(wantSeconds, 64)
	// A time that is not there, or should not be, is not a matter of tolerance.
	return err1 == nil && err2 == nil && max(a-b, b-a) < 1 && (a == 0) == (b == 0)
}

func inSeconds(ms int64) string {
	if ms == 0 {
		return "0 s"
	}
	return strconv.FormatFloat(float64(ms)/1000, 'f', 3, 64) + " s"
}
