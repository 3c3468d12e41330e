package features_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/history"
	"github.com/cucumber/godog"
)

// pastSteps are about the floor as it was, calls that are told again, and who looked.
func (w *world) pastSteps(sc *godog.ScenarioContext) {
	sc.Step(`^the recorded call "([^"]*)"$`, w.callIsRecorded)
	sc.Step(`^the supervisor opens the call ([0-9a-f-]{36})$`, w.openByID)

	sc.Step(`^the supervisor notes what the floor and agent (\d+)'s desktop show$`, w.noteFloor)
	sc.Step(`^at each position that was noted they are still what they were$`, w.notedIsSo)
	sc.Step(`^the engine comes back$`, w.engineComesBack)
	sc.Step(`^what is different from ([\d.]+) to ([\d.]+) seconds into the call is:$`, w.differenceIs)
	sc.Step(`^"callstate ([^"]*)" fails with "([^"]*)"$`, w.commandFails)
	sc.Step(`^the engine answers "([^"]*)" with (\d+) and "([^"]*)"$`, w.engineRefuses)

	sc.Step(`^another desktop is pointed at what agent (\d+)'s desktop showed$`, w.desktopOfThePast)
	sc.Step(`^it has shown the same$`, w.desktopsAgree)
	sc.Step(`^the call from (\d+) is replayed to a program$`, w.callIsReplayed)
	sc.Step(`^the program is shown the call as:$`, w.replayShowed)
	sc.Step(`^it is in the log that (\S+) has looked at (that call|the floor)$`, w.lookIsInTheLog)
	sc.Step(`^the floor from ([\d.]+) to ([\d.]+) seconds into the session is told as:$`, w.floorIsTold)
}

func (w *world) callIsRecorded(name string) error {
	var found []string
	for _, pattern := range []string{name + ".jsonl", filepath.Join("*", name+".jsonl"), filepath.Join(w.place.exported, name+".jsonl")} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		found = append(found, files...)
	}
	if len(found) != 1 {
		return fmt.Errorf("the events of %q are in %d files", name, len(found))
	}
	w.log = w.data
	_, err := w.log.run("load", found[0])
	return err
}

func (w *world) openByID(id string) (err error) {
	w.opened, err = w.log.call(id)
	return err
}

// noted is what was shown at a position.
type noted struct {
	view    floor.View
	desktop floor.Desktop
	agent   string
}

// noteFloor waits until the floor shows all that the switch has told, which it does when it stays the same.
func (w *world) noteFloor(agent string) error {
	var n noted
	steady := 0
	return eventually(func() error {
		before := n.view.Position
		n = noted{agent: agent}
		if _, err := w.engine.get("/v1/floor", &n.view); err != nil {
			return err
		}
		if _, err := w.engine.get("/v1/agents/"+agent, &n.desktop); err != nil {
			return err
		}
		if steady++; n.view.Position != before {
			steady = 0
		}
		if steady < 10 {
			return errors.New("the floor does not come to rest")
		}
		w.noted = append(w.noted, n)
		return nil
	})
}

func (w *world) notedIsSo() error {
	if len(w.noted) < 2 || w.noted[0].view.Position == w.noted[len(w.noted)-1].view.Position {
		return errors.New("not enough has been noted")
	}
	for _, n := range w.noted {
		var is noted
		at := fmt.Sprintf("?at=%d", n.view.Position)
		if _, err := w.engine.get("/v1/floor"+at, &is.view); err != nil {
			return err
		}
		if _, err := w.engine.get("/v1/agents/"+n.agent+at, &is.desktop); err != nil {
			return err
		}
		is.agent = n.agent
		if err := sameJSON(n.view, is.view); err != nil {
			return fmt.Errorf("the floor at %d: %w", n.view.Position, err)
		}
		if err := sameJSON(n.desktop, is.desktop); err != nil {
			return fmt.Errorf("the desktop at %d: %w", n.view.Position, err)
		}
	}
	return nil
}

func sameJSON(want, have any) error {
	a, err := json.Marshal(want)
	if err != nil {
		return err
	}
	b, err := json.Marshal(have)
	if err == nil && string(a) != string(b) {
		err = fmt.Errorf("it was\n%s\nand is now\n%s", a, b)
	}
	return err
}

func (w *world) engineComesBack() error {
	w.desktop.disconnect()
	if err := w.engine.stop(); err != nil {
		return err
	}
	w.engine = nil
	return w.engineIsLinked()
}

func (w *world) differenceIs(from, to string, table *godog.Table) error {
	record, err := w.opens()
	if err != nil {
		return err
	}
	var moments []string
	for _, seconds := range []string{from, to} {
		at, err := after(time.Time(record.StartedAt), seconds)
		if err != nil {
			return err
		}
		moments = append(moments, at.UTC().Format(time.RFC3339Nano))
	}
	out, err := w.log.run("floor", "--at", moments[0], "--diff", moments[1], "--format", "json")
	if err != nil {
		return err
	}
	var d floor.Difference
	if err := json.Unmarshal(out, &d); err != nil {
		return err
	}
	var found [][]string
	for _, a := range d.Agents {
		found = append(found, []string{"agent " + a.After.ID, string(a.Before.State), string(a.After.State)})
	}
	for _, c := range d.Calls {
		found = append(found, []string{"call from " + c.After.ANI, string(c.Before.State), string(c.After.State)})
	}
	if !slices.EqualFunc(found, rowsOf(table), slices.Equal[[]string]) {
		return fmt.Errorf("it is %v", found)
	}
	return nil
}

func (w *world) commandFails(command, text string) error {
	out, err := w.log.run(strings.Fields(command)...)
	switch {
	case err == nil:
		return fmt.Errorf("it printed %s", out)
	case !strings.Contains(err.Error(), "exit status 1") || !strings.Contains(err.Error(), text):
		return err
	}
	return nil
}

func (w *world) engineRefuses(path string, status int, text string) error {
	response, err := http.Get(w.engine.address + path)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != status || response.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(string(body), text) {
		return fmt.Errorf("it answers %s, %s: %s", response.Status, response.Header.Get("Content-Type"), body)
	}
	return nil
}

// desktopOfThePast follows what the engine has recorded from where the desktop began until now, which is after a call.
func (w *world) desktopOfThePast(agent string) error {
	if w.desktop == nil || w.desktop.agent != agent {
		return errors.New("there was no such desktop")
	}
	var first string
	err := w.desktop.eventually(func() error {
		if len(w.desktop.gone) == 0 {
			return errors.New("it has seen no call from its beginning to its end")
		}
		first = w.desktop.firstID
		w.showed = shown{w.desktop.lastID, w.desktop.model, slices.Clone(w.desktop.seen), slices.Clone(w.desktop.gone)}
		return nil
	})
	if err != nil {
		return err
	}
	return w.watch(agent, "/v1/replay?"+url.Values{"agent": {agent}, "from": {first}, "to": {w.showed.LastID}, "speed": {"0"}, "actor": {"user:tester"}}.Encode())
}

// shown is what a desktop has shown until a moment.
type shown struct {
	LastID string
	Agent  floor.Agent
	Seen   []floor.Call
	Gone   []string
}

// watch lets a desktop follow a feed of the past to its end.
func (w *world) watch(agent, path string) error {
	w.again = newAgentDesktop(agent)
	w.again.path = path
	if err := w.again.connect(w.engine); err != nil {
		return err
	}
	<-w.again.finished
	return w.again.failed
}

func (w *world) desktopsAgree() error {
	if len(w.showed.Seen) < 3 {
		return fmt.Errorf("there was not much to see: %+v", w.showed.Seen)
	}
	return sameJSON(w.showed, shown{w.again.lastID, w.again.model, w.again.seen, w.again.gone})
}

func (w *world) callIsReplayed(ani string) error {
	err := eventually(func() error {
		var list struct{ Calls []history.Record }
		if _, err := w.engine.get("/v1/calls?ani="+ani, &list); err != nil {
			return err
		}
		if len(list.Calls) != 1 || list.Calls[0].EndedAt.String() == "" {
			return fmt.Errorf("calls from %s: %+v", ani, list.Calls)
		}
		w.connID = list.Calls[0].ConnID.String()
		return nil
	})
	if err != nil {
		return err
	}
	return w.watch("", "/v1/calls/"+w.connID+"/replay?speed=0&actor=user:tester")
}

// replayShowed compares the states in which the call was shown, one after the other.
func (w *world) replayShowed(table *godog.Table) error {
	var states []string
	for _, c := range w.again.seen {
		if state := string(c.State); c.ConnID.String() == w.connID && (len(states) == 0 || states[len(states)-1] != state) {
			states = append(states, state)
		}
	}
	if !slices.Equal(states, lines(table)) || !slices.Contains(w.again.gone, w.connID) {
		return fmt.Errorf("it was shown as %v, gone are %v", states, w.again.gone)
	}
	return nil
}

func (w *world) lookIsInTheLog(who, what string) error {
	subject := "floor"
	if what == "that call" {
		id := w.connID
		if w.opened != nil {
			id = w.opened.ConnID.String()
		}
		subject = "call-" + id
	}
	if w.log == nil {
		w.log = w.data
	}
	if w.engine != nil { // it has the folder open
		if w.desktop != nil {
			w.desktop.disconnect()
		}
		if err := w.engine.stop(); err != nil {
			return err
		}
		w.engine = nil
	}
	w.log.log = nil
	all, err := w.log.events()
	if err != nil {
		return err
	}
	for _, e := range all {
		if e.Stream == wire.AuditStream(subject) && (e.Actor == who || who == "somebody" && strings.HasPrefix(e.Actor, "user:")) {
			return nil
		}
	}
	return fmt.Errorf("nothing is said of %s", subject)
}

func (w *world) floorIsTold(from, to string, table *godog.Table) error {
	begin, err := w.started()
	if err != nil {
		return err
	}
	args := []string{"replay"}
	for flag, seconds := range map[string]string{"--from": from, "--to": to} {
		at, err := after(begin, seconds)
		if err != nil {
			return err
		}
		args = append(args, flag, at.UTC().Format(time.RFC3339Nano))
	}
	out, err := w.log.run(args...)
	if err != nil {
		return err
	}
	var told []string
	for i, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		if _, text, found := strings.Cut(line, "  "); found && i > 0 {
			told = append(told, connIDs.ReplaceAllString(text, "a call"))
		}
	}
	if !slices.Equal(told, lines(table)) {
		return fmt.Errorf("it is told as:\n%s", strings.Join(told, "\n"))
	}
	return nil
}
