package history

import (
	"github.com/google/uuid"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
)

// trace remembers which events of a call are behind its rows, so that a number opens to them.
type trace map[mark]uuid.UUID

type mark struct {
	what    milestone
	subject string // the visit or the party
}

type milestone uint8

const (
	visitEntered milestone = iota
	visitEnded
	partyAlerting
	partyConnected
	partyEnded
)

// note takes an event, which has changed the call already.
func (t trace) note(event call.Event, r eventlog.Record) {
	switch b := event.Body.(type) {
	case call.QueueEntered:
		t.first(visitEntered, string(b.Visit), r.ID)
	case call.QueueDistributed:
		t.first(visitEnded, string(b.Visit), r.ID)
	case call.QueueLeft:
		t.first(visitEnded, string(b.Visit), r.ID)
	case call.QueueAbandoned:
		t.first(visitEnded, string(b.Visit), r.ID)
	case call.PartyAlerting:
		t[mark{partyAlerting, string(b.Party)}] = r.ID
	case call.PartyConnected:
		t.first(partyConnected, string(b.Party), r.ID)
	case call.PartyFailed:
		t.first(partyEnded, string(b.Party), r.ID)
	case call.PartyReleased:
		t.first(partyEnded, string(b.Party), r.ID)
	}
}

func (t trace) first(what milestone, subject string, id uuid.UUID) {
	m := mark{what, subject}
	if _, noted := t[m]; !noted {
		t[m] = id
	}
}

// event is the id of the event in text, empty when there was none.
func (t trace) event(what milestone, subject string) string {
	if id, noted := t[mark{what, subject}]; noted {
		return id.String()
	}
	return ""
}
