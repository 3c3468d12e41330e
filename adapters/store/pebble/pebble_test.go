package pebble

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/eventlog/eventlogtest"
)

func suite() eventlogtest.Suite {
	return eventlogtest.Suite{
		Open: func(tb testing.TB, dir string) eventlog.Store {
			store, err := Open(dir, Options{})
			require.NoError(tb, err)
			return store
		},
		Features: eventlogtest.Features{Persistent: true, GapFreePositions: true, StreamReadsHavePositions: true},
	}
}

func TestStore(t *testing.T) { eventlogtest.Run(t, suite()) }

func BenchmarkStore(b *testing.B) { eventlogtest.Benchmark(b, suite()) }
