package freeswitch_test

import (
	"bufio"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/adapters/switches/connection/connectiontest"
	"github.com/callstate/callstate/adapters/switches/freeswitch"
	"github.com/callstate/callstate/domain/engine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// told makes an observation of everything that an interpreter is told.
type told struct{ connectiontest.Told }

func (told) Translate(e freeswitch.Event, _ time.Time) []engine.Observation {
	switch e.Type {
	case "command/reply":
		return connectiontest.Observed("reply " + e.Get("Reply-Text"))
	case "api/response":
		return connectiontest.Observed("answer " + strings.TrimSpace(e.Body))
	case "text/disconnect-notice":
		return connectiontest.Observed("notice")
	}
	return connectiontest.Observed(e.Name())
}

// rig is a link and the switch it connects to, which does what the test says. It lives in a synctest bubble.
type rig struct {
	*connectiontest.Rig
	*freeswitch.Link
	t *testing.T
}

func start(t *testing.T, change func(*freeswitch.Config)) *rig {
	t.Helper()
	r := &rig{Rig: connectiontest.NewRig(t), t: t}
	config := freeswitch.Config{Name: "pbx1", Host: "switch", Password: "ClueCon", Dial: r.Dial}
	if change != nil {
		change(&config)
	}
	var err error
	r.Link, err = freeswitch.NewLink(config, told{}, r.Recorder, slog.New(r.Log))
	require.NoError(t, err)
	r.Start(r.Link)
	return r
}

// peer is the switch's end of a connection, which is asked commands, their lines separated by "|".
type peer struct {
	*connectiontest.Peer[string]
	t *testing.T
}

func (r *rig) accept() *peer {
	r.t.Helper()
	conn, err := r.Accept()
	require.NoError(r.t, err)
	lines := bufio.NewReader(conn)
	return &peer{t: r.t, Peer: connectiontest.NewPeer(conn, func() (string, error) {
		var command []string
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return "", err
			}
			if line == "\n" {
				return strings.Join(command, "|"), nil
			}
			command = append(command, strings.TrimSuffix(line, "\n"))
		}
	})}
}

// say writes text. It returns false when the link has hung up.
func (p *peer) say(text string) bool {
	_, err := p.Write([]byte(text))
	return err == nil
}

const auth = "Content-Type: auth/request\n\n"

func reply(text string) string { return "Content-Type: command/reply\nReply-Text: " + text + "\n\n" }

func answer(body string) string {
	return fmt.Sprintf("Content-Type: api/response\nContent-Length: %d\n\n%s", len(body), body)
}

// event writes an event with these lines.
func event(name string, lines ...string) string {
	body := "Event-Name: " + name + "\n"
	for _, line := range lines {
		body += line + "\n"
	}
	body += "\n"
	return fmt.Sprintf("Content-Length: %d\nContent-Type: text/event-plain\n\n%s", len(body), body)
}

// login asks for the login and accepts it.
func (p *peer) login() *peer {
	p.t.Helper()
	for _, step := range []string{auth, reply("+OK accepted"), reply("+OK event listener enabled plain")} {
		require.True(p.t, p.say(step))
		synctest.Wait()
	}
	return p
}

// up is what is recorded of a login, and what follows.
func up(more ...string) []string {
	return append([]string{"up", "reply +OK accepted", "reply +OK event listener enabled plain"}, more...)
}

var snapshot = []string{
	"api show channels as json", "api show calls as json", "api callcenter_config agent list",
	"api callcenter_config queue list",
}

func TestALinkLogsInAndAsksForWhatThereIs(t *testing.T) {
	for name, c := range map[string]struct {
		change    func(*freeswitch.Config)
		auth, sub string
	}{
		"with the password":   {nil, "auth ClueCon", "event plain ALL"},
		"as a user":           {func(c *freeswitch.Config) { c.User = "callstate@cc.test" }, "userauth callstate@cc.test:ClueCon", "event plain ALL"},
		"and gets JSON":       {func(c *freeswitch.Config) { c.JSON = true }, "auth ClueCon", "event json ALL"},
		"or has more to read": {func(c *freeswitch.Config) { c.Limits.MaxBatch = 1 }, "auth ClueCon", "event plain ALL"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, c.change)
				p := r.accept()
				p.say(auth)
				assert.Equal(t, []string{c.auth}, p.Asked())
				p.say(reply("+OK accepted"))
				assert.Equal(t, []string{c.auth, c.sub}, p.Asked())
				assert.False(t, r.Stats().Connected)

				// Events may come before the answer.
				p.say(event("EARLY") + reply("+OK event listener enabled plain"))
				assert.Equal(t, append([]string{c.auth, c.sub}, snapshot...), p.Asked())
				assert.True(t, r.Stats().Connected)

				p.say(answer("1") + event("CHANNEL_CREATE") + answer("2") + answer("3"))
				assert.Len(t, p.Asked(), 6)
				p.say(answer("name|strategy\nsales@default|ring-all\nsupport@default|ring-all\n+OK\n"))
				assert.Equal(t, []string{
					"api callcenter_config queue list members sales@default", "api callcenter_config queue list members support@default",
					"api callcenter_config tier list",
				}, p.Asked()[6:])
				p.say(answer("5") + answer("6") + answer("7") + event("CHANNEL_HANGUP"))
				synctest.Wait()
				assert.Equal(t, []string{
					"up", "reply +OK accepted", "EARLY", "reply +OK event listener enabled plain", "answer 1", "CHANNEL_CREATE", "answer 2", "answer 3",
					"answer name|strategy\nsales@default|ring-all\nsupport@default|ring-all\n+OK", "answer 5", "answer 6", "answer 7", "CHANNEL_HANGUP", "down: stopped",
				}, r.End())
				assert.True(t, p.Closed())
				assert.False(t, r.Stats().Connected)
			})
		})
	}
}

func TestASwitchWithoutQueues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.accept().login()
		p.say(answer("{}") + answer("{}") + strings.Repeat(answer("-ERR callcenter_config Command not found!\n"), 2))
		assert.Equal(t, "api callcenter_config tier list", p.last(), "there is no queue to ask about")
		r.End()
	})
}

func TestAWrongPasswordIsToldOnceAndTriedForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(c *freeswitch.Config) { c.User = "callstate@cc.test" })
		for range 5 {
			p := r.accept()
			p.say(auth)
			synctest.Wait()
			p.say(reply("-ERR invalid") + "Content-Type: text/disconnect-notice\nContent-Length: 5\n\nBye.\n")
			assert.True(t, p.Closed())
		}
		warnings := r.Log.Of("err")
		require.Len(t, warnings, 1)
		err := warnings[0].(error)
		require.ErrorIs(t, err, freeswitch.ErrLoginRefused)
		refused, ok := errors.AsType[*freeswitch.LoginError](err)
		require.True(t, ok)
		assert.Equal(t, freeswitch.LoginError{User: "callstate@cc.test", Message: "-ERR invalid"}, *refused)
		assert.Contains(t, r.Stats().LastError, "-ERR invalid")
		assert.NotContains(t, r.Stats().LastError, "ClueCon")

		r.accept().login()
		assert.Equal(t, up("down: stopped"), r.End())
	})
}

func TestAConnectionThatDoesNotComeAbout(t *testing.T) {
	for name, c := range map[string]struct {
		says []string
		want error
	}{
		"silence":              {nil, connection.ErrSilent},
		"something else":       {[]string{"SSH-2.0-OpenSSH_9.2\r\n\r\n"}, freeswitch.ErrNoAuthRequest},
		"half of it":           {[]string{"Content-Type: auth/req"}, freeswitch.ErrNoAuthRequest},
		"not our address":      {[]string{"Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n"}, freeswitch.ErrAccessDenied},
		"no answer":            {[]string{auth, event("A")}, connection.ErrSilent},
		"no answer to the sub": {[]string{auth, reply("+OK accepted"), event("A")}, connection.ErrSilent},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, nil)
				p := r.accept()
				for _, text := range c.says {
					p.say(text)
					synctest.Wait()
				}
				time.Sleep(10*time.Second + time.Millisecond)
				assert.True(t, p.Closed())
				require.NotEmpty(t, r.Log.Of("err"))
				assert.ErrorIs(t, r.Log.Of("err")[0].(error), c.want)
				assert.Empty(t, r.End())
			})
		})
	}
	t.Run("the subscription is refused", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, nil)
			p := r.accept()
			p.say(auth)
			synctest.Wait()
			p.say(reply("+OK accepted"))
			synctest.Wait()
			p.say(reply("-ERR no keywords supplied"))
			assert.True(t, p.Closed())
			_, ok := errors.AsType[*freeswitch.CommandError](r.Log.Of("err")[0].(error))
			assert.True(t, ok)
			r.End()
		})
	})
}

func TestAConnectionMayBeCutAtAnyByte(t *testing.T) {
	steps := []string{auth, reply("+OK accepted"), reply("+OK event listener enabled plain") + event("ONE") + answer("x") + event("TWO")}
	whole := strings.Join(steps, "")
	for cut := range len(whole) {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, nil)
			p := r.accept()
			left := cut
			for _, step := range steps {
				p.say(step[:min(left, len(step))])
				left -= min(left, len(step))
				synctest.Wait()
			}
			p.Close()
			p = r.accept().login()
			p.say(event("THREE"))
			synctest.Wait()
			recorded := r.End()
			again := up("THREE", "down: stopped")
			require.GreaterOrEqual(t, len(recorded), len(again))
			assert.Equal(t, again, recorded[len(recorded)-len(again):])
			if first := recorded[:len(recorded)-len(again)]; len(first) > 0 {
				assert.Equal(t, up(), first[:3])
				assert.Equal(t, "down: closed by the switch", first[len(first)-1])
				for i, what := range first[3 : len(first)-1] {
					assert.Equal(t, []string{"ONE", "answer x", "TWO"}[i], what)
				}
			}
		})
	}
}

func TestADisconnectNoticeEndsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.accept().login()
		p.say(event("SHUTDOWN") + "Content-Type: text/disconnect-notice\nContent-Length: 31\n\nThe system is being shut down.\n")
		assert.True(t, p.Closed(), "without waiting for the switch to close it")
		p = r.accept().login()
		assert.Equal(t, append(up("SHUTDOWN", "notice", "down: closed by the switch"), up("down: stopped")...), r.End())
	})
}

func TestBadBlocksAreCountedToldOnceAndKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.accept().login()
		for i := range 10 {
			p.say(fmt.Sprintf("garbage %d\n\n", i) + event("LATIN1", "variable_name: M%FCller") +
				"Content-Type: text/event-plain\nContent-Length: 3\n\nabc")
		}
		p.say("Content-Type: command/reply\nA: " + strings.Repeat("x", freeswitch.MaxHeaders) + "\n\n" + event("LAST"))
		p.say("Content-Type: text/ev")
		p.Close()
		time.Sleep(time.Millisecond)
		synctest.Wait()
		bad := map[string]uint64{}
		for _, b := range r.Stats().BadInput {
			bad[b.Kind] = b.Count
			assert.NotEmpty(t, b.Samples)
			assert.LessOrEqual(t, len(b.Samples), 5)
		}
		assert.Equal(t, map[string]uint64{
			"malformed block": 10, "malformed event": 10, "invalid UTF-8": 10, "oversized block": 1, "incomplete block at the end": 1,
		}, bad)
		assert.Len(t, r.Log.Of("kind"), 5, "each kind is logged once")
		recorded := r.End()
		assert.Equal(t, []string{"LATIN1", "LAST", "down: closed by the switch"}, recorded[len(recorded)-3:])
	})
}

func TestASilentSwitchIsAskedAndThenGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.accept().login()
		p.say(strings.Repeat(answer("-ERR\n"), 4))
		synctest.Wait()
		p.say(answer("-ERR\n"))
		began := time.Now()
		asked := func() int { return strings.Count(strings.Join(p.Asked(), "\n"), "api status") }
		for range 5 { // a heartbeat every 20 s: there is nothing to ask
			time.Sleep(20 * time.Second)
			p.say(event("HEARTBEAT"))
			assert.Zero(t, asked())
		}
		time.Sleep(25 * time.Second)
		assert.Equal(t, 1, asked())
		p.say(answer("UP 0 years"))
		time.Sleep(25 * time.Second)
		assert.Equal(t, 2, asked())
		time.Sleep(9 * time.Second)
		assert.False(t, p.Closed())
		time.Sleep(time.Second + time.Millisecond)
		assert.True(t, p.Closed())
		assert.InDelta(t, 160, time.Since(began).Seconds(), 0.1)
		recorded := r.End()
		assert.Equal(t, []string{"HEARTBEAT", "answer UP 0 years", "down: the switch is silent"}, recorded[len(recorded)-3:])
	})
}

func TestASwitchThatStopsInTheMiddleOfABlockIsSilentToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.accept().login()
		p.say(answer("-ERR\n") + "Content-Type: text/event-pl")
		time.Sleep(35*time.Second + time.Millisecond)
		assert.True(t, p.Closed())
		recorded := r.End()
		assert.Equal(t, "down: the switch is silent", recorded[len(recorded)-1])
	})
}

func TestALinkMayBeStoppedWhileItLogsIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		r.accept().say(auth)
		synctest.Wait()
		assert.Empty(t, r.End())
		assert.Empty(t, r.Log.Of("err"))
	})
}
