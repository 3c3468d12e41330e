package asterisk_test

import (
	"strings"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/wire"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// blockOf is a block of AMI in one line, with | for the line ends.
func blockOf(t testing.TB, line string) asterisk.Block {
	t.Helper()
	b, err := asterisk.ParseBlock(strings.ReplaceAll(line, "|", "\r\n"))
	require.NoError(t, err)
	return b
}

// A call that was asked for and does not come to be ends the request: OriginateResponse is all that tells it.
func TestACallThatCannotBeMade(t *testing.T) {
	for name, s := range map[string]struct {
		reason string
		why    error
	}{
		"nobody answers at the device":   {"3", call.ErrNotAnswered},
		"the device hangs up":            {"1", call.ErrNotAnswered},
		"the device is busy":             {"5", call.ErrDNBusy},
		"the device cannot be reached":   {"0", call.ErrSwitchRefused},
		"there is no line to it":         {"8", call.ErrSwitchRefused},
		"Asterisk has a word of its own": {"77", call.ErrSwitchRefused},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Unix(1795395601, 0).UTC()
			log := memory.New()
			e := engine.New(log, func() time.Time { return now }, nil)
			translator := asterisk.NewTranslator(vocabulary())
			ingest := func(line string) {
				require.NoError(t, e.Ingest(t.Context(), translator.Translate(blockOf(t, line), time.Time{})))
			}
			require.NoError(t, e.Ingest(t.Context(), translator.LinkUp("11.0.0", time.Time{})))
			ingest("Event: QueueMemberAdded|Timestamp: 1795395600.000000|Queue: sales|MemberName: Agent/77|Interface: PJSIP/1001|Paused: 0")

			m := &manager{}
			executors := engine.Executors{"pbx": asterisk.NewExecutor(m, translator, asterisk.Dialplan{})}
			dial := agent.MakeCall{By: call.By{At: now, Actor: "agent:77", ID: "c1"}, To: "2125550009"}
			_, err := e.MakeCall(t.Context(), executors, "77", dial)
			require.NoError(t, err, "the switch has taken the order")
			id := headers(m.actions[0])["ChannelId"]
			ingest("Event: OriginateResponse|Timestamp: 1795395613.000000|Response: Failure|Channel: PJSIP/1001|Context: from-internal|Exten: 2125550009|" +
				"Reason: " + s.reason + "|Uniqueid: " + id + "|CallerIDNum: 2125550009")

			_, err = e.MakeCall(t.Context(), executors, "77", dial)
			assert.ErrorIs(t, err, s.why, "who asks again is told what came of it")
			assert.Len(t, m.actions, 1)
			var last agent.Event
			for r, err := range log.ReadStream(t.Context(), wire.AgentStream("77"), 1) {
				require.NoError(t, err)
				last, err = wire.DecodeAgent(r)
				require.NoError(t, err)
			}
			refused := last.Body.(agent.AgentRequestRefused)
			assert.Equal(t, "c1", refused.ID)
			assert.Equal(t, call.MakesCall, refused.Request)
			assert.Equal(t, "1001", refused.DN)
			assert.ErrorIs(t, agent.ErrOf(refused.Reason), s.why)
		})
	}
}

func TestACallOfSomebodyElseThatCannotBeMade(t *testing.T) {
	translator := asterisk.NewTranslator(vocabulary())
	translator.LinkUp("11.0.0", time.Time{})
	told := translator.Translate(blockOf(t, "Event: OriginateResponse|Timestamp: 1795395613.000000|Response: Failure|Channel: PJSIP/1001|Reason: 3|Uniqueid: dialler-7"), time.Time{})
	for _, o := range told {
		assert.Nil(t, o.AgentFact)
	}
}

// Where the manager's events have no times, what became of a call is not taken for a row of a list, which has none either.
func TestACallThatCannotBeMadeIsToldWithoutATime(t *testing.T) {
	now := time.Unix(1795395601, 0).UTC()
	e := engine.New(memory.New(), func() time.Time { return now }, nil)
	translator := asterisk.NewTranslator(vocabulary())
	ingest := func(line string) {
		require.NoError(t, e.Ingest(t.Context(), translator.Translate(blockOf(t, line), now)))
	}
	require.NoError(t, e.Ingest(t.Context(), translator.LinkUp("11.0.0", now)))
	ingest("Event: QueueMemberAdded|Queue: sales|MemberName: Agent/77|Interface: PJSIP/1001|Paused: 0")
	now = now.Add(time.Minute)
	require.NoError(t, e.Ingest(t.Context(), translator.Advance(now))) // no time came: that of receipt is taken
	m := &manager{}
	executors := engine.Executors{"pbx": asterisk.NewExecutor(m, translator, asterisk.Dialplan{})}
	dial := agent.MakeCall{By: call.By{At: now, Actor: "agent:77", ID: "c1"}, To: "2125550009"}
	_, err := e.MakeCall(t.Context(), executors, "77", dial)
	require.NoError(t, err)
	ingest("Event: OriginateResponse|ActionID: callstate-1|Response: Failure|Channel: PJSIP/1001|Exten: 2125550009|Reason: 5|Uniqueid: " + headers(m.actions[0])["ChannelId"])
	_, err = e.MakeCall(t.Context(), executors, "77", dial)
	assert.ErrorIs(t, err, call.ErrDNBusy)
}

// Who changes his telephone, the new one before the old one, stays in the queue.
func TestAnAgentChangesHisTelephone(t *testing.T) {
	e := engine.New(memory.New(), time.Now, nil)
	translator := asterisk.NewTranslator(vocabulary())
	require.NoError(t, e.Ingest(t.Context(), translator.LinkUp("11.0.0", time.Time{})))
	for _, line := range []string{
		"Event: QueueMemberAdded|Timestamp: 1795395600.000000|Queue: sales|MemberName: Agent/77|Interface: PJSIP/1001|Paused: 0",
		"Event: QueueMemberAdded|Timestamp: 1795395601.000000|Queue: sales|MemberName: Agent/77|Interface: PJSIP/2001|Paused: 0",
		"Event: QueueMemberRemoved|Timestamp: 1795395602.000000|Queue: sales|MemberName: Agent/77|Interface: PJSIP/1001|Paused: 0",
	} {
		require.NoError(t, e.Ingest(t.Context(), translator.Translate(blockOf(t, line), time.Time{})))
	}
	session, err := e.Agent(t.Context(), "77")
	require.NoError(t, err)
	assert.True(t, session.LoggedIn)
	require.NoError(t, e.Ingest(t.Context(), translator.Translate(blockOf(t, "Event: QueueMemberRemoved|Timestamp: 1795395603.000000|Queue: sales|MemberName: Agent/77|Interface: PJSIP/2001|Paused: 0"), time.Time{})))
	session, err = e.Agent(t.Context(), "77")
	require.NoError(t, err)
	assert.False(t, session.LoggedIn)
}

// A caller who talks with somebody is in no IVR any more, also where the dialplan does not say that he left it.
func TestAnIVREndsWithAConversation(t *testing.T) {
	e := engine.New(memory.New(), time.Now, nil)
	translator := asterisk.NewTranslator(vocabulary())
	require.NoError(t, e.Ingest(t.Context(), translator.LinkUp("11.0.0", time.Time{})))
	caller := "Channel: PJSIP/trunk-00000001|ChannelState: 6|CallerIDNum: 2125550001|Context: ivr-main|Exten: s|Uniqueid: 1795400000.1|Linkedid: 1795400000.1"
	phone := "Channel: PJSIP/1001-00000002|ChannelState: 6|CallerIDNum: 1001|Context: from-internal|Uniqueid: 1795400000.2|Linkedid: 1795400000.1"
	for _, line := range []string{
		"Event: Newchannel|Timestamp: 1795400000.1|" + caller,
		"Event: UserEvent|Timestamp: 1795400001.0|UserEvent: IvrEnter|" + caller + "|Ivr: main",
		"Event: Newchannel|Timestamp: 1795400005.0|" + phone,
		"Event: BridgeEnter|Timestamp: 1795400006.0|BridgeUniqueid: b|BridgeTechnology: simple_bridge|" + phone,
		"Event: BridgeEnter|Timestamp: 1795400006.1|BridgeUniqueid: b|BridgeTechnology: simple_bridge|" + caller,
	} {
		require.NoError(t, e.Ingest(t.Context(), translator.Translate(blockOf(t, line), time.Time{})))
	}
	s, err := e.Call(t.Context(), call.NewConnID(time.Unix(1795400000, 0).UTC(), "pbx", "1795400000.1"))
	require.NoError(t, err)
	require.Len(t, s.IVRs, 1)
	assert.False(t, s.IVRs[0].LeftAt.IsZero())
}
