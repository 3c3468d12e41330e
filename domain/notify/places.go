package notify

import (
	"slices"
	"strings"

	"github.com/callstate/callstate/domain/call"
)

func (t *telling) queued(b call.QueueEntered) {
	t.deliver()
	m := t.place(Queued, b.Queue, b.Party)
	m.ThisQueue = b.Queue
	t.sentOn(&m, t.sent)
	t.send(m)
}

// leftQueue tells a queue the one end of a wait: the call went to a device, or the caller gave up.
func (t *telling) leftQueue(id call.VisitID, name Name, cause CallState, to string) {
	v, known := t.before.Visit(id)
	if !known || v.End != call.Waiting {
		return
	}
	m := t.place(name, v.Queue, v.Party)
	m.ThisQueue, m.CallState = v.Queue, cause
	m.third(to, Destination)
	t.send(m)
}

// leftFor: where another queue was faster, the call went to the agent whom that queue gave it. Where a call goes that
// timed out or was taken out of the queue, the event does not say.
func (t *telling) leftFor(b call.QueueLeft) {
	switch b.Reason {
	case call.Elsewhere:
		t.leftQueue(b.Visit, Diverted, Ok, t.dn(t.distributedTo()))
	case call.CallGone:
		t.leftQueue(b.Visit, Abandoned, whyLeft(b.Reason), "")
	default:
		t.leftQueue(b.Visit, Diverted, whyLeft(b.Reason), "")
	}
}

// distributedTo is the agent's party that a queue delivered the call to last.
func (t *telling) distributedTo() call.PartyID {
	for _, v := range slices.Backward(t.state.Visits) {
		if v.End == call.Distributed && v.AgentParty != "" {
			return v.AgentParty
		}
	}
	for _, p := range slices.Backward(t.state.Parties) {
		if p.Queue != "" && talking(p) {
			return p.ID
		}
	}
	return ""
}

// enteredIVR: an IVR port answers at once, so it is told both that it rings and that it is connected. An IVR that
// talks to a caller who waits in a queue is a queue treatment (T-Library ConverseOn).
func (t *telling) enteredIVR(b call.IVREntered) {
	t.deliver()
	_, waits := t.before.OpenVisit(b.Party, "")
	for _, name := range []Name{Ringing, Established} {
		m := t.place(name, b.IVR, b.Party)
		if waits {
			m.CallState = ConverseOn
		}
		if name == Ringing {
			t.sentOn(&m, t.sent)
		}
		t.send(m)
	}
}

// leftIVR: the IVR sent the caller on, unless the caller is gone or waits in the queue in which it waited all along.
func (t *telling) leftIVR(b call.IVRLeft) {
	stay, inside := t.before.OpenIVR(b.Party, b.IVR)
	if !inside {
		return
	}
	m := t.place(Released, b.IVR, b.Party)
	treated := slices.ContainsFunc(t.state.Visits, func(v call.Visit) bool {
		return v.Party == b.Party && v.EnteredAt.Before(stay.EnteredAt) && (v.EndedAt.IsZero() || v.EndedAt.After(stay.EnteredAt))
	})
	if p, known := t.state.Party(b.Party); known && p.Telephony.Live() && !treated {
		m.CallState = Transferred
	}
	t.send(m)
}

// digits: only their number is known; the IVR that asked for them is told.
func (t *telling) digits(b call.DigitsCollected) {
	if v, inside := t.state.OpenIVR(b.Party, ""); inside {
		m := t.place(DigitsCollected, v.IVR, b.Party)
		m.Digits = b.Count
		t.send(m)
	}
}

// dataChanged: every device of the call is told all of the user data, and so is the one that changed it, also where it
// is not on the call.
func (t *telling) dataChanged(by string) {
	author := t.author(by)
	told := false
	tell := func(m Message) {
		m.third(author, "")
		told = told || m.DN == author
		t.send(m)
	}
	for _, l := range t.legs {
		if l.stage != gone && l.farewell == nil {
			tell(t.to(l, AttachedDataChanged))
		}
	}
	for _, v := range t.state.IVRs {
		if v.LeftAt.IsZero() {
			tell(t.place(AttachedDataChanged, v.IVR, v.Party))
		}
	}
	for _, v := range t.state.Visits {
		if v.End == call.Waiting {
			m := t.place(AttachedDataChanged, v.Queue, v.Party)
			m.ThisQueue = v.Queue
			tell(m)
		}
	}
	if author != "" && !told {
		m := t.message(AttachedDataChanged, author)
		m.AgentID = t.seats[device{t.state.Switch, author}]
		tell(m)
	}
}

// author is the device of who changed the data: "ivr:main" is the IVR, "agent:1001" the DN of that agent.
func (t *telling) author(by string) string {
	switch kind, name, _ := strings.Cut(by, ":"); kind {
	case "ivr":
		return name
	case "agent":
		for _, l := range t.legs {
			p, _ := t.state.Party(l.party)
			if l.stage != gone && t.sits(p, device{t.state.Switch, l.dn}) == name {
				return l.dn
			}
		}
		return t.seat(name)
	}
	return ""
}
