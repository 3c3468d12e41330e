package call_test

import (
	"slices"
	"testing"

	"github.com/callstate/callstate/domain/call"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// What may be asked in each state of a call by agent 1001.
func TestWhatIsPermitted(t *testing.T) {
	always := []call.Service{call.SetsDisposition, call.AddsNote}
	live := append([]call.Service{call.Releases, call.ChangesUserData}, always...)
	recorder := []call.Service{call.StartsRecording}
	tests := map[string]struct {
		story   []call.Event
		consult call.State
		want    []call.Service
	}{
		"nothing of a call that nobody knows": {},
		"it rings":                            {ringing, call.State{}, append([]call.Service{call.Answers, call.Redirects}, live...)},
		"in conversation": {answered, call.State{}, slices.Concat([]call.Service{call.Holds, call.BlindTransfers, call.StartsConsult, call.SendsDigits, call.Parks},
			recorder, live)},
		"on hold":                     {held, call.State{}, slices.Concat([]call.Service{call.Retrieves}, recorder, live)},
		"somebody is called about it": {inquiring, inquiry(call.Null), slices.Concat([]call.Service{call.Retrieves, call.CancelsConsult}, recorder, live)},
		"somebody rings": {inquiring, inquiry(call.Alerting),
			slices.Concat([]call.Service{call.Retrieves, call.CompletesTransfer, call.CancelsConsult}, recorder, live)},
		"somebody is consulted": {inquiring, inquiry(call.Connected),
			slices.Concat([]call.Service{call.Retrieves, call.CompletesTransfer, call.CompletesConference, call.CancelsConsult}, recorder, live)},
		"in conference": {three, call.State{}, slices.Concat([]call.Service{call.Holds, call.StartsConsult, call.DropsParty, call.SendsDigits}, recorder, live)},
		"recorded": {recorded, call.State{}, slices.Concat([]call.Service{call.Holds, call.BlindTransfers, call.StartsConsult, call.SendsDigits, call.Parks,
			call.PausesRecording, call.StopsRecording}, live)},
		"over": {ended, call.State{}, always},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			state := call.Fold(call.State{}, test.story...)
			assert.Equal(t, test.want, call.Permitted(state, by("c"), test.consult, call.ConnID{}))
			if !test.consult.ConnID.IsZero() {
				assert.Equal(t, test.consult.ConnID, call.Consulting(state, by("c")))
			}
		})
	}
}

func TestADeviceThatTalksElsewhereAnswersNothing(t *testing.T) {
	state := call.Fold(call.State{}, ringing...)
	assert.NotContains(t, call.Permitted(state, by("c"), call.State{}, elsewhere), call.Answers)
	state = call.Fold(call.State{}, held...)
	assert.NotContains(t, call.Permitted(state, by("c"), call.State{}, elsewhere), call.Retrieves)
}

// What is permitted is what Decide does not refuse, where nothing that was chosen is wrong.
func TestPermittedIsWhatIsNotRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		story := rapid.SampledFrom([][]call.Event{arrived, queued, ringing, answered, held, inquiring, three, recorded, paused, ended}).Draw(t, "story")
		state := call.Fold(call.State{}, story...)
		who := call.By{At: at(40), ID: "x", DN: rapid.SampledFrom([]string{"", "1001", "1003", "1090", "2125550001"}).Draw(t, "dn")}
		consult := inquiry(rapid.SampledFrom([]call.Telephony{call.Null, call.Alerting, call.Connected, call.Failed}).Draw(t, "consult"))
		busy := rapid.SampledFrom([]call.ConnID{{}, elsewhere}).Draw(t, "elsewhere")
		permitted := call.Permitted(state, who, consult, busy)
		for service, r := range map[call.Service]call.Request{
			call.Answers: call.Answer{By: who, Elsewhere: busy}, call.Holds: call.Hold{By: who}, call.Retrieves: call.Retrieve{By: who, Elsewhere: busy},
			call.Releases: call.Release{By: who}, call.Redirects: call.RedirectTo{By: who, To: "1999"}, call.BlindTransfers: call.TransferTo{By: who, To: "1999"},
			call.StartsConsult: call.StartConsult{By: who, To: "1999"}, call.CompletesTransfer: call.CompleteTransfer{By: who, Consult: consult},
			call.CancelsConsult: call.CancelConsult{By: who, Consult: consult}, call.CompletesConference: call.CompleteConference{By: who, Consult: consult},
			call.SendsDigits: call.SendDigits{By: who, Digits: "12#"}, call.Parks: call.Park{By: who}, call.StartsRecording: call.StartRecording{By: who},
			call.PausesRecording: call.PauseRecording{By: who}, call.ResumesRecording: call.ResumeRecording{By: who}, call.StopsRecording: call.StopRecording{By: who},
			call.ChangesUserData: call.ChangeUserData{Set: []call.Pair{{Key: "k", Value: "v"}}}, call.SetsDisposition: call.SetDisposition{Code: "x"},
			call.AddsNote: call.AddNote{Text: "x"},
		} {
			_, err := call.Decide(state, r)
			require.Equal(t, err == nil, slices.Contains(permitted, service), "%s: %v", service, err)
		}
	})
}
