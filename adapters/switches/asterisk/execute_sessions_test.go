package asterisk_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/adapters/switches/switchtest"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/wire"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// untilThen plays a recorded session up to a moment: the engine, its log and the translator as they were then.
func untilThen(t *testing.T, session string, then time.Time) (*engine.Engine, *memory.Store, *asterisk.Translator) {
	t.Helper()
	log := memory.New()
	e := engine.New(log, func() time.Time { return then }, nil)
	translator := asterisk.NewTranslator(vocabulary())
	require.NoError(t, e.Ingest(t.Context(), translator.LinkUp("11.0.0", time.Time{})))
	frames := asterisk.NewFrameReader(bytes.NewReader(recording(t, "testdata/sessions/"+session)[0]))
	for {
		frame, err := frames.Next()
		require.NoError(t, err, "the session ends before")
		b, err := asterisk.ParseBlock(frame.Raw)
		if err != nil {
			continue
		}
		if at, ok := b.Timestamp(); ok && at.After(then) {
			return e, log, translator
		}
		require.NoError(t, e.Ingest(t.Context(), translator.Translate(b, time.Time{})))
	}
}

// callOf is the call in which a device is, not a consultation.
func callOf(t *testing.T, log *memory.Store, dn string) call.State {
	t.Helper()
	calls, _ := switchtest.Calls(t, log)
	for _, s := range calls {
		if !s.Live() || !s.ConsultOf.IsZero() {
			continue
		}
		for _, p := range s.Parties {
			if p.DN == dn && p.Telephony.Live() {
				return s
			}
		}
	}
	t.Fatalf("%s is in no call", dn)
	return call.State{}
}

// At the moment when something was asked of a real Asterisk, with the call as the engine knows it then, the request leads
// to that very action, on those very channels.
func TestRequestsInTheMiddleOfRecordedSessions(t *testing.T) {
	by := call.By{ID: "c1", Actor: "agent:1001", DN: "1001"}
	none := map[string]string{}
	trunk := func(s call.State) call.PartyID {
		caller, _ := s.Caller()
		return caller.ID
	}
	for name, s := range map[string]struct {
		session, id string
		ask         func(call.State) call.Request
		differs     map[string]string // ours, where it is meant to differ
	}{
		"blind transfer":     {"08-blind-transfer", "lab-10", func(call.State) call.Request { return call.TransferTo{By: by, To: "1003"} }, none},
		"consultation":       {"09-attended-transfer", "lab-10", func(call.State) call.Request { return call.StartConsult{By: by, To: "1004"} }, none},
		"another one":        {"09-attended-transfer", "lab-11", func(call.State) call.Request { return call.StartConsult{By: by, To: "1004"} }, none},
		"back to the caller": {"09-attended-transfer", "lab-12", func(call.State) call.Request { return call.CancelConsult{By: by} }, none},
		"in a conference":    {"10-conference", "lab-14", func(call.State) call.Request { return call.StartConsult{By: by, To: "1004"} }, none},
		"barging in": {"14-chanspy", "lab-9", func(call.State) call.Request {
			return call.Monitor{By: call.By{ID: "c1", DN: "1090"}, TargetDN: "1001", Mode: call.Barge}
		}, map[string]string{"Data": "", "CallerID": "Monitor <1090>"}},
		"park":              {"17-park", "lab-9", func(call.State) call.Request { return call.Park{By: by} }, none},
		"recording":         {"18-recording", "lab-9", func(s call.State) call.Request { return call.StartRecording{By: by, Recorded: trunk(s)} }, map[string]string{"File": ""}},
		"recording paused":  {"18-recording", "lab-10", func(call.State) call.Request { return call.PauseRecording{By: by} }, none},
		"recording resumed": {"18-recording", "lab-11", func(call.State) call.Request { return call.ResumeRecording{By: by} }, none},
		"recording stopped": {"18-recording", "lab-12", func(call.State) call.Request { return call.StopRecording{By: by} }, none},
	} {
		t.Run(name, func(t *testing.T) {
			want, then := recordedAction(t, s.session, s.id)
			e, log, translator := untilThen(t, s.session, then)
			m := &manager{}
			executors := engine.Executors{"pbx": asterisk.NewExecutor(m, translator, asterisk.Dialplan{ParkTimeout: 30 * time.Second})}
			state := callOf(t, log, "1001")
			require.NoError(t, e.Command(t.Context(), executors, state.ConnID, s.ask(state)))
			require.Len(t, m.actions, 1)
			got := headers(m.actions[0])
			for header, value := range s.differs {
				if want[header] = value; value == "" {
					want[header] = got[header]
				}
			}
			assert.Equal(t, want, got)
		})
	}
}

// Scenario 09, call 2: the agent asks for the transfer to be completed, which is to hang up his channel, as he did.
func TestATransferIsCompletedByHangingUp(t *testing.T) {
	_, began := recordedAction(t, "09-attended-transfer", "lab-10")
	e, log, translator := untilThen(t, "09-attended-transfer", began.Add(4*time.Second))
	m := &manager{}
	executors := engine.Executors{"pbx": asterisk.NewExecutor(m, translator, asterisk.Dialplan{})}
	state := callOf(t, log, "1001")
	by := func(id string) call.By { return call.By{ID: id, DN: "1001"} }
	assert.ErrorIs(t, e.Command(t.Context(), executors, state.ConnID, call.StartConsult{By: by("1"), To: "1003"}), call.ErrConsultInProgress)
	assert.ErrorIs(t, e.Command(t.Context(), executors, state.ConnID, call.CompleteConference{By: by("2")}), call.ErrUnsupported)
	require.NoError(t, e.Command(t.Context(), executors, state.ConnID, call.CompleteTransfer{By: by("3")}))
	assert.Equal(t, []string{"Hangup Channel=PJSIP/1001-00000005 Cause=16"}, written(m.actions))
}

// Scenario 09, call 1: the phone holds, calls 1003 by a second line and transfers by itself. Hanging up for it would end
// calls instead of joining them.
func TestAPhonesOwnConsultationIsThePhones(t *testing.T) {
	_, later := recordedAction(t, "09-attended-transfer", "lab-10")
	e, log, translator := untilThen(t, "09-attended-transfer", later.Add(-22*time.Second)) // 13 s into the session
	executors := engine.Executors{"pbx": asterisk.NewExecutor(&manager{}, translator, asterisk.Dialplan{})}
	state := callOf(t, log, "1001")
	assert.ErrorIs(t, e.Command(t.Context(), executors, state.ConnID, call.CompleteTransfer{By: call.By{ID: "1", DN: "1001"}}), call.ErrUnsupported)
	assert.Equal(t, []string{"RequestMade", "RequestRefused"}, lastTypes(t, log, state.ConnID, 2))
}

func lastTypes(t *testing.T, log *memory.Store, id call.ConnID, n int) []string {
	t.Helper()
	var all []string
	for r, err := range log.ReadStream(t.Context(), wire.CallStream(id), 1) {
		require.NoError(t, err)
		all = append(all, r.Type)
	}
	return all[len(all)-n:]
}
