package asterisk_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// After-call work that goes on while the engine is started anew ends when it would have, and has ended where that is over.
func TestAfterCallWorkGoesOnAcrossAStart(t *testing.T) {
	began := time.Unix(1795395600, 0).UTC()
	for name, now := range map[string]time.Time{"it goes on": began.Add(10 * time.Second), "it was over meanwhile": began.Add(time.Minute)} {
		t.Run(name, func(t *testing.T) {
			e := engine.New(memory.New(), func() time.Time { return now }, nil)
			of := call.NewConnID(began.Add(-time.Minute), "pbx", "1795395540.0")
			require.NoError(t, e.Ingest(t.Context(), []engine.Observation{
				{Agent: "1001", AgentFact: agent.MembershipIs{At: began.Add(-time.Hour), Agent: "1001", Switch: "pbx", Queue: "sales", DN: "1001", Member: true}},
				{Agent: "1001", AgentFact: agent.AfterCallWorkIs{At: began, ConnID: of, Working: true, Limit: 30 * time.Second}},
			}))
			works := func() bool {
				session, err := e.Agent(t.Context(), "1001")
				require.NoError(t, err)
				return session.ACW.Active()
			}
			require.True(t, works())

			translator := asterisk.NewTranslator(vocabulary())
			hears := func(line string) {
				require.NoError(t, e.Ingest(t.Context(), translator.Translate(blockOf(t, line), now)))
			}
			translator.Resume(nil, now)
			require.NoError(t, e.Ingest(t.Context(), translator.LinkUp("11.0.0", now)))
			hears(fmt.Sprintf("Event: FullyBooted|Timestamp: %d.0", now.Unix()))
			hears("Event: CoreShowChannelsComplete|ActionID: 1|EventList: Complete|ListItems: 0")
			hears("Event: QueueMember|ActionID: 2|Queue: sales|Name: Agent/1001|Location: PJSIP/1001|StateInterface: PJSIP/1001|Paused: 0|Wrapuptime: 30|LastCall: 1795395600")
			hears("Event: QueueStatusComplete|ActionID: 2|EventList: Complete|ListItems: 1")
			assert.Equal(t, name == "it goes on", works())
			require.NoError(t, e.Ingest(t.Context(), translator.Advance(began.Add(2*time.Minute))))
			assert.False(t, works())
		})
	}
}
