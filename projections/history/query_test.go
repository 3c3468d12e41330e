package history_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/projectiontest"
)

func TestCalls(t *testing.T) {
	var s projectiontest.Script
	names := map[call.ConnID]string{}
	add := func(name string, seconds float64, origin call.Origin, ani, dnis, switchName string) call.ConnID {
		id := call.NewConnID(at(seconds), switchName, name)
		names[id] = name
		s.Call(id,
			call.CallIs{At: at(seconds), ConnID: id, Switch: switchName, SwitchCallID: name, Origin: origin, ANI: ani, DNIS: dnis},
			call.PartyIs{At: at(seconds), Party: "caller", State: call.Connected, DN: ani, Role: call.Origination, External: origin == call.External})
		return id
	}
	sales := add("sales", 10, call.External, "2125550001", "5550100", "pbx")
	s.Call(sales, call.VisitIs{At: at(11), Visit: "1", Queue: "sales", Party: "caller"})
	s.Call(sales, call.PartyIs{At: at(12), Party: "a", State: call.Alerting, DN: "1001", Agent: "jane", Queue: "sales", Visit: "1"})
	s.Call(sales, call.PartyIs{At: at(14), Party: "a", State: call.Released, Cause: call.NoAnswer})
	s.Call(sales, call.PartyIs{At: at(15), Party: "b", State: call.Alerting, DN: "1002", Agent: "john", Queue: "sales", Visit: "1"})
	s.Call(sales, call.PartyIs{At: at(16), Party: "b", State: call.Connected})
	gaveUp := add("gave up", 5, call.External, "2125550002", "5550101", "pbx")
	s.Call(gaveUp, call.VisitIs{At: at(17), Visit: "1", Queue: "support", Party: "caller"}, call.PartyIs{At: at(18), Party: "caller", State: call.Released, By: "caller"})
	add("inside", 20.0005, call.Internal, "1001", "1002", "branch")
	add("same time", 10, call.External, "2125550001", "5550100", "branch")

	h := open(t, filepath.Join(t.TempDir(), "history.db"), &s)
	defer h.Close()
	require.NoError(t, h.Apply(t.Context(), s.Records()))
	simultaneous := []string{"sales", "same time"}
	if other := call.NewConnID(at(10), "branch", "same time"); other.String() < sales.String() {
		simultaneous = []string{"same time", "sales"}
	}

	for name, c := range map[string]struct {
		filter   history.Filter
		expected []string
	}{
		"all, by start and connection id": {history.Filter{}, []string{"gave up", simultaneous[0], simultaneous[1], "inside"}},
		"newest":                          {history.Filter{Newest: true}, []string{"inside", simultaneous[1], simultaneous[0], "gave up"}},
		"the first":                       {history.Filter{Limit: 1}, []string{"gave up"}},
		"the last":                        {history.Filter{Newest: true, Limit: 1}, []string{"inside"}},
		"from":                            {history.Filter{From: at(10), ANI: "2125550001", Switch: "pbx"}, []string{"sales"}},
		"from, finer than rows are":       {history.Filter{From: at(10).Add(time.Microsecond)}, []string{"inside"}},
		"to":                              {history.Filter{To: at(10)}, []string{"gave up"}},
		"from, to, in another time zone":  {history.Filter{From: at(5).In(time.FixedZone("", 3600)), To: at(6)}, []string{"gave up"}},
		"type":                            {history.Filter{Type: call.InternalTo}, []string{"inside"}},
		"ani":                             {history.Filter{ANI: "1001"}, []string{"inside"}},
		"dnis":                            {history.Filter{DNIS: "5550101"}, []string{"gave up"}},
		"agent who took it":               {history.Filter{Agent: "john"}, []string{"sales"}},
		"agent who did not answer":        {history.Filter{Agent: "jane"}, []string{"sales"}},
		"queue":                           {history.Filter{Queue: "support"}, []string{"gave up"}},
		"outcome":                         {history.Filter{Outcome: history.Abandoned}, []string{"gave up"}},
		"switch":                          {history.Filter{Switch: "branch", From: at(20)}, []string{"inside"}},
		"the switch's own id":             {history.Filter{SwitchCallID: "inside"}, []string{"inside"}},
		"two at once":                     {history.Filter{Queue: "sales", Outcome: history.Abandoned}, []string{}},
		"nobody":                          {history.Filter{Agent: "x' OR '1'='1"}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			records, err := h.Calls(t.Context(), c.filter)
			require.NoError(t, err)
			require.NotNil(t, records)
			found := []string{}
			for _, r := range records {
				found = append(found, names[r.ConnID])
				assert.Equal(t, history.RecordOf(s.State(r.ConnID)), r)
			}
			assert.Equal(t, c.expected, found)
		})
	}

	_, err := h.Call(t.Context(), call.NewConnID(at(99), "pbx", "none"))
	require.ErrorIs(t, err, history.ErrNotFound)
}
