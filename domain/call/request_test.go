package call_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/callstate/callstate/domain/call"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// by is agent 1001 at his phone.
func by(id string) call.By {
	return call.By{At: at(12), Actor: "agent:1001", ID: id, DN: "1001"}
}

// from is somebody else.
func from(dn string) call.By { return call.By{At: at(12), Actor: "agent:" + dn, ID: "c", DN: dn} }

// made is the event of a request that 1001 made.
func made(b call.RequestMade) []call.Event {
	b.ID = "c"
	if b.Party == "" {
		b.Party, b.DN = phone, "1001"
	}
	return events(call.Event{At: at(12), Actor: "agent:1001", Body: b})
}

const (
	third      = call.PartyID("1795395615.5")
	consultLeg = call.PartyID("1795395612.3")
	consulted  = call.PartyID("1795395612.4")
)

var (
	inquiryID = call.NewConnID(at(11), "pbx1", "1795395612.3")
	elsewhere = call.NewConnID(at(3), "pbx1", "1795395604.9")

	inquiring = join(held, events(happened(11, call.ConsultStarted{Consult: inquiryID, By: phone, To: "1003"})))
	three     = join(answered, events(
		happened(9, call.PartyConnected{Party: third, DN: "1003"}),
		happened(9, call.ConferenceFormed{By: phone})))
	recorded = join(answered, events(happened(9, call.RecordingStarted{Recording: "r1", Party: phone})))
	paused   = join(recorded, events(happened(10, call.RecordingPaused{Recording: "r1"})))
)

// inquiry is the consultation call, in which 1003 is in a state.
func inquiry(state call.Telephony) call.State {
	es := events(
		happened(11, call.CallStarted{ConnID: inquiryID, Switch: "pbx1", SwitchCallID: "1795395612.3", Origin: call.Internal, ANI: "1001", DNIS: "1003", ConsultOf: connID}),
		happened(11, call.PartyDialing{Party: consultLeg, DN: "1001", Dialed: "1003"}))
	switch state {
	case call.Alerting:
		es = append(es, happened(11, call.PartyAlerting{Party: consulted, DN: "1003"}))
	case call.Connected:
		es = append(es, happened(11, call.PartyConnected{Party: consulted, DN: "1003"}))
	case call.Failed:
		es = append(es, happened(11, call.PartyFailed{Party: consulted, DN: "1003", Cause: call.Busy}))
	}
	return call.Fold(call.State{}, es...)
}

func TestAPhonesRequests(t *testing.T) {
	checkAll(t, map[string]spec{
		"answering a call that rings":         {given: ringing, ask: call.Answer{By: by("c")}, then: made(call.RequestMade{Request: call.Answers})},
		"answering by party id":               {given: ringing, ask: call.Answer{By: call.By{At: at(12), Actor: "agent:1001", ID: "c", Party: phone}}, then: made(call.RequestMade{Request: call.Answers})},
		"answering what does not ring":        {given: answered, ask: call.Answer{By: by("c")}, refused: call.ErrInvalidCallState},
		"answering elsewhere":                 {given: ringing, ask: call.Answer{By: from("1002")}, refused: call.ErrNotParty},
		"answering while talking":             {given: ringing, ask: call.Answer{By: by("c"), Elsewhere: elsewhere}, refused: call.ErrDNBusy},
		"answering a call that is over":       {given: ended, ask: call.Answer{By: by("c")}, refused: call.ErrCallEnded},
		"answering a call that nobody knows":  {ask: call.Answer{By: by("c")}, refused: call.ErrUnknownCall},
		"answering as nobody":                 {given: ringing, ask: call.Answer{By: call.By{ID: "c"}}, refused: call.ErrInvalid},
		"party and DN that do not fit":        {given: ringing, ask: call.Answer{By: call.By{ID: "c", DN: "1001", Party: caller}}, refused: call.ErrNotParty},
		"answering without a command id":      {given: ringing, ask: call.Answer{By: by("")}, refused: call.ErrInvalid},
		"a command id without end":            {given: ringing, ask: call.Answer{By: by(strings.Repeat("c", 129))}, refused: call.ErrInvalid},
		"holding a conversation":              {given: answered, ask: call.Hold{By: by("c")}, then: made(call.RequestMade{Request: call.Holds})},
		"holding what is held":                {given: held, ask: call.Hold{By: by("c")}, refused: call.ErrInvalidCallState},
		"holding what rings":                  {given: ringing, ask: call.Hold{By: by("c")}, refused: call.ErrInvalidCallState},
		"holding another's call":              {given: answered, ask: call.Hold{By: from("1002")}, refused: call.ErrNotParty},
		"retrieving what is held":             {given: held, ask: call.Retrieve{By: by("c")}, then: made(call.RequestMade{Request: call.Retrieves})},
		"retrieving what is not held":         {given: answered, ask: call.Retrieve{By: by("c")}, refused: call.ErrInvalidCallState},
		"retrieving while talking":            {given: held, ask: call.Retrieve{By: by("c"), Elsewhere: elsewhere}, refused: call.ErrDNBusy},
		"releasing a conversation":            {given: answered, ask: call.Release{By: by("c")}, then: made(call.RequestMade{Request: call.Releases})},
		"releasing what rings":                {given: ringing, ask: call.Release{By: by("c")}, then: made(call.RequestMade{Request: call.Releases})},
		"releasing a call that is over":       {given: ended, ask: call.Release{By: by("c")}, refused: call.ErrCallEnded},
		"releasing another's call":            {given: answered, ask: call.Release{By: from("1002")}, refused: call.ErrNotParty},
		"redirecting what rings":              {given: ringing, ask: call.RedirectTo{By: by("c"), To: "1002"}, then: made(call.RequestMade{Request: call.Redirects, Target: "1002", TargetParty: caller})},
		"redirecting a conversation":          {given: answered, ask: call.RedirectTo{By: by("c"), To: "1002"}, refused: call.ErrInvalidCallState},
		"redirecting to itself":               {given: ringing, ask: call.RedirectTo{By: by("c"), To: "1001"}, refused: call.ErrSelfTransfer},
		"redirecting to the caller":           {given: ringing, ask: call.RedirectTo{By: by("c"), To: "2125550001"}, refused: call.ErrAlreadyParty},
		"redirecting nowhere":                 {given: ringing, ask: call.RedirectTo{By: by("c")}, refused: call.ErrInvalidDestination},
		"redirecting when the caller is gone": {given: join(ringing, events(happened(7, call.PartyReleased{Party: caller}))), ask: call.RedirectTo{By: by("c"), To: "1002"}, refused: call.ErrInvalidCallState},
		"redirecting for who is left": {given: join(ringing, events(happened(7, call.PartyConnected{Party: third, DN: "1003"}), happened(7, call.PartyReleased{Party: caller}))), ask: call.RedirectTo{By: by("c"), To: "1002"},
			then: made(call.RequestMade{Request: call.Redirects, Target: "1002", TargetParty: third})},
		"a blind transfer":                    {given: answered, ask: call.TransferTo{By: by("c"), To: "1003"}, then: made(call.RequestMade{Request: call.BlindTransfers, Target: "1003", TargetParty: caller})},
		"a blind transfer of what is held":    {given: held, ask: call.TransferTo{By: by("c"), To: "1003"}, refused: call.ErrInvalidCallState},
		"a blind transfer while consulting":   {given: join(inquiring, events(happened(11, call.PartyRetrieved{Party: phone}))), ask: call.TransferTo{By: by("c"), To: "1004"}, refused: call.ErrConsultInProgress},
		"a blind transfer to itself":          {given: answered, ask: call.TransferTo{By: by("c"), To: "1001"}, refused: call.ErrSelfTransfer},
		"a blind transfer to who is there":    {given: answered, ask: call.TransferTo{By: by("c"), To: "2125550001"}, refused: call.ErrAlreadyParty},
		"a blind transfer to two numbers":     {given: answered, ask: call.TransferTo{By: by("c"), To: "1003&PJSIP/1004"}, refused: call.ErrInvalidDestination},
		"a blind transfer of a conference":    {given: three, ask: call.TransferTo{By: by("c"), To: "1004"}, refused: call.ErrInvalidCallState},
		"sending digits keeps how many":       {given: answered, ask: call.SendDigits{By: by("c"), Digits: "4111#"}, then: made(call.RequestMade{Request: call.SendsDigits, Count: 5})},
		"sending digits to who is not there":  {given: ringing, ask: call.SendDigits{By: by("c"), Digits: "1"}, refused: call.ErrInvalidCallState},
		"sending no digits":                   {given: answered, ask: call.SendDigits{By: by("c")}, refused: call.ErrInvalid},
		"sending what is no digit":            {given: answered, ask: call.SendDigits{By: by("c"), Digits: "12w"}, refused: call.ErrInvalid},
		"parking the caller":                  {given: answered, ask: call.Park{By: by("c")}, then: made(call.RequestMade{Request: call.Parks, TargetParty: caller})},
		"parking what rings":                  {given: ringing, ask: call.Park{By: by("c")}, refused: call.ErrInvalidCallState},
		"parking a conference":                {given: three, ask: call.Park{By: by("c")}, refused: call.ErrInvalidCallState},
		"a party that is gone acts no more":   {given: join(three, events(happened(10, call.PartyReleased{Party: phone}))), ask: call.Hold{By: by("c")}, refused: call.ErrNotParty},
		"a device that came back acts as new": {given: join(three, events(happened(10, call.PartyReleased{Party: phone}), happened(11, call.PartyAlerting{Party: "new", DN: "1001"}))), ask: call.Answer{By: by("c")}, then: made(call.RequestMade{Request: call.Answers, Party: "new", DN: "1001"})},
	})
}

func TestConsultations(t *testing.T) {
	to1003 := func(r call.RequestMade) []call.Event {
		r.Consult, r.Target = inquiryID, "1003"
		return made(r)
	}
	checkAll(t, map[string]spec{
		"starting one":                         {given: answered, ask: call.StartConsult{By: by("c"), To: "1003"}, then: made(call.RequestMade{Request: call.StartsConsult, Target: "1003"})},
		"starting one while it rings":          {given: ringing, ask: call.StartConsult{By: by("c"), To: "1003"}, refused: call.ErrInvalidCallState},
		"starting one on hold":                 {given: held, ask: call.StartConsult{By: by("c"), To: "1003"}, refused: call.ErrInvalidCallState},
		"starting a second":                    {given: inquiring, ask: call.StartConsult{By: by("c"), To: "1004"}, refused: call.ErrConsultInProgress},
		"consulting oneself":                   {given: answered, ask: call.StartConsult{By: by("c"), To: "1001"}, refused: call.ErrSelfTransfer},
		"consulting the caller":                {given: answered, ask: call.StartConsult{By: by("c"), To: "2125550001"}, refused: call.ErrAlreadyParty},
		"consulting nobody":                    {given: answered, ask: call.StartConsult{By: by("c"), To: " "}, refused: call.ErrInvalidDestination},
		"completing when answered":             {given: inquiring, ask: call.CompleteTransfer{By: by("c"), Consult: inquiry(call.Connected)}, then: to1003(call.RequestMade{Request: call.CompletesTransfer, TargetParty: consulted})},
		"completing while it rings":            {given: inquiring, ask: call.CompleteTransfer{By: by("c"), Consult: inquiry(call.Alerting)}, then: to1003(call.RequestMade{Request: call.CompletesTransfer, TargetParty: consulted})},
		"completing when it is busy":           {given: inquiring, ask: call.CompleteTransfer{By: by("c"), Consult: inquiry(call.Failed)}, refused: call.ErrInvalidCallState},
		"completing before it rings":           {given: inquiring, ask: call.CompleteTransfer{By: by("c"), Consult: inquiry(call.Null)}, refused: call.ErrInvalidCallState},
		"completing without a consultation":    {given: answered, ask: call.CompleteTransfer{By: by("c"), Consult: inquiry(call.Connected)}, refused: call.ErrNotConsult},
		"completing another's consultation":    {given: inquiring, ask: call.CompleteTransfer{By: from("2125550001"), Consult: inquiry(call.Connected)}, refused: call.ErrNotConsult},
		"completing one that nobody looked up": {given: inquiring, ask: call.CompleteTransfer{By: by("c")}, refused: call.ErrNotConsult},
		"completing when it was retrieved":     {given: join(inquiring, events(happened(11, call.PartyRetrieved{Party: phone}))), ask: call.CompleteTransfer{By: by("c"), Consult: inquiry(call.Connected)}, refused: call.ErrInvalidCallState},
		"completing what is complete":          {given: join(inquiring, events(happened(11, call.ConsultEnded{Consult: inquiryID, Result: call.ConsultTransferred}))), ask: call.CompleteTransfer{By: by("c"), Consult: inquiry(call.Connected)}, refused: call.ErrNotConsult},
		"cancelling":                           {given: inquiring, ask: call.CancelConsult{By: by("c"), Consult: inquiry(call.Failed)}, then: to1003(call.RequestMade{Request: call.CancelsConsult})},
		"cancelling what is not there":         {given: held, ask: call.CancelConsult{By: by("c")}, refused: call.ErrNotConsult},
		"a conference of three":                {given: inquiring, ask: call.CompleteConference{By: by("c"), Consult: inquiry(call.Connected)}, then: to1003(call.RequestMade{Request: call.CompletesConference, TargetParty: consulted})},
		"a conference with a phone that rings": {given: inquiring, ask: call.CompleteConference{By: by("c"), Consult: inquiry(call.Alerting)}, refused: call.ErrInvalidCallState},
		"a conference without a consultation":  {given: held, ask: call.CompleteConference{By: by("c")}, refused: call.ErrNotConsult},
		"dropping a party of a conference":     {given: three, ask: call.DropParty{By: by("c"), DN: "1003"}, then: made(call.RequestMade{Request: call.DropsParty, Target: "1003", TargetParty: third})},
		"dropping one of two":                  {given: answered, ask: call.DropParty{By: by("c"), Target: caller}, refused: call.ErrNotConference},
		"dropping who is not there":            {given: three, ask: call.DropParty{By: by("c"), DN: "1004"}, refused: call.ErrNotParty},
		"dropping from outside":                {given: three, ask: call.DropParty{By: from("1004"), DN: "1003"}, refused: call.ErrNotParty},
		"consulting about a call that is over": {given: ended, ask: call.StartConsult{By: by("c"), To: "1003"}, refused: call.ErrCallEnded},
	})
}

func TestListeningAndRecording(t *testing.T) {
	supervisor := call.By{At: at(12), Actor: "supervisor:1090", ID: "c", DN: "1090"}
	listens := func(mode call.SupervisionMode) []call.Event {
		return events(call.Event{At: at(12), Actor: "supervisor:1090", Body: call.RequestMade{ID: "c", Request: call.Monitors, DN: "1090", Target: "1001", TargetParty: phone, Mode: mode}})
	}
	checkAll(t, map[string]spec{
		"listening":                        {given: answered, ask: call.Monitor{By: supervisor, TargetDN: "1001", Mode: call.Silent}, then: listens(call.Silent)},
		"whispering":                       {given: answered, ask: call.Monitor{By: supervisor, Target: phone, Mode: call.Whisper}, then: listens(call.Whisper)},
		"barging in":                       {given: answered, ask: call.Monitor{By: supervisor, Target: phone, Mode: call.Barge}, then: listens(call.Barge)},
		"listening some other way":         {given: answered, ask: call.Monitor{By: supervisor, Target: phone, Mode: "loud"}, refused: call.ErrInvalid},
		"listening to who rings":           {given: ringing, ask: call.Monitor{By: supervisor, TargetDN: "1001", Mode: call.Silent}, refused: call.ErrInvalidCallState},
		"listening to who is not there":    {given: answered, ask: call.Monitor{By: supervisor, TargetDN: "1009", Mode: call.Silent}, refused: call.ErrNotParty},
		"listening to a call that is over": {given: ended, ask: call.Monitor{By: supervisor, TargetDN: "1001", Mode: call.Silent}, refused: call.ErrCallEnded},
		"listening to oneself":             {given: answered, ask: call.Monitor{By: by("c"), Target: caller, Mode: call.Silent}, refused: call.ErrAlreadyParty},
		"listening twice": {given: join(answered, events(happened(9, call.SupervisorJoined{Party: "s", DN: "1090", Target: phone, Mode: call.Silent}))),
			ask: call.Monitor{By: supervisor, Target: phone, Mode: call.Barge}, refused: call.ErrAlreadyParty},
		"listening while talking":           {given: answered, ask: call.Monitor{By: supervisor, Target: phone, Mode: call.Silent, Elsewhere: elsewhere}, refused: call.ErrDNBusy},
		"listening from nowhere":            {given: answered, ask: call.Monitor{By: call.By{ID: "c"}, Target: phone, Mode: call.Silent}, refused: call.ErrInvalid},
		"recording one's own leg":           {given: answered, ask: call.StartRecording{By: by("c")}, then: made(call.RequestMade{Request: call.StartsRecording, TargetParty: phone})},
		"recording the caller's leg":        {given: answered, ask: call.StartRecording{By: by("c"), Recorded: caller}, then: made(call.RequestMade{Request: call.StartsRecording, TargetParty: caller})},
		"recording what rings":              {given: ringing, ask: call.StartRecording{By: by("c")}, refused: call.ErrInvalidCallState},
		"recording twice":                   {given: recorded, ask: call.StartRecording{By: by("c")}, refused: call.ErrInvalidCallState},
		"recording another's call":          {given: answered, ask: call.StartRecording{By: from("1002")}, refused: call.ErrNotParty},
		"pausing the only recording":        {given: recorded, ask: call.PauseRecording{By: by("c")}, then: made(call.RequestMade{Request: call.PausesRecording, TargetParty: phone, Recording: "r1"})},
		"pausing what is paused":            {given: paused, ask: call.PauseRecording{By: by("c"), Recording: "r1"}, refused: call.ErrInvalidCallState},
		"pausing what is not there":         {given: answered, ask: call.PauseRecording{By: by("c")}, refused: call.ErrNotRecorded},
		"pausing another one":               {given: recorded, ask: call.PauseRecording{By: by("c"), Recording: "r2"}, refused: call.ErrNotRecorded},
		"pausing one of two without a name": {given: join(recorded, events(happened(10, call.RecordingStarted{Recording: "r2", Party: caller}))), ask: call.PauseRecording{By: by("c")}, refused: call.ErrInvalid},
		"resuming":                          {given: paused, ask: call.ResumeRecording{By: by("c"), Recording: "r1"}, then: made(call.RequestMade{Request: call.ResumesRecording, TargetParty: phone, Recording: "r1"})},
		"resuming what runs":                {given: recorded, ask: call.ResumeRecording{By: by("c"), Recording: "r1"}, refused: call.ErrInvalidCallState},
		"stopping what is paused":           {given: paused, ask: call.StopRecording{By: by("c")}, then: made(call.RequestMade{Request: call.StopsRecording, TargetParty: phone, Recording: "r1"})},
		"stopping what is complete":         {given: join(recorded, events(happened(10, call.RecordingStopped{Recording: "r1"}))), ask: call.StopRecording{By: by("c"), Recording: "r1"}, refused: call.ErrInvalidCallState},
	})
}

func TestWhoDecidesAboutAConsultationLooksItUp(t *testing.T) {
	state, consult := call.Fold(call.State{}, inquiring...), inquiry(call.Connected)
	for _, r := range []call.Request{call.CompleteTransfer{By: by("c")}, call.CancelConsult{By: by("c")}, call.CompleteConference{By: by("c")}} {
		assert.Equal(t, inquiryID, call.AboutConsult(state, r))
		_, err := call.Decide(state, call.Informed(r, consult))
		assert.NoError(t, err)
	}
	assert.Zero(t, call.AboutConsult(state, call.CancelConsult{By: from("1002")}))
	assert.Zero(t, call.AboutConsult(state, call.Hold{By: by("c")}))
	assert.Equal(t, call.Hold{By: by("c")}, call.Informed(call.Hold{By: by("c")}, consult))
}

func TestDataRequestsHaveCommandIDsToo(t *testing.T) {
	note := call.AddNote{At: at(12), Actor: "agent:1001", ID: "n", Text: "calls back"}
	asked := call.Event{At: at(12), Actor: "agent:1001", Body: call.RequestMade{ID: "n", Request: call.AddsNote}}
	done := events(asked, call.Event{At: at(12), Actor: "agent:1001", Body: call.NoteAdded{Text: "calls back"}})
	checkAll(t, map[string]spec{
		"the first time":  {given: answered, ask: note, then: done},
		"the second time": {given: join(answered, done), ask: note},
		"too long an id":  {given: answered, ask: call.AddNote{ID: strings.Repeat("n", 129), Text: "x"}, refused: call.ErrInvalid},
	})
}

func TestARefusalSaysWhatItKnows(t *testing.T) {
	state := call.Fold(call.State{}, ringing...)
	_, err := call.Decide(state, call.Hold{By: by("c")})
	wrong, ok := errors.AsType[*call.StateError](err)
	require.True(t, ok)
	assert.Equal(t, call.StateError{Party: phone, DN: "1001", State: call.Alerting}, *wrong)
	_, err = call.Decide(state, call.Answer{By: by("c"), Elsewhere: elsewhere})
	busy, ok := errors.AsType[*call.BusyError](err)
	require.True(t, ok)
	assert.Equal(t, call.BusyError{DN: "1001", With: elsewhere}, *busy)
}

func TestARefusalIsRecordedOnce(t *testing.T) {
	state := call.Fold(call.State{}, ringing...)
	hold := call.Hold{By: by("c")}
	_, refusal := call.Decide(state, hold)
	told := call.Refused(state, hold, refusal)
	assert.Equal(t, events(call.Event{At: at(12), Actor: "agent:1001", Body: call.RequestRefused{ID: "c", Request: call.Holds, DN: "1001",
		Reason: "invalidCallState", Detail: "refused: not in this state of the call: 1001 is ringing"}}), told)

	state = call.Fold(state, join(told, answered[len(ringing):])...)
	again, err := call.Decide(state, hold)
	assert.Empty(t, again, "the call could be held now, but this command was refused")
	assert.ErrorIs(t, err, call.ErrInvalidCallState)
	assert.Empty(t, call.Refused(state, hold, err))
	assert.Empty(t, call.Refused(call.State{}, hold, call.ErrUnknownCall))

	long := call.Refused(state, call.Hold{By: by(strings.Repeat("d", 200))}, fmt.Errorf("%w: %s", call.ErrSwitchRefused, strings.Repeat("ü", 400)))
	assert.Equal(t, "", long[0].Body.(call.RequestRefused).ID)
	assert.LessOrEqual(t, len(long[0].Body.(call.RequestRefused).Detail), 300)
}

func TestTheSwitchRefusesAfterwards(t *testing.T) {
	hold := call.Hold{By: by("c")}
	state := call.Fold(call.State{}, answered...)
	asked, order, err := call.Grant(state, hold)
	require.NoError(t, err)
	assert.Equal(t, asked[0].Body, order.RequestMade)
	assert.Equal(t, []call.PartyID{caller}, order.Peers)
	state = call.Fold(state, asked...)
	again, order, err := call.Grant(state, hold)
	assert.NoError(t, err)
	assert.Empty(t, again)
	assert.Nil(t, order)
	state = call.Fold(state, call.Refused(state, hold, fmt.Errorf("%w: no phone", call.ErrUnsupported))...)
	_, err = call.Decide(state, hold)
	assert.ErrorIs(t, err, call.ErrUnsupported)
}

func TestReasonsHaveNames(t *testing.T) {
	for _, err := range []error{call.ErrUnknownCall, call.ErrCallEnded, call.ErrUserDataTooLarge, call.ErrInvalid, call.ErrNotParty,
		call.ErrInvalidCallState, call.ErrDNBusy, call.ErrConsultInProgress, call.ErrNotConsult, call.ErrSelfTransfer, call.ErrAlreadyParty,
		call.ErrNotConference, call.ErrInvalidDestination, call.ErrNotRecorded, call.ErrUnsupported, call.ErrLinkDown, call.ErrSwitchRefused,
		call.ErrOutcomeUnknown} {
		reason := call.ReasonOf(fmt.Errorf("wrapped: %w", err))
		assert.NotEqual(t, call.OtherReason, reason, err)
		assert.Equal(t, err, reason.Err())
		assert.Equal(t, err != call.ErrOutcomeUnknown, errors.Is(err, call.ErrRefused))
	}
	assert.Equal(t, call.OtherReason, call.ReasonOf(errors.New("disk gone")))
	assert.ErrorIs(t, call.Reason("of a newer program").Err(), call.ErrRefused)
	assert.NoError(t, call.Reason("").Err())
}

func TestOnlyNumbersAreDialled(t *testing.T) {
	for _, number := range []string{"1001", "+12125550001", "*72", "#1", "sales-queue", "a.b_c"} {
		assert.True(t, call.Dialable(number), number)
	}
	for _, number := range []string{"", " ", "1001&1002", "1001,b", "1001@evil", "PJSIP/1001", "1\r\nAction: x", "${X}", "ü", strings.Repeat("1", 65)} {
		assert.False(t, call.Dialable(number), number)
	}
}

// anyRequest draws a request about the sample call by somebody who may or may not be on it.
func anyRequest(t *rapid.T) call.Request {
	who := call.By{At: at(40), ID: rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "id"),
		DN:    rapid.SampledFrom([]string{"", "1001", "1003", "1090", "2125550001"}).Draw(t, "dn"),
		Party: rapid.SampledFrom([]call.PartyID{"", "", phone, caller}).Draw(t, "party")}
	to := rapid.SampledFrom([]string{"", "1001", "1003", "1005", "1 0"}).Draw(t, "to")
	consult := inquiry(rapid.SampledFrom([]call.Telephony{call.Null, call.Alerting, call.Connected, call.Failed}).Draw(t, "consult"))
	recording := rapid.SampledFrom([]string{"", "r1"}).Draw(t, "recording")
	return rapid.SampledFrom([]call.Request{
		call.Answer{By: who}, call.Hold{By: who}, call.Retrieve{By: who}, call.Release{By: who}, call.RedirectTo{By: who, To: to},
		call.TransferTo{By: who, To: to}, call.SendDigits{By: who, Digits: to}, call.Park{By: who}, call.StartConsult{By: who, To: to},
		call.CompleteTransfer{By: who, Consult: consult}, call.CancelConsult{By: who, Consult: consult},
		call.CompleteConference{By: who, Consult: consult}, call.DropParty{By: who, DN: to}, call.Monitor{By: who, TargetDN: to, Mode: call.Silent},
		call.StartRecording{By: who}, call.PauseRecording{By: who, Recording: recording}, call.ResumeRecording{By: who, Recording: recording},
		call.StopRecording{By: who, Recording: recording},
		call.ChangeUserData{At: at(40), ID: who.ID, Set: []call.Pair{{Key: "k", Value: to}}}, call.AddNote{At: at(40), ID: who.ID, Text: to},
		call.SetDisposition{At: at(40), ID: who.ID, Code: to},
	}).Draw(t, "request")
}

// Whatever is asked in whatever state: the same command again adds nothing and has the same outcome; what is asked of the
// switch changes nothing but the list of requests; and a call that is over is not acted on.
func TestDecidingTwiceIsDecidingOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		story := rapid.SampledFrom([][]call.Event{nil, arrived, queued, ringing, answered, held, inquiring, three, recorded, paused, ended}).Draw(t, "story")
		state := call.Fold(call.State{}, story...)
		for range rapid.IntRange(1, 4).Draw(t, "requests") {
			r := anyRequest(t)
			before := state
			events, order, err := call.Grant(state, r)
			if err != nil {
				require.ErrorIs(t, err, call.ErrRefused)
				require.Empty(t, events)
				require.Nil(t, order)
				events = call.Refused(state, r, err)
			}
			if order != nil {
				require.False(t, state.Ended())
				require.Len(t, events, 1)
				require.Equal(t, order.RequestMade, events[0].Body)
			}
			state = call.Fold(state, events...)
			if id := requestID(events); id != "" {
				again, second, outcome := call.Grant(state, r)
				require.Empty(t, again)
				require.Nil(t, second)
				require.Equal(t, call.ReasonOf(err), call.ReasonOf(outcome))
				if err != nil {
					require.Empty(t, call.Refused(state, r, err))
				}
			}
			if before.Ended() {
				for _, e := range events {
					switch e.Body.(type) {
					case call.RequestRefused, call.NoteAdded, call.DispositionSet:
					case call.RequestMade:
						require.Nil(t, order)
					default:
						t.Fatalf("%T for a call that is over", e.Body)
					}
				}
			}
			if order != nil || err != nil {
				state.Requests, before.Requests = nil, nil
				require.Equal(t, before, state)
			}
		}
	})
}

func requestID(events []call.Event) string {
	if len(events) == 0 {
		return ""
	}
	switch b := events[0].Body.(type) {
	case call.RequestMade:
		return b.ID
	case call.RequestRefused:
		return b.ID
	}
	return ""
}

func TestARefusalWithoutACommandIDIsRecordedOnceInARow(t *testing.T) {
	state := call.Fold(call.State{}, answered...)
	add := func(second float64, party call.PartyID) []call.Event {
		t.Helper()
		ask := call.Retrieve{By: call.By{At: at(second), Actor: "agent:1001", Party: party}}
		_, err := call.Decide(state, ask)
		require.Error(t, err)
		events := call.Refused(state, ask, err)
		state = call.Fold(state, events...)
		return events
	}
	assert.Len(t, add(12, phone), 1)
	assert.Empty(t, add(13, phone), "the same again")
	assert.Len(t, add(14, caller), 1, "of somebody else it is another one")
	assert.Len(t, add(15, phone), 1, "and after that it is news again")
	assert.Len(t, state.Requests, 1)
}

func TestACallRemembersItsLastRequests(t *testing.T) {
	state := call.Fold(call.State{}, answered...)
	for i := range 40 {
		state = call.Fold(state, happened(12, call.RequestMade{ID: fmt.Sprint(i), Request: call.Holds}))
	}
	assert.Len(t, state.Requests, 16)
	_, known := state.Request("39")
	assert.True(t, known)
	_, known = state.Request("23")
	assert.False(t, known)
}
