package desktop_test

import (
	_ "embed"
	"testing"
	"time"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/link"
	"github.com/callstate/callstate/projections/projectiontest"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// axe-core 4.14.1, unchanged: axe.min.js of the npm package. It is used in this test and is no part of the program.
//
//go:embed testdata/axe/axe.min.js
var axe string

// violations are what axe finds against WCAG 2.2 A and AA, with where.
const violations = `axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']}).then(({violations, passes}) =>
	passes.length < 10 ? 'axe has hardly looked: ' + passes.length : violations.map((each) =>
		each.id + ': ' + each.help + '\n' + each.nodes.map((node) => '  ' + node.target + ' ' + node.html.slice(0, 160) + ' ' + node.any.map((a) => a.message)).join('\n')).join('\n'))`

// Every page can be used with a keyboard and a screen reader, as far as a program can tell, in light and in dark and on a
// phone.
func TestAccessibility(t *testing.T) {
	b := openBrowser(t)
	b.expected = "status of 404" // a call that there is not is opened
	c := openCentre(t, 0)
	c.happens(func(s *projectiontest.Script) {
		s.Link("cc1", link.LinkIs{At: c.now(), Switch: "cc1", Kind: "asterisk", Up: true})
		s.Link("cc2", link.LinkIs{At: c.now(), Switch: "cc2", Kind: "freeswitch", Up: true})
		s.Link("cc2", link.LinkIs{At: c.now(), Switch: "cc2", Kind: "freeswitch"})
	})
	c.login("1001", "")
	c.login("1002", "lunch")
	ended := c.arrives("2125550001", call.Pair{Key: "Account", Value: "100200"})
	c.rings(ended, "1001")
	c.answers(ended, "1001")
	c.hangsUp(ended, "1001")
	c.arrives("2125550003")
	c.rings(c.arrives("2125550002", call.Pair{Key: "Account", Value: "100300"}), "1001")

	b.open(c.url(""))
	pages := []struct{ name, hash, shows, then string }{
		{"floor", "#/", "document.querySelector('.live tr[data-state=ringing]')", ""},
		{"floor as it was", "#/", "document.querySelector('.timebar')",
			"document.querySelector('.timebar input').dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowLeft', bubbles: true}))"},
		{"calls", "#/calls?type=inbound", "document.querySelector('.more[open]') && document.querySelector('main tbody tr')", ""},
		{"no calls", "#/calls?ani=nobody", "document.querySelector('.empty')", ""},
		{"call", "#/calls/" + ended.String(), "document.querySelector('.ladder .bar')",
			"document.querySelectorAll('.timeline details').forEach((each) => { each.open = true })"},
		{"no such call", "#/calls/01a205eb-2410-89d9-b98e-daa2fbad81f7", "document.querySelector('.problem')", ""},
		{"agent", "#/agents/1001", "document.querySelector('.card[data-state=ringing]')", ""},
		{"numbers", "#/numbers", "document.querySelector('.numbers button.count') && document.querySelector('.chart canvas')",
			"document.querySelector('.byinterval').open = true; document.querySelector('.numbers button.count').click()"},
		{"api", "#/api", "document.querySelector('.operation')", "document.querySelectorAll('.operation').forEach((each) => { each.open = true })"},
		{"connection lost", "#/", "document.querySelector('.lost') && document.querySelector('.floor')", ""},
	}
	do[bool](b, axe+"; true")
	for _, page := range pages {
		if page.name == "connection lost" {
			c.stop()
		}
		do[bool](b, "location.hash = '"+page.hash+"', true")
		b.see(page.shows)
		if page.then != "" {
			do[bool](b, page.then+"; true")
		}
		b.see("document.querySelector('main').children.length > 0")
		b.accessible(t, page.name)
	}
}

// What an agent works with can be used so, too: each form, a refusal, and the list of the keys.
func TestAWorkingDesktopIsAccessible(t *testing.T) {
	c, b := desk(t)
	do[bool](b, axe+"; true")
	b.press("Log in …")
	b.accessible(t, "logging in")
	b.press("Cancel")
	b.login()
	b.press("Not ready …")
	b.accessible(t, "not ready")
	b.press("Cancel")
	rings(c, b)
	b.offers("Answer", "Redirect …", "Reject")
	b.press("Redirect …")
	b.accessible(t, "ringing")
	b.press("Cancel")
	id := takes(c, b)
	c.obeys(call.ErrSwitchRefused, false)
	b.press("Hold")
	b.seeText("[role=alert]", "not done")
	c.obeys(nil, false)
	b.press("Edit data")
	b.see("document.querySelector('.sheet input')")
	b.write("#data-tier", "gold")
	_, err := c.engine.Request(t.Context(), id, call.ChangeUserData{At: time.Now(), Actor: "ivr:main", Set: []call.Pair{{Key: "tier", Value: "bronze"}}})
	require.NoError(t, err)
	b.press("Save")
	b.seeText(".sheet .problem", "meanwhile")
	b.accessible(t, "a conflict")
	b.press("Cancel")
	consults(c, b)
	b.accessible(t, "consulting")
	b.press("Conference")
	b.see("document.querySelector('.card .others button')")
	b.accessible(t, "a conference")
	b.press("Keyboard shortcuts")
	b.see("document.querySelector('dialog[open]')")
	b.accessible(t, "the keys")
	do[bool](b, "document.querySelector('dialog form button').click(), true")
	b.press("End call")
	b.seeText(".card", "Call ended")
	b.accessible(t, "after-call work")
}

// accessible lets axe look at what is shown, in light, in dark and on a phone.
func (b *browser) accessible(t *testing.T, name string) {
	for _, screen := range []struct {
		name, scheme string
		width        int64
	}{{"light", "light", 1280}, {"dark", "dark", 1280}, {"phone", "light", 390}} {
		t.Run(name+"/"+screen.name, func(t *testing.T) {
			b.looks(screen.scheme, screen.width, 800)
			do[bool](b, "scrollTo(0, 0), true") // what is half below the bar is no fault
			if found := do[string](b, violations); found != "" {
				t.Error(found)
			}
			if wide := do[float64](b, "document.documentElement.scrollWidth"); wide > float64(screen.width) {
				t.Errorf("the page is %v px wide, and has to be scrolled sideways", wide)
			}
		})
	}
}

// looks makes a screen of a size that wants light or dark.
func (b *browser) looks(scheme string, width, height int64) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(width, height)); err != nil {
		b.t.Fatal(err)
	}
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		b.t.Fatal(err)
	}
}
