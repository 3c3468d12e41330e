package freeswitch_test

import (
	"bytes"
	"context"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/adapters/switches/connection/connectiontest"
	"github.com/callstate/callstate/adapters/switches/freeswitch"
	"github.com/callstate/callstate/adapters/switches/playback"
	"github.com/callstate/callstate/adapters/switches/switchtest"
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

// A link that hears a session as it happens, is cut off when the recorder was, and asks the switch for what there is when
// it is back, knows in the end of every call in the books, and that it is over.
func TestNoCallIsLeftOpenByALiveLink(t *testing.T) {
	for _, folder := range recordedSessions(t) {
		if filepath.Base(folder) == "17-load" {
			continue // too long to be played in a test
		}
		t.Run(filepath.Base(folder), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				played, err := playback.ReadESL(bytes.NewReader(slices.Concat(recording(t, folder)...)))
				require.NoError(t, err)
				listener, log := connectiontest.NewListener(), memory.New()
				server, err := playback.NewServer(listener, played, playback.Options{Secret: "s3cret", Redate: true})
				require.NoError(t, err)
				link, err := freeswitch.NewLink(freeswitch.Config{
					Name: "pbx", Host: "switch", Password: "s3cret", Dial: listener.Dial,
				}, freeswitch.NewTranslator(vocabulary()), engine.New(log, time.Now, nil), nil)
				require.NoError(t, err)
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan error, 2)
				go func() { ended <- server.Run(ctx) }()
				go func() { ended <- link.Run(ctx) }()
				<-server.Done()
				time.Sleep(30 * time.Second)
				stop()
				require.NoError(t, <-ended)
				require.NoError(t, <-ended)
				calls, _ := switchtest.Calls(t, log)
				for stream, c := range calls {
					assert.True(t, c.Ended(), "%s is still going on", stream.ID)
				}
				assert.GreaterOrEqual(t, len(calls), len(rows(t, filepath.Join(folder, "calls.csv")))-1, "a call that began with the login may be missed")
			})
		})
	}
}
