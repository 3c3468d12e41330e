package freeswitch

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/call"
)

// Resume takes in the calls of the switch that go on as far as is known, before the first LinkUp. What the history tells
// of a leg and the switch does not tell again is known from there: the call it is in, in which queue it waits, who
// consults whom. The rest is in the snapshot to come.
func (t *Translator) Resume(calls []call.State, at time.Time) {
	t.clock.Resume(calls, at)
	// Who consults through the switch has one leg in both calls: it is in the one that the consultation is about.
	calls = slices.SortedFunc(slices.Values(calls), func(a, b call.State) int { return bytes.Compare(a.ConsultOf[:], b.ConsultOf[:]) })
	byID := map[call.ConnID]*callOnSwitch{}
	for _, s := range calls {
		c := &callOnSwitch{id: s.SwitchCallID, connID: s.ConnID, born: s.StartedAt}
		byID[s.ConnID], t.calls[c.id] = c, c
		for _, p := range s.Parties {
			if p.Telephony.Live() && t.legs[string(p.ID)] == nil {
				t.resumeParty(c, p, s.ToldAt())
			}
		}
	}
	for _, s := range calls {
		t.resumeCall(byID[s.ConnID], s, byID)
	}
}

func (t *Translator) resumeParty(c *callOnSwitch, p call.Party, toldAt time.Time) {
	l := &leg{id: string(p.ID), trunk: p.External, outbound: p.Role != call.Origination, number: p.DN, born: p.AppearedAt,
		told: p.Telephony, toldAt: toldAt}
	t.legs[l.id] = l
	t.join(c, l)
	if l.told == call.Held {
		t.held[l.number] = l
	}
}

// resumeCall ties together the parties of a call, and with those of the calls it has to do with.
func (t *Translator) resumeCall(c *callOnSwitch, s call.State, byID map[call.ConnID]*callOnSwitch) {
	passages := map[call.VisitID]*passage{}
	for _, v := range s.Visits {
		p := &passage{visit: v.ID, queue: v.Queue, ended: v.End != call.Waiting}
		passages[v.ID] = p
		if l := t.legs[string(v.Party)]; l != nil {
			l.visits = append(l.visits, v.ID)
			if !p.ended {
				l.passage = p
			}
		}
	}
	caller := t.legs[c.id]
	corrected := correctedIn(s)
	for _, p := range s.Parties {
		l := t.legs[string(p.ID)]
		if l == nil { // it has left, although the switch may still have it for a moment
			t.gone.add(string(p.ID))
		}
		if l == nil || l.call != c {
			continue
		}
		l.corrected = corrected
		if passage := passages[p.Visit]; passage != nil {
			l.offer = &offer{agent: p.Agent, passage: passage}
		}
		if l.outbound && caller != l {
			l.by = caller
		}
	}
	for _, v := range s.IVRs {
		if l := t.legs[string(v.Party)]; l != nil && v.LeftAt.IsZero() {
			l.ivr = v.IVR
		}
	}
	for _, each := range s.Consults {
		about, by := byID[each.Consult], t.legs[string(each.By)]
		if about == nil || by == nil || !each.EndedAt.IsZero() {
			continue
		}
		about.consult = &consultation{call: about, of: c, by: by}
		if len(about.legs) > 0 && about.legs[0].outbound { // he has no leg of his own in it
			about.consult.target, by.consult = about.legs[0], about.consult
		}
	}
}

// correctedIn are the keys of the user data of a call that somebody else than the switch has changed, or taken away.
func correctedIn(s call.State) (keys []string) {
	for _, d := range s.Data {
		if d.By != "switch" && !strings.HasPrefix(d.By, "ivr:") {
			keys = append(keys, d.Key)
		}
	}
	for _, d := range s.Deleted {
		keys = append(keys, d.Key)
	}
	return keys
}

// identify takes from the first event of a leg that is known from the history what its events tell each time: its name, and
// its last transfer, unless that is younger than what is known.
func (t *Translator) identify(l *leg, e Event) {
	l.name = strings.Clone(e.Get("Channel-Name"))
	seconds, _, _ := strings.Cut(e.Get("Caller-Transfer-Source"), ":")
	if !epoch(seconds).After(l.toldAt) {
		l.source, _, _ = transferSource(e)
	}
	for _, name := range l.corrected { // what the switch still has must not undo that
		if value := e.Variable(name); value != "" {
			if l.data == nil {
				l.data = map[string]string{}
			}
			l.data[name] = strings.Clone(value)
		}
	}
}
