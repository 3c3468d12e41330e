package asterisk_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/adapters/switches/connection/connectiontest"
	"github.com/callstate/callstate/domain/engine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// told makes an observation of everything that an interpreter is told.
type told struct{ connectiontest.Told }

func (told) Translate(b asterisk.Block, _ time.Time) []engine.Observation {
	switch {
	case b.Event() != "":
		return connectiontest.Observed(b.Event())
	case b.Get("Message") == "Authentication accepted":
		return nil
	}
	return connectiontest.Observed("answer " + b.Get("Message"))
}

// rig is a link and the switch it connects to, which does what the test says. It lives in a synctest bubble.
type rig struct {
	*connectiontest.Rig
	*asterisk.Link
	t *testing.T
}

func start(t *testing.T) *rig {
	t.Helper()
	r := &rig{Rig: connectiontest.NewRig(t), t: t}
	var err error
	r.Link, err = asterisk.NewLink(asterisk.Config{Name: "pbx1", Host: "switch", Username: "callstate", Secret: "s3cret", Dial: r.Dial},
		told{}, r.Recorder, slog.New(r.Log))
	require.NoError(t, err)
	r.Start(r.Link)
	return r
}

// peer is the switch's end of a connection, which is asked actions.
type peer struct {
	*connectiontest.Peer[asterisk.Block]
	t *testing.T
}

func (r *rig) accept() *peer {
	r.t.Helper()
	conn, err := r.Accept()
	require.NoError(r.t, err)
	frames := asterisk.NewFrameReader(conn)
	return &peer{t: r.t, Peer: connectiontest.NewPeer(conn, func() (asterisk.Block, error) {
		frame, err := frames.Next()
		if err != nil {
			return asterisk.Block{}, err
		}
		return asterisk.ParseBlock(frame.Raw)
	})}
}

// say writes blocks, their lines separated by "|". It returns false when the link has hung up.
func (p *peer) say(blocks ...string) bool {
	for _, b := range blocks {
		if _, err := p.Write([]byte(strings.ReplaceAll(b, "|", "\r\n") + "\r\n\r\n")); err != nil {
			return false
		}
	}
	return true
}

func (p *peer) greet() *peer {
	_, err := p.Write([]byte("Asterisk Call Manager/11.0.0\r\n"))
	require.NoError(p.t, err)
	return p
}

// login greets, waits for the login and accepts it.
func (p *peer) login() *peer {
	p.greet()
	asked := p.Asked()
	require.Len(p.t, asked, 1)
	require.True(p.t, p.say("Response: Success|ActionID: "+asked[0].ActionID()+"|Message: Authentication accepted"))
	synctest.Wait() // until the link is up and has asked its questions
	return p
}

func names(actions []asterisk.Block) []string {
	var all []string
	for _, a := range actions {
		all = append(all, a.Get("Action"))
	}
	return all
}

func TestALinkLogsInAndAsksForWhatThereIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		p := r.accept().greet()

		login := p.Asked()
		require.Len(t, login, 1)
		assert.Equal(t, "Action: Login|ActionID: "+login[0].ActionID()+"|Username: callstate|Secret: s3cret|Events: on", lines(login[0]))
		assert.False(t, r.Stats().Connected)

		// Events may come before the answer.
		p.say("Event: Early", "Response: Success|ActionID: "+login[0].ActionID()+"|Message: Authentication accepted", "Event: FullyBooted")
		asked := p.Asked()
		assert.Equal(t, []string{"Login", "Ping", "CoreStatus", "CoreShowChannels", "QueueStatus", "DeviceStateList"}, names(asked))
		ids := map[string]bool{}
		for _, a := range asked {
			ids[a.ActionID()] = true
		}
		assert.Len(t, ids, 6, "each action has an id of its own")
		assert.True(t, r.Stats().Connected)

		p.say("Event: Newchannel", "Response: Success|Message: Queue status will follow", "Event: Hangup")
		assert.Equal(t, []string{"up 11.0.0", "Early", "FullyBooted", "Newchannel", "answer Queue status will follow", "Hangup", "down: stopped"}, r.End())
		assert.True(t, p.Closed())
		assert.Equal(t, uint64(6), r.Stats().Pieces)
		assert.False(t, r.Stats().Connected)
	})
}

func lines(b asterisk.Block) string {
	var all []string
	for _, h := range b.Headers() {
		all = append(all, h.Name+": "+h.Value)
	}
	return strings.Join(all, "|")
}

func TestAWrongSecretIsToldOnceAndTriedForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		for range 5 {
			p := r.accept().greet()
			p.say("Response: Error|ActionID: " + p.Asked()[0].ActionID() + "|Message: Authentication failed")
			assert.True(t, p.Closed())
		}
		warnings := r.Log.Of("err")
		require.Len(t, warnings, 1)
		err, ok := warnings[0].(error)
		require.True(t, ok)
		require.ErrorIs(t, err, asterisk.ErrLoginRefused)
		refused, ok := errors.AsType[*asterisk.LoginError](err)
		require.True(t, ok)
		assert.Equal(t, asterisk.LoginError{Username: "callstate", Message: "Authentication failed"}, *refused)
		assert.Contains(t, r.Stats().LastError, "Authentication failed")

		r.accept().login()
		assert.Equal(t, []string{"up 11.0.0", "down: stopped"}, r.End())
	})
}

func TestWhoDoesNotSpeakAMIIsNotWaitedForForEver(t *testing.T) {
	for name, c := range map[string]struct {
		says string
		want error
		text string
	}{
		"silence":          {"", asterisk.ErrNoBanner, connection.ErrSilent.Error()},
		"something else":   {"SSH-2.0-OpenSSH_9.2\r\n\r\n", asterisk.ErrNoBanner, "login"},
		"only the banner":  {"Asterisk Call Manager/11.0.0\r\n", connection.ErrSilent, "login"},
		"half the banner":  {"Asterisk Call", asterisk.ErrNoBanner, "login"},
		"no answer for us": {"Asterisk Call Manager/11.0.0\r\nEvent: A\r\n\r\nResponse: Success\r\nActionID: 1\r\n\r\n", connection.ErrSilent, "login"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t)
				p := r.accept()
				p.Write([]byte(c.says))
				time.Sleep(10*time.Second + time.Millisecond)
				assert.True(t, p.Closed())
				require.NotEmpty(t, r.Log.Of("err"))
				assert.ErrorIs(t, r.Log.Of("err")[0].(error), c.want)
				assert.ErrorContains(t, r.Log.Of("err")[0].(error), c.text)
				assert.Empty(t, r.End())
			})
		})
	}
}

func TestAConnectionMayBeCutAtAnyByte(t *testing.T) {
	const before, after = "Asterisk Call Manager/11.0.0\r\n", "Response: Success\r\nActionID: %s\r\nMessage: Authentication accepted\r\n\r\n" +
		"Event: One\r\nA: b\r\n\r\nEvent: Two\r\n\r\n"
	for cut := range len(before) + len(after) + 20 {
		synctest.Test(t, func(t *testing.T) {
			r := start(t)
			p := r.accept()
			p.Write([]byte(before)[:min(cut, len(before))])
			if asked := p.Asked(); len(asked) > 0 {
				rest := fmt.Sprintf(after, asked[0].ActionID())
				p.Write([]byte(rest)[:min(max(0, cut-len(before)), len(rest))])
			}
			p.Close()
			p = r.accept().login()
			p.say("Event: Three")
			recorded := r.End()
			assert.Equal(t, []string{"up 11.0.0", "Three", "down: stopped"}, recorded[len(recorded)-3:])
			if first := recorded[:len(recorded)-3]; len(first) > 0 {
				assert.Equal(t, "up 11.0.0", first[0])
				assert.Equal(t, "down: closed by the switch", first[len(first)-1])
				assert.Subset(t, []string{"One", "Two"}, first[1:len(first)-1])
			}
		})
	}
}

func TestBadBlocksAreCountedToldOnceAndKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		p := r.accept().login()
		for i := range 10 {
			p.say(fmt.Sprintf("garbage %d", i), "Event: Odd|stray line", "Event: Latin1|CallerIDName: M\xfcller")
		}
		p.say("A: "+strings.Repeat("x", asterisk.MaxBlock), "Event: Last")
		p.Write([]byte("Event: Unfinis"))
		p.Close()
		time.Sleep(time.Millisecond)
		bad := map[string]uint64{}
		synctest.Wait()
		for _, b := range r.Stats().BadInput {
			bad[b.Kind] = b.Count
			assert.LessOrEqual(t, len(b.Samples), 5)
			assert.NotEmpty(t, b.Samples)
			for _, sample := range b.Samples {
				assert.LessOrEqual(t, len(sample), 2048)
			}
		}
		assert.Equal(t, map[string]uint64{
			"malformed block": 10, "line without a header": 10, "invalid UTF-8": 10, "oversized block": 1, "incomplete block at the end": 1,
		}, bad)
		assert.Equal(t, "garbage 9", r.Stats().BadInput[0].Samples[4])
		assert.Len(t, r.Log.Of("kind"), 5, "each kind is logged once")
		recorded := r.End()
		assert.Equal(t, []string{"Last", "down: closed by the switch"}, recorded[len(recorded)-2:])
		assert.Len(t, recorded, 1+20+2, "what can be read of odd blocks is used")
	})
}

func TestASilentSwitchIsAskedAndThenGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		p := r.accept().login()
		began := time.Now()
		pings := func() int { return strings.Count(strings.Join(names(p.Asked()), " "), "Ping") }
		assert.Equal(t, 1, pings(), "that of the snapshot")
		time.Sleep(14 * time.Second)
		assert.Equal(t, 1, pings())
		p.say("Event: Sign of life")
		time.Sleep(14 * time.Second)
		assert.Equal(t, 1, pings())
		time.Sleep(time.Second)
		assert.Equal(t, 2, pings())
		p.say("Response: Success|Ping: Pong|Message: Pong")
		time.Sleep(15 * time.Second)
		assert.Equal(t, 3, pings())
		assert.False(t, p.Closed())
		time.Sleep(9 * time.Second)
		assert.False(t, p.Closed())
		time.Sleep(time.Second + time.Millisecond)
		assert.True(t, p.Closed())
		assert.InDelta(t, 54, time.Since(began).Seconds(), 0.1)
		assert.Equal(t, []string{"up 11.0.0", "Sign of life", "answer Pong", "down: the switch is silent"}, r.End())
	})
}

func TestALinkMayBeStoppedWhileItLogsIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		r.accept().greet()
		assert.Empty(t, r.End())
		assert.Empty(t, r.Log.Of("err"))
	})
}
