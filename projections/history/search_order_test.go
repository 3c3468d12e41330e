package history_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/projectiontest"
)

// Calls are found in the order in which they began, whatever the order in which they were told: two switches whose logs were
// read one after the other, with calls that last long, more of them than the index looks at together.
func TestSearchIsInTheOrderOfStarts(t *testing.T) {
	t.Parallel()
	const calls = 7000
	random := rand.New(rand.NewPCG(1, 2))
	h := open(t, filepath.Join(t.TempDir(), "history.db"), &projectiontest.Script{})
	t.Cleanup(func() { h.Close() })
	var s projectiontest.Script
	for i := range calls {
		switchName := []string{"pbx", "branch"}[i*2/calls]
		start := at(float64(i%(calls/2)) + float64(random.IntN(3)))
		if random.IntN(50) == 0 {
			start = start.Add(-time.Duration(random.IntN(7200)) * time.Second)
		}
		name := fmt.Sprint("c", i)
		id := call.NewConnID(start, switchName, name)
		s.Call(id, call.CallIs{At: start, ConnID: id, Switch: switchName, SwitchCallID: name, Origin: call.External, ANI: fmt.Sprint("212555", i%3), DNIS: "5550100"},
			call.PartyIs{At: start, Party: "caller", State: call.Connected, DN: "2125550001", Role: call.Origination, External: true},
			call.DataIs{At: start, By: "ivr:main", Set: []call.Pair{{Key: "name", Value: []string{"Blue Harbor", "Green Valley"}[i%2]}}})
	}
	for records := range slices.Chunk(s.Records(), 3000) {
		require.NoError(t, h.Apply(t.Context(), records))
	}
	all, err := h.Calls(t.Context(), history.Filter{})
	require.NoError(t, err)
	require.Len(t, all, calls)
	for _, f := range []history.Filter{
		{DNIS: "5550100"}, {ANI: "2125551"}, {Text: `"green valley"`, ANI: "2125552"}, {Text: "gre*"}, {Switch: "branch", Text: "blue"},
		{ANI: "2125550", From: at(1000), To: at(2000)}, {ANI: "2125550", Text: "red"},
	} {
		for _, f.Newest = range []bool{false, true} {
			expected := slices.DeleteFunc(slices.Clone(all), func(r history.Record) bool { return !wanted(f, r) })
			if f.Newest {
				slices.Reverse(expected)
			}
			var found []history.Record
			for f.Limit = 700; ; f.After = history.CursorOf(found[len(found)-1]) {
				page, err := h.Calls(t.Context(), f)
				require.NoError(t, err)
				if found = append(found, page...); len(page) < f.Limit {
					break
				}
			}
			require.Equal(t, switchCallIDs(expected), switchCallIDs(found), "%+v", f)
			f.After, f.Limit = history.Cursor{}, 0
		}
	}
}
