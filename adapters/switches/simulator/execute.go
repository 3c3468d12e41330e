package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
)

// Execute does what is asked, as of the moment to which the contact centre was moved. What comes of it is told by the next
// Advance. What cannot be so at that moment is call.ErrSwitchRefused, what this switch cannot do call.ErrUnsupported.
func (c *Centre) Execute(o engine.Order) error {
	switch {
	case o.Do != nil:
		return c.executeCall(o.Call, o.Do)
	case o.DoAgent != nil:
		return c.executeAgent(o.Agent, o.DoAgent)
	}
	return fmt.Errorf("%w: an empty order", call.ErrUnsupported)
}

// Can reports what this switch does.
func (c *Centre) Can(service call.Service) bool {
	switch service {
	case call.Parks, call.Monitors, call.StartsRecording, call.PausesRecording, call.ResumesRecording, call.StopsRecording:
		return false
	}
	return true
}

// NameCall is what a call is called that is made by a command.
func (c *Centre) NameCall(command string, at time.Time) (switchCallID string, born time.Time) {
	hash := sha256.Sum256([]byte(command))
	return "made-" + hex.EncodeToString(hash[:8]), at
}

func (c *Centre) executeCall(id call.ConnID, o *call.Order) error {
	l, err := c.leg(id, o.Party)
	if err != nil {
		return err
	}
	switch o.Request {
	case call.Answers:
		return when(l, call.Alerting, func() { c.answer(l) })
	case call.Holds:
		return when(l, call.Connected, func() { c.hold(l) })
	case call.Retrieves:
		return when(l, call.Held, func() { c.retrieve(l) })
	case call.Releases:
		if l.state == call.Alerting && l.call.visit != "" {
			c.notTaken(l, call.PartyIs{Cause: call.Rejected, By: l.id}, "rejected")
		} else {
			c.hangUp(l)
		}
		return nil
	case call.Redirects:
		return when(l, call.Alerting, func() { c.redirect(l, o.Target) })
	case call.BlindTransfers:
		if l.call.other(l) == nil {
			return refused("nobody is there to be transferred")
		}
		return when(l, call.Connected, func() { c.transfer(l, o.Target) })
	case call.StartsConsult:
		if l.who == nil || l.who.consult != nil {
			return refused("no device of this switch, or one that consults already")
		}
		return when(l, call.Connected, func() { c.consult(l, o.Target) })
	case call.CompletesTransfer, call.CancelsConsult, call.CompletesConference:
		return c.endConsult(l, o.Request)
	case call.DropsParty:
		target, err := c.leg(id, o.TargetParty)
		if err == nil {
			c.hangUp(target)
		}
		return err
	case call.SendsDigits:
		return when(l, call.Connected, func() {}) // nobody here listens for them
	}
	return fmt.Errorf("%w: %s", call.ErrUnsupported, o.Request)
}

func (c *Centre) endConsult(l *leg, how call.Service) error {
	if l.who == nil || l.who.consult == nil {
		return refused("there is no consultation")
	}
	mine := l.who.consult
	theirs := mine.call.other(mine)
	switch {
	case how == call.CancelsConsult:
		c.hangUp(mine)
	case theirs == nil || theirs.state != call.Connected && theirs.state != call.Alerting:
		return refused("nobody is reached")
	case how == call.CompletesConference:
		return when(theirs, call.Connected, func() { c.confer(l, mine, theirs) })
	default:
		c.complete(l, mine, theirs)
	}
	return nil
}

func (c *Centre) leg(id call.ConnID, party call.PartyID) (*leg, error) {
	v := c.calls[id]
	if v == nil {
		return nil, refused("there is no such call")
	}
	i := slices.IndexFunc(v.legs, func(l *leg) bool { return l.id == party && l.state.Live() })
	if i < 0 {
		return nil, refused("there is no such party")
	}
	return v.legs[i], nil
}

func when(l *leg, state call.Telephony, do func()) error {
	if l.state != state {
		return refused("the party is " + l.state.String())
	}
	do()
	return nil
}

func refused(why string) error { return fmt.Errorf("%w: %s", call.ErrSwitchRefused, why) }

func (c *Centre) executeAgent(id string, o *agent.Order) error {
	a := c.devices[id] // an agent has a place of his own
	if a == nil || o.DN != a.dn {
		return refused("there is no such agent at that device")
	}
	switch o.Request {
	case agent.LogsIn:
		if len(o.Queues) > 0 {
			a.queues = slices.Clone(o.Queues)
		}
		c.login(a)
	case agent.LogsOut:
		c.logout(a)
	case agent.BecomesReady:
		if a.working != nil {
			c.workEnds(a)
		}
		c.pause(a, false, "")
	case agent.BecomesNotReady:
		c.pause(a, true, o.Reason)
	case call.MakesCall:
		if a.on != nil || a.consult != nil {
			return refused("the device is busy")
		}
		c.call(a, c.beginAs(o.ConnID, o.SwitchCallID, call.CallIs{At: c.tick(), Origin: call.Internal, ANI: a.dn, DNIS: o.Target}), o.Target)
	default:
		return fmt.Errorf("%w: %s", call.ErrUnsupported, o.Request)
	}
	return nil
}
