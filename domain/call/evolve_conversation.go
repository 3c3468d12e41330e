package call

import "slices"

func (b ConsultStarted) evolve(s State, e Event) State {
	s.Consults = append(slices.Clip(s.Consults), Consultation{Consult: b.Consult, By: b.By, To: b.To, StartedAt: e.At})
	return s
}

func (b ConsultEnded) evolve(s State, e Event) State {
	s.Consults = slices.Clone(s.Consults)
	for i := range s.Consults {
		if c := &s.Consults[i]; c.Consult == b.Consult && c.EndedAt.IsZero() {
			c.EndedAt, c.Result = e.At, b.Result
		}
	}
	return s
}

func (b CallTransferred) evolve(s State, e Event) State {
	s.Transfers = append(slices.Clip(s.Transfers), Transfer{Kind: b.Kind, By: b.By, To: b.To, ToCall: b.ToCall, At: e.At})
	return s
}

func (b CallMerged) evolve(s State, e Event) State {
	if b.Absorbed == s.ConnID {
		s.MergedInto, s.EndedAt = b.Survivor, e.At
		return s
	}
	s.Absorbed = append(slices.Clip(s.Absorbed), b.Absorbed)
	return s
}

func (b ConferenceFormed) evolve(s State, _ Event) State {
	s.Conference = true
	return s
}

func (b SupervisorJoined) evolve(s State, e Event) State {
	s.Observers = append(slices.Clip(s.Observers), Observer{Party: b.Party, DN: b.DN, Target: b.Target, Mode: b.Mode, JoinedAt: e.At, ModeSince: e.At})
	return s
}

func (b SupervisorModeChanged) evolve(s State, e Event) State {
	s.Observers = slices.Clone(s.Observers)
	for i := range s.Observers {
		if o := &s.Observers[i]; o.Party == b.Party && o.LeftAt.IsZero() {
			o.Mode, o.ModeSince = b.Mode, e.At
		}
	}
	return s
}

func (b SupervisorLeft) evolve(s State, e Event) State {
	s.Observers = slices.Clone(s.Observers)
	for i := range s.Observers {
		if o := &s.Observers[i]; o.Party == b.Party && o.LeftAt.IsZero() {
			o.LeftAt = e.At
		}
	}
	return s
}

func (b CallParked) evolve(s State, e Event) State {
	s.Parkings = append(slices.Clip(s.Parkings), Parking{Party: b.Party, Space: b.Space, ParkedAt: e.At})
	return s
}

func (b CallUnparked) evolve(s State, e Event) State {
	s.Parkings = slices.Clone(s.Parkings)
	for i := range s.Parkings {
		if p := &s.Parkings[i]; p.Party == b.Party && p.EndedAt.IsZero() {
			p.EndedAt, p.Reason, p.By = e.At, b.Reason, b.By
		}
	}
	return s
}

func (b RecordingStarted) evolve(s State, e Event) State {
	s.Recordings = append(slices.Clip(s.Recordings), Recording{ID: b.Recording, Party: b.Party, State: Recorded, StartedAt: e.At, ChangedAt: e.At})
	return s
}

func (b RecordingPaused) evolve(s State, e Event) State { return s.record(b.Recording, Paused, e) }

func (b RecordingResumed) evolve(s State, e Event) State { return s.record(b.Recording, Recorded, e) }

func (b RecordingStopped) evolve(s State, e Event) State { return s.record(b.Recording, Stopped, e) }

func (s State) record(id string, state RecordingState, e Event) State {
	s.Recordings = slices.Clone(s.Recordings)
	for i := range s.Recordings {
		if r := &s.Recordings[i]; r.ID == id {
			r.State, r.ChangedAt = state, e.At
		}
	}
	return s
}

func (b DigitsCollected) evolve(s State, e Event) State {
	s.LastDigits = e.At
	return s
}

func (b CallPresumedEnded) evolve(s State, e Event) State {
	s.EndedAt, s.Presumed, s.EndCause = e.At, true, UnknownCause
	return s
}
