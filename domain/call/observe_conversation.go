package call

import (
	"slices"
	"time"
)

func happens(at time.Time, b Body) []Event { return []Event{{At: at, Body: b}} }

func (f ConsultIs) observe(s State) []Event {
	i := slices.IndexFunc(s.Consults, func(c Consultation) bool { return c.Consult == f.Consult })
	switch {
	case i < 0 && !f.Over:
		return happens(f.At, ConsultStarted{Consult: f.Consult, By: f.By, To: f.To})
	case i >= 0 && f.Over && s.Consults[i].EndedAt.IsZero():
		return happens(f.At, ConsultEnded{Consult: f.Consult, Result: ConsultCancelled})
	}
	return nil
}

func (f TransferIs) observe(s State) []Event {
	for _, t := range s.Transfers {
		if !f.At.After(t.At) || !f.ToCall.IsZero() && t.ToCall == f.ToCall {
			return nil // told before
		}
	}
	return []Event{{At: f.At, Inferred: f.Inferred, Body: CallTransferred{Kind: f.Kind, By: f.By, To: f.To, ToCall: f.ToCall}}}
}

// observe: the survivor notes the merge, takes over what data it does not have, and ends its consultation; the absorbed
// call lets its parties go and has no events after that.
func (f MergedIs) observe(s State) []Event {
	merged := CallMerged{Survivor: f.Survivor, Absorbed: f.Absorbed}
	if f.Absorbed == s.ConnID {
		var events []Event
		for _, p := range s.Parties {
			if p.Telephony.Live() {
				events = append(events, Event{At: f.At, Body: PartyReleased{Party: p.ID, Cause: f.Cause}})
			}
		}
		for _, v := range s.Visits {
			if v.End == Waiting {
				events = append(events, Event{At: f.At, Inferred: true, Body: QueueLeft{Visit: v.ID, Queue: v.Queue, Reason: Redirected}})
			}
		}
		events = append(events, s.leaves(f.At, func(PartyID) bool { return true })...)
		return append(events, Event{At: f.At, Body: merged})
	}
	if f.Survivor != s.ConnID || slices.Contains(s.Absorbed, f.Absorbed) || s.MergedInto == f.Absorbed {
		return nil
	}
	events := happens(f.At, merged)
	var set []Pair
	for _, pair := range f.UserData {
		if _, found := s.datum(pair.Key); !found {
			set = setPair(set, pair)
		}
	}
	if len(set) > 0 && s.packed(set) <= MaxUserData {
		events = append(events, Event{At: f.At, Body: UserDataChanged{Set: set, By: "call:" + f.Absorbed.String()}})
	}
	if c, open := s.OpenConsult(f.Absorbed); open {
		result := ConsultTransferred
		if f.Cause == Conferenced {
			result = ConsultConferenced
		}
		events = append(events, Event{At: f.At, Body: ConsultEnded{Consult: c.Consult, Result: result}})
	}
	return events
}

func (f ConferenceIs) observe(s State) []Event {
	if s.Conference {
		return nil
	}
	return happens(f.At, ConferenceFormed{By: f.By, Room: f.Room})
}

func (f SupervisorIs) observe(s State) []Event {
	open, there := s.OpenObserver(f.Party)
	for _, o := range s.Observers {
		if o.Party == f.Party && !f.At.After(later(o.ModeSince, o.LeftAt)) {
			return nil // told before
		}
	}
	switch {
	case f.Listening && there && f.Mode != open.Mode:
		return happens(f.At, SupervisorModeChanged{Party: f.Party, Mode: f.Mode})
	case f.Listening && !there:
		return happens(f.At, SupervisorJoined{Party: f.Party, DN: f.DN, Target: f.Target, Mode: f.Mode})
	case !f.Listening && there:
		return happens(f.At, SupervisorLeft{Party: f.Party})
	}
	return nil
}

func (f ParkIs) observe(s State) []Event {
	parking, parked := s.OpenParking(f.Party)
	for _, p := range s.Parkings {
		if p.Party == f.Party && !f.At.After(later(p.ParkedAt, p.EndedAt)) {
			return nil // told before
		}
	}
	switch {
	case f.Parked && !parked:
		return happens(f.At, CallParked{Party: f.Party, Space: f.Space, By: f.By})
	case !f.Parked && parked:
		return happens(f.At, CallUnparked{Party: parking.Party, Reason: f.Reason, By: f.TakeBy})
	}
	return nil
}

func (f RecordingIs) observe(s State) []Event {
	r, known := s.Recording(f.Recording)
	if known && (r.State == f.State || r.State == Stopped || !f.At.After(r.ChangedAt)) {
		return nil
	}
	var events []Event
	if !known {
		events = append(events, Event{At: f.At, Inferred: f.State != Recorded, Body: RecordingStarted{Recording: f.Recording, Party: f.Party}})
		if f.State == Recorded {
			return events
		}
	}
	switch f.State {
	case Recorded:
		return append(events, Event{At: f.At, Body: RecordingResumed{Recording: f.Recording}})
	case Paused:
		return append(events, Event{At: f.At, Body: RecordingPaused{Recording: f.Recording}})
	}
	return append(events, Event{At: f.At, Body: RecordingStopped{Recording: f.Recording}})
}

func (f DigitsAre) observe(s State) []Event {
	if s.LastDigits.IsZero() || f.At.After(s.LastDigits) {
		return happens(f.At, DigitsCollected{Party: f.Party, Count: f.Count, Digits: f.Digits})
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
