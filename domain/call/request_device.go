package call

import (
	"fmt"
	"slices"
	"strings"
)

// Answer takes an alerting call (CSTA Answer Call, TAnswerCall).
type Answer struct {
	By        By
	Elsewhere ConnID // the call in which the device talks now; zero: none
}

// Hold puts the call on hold (Hold Call, THoldCall).
type Hold struct{ By By }

// Retrieve takes the call back from hold (Retrieve Call, TRetrieveCall).
type Retrieve struct {
	By        By
	Elsewhere ConnID // the call in which the device talks now; zero: none
}

// Release leaves the call (Clear Connection, TReleaseCall).
type Release struct{ By By }

// RedirectTo sends a call that rings to another device (Deflect Call, TRedirectCall).
type RedirectTo struct {
	By By // the device that rings
	To string
}

// TransferTo sends the other party on without talking to the target first (Single Step Transfer, TSingleStepTransfer).
type TransferTo struct {
	By By
	To string
}

// SendDigits keys digits to the other party (Send DTMF Tones, TSendDTMF). They are never recorded.
type SendDigits struct {
	By     By
	Digits string // 0-9 A-D * #, at most 64
}

// Park leaves the other party in a parking space (Park Call).
type Park struct{ By By }

func (r Answer) asks() (By, Service)     { return r.By, Answers }
func (r Hold) asks() (By, Service)       { return r.By, Holds }
func (r Retrieve) asks() (By, Service)   { return r.By, Retrieves }
func (r Release) asks() (By, Service)    { return r.By, Releases }
func (r RedirectTo) asks() (By, Service) { return r.By, Redirects }
func (r TransferTo) asks() (By, Service) { return r.By, BlindTransfers }
func (r SendDigits) asks() (By, Service) { return r.By, SendsDigits }
func (r Park) asks() (By, Service)       { return r.By, Parks }

func (r Answer) decide(s State) ([]Body, *Order, error) {
	p, err := s.acting(r.By, Alerting)
	if err != nil {
		return nil, nil, err
	}
	if err := s.free(p.DN, r.Elsewhere); err != nil {
		return nil, nil, err
	}
	return nil, s.order(p), nil
}

func (r Hold) decide(s State) ([]Body, *Order, error) {
	p, err := s.acting(r.By, Connected)
	if err != nil {
		return nil, nil, err
	}
	return nil, s.order(p), nil
}

func (r Retrieve) decide(s State) ([]Body, *Order, error) {
	p, err := s.acting(r.By, Held)
	if err != nil {
		return nil, nil, err
	}
	if err := s.free(p.DN, r.Elsewhere); err != nil {
		return nil, nil, err
	}
	return nil, s.order(p), nil
}

func (r Release) decide(s State) ([]Body, *Order, error) {
	p, err := s.acting(r.By)
	if err != nil {
		return nil, nil, err
	}
	return nil, s.order(p), nil
}

func (r RedirectTo) decide(s State) ([]Body, *Order, error) {
	p, err := s.acting(r.By, Alerting)
	if err != nil {
		return nil, nil, err
	}
	// Who is sent on is who calls the device that rings.
	order := s.order(p)
	order.Target = r.To
	if caller, ok := s.Caller(); ok && caller.ID != p.ID && caller.Telephony.Live() {
		order.TargetParty = caller.ID
	} else if len(order.Peers) > 0 {
		order.TargetParty = order.Peers[0]
	} else {
		return nil, nil, fmt.Errorf("%w: nobody calls", ErrInvalidCallState)
	}
	if err := s.destination(p, r.To); err != nil {
		return nil, nil, err
	}
	return nil, order, nil
}

func (r TransferTo) decide(s State) ([]Body, *Order, error) {
	p, err := s.acting(r.By, Connected)
	if err != nil {
		return nil, nil, err
	}
	if _, consulting := s.consultBy(p); consulting {
		return nil, nil, ErrConsultInProgress
	}
	order, err := s.withOnePeer(p)
	if err != nil {
		return nil, nil, err
	}
	if err := s.destination(p, r.To); err != nil {
		return nil, nil, err
	}
	order.Target = r.To
	return nil, order, nil
}

func (r SendDigits) decide(s State) ([]Body, *Order, error) {
	p, err := s.acting(r.By, Connected)
	if err != nil {
		return nil, nil, err
	}
	if r.Digits == "" || len(r.Digits) > 64 || strings.Trim(r.Digits, "0123456789ABCD*#") != "" {
		return nil, nil, fmt.Errorf("%w: digits are 1 to 64 of 0-9 A-D * #", ErrInvalid)
	}
	order := s.order(p)
	order.Digits, order.Count = r.Digits, len(r.Digits)
	order.Peers = slices.DeleteFunc(order.Peers, func(id PartyID) bool { return s.Parties[s.party(id)].Telephony != Connected })
	return nil, order, nil
}

func (r Park) decide(s State) ([]Body, *Order, error) {
	p, err := s.acting(r.By, Connected)
	if err != nil {
		return nil, nil, err
	}
	order, err := s.withOnePeer(p)
	return nil, order, err
}

// withOnePeer is the order of a party that does something to the other one: a conference has none.
func (s State) withOnePeer(p Party) (*Order, error) {
	order := s.order(p)
	if len(order.Peers) != 1 {
		return nil, fmt.Errorf("%w: %d other parties, not one", ErrInvalidCallState, len(order.Peers))
	}
	order.TargetParty = order.Peers[0]
	return order, nil
}
