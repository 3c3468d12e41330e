package features_test

import (
	"fmt"
	"slices"

	"github.com/callstate/callstate/projections/floor"
	"github.com/cucumber/godog"
)

// liveSteps are about an engine that is linked to a switch while things happen there.
func (w *world) liveSteps(sc *godog.ScenarioContext) {
	sc.Step(`^an? (\S+) that plays the session "([^"]*)" from when agent (\d+) logs in$`, w.switchPlays)
	sc.Step(`^the engine is linked to the switch$`, w.engineIsLinked)
	sc.Step(`^agent (\d+)'s desktop is connected$`, w.desktopIsConnected)
	sc.Step(`^the desktop shows that the agent is (ready|talking|hold|afterCallWork)$`, w.desktopShowsAgent)
	sc.Step(`^the desktop shows these calls:$`, w.desktopShowsCalls)
	sc.Step(`^the desktop shows no call any more$`, w.desktopShowsNoCall)

	sc.Step(`^agent (\d+) answers the call from (\d+)$`, func(agent, ani string) error {
		return w.pbx.playUntil(agentAnswers, "agent", agent, "ani", ani)
	})
	sc.Step(`^agent (\d+) puts the caller on hold$`, func(dn string) error {
		return w.pbx.playUntil(agentHolds, "dn", dn)
	})
	sc.Step(`^agent (\d+) calls (\d+), which rings$`, func(_, called string) error {
		return w.pbx.playUntil(telephoneRings, "dn", called)
	})
	sc.Step(`^(\d+) answers the consultation$`, func(string) error {
		return w.pbx.playUntil(consultationTalks)
	})
	sc.Step(`^agent (\d+) transfers the caller and is gone$`, func(agent string) error {
		if err := w.pbx.playUntil(transferDone); err != nil {
			return err
		}
		return w.pbx.playUntil(agentGone, "agent", agent)
	})
	sc.Step(`^the caller (\d+) has hung up$`, func(ani string) error {
		return w.pbx.playUntil(callerGone, "ani", ani)
	})
	sc.Step(`^the caller (\d+) waits in the queue "([^"]*)"$`, func(ani, queue string) error {
		return w.pbx.playUntil(callerWaits, "ani", ani, "queue", queue)
	})
	sc.Step(`^agent (\d+) pauses, because of "([^"]*)"$`, func(agent, reason string) error {
		return w.pbx.playUntil(agentPauses, "agent", agent, "reason", reason)
	})
	sc.Step(`^the rest of the session is played$`, func() error { return w.pbx.playRest() })

	sc.Step(`^the link to the switch breaks$`, w.linkBreaks)
	sc.Step(`^the link to the switch is back$`, w.linkIsBack)
	sc.Step(`^the floor shows the call from (\d+) as (\S+), with:$`, w.floorShowsCall)
	sc.Step(`^the floor shows the call from (\d+) as (\S+)$`, w.floorShowsCallAs)
	sc.Step(`^the floor does not show the call from (\d+)(?: any more)?$`, w.floorLosesCall)
	sc.Step(`^the floor shows that agent (\d+) is (\S+)(?: because of "([^"]*)")?$`, w.floorShowsAgent)
	sc.Step(`^the floor shows that the link to the switch is (up|down)$`, w.floorShowsLink)
	sc.Step(`^the floor is empty, and the engine is stopped$`, w.engineIsStopped)
}

// switchPlays starts a switch that will have told of nothing but who is logged in, once somebody listens.
func (w *world) switchPlays(kind, session, agent string) error {
	return w.startSwitch(kind, session, agentLogsIn, "agent", agent)
}

func (w *world) startSwitch(kind, name string, until happening, who ...string) error {
	session, err := sessionOf(name, kind)
	if err != nil {
		return err
	}
	if w.pbx, err = startRecordedSwitch(session.kind, session.kind.observed(name)); err != nil {
		return err
	}
	w.begun = w.pbx.begin(until, who...)
	return nil
}

func (w *world) engineIsLinked() (err error) {
	w.engine, err = startProcess(w.dir, w.data, linkedTo(w.pbx))
	if err != nil {
		return err
	}
	if err := w.begun(); err != nil {
		return err
	}
	return w.floorShows(func(v floor.View) error {
		if len(v.Links) == 0 || !v.Links[0].Up || len(v.Agents) == 0 {
			return fmt.Errorf("the link is not up: %+v", v)
		}
		return nil
	})
}

func (w *world) desktopIsConnected(agent string) error {
	if w.desktop != nil {
		w.desktop.disconnect()
	}
	w.desktop = newAgentDesktop(agent)
	return w.desktop.connect(w.engine)
}

func (w *world) desktopShowsAgent(state string) error {
	return w.desktop.eventually(func() error {
		if string(w.desktop.model.State) != state {
			return fmt.Errorf("the agent is %s", w.desktop.model.State)
		}
		return nil
	})
}

// desktopShowsCalls compares the calls on the desktop, and what the agent does in each.
func (w *world) desktopShowsCalls(table *godog.Table) error {
	return w.desktop.eventually(func() error {
		var shown [][]string
		for _, c := range w.desktop.calls {
			for _, p := range c.Parties {
				if p.DN == w.desktop.model.DN {
					shown = append(shown, []string{c.ANI, c.DNIS, p.State.String()})
				}
			}
		}
		if !slices.EqualFunc(sorted(shown), sorted(rowsOf(table)), slices.Equal[[]string]) {
			return fmt.Errorf("it shows %v", shown)
		}
		return nil
	})
}

func (w *world) desktopShowsNoCall() error {
	return w.desktop.eventually(func() error {
		if len(w.desktop.calls) > 0 || len(w.desktop.gone) == 0 {
			return fmt.Errorf("it shows %+v, gone are %v", w.desktop.calls, w.desktop.gone)
		}
		return nil
	})
}

func (w *world) linkBreaks() error {
	w.pbx.network.cut()
	return w.floorShowsLink("down")
}

func (w *world) linkIsBack() error {
	w.pbx.network.mend()
	return w.floorShowsLink("up")
}

func (w *world) floorShows(check func(floor.View) error) error {
	return eventually(func() error {
		var view floor.View
		if _, err := w.engine.get("/v1/floor", &view); err != nil {
			return err
		}
		return check(view)
	})
}

// callShows checks the call that the story is about.
func (w *world) callShows(check func(floor.Call) error) error {
	return w.floorShows(func(v floor.View) error {
		for _, c := range v.Calls {
			if c.ConnID.String() == w.connID {
				return check(c)
			}
		}
		return fmt.Errorf("the call is not on the floor")
	})
}

func (w *world) floorShowsCall(ani, state string, table *godog.Table) error {
	return w.floorShows(func(v floor.View) error {
		for _, c := range v.Calls {
			if c.ANI == ani {
				return callIs(c, state, table)
			}
		}
		return fmt.Errorf("there is no call from %s: %+v", ani, v.Calls)
	})
}

func (w *world) floorShowsCallAs(ani, state string) error {
	return w.floorShows(func(v floor.View) error {
		for _, c := range v.Calls {
			if c.ANI == ani && string(c.State) == state {
				return nil
			}
		}
		return fmt.Errorf("there is no call from %s that is %s: %+v", ani, state, v.Calls)
	})
}

func (w *world) floorLosesCall(ani string) error {
	return w.floorShows(func(v floor.View) error {
		if v.Position == 0 {
			return fmt.Errorf("the floor is that of an empty log")
		}
		for _, c := range v.Calls {
			if c.ANI == ani {
				return fmt.Errorf("it is %s with %+v", c.State, c.Parties)
			}
		}
		return nil
	})
}

func (w *world) floorShowsAgent(agent, state, reason string) error {
	return w.floorShows(func(v floor.View) error { return agentIs(v, agent, state, reason) })
}

func (w *world) floorShowsLink(state string) error {
	return w.floorShows(func(v floor.View) error { return linkIsNow(v, state) })
}

// engineIsStopped leaves its data to be looked at.
func (w *world) engineIsStopped() error {
	err := w.floorShows(func(v floor.View) error {
		if v.Position == 0 || len(v.Calls) > 0 {
			return fmt.Errorf("the floor shows %+v", v.Calls)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if w.desktop != nil {
		w.desktop.disconnect()
		w.desktop = nil
	}
	err, w.engine = w.engine.stop(), nil
	w.log = w.data
	return err
}
