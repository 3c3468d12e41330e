package notify_test

import (
	"strings"
	"testing"
	"time"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/notify"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// world is some calls of a switch that says anything at all about them, as call.Observe takes it.
type world struct {
	states map[int]call.State
	events []step
	at     time.Time
}

const worldCalls = 3

func (w *world) observe(number int, f call.Fact) []step {
	var steps []step
	for _, e := range call.Observe(w.states[number], f) {
		w.states[number] = call.Evolve(w.states[number], e)
		steps = append(steps, step{call: number, body: e.Body})
	}
	w.events = append(w.events, steps...)
	return steps
}

func (w *world) next() time.Time {
	w.at = w.at.Add(time.Second)
	return w.at
}

func newWorld() *world {
	w := &world{states: map[int]call.State{}, at: noon}
	for n := 1; n <= worldCalls; n++ {
		f := call.CallIs{At: w.next(), ConnID: connID(n), Switch: "pbx1", SwitchCallID: "1", Origin: call.Internal, ANI: ani, DNIS: dnis}
		if n == 2 {
			f.ConsultOf = connID(1)
		}
		w.observe(n, f)
		w.observe(n, call.PartyIs{At: w.next(), Party: "outside", DN: "outside", External: true, State: call.Initiated})
	}
	return w
}

var (
	someParty  = rapid.SampledFrom([]call.PartyID{"a", "b", "c", "d", "outside"})
	somePlace  = rapid.SampledFrom([]string{"Q1", "Q2", "Q3"})
	someCall   = rapid.IntRange(1, worldCalls)
	someCause  = rapid.SampledFrom([]call.Cause{"", call.NormalClearing, call.NoAnswer, call.Busy, call.Abandoned, call.Transferred, call.Conferenced, call.UnknownCause})
	someState  = rapid.SampledFrom([]call.Telephony{call.Initiated, call.Alerting, call.Alerting, call.Connected, call.Connected, call.Held, call.Failed, call.Released})
	someone    = rapid.SampledFrom([]call.PartyID{"", "a", "b", "c"})
	someKind   = rapid.SampledFrom([]call.TransferKind{call.Blind, call.Attended, call.Redirect})
	someEnd    = rapid.SampledFrom([]call.VisitEnd{call.Waiting, call.Waiting, call.Distributed, call.VisitAbandoned, call.Left})
	someReason = rapid.SampledFrom([]call.LeaveReason{call.TimedOut, call.Elsewhere, call.CallGone, call.Redirected, ""})
	someFact   = rapid.SampledFrom([]string{"party", "party", "party", "party", "party", "visit", "ivr", "data", "digits",
		"consult", "transfer", "merge", "conference", "supervisor", "park"})
)

// say draws something that the switch says.
func (w *world) say(t *rapid.T) {
	n, at := someCall.Draw(t, "call"), w.next()
	switch someFact.Draw(t, "fact") {
	case "party":
		w.party(t, n, at)
	case "visit":
		queue := somePlace.Draw(t, "queue")
		w.observe(n, call.VisitIs{At: at, Visit: call.VisitID(queue), Queue: queue, Party: someParty.Draw(t, "party"),
			End: someEnd.Draw(t, "end"), Reason: someReason.Draw(t, "reason"), AgentDN: "b", AgentParty: "b"})
	case "ivr":
		w.observe(n, call.IVRIs{At: at, IVR: "I", Party: "a", Inside: rapid.Bool().Draw(t, "inside")})
	case "data":
		w.observe(n, call.DataIs{At: at, Set: []call.Pair{{Key: "k", Value: at.String()}},
			By: rapid.SampledFrom([]string{"", "ivr:I", "agent:7", "switch"}).Draw(t, "by")})
	case "digits":
		w.observe(n, call.DigitsAre{At: at, Party: "a", Count: 4})
	case "consult":
		w.observe(n, call.ConsultIs{At: at, Consult: connID(someCall.Draw(t, "other")), By: someone.Draw(t, "by"), Over: rapid.Bool().Draw(t, "over")})
	case "transfer":
		w.observe(n, call.TransferIs{At: at, Kind: someKind.Draw(t, "kind"), By: someone.Draw(t, "by"), To: "c",
			ToCall: connID(rapid.IntRange(0, worldCalls).Draw(t, "other"))})
	case "merge":
		w.merge(t, n, at)
	case "conference":
		w.observe(n, call.ConferenceIs{At: at, By: someone.Draw(t, "by")})
	case "supervisor":
		w.observe(n, call.SupervisorIs{At: at, Party: "s", DN: "s", Target: someParty.Draw(t, "target"), Listening: rapid.Bool().Draw(t, "listening")})
	case "park":
		w.observe(n, call.ParkIs{At: at, Party: "a", Space: "700", Parked: rapid.Bool().Draw(t, "parked")})
	}
}

// party: each device has one party in a call, so that its messages can be told apart by ConnID and DN.
func (w *world) party(t *rapid.T, n int, at time.Time) {
	id := someParty.Draw(t, "party")
	f := call.PartyIs{At: at, Party: id, DN: string(id), External: id == "outside", State: someState.Draw(t, "state"),
		Cause: someCause.Draw(t, "cause"), By: someone.Draw(t, "by"), From: connID(rapid.IntRange(0, worldCalls).Draw(t, "from"))}
	if rapid.Bool().Draw(t, "origination") {
		f.Role = call.Origination
	}
	if rapid.Bool().Draw(t, "offered") {
		f.Queue, f.Visit, f.Agent = "Q1", "Q1", "7"
	}
	w.observe(n, f)
}

// merge: it is told to both calls, in either order, and the parties come over or do not.
func (w *world) merge(t *rapid.T, survivor int, at time.Time) {
	absorbed := someCall.Draw(t, "absorbed")
	if absorbed == survivor || w.states[absorbed].Ended() || w.states[survivor].Ended() {
		return
	}
	f := call.MergedIs{At: at, Survivor: connID(survivor), Absorbed: connID(absorbed),
		Cause: rapid.SampledFrom([]call.Cause{call.Transferred, call.Conferenced}).Draw(t, "cause")}
	parties := w.states[absorbed].Parties
	first, second := survivor, absorbed
	if rapid.Bool().Draw(t, "absorbed first") {
		first, second = absorbed, survivor
	}
	w.observe(first, f)
	w.observe(second, f)
	for _, p := range parties {
		if p.Telephony.Live() && rapid.Bool().Draw(t, "comes over") {
			w.observe(survivor, call.PartyIs{At: w.next(), Party: p.ID, DN: p.DN, External: p.External, State: p.Telephony, From: connID(absorbed)})
		}
	}
}

// end: everybody leaves.
func (w *world) end() {
	for n := 1; n <= worldCalls; n++ {
		for _, p := range w.states[n].Parties {
			if p.Telephony.Live() {
				w.observe(n, call.PartyIs{At: w.next(), Party: p.ID, State: call.Released, Cause: call.NormalClearing})
			}
		}
	}
}

// desk is what one device knows of one call.
type desk struct{ call, dn string }

// lawful says which messages a device may get in which stage, and to which stage they lead.
var lawful = map[string]map[notify.Name]string{
	"": {notify.Dialing: "dialing", notify.Ringing: "ringing", notify.Queued: "queued"},
	"dialing": {notify.NetworkReached: "dialing", notify.DestinationBusy: "dialing", notify.Established: "established",
		notify.Released: "", notify.AttachedDataChanged: "dialing"},
	"ringing": {notify.Established: "established", notify.Abandoned: "", notify.Released: "", notify.PartyChanged: "ringing",
		notify.AttachedDataChanged: "ringing"},
	"established": {notify.Held: "held", notify.DestinationBusy: "established", notify.Released: "", notify.PartyChanged: "established", notify.PartyAdded: "established",
		notify.PartyDeleted: "established", notify.AttachedDataChanged: "established", notify.DigitsCollected: "established"},
	"held": {notify.Retrieved: "established", notify.DestinationBusy: "held", notify.Released: "", notify.PartyChanged: "held", notify.PartyAdded: "held",
		notify.PartyDeleted: "held", notify.AttachedDataChanged: "held"},
	"queued": {notify.Diverted: "", notify.Abandoned: "", notify.AttachedDataChanged: "queued"},
}

func TestEveryDeviceIsToldALawfulStory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		for range rapid.IntRange(1, 60).Draw(t, "facts") {
			w.say(t)
		}
		w.end()
		n, again := notify.New(), notify.New()
		desks := map[desk]string{}
		for i, s := range w.events {
			messages := s.feed(n, noon.Add(time.Duration(i)*time.Second))
			require.Equal(t, messages, s.feed(again, noon.Add(time.Duration(i)*time.Second)), "the same events, the same messages")
			for _, m := range messages {
				require.NotEqual(t, "outside", m.DN, "who is outside is told nothing")
				if m.Event == notify.AttachedDataChanged && m.ThisRole == "" {
					continue // to who changed the data, who is not on the call
				}
				at := desk{number(m.ConnID), m.DN}
				stage := desks[at]
				if m.Event == notify.PartyChanged && m.PreviousConnID != m.ConnID {
					before := desk{number(m.PreviousConnID), m.DN}
					require.Empty(t, stage, "%s is on the call already: %s", m.DN, text(m))
					stage = desks[before]
					require.NotEmpty(t, stage, "%s was not on the call it comes from: %s", m.DN, text(m))
					delete(desks, before)
					desks[at] = stage
					continue
				}
				next, legal := lawful[stage][m.Event]
				require.True(t, legal, "%s after %q at event %d, %T%+v", text(m), stage, i, s.body, s.body)
				desks[at] = next
			}
		}
		for d, stage := range desks {
			assert.Empty(t, stage, "%s was never told how call %s ended", d.dn, d.call)
		}
	})
}

func TestAnyEventsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		for range rapid.IntRange(1, 40).Draw(t, "facts") {
			w.say(t)
		}
		n := notify.New()
		for i, s := range rapid.Permutation(w.events).Draw(t, "order") {
			for _, m := range s.feed(n, noon.Add(time.Duration(i)*time.Second)) {
				require.True(t, strings.HasPrefix(m.TLib, "Event"))
			}
		}
	})
}
