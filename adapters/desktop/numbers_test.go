package desktop_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Numbers are drawn over the day and stand in tables, and each opens the calls behind it.
func TestNumbers(t *testing.T) {
	b := openBrowser(t)
	c := openCentre(t, 0)
	c.login("1001", "")
	answered := c.arrives("2125550001")
	c.rings(answered, "1001")
	c.answers(answered, "1001")
	c.hangsUp(answered, "1001")
	waiting := c.arrives("2125550002")

	b.open(c.url("#/numbers"))
	b.seeText(".headline", "Service level", "100 %", "Answered", "Waiting")
	for _, title := range []string{"Service level", "Waiting at the end of the interval", "Handled", "Abandoned"} {
		b.see("document.querySelector('[data-chart=\"" + title + "\"] canvas')")
	}
	b.seeText("[data-chart=Handled] .legend", "sales", "1")

	do[bool](b, "(() => { const number = document.querySelector('.headline button[aria-label*=Waiting]'); number.focus(); number.click(); })(), true")
	b.see("[...document.querySelectorAll('.behind li a')].map((a) => a.hash).join() === '#/calls/" + waiting.String() + "'")
	b.see("document.activeElement.closest('.behind')")
	do[bool](b, "document.querySelector('.behind button').click(), true")
	b.see("document.activeElement.matches('.headline button')")

	do[bool](b, "document.querySelector('.byinterval summary').click(), true")
	b.see("document.querySelector('.byinterval button[aria-label*=Handled]')")
	do[bool](b, "document.querySelector('.byinterval button[aria-label*=Handled]').click(), true")
	b.see("[...document.querySelectorAll('.behind li a')].map((a) => a.hash).join() === '#/calls/" + answered.String() + "'")
	do[bool](b, "document.querySelector('.behind button').click(), true")

	do[bool](b, "document.querySelector('[data-chart=Handled]').scrollIntoView(), true")
	at := do[[]float64](b, `(() => {
		const {left, top, width} = document.querySelector('[data-chart=Handled] .u-over').getBoundingClientRect();
		return [left + width / 10, top + 20];
	})()`)
	require.NoError(t, chromedp.Do(b.ctx, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at[0], at[1]), chromedp.MouseClickXY(at[0], at[1])))
	b.seeText(".behind", "Handled, queue sales")

	do[bool](b, "document.querySelector('main a[href=\"#/numbers?agent=1001\"]').click(), true")
	b.see("document.querySelector('[data-chart=Occupancy] canvas') && !document.querySelector('[data-chart=Abandoned]')")
	b.seeText(".headline", "Handled")
}

// An event of a clock that is days ahead does not take the numbers away, and where it is always another time on the switch they are
// of that time.
func TestNumbersAreOfTheTimeOnTheSwitch(t *testing.T) {
	for name, test := range map[string]struct {
		clock time.Duration
		once  time.Duration // of one event
	}{
		"one event ahead":        {0, 8 * 24 * time.Hour},
		"a switch that is ahead": {3 * time.Hour, 3 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			b := openBrowser(t)
			c := openCentre(t, test.clock)
			c.login("1001", "")
			c.ahead = test.once
			c.login("1002", "lunch")
			c.ahead = test.clock
			answered := c.arrives("2125550001")
			c.rings(answered, "1001")
			c.answers(answered, "1001")
			c.hangsUp(answered, "1001")
			b.open(c.url("#/numbers?hours=1"))
			b.see("document.querySelector('.headline button[aria-label*=Answered]')?.textContent === '1'")
			b.see("document.querySelector('[data-chart=Handled] canvas') && !document.querySelector('.problem')")
		})
	}
}

// What is vendored is what its notice says.
func TestVendoredFiles(t *testing.T) {
	notice := serve("/vendor/NOTICE.txt").Body.String()
	for _, name := range []string{"preact.js", "preact-hooks.js", "signals.js", "signals-core.js", "htm.js", "uplot.js", "uplot.css"} {
		sum := sha256.Sum256(serve("/vendor/" + name).Body.Bytes())
		assert.Contains(t, notice, hex.EncodeToString(sum[:])+"  "+name+"\n")
	}
}
