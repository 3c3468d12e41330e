// Package audit tells what is in the log: an event as one JSON object with its envelope, for programs, and a call as a
// story with one line an event, for people.
package audit

import (
	"encoding/json"
	"time"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/google/uuid"
)

// Event is a record of the log as JSON. Times are RFC 3339, UTC; Data is the event's body as it is stored.
type Event struct {
	Position    eventlog.Position `json:"position" doc:"place in the whole log"`
	Stream      eventlog.Stream   `json:"stream" example:"call-01a205ea-c268-86a1-9f11-ad444b7c5c67"`
	Revision    eventlog.Revision `json:"revision" doc:"place in its stream, from 1"`
	ID          uuid.UUID         `json:"id"`
	Type        string            `json:"type" example:"PartyAlerting"`
	Version     uint16            `json:"version" doc:"version of the stored form"`
	SwitchTime  time.Time         `json:"switchTime" doc:"when it happened, on the switch's clock"`
	RecordedAt  time.Time         `json:"recordedAt" doc:"when the engine took it in"`
	Correlation *uuid.UUID        `json:"correlation,omitempty" doc:"the conversation"`
	Causation   *uuid.UUID        `json:"causation,omitempty" doc:"the event or command that led to it"`
	Actor       string            `json:"actor,omitempty" doc:"who asked for it; absent: the switch itself"`
	Traceparent string            `json:"traceparent,omitempty" doc:"the trace in which it was recorded (W3C Trace Context)"`
	Inferred    bool              `json:"inferred,omitempty" doc:"the switch did not say it, but it must have happened"`
	Data        json.RawMessage   `json:"data"`
}

// FromRecord is the JSON form of a record.
func FromRecord(r eventlog.Record) Event {
	e := Event{
		Position: r.Position, Stream: r.Stream, Revision: r.Revision, ID: r.ID, Type: r.Type, Version: r.Version,
		SwitchTime: r.SwitchTime.UTC(), RecordedAt: r.RecordedAt.UTC(), Actor: r.Actor, Traceparent: r.Traceparent, Inferred: r.Inferred, Data: r.Data,
	}
	if r.Correlation != uuid.Nil {
		e.Correlation = &r.Correlation
	}
	if r.Causation != uuid.Nil {
		e.Causation = &r.Causation
	}
	return e
}

// Record is the record of which an Event is the JSON form.
func (e Event) Record() eventlog.Record {
	r := eventlog.Record{Stream: e.Stream, Revision: e.Revision, Position: e.Position, Event: eventlog.Event{
		ID: e.ID, Type: e.Type, Version: e.Version, SwitchTime: e.SwitchTime, RecordedAt: e.RecordedAt, Actor: e.Actor,
		Traceparent: e.Traceparent, Inferred: e.Inferred, Data: e.Data,
	}}
	if e.Correlation != nil {
		r.Correlation = *e.Correlation
	}
	if e.Causation != nil {
		r.Causation = *e.Causation
	}
	return r
}
