package notify

import (
	"cmp"
	"slices"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
)

// Memory is what a Notifier knows besides the states of the live calls and of the agents' sessions: those are the folds
// of the same events, so whoever keeps them has them already. It can be written as JSON and read back.
type Memory struct {
	Calls    []MemoryOfCall    `json:"calls,omitempty"`
	Consults []MemoryOfConsult `json:"consults,omitempty"`
	Seats    []MemoryOfSeat    `json:"seats,omitempty"`
}

// MemoryOfCall is what the devices of a call have been told of it.
type MemoryOfCall struct {
	ConnID    call.ConnID    `json:"connId"`
	ConsultOf call.ConnID    `json:"consultOf,omitzero"`
	Legs      []MemoryOfLeg  `json:"legs,omitempty"`
	Delivered int            `json:"delivered,omitempty"`
	FormedBy  call.PartyID   `json:"formedBy,omitempty"`
	Absorbed  []MemoryOfCall `json:"absorbed,omitempty"`
	State     *call.State    `json:"state,omitempty"` // of an absorbed call, which is live no more
}

// MemoryOfLeg is one device's part as it has been told.
type MemoryOfLeg struct {
	Party     call.PartyID `json:"party"`
	DN        string       `json:"dn,omitempty"`
	Role      Role         `json:"role,omitempty"`
	Target    call.PartyID `json:"target,omitempty"`
	Stage     uint8        `json:"stage,omitempty"`
	OtherDN   string       `json:"otherDn,omitempty"`
	OtherRole Role         `json:"otherRole,omitempty"`
	Transfers int          `json:"transfers,omitempty"`
	Farewell  *Message     `json:"farewell,omitempty"`
}

// MemoryOfConsult is a consultation that was announced and has not started.
type MemoryOfConsult struct {
	Consult call.ConnID `json:"consult"`
	Of      call.ConnID `json:"of"`
}

// MemoryOfSeat is who sits at a device.
type MemoryOfSeat struct {
	Switch string `json:"switch"`
	DN     string `json:"dn"`
	Agent  string `json:"agent"`
}

// Memory is what the Notifier knows now. It shares nothing with it; the order within it is always the same.
func (n *Notifier) Memory() Memory {
	var m Memory
	for id, c := range n.calls {
		m.Calls = append(m.Calls, c.memory(id))
	}
	for consult, of := range n.consults {
		m.Consults = append(m.Consults, MemoryOfConsult{consult, of})
	}
	for at, id := range n.seats {
		m.Seats = append(m.Seats, MemoryOfSeat{at.Switch, at.DN, id})
	}
	slices.SortFunc(m.Calls, func(a, b MemoryOfCall) int { return slices.Compare(a.ConnID[:], b.ConnID[:]) })
	slices.SortFunc(m.Consults, func(a, b MemoryOfConsult) int { return slices.Compare(a.Consult[:], b.Consult[:]) })
	slices.SortFunc(m.Seats, func(a, b MemoryOfSeat) int { return cmp.Or(cmp.Compare(a.Switch, b.Switch), cmp.Compare(a.DN, b.DN)) })
	return m
}

// Recall returns a Notifier that goes on where the one with that memory was. calls are the states of the live calls,
// agents those of the sessions, at that place of the log.
func Recall(m Memory, calls func(call.ConnID) call.State, agents map[string]agent.State) *Notifier {
	n := New()
	for _, c := range m.Calls {
		n.calls[c.ConnID] = c.conversation(calls(c.ConnID))
	}
	for _, c := range m.Consults {
		n.consults[c.Consult] = c.Of
	}
	for _, s := range m.Seats {
		n.seats[device{s.Switch, s.DN}] = s.Agent
	}
	for id, s := range agents {
		if s.LoggedIn {
			n.agents[id] = s
		}
	}
	return n
}

func (c *conversation) memory(id call.ConnID) MemoryOfCall {
	m := MemoryOfCall{ConnID: id, ConsultOf: c.consultOf, Delivered: c.delivered, FormedBy: c.formedBy}
	for _, l := range c.legs {
		each := MemoryOfLeg{Party: l.party, DN: l.dn, Role: l.role, Target: l.target, Stage: uint8(l.stage),
			OtherDN: l.other.dn, OtherRole: l.other.role, Transfers: l.transfers}
		if l.farewell != nil {
			farewell := *l.farewell
			each.Farewell = &farewell
		}
		m.Legs = append(m.Legs, each)
	}
	for _, a := range c.absorbed {
		each := a.memory(a.state.ConnID)
		each.State = &a.state
		m.Absorbed = append(m.Absorbed, each)
	}
	return m
}

func (m MemoryOfCall) conversation(s call.State) *conversation {
	c := &conversation{state: s, consultOf: m.ConsultOf, delivered: m.Delivered, formedBy: m.FormedBy}
	for _, l := range m.Legs {
		c.legs = append(c.legs, &leg{party: l.Party, dn: l.DN, role: l.Role, target: l.Target, stage: stage(l.Stage),
			other: end{l.OtherDN, l.OtherRole}, transfers: l.Transfers, farewell: l.Farewell})
	}
	for _, a := range m.Absorbed {
		c.absorbed = append(c.absorbed, a.conversation(*a.State))
	}
	return c
}
