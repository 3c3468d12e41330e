package call

import "fmt"

// Monitor listens to a party from another device (CSTA Join Call with silent participation, TMonitorNextCall). Whether
// somebody may is decided where he is known: not here. It ends when the supervisor's device hangs up.
type Monitor struct {
	By        By // DN: the supervisor's device, which is not on the call
	Target    PartyID
	TargetDN  string
	Mode      SupervisionMode
	Elsewhere ConnID // the call in which the supervisor's device talks now; zero: none
}

// StartRecording records what a party hears and says (Start Record, TPrivateService).
type StartRecording struct {
	By       By
	Recorded PartyID // who is recorded; empty: who asks
}

// PauseRecording leaves out what is said from now on, a card number say.
type PauseRecording struct {
	By        By
	Recording string // empty: the one that goes on, if it is the only one
}

// ResumeRecording records again.
type ResumeRecording struct {
	By        By
	Recording string // empty: the one that is paused, if it is the only one
}

// StopRecording completes a recording.
type StopRecording struct {
	By        By
	Recording string // empty: the one that is not complete, if it is the only one
}

func (r Monitor) asks() (By, Service)         { return r.By, Monitors }
func (r StartRecording) asks() (By, Service)  { return r.By, StartsRecording }
func (r PauseRecording) asks() (By, Service)  { return r.By, PausesRecording }
func (r ResumeRecording) asks() (By, Service) { return r.By, ResumesRecording }
func (r StopRecording) asks() (By, Service)   { return r.By, StopsRecording }

func (r Monitor) decide(s State) ([]Body, *Order, error) {
	target, err := s.onCall(r.Target, r.TargetDN, Connected, Held)
	if err != nil {
		return nil, nil, err
	}
	if !Dialable(r.By.DN) {
		return nil, nil, fmt.Errorf("%w: the supervisor's device is not named", ErrInvalid)
	}
	switch r.Mode {
	case Silent, Whisper, Barge:
	default:
		return nil, nil, fmt.Errorf("%w: the mode is silent, whisper or barge", ErrInvalid)
	}
	if _, err := s.onCall("", r.By.DN); err == nil {
		return nil, nil, ErrAlreadyParty
	}
	for _, o := range s.Observers {
		if o.LeftAt.IsZero() && o.DN == r.By.DN {
			return nil, nil, fmt.Errorf("%w: as an observer", ErrAlreadyParty)
		}
	}
	if err := s.free(r.By.DN, r.Elsewhere); err != nil {
		return nil, nil, err
	}
	return nil, &Order{RequestMade: RequestMade{DN: r.By.DN, TargetParty: target.ID, Target: target.DN, Mode: r.Mode}}, nil
}

func (r StartRecording) decide(s State) ([]Body, *Order, error) {
	p, err := s.acting(r.By, Connected, Held)
	if err != nil {
		return nil, nil, err
	}
	recorded := p
	if r.Recorded != "" {
		if recorded, err = s.onCall(r.Recorded, "", Connected, Held); err != nil {
			return nil, nil, err
		}
	}
	for _, going := range s.Recordings {
		if going.Party == recorded.ID && going.State != Stopped {
			return nil, nil, fmt.Errorf("%w: it is recorded already", ErrInvalidCallState)
		}
	}
	order := s.order(p)
	order.TargetParty = recorded.ID
	return nil, order, nil
}

func (r PauseRecording) decide(s State) ([]Body, *Order, error) {
	order, err := s.ofRecording(r.By, r.Recording, Recorded)
	return nil, order, err
}

func (r ResumeRecording) decide(s State) ([]Body, *Order, error) {
	order, err := s.ofRecording(r.By, r.Recording, Paused)
	return nil, order, err
}

func (r StopRecording) decide(s State) ([]Body, *Order, error) {
	order, err := s.ofRecording(r.By, r.Recording, Recorded, Paused)
	return nil, order, err
}

// ofRecording is the order of a party about a recording that is in one of the states; without an id about the only one.
func (s State) ofRecording(by By, id string, states ...RecordingState) (*Order, error) {
	p, err := s.acting(by, Connected, Held)
	if err != nil {
		return nil, err
	}
	var found []Recording
	for _, r := range s.Recordings {
		if id != "" && r.ID != id {
			continue
		}
		for _, state := range states {
			if r.State == state {
				found = append(found, r)
			}
		}
	}
	switch known, ok := s.Recording(id); {
	case ok && len(found) == 0:
		return nil, fmt.Errorf("%w: the recording is %s", ErrInvalidCallState, known.State)
	case len(found) == 0:
		return nil, ErrNotRecorded
	case len(found) > 1:
		return nil, fmt.Errorf("%w: there are %d recordings, name one", ErrInvalid, len(found))
	}
	order := s.order(p)
	order.TargetParty, order.Recording = found[0].Party, found[0].ID
	return order, nil
}
