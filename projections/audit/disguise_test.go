package audit_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/audit"
	"github.com/callstate/callstate/projections/projectiontest"
)

// No name and no number of any event that there is gets through a disguise, whichever field it stands in: of every
// stored form all texts are replaced but the words of the model.
func TestNothingShowsThroughADisguise(t *testing.T) {
	allowed := []string{
		"", "external", "origination", "normal", "busy", "noAnswer", "timedOut", "activityAfterEnd", "cancelled", "attended", "silent", "whisper",
		"retrieved", "goneAtResync", "monitor", "hold", "unsupported", "1", "Kunde", "old",
	}
	files, err := filepath.Glob("../../domain/wire/testdata/*.json")
	require.NoError(t, err)
	seen := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		name, _, _ := strings.Cut(filepath.Base(file), ".")
		id := call.NewConnID(time.Unix(1795395601, 0), "pbx1", "1795395601.0")
		r := eventlog.Record{Stream: wire.CallStream(id), Revision: 1, Event: eventlog.Event{Type: name, Version: 1, Data: data, Actor: "agent:jane", SwitchTime: time.Unix(1795395602, 0)}}
		if _, err := wire.DecodeCall(r); err != nil {
			continue // of an agent, a link or an audit stream
		}
		seen++
		hidden, err := audit.NewDisguise().Records([]eventlog.Record{r})
		require.NoError(t, err)
		assert.Equal(t, name, hidden[0].Type)
		assert.Equal(t, "agent:agent-1", strings.ReplaceAll(hidden[0].Actor, "agent-2", "agent-1"))
		assert.NotContains(t, string(hidden[0].Stream), id.String())
		now := texts(t, hidden[0].Data)
		for _, text := range texts(t, data) {
			if !assert.True(t, !contains(now, text) || contains(allowed, text), "%s: %q shows in %s", name, text, hidden[0].Data) {
				t.Log(string(data))
			}
		}
	}
	assert.Greater(t, seen, 30)
}

func contains(all []string, text string) bool {
	for _, each := range all {
		if each == text {
			return true
		}
	}
	return false
}

// texts are all strings in a JSON document.
func texts(t *testing.T, data []byte) (found []string) {
	var value any
	require.NoError(t, json.Unmarshal(data, &value))
	var walk func(any)
	walk = func(value any) {
		switch value := value.(type) {
		case string:
			found = append(found, value)
		case []any:
			for _, each := range value {
				walk(each)
			}
		case map[string]any:
			for _, each := range value {
				walk(each)
			}
		}
	}
	walk(value)
	return found
}

// In disguise a call is the same call: the same story but for the names, and the same name for the same thing.
func TestADisguisedCallIsTheSameCall(t *testing.T) {
	script := projectiontest.Day(5, projectiontest.DayOptions{Agents: 10, Events: 2000})
	log := projectiontest.Log{Script: script}
	checked := 0
	for s := range script.States() {
		records, err := audit.Conversation(t.Context(), log, s.ConnID)
		require.NoError(t, err)
		hidden, err := audit.NewDisguise().Records(records)
		require.NoError(t, err)
		require.Len(t, hidden, len(records))
		again, err := audit.NewDisguise().Records(records)
		require.NoError(t, err)
		require.Equal(t, hidden, again, "it is always the same disguise")

		var of call.State
		for i, r := range hidden {
			require.Equal(t, records[i].Type, r.Type)
			require.Equal(t, records[i].SwitchTime, r.SwitchTime)
			require.Equal(t, wire.EventID(r.Stream, r.Revision, r.Type, r.Data), r.ID)
			e, err := wire.DecodeCall(r)
			require.NoError(t, err)
			of = call.Evolve(of, e)
		}
		require.Equal(t, of.ConnID, call.NewConnID(s.ConnID.Born(), of.Switch, of.SwitchCallID), "its id is derived as any other")
		require.Len(t, of.Parties, len(s.Parties))
		require.Len(t, of.Data, len(s.Data))
		for i, p := range s.Parties {
			require.InDelta(t, p.Talk, of.Parties[i].Talk, float64(2*time.Microsecond))
			require.Equal(t, p.Agent == p.DN, of.Parties[i].Agent == of.Parties[i].DN)
		}
		if checked++; checked == 30 {
			return
		}
	}
}
