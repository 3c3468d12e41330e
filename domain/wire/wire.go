// Package wire is the stored form of the events: one table of names and versions, JSON bodies, and the ids.
//
// A name that has been stored is never used for anything else. New fields may be added to an event (absent means
// empty); a field that is renamed or changes its meaning makes a new version, and the old one keeps its own struct
// here with an upcast to the next. The golden files in testdata hold one example of every (name, version) ever stored
// and are never deleted.
package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/link"
	"github.com/google/uuid"
)

// ErrUnknown: a record has a name or a version that this program does not know; it comes from a newer one.
var ErrUnknown = errors.New("unknown event type or version")

// The kinds of streams, as eventlog.Stream.Kind tells them.
const (
	Call   = "call"
	Agent  = "agent"
	Switch = "switch"
	Audit  = "audit"
)

// CallStream is the stream of a call.
func CallStream(id call.ConnID) eventlog.Stream { return eventlog.Stream(Call + "-" + id.String()) }

// AgentStream is the stream of an agent's session.
func AgentStream(agent string) eventlog.Stream { return eventlog.Stream(Agent + "-" + agent) }

// SwitchStream is the stream of the link to a switch.
func SwitchStream(name string) eventlog.Stream { return eventlog.Stream(Switch + "-" + name) }

// AuditStream is the stream of who looked at a subject: see access.Body.
func AuditStream(subject string) eventlog.Stream { return eventlog.Stream(Audit + "-" + subject) }

// table is the stored names of one family of events.
type table[B any] struct {
	byName map[string]form[B]
	byType map[reflect.Type]form[B]
}

type form[B any] struct {
	name    string
	version uint16
	example B
	decode  func(data []byte) (B, error)
	quick   func(q *quick) B // nil: there is none
}

// as is the entry of an event type in its current version.
func as[T, B any](name string, version uint16) form[B] {
	var zero T
	return form[B]{name: name, version: version, example: any(zero).(B), decode: func(data []byte) (B, error) {
		var body T
		err := json.Unmarshal(data, &body)
		return any(body).(B), err
	}}
}

func newTable[B any](forms ...form[B]) table[B] {
	t := table[B]{byName: map[string]form[B]{}, byType: map[reflect.Type]form[B]{}}
	quickly := quickFamily[B]()
	for _, f := range forms {
		f.quick = quickly[f.name]
		t.byName[f.name], t.byType[reflect.TypeOf(f.example)] = f, f
	}
	return t
}

var calls = newTable(
	as[call.CallStarted, call.Body]("CallStarted", 1),
	as[call.CallEnded, call.Body]("CallEnded", 1),
	as[call.PartyDialing, call.Body]("PartyDialing", 1),
	as[call.PartyAlerting, call.Body]("PartyAlerting", 1),
	as[call.PartyConnected, call.Body]("PartyConnected", 1),
	as[call.PartyHeld, call.Body]("PartyHeld", 1),
	as[call.PartyRetrieved, call.Body]("PartyRetrieved", 1),
	as[call.PartyFailed, call.Body]("PartyFailed", 1),
	as[call.PartyReleased, call.Body]("PartyReleased", 1),
	as[call.QueueEntered, call.Body]("QueueEntered", 1),
	as[call.QueueDistributed, call.Body]("QueueDistributed", 1),
	as[call.QueueLeft, call.Body]("QueueLeft", 1),
	as[call.QueueAbandoned, call.Body]("QueueAbandoned", 1),
	as[call.IVREntered, call.Body]("IVREntered", 1),
	as[call.IVRLeft, call.Body]("IVRLeft", 1),
	as[call.UserDataChanged, call.Body]("UserDataChanged", 1),
	as[call.DispositionSet, call.Body]("DispositionSet", 1),
	as[call.NoteAdded, call.Body]("NoteAdded", 1),
	as[call.AnomalyNoted, call.Body]("AnomalyNoted", 1),
	as[call.ConsultStarted, call.Body]("ConsultStarted", 1),
	as[call.ConsultEnded, call.Body]("ConsultEnded", 1),
	as[call.CallTransferred, call.Body]("CallTransferred", 1),
	as[call.CallMerged, call.Body]("CallMerged", 1),
	as[call.ConferenceFormed, call.Body]("ConferenceFormed", 1),
	as[call.SupervisorJoined, call.Body]("SupervisorJoined", 1),
	as[call.SupervisorModeChanged, call.Body]("SupervisorModeChanged", 1),
	as[call.SupervisorLeft, call.Body]("SupervisorLeft", 1),
	as[call.CallParked, call.Body]("CallParked", 1),
	as[call.CallUnparked, call.Body]("CallUnparked", 1),
	as[call.RecordingStarted, call.Body]("RecordingStarted", 1),
	as[call.RecordingPaused, call.Body]("RecordingPaused", 1),
	as[call.RecordingResumed, call.Body]("RecordingResumed", 1),
	as[call.RecordingStopped, call.Body]("RecordingStopped", 1),
	as[call.DigitsCollected, call.Body]("DigitsCollected", 1),
	as[call.CallPresumedEnded, call.Body]("CallPresumedEnded", 1),
	as[call.RequestMade, call.Body]("RequestMade", 1),
	as[call.RequestRefused, call.Body]("RequestRefused", 1),
)

var agents = newTable(
	as[agent.AgentLoggedIn, agent.Body]("AgentLoggedIn", 1),
	as[agent.AgentLoggedOut, agent.Body]("AgentLoggedOut", 1),
	as[agent.AgentJoinedQueue, agent.Body]("AgentJoinedQueue", 1),
	as[agent.AgentLeftQueue, agent.Body]("AgentLeftQueue", 1),
	as[agent.AgentReady, agent.Body]("AgentReady", 1),
	as[agent.AgentNotReady, agent.Body]("AgentNotReady", 1),
	as[agent.AfterCallWorkStarted, agent.Body]("AfterCallWorkStarted", 1),
	as[agent.AfterCallWorkEnded, agent.Body]("AfterCallWorkEnded", 1),
	as[agent.AgentRequestMade, agent.Body]("AgentRequestMade", 1),
	as[agent.AgentRequestRefused, agent.Body]("AgentRequestRefused", 1),
)

var links = newTable(
	as[link.LinkUp, link.Body]("LinkUp", 1),
	as[link.LinkDown, link.Body]("LinkDown", 1),
	as[link.Resynchronised, link.Body]("Resynchronised", 1),
	as[link.SwitchRestarted, link.Body]("SwitchRestarted", 1),
	as[link.GapDetected, link.Body]("GapDetected", 1),
	as[link.DeviceInService, link.Body]("DeviceInService", 1),
	as[link.DeviceOutOfService, link.Body]("DeviceOutOfService", 1),
)

var accesses = newTable(
	as[access.CallReplayed, access.Body]("CallReplayed", 1),
	as[access.FloorReplayed, access.Body]("FloorReplayed", 1),
	as[access.CallExported, access.Body]("CallExported", 1),
	as[access.RequestDenied, access.Body]("RequestDenied", 1),
	as[access.CallViewed, access.Body]("CallViewed", 1),
	as[access.CallsSearched, access.Body]("CallsSearched", 1),
	as[access.FloorViewed, access.Body]("FloorViewed", 1),
	as[access.NumberExplained, access.Body]("NumberExplained", 1),
	as[access.LogRead, access.Body]("LogRead", 1),
	as[access.SessionBegan, access.Body]("SessionBegan", 1),
	as[access.SessionEnded, access.Body]("SessionEnded", 1),
)

// Names are all stored names with their current versions ("CallStarted" -> 1).
func Names() map[string]uint16 {
	names := map[string]uint16{}
	addNames(names, calls)
	addNames(names, agents)
	addNames(names, links)
	addNames(names, accesses)
	return names
}

func addNames[B any](names map[string]uint16, t table[B]) {
	for name, f := range t.byName {
		names[name] = f.version
	}
}

func (t table[B]) encode(stream eventlog.Stream, revision eventlog.Revision, body B) eventlog.Event {
	f, ok := t.byType[reflect.TypeOf(body)]
	if !ok {
		panic(fmt.Sprintf("wire: event type %T is not in the table", body)) // a test walks all types
	}
	data := canonical(body)
	return eventlog.Event{ID: EventID(stream, revision, f.name, data), Type: f.name, Version: f.version, Data: data}
}

// canonical is the JSON of an event's body: the fields in the order of its struct, no white space, nothing escaped that
// JSON (RFC 8259) does not require.
func canonical(body any) []byte {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		panic(fmt.Sprintf("wire: %T: %v", body, err)) // events are plain values: cannot happen
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte{'\n'})
}

func (t table[B]) decode(r eventlog.Record) (B, error) {
	f, ok := t.byName[r.Type]
	if !ok || r.Version != f.version {
		var none B
		return none, fmt.Errorf("%w: %s version %d in %s at revision %d", ErrUnknown, r.Type, r.Version, r.Stream, r.Revision)
	}
	if f.quick != nil {
		q := newQuick(r.Data)
		if body := f.quick(q); q.complete() {
			return body, nil
		}
	}
	body, err := f.decode(r.Data)
	if err != nil {
		return body, fmt.Errorf("%s in %s at revision %d: %w", r.Type, r.Stream, r.Revision, err)
	}
	return body, nil
}

var idSpace = uuid.MustParse("5f0c8a52-3a2e-5b1c-9d64-7a1e2f0b6c11")

// EventID is the id of the event with this body at this place: a UUID of version 5 (RFC 9562). Two engines that see the
// same thing derive the same id, and a retry has the id of the first try.
func EventID(stream eventlog.Stream, revision eventlog.Revision, name string, body []byte) uuid.UUID {
	key := make([]byte, 0, len(stream)+len(name)+len(body)+24)
	key = append(append(key, stream...), 0)
	key = append(strconv.AppendUint(key, uint64(revision), 10), 0)
	key = append(append(key, name...), 0)
	return uuid.NewSHA1(idSpace, append(key, body...))
}

// EncodeCall is the stored form of a call's event at a place in its stream, without the times and ids that the engine adds.
func EncodeCall(stream eventlog.Stream, revision eventlog.Revision, e call.Event) eventlog.Event {
	stored := calls.encode(stream, revision, e.Body)
	stored.SwitchTime, stored.Inferred, stored.Actor = e.At, e.Inferred, e.Actor
	return stored
}

// DecodeCall reads a record of a call's stream; ErrUnknown when it is of a newer program.
func DecodeCall(r eventlog.Record) (call.Event, error) {
	body, err := calls.decode(r)
	return call.Event{At: r.SwitchTime, Inferred: r.Inferred, Actor: r.Actor, Body: body}, err
}

// EncodeAgent is EncodeCall for an agent's event.
func EncodeAgent(stream eventlog.Stream, revision eventlog.Revision, e agent.Event) eventlog.Event {
	stored := agents.encode(stream, revision, e.Body)
	stored.SwitchTime, stored.Inferred, stored.Actor = e.At, e.Inferred, e.Actor
	return stored
}

// DecodeAgent reads a record of an agent's stream.
func DecodeAgent(r eventlog.Record) (agent.Event, error) {
	body, err := agents.decode(r)
	return agent.Event{At: r.SwitchTime, Inferred: r.Inferred, Actor: r.Actor, Body: body}, err
}

// EncodeLink is EncodeCall for a link's event.
func EncodeLink(stream eventlog.Stream, revision eventlog.Revision, e link.Event) eventlog.Event {
	stored := links.encode(stream, revision, e.Body)
	stored.SwitchTime, stored.Inferred, stored.Actor = e.At, e.Inferred, e.Actor
	return stored
}

// DecodeLink reads a record of a switch's stream.
func DecodeLink(r eventlog.Record) (link.Event, error) {
	body, err := links.decode(r)
	return link.Event{At: r.SwitchTime, Inferred: r.Inferred, Actor: r.Actor, Body: body}, err
}

// EncodeAccess is EncodeCall for an event about who looked at what.
func EncodeAccess(stream eventlog.Stream, revision eventlog.Revision, e access.Event) eventlog.Event {
	stored := accesses.encode(stream, revision, e.Body)
	stored.SwitchTime, stored.Actor = e.At, e.Actor
	return stored
}

// DecodeAccess reads a record of an audit stream.
func DecodeAccess(r eventlog.Record) (access.Event, error) {
	body, err := accesses.decode(r)
	return access.Event{At: r.SwitchTime, Actor: r.Actor, Body: body}, err
}

// Known returns why a record cannot be read: ErrUnknown when it is of a kind of stream, a type or a version that this
// program does not know.
func Known(r eventlog.Record) (err error) {
	switch kind := r.Stream.Kind(); kind {
	case Call:
		_, err = DecodeCall(r)
	case Agent:
		_, err = DecodeAgent(r)
	case Switch:
		_, err = DecodeLink(r)
	case Audit:
		_, err = DecodeAccess(r)
	default:
		err = fmt.Errorf("%w: stream %s of kind %q", ErrUnknown, r.Stream, kind)
	}
	return err
}

// SortedNames are the stored names in alphabetical order.
func SortedNames() []string {
	var names []string
	for name := range Names() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
