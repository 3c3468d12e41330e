package asterisk

import (
	"fmt"
	"strings"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
)

// originated reads what came of the action Originate: whether its channel was connected to what it was for.
func (t *Translator) originated(b Block) {
	if b.Get("Response") == "Failure" {
		t.notMade(b)
	}
	ch := t.channels[b.Get("Uniqueid")]
	if ch == nil {
		return
	}
	if b.Get("Application") == "ChanSpy" {
		ch.spyOptions = b.Get("Data")
	}
	if b.Get("Response") == "Failure" {
		t.mustEnd(ch)
	}
}

// notMade: a call that we had the switch make did not come to be. An Originate is answered before it is done, so this is
// all that ever tells. It names the call and the device; the agent who asked sits there, or has its number.
func (t *Translator) notMade(b Block) {
	id, dn := b.Get("Uniqueid"), strings.Clone(deviceDN(b.Get("Channel")))
	if ch := t.channels[id]; ch != nil {
		dn = ch.dn()
	}
	if !strings.HasPrefix(id, callPrefix) || dn == "" {
		return
	}
	fact := agent.NotMade{At: t.clock.Next(), ConnID: call.NewConnID(birth(id, t.clock.Last), t.vocabulary.Switch, id), DN: dn,
		Err: originateFailure(b.Get("Reason"))}
	t.agentFact(dn, fact)
	if sitting := t.roster.agentAt(dn); sitting != "" && sitting != dn {
		t.agentFact(sitting, fact)
	}
}

// originateFailure is the Reason of an OriginateResponse: the last control frame of the channel (Asterisk's frame.h).
func originateFailure(reason string) error {
	switch reason {
	case "1", "3": // hung up, or rang to the end
		return call.ErrNotAnswered
	case "5":
		return call.ErrDNBusy
	case "8":
		return fmt.Errorf("%w: congestion", call.ErrSwitchRefused)
	}
	return fmt.Errorf("%w: the device cannot be called (reason %s)", call.ErrSwitchRefused, reason)
}
