package desktop_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/projectiontest"
)

const slider = "document.querySelector('.timebar input')"

// drag takes the slider so many milliseconds back from its end, and lets it go.
func (b *browser) drag(back int) {
	b.t.Helper()
	do[bool](b, fmt.Sprintf("(() => { const slider = %s; slider.value = Number(slider.max) - %d; for (const kind of ['input', 'change']) slider.dispatchEvent(new Event(kind, {bubbles: true})); })(), true", slider, back))
}

// The slider goes back to when the first thing happened, whatever else is in the log, and who has not dragged it has not looked
// at the past.
func TestTheSliderGoesBackToTheBegin(t *testing.T) {
	b := openBrowser(t)
	c := openCentre(t, 0)
	c.happens(func(s *projectiontest.Script) {
		look := access.CallsSearched{View: "1"}
		stream := wire.AuditStream(look.Subject())
		s.Add(stream, wire.EncodeAccess(stream, 1, access.Event{At: c.now(), Actor: "user:jane", Body: look}))
	})
	b.open(c.url(""))
	b.see("document.querySelector('.agents .none')")
	b.see(fmt.Sprintf("%[1]s.max - %[1]s.min === 15 * 60000", slider)) // nothing has happened

	c.ahead = -3 * time.Minute
	c.login("1001", "")
	c.ahead = 0
	c.login("1002", "lunch")
	b.see(fmt.Sprintf("(%[1]s.max - %[1]s.min) / 60000 > 3 && (%[1]s.max - %[1]s.min) / 60000 < 4", slider))
	do[bool](b, "location.hash = '#/numbers', true")
	b.see("document.querySelector('.numbers h2, .numbers .empty')")
	assert.Empty(t, c.looked())

	do[bool](b, "location.hash = '#/', true")
	b.see(fmt.Sprintf("%[1]s?.max - %[1]s?.min > 3 * 60000", slider))
	b.drag(60_000)
	b.see("document.querySelector('.timebar[data-past=true]') && document.querySelectorAll('.tile').length === 1")
	b.see("!document.querySelector('.timebar .wrong')")
	assert.Len(t, c.looked(), 1)
}

// threeCameIn shows the floor to which three agents have come: ten and four minutes ago, and now.
func threeCameIn(c *centre, b *browser) {
	b.t.Helper()
	c.ahead = -10 * time.Minute
	c.login("1001", "")
	c.ahead = -4 * time.Minute
	c.login("1002", "lunch")
	c.ahead = 0
	c.login("1003", "")
	b.open(c.url(""))
	b.see("document.querySelectorAll('.tile').length === 3")
}

// The page's address is always the moment that is shown: it can be sent to somebody, and the page loaded again.
func TestTheAddressIsTheMomentThatIsShown(t *testing.T) {
	b := openBrowser(t)
	c := openCentre(t, 0)
	threeCameIn(c, b)

	b.drag(300_000)
	shown := "document.querySelector('.timebar[data-past=true]') && Math.abs(Date.parse(location.hash.slice('#/?at='.length)) - " + slider + ".value) < 1000"
	b.see(shown)
	dragged := do[string](b, "location.hash")
	do[bool](b, "document.querySelector('.timebar .play').click(), true")
	b.seeText(".timebar .play", "Pause")
	b.see(fmt.Sprintf("%s.value - Date.parse(%q.slice('#/?at='.length)) > 1100", slider, dragged)) // it goes on
	do[bool](b, "document.querySelector('.timebar .play').click(), true")
	b.seeText(".timebar .play", "Play")
	b.see("location.hash !== '" + dragged + "' && " + shown)

	do[bool](b, "document.querySelector('.timebar .back').click(), true")
	b.see("location.hash === '#/' && document.querySelectorAll('.tile').length === 3")
	do[bool](b, "location.hash = '"+dragged+"', true") // the same moment once more
	b.see("location.hash === '" + dragged + "' && document.querySelectorAll('.tile').length === 1 && " + shown)

	// What plays until it has caught up is live.
	b.drag(2_000)
	do[bool](b, "document.querySelector('.timebar .play').click(), true")
	b.see("location.hash === '#/' && document.querySelector('.timebar[data-past=false]')")

	// Who goes elsewhere gets there.
	b.drag(300_000)
	b.see(shown)
	do[bool](b, "document.querySelector('nav a[href=\"#/calls\"]').click(), true")
	b.see("location.hash === '#/calls' && document.querySelector('[role=search]')")
}

// A screen reader is told what is shown, and not each second how long ago that is.
func TestTimeGoesOnWithoutBeingTold(t *testing.T) {
	b := openBrowser(t)
	c := openCentre(t, 0)
	threeCameIn(c, b)
	do[bool](b, `(() => {
		window.told = [];
		for (const region of document.querySelectorAll('[role=status], [aria-live]'))
			new MutationObserver(() => told.push(region.textContent)).observe(region, {childList: true, characterData: true, subtree: true});
	})(), true`)
	passes := func() {
		before := do[string](b, "document.querySelector('.timebar .when').innerText")
		b.see(fmt.Sprintf("document.querySelector('.timebar .when').innerText !== %q", before))
	}
	b.drag(300_000)
	b.see("document.querySelectorAll('.tile').length === 1 && told.length === 1 && told[0].startsWith('As it was at')")
	do[bool](b, "document.querySelector('.timebar .play').click(), true")
	b.see("document.querySelectorAll('.tile').length === 2 && told.at(-1) === 'Playing at 1×'")
	passes()
	passes()
	do[bool](b, "document.querySelector('.timebar .back').click(), true")
	b.see("told.at(-1) === 'Live'")
	assert.Equal(t, 3.0, do[float64](b, "told.length"))
}
