package freeswitch_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/adapters/switches/freeswitch"
	"github.com/callstate/callstate/adapters/switches/switchtest"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/wire"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// socket notes the commands that it is sent, and says what it is told to.
type socket struct {
	commands []string
	answers  []error // in turn; nil when there are no more
}

func (s *socket) Do(_ context.Context, c freeswitch.Command) (freeswitch.Reply, error) {
	s.commands = append(s.commands, c.Text())
	if len(s.answers) == 0 {
		return freeswitch.Reply{}, nil
	}
	err := s.answers[0]
	s.answers = s.answers[1:]
	return freeswitch.Reply{}, err
}

const (
	callerLeg = "c15a1769-c76d-4923-90b1-f426b621c5e0"
	agentLeg  = "3e487b1d-c502-4f5f-afca-7804b1ff96b0"
	thirdLeg  = "afbbf876-487d-4c25-ada2-4ef115da1656"
)

var dialplan = freeswitch.Dialplan{
	Context: "internal", Device: "user/{dn}@cc.test", Outside: "sofia/gateway/pstn/{number}", Devices: []string{"1???"},
	Park: "5900", Recordings: "/rec", Variables: []string{"account"},
}

func ofCall(service call.Service, change func(*call.Order)) engine.Order {
	do := call.Order{
		RequestMade:  call.RequestMade{ID: "c1", Request: service, Party: agentLeg, DN: "1001", TargetParty: callerLeg},
		Peers:        []call.PartyID{callerLeg},
		ConsultParty: agentLeg,
	}
	if change != nil {
		change(&do)
	}
	return engine.Order{Switch: "pbx", Call: theCall, Do: &do}
}

var theCall = call.NewConnID(time.Unix(1795395601, 0), "pbx", callerLeg)

func ofAgent(service call.Service, change func(*agent.Order)) engine.Order {
	do := agent.Order{AgentRequestMade: agent.AgentRequestMade{ID: "c1", Request: service, DN: "1001"}, Switch: "pbx"}
	if change != nil {
		change(&do)
	}
	return engine.Order{Switch: "pbx", Agent: "1001", DoAgent: &do}
}

func to(target string) func(*call.Order) { return func(o *call.Order) { o.Target = target } }

func TestOrdersAreCommands(t *testing.T) {
	specs := map[string]struct {
		order    engine.Order
		commands []string
	}{
		"answer":                 {ofCall(call.Answers, nil), []string{"api uuid_phone_event " + agentLeg + " talk"}},
		"hold":                   {ofCall(call.Holds, nil), []string{"api uuid_hold " + agentLeg}},
		"retrieve":               {ofCall(call.Retrieves, nil), []string{"api uuid_hold off " + agentLeg}},
		"release":                {ofCall(call.Releases, nil), []string{"api uuid_kill " + agentLeg + " NORMAL_CLEARING"}},
		"drop a party":           {ofCall(call.DropsParty, nil), []string{"api uuid_kill " + callerLeg + " NORMAL_CLEARING"}},
		"redirect":               {ofCall(call.Redirects, to("1003")), []string{"api uuid_transfer " + callerLeg + " 1003 XML internal"}},
		"transfer":               {ofCall(call.BlindTransfers, to("1003")), []string{"api uuid_setvar " + agentLeg + " callstate_transfer 1003", "api uuid_transfer " + callerLeg + " 1003 XML internal"}},
		"park":                   {ofCall(call.Parks, nil), []string{"api uuid_setvar " + agentLeg + " callstate_transfer 5900", "api uuid_transfer " + callerLeg + " 5900 XML internal"}},
		"consult a colleague":    {ofCall(call.StartsConsult, to("1003")), []string{"api uuid_broadcast " + agentLeg + " att_xfer::user/1003@cc.test"}},
		"consult outside":        {ofCall(call.StartsConsult, to("0301112201")), []string{"api uuid_broadcast " + agentLeg + " att_xfer::sofia/gateway/pstn/0301112201"}},
		"complete a transfer":    {ofCall(call.CompletesTransfer, nil), []string{"api uuid_kill " + agentLeg + " NORMAL_CLEARING"}},
		"cancel a consultation":  {ofCall(call.CancelsConsult, nil), []string{"api uuid_recv_dtmf " + agentLeg + " #"}},
		"conference":             {ofCall(call.CompletesConference, nil), []string{"api uuid_recv_dtmf " + agentLeg + " 0"}},
		"digits to the others":   {ofCall(call.SendsDigits, func(o *call.Order) { o.Digits = "12#" }), []string{"api uuid_send_dtmf " + callerLeg + " 12#"}},
		"digits to an IVR":       {ofCall(call.SendsDigits, func(o *call.Order) { o.Digits, o.Peers = "1", nil }), []string{"api uuid_recv_dtmf " + agentLeg + " 1"}},
		"listen":                 {ofCall(call.Monitors, monitors(call.Silent)), []string{"bgapi originate {origination_caller_id_name=Monitor,origination_caller_id_number=1007}user/1007@cc.test &eavesdrop(" + callerLeg + ")"}},
		"whisper":                {ofCall(call.Monitors, monitors(call.Whisper)), []string{"bgapi originate {origination_caller_id_name=Monitor,origination_caller_id_number=1007,eavesdrop_whisper_aleg=true}user/1007@cc.test &eavesdrop(" + callerLeg + ")"}},
		"barge in":               {ofCall(call.Monitors, monitors(call.Barge)), []string{"bgapi originate {origination_caller_id_name=Monitor,origination_caller_id_number=1007,eavesdrop_whisper_aleg=true,eavesdrop_whisper_bleg=true}user/1007@cc.test &eavesdrop(" + callerLeg + ")"}},
		"record":                 {ofCall(call.StartsRecording, nil), []string{"api uuid_record " + callerLeg + " start /rec/" + theCall.String() + "-d0f631ca1ddba8db.wav"}},
		"pause a recording":      {ofCall(call.PausesRecording, ofFile("/rec/a.wav")), []string{"api uuid_record " + callerLeg + " mask /rec/a.wav"}},
		"resume a recording":     {ofCall(call.ResumesRecording, ofFile("/rec/a.wav")), []string{"api uuid_record " + callerLeg + " unmask /rec/a.wav"}},
		"stop a recording":       {ofCall(call.StopsRecording, ofFile("/rec/a.wav")), []string{"api uuid_record " + callerLeg + " stop /rec/a.wav"}},
		"log in":                 {ofAgent(agent.LogsIn, func(o *agent.Order) { o.Queues = []string{"sales"} }), []string{"api callcenter_config agent set contact 1001@default user/1001@cc.test", "api callcenter_config tier add sales@default 1001@default 1 1", "api callcenter_config agent set status 1001@default 'Available'"}},
		"log out":                {ofAgent(agent.LogsOut, nil), []string{"api callcenter_config agent set status 1001@default 'Logged Out'"}},
		"become ready":           {ofAgent(agent.BecomesReady, nil), []string{"api callcenter_config agent set status 1001@default 'Available'"}},
		"become not ready":       {ofAgent(agent.BecomesNotReady, func(o *agent.Order) { o.Reason = "lunch" }), []string{"api callcenter_config agent set status 1001@default 'On Break'"}},
		"make a call, with data": {ofAgent(call.MakesCall, makes("account", "4711")), []string{"bgapi originate {origination_uuid=" + thirdLeg + ",callstate_dialed=0301112206,origination_caller_id_number=0301112206,originate_timeout=12,account='4711'}user/1001@cc.test 0301112206 XML internal"}},
	}
	for name, s := range specs {
		t.Run(name, func(t *testing.T) {
			sent := &socket{}
			require.NoError(t, freeswitch.NewExecutor(sent, dialplan).Execute(t.Context(), s.order))
			assert.Equal(t, s.commands, sent.commands)
		})
	}
}

func monitors(mode call.SupervisionMode) func(*call.Order) {
	return func(o *call.Order) { o.DN, o.Mode = "1007", mode }
}

func ofFile(file string) func(*call.Order) { return func(o *call.Order) { o.Recording = file } }

func makes(key, value string) func(*agent.Order) {
	return func(o *agent.Order) {
		o.Target, o.SwitchCallID = "0301112206", thirdLeg
		o.Data = []call.Pair{{Key: key, Value: value}, {Key: "secret", Value: "not for the switch"}}
	}
}

// What a real switch was asked in the recorded sessions, and did, has the same form as what the executor asks.
func TestCommandsAreThoseOfTheRecordings(t *testing.T) {
	ids := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)
	done := map[string]bool{}
	for _, session := range suite(t).Sessions {
		for _, link := range session.Links {
			for _, e := range link {
				if e.Name() == "API" {
					done[ids.ReplaceAllString(e.Get("API-Command")+" "+e.Get("API-Command-Argument"), "LEG")] = true
				}
			}
		}
	}
	for _, o := range []engine.Order{
		ofCall(call.Holds, nil), ofCall(call.Retrieves, nil), ofCall(call.Redirects, to("1003")), ofCall(call.StartsConsult, to("1003")),
		ofAgent(agent.LogsOut, nil), ofAgent(agent.BecomesReady, nil), ofAgent(agent.BecomesNotReady, nil),
	} {
		sent := &socket{}
		require.NoError(t, freeswitch.NewExecutor(sent, dialplan).Execute(t.Context(), o))
		for _, command := range sent.commands {
			assert.Contains(t, done, ids.ReplaceAllString(command[len("api "):], "LEG"))
		}
	}
}

func TestWhatCannotBeDoneSaysSo(t *testing.T) {
	specs := map[string]struct {
		order    engine.Order
		dialplan freeswitch.Dialplan
		answers  []error
		err      error
	}{
		"a consultation by the telephone":    {ofCall(call.CompletesTransfer, func(o *call.Order) { o.ConsultParty = thirdLeg }), dialplan, nil, call.ErrUnsupported},
		"parking, not configured":            {ofCall(call.Parks, nil), freeswitch.Dialplan{}, nil, call.ErrUnsupported},
		"consulting outside, not configured": {ofCall(call.StartsConsult, to("0301112201")), freeswitch.Dialplan{Devices: []string{"1???"}}, nil, call.ErrUnsupported},
		"an empty order":                     {engine.Order{Switch: "pbx"}, dialplan, nil, call.ErrUnsupported},
		"a number that is more":              {ofCall(call.Redirects, to("1003 XML public")), dialplan, nil, call.ErrInvalid},
		"a value that is more":               {ofAgent(call.MakesCall, makes("account", "1}user/9")), dialplan, nil, call.ErrInvalid},
		"a switch that says no":              {ofCall(call.Holds, nil), dialplan, []error{&freeswitch.CommandError{Command: "api uuid_hold", Message: "-ERR No such channel!"}}, call.ErrSwitchRefused},
		"no link":                            {ofCall(call.Holds, nil), dialplan, []error{fmt.Errorf("api uuid_hold: %w", connection.ErrNotConnected)}, call.ErrLinkDown},
		"what nobody waited for":             {ofCall(call.Holds, nil), dialplan, []error{fmt.Errorf("api uuid_hold: %w: %w", connection.ErrNotSent, context.Canceled)}, call.ErrLinkDown},
		"a link that is lost":                {ofCall(call.Holds, nil), dialplan, []error{fmt.Errorf("api uuid_hold: %w", connection.ErrAnswerLost)}, call.ErrOutcomeUnknown},
		"a tier that is there already":       {ofAgent(agent.LogsIn, func(o *agent.Order) { o.Queues = []string{"sales"} }), dialplan, []error{nil, &freeswitch.CommandError{Message: "-ERR Tier already exist!"}}, nil},
	}
	for name, s := range specs {
		t.Run(name, func(t *testing.T) {
			err := freeswitch.NewExecutor(&socket{answers: s.answers}, s.dialplan).Execute(t.Context(), s.order)
			if s.err == nil {
				assert.NoError(t, err)
				return
			}
			assert.ErrorIs(t, err, s.err)
		})
	}
	var refused *freeswitch.CommandError
	err := freeswitch.NewExecutor(&socket{answers: []error{nil, &freeswitch.CommandError{Message: "-ERR No such channel!"}}}, dialplan).Execute(t.Context(), ofCall(call.BlindTransfers, to("1003")))
	require.True(t, errors.As(err, &refused))
	assert.Contains(t, err.Error(), "after 1 other")
}

// The ConnID of a call that is made is known before the switch is asked, because its id has its birth in it.
func TestACallThatIsMadeHasTheConnIDThatWasPromised(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 987_000_000, time.UTC)
	id, born := freeswitch.NewExecutor(&socket{}, dialplan).NameCall("c1", at)
	again, _ := freeswitch.NewExecutor(&socket{}, dialplan).NameCall("c1", at)
	assert.Equal(t, id, again)
	promised := call.NewConnID(born, "pbx", id)

	log := memory.New()
	e := engine.New(log, time.Now, nil)
	translator := freeswitch.NewTranslator(vocabulary())
	leg := fired(at.Add(20*time.Millisecond), "CHANNEL_CREATE", "Unique-ID", id, "Channel-Name", "sofia/internal/1001@cc.test", "Call-Direction", "outbound",
		"Channel-Presence-ID", "1001@cc.test", "variable_direction", "outbound", "variable_callstate_dialed", "0301112206",
		"Caller-Channel-Created-Time", micro(at.Add(20*time.Millisecond)))
	require.NoError(t, e.Ingest(t.Context(), translator.LinkUp("", time.Time{})))
	require.NoError(t, e.Ingest(t.Context(), translator.Translate(leg, time.Time{})))
	calls, _ := switchtest.Calls(t, log)
	require.Contains(t, calls, wire.CallStream(promised))
	made := calls[wire.CallStream(promised)]
	assert.Equal(t, []string{"1001", "0301112206"}, []string{made.ANI, made.DNIS})
}

func TestWhatAFreeSWITCHCanDo(t *testing.T) {
	assert.True(t, freeswitch.NewExecutor(nil, freeswitch.Dialplan{}).Can(call.Holds))
	assert.False(t, freeswitch.NewExecutor(nil, freeswitch.Dialplan{}).Can(call.Parks))
	assert.True(t, freeswitch.NewExecutor(nil, freeswitch.Dialplan{Park: "700"}).Can(call.Parks))
}
