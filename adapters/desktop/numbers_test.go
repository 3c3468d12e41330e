package desktop_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/projections/projectiontest"
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

// Whoever has no mouse goes through a chart with the keys, and opens the calls behind what is there.
func TestAChartIsReadWithTheKeyboard(t *testing.T) {
	b := openBrowser(t)
	c := openCentre(t, -10*time.Minute)
	c.login("1001", "")
	handles := func(ani string) call.ConnID {
		id := c.arrives(ani)
		c.rings(id, "1001")
		c.answers(id, "1001")
		c.hangsUp(id, "1001")
		return id
	}
	handles("2125550001")
	c.ahead = 0
	last := handles("2125550002")
	support := call.NewConnID(c.now(), "cc1", "support")
	c.happens(func(s *projectiontest.Script) {
		s.Call(support,
			call.CallIs{At: c.now(), ConnID: support, Switch: "cc1", SwitchCallID: "support", Origin: call.External, ANI: "2125550003", DNIS: "5550100"},
			call.PartyIs{At: c.now(), Party: "caller", State: call.Connected, DN: "2125550003", External: true, Role: call.Origination},
			call.VisitIs{At: c.now(), Visit: "visit", Queue: "support", Party: "caller", Position: 1})
	})

	b.open(c.url("#/numbers?hours=1"))
	b.see("document.querySelector('[data-chart=Handled] canvas')")
	do[bool](b, `window.chart = document.querySelector('[data-chart=Handled] [role=slider]'),
		document.querySelector('[data-chart="Waiting at the end of the interval"] [role=slider]').focus(), true`)
	b.key(kb.Tab)
	tells := func(text string, legend ...string) {
		t.Helper()
		b.see("chart.getAttribute('aria-valuetext').startsWith('" + text + ", ')")
		b.see("[...document.querySelectorAll('[data-chart=Handled] .legend b')].map((each) => each.innerText).join() === '" + strings.Join(legend, ",") + "'")
	}
	tells("sales 1", "1", "0")
	b.key(kb.Home)
	tells("sales 1", "1", "0")
	b.see("chart.ariaValueNow === '0'")
	b.key(kb.ArrowRight)
	tells("sales 0", "0", "0")
	b.see("chart.ariaValueNow === '1' && document.querySelector('[data-chart=Handled] .time').innerText !== ''")
	b.key(kb.ArrowDown)
	tells("support 0", "0", "0")
	b.key(kb.ArrowUp)
	b.key(kb.End)
	tells("sales 1", "1", "0")
	b.key(kb.Enter)
	b.see("[...document.querySelectorAll('.behind li a')].map((a) => a.hash).join() === '#/calls/" + last.String() + "'")
	b.key(kb.Escape)
	b.see("document.activeElement === chart && !document.querySelector('.behind')")
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
