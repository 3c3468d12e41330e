package connection

import (
	"time"

	"github.com/callstate/callstate/domain/call"
)

// clockPatience is how long a live link may stay silent about the switch's time before our own clock is taken.
const clockPatience = 2 * time.Second

// farAhead is how far a single timestamp may be ahead of the last before a second one must confirm it.
const farAhead = 24 * time.Hour

// Clock makes the moments of one link strictly increasing, in microseconds of the switch's clock. A switch's threads
// deliver timestamps that are a few milliseconds older than the one before, or the same for many events; the order of
// arrival is the order in which things happened, so those are moved up.
type Clock struct {
	Last    time.Time // the last moment given out or told
	Stamped bool      // the switch tells its time

	received time.Time // when, on our clock, something was last received
	up       time.Time // our clock when the link came up without the switch's time
	doubtful time.Time // a timestamp far ahead that nothing has confirmed yet
	fresh    bool      // a new connection has not told its time yet
	told     time.Time // up to when it was known what happened
	read     time.Time // when, on our clock, that was read
	waiting  []func()  // what came before it was known how late it is
}

// Known reports whether it is known how late it is at the switch.
func (c *Clock) Known() bool { return !c.Last.IsZero() && !c.fresh }

// Begin: a new connection, of which it is not known yet how late it is there.
func (c *Clock) Begin(received time.Time) {
	c.received, c.up, c.fresh = received, received, true
}

// Resume notes up to when it is known what happened, by the calls that go on, and when, on our clock, they were read.
func (c *Clock) Resume(calls []call.State, read time.Time) {
	c.read = read
	for _, s := range calls {
		if at := s.ToldAt(); at.After(c.told) {
			c.told = at
		}
	}
}

// AlreadyTold reports whether something that happened and was received at these moments was known when we began: another
// engine, which listens as well, had told it while we connected.
func (c *Clock) AlreadyTold(at, received time.Time) bool {
	return at.Before(c.told) && received.Before(c.read)
}

// WhenKnown does something now, or, while it is not known how late it is at the switch, as soon as it is.
func (c *Clock) WhenKnown(do func()) {
	if c.Known() {
		do()
		return
	}
	c.waiting = append(c.waiting, do)
}

// Tell takes a timestamp of the switch, and does what waited for one.
func (c *Clock) Tell(at time.Time) {
	if c.Known() && at.Sub(c.Last) > farAhead && at.Sub(c.doubtful).Abs() > farAhead {
		c.doubtful = at
		return
	}
	c.fresh = false
	if at.After(c.Last) {
		c.Last = at
	} else {
		c.Next()
	}
	waiting := c.waiting
	c.waiting = nil
	for _, do := range waiting {
		do()
	}
}

// Next is a moment of its own just after the last.
func (c *Clock) Next() time.Time {
	c.Last = c.Last.Add(time.Microsecond)
	return c.Last
}

// Received notes when, on our clock, the link was last heard.
func (c *Clock) Received(received time.Time) { c.received = received }

// Fresh reports whether a new connection has not told its time yet.
func (c *Clock) Fresh() bool { return c.fresh }

// Unstamped reports whether the switch has told no time for so long that ours is the best there is.
func (c *Clock) Unstamped(received time.Time) bool {
	return !c.Stamped && c.waitedTooLong(received)
}

func (c *Clock) waitedTooLong(received time.Time) bool {
	return !c.up.IsZero() && !received.IsZero() && received.Sub(c.up) > clockPatience
}

// Pass lets time pass in which nothing comes: it is the switch's time now, from what has passed on our clock since the last
// piece. Of a switch that tells no time at all, not even when it is asked, our own is taken.
func (c *Clock) Pass(received time.Time) time.Time {
	if !c.Known() && c.waitedTooLong(received) {
		c.Tell(received)
	}
	if !c.Known() || c.received.IsZero() || received.IsZero() || received.Before(c.received) {
		return c.Last
	}
	return c.Last.Add(received.Sub(c.received))
}

// End: the connection is gone, and with it all that could still tell the time. What is in a recording without a single
// time happened just after the last.
func (c *Clock) End(received time.Time) {
	c.received = received
	if !c.Known() && (!received.IsZero() || len(c.waiting) > 0) {
		c.Tell(received)
	}
}
