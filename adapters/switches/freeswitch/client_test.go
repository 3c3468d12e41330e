package freeswitch_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
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
			recorded := &connectiontest.Recorder{}
			link, err := freeswitch.NewLink(freeswitch.Config{
				Name: "pbx1", Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, User: c.user, Password: "s3cret", JSON: c.json,
			}, numbered{}, recorded, nil)
			require.NoError(t, err)

			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 2)
			go func() { ended <- server.Run(ctx) }()
			go func() { ended <- link.Run(ctx) }()
			last := want[len(want)-1]
			assert.Eventually(t, func() bool { return slices.Contains(recorded.All(), last) }, 10*time.Second, time.Millisecond)
			exists, err := link.Do(ctx, freeswitch.Background("uuid_exists 7"))
			require.NoError(t, err)
			assert.Equal(t, "false", exists.Text())
			cancel()
			assert.NoError(t, <-ended)
			assert.NoError(t, <-ended)
			heard := slices.DeleteFunc(recorded.All(), func(text string) bool { // without a number: about our own questions
				return text == "BACKGROUND_JOB " || text == "API "
			})
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
	return connectiontest.Observed(e.Name() + " " + e.Get("Event-Sequence"))
}

// A link that hears a session as it happens, is cut off when the recorder was, and asks the switch for what there is when
// it is back, knows in the end of every call in the books, and that it is over.
func TestNoCallIsLeftOpenByALiveLink(t *testing.T) {
	for _, folder := range switchtest.Folders(t) {
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

// The event queue of a listener that is overrun loses events by the thousand, and with them the end of a call.
func TestAfterAGapTheSwitchIsAskedAgainForWhatItHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := memory.New()
		r := &rig{Rig: connectiontest.NewRig(t), t: t}
		link, err := freeswitch.NewLink(freeswitch.Config{Name: "pbx", Host: "switch", Password: "ClueCon", Dial: r.Dial},
			freeswitch.NewTranslator(vocabulary()), engine.New(log, time.Now, nil), nil)
		require.NoError(t, err)
		r.Start(link)
		p := r.accept().login()
		say := func(sequence int, name string, lines ...string) {
			now := time.Now().UnixMicro()
			p.say(event(name, append(lines, "Core-UUID: core", fmt.Sprintf("Event-Date-Timestamp: %d", now), fmt.Sprintf("Event-Sequence: %d", sequence))...))
		}
		asked := func() int { return strings.Count(strings.Join(p.Asked(), "\n"), "api show channels as json") }
		hasNothing := func() {
			p.say(answer(`{"row_count":0}`) + answer(`{"row_count":0}`) + answer("name|instance_id|uuid|type|contact|status|state\n+OK\n"))
			p.say(answer("name|strategy\n+OK\n") + answer("queue|agent|state|level|position\n+OK\n"))
			time.Sleep(time.Second)
		}
		hasNothing()
		say(1, "CHANNEL_CREATE", "Unique-ID: caller", "Call-Direction: inbound", "variable_direction: inbound", "Channel-Name: sofia/external/2125550001@carrier",
			"Caller-Caller-ID-Number: 2125550001", "Caller-Destination-Number: 5550100", "Answer-State: ringing")
		time.Sleep(time.Second)
		require.Equal(t, 1, asked())

		say(5000, "HEARTBEAT")
		time.Sleep(10 * time.Second)
		assert.Equal(t, 2, asked())
		say(10000, "HEARTBEAT")
		time.Sleep(time.Minute / 2)
		assert.Equal(t, 2, asked(), "what was asked for is still to come")
		hasNothing()

		calls, _ := switchtest.Calls(t, log)
		require.Len(t, calls, 1)
		for _, c := range calls {
			assert.True(t, c.Ended())
			assert.True(t, c.Presumed, "nobody has heard when and how it ended")
		}
		r.End()
	})
}
