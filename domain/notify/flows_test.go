package notify_test

import (
	"testing"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/link"
)

// The flows F0 to F18 of the T-Library event model (reference/telephony.md, section 1.4), in its notation. A is the
// caller, B the agent, C another one, Q a queue, I an IVR, S a supervisor.

// F0: a call comes in, an IVR collects data, the call waits in a queue, an agent takes it.
//
// The IVR's release does not name the queue as third party, and the agent's readiness has no work mode: no event tells.
// The queue is told Diverted when the agent answers, not when it rings: that is when the domain's wait ends.
func TestF0TheSampleCall(t *testing.T) {
	story{
		of("7", agent.AgentLoggedIn{Agent: "7", DN: "B", Switch: "pbx1"}, "B< AgentLogin(Agent 7)"),
		of("7", agent.AgentJoinedQueue{Queue: "Q"}, "B< AgentLogin(Queue Q; Agent 7)"),
		of("7", agent.AgentReady{Queue: "Q"}, "B< AgentReady(Queue Q; Agent 7)"),
		on(1, started(1, call.External)),
		on(1, outsideDials("A")),
		on(1, outsideConnects("A", call.Origination)),
		on(1, call.IVREntered{IVR: "I", Party: "A"},
			"I< Ringing(1 inbound; D; Other A/O; Ok)",
			"I< Established(1 inbound; D; Other A/O; Ok)"),
		on(1, call.DigitsCollected{Party: "A", Count: 6}, "I< DigitsCollected(1 inbound; D; Other A/O; Digits 6; Ok)"),
		on(1, attaches("ivr:I", "acct", "100200"),
			"I< AttachedDataChanged(1 inbound; D; Other A/O; Third I; acct=100200; Ok)"),
		on(1, call.IVRLeft{IVR: "I", Party: "A"}, "I< Released(1 inbound; D; Other A/O; acct=100200; Transferred)"),
		on(1, waits("Q", "A"), "Q< Queued(1 inbound; D; Other A/O; Queue Q; acct=100200; Ok)"),
		on(1, ringsFor("B", "Q", "7"), "B< Ringing(1 inbound; D; Other A/O; Queue Q; Agent 7; acct=100200; Ok)"),
		on(1, connects("B"), "B< Established(1 inbound; D; Other A/O; Queue Q; Agent 7; acct=100200; Ok)"),
		on(1, delivers("Q", "B"), "Q< Diverted(1 inbound; D; Other A/O; Third B/D; Queue Q; acct=100200; Ok)"),
		on(1, hangsUp("A")),
		on(1, leaves("B", call.NormalClearing, "A"), "B< Released(1 inbound; D; Other A/O; Queue Q; Agent 7; acct=100200; Ok)"),
		on(1, call.CallEnded{By: "A"}),
		of("7", agent.AfterCallWorkStarted{ConnID: connID(1)}, "B< AgentNotReady(1; Agent 7; afterCallWork)"),
		of("7", agent.AfterCallWorkEnded{ConnID: connID(1)}, "B< AgentReady(1; Agent 7)"),
	}.check(t)
}

var internalDialing = story{
	on(1, started(1, call.Internal)),
	on(1, dials("A", "B"), "A< Dialing(1; O; Other B/D; Ok)"),
}

var internalRinging = after(internalDialing,
	on(1, rings("B"), "B< Ringing(1 internal; D; Other A/O; Ok)"))

var internalTalking = after(internalRinging,
	on(1, connects("A")),
	on(1, connects("B")))

func TestF1InternalCall(t *testing.T) {
	check(t, map[string]story{
		"answered": {
			on(1, started(1, call.Internal)),
			on(1, dials("A", "B"), "A< Dialing(1; O; Other B/D; Ok)"),
			on(1, rings("B"), "B< Ringing(1 internal; D; Other A/O; Ok)"),
			on(1, connects("A"), "A< Established(1 internal; O; Other B/D; Ok)"),
			on(1, connects("B"), "B< Established(1 internal; D; Other A/O; Ok)"),
			on(1, hangsUp("B"), "B< Released(1 internal; D; Other A/O; Ok)"),
			on(1, leaves("A", call.NormalClearing, "B"), "A< Released(1 internal; O; Other B/D; Ok)"),
			on(1, call.CallEnded{By: "B"}),
		},
		"ab1: the caller hangs up before it rings": after(internalDialing,
			on(1, hangsUp("A"), "A< Released(1; O; Other B/D; Ok)"),
			on(1, call.CallEnded{By: "A"})),
		"ab2: the device is busy": after(internalDialing,
			on(1, fails("B", call.Busy), "A< DestinationBusy(1 internal; O; Other B/D; Busy)"),
			on(1, leaves("A", call.Busy, ""), "A< Released(1 internal; O; Other B/D; Busy)"),
			on(1, leaves("B", call.Busy, "")),
			on(1, call.CallEnded{Cause: call.Busy})),
		"ab2: the number is invalid, told of the caller itself": after(internalDialing,
			on(1, fails("A", call.InvalidNumber), "A< DestinationBusy(1; O; Other B/D; SitInvalidnum)"),
			on(1, hangsUp("A"), "A< Released(1; O; Other B/D; Ok)")),
		"ab3: the caller hangs up while it rings": after(internalRinging,
			on(1, hangsUp("A"), "A< Released(1 internal; O; Other B/D; Ok)"),
			on(1, leaves("B", call.Abandoned, "A"), "B< Abandoned(1 internal; D; Other A/O; Ok)"),
			on(1, call.CallEnded{By: "A"})),
		"ab3: the switch tells the called device first, and no cause": after(internalRinging,
			on(1, leaves("B", call.NormalClearing, "A"), "B< Abandoned(1 internal; D; Other A/O; Ok)"),
			on(1, hangsUp("A"), "A< Released(1 internal; O; Other B/D; Ok)")),
	})
}

func TestF2CallToAQueue(t *testing.T) {
	check(t, map[string]story{
		"from inside": {
			on(1, started(1, call.Internal)),
			on(1, dials("A", "5000"), "A< Dialing(1; O; Other 5000/D; Ok)"),
			on(1, waits("Q", "A"), "Q< Queued(1 internal; D; Other A/O; Queue Q; Ok)"),
			on(1, ringsFor("B", "Q", ""), "B< Ringing(1 internal; D; Other A/O; Queue Q; Ok)"),
			on(1, connects("B"), "B< Established(1 internal; D; Other A/O; Queue Q; Ok)"),
			on(1, delivers("Q", "B"), "Q< Diverted(1 internal; D; Other A/O; Third B/D; Queue Q; Ok)"),
			on(1, connects("A"), "A< Established(1 internal; O; Other B/D; Ok)"),
		},
		"from inside, the switch answers before the agent does": {
			on(1, started(1, call.Internal)),
			on(1, dials("A", "5000"), "A< Dialing(1; O; Other 5000/D; Ok)"),
			on(1, connects("A"), "A< Established(1; O; Other 5000/D; Ok)"),
			on(1, waits("Q", "A"),
				"Q< Queued(1 internal; D; Other A/O; Queue Q; Ok)",
				"A< PartyChanged(1 internal; Prev 1; O; Other Q/D; Ok)"),
			on(1, ringsFor("B", "Q", ""), "B< Ringing(1 internal; D; Other A/O; Queue Q; Ok)"),
			on(1, connects("B"),
				"B< Established(1 internal; D; Other A/O; Queue Q; Ok)",
				"A< PartyChanged(1 internal; Prev 1; O; Other B/D; Ok)"),
			on(1, delivers("Q", "B"), "Q< Diverted(1 internal; D; Other A/O; Third B/D; Queue Q; Ok)"),
		},
		"several queues: the one that wins is the agent's, the others are told who has the call": {
			on(1, started(1, call.External)),
			on(1, outsideDials("A")),
			on(1, waits("Q1", "A"), "Q1< Queued(1 inbound; D; Other A/O; Queue Q1; Ok)"),
			on(1, waits("Q2", "A"), "Q2< Queued(1 inbound; D; Other A/O; Queue Q2; Ok)"),
			on(1, ringsFor("B", "Q1", ""), "B< Ringing(1 inbound; D; Other A/O; Queue Q1; Ok)"),
			on(1, connects("B"), "B< Established(1 inbound; D; Other A/O; Queue Q1; Ok)"),
			on(1, delivers("Q1", "B"), "Q1< Diverted(1 inbound; D; Other A/O; Third B/D; Queue Q1; Ok)"),
			on(1, leavesQueue("Q2", call.Elsewhere), "Q2< Diverted(1 inbound; D; Other A/O; Third B/D; Queue Q2; Ok)"),
		},
		"the wait is over without an agent: where the call goes no event tells": {
			on(1, started(1, call.External)),
			on(1, outsideDials("A")),
			on(1, waits("Q1", "A"), "Q1< Queued(1 inbound; D; Other A/O; Queue Q1; Ok)"),
			on(1, leavesQueue("Q1", call.TimedOut), "Q1< Diverted(1 inbound; D; Other A/O; Queue Q1; Overflowed)"),
			on(1, waits("Q2", "A"), "Q2< Queued(1 inbound; D; Other A/O; Queue Q2; Ok)"),
			on(1, leavesQueue("Q2", call.ExitKey), "Q2< Diverted(1 inbound; D; Other A/O; Queue Q2; Redirected)"),
			on(1, waits("Q3", "A"), "Q3< Queued(1 inbound; D; Other A/O; Queue Q3; Ok)"),
			on(1, leavesQueue("Q3", call.CallGone), "Q3< Abandoned(1 inbound; D; Other A/O; Queue Q3; Dropped)"),
		},
	})
}

var waiting = story{
	on(1, started(1, call.External)),
	on(1, outsideDials("A")),
	on(1, outsideConnects("A", call.Origination)),
	on(1, waits("Q", "A")),
}

func TestF3AbandonedInQueue(t *testing.T) {
	check(t, map[string]story{
		"by a caller from outside": after(waiting,
			on(1, givesUp("Q"), "Q< Abandoned(1 inbound; D; Other A/O; Queue Q; Ok)"),
			on(1, hangsUp("A")),
			on(1, call.CallEnded{By: "A"})),
		"by a caller inside": {
			on(1, started(1, call.Internal)),
			on(1, dials("A", "5000"), "A< Dialing(1; O; Other 5000/D; Ok)"),
			on(1, waits("Q", "A"), "Q< Queued(1 internal; D; Other A/O; Queue Q; Ok)"),
			on(1, givesUp("Q"), "Q< Abandoned(1 internal; D; Other A/O; Queue Q; Ok)"),
			on(1, hangsUp("A"), "A< Released(1 internal; O; Other 5000/D; Ok)"),
		},
		"while it rings at the agent": after(waiting,
			on(1, ringsFor("B", "Q", ""), "B< Ringing(1 inbound; D; Other A/O; Queue Q; Ok)"),
			on(1, hangsUp("A")),
			on(1, givesUp("Q"), "Q< Abandoned(1 inbound; D; Other A/O; Queue Q; Ok)"),
			on(1, leaves("B", call.Abandoned, "A"), "B< Abandoned(1 inbound; D; Other A/O; Queue Q; Ok)")),
	})
}

// F4: the queue is told nothing of an agent who does not answer: its wait goes on.
func TestF4RingNoAnswer(t *testing.T) {
	after(waiting,
		of("7", agent.AgentLoggedIn{Agent: "7", DN: "B", Switch: "pbx1"}, "B< AgentLogin(Agent 7)"),
		on(1, ringsFor("B", "Q", "7"), "B< Ringing(1 inbound; D; Other A/O; Queue Q; Agent 7; Ok)"),
		on(1, leaves("B", call.NoAnswer, ""), "B< Released(1 inbound; D; Other A/O; Queue Q; Agent 7; NoAnswer)"),
		of("7", agent.AgentNotReady{Reason: "RONA"}, "B< AgentNotReady(Agent 7; RONA)"),
		on(1, ringsFor("C", "Q", "8"), "C< Ringing(1 inbound; D; Other A/O; Queue Q; Agent 8; Ok)"),
		on(1, leaves("C", call.Cancelled, ""), "C< Released(1 inbound; D; Other A/O; Queue Q; Agent 8; Redirected)"),
		on(1, call.PartyAlerting{Party: "B2", DN: "B", Agent: "7", Queue: "Q", Visit: "Q"},
			"B< Ringing(1 inbound; D; Other A/O; Queue Q; Agent 7; Ok)"),
		on(1, call.PartyReleased{Party: "B2", Cause: call.Rejected, By: "B2"},
			"B< Released(1 inbound; D; Other A/O; Queue Q; Agent 7; Dropped)"),
		on(1, call.PartyFailed{Party: "D", DN: "D", Queue: "Q", Visit: "Q", Cause: call.Unreachable}),
		on(1, ringsFor("E", "Q", ""), "E< Ringing(1 inbound; D; Other A/O; Queue Q; Ok)"),
		on(1, leaves("E", call.NormalClearing, ""), "E< Released(1 inbound; D; Other A/O; Queue Q; Redirected)"),
	).check(t)
}

func TestF5HoldAndRetrieve(t *testing.T) {
	check(t, map[string]story{
		"retrieved": after(internalTalking,
			on(1, holds("B"), "B< Held(1 internal; D; Other A/O; Ok)"),
			on(1, retrieves("B"), "B< Retrieved(1 internal; D; Other A/O; Ok)")),
		"the far end hangs up": after(internalTalking,
			on(1, holds("B"), "B< Held(1 internal; D; Other A/O; Ok)"),
			on(1, hangsUp("A"), "A< Released(1 internal; O; Other B/D; Ok)"),
			on(1, leaves("B", call.NormalClearing, "A"), "B< Released(1 internal; D; Other A/O; Ok)")),
	})
}

func TestF12OutboundCall(t *testing.T) {
	check(t, map[string]story{
		"answered": {
			on(1, started(1, call.Internal)),
			on(1, dials("A", "0555"), "A< Dialing(1; O; Other 0555/D; Ok)"),
			on(1, outsideRings("0555"), "A< NetworkReached(1 outbound; O; Other 0555/D; Ok)"),
			on(1, outsideRings("0556")),
			on(1, leaves("0556", call.AnsweredElsewhere, "")),
			on(1, outsideConnects("0555", "")),
			on(1, connects("A"), "A< Established(1 outbound; O; Other 0555/D; Ok)"),
			on(1, hangsUp("A"), "A< Released(1 outbound; O; Other 0555/D; Ok)"),
			on(1, leaves("0555", call.NormalClearing, "A")),
		},
		"ab: busy": {
			on(1, started(1, call.Internal)),
			on(1, dials("A", "0555"), "A< Dialing(1; O; Other 0555/D; Ok)"),
			on(1, call.PartyFailed{Party: "0555", DN: "0555", External: true, Cause: call.Busy},
				"A< DestinationBusy(1 outbound; O; Other 0555/D; Busy)"),
			on(1, leaves("A", call.Busy, ""), "A< Released(1 outbound; O; Other 0555/D; Busy)"),
		},
		"ab: the switch called the agent first": {
			on(1, started(1, call.Switch)),
			on(1, call.PartyAlerting{Party: "A", DN: "A", Role: call.Origination}, "A< Ringing(1; O; Ok)"),
			on(1, connects("A"), "A< Established(1; O; Ok)"),
			on(1, call.PartyFailed{Party: "0555", DN: "0555", External: true, Cause: call.Busy},
				"A< DestinationBusy(1 outbound; O; Other 0555/D; Busy)"),
			on(1, leaves("A", call.Busy, ""), "A< Released(1 outbound; O; Busy)"),
		},
		"ab: no trunk": {
			on(1, started(1, call.Internal)),
			on(1, dials("A", "0555"), "A< Dialing(1; O; Other 0555/D; Ok)"),
			on(1, call.PartyFailed{Party: "0555", DN: "0555", External: true, Cause: call.Congestion},
				"A< DestinationBusy(1 outbound; O; Other 0555/D; AllTrunksBusy)"),
		},
	})
}

// F13: a route point is not in the model; what is of it is the IVR's stay, told as the port's call (F0).

// F14: an IVR talks to a caller who waits in queues. The IVR's own queue (Q3 of the flow) is not in the events, so the
// port has no ThisQueue.
func TestF14IVRWhileWaiting(t *testing.T) {
	story{
		on(1, started(1, call.External)),
		on(1, outsideDials("A")),
		on(1, waits("Q1", "A"), "Q1< Queued(1 inbound; D; Other A/O; Queue Q1; Ok)"),
		on(1, waits("Q2", "A"), "Q2< Queued(1 inbound; D; Other A/O; Queue Q2; Ok)"),
		on(1, call.IVREntered{IVR: "I", Party: "A"},
			"I< Ringing(1 inbound; D; Other A/O; ConverseOn)",
			"I< Established(1 inbound; D; Other A/O; ConverseOn)"),
		on(1, call.IVRLeft{IVR: "I", Party: "A"}, "I< Released(1 inbound; D; Other A/O; Ok)"),
		on(1, ringsFor("B", "Q1", ""), "B< Ringing(1 inbound; D; Other A/O; Queue Q1; Ok)"),
		on(1, connects("B"), "B< Established(1 inbound; D; Other A/O; Queue Q1; Ok)"),
		on(1, leavesQueue("Q2", call.Elsewhere), "Q2< Diverted(1 inbound; D; Other A/O; Third B/D; Queue Q2; Ok)"),
		on(1, delivers("Q1", "B"), "Q1< Diverted(1 inbound; D; Other A/O; Third B/D; Queue Q1; Ok)"),
	}.check(t)
}

func TestF16UserData(t *testing.T) {
	seated := after(internalTalking,
		of("7", agent.AgentLoggedIn{Agent: "7", DN: "A", Switch: "pbx1"}),
		of("9", agent.AgentLoggedIn{Agent: "9", DN: "C", Switch: "pbx1"}))
	check(t, map[string]story{
		"by a member": after(seated,
			on(1, attaches("agent:7", "k", "v"),
				"A< AttachedDataChanged(1 internal; O; Other B/D; Third A; Agent 7; k=v; Ok)",
				"B< AttachedDataChanged(1 internal; D; Other A/O; Third A; k=v; Ok)")),
		"by somebody who is not on the call": after(seated,
			on(1, attaches("agent:9", "k", "v"),
				"A< AttachedDataChanged(1 internal; O; Other B/D; Third C; Agent 7; k=v; Ok)",
				"B< AttachedDataChanged(1 internal; D; Other A/O; Third C; k=v; Ok)",
				"C< AttachedDataChanged(1 internal; Third C; Agent 9; k=v; Ok)")),
		"by the switch; the queue where the call waits is told": after(waiting,
			on(1, attaches("switch", "k", "v"), "Q< AttachedDataChanged(1 inbound; D; Other A/O; Queue Q; k=v; Ok)"),
			on(1, call.UserDataChanged{Deleted: []string{"k"}}, "Q< AttachedDataChanged(1 inbound; D; Other A/O; Queue Q; Ok)")),
	})
}

func TestF17AgentSession(t *testing.T) {
	in := story{of("7", agent.AgentLoggedIn{Agent: "7", DN: "B", Switch: "pbx1"}, "B< AgentLogin(Agent 7)")}
	check(t, map[string]story{
		"a shift": after(in,
			of("7", agent.AgentJoinedQueue{Queue: "Q"}, "B< AgentLogin(Queue Q; Agent 7)"),
			of("7", agent.AgentNotReady{Queue: "Q", Reason: "lunch"}, "B< AgentNotReady(Queue Q; Agent 7; lunch)"),
			of("7", agent.AgentReady{Queue: "Q"}, "B< AgentReady(Queue Q; Agent 7)"),
			of("7", agent.AgentLeftQueue{Queue: "Q"}, "B< QueueLogout(Queue Q; Agent 7)"),
			of("7", agent.AgentLoggedOut{Agent: "7"}, "B< AgentLogout(Agent 7)")),
		"not ready after the work that a call left": after(in,
			of("7", agent.AgentJoinedQueue{Queue: "Q"}, "B< AgentLogin(Queue Q; Agent 7)"),
			of("7", agent.AfterCallWorkStarted{ConnID: connID(1)}, "B< AgentNotReady(1; Agent 7; afterCallWork)"),
			of("7", agent.AgentNotReady{Queue: "Q", Reason: "lunch"}, "B< AgentNotReady(Queue Q; Agent 7; lunch)"),
			of("7", agent.AfterCallWorkEnded{ConnID: connID(1)}, "B< AgentNotReady(1; Agent 7; lunch)")),
		"a second login takes the seat; the first one has it again when the second has gone": after(in,
			of("8", agent.AgentLoggedIn{Agent: "8", DN: "B", Switch: "pbx1"}, "B< AgentLogin(Agent 8)"),
			on(1, started(1, call.Internal)),
			on(1, rings("B"), "B< Ringing(1; D; Agent 8; Ok)"),
			of("7", agent.AgentJoinedQueue{Queue: "Q"}, "B< AgentLogin(Queue Q; Agent 7)"),
			on(1, connects("B"), "B< Established(1; D; Agent 8; Ok)"),
			of("8", agent.AgentLoggedOut{Agent: "8"}, "B< AgentLogout(Agent 8)"),
			of("7", agent.AgentReady{Queue: "Q"}, "B< AgentReady(Queue Q; Agent 7)"),
			on(1, holds("B"), "B< Held(1; D; Agent 7; Ok)")),
		"a direct call: who sits there is known from the login, until the logout": after(in,
			on(1, started(1, call.Internal)),
			on(1, dials("A", "B"), "A< Dialing(1; O; Other B/D; Ok)"),
			on(1, rings("B"), "B< Ringing(1 internal; D; Other A/O; Agent 7; Ok)"),
			of("7", agent.AgentLoggedOut{Agent: "7"}, "B< AgentLogout(Agent 7)"),
			on(1, connects("B"), "B< Established(1 internal; D; Other A/O; Ok)")),
	})
}

// F18: what the link's loss makes uncertain is told when it is known.
func TestF18LinkLoss(t *testing.T) {
	check(t, map[string]story{
		"devices with a call or an agent are told, others not": after(waiting,
			of("7", agent.AgentLoggedIn{Agent: "7", DN: "B", Switch: "pbx1"}, "B< AgentLogin(Agent 7)"),
			on(1, ringsFor("C", "Q", ""), "C< Ringing(1 inbound; D; Other A/O; Queue Q; Ok)"),
			linked(link.LinkDown{Switch: "pbx1"}, "B< LinkDisconnected(Agent 7)", "C< LinkDisconnected()", "Q< LinkDisconnected()"),
			linked(link.LinkUp{Switch: "pbx1"}, "B< LinkConnected(Agent 7)", "C< LinkConnected()", "Q< LinkConnected()"),
			on(1, leaves("C", call.UnknownCause, ""), "C< Released(1 inbound; D; Other A/O; Queue Q; Unknown)"),
			on(1, leavesQueue("Q", call.LeftUnknown), "Q< Diverted(1 inbound; D; Other A/O; Queue Q; Unknown)"),
			on(1, call.IVREntered{IVR: "I", Party: "A"},
				"I< Ringing(1 inbound; D; Other A/O; Ok)",
				"I< Established(1 inbound; D; Other A/O; Ok)"),
			linked(link.LinkDown{Switch: "pbx1"}, "B< LinkDisconnected(Agent 7)", "I< LinkDisconnected()"),
			linked(link.Resynchronised{Switch: "pbx1"}),
			linked(link.LinkDown{Switch: "pbx2"})),
		"a device that cannot be reached is told alone": {
			of("7", agent.AgentLoggedIn{Agent: "7", DN: "B", Switch: "pbx1"}, "B< AgentLogin(Agent 7)"),
			linked(link.DeviceOutOfService{Switch: "pbx1", DN: "B"}, "B< DNOutOfService(Agent 7)"),
			linked(link.DeviceInService{Switch: "pbx1", DN: "B"}, "B< DNBackInService(Agent 7)")},
		"a call that the switch does not have any more": after(internalTalking,
			on(1, holds("B"), "B< Held(1 internal; D; Other A/O; Ok)"),
			on(1, call.CallPresumedEnded{Reason: call.SwitchRestart},
				"A< Released(1 internal; O; Other B/D; Unknown)",
				"B< Released(1 internal; D; Other A/O; Unknown)")),
		"a wait and an IVR stay that the switch does not have any more": after(waiting,
			on(1, call.IVREntered{IVR: "I", Party: "A"},
				"I< Ringing(1 inbound; D; Other A/O; ConverseOn)",
				"I< Established(1 inbound; D; Other A/O; ConverseOn)"),
			on(1, call.CallPresumedEnded{Reason: call.GoneAtResync},
				"I< Released(1 inbound; D; Other A/O; Unknown)",
				"Q< Abandoned(1 inbound; D; Other A/O; Queue Q; Unknown)")),
	})
}

// The log does not repeat itself, but what it cannot mean is not told.
func TestNothingIsToldTwice(t *testing.T) {
	check(t, map[string]story{
		"a call": after(internalTalking,
			on(1, holds("B"), "B< Held(1 internal; D; Other A/O; Ok)"),
			on(1, holds("B")),
			on(1, retrieves("B"), "B< Retrieved(1 internal; D; Other A/O; Ok)"),
			on(1, retrieves("B")),
			on(1, hangsUp("B"), "B< Released(1 internal; D; Other A/O; Ok)"),
			on(1, hangsUp("B"))),
		"a wait": after(waiting,
			on(1, givesUp("Q"), "Q< Abandoned(1 inbound; D; Other A/O; Queue Q; Ok)"),
			on(1, givesUp("Q")),
			on(1, delivers("Q", "B"))),
		"a stay in an IVR that did not begin": after(waiting,
			on(1, call.IVRLeft{IVR: "I", Party: "A"})),
		"what comes after the end, and of a call that nobody saw begin": after(internalTalking,
			on(1, call.CallEnded{}, "A< Released(1 internal; O; Other B/D; Unknown)", "B< Released(1 internal; D; Other A/O; Unknown)"),
			on(1, call.DispositionSet{Code: "sold"}),
			on(1, holds("B")),
			on(2, rings("C"))),
	})
}

// A device that is connected without having rung is told both: a desktop opens a call when it rings.
func TestMissedStepsAreTold(t *testing.T) {
	story{
		on(1, started(1, call.Internal)),
		on(1, call.PartyConnected{Party: "A", DN: "A", Role: call.Origination}, "A< Dialing(1; O; Ok)", "A< Established(1; O; Ok)"),
		on(1, connects("B"),
			"B< Ringing(1 internal; D; Other A/O; Ok)",
			"B< Established(1 internal; D; Other A/O; Ok)",
			"A< PartyChanged(1 internal; Prev 1; O; Other B/D; Ok)"),
	}.check(t)
}
