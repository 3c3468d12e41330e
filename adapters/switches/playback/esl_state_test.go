package playback

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection/connectiontest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func readESL(t *testing.T, scenario, file string) *Recording {
	t.Helper()
	recording, err := ReadESL(bytes.NewReader(connectiontest.Recording(t, filepath.Join("..", "freeswitch", "testdata", "sessions", scenario, file))))
	require.NoError(t, err)
	return recording
}

// After a lost link the recorder asked for lists, and another connection was not lost. What the events on that tell must be
// what the switch answered on the first.
func TestTheStateOfAFreeSWITCHIsWhatItAnsweredItself(t *testing.T) {
	observer, reconnected := readESL(t, "15-link-loss-reconnect", "observer.esl.gz"), readESL(t, "15-link-loss-reconnect", "events.2.esl.gz")
	told := observer.newFake(Options{}, observer.first).(*eslSwitch)
	asked := reconnected.newFake(Options{}, reconnected.first).(*eslSwitch)
	for _, m := range reconnected.moments {
		if m.kind == momentAnswered {
			asked.answered(m.text, reconnected.first)
		}
	}
	for _, m := range observer.moments {
		if at := observer.first.Add(m.at); !at.After(reconnected.first.Add(time.Second)) {
			told.told(m.text)
		}
	}
	require.Len(t, asked.channels, 5)
	require.Len(t, told.channels, 5)
	for _, want := range asked.channels {
		got := told.leg(want.row["uuid"])
		require.NotNil(t, got)
		for _, column := range channelColumns() {
			if strings.HasPrefix(column, "callee_") || strings.HasPrefix(column, "sent_") || strings.HasPrefix(column, "initial_") || column == "state" {
				continue // of these no event tells, or not at once
			}
			if strings.HasPrefix(column, "application") && want.row["application"] == "" {
				continue // nor that an application is over
			}
			assert.Equal(t, want.row[column], got.row[column], "%s of %s", column, want.row["name"])
		}
		assert.Equal(t, want.bridged, got.bridged)
	}
	for _, want := range asked.agents {
		got := told.agent(want["name"])
		for _, column := range []string{"uuid", "status", "state", "last_bridge_start", "last_bridge_end", "last_offered_call"} {
			if got["status"] != "Logged Out" {
				assert.Equal(t, want[column], got[column], "%s of %s", column, want["name"])
			}
		}
	}
	require.Len(t, told.members, 3)
	for _, want := range asked.members {
		got := told.member(want["uuid"])
		for _, column := range []string{"queue", "session_uuid", "cid_number", "cid_name", "joined_epoch", "bridge_epoch", "serving_agent", "serving_system", "state"} {
			assert.Equal(t, want[column], got[column], "%s of %s", column, want["uuid"])
		}
	}
	for _, want := range asked.tiers {
		assert.Equal(t, want["state"], told.tier(want["queue"], want["agent"])["state"])
	}
}
