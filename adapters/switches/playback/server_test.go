package playback_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/adapters/switches/connection/connectiontest"
	"github.com/callstate/callstate/adapters/switches/playback"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func hello() []byte {
	return ami(
		"Event: A|Timestamp: 1795395600.000000", "Event: B|Timestamp: 1795395601.500000",
		"Event: C|Timestamp: 1795395601.499000", "Event: D|Timestamp: 1795395610.000000",
	)
}

func TestHoldSetsThePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		may := make(chan struct{})
		hold := func(ctx context.Context, text string) error {
			assert.Contains(t, text, "Event: ")
			select {
			case <-may:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		s := play(t, hello(), playback.Options{Hold: hold})
		defer s.stop()
		m := s.connect(t)
		told := func() (names []string) {
			for _, h := range m.heard() {
				if name := h.Event(); len(name) == 1 {
					names = append(names, name)
				}
			}
			return names
		}
		m.ask(t, "Action: Login|Username: demo|Secret: demo")
		time.Sleep(time.Hour)
		assert.Empty(t, told())

		may <- struct{}{}
		may <- struct{}{}
		pong := m.ask(t, "Action: Ping")
		assert.Equal(t, []string{"A", "B"}, told())
		assert.Equal(t, "Response: Success|Ping: Pong|Timestamp: 1795395601.500000", texts(pong)[0])

		may <- struct{}{}
		may <- struct{}{}
		<-s.Done()
	})
}

func TestLogin(t *testing.T) {
	t.Run("accepted", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := play(t, hello(), playback.Options{Username: "demo", Secret: "demo"})
			defer s.stop()
			m := s.connect(t)
			assert.Equal(t, "11.0.0", m.banner)
			assert.Equal(t, []string{
				"Response: Success|ActionID: 7|Message: Authentication accepted",
				"Event: FullyBooted|Privilege: system,all|Uptime: 4|LastReload: 4|Status: Fully Booted",
				"Event: A|Timestamp: 1795395600.000000",
			}, texts(m.ask(t, "Action: Login|ActionID: 7|Username: demo|Secret: demo")))
		})
	})
	t.Run("refused", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := play(t, hello(), playback.Options{Username: "demo", Secret: "demo"})
			defer s.stop()
			m := s.connect(t)
			assert.Equal(t, []string{"Response: Error|ActionID: 7|Message: Authentication failed"},
				texts(m.ask(t, "Action: Login|ActionID: 7|Username: demo|Secret: wrong")))
			assert.True(t, m.closed())
		})
	})
	t.Run("needed for everything else", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := play(t, hello(), playback.Options{})
			defer s.stop()
			m := s.connect(t)
			assert.Equal(t, []string{"Response: Error|Message: Permission denied"}, texts(m.ask(t, "Action: Ping")))
			time.Sleep(29 * time.Second)
			assert.Empty(t, m.heard()[1:], "nothing is played before the first login")
			time.Sleep(time.Second)
			assert.True(t, m.closed(), "who does not log in is cut off")
		})
	})
}

func TestASessionIsPlayedAtItsOwnPace(t *testing.T) {
	for _, c := range []struct {
		speed float64
		heard []string
	}{
		{0, []string{"0s A", "1.5s B", "1.5s C", "10s D"}},
		{10, []string{"0s A", "150ms B", "150ms C", "1s D"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := play(t, hello(), playback.Options{Speed: c.speed})
			defer s.stop()
			m := s.connect(t).login(t)
			<-s.Done()
			assert.Equal(t, c.heard[1:], events(m.heard()))
		})
	}
}

func TestThereIsOneTimelineForAllClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t, hello(), playback.Options{})
		defer s.stop()
		time.Sleep(time.Minute)
		first := s.connect(t).login(t)
		time.Sleep(5 * time.Second)
		second := s.connect(t).login(t)
		time.Sleep(time.Minute)
		assert.Equal(t, []string{"1m1.5s B", "1m1.5s C", "1m10s D"}, events(first.heard()))
		assert.Equal(t, []string{"1m10s D"}, events(second.heard()))
	})
}

func TestEverythingThatTheSwitchToldIsPlayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		session := stream(t, theSampleCall)
		var told []string
		frames := asterisk.NewFrameReader(bytes.NewReader(session))
		for {
			frame, err := frames.Next()
			if err != nil {
				break
			}
			if b, err := asterisk.ParseBlock(frame.Raw); err == nil && b.Get("Timestamp") != "" {
				told = append(told, text(b))
			}
		}
		s := play(t, session, playback.Options{})
		defer s.stop()
		m := s.connect(t)
		m.ask(t, "Action: Login")
		<-s.Done()
		synctest.Wait()
		var heard []string
		for _, h := range m.heard()[2:] { // the answer to the login, and FullyBooted
			heard = append(heard, text(h.Block))
		}
		require.Equal(t, len(told), len(heard))
		assert.Equal(t, told, heard)
	})
}

func TestClientsAreAnsweredFromTheStateOfTheMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t, stream(t, theSampleCall), playback.Options{})
		defer s.stop()
		m := s.connect(t).login(t)

		list := func(action, event string) []asterisk.Block {
			var items []asterisk.Block
			answers := m.ask(t, "Action: "+action+"|ActionID: x")
			require.Equal(t, "start", answers[0].Get("EventList"), action)
			for _, b := range answers {
				if b.ActionID() == "x" && b.Event() == event {
					items = append(items, b)
				}
			}
			return items
		}
		assert.Empty(t, list("CoreShowChannels", "CoreShowChannel"))
		assert.Len(t, list("QueueStatus", "QueueParams"), 3, "the queues are known before anything happens")

		time.Sleep(6*time.Second + 400*time.Millisecond) // the caller waits in the queue
		entries := list("QueueStatus", "QueueEntry")
		require.Len(t, entries, 1)
		assert.Equal(t, "Event: QueueEntry|Queue: sales|Position: 1|Channel: PJSIP/trunk-pstn-00000000|Uniqueid: 1795395601.0|"+
			"CallerIDNum: 2125550001|CallerIDName: Blue Harbor|ConnectedLineNum: 1001|ConnectedLineName: Agent 1001|Wait: 0|Priority: 0|ActionID: x",
			text(entries[0]))

		time.Sleep(4 * time.Second) // they talk
		assert.Empty(t, list("QueueStatus", "QueueEntry"))
		channels := list("CoreShowChannels", "CoreShowChannel")
		require.Len(t, channels, 2)
		assert.Equal(t, "Event: CoreShowChannel|ActionID: x|Channel: PJSIP/trunk-pstn-00000000|ChannelState: 6|ChannelStateDesc: Up|"+
			"CallerIDNum: 2125550001|CallerIDName: Blue Harbor|ConnectedLineNum: 1001|ConnectedLineName: Agent 1001|Language: en|AccountCode: |"+
			"Context: queues|Exten: sales|Priority: 2|Uniqueid: 1795395601.0|Linkedid: 1795395601.0|Application: Queue|"+
			"ApplicationData: "+channels[0].Get("ApplicationData")+"|Duration: 00:00:09|BridgeId: "+channels[1].Get("BridgeId"), text(channels[0]))
		assert.Equal(t, "1795395601.0", channels[1].Get("Linkedid"))
		assert.NotEmpty(t, channels[1].Get("BridgeId"))

		members := list("QueueStatus", "QueueMember")
		require.Len(t, members, 1)
		assert.Equal(t, "Event: QueueMember|Queue: sales|Name: Agent/1001|Location: PJSIP/1001|StateInterface: PJSIP/1001|Membership: dynamic|"+
			"Penalty: 0|CallsTaken: 0|LastCall: 0|LastPause: 0|LoginTime: 1795395600|InCall: 1|Status: 2|Paused: 0|PausedReason: |Wrapuptime: 0|ActionID: x",
			text(members[0]))
		assert.Len(t, list("Status", "Status"), 2)
		assert.Len(t, list("Status|Channel: PJSIP/1001-00000001", "Status"), 1)
		assert.Contains(t, list("Status|AllVariables: true", "Status")[0].All("Variable"), "ACCOUNT=100200")
		summary := list("QueueSummary|Queue: sales", "QueueSummary")
		require.Len(t, summary, 1)
		assert.Equal(t, "1", summary[0].Get("LoggedIn"))
		assert.NotEmpty(t, list("DeviceStateList", "DeviceStateChange"))
		status := m.ask(t, "Action: CoreStatus")[0]
		assert.Equal(t, "2", status.Get("CoreCurrentCalls"))
		assert.Equal(t, "00:59:56", status.Get("CoreStartupTime"))

		time.Sleep(time.Minute) // all is over
		assert.Empty(t, list("CoreShowChannels", "CoreShowChannel"))
		assert.Empty(t, list("QueueStatus", "QueueMember"))
	})
}

func TestPingTellsTheTimeOfTheSwitch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t, hello(), playback.Options{Speed: 2})
		defer s.stop()
		m := s.connect(t).login(t)
		time.Sleep(time.Second)
		assert.Equal(t, []string{"Response: Success|ActionID: p|Ping: Pong|Timestamp: 1795395602.000000"},
			texts(m.ask(t, "Action: Ping|ActionID: p")))
	})
}

func TestWhoPlaysTakesWhatTheRecordingCannotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		options := playback.Options{Do: func(request string) bool {
			asked = append(asked, request)
			return !strings.Contains(request, "Hangup") && !strings.Contains(request, "kill")
		}}
		s := play(t, hello(), options)
		defer s.stop()
		m := s.connect(t)
		m.ask(t, "Action: QueuePause|ActionID: early|Paused: true")
		assert.Empty(t, asked, "nobody is logged in")
		m.login(t)
		done := m.ask(t, "Action: QueuePause|ActionID: q|Paused: true")
		require.Len(t, done, 1)
		assert.Equal(t, "Success", done[0].Get("Response"))
		assert.Equal(t, "q", done[0].ActionID())
		assert.Equal(t, "Error", m.ask(t, "Action: Hangup|Channel: x")[0].Get("Response"))
		require.Len(t, asked, 2)
		assert.Contains(t, asked[0], "Paused: true")

		e := playESL(t, eslHello(), options)
		defer e.stop()
		c := e.connectESL(t).login()
		assert.Equal(t, "+OK", c.text("api uuid_hold 7"))
		assert.Contains(t, c.text("api uuid_kill 7"), "-ERR uuid_kill Command not found")
		assert.Equal(t, []string{"uuid_hold 7", "uuid_kill 7"}, asked[2:])
	})
}

func TestAFakeSwitchCannotBeAskedToDoAnything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t, hello(), playback.Options{})
		defer s.stop()
		m := s.connect(t).login(t)
		answers := m.ask(t, "Action: QueuePause|ActionID: q|Paused: true")
		require.Len(t, answers, 1)
		assert.Equal(t, "Error", answers[0].Get("Response"))
		assert.Equal(t, "q", answers[0].ActionID())
		assert.Contains(t, answers[0].Get("Message"), "QueuePause")
		assert.Equal(t, "Error", m.ask(t, "Foo: bar")[0].Get("Response"))
		assert.Empty(t, m.ask(t, "not an action"))

		assert.Equal(t, []string{"Response: Goodbye|Message: Thanks for all the fish."}, texts(m.ask(t, "Action: Logoff")))
		assert.True(t, m.closed())
	})
}

func TestARedatedSessionHappensNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t, stream(t, theSampleCall), playback.Options{Redate: true, Loop: true, Speed: 4, LoopPause: time.Second})
		defer s.stop()
		m := s.connect(t).login(t)
		time.Sleep(11 * time.Second)
		synctest.Wait()
		ids := map[string]int{}
		for _, h := range m.heard() {
			at, ok := h.Timestamp()
			require.True(t, ok)
			require.WithinDuration(t, s.began.Add(h.after), at, 10*time.Millisecond)
			if h.Event() == "Newchannel" {
				ids[h.Get("Uniqueid")]++
				require.Contains(t, m.texts("Hangup"), h.Get("Uniqueid"))
			}
		}
		assert.Len(t, ids, 4, "two passes of a call with two channels: %v", ids)
		assert.NotContains(t, strings.Join(m.texts(""), ""), "17953956", "nothing of the recording's time is left")
	})
}

func TestALoopThatEndsInTheMiddleOfCallsBreaksTheLinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t, ami(
			"Event: Newchannel|Timestamp: 1795395600.000000|Channel: c|Uniqueid: 1795395600.1",
			"Event: QueueMemberAdded|Timestamp: 1795395601.000000|Queue: sales|Interface: PJSIP/1001|MemberName: Agent/1001",
		), playback.Options{Loop: true, LoopPause: time.Second})
		defer s.stop()
		m := s.connect(t).login(t)
		time.Sleep(1500 * time.Millisecond)
		assert.False(t, m.closed())
		assert.Contains(t, texts(m.ask(t, "Action: CoreShowChannels"))[2], "ListItems: 1")
		time.Sleep(time.Second)
		assert.True(t, m.closed(), "a switch that forgets calls must not do so silently")
		m = s.connect(t).login(t)
		assert.Contains(t, texts(m.ask(t, "Action: QueueStatus")), "Event: QueueMember|Queue: sales|Name: Agent/1001|Location: PJSIP/1001|"+
			"StateInterface: |Membership: |Penalty: |CallsTaken: |LastCall: |LastPause: |LoginTime: |InCall: |Status: |Paused: |PausedReason: |Wrapuptime: ",
			"who is logged in stays so")
	})
}

func TestASlowClientIsCutOffAndTheOthersAreNot(t *testing.T) {
	for name, options := range map[string]playback.Options{
		"does not read in time": {WriteTimeout: time.Second},
		"has too much to read":  {WriteTimeout: time.Hour, MaxUnread: 150},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := play(t, hello(), options)
				defer s.stop()
				slow, err := s.listener.Dial(t.Context(), "", "")
				require.NoError(t, err)
				reader := asterisk.NewFrameReader(slow)
				_, err = reader.Next()
				require.NoError(t, err)
				_, err = slow.Write([]byte("Action: Login\r\n\r\n"))
				require.NoError(t, err)
				other := s.connect(t)
				other.ask(t, "Action: Login")
				<-s.Done()
				time.Sleep(2 * time.Second)
				for err == nil {
					_, err = reader.Next()
				}
				assert.ErrorIs(t, err, io.EOF)
				assert.False(t, other.closed())
				assert.Equal(t, "10s D", events(other.heard())[len(other.heard())-1])
			})
		})
	}
}

func TestTheGapBetweenTwoRecordedConnectionsIsPlayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		session := append(ami(
			"Event: Newchannel|Timestamp: 1795395600.000000|Channel: a|Uniqueid: 1795395600.1",
			"Event: A|Timestamp: 1795395602.000000",
		), ami(
			"Event: CoreShowChannel|ActionID: 3|Channel: b|Uniqueid: 1795395603.2|Duration: 00:00:04",
			"Event: B|Timestamp: 1795395607.000000", "Event: C|Timestamp: 1795395609.000000",
		)...)
		s := play(t, session, playback.Options{})
		defer s.stop()
		m := s.connect(t).login(t)
		time.Sleep(3 * time.Second)
		assert.True(t, m.closed())
		again := s.connect(t)
		assert.True(t, again.closed(), "nobody can connect")
		time.Sleep(5 * time.Second)
		again = s.connect(t).login(t)
		answers := texts(again.ask(t, "Action: CoreShowChannels"))
		require.Len(t, answers, 3)
		assert.Contains(t, answers[1], "Channel: b|")
		assert.Contains(t, answers[1], "Duration: 00:00:05")
		time.Sleep(5 * time.Second)
		assert.Equal(t, "9s C", events(again.heard())[len(again.heard())-1])
	})
}

func TestAShutdownEndsTheConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t, ami("Event: A|Timestamp: 1795395600.0", "Event: Shutdown|Timestamp: 1795395601.0|Restart: True"), playback.Options{})
		defer s.stop()
		m := s.connect(t).login(t)
		<-s.Done()
		assert.Equal(t, []string{"1s Shutdown"}, events(m.heard()))
		assert.True(t, m.closed())
		s.connect(t).login(t)
	})
}

func TestWhatCannotBePlayedIsSaid(t *testing.T) {
	_, err := playback.ReadAMI(bytes.NewReader(ami("Event: Hangup|Uniqueid: 1.1")))
	assert.ErrorIs(t, err, playback.ErrNothingToPlay)
	broken := errors.New("broken")
	_, err = playback.ReadAMI(io.MultiReader(bytes.NewReader(hello()), brokenReader{broken}))
	assert.ErrorIs(t, err, broken)

	recording, err := playback.ReadAMI(bytes.NewReader(hello()))
	require.NoError(t, err)
	assert.Equal(t, 10*time.Second, recording.Length())
	_, err = playback.NewServer(connectiontest.NewListener(), recording, playback.Options{Speed: -1})
	assert.ErrorContains(t, err, "speed")
	everywhere, err := net.Listen("tcp", "0.0.0.0:0")
	require.NoError(t, err)
	defer everywhere.Close()
	_, err = playback.NewServer(everywhere, recording, playback.Options{})
	assert.ErrorContains(t, err, "username")
}

type brokenReader struct{ err error }

func (r brokenReader) Read([]byte) (int, error) { return 0, r.err }

func TestRunEndsWithTheListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		recording, err := playback.ReadAMI(bytes.NewReader(hello()))
		require.NoError(t, err)
		listener := connectiontest.NewListener()
		s, err := playback.NewServer(listener, recording, playback.Options{})
		require.NoError(t, err)
		ended := make(chan error, 1)
		go func() { ended <- s.Run(t.Context()) }()
		listener.Close()
		assert.ErrorIs(t, <-ended, net.ErrClosed)
	})
}
