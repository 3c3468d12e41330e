package asterisk

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/call"
)

// Asterisk says much of what it does more than once: the dialplan is about to send a user event before the event comes,
// music plays to whom the other one holds, a channel leaves the bridge that it has entered, and channel event logging
// (CEL, with [manager] in cel.conf) tells most of it again. So a block that was lost leaves traces. Where they tell what was in
// it, the fact is told after all and marked inferred; where they tell only that something is missing, the call notes it.

// witnessPatience is how much later than the other one of two reports of the same may come: they are sent by different
// threads of the switch.
const witnessPatience = 250 * time.Millisecond

// doubt is what one report said and another one has not said yet.
type doubt struct {
	since  time.Time
	settle func(since time.Time)
}

// doubt has something looked at again when the other report must have come.
func (t *Translator) doubt(settle func(since time.Time)) {
	t.doubts = append(t.doubts, doubt{t.clock.Last, settle})
}

// settleDoubts looks at the doubts that came up before a moment.
func (t *Translator) settleDoubts(before time.Time) {
	n := 0
	for n < len(t.doubts) && t.doubts[n].since.Before(before) {
		n++
	}
	due := slices.Clone(t.doubts[:n])
	t.doubts = slices.Delete(t.doubts, 0, n)
	for _, d := range due {
		d.settle(d.since)
	}
}

// alive reports whether the switch still has a channel.
func (t *Translator) alive(ch *channel) bool { return t.channels[ch.id] == ch }

// witnessed reports whether the whole life of a channel was seen, so that what is not known of it was missed.
func (t *Translator) witnessed(ch *channel) bool {
	return (ch.made || ch.ringing) && ch.born.After(t.upAt) && !t.inferring
}

// missed tells that a report about a channel has not come in.
func (t *Translator) missed(ch *channel, report string) {
	t.introduce(ch, Block{}, "")
	t.callFact(ch.call.connID, call.MissedIs{At: t.clock.Next(), Party: call.PartyID(ch.id), Report: report})
}

// report is an event that channel event logging tells again.
type report int

const (
	blindTransferred report = iota
	attendedTransferred
	parked
	unparked
	reports
)

var reportNames = [reports]string{"BlindTransfer", "AttendedTransfer", "ParkedCall", "UnParkedCall"}

// reported counts what an event has told of a channel.
func (t *Translator) reported(ch *channel, r report) { ch.reported[r]++ }

// logged counts what channel event logging has told of a channel: it must not have more to tell than the events.
func (t *Translator) logged(b Block, r report) {
	ch := t.channel(b, "")
	if ch == nil || !t.witnessed(ch) {
		return
	}
	ch.logged[r]++
	t.doubt(func(time.Time) {
		if ch.logged[r] > ch.reported[r] {
			ch.reported[r] = ch.logged[r]
			t.missed(ch, reportNames[r])
		}
	})
}

// eventLogged reads channel event logging as a second witness (docs.asterisk.org, CEL).
func (t *Translator) eventLogged(b Block) {
	switch b.Get("EventName") {
	case "BLINDTRANSFER":
		t.logged(b, blindTransferred)
	case "ATTENDEDTRANSFER":
		t.logged(b, attendedTransferred)
	case "PARK_START":
		t.logged(b, parked)
	case "PARK_END":
		t.logged(b, unparked)
	case "HANGUP":
		t.hangupLogged(b)
	}
}

// hangupLogged: the log of a channel's end names the channel that caused it. Where that one has not asked for it, as far
// as was heard, its HangupRequest was missed. The log comes before the Hangup or after it.
func (t *Translator) hangupLogged(b Block) {
	var extra struct {
		Source string `json:"hangupsource"`
	}
	if json.Unmarshal([]byte(b.Get("Extra")), &extra) != nil || extra.Source == "" {
		return
	}
	if by := t.byName[extra.Source]; by != nil {
		if !by.hangupRequested && t.witnessed(by) {
			t.hangsUp(by, call.UnknownCause)
			t.doubt(func(time.Time) {
				if !by.hangupHeard {
					t.missed(by, "HangupRequest")
				}
			})
		}
		return
	}
	if by := t.gone.named(extra.Source); by != nil && !by.requested {
		t.callFact(by.call, call.MissedIs{At: t.clock.Next(), Party: call.PartyID(by.id), Report: "HangupRequest"})
	}
}

// step is what a channel's dialplan does: an application and its arguments.
type step struct {
	application, arguments string
}

// steps notes the step that a channel's dialplan takes, and what is to be heard of it next. Whoever takes a channel out of
// a step, for a transfer say, makes Asterisk tell the old one again.
func (t *Translator) steps(ch *channel, b Block) {
	if next := (step{b.Get("Application"), b.Get("AppData")}); next != ch.step {
		again := ch.step == (step{}) && !t.witnessed(ch) // of a channel that was there before us
		ch.step = step{strings.Clone(next.application), strings.Clone(next.arguments)}
		if again {
			return // perhaps it is the old one
		}
		switch next.application {
		case "UserEvent", "Set":
			ch.announced = ch.step
		case "Queue":
			t.willQueue(ch)
		}
	}
}

// heard notes that what was announced has come.
func (ch *channel) heard(application string) {
	if ch.announced.application == application {
		ch.announced = step{}
	}
}

// unheard tells what was announced and has not come before the channel did the next thing.
func (t *Translator) unheard(ch *channel) {
	a := ch.announced
	ch.announced = step{}
	switch a.application {
	case "UserEvent":
		arguments := splitArguments(a.arguments)
		headers := make([]Header, 0, len(arguments))
		for _, argument := range arguments[1:] {
			if name, value, found := strings.Cut(argument, ":"); found {
				headers = append(headers, Header{Name: name, Value: strings.TrimSpace(value)})
			}
		}
		t.sent(ch, arguments[0], headers, true)
	case "Set":
		variable, value, _ := strings.Cut(a.arguments, "=")
		t.variableIs(ch, strings.TrimLeft(variable, "_"), value, true)
	}
}

// willQueue: the dialplan sends a channel to a queue, which lets it in or sends it on at once.
func (t *Translator) willQueue(ch *channel) {
	last := ch.lastWait
	t.doubt(func(since time.Time) {
		queue, _, _ := strings.Cut(ch.step.arguments, ",")
		if t.alive(ch) && ch.step.application == "Queue" && ch.wait == nil && ch.lastWait == last && queue != "" {
			ch.wait = &wait{visit: visitID(ch, queue, since), queue: queue}
			t.visit(ch, call.VisitIs{At: since, Inferred: true})
		}
	})
}

// ends looks whether all that comes before a channel's end was told.
func (t *Translator) ends(ch *channel) {
	if !t.witnessed(ch) {
		return
	}
	if ch.dialedBy != nil && ch.dialBegan && !ch.dialEnded {
		t.missed(ch, "DialEnd")
	}
	if ch.bridge != "" {
		t.missed(ch, "BridgeLeave")
	}
}

// splitArguments splits the arguments of an application as Asterisk does: at commas that are not within quotes or
// parentheses; quotes and the backslash that protects the next character are taken away.
func splitArguments(data string) []string {
	var arguments []string
	var argument strings.Builder
	depth, quoted, protected := 0, false, false
	for _, r := range data {
		switch {
		case protected:
			argument.WriteRune(r)
			protected = false
		case r == '\\':
			protected = true
		case r == '"':
			quoted = !quoted
		case r == ',' && depth == 0 && !quoted:
			arguments = append(arguments, argument.String())
			argument.Reset()
		default:
			if r == '(' {
				depth++
			} else if r == ')' && depth > 0 {
				depth--
			}
			argument.WriteRune(r)
		}
	}
	return append(arguments, argument.String())
}

// music: a channel hears music from now on, or no more. In a conversation of two that is because the other one holds the
// call, or has taken it back.
func (t *Translator) music(b Block, plays bool) {
	ch := t.channel(b, "")
	if ch == nil {
		return
	}
	ch.music = plays
	other := t.partner(ch)
	if other == nil {
		return
	}
	if plays {
		t.doubt(func(since time.Time) {
			if ch.music && t.alive(ch) && t.alive(other) && other.told == call.Connected {
				t.holds(other, call.PartyIs{State: call.Held, At: since, Inferred: true})
				t.hiddenConsult(other.bridge)
			}
		})
		return
	}
	t.doubt(func(since time.Time) {
		if !ch.music && other.told == call.Held && t.alive(other) && t.alive(ch) && t.partner(ch) == other {
			t.holds(other, call.PartyIs{State: call.Connected, At: since, Inferred: true})
		}
	})
}

// partner is the other one in a conversation of two; nil where there is none or more than one.
func (t *Translator) partner(ch *channel) *channel {
	if ch.bridge == "" {
		return nil
	}
	peers := t.peers(ch)
	if len(peers) != 1 || peers[0].told != call.Connected && peers[0].told != call.Held {
		return nil
	}
	return peers[0]
}
