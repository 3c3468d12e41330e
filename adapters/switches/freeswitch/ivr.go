package freeswitch

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/call"
)

// execute: the dialplan, or a command, runs an application on a leg.
func (t *Translator) execute(l *leg, e Event) {
	application, data := e.Get("Application"), e.Get("Application-Data")
	t.tellAnnounced(l)
	l.application = strings.Clone(application)
	if application != "play_and_get_digits" && application != "read" {
		t.tellDigits(l)
	}
	if p := l.passage; p != nil && !p.broken.IsZero() && application != "callcenter" {
		t.settleWait(l, false)
	}
	switch application {
	case "callcenter", "fifo", "conference", "valet_park", "park", "hangup":
		t.leaveIVR(l)
	case "bridge":
		t.leaveIVR(l)
	case "event":
		l.announced = dataIn(t.vocabulary, data)
	case "eavesdrop":
		t.leaveIVR(l)
		t.listens(l, t.legs[data], e)
	case "three_way":
		t.threeWay(l, t.legs[data])
	case "att_xfer":
		t.hold(l, call.Held)
	default:
		t.steps(l, e, application, data)
	}
}

// executed: an application has ended.
func (t *Translator) executed(l *leg, e Event) {
	application := e.Get("Application")
	if application == l.application {
		l.application = ""
	}
	switch application {
	case "event":
		if !l.dataSent && l.announced == nil {
			l.announced = dataIn(t.vocabulary, e.Get("Application-Data"))
		}
		t.tellAnnounced(l)
	case "eavesdrop":
		t.listeningEnds(l)
	case "att_xfer":
		if l.consult == nil && l.hangupAt.IsZero() && l.bridged != nil && l.bridged.hangupAt.IsZero() {
			t.hold(l, call.Connected)
		}
	default:
		inferring := t.inferring
		t.inferring = true // that it began was missed, where it makes a difference
		t.steps(l, e, application, e.Get("Application-Data"))
		t.inferring = inferring
	}
}

// tellAnnounced attaches the data that the dialplan was about to send, where the event with it was missed.
func (t *Translator) tellAnnounced(l *leg) {
	t.attach(l, l.announced)
	l.announced, l.dataSent = nil, false
}

// dataIn is the user data in the event that an application event sends: "Event-Subclass=ivr::account,IVR-Account=4711".
func dataIn(v Vocabulary, arguments string) []call.Pair {
	var set []call.Pair
	found := false
	for _, argument := range strings.Split(arguments, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(argument), "=")
		if name == "Event-Subclass" && matchesAny(v.DataEvents, value) {
			found = true
		}
		if key, isData := strings.CutPrefix(name, v.DataPrefix); isData && key != "" && value != "" {
			set = append(set, call.Pair{Key: strings.Clone(key), Value: strings.Clone(value)})
		}
	}
	if !found {
		return nil
	}
	return set
}

// steps enters an IVR: the extension of the dialplan is one, or, where nobody said which are, the application is what
// IVRs are made of. A leg that talks with another is in none.
func (t *Translator) steps(l *leg, e Event, application, data string) {
	if l.told != call.Connected || l.bridged != nil || l.outbound && l.by != nil || l.passage != nil {
		return
	}
	number := e.Get("Caller-Destination-Number")
	if len(t.vocabulary.IVRs) > 0 {
		if matchesAny(t.vocabulary.IVRs, number) {
			t.enterIVR(l, number)
		} else {
			t.leaveIVR(l)
		}
		return
	}
	switch application {
	case "ivr", "lua", "javascript", "python", "python3", "perl", "socket":
		name, _, _ := strings.Cut(data, " ")
		t.enterIVR(l, path.Base(name))
	case "play_and_get_digits", "read", "play_and_detect_speech", "detect_speech":
		if l.ivr == "" {
			t.enterIVR(l, number)
		}
	}
}

func (t *Translator) enterIVR(l *leg, name string) {
	if name == "" || l.ivr == name {
		return
	}
	t.leaveIVR(l)
	l.ivr = strings.Clone(name)
	t.callFact(l.call.connID, call.IVRIs{At: t.clock.Next(), IVR: l.ivr, Party: call.PartyID(l.id), Inside: true, Inferred: t.inferring})
}

// leaveIVR: the IVR lets go of the leg.
func (t *Translator) leaveIVR(l *leg) {
	if l.ivr == "" {
		return
	}
	t.callFact(l.call.connID, call.IVRIs{At: t.clock.Next(), IVR: l.ivr, Party: call.PartyID(l.id)})
	l.ivr = ""
}

// dataEvent reads an event that a dialplan sent to have data attached to the call: all its headers with the prefix.
func (t *Translator) dataEvent(e Event) {
	l := t.leg(e)
	if l == nil {
		return // sent from outside a leg: it names no call
	}
	t.tellDigits(l)
	l.announced, l.dataSent = nil, true
	var set []call.Pair
	for _, h := range e.withPrefix(t.vocabulary.DataPrefix) {
		if key := strings.TrimPrefix(h.name, t.vocabulary.DataPrefix); key != "" && h.value != "" {
			set = append(set, call.Pair{Key: strings.Clone(key), Value: strings.Clone(h.value)})
		}
	}
	t.attach(l, set)
}

// dataVariables attaches the channel variables that are user data, when an event shows another value than the last.
func (t *Translator) dataVariables(l *leg, e Event) {
	if len(t.vocabulary.DataVariables) == 0 || l.outbound && l.by != nil {
		return // a leg that is called for another has copies of its variables
	}
	var set []call.Pair
	for _, name := range t.vocabulary.DataVariables {
		value := e.Variable(name)
		if value == "" || l.data[name] == value {
			continue
		}
		if l.data == nil {
			l.data = map[string]string{}
		}
		l.data[name] = strings.Clone(value)
		set = append(set, call.Pair{Key: name, Value: l.data[name]})
	}
	t.attach(l, set)
}

func (t *Translator) attach(l *leg, set []call.Pair) {
	if len(set) == 0 {
		return
	}
	slices.SortFunc(set, func(a, b call.Pair) int { return strings.Compare(a.Key, b.Key) })
	data := call.DataIs{At: t.clock.Next(), Set: set, By: "switch"}
	if l.ivr != "" {
		data.By = "ivr:" + l.ivr
	}
	t.callFact(l.call.connID, data)
}

// digit counts what somebody keys. Which digits they are is only looked at where they are commands to the switch, and in
// an IVR or a queue of which that is wanted.
func (t *Translator) digit(l *leg, e Event) {
	if l.loopback {
		return
	}
	if l.spying != nil {
		t.listensAs(l, e.Get("DTMF-Digit"))
		return
	}
	kept := t.vocabulary.KeepDigits
	l.keyed.Add(e.Get("DTMF-Digit"), l.ivr != "" && matchesAny(kept, l.ivr) || l.passage != nil && matchesAny(kept, l.passage.queue))
}

// tellDigits tells the digits keyed so far, when the leg does the next thing.
func (t *Translator) tellDigits(l *leg) {
	if l.keyed.None() {
		return
	}
	t.callFact(l.call.connID, l.keyed.Take(t.clock.Next(), call.PartyID(l.id)))
}

// originate is a call that somebody asked the switch to make.
type originate struct {
	device string // whom the switch calls first
	to     string // whom it calls then
	at     time.Time
}

// mostAsked bounds how many of them are remembered.
const mostAsked = 64

// askedToOriginate notes a command such as "originate user/1002@cc.test &bridge(sofia/gateway/pstn/0301112206)": nothing in
// the events of the leg that it makes tells whom it is for. Without bgapi the command is told only when it is done.
func (t *Translator) askedToOriginate(e Event) {
	arguments, found := strings.CutPrefix(e.Get("API-Command-Argument"), "originate ")
	if !found || e.Get("API-Command") != "bgapi" {
		return
	}
	dialled, rest, _ := strings.Cut(afterVariables(strings.TrimSpace(arguments)), " ")
	asked := originate{device: userPart(lastSegment(dialled)), at: t.clock.Last}
	if application, data, found := strings.Cut(strings.TrimPrefix(rest, "&"), "("); found {
		if application != "bridge" {
			return
		}
		dialled, _, _ = strings.Cut(data, ")")
		asked.to = userPart(lastSegment(afterVariables(dialled)))
	} else {
		asked.to, _, _ = strings.Cut(rest, " ")
	}
	if len(t.asked) == mostAsked {
		t.asked = slices.Delete(t.asked, 0, 1)
	}
	t.asked = append(t.asked, asked)
}

// afterVariables is a dial string without the variables before it: {a=b}, [a=b], <a=b>.
func afterVariables(dialString string) string {
	for {
		closing := map[byte]byte{'{': '}', '[': ']', '<': '>'}
		if dialString == "" || closing[dialString[0]] == 0 {
			return dialString
		}
		end := strings.IndexByte(dialString, closing[dialString[0]])
		if end < 0 {
			return dialString
		}
		dialString = strings.TrimSpace(dialString[end+1:])
	}
}

// dialedVariable is a channel variable by which our own requests tell whom a call that the switch makes is for.
const dialedVariable = "callstate_dialed"

// originateTo is whom a call is for that the switch makes, where somebody told.
func (t *Translator) originateTo(l *leg, e Event) string {
	if to := e.Variable(dialedVariable); to != "" {
		return strings.Clone(to)
	}
	for i, asked := range slices.Backward(t.asked) {
		if asked.device == l.number && t.clock.Last.Sub(asked.at) < time.Minute {
			t.asked = slices.Delete(t.asked, i, i+1)
			return strings.Clone(asked.to)
		}
	}
	return ""
}
