package asterisk

import (
	"strings"

	"github.com/callstate/callstate/domain/call"
)

// What Asterisk puts behind the names of a channel while another one takes its place, and afterwards.
const (
	beingReplaced = "<MASQ>"
	replaced      = "<ZOMBIE>"
)

// renamed: a channel has another name. Asterisk changes names when one channel takes the place of another (a
// "masquerade": a call that is picked up, a channel that is taken out of an application). The one that stays keeps its
// Uniqueid and its call and is the other one's device from now on; the other one is left as a zombie that hangs up. Three
// events tell it, in this order: the other one makes way (<MASQ>), its name is taken, it gets the old name (<ZOMBIE>).
func (t *Translator) renamed(b Block) {
	ch := t.channels[b.Get("Uniqueid")]
	name := strings.Clone(b.Get("Newname"))
	if ch == nil || name == "" || ch.name == name {
		return
	}
	before := ch.name
	if t.byName[before] == ch {
		delete(t.byName, before)
	}
	ch.name = name
	t.byName[name] = ch
	t.names.put(call.PartyID(ch.id), name)
	switch {
	case strings.HasSuffix(name, beingReplaced):
	case strings.HasSuffix(name, replaced):
		t.replacedBy(ch, t.byName[strings.TrimSuffix(before, beingReplaced)])
	default:
		t.moveSeat(ch)
	}
}

// moveSeat: a channel is another device's from now on. Who sits there has what was offered to the old one.
func (t *Translator) moveSeat(ch *channel) {
	if t.held[ch.dn()] == ch {
		delete(t.held, ch.dn())
		defer func() { t.held[ch.dn()] = ch }()
	}
	before := ch.endpoint
	t.seat(ch, "")
	if ch.local {
		t.locals[ch.id] = ch
		return
	}
	delete(t.locals, ch.id)
	if o := ch.offer; o != nil && ch.endpoint != before {
		ch.offer = &offer{agent: firstOf(t.roster.agentAt(ch.dn()), ch.dn()), wait: o.wait}
	}
	if ch.told == call.Null { // it was the switch's own until now
		state := ch.state
		ch.state = ""
		t.stateIs(ch, state, Block{}, "")
	}
}

// replacedBy: what a channel was, another one is now. A zombie is no party; its call, where it is another one, has become
// part of that one.
func (t *Translator) replacedBy(ch, by *channel) {
	ch.made, ch.ringing = false, false // nothing more of what a channel goes through is told of a zombie
	t.mustEnd(ch)
	if by != nil && by.call != ch.call && ch.told != call.Null {
		t.merge(by.call, ch.call, call.Transferred, ch)
	}
	t.release(ch, call.PartyIs{Cause: call.Transferred})
}
