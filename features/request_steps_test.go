package features_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/projections/audit"
	"github.com/callstate/callstate/projections/floor"
	"github.com/cucumber/godog"
)

// request is what a desktop has asked for, and the answer.
type request struct {
	path   string
	body   any
	key    string
	status int
	answer struct {
		Position  uint64
		EventID   string
		CommandID string
		Reason    string
	}
}

// requestSteps are about what desktops ask for.
func (w *world) requestSteps(sc *godog.ScenarioContext) {
	sc.Step(`^agent (\d+)'s desktop asks to "([^"]*)" the call from (\d+)$`, func(agent, command, ani string) error {
		return w.askAbout(agent, command, ani, nil)
	})
	sc.Step(`^agent (\d+)'s desktop asks to "([^"]*)" the call from (\d+), with:$`, w.askAbout)
	sc.Step(`^agent (\d+)'s desktop asks to be "([^"]*)", with:$`, func(agent, command string, with *godog.Table) error {
		return w.ask(&request{path: "/v1/agents/" + agent + "/" + command, body: bodyOf(with), key: "k1"})
	})
	sc.Step(`^agent (\d+)'s desktop asks to "([^"]*)" it$`, func(agent, command string) error {
		return w.ask(&request{path: "/v1/calls/" + w.connID + "/" + command, body: map[string]string{"actor": "agent:" + agent, "dn": agent}})
	})
	sc.Step(`^the same is asked again under the same key$`, func() error {
		before, again := w.asked, *w.asked
		if err := w.ask(&again); err != nil {
			return err
		}
		w.askedBefore = before
		return nil
	})
	sc.Step(`^the answer is the same$`, func() error {
		// A position is one that a feed has passed when it has told of the request: that of the answer given again may be a later one.
		first, again := *w.askedBefore, *w.asked
		later := again.answer.Position >= first.answer.Position
		again.answer.Position = first.answer.Position
		if !later || !reflect.DeepEqual(first, again) || w.asked.status != http.StatusOK {
			return fmt.Errorf("first %+v, then %+v", w.askedBefore, w.asked)
		}
		return nil
	})
	sc.Step(`^the switch is told:$`, w.switchIsTold)
	sc.Step(`^the switch is told nothing more$`, func() error {
		if told := w.pbx.takeTold(); len(told) > 0 {
			return fmt.Errorf("it is told %v", told)
		}
		return nil
	})
	sc.Step(`^the answer says where in the log it was asked by "([^"]*)"$`, w.answerIsInTheLog)
	sc.Step(`^it is refused with (\d+) "([^"]*)"$`, func(status int, reason string) error {
		if w.asked.status != status || w.asked.answer.Reason != reason {
			return fmt.Errorf("it is answered with %d %q", w.asked.status, w.asked.answer.Reason)
		}
		return nil
	})
	sc.Step(`^agent (\d+) transfers the caller blind$`, func(agent string) error {
		return w.pbx.playUntil(agentGone, "agent", agent)
	})
	sc.Step(`^an engine with a simulated switch on which agent (\d+) does nothing by himself$`, w.engineSimulates)
	sc.Step(`^agent (\d+)'s desktop logs in for all queues$`, func(agent string) error {
		err := w.ask(&request{path: "/v1/agents/" + agent + "/login", body: map[string]any{"dn": agent, "queues": allQueues}})
		if err == nil && w.asked.status != http.StatusOK {
			err = fmt.Errorf("it is answered with %d %q", w.asked.status, w.asked.answer.Reason)
		}
		return err
	})
	sc.Step(`^a call rings there$`, w.callRings)
}

// allQueues are those of a simulated contact centre.
var allQueues = []string{"sales", "support", "billing", "premium"}

func bodyOf(table *godog.Table) map[string]string {
	body := map[string]string{}
	if table != nil {
		for _, row := range rowsOf(table) {
			body[row[0]] = row[1]
		}
	}
	return body
}

func (w *world) askAbout(agent, command, ani string, with *godog.Table) error {
	body := bodyOf(with)
	body["actor"], body["dn"] = "agent:"+agent, agent
	err := w.floorShows(func(v floor.View) error {
		for _, c := range v.Calls {
			if c.ANI == ani {
				w.connID = c.ConnID.String()
				return nil
			}
		}
		return fmt.Errorf("there is no call from %s", ani)
	})
	if err != nil {
		return err
	}
	return w.ask(&request{path: "/v1/calls/" + w.connID + "/" + command, body: body, key: command + "-1"})
}

func (w *world) ask(r *request) error {
	text, err := json.Marshal(r.body)
	if err != nil {
		return err
	}
	post, err := http.NewRequest(http.MethodPost, w.engine.address+r.path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	post.Header.Set("Content-Type", "application/json")
	if r.key != "" {
		post.Header.Set("Idempotency-Key", r.key)
	}
	response, err := http.DefaultClient.Do(post)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	r.status = response.StatusCode
	w.asked = r
	return json.Unmarshal(said, &r.answer)
}

// switchIsTold compares what the switch was told since it was last looked at with a pattern for each of its lines that
// matter.
func (w *world) switchIsTold(table *godog.Table) error {
	told := w.pbx.takeTold()
	if len(told) != 1 {
		return fmt.Errorf("it is told %q", told)
	}
	for _, row := range rowsOf(table) {
		fits := func(line string) bool {
			matched, err := path.Match(row[0], line)
			return matched && err == nil
		}
		if !slices.ContainsFunc(strings.Split(told[0], "\r\n"), fits) {
			return fmt.Errorf("it is told %q", told[0])
		}
	}
	return nil
}

func (w *world) answerIsInTheLog(actor string) error {
	var told struct{ Events []audit.Event }
	if _, err := w.engine.get("/v1/calls/"+w.connID+"/events", &told); err != nil {
		return err
	}
	for _, e := range told.Events {
		if e.ID.String() != w.asked.answer.EventID {
			continue
		}
		if e.Type != "RequestMade" || e.Actor != actor || w.asked.answer.Position == 0 {
			return fmt.Errorf("it is %s by %s, at %d", e.Type, e.Actor, w.asked.answer.Position)
		}
		return nil
	}
	return fmt.Errorf("the log has no event %q", w.asked.answer.EventID)
}

func (w *world) engineSimulates(agent string) (err error) {
	w.engine, err = startProcess(w.dir, w.data, fmt.Sprintf("[[simulator]]\nname = \"sim\"\nagents = 1\nrate = 5\nsteady = true\nmanual = [%q]\n", agent))
	if err != nil {
		return err
	}
	return w.floorShowsLink("up")
}

func (w *world) callRings() error {
	return w.desktop.eventually(func() error {
		for id, c := range w.desktop.calls {
			for _, p := range c.Parties {
				if p.DN == w.desktop.model.DN && p.State == call.Alerting {
					w.connID = id
					return nil
				}
			}
		}
		return fmt.Errorf("it shows %+v", w.desktop.calls)
	})
}
