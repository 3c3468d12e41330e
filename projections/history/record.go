package history

import (
	"time"

	"github.com/callstate/callstate/domain/call"
)

// Record is the record of one call, as the command line prints it and the API answers it.
type Record struct {
	ConnID       call.ConnID       `json:"connId"`
	Switch       string            `json:"switch"`
	SwitchCallID string            `json:"switchCallId"` // the switch's own id of the call
	Type         call.Type         `json:"type"`
	ANI          string            `json:"ani"`
	DNIS         string            `json:"dnis"`
	StartedAt    Time              `json:"startedAt"`
	EndedAt      Time              `json:"endedAt"` // null while the call goes on
	DurationMs   int64             `json:"durationMs"`
	EndedBy      string            `json:"endedBy"` // caller, agent, called or switch; empty while the call goes on
	Outcome      Outcome           `json:"outcome"`
	IVRMs        int64             `json:"ivrMs"`
	Queues       []QueueVisit      `json:"queues"`
	Agents       []AgentStay       `json:"agents"`
	Transfers    []Transfer        `json:"transfers"`
	UserData     map[string]string `json:"userData"`
	Disposition  string            `json:"disposition"` // how the call turned out, in the words of who handled it
	Notes        []Note            `json:"notes"`       // in the order in which they were made
	Related      []Related         `json:"related"`
	Anomalies    int               `json:"anomalies"`
}

// Outcome is how a call turned out for the one who made it.
type Outcome string

const (
	Answered  Outcome = "answered"  // a person took it
	Abandoned Outcome = "abandoned" // the caller gave up before that
	Busy      Outcome = "busy"
	NoAnswer  Outcome = "noAnswer"
	Failed    Outcome = "failed"
	Other     Outcome = "other" // none of these: self-service, or the call goes on
)

// QueueVisit is one wait in one queue.
type QueueVisit struct {
	Queue     string      `json:"queue"`
	EnteredAt Time        `json:"enteredAt"`
	WaitMs    int64       `json:"waitMs"`
	Result    QueueResult `json:"result"`          // empty while it goes on
	Agent     string      `json:"agent,omitempty"` // who took the call
	NoAnswers []Offer     `json:"noAnswers"`       // who was offered the call and did not take it, in order
}

// QueueResult is how a wait ended.
type QueueResult string

const (
	QueueAnswered  QueueResult = "answered"
	QueueAbandoned QueueResult = "abandoned"
	QueueTimedOut  QueueResult = "timedOut"
	QueueLeft      QueueResult = "left"
)

// Offer is one offer that was not taken.
type Offer struct {
	Agent  string `json:"agent"`
	RingMs int64  `json:"ringMs"`
}

// AgentStay is one agent's part in a call, from the first ring on.
type AgentStay struct {
	Agent      string `json:"agent"`
	DN         string `json:"dn"`
	Queue      string `json:"queue,omitempty"`
	RingingAt  Time   `json:"ringingAt"`
	AnsweredAt Time   `json:"answeredAt"` // null: not answered
	RingMs     int64  `json:"ringMs"`
	TalkMs     int64  `json:"talkMs"` // includes hold
	HoldMs     int64  `json:"holdMs"`
	Result     string `json:"result"`  // completed, transferred, conferenced or noAnswer; empty while it goes on
	EndedBy    string `json:"endedBy"` // caller, agent or switch; empty while it goes on
}

// Transfer is one transfer of the call.
type Transfer struct {
	Kind   string      `json:"kind"` // blind or attended
	By     string      `json:"by"`
	To     string      `json:"to"`
	ToCall call.ConnID `json:"toCall,omitzero"`
	At     Time        `json:"at"`
}

// Note is a remark that somebody made.
type Note struct {
	Text string `json:"text"`
	By   string `json:"by"` // agent:1001
	At   Time   `json:"at"`
}

// Related is another call of the same conversation.
type Related struct {
	ConnID   call.ConnID `json:"connId"`
	Relation string      `json:"relation"`
}

// Time is a moment in JSON as RFC 3339 with milliseconds, UTC; the zero Time is null.
type Time time.Time

const timeForm = "2006-01-02T15:04:05.000Z07:00"

// String is the moment as RFC 3339 with milliseconds, empty for the zero Time.
func (t Time) String() string {
	return t.In(time.UTC)
}

// In is the moment as String has it, but by the clocks of a zone.
func (t Time) In(zone *time.Location) string {
	if time.Time(t).IsZero() {
		return ""
	}
	return time.Time(t).In(zone).Format(timeForm)
}

// MarshalJSON is String in quotes, or null.
func (t Time) MarshalJSON() ([]byte, error) {
	if time.Time(t).IsZero() {
		return []byte("null"), nil
	}
	return []byte(`"` + t.String() + `"`), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *Time) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*t = Time{}
		return nil
	}
	var parsed time.Time
	if err := parsed.UnmarshalJSON(data); err != nil {
		return err
	}
	*t = Time(parsed)
	return nil
}
