package floor_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/link"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/projectiontest"
)

var nine = time.Date(2026, 10, 5, 9, 0, 0, 0, time.UTC)

// at is a moment, in seconds from nine o'clock.
func at(seconds float64) time.Time { return nine.Add(time.Duration(seconds * float64(time.Second))) }

func connID(name string) call.ConnID { return call.NewConnID(nine, "pbx", name) }

// session is a script with the words of this package's tests.
type session struct{ projectiontest.Script }

func (s *session) login(seconds float64, id, dn string, queues ...string) {
	for i, queue := range queues {
		s.Agent(id, agent.MembershipIs{At: at(seconds).Add(time.Duration(i)), Agent: id, Switch: "pbx", Queue: queue, DN: dn, Member: true})
	}
}

func (s *session) arrives(seconds float64, id call.ConnID, ani string) {
	s.Call(id,
		call.CallIs{At: at(seconds), ConnID: id, Switch: "pbx", SwitchCallID: id.String(), Origin: call.External, ANI: ani, DNIS: "5550100"},
		call.PartyIs{At: at(seconds), Party: "caller", State: call.Connected, DN: ani, External: true, Role: call.Origination})
}

func (s *session) waits(seconds float64, id call.ConnID, queue string) {
	s.Call(id, call.VisitIs{At: at(seconds), Visit: call.VisitID(queue), Queue: queue, Party: "caller"})
}

func (s *session) rings(seconds float64, id call.ConnID, agent, dn, queue string) {
	s.Call(id, call.PartyIs{At: at(seconds), Party: call.PartyID("at " + dn), State: call.Alerting, DN: dn, Agent: agent, Queue: queue, Visit: call.VisitID(queue)})
}

func (s *session) party(seconds float64, id call.ConnID, dn string, state call.Telephony) {
	s.Call(id, call.PartyIs{At: at(seconds), Party: call.PartyID("at " + dn), State: state, DN: dn})
}

func (s *session) floor(t *testing.T) *floor.Floor {
	t.Helper()
	f := floor.New(floor.Options{})
	require.NoError(t, f.Apply(t.Context(), s.Records()))
	f.Live()
	return f
}

// The seed story, as the agent's desktop and the supervisor see it at the moment the call rings.
func TestDesktopShowsTheRingingCall(t *testing.T) {
	var s session
	id := connID("1")
	s.login(0, "jane", "1001", "sales")
	s.arrives(10, id, "2125550001")
	s.Call(id, call.IVRIs{At: at(11), IVR: "main", Party: "caller", Inside: true})
	s.Call(id, call.DataIs{At: at(15), By: "ivr:main", Set: []call.Pair{{Key: "account", Value: "100200"}}})
	s.Call(id, call.IVRIs{At: at(16), IVR: "main", Party: "caller"})
	s.waits(17, id, "sales")
	before := s.End()
	s.rings(19, id, "jane", "1001", "sales")

	frames := rest(t, s.floor(t), floor.Following{Agent: "jane", After: before, Resume: true})
	caller := floor.Party{ID: "caller", DN: "2125550001", External: true, Role: call.Origination, State: call.Connected, Since: at(10)}
	ringing := floor.Call{
		ConnID: id, Switch: "pbx", Type: call.Inbound, State: floor.CallRinging, ANI: "2125550001", DNIS: "5550100", StartedAt: at(10),
		Queues: []floor.QueueWait{{Queue: "sales", Since: at(17)}},
		Parties: []floor.Party{caller,
			{ID: "at 1001", DN: "1001", Role: call.Destination, Agent: "jane", Queue: "sales", State: call.Alerting, Since: at(19)}},
		UserData: map[string]string{"account": "100200"},
	}
	jane := floor.Agent{
		ID: "jane", DN: "1001", Switch: "pbx", State: floor.Ringing, Since: at(19),
		Queues: []floor.Membership{{Queue: "sales"}}, Calls: []call.ConnID{id},
	}
	change := floor.Change{Type: "PartyAlerting", At: at(19), Agents: []floor.Agent{jane}, Calls: []floor.Call{ringing}}
	assert.Equal(t, []floor.Frame{{Kind: floor.Changed, Position: s.End(), Change: &change, Hash: s.floor(t).Snapshot("jane").Hash}}, frames)

	f := s.floor(t)
	assert.Equal(t, floor.View{
		Position: s.End(), At: at(19), Links: []floor.Link{},
		Agents: []floor.Agent{jane},
		Queues: []floor.Queue{{Queue: "sales", Waiting: []floor.WaitingCall{{ConnID: id, ANI: "2125550001", Since: at(17)}}, LoggedIn: 1}},
		Calls:  []floor.Call{ringing},
	}, f.View())
	desktop, _ := f.Agent("jane")
	assert.Equal(t, floor.Desktop{Agent: jane, Calls: []floor.Call{ringing}}, desktop)
}

func TestAgentState(t *testing.T) {
	var s session
	first, second := connID("1"), connID("2")
	is := func(state floor.AgentState, since float64, reason string) {
		t.Helper()
		desktop, _ := s.floor(t).Agent("jane")
		assert.Equal(t, state, desktop.Agent.State)
		assert.Equal(t, reason, desktop.Agent.Reason)
		assert.Equal(t, at(since), desktop.Agent.Since)
	}
	paused := func(seconds float64, queue, reason string) {
		s.Agent("jane", agent.MembershipIs{At: at(seconds), Agent: "jane", Switch: "pbx", Queue: queue, DN: "1001", Member: true, Paused: reason != "", Reason: reason})
	}

	s.login(0, "jane", "1001", "sales", "support")
	is(floor.Ready, 0, "")
	paused(5, "sales", "lunch")
	is(floor.Ready, 0, "") // support goes on
	paused(6, "support", "lunch")
	is(floor.NotReady, 6, "lunch")
	paused(7, "sales", "training")
	is(floor.NotReady, 7, "training")
	paused(8, "sales", "")
	is(floor.Ready, 8, "")

	s.arrives(9, first, "2125550001")
	s.rings(10, first, "jane", "1001", "sales")
	is(floor.Ringing, 10, "")
	s.party(12, first, "1001", call.Connected)
	is(floor.Talking, 12, "")
	s.party(20, first, "1001", call.Held)
	is(floor.OnHold, 20, "")
	s.Call(second, call.CallIs{At: at(21), ConnID: second, Switch: "pbx", SwitchCallID: "2", Origin: call.Internal})
	s.party(21, second, "1001", call.Initiated)
	is(floor.OnHold, 20, "") // consulting: a party that waits for him comes before one he waits for
	s.party(25, second, "1001", call.Connected)
	is(floor.Talking, 25, "")
	s.party(30, second, "1001", call.Released)
	is(floor.OnHold, 30, "")
	s.party(31, first, "1001", call.Connected)
	is(floor.Talking, 31, "")
	s.Agent("jane", agent.AfterCallWorkIs{At: at(40), ConnID: first, Working: true, Limit: 15 * time.Second})
	is(floor.Talking, 31, "")
	s.party(40, first, "1001", call.Released)
	is(floor.AfterCallWork, 40, "")
	desktop, _ := s.floor(t).Agent("jane")
	assert.Equal(t, at(55), desktop.Agent.ACWEnd)
	assert.Equal(t, first, desktop.Agent.ACW)
	s.Agent("jane", agent.AfterCallWorkIs{At: at(55), ConnID: first})
	is(floor.Ready, 55, "")
	s.Agent("jane", agent.QueuesAre{At: at(60), Agent: "jane", Switch: "pbx"})
	is(floor.LoggedOut, 60, "")
}

func TestAnAgentWhoseDeviceCannotBeReached(t *testing.T) {
	var s session
	device := func(seconds float64, dn string, out bool) {
		s.Link("pbx", link.DeviceIs{At: at(seconds), Switch: "pbx", DN: dn, OutOfService: out})
	}
	is := func(state floor.AgentState, since float64, ready int) {
		t.Helper()
		view := s.floor(t).View()
		assert.Equal(t, state, view.Agents[0].State)
		assert.Equal(t, at(since), view.Agents[0].Since)
		assert.Equal(t, ready, view.Queues[0].Ready)
	}
	device(1, "1001", true)
	s.login(2, "jane", "1001", "sales")
	is(floor.OutOfService, 2, 0)
	device(3, "1001", false)
	is(floor.Ready, 3, 1)
	device(4, "1002", true)
	is(floor.Ready, 3, 1)
	device(5, "1001", true)
	is(floor.OutOfService, 5, 0)
}

func TestAgentDials(t *testing.T) {
	var s session
	id := connID("1")
	s.login(0, "jane", "1001", "sales")
	s.Call(id, call.CallIs{At: at(1), ConnID: id, Switch: "pbx", SwitchCallID: "1", Origin: call.Internal, ANI: "1001", DNIS: "92125550001"})
	s.party(2, id, "1001", call.Initiated)
	desktop, _ := s.floor(t).Agent("jane")
	assert.Equal(t, floor.Dialing, desktop.Agent.State)
	assert.Equal(t, floor.CallDialing, desktop.Calls[0].State)
}

func TestWhoTakesPart(t *testing.T) {
	id := connID("1")
	takesPart := func(s *session, agent string) bool {
		desktop, _ := s.floor(t).Agent(agent)
		return len(desktop.Calls) == 1
	}
	t.Run("who is logged in where it rings", func(t *testing.T) {
		var s session
		s.login(0, "jane", "1001", "sales")
		s.arrives(1, id, "2125550001")
		s.party(2, id, "1001", call.Alerting)
		assert.True(t, takesPart(&s, "jane"))
	})
	t.Run("who logs in while it rings there, until he logs out", func(t *testing.T) {
		var s session
		s.arrives(1, id, "2125550001")
		s.party(2, id, "1001", call.Alerting)
		s.login(3, "jane", "1001", "sales")
		assert.True(t, takesPart(&s, "jane"))
		s.Agent("jane", agent.QueuesAre{At: at(4), Agent: "jane", Switch: "pbx"})
		assert.False(t, takesPart(&s, "jane"))
	})
	t.Run("whom the queue offered it to, logged in or not", func(t *testing.T) {
		var s session
		s.arrives(1, id, "2125550001")
		s.rings(2, id, "jane", "1001", "sales")
		assert.True(t, takesPart(&s, "jane"))
		desktop, known := s.floor(t).Agent("jane")
		assert.True(t, known)
		assert.Equal(t, floor.Ringing, desktop.Agent.State)
		s.party(3, id, "1001", call.Released)
		desktop, _ = s.floor(t).Agent("jane")
		assert.Equal(t, floor.LoggedOut, desktop.Agent.State)
	})
	t.Run("not who has the number of an outside line", func(t *testing.T) {
		var s session
		s.login(0, "jane", "2125550001", "sales")
		s.arrives(1, id, "2125550001")
		assert.False(t, takesPart(&s, "jane"))
	})
	t.Run("not who has the same number on another switch", func(t *testing.T) {
		var s session
		s.Agent("jane", agent.MembershipIs{At: at(0), Agent: "jane", Switch: "branch", Queue: "sales", DN: "1001", Member: true})
		s.arrives(1, id, "2125550001")
		s.party(2, id, "1001", call.Alerting)
		assert.False(t, takesPart(&s, "jane"))
	})
	t.Run("not any more when the call has ended", func(t *testing.T) {
		var s session
		s.login(0, "jane", "1001", "sales")
		s.arrives(1, id, "2125550001")
		s.party(2, id, "1001", call.Connected)
		s.Happened(id, call.Event{At: at(3), Body: call.CallEnded{}}) // whatever became of its parties
		assert.False(t, takesPart(&s, "jane"))
		assert.Empty(t, s.floor(t).View().Calls)
	})
}

func TestQueue(t *testing.T) {
	var s session
	queue := func() floor.Queue {
		t.Helper()
		for _, q := range s.floor(t).View().Queues {
			if q.Queue == "sales" {
				return q
			}
		}
		return floor.Queue{}
	}
	waiting := func() []string {
		var anis []string
		for _, w := range queue().Waiting {
			anis = append(anis, w.ANI)
		}
		return anis
	}
	a, b, c := connID("a"), connID("b"), connID("c")
	for i, id := range []call.ConnID{a, b, c} {
		s.arrives(float64(i), id, string(rune('A'+i)))
		s.waits(float64(10+i), id, "sales")
	}
	assert.Equal(t, []string{"A", "B", "C"}, waiting())
	assert.Zero(t, queue().LoggedIn)

	s.login(20, "jane", "1001", "sales", "support")
	s.login(21, "john", "1002", "sales")
	assert.Equal(t, 2, queue().LoggedIn)
	assert.Equal(t, 2, queue().Ready)
	s.Agent("john", agent.MembershipIs{At: at(22), Agent: "john", Switch: "pbx", Queue: "sales", DN: "1002", Member: true, Paused: true})
	assert.Equal(t, 1, queue().Ready)
	s.rings(23, b, "jane", "1001", "sales")
	assert.Equal(t, 0, queue().Ready, "one paused, one busy")
	assert.Equal(t, []string{"A", "B", "C"}, waiting(), "ringing is still waiting")
	s.party(24, b, "1001", call.Connected)
	s.Call(b, call.VisitIs{At: at(24), Visit: "sales", Queue: "sales", Party: "caller", End: call.Distributed, Agent: "jane"})
	assert.Equal(t, []string{"A", "C"}, waiting())
	s.Call(c, call.PartyIs{At: at(25), Party: "caller", State: call.Released, By: "caller"})
	assert.Equal(t, []string{"A"}, waiting())
	s.Call(a, call.VisitIs{At: at(26), Visit: "sales", Queue: "sales", Party: "caller", End: call.Left, Reason: call.TimedOut})
	assert.Empty(t, waiting())
	s.waits(27, a, "support")
	found, _ := s.floor(t).Call(a)
	assert.Equal(t, int64(16_000), found.WaitedMs)
	s.party(30, b, "1001", call.Released)
	assert.Equal(t, 1, queue().Ready)
}

func TestCallState(t *testing.T) {
	var s session
	id := connID("1")
	is := func(expected floor.CallState) {
		t.Helper()
		found, live := s.floor(t).Call(id)
		require.True(t, live)
		assert.Equal(t, expected, found.State)
	}
	s.arrives(0, id, "2125550001")
	is(floor.CallOther)
	s.Call(id, call.IVRIs{At: at(1), IVR: "main", Party: "caller", Inside: true})
	is(floor.CallInIVR)
	s.waits(2, id, "sales")
	is(floor.CallQueued)
	s.rings(3, id, "jane", "1001", "sales")
	is(floor.CallRinging)
	s.party(4, id, "1001", call.Connected)
	is(floor.CallTalking)
	s.party(5, id, "1001", call.Held)
	is(floor.CallHeld)
	s.Call(id, call.PartyIs{At: at(6), Party: "caller", State: call.Released}, call.PartyIs{At: at(6), Party: "at 1001", State: call.Released})
	_, live := s.floor(t).Call(id)
	assert.False(t, live)
}

// What is said about a call, and whether it is recorded, is told to those who have it before them.
func TestRemarksAndRecording(t *testing.T) {
	var s session
	id := connID("1")
	s.login(0, "jane", "1001", "sales")
	s.arrives(1, id, "2125550001")
	s.waits(2, id, "sales")
	s.rings(3, id, "jane", "1001", "sales")
	s.party(4, id, "1001", call.Connected)
	before := s.End()
	recorded := func(second float64, recording string, state call.RecordingState) {
		s.Call(id, call.RecordingIs{At: at(second), Recording: recording, Party: "at 1001", State: state})
	}
	recorded(5, "a", call.Recorded)
	recorded(6, "b", call.Recorded)
	recorded(7, "a", call.Paused)
	recorded(8, "b", call.Stopped)
	recorded(9, "a", call.Stopped)
	s.Request(id, call.AddNote{At: at(10), Actor: "agent:john", Text: "a note"})
	s.Request(id, call.SetDisposition{At: at(11), Actor: "agent:jane", Code: "sale"})

	var told []string
	for _, frame := range rest(t, s.floor(t), floor.Following{Agent: "jane", After: before, Resume: true}) {
		require.Len(t, frame.Change.Calls, 1)
		c := frame.Change.Calls[0]
		what := frame.Change.Type
		for _, r := range c.Recordings {
			what += fmt.Sprintf(" %s %s", r.ID, r.State)
			assert.Equal(t, call.PartyID("at 1001"), r.Party)
		}
		told = append(told, what+fmt.Sprintf(", %d notes, %q", c.Notes, c.Disposition))
	}
	assert.Equal(t, []string{
		`RecordingStarted a recording, 0 notes, ""`,
		`RecordingStarted a recording b recording, 0 notes, ""`,
		`RecordingPaused a paused b recording, 0 notes, ""`,
		`RecordingStopped a paused, 0 notes, ""`,
		`RecordingStopped, 0 notes, ""`,
		`NoteAdded, 1 notes, ""`,
		`DispositionSet, 1 notes, "sale"`,
	}, told)
}

func TestLinks(t *testing.T) {
	var s session
	s.Link("pbx", link.LinkIs{At: at(1), Switch: "pbx", Up: true})
	s.Link("branch", link.LinkIs{At: at(2), Switch: "branch", Up: true})
	s.Link("pbx", link.LinkIs{At: at(3), Switch: "pbx"})
	assert.Equal(t, []floor.Link{{Switch: "branch", Up: true, Since: at(2)}, {Switch: "pbx", Since: at(3)}}, s.floor(t).View().Links)
}

// What comes from a newer program stops the floor where it is, with the position.
func TestUnknownEvent(t *testing.T) {
	for name, stored := range map[string]struct {
		stream eventlog.Stream
		event  eventlog.Event
	}{
		"type":    {wire.CallStream(connID("1")), eventlog.Event{Type: "CallTeleported", Version: 1}},
		"version": {"agent-jane", eventlog.Event{Type: "AgentReady", Version: 99}},
		"link":    {"switch-pbx", eventlog.Event{Type: "LinkBent", Version: 1}},
		"stream":  {"satellite-1", eventlog.Event{Type: "CallStarted", Version: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			var s session
			s.arrives(1, connID("1"), "2125550001")
			s.Add(stored.stream, stored.event)
			s.login(2, "jane", "1001", "sales")
			f := floor.New(floor.Options{})
			err := f.Apply(t.Context(), s.Records())
			require.ErrorIs(t, err, wire.ErrUnknown)
			require.ErrorContains(t, err, "position 3")
			position, _ := f.Position(t.Context())
			assert.Equal(t, eventlog.Position(2), position)
		})
	}
}

func TestDamagedEvent(t *testing.T) {
	var s session
	s.Add("call-1795395601.0", eventlog.Event{Type: "CallStarted", Version: 1, Data: []byte("{}")})
	require.ErrorContains(t, floor.New(floor.Options{}).Apply(t.Context(), s.Records()), "position 1 (call-1795395601.0, revision 1)")
	s = session{}
	s.Add(wire.CallStream(connID("1")), eventlog.Event{Type: "CallStarted", Version: 1, Data: []byte("{")})
	require.ErrorContains(t, floor.New(floor.Options{}).Apply(t.Context(), s.Records()), "position 1 (call-")
}

// Who and what is at a telephone, which on another switch is another one.
func TestASeat(t *testing.T) {
	var s session
	id := connID("1")
	s.login(0, "jane", "1001", "sales")
	s.arrives(1, id, "2125550001")
	s.rings(2, id, "jane", "1001", "sales")
	f := s.floor(t)
	seat := f.Seat("pbx", "1001")
	assert.Equal(t, []string{"jane"}, seat.Agents)
	require.Len(t, seat.Calls, 1)
	assert.Equal(t, id, seat.Calls[0].ConnID)
	assert.Equal(t, floor.Seat{}, f.Seat("branch", "1001"))
	switches, queues := f.Outline()
	assert.Empty(t, switches, "of no link anything was told")
	assert.Equal(t, []string{"sales"}, queues)
}
