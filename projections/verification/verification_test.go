package verification_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections/projectiontest"
	"github.com/callstate/callstate/projections/verification"
)

func verify(t require.TestingT, s *projectiontest.Script) (verification.Checked, []string) {
	var found []string
	checked, err := verification.Log(context.Background(), projectiontest.Log{Script: s}, nil, func(f verification.Finding) { found = append(found, f.String()) })
	require.NoError(t, err)
	return checked, found
}

// Whatever facts come, in whatever order: what the domain makes of them is consistent.
func TestWhatTheDomainTellsIsConsistent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, found := verify(t, projectiontest.Random(t))
		require.Empty(t, found)
	})
}

func TestDay(t *testing.T) {
	day := projectiontest.Day(4, projectiontest.DayOptions{Agents: 50, Events: 20_000})
	checked, found := verify(t, day)
	assert.Empty(t, found)
	assert.Equal(t, len(day.Records()), checked.Events)
	assert.Equal(t, 50, checked.Agents)
	assert.Greater(t, checked.Calls, 1000)
	assert.Greater(t, checked.Visits, 800)
}

func at(seconds int) time.Time { return time.Date(2026, 10, 5, 9, 0, seconds, 0, time.UTC) }

func TestFindings(t *testing.T) {
	one, two := call.NewConnID(at(0), "pbx", "1"), call.NewConnID(at(1), "pbx", "2")
	started := func(id call.ConnID) call.Body { return call.CallStarted{ConnID: id, Switch: "pbx"} }
	entered := call.QueueEntered{Visit: "v", Queue: "sales", Party: "p"}
	for name, c := range map[string]struct {
		of    map[call.ConnID][]call.Body
		found string
	}{
		"a wait without an end":       {map[call.ConnID][]call.Body{one: {started(one), entered, call.CallEnded{}}}, "its wait v in queue sales has no end"},
		"a wait that begins twice":    {map[call.ConnID][]call.Body{one: {started(one), entered, entered}}, "the wait v begins a second time"},
		"a wait that ends twice":      {map[call.ConnID][]call.Body{one: {started(one), entered, call.QueueAbandoned{Visit: "v"}, call.QueueLeft{Visit: "v"}}}, "the wait v ends a second time"},
		"a party that stays":          {map[call.ConnID][]call.Body{one: {started(one), call.PartyConnected{Party: "p"}, call.CallEnded{}}}, "party p is connected"},
		"an IVR that does not let go": {map[call.ConnID][]call.Body{one: {started(one), call.IVREntered{IVR: "main"}, call.CallEnded{}}}, "its stay in IVR main has no end"},
		"a second beginning":          {map[call.ConnID][]call.Body{one: {started(one), started(one)}}, "CallStarted is event 2 of the call"},
		"a merge that only one tells": {map[call.ConnID][]call.Body{one: {started(one)}, two: {started(two), call.CallMerged{Survivor: one, Absorbed: two}}}, "which does not say so"},
		"a merge in a circle": {map[call.ConnID][]call.Body{
			one: {started(one), call.CallMerged{Survivor: two, Absorbed: one}, call.CallMerged{Survivor: one, Absorbed: two}},
			two: {started(two), call.CallMerged{Survivor: one, Absorbed: two}, call.CallMerged{Survivor: two, Absorbed: one}}}, "merged into itself"},
	} {
		t.Run(name, func(t *testing.T) {
			var s projectiontest.Script
			for id, bodies := range c.of {
				for i, body := range bodies {
					s.Happened(id, call.Event{At: at(i), Body: body})
				}
			}
			_, found := verify(t, &s)
			assert.Contains(t, fmt.Sprint(found), c.found)
		})
	}
	t.Run("an annotation after the end is no fault", func(t *testing.T) {
		var s projectiontest.Script
		for i, body := range []call.Body{started(one), call.CallEnded{}, call.NoteAdded{Text: "called back"}, call.DispositionSet{Code: "solved"}} {
			s.Happened(one, call.Event{At: at(i), Body: body})
		}
		_, found := verify(t, &s)
		assert.Empty(t, found)
	})
	t.Run("an event of a newer program", func(t *testing.T) {
		var s projectiontest.Script
		s.Happened(one, call.Event{At: at(0), Body: started(one)})
		s.Add("call-"+eventlog.Stream(one.String()), eventlog.Event{Type: "CallTeleported", Version: 1, Data: []byte("{}")})
		_, found := verify(t, &s)
		assert.Contains(t, fmt.Sprint(found), "CallTeleported")
	})
}
