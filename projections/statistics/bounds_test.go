package statistics_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/statistics"
)

// ready is a number of agents who are ready from nine to some time.
func ready(agents int, until time.Time) (f facts) {
	for i := range agents {
		f.states = append(f.states, history.StateFact{Agent: fmt.Sprint(1000 + i), State: history.Ready, Since: at(0), Until: history.Time(until)})
	}
	return f
}

// Rows are made in memory: more of them than a reader can want are refused before they are made.
func TestTooManyRows(t *testing.T) {
	const minutes = 9_000
	until := nine.Add(minutes * time.Minute)
	q := statistics.Query{Definition: statistics.NewDefinition(0, 0), To: until, Now: until, Interval: time.Minute}
	_, err := statistics.Of(t.Context(), ready(23, until), q)
	require.ErrorIs(t, err, statistics.ErrQuery)
	assert.ErrorContains(t, err, "more than 200000 rows")

	report, err := statistics.Of(t.Context(), ready(22, until), q)
	require.NoError(t, err)
	assert.Len(t, report.Agents, 22*minutes)
}

// leaving is a client who leaves when the facts have been read.
type leaving struct {
	facts
	leave context.CancelFunc
}

func (l leaving) Facts(ctx context.Context, from, to time.Time, told history.Facts) error {
	defer l.leave()
	return l.facts.Facts(ctx, from, to, told)
}

func TestNothingIsMadeForAClientWhoHasLeft(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	until := nine.Add(time.Hour)
	_, err := statistics.Of(ctx, leaving{ready(1, until), leave}, statistics.Query{Definition: statistics.NewDefinition(0, 0), To: until, Now: until})
	assert.ErrorIs(t, err, context.Canceled)
}

// Facts come in no particular order; a limit shows the earliest of them, as all of them would begin.
func TestExplainBySomeOfMany(t *testing.T) {
	var f facts
	for i := range 1_000 {
		wait := float64(i * 389 % 1_000) // each once
		f.visits = append(f.visits, waits(1, wait, history.QueueAbandoned)...)
	}
	all := of(t, f, statistics.Query{Explain: "abandoned"})
	require.Len(t, all.Explained, 1_000)
	assert.False(t, all.More)
	some := of(t, f, statistics.Query{Explain: "abandoned", Limit: 7})
	assert.Equal(t, all.Explained[:7], some.Explained)
	assert.True(t, some.More)
	assert.Less(t, cap(some.Explained), 100, "what the limit cuts is not kept")
	assert.False(t, of(t, f, statistics.Query{Explain: "abandoned", Limit: 1_000}).More)
}

// One event of a switch whose clock is wrong must not make all numbers those of a time that is still to come.
func TestNowIsNotThatOfAClockThatIsFarAhead(t *testing.T) {
	now := nine.Add(time.Hour)
	asOf := func(latest, now time.Time) time.Time {
		f := ready(1, time.Time{})
		f.latest = history.Time(latest)
		r := of(t, f, statistics.Query{Now: now})
		assert.Equal(t, time.Time(r.To).Sub(nine).Milliseconds(), r.Agents[0].ReadyMs)
		return time.Time(r.AsOf)
	}
	assert.Equal(t, now, asOf(now.Add(8*24*time.Hour), now))
	assert.Equal(t, now.Add(time.Minute+time.Millisecond), asOf(now.Add(time.Minute), now), "the clock is a little ahead")
	assert.Equal(t, now.Add(time.Millisecond), asOf(now, time.Time{}), "nobody says what time it is: an old log")
}
