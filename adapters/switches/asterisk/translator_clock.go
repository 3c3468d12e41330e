package asterisk

import "time"

// clockPatience is how long a live link may stay silent about the switch's time before our own clock is taken.
const clockPatience = 2 * time.Second

// farAhead is how far a single timestamp may be ahead of the last before a second one must confirm it.
const farAhead = 24 * time.Hour

// linkClock makes the moments of one link strictly increasing, in microseconds of the switch's clock. Asterisk's
// threads deliver timestamps that are a few milliseconds older than the one before; the order of arrival is the order
// in which things happened, so the older ones are moved up.
type linkClock struct {
	last     time.Time // last moment given out or told
	received time.Time // when, on our clock, something was last received
	up       time.Time // our clock when the link came up without the switch's time
	doubtful time.Time // a timestamp far ahead that nothing has confirmed yet
	stamped  bool      // the switch tells its time
	fresh    bool      // a new connection has not told its time yet
}

func (c *linkClock) known() bool { return !c.last.IsZero() && !c.fresh }

// begin: a new connection, of which it is not known yet how late it is there.
func (c *linkClock) begin(received time.Time) {
	c.received, c.up, c.fresh = received, received, true
}

// tell takes a timestamp of the switch.
func (c *linkClock) tell(at time.Time) {
	if c.known() && at.Sub(c.last) > farAhead && at.Sub(c.doubtful).Abs() > farAhead {
		c.doubtful = at
		return
	}
	c.fresh = false
	if at.After(c.last) {
		c.last = at
		return
	}
	c.next()
}

// next is a moment of its own just after the last.
func (c *linkClock) next() time.Time {
	c.last = c.last.Add(time.Microsecond)
	return c.last
}

// receivedAt notes when, on our clock, the link was last heard.
func (c *linkClock) receivedAt(received time.Time) {
	c.received = received
}

// waitedFor is how long the link has been up without telling the switch's time.
func (c *linkClock) waitedFor(received time.Time) time.Duration {
	if c.up.IsZero() || received.IsZero() {
		return 0
	}
	return received.Sub(c.up)
}

// estimate is the switch's time now, from what has passed on our clock since the last block.
func (c *linkClock) estimate(received time.Time) time.Time {
	if !c.known() || c.received.IsZero() || received.IsZero() || received.Before(c.received) {
		return c.last
	}
	return c.last.Add(received.Sub(c.received))
}
