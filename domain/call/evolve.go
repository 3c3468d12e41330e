package call

import (
	"slices"
	"time"
)

// Evolve is the state after an event. It cannot fail: an event has happened.
func Evolve(s State, e Event) State { return e.Body.evolve(s, e) }

// Fold is the state after events in order.
func Fold(s State, events ...Event) State {
	for _, e := range events {
		s = Evolve(s, e)
	}
	return s
}

func (b CallStarted) evolve(s State, e Event) State {
	s.ConnID, s.Switch, s.SwitchCallID = b.ConnID, b.Switch, b.SwitchCallID
	s.Origin, s.ANI, s.DNIS = b.Origin, b.ANI, b.DNIS
	s.StartedAt, s.ConsultOf = e.At, b.ConsultOf
	return s
}

func (b CallEnded) evolve(s State, e Event) State {
	s.EndedAt, s.EndedBy, s.EndCause = e.At, b.By, b.Cause
	return s
}

func (b PartyDialing) evolve(s State, e Event) State {
	return s.change(b.Party, e.At, func(p *Party) {
		p.DN, p.External, p.Role, p.Agent, p.Dialed = b.DN, b.External, Origination, b.Agent, b.Dialed
		p.enter(Initiated, e.At)
	})
}

func (b PartyAlerting) evolve(s State, e Event) State {
	return s.change(b.Party, e.At, func(p *Party) {
		p.describe(b.DN, b.External, b.Role, b.Agent, b.Queue, b.Visit)
		p.enter(Alerting, e.At)
		p.came(b.From)
		p.AlertingAt = e.At
	})
}

func (b PartyConnected) evolve(s State, e Event) State {
	return s.change(b.Party, e.At, func(p *Party) {
		p.describe(b.DN, b.External, b.Role, b.Agent, b.Queue, b.Visit)
		p.enter(Connected, e.At)
		p.came(b.From)
		if p.ConnectedAt.IsZero() {
			p.ConnectedAt = e.At
		}
	})
}

func (b PartyHeld) evolve(s State, e Event) State {
	return s.change(b.Party, e.At, func(p *Party) { p.enter(Held, e.At) })
}

func (b PartyRetrieved) evolve(s State, e Event) State {
	return s.change(b.Party, e.At, func(p *Party) { p.enter(Connected, e.At) })
}

func (b PartyFailed) evolve(s State, e Event) State {
	return s.change(b.Party, e.At, func(p *Party) {
		p.describe(b.DN, b.External, b.Role, b.Agent, b.Queue, b.Visit)
		p.enter(Failed, e.At)
		p.FailedAt, p.Cause = e.At, b.Cause
	})
}

func (b PartyReleased) evolve(s State, e Event) State {
	return s.change(b.Party, e.At, func(p *Party) {
		p.enter(Released, e.At)
		p.ReleasedAt, p.ReleasedBy = e.At, b.By
		if p.Cause == "" {
			p.Cause = b.Cause
		}
	})
}

func (b QueueEntered) evolve(s State, e Event) State {
	s.Visits = append(slices.Clip(s.Visits), Visit{ID: b.Visit, Queue: b.Queue, Party: b.Party, Position: b.Position, EnteredAt: e.At})
	return s
}

func (b QueueDistributed) evolve(s State, e Event) State {
	return s.endVisit(b.Visit, e.At, func(v *Visit) { v.End, v.Agent, v.AgentParty = Distributed, b.Agent, b.Party })
}

func (b QueueLeft) evolve(s State, e Event) State {
	return s.endVisit(b.Visit, e.At, func(v *Visit) { v.End, v.Reason = Left, b.Reason })
}

func (b QueueAbandoned) evolve(s State, e Event) State {
	return s.endVisit(b.Visit, e.At, func(v *Visit) { v.End = VisitAbandoned })
}

func (b IVREntered) evolve(s State, e Event) State {
	s.IVRs = append(slices.Clip(s.IVRs), IVRVisit{IVR: b.IVR, Party: b.Party, EnteredAt: e.At})
	return s
}

func (b IVRLeft) evolve(s State, e Event) State {
	i := slices.IndexFunc(s.IVRs, func(v IVRVisit) bool { return v.LeftAt.IsZero() && v.IVR == b.IVR && v.Party == b.Party })
	if i < 0 {
		return s
	}
	s.IVRs = slices.Clone(s.IVRs)
	s.IVRs[i].LeftAt, s.IVRs[i].Choice = e.At, b.Choice
	return s
}

func (b UserDataChanged) evolve(s State, e Event) State {
	s.Data = slices.Clone(s.Data)
	for _, pair := range b.Set {
		datum := Datum{Pair: pair, By: b.By, At: e.At}
		if i, found := s.datum(pair.Key); found {
			s.Data[i] = datum
		} else {
			s.Data = slices.Insert(s.Data, i, datum)
		}
	}
	for _, key := range b.Deleted {
		if i, found := s.datum(key); found {
			s.Data = slices.Delete(s.Data, i, i+1)
			s.Deleted = append(slices.Clip(s.Deleted), Deletion{Key: key, At: e.At})
		}
	}
	return s
}

func (b DispositionSet) evolve(s State, _ Event) State {
	s.Disposition = b.Code
	return s
}

func (b NoteAdded) evolve(s State, e Event) State {
	s.Notes = append(slices.Clip(s.Notes), Note{Text: b.Text, By: e.Actor, At: e.At})
	return s
}

func (b AnomalyNoted) evolve(s State, _ Event) State {
	s.Anomalies = append(slices.Clip(s.Anomalies), NotedAnomaly{b.Anomaly, b.Subject})
	return s
}

// change applies a change to a party in a copy of the parties, adding the party when it is new.
func (s State) change(id PartyID, at time.Time, change func(*Party)) State {
	i := s.party(id)
	if i < 0 {
		s.Parties = append(slices.Clip(s.Parties), Party{ID: id, Role: Destination, AppearedAt: at, Since: at})
		i = len(s.Parties) - 1
	} else {
		s.Parties = slices.Clone(s.Parties)
	}
	change(&s.Parties[i])
	return s
}

func (s State) endVisit(id VisitID, at time.Time, end func(*Visit)) State {
	i := slices.IndexFunc(s.Visits, func(v Visit) bool { return v.ID == id && v.End == Waiting })
	if i < 0 {
		return s
	}
	s.Visits = slices.Clone(s.Visits)
	s.Visits[i].EndedAt = at
	end(&s.Visits[i])
	return s
}

// describe fills in what an event tells of the party and keeps what was known where it tells nothing.
func (p *Party) describe(dn string, external bool, role Role, agent, queue string, visit VisitID) {
	if dn != "" {
		p.DN, p.External = dn, external
	}
	if role != "" {
		p.Role = role
	}
	if agent != "" {
		p.Agent = agent
	}
	if queue != "" {
		p.Queue, p.Visit = queue, visit
	}
}

// came notes the call in which the party was before.
func (p *Party) came(from ConnID) {
	if !from.IsZero() {
		p.From = from
	}
}

// enter books the time spent in the state that ends and begins the next one: the intervals of a party's life neither
// overlap nor leave a gap.
func (p *Party) enter(next Telephony, at time.Time) {
	spent := max(at.Sub(p.Since), 0)
	switch p.Telephony {
	case Alerting:
		p.Ring += spent
	case Connected:
		p.Talk += spent
	case Held:
		p.Hold += spent
	}
	p.Telephony, p.Since = next, at
}
