// Package bus connects the event log with message brokers by way of watermill (github.com/ThreeDotsLabs/watermill).
//
// A Feed goes out: a projection that publishes the log's events, each as a CloudEvent, from a checkpoint of its own. A
// Subscriber comes in: the log as a message.Subscriber, for any application that is made of watermill's parts.
//
// The log remains the truth and the order; watermill's Router and GoChannel keep none, and are not used. Both
// directions are at least once: who takes messages in passes over those whose sequence he has already seen.
package bus

import (
	"encoding/json"
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections/audit"
)

// The metadata of a message. Brokers carry it as headers.
const (
	MetadataSubject      = "subject"      // of the CloudEvent: the ConnID, the agent's id, the switch's name
	MetadataPartitionKey = "partitionkey" // messages with the same key stay in order: as the subject
	MetadataSequence     = "sequence"     // the revision: from 1 and without gaps on each stream; always 20 digits
	MetadataPosition     = "position"     // in the log
	MetadataType         = "type"         // of the CloudEvent
	MetadataTraceparent  = "traceparent"  // of W3C Trace Context, where the event was recorded in a trace
	MetadataContentType  = "content-type" // ContentType: the payload is a whole CloudEvent
)

// ContentType is that of a message's payload: a CloudEvent in structured mode.
const ContentType = "application/cloudevents+json"

// CloudEvent is a record as it is published: an audit.CloudEvent with the extensions partitioning and sequence of
// CloudEvents 1.0.
type CloudEvent struct {
	audit.CloudEvent
	PartitionKey string `json:"partitionkey"`
	Sequence     string `json:"sequence"` // as text, sequences sort as their numbers do
}

// Message is the message of a record. Its UUID is the event's id, so that a message that is sent again is known again.
func Message(r eventlog.Record) (*message.Message, error) {
	event := CloudEvent{CloudEvent: audit.ToCloudEvent(r), PartitionKey: r.Stream.ID(), Sequence: fmt.Sprintf("%020d", r.Revision)}
	payload, err := json.Marshal(event)
	if err != nil {
		return nil, err
	}
	m := message.NewMessage(event.ID, payload)
	m.Metadata = message.Metadata{
		MetadataSubject: event.Subject, MetadataPartitionKey: event.PartitionKey, MetadataSequence: event.Sequence,
		MetadataPosition: event.Position, MetadataType: event.Type, MetadataContentType: ContentType,
	}
	if event.Traceparent != "" {
		m.Metadata[MetadataTraceparent] = event.Traceparent
	}
	return m, nil
}
