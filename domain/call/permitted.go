package call

import "errors"

// Permitted are the services that a party could ask for now without being refused by the call: what a desktop may offer
// (CSTA: the services permitted at a connection, ECMA-269). Where a request names more than who asks, such as a
// destination, that can still be wrong; and the switch may refuse. consult is the state of the consultation that the party
// has about this call (see Consulting), elsewhere another call in which the device talks; both may be zero. Monitor is not
// among them: it is asked from another device.
func Permitted(s State, by By, consult State, elsewhere ConnID) []Service {
	if !s.Started() {
		return nil
	}
	var permitted []Service
	for _, r := range samples(s, by, consult, elsewhere) {
		_, service := r.asks()
		if _, _, err := r.decide(s); err == nil || errors.Is(err, ErrInvalidDestination) { // the samples lead nowhere
			permitted = append(permitted, service)
		}
	}
	return permitted
}

// Consulting is the consultation that a party has about the call, a call of its own; zero: none.
func Consulting(s State, by By) ConnID { return AboutConsult(s, CancelConsult{By: by}) }

// samples are one request for each service, as whole as it can be without anything being chosen.
func samples(s State, by By, consult State, elsewhere ConnID) []Request {
	var other PartyID // any that is not who asks
	if p, err := s.acting(by); err == nil {
		if peers := s.peers(p); len(peers) > 0 {
			other = peers[0]
		}
	}
	return []Request{
		Answer{By: by, Elsewhere: elsewhere}, RedirectTo{By: by}, Hold{By: by}, Retrieve{By: by, Elsewhere: elsewhere},
		TransferTo{By: by}, StartConsult{By: by}, CompleteTransfer{By: by, Consult: consult}, CompleteConference{By: by, Consult: consult},
		CancelConsult{By: by, Consult: consult}, DropParty{By: by, Target: other}, SendDigits{By: by, Digits: "0"}, Park{By: by},
		StartRecording{By: by}, PauseRecording{By: by}, ResumeRecording{By: by}, StopRecording{By: by}, Release{By: by},
		ChangeUserData{}, SetDisposition{Code: "-"}, AddNote{Text: "-"},
	}
}
