package past_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/callstate/callstate/projections/past"
)

func TestPace(t *testing.T) {
	nine := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	broken := errors.New("broken")
	happened := func(yield func(time.Time, error) bool) {
		for _, seconds := range []int{0, 10, 4, 12} { // the third is told late
			if !yield(nine.Add(time.Duration(seconds)*time.Second), nil) {
				return
			}
		}
		yield(time.Time{}, broken)
	}
	at := func(t time.Time) time.Time { return t }
	for speed, expected := range map[float64][]time.Duration{
		0: {0, 0, 0, 0, 0},
		1: {0, 10 * time.Second, 10 * time.Second, 12 * time.Second, 12 * time.Second},
		4: {0, 2500 * time.Millisecond, 2500 * time.Millisecond, 3 * time.Second, 3 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now()
			var got []time.Duration
			var last error
			for _, err := range past.Pace(t.Context(), happened, at, speed) {
				got, last = append(got, time.Since(begun)), err
			}
			assert.Equal(t, expected, got)
			assert.Equal(t, broken, last)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		got := 0
		for _, err := range past.Pace(ctx, happened, at, 1) {
			if got++; err != nil {
				assert.ErrorIs(t, err, context.DeadlineExceeded)
			}
		}
		assert.Equal(t, 2, got)
	})
}
