package kurrentdb

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/callstate/callstate/domain/eventlog"
)

// metadataFormat is the version of the envelope that this program writes.
const metadataFormat = 1

// envelope is what the database keeps beside an event's body, as JSON in its metadata. The names with a dollar sign are
// KurrentDB's own: its tools follow them from event to event.
type envelope struct {
	// Format also marks the event as one of ours.
	Format      int       `json:"callstate"`
	Version     uint16    `json:"version"`
	SwitchTime  time.Time `json:"switchTime"`
	RecordedAt  time.Time `json:"recordedAt"`
	Correlation uuid.UUID `json:"$correlationId,omitzero"`
	Causation   uuid.UUID `json:"$causationId,omitzero"`
	Actor       string    `json:"actor,omitempty"`
	Traceparent string    `json:"traceparent,omitempty"`
	Inferred    bool      `json:"inferred,omitempty"`
}

// errForeign: the event was written by another application.
var errForeign = errors.New("not an event of callstate")

// encodeEnvelope is an event's metadata.
func encodeEnvelope(e eventlog.Event) ([]byte, error) {
	return json.Marshal(envelope{
		Format: metadataFormat, Version: e.Version, SwitchTime: microseconds(e.SwitchTime), RecordedAt: microseconds(e.RecordedAt),
		Correlation: e.Correlation, Causation: e.Causation, Actor: e.Actor, Traceparent: e.Traceparent, Inferred: e.Inferred,
	})
}

// decodeEnvelope completes an event by its metadata. The error wraps errForeign, eventlog.ErrNewerFormat or
// eventlog.ErrDamaged.
func decodeEnvelope(metadata []byte, e *eventlog.Event) error {
	var mark struct {
		Format *int `json:"callstate"`
	}
	// What is no JSON, or has no mark, or a mark of another kind, somebody else has written.
	if err := json.Unmarshal(metadata, &mark); err != nil || mark.Format == nil {
		return errForeign
	}
	if *mark.Format > metadataFormat {
		return fmt.Errorf("%w: metadata of format %d, known is %d", eventlog.ErrNewerFormat, *mark.Format, metadataFormat)
	}
	var read envelope
	if err := json.Unmarshal(metadata, &read); err != nil {
		return fmt.Errorf("%w: metadata: %w", eventlog.ErrDamaged, err)
	}
	e.Version, e.SwitchTime, e.RecordedAt = read.Version, read.SwitchTime, read.RecordedAt
	e.Correlation, e.Causation, e.Actor, e.Traceparent, e.Inferred = read.Correlation, read.Causation, read.Actor, read.Traceparent, read.Inferred
	return nil
}

// microseconds brings a time into the form in which it is kept.
func microseconds(t time.Time) time.Time { return time.UnixMicro(t.UnixMicro()).UTC() }
