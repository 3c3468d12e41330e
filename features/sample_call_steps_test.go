package features_test

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/callstate/callstate/projections/audit"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/history"
	"github.com/cucumber/godog"
)

func (w *world) sampleCallSteps(sc *godog.ScenarioContext) {
	sc.Step(`^a call from (\d+) to (\d+) arrives at the switch$`, w.callArrives)
	sc.Step(`^the engine has created the call and given it its connection ID$`, w.callIsCreated)
	sc.Step(`^the switch delivers the call to the IVR "([^"]*)"$`, w.callReachesIVR)
	sc.Step(`^the IVR "([^"]*)" talks to the caller$`, w.callIsInIVR)
	sc.Step(`^the IVR collects the caller's account$`, w.ivrCollects)
	sc.Step(`^the call (?:still )?carries "([^"]*)" = "([^"]*)" and "([^"]*)" = "([^"]*)"$`, w.callCarries)
	sc.Step(`^the IVR sends the call to the queue "([^"]*)"$`, w.callEntersQueue)
	sc.Step(`^the call waits in the queue "([^"]*)"$`, w.callWaits)
	sc.Step(`^the ACD distributes the call to agent (\d+)$`, w.callIsDistributed)
	sc.Step(`^the agent's desktop is told that a call rings on DN (\d+)$`, w.desktopRings)
	sc.Step(`^the desktop shows ANI (\d+) and DNIS (\d+)$`, w.desktopShowsNumbers)
	sc.Step(`^the desktop shows "([^"]*)" = "([^"]*)" and "([^"]*)" = "([^"]*)"$`, w.desktopShowsData)
	sc.Step(`^the agent has not answered yet$`, w.notAnswered)
	sc.Step(`^the agent answers$`, w.agentAnswers)
	sc.Step(`^the caller hangs up$`, w.callerHangsUp)
	sc.Step(`^the desktop shows that the call is gone$`, w.desktopLosesCall)
	sc.Step(`^the record says that agent (\d+) answered after (\d+) seconds in the queue "([^"]*)" and talked for (\d+) seconds$`, w.recordSays)
	sc.Step(`^the whole story is in the log, in the order in which it happened:$`, w.storyIs)
	sc.Step(`^the agent's desktop loses its connection$`, w.desktopIsLost)
	sc.Step(`^the agent's desktop comes back with the position of its last message$`, w.desktopComesBack)
	sc.Step(`^the engine is stopped and started again$`, w.engineRestarts)
}

func (w *world) callArrives(ani, dnis string) error {
	if err := w.pbx.playUntil(callArrives, "ani", ani, "dnis", dnis); err != nil {
		return err
	}
	return w.floorShows(func(v floor.View) error {
		if len(v.Calls) != 1 || v.Calls[0].ANI != ani || v.Calls[0].DNIS != dnis {
			return fmt.Errorf("no such call: %+v", v.Calls)
		}
		w.connID = v.Calls[0].ConnID.String()
		return nil
	})
}

func (w *world) callIsCreated() error {
	var record history.Record
	return eventually(func() error {
		_, err := w.engine.get("/v1/calls/"+w.connID, &record)
		if err == nil && record.ConnID.String() != w.connID {
			err = fmt.Errorf("the record is of %s", record.ConnID)
		}
		return err
	})
}

func (w *world) callReachesIVR(ivr string) error {
	return w.pbx.playUntil(ivrBegins, "ivr", ivr)
}

func (w *world) callIsInIVR(ivr string) error {
	return w.callShows(func(c floor.Call) error {
		if c.State != floor.CallInIVR || c.IVR != ivr {
			return fmt.Errorf("the call is %s %s", c.State, c.IVR)
		}
		return nil
	})
}

func (w *world) ivrCollects() error { return w.pbx.playUntil(ivrCollects) }

func (w *world) callCarries(key1, value1, key2, value2 string) error {
	return w.callShows(func(c floor.Call) error { return carries(c, key1, value1, key2, value2) })
}

func carries(c floor.Call, key1, value1, key2, value2 string) error {
	if c.UserData[key1] != value1 || c.UserData[key2] != value2 {
		return fmt.Errorf("the call carries %v", c.UserData)
	}
	return nil
}

func (w *world) callEntersQueue(queue string) error {
	return w.pbx.playUntil(callerWaits, "queue", queue)
}

func (w *world) callWaits(queue string) error {
	return w.callShows(func(c floor.Call) error {
		if c.State != floor.CallQueued || len(c.Queues) != 1 || c.Queues[0].Queue != queue {
			return fmt.Errorf("the call is %s in %v", c.State, c.Queues)
		}
		return nil
	})
}

func (w *world) callIsDistributed(agent string) error {
	return w.pbx.playUntil(telephoneRings, "dn", agent)
}

func (w *world) desktopRings(dn string) error {
	return w.desktop.eventually(func() error {
		for _, c := range w.desktop.calls {
			for _, p := range c.Parties {
				if p.DN == dn && p.State.String() == "ringing" {
					w.connID = c.ConnID.String()
					return nil
				}
			}
		}
		return fmt.Errorf("nothing rings: %+v", w.desktop.calls)
	})
}

func (w *world) desktopShowsNumbers(ani, dnis string) error {
	return w.desktop.eventually(func() error {
		if c := w.desktop.calls[w.connID]; c.ANI != ani || c.DNIS != dnis {
			return fmt.Errorf("it shows ANI %s and DNIS %s", c.ANI, c.DNIS)
		}
		return nil
	})
}

func (w *world) desktopShowsData(key1, value1, key2, value2 string) error {
	return w.desktop.eventually(func() error { return carries(w.desktop.calls[w.connID], key1, value1, key2, value2) })
}

func (w *world) notAnswered() error {
	return w.desktop.eventually(func() error {
		for _, c := range w.desktop.seen {
			if c.State == floor.CallTalking {
				return fmt.Errorf("the call was answered already: %+v", c)
			}
		}
		return nil
	})
}

func (w *world) agentAnswers() error { return w.pbx.playUntil(agentAnswers) }

func (w *world) callerHangsUp() error { return w.pbx.playRest() }

func (w *world) desktopLosesCall() error {
	return w.desktop.eventually(func() error {
		if !slices.Contains(w.desktop.gone, w.connID) || len(w.desktop.calls) > 0 {
			return fmt.Errorf("it still shows %+v", w.desktop.calls)
		}
		return nil
	})
}

func (w *world) recordSays(agent string, wait int, queue string, talk int) error {
	return eventually(func() error {
		var r history.Record
		if _, err := w.engine.get("/v1/calls/"+w.connID, &r); err != nil {
			return err
		}
		if len(r.Queues) != 1 || len(r.Agents) != 1 || r.Outcome != history.Answered {
			return fmt.Errorf("the record is %+v", r)
		}
		q, a := r.Queues[0], r.Agents[0]
		if q.Queue != queue || q.Agent != agent || a.Agent != agent || q.WaitMs/1000 != int64(wait) || a.TalkMs/1000 != int64(talk) {
			return fmt.Errorf("the record is %+v", r)
		}
		return nil
	})
}

func (w *world) storyIs(table *godog.Table) error {
	var answer struct{ Events []audit.Event }
	if _, err := w.engine.get("/v1/calls/"+w.connID+"/events", &answer); err != nil {
		return err
	}
	var told []string
	for i, e := range answer.Events {
		if int(e.Revision) != i+1 {
			return fmt.Errorf("event %d has revision %s", i+1, strconv.FormatUint(uint64(e.Revision), 10))
		}
		told = append(told, e.Type)
	}
	if !slices.Equal(told, typesIn(table)) {
		return fmt.Errorf("the story is %v", told)
	}
	return nil
}

func (w *world) desktopIsLost() error {
	err := w.desktop.eventually(func() error {
		if w.desktop.lastID == "" {
			return fmt.Errorf("no message has come yet")
		}
		return nil
	})
	w.desktop.disconnect()
	return err
}

func (w *world) desktopComesBack() error { return w.desktop.connect(w.engine) }

func (w *world) engineRestarts() error {
	if err := w.callShows(func(c floor.Call) error {
		if c.UserData["Account"] == "" {
			return fmt.Errorf("the engine has not heard of the account yet")
		}
		return nil
	}); err != nil {
		return err
	}
	w.desktop.disconnect()
	if err := w.engine.stop(); err != nil {
		return err
	}
	w.engine = nil
	return w.engineIsLinked()
}
