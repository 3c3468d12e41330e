package floor_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/link"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/projectiontest"
)

// What the floor keeps up event by event is what one gets by looking at all calls and all sessions at the end.
func TestViewIsDerived(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		script := projectiontest.Random(t)
		f := floor.New(floor.Options{})
		require.NoError(t, f.Apply(t.Context(), script.Records()))
		view := f.View()

		live := map[call.ConnID]call.State{}
		for s := range script.States() {
			if s.Live() {
				live[s.ConnID] = s
			}
		}
		require.Len(t, view.Calls, len(live))
		for _, c := range view.Calls {
			require.Len(t, c.Parties, live[c.ConnID].LiveParties())
			found, ok := f.Call(c.ConnID)
			require.True(t, ok)
			require.Equal(t, c, found)
		}

		sessions := map[string]agent.State{}
		for id, s := range script.Sessions() {
			sessions[id] = s
		}
		switches := map[string]link.State{}
		for name, s := range script.Links() {
			switches[name] = s
		}
		ready := map[string]int{}
		for _, a := range view.Agents {
			s := sessions[a.ID]
			var calls []call.ConnID
			busy := false
			for id, c := range live {
				takesPart := false
				for _, p := range c.Parties {
					at := s.LoggedIn && s.Switch == c.Switch && p.DN != "" && p.DN == s.DN && !p.External
					if p.Telephony.Live() && (p.Agent == a.ID || at) {
						takesPart = true
						busy = busy || p.Telephony != call.Failed
					}
				}
				if takesPart {
					calls = append(calls, id)
				}
			}
			require.ElementsMatch(t, calls, a.Calls)
			inCall := slices.Contains([]floor.AgentState{floor.Talking, floor.OnHold, floor.Ringing, floor.Dialing}, a.State)
			require.Equal(t, busy, inCall, "%s is %s", a.ID, a.State)
			desktop, ok := f.Agent(a.ID)
			require.True(t, ok)
			require.Equal(t, a, desktop.Agent)
			require.Len(t, desktop.Calls, len(calls))
			unreachable := switches[s.Switch].Device(s.DN).OutOfService
			if s.LoggedIn && !busy && !s.ACW.Active() {
				require.Equal(t, unreachable, a.State == floor.OutOfService, a.ID)
			}
			if s.LoggedIn && !busy && !s.ACW.Active() && !unreachable {
				for _, m := range s.Queues {
					if !m.Paused {
						ready[m.Queue]++
					}
				}
			}
		}

		for _, q := range view.Queues {
			var waiting []floor.WaitingCall
			for id, c := range live {
				for _, v := range c.Visits {
					if v.End == call.Waiting && v.Queue == q.Queue {
						waiting = append(waiting, floor.WaitingCall{ConnID: id, ANI: c.ANI, Since: v.EnteredAt})
					}
				}
			}
			require.ElementsMatch(t, waiting, q.Waiting)
			require.True(t, slices.IsSortedFunc(q.Waiting, func(a, b floor.WaitingCall) int { return a.Since.Compare(b.Since) }))
			loggedIn := 0
			for _, s := range sessions {
				if _, member := s.Member(q.Queue); member && s.LoggedIn {
					loggedIn++
				}
			}
			require.Equal(t, loggedIn, q.LoggedIn, q.Queue)
			require.Equal(t, ready[q.Queue], q.Ready, q.Queue)
		}
	})
}
