package features_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/audit"
	"github.com/cucumber/godog"
)

// engineSteps are about several engines that write one log.
func (w *world) engineSteps(sc *godog.ScenarioContext) {
	sc.Step(`^(an|another) engine (?:(that .*) )?reads the session "([^"]*)" of (\S+)$`, w.engineReads)
	sc.Step(`^(nothing|something) was added$`, w.wasAdded)
	sc.Step(`^no call was added to$`, w.noCallWasAddedTo)
	sc.Step(`^every call began once and ended once, and no event is there twice$`, w.nothingIsTwice)
	sc.Step(`^the calls have the same events as those of one engine that (heard everything|lost its link|stayed connected)$`, w.sameAsAlone)
}

// partHeard is what the engine of a description hears of a switch.
func partHeard(engine string, kind *kindOfSwitch) (part, error) {
	switch engine {
	case "", "that heard everything", "that lost its link":
		return everything, nil
	case "that stayed connected":
		return part{name: "observer", files: []string{kind.observer}}, nil
	case "that joined after the link was lost":
		return part{name: "second link", files: kind.links[1:]}, nil
	}
	var seconds float64
	if n, _ := fmt.Sscanf(engine, "that joined %f seconds late", &seconds); n == 1 && seconds > 0 {
		return part{name: "late", from: seconds}, nil
	}
	if n, _ := fmt.Sscanf(engine, "that died after %f seconds", &seconds); n == 1 && seconds > 0 {
		return part{name: "early", until: seconds}, nil
	}
	return part{}, fmt.Errorf("there is no engine %q", engine)
}

func (w *world) engineReads(which, engine, name, kind string) error {
	session, err := sessionOf(name, kind)
	if err != nil {
		return err
	}
	heard, err := partHeard(engine, session.kind)
	if err != nil {
		return err
	}
	if first := w.log == nil; first != (which == "an") {
		return errors.New("the first engine is an engine, those after it are another engine")
	}
	if w.log == nil {
		w.log = w.data
	}
	before, err := w.callEvents()
	if err != nil {
		return err
	}
	if w.added, err = w.log.read(session, heard, filepath.Join(w.dir, "heard")); err != nil {
		return err
	}
	w.before, w.session = before, session
	return nil
}

func (w *world) wasAdded(what string) error {
	if (w.added == 0) != (what == "nothing") {
		return fmt.Errorf("%d events were added", w.added)
	}
	return nil
}

// callEvents are the ids of the events of each call; none where there is no log yet.
func (w *world) callEvents() (map[eventlog.Stream][]string, error) {
	ids := map[eventlog.Stream][]string{}
	if _, err := os.Stat(w.log.dir); errors.Is(err, os.ErrNotExist) {
		return ids, nil
	}
	all, err := w.log.events()
	for _, e := range all {
		if e.Stream.Kind() == wire.Call {
			ids[e.Stream] = append(ids[e.Stream], e.ID.String())
		}
	}
	return ids, err
}

func (w *world) noCallWasAddedTo() error {
	now, err := w.callEvents()
	if err != nil {
		return err
	}
	if len(w.before) == 0 {
		return errors.New("there were no calls before")
	}
	return sameCalls(w.before, now)
}

func sameCalls(want, have map[eventlog.Stream][]string) error {
	for stream, ids := range want {
		if !slices.Equal(ids, have[stream]) {
			return fmt.Errorf("%s has %d events, not %d", stream, len(have[stream]), len(ids))
		}
	}
	if len(have) != len(want) {
		return fmt.Errorf("there are %d calls, not %d", len(have), len(want))
	}
	return nil
}

func (w *world) sameAsAlone(which string) error {
	heard, err := partHeard("that "+which, w.session.kind)
	if err != nil {
		return err
	}
	alone, err := w.place.session(w.session, heard)
	if err != nil {
		return err
	}
	other := world{log: alone}
	want, err := other.callEvents()
	if err != nil {
		return err
	}
	have, err := w.callEvents()
	if err != nil {
		return err
	}
	if len(want) == 0 {
		return errors.New("one engine alone has recorded no calls")
	}
	return sameCalls(want, have)
}

func (w *world) nothingIsTwice() error {
	all, err := w.log.events()
	if err != nil {
		return err
	}
	seen, began, ended := map[string]bool{}, map[eventlog.Stream]int{}, map[eventlog.Stream]int{}
	for _, e := range all {
		if seen[e.ID.String()] {
			return fmt.Errorf("%s %s is there twice", e.Stream, e.Type)
		}
		seen[e.ID.String()] = true
		if e.Stream.Kind() != wire.Call {
			continue
		}
		switch {
		case e.Type == "CallStarted":
			began[e.Stream]++
		case ends(e):
			ended[e.Stream]++
		}
	}
	if len(began) == 0 {
		return errors.New("there are no calls")
	}
	for stream := range began {
		if began[stream] != 1 || ended[stream] != 1 {
			return fmt.Errorf("%s began %d times and ended %d times", stream, began[stream], ended[stream])
		}
	}
	return nil
}

// ends says whether the call of the event is over with it.
func ends(e audit.Event) bool {
	if e.Type != "CallMerged" {
		return e.Type == "CallEnded" || e.Type == "CallPresumedEnded"
	}
	var merged struct{ Absorbed string }
	err := json.Unmarshal(e.Data, &merged)
	return err == nil && merged.Absorbed == e.Stream.ID()
}
