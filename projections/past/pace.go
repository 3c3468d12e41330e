package past

import (
	"context"
	"iter"
	"time"
)

// Pace yields what a sequence yields at the pace at which it happened, speed times faster; with speed 0 without waiting.
// at is when each happened; the zero time: at once. What is told late is not waited for again. It ends with the error of
// ctx when ctx is done.
func Pace[T any](ctx context.Context, sequence iter.Seq2[T, error], at func(T) time.Time, speed float64) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		timer := time.NewTimer(0)
		defer timer.Stop()
		<-timer.C
		var begun, first time.Time
		for each, err := range sequence {
			if happened := at(each); err == nil && speed > 0 && !happened.IsZero() {
				if first.IsZero() {
					begun, first = time.Now(), happened
				}
				timer.Reset(time.Until(begun.Add(time.Duration(float64(happened.Sub(first)) / speed))))
				select {
				case <-timer.C:
				case <-ctx.Done():
					yield(each, ctx.Err())
					return
				}
			}
			if !yield(each, err) || err != nil {
				return
			}
		}
	}
}
