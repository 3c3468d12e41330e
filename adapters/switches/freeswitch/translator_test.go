package freeswitch_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/adapters/switches/freeswitch"
	"github.com/callstate/callstate/adapters/switches/switchtest"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/link"
	"github.com/callstate/callstate/domain/wire"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What no recorded session has, from events as FreeSWITCH documents them or writes them in its source.

var begin = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func micro(at time.Time) string { return strconv.FormatInt(at.UnixMicro(), 10) }

// fired is an event with headers given as names and values in turn.
func fired(at time.Time, name string, namesAndValues ...string) freeswitch.Event {
	var text strings.Builder
	text.WriteString("Event-Name: " + name + "\nCore-UUID: core\nEvent-Date-Timestamp: " + micro(at) + "\n")
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		text.WriteString(namesAndValues[i] + ": " + strings.ReplaceAll(url.QueryEscape(namesAndValues[i+1]), "+", "%20") + "\n")
	}
	e, err := freeswitch.ParseEvent(plain(text.String() + "\n"))
	if err != nil {
		panic(err)
	}
	return e
}

// session is a switch that says one thing after the other, a tenth of a second apart.
type session struct {
	at     time.Time
	events []freeswitch.Event
}

func newSession() *session { return &session{at: begin} }

func (s *session) say(name string, namesAndValues ...string) *session {
	s.at = s.at.Add(100 * time.Millisecond)
	s.events = append(s.events, fired(s.at, name, namesAndValues...))
	return s
}

// wait lets time pass.
func (s *session) wait(d time.Duration) *session {
	s.at = s.at.Add(d)
	return s
}

// about is the headers of an event about a leg.
func about(leg, direction, channel string, more ...string) []string {
	return append([]string{"Unique-ID", leg, "Call-Direction", direction, "variable_direction", direction, "Channel-Name", channel}, more...)
}

// caller is a call from outside that the dialplan has answered.
func (s *session) caller() *session {
	s.say("CHANNEL_CREATE", about("caller", "inbound", "sofia/external/0205551001@carrier", "Caller-Caller-ID-Number", "0205551001",
		"Caller-Destination-Number", "0205550100", "Answer-State", "ringing")...)
	return s.say("CHANNEL_ANSWER", about("caller", "inbound", "sofia/external/0205551001@carrier", "Answer-State", "answered")...)
}

// waits puts the caller into the queue sales.
func (s *session) waits(member string) *session {
	return s.say("CUSTOM", append(about("caller", "inbound", "sofia/external/0205551001@carrier", "Answer-State", "answered"),
		"Event-Subclass", "callcenter::info", "CC-Action", "member-queue-start", "CC-Queue", "sales@default", "CC-Member-UUID", member,
		"CC-Member-Session-UUID", "caller")...)
}

// agent rings the agent 1001 for the caller in the queue, and lets him answer.
func (s *session) agent(member string) *session {
	ties := []string{"Channel-Presence-ID", "1001@cc.test", "variable_cc_member_session_uuid", "caller", "variable_cc_member_uuid", member,
		"variable_cc_queue", "sales@default", "variable_cc_agent", "1001@default"}
	s.say("CHANNEL_CREATE", about("agent", "outbound", "sofia/internal/1001@10.0.0.1", append(ties, "Answer-State", "ringing")...)...)
	s.say("CHANNEL_PROGRESS", about("agent", "outbound", "sofia/internal/1001@10.0.0.1", append(ties, "Answer-State", "ringing")...)...)
	return s.say("CHANNEL_ANSWER", about("agent", "outbound", "sofia/internal/1001@10.0.0.1", append(ties, "Answer-State", "answered")...)...)
}

// talk connects the caller with the agent.
func (s *session) talk(member string) *session {
	s.say("CUSTOM", append(about("agent", "outbound", "sofia/internal/1001@10.0.0.1", "Answer-State", "answered"), "Event-Subclass", "callcenter::info",
		"CC-Action", "bridge-agent-start", "CC-Queue", "sales@default", "CC-Agent", "1001@default", "CC-Agent-UUID", "agent",
		"CC-Member-UUID", member, "CC-Member-Session-UUID", "caller")...)
	return s.of("caller", "CHANNEL_BRIDGE", "Bridge-A-Unique-ID", "caller", "Bridge-B-Unique-ID", "agent")
}

// of is an event about a leg that is known and answered.
func (s *session) of(leg, name string, more ...string) *session {
	return s.say(name, append([]string{"Unique-ID", leg, "Answer-State", "answered"}, more...)...)
}

// ends is the end of a leg: recv_bye where it hung up itself.
func (s *session) ends(leg, disposition string) *session {
	end := []string{"Unique-ID", leg, "Answer-State", "hangup", "Hangup-Cause", "NORMAL_CLEARING", "variable_sip_hangup_disposition", disposition}
	return s.say("CHANNEL_HANGUP", end[:6]...).say("CHANNEL_HANGUP_COMPLETE", end...)
}

// calls are the calls of the session, by the id of the leg that began them.
func (s *session) calls(t *testing.T) map[string]call.State {
	t.Helper()
	calls := map[string]call.State{}
	byStream, _ := switchtest.Calls(t, s.log(t))
	for _, state := range byStream {
		calls[state.SwitchCallID] = state
	}
	return calls
}

// log is the history of the session.
func (s *session) log(t *testing.T) *memory.Store {
	t.Helper()
	log := memory.New()
	e := engine.New(log, time.Now, nil)
	translator := freeswitch.NewTranslator(freeswitch.Vocabulary{Switch: "pbx"})
	require.NoError(t, e.Ingest(t.Context(), translator.LinkUp("", time.Time{})))
	for _, event := range s.events {
		require.NoError(t, e.Ingest(t.Context(), translator.Translate(event, time.Time{})))
	}
	require.NoError(t, e.Ingest(t.Context(), translator.LinkDown("end", time.Time{})))
	return log
}

// callcenter sends no member-queue-end for a caller who leaves between the agent's answer and the bridge.
func TestACallerWhoLeavesJustAsTheAgentAnswers(t *testing.T) {
	c := newSession().caller().waits("m1").agent("m1").ends("caller", "recv_bye").ends("agent", "send_bye").calls(t)["caller"]
	require.Len(t, c.Visits, 1)
	assert.Equal(t, call.VisitAbandoned, c.Visits[0].End)
	assert.True(t, c.Ended())
	assert.Equal(t, call.PartyID("caller"), c.EndedBy)
}

// BREAK_OUT is what callcenter says of a caller who hangs up, and of one who is sent elsewhere by a command.
func TestACallerWhoIsSentElsewhereHasNotGivenUp(t *testing.T) {
	s := newSession().caller().waits("m1")
	s.say("CUSTOM", "Unique-ID", "caller", "Answer-State", "answered", "Event-Subclass", "callcenter::info", "CC-Action", "member-queue-end", "CC-Queue", "sales@default",
		"CC-Member-UUID", "m1", "CC-Member-Session-UUID", "caller", "CC-Cause", "Cancel", "CC-Cancel-Reason", "BREAK_OUT")
	c := s.of("caller", "CHANNEL_EXECUTE", "Application", "playback", "Application-Data", "closed.wav").ends("caller", "recv_bye").calls(t)["caller"]
	require.Len(t, c.Visits, 1)
	assert.Equal(t, call.Left, c.Visits[0].End)
	assert.Equal(t, call.Redirected, c.Visits[0].Reason)
}

// A caller who comes back is given the place that he had (abandoned-resume-allowed), under the old member's id.
func TestACallerWhoComesBackWaitsAnew(t *testing.T) {
	s := newSession().caller()
	s.say("CUSTOM", append(about("caller", "inbound", "sofia/external/0205551001@carrier", "Answer-State", "answered"),
		"Event-Subclass", "callcenter::info", "CC-Action", "member-queue-resume", "CC-Queue", "sales@default", "CC-Member-UUID", "of-the-first-call",
		"CC-Member-Session-UUID", "caller")...)
	c := s.agent("of-the-first-call").talk("of-the-first-call").ends("agent", "recv_bye").ends("caller", "send_bye").calls(t)["caller"]
	require.Len(t, c.Visits, 1)
	assert.Equal(t, []any{call.Distributed, "1001"}, []any{c.Visits[0].End, c.Visits[0].Agent})
	assert.Equal(t, call.PartyID("agent"), c.EndedBy)
}

// The list of channels does not tell for whom the switch calls a telephone; what comes next does.
func TestATelephoneThatRingsDuringASnapshotIsNoCallOfItsOwn(t *testing.T) {
	s := newSession().caller().waits("m1")
	for _, answer := range []string{`{"row_count":2,"rows":[
		{"uuid":"caller","direction":"inbound","name":"sofia/external/0205551001@carrier","callstate":"ACTIVE"},
		{"uuid":"agent","direction":"outbound","name":"sofia/internal/1001@10.0.0.1","presence_id":"1001@cc.test","callstate":"RINGING"}]}`,
		"-ERR callcenter_config Command not found!"} {
		s.events = append(s.events, freeswitch.Event{Type: "api/response", Body: answer})
	}
	calls := s.agent("m1").talk("m1").ends("agent", "recv_bye").ends("caller", "send_bye").calls(t)
	require.Len(t, calls, 1)
	agent, ok := calls["caller"].Party("agent")
	require.True(t, ok)
	assert.Equal(t, []any{"1001", "sales", true}, []any{agent.Agent, agent.Queue, !agent.AlertingAt.IsZero()})
}

func TestATransferThatWasAskedForHereHasAnAuthor(t *testing.T) {
	s := newSession().caller().waits("m1").agent("m1").talk("m1").wait(3 * time.Second)
	s.say("CHANNEL_HANGUP", "Unique-ID", "agent", "Answer-State", "hangup", "Hangup-Cause", "NORMAL_CLEARING", "variable_callstate_transfer", "1003")
	s.of("caller", "CHANNEL_UNBRIDGE", "Bridge-A-Unique-ID", "caller", "Bridge-B-Unique-ID", "agent", "Caller-Transfer-Source", "1:x:bl_xfer:1003/internal/XML")
	s.say("CHANNEL_HANGUP_COMPLETE", "Unique-ID", "agent", "Answer-State", "hangup", "Hangup-Cause", "NORMAL_CLEARING", "variable_sip_hangup_disposition", "send_bye")
	c := s.ends("caller", "recv_bye").calls(t)["caller"]
	require.Len(t, c.Transfers, 1)
	assert.Equal(t, []any{call.Blind, call.PartyID("agent"), "1003"}, []any{c.Transfers[0].Kind, c.Transfers[0].By, c.Transfers[0].To})
}

func TestASupervisorWhoIsHeardFromTheStart(t *testing.T) {
	for name, s := range map[string]struct {
		aleg, bleg string
		mode       call.SupervisionMode
	}{"by nobody": {"", "", call.Silent}, "by the agent": {"true", "", call.Whisper}, "by both": {"true", "true", call.Barge}} {
		t.Run(name, func(t *testing.T) {
			listening := newSession().caller().waits("m1").agent("m1").talk("m1")
			listening.say("CHANNEL_CREATE", about("boss", "outbound", "sofia/internal/1007@10.0.0.7", "Channel-Presence-ID", "1007@cc.test", "Answer-State", "ringing")...)
			listening.of("boss", "CHANNEL_EXECUTE", "Application", "eavesdrop", "Application-Data", "agent",
				"variable_eavesdrop_whisper_aleg", s.aleg, "variable_eavesdrop_whisper_bleg", s.bleg)
			c := listening.ends("boss", "recv_bye").ends("caller", "recv_bye").ends("agent", "send_bye").calls(t)["caller"]
			require.Len(t, c.Observers, 1)
			assert.Equal(t, []any{"1007", s.mode}, []any{c.Observers[0].DN, c.Observers[0].Mode})
			assert.False(t, c.Observers[0].LeftAt.IsZero())
		})
	}
}

func TestARecordingIsMaskedByACommand(t *testing.T) {
	s := newSession().caller().waits("m1").agent("m1").talk("m1")
	s.of("agent", "RECORD_START", "Record-File-Path", "/rec/a.wav")
	s.say("API", "API-Command", "uuid_record", "API-Command-Argument", "agent mask /rec/a.wav")
	paused := s.calls(t)["caller"].Recordings
	require.Len(t, paused, 1)
	assert.Equal(t, []any{"/rec/a.wav", call.Paused}, []any{paused[0].ID, paused[0].State})
	s.say("API", "API-Command", "uuid_record", "API-Command-Argument", "agent unmask /rec/a.wav")
	assert.Equal(t, call.Recorded, s.calls(t)["caller"].Recordings[0].State)
	s.of("agent", "RECORD_STOP", "Record-File-Path", "/rec/a.wav")
	assert.Equal(t, call.Stopped, s.calls(t)["caller"].Recordings[0].State)
}

func TestACallIsParkedAndTakenFromThere(t *testing.T) {
	s := newSession().caller()
	s.of("caller", "CUSTOM", "Event-Subclass", "valet_parking::info", "Action", "hold", "Valet-Extension", "6001")
	parked := s.calls(t)["caller"].Parkings
	require.Len(t, parked, 1)
	assert.Equal(t, []any{"6001", call.PartyID("caller"), true}, []any{parked[0].Space, parked[0].Party, parked[0].EndedAt.IsZero()})

	s.say("CHANNEL_CREATE", about("taker", "inbound", "sofia/internal/1004@cc.test", "Channel-Presence-ID", "1004@cc.test",
		"Caller-Destination-Number", "6001", "Answer-State", "ringing")...)
	s.of("taker", "CUSTOM", "Event-Subclass", "valet_parking::info", "Action", "bridge", "Valet-Extension", "6001", "Bridge-To-UUID", "caller")
	s.of("caller", "CHANNEL_BRIDGE", "Bridge-A-Unique-ID", "caller", "Bridge-B-Unique-ID", "taker")
	calls := s.ends("caller", "recv_bye").ends("taker", "send_bye").calls(t)
	taken := calls["caller"]
	assert.Equal(t, []any{call.ParkRetrieved, "1004"}, []any{taken.Parkings[0].Reason, taken.Parkings[0].By})
	assert.Equal(t, []call.ConnID{calls["taker"].ConnID}, taken.Absorbed, "the call of who took it has become part of this one")
}

// A telephone is out of service when its registration has expired, and in service when it registers, or is heard to ring.
func TestATelephoneThatIsNotRegisteredIsOutOfService(t *testing.T) {
	expires := func() *session {
		return newSession().caller().waits("m1").say("CUSTOM", "Event-Subclass", "sofia::expire", "profile-name", "internal", "user", "1001", "host", "cc.test")
	}
	for name, s := range map[string]*session{
		"it registers": expires().say("CUSTOM", "Event-Subclass", "sofia::register", "profile-name", "internal", "from-user", "1001"),
		"it rings":     expires().agent("m1"),
	} {
		t.Run(name, func(t *testing.T) {
			var told []string
			for r, err := range s.log(t).ReadStream(t.Context(), wire.SwitchStream("pbx"), 1) {
				require.NoError(t, err)
				told = append(told, r.Type+" "+string(r.Data))
			}
			require.Len(t, told, 4)
			assert.Equal(t, []string{`DeviceOutOfService {"switch":"pbx","dn":"1001"}`, `DeviceInService {"switch":"pbx","dn":"1001"}`}, told[1:3])
		})
	}
}

func TestWhatIsMissedIsTold(t *testing.T) {
	s := newSession()
	for _, n := range []string{"10", "13", "12", "900", "899", "10000"} {
		s.say("HEARTBEAT", "Event-Sequence", n)
	}
	log := memory.New()
	e := engine.New(log, time.Now, nil)
	translator := freeswitch.NewTranslator(freeswitch.Vocabulary{Switch: "pbx"})
	require.NoError(t, e.Ingest(t.Context(), translator.LinkUp("", time.Time{})))
	for _, event := range s.events {
		require.NoError(t, e.Ingest(t.Context(), translator.Translate(event, time.Time{})))
	}
	var gaps []string
	for r, err := range log.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		if r.Type == "GapDetected" {
			gaps = append(gaps, string(r.Data))
		}
	}
	assert.Equal(t, []string{`{"switch":"pbx","missed":886}`, `{"switch":"pbx","missed":9099}`}, gaps,
		"a few numbers are for others, and some come late; hundreds are lost")
}

// What somebody else asks in the background is answered as a list without rows is.
func TestNoJobOfOthersIsTakenForAListOfASnapshot(t *testing.T) {
	translator := freeswitch.NewTranslator(vocabulary())
	snapshots := 0
	tell := func(e freeswitch.Event) {
		for _, o := range translator.Translate(e, begin) {
			if _, is := o.LinkFact.(link.SnapshotIs); is {
				snapshots++
			}
		}
	}
	list := func(body string) freeswitch.Event { return freeswitch.Event{Type: "api/response", Body: body} }
	job := fired(begin, "BACKGROUND_JOB", "Job-Command", "callcenter_config", "Job-Command-Arg", "agent set status 1001@cc Available")
	job.Body = "+OK\n"

	translator.LinkUp("1.10", begin)
	tell(fired(begin, "HEARTBEAT"))
	for _, e := range []freeswitch.Event{
		list(`{"row_count":0}`), list(`{"row_count":0}`), list("+OK\n"), list("name|strategy|state\nsales@cc|ring-all|0\n"), job, list("+OK\n"),
	} {
		tell(e)
		assert.Zero(t, snapshots, "the list of the tiers is still to come")
	}
	tell(list("+OK\n"))
	assert.Equal(t, 1, snapshots)
}

// After-call work that goes on while the engine is started anew ends when it would have, and has ended where that is over.
func TestAfterCallWorkGoesOnAcrossAStart(t *testing.T) {
	for name, now := range map[string]time.Time{"it goes on": begin.Add(10 * time.Second), "it was over meanwhile": begin.Add(time.Minute)} {
		t.Run(name, func(t *testing.T) {
			e := engine.New(memory.New(), func() time.Time { return now }, nil)
			of := call.NewConnID(begin.Add(-time.Minute), "pbx", "a leg")
			require.NoError(t, e.Ingest(t.Context(), []engine.Observation{
				{Agent: "1001", AgentFact: agent.SessionIs{At: begin.Add(-time.Hour), Agent: "1001", Switch: "pbx", DN: "1001", LoggedIn: true}},
				{Agent: "1001", AgentFact: agent.AfterCallWorkIs{At: begin, ConnID: of, Working: true, Limit: 30 * time.Second}},
			}))
			works := func() bool {
				session, err := e.Agent(t.Context(), "1001")
				require.NoError(t, err)
				return session.ACW.Active()
			}
			require.True(t, works())

			translator := freeswitch.NewTranslator(vocabulary())
			hears := func(event freeswitch.Event) {
				require.NoError(t, e.Ingest(t.Context(), translator.Translate(event, now)))
			}
			translator.Resume(nil, now)
			require.NoError(t, e.Ingest(t.Context(), translator.LinkUp("1.10", now)))
			hears(fired(now, "HEARTBEAT"))
			for _, list := range []string{
				`{"row_count":0}`, `{"row_count":0}`,
				"name|instance_id|contact|status|state|wrap_up_time|last_bridge_end\n1001@cc|single_box|user/1001@cc|Available|Waiting|30|" + strconv.FormatInt(begin.Unix(), 10) + "\n",
				"name|strategy|state\n", "queue|agent|state|level|position\nsales@cc|1001@cc|Ready|1|1\n",
			} {
				hears(freeswitch.Event{Type: "api/response", Body: list})
			}
			assert.Equal(t, name == "it goes on", works())
			require.NoError(t, e.Ingest(t.Context(), translator.Advance(begin.Add(2*time.Minute))))
			assert.False(t, works())
		})
	}
}

// Who logs in at a telephone of another number than his own takes calls there.
func TestAnAgentLogsInAtAnotherTelephone(t *testing.T) {
	e := engine.New(memory.New(), func() time.Time { return begin }, nil)
	translator := freeswitch.NewTranslator(vocabulary())
	for _, event := range []freeswitch.Event{
		fired(begin, "HEARTBEAT"),
		fired(begin.Add(time.Second), "API", "API-Command", "callcenter_config", "API-Command-Argument", "agent set contact 1001@cc.test [leg_timeout=8]user/2001@cc.test"),
		fired(begin.Add(2*time.Second), "CUSTOM", "Event-Subclass", "callcenter::info", "CC-Action", "agent-status-change", "CC-Agent", "1001@cc.test", "CC-Agent-Status", "Available"),
	} {
		require.NoError(t, e.Ingest(t.Context(), translator.Translate(event, begin)))
	}
	session, err := e.Agent(t.Context(), "1001")
	require.NoError(t, err)
	assert.True(t, session.LoggedIn)
	assert.Equal(t, "2001", session.DN)
}

// What a desktop has corrected stays corrected when the engine is started anew, although the switch has its variable still.
func TestCorrectedDataStaysCorrected(t *testing.T) {
	e := engine.New(memory.New(), func() time.Time { return begin }, nil)
	first := freeswitch.NewTranslator(vocabulary())
	leg := about("caller", "inbound", "sofia/external/2125550001@pstn", "variable_customer_tier", "silver", "variable_language", "en")
	hears := func(translator *freeswitch.Translator, event freeswitch.Event) {
		require.NoError(t, e.Ingest(t.Context(), translator.Translate(event, begin)))
	}
	hears(first, fired(begin, "CHANNEL_CREATE", leg...))
	hears(first, fired(begin.Add(time.Second), "CHANNEL_ANSWER", leg...))
	live, err := e.Live(t.Context(), "pbx")
	require.NoError(t, err)
	require.Len(t, live, 1)
	id := live[0].ConnID
	_, err = e.Request(t.Context(), id, call.ChangeUserData{At: begin.Add(2 * time.Second), Actor: "agent:1001", Set: []call.Pair{{Key: "customer_tier", Value: "gold"}}, Delete: []string{"language"}})
	require.NoError(t, err)

	live, err = e.Live(t.Context(), "pbx")
	require.NoError(t, err)
	second := freeswitch.NewTranslator(vocabulary())
	second.Resume(live, begin)
	hears(second, fired(begin.Add(5*time.Second), "CHANNEL_EXECUTE", leg...))
	state, err := e.Call(t.Context(), id)
	require.NoError(t, err)
	assert.Equal(t, []call.Pair{{Key: "customer_tier", Value: "gold"}}, state.UserData())
}
