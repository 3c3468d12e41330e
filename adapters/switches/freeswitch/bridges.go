package freeswitch

import (
	"slices"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/call"
)

// bridge: two legs talk with each other from now on. The switch may name them in either order.
func (t *Translator) bridge(e Event) {
	a, b := t.legs[e.Get("Bridge-A-Unique-ID")], t.legs[e.Get("Bridge-B-Unique-ID")]
	if a != nil && b != nil && a != b {
		t.talk(a, b)
	}
}

func (t *Translator) talk(a, b *leg) {
	for _, l := range []*leg{a, b} {
		t.tellDigits(l)
		t.leaveIVR(l)
		t.settleWait(l, false)
		if l.told < call.Connected {
			t.party(l, call.PartyIs{State: call.Connected, MayHold: true})
		}
		l.endedBy, l.moved = nil, nil
	}
	if !a.loopback && !b.loopback && !isConsultation(a, b) {
		t.backTogether(a)
		t.backTogether(b)
		t.mergeCallsOf(a, b)
	}
	a.bridged, b.bridged = b, a
	for _, of := range slices.Clone(t.ending) { // who was left by one of them has seen with whom it went on
		if of.release != nil && (of.partner(t.clock.Last) == nil || !t.unclear(of)) {
			t.finish(of)
		}
	}
}

// missedTalk: two legs are told to have talked with each other, of which nothing was heard.
func (t *Translator) missedTalk(a, b *leg) {
	if a == nil || b == nil || a == b || a.bridged != nil || b.bridged != nil || a.left == b || t.together(a, b) {
		return
	}
	inferring := t.inferring
	t.inferring = true
	t.talk(a, b)
	t.inferring = inferring
}

// unbridge: two legs talk with each other no more.
func (t *Translator) unbridge(e Event) {
	a, b := t.legs[e.Get("Bridge-A-Unique-ID")], t.legs[e.Get("Bridge-B-Unique-ID")]
	t.missedTalk(a, b)
	for _, pair := range [][2]*leg{{a, b}, {b, a}} {
		of, from := pair[0], pair[1]
		if of == nil || of.bridged == nil || from != nil && of.bridged != from {
			continue
		}
		of.left, of.leftAt, of.bridged = of.bridged, t.clock.Last, nil
		if of.moved != nil {
			t.tellRedirect(of)
		}
	}
}

// mergeCallsOf makes the calls of two legs one, when they talk with each other and nothing has told why: a call is picked
// up, or a transfer was completed whose announcement was missed. The call that somebody is consulted about survives, else
// the older one.
func (t *Translator) mergeCallsOf(a, b *leg) {
	survivor, absorbed := a.call, b.call
	if survivor == absorbed {
		return
	}
	switch {
	case absorbed.consult != nil && absorbed.consult.of == survivor:
	case survivor.consult != nil && survivor.consult.of == absorbed, absorbed.born.Before(survivor.born):
		survivor, absorbed = absorbed, survivor
	}
	t.merge(survivor, absorbed, call.Transferred)
}

// merge makes two calls one: the parties of the absorbed call, but for those that leave, are parties of the survivor now.
func (t *Translator) merge(survivor, absorbed *callOnSwitch, cause call.Cause, leaving ...*leg) {
	if survivor == absorbed {
		return
	}
	if absorbed.consult != nil {
		absorbed.consult.over = true
	}
	merged := call.MergedIs{At: t.clock.Next(), Survivor: survivor.connID, Absorbed: absorbed.connID, Cause: cause}
	t.callFact(absorbed.connID, merged)
	for _, l := range slices.Clone(absorbed.legs) {
		stays, state := !slices.Contains(leaving, l), l.told
		t.leaveCall(l)
		t.join(survivor, l)
		switch {
		case l.loopback || state == call.Null || state == call.Released:
		case stays:
			t.party(l, call.PartyIs{State: state, From: absorbed.connID})
		default:
			l.told = call.Released
		}
	}
	merged.At = t.clock.Next()
	t.callFact(survivor.connID, merged)
	for _, r := range t.rooms { // who comes in later joins what there is now
		if r.call == absorbed {
			r.call = survivor
		}
	}
	for _, l := range t.legs {
		if c := l.call.consult; c != nil && c.of == absorbed {
			c.of = survivor
		}
	}
}

// transfer is why a leg leaves its call without hanging up.
type transfer struct {
	by call.PartyID // who transferred; empty: a third party
}

// moved is where a leg was sent from a conversation.
type moved struct {
	from *leg
	to   string
	at   time.Time
}

// transferSource is the last transfer of a leg as its events tell it: "epoch:id:kind:detail", where kind is bl_xfer,
// att_xfer or uuid_br. The detail of a bl_xfer is "1003/internal/XML".
func transferSource(e Event) (id, kind, to string) {
	fields := strings.SplitN(e.Get("Caller-Transfer-Source"), ":", 4)
	if len(fields) < 4 {
		return "", "", ""
	}
	to, _, _ = strings.Cut(fields[3], "/")
	return strings.Clone(fields[1]), fields[2], strings.Clone(to)
}

// movedOn notes that a leg was sent somewhere else by a command or by the dialplan. It is a transfer where the leg was in a
// conversation, and the one with whom it talked ends; that may be told before or after this.
func (t *Translator) movedOn(l *leg, e Event) {
	id, kind, to := transferSource(e)
	if id == "" || id == l.source {
		return
	}
	l.source = id
	if kind != "bl_xfer" {
		return
	}
	t.settleWait(l, false)
	if from := l.partner(t.clock.Last); from != nil && !from.loopback && l.consult == nil {
		l.moved = &moved{from: from, to: to, at: t.clock.Last}
		t.tellRedirect(l)
	}
}

// tellRedirect tells that a third party, the agent's desktop perhaps, sent on a leg that was talking, once the one with
// whom it talked is let go. Where both were sent on, to a conference, it is no transfer.
func (t *Translator) tellRedirect(l *leg) {
	m := l.moved
	switch {
	case m == nil || m.from.hangupAt.IsZero() && m.from.told != call.Released:
		return
	case m.from.transferred != nil || m.from.moved != nil || t.clock.Last.Sub(m.at) > endedLate || m.from.release != nil && m.from.release.self:
		l.moved = nil
		return
	}
	l.moved = nil
	m.from.transferred = &transfer{}
	t.callFact(l.call.connID, call.TransferIs{At: t.clock.Next(), Kind: call.Redirect, To: m.to})
	if m.from.release != nil {
		m.from.release.cause = call.Transferred
		t.finish(m.from)
	}
}

// transferring tells the transfer that a leg's end announces: it sent the other side on by its telephone (REFER), blindly or
// after a consultation, or hung up in a consultation that the switch made for it.
func (t *Translator) transferring(l *leg, e Event) {
	disposition, to := e.Variable("endpoint_disposition"), e.Variable("transfer_to")
	switch {
	case l.transferred != nil:
	case l.consult != nil:
		t.completeConsult(l.consult)
	case disposition == "BLIND_TRANSFER":
		_, number, _ := strings.Cut(e.Variable("transfer_destination"), ":")
		l.transferred = &transfer{by: call.PartyID(l.id)}
		t.callFact(l.call.connID, call.TransferIs{At: t.clock.Next(), Kind: call.Blind, By: call.PartyID(l.id), To: strings.Clone(number)})
	case disposition == "ATTENDED_TRANSFER" && l.call.consult != nil && !l.call.consult.over:
		t.completeConsult(l.call.consult) // it is the leg by which the telephone consulted
	case e.Variable(transferVariable) != "" && l.partner(t.clock.Last) != nil:
		l.transferred = &transfer{by: call.PartyID(l.id)}
		t.callFact(l.call.connID, call.TransferIs{At: t.clock.Next(), Kind: call.Blind, By: call.PartyID(l.id), To: strings.Clone(e.Variable(transferVariable))})
	case strings.HasPrefix(to, "att:"):
		t.replaced(l, strings.TrimPrefix(to, "att:"))
	default:
		if peer := l.partner(t.clock.Last); peer != nil && peer.moved != nil && peer.moved.from == l {
			t.tellRedirect(peer)
		}
	}
}

// replaced: the telephone has joined the two calls that it had, of which this leg is the first; target is whom it
// consulted in the other.
func (t *Translator) replaced(l *leg, target string) {
	l.transferred = &transfer{by: call.PartyID(l.id)}
	consulted := t.legs[target]
	if consulted == nil || consulted.call == l.call {
		return // it has been told, by the end of the other leg
	}
	absorbed := consulted.call
	t.callFact(l.call.connID, call.TransferIs{At: t.clock.Next(), Kind: call.Attended, By: call.PartyID(l.id), To: consulted.number, ToCall: absorbed.connID})
	t.merge(l.call, absorbed, call.Transferred, legsAt(absorbed, l.number)...)
}

// legsAt are the legs of a call at a device.
func legsAt(c *callOnSwitch, number string) []*leg {
	var at []*leg
	for _, l := range c.legs {
		if l.number == number && !l.loopback {
			at = append(at, l)
		}
	}
	return at
}

// together reports whether two legs are in one conference, where the end of one does not concern the other.
func (t *Translator) together(a, b *leg) bool {
	for _, r := range t.rooms {
		if r.members[a] && r.members[b] {
			return true
		}
	}
	return false
}
