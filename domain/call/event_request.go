package call

// Service is what a request asks for, in the words of CSTA (ECMA-269, services) where it has one.
type Service string

const (
	MakesCall           Service = "makeCall"
	Answers             Service = "answer"
	Holds               Service = "hold"
	Retrieves           Service = "retrieve"
	Releases            Service = "release"
	Redirects           Service = "redirect"
	BlindTransfers      Service = "blindTransfer"
	StartsConsult       Service = "startConsult"
	CompletesTransfer   Service = "completeTransfer"
	CancelsConsult      Service = "cancelConsult"
	CompletesConference Service = "completeConference"
	DropsParty          Service = "dropParty"
	SendsDigits         Service = "sendDigits"
	Monitors            Service = "monitor"
	StartsRecording     Service = "startRecording"
	PausesRecording     Service = "pauseRecording"
	ResumesRecording    Service = "resumeRecording"
	StopsRecording      Service = "stopRecording"
	Parks               Service = "park"
	ChangesUserData     Service = "changeUserData"
	SetsDisposition     Service = "setDisposition"
	AddsNote            Service = "addNote"
)

// RequestMade: somebody asked for something and it was not refused. It changes nothing of the call: what came of it is
// told by the switch's own events. Digits that were sent are not kept, only how many.
type RequestMade struct {
	ID          string          `json:"id"` // command id; the same id acts once
	Request     Service         `json:"request"`
	Party       PartyID         `json:"party,omitempty"` // who acts
	DN          string          `json:"dn,omitempty"`
	Target      string          `json:"target,omitempty"`      // number or DN that it leads to
	TargetParty PartyID         `json:"targetParty,omitempty"` // to whom it is done
	Consult     ConnID          `json:"consult,omitzero"`      // the consultation that it is about
	Mode        SupervisionMode `json:"mode,omitempty"`
	Recording   string          `json:"recording,omitempty"`
	Count       int             `json:"count,omitempty"` // of digits
	// Attempt is different each time that the switch is to be asked. The same event at the same place is one event, whoever
	// writes it; but of two engines that are given the same command only one may go on, so theirs must not be the same.
	Attempt string `json:"attempt,omitempty"`
}

// RequestRefused: somebody asked for something that is not done. After a RequestMade with the same id it was the switch
// that did not do it. Where Reason is OutcomeUnknown nobody knows whether it was done.
type RequestRefused struct {
	ID      string  `json:"id,omitempty"`
	Request Service `json:"request"`
	Party   PartyID `json:"party,omitempty"`
	DN      string  `json:"dn,omitempty"`
	Reason  Reason  `json:"reason"`
	Detail  string  `json:"detail,omitempty"` // in words; of the switch, where it said so
}
