package desktop_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections/projectiontest"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// longest is how long the page may at most be at work before it answers to a hand, and draws what has changed.
const longest = 50 * time.Millisecond

// watch tells which rows of the floor are drawn again, and of which agents and calls the feed tells. That a time runs on
// is no drawing.
const watch = `
	window.drawn = new Set();
	window.told = new Set();
	const named = (row) => row.querySelector('.who b')?.textContent ?? row.querySelector('a').hash.split('/')[2];
	new MutationObserver((records) => {
		for (const {target} of records) {
			const element = target.nodeType === Node.TEXT_NODE ? target.parentElement : target;
			const row = element?.closest('.tile, .live tr[data-state]');
			if (row?.isConnected && !element.closest('.time')) drawn.add(named(row));
		}
	}).observe(document.querySelector('.floor'), {subtree: true, childList: true, characterData: true, attributes: true});
	new EventSource('/v1/floor/stream').addEventListener('change', (message) => {
		const {agents = [], calls = []} = JSON.parse(message.data).change;
		for (const {id} of agents) told.add(id);
		for (const {connId, parties} of calls) for (const each of [connId, ...parties.map((party) => party.agent)]) told.add(each);
	});`

// With 500 agents and 200 live calls the floor is drawn smoothly: live, while somebody types into the filter, and while it is
// dragged through the past. The times are those of the processor, so that what else the machine does is not counted;
// those on the wall are logged.
func TestSpeedOfALargeFloor(t *testing.T) {
	b := openBrowser(t)
	c := openCentre(t, 0)
	day := projectiontest.Day(7, projectiontest.DayOptions{Agents: 500, Events: 9000}).Records()
	begin, rest := day[:7000], day[7000:]
	c.happens(addAll(begin))
	require.Greater(t, len(c.floor.View().Calls), 200)

	b.looks("light", 1280, 800)
	b.open(c.url(""))
	b.see("document.querySelectorAll('.many .tile').length > 20")
	assert.Less(t, do[float64](b, "document.querySelectorAll('.tile').length"), 150.0, "tiles out of sight are not drawn")
	do[bool](b, watch+"true")

	goesOn := func(times int, each string) func() {
		return func() {
			for range times {
				c.happens(addAll(rest[:4]))
				rest = rest[4:]
				if each != "" {
					do[bool](b, each+", true")
				}
				time.Sleep(100 * time.Millisecond) // what is measured is what happens meanwhile
			}
		}
	}
	goesOn(5, "")() // the browser has compiled by then, and both feeds are open
	b.see("told.size > 0")
	do[bool](b, "drawn.clear(), true")
	t.Run("live", func(t *testing.T) {
		smooth(t, b.traced(goesOn(30, "")))
		b.see("drawn.size > 0 && told.size > 20")
		b.see("[...drawn].every((name) => told.has(name))") // only rows of which something was told are drawn again
	})
	t.Run("filtered", func(t *testing.T) {
		smooth(t, b.traced(goesOn(15, `(() => {
			const field = document.querySelector('.filter input');
			field.value = ['1', '10', '101', '10', '1', ''][Math.floor(performance.now() / 100) % 6];
			field.dispatchEvent(new Event('input', {bubbles: true}));
		})()`)))
		do[bool](b, `(() => { const field = document.querySelector('.filter input'); field.value = ''; field.dispatchEvent(new Event('input', {bubbles: true})); })(), true`)
	})
	t.Run("dragged", func(t *testing.T) {
		smooth(t, b.traced(goesOn(10, `(() => {
			const slider = document.querySelector('.timebar input');
			slider.value = Number(slider.max) - 1000 * (2 + Math.floor(performance.now() / 100) % 60);
			slider.dispatchEvent(new Event('input', {bubbles: true}));
		})()`)))
		b.see("document.querySelector('.timebar').dataset.past === 'true' && document.querySelector('.tile')")
	})
}

func addAll(records []eventlog.Record) func(*projectiontest.Script) {
	return func(s *projectiontest.Script) {
		for _, r := range records {
			s.Add(r.Stream, r.Event)
		}
	}
}

// smooth fails where a task of the page took longer than it may.
func smooth(t *testing.T, tasks []task) {
	t.Helper()
	require.NotEmpty(t, tasks)
	var busiest, slowest task
	var all time.Duration
	for _, each := range tasks {
		all += each.busy
		if each.busy > busiest.busy {
			busiest = each
		}
		if each.lasted > slowest.lasted {
			slowest = each
		}
	}
	t.Logf("%d tasks kept the processor for %v, the longest for %v; one took %v on a machine that does other things too", len(tasks), all, busiest.busy, slowest.lasted)
	assert.Less(t, busiest.busy, longest)
}

// task is a piece of work of the page's main thread: no frame is drawn before it has ended.
type task struct {
	lasted time.Duration
	busy   time.Duration // without the time in which other programs had the processor
}

// traceEvent is one of the Trace Event Format, as far as it is used here; times are microseconds.
type traceEvent struct {
	Name          string
	PID, TID      int
	TS, Dur, TDur int64
}

// traced returns the tasks of the page while something is done, as a trace of the browser has them.
func (b *browser) traced(do func()) []task {
	b.t.Helper()
	var events []traceEvent
	var wrong error
	complete := make(chan struct{})
	ctx, cancel := context.WithCancel(b.ctx)
	defer cancel()
	err := chromedp.ListenBrowser(ctx, func(ev any) {
		switch ev := ev.(type) {
		case *tracing.EventDataCollected:
			for _, value := range ev.Value {
				var e traceEvent
				wrong = errors.Join(wrong, json.Unmarshal(value, &e))
				events = append(events, e)
			}
		case *tracing.EventTracingComplete:
			close(complete)
		}
	})
	if err != nil {
		b.t.Fatal(err)
	}
	config := tracing.TraceConfig{IncludedCategories: []string{"toplevel", "devtools.timeline"}, ExcludedCategories: []string{"*"}}
	if _, err := chromedp.CallBrowser(b.ctx, tracing.Start, tracing.StartParams{TraceConfig: &config}); err != nil {
		b.t.Fatal(err)
	}
	do()
	if _, err := chromedp.CallBrowser(b.ctx, tracing.End, cdp.Empty{}); err != nil {
		b.t.Fatal(err)
	}
	<-complete
	if wrong != nil {
		b.t.Fatal(wrong)
	}
	return tasksOf(events)
}

// tasksOf are the tasks of the page's main thread: the one that laid out most.
func tasksOf(events []traceEvent) []task {
	type thread struct{ process, thread int }
	layouts, tasks := map[thread]int{}, map[thread][]task{}
	var page thread
	for _, e := range events {
		at := thread{e.PID, e.TID}
		switch e.Name {
		case "Layout":
			layouts[at]++
			if layouts[at] > layouts[page] {
				page = at
			}
		case "RunTask", "ThreadControllerImpl::RunTask":
			tasks[at] = append(tasks[at], task{time.Duration(e.Dur) * time.Microsecond, time.Duration(e.TDur) * time.Microsecond})
		}
	}
	return tasks[page]
}
