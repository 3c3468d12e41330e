package features_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/audit"
	"github.com/cucumber/godog"
)

var connIDs = regexp.MustCompile(`(call )?[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)

// lapses are how long something took, as a story tells it.
var lapses = regexp.MustCompile(`,? after [0-9:]+\.[0-9]{3}`)

// storySteps are about the story of a call, as replay tells it, and about what the log tells of the link.
func (w *world) storySteps(sc *godog.ScenarioContext) {
	sc.Step(`^the story is:$`, w.storyIsExactly)
	sc.Step(`^the story goes on after "([^"]*)" with:$`, w.storyGoesOn)
	sc.Step(`^the story tells, among other things and in this order:$`, w.storyTells)
	sc.Step(`^nobody else is in the story than:$`, w.cast)
	sc.Step(`^its end is presumed: (.+)$`, w.endIsPresumed)
	sc.Step(`^its end was seen$`, w.endWasSeen)
	sc.Step(`^the log tells of the link:$`, w.linkIs)
}

// tells says whether a line of a story is the wanted one. One that does not say how long it took may have taken any time.
func tells(line, wanted string) bool {
	return line == wanted || lapses.ReplaceAllString(line, "") == wanted
}

func (w *world) told() ([]string, error) {
	record, err := w.opens()
	if err != nil {
		return nil, err
	}
	return w.log.story(record.ConnID.String())
}

func lines(table *godog.Table) []string {
	var wanted []string
	for _, row := range rowsOf(table) {
		wanted = append(wanted, strings.TrimSpace(row[0]))
	}
	return wanted
}

// typesIn are the types of events in a table. A cell may have several of them, or none.
func typesIn(table *godog.Table) []string {
	var types []string
	for _, line := range lines(table) {
		types = append(types, strings.FieldsFunc(line, func(r rune) bool { return r == ',' || r == ' ' })...)
	}
	return types
}

func (w *world) storyIsExactly(table *godog.Table) error {
	told, err := w.told()
	if err == nil && !slices.EqualFunc(told, lines(table), tells) {
		err = fmt.Errorf("the story is:\n%s", strings.Join(told, "\n"))
	}
	return err
}

// storyGoesOn compares everything that the story tells after the first line of that text.
func (w *world) storyGoesOn(after string, table *godog.Table) error {
	told, err := w.told()
	if err != nil {
		return err
	}
	at := slices.IndexFunc(told, func(line string) bool { return tells(line, after) })
	if at < 0 || !slices.EqualFunc(told[at+1:], lines(table), tells) {
		return fmt.Errorf("the story is:\n%s", strings.Join(told, "\n"))
	}
	return nil
}

func (w *world) storyTells(table *godog.Table) error {
	told, err := w.told()
	if err != nil {
		return err
	}
	rest := told
	for _, line := range lines(table) {
		at := slices.IndexFunc(rest, func(told string) bool { return tells(told, line) })
		if at < 0 {
			return fmt.Errorf("%q is not told there; the story is:\n%s", line, strings.Join(told, "\n"))
		}
		rest = rest[at+1:]
	}
	return nil
}

// cast compares the numbers of everybody who took part at any time.
func (w *world) cast(table *godog.Table) error {
	events, err := w.eventsOfOpened()
	if err != nil {
		return err
	}
	numbers := map[string]bool{}
	for _, e := range events {
		var party struct{ DN, Party string }
		if err := json.Unmarshal(e.Data, &party); err != nil {
			return err
		}
		if party.DN != "" && party.Party != "" {
			numbers[party.DN] = true
		}
	}
	found := slices.Sorted(maps.Keys(numbers))
	if !slices.Equal(found, slices.Sorted(slices.Values(lines(table)))) {
		return fmt.Errorf("there are %v", found)
	}
	return nil
}

func (w *world) eventsOfOpened() ([]audit.Event, error) {
	record, err := w.opens()
	if err != nil {
		return nil, err
	}
	all, err := w.log.events()
	if err != nil {
		return nil, err
	}
	var events []audit.Event
	for _, e := range all {
		if e.Stream == wire.CallStream(record.ConnID) {
			events = append(events, e)
		}
	}
	if len(events) == 0 {
		return nil, errors.New("the log has no events of the call")
	}
	return events, nil
}

// presumptions are why an end is presumed, in words.
var presumptions = map[string]string{
	"the switch did not have the call any more": "goneAtResync",
	"the switch was started anew":               "switchRestart",
}

func (w *world) endIsPresumed(why string) error {
	events, err := w.eventsOfOpened()
	if err != nil {
		return err
	}
	reason, known := presumptions[why]
	if !known {
		return fmt.Errorf("an end is never presumed because %q", why)
	}
	last := events[len(events)-1]
	var presumed struct{ Reason string }
	if err := json.Unmarshal(last.Data, &presumed); err != nil {
		return err
	}
	if last.Type != "CallPresumedEnded" || presumed.Reason != reason || !last.Inferred {
		return fmt.Errorf("the last event is %s %s, inferred: %t", last.Type, last.Data, last.Inferred)
	}
	return nil
}

func (w *world) endWasSeen() error {
	events, err := w.eventsOfOpened()
	if err != nil {
		return err
	}
	if last := events[len(events)-1]; last.Type != "CallEnded" || last.Inferred {
		return fmt.Errorf("the last event is %s, inferred: %t", last.Type, last.Inferred)
	}
	return nil
}

func (w *world) linkIs(table *godog.Table) error {
	all, err := w.log.events()
	if err != nil {
		return err
	}
	var told []string
	for _, e := range all {
		if e.Stream.Kind() == wire.Switch && !strings.HasPrefix(e.Type, "Device") { // the stream has the devices of the switch too
			told = append(told, e.Type)
		}
	}
	if !slices.Equal(told, typesIn(table)) {
		return fmt.Errorf("the log tells %v", told)
	}
	return nil
}
