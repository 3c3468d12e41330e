package call

import "time"

// Event is something that happened to a call.
type Event struct {
	// At is when, on the switch's clock. It measures; it does not order: order is the event's place in its stream.
	At time.Time
	// Inferred marks a step that the switch did not report but that must have happened.
	Inferred bool
	// Actor is who asked for it ("agent:1001", "ivr:main"); empty: the switch did it by itself.
	Actor string
	// Body is what happened.
	Body Body
}

// Body is what happened: one of the types in this file. The set is closed by the unexported method, which is also
// where each type says how it changes a call: a type without that does not compile.
type Body interface {
	evolve(State, Event) State
}

// Pair is one entry of a call's user data.
type Pair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// CallStarted: the switch has a new call.
type CallStarted struct {
	ConnID       ConnID `json:"connId"`
	Switch       string `json:"switch"`
	SwitchCallID string `json:"switchCallId"` // the switch's own id of the call
	Origin       Origin `json:"origin"`
	ANI          string `json:"ani,omitempty"`
	DNIS         string `json:"dnis,omitempty"`
	ConsultOf    ConnID `json:"consultOf,omitzero"` // the call about which somebody is consulted
}

// CallEnded: the last party has left. By is the party that ended it; empty: the switch.
type CallEnded struct {
	By    PartyID `json:"by,omitempty"`
	Cause Cause   `json:"cause,omitempty"`
}

// PartyDialing: a party makes the call and has no answer yet (T-Library EventDialing, CSTA Originated).
type PartyDialing struct {
	Party    PartyID `json:"party"`
	DN       string  `json:"dn,omitempty"`
	External bool    `json:"external,omitempty"`
	Agent    string  `json:"agent,omitempty"`
	Dialed   string  `json:"dialed,omitempty"`
}

// PartyAlerting: a device rings (EventRinging, CSTA Delivered).
type PartyAlerting struct {
	Party    PartyID `json:"party"`
	DN       string  `json:"dn,omitempty"`
	External bool    `json:"external,omitempty"`
	Role     Role    `json:"role,omitempty"`
	Agent    string  `json:"agent,omitempty"`
	Queue    string  `json:"queue,omitempty"`
	Visit    VisitID `json:"visit,omitempty"`
	From     ConnID  `json:"from,omitzero"` // the call in which the party was before, where calls were merged
}

// PartyConnected: a party takes part in the conversation, or listens to the IVR or the queue's music (EventEstablished).
type PartyConnected struct {
	Party    PartyID `json:"party"`
	DN       string  `json:"dn,omitempty"`
	External bool    `json:"external,omitempty"`
	Role     Role    `json:"role,omitempty"`
	Agent    string  `json:"agent,omitempty"`
	Queue    string  `json:"queue,omitempty"`
	Visit    VisitID `json:"visit,omitempty"`
	From     ConnID  `json:"from,omitzero"` // the call in which the party was before, where calls were merged
}

// PartyHeld: the party put the call on hold (EventHeld): it is the one that pressed hold, not the one that waits.
type PartyHeld struct {
	Party PartyID `json:"party"`
}

// PartyRetrieved: the party took the call back from hold.
type PartyRetrieved struct {
	Party PartyID `json:"party"`
}

// PartyFailed: the call could not reach this device (EventDestinationBusy, CSTA Failed).
type PartyFailed struct {
	Party    PartyID `json:"party"`
	DN       string  `json:"dn,omitempty"`
	External bool    `json:"external,omitempty"`
	Role     Role    `json:"role,omitempty"`
	Agent    string  `json:"agent,omitempty"`
	Queue    string  `json:"queue,omitempty"`
	Visit    VisitID `json:"visit,omitempty"`
	Cause    Cause   `json:"cause,omitempty"`
}

// PartyReleased: the party is gone (EventReleased, EventAbandoned, CSTA ConnectionCleared). By is the party that
// ended it, which may be this one; empty: the switch.
type PartyReleased struct {
	Party PartyID `json:"party"`
	Cause Cause   `json:"cause,omitempty"`
	By    PartyID `json:"by,omitempty"`
}

// QueueEntered: a party waits in a queue from now on (EventQueued).
type QueueEntered struct {
	Visit    VisitID `json:"visit"`
	Queue    string  `json:"queue"`
	Party    PartyID `json:"party"`
	Position int     `json:"position,omitempty"` // 1 is the head of the queue; 0: not told
}

// QueueDistributed: the wait ended because an agent took the call (EventDiverted).
type QueueDistributed struct {
	Visit VisitID `json:"visit"`
	Queue string  `json:"queue"`
	Agent string  `json:"agent,omitempty"`
	DN    string  `json:"dn,omitempty"`
	Party PartyID `json:"party,omitempty"` // the agent's party
}

// QueueLeft: the wait ended without an agent and without the caller giving up.
type QueueLeft struct {
	Visit  VisitID     `json:"visit"`
	Queue  string      `json:"queue"`
	Reason LeaveReason `json:"reason"`
}

// QueueAbandoned: the caller gave up waiting (EventAbandoned at the queue).
type QueueAbandoned struct {
	Visit VisitID `json:"visit"`
	Queue string  `json:"queue"`
}

// IVREntered: an IVR talks to a party from now on.
type IVREntered struct {
	IVR   string  `json:"ivr"`
	Party PartyID `json:"party,omitempty"`
}

// IVRLeft: the IVR has let go of the party. Choice is what the caller chose last, where the IVR tells.
type IVRLeft struct {
	IVR    string  `json:"ivr"`
	Party  PartyID `json:"party,omitempty"`
	Choice string  `json:"choice,omitempty"`
}

// UserDataChanged: business data on the call changed (EventAttachedDataChanged). Set is sorted by key.
type UserDataChanged struct {
	Set     []Pair   `json:"set,omitempty"`
	Deleted []string `json:"deleted,omitempty"`
	By      string   `json:"by,omitempty"` // who changed it: "ivr:main", "agent:1001"
}

// DispositionSet: how the call turned out, in the words of the one who handled it.
type DispositionSet struct {
	Code string `json:"code"`
}

// NoteAdded: a remark of the one who handled the call.
type NoteAdded struct {
	Text string `json:"text"`
}

// AnomalyNoted: the switch said what cannot be explained. The call's state did not bend to it.
type AnomalyNoted struct {
	Anomaly Anomaly `json:"anomaly"`
	Subject string  `json:"subject,omitempty"` // a party, a queue visit or a key
	Detail  string  `json:"detail,omitempty"`
}
