package playback

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/adapters/switches/connection/connectiontest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The recorder asked the switch for lists at times in the middle of a session. What the events before tell must be what the
// switch answered.
func TestTheStateIsWhatTheSwitchItselfAnswered(t *testing.T) {
	sessions, err := filepath.Glob(filepath.Join("..", "asterisk", "testdata", "sessions", "*", "events*.ami.gz"))
	require.NoError(t, err)
	require.NotEmpty(t, sessions)
	for _, path := range sessions {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			recording := read(t, path)
			var s amiState
			begun := false // before the first event the lists are all that is known
			for _, m := range recording.moments {
				b, err := asterisk.ParseBlock(m.text)
				at := recording.first.Add(m.at)
				switch m.kind {
				case momentTold:
					require.NoError(t, err)
					begun = true
					s.told(b, at)
				case momentAnswered:
					require.NoError(t, err)
					if begun {
						agree(t, &s, b)
					}
					s.answered(b, at)
				case momentLost:
					begun = false
				}
			}
		})
	}
}

func read(t *testing.T, path string) *Recording {
	t.Helper()
	recording, err := ReadAMI(bytes.NewReader(connectiontest.Recording(t, path)))
	require.NoError(t, err)
	return recording
}

func agree(t *testing.T, s *amiState, b asterisk.Block) {
	t.Helper()
	var known fields
	var names []string
	switch b.Event() {
	case "CoreShowChannel":
		ch := s.find(b.Get("Uniqueid"))
		require.NotNil(t, ch, "channel %s", b.Get("Channel"))
		assert.Equal(t, b.Get("BridgeId"), ch.bridge)
		known, names = ch.fields, channelFields()
	case "QueueMember":
		known, names = s.queue(b.Get("Queue")).member(b.Get("Location")).fields, memberFields()
	case "QueueEntry":
		names = callerFields()
		for _, c := range s.queue(b.Get("Queue")).callers {
			if c.uniqueid == b.Get("Uniqueid") {
				known = c.fields
			}
		}
	}
	for _, name := range names {
		assert.Equal(t, b.Get(name), known.get(name), "%s of %s", name, b.Headers())
	}
}
