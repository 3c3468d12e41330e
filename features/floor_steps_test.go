package features_test

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/callstate/callstate/projections/audit"
	"github.com/callstate/callstate/projections/floor"
	"github.com/cucumber/godog"
)

// floorSteps are about the floor as it was at a moment. Moments are seconds since the call began, or since the session did.
func (w *world) floorSteps(sc *godog.ScenarioContext) {
	sc.Step(`^([\d.]+) seconds into the call the floor shows it as (\S+), with:$`, w.floorShowedCall)
	sc.Step(`^([\d.]+) seconds into the call it is not on the floor any more$`, w.floorShowedNothing)
	sc.Step(`^([\d.]+) seconds into the call agent (\d+) is (\S+)$`, w.agentWasInCall)
	sc.Step(`^([\d.]+) seconds into the session agent (\d+) is (\S+)(?: because of "([^"]*)")?$`, w.agentWas)
	sc.Step(`^([\d.]+) seconds into the session (\d+) calls? waits? in the queue "([^"]*)" and (\d+) agents? (?:is|are) ready for it$`, w.queueWas)
	sc.Step(`^([\d.]+) seconds into the session the link to the switch is (up|down)$`, w.linkWas)
}

// started is when the session began: the first moment in the log. Its event need not be the first: a store may have an
// order of its own for what was appended in one call.
func (w *world) started() (time.Time, error) {
	all, err := w.log.events()
	if err != nil {
		return time.Time{}, err
	}
	first := slices.MinFunc(all, func(a, b audit.Event) int { return time.Time(a.SwitchTime).Compare(time.Time(b.SwitchTime)) })
	return first.SwitchTime, nil
}

func after(begin time.Time, seconds string) (time.Time, error) {
	s, err := strconv.ParseFloat(seconds, 64)
	return begin.Add(time.Duration(s * float64(time.Second))), err
}

func (w *world) floorIntoCall(seconds string) (floor.View, error) {
	record, err := w.opens()
	if err != nil {
		return floor.View{}, err
	}
	at, err := after(time.Time(record.StartedAt), seconds)
	if err != nil {
		return floor.View{}, err
	}
	return w.log.floorAt(at)
}

func (w *world) floorIntoSession(seconds string) (floor.View, error) {
	begin, err := w.started()
	if err != nil {
		return floor.View{}, err
	}
	at, err := after(begin, seconds)
	if err != nil {
		return floor.View{}, err
	}
	return w.log.floorAt(at)
}

func (w *world) floorShowedCall(seconds, state string, table *godog.Table) error {
	view, err := w.floorIntoCall(seconds)
	if err != nil {
		return err
	}
	for _, c := range view.Calls {
		if c.ConnID == w.opened.ConnID {
			return callIs(c, state, table)
		}
	}
	return fmt.Errorf("the call is not on the floor: %+v", view.Calls)
}

// callIs compares a call's state and its parties, all of them, whatever their order.
func callIs(c floor.Call, state string, table *godog.Table) error {
	var parties [][]string
	for _, p := range c.Parties {
		parties = append(parties, []string{p.DN, p.State.String()})
	}
	if string(c.State) != state || !slices.EqualFunc(sorted(parties), sorted(rowsOf(table)), slices.Equal[[]string]) {
		return fmt.Errorf("it is %s with %v", c.State, parties)
	}
	return nil
}

func (w *world) floorShowedNothing(seconds string) error {
	view, err := w.floorIntoCall(seconds)
	if err != nil {
		return err
	}
	if view.Position == 0 {
		return fmt.Errorf("nothing had happened by then")
	}
	for _, c := range view.Calls {
		if c.ConnID == w.opened.ConnID {
			return fmt.Errorf("it is %s with %+v", c.State, c.Parties)
		}
	}
	return nil
}

// floorIsEmpty expects that nobody is on a call or waits for one at the end of the log.
func (w *world) floorIsEmpty() error {
	view, err := w.log.floorAt(time.Time{})
	if err != nil {
		return err
	}
	if view.Position == 0 || len(view.Calls) > 0 {
		return fmt.Errorf("the floor still shows %+v", view.Calls)
	}
	for _, q := range view.Queues {
		if len(q.Waiting) > 0 {
			return fmt.Errorf("in queue %s still wait %+v", q.Queue, q.Waiting)
		}
	}
	return nil
}

func (w *world) agentWasInCall(seconds, agent, state string) error {
	view, err := w.floorIntoCall(seconds)
	if err != nil {
		return err
	}
	return agentIs(view, agent, state, "")
}

func (w *world) agentWas(seconds, agent, state, reason string) error {
	view, err := w.floorIntoSession(seconds)
	if err != nil {
		return err
	}
	return agentIs(view, agent, state, reason)
}

func agentIs(view floor.View, agent, state, reason string) error {
	for _, a := range view.Agents {
		if a.ID != agent {
			continue
		}
		if string(a.State) != state || a.Reason != reason {
			return fmt.Errorf("agent %s is %s %q", agent, a.State, a.Reason)
		}
		return nil
	}
	if state == string(floor.LoggedOut) {
		return nil // nobody has ever told of them
	}
	return fmt.Errorf("there is no agent %s: %+v", agent, view.Agents)
}

func (w *world) queueWas(seconds string, waiting int, queue string, ready int) error {
	view, err := w.floorIntoSession(seconds)
	if err != nil {
		return err
	}
	for _, q := range view.Queues {
		if q.Queue != queue {
			continue
		}
		if len(q.Waiting) != waiting || q.Ready != ready {
			return fmt.Errorf("%d wait and %d are ready", len(q.Waiting), q.Ready)
		}
		return nil
	}
	return fmt.Errorf("there is no queue %s: %+v", queue, view.Queues)
}

func (w *world) linkWas(seconds, state string) error {
	view, err := w.floorIntoSession(seconds)
	if err != nil {
		return err
	}
	return linkIsNow(view, state)
}

func linkIsNow(view floor.View, state string) error {
	if len(view.Links) != 1 || view.Links[0].Up != (state == "up") {
		return fmt.Errorf("the links are %+v", view.Links)
	}
	return nil
}
