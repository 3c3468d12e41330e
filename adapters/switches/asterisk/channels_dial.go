package asterisk

import (
	"cmp"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/call"
)

func (t *Translator) dialBegin(b Block) {
	caller, dest := t.channel(b, ""), t.channel(b, "Dest")
	if dest == nil {
		return
	}
	switch {
	case b.Event() == "DialBegin":
		dest.dialBegan = true
	case b.Get("DialStatus") == "RINGING":
		t.stateIs(dest, "5", b, "Dest")
	}
	if dest.trunk {
		dest.number = cmp.Or(dialedNumber(b.Get("DialString")), dest.number)
	}
	if caller == nil {
		return
	}
	caller.dials(dest)
	if caller.local {
		if other := t.otherHalf(caller); other != nil && other.call.consult != nil && dest.told == call.Null {
			t.moveTo(other.call, dest)
		}
	} else {
		t.redirected(caller, known(b.Get("Exten")))
	}
	if caller.wait != nil && dest.offer == nil {
		if m := t.roster.at(caller.wait.queue, dest); m != nil {
			dest.offer = &offer{agent: m.agent, wait: caller.wait}
		}
	}
}

func (ch *channel) dials(dest *channel) {
	if dest.dialedBy == ch {
		return
	}
	dest.dialedBy = ch
	ch.dialed = append(ch.dialed, dest)
}

// dialedNumber is the number in a dial string: "6465559901@trunk-pstn" (PJSIP), "trunk-pstn/6465559901" (SIP, DAHDI).
func dialedNumber(dialString string) string {
	number, _, found := strings.Cut(dialString, "@")
	if !found {
		if slash := strings.LastIndexByte(dialString, '/'); slash >= 0 {
			number = dialString[slash+1:]
		} else {
			return ""
		}
	}
	if slash := strings.LastIndexByte(number, '/'); slash >= 0 {
		number = number[slash+1:]
	}
	return number
}

func (t *Translator) dialEnd(b Block) {
	caller, dest := t.channel(b, ""), t.channel(b, "Dest")
	if dest == nil {
		return
	}
	if !dest.dialBegan && !dest.local && t.witnessed(dest) { // of a Local channel it is not always told
		t.missed(dest, "DialBegin")
		dest.dialBegan = true
	}
	dest.dialEnded = true
	if dest.told == call.Released {
		return
	}
	switch status := b.Get("DialStatus"); status {
	case "ANSWER":
		t.answered(dest)
	case "BUSY":
		t.failed(dest, call.Busy)
	case "CONGESTION":
		t.failed(dest, call.Congestion)
	case "CHANUNAVAIL":
		t.failed(dest, call.Unreachable)
	case "NOANSWER":
		t.mustEnd(dest)
		if dest.offer != nil && caller != nil {
			t.doubt(func(time.Time) {
				if !dest.declined {
					t.missed(caller, "AgentRingNoAnswer")
				}
			})
		}
		if dest.endCause == "" {
			dest.endCause = call.NoAnswer
		}
		if dest.hangupRequested {
			t.failed(dest, dest.endCause)
		}
	case "CANCEL":
		t.mustEnd(dest)
		if dest.endCause == "" && caller != nil {
			dest.endCause = call.Cancelled
			if caller.hangupRequested {
				dest.endCause, dest.endedBy, dest.endedAt = call.Abandoned, caller, t.clock.Last
			} else if caller.wait == nil && caller.told == call.Connected && caller.bridge != "" {
				dest.endCause = call.AnsweredElsewhere
			}
		}
	}
}

// answered: the device took the call; the channel's own Newstate says so too.
func (t *Translator) answered(ch *channel) {
	for _, party := range t.behind(ch) {
		if party.told == call.Initiated || party.told == call.Alerting {
			t.party(party, call.PartyIs{State: call.Connected, MayHold: true})
		}
	}
}

func (t *Translator) failed(ch *channel, cause call.Cause) {
	ch.endCause = cause
	t.mustEnd(ch)
	if ch.told == call.Null || ch.told == call.Alerting || ch.told == call.Initiated {
		t.introduce(ch, Block{}, "")
		t.party(ch, call.PartyIs{State: call.Failed, Cause: cause})
	}
}
