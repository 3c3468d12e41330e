package features_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/history"
	"github.com/cucumber/godog"
)

// visitor is a new user with a browser.
type visitor struct {
	*browser
	page   string // its address
	call   history.Record
	events []callEvent
	index  int       // of the event that the user has scrubbed to
	moment time.Time // to which the user has dragged the floor
}

// callEvent is an event of a call as the API tells it.
type callEvent struct {
	Type       string    `json:"type"`
	SwitchTime time.Time `json:"switchTime"`
	Data       struct {
		Agent string `json:"agent"`
		Set   []struct{ Key, Value string }
	} `json:"data"`
}

// pageSteps are about what a person sees in a browser.
func (w *world) pageSteps(sc *godog.ScenarioContext) {
	sc.Step(`^a new user runs the demo$`, w.demoRuns)
	sc.Step(`^the user runs the demo again$`, w.demoRuns)
	sc.Step(`^the user opens the page$`, w.pageIsOpened)
	w.agentsPageSteps(sc)
	sc.Step(`^the engine is killed$`, func() error { return w.engine.kill() })
	sc.Step(`^the page shows a call that rings, with the caller's number and the data of the IVR$`, w.pageShowsRinging)
	sc.Step(`^the user opens an ended call that an agent answered for a queue$`, w.opensAnswered)
	sc.Step(`^the user opens a call that was transferred$`, w.opensTransferred)
	sc.Step(`^its ladder has a lane for the caller, the queue and the agent, with bars for what they were in$`, w.ladderHasLanes)
	sc.Step(`^its ladder has an arrow for the transfer$`, func() error {
		return w.visitor.see("document.querySelectorAll('.arrow.transfers line').length > 0")
	})
	sc.Step(`^the user scrubs to where the agent (rings|answers)$`, w.scrubsTo)
	sc.Step(`^the page shows that the agent (rings|talks), and the data as of then$`, w.pageShowsMoment)
	sc.Step(`^the user goes to the floor and drags it (\d+) seconds into the past$`, w.dragsFloor)
	sc.Step(`^the page says that this is the past, and shows the calls of that moment$`, w.pageShowsPast)
	sc.Step(`^the user plays on from there at (\d+) times the pace$`, func(speed string) error {
		return w.visitor.do("const speed = document.querySelector('.controls select'); speed.value = '" + speed +
			"'; speed.dispatchEvent(new Event('change', {bubbles: true})); setTimeout(() => document.querySelector('.controls .play').click(), 100)")
	})
	sc.Step(`^the page is live again$`, func() error {
		return w.visitor.see("document.querySelector('.timebar').dataset.past !== 'true'")
	})
	sc.Step(`^the user goes to the numbers and opens how many calls were answered$`, func() error {
		return errors.Join(w.follows("#/numbers"),
			w.visitor.see("document.querySelector('.numbers button.count[aria-label*=\"Answered\"]')"),
			w.visitor.do("document.querySelector('.numbers button.count[aria-label*=\"Answered\"]').click()"))
	})
	sc.Step(`^the page lists the calls behind the number$`, func() error {
		// There may be more by now: the call records are a moment behind the log.
		return w.visitor.see("document.querySelectorAll('.behind li a[href^=\"#/calls/\"]').length >= Number(document.querySelector('button.count[aria-expanded=true]').textContent)")
	})
	sc.Step(`^the user goes to the description of the API$`, func() error { return w.follows("#/api") })
	sc.Step(`^it tells how to ask for the floor as it was$`, func() error {
		return w.visitor.seeText("#getFloor", "/v1/floor", "As it was at this moment")
	})
	sc.Step(`^the page says that the connection is lost$`, func() error {
		return w.visitor.see("document.querySelector('.feed').dataset.feed === 'lost' && document.querySelector('[role=alert].lost')")
	})
	sc.Step(`^the page is live again, without having been loaded again$`, func() error {
		return w.visitor.see("window.sameAsBefore && document.querySelector('.feed').dataset.feed === 'live' && !document.querySelector('.lost')")
	})
	sc.Step(`^the page shows what the engine does$`, w.pageShowsTheSame)
}

// demoRuns starts the demo, at the address at which it was before.
func (w *world) demoRuns() error { return w.runDemo("--speed", "3") }

func (w *world) runDemo(more ...string) error {
	address := "127.0.0.1:0"
	if w.engine != nil {
		address = strings.TrimPrefix(w.engine.address, "http://")
	}
	p, err := startDemo(w.dir, w.data, address, more...)
	if err == nil {
		w.engine = p
	}
	return err
}

// startDemo starts the demo, and returns when it is ready.
func startDemo(dir string, data *dataFolder, address string, more ...string) (*process, error) {
	if _, port, _ := net.SplitHostPort(address); port == "0" { // the same again after a restart
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return nil, err
		}
		address = listener.Addr().String()
		listener.Close()
	}
	arguments := append([]string{"demo", "--listen", address, "--data", data.dir}, more...)
	if data.store != "" {
		arguments = append(arguments, "--store", data.store)
	}
	logged, err := os.OpenFile(filepath.Join(dir, "demo.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	p := &process{command: exec.Command(binary, arguments...), logged: logged, address: "http://" + address}
	p.command.Stderr = logged
	out, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	go func() { // nobody reads what it says, but it must be able to say it; this ends with the process
		for lines := bufio.NewScanner(out); lines.Scan(); {
		}
	}()
	return p, eventually(func() error {
		_, err := p.get("/readyz", nil)
		return err
	})
}

func (w *world) pageIsOpened() error {
	b, err := openBrowser(filepath.Join(w.dir, "browser"))
	if err != nil {
		return err
	}
	w.visitor = &visitor{browser: b, page: w.engine.address + "/"}
	return errors.Join(b.open(w.visitor.page), b.do("window.sameAsBefore = true"))
}

// follows clicks on a link.
func (w *world) follows(href string) error {
	link := fmt.Sprintf("document.querySelector('a[href=%q]')", href)
	return errors.Join(w.visitor.see(link), w.visitor.do(link+".click()"))
}

func (w *world) pageShowsRinging() error {
	return w.visitor.see(`[...document.querySelectorAll('.live tr[data-state=ringing]')].some((row) =>
		/^\d{7,}$/.test(row.cells[1].innerText.trim()) && row.querySelector('.chip')?.innerText.match(/\S+ \S+/))`)
}

func (w *world) opensAnswered() error {
	return w.opensOnPage("outcome=answered&type=inbound", func(r history.Record) bool {
		return !time.Time(r.EndedAt).IsZero() && len(r.Transfers) == 0 && len(r.Queues) == 1 && len(r.Agents) == 1 && len(r.UserData) > 0
	})
}

func (w *world) opensTransferred() error {
	return w.opensOnPage("outcome=answered", func(r history.Record) bool {
		return !time.Time(r.EndedAt).IsZero() && len(r.Transfers) > 0 && len(r.Queues) > 1
	})
}

// opensOnPage searches for calls on the page, and opens one that fits.
func (w *world) opensOnPage(filter string, fits func(history.Record) bool) error {
	v := w.visitor
	err := eventually(func() error {
		var found struct{ Calls []history.Record }
		if _, err := w.engine.get("/v1/calls?limit=1000&"+filter, &found); err != nil {
			return err
		}
		i := slices.IndexFunc(found.Calls, fits)
		if i < 0 {
			return errors.New("there is no such call yet")
		}
		v.call = found.Calls[i]
		return nil
	})
	if err != nil {
		return err
	}
	if err := w.follows("#/calls"); err != nil {
		return err
	}
	started := time.Time(v.call.StartedAt)
	query := url.Values{"ani": {v.call.ANI}, "from": {started.Add(-time.Second).UTC().Format(time.RFC3339)}}
	if err := v.do("location.hash = '#/calls?" + query.Encode() + "'"); err != nil {
		return err
	}
	if err := w.follows("#/calls/" + v.call.ConnID.String()); err != nil {
		return err
	}
	var told struct{ Events []callEvent }
	if _, err := w.engine.get("/v1/calls/"+v.call.ConnID.String()+"/events", &told); err != nil {
		return err
	}
	v.events = told.Events
	return v.see("document.querySelector('.ladder svg .bar')")
}

func (w *world) ladderHasLanes() error {
	call := w.visitor.call
	bars := map[string][]string{
		"caller " + call.ANI:            {"talking"},
		"queue " + call.Queues[0].Queue: {"queued"},
		"agent " + call.Agents[0].Agent: {"ringing", "talking"},
	}
	for lane, states := range bars {
		for _, state := range states {
			if err := w.visitor.see(fmt.Sprintf(`document.querySelector('.lane[data-lane=%q] .bar[data-bar=%s] rect')`, lane, state)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *world) scrubsTo(what string) error {
	v, kind := w.visitor, map[string]string{"rings": "PartyAlerting", "answers": "PartyConnected"}[what]
	v.index = slices.IndexFunc(v.events, func(e callEvent) bool { return e.Type == kind && e.Data.Agent != "" })
	if v.index < 0 {
		return fmt.Errorf("no agent %s in call %s", what, v.call.ConnID)
	}
	return v.do(fmt.Sprintf("const range = document.querySelector('.scrubber input'); range.value = %d; range.dispatchEvent(new Event('input', {bubbles: true}))", v.index))
}

func (w *world) pageShowsMoment(what string) error {
	v, state := w.visitor, map[string]string{"rings": "Ringing", "talks": "Talking"}[what]
	agent := v.events[v.index].Data.Agent
	shows := fmt.Sprintf("[...document.querySelectorAll('.present li')].some((each) => each.textContent.includes('Agent %s') && each.textContent.includes(%q))", agent, state)
	if err := v.see(shows); err != nil {
		return err
	}
	if err := v.see(fmt.Sprintf("[...document.querySelectorAll('.timeline li')].findIndex((each) => each.ariaCurrent === 'step' || each.getAttribute('aria-current') === 'step') === %d", v.index)); err != nil {
		return err
	}
	for _, event := range v.events[:v.index+1] {
		for _, pair := range event.Data.Set {
			if err := v.seeText(".then .data th", pair.Key); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *world) dragsFloor(seconds int) error {
	v := w.visitor
	if err := w.follows("#/"); err != nil {
		return err
	}
	slider := "document.querySelector('.timebar input')"
	// It goes back a quarter of an hour as long as the page does not know that the log has begun since.
	span := fmt.Sprintf("%[1]s && Number(%[1]s.max) - Number(%[1]s.min)", slider)
	if err := v.see(fmt.Sprintf("%s > %d && %s < 14 * 60000", span, seconds*1000, span)); err != nil {
		return err
	}
	if err := v.do(fmt.Sprintf("const slider = %s; slider.value = Number(slider.max) - %d; for (const kind of ['input', 'change']) slider.dispatchEvent(new Event(kind, {bubbles: true}))", slider, seconds*1000)); err != nil {
		return err
	}
	if err := v.see("location.hash.startsWith('#/?at=')"); err != nil {
		return err
	}
	at, err := v.text("location.hash.slice('#/?at='.length)")
	if err != nil {
		return err
	}
	v.moment, err = time.Parse(time.RFC3339, at)
	return err
}

func (w *world) pageShowsPast() error {
	if err := w.visitor.seeText(".timebar", "As it was at", "ago"); err != nil {
		return err
	}
	var then floor.View
	if _, err := w.engine.get("/v1/floor?at="+w.visitor.moment.Format(time.RFC3339Nano), &then); err != nil {
		return err
	}
	return w.pageShowsCalls(then)
}

// pageShowsTheSame compares the page with the engine, at a moment at which they have come equally far.
func (w *world) pageShowsTheSame() error {
	return eventually(func() error {
		shown, err := w.visitor.text("JSON.stringify([document.querySelector('.feed').title.match(/\\d+/)[0], [...document.querySelectorAll('.live tbody a[href^=\"#/calls/\"]')].map((each) => each.hash.split('/')[2])])")
		if err != nil {
			return err
		}
		var position string
		var calls []string
		if err := json.Unmarshal([]byte(shown), &[]any{&position, &calls}); err != nil {
			return err
		}
		var view floor.View
		if _, err := w.engine.get("/v1/floor?at="+position, &view); err != nil {
			return err
		}
		return showsCalls(calls, view)
	})
}

func (w *world) pageShowsCalls(view floor.View) error {
	return eventually(func() error {
		shown, err := w.visitor.text("JSON.stringify([...document.querySelectorAll('.live tbody a[href^=\"#/calls/\"]')].map((each) => each.hash.split('/')[2]))")
		if err != nil {
			return err
		}
		var calls []string
		if err := json.Unmarshal([]byte(shown), &calls); err != nil {
			return err
		}
		return showsCalls(calls, view)
	})
}

func showsCalls(shown []string, view floor.View) error {
	var want []string
	for _, each := range view.Calls {
		want = append(want, each.ConnID.String())
	}
	if !slices.Equal(shown, want) {
		return fmt.Errorf("the page shows the calls %v, and at %d there were %v", shown, view.Position, want)
	}
	return nil
}
