package asterisk_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// manager notes the actions that it is sent, and says what it is told to.
type manager struct {
	actions []asterisk.Action
	answers []error // in turn; nil when there are no more
}

func (m *manager) Do(_ context.Context, a asterisk.Action) (asterisk.Response, error) {
	m.actions = append(m.actions, a)
	if len(m.answers) == 0 {
		return asterisk.Response{}, nil
	}
	err := m.answers[0]
	m.answers = m.answers[1:]
	return asterisk.Response{}, err
}

// channelNames are channels by party.
type channelNames map[call.PartyID]string

func (n channelNames) ChannelName(id call.PartyID) (string, bool) {
	name, ok := n[id]
	return name, ok
}

var channels = channelNames{
	"caller": "PJSIP/trunk-pstn-00000009", "agent": "PJSIP/1001-00000008", "third": "PJSIP/1003-0000000a",
}

// headers are an action's headers with its name; a header that comes several times is a list.
func headers(a asterisk.Action) map[string]string {
	all := map[string]string{"Action": a.Name}
	for _, h := range a.Headers {
		if before, again := all[h.Name]; again {
			all[h.Name] = before + " | " + h.Value
		} else {
			all[h.Name] = h.Value
		}
	}
	return all
}

// recordedAction is what was sent to a real Asterisk in a recorded session, which did it, and when.
func recordedAction(t *testing.T, session, id string) (action map[string]string, at time.Time) {
	t.Helper()
	file, err := os.ReadFile("testdata/actions.jsonl")
	require.NoError(t, err)
	for lines := bufio.NewScanner(bytes.NewReader(file)); lines.Scan(); {
		var a struct {
			Session, ID string
			At          float64 // Unix time
			Headers     map[string]any
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &a))
		if a.Session != session || a.ID != id {
			continue
		}
		all := map[string]string{}
		for name, value := range a.Headers {
			all[name] = fmt.Sprint(value)
			if list, ok := value.([]any); ok {
				all[name] = strings.Trim(strings.Join(strings.Fields(fmt.Sprint(list)), " | "), "[]")
			}
		}
		return all, time.UnixMicro(int64(a.At * 1e6))
	}
	t.Fatalf("no action %s in session %s", id, session)
	return nil, time.Time{}
}

func ofCall(service call.Service, change func(*call.Order)) engine.Order {
	do := call.Order{RequestMade: call.RequestMade{ID: "c1", Request: service, Party: "agent", DN: "1001"}, Peers: []call.PartyID{"caller"}}
	if change != nil {
		change(&do)
	}
	return engine.Order{Switch: "pbx1", Call: callID, Do: &do}
}

func ofAgent(id string, do agent.Order) engine.Order {
	return engine.Order{Switch: "pbx1", Agent: id, DoAgent: &do}
}

var callID = call.NewConnID(time.Unix(1795395601, 0), "pbx1", "1795395601.0")

func order(service call.Service, dn string, queues []string, reason string) agent.Order {
	return agent.Order{AgentRequestMade: agent.AgentRequestMade{ID: "c1", Request: service, DN: dn, Queues: queues, Reason: reason}, Switch: "pbx1"}
}

// Every action is one that was sent to a real Asterisk and done by it, with the same headers. What differs is named.
func TestActionsAreThoseOfTheRecordings(t *testing.T) {
	to := func(target string) func(*call.Order) {
		return func(o *call.Order) { o.Target, o.TargetParty = target, "caller" }
	}
	of := func(o *call.Order) { o.TargetParty, o.Recording = "caller", "r1" }
	dial := agent.Order{AgentRequestMade: agent.AgentRequestMade{ID: "c1", Request: call.MakesCall, DN: "1001", Target: "96465559901"},
		Switch: "pbx1", SwitchCallID: "orig-1001-6465559901",
		Data: []call.Pair{{Key: "ACCOUNT", Value: "100200"}, {Key: "CALL_REASON", Value: "callback"}, {Key: "SHELL(reboot)", Value: "x"}}}
	for name, s := range map[string]struct {
		order       engine.Order
		session, id string
		differs     map[string]string // ours, where it is meant to differ
	}{
		"blind transfer": {order: ofCall(call.BlindTransfers, to("1003")), session: "08-blind-transfer", id: "lab-10", differs: map[string]string{"Channel": "PJSIP/1001-00000008"}},
		"redirect":       {order: ofCall(call.Redirects, to("601")), session: "08-blind-transfer", id: "lab-11"},
		"consultation":   {order: ofCall(call.StartsConsult, to("1004")), session: "09-attended-transfer", id: "lab-11"},
		"back to the caller": {order: ofCall(call.CancelsConsult, func(o *call.Order) { o.ConsultParty = "agent" }),
			session: "09-attended-transfer", id: "lab-12"},
		"park":             {order: ofCall(call.Parks, of), session: "17-park", id: "lab-9", differs: map[string]string{"Channel": "PJSIP/trunk-pstn-00000009", "TimeoutChannel": "PJSIP/1001-00000008"}},
		"recording":        {order: ofCall(call.StartsRecording, of), session: "18-recording", id: "lab-9", differs: map[string]string{"Channel": "PJSIP/trunk-pstn-00000009", "File": callID.String() + "-d0f631ca1ddba8db.wav"}},
		"recording paused": {order: ofCall(call.PausesRecording, of), session: "18-recording", id: "lab-10", differs: map[string]string{"Channel": "PJSIP/trunk-pstn-00000009"}},
		"recording goes on": {order: ofCall(call.ResumesRecording, of), session: "18-recording", id: "lab-11",
			differs: map[string]string{"Channel": "PJSIP/trunk-pstn-00000009"}},
		"recording stopped": {order: ofCall(call.StopsRecording, of), session: "18-recording", id: "lab-12", differs: map[string]string{"Channel": "PJSIP/trunk-pstn-00000009"}},
		"barging in": {order: ofCall(call.Monitors, func(o *call.Order) {
			o.DN, o.Party, o.TargetParty, o.Mode = "1090", "", "agent", call.Barge
		}), session: "14-chanspy", id: "lab-9", differs: map[string]string{"Data": "PJSIP/1001-00000008,qBE", "CallerID": "Monitor <1090>"}},
		"making a call":    {order: ofAgent("1001", dial), session: "13-outbound", id: "lab-10", differs: map[string]string{"CallerID": `"Call to 96465559901" <96465559901>`}},
		"login":            {order: ofAgent("1001", order(agent.LogsIn, "1001", []string{"sales"}, "")), session: "01-answered-caller-hangs-up", id: "lab-8"},
		"logout":           {order: ofAgent("1001", order(agent.LogsOut, "1001", []string{"sales"}, "")), session: "01-answered-caller-hangs-up", id: "lab-9"},
		"not ready":        {order: ofAgent("1004", order(agent.BecomesNotReady, "1004", nil, "lunch")), session: "07-agent-shift", id: "lab-10"},
		"ready":            {order: ofAgent("1004", order(agent.BecomesReady, "1004", nil, "")), session: "07-agent-shift", id: "lab-12"},
		"not ready in one": {order: ofAgent("1004", order(agent.BecomesNotReady, "1004", []string{"sales"}, "meeting")), session: "07-agent-shift", id: "lab-15"},
		"ready in one":     {order: ofAgent("1004", order(agent.BecomesReady, "1004", []string{"sales"}, "")), session: "07-agent-shift", id: "lab-16"},
	} {
		t.Run(name, func(t *testing.T) {
			m := &manager{}
			x := asterisk.NewExecutor(m, channels, asterisk.Dialplan{Context: "from-internal", ParkTimeout: 30 * time.Second, Variables: []string{"ACCOUNT", "CALL_REASON"}})
			require.NoError(t, x.Execute(t.Context(), s.order))
			require.Len(t, m.actions, 1)
			want, _ := recordedAction(t, s.session, s.id)
			for header, value := range s.differs {
				require.NotEqual(t, want[header], value)
				want[header] = value
			}
			assert.Equal(t, want, headers(m.actions[0]))
		})
	}
}

// written are actions as lines, for those that no recording has.
func written(actions []asterisk.Action) []string {
	var lines []string
	for _, a := range actions {
		line := a.Name
		for _, h := range a.Headers {
			line += " " + h.Name + "=" + h.Value
		}
		lines = append(lines, line)
	}
	return lines
}

func TestActionsThatNoRecordingHas(t *testing.T) {
	about := func(consultParty call.PartyID) func(*call.Order) {
		return func(o *call.Order) { o.ConsultParty, o.TargetParty = consultParty, "third" }
	}
	listening := func(mode call.SupervisionMode) engine.Order {
		return ofCall(call.Monitors, func(o *call.Order) { o.DN, o.Party, o.TargetParty, o.Mode = "1090", "", "agent", mode })
	}
	for name, s := range map[string]struct {
		order engine.Order
		want  []string
	}{
		"release":           {ofCall(call.Releases, nil), []string{"Hangup Channel=PJSIP/1001-00000008 Cause=16"}},
		"drop a party":      {ofCall(call.DropsParty, func(o *call.Order) { o.TargetParty = "third" }), []string{"Hangup Channel=PJSIP/1003-0000000a Cause=16"}},
		"complete transfer": {ofCall(call.CompletesTransfer, about("agent")), []string{"Hangup Channel=PJSIP/1001-00000008 Cause=16"}},
		"conference": {ofCall(call.CompletesConference, about("agent")), []string{
			"PlayDTMF Channel=PJSIP/1001-00000008 Digit=* Receive=true", "PlayDTMF Channel=PJSIP/1001-00000008 Digit=3 Receive=true"}},
		"digits to the other side": {ofCall(call.SendsDigits, func(o *call.Order) { o.Digits = "1#" }), []string{
			"PlayDTMF Channel=PJSIP/trunk-pstn-00000009 Digit=1", "PlayDTMF Channel=PJSIP/trunk-pstn-00000009 Digit=#"}},
		"digits to an IVR": {ofCall(call.SendsDigits, func(o *call.Order) { o.Digits, o.Peers = "1", nil }), []string{"PlayDTMF Channel=PJSIP/1001-00000008 Digit=1 Receive=true"}},
		"listening":        {listening(call.Silent), []string{"Originate Channel=PJSIP/1090 Application=ChanSpy Data=PJSIP/1001-00000008,qE CallerID=Monitor <1090> Async=true"}},
		"whispering":       {listening(call.Whisper), []string{"Originate Channel=PJSIP/1090 Application=ChanSpy Data=PJSIP/1001-00000008,qwE CallerID=Monitor <1090> Async=true"}},
		"login to two queues": {ofAgent("1001", order(agent.LogsIn, "1001", []string{"sales", "support"}, "")), []string{
			"QueueAdd Queue=sales Interface=PJSIP/1001 MemberName=Agent/1001 StateInterface=PJSIP/1001 Penalty=0 Paused=false",
			"QueueAdd Queue=support Interface=PJSIP/1001 MemberName=Agent/1001 StateInterface=PJSIP/1001 Penalty=0 Paused=false"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := &manager{}
			require.NoError(t, asterisk.NewExecutor(m, channels, asterisk.Dialplan{ThreeWayCode: "*3"}).Execute(t.Context(), s.order))
			assert.Equal(t, s.want, written(m.actions))
		})
	}
}

func TestMembersMayBeLocalChannels(t *testing.T) {
	m := &manager{}
	x := asterisk.NewExecutor(m, channels, asterisk.Dialplan{Member: "Local/{dn}@agents/n", MemberName: "{agent}"})
	require.NoError(t, x.Execute(t.Context(), ofAgent("anna", order(agent.LogsIn, "1001", []string{"sales"}, ""))))
	assert.Equal(t, []string{"QueueAdd Queue=sales Interface=Local/1001@agents/n MemberName=anna StateInterface=PJSIP/1001 Penalty=0 Paused=false"}, written(m.actions))
}

func TestWhatAMICannotDoSaysSo(t *testing.T) {
	byPhone := func(o *call.Order) { o.ConsultParty = "second line" }
	bySwitch := func(o *call.Order) { o.ConsultParty = "agent" }
	for name, s := range map[string]struct {
		order engine.Order
		why   string
	}{
		"answer":                          {ofCall(call.Answers, nil), "makes a phone answer"},
		"hold":                            {ofCall(call.Holds, nil), "hold"},
		"retrieve":                        {ofCall(call.Retrieves, nil), "retrieve"},
		"complete the phone's transfer":   {ofCall(call.CompletesTransfer, byPhone), "the phone made the consultation"},
		"cancel the phone's consultation": {ofCall(call.CancelsConsult, byPhone), "the phone made the consultation"},
		"a conference of the phone's":     {ofCall(call.CompletesConference, byPhone), "the phone made the consultation"},
		"a conference without the code":   {ofCall(call.CompletesConference, bySwitch), "atxferthreeway"},
		"something new":                   {ofCall("teleport", nil), "teleport"},
		"something new of an agent":       {ofAgent("1001", order("sing", "1001", nil, "")), "sing"},
		"nothing":                         {engine.Order{}, "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			m := &manager{}
			err := asterisk.NewExecutor(m, channels, asterisk.Dialplan{}).Execute(t.Context(), s.order)
			assert.ErrorIs(t, err, call.ErrUnsupported)
			assert.ErrorContains(t, err, s.why)
			assert.Empty(t, m.actions)
		})
	}
}

func TestWhatTheSwitchAnswersIsToldInTheDomainsWords(t *testing.T) {
	for name, s := range map[string]struct {
		answer error
		want   error
	}{
		"no":                     {&asterisk.ActionError{Action: "Hangup", Message: "No such channel"}, call.ErrSwitchRefused},
		"no link":                {fmt.Errorf("Hangup: %w", connection.ErrNotConnected), call.ErrLinkDown},
		"nobody waited for it":   {fmt.Errorf("Hangup: %w: %w", connection.ErrNotSent, context.Canceled), call.ErrLinkDown},
		"the link is lost":       {fmt.Errorf("Hangup: %w", connection.ErrAnswerLost), call.ErrOutcomeUnknown},
		"no answer":              {context.DeadlineExceeded, call.ErrOutcomeUnknown},
		"it cannot be written":   {connection.ErrInvalid, call.ErrInvalid},
		"what nobody thought of": {errors.New("?"), call.ErrOutcomeUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			m := &manager{answers: []error{s.answer}}
			err := asterisk.NewExecutor(m, channels, asterisk.Dialplan{}).Execute(t.Context(), ofCall(call.Releases, nil))
			assert.ErrorIs(t, err, s.want)
			assert.ErrorIs(t, err, s.answer)
		})
	}
	m := &manager{answers: []error{nil, &asterisk.ActionError{Action: "QueueAdd", Message: "Already there"}}}
	err := asterisk.NewExecutor(m, channels, asterisk.Dialplan{}).Execute(t.Context(), ofAgent("1001", order(agent.LogsIn, "1001", []string{"a", "b", "c"}, "")))
	assert.ErrorContains(t, err, "Already there (after 1 other actions")
	assert.Len(t, m.actions, 2, "what follows is not tried")
}

func TestAPartyThatIsGone(t *testing.T) {
	m := &manager{}
	x := asterisk.NewExecutor(m, channelNames{}, asterisk.Dialplan{ThreeWayCode: "*3"})
	for _, order := range []engine.Order{
		ofCall(call.Releases, nil), ofCall(call.Parks, nil), ofCall(call.SendsDigits, func(o *call.Order) { o.Digits = "1" }),
		ofCall(call.SendsDigits, func(o *call.Order) { o.Digits, o.Peers = "1", nil }),
		ofCall(call.CompletesConference, func(o *call.Order) { o.ConsultParty = "agent" }),
	} {
		assert.ErrorIs(t, x.Execute(t.Context(), order), call.ErrSwitchRefused)
	}
	assert.Empty(t, m.actions)
}

// A channel variable's value with a comma would be two variables, and a name with parentheses a function of the switch.
func TestUserDataDoesNotBecomeSomethingElse(t *testing.T) {
	for _, pair := range []call.Pair{{Key: "k", Value: "1,SHELL(reboot)=1"}, {Key: "k", Value: `"`}, {Key: "SHELL(x)", Value: "1"}, {Key: "k", Value: "a\r\nAction: x"}} {
		m := &manager{}
		x := asterisk.NewExecutor(m, channels, asterisk.Dialplan{Variables: []string{"k", "SHELL(x)"}})
		do := order(call.MakesCall, "1001", nil, "")
		do.Target, do.Data = "1003", []call.Pair{pair}
		assert.ErrorIs(t, x.Execute(t.Context(), ofAgent("1001", do)), call.ErrInvalid)
		assert.Empty(t, m.actions)
	}
}

// The ConnID that was promised for a call is that which the translator gives it.
func TestACallThatIsMadeHasTheConnIDThatWasPromised(t *testing.T) {
	x := asterisk.NewExecutor(&manager{}, channels, asterisk.Dialplan{})
	at := time.Date(2026, 11, 23, 9, 0, 0, 123456789, time.UTC)
	id, born := x.NameCall("a command: with\r\nwhatever in it", at)
	again, _ := x.NameCall("a command: with\r\nwhatever in it", at.Add(time.Millisecond))
	assert.Equal(t, id, again)
	assert.Regexp(t, `^callstate-[0-9a-f]{16}-[0-9]{10}\.0$`, id)
	promised := call.NewConnID(born, "pbx", id)

	translator := asterisk.NewTranslator(vocabulary())
	translator.LinkUp("11.0.0", time.Time{})
	b, err := asterisk.ParseBlock(strings.ReplaceAll("Event: Newchannel|Timestamp: 1795424405.100000|Channel: PJSIP/1001-00000001|ChannelState: 5|Context: from-internal|Uniqueid: "+id+"|Linkedid: "+id+"|", "|", "\r\n"))
	require.NoError(t, err)
	var told []call.ConnID
	for _, o := range translator.Translate(b, time.Time{}) {
		if o.CallFact != nil {
			told = append(told, o.Call)
		}
	}
	require.NotEmpty(t, told)
	assert.Equal(t, promised, told[0])
	name, ok := translator.ChannelName(call.PartyID(id))
	assert.True(t, ok)
	assert.Equal(t, "PJSIP/1001-00000001", name)
}

// Whoever asks for a channel's name while the translator works gets the name of every channel that there is, and when all
// is over of none.
func TestNamesOfChannelsMayBeAskedForAtAnyTime(t *testing.T) {
	translator := asterisk.NewTranslator(vocabulary())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 1000 {
			translator.ChannelName("1795395601.0")
		}
	}()
	var ids []string
	for _, link := range recording(t, "testdata/sessions/01-answered-caller-hangs-up") {
		frames := asterisk.NewFrameReader(bytes.NewReader(link))
		for {
			frame, err := frames.Next()
			if err != nil {
				break
			}
			b, err := asterisk.ParseBlock(frame.Raw)
			if err != nil {
				continue
			}
			translator.Translate(b, time.Time{})
			if b.Event() == "Newstate" && !slices.Contains(ids, b.Get("Uniqueid")) {
				ids = append(ids, b.Get("Uniqueid"))
				name, ok := translator.ChannelName(call.PartyID(b.Get("Uniqueid")))
				assert.True(t, ok)
				assert.Equal(t, b.Get("Channel"), name)
			}
		}
	}
	<-done
	require.NotEmpty(t, ids)
	for _, id := range ids {
		_, ok := translator.ChannelName(call.PartyID(id))
		assert.False(t, ok)
	}
}

// What is never possible is not offered; what is refused as unsupported whatever is asked is not said to be possible.
func TestWhatAnAsteriskCanDo(t *testing.T) {
	x := asterisk.NewExecutor(nil, channels, asterisk.Dialplan{})
	for _, service := range []call.Service{call.Answers, call.Holds, call.Retrieves, call.CompletesConference} {
		assert.False(t, x.Can(service), service)
	}
	assert.True(t, x.Can(call.BlindTransfers))
	assert.True(t, asterisk.NewExecutor(nil, channels, asterisk.Dialplan{ThreeWayCode: "*3"}).Can(call.CompletesConference))
}
