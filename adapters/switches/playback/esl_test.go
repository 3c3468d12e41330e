package playback_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection/connectiontest"
	"github.com/callstate/callstate/adapters/switches/freeswitch"
	"github.com/callstate/callstate/adapters/switches/playback"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// eslStream is a recorded session of an event socket, unzipped.
func eslStream(t testing.TB, scenario string, files ...string) []byte {
	t.Helper()
	var content []byte
	for _, file := range files {
		content = append(content, connectiontest.Recording(t, filepath.Join("..", "freeswitch", "testdata", "sessions", scenario, file))...)
	}
	return content
}

func playESL(t *testing.T, session []byte, options playback.Options) *fakeSwitch {
	t.Helper()
	return playAs(t, playback.ReadESL, session, options)
}

// eslClient is a client of the fake switch that reads all the time.
type eslClient struct {
	net.Conn
	t *testing.T

	mu    sync.Mutex
	all   []freeswitch.Event
	after []time.Duration // since it connected
	ended bool
}

func (s *fakeSwitch) connectESL(t *testing.T) *eslClient {
	t.Helper()
	conn, err := s.listener.Dial(t.Context(), "", "")
	require.NoError(t, err)
	c := &eslClient{Conn: conn, t: t}
	began := time.Now()
	go func() {
		frames := freeswitch.NewFrameReader(bufio.NewReader(conn))
		for {
			frame, err := frames.Next()
			e, parseErr := freeswitch.ParseEvent(frame)
			c.mu.Lock()
			if err != nil {
				c.ended = true
				c.mu.Unlock()
				return
			}
			assert.NoError(t, parseErr)
			c.all, c.after = append(c.all, e), append(c.after, time.Since(began))
			c.mu.Unlock()
		}
	}()
	synctest.Wait()
	return c
}

func (c *eslClient) heard() []freeswitch.Event {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]freeswitch.Event(nil), c.all...)
}

func (c *eslClient) closed() bool {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// ask sends a command and returns what comes at once.
func (c *eslClient) ask(command string) []freeswitch.Event {
	c.t.Helper()
	before := len(c.heard())
	_, err := c.Write([]byte(command + "\n\n"))
	require.NoError(c.t, err)
	return c.heard()[before:]
}

// text is the answer to a command. Of an API command an event tells first.
func (c *eslClient) text(command string) string {
	c.t.Helper()
	answers := c.ask(command)
	if len(answers) > 1 && answers[0].Name() == "API" {
		answers = answers[1:]
	}
	require.NotEmpty(c.t, answers, command)
	return freeswitch.Reply{Event: answers[0]}.Text()
}

func (c *eslClient) rows(command string) []map[string]string {
	c.t.Helper()
	var list struct {
		Rows []map[string]string `json:"rows"`
	}
	require.NoError(c.t, json.Unmarshal([]byte(c.text(command)), &list))
	return list.Rows
}

func (c *eslClient) login() *eslClient {
	c.t.Helper()
	require.Equal(c.t, "+OK accepted", c.text("auth ClueCon"))
	require.Equal(c.t, "+OK event listener enabled plain", c.text("event plain ALL"))
	return c
}

// eslEvent writes an event so many seconds after the first.
func eslEvent(seconds float64, name string, lines ...string) string {
	body := fmt.Sprintf("Event-Name: %s\nEvent-Date-Timestamp: %d\n", name, 1795396652000000+int64(seconds*1e6))
	body += strings.Join(append(lines, ""), "\n") + "\n"
	return fmt.Sprintf("Content-Length: %d\nContent-Type: text/event-plain\n\n%s", len(body), body)
}

const authRequest = "Content-Type: auth/request\n\n"

func eslHello() []byte {
	return []byte(authRequest + eslEvent(0, "A") + eslEvent(1.5, "B") + eslEvent(1.5, "CUSTOM", "Event-Subclass: x%3A%3Ay", "Unique-ID: 7") + eslEvent(10, "D"))
}

func TestALoginAtTheFakeEventSocket(t *testing.T) {
	for name, c := range map[string]struct {
		options  playback.Options
		command  string
		accepted bool
	}{
		"the password":         {playback.Options{Secret: "s3cret"}, "auth s3cret", true},
		"another password":     {playback.Options{Secret: "s3cret"}, "auth ClueCon", false},
		"no password needed":   {playback.Options{}, "auth ClueCon", true},
		"a user":               {playback.Options{Username: "me@cc.test", Secret: "s3cret"}, "userauth me@cc.test:s3cret", true},
		"another user":         {playback.Options{Username: "me@cc.test", Secret: "s3cret"}, "userauth you@cc.test:s3cret", false},
		"no login":             {playback.Options{Secret: "s3cret"}, "api status", false},
		"a user where none is": {playback.Options{Secret: "s3cret"}, "userauth :s3cret", false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := playESL(t, eslHello(), c.options)
				defer s.stop()
				client := s.connectESL(t)
				require.Equal(t, "auth/request", client.heard()[0].Type)
				text := client.text(c.command)
				assert.Equal(t, map[bool]string{true: "+OK accepted", false: "-ERR invalid"}[c.accepted], text)
				assert.Equal(t, !c.accepted, client.closed())
			})
		})
	}
}

func TestAnEventSocketSessionIsPlayedAtItsOwnPace(t *testing.T) {
	for speed, want := range map[float64][]string{0: {"1.5s B", "1.5s CUSTOM", "10s D"}, 10: {"150ms B", "150ms CUSTOM", "1s D"}} {
		synctest.Test(t, func(t *testing.T) {
			s := playESL(t, eslHello(), playback.Options{Speed: speed})
			defer s.stop()
			c := s.connectESL(t).login()
			<-s.Done()
			var got []string
			for i, e := range c.heard() {
				if e.Name() != "" {
					got = append(got, c.after[i].String()+" "+e.Name())
				}
			}
			assert.Equal(t, want, got, "A comes with the login, before the subscription")
		})
	}
}

func TestAClientHearsWhatItAskedFor(t *testing.T) {
	for name, c := range map[string]struct {
		commands []string
		want     string
	}{
		"nothing":         {nil, ""},
		"everything":      {[]string{"event plain ALL"}, "B CUSTOM D"},
		"in JSON":         {[]string{"event json all"}, "B CUSTOM D"},
		"some":            {[]string{"event plain B", "event D"}, "B D"},
		"a subclass":      {[]string{"event plain CUSTOM x::y"}, "CUSTOM"},
		"no subclass":     {[]string{"event plain CUSTOM x::z"}, ""},
		"all but some":    {[]string{"event plain ALL", "nixevent B x::y"}, "D"},
		"no more":         {[]string{"event plain ALL", "noevents"}, ""},
		"of one channel":  {[]string{"event plain ALL", "filter Unique-ID 7"}, "CUSTOM"},
		"of all again":    {[]string{"event plain ALL", "filter Unique-ID 7", "filter delete Unique-ID"}, "B CUSTOM D"},
		"what it nixed":   {[]string{"event plain B", "nixevent B", "event plain B"}, "B"},
		"nothing, by far": {[]string{"event", "linger", "myevents"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := playESL(t, eslHello(), playback.Options{})
				defer s.stop()
				client := s.connectESL(t)
				client.text("auth ClueCon")
				for _, command := range c.commands {
					client.ask(command)
				}
				<-s.Done()
				var names []string
				for _, e := range client.heard() {
					if e.Name() != "" {
						names = append(names, e.Name())
						form := "text/event-plain"
						if name == "in JSON" {
							form = "text/event-json"
						}
						assert.Equal(t, form, e.Type)
					}
				}
				assert.Equal(t, c.want, strings.Join(names, " "))
			})
		})
	}
}

func TestEverythingThatTheFreeSWITCHToldIsPlayed(t *testing.T) {
	read := func(content []byte) []string {
		var told []string
		frames := freeswitch.NewFrameReader(bytes.NewReader(content))
		for {
			frame, err := frames.Next()
			if err != nil {
				return told
			}
			if strings.HasPrefix(frame.ContentType, "text/event") {
				told = append(told, frame.Body)
			}
		}
	}
	synctest.Test(t, func(t *testing.T) {
		content := eslStream(t, "08-blind-transfer", "events.esl.gz")
		s := playESL(t, content, playback.Options{})
		defer s.stop()
		conn, err := s.listener.Dial(t.Context(), "", "")
		require.NoError(t, err)
		heard := make(chan []byte, 1)
		go func() {
			all, _ := io.ReadAll(conn)
			heard <- all
		}()
		_, err = conn.Write([]byte("auth x\n\nevent plain ALL\n\n"))
		require.NoError(t, err)
		<-s.Done()
		synctest.Wait()
		conn.Close()
		want, got := read(content), read(<-heard)
		require.GreaterOrEqual(t, len(want), 800)
		assert.Equal(t, want[len(want)-len(got):], got)
		assert.GreaterOrEqual(t, len(got), len(want)-10, "the first come with the login")
	})
}

func TestTheTwoFormsOfARecordingPlayTheSame(t *testing.T) {
	type header struct{ name, value string }
	heard := func(file string) map[string][]header {
		all := map[string][]header{}
		synctest.Test(t, func(t *testing.T) {
			s := playESL(t, eslStream(t, "01-inbound-answer-caller-hangup", file), playback.Options{})
			defer s.stop()
			c := s.connectESL(t).login()
			<-s.Done()
			for _, e := range c.heard() {
				n, ok := e.Sequence()
				if !ok {
					continue
				}
				for _, name := range []string{"Event-Name", "Unique-ID", "variable_customer_name", "CC-Action", "Event-Date-Local", "variable_transfer_history"} {
					all[strconv.FormatUint(n, 10)] = append(all[strconv.FormatUint(n, 10)], header{name, e.Get(name)})
				}
			}
		})
		return all
	}
	plain, inJSON := heard("events.esl.gz"), heard("events.json.esl.gz")
	require.Greater(t, len(plain), 350)
	for n, headers := range plain {
		if other, both := inJSON[n]; both {
			require.Equal(t, headers, other, n)
		}
	}
	assert.InDelta(t, len(plain), len(inJSON), 3, "the first few come with the login")
}

func TestAFakeEventSocketAnswersFromTheStateOfTheMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playESL(t, eslStream(t, "01-inbound-answer-caller-hangup", "events.esl.gz"), playback.Options{})
		defer s.stop()
		c := s.connectESL(t).login()
		assert.Empty(t, c.rows("api show channels as json")[1:], "the first call has come with the login")
		assert.Contains(t, c.text("api callcenter_config queue list"), "sales@default|")
		assert.Contains(t, c.text("api callcenter_config agent list"), "1001@default|single_box||callback||Available|Waiting|")
		assert.Contains(t, c.text("api callcenter_config tier list"), "sales@default|1001@default|Ready|")

		talking := false
		for range 400 {
			time.Sleep(100 * time.Millisecond)
			channels := c.rows("api show channels as json")
			members := c.text("api callcenter_config queue list members sales@default")
			calls := c.rows("api show calls as json")
			if len(channels) == 2 && len(calls) == 1 && calls[0]["b_uuid"] != "" {
				talking = true
				assert.Contains(t, members, "|Answered|")
				assert.Contains(t, members, calls[0]["uuid"])
				assert.Contains(t, c.text("api callcenter_config agent list"), "|In a queue call|")
				assert.Equal(t, "true", c.text("api uuid_exists "+channels[0]["uuid"]))
				assert.Equal(t, channels[0]["uuid"], channels[1]["call_uuid"])
				break
			}
		}
		assert.True(t, talking)
		<-s.Done()
		synctest.Wait()
		assert.Equal(t, `{"row_count": 0}`, c.text("api show channels as json"))
		assert.Equal(t, `{"row_count": 0}`, c.text("api show calls as json"))
		assert.Equal(t, "+OK", c.text("api callcenter_config queue list members sales@default"))
	})
}

func TestAFakeEventSocketCannotBeAskedToDoAnything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playESL(t, eslHello(), playback.Options{})
		defer s.stop()
		c := s.connectESL(t).login()
		assert.Contains(t, c.text("api uuid_kill 7"), "-ERR uuid_kill Command not found")
		assert.Equal(t, "false", c.text("api uuid_exists 7"))
		assert.Equal(t, "-ERR command not found", c.text("sendmsg 7"))
		assert.Contains(t, c.text("api status"), "UP 0 years, 0 days, 0 hours, 0 minutes, 4 seconds")

		answers := c.ask("bgapi originate user/1001 &park\nJob-UUID: 4711")
		require.Len(t, answers, 3)
		assert.Equal(t, "+OK Job-UUID: 4711", answers[0].Get("Reply-Text"))
		assert.Equal(t, "API", answers[1].Name())
		assert.Equal(t, "originate", answers[1].Get("API-Command"))
		assert.Equal(t, "user/1001 &park", answers[1].Get("API-Command-Argument"))
		assert.Equal(t, "BACKGROUND_JOB", answers[2].Name())
		assert.Equal(t, "4711", answers[2].Get("Job-UUID"))
		assert.Equal(t, "originate", answers[2].Get("Job-Command"))
		assert.Equal(t, "user/1001 &park", answers[2].Get("Job-Command-Arg"))
		assert.Contains(t, answers[2].Body, "-ERR originate Command not found")

		answers = c.ask("exit")
		require.Len(t, answers, 2)
		assert.Equal(t, "text/disconnect-notice", answers[1].Type)
		assert.True(t, c.closed())
	})
}

func TestARedatedEventSocketSessionHappensNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playESL(t, eslStream(t, "03-abandon-in-queue", "events.esl.gz"), playback.Options{Redate: true, Loop: true, Speed: 4})
		defer s.stop()
		c := s.connectESL(t).login()
		<-s.Done()
		time.Sleep(20 * time.Second)
		created, ended, highest := map[string]int{}, map[string]int{}, uint64(0)
		cores := map[string]bool{}
		numbers := map[uint64]bool{}
		for i, e := range c.heard() {
			at, ok := e.Time()
			if !ok {
				continue
			}
			require.WithinDuration(t, s.began.Add(c.after[i]), at, 20*time.Millisecond)
			local, err := time.Parse(time.DateTime, e.Get("Event-Date-Local"))
			require.NoError(t, err)
			require.WithinDuration(t, at, local, 2*time.Second, "whole seconds of the recording")
			n, _ := e.Sequence()
			require.False(t, numbers[n], "each event has a number of its own")
			numbers[n], highest = true, max(highest, n)
			cores[e.Get("Core-UUID")] = true
			if age := e.Get("Caller-Channel-Created-Time"); age != "" && age != "0" {
				micros, err := strconv.ParseInt(age, 10, 64)
				require.NoError(t, err)
				require.Less(t, at.Sub(time.UnixMicro(micros)), time.Minute)
			}
			if joined := e.Get("CC-Member-Joined-Time"); joined != "" {
				seconds, err := strconv.ParseInt(joined, 10, 64)
				require.NoError(t, err)
				require.Less(t, at.Sub(time.Unix(seconds, 0)), time.Minute)
			}
			switch e.Name() {
			case "CHANNEL_CREATE":
				created[e.Get("Unique-ID")]++
			case "CHANNEL_DESTROY":
				ended[e.Get("Unique-ID")]++
			}
			for name, value := range e.Headers() {
				if strings.Contains(value, "17953967") && !strings.Contains(value, "FreeSWITCH 17953") {
					require.Failf(t, "a time of the recording is left", "%s: %s", name, value)
				}
			}
		}
		assert.Greater(t, len(created), 8, "a round has eight legs, the next has new ones")
		for id, n := range created {
			assert.Equal(t, 1, n, id)
		}
		missed := 0
		for id := range ended {
			if created[id] == 0 {
				missed++
			}
		}
		assert.LessOrEqual(t, missed, 1, "the leg that was created with the login")
		assert.Len(t, cores, 1, "it is the same switch all the time")
	})
}

func TestTheGapBetweenTwoEventSocketConnectionsIsPlayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playESL(t, eslStream(t, "15-link-loss-reconnect", "events.esl.gz", "events.2.esl.gz"), playback.Options{})
		defer s.stop()
		c := s.connectESL(t).login()
		for !c.closed() {
			time.Sleep(time.Second)
		}
		again := s.connectESL(t)
		assert.True(t, again.closed(), "nobody can connect")
		for again.closed() {
			time.Sleep(time.Second)
			again = s.connectESL(t)
		}
		again.login()
		channels := again.rows("api show channels as json")
		assert.Len(t, channels, 5, "as the switch answered the recorder")
		calls := again.rows("api show calls as json")
		assert.Len(t, calls, 3)
		members := again.text("api callcenter_config queue list members sales@default")
		assert.Equal(t, 2, strings.Count(members, "|Answered|"))
		assert.Contains(t, members, "|Waiting|")
		assert.Contains(t, again.text("api callcenter_config tier list"), "sales@default|1001@default|Active Inbound|1|1")
		<-s.Done()
	})
}

func TestAShutdownEndsTheEventSocketConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := playESL(t, eslStream(t, "16-switch-restart", "events.esl.gz"), playback.Options{})
		defer s.stop()
		c := s.connectESL(t).login()
		<-s.Done()
		assert.True(t, c.closed())
		heard := c.heard()
		last := heard[len(heard)-1]
		assert.Equal(t, "text/disconnect-notice", last.Type)
		assert.Equal(t, "The system is being shut down.\n", last.Body)
	})
}

func TestWhatIsNoEventSocketSessionCannotBePlayed(t *testing.T) {
	for _, content := range []string{"", authRequest, "Asterisk Call Manager/11.0.0\r\n"} {
		_, err := playback.ReadESL(strings.NewReader(content))
		assert.ErrorIs(t, err, playback.ErrNothingToPlay)
	}
	recording, err := playback.ReadESL(bytes.NewReader(eslHello()))
	require.NoError(t, err)
	assert.Equal(t, 10*time.Second, recording.Length())
	everywhere, err := net.Listen("tcp", "0.0.0.0:0")
	require.NoError(t, err)
	defer everywhere.Close()
	_, err = playback.NewServer(everywhere, recording, playback.Options{Username: "me@cc.test"})
	assert.ErrorContains(t, err, "secret")
}
