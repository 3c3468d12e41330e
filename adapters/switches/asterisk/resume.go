package asterisk

import (
	"bytes"
	"slices"
	"time"

	"github.com/callstate/callstate/domain/call"
)

// Resume takes in the calls of the switch that go on as far as is known, before the first LinkUp. What the history tells
// of a channel and the switch does not tell again is known from there: the call it is in, in which queue it waits, who
// consults whom. The rest is in the snapshot to come.
func (t *Translator) Resume(calls []call.State, at time.Time) {
	t.clock.Resume(calls, at)
	// Who consults may have one channel in both calls: it is in the one that the consultation is about.
	calls = slices.SortedFunc(slices.Values(calls), func(a, b call.State) int { return bytes.Compare(a.ConsultOf[:], b.ConsultOf[:]) })
	byID := map[call.ConnID]*callOnSwitch{}
	for _, s := range calls {
		c := &callOnSwitch{linkedID: s.SwitchCallID, connID: s.ConnID, told: true}
		byID[s.ConnID] = c
		if s.ConsultOf.IsZero() || t.calls[c.linkedID] == nil {
			t.calls[c.linkedID] = c
		}
		for _, p := range s.Parties {
			if p.Telephony.Live() && t.channels[string(p.ID)] == nil {
				t.resumeParty(c, p)
			}
		}
	}
	for _, s := range calls {
		t.resumeCall(byID[s.ConnID], s, byID)
	}
}

func (t *Translator) resumeParty(c *callOnSwitch, p call.Party) {
	ch := &channel{id: string(p.ID), endpoint: p.DN, trunk: p.External, born: p.AppearedAt, named: t.clock.Last, call: c, told: p.Telephony,
		state: "6", ringing: p.Role == call.Origination}
	if p.External {
		ch.number = p.DN
	}
	switch p.Telephony {
	case call.Initiated:
		ch.state = "4"
	case call.Alerting:
		ch.state = "5"
	case call.Held:
		t.held[p.DN] = ch
	}
	c.channels = append(c.channels, ch)
	t.channels[ch.id] = ch
}

// resumeCall ties together the parties of a call, and with those of the calls it has to do with.
func (t *Translator) resumeCall(c *callOnSwitch, s call.State, byID map[call.ConnID]*callOnSwitch) {
	waits := map[call.VisitID]*wait{}
	for _, v := range s.Visits {
		w := &wait{visit: v.ID, queue: v.Queue, ended: v.EndedAt}
		waits[v.ID] = w
		if ch := t.channels[string(v.Party)]; ch != nil && v.End == call.Waiting {
			ch.wait = w
		} else if ch != nil {
			ch.lastWait = w
		}
	}
	caller := t.channels[c.linkedID]
	for _, p := range s.Parties {
		ch := t.channels[string(p.ID)]
		if ch == nil { // it has left, although the switch may still have its channel for a moment
			t.gone.add(departed{id: string(p.ID), name: string(p.ID), call: c.connID, requested: true})
		}
		if ch == nil || ch.call != c {
			continue
		}
		if w := waits[p.Visit]; w != nil {
			ch.offer = &offer{agent: p.Agent, wait: w}
		}
		if caller != nil && p.Role != call.Origination {
			caller.dials(ch)
		}
	}
	for _, v := range s.IVRs {
		if ch := t.channels[string(v.Party)]; ch != nil && v.LeftAt.IsZero() {
			ch.ivr = ivrStay{name: v.IVR}
		}
	}
	for _, p := range s.Parkings {
		if ch := t.channels[string(p.Party)]; ch != nil && p.EndedAt.IsZero() {
			ch.isParked = true
		}
	}
	for _, r := range s.Recordings {
		if ch := t.channels[string(r.Party)]; ch != nil && r.State != call.Stopped {
			ch.recording = r.ID
		}
	}
	for _, consult := range s.Consults {
		about, by := byID[consult.Consult], t.channels[string(consult.By)]
		if about == nil || by == nil || !consult.EndedAt.IsZero() {
			continue
		}
		about.consult = &consultation{of: c, by: by, hidden: by.call == c && t.ownChannel(about, by) == nil}
	}
}

// ownChannel is the channel with which the one who consults is in the consultation; nil where that hides behind his
// channel in the first call.
func (t *Translator) ownChannel(about *callOnSwitch, by *channel) *channel {
	for _, ch := range about.channels {
		if ch.id == about.linkedID && ch.dn() == by.dn() {
			return ch
		}
	}
	return nil
}

// resumedConsult: the Local channels behind which a consultation hides are no parties, so that the history does not tell
// of them; but the consultation is named by the first one.
func (t *Translator) resumedConsult(local *channel) {
	other := t.otherHalf(local)
	c := t.calls[local.id]
	if c == nil && other != nil {
		c = t.calls[other.id]
	}
	if c == nil || c.consult == nil || !c.consult.hidden {
		return
	}
	t.moveTo(c, local)
	if other != nil {
		t.moveTo(c, other)
	}
}
