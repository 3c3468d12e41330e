package call

import "fmt"

// StartConsult consults somebody about the call, which waits meanwhile (Consultation Call, TInitiateTransfer,
// TInitiateConference).
type StartConsult struct {
	By By
	To string
}

// CompleteTransfer gives the call to who was consulted, answered or still ringing (Transfer Call, TCompleteTransfer). It
// is asked of the first call, not of the consultation.
type CompleteTransfer struct {
	By      By
	Consult State // the consultation: see Informed
}

// CancelConsult ends the consultation and goes back to the call (Reconnect Call, TReconnectCall).
type CancelConsult struct {
	By      By
	Consult State // the consultation: see Informed
}

// CompleteConference makes a conference of the call and the consultation (Conference Call, TCompleteConference).
type CompleteConference struct {
	By      By
	Consult State // the consultation: see Informed
}

// DropParty takes a party out of a conference (TDeleteFromConference).
type DropParty struct {
	By     By
	Target PartyID // or
	DN     string
}

// AboutConsult is the consultation that a request is about, a call of its own; zero: none. Who decides the
// request looks that call up first: see Informed.
func AboutConsult(s State, r Request) ConnID {
	switch r.(type) {
	case CompleteTransfer, CancelConsult, CompleteConference:
	default:
		return ConnID{}
	}
	by, _ := r.asks()
	p, err := s.acting(by)
	if err != nil {
		return ConnID{}
	}
	c, _ := s.consultBy(p)
	return c.Consult
}

// Informed is a request with the state of its consultation: see AboutConsult.
func Informed(r Request, consult State) Request {
	switch r := r.(type) {
	case CompleteTransfer:
		r.Consult = consult
		return r
	case CancelConsult:
		r.Consult = consult
		return r
	case CompleteConference:
		r.Consult = consult
		return r
	}
	return r
}

func (r StartConsult) asks() (By, Service)       { return r.By, StartsConsult }
func (r CompleteTransfer) asks() (By, Service)   { return r.By, CompletesTransfer }
func (r CancelConsult) asks() (By, Service)      { return r.By, CancelsConsult }
func (r CompleteConference) asks() (By, Service) { return r.By, CompletesConference }
func (r DropParty) asks() (By, Service)          { return r.By, DropsParty }

func (r StartConsult) decide(s State) ([]Body, *Order, error) {
	// Who consults has the call on hold; that another consultation goes on is the better reason then.
	p, err := s.acting(r.By, Connected, Held)
	if err != nil {
		return nil, nil, err
	}
	if _, consulting := s.consultBy(p); consulting {
		return nil, nil, ErrConsultInProgress
	}
	if p, err = s.acting(r.By, Connected); err != nil {
		return nil, nil, err
	}
	if err := s.destination(p, r.To); err != nil {
		return nil, nil, err
	}
	order := s.order(p)
	order.Target = r.To
	return nil, order, nil
}

func (r CompleteTransfer) decide(s State) ([]Body, *Order, error) {
	order, err := s.ofConsult(r.By, r.Consult, Alerting, Connected)
	return nil, order, err
}

func (r CancelConsult) decide(s State) ([]Body, *Order, error) {
	order, err := s.ofConsult(r.By, r.Consult)
	return nil, order, err
}

func (r CompleteConference) decide(s State) ([]Body, *Order, error) {
	order, err := s.ofConsult(r.By, r.Consult, Connected)
	return nil, order, err
}

// ofConsult is the order of a party that has a call on hold and consults somebody, who must be in one of the states,
// where any are given.
func (s State) ofConsult(by By, consult State, states ...Telephony) (*Order, error) {
	p, err := s.acting(by)
	if err != nil {
		return nil, err
	}
	c, consulting := s.consultBy(p)
	if !consulting || c.Consult != consult.ConnID || !consult.Live() {
		return nil, ErrNotConsult
	}
	if len(states) > 0 && p.Telephony != Held {
		return nil, &StateError{Party: p.ID, DN: p.DN, State: p.Telephony}
	}
	order := s.order(p)
	order.Consult, order.Target = c.Consult, c.To
	own, err := consult.onCall("", p.DN)
	if err != nil {
		return nil, ErrNotConsult
	}
	order.ConsultParty = own.ID
	if len(states) == 0 {
		return order, nil
	}
	refused := fmt.Errorf("%w: nobody is reached yet", ErrInvalidCallState)
	for _, id := range consult.peers(own) {
		other, err := consult.onCall(id, "", states...)
		if err == nil {
			order.TargetParty = other.ID
			return order, nil
		}
		refused = err
	}
	return nil, refused
}

func (r DropParty) decide(s State) ([]Body, *Order, error) {
	p, err := s.acting(r.By, Connected, Held)
	if err != nil {
		return nil, nil, err
	}
	target, err := s.onCall(r.Target, r.DN)
	if err != nil {
		return nil, nil, err
	}
	order := s.order(p)
	if len(order.Peers) < 2 {
		return nil, nil, ErrNotConference
	}
	order.TargetParty, order.Target = target.ID, target.DN
	return nil, order, nil
}
