package connection_test

import (
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/stretchr/testify/assert"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestMomentsOfAClockIncrease(t *testing.T) {
	var c connection.Clock
	c.Tell(noon)
	c.Tell(noon)
	c.Tell(noon.Add(-5 * time.Millisecond))
	assert.Equal(t, noon.Add(2*time.Microsecond), c.Last)
	assert.Equal(t, noon.Add(3*time.Microsecond), c.Next())
	c.Tell(noon.Add(time.Second))
	assert.Equal(t, noon.Add(time.Second), c.Last)
}

func TestATimeFarAheadMustBeConfirmed(t *testing.T) {
	var c connection.Clock
	c.Tell(noon)
	year := noon.AddDate(1, 0, 0)
	c.Tell(year)
	assert.Equal(t, noon, c.Last, "a single one may be garbage")
	c.Tell(year.Add(time.Second))
	assert.Equal(t, year.Add(time.Second), c.Last)
}

func TestWhatComesBeforeTheTimeIsKnownWaitsForIt(t *testing.T) {
	const here = -3 * time.Hour // our clock, against that of the switch
	for name, tell := range map[string]struct {
		last func(c *connection.Clock)
		want time.Time
	}{
		"the switch tells it":                          {func(c *connection.Clock) { c.Tell(noon) }, noon},
		"it never does, and ours is taken":             {func(c *connection.Clock) { c.Pass(noon.Add(here + 2*time.Second + 1)) }, noon.Add(here + 2*time.Second + 1)},
		"the connection ends before":                   {func(c *connection.Clock) { c.End(noon.Add(here)) }, noon.Add(here)},
		"a recording without a time ends: any will do": {func(c *connection.Clock) { c.End(time.Time{}) }, time.Time{}.Add(time.Microsecond)},
	} {
		t.Run(name, func(t *testing.T) {
			var c connection.Clock
			var done []time.Time
			note := func() { done = append(done, c.Next()) }
			c.Begin(noon.Add(here))
			c.WhenKnown(note)
			c.WhenKnown(note)
			c.Pass(noon.Add(here + 2*time.Second))
			assert.False(t, c.Known())
			assert.Empty(t, done)
			tell.last(&c)
			assert.True(t, c.Known())
			c.WhenKnown(note)
			assert.Equal(t, []time.Time{tell.want.Add(1 * time.Microsecond), tell.want.Add(2 * time.Microsecond), tell.want.Add(3 * time.Microsecond)}, done)
		})
	}
}

func TestTheTimeGoesOnWhileNothingComes(t *testing.T) {
	var c connection.Clock
	c.Begin(noon)
	c.Tell(noon.Add(time.Hour))
	c.Received(noon.Add(time.Second))
	assert.Equal(t, noon.Add(time.Hour+500*time.Millisecond), c.Pass(noon.Add(1500*time.Millisecond)))
	assert.Equal(t, noon.Add(time.Hour), c.Last, "it is only an estimate")

	c.Begin(noon.Add(time.Minute))
	assert.False(t, c.Known(), "how late it is at the other end of a new connection has yet to be told")
	assert.False(t, c.Unstamped(noon.Add(time.Minute+2*time.Second)))
	assert.True(t, c.Unstamped(noon.Add(time.Minute+3*time.Second)))
}
