package call

import "fmt"

// PartyID names a party within its call: the switch's own id of the leg.
type PartyID string

// VisitID names one wait in one queue within its call.
type VisitID string

// Origin is where a call came from.
type Origin string

const (
	External Origin = "external" // from the public network, through a trunk
	Internal Origin = "internal" // from a device of this switch
	Switch   Origin = "switch"   // the switch made it: a dialler, a click to dial
)

// Type is the kind of a call as reports tell it.
type Type string

const (
	Inbound    Type = "inbound"
	Outbound   Type = "outbound"
	InternalTo Type = "internal"
	Consult    Type = "consult" // somebody is consulted about another call
)

// Role is a party's part in the call (T-Library DNRole).
type Role string

const (
	Origination Role = "origination" // made the call
	Destination Role = "destination" // the call was delivered to it; the usual case, stored as absent
)

// Telephony is the state of a party's connection (ECMA-269 connection states, section 6.1.5; Released is CSTA's
// return to Null).
type Telephony uint8

const (
	Null      Telephony = iota // no relation to the call yet
	Initiated                  // makes the call, not answered yet
	Alerting                   // rings
	Connected                  // takes part
	Held                       // has put the call on hold
	Failed                     // could not be reached
	Released                   // gone
)

// String is the name used in texts and in JSON.
func (t Telephony) String() string {
	switch t {
	case Null:
		return "null"
	case Initiated:
		return "dialing"
	case Alerting:
		return "ringing"
	case Connected:
		return "connected"
	case Held:
		return "held"
	case Failed:
		return "failed"
	case Released:
		return "released"
	}
	return "unknown"
}

// MarshalText is String.
func (t Telephony) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (t *Telephony) UnmarshalText(text []byte) error {
	for known := Null; known <= Released; known++ {
		if known.String() == string(text) {
			*t = known
			return nil
		}
	}
	return fmt.Errorf("%q is not a telephony state", text)
}

// Live reports whether a party in this state is still on the call.
func (t Telephony) Live() bool { return t != Null && t != Released }

// Cause is why a party failed or left (compare T-Library CallState and ITU-T Q.850).
type Cause string

const (
	NormalClearing    Cause = "normal"
	NoAnswer          Cause = "noAnswer"
	Busy              Cause = "busy"
	Rejected          Cause = "rejected"
	Congestion        Cause = "congestion"
	Unreachable       Cause = "unreachable"
	InvalidNumber     Cause = "invalidNumber"
	Abandoned         Cause = "abandoned"         // the caller gave up while this party rang
	AnsweredElsewhere Cause = "answeredElsewhere" // another device was faster
	Cancelled         Cause = "cancelled"         // the switch took the call back
	Transferred       Cause = "transferred"       // the party sent the call on, or was sent on itself
	Conferenced       Cause = "conferenced"       // the party's leg became part of a conference
	Restarted         Cause = "switchRestart"     // the switch was started anew
	UnknownCause      Cause = "unknown"
)

// Unanswered reports whether the cause says that the device was offered the call and did not take it.
func (c Cause) Unanswered() bool {
	switch c {
	case NoAnswer, Busy, Rejected, Congestion, Unreachable, InvalidNumber:
		return true
	}
	return false
}

// LeaveReason is why a wait in a queue ended without an agent and without an abandon.
type LeaveReason string

const (
	TimedOut    LeaveReason = "timedOut"    // waited as long as the queue allows
	EmptyQueue  LeaveReason = "empty"       // no agents left to wait for
	ExitKey     LeaveReason = "exitKey"     // the caller chose to leave by a key
	Withdrawn   LeaveReason = "withdrawn"   // taken out of the queue from outside
	Redirected  LeaveReason = "redirected"  // sent elsewhere while waiting
	LeftUnknown LeaveReason = "unknown"     // the switch did not say
	CallGone    LeaveReason = "callEnded"   // the call ended for another reason than the caller's
	Elsewhere   LeaveReason = "distributed" // another queue of the same call was faster
)

// Anomaly is a kind of contradiction between what the switch said and what was known, or among what it said.
type Anomaly string

const (
	PartyAfterRelease Anomaly = "partyAfterRelease" // a party that was gone is active again
	ActivityAfterEnd  Anomaly = "activityAfterEnd"  // a call that had ended has a new party
	IllegalTransition Anomaly = "illegalTransition" // a state that cannot follow the present one
	UserDataTooLarge  Anomaly = "userDataTooLarge"  // more user data than a call can carry
	MissedReport      Anomaly = "missedReport"      // the switch said something that has not come in: the history has a gap
)

// TransferKind is how a call was transferred.
type TransferKind string

const (
	Blind    TransferKind = "blind"    // single-step: without talking to the target first
	Attended TransferKind = "attended" // two-step: after a consultation, answered or still ringing
	Redirect TransferKind = "redirect" // by a third party
)

// ConsultResult is what came of a consultation.
type ConsultResult string

const (
	ConsultTransferred ConsultResult = "transferred"
	ConsultConferenced ConsultResult = "conferenced"
	ConsultCancelled   ConsultResult = "cancelled"
)

// SupervisionMode is what a supervisor can do (ECMA-269 silent participation).
type SupervisionMode string

const (
	Silent  SupervisionMode = "silent"  // hears both
	Whisper SupervisionMode = "whisper" // is heard by the supervised party alone
	Barge   SupervisionMode = "barge"   // is heard by all
)

// UnparkReason is how a parking ended.
type UnparkReason string

const (
	ParkRetrieved UnparkReason = "retrieved"
	ParkTimedOut  UnparkReason = "timedOut"
	ParkAbandoned UnparkReason = "abandoned"
)

// PresumedReason is why a call is presumed to have ended.
type PresumedReason string

const (
	GoneAtResync  PresumedReason = "goneAtResync"  // after the link was lost, the switch did not have it any more
	SwitchRestart PresumedReason = "switchRestart" // the switch was started anew
)
