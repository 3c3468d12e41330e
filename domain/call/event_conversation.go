package call

// ConsultStarted: a party of this call consults somebody in a call of its own while this one is on hold.
type ConsultStarted struct {
	Consult ConnID  `json:"consult"` // the consultation call
	By      PartyID `json:"by"`
	To      string  `json:"to,omitempty"` // the number consulted
}

// ConsultEnded: the consultation is over; Result says what came of it.
type ConsultEnded struct {
	Consult ConnID        `json:"consult"`
	Result  ConsultResult `json:"result"`
}

// CallTransferred: a party has sent the call on and leaves it (CSTA Transferred; T-Library EventPartyChanged at those
// who stay).
type CallTransferred struct {
	Kind   TransferKind `json:"kind"`
	By     PartyID      `json:"by,omitempty"`    // who transferred; empty: a third party outside the call
	To     string       `json:"to,omitempty"`    // DN, number or queue
	ToCall ConnID       `json:"toCall,omitzero"` // the consultation that it completed
}

// CallMerged: two calls became one. It stands in both streams; the survivor goes on, the absorbed call has no events
// after it but annotations. The survivor's user data wins; what only the absorbed call had is added to it.
type CallMerged struct {
	Survivor ConnID `json:"survivor"`
	Absorbed ConnID `json:"absorbed"`
}

// ConferenceFormed: three parties or more talk together from now on (CSTA Conferenced).
type ConferenceFormed struct {
	By   PartyID `json:"by,omitempty"`
	Room string  `json:"room,omitempty"` // where it is held, if it has a name
}

// SupervisorJoined: somebody listens to a party of this call without being part of the conversation.
type SupervisorJoined struct {
	Party  PartyID         `json:"party"` // the supervisor's own leg
	DN     string          `json:"dn,omitempty"`
	Target PartyID         `json:"target"`
	Mode   SupervisionMode `json:"mode"`
}

// SupervisorModeChanged: the supervisor can do something else than before.
type SupervisorModeChanged struct {
	Party PartyID         `json:"party"`
	Mode  SupervisionMode `json:"mode"`
}

// SupervisorLeft: the supervisor listens no more.
type SupervisorLeft struct {
	Party PartyID `json:"party"`
}

// CallParked: a party waits in a parking space until somebody takes the call from there.
type CallParked struct {
	Party PartyID `json:"party"`
	Space string  `json:"space,omitempty"`
	By    PartyID `json:"by,omitempty"`
}

// CallUnparked: the party has left the parking space.
type CallUnparked struct {
	Party  PartyID      `json:"party"`
	Reason UnparkReason `json:"reason"`
	By     string       `json:"by,omitempty"` // DN of who took it
}

// RecordingStarted: what a party hears and says is recorded.
type RecordingStarted struct {
	Recording string  `json:"recording"` // names the recording within the call
	Party     PartyID `json:"party,omitempty"`
}

// RecordingPaused: what is said now is not recorded.
type RecordingPaused struct {
	Recording string `json:"recording"`
}

// RecordingResumed: it is recorded again.
type RecordingResumed struct {
	Recording string `json:"recording"`
}

// RecordingStopped: the recording is complete.
type RecordingStopped struct {
	Recording string `json:"recording"`
}

// DigitsCollected: a party keyed digits. Only their number is kept, since they may be a card number or a code, except where
// the IVR or the queue that they were keyed in is said to ask for nothing of the kind.
type DigitsCollected struct {
	Party  PartyID `json:"party"`
	Count  int     `json:"count"`
	Digits string  `json:"digits,omitempty"` // which, without card numbers
}

// CallPresumedEnded: the switch does not have the call any more, and its end was not seen.
type CallPresumedEnded struct {
	Reason PresumedReason `json:"reason"`
}
