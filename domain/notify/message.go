package notify

import (
	"strings"
	"time"

	"github.com/callstate/callstate/domain/call"
)

// Message is what one device is told. The attributes are those of the T-Library event of the same name; an attribute
// that is not known is absent. A Message is read only: several may share their user data.
type Message struct {
	DN    string    `json:"dn,omitempty"` // to whom; empty only for an agent whose DN the switch did not tell
	Event Name      `json:"event"`
	TLib  string    `json:"tlib"` // the event's name in T-Library
	At    time.Time `json:"at"`   // on the switch's clock
	// Switch is whose DN it is (AttributeServer): two switches may have the same numbers.
	Switch string `json:"switch,omitempty"`

	ConnID         call.ConnID `json:"connId,omitzero"`
	PreviousConnID call.ConnID `json:"previousConnId,omitzero"` // of a consultation: the call it is about; of partyChanged: the id before
	CallType       call.Type   `json:"callType,omitempty"`      // absent while only the caller is known

	ThisDN         string `json:"thisDn,omitempty"`
	ThisRole       Role   `json:"thisRole,omitempty"`
	OtherDN        string `json:"otherDn,omitempty"` // absent in a conference: there is more than one
	OtherRole      Role   `json:"otherRole,omitempty"`
	ThirdPartyDN   string `json:"thirdPartyDn,omitempty"`
	ThirdPartyRole Role   `json:"thirdPartyRole,omitempty"`
	ThisQueue      string `json:"thisQueue,omitempty"` // the queue through which the call came

	ANI       string      `json:"ani,omitempty"`
	DNIS      string      `json:"dnis,omitempty"`
	CallState CallState   `json:"callState,omitempty"`
	UserData  []call.Pair `json:"userData,omitempty"` // all of it, sorted by key, after the event
	Digits    int         `json:"digits,omitempty"`   // of digitsCollected: how many; which ones is not stored
	AgentID   string      `json:"agentId,omitempty"`  // who sits at the DN
	WorkMode  WorkMode    `json:"workMode,omitempty"` // of agentReady and agentNotReady
	Reason    string      `json:"reason,omitempty"`   // of agentNotReady
}

// Name is the neutral name of a message.
type Name string

const (
	Dialing             Name = "dialing"
	NetworkReached      Name = "networkReached"
	Ringing             Name = "ringing"
	Established         Name = "established"
	DestinationBusy     Name = "destinationBusy"
	Abandoned           Name = "abandoned"
	Released            Name = "released"
	Held                Name = "held"
	Retrieved           Name = "retrieved"
	PartyChanged        Name = "partyChanged"
	PartyAdded          Name = "partyAdded"
	PartyDeleted        Name = "partyDeleted"
	Queued              Name = "queued"
	Diverted            Name = "diverted"
	DigitsCollected     Name = "digitsCollected"
	AttachedDataChanged Name = "attachedDataChanged"
	AgentLogin          Name = "agentLogin"
	AgentLogout         Name = "agentLogout"
	QueueLogout         Name = "queueLogout"
	AgentReady          Name = "agentReady"
	AgentNotReady       Name = "agentNotReady"
	LinkConnected       Name = "linkConnected"
	LinkDisconnected    Name = "linkDisconnected"
	DNOutOfService      Name = "dnOutOfService"
	DNBackInService     Name = "dnBackInService"
)

// TLib is the name of the event in T-Library.
func (n Name) TLib() string {
	if dn, found := strings.CutPrefix(string(n), "dn"); found {
		return "EventDN" + dn
	}
	return "Event" + strings.ToUpper(string(n[:1])) + string(n[1:])
}

// Role is a device's part in what a message tells (T-Library DNRole).
type Role string

const (
	Origination      Role = "origination"
	Destination      Role = "destination"
	ConferenceMember Role = "conferenceMember"
	NewParty         Role = "newParty"
	AddedBy          Role = "addedBy"
	DeletedParty     Role = "deletedParty"
	DeletedBy        Role = "deletedBy"
	TransferredBy    Role = "transferredBy"
	ConferencedBy    Role = "conferencedBy"
	Observer         Role = "observer"
)

// CallState is why, by the names of T-Library's CallState list, which is one of causes and not of states.
type CallState string

const (
	Ok            CallState = "Ok"
	Transferred   CallState = "Transferred"
	Conferenced   CallState = "Conferenced"
	GeneralError  CallState = "GeneralError"
	Busy          CallState = "Busy"
	NoAnswer      CallState = "NoAnswer"
	AllTrunksBusy CallState = "AllTrunksBusy"
	SitInvalidnum CallState = "SitInvalidnum"
	Overflowed    CallState = "Overflowed"
	Redirected    CallState = "Redirected"
	Pickedup      CallState = "Pickedup"
	Dropped       CallState = "Dropped"
	Unknown       CallState = "Unknown"
	ConverseOn    CallState = "ConverseOn"
	Bridged       CallState = "Bridged"
)

// WorkMode is T-Library's AgentWorkMode, as far as the domain's events tell it.
type WorkMode string

// AfterCallWork: the agent works on what a call left to do.
const AfterCallWork WorkMode = "afterCallWork"

// causes are the domain's causes in T-Library's words. T-Library has no word for a rejected call (here Dropped) or for
// a device that is not there (GeneralError); those two are our choice.
var causes = map[call.Cause]CallState{
	call.NormalClearing:    Ok,
	call.NoAnswer:          NoAnswer,
	call.Busy:              Busy,
	call.Rejected:          Dropped,
	call.Congestion:        AllTrunksBusy,
	call.Unreachable:       GeneralError,
	call.InvalidNumber:     SitInvalidnum,
	call.Abandoned:         Ok, // the event's name says it
	call.AnsweredElsewhere: Pickedup,
	call.Cancelled:         Redirected,
	call.Transferred:       Transferred,
	call.Conferenced:       Conferenced,
	call.UnknownCause:      Unknown,
}

// why is a cause in T-Library's words.
func why(cause call.Cause) CallState {
	if state, known := causes[cause]; known {
		return state
	}
	return Unknown
}

// whyLeft is why a wait in a queue ended without an agent, in T-Library's words.
func whyLeft(reason call.LeaveReason) CallState {
	switch reason {
	case call.TimedOut, call.EmptyQueue:
		return Overflowed
	case call.ExitKey, call.Withdrawn, call.Redirected:
		return Redirected
	case call.Elsewhere:
		return Ok
	case call.CallGone:
		return Dropped
	}
	return Unknown
}
