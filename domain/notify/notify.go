// Package notify says what each DN's desktop is told, in the words of T-Library, as a pure function of the domain's
// events: fed the same events in the same order, a Notifier gives the same messages.
//
// The messages are those of the T-Library event model (EventRinging, EventEstablished, EventPartyChanged and so on)
// with its attributes ThisDN, OtherDN and ThirdPartyDN and their roles; ECMA-269 has the same events under other names
// (Delivered, Established, Transferred). Only what is inside is told anything: DNs, queues and IVR ports. A party
// beyond a trunk is nobody's desktop, it only appears as somebody's OtherDN.
//
// Within one DN the order is strict. Across DNs it is that of the log; of the messages that one event yields, the
// device that the event is about comes first, but those who gain a conference member are told before the member.
//
// What the events leave open is filled in so that a desktop can follow: a device that is connected without having
// rung is told both (an IVR port always is). Where somebody's peer changes and no event says so (a queue delivers the
// call to an agent) partyChanged tells it.
//
// A release by a transfer or a conference of which nobody is known to be the author may be a move to another call. It
// is told with the next event of its call, which shows that; a leg that moves is told partyChanged and no release.
//
// What T-Library tells and the domain's events cannot: EventRouteRequest, EventRouteUsed and the EventTreatment family
// (a route point is not in the model, an IVR stay is), EventOffHook and EventOnHook, where a call goes that leaves an
// IVR or a queue without an agent (ThirdPartyDN), the collected digits themselves, the work mode of a ready agent, what
// a supervisor may do (silent, whisper, barge are all Observer), and parking, for which T-Library has no event.
// EventNetworkReached is told when the far end rings, which proves it, and so not where the far end answers at once.
package notify

import (
	"cmp"
	"slices"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/link"
)

// Notifier folds the domain's events, in the order of the log, into messages. It knows the live calls and the agents
// that are logged in, and forgets a call when it ends. A call whose beginning it has not been fed it passes over.
//
// A Notifier has no clock and does no I/O. It is not safe for concurrent use: there is one log and one order.
type Notifier struct {
	calls    map[call.ConnID]*conversation
	consults map[call.ConnID]call.ConnID // announced consultations that have not started yet: the call each is about
	agents   map[string]agent.State      // logged in
	seats    map[device]string           // who sits where
	messages []Message                   // of the last event of a call; the next one's are put in their place
}

// device is a DN of a switch.
type device struct{ Switch, DN string }

// New returns a Notifier that knows nothing yet.
func New() *Notifier {
	return &Notifier{
		calls:    map[call.ConnID]*conversation{},
		consults: map[call.ConnID]call.ConnID{},
		agents:   map[string]agent.State{},
		seats:    map[device]string{},
	}
}

// Call returns what the devices are told of an event of a call, in order. The slice is good until the next event.
func (n *Notifier) Call(id call.ConnID, e call.Event) []Message {
	var before call.State
	if c, known := n.calls[id]; known {
		before = c.state
	}
	return n.Evolved(id, e, call.Evolve(before, e))
}

// Evolved is Call for who folds the calls as well: now is the call after the event.
func (n *Notifier) Evolved(id call.ConnID, e call.Event, now call.State) []Message {
	c, known := n.calls[id]
	if !known {
		started, begins := e.Body.(call.CallStarted)
		if !begins {
			return nil // an annotation after its end, or a call whose beginning was not seen
		}
		c = &conversation{consultOf: started.ConsultOf}
		if c.consultOf.IsZero() {
			c.consultOf = n.consults[id]
		}
		delete(n.consults, id)
		n.calls[id] = c
	}
	t := &telling{Notifier: n, conversation: c, at: e.At, before: c.state, messages: n.messages[:0]}
	c.state = now
	t.tell(e)
	t.tellPeers(e.Body)
	if c.state.Ended() {
		t.close()
		delete(n.calls, id)
		for _, consult := range c.state.Consults {
			delete(n.consults, consult.Consult)
		}
	}
	n.messages = t.messages
	return t.messages
}

// Link returns what the devices of a switch are told of an event of the link to it: those that have a call or an
// agent, in the order of their names; of a device that cannot be reached, or again can, that device alone. That a link is lost makes all they know uncertain (T-Library PartyState
// Uncertain); what became of their calls they are told when it is known.
func (n *Notifier) Link(e link.Event) []Message {
	switch b := e.Body.(type) {
	case link.LinkUp:
		return n.tellSwitch(b.Switch, LinkConnected, e)
	case link.LinkDown:
		return n.tellSwitch(b.Switch, LinkDisconnected, e)
	case link.DeviceOutOfService:
		return []Message{n.tellDevice(device{b.Switch, b.DN}, DNOutOfService, e)}
	case link.DeviceInService:
		return []Message{n.tellDevice(device{b.Switch, b.DN}, DNBackInService, e)}
	}
	return nil
}

func (n *Notifier) tellDevice(d device, event Name, e link.Event) Message {
	return Message{DN: d.DN, Event: event, TLib: event.TLib(), At: e.At, Switch: d.Switch, ThisDN: d.DN, AgentID: n.seats[d]}
}

func (n *Notifier) tellSwitch(name string, event Name, e link.Event) []Message {
	var devices []string
	for _, c := range n.calls {
		if c.state.Switch == name {
			devices = append(devices, c.devices()...)
		}
	}
	for _, a := range n.agents {
		if a.Switch == name && a.DN != "" {
			devices = append(devices, a.DN)
		}
	}
	slices.Sort(devices)
	var messages []Message
	for _, dn := range slices.Compact(devices) {
		messages = append(messages, n.tellDevice(device{name, dn}, event, e))
	}
	return messages
}

// seat is the DN at which an agent is logged in.
func (n *Notifier) seat(agent string) string { return n.agents[agent].DN }

// sits is who sits at a party's device: whom the queue offered the call to, else who is logged in there.
func (n *Notifier) sits(p call.Party, where device) string { return cmp.Or(p.Agent, n.seats[where]) }
