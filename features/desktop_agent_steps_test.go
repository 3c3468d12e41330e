package features_test

import (
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/projections/audit"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/history"
	"github.com/cucumber/godog"
)

// agentsPageSteps are about what an agent does in a browser. The desktop is agent 1001's, whom the simulated demo leaves to
// the user.
func (w *world) agentsPageSteps(sc *godog.ScenarioContext) {
	simulated := func() error { return w.runDemo("--simulate", "--agents", "6", "--rate", "1") }
	sc.Step(`^a new user runs the demo with a simulated contact centre$`, simulated)
	sc.Step(`^the user runs the simulated demo again$`, simulated)
	sc.Step(`^the user opens the desktop of agent 1001 and logs in$`, func() error {
		return errors.Join(w.pageIsOpened(), w.visitor.do("location.hash = '#/agents/1001'"), w.presses("Log in …"), w.visitor.see("document.querySelector('#dn')"),
			w.visitor.do("const more = document.querySelector('#queues'); more.value = 'sales, support, billing, premium'; more.dispatchEvent(new Event('input', {bubbles: true}))"),
			w.presses("Log in"), w.visitor.see("!document.querySelector('.idle[data-state=loggedOut]')"))
	})
	sc.Step(`^a call rings there, with its numbers, queue and data, before anybody has answered$`, w.ringsOnPage)
	sc.Step(`^the user presses "([^"]*)"$`, w.presses)
	sc.Step(`^the desktop shows that the agent talks$`, func() error {
		return w.visitor.see("document.querySelector('.me[data-state=talking]') && document.querySelector('.card[data-state=talking]')")
	})
	sc.Step(`^the desktop shows that the caller is on hold$`, func() error {
		return w.visitor.see("document.querySelector('.card[data-state=held]')")
	})
	sc.Step(`^the user notes "([^"]*)"$`, func(text string) error {
		return errors.Join(w.visitor.do(fmt.Sprintf("const note = document.querySelector('.remarks textarea'); note.value = %q; note.dispatchEvent(new Event('input', {bubbles: true}))", text)), w.presses("Add"))
	})
	sc.Step(`^the log tells of the call:$`, w.logTells)
	sc.Step(`^the record of the call has the note "([^"]*)"$`, w.recordHasNote)
	sc.Step(`^the desktop is live again, without having been loaded again, and shows the call among the last ones$`, func() error {
		return w.visitor.see(fmt.Sprintf("window.sameAsBefore && document.querySelector('.feed').dataset.feed === 'live' && !document.querySelector('.lost') && document.querySelector('.last a[href=\"#/calls/%s\"]')", w.connID))
	})
}

// presses waits until a button can be pressed, and presses it.
func (w *world) presses(label string) error {
	return w.visitor.see(fmt.Sprintf(`[...document.querySelectorAll('main button')].some((each) => {
		const fits = [...each.childNodes].filter((node) => node.nodeName !== 'KBD').map((node) => node.textContent).join('').trim() === %q && each.ariaDisabled !== 'true';
		if (fits) each.click();
		return fits;
	})`, label))
}

func (w *world) ringsOnPage() error {
	v := w.visitor
	if err := v.see("document.querySelector('.card[data-state=ringing] .data tr')"); err != nil {
		return err
	}
	var shown floor.Desktop
	if _, err := w.engine.get("/v1/agents/1001", &shown); err != nil {
		return err
	}
	i := slices.IndexFunc(shown.Calls, func(c floor.Call) bool { return c.State == floor.CallRinging })
	if i < 0 {
		return fmt.Errorf("no call rings at agent 1001: %+v", shown.Calls)
	}
	rings := shown.Calls[i]
	w.connID = rings.ConnID.String()
	for _, p := range rings.Parties {
		if p.DN == "1001" && p.State != call.Alerting {
			return fmt.Errorf("the agent's party is %s", p.State)
		}
	}
	texts := []string{rings.ANI, rings.DNIS, rings.Queues[0].Queue, "Waited"}
	for key, value := range rings.UserData {
		texts = append(texts, key, value)
	}
	return v.seeText(".card[data-state=ringing]", texts...)
}

func (w *world) logTells(table *godog.Table) error {
	return eventually(func() error {
		var told struct{ Events []audit.Event }
		if _, err := w.engine.get("/v1/calls/"+w.connID+"/events", &told); err != nil {
			return err
		}
		for _, row := range rowsOf(table) {
			if !slices.ContainsFunc(told.Events, func(e audit.Event) bool { return e.Type == row[0] }) {
				return fmt.Errorf("it has no %s", row[0])
			}
		}
		return nil
	})
}

func (w *world) recordHasNote(text string) error {
	return eventually(func() error {
		var record history.Record
		if _, err := w.engine.get("/v1/calls/"+url.PathEscape(w.connID), &record); err != nil {
			return err
		}
		if !slices.ContainsFunc(record.Notes, func(n history.Note) bool { return n.Text == text && n.By == "agent:1001" }) {
			return fmt.Errorf("it has %+v", record.Notes)
		}
		return nil
	})
}
