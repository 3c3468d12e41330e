package playback

import (
	"context"
	"time"
)

// timeline is a session as a row of moments in the order in which they were recorded.
type timeline struct {
	first, last time.Time // on the switch's clock
	moments     []moment
}

// moment is one thing that happened in a session.
type moment struct {
	kind momentKind
	at   time.Duration // since the first; never less than that of the moment before
	text string        // as recorded
}

type momentKind uint8

const (
	momentTold     momentKind = iota // the switch told it to everybody
	momentAnswered                   // the switch answered it to the recorder
	momentLost                       // the recorder lost its connection
	momentBack                       // and was connected again
)

// pace is how a timeline is played: from start, so many times faster than it happened.
type pace struct {
	start time.Time
	speed float64
}

// due is when something happens that happened so long after the first moment.
func (p pace) due(at time.Duration) time.Time {
	return p.start.Add(time.Duration(float64(at) / p.speed))
}

// position is the inverse of due: how far into the recording a point in time is.
func (p pace) position(now time.Time) time.Duration {
	return time.Duration(float64(now.Sub(p.start)) * p.speed)
}

// play calls do with each moment that wait has let happen. It returns early only with an error of wait.
func (t *timeline) play(ctx context.Context, wait func(context.Context, moment) error, do func(moment)) error {
	for _, m := range t.moments {
		if err := wait(ctx, m); err != nil {
			return err
		}
		do(m)
	}
	return nil
}

// sleep returns early with the error of ctx when that ends.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
