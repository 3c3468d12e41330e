package features_test

import (
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/client"
)

// A real Asterisk with the configuration of deploy does what desktops ask of it, and what came of it is told. The telephones are
// another Asterisk, which picks up after two seconds and makes a noise.
func TestARealAsteriskDoesWhatItIsAsked(t *testing.T) {
	l := startLab(t)
	for _, agent := range []string{"1001", "1002"} {
		l.did(l.LogIn(t.Context(), agent, "pbx1", []string{"sales"}, by(agent)))
		l.until(agent, "he is ready", state("ready"))
	}
	l.did(l.NotReady(t.Context(), "1002", "lunch", by("1002")))
	l.until("1002", "she has lunch", state("notReady"))

	// The sample call: the data is there before the agent answers.
	c := l.callerRings()
	l.until("1001", "he talks", state("talking"))
	l.did(l.SetUserData(t.Context(), c, map[string]string{"Tier": "gold"}, nil, by("1001")))
	l.did(l.SendDigits(t.Context(), c, "12#", by("1001")))
	for _, each := range []string{"start", "pause", "resume", "stop"} {
		l.did(l.OnCall(t.Context(), c, "recording/"+each, by("1001"), nil))
		l.has(c, map[string]string{"start": "RecordingStarted", "pause": "RecordingPaused", "resume": "RecordingResumed", "stop": "RecordingStopped"}[each])
	}
	l.did(l.OnCall(t.Context(), c, "monitor", client.By{Actor: "supervisor:sue", DN: "1002"}, map[string]any{"targetDn": "1001", "mode": "silent"}))
	l.has(c, "SupervisorJoined")
	l.phones("channel request hangup " + l.channelOf("1002"))
	l.has(c, "SupervisorLeft")

	// He asks a colleague, twice, and the second time the caller stays with her.
	l.did(l.Consult(t.Context(), c, "1002", by("1001")))
	l.until("1002", "she talks", state("talking"))
	l.did(l.CancelConsult(t.Context(), c, by("1001")))
	l.until("1001", "he talks with the caller alone", func(d client.Desktop) bool { return d.Agent.State == "talking" && len(d.Calls) == 1 })
	time.Sleep(3 * time.Second) // Asterisk beeps to him, and hears no keys meanwhile: it tells nothing of that
	l.did(l.Consult(t.Context(), c, "1002", by("1001")))
	l.until("1002", "she talks", state("talking"))
	l.did(l.CompleteTransfer(t.Context(), c, by("1001")))
	l.until("1002", "she has the caller", func(d client.Desktop) bool {
		return len(d.Calls) == 1 && d.Calls[0].ConnID == c && d.Calls[0].State == "talking"
	})
	l.did(l.Release(t.Context(), c, by("1002")))

	// Three of them, of whom one is dropped; then the caller is sent on without a word.
	l.until("1001", "he is ready", state("ready"))
	c = l.callerRings()
	l.until("1001", "he talks", state("talking"))
	l.did(l.Consult(t.Context(), c, "1002", by("1001")))
	l.until("1002", "she talks", state("talking"))
	l.did(l.Conference(t.Context(), c, by("1001")))
	var hers string
	l.until("1002", "she is in the call", func(d client.Desktop) bool {
		for _, each := range d.Calls {
			for _, p := range each.Parties {
				if each.ConnID == c && p.DN == "1002" && len(each.Parties) == 3 {
					hers = p.ID
				}
			}
		}
		return hers != ""
	})
	l.did(l.OnCall(t.Context(), c, "drop", by("1001"), map[string]any{"target": hers}))
	l.until("1002", "she has no call", func(d client.Desktop) bool { return len(d.Calls) == 0 })
	l.did(l.Transfer(t.Context(), c, "1002", by("1001")))
	l.until("1002", "she has the caller", state("talking"))
	l.did(l.OnCall(t.Context(), c, "park", by("1002"), nil))
	l.has(c, "CallParked")
	l.phones("channel request hangup all")

	// She is back, and gets the next call that rings at his desk before he picks it up.
	l.did(l.Ready(t.Context(), "1002", by("1002")))
	l.until("1002", "she is ready", state("ready"))
	l.did(l.NotReady(t.Context(), "1002", "lunch", by("1002")))
	l.until("1001", "he is ready", state("ready"))
	c = l.callerRings()
	l.did(l.Redirect(t.Context(), c, "1002", by("1001")))
	l.until("1002", "she has the caller", func(d client.Desktop) bool {
		return len(d.Calls) == 1 && d.Calls[0].ConnID == c && d.Calls[0].State == "talking"
	})
	l.phones("channel request hangup all")

	// He calls somebody.
	l.until("1001", "he is ready", state("ready"))
	made, err := l.MakeCall(t.Context(), "1001", "1002", nil, by("1001"))
	require.NoError(t, err)
	l.until("1002", "she talks with him", func(d client.Desktop) bool {
		return len(d.Calls) == 1 && d.Calls[0].ConnID == made.ConnID && d.Calls[0].State == "talking"
	})
	l.phones("channel request hangup all")
	l.did(l.LogOut(t.Context(), "1001", by("1001")))
	l.until("1001", "he is logged out", state("loggedOut"))

	for record, err := range l.Calls(t.Context(), client.Filter{}) {
		require.NoError(t, err)
		require.Zero(t, record.Anomalies, record.ConnID)
	}
	require.NoError(t, l.engine.stop())
	said, err := exec.Command(binary, "verify", "--data", l.data.dir).CombinedOutput()
	require.NoError(t, err, "%s", said)
}

func by(agent string) client.By { return client.By{Actor: "agent:" + agent, DN: agent} }

func state(is string) func(client.Desktop) bool {
	return func(d client.Desktop) bool { return d.Agent.State == is }
}
