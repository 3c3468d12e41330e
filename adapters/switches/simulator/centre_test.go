package simulator_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/adapters/switches/simulator"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
)

var monday = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// lived is the log of a contact centre that lived for so long, told to a real engine in steps.
func lived(t testing.TB, c simulator.Config, long, step time.Duration) []eventlog.Record {
	centre, err := simulator.New(c, monday)
	require.NoError(t, err)
	store := memory.New()
	e := engine.New(store, func() time.Time { return monday }, nil)
	for now := monday; now.Before(monday.Add(long)); now = now.Add(step) {
		require.NoError(t, e.Ingest(context.Background(), centre.Advance(now)))
	}
	require.NoError(t, e.Ingest(context.Background(), centre.Advance(monday.Add(long))))
	var records []eventlog.Record
	for r, err := range store.ReadAll(context.Background(), 0) {
		require.NoError(t, err)
		records = append(records, r)
	}
	return records
}

func TestTheSameSeedLivesTheSameDay(t *testing.T) {
	c := simulator.Config{Name: "sim", Seed: 7, Agents: 20}
	once := lived(t, c, time.Hour, time.Minute)
	assert.Equal(t, once, lived(t, c, time.Hour, time.Minute))
	c.Seed = 8
	assert.NotEqual(t, once, lived(t, c, time.Hour, time.Minute))

	// However often one looks, the same happens to each call and agent.
	c.Seed = 7
	ids := map[string]bool{}
	for _, r := range once {
		ids[r.ID.String()] = true
	}
	for _, r := range lived(t, c, time.Hour, 7*time.Second) {
		require.True(t, ids[r.ID.String()], "%s %s", r.Stream, r.Type)
	}
}

// What is told holds together: nothing contradicts, nothing has to be inferred, and every wait has one end.
func TestADayHoldsTogether(t *testing.T) {
	records := lived(t, simulator.Config{Name: "sim", Seed: 1, Agents: 40}, 10*time.Hour, time.Minute)
	types, calls := map[string]int{}, map[eventlog.Stream]call.State{}
	for _, r := range records {
		types[r.Type]++
		assert.False(t, r.Inferred, "%s %s %s", r.Stream, r.Type, r.Data)
		if r.Stream.Kind() == wire.Call {
			e, err := wire.DecodeCall(r)
			require.NoError(t, err)
			calls[r.Stream] = call.Evolve(calls[r.Stream], e)
		}
	}
	assert.Zero(t, types["AnomalyNoted"])
	assert.Greater(t, len(records), 20000)
	ended := 0
	for stream, s := range calls {
		if !s.Ended() {
			continue
		}
		ended++
		for _, v := range s.Visits {
			require.NotEqual(t, call.Waiting, v.End, stream)
		}
		require.Zero(t, s.LiveParties(), stream)
	}
	assert.Less(t, len(calls)-ended, 100, "calls do not pile up")

	// All of it happens: what each event of a contact centre's day needs to be tried on.
	for _, name := range []string{
		"AgentLoggedIn", "AgentLoggedOut", "AgentJoinedQueue", "AgentLeftQueue", "AgentReady", "AgentNotReady", "AfterCallWorkStarted",
		"AfterCallWorkEnded", "IVREntered", "IVRLeft", "DigitsCollected", "UserDataChanged", "QueueEntered", "QueueDistributed",
		"QueueAbandoned", "QueueLeft", "PartyDialing", "PartyAlerting", "PartyConnected", "PartyHeld", "PartyRetrieved", "PartyReleased",
		"CallTransferred", "ConsultStarted", "ConsultEnded", "CallMerged", "CallEnded", "LinkUp",
	} {
		assert.Positive(t, types[name], name)
	}
	t.Logf("%d events, %d calls: %v", len(records), len(calls), types)
}

// Callers come by the time of day.
func TestCallersComeByTheTimeOfDay(t *testing.T) {
	records := lived(t, simulator.Config{Name: "sim", Seed: 3, Agents: 40}, 24*time.Hour, 10*time.Minute)
	var byHour [24]int
	for _, r := range records {
		if r.Type == "CallStarted" {
			byHour[r.SwitchTime.Hour()]++
		}
	}
	assert.Greater(t, byHour[10], 10*byHour[3], "%v", byHour)
	assert.Greater(t, byHour[10], 2*byHour[19], "%v", byHour)
}

// What went on when an engine was stopped is over when the contact centre lives again.
func TestAnotherLifeBeginsWithNothing(t *testing.T) {
	store := memory.New()
	e := engine.New(store, time.Now, nil)
	c := simulator.Config{Name: "sim", Seed: 1, Agents: 20}
	var begun []call.ConnID
	for life := range 2 {
		opens := monday.Add(time.Duration(life) * time.Hour)
		centre, err := simulator.New(c, opens)
		require.NoError(t, err)
		if life == 0 {
			require.NoError(t, e.Ingest(t.Context(), centre.Advance(opens.Add(30*time.Minute))))
			for r, err := range store.ReadAll(t.Context(), 0) {
				require.NoError(t, err)
				if r.Type == "CallStarted" {
					id, err := call.ParseConnID(r.Stream.ID())
					require.NoError(t, err)
					if s, err := e.Call(t.Context(), id); err == nil && s.Live() {
						begun = append(begun, id)
					}
				}
			}
			require.NotEmpty(t, begun)
			continue
		}
		require.NoError(t, e.Ingest(t.Context(), centre.Advance(opens)))
		for _, id := range begun {
			s, err := e.Call(t.Context(), id)
			require.NoError(t, err)
			require.True(t, s.Ended() && s.Presumed)
		}
		session, err := e.Agent(t.Context(), "1001")
		require.NoError(t, err)
		require.False(t, session.LoggedIn, "everybody has to log in again")
	}
}

func TestWhatIsNoContactCentre(t *testing.T) {
	for name, c := range map[string]simulator.Config{
		"no name":      {},
		"many agents":  {Name: "sim", Agents: 10000},
		"no agents":    {Name: "sim", Agents: -1},
		"much traffic": {Name: "sim", Rate: 1e6},
	} {
		_, err := simulator.New(c, monday)
		assert.Error(t, err, name)
	}
}
