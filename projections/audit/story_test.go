package audit_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/link"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/audit"
	"github.com/callstate/callstate/projections/projectiontest"
)

var nine = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return nine.Add(time.Duration(seconds) * time.Second) }

var id = call.NewConnID(nine, "pbx", "1")

func told(t *testing.T, script *projectiontest.Script) (lines []string) {
	for line, err := range audit.Tell(t.Context(), projectiontest.Log{Script: script}, id) {
		require.NoError(t, err)
		lines = append(lines, line.String())
	}
	return lines
}

// begun is a call, with the link that was lost before it.
func begun() *projectiontest.Script {
	s := &projectiontest.Script{}
	up := func(seconds int, up bool, why string) {
		s.Link("pbx", link.LinkIs{At: at(seconds), Switch: "pbx", Up: up, Reason: why})
	}
	up(-100, true, "")
	up(-90, false, "long ago")
	up(-80, true, "")
	s.Call(id, call.CallIs{At: nine, ConnID: id, Switch: "pbx", SwitchCallID: "1", Origin: call.External, ANI: "2125550001", DNIS: "5550100"},
		call.PartyIs{At: nine, Party: "caller", State: call.Connected, DN: "2125550001", External: true, Role: call.Origination})
	up(5, false, "connection reset")
	up(9, true, "")
	return s
}

func TestDataIsToldWithWhatItWas(t *testing.T) {
	s := begun()
	s.Call(id, call.DataIs{At: at(1), By: "ivr:main", Set: []call.Pair{{Key: "account", Value: "1"}}})
	s.Call(id, call.DataIs{At: at(2), By: "ivr:main", Set: []call.Pair{{Key: "account", Value: "2"}, {Key: "tier", Value: "gold"}}})
	s.Request(id, call.ChangeUserData{At: at(3), Actor: "agent:jane", Delete: []string{"account"}})
	assert.Equal(t, []string{
		"  +0:00.000  external call 1 from 2125550001 to 5550100 on pbx",
		"  +0:00.000  caller 2125550001 is connected",
		`  +0:01.000  ivr:main attaches account="1"`,
		`  +0:02.000  ivr:main attaches account="2" (was "1") tier="gold"`,
		`  +0:03.000  agent:jane attaches -account (was "2") [asked by agent:jane]`,
	}, told(t, s))
}

func TestAGapIsToldWhereItWas(t *testing.T) {
	s := begun()
	s.Call(id, call.PartyIs{At: at(20), Party: "caller", State: call.Released, Inferred: true, Cause: call.UnknownCause})
	assert.Equal(t, []string{
		"  +0:00.000  external call 1 from 2125550001 to 5550100 on pbx",
		"  +0:00.000  caller 2125550001 is connected",
		"  +0:05.000  GAP: nothing is heard of pbx for 0:04.000 (connection reset)",
		"  +0:20.000  caller 2125550001 is released by the switch (unknown) (inferred)",
		"  +0:20.000  the call is presumed to have ended: goneAtResync (inferred)",
	}, told(t, s))
}

// Every event that can be stored is told in words: none by the name of its type.
func TestEveryEventHasALine(t *testing.T) {
	files, err := filepath.Glob("../../domain/wire/testdata/*.json")
	require.NoError(t, err)
	told := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		name, version, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".json"), ".v")
		n, err := strconv.ParseUint(version, 10, 16)
		require.NoError(t, err)
		for _, stream := range []eventlog.Stream{wire.CallStream(id), wire.AgentStream("1001"), wire.SwitchStream("pbx")} {
			r := eventlog.Record{Stream: stream, Revision: 1, Event: eventlog.Event{Type: name, Version: uint16(n), Data: data}}
			if wire.Known(r) != nil {
				continue // of streams of another kind
			}
			line, err := audit.NewChronicle(func(call.ConnID) (call.State, bool) { return call.State{}, false }).Tell(r)
			require.NoError(t, err, name)
			assert.NotContains(t, line.Text, name, "%s on %s", line.Text, stream)
			told++
		}
	}
	assert.Greater(t, told, 50)
}

func TestNoStoryOfACallThatThereIsNot(t *testing.T) {
	for _, err := range audit.Tell(t.Context(), projectiontest.Log{Script: &projectiontest.Script{}}, id) {
		require.ErrorIs(t, err, call.ErrUnknownCall)
	}
	_, err := audit.Conversation(t.Context(), projectiontest.Log{Script: &projectiontest.Script{}}, id)
	require.ErrorIs(t, err, call.ErrUnknownCall)
}

// A chronicle that begins in the middle knows who takes part in the calls that go on.
func TestAChronicleOfTheFloor(t *testing.T) {
	s := begun()
	before := s.State(id)
	from := s.End()
	s.Agent("jane", agent.MembershipIs{At: at(10), Agent: "jane", Switch: "pbx", Queue: "sales", DN: "1001", Member: true})
	s.Agent("jane", agent.MembershipIs{At: at(11), Agent: "jane", Switch: "pbx", Queue: "sales", DN: "1001", Member: true, Paused: true, Reason: "lunch"})
	s.Link("pbx", link.LinkIs{At: at(12), Switch: "pbx", Reason: "connection reset"})
	s.Call(id, call.PartyIs{At: at(20), Party: "caller", State: call.Released, By: "caller"})
	chronicle := audit.NewChronicle(func(asked call.ConnID) (call.State, bool) { return before, asked == id })
	var lines []string
	for _, r := range s.Records()[from:] {
		line, err := chronicle.Tell(r)
		require.NoError(t, err)
		lines = append(lines, line.Clock(time.UTC))
	}
	assert.Equal(t, []string{
		"2026-11-23 09:00:10.000Z  agent jane logs in at 1001 on pbx",
		"2026-11-23 09:00:10.000Z  agent jane joins queue sales",
		"2026-11-23 09:00:10.000Z  agent jane is ready for queue sales",
		"2026-11-23 09:00:11.000Z  agent jane is not ready for queue sales (lunch)",
		"2026-11-23 09:00:12.000Z  switch pbx is lost (connection reset)",
		"2026-11-23 09:00:20.000Z  call " + id.String() + ": caller 2125550001 hangs up",
		"2026-11-23 09:00:20.000Z  call " + id.String() + ": the call ends, by caller 2125550001 (unknown), after 0:20.000",
	}, lines)
	_, err := chronicle.Tell(eventlog.Record{Stream: "weather-1"})
	require.ErrorIs(t, err, wire.ErrUnknown)
}
