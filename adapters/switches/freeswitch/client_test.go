package freeswitch_test

import (
	"bytes"
	"context"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/switches/freeswitch"
	"github.com/callstate/callstate/adapters/switches/playback"
	"github.com/callstate/callstate/domain/engine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Over TCP, from a session played back: everything that the switch told after the login, in order, and in both forms.
func TestALinkOverTheNetwork(t *testing.T) {
	content := esl(t, "06-ring-no-answer-then-next", "events.esl.gz")
	recording, err := playback.ReadESL(bytes.NewReader(content))
	require.NoError(t, err)
	var want []string
	all, err := frames(bytes.NewReader(content))
	require.NoError(t, err)
	for _, frame := range all {
		if e, err := freeswitch.ParseEvent(frame); err == nil && e.Name() != "" {
			want = append(want, e.Name()+" "+e.Get("Event-Sequence"))
		}
	}
	want = want[len(want)-400:] // of the first moments, what came before the subscription is missed
	for name, c := range map[string]struct {
		json bool
		user string
	}{"plain": {}, "JSON": {json: true}, "as a user": {user: "callstate@cc.test"}} {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			server, err := playback.NewServer(listener, recording, playback.Options{Speed: 100, Username: c.user, Secret: "s3cret"})
			require.NoError(t, err)
			recorded := &recorder{}
			link, err := freeswitch.NewLink(freeswitch.Config{
				Name: "pbx1", Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, User: c.user, Password: "s3cret", JSON: c.json,
			}, numbered{}, recorded, nil)
			require.NoError(t, err)

			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 2)
			go func() { ended <- server.Run(ctx) }()
			go func() { ended <- link.Run(ctx) }()
			last := want[len(want)-1]
			assert.Eventually(t, func() bool { return slices.Contains(recorded.all(), last) }, 10*time.Second, time.Millisecond)
			exists, err := link.Do(ctx, freeswitch.Background("uuid_exists 7"))
			require.NoError(t, err)
			assert.Equal(t, "false", exists.Text())
			cancel()
			assert.NoError(t, <-ended)
			assert.NoError(t, <-ended)
			heard := slices.DeleteFunc(recorded.all(), func(text string) bool { return text == "BACKGROUND_JOB " })
			require.GreaterOrEqual(t, len(heard), len(want))
			assert.Equal(t, want, heard[len(heard)-len(want):])
		})
	}
}

// numbered tells of events only, with their numbers.
type numbered struct{ deaf }

func (numbered) Translate(e freeswitch.Event, _ time.Time) []engine.Observation {
	if e.Name() == "" {
		return nil
	}
	return observed(e.Name() + " " + e.Get("Event-Sequence"))
}
