package audit

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/google/uuid"
)

// CloudEvent is a record in the JSON form of CloudEvents 1.0 (github.com/cloudevents/spec). What of the envelope the
// specification has no place for are extension attributes.
type CloudEvent struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"`
	Source          string          `json:"source"` // "/callstate/call-<ConnID>": with the id it is unique
	Type            string          `json:"type"`   // "callstate.PartyAlerting.v1"
	Subject         string          `json:"subject"`
	Time            time.Time       `json:"time"` // on the switch's clock
	DataContentType string          `json:"datacontenttype"`
	Revision        string          `json:"revision"` // numbers may be greater than an Integer of CloudEvents
	Position        string          `json:"position"`
	RecordedAt      time.Time       `json:"recordedat"`
	Correlation     string          `json:"correlationid,omitempty"`
	Causation       string          `json:"causationid,omitempty"`
	Actor           string          `json:"actor,omitempty"`
	Traceparent     string          `json:"traceparent,omitempty"` // of the extension Distributed Tracing
	Inferred        bool            `json:"inferred,omitempty"`
	Data            json.RawMessage `json:"data"`
}

// ToCloudEvent is the CloudEvents form of a record.
func ToCloudEvent(r eventlog.Record) CloudEvent {
	e := CloudEvent{
		SpecVersion: "1.0", ID: r.ID.String(), Source: "/callstate/" + string(r.Stream), Type: fmt.Sprintf("callstate.%s.v%d", r.Type, r.Version), Subject: r.Stream.ID(),
		Time: r.SwitchTime.UTC(), DataContentType: "application/json", Revision: fmt.Sprint(r.Revision), Position: fmt.Sprint(r.Position),
		RecordedAt: r.RecordedAt.UTC(), Actor: r.Actor, Traceparent: r.Traceparent, Inferred: r.Inferred, Data: r.Data,
	}
	if r.Correlation != uuid.Nil {
		e.Correlation = r.Correlation.String()
	}
	if r.Causation != uuid.Nil {
		e.Causation = r.Causation.String()
	}
	return e
}
