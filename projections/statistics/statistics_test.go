package statistics_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/projectiontest"
	"github.com/callstate/callstate/projections/statistics"
)

var nine = time.Date(2026, 10, 5, 9, 0, 0, 0, time.UTC)

func at(seconds float64) history.Time {
	return history.Time(nine.Add(time.Duration(seconds * float64(time.Second))))
}

// facts is a source that tells what it is made of.
type facts struct {
	visits []history.VisitFact
	stays  []history.StayFact
	states []history.StateFact
	latest history.Time
}

func (f facts) Facts(_ context.Context, _, _ time.Time, told history.Facts) error {
	for _, v := range f.visits {
		told.Visit(v)
	}
	for _, s := range f.stays {
		told.Stay(s)
	}
	for _, s := range f.states {
		told.State(s)
	}
	return nil
}

func (f facts) Began(context.Context) (time.Time, error)  { return nine, nil }
func (f facts) Latest(context.Context) (time.Time, error) { return time.Time(f.latest), nil }

func waits(n int, wait float64, result history.QueueResult) (all []history.VisitFact) {
	for range n {
		all = append(all, history.VisitFact{
			Queue: "sales", EnteredAt: at(0), EndedAt: at(wait), WaitMs: int64(wait * 1000), Result: result, EnteredEvent: "in", EndedEvent: "out",
		})
	}
	return all
}

func of(t *testing.T, f facts, q statistics.Query) statistics.Report {
	t.Helper()
	if q.Definition == (statistics.Definition{}) {
		q.Definition = statistics.NewDefinition(0, 0)
	}
	if f.latest == (history.Time{}) {
		f.latest = at(3600)
	}
	r, err := statistics.Of(t.Context(), f, q)
	require.NoError(t, err)
	return r
}

// 1000 answered, 860 of them in time; 60 abandoned, 20 of them in time and 10 of those short: the five formulas differ.
func TestServiceLevel(t *testing.T) {
	var f facts
	f.visits = append(f.visits, waits(860, 20, history.QueueAnswered)...) // just in time
	f.visits = append(f.visits, waits(140, 20.001, history.QueueAnswered)...)
	f.visits = append(f.visits, waits(10, 4.999, history.QueueAbandoned)...)
	f.visits = append(f.visits, waits(10, 5, history.QueueAbandoned)...)
	f.visits = append(f.visits, waits(40, 60, history.QueueAbandoned)...)
	row := of(t, f, statistics.Query{}).Queues[0]
	assert.EqualValues(t, []int64{1060, 1060, 1000, 60, 860, 20, 10},
		[]int64{row.Entered, row.Offered, row.Answered, row.Abandoned, row.AnsweredInTarget, row.AbandonedInTarget, row.ShortAbandoned})
	percent := func(v *float64) string { return fmt.Sprintf("%.1f", *v*100) }
	l := row.ServiceLevel
	assert.Equal(t, []string{"83.0", "86.0", "81.1", "82.7", "82.1"}, []string{
		percent(l.AbandonsInTargetMet), percent(l.AnsweredOnly), percent(l.AbandonsMissed), percent(l.AbandonsInTargetExcluded), percent(l.ShortAbandonsMet),
	})
	assert.EqualValues(t, 20_000, *row.ASAMs)
	assert.Equal(t, "5.7", percent(row.AbandonRate))
}

func TestNothingToShare(t *testing.T) {
	r := of(t, facts{visits: []history.VisitFact{{Queue: "sales", EnteredAt: at(0)}}}, statistics.Query{})
	assert.Nil(t, r.Queues[0].ServiceLevel.AnsweredOnly)
	assert.Nil(t, r.Queues[0].ASAMs)
	assert.Nil(t, r.Queues[0].AHTMs)
}

func TestWaitingAtTheEndOfAnInterval(t *testing.T) {
	f := facts{latest: at(1799.999), visits: []history.VisitFact{
		{Queue: "sales", EnteredAt: at(100), EndedAt: at(900), WaitMs: 800_000, Result: history.QueueAnswered}, // ends as the first interval does
		{Queue: "sales", EnteredAt: at(1700)},
		{Queue: "sales", EnteredAt: at(1750), Again: true},
	}}
	r := of(t, f, statistics.Query{Interval: 15 * time.Minute, To: nine.Add(2 * time.Hour)})
	require.Len(t, r.Queues, 2)
	assert.EqualValues(t, []int64{1, 800_000, 0}, []int64{r.Queues[0].Waiting, r.Queues[0].LongestWaitMs, r.Queues[0].Answered})
	assert.EqualValues(t, []int64{2, 100_000, 1}, []int64{r.Queues[1].Waiting, r.Queues[1].LongestWaitMs, r.Queues[1].Answered})
	assert.EqualValues(t, []int64{2, 1}, []int64{r.Queues[1].Entered, r.Queues[1].Offered})
}

// An hour of an agent: not ready for ten minutes, a call of five minutes that rang before and left work behind, a second
// one that came while the work went on, and one that was not answered.
func TestAgent(t *testing.T) {
	first, second := call.ConnID{1}, call.ConnID{2}
	f := facts{
		states: []history.StateFact{
			{Agent: "1001", State: history.NotReady, Since: at(0), Until: at(600)},
			{Agent: "1001", State: history.Ready, Since: at(600), Until: at(1310)},
			{Agent: "1001", State: history.AfterCallWork, Call: first, Queue: "sales", Since: at(1310), Until: at(1370)},
			{Agent: "1001", State: history.Ready, Since: at(1370), SinceEvent: "ready again"},
		},
		stays: []history.StayFact{
			{ConnID: first, Agent: "1001", Queue: "sales", RingingAt: at(1000), AnsweredAt: at(1010), EndedAt: at(1310), TalkMs: 300_000, HoldMs: 60_000},
			{ConnID: second, Agent: "1001", AnsweredAt: at(1350), EndedAt: at(1400), TalkMs: 50_000},
			{ConnID: second, Agent: "1001", Queue: "sales", RingingAt: at(3000), EndedAt: at(3015), Cause: call.NoAnswer},
		},
		latest: at(3599.999),
	}
	r := of(t, f, statistics.Query{})
	agent := r.Agents[0]
	assert.EqualValues(t, []int64{2, 2, 1}, []int64{agent.Offered, agent.Handled, agent.RingNoAnswer})
	assert.EqualValues(t, []int64{290_000, 60_000, 60_000}, []int64{agent.TalkMs, agent.HoldMs, agent.AfterCallWorkMs})
	assert.EqualValues(t, 205_000, *agent.AHTMs)
	assert.EqualValues(t, []int64{3_600_000, 600_000, 2_940_000}, []int64{agent.LoggedInMs, agent.NotReadyMs, agent.ReadyMs})
	assert.EqualValues(t, 390_000, agent.BusyMs, "from the first answer at 1010 to 1400")
	assert.EqualValues(t, (400+2200-15)*1000, agent.IdleMs, "ready, and no telephone rings")
	assert.InDelta(t, 390.0/(390+2585), *agent.Occupancy, 1e-9)
	assert.InDelta(t, 390.0/3600, *agent.Utilisation, 1e-9)

	queue := r.Queues[0]
	assert.EqualValues(t, []int64{1, 240_000, 60_000, 60_000, 1}, []int64{queue.Handled, queue.TalkMs, queue.HoldMs, queue.AfterCallWorkMs, queue.RingNoAnswer})
}

func TestOfOneKind(t *testing.T) {
	f := facts{
		visits: waits(1, 10, history.QueueAnswered),
		stays:  []history.StayFact{{Queue: "sales", Agent: "1001", RingingAt: at(0), AnsweredAt: at(10), EndedAt: at(20)}},
	}
	both, queues, agents := of(t, f, statistics.Query{}), of(t, f, statistics.Query{Of: statistics.OfQueue}), of(t, f, statistics.Query{Of: statistics.OfAgent})
	require.Len(t, both.Queues, 1)
	require.Len(t, both.Agents, 1)
	assert.Equal(t, both.Queues, queues.Queues)
	assert.Empty(t, queues.Agents)
	assert.Equal(t, both.Agents, agents.Agents)
	assert.Empty(t, agents.Queues)
}

func TestExplain(t *testing.T) {
	f := facts{visits: append(waits(2, 3, history.QueueAbandoned), waits(1, 7, history.QueueAnswered)...)}
	r := of(t, f, statistics.Query{Explain: "shortAbandoned"})
	assert.Equal(t, []statistics.Explanation{
		{Number: "shortAbandoned", Of: statistics.OfQueue, Queue: "sales", At: at(3), Value: 1, Events: []string{"in", "out"}},
		{Number: "shortAbandoned", Of: statistics.OfQueue, Queue: "sales", At: at(3), Value: 1, Events: []string{"in", "out"}},
	}, r.Explained)
	r = of(t, f, statistics.Query{Explain: "asaMs"})
	require.Len(t, r.Explained, 1)
	assert.EqualValues(t, 7000, r.Explained[0].Value)
	r = of(t, f, statistics.Query{Explain: "serviceLevel", Limit: 2})
	assert.Len(t, r.Explained, 2)
	assert.True(t, r.More)
}

func TestWhatCannotBeMeant(t *testing.T) {
	for name, q := range map[string]statistics.Query{
		"a range that ends before it begins": {From: nine, To: nine.Add(-time.Second)},
		"an empty range":                     {From: nine, To: nine},
		"a time before the history":          {To: nine.Add(-time.Hour)},
		"a time to come":                     {From: nine.Add(time.Hour)},
		"a tiny interval":                    {Interval: time.Second},
		"an interval that does not fit":      {Interval: 7 * time.Hour},
		"longer than a day":                  {Interval: 48 * time.Hour},
		"too many intervals":                 {From: nine, To: nine.AddDate(1, 0, 0), Interval: time.Minute},
		"an unknown number":                  {Explain: "luck"},
	} {
		t.Run(name, func(t *testing.T) {
			q.Definition = statistics.NewDefinition(0, 0)
			_, err := statistics.Of(t.Context(), facts{latest: at(60)}, q)
			require.ErrorIs(t, err, statistics.ErrQuery)
		})
	}
}

// Whatever happens, and wherever it is cut: intervals that do not overlap add up to the whole, every number is the sum of
// the facts that explain it, and who entered a queue has left it or waits.
func TestIntervalsAddUp(t *testing.T) {
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		require.NoError(t, checks.Value.Set("20")) // each makes a database
	}
	folder, n := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		script := projectiontest.Random(t)
		h, err := history.Open(context.Background(), filepath.Join(folder, fmt.Sprint(n)), history.Options{Log: projectiontest.Log{Script: script}})
		require.NoError(t, err)
		defer h.Close()
		if len(script.Records()) == 0 {
			return
		}
		require.NoError(t, h.Apply(context.Background(), script.Records()))
		ask := func(q statistics.Query) statistics.Report {
			q.Definition = statistics.NewDefinition(0, 0)
			r, err := statistics.Of(context.Background(), h, q)
			require.NoError(t, err)
			return r
		}
		whole := ask(statistics.Query{})
		if time.Time(whole.From).Equal(time.Time(whole.To)) {
			return
		}
		began, length := time.Time(whole.From), time.Time(whole.To).Sub(time.Time(whole.From))
		cut := began.Add(time.Duration(rapid.Int64Range(1, max(1, length.Milliseconds()-1)).Draw(t, "cut")) * time.Millisecond)
		parts := []statistics.Report{whole}
		if cut.Before(time.Time(whole.To)) {
			parts = []statistics.Report{ask(statistics.Query{To: cut}), ask(statistics.Query{From: cut})}
		}
		require.Equal(t, added(whole), added(parts...), "cut at %s", cut)
		require.Equal(t, added(whole), added(ask(statistics.Query{
			Interval: rapid.SampledFrom([]time.Duration{15 * time.Minute, time.Hour, 24 * time.Hour}).Draw(t, "interval"),
			Zone:     zone(t, rapid.SampledFrom([]string{"", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"}).Draw(t, "zone")),
		})))

		for _, row := range whole.Queues {
			require.Equal(t, row.Entered, row.Answered+row.Abandoned+row.Left+row.Waiting, row.Queue)
		}
		sums := added(whole)
		if len(sums) > 0 {
			name := rapid.SampledFrom(slices.Sorted(maps.Keys(sums))).Draw(t, "number")
			total, subject, number := sums[name], "", ""
			fmt.Sscan(name, &subject, &number)
			var sum int64
			for _, e := range ask(statistics.Query{Explain: number}).Explained {
				if of := map[statistics.Subject]string{statistics.OfQueue: e.Queue, statistics.OfAgent: e.Agent}[e.Of]; subject == string(e.Of)+":"+of {
					sum += e.Value
				}
			}
			require.Equal(t, total, sum, name)
		}
	})
}

// added adds up the rows of reports by queue and agent, what is zero left out.
func added(reports ...statistics.Report) map[string]int64 {
	all := map[string]int64{}
	for _, r := range reports {
		for _, q := range r.Queues {
			for name, n := range map[string]int64{
				"entered": q.Entered, "offered": q.Offered, "answered": q.Answered, "abandoned": q.Abandoned, "shortAbandoned": q.ShortAbandoned,
				"left": q.Left, "answeredInTarget": q.AnsweredInTarget, "abandonedInTarget": q.AbandonedInTarget, "handled": q.Handled,
				"talkMs": q.TalkMs, "holdMs": q.HoldMs, "afterCallWorkMs": q.AfterCallWorkMs, "ringNoAnswer": q.RingNoAnswer,
			} {
				all["queue:"+q.Queue+" "+name] += n
			}
		}
		for _, a := range r.Agents {
			for name, n := range map[string]int64{
				"offered": a.Offered, "handled": a.Handled, "ringNoAnswer": a.RingNoAnswer, "talkMs": a.TalkMs, "holdMs": a.HoldMs,
				"afterCallWorkMs": a.AfterCallWorkMs, "loggedInMs": a.LoggedInMs, "readyMs": a.ReadyMs, "notReadyMs": a.NotReadyMs,
				"busyMs": a.BusyMs, "idleMs": a.IdleMs,
			} {
				all["agent:"+a.Agent+" "+name] += n
			}
		}
	}
	for name, n := range all {
		if n == 0 {
			delete(all, name)
		}
	}
	return all
}
