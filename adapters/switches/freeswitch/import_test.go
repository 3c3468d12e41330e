package freeswitch_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/adapters/switches/connection/connectiontest"
	"github.com/callstate/callstate/adapters/switches/freeswitch"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestARecordingIsImportedAsALinkWouldHearIt(t *testing.T) {
	content := append(esl(t, "15-link-loss-reconnect", "events.esl.gz"), esl(t, "15-link-loss-reconnect", "events.2.esl.gz")...)
	all, err := frames(bytes.NewReader(content))
	require.NoError(t, err)
	var want []string
	pieces := 0
	for _, frame := range all {
		if frame.ContentType == "auth/request" {
			if len(want) > 0 {
				want = append(want, "down: end of the recording")
			}
			want = append(want, "up")
			continue
		}
		pieces++
		e, err := freeswitch.ParseEvent(frame)
		require.NoError(t, err)
		for _, o := range (told{}).Translate(e, time.Time{}) {
			want = append(want, o.Switch)
		}
	}
	want = append(want, "down: end of the recording")

	engine := &connectiontest.Recorder{}
	stats, err := freeswitch.Import(t.Context(), bytes.NewReader(content), told{}, engine, nil)
	require.NoError(t, err)
	assert.Equal(t, want, engine.All())
	assert.Equal(t, connection.ImportStats{Sessions: 2, Pieces: pieces, Bytes: len(content), Observations: len(want), BadInput: stats.BadInput}, stats)
	assert.Empty(t, stats.BadInput)
}

func TestImports(t *testing.T) {
	for name, c := range map[string]struct {
		stream string
		want   string
		bad    []string
	}{
		"a session":               {auth + event("A") + answer("x") + event("B"), "up|A|answer x|B|down", nil},
		"two sessions in a row":   {auth + event("A") + auth + event("B"), "up|A|down|up|B|down", nil},
		"a session without calls": {auth, "up|down", nil},
		"no greeting":             {event("A"), "up|A|down", nil},
		"cut at the end":          {auth + event("A") + "Content-Length: 100\nContent-Type: text/event-plain\n\nEvent-Na", "up|A|down", []string{"incomplete block at the end"}},
		"bad blocks":              {auth + "x\n\n" + event("A"), "up|A|down", []string{"malformed block"}},
	} {
		t.Run(name, func(t *testing.T) {
			engine := &connectiontest.Recorder{}
			stats, err := freeswitch.Import(t.Context(), strings.NewReader(c.stream), told{}, engine, nil)
			require.NoError(t, err)
			assert.Equal(t, c.want, strings.ReplaceAll(strings.Join(engine.All(), "|"), "down: end of the recording", "down"))
			var bad []string
			for _, b := range stats.BadInput {
				bad = append(bad, b.Kind)
			}
			assert.Equal(t, c.bad, bad)
			assert.Equal(t, len(c.stream), stats.Bytes)
		})
	}
}

func TestWhatIsNoSessionOfAnEventSocketIsNotImported(t *testing.T) {
	for _, stream := range []string{"", "\x1f\x8b\x08\x00", "Asterisk Call Manager/11.0.0\r\nEvent: A\r\n\r\n"} {
		_, err := freeswitch.Import(t.Context(), strings.NewReader(stream), told{}, &connectiontest.Recorder{}, nil)
		assert.ErrorIs(t, err, freeswitch.ErrNotESL, "%q", stream)
	}
}

// deaf makes nothing of what it is told.
type deaf struct{}

func (deaf) Resume([]call.State, time.Time)                             {}
func (deaf) LinkUp(string, time.Time) []engine.Observation              { return nil }
func (deaf) LinkDown(string, time.Time) []engine.Observation            { return nil }
func (deaf) Advance(time.Time) []engine.Observation                     { return nil }
func (deaf) Translate(freeswitch.Event, time.Time) []engine.Observation { return nil }
