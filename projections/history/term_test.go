package history

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A call of any length is found by every range of lengths that it lies in.
func TestLastingFindsWhatLiesBetween(t *testing.T) {
	someMs := rapid.OneOf(rapid.Int64Range(-10, 100), rapid.Int64Range(0, 100_000_000), rapid.Int64Range(0, math.MaxInt64))
	rapid.Check(t, func(t *rapid.T) {
		low, ms, high := someMs.Draw(t, "low"), someMs.Draw(t, "ms"), someMs.Draw(t, "high")
		low, high = min(low, ms), max(high, ms)
		either := lasting(lengthOf(low), lengthOf(high))
		found := slices.Contains(either, lengthOf(ms).octave()) || slices.Contains(either, lengthOf(ms).term())
		require.True(t, found, "%d from %d to %d", ms, low, high)
	})
}

// What is found besides is not much longer or shorter.
func TestLengthsAreNarrow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ms := rapid.Int64Range(16, 1<<34).Draw(t, "ms")
		require.NotEqual(t, lengthOf(ms), lengthOf(ms+ms/8+1))
		require.LessOrEqual(t, lengthOf(ms), lengthOf(ms+1))
	})
}
