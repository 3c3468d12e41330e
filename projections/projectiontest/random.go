package projectiontest

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/link"
)

// Random draws a script of a very small contact centre in which everything happens that the facts can say, in any
// order: few names, so that they collide, and two switches that use the same numbers.
func Random(t *rapid.T) *Script {
	w := &world{T: t, now: morning}
	for range rapid.IntRange(1, 120).Draw(t, "steps") {
		w.step()
	}
	return &w.script
}

type world struct {
	*rapid.T
	script Script
	now    time.Time
	calls  []call.ConnID
}

func (w *world) tick() time.Time {
	w.now = w.now.Add(time.Duration(rapid.IntRange(1, 90_000).Draw(w.T, "ms")) * time.Millisecond)
	return w.now
}

func pick[T any](w *world, what string, from ...T) T { return rapid.SampledFrom(from).Draw(w.T, what) }

func (w *world) step() {
	switch pick(w, "step", "start", "party", "party", "party", "party", "visit", "visit", "ivr", "data", "agent", "agent", "pause", "acw", "link", "device", "after") {
	case "start":
		name := fmt.Sprint(len(w.calls))
		at := w.tick()
		id := call.NewConnID(at, "pbx", name)
		w.script.Call(id, call.CallIs{At: at, ConnID: id, Switch: w.switchName(), SwitchCallID: name, Origin: pick(w, "origin", call.External, call.Internal), ANI: w.dn(), DNIS: "5550100"})
		w.calls = append(w.calls, id)
	case "party":
		w.onCall(w.party())
	case "visit":
		w.onCall(call.VisitIs{
			At: w.tick(), Visit: call.VisitID(pick(w, "visit", "v1", "v2")), Queue: w.queue(), Party: w.partyID(),
			End:    pick(w, "end", call.Waiting, call.Waiting, call.Distributed, call.VisitAbandoned, call.Left),
			Reason: pick(w, "reason", call.TimedOut, call.EmptyQueue), Agent: w.agent(), AgentParty: w.partyID(),
		})
	case "ivr":
		w.onCall(call.IVRIs{At: w.tick(), IVR: pick(w, "ivr", "main", "language"), Party: w.partyID(), Inside: rapid.Bool().Draw(w.T, "inside")})
	case "data":
		w.onCall(call.DataIs{At: w.tick(), Set: []call.Pair{{Key: pick(w, "key", "account", "name"), Value: pick(w, "value", "1", "2", "")}}, By: "ivr:main"})
	case "agent":
		id := w.agent()
		w.script.Agent(id, agent.MembershipIs{At: w.tick(), Agent: id, Switch: w.switchName(), Queue: w.queue(), DN: w.dn(), Member: pick(w, "member", true, true, false)})
	case "pause":
		id := w.agent()
		m := agent.MembershipIs{At: w.tick(), Agent: id, Switch: w.switchName(), Queue: w.queue(), DN: w.dn(), Member: true, Paused: true, Reason: pick(w, "why", "lunch", "training", "")}
		w.script.Agent(id, m)
	case "acw":
		id := w.agent()
		if len(w.calls) > 0 {
			w.script.Agent(id, agent.AfterCallWorkIs{At: w.tick(), ConnID: pick(w, "of", w.calls...), Working: rapid.Bool().Draw(w.T, "working"), Limit: pick(w, "limit", 0, 10*time.Second)})
		}
	case "link":
		name := w.switchName()
		w.script.Link(name, link.LinkIs{At: w.tick(), Switch: name, Up: rapid.Bool().Draw(w.T, "up")})
		w.script.Link(name, link.SnapshotIs{At: w.now, Switch: name})
	case "device":
		name := w.switchName()
		w.script.Link(name, link.DeviceIs{At: w.tick(), Switch: name, DN: pick(w, "device", "1001", "1002"), OutOfService: rapid.Bool().Draw(w.T, "out of service")})
	case "after":
		if len(w.calls) > 0 {
			id := pick(w, "to", w.calls...)
			w.script.Request(id, call.AddNote{At: w.tick(), Text: "called back"})
			if w.script.State(id).Live() {
				w.script.Request(id, call.ChangeUserData{At: w.tick(), Actor: "agent:a", Set: []call.Pair{{Key: "note", Value: pick(w, "value", "1", "2")}}, Delete: []string{"name"}})
			}
		}
	}
}

func (w *world) onCall(f call.Fact) {
	if len(w.calls) > 0 {
		w.script.Call(pick(w, "call", w.calls...), f)
	}
}

func (w *world) party() call.PartyIs {
	p := call.PartyIs{
		At: w.tick(), Party: w.partyID(), DN: w.dn(), External: pick(w, "external", false, false, true),
		State: pick(w, "state", call.Initiated, call.Alerting, call.Connected, call.Connected, call.Held, call.Failed, call.Released, call.Released),
		Role:  pick(w, "role", call.Destination, call.Destination, call.Origination),
		Cause: pick(w, "cause", call.NormalClearing, call.NoAnswer, call.Busy, call.Abandoned, call.AnsweredElsewhere),
		By:    pick[call.PartyID](w, "by", "", "p1", "p2"),
	}
	if rapid.Bool().Draw(w.T, "offered by a queue") {
		p.Agent, p.Queue, p.Visit = w.agent(), w.queue(), call.VisitID(pick(w, "visit", "v1", "v2"))
	}
	return p
}

func (w *world) partyID() call.PartyID { return call.PartyID(pick(w, "party", "p1", "p2", "p3")) }
func (w *world) switchName() string    { return pick(w, "switch", "pbx", "pbx", "branch") }
func (w *world) queue() string         { return pick(w, "queue", "sales", "support") }
func (w *world) agent() string         { return pick(w, "agent", "a", "b", "c") }
func (w *world) dn() string            { return pick(w, "dn", "1001", "1002", "") }
