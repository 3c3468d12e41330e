package audit

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/google/uuid"
)

// Disguise replaces the names and numbers in the events of calls, the same one always by the same one, so that a real call
// can be given away: numbers, agents, queues, IVRs, the switch, all ids, the values of user data and every free text.
// What is kept is what happened and when, and the keys of user data. A field that it does not know is replaced too.
type Disguise struct {
	names map[string]string // numbers, names and ids
	texts map[string]string // values and free texts
	calls map[call.ConnID]disguised
	count map[string]int
}

// disguised is a call's own id, and the switch's id of it.
type disguised struct {
	id   call.ConnID
	name string
}

// NewDisguise returns a Disguise that has replaced nothing yet.
func NewDisguise() *Disguise {
	return &Disguise{names: map[string]string{}, texts: map[string]string{}, calls: map[call.ConnID]disguised{}, count: map[string]int{}}
}

// Records are the events of calls in disguise, as an event log of their own that has nothing else in it.
func (d *Disguise) Records(records []eventlog.Record) ([]eventlog.Record, error) {
	for _, r := range records { // the calls first: an event may name one that has not begun yet
		if id, err := call.ParseConnID(r.Stream.ID()); err != nil {
			return nil, err
		} else if r.Revision == 1 {
			d.Call(id)
		}
	}
	var hidden []eventlog.Record
	for i, r := range records {
		each, err := d.record(r)
		if err != nil {
			return nil, err
		}
		each.Position = eventlog.Position(i + 1)
		hidden = append(hidden, each)
	}
	return hidden, nil
}

func (d *Disguise) record(r eventlog.Record) (eventlog.Record, error) {
	id, err := call.ParseConnID(r.Stream.ID())
	if err != nil {
		return r, err
	}
	var fields map[string]any
	if err := json.Unmarshal(r.Data, &fields); err != nil {
		return r, fmt.Errorf("%s at revision %d: %w", r.Stream, r.Revision, err)
	}
	for _, name := range sorted(fields) { // in order, so that the same events get the same names each time
		fields[name] = d.field(name, fields[name])
	}
	if _, begins := fields["switchCallId"]; begins {
		fields["switchCallId"] = d.known(id).name
	}
	if r.Data, err = json.Marshal(fields); err != nil {
		return r, err
	}
	e, err := wire.DecodeCall(r)
	if err != nil {
		return r, err
	}
	e.Actor = d.actor(e.Actor)
	stream := wire.CallStream(d.Call(id))
	stored := wire.EncodeCall(stream, r.Revision, e)
	stored.RecordedAt = r.SwitchTime
	if r.Correlation != uuid.Nil {
		stored.Correlation = uuid.UUID(d.Call(call.ConnID(r.Correlation)))
	}
	return eventlog.Record{Stream: stream, Revision: r.Revision, Event: stored}, nil
}

// kept are the fields whose values are words of the model.
var kept = map[string]bool{
	"origin": true, "role": true, "cause": true, "reason": true, "kind": true, "mode": true, "result": true, "anomaly": true,
	"request": true, "key": true, "deleted": true,
}

// named are the fields with a name or a number, and what such a thing is called in disguise.
var named = map[string]string{
	"ani": "number", "dnis": "number", "dn": "number", "dialed": "number", "to": "number", "target": "number", "room": "room", "space": "space",
	"agent": "agent", "queue": "queue", "ivr": "ivr", "switch": "pbx", "party": "party", "targetParty": "party", "visit": "visit",
	"recording": "recording", "subject": "party", "id": "command", "attempt": "attempt",
}

// calls are the fields with the id of a call.
var callFields = map[string]bool{
	"connId": true, "consult": true, "consultOf": true, "toCall": true, "survivor": true, "absorbed": true, "from": true,
}

func (d *Disguise) field(name string, value any) any {
	switch value := value.(type) {
	case string:
		return d.text(name, value)
	case []any:
		for i, each := range value {
			if pair, ok := each.(map[string]any); ok {
				for key, inner := range pair {
					pair[key] = d.field(key, inner)
				}
			} else {
				value[i] = d.field(name, each)
			}
		}
	}
	return value
}

func (d *Disguise) text(field, value string) string {
	switch {
	case value == "" || kept[field]:
		return value
	case callFields[field]:
		id, err := call.ParseConnID(value)
		if err != nil {
			return d.replaced(d.texts, value, "text")
		}
		return d.Call(id).String()
	case named[field] != "":
		return d.name(named[field], value)
	case field == "by":
		return d.actor(value)
	case field == "choice" && len(value) <= 2: // a key of the telephone
		return value
	case d.names[value] != "": // a value that is a number or a name of the call
		return d.names[value]
	case field == "value":
		return d.replaced(d.texts, value, "value")
	}
	return d.replaced(d.texts, value, "text")
}

// actor is "agent:1001", "ivr:main", or a party.
func (d *Disguise) actor(who string) string {
	kind, name, found := strings.Cut(who, ":")
	switch {
	case who == "" || who == "switch":
		return who
	case !found:
		return d.name("party", who)
	case kind == "call":
		if id, err := call.ParseConnID(name); err == nil {
			return "call:" + d.Call(id).String()
		}
	}
	return kind + ":" + d.name(kind, name)
}

// name replaces a name, or a number by one of its kind.
func (d *Disguise) name(kind, value string) string {
	digits := strings.TrimPrefix(value, "+")
	switch {
	case d.names[value] != "":
		return d.names[value]
	case kind == "pbx":
		d.names[value] = kind
	case strings.Trim(digits, "0123456789") != "":
		return d.replaced(d.names, value, kind)
	case len(digits) >= 7:
		d.count["external"]++
		d.names[value] = fmt.Sprint(2125550100 + d.count["external"])
	default:
		d.count["internal"]++
		d.names[value] = fmt.Sprint(7000 + d.count["internal"])
	}
	return d.names[value]
}

func (d *Disguise) replaced(in map[string]string, value, kind string) string {
	if in[value] == "" {
		d.count[kind]++
		in[value] = fmt.Sprintf("%s-%d", kind, d.count[kind])
	}
	return in[value]
}

// Call is the id of a call in disguise: derived as a real one is, from a switch and an id that say nothing.
func (d *Disguise) Call(id call.ConnID) call.ConnID {
	if id.IsZero() {
		return id
	}
	return d.known(id).id
}

func (d *Disguise) known(id call.ConnID) disguised {
	c, known := d.calls[id]
	if !known {
		d.count["call"]++
		c.name = fmt.Sprintf("call-%d", d.count["call"])
		c.id = call.NewConnID(id.Born(), "pbx", c.name)
		d.calls[id] = c
	}
	return c
}
