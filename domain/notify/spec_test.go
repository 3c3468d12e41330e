package notify_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/link"
	"github.com/callstate/callstate/domain/notify"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// story is a flow as a table: what happens, and exactly what the devices are told of it, in order. What they are told
// is written as the flows of the T-Library event model are:
//
//	B< Ringing(1 inbound; D; Other A/O; Queue Q; Agent 7; acct=1; Ok)
//
// is EventRinging to B: call 1, its type, B's role, who is at the other end and its role, ThisQueue, AgentID, the user
// data, CallState. Prev is the PreviousConnID, Third the third party. O and D are Origination and Destination.
type story []line

type line struct {
	step
	told  []string
	given bool // it has happened before: another story says what was told
}

// step is an event of a call, an agent or a link.
type step struct {
	call  int
	agent string
	body  any
}

func on(call int, body call.Body, told ...string) line {
	return line{step: step{call: call, body: body}, told: told}
}

func of(agent string, body agent.Body, told ...string) line {
	return line{step: step{agent: agent, body: body}, told: told}
}

func linked(body link.Body, told ...string) line { return line{step: step{body: body}, told: told} }

// after is a story that goes on from another one.
func after(before story, lines ...line) story {
	var all story
	for _, l := range before {
		all = append(all, line{step: l.step, given: true})
	}
	return append(all, lines...)
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// connID is the ConnID of a story's call.
func connID(number int) call.ConnID {
	if number == 0 {
		return call.ConnID{}
	}
	return call.NewConnID(noon, "pbx1", fmt.Sprint(number))
}

func number(id call.ConnID) string {
	for n := range 10 {
		if connID(n) == id {
			return fmt.Sprint(n)
		}
	}
	return id.String()
}

const ani, dnis = "2125550001", "5550100"

func (s step) feed(n *notify.Notifier, at time.Time) []notify.Message {
	switch body := s.body.(type) {
	case call.Body:
		return n.Call(connID(s.call), call.Event{At: at, Body: body})
	case agent.Body:
		return n.Agent(s.agent, agent.Event{At: at, Body: body})
	case link.Body:
		return n.Link(link.Event{At: at, Body: body})
	}
	panic(fmt.Sprintf("%T is no event", s.body))
}

func (s story) check(t *testing.T) {
	n := notify.New()
	for i, line := range s {
		at := noon.Add(time.Duration(i) * time.Second)
		messages := line.feed(n, at)
		told := make([]string, len(messages))
		for i, m := range messages {
			told[i] = text(m)
			assert.Equal(t, m.DN, m.ThisDN, "a device is told of itself")
			assert.Equal(t, "pbx1", m.Switch)
			if m.Event == notify.Released {
				assert.False(t, m.At.After(at), "a release may be told later, when it is known that its device does not move to another call")
			} else {
				assert.Equal(t, at, m.At)
			}
			assert.Equal(t, "event"+strings.ToLower(string(m.Event)), strings.ToLower(m.TLib))
			if line.call != 0 {
				assert.Equal(t, ani, m.ANI, "all messages of a call carry what a desktop shows of it")
				assert.Equal(t, dnis, m.DNIS)
			}
		}
		if !line.given {
			assert.Equal(t, strings.Join(line.told, "\n"), strings.Join(told, "\n"), "line %d: %T%+v", i, line.body, line.body)
		}
	}
}

// check checks stories by name.
func check(t *testing.T, stories map[string]story) {
	for name, s := range stories {
		t.Run(name, s.check)
	}
}

// text is a message as a line of a flow.
func text(m notify.Message) string {
	var parts []string
	add := func(label, value string, role notify.Role) {
		if value == "" {
			return
		}
		if role != "" {
			value += "/" + short(role)
		}
		parts = append(parts, strings.TrimSpace(label+" "+value))
	}
	id := number(m.ConnID)
	if m.ConnID.IsZero() {
		id = ""
	}
	add("", strings.TrimSpace(id+" "+string(m.CallType)), "")
	if !m.PreviousConnID.IsZero() {
		add("Prev", number(m.PreviousConnID), "")
	}
	add("", short(m.ThisRole), "")
	add("Other", m.OtherDN, m.OtherRole)
	add("Third", m.ThirdPartyDN, m.ThirdPartyRole)
	add("Queue", m.ThisQueue, "")
	add("Agent", m.AgentID, "")
	add("", string(m.WorkMode), "")
	add("", m.Reason, "")
	if m.Digits > 0 {
		add("Digits", fmt.Sprint(m.Digits), "")
	}
	for _, pair := range m.UserData {
		add("", pair.Key+"="+pair.Value, "")
	}
	add("", string(m.CallState), "")
	return m.DN + "< " + strings.TrimPrefix(m.TLib, "Event") + "(" + strings.Join(parts, "; ") + ")"
}

func short(role notify.Role) string {
	switch role {
	case notify.Origination:
		return "O"
	case notify.Destination:
		return "D"
	}
	return string(role)
}

// The events of the stories. A party is named like its DN; where a device has two parties, the call tells them apart.

func started(number int, origin call.Origin) call.CallStarted {
	return call.CallStarted{ConnID: connID(number), Switch: "pbx1", SwitchCallID: fmt.Sprint(number), Origin: origin, ANI: ani, DNIS: dnis}
}

func consulting(number, about int) call.CallStarted {
	b := started(number, call.Internal)
	b.ConsultOf = connID(about)
	return b
}

func dials(dn, number string) call.PartyDialing {
	return call.PartyDialing{Party: call.PartyID(dn), DN: dn, Dialed: number}
}

func outsideDials(dn string) call.PartyDialing {
	return call.PartyDialing{Party: call.PartyID(dn), DN: dn, External: true, Dialed: dnis}
}

func rings(dn string) call.PartyAlerting { return call.PartyAlerting{Party: call.PartyID(dn), DN: dn} }

func outsideRings(dn string) call.PartyAlerting {
	return call.PartyAlerting{Party: call.PartyID(dn), DN: dn, External: true}
}

func ringsFor(dn, queue, agent string) call.PartyAlerting {
	return call.PartyAlerting{Party: call.PartyID(dn), DN: dn, Agent: agent, Queue: queue, Visit: call.VisitID(queue)}
}

func connects(dn string) call.PartyConnected {
	return call.PartyConnected{Party: call.PartyID(dn), DN: dn}
}

func outsideConnects(dn string, role call.Role) call.PartyConnected {
	return call.PartyConnected{Party: call.PartyID(dn), DN: dn, External: true, Role: role}
}

func connectsFrom(dn string, absorbed int) call.PartyConnected {
	return call.PartyConnected{Party: call.PartyID(dn), DN: dn, From: connID(absorbed)}
}

func ringsFrom(dn string, absorbed int) call.PartyAlerting {
	return call.PartyAlerting{Party: call.PartyID(dn), DN: dn, From: connID(absorbed)}
}

func holds(dn string) call.PartyHeld          { return call.PartyHeld{Party: call.PartyID(dn)} }
func retrieves(dn string) call.PartyRetrieved { return call.PartyRetrieved{Party: call.PartyID(dn)} }

func fails(dn string, cause call.Cause) call.PartyFailed {
	return call.PartyFailed{Party: call.PartyID(dn), DN: dn, Cause: cause}
}

func leaves(dn string, cause call.Cause, by string) call.PartyReleased {
	return call.PartyReleased{Party: call.PartyID(dn), Cause: cause, By: call.PartyID(by)}
}

func hangsUp(dn string) call.PartyReleased { return leaves(dn, call.NormalClearing, dn) }

func waits(queue, dn string) call.QueueEntered {
	return call.QueueEntered{Visit: call.VisitID(queue), Queue: queue, Party: call.PartyID(dn)}
}

func delivers(queue, dn string) call.QueueDistributed {
	return call.QueueDistributed{Visit: call.VisitID(queue), Queue: queue, DN: dn, Party: call.PartyID(dn)}
}

func leavesQueue(queue string, reason call.LeaveReason) call.QueueLeft {
	return call.QueueLeft{Visit: call.VisitID(queue), Queue: queue, Reason: reason}
}

func givesUp(queue string) call.QueueAbandoned {
	return call.QueueAbandoned{Visit: call.VisitID(queue), Queue: queue}
}

func attaches(by, key, value string) call.UserDataChanged {
	return call.UserDataChanged{Set: []call.Pair{{Key: key, Value: value}}, By: by}
}

func merges(survivor, absorbed int) call.CallMerged {
	return call.CallMerged{Survivor: connID(survivor), Absorbed: connID(absorbed)}
}

func transfers(kind call.TransferKind, by, to string, toCall int) call.CallTransferred {
	return call.CallTransferred{Kind: kind, By: call.PartyID(by), To: to, ToCall: connID(toCall)}
}

func consultEnds(consult int, result call.ConsultResult) call.ConsultEnded {
	return call.ConsultEnded{Consult: connID(consult), Result: result}
}

// The form in which desktops get a message is a contract.
func TestAMessageAsJSON(t *testing.T) {
	n := notify.New()
	for _, b := range []call.Body{started(1, call.External), outsideDials("A"), attaches("ivr:main", "acct", "100200")} {
		n.Call(connID(1), call.Event{At: noon, Body: b})
	}
	messages := n.Call(connID(1), call.Event{At: noon, Body: ringsFor("B", "Q", "7")})
	require.Len(t, messages, 1)
	got, err := json.Marshal(messages[0])
	require.NoError(t, err)
	assert.JSONEq(t, `{"dn":"B","event":"ringing","tlib":"EventRinging","at":"2026-11-23T12:00:00Z","switch":"pbx1",
		"connId":"`+connID(1).String()+`","callType":"inbound","thisDn":"B","thisRole":"destination","otherDn":"A",
		"otherRole":"origination","thisQueue":"Q","ani":"2125550001","dnis":"5550100","callState":"Ok",
		"userData":[{"key":"acct","value":"100200"}],"agentId":"7"}`, string(got))
}
