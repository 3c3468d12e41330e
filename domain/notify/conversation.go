package notify

import (
	"cmp"
	"slices"
	"time"

	"github.com/callstate/callstate/domain/call"
)

// conversation is a live call and what its devices have been told of it.
type conversation struct {
	state     call.State
	consultOf call.ConnID // the call that this one is about
	legs      []*leg      // in the order in which they were first told
	delivered int         // how many of the call's transfers have reached their target
	formedBy  call.PartyID
	absorbed  []*conversation // calls merged into this one, some of whose legs have not arrived here yet
}

// leg is a device's part in a call as the device has been told it.
type leg struct {
	party     call.PartyID
	dn        string
	role      Role
	target    call.PartyID // of an observer: whom it observes
	stage     stage
	other     end
	transfers int      // how many of the call's transfers it knows of
	farewell  *Message // its part ended by a transfer or a conference; it is told so unless it moves to another call
}

// end is who is at the other end, as a leg sees it; empty: nobody, or more than one.
type end struct {
	dn   string
	role Role
}

// stage is how far a leg has been told.
type stage uint8

const (
	untold stage = iota
	dialing
	ringing
	established
	held
	gone
)

// talks reports whether the leg knows itself in the conversation.
func (l *leg) talks() bool { return (l.stage == established || l.stage == held) && l.farewell == nil }

// leg is the part of a party that has not ended.
func (c *conversation) leg(id call.PartyID) *leg {
	for _, l := range c.legs {
		if l.party == id && l.stage != gone {
			return l
		}
	}
	return nil
}

// devices are the devices that the call is at now.
func (c *conversation) devices() []string {
	var devices []string
	for _, l := range c.legs {
		if l.stage != gone {
			devices = append(devices, l.dn)
		}
	}
	return append(devices, c.places()...)
}

// places are the IVRs and queues that the call is in now.
func (c *conversation) places() []string {
	var places []string
	for _, v := range c.state.IVRs {
		if v.LeftAt.IsZero() {
			places = append(places, v.IVR)
		}
	}
	for _, v := range c.state.Visits {
		if v.End == call.Waiting {
			places = append(places, v.Queue)
		}
	}
	return places
}

// callType is the call's type. While nobody but the caller is known, where the call goes is not: T-Library tells
// EventDialing with an unknown type then.
func (c *conversation) callType() call.Type {
	if !c.consultOf.IsZero() {
		return call.Consult
	}
	kind := c.state.Type()
	if kind == call.InternalTo && len(c.state.Parties) < 2 && len(c.state.Visits) == 0 && len(c.state.IVRs) == 0 {
		return ""
	}
	return kind
}

// observes reports whether a party is a supervisor's, also when it has stopped listening.
func (c *conversation) observes(id call.PartyID) bool {
	return slices.ContainsFunc(c.state.Observers, func(o call.Observer) bool { return o.Party == id })
}

// leaving reports whether a party has sent the call on: it is nobody's peer any more, though its leg may live a little
// longer than the transfer.
func (c *conversation) leaving(id call.PartyID) bool {
	return slices.ContainsFunc(c.state.Transfers, func(t call.Transfer) bool { return t.By == id }) ||
		slices.ContainsFunc(c.state.Consults, func(x call.Consultation) bool { return x.By == id && x.Result == call.ConsultTransferred })
}

// others is how many parties are in one of some states, without one of them and without supervisors and those who are
// leaving, and how the last of them is seen.
func (c *conversation) others(id call.PartyID, in ...call.Telephony) (count int, last end) {
	for i := range c.state.Parties {
		p := &c.state.Parties[i]
		if p.ID != id && slices.Contains(in, p.Telephony) && !c.observes(p.ID) && !c.leaving(p.ID) {
			count, last = count+1, side(p)
		}
	}
	return count, last
}

// talkers are the others that are in the conversation.
func (c *conversation) talkers(id call.PartyID) (count int, last end) {
	return c.others(id, call.Connected, call.Held)
}

// opposite is who is at the other end of a party: whom it talks with, else the queue or IVR it is in, else who calls
// it or whom it calls. It is empty in a conference. Where nobody is there, known is false: what was told holds.
func (c *conversation) opposite(id call.PartyID) (other end, known bool) {
	switch talkers, one := c.talkers(id); {
	case talkers == 1:
		return one, true
	case talkers > 1:
		return end{}, true
	}
	if v, waits := c.state.OpenVisit(id, ""); waits {
		return end{v.Queue, Destination}, true
	}
	if v, inside := c.state.OpenIVR(id, ""); inside {
		return end{v.IVR, Destination}, true
	}
	if callers, one := c.others(id, call.Initiated); callers == 1 {
		return one, true
	}
	if p, _ := c.state.Party(id); p.Telephony != call.Alerting {
		if called, one := c.others(id, call.Alerting); called == 1 {
			return one, true
		}
	}
	return end{}, false
}

// side is a party as the other end sees it.
func side(p *call.Party) end { return end{p.DN, Role(cmp.Or(p.Role, call.Destination))} }

// refresh brings up to date who is at the other end of a leg. Who is leaving keeps the one it knew.
func (c *conversation) refresh(l *leg) {
	if c.leaving(l.party) {
		return
	}
	of := l.party
	if l.role == Observer {
		of = l.target
	}
	if other, known := c.opposite(of); known {
		l.other = other
	}
}

// telling is the work on one event.
type telling struct {
	*Notifier
	*conversation
	at       time.Time
	before   call.State     // of the call, before the event
	sent     *call.Transfer // the transfer whose target is reached by this event
	joins    bool           // the event makes the conversation one of three or more
	data     []call.Pair
	messages []Message
}

func (t *telling) send(m Message) { t.messages = append(t.messages, m) }

// message is a message to a device with what all messages of the call have in common.
func (t *telling) message(name Name, dn string) Message {
	if t.data == nil && len(t.state.Data) > 0 {
		t.data = t.state.UserData()
	}
	return Message{
		DN: dn, Event: name, TLib: name.TLib(), At: t.at, Switch: t.state.Switch,
		ConnID: t.state.ConnID, PreviousConnID: t.consultOf, CallType: t.callType(),
		ThisDN: dn, ANI: t.state.ANI, DNIS: t.state.DNIS, CallState: Ok, UserData: t.data,
	}
}

// to is a message to a leg: who is at the other end, through which queue the call came, and who sits there.
func (t *telling) to(l *leg, name Name) Message {
	t.refresh(l)
	p, _ := t.state.Party(l.party)
	m := t.message(name, l.dn)
	m.ThisRole, m.OtherDN, m.OtherRole = l.role, l.other.dn, l.other.role
	m.ThisQueue, m.AgentID = p.Queue, t.sits(p, device{t.state.Switch, l.dn})
	return m
}

// place is a message to a queue or an IVR about a party that is there.
func (t *telling) place(name Name, dn string, about call.PartyID) Message {
	p, known := t.state.Party(about)
	if !known {
		p, known = t.state.Caller()
	}
	m := t.message(name, dn)
	m.ThisRole = Destination
	if known {
		other := side(&p)
		m.OtherDN, m.OtherRole = other.dn, other.role
	}
	return m
}

// third names a third party in a message, where it is known.
func (m *Message) third(dn string, role Role) {
	if dn != "" {
		m.ThirdPartyDN, m.ThirdPartyRole = dn, role
	}
}

// dn is the DN of a party.
func (t *telling) dn(id call.PartyID) string {
	p, _ := t.state.Party(id)
	return p.DN
}

// deliver notes that the last transfer, if it is still under way, has reached its target: the event tells who sent it.
func (t *telling) deliver() {
	if sent := t.state.Transfers; t.delivered < len(sent) {
		t.sent, t.delivered = &sent[len(sent)-1], len(sent)
	}
}

// sentOn says in a message that the call was sent there by a transfer.
func (t *telling) sentOn(m *Message, transfer *call.Transfer) {
	if transfer == nil {
		return
	}
	m.CallState = Transferred
	if transfer.Kind == call.Redirect {
		m.CallState = Redirected
	}
	m.third(t.dn(transfer.By), TransferredBy)
}

// tellPeers tells those whose other end has changed, where the event's own messages did not. When a party's end may be a
// move, that is told after the next event, which shows it.
func (t *telling) tellPeers(body call.Body) {
	if b, ended := body.(call.PartyReleased); ended && t.open(b) {
		return
	}
	for _, l := range t.legs {
		if l.role == Observer || l.farewell != nil || l.stage < ringing || l.stage == gone {
			continue
		}
		told := l.other
		t.refresh(l)
		if l.other.dn == "" || l.other.dn == told.dn {
			continue
		}
		m := t.to(l, PartyChanged)
		m.PreviousConnID = m.ConnID // T-Library: the id that the party had, also where it has it still
		if transfers := t.state.Transfers; l.transfers < len(transfers) {
			t.sentOn(&m, &transfers[len(transfers)-1])
			l.transfers = len(transfers)
		}
		t.send(m)
	}
}

// close tells those who have not been told that the call is over: its end was not seen, or it is part of another call
// now and they did not move with it.
func (t *telling) close() {
	cause := Unknown
	if !t.state.MergedInto.IsZero() {
		cause = Transferred
	}
	for _, l := range t.legs {
		if l.stage == gone || l.farewell != nil {
			continue
		}
		m := t.to(l, Released)
		m.CallState, l.stage = cause, gone
		t.send(m)
	}
	for _, v := range t.state.IVRs {
		if v.LeftAt.IsZero() {
			m := t.place(Released, v.IVR, v.Party)
			m.CallState = cause
			t.send(m)
		}
	}
	for _, v := range t.state.Visits {
		if v.End == call.Waiting {
			m := t.place(Abandoned, v.Queue, v.Party)
			m.ThisQueue, m.CallState = v.Queue, cause
			t.send(m)
		}
	}
	if !t.state.MergedInto.IsZero() && t.calls[t.state.MergedInto] != nil {
		return // the farewells wait there for those who arrive
	}
	t.sayFarewell()
	for _, c := range t.absorbed {
		other := &telling{Notifier: t.Notifier, conversation: c}
		other.sayFarewell()
		t.messages = append(t.messages, other.messages...)
	}
}

// sayFarewell ends the legs of which it was open whether they move to another call.
func (t *telling) sayFarewell() {
	for _, l := range t.legs {
		if l.farewell != nil {
			t.send(*l.farewell)
			l.stage, l.farewell = gone, nil
		}
	}
}
