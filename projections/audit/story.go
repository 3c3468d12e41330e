package audit

import (
	"fmt"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
)

// Line is one event of a call's story.
type Line struct {
	At       time.Time // on the switch's clock
	Since    time.Duration
	Text     string // what happened, in the words of a supervisor
	Inferred bool
	Actor    string
}

// String is the line as it is printed: time since the call began, what happened, and whether it was inferred.
func (l Line) String() string {
	return fmt.Sprintf("%11s  %s", offset(l.Since), l.marked())
}

// marked is what happened, who asked for it, and whether it was inferred.
func (l Line) marked() string {
	text := l.Text
	if l.Actor != "" {
		text += " [asked by " + l.Actor + "]"
	}
	if l.Inferred {
		text += " (inferred)"
	}
	return text
}

// offset is a duration as "+1:02:03.456".
func offset(d time.Duration) string {
	sign := "+"
	if d < 0 {
		sign, d = "-", -d
	}
	ms := d.Round(time.Millisecond).Milliseconds()
	h, m, s := ms/3600000, ms/60000%60, ms/1000%60
	if h > 0 {
		return fmt.Sprintf("%s%d:%02d:%02d.%03d", sign, h, m, s, ms%1000)
	}
	return fmt.Sprintf("%s%d:%02d.%03d", sign, m, s, ms%1000)
}

// Story tells a call event by event. The zero value is ready for the first record of a call's stream.
type Story struct {
	state call.State
}

// State is the call as it is after the last line.
func (s *Story) State() call.State { return s.state }

// Tell is the next line. Records must come in the order of the stream; an unknown one yields wire.ErrUnknown.
func (s *Story) Tell(r eventlog.Record) (Line, error) {
	e, err := wire.DecodeCall(r)
	if err != nil {
		return Line{}, err
	}
	before := s.state
	s.state = call.Evolve(s.state, e)
	return Line{At: e.At, Since: e.At.Sub(s.state.StartedAt), Text: tell(before, s.state, e), Inferred: e.Inferred, Actor: e.Actor}, nil
}

func tell(before, after call.State, e call.Event) string {
	switch b := e.Body.(type) {
	case call.CallStarted:
		if !b.ConsultOf.IsZero() {
			return fmt.Sprintf("consultation %s from %s to %s on %s, about call %s", b.SwitchCallID, orUnknown(b.ANI), orUnknown(b.DNIS), b.Switch, b.ConsultOf)
		}
		return fmt.Sprintf("%s call %s from %s to %s on %s", after.Origin, b.SwitchCallID, orUnknown(b.ANI), orUnknown(b.DNIS), b.Switch)
	case call.CallEnded:
		return fmt.Sprintf("the call ends, by %s (%s), after %s", who(after, b.By), orUnknown(string(b.Cause)), offset(after.EndedAt.Sub(after.StartedAt))[1:])
	case call.PartyDialing:
		return fmt.Sprintf("%s dials %s", who(after, b.Party), orUnknown(b.Dialed))
	case call.PartyAlerting:
		if !b.From.IsZero() {
			return fmt.Sprintf("%s comes over from call %s, still ringing", who(after, b.Party), b.From)
		}
		return fmt.Sprintf("%s rings%s", who(after, b.Party), through(b.Queue)) + carrying(after)
	case call.PartyConnected:
		return tellConnected(before, after, b)
	case call.PartyHeld:
		return fmt.Sprintf("%s puts the call on hold", who(after, b.Party))
	case call.PartyRetrieved:
		return fmt.Sprintf("%s takes the call back", who(after, b.Party))
	case call.PartyFailed:
		return fmt.Sprintf("%s cannot be reached: %s%s", who(after, b.Party), b.Cause, through(b.Queue))
	case call.PartyReleased:
		return tellReleased(before, after, b)
	case call.QueueEntered:
		return fmt.Sprintf("%s waits in queue %s%s", who(after, b.Party), b.Queue, atPosition(b.Position))
	case call.QueueDistributed:
		return fmt.Sprintf("queue %s gives the call to agent %s after %s", b.Queue, orUnknown(b.Agent), waited(after, b.Visit))
	case call.QueueLeft:
		return fmt.Sprintf("the call leaves queue %s (%s) after %s", b.Queue, b.Reason, waited(after, b.Visit))
	case call.QueueAbandoned:
		return fmt.Sprintf("the caller gives up waiting in queue %s after %s", b.Queue, waited(after, b.Visit))
	case call.IVREntered:
		return fmt.Sprintf("IVR %s talks to %s", b.IVR, who(after, b.Party))
	case call.IVRLeft:
		if b.Choice != "" {
			return fmt.Sprintf("IVR %s lets go, choice %s", b.IVR, b.Choice)
		}
		return fmt.Sprintf("IVR %s lets go", b.IVR)
	case call.UserDataChanged:
		return tellData(before, b)
	case call.DispositionSet:
		return fmt.Sprintf("disposition %q", b.Code)
	case call.NoteAdded:
		return fmt.Sprintf("note %q", b.Text)
	case call.AnomalyNoted:
		return fmt.Sprintf("ANOMALY %s: %s %s", b.Anomaly, b.Subject, b.Detail)
	case call.CallPresumedEnded:
		return fmt.Sprintf("the call is presumed to have ended: %s", b.Reason)
	}
	return tellConversation(after, e)
}

// tellConversation tells what happens between calls, and beside the conversation.
func tellConversation(after call.State, e call.Event) string {
	switch b := e.Body.(type) {
	case call.ConsultStarted:
		return fmt.Sprintf("%s consults %s in call %s", who(after, b.By), orUnknown(b.To), b.Consult)
	case call.ConsultEnded:
		return fmt.Sprintf("the consultation in call %s is %s", b.Consult, b.Result)
	case call.CallTransferred:
		return fmt.Sprintf("%s transfers the call to %s (%s)", who(after, b.By), orUnknown(b.To), b.Kind)
	case call.CallMerged:
		if b.Absorbed == after.ConnID {
			return fmt.Sprintf("the call becomes part of call %s", b.Survivor)
		}
		return fmt.Sprintf("call %s becomes part of this one", b.Absorbed)
	case call.ConferenceFormed:
		if b.Room != "" {
			return "a conference is formed in room " + b.Room
		}
		return fmt.Sprintf("%s forms a conference", who(after, b.By))
	case call.SupervisorJoined:
		return fmt.Sprintf("supervisor %s joins %s (%s)", b.DN, who(after, b.Target), b.Mode)
	case call.SupervisorModeChanged:
		return fmt.Sprintf("the supervisor changes to %s", b.Mode)
	case call.SupervisorLeft:
		return "the supervisor leaves"
	case call.CallParked:
		return fmt.Sprintf("%s is parked in %s", who(after, b.Party), orUnknown(b.Space))
	case call.CallUnparked:
		if b.By != "" {
			return fmt.Sprintf("%s is taken from parking by %s", who(after, b.Party), b.By)
		}
		return fmt.Sprintf("%s leaves parking (%s)", who(after, b.Party), b.Reason)
	case call.RecordingStarted:
		return "recording starts"
	case call.RecordingPaused:
		return "recording pauses"
	case call.RecordingResumed:
		return "recording goes on"
	case call.RecordingStopped:
		return "recording stops"
	case call.DigitsCollected:
		digits := "digits"
		if b.Count == 1 {
			digits = "digit"
		}
		if b.Digits != "" {
			return fmt.Sprintf("%s keys %s", who(after, b.Party), b.Digits)
		}
		return fmt.Sprintf("%s keys %d %s", who(after, b.Party), b.Count, digits)
	case call.RequestMade:
		return fmt.Sprintf("%s asks the switch: %s%s", orUnknown(e.Actor), b.Request, to(b.Target))
	case call.RequestRefused:
		return fmt.Sprintf("%s asks for %s and is refused: %s", orUnknown(e.Actor), b.Request, b.Reason)
	}
	return fmt.Sprintf("%T", e.Body)
}

func tellConnected(before, after call.State, b call.PartyConnected) string {
	if !b.From.IsZero() {
		return fmt.Sprintf("%s comes over from call %s", who(after, b.Party), b.From)
	}
	if p, known := before.Party(b.Party); known && p.Telephony == call.Alerting {
		return fmt.Sprintf("%s answers%s", who(after, b.Party), through(b.Queue))
	}
	if p, _ := after.Party(b.Party); p.Role == call.Origination {
		return fmt.Sprintf("%s is connected", who(after, b.Party))
	}
	return fmt.Sprintf("%s answers%s", who(after, b.Party), through(b.Queue))
}

func tellReleased(before, after call.State, b call.PartyReleased) string {
	p, _ := before.Party(b.Party)
	switch {
	case p.Telephony == call.Alerting && b.Cause == call.NoAnswer:
		return fmt.Sprintf("%s does not answer", who(after, b.Party))
	case p.Telephony == call.Alerting:
		return fmt.Sprintf("%s stops ringing (%s)", who(after, b.Party), b.Cause)
	case p.Telephony == call.Failed:
		return fmt.Sprintf("%s is given up", who(after, b.Party))
	case b.Cause == call.Transferred && b.By == b.Party:
		return fmt.Sprintf("%s leaves, having transferred the call", who(after, b.Party))
	case b.Cause == call.Transferred || b.Cause == call.Conferenced:
		return fmt.Sprintf("%s leaves this call (%s)", who(after, b.Party), b.Cause)
	case b.By == b.Party:
		return fmt.Sprintf("%s hangs up", who(after, b.Party))
	case b.By == "":
		return fmt.Sprintf("%s is released by the switch (%s)", who(after, b.Party), orUnknown(string(b.Cause)))
	}
	return fmt.Sprintf("%s is released by %s", who(after, b.Party), who(after, b.By))
}

// tellData tells what is attached, and what was there before.
func tellData(before call.State, b call.UserDataChanged) string {
	was := func(key string) string {
		for _, p := range before.UserData() {
			if p.Key == key {
				return fmt.Sprintf(" (was %q)", p.Value)
			}
		}
		return ""
	}
	var parts []string
	for _, p := range b.Set {
		parts = append(parts, fmt.Sprintf("%s=%q%s", p.Key, p.Value, was(p.Key)))
	}
	for _, key := range b.Deleted {
		parts = append(parts, "-"+key+was(key))
	}
	return fmt.Sprintf("%s attaches %s", orUnknown(b.By), strings.Join(parts, " "))
}

// who names a party: "caller 2125550001", "agent 1001", "agent 1001 at 1007", "1003", "the switch".
func who(s call.State, id call.PartyID) string {
	if id == "" {
		return "the switch"
	}
	p, known := s.Party(id)
	switch {
	case !known:
		return "party " + string(id)
	case p.Role == call.Origination && s.Type() == call.Inbound:
		return "caller " + p.DN
	case p.Agent != "" && p.Agent != p.DN:
		return "agent " + p.Agent + " at " + p.DN
	case p.Agent != "":
		return "agent " + p.Agent
	}
	return orUnknown(p.DN)
}

// carrying is what a desktop shows when it rings.
func carrying(s call.State) string {
	text := fmt.Sprintf(", ANI %s, DNIS %s", orUnknown(s.ANI), orUnknown(s.DNIS))
	for _, p := range s.UserData() {
		text += fmt.Sprintf(", %s=%q", p.Key, p.Value)
	}
	return text
}

func to(target string) string {
	if target == "" {
		return ""
	}
	return " to " + target
}

func through(queue string) string {
	if queue == "" {
		return ""
	}
	return " for queue " + queue
}

func atPosition(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", position %d", n)
}

func waited(s call.State, id call.VisitID) string {
	v, _ := s.Visit(id)
	return offset(v.EndedAt.Sub(v.EnteredAt))[1:]
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
