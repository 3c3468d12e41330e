package eventlogtest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestHistogram(t *testing.T) {
	var waits histogram
	for ms := range 1000 {
		waits.add(time.Duration(ms+1) * time.Millisecond)
	}
	for share, want := range map[float64]float64{0.5: 500, 0.99: 990, 0.999: 999, 1: 1000} {
		got := waits.quantile(share)
		require.GreaterOrEqual(t, got, want)
		require.Less(t, got, want*1.26, "a class is an eighth wide")
	}
	last := -1
	for n := uint64(0); n < 1<<14; n++ {
		require.GreaterOrEqual(t, class(n), last)
		require.LessOrEqual(t, class(n), last+1, "no class is left out")
		last = class(n)
	}
	waits.add(1<<63 - 1)
}
