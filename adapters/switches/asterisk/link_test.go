package asterisk_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
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
	t *testing.T
	*connectiontest.Listener
	*asterisk.Link
	*connectiontest.Recorder
	log   connectiontest.Warnings
	ended chan error
	stop  context.CancelFunc
}

func start(t *testing.T, change func(*asterisk.Config, *rig)) *rig {
	t.Helper()
	r := &rig{t: t, Listener: connectiontest.NewListener(), Recorder: &connectiontest.Recorder{}, log: connectiontest.NewWarnings(), ended: make(chan error, 1)}
	config := asterisk.Config{Name: "pbx1", Host: "switch", Username: "callstate", Secret: "s3cret", Dial: r.Dial}
	if change != nil {
		change(&config, r)
	}
	var err error
	r.Link, err = asterisk.NewLink(config, told{}, r.Recorder, slog.New(r.log))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	r.stop = cancel
	go func() { r.ended <- r.Run(ctx) }()
	return r
}

// end stops the link and returns all that was recorded.
func (r *rig) end() []string {
	r.stop()
	assert.NoError(r.t, <-r.ended)
	return r.All()
}

// peer is the switch's end of a connection.
type peer struct {
	t *testing.T
	net.Conn
	mu      sync.Mutex
	actions []asterisk.Block
	ended   bool
}

func (r *rig) accept() *peer {
	r.t.Helper()
	conn, err := r.Accept()
	require.NoError(r.t, err)
	p := &peer{t: r.t, Conn: conn}
	go func() {
		frames := asterisk.NewFrameReader(conn)
		for {
			frame, err := frames.Next()
			b, _ := asterisk.ParseBlock(frame.Raw)
			p.mu.Lock()
			if err != nil {
				p.ended = true
				p.mu.Unlock()
				return
			}
			p.actions = append(p.actions, b)
			p.mu.Unlock()
		}
	}()
	return p
}

// asked are the actions that came.
func (p *peer) asked() []asterisk.Block {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.actions)
}

func (p *peer) closed() bool {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
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
	asked := p.asked()
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
		r := start(t, nil)
		p := r.accept().greet()

		login := p.asked()
		require.Len(t, login, 1)
		assert.Equal(t, "Action: Login|ActionID: "+login[0].ActionID()+"|Username: callstate|Secret: s3cret|Events: on", lines(login[0]))
		assert.False(t, r.Stats().Connected)

		// Events may come before the answer.
		p.say("Event: Early", "Response: Success|ActionID: "+login[0].ActionID()+"|Message: Authentication accepted", "Event: FullyBooted")
		asked := p.asked()
		assert.Equal(t, []string{"Login", "Ping", "CoreStatus", "CoreShowChannels", "QueueStatus", "DeviceStateList"}, names(asked))
		ids := map[string]bool{}
		for _, a := range asked {
			ids[a.ActionID()] = true
		}
		assert.Len(t, ids, 6, "each action has an id of its own")
		assert.True(t, r.Stats().Connected)

		p.say("Event: Newchannel", "Response: Success|Message: Queue status will follow", "Event: Hangup")
		assert.Equal(t, []string{"up 11.0.0", "Early", "FullyBooted", "Newchannel", "answer Queue status will follow", "Hangup", "down: stopped"}, r.end())
		assert.True(t, p.closed())
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
		r := start(t, nil)
		for range 5 {
			p := r.accept().greet()
			p.say("Response: Error|ActionID: " + p.asked()[0].ActionID() + "|Message: Authentication failed")
			assert.True(t, p.closed())
		}
		warnings := r.log.Of("err")
		require.Len(t, warnings, 1)
		err, ok := warnings[0].(error)
		require.True(t, ok)
		require.ErrorIs(t, err, asterisk.ErrLoginRefused)
		refused, ok := errors.AsType[*asterisk.LoginError](err)
		require.True(t, ok)
		assert.Equal(t, asterisk.LoginError{Username: "callstate", Message: "Authentication failed"}, *refused)
		assert.Contains(t, r.Stats().LastError, "Authentication failed")

		r.accept().login()
		assert.Equal(t, []string{"up 11.0.0", "down: stopped"}, r.end())
	})
}

func TestARefusedConnectionIsTriedEverMoreSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var attempts []time.Time
		r := start(t, func(c *asterisk.Config, r *rig) {
			c.Dial = func(context.Context, string, string) (net.Conn, error) {
				attempts = append(attempts, time.Now())
				return nil, errors.New("connection refused")
			}
		})
		time.Sleep(5 * time.Minute)
		assert.Empty(t, r.end())
		require.Greater(t, len(attempts), 10)
		longest := 500 * time.Millisecond
		for i, at := range attempts[1:] {
			wait := at.Sub(attempts[i])
			assert.LessOrEqual(t, wait, longest)
			assert.GreaterOrEqual(t, wait, longest/2)
			longest = min(2*longest, 30*time.Second)
		}
		assert.Len(t, r.log.Of("err"), 1)
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
				r := start(t, nil)
				p := r.accept()
				p.Write([]byte(c.says))
				time.Sleep(10*time.Second + time.Millisecond)
				assert.True(t, p.closed())
				require.NotEmpty(t, r.log.Of("err"))
				assert.ErrorIs(t, r.log.Of("err")[0].(error), c.want)
				assert.ErrorContains(t, r.log.Of("err")[0].(error), c.text)
				assert.Empty(t, r.end())
			})
		})
	}
}

func TestAConnectionMayBeCutAtAnyByte(t *testing.T) {
	const before, after = "Asterisk Call Manager/11.0.0\r\n", "Response: Success\r\nActionID: %s\r\nMessage: Authentication accepted\r\n\r\n" +
		"Event: One\r\nA: b\r\n\r\nEvent: Two\r\n\r\n"
	for cut := range len(before) + len(after) + 20 {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, nil)
			p := r.accept()
			p.Write([]byte(before)[:min(cut, len(before))])
			if asked := p.asked(); len(asked) > 0 {
				rest := fmt.Sprintf(after, asked[0].ActionID())
				p.Write([]byte(rest)[:min(max(0, cut-len(before)), len(rest))])
			}
			p.Close()
			p = r.accept().login()
			p.say("Event: Three")
			recorded := r.end()
			assert.Equal(t, []string{"up 11.0.0", "Three", "down: stopped"}, recorded[len(recorded)-3:])
			if first := recorded[:len(recorded)-3]; len(first) > 0 {
				assert.Equal(t, "up 11.0.0", first[0])
				assert.Equal(t, "down: closed by the switch", first[len(first)-1])
				assert.Subset(t, []string{"One", "Two"}, first[1:len(first)-1])
			}
		})
	}
}

func TestWhatCannotBeKeptUpWithEndsTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(c *asterisk.Config, r *rig) {
			c.Limits.QueuePieces = 20
			r.Busy = make(chan struct{})
		})
		p := r.accept().login()
		sent := 0
		for p.say(fmt.Sprintf("Event: %d", sent)) {
			sent++
		}
		assert.Greater(t, sent, 19)
		assert.Equal(t, uint64(1), r.Stats().Overruns)
		close(r.Busy)
		p = r.accept().login()
		p.say("Event: Snapshot")
		recorded := r.end()
		want := []string{"up 11.0.0"}
		for i := range len(recorded) - 5 {
			want = append(want, fmt.Sprint(i))
		}
		want = append(want, "down: overrun", "up 11.0.0", "Snapshot", "down: stopped")
		assert.Equal(t, want, recorded, "what was in the queue is recorded, then what is missing is told")
		assert.GreaterOrEqual(t, len(want)-5, 19)
		assert.Equal(t, uint64(1), r.Stats().Reconnects)
	})
}

func TestAQueueIsBoundedInBytesToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(c *asterisk.Config, r *rig) {
			c.Limits.QueueBytes = asterisk.MaxBlock
			r.Busy = make(chan struct{})
		})
		p := r.accept().login()
		large := "Event: Large|Value: " + strings.Repeat("x", asterisk.MaxBlock*2/5)
		assert.True(t, p.say(large, large))
		synctest.Wait()
		assert.Less(t, r.Stats().QueuedBytes, asterisk.MaxBlock)
		p.say(large, large)
		assert.True(t, p.closed())
		close(r.Busy)
		assert.Equal(t, uint64(1), r.Stats().Overruns)
		r.end()
	})
}

func TestASlowEngineDoesNotHoldUpTheReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(c *asterisk.Config, r *rig) { r.Busy = make(chan struct{}) })
		p := r.accept().login()
		want := []string{"up 11.0.0"}
		for i := range 5000 {
			want = append(want, fmt.Sprint(i))
			require.True(t, p.say(fmt.Sprintf("Event: %d", i)), "the other side of a pipe waits until it is read")
		}
		synctest.Wait()
		assert.GreaterOrEqual(t, r.Stats().QueuedPieces, 4999)
		close(r.Busy)
		assert.Equal(t, append(want, "down: stopped"), r.end())
		assert.Less(t, r.Batches(), 20, "what has queued up is taken in large batches")
	})
}

func TestBadBlocksAreCountedToldOnceAndKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
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
		assert.Len(t, r.log.Of("kind"), 5, "each kind is logged once")
		recorded := r.end()
		assert.Equal(t, []string{"Last", "down: closed by the switch"}, recorded[len(recorded)-2:])
		assert.Len(t, recorded, 1+20+2, "what can be read of odd blocks is used")
	})
}

func TestASilentSwitchIsAskedAndThenGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.accept().login()
		began := time.Now()
		pings := func() int { return strings.Count(strings.Join(names(p.asked()), " "), "Ping") }
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
		assert.False(t, p.closed())
		time.Sleep(9 * time.Second)
		assert.False(t, p.closed())
		time.Sleep(time.Second + time.Millisecond)
		assert.True(t, p.closed())
		assert.InDelta(t, 54, time.Since(began).Seconds(), 0.1)
		assert.Equal(t, []string{"up 11.0.0", "Sign of life", "answer Pong", "down: the switch is silent"}, r.end())
	})
}

func TestTimeGoesOnWhileNothingComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener, engine := connectiontest.NewListener(), &connectiontest.Recorder{}
		l, err := asterisk.NewLink(asterisk.Config{Name: "pbx1", Host: "switch", Username: "u", Secret: "s", Dial: listener.Dial}, told{connectiontest.Told{Minute: true}}, engine, nil)
		require.NoError(t, err)
		r := &rig{t: t, Listener: listener, Link: l, Recorder: engine, ended: make(chan error, 1)}
		ctx, cancel := context.WithCancel(t.Context())
		r.stop = cancel
		go func() { r.ended <- l.Run(ctx) }()
		r.accept().login()
		time.Sleep(350 * time.Millisecond)
		assert.Equal(t, []string{"up 11.0.0", "it is 00.100", "it is 00.200", "it is 00.300", "down: stopped"}, r.end())
	})
}

func TestALinkThatIsStoppedRecordsWhatItHasReceived(t *testing.T) {
	t.Run("in time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, func(c *asterisk.Config, r *rig) { r.Busy = make(chan struct{}) })
			p := r.accept().login()
			p.say("Event: One", "Event: Two")
			r.stop()
			assert.True(t, p.closed())
			time.Sleep(4 * time.Second)
			close(r.Busy)
			assert.Equal(t, []string{"up 11.0.0", "One", "Two", "down: stopped"}, r.end())
		})
	})
	t.Run("or says that it did not", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, func(c *asterisk.Config, r *rig) { r.Busy = make(chan struct{}) })
			r.accept().login()
			r.stop()
			began := time.Now()
			assert.ErrorContains(t, <-r.ended, "before all that came in was recorded")
			assert.Equal(t, 5*time.Second, time.Since(began))
		})
	})
	t.Run("while it waits for the next attempt", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, nil)
			r.Close()
			time.Sleep(time.Minute)
			assert.Empty(t, r.end())
		})
	})
	t.Run("while it logs in", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, nil)
			r.accept().greet()
			assert.Empty(t, r.end())
			assert.Empty(t, r.log.Of("err"))
		})
	})
}

func TestAFailingEngineEndsTheLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("disk full")
		r := start(t, func(c *asterisk.Config, r *rig) { r.Err = full })
		p := r.accept().login()
		err := <-r.ended
		assert.ErrorIs(t, err, full)
		assert.ErrorContains(t, err, "link pbx1")
		assert.True(t, p.closed())
	})
}
