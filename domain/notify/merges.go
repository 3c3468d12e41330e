package notify

import (
	"slices"

	"github.com/callstate/callstate/domain/call"
)

// consultStarted notes what a consultation is about, in case its own beginning did not say so.
func (t *telling) consultStarted(b call.ConsultStarted) {
	if c, known := t.calls[b.Consult]; known {
		if c.consultOf.IsZero() {
			c.consultOf = t.state.ConnID
		}
		return
	}
	t.consults[b.Consult] = t.state.ConnID
}

// mayMove reports whether an event may be one step of the call becoming part of another: only then is it still open
// whether its legs move there.
func (t *telling) mayMove(body call.Body) bool {
	switch b := body.(type) {
	case call.PartyReleased:
		return b.Cause == call.Transferred || b.Cause == call.Conferenced
	case call.CallMerged:
		return b.Absorbed == t.state.ConnID
	case call.QueueLeft:
		return true
	}
	return false
}

// merged: of the legs of the absorbed call those leave whose device is in the survivor already (T-Library: the one who
// completes the transfer is released from both calls); the others wait until they are seen there.
func (t *telling) merged(b call.CallMerged) {
	survivor := t.calls[b.Survivor]
	if b.Absorbed != t.state.ConnID || survivor == nil {
		return
	}
	for _, l := range t.legs {
		if l.farewell != nil && survivor.has(l.dn) {
			t.send(*l.farewell)
			l.stage, l.farewell = gone, nil
		}
	}
	survivor.absorbed = append(survivor.absorbed, t.conversation)
	survivor.absorbed = append(survivor.absorbed, t.absorbed...)
	t.absorbed = nil
}

// has reports whether a device takes part in the call, or did until it sent the call on.
func (c *conversation) has(dn string) bool {
	return slices.ContainsFunc(c.legs, func(l *leg) bool { return l.dn == dn && (l.stage != gone || c.leaving(l.party)) })
}

// take brings the leg of a party from the call in which it was, and tells it its new ConnID; nil: it had none.
// The survivor's ConnID is that of the call that was held (T-Library: TCompleteTransfer keeps the held call's).
func (t *telling) take(p call.Party, from call.ConnID) *leg {
	source := t.source(from)
	if source == nil {
		return nil
	}
	l := source.remove(p)
	if l == nil {
		return nil
	}
	l.party, l.role, l.other, l.farewell, l.transfers = p.ID, side(&p).role, end{}, nil, len(t.state.Transfers)
	t.legs = append(t.legs, l)
	m := t.to(l, PartyChanged)
	m.PreviousConnID = from
	by, conference := t.mergedBy(from)
	if conference {
		m.CallState, m.ThisRole = Conferenced, ConferenceMember
		m.third(t.dn(by), ConferencedBy)
	} else {
		m.CallState = Transferred
		m.third(t.dn(by), TransferredBy)
	}
	t.send(m)
	return l
}

// source is the call from which a party may come: one that goes on, or one that was merged into this one.
func (t *telling) source(from call.ConnID) *conversation {
	if c := t.calls[from]; c != nil && c != t.conversation {
		return c
	}
	for _, c := range t.absorbed {
		if c.state.ConnID == from {
			return c
		}
	}
	return nil
}

// remove takes the leg of a party out of a call: the same party, else the same device.
func (c *conversation) remove(p call.Party) *leg {
	i := slices.IndexFunc(c.legs, func(l *leg) bool { return l.party == p.ID && l.stage != gone })
	if i < 0 {
		i = slices.IndexFunc(c.legs, func(l *leg) bool { return l.dn == p.DN && l.stage != gone })
	}
	if i < 0 {
		return nil
	}
	l := c.legs[i]
	c.legs = slices.Delete(c.legs, i, i+1)
	return l
}

// mergedBy is who made one call of two, and whether that was for a conference.
func (t *telling) mergedBy(absorbed call.ConnID) (by call.PartyID, conference bool) {
	conference = t.joins
	for _, transfer := range t.state.Transfers {
		if transfer.ToCall == absorbed {
			return transfer.By, false
		}
	}
	for _, c := range t.state.Consults {
		if c.Consult == absorbed {
			return c.By, conference || c.Result == call.ConsultConferenced
		}
	}
	return t.formedBy, conference
}

// formed notes who forms a conference, for the member by whose joining it comes into being.
func (t *telling) formed(b call.ConferenceFormed) {
	if talkers, _ := t.talkers(""); talkers < 3 {
		t.formedBy = b.By
	}
}

// added tells the members that a party has joined them.
func (t *telling) added(id call.PartyID, from call.ConnID) {
	p, _ := t.state.Party(id)
	by, _ := t.mergedBy(from)
	for _, l := range t.legs {
		if l.party == id || !l.talks() || l.role == Observer || t.leaving(l.party) {
			continue
		}
		m := t.to(l, PartyAdded)
		m.CallState, m.OtherDN, m.OtherRole = Conferenced, p.DN, NewParty
		m.third(t.dn(by), AddedBy)
		t.send(m)
	}
}

// observed: a supervisor listens. Only the observed party is told, as T-Library does: the other side must not know.
func (t *telling) observed(b call.SupervisorJoined) {
	l := t.leg(b.Party)
	if l == nil && b.DN != "" {
		l = &leg{party: b.Party, dn: b.DN}
		t.legs = append(t.legs, l)
	}
	if l != nil {
		l.role, l.target = Observer, b.Target
		t.tellObserver(l, untold, ringing, Ringing)
	}
	t.tellTarget(b.Target, PartyAdded, t.observerDN(l, b.DN), Observer, Bridged)
	if l != nil {
		t.tellObserver(l, ringing, established, Established)
	}
}

func (t *telling) tellObserver(l *leg, from, to stage, name Name) {
	if l.stage != from {
		return
	}
	l.stage = to
	m := t.to(l, name)
	m.CallState = Bridged
	t.send(m)
}

func (t *telling) observerDN(l *leg, dn string) string {
	if l != nil {
		return l.dn
	}
	return dn
}

// observedNoMore: the supervisor has left; told once, whether its leg's end or the end of listening is seen first.
func (t *telling) observedNoMore(id call.PartyID) {
	l := t.leg(id)
	if l == nil || l.role != Observer {
		return
	}
	m := t.to(l, Released)
	l.stage = gone
	t.send(m)
	t.tellTarget(l.target, PartyDeleted, l.dn, DeletedParty, Ok)
}

func (t *telling) tellTarget(target call.PartyID, name Name, dn string, role Role, cause CallState) {
	l := t.leg(target)
	if l == nil || !l.talks() {
		return
	}
	m := t.to(l, name)
	m.OtherDN, m.OtherRole, m.CallState = dn, role, cause
	t.send(m)
}
