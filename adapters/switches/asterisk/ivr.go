package asterisk

import (
	"path"
	"strings"

	"github.com/callstate/callstate/domain/call"
)

// ivrStay is the IVR that a channel is in.
type ivrStay struct {
	name     string
	implicit bool // known from the dialplan or AGI; a user event knows better
	context  string
}

// userEvent reads the events that a dialplan sends itself: IvrEnter and IvrLeave (header Ivr, and Choice) for the steps
// of an IVR, CallData for data to attach to the call: all headers that follow.
func (t *Translator) userEvent(b Block) {
	ch := t.channel(b, "")
	if ch == nil {
		return // sent from outside a channel: it names no call
	}
	ch.heard("UserEvent")
	t.sent(ch, b.Get("UserEvent"), b.After("UserEvent"), false)
}

// sent reads what a channel's dialplan says by a user event. inferred: the event itself has not come.
func (t *Translator) sent(ch *channel, name string, headers []Header, inferred bool) {
	get := func(name string) string {
		for _, h := range headers {
			if sameName(h.Name, name) {
				return h.Value
			}
		}
		return ""
	}
	t.tellDigits(ch)
	switch {
	case strings.EqualFold(name, "IvrEnter"):
		t.enterIVR(ch, ivrStay{name: get("Ivr")}, inferred)
	case strings.EqualFold(name, "IvrLeave"):
		if ivr := get("Ivr"); ivr != "" && ch.ivr.name != ivr {
			if ch.leftIVR == ivr && ch.ivr.name == "" {
				break // told before
			}
			t.leaveIVR(ch, "", true)
			ch.ivr = ivrStay{name: ivr} // its beginning was missed
		}
		t.leaveIVR(ch, get("Choice"), inferred)
	case strings.EqualFold(name, "CallData"):
		var set []call.Pair
		for _, h := range headers {
			set = append(set, call.Pair{Key: strings.Clone(h.Name), Value: strings.Clone(h.Value)})
		}
		t.attach(ch, set, inferred)
	}
	t.wentOn(ch)
}

func (t *Translator) attach(ch *channel, set []call.Pair, inferred bool) {
	if len(set) == 0 {
		return
	}
	data := call.DataIs{Set: set, By: "switch", Inferred: inferred}
	if ch.ivr.name != "" {
		data.By = "ivr:" + ch.ivr.name
	}
	if ch.made && ch.state == "0" && !ch.call.told { // whom it will call is told next
		ch.call.data = append(ch.call.data, data)
		return
	}
	t.introduce(ch, Block{}, "")
	data.At = t.clock.Next()
	t.callFact(ch.call.connID, data)
}

func (t *Translator) enterIVR(ch *channel, stay ivrStay, inferred bool) {
	if stay.name == "" || ch.ivr.name == stay.name || stay.implicit && ch.ivr.name != "" && !ch.ivr.implicit {
		return
	}
	t.leaveIVR(ch, "", !ch.ivr.implicit)
	t.introduce(ch, Block{}, "")
	ch.ivr, ch.leftIVR = stay, ""
	t.callFact(ch.call.connID, call.IVRIs{At: t.clock.Next(), IVR: stay.name, Party: call.PartyID(ch.id), Inside: true, Inferred: inferred})
}

// leaveIVR: the IVR lets go of the channel. inferred: it did not say so.
func (t *Translator) leaveIVR(ch *channel, choice string, inferred bool) {
	if ch.ivr.name == "" {
		return
	}
	t.callFact(ch.call.connID, call.IVRIs{At: t.clock.Next(), IVR: ch.ivr.name, Party: call.PartyID(ch.id), Choice: choice, Inferred: inferred})
	ch.leftIVR = ch.ivr.name
	ch.ivr = ivrStay{}
}

// newexten: the dialplan goes on to another step of a channel.
func (t *Translator) newexten(b Block) {
	t.dialplan = true
	ch := t.channel(b, "")
	if ch == nil {
		return
	}
	t.unheard(ch)
	t.steps(ch, b)
	extension, application := firstOf(b.Get("Extension"), b.Get("Exten")), b.Get("Application")
	if extension == "h" { // the hangup extension: the caller is gone already
		ch.wait.gaveUp()
		t.settleWait(ch, true)
		return
	}
	if application != "AppQueue" && application != "AppDial" { // what a called phone is shown to run
		ch.goesOn()
	}
	if ch.ivr.implicit && ch.ivr.context == "" {
		t.leaveIVR(ch, "", false) // the AGI script has returned
	}
	t.tellDigits(ch)
	if application == "ChanSpy" {
		ch.spyOptions = b.Get("AppData")
	}
	context := b.Get("Context")
	if ch.ivr.implicit && ch.ivr.context != "" && ch.ivr.context != context {
		t.leaveIVR(ch, "", false)
	}
	switch {
	case strings.HasSuffix(application, "AGI"):
		script, _, _ := strings.Cut(b.Get("AppData"), ",")
		t.enterIVR(ch, ivrStay{name: path.Base(script), implicit: true}, false)
	case matchesAny(t.vocabulary.IVRContexts, context):
		t.enterIVR(ch, ivrStay{name: context, implicit: true, context: context}, false)
	}
	if application != "AppQueue" && !ch.wait.announced().IsZero() {
		t.settleWait(ch, false)
	}
}

// agiExec: a script controls the channel. Where the dialplan class is on, newexten knew it before, with its name.
func (t *Translator) agiExec(b Block) {
	ch := t.channel(b, "")
	if ch == nil {
		return
	}
	t.unheard(ch)
	if !t.dialplan {
		t.enterIVR(ch, ivrStay{name: "agi", implicit: true}, false)
	}
	if arguments, found := strings.CutPrefix(b.Get("Command"), "EXEC UserEvent "); found {
		ch.announced = step{"UserEvent", strings.Clone(strings.Trim(arguments, `"`))}
	} else if arguments, found := strings.CutPrefix(b.Get("Command"), "SET VARIABLE "); found {
		variable, value, _ := strings.Cut(arguments, " ")
		ch.announced = step{"Set", variable + "=" + strings.Trim(value, `"`)}
	}
}

// varSet reads the channel variables that become user data, and the queue's result.
func (t *Translator) varSet(b Block) {
	t.dialplan = true
	variable := strings.TrimLeft(b.Get("Variable"), "_")
	if variable != "QUEUESTATUS" && variable != "AGISTATUS" && !matchesAny(t.vocabulary.DataVariables, variable) {
		return
	}
	if ch := t.channel(b, ""); ch != nil {
		ch.heard("Set")
		t.variableIs(ch, variable, b.Get("Value"), false)
	}
}

// variableIs: a channel variable has a value. inferred: VarSet has not come.
func (t *Translator) variableIs(ch *channel, variable, value string, inferred bool) {
	switch {
	case variable == "QUEUESTATUS":
		t.queueStatus(ch, value)
	case variable == "AGISTATUS" && ch.ivr.implicit && ch.ivr.context == "":
		t.leaveIVR(ch, "", inferred)
	case value != "" && matchesAny(t.vocabulary.DataVariables, variable):
		t.attach(ch, []call.Pair{{Key: strings.Clone(variable), Value: strings.Clone(value)}}, inferred)
	}
}

// wentOn: the channel does something else than wait; where the dialplan class is off, this is all that tells a timeout.
func (t *Translator) wentOn(ch *channel) {
	if !ch.wait.announced().IsZero() && !t.dialplan {
		t.settleWait(ch, false)
	}
}
