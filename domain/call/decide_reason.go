package call

import (
	"errors"
	"fmt"
)

// Why requests are refused, besides the reasons in decide.go. All but ErrOutcomeUnknown are ErrRefused.
var (
	// ErrNotParty: who asks, or to whom it is to be done, is not on the call.
	ErrNotParty = fmt.Errorf("%w: not a party of the call", ErrRefused)
	// ErrInvalidCallState: the party's telephony state does not allow it. See StateError.
	ErrInvalidCallState = fmt.Errorf("%w: not in this state of the call", ErrRefused)
	// ErrDNBusy: the device is in another conversation. See BusyError.
	ErrDNBusy = fmt.Errorf("%w: the device is busy with another call", ErrRefused)
	// ErrConsultInProgress: who asks has a consultation about this call already.
	ErrConsultInProgress = fmt.Errorf("%w: a consultation goes on", ErrRefused)
	// ErrNotConsult: who asks has no consultation about this call.
	ErrNotConsult = fmt.Errorf("%w: there is no consultation", ErrRefused)
	// ErrSelfTransfer: the destination is the device that asks.
	ErrSelfTransfer = fmt.Errorf("%w: the destination is the device itself", ErrRefused)
	// ErrAlreadyParty: the destination is on the call already.
	ErrAlreadyParty = fmt.Errorf("%w: already a party of the call", ErrRefused)
	// ErrNotConference: fewer than three parties are on the call.
	ErrNotConference = fmt.Errorf("%w: the call is not a conference", ErrRefused)
	// ErrInvalidDestination: the destination is not a number that can be dialled.
	ErrInvalidDestination = fmt.Errorf("%w: not a number that can be dialled", ErrRefused)
	// ErrNotRecorded: there is no such recording that goes on.
	ErrNotRecorded = fmt.Errorf("%w: there is no such recording", ErrRefused)
	// ErrUnsupported: the switch has no means to do it; the text says which.
	ErrUnsupported = fmt.Errorf("%w: the switch cannot do this", ErrRefused)
	// ErrLinkDown: the switch cannot be asked now, or whoever asked has given up; nothing was sent to it.
	ErrLinkDown = fmt.Errorf("%w: no link to the switch", ErrRefused)
	// ErrSwitchRefused: the switch was asked and said no.
	ErrSwitchRefused = fmt.Errorf("%w by the switch", ErrRefused)
	// ErrNotAnswered: the device that was to make the call did not take it.
	ErrNotAnswered = fmt.Errorf("%w: the device that was to make the call did not answer", ErrRefused)
	// ErrOutcomeUnknown: the switch was asked and did not answer; it may have done it or not.
	ErrOutcomeUnknown = errors.New("nobody knows whether the switch has done it")
)

// StateError is ErrInvalidCallState with the state that the party is in.
type StateError struct {
	Party PartyID
	DN    string
	State Telephony
}

func (e *StateError) Error() string {
	return fmt.Sprintf("%v: %s is %s", ErrInvalidCallState, e.DN, e.State)
}

// Is makes it ErrInvalidCallState, and so ErrRefused.
func (e *StateError) Is(target error) bool {
	return target == ErrInvalidCallState || target == ErrRefused
}

// BusyError is ErrDNBusy with the call that the device is busy with.
type BusyError struct {
	DN   string
	With ConnID
}

func (e *BusyError) Error() string { return fmt.Sprintf("%v: %s in %s", ErrDNBusy, e.DN, e.With) }

// Is makes it ErrDNBusy, and so ErrRefused.
func (e *BusyError) Is(target error) bool { return target == ErrDNBusy || target == ErrRefused }

// Reason names why a request was refused, in the log.
type Reason string

// OutcomeUnknown is the reason where a refusal is none: see ErrOutcomeUnknown.
const OutcomeUnknown Reason = "outcomeUnknown"

// OtherReason stands for an error that is none of the reasons.
const OtherReason Reason = "other"

// reasons are in the order in which ReasonOf looks: a name that has been stored means the same for ever.
var reasons = []struct {
	reason Reason
	err    error
}{
	{"unknownCall", ErrUnknownCall}, {"callEnded", ErrCallEnded}, {"userDataTooLarge", ErrUserDataTooLarge}, {"invalid", ErrInvalid},
	{"notParty", ErrNotParty}, {"invalidCallState", ErrInvalidCallState}, {"dnBusy", ErrDNBusy},
	{"consultInProgress", ErrConsultInProgress}, {"notConsult", ErrNotConsult}, {"selfTransfer", ErrSelfTransfer},
	{"alreadyParty", ErrAlreadyParty}, {"notConference", ErrNotConference}, {"invalidDestination", ErrInvalidDestination},
	{"notRecorded", ErrNotRecorded}, {"unsupported", ErrUnsupported}, {"linkDown", ErrLinkDown}, {"switchRefused", ErrSwitchRefused},
	{"notAnswered", ErrNotAnswered}, {"userDataChanged", ErrUserDataChanged}, {OutcomeUnknown, ErrOutcomeUnknown},
}

// ReasonOf is the reason that an error stands for; OtherReason when it is none of them.
func ReasonOf(err error) Reason {
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			return r.reason
		}
	}
	return OtherReason
}

// Err is the error that a reason stands for; nil for the empty one, ErrRefused for one that is not of this package.
func (r Reason) Err() error {
	if r == "" {
		return nil
	}
	for _, known := range reasons {
		if known.reason == r {
			return known.err
		}
	}
	return fmt.Errorf("%w: %s", ErrRefused, string(r))
}
