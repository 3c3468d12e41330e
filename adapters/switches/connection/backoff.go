package connection

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff says how long to wait before the next attempt: twice as long after every failure, up to Max, and each time a
// random part less, so that many links to one switch do not all come back in the same moment.
type Backoff struct {
	Base time.Duration // before the second attempt
	Max  time.Duration
	Rand func() float64 // in [0, 1); nil: math/rand
}

// Delay is the wait after so many failures in a row, from 1: between half and all of Base doubled failures-1 times.
func (b Backoff) Delay(failures int) time.Duration {
	delay := b.Base
	for range failures - 1 {
		if delay >= b.Max/2 {
			delay = b.Max
			break
		}
		delay *= 2
	}
	delay = min(delay, b.Max)
	random := b.Rand
	if random == nil {
		random = rand.Float64
	}
	half := delay / 2
	return half + time.Duration(random()*float64(delay-half))
}

// Wait waits for Delay, or until ctx ends, whose error it then returns.
func (b Backoff) Wait(ctx context.Context, failures int) error {
	timer := time.NewTimer(b.Delay(failures))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
