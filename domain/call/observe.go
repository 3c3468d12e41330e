package call

import (
	"cmp"
	"slices"
	"time"
)

// MaxUserData is the most user data that a call carries: bytes of keys and values together (as in T-Library).
const MaxUserData = 65535

// Observe returns what a fact changes about a call: nothing, when it is known already, is older than what is known,
// or the call has ended. A step that must have happened before is filled in and marked Inferred; what cannot be
// explained yields an AnomalyNoted, once. The order of the events is the order in which they happened.
func Observe(s State, f Fact) []Event {
	if _, ok := f.(CallIs); !ok && !s.Started() {
		return nil // a fact of a call that was never introduced: the adapter's mistake, nothing to record it under
	}
	if s.Ended() {
		return observeAfterEnd(s, f)
	}
	events := f.observe(s)
	if len(events) == 0 {
		return nil
	}
	return append(events, conclude(Fold(s, events...), events[len(events)-1])...)
}

// observeAfterEnd: what comes for a call that is over is a repetition, unless a party lives in it. That something was
// missed may show late.
func observeAfterEnd(s State, f Fact) []Event {
	if missed, ok := f.(MissedIs); ok {
		return missed.observe(s)
	}
	p, ok := f.(PartyIs)
	if !ok || !p.State.Live() || !p.At.After(s.EndedAt) {
		return nil
	}
	return s.anomaly(f, ActivityAfterEnd, string(p.Party), p.State.String())
}

func (f CallIs) observe(s State) []Event {
	if s.Started() {
		return nil
	}
	return []Event{{At: f.At, Inferred: f.Inferred, Body: CallStarted{
		ConnID: f.ConnID, Switch: f.Switch, SwitchCallID: f.SwitchCallID, Origin: f.Origin, ANI: f.ANI, DNIS: f.DNIS, ConsultOf: f.ConsultOf,
	}}}
}

func (f PartyIs) observe(s State) []Event {
	p, known := s.Party(f.Party)
	if known && !f.At.After(p.Since) {
		return nil // told before
	}
	if p.Telephony == Released {
		if !f.State.Live() {
			return nil
		}
		return s.anomaly(f, PartyAfterRelease, string(f.Party), f.State.String())
	}
	if f.State == p.Telephony {
		return nil
	}
	switch f.State {
	case Initiated:
		if !known {
			return f.event(PartyDialing{Party: f.Party, DN: f.DN, External: f.External, Agent: f.Agent, Dialed: f.Dialed})
		}
		return nil // dialling again is no step back
	case Alerting:
		if p.Telephony == Null || p.Telephony == Initiated {
			return f.event(PartyAlerting{Party: f.Party, DN: f.DN, External: f.External, Role: stored(f.Role), Agent: f.Agent, Queue: f.Queue, Visit: f.Visit, From: f.From})
		}
		return s.anomaly(f, IllegalTransition, string(f.Party), p.Telephony.String()+" to "+f.State.String())
	case Connected:
		if p.Telephony == Held && f.MayHold {
			return nil
		}
		if p.Telephony == Held {
			return f.event(PartyRetrieved{Party: f.Party})
		}
		return f.event(f.connected())
	case Held:
		if p.Telephony == Connected {
			return f.event(PartyHeld{Party: f.Party})
		}
		return []Event{
			{At: f.At, Inferred: true, Body: f.connected()}, // who holds has been connected
			{At: f.At, Inferred: f.Inferred, Body: PartyHeld{Party: f.Party}},
		}
	case Failed:
		return f.event(PartyFailed{Party: f.Party, DN: f.DN, External: f.External, Role: stored(f.Role), Agent: f.Agent, Queue: f.Queue, Visit: f.Visit, Cause: f.Cause})
	case Released:
		if !known {
			return nil // it never came to be a party
		}
		return f.event(PartyReleased{Party: f.Party, Cause: f.Cause, By: f.By})
	}
	return nil
}

func (f PartyIs) connected() PartyConnected {
	return PartyConnected{Party: f.Party, DN: f.DN, External: f.External, Role: stored(f.Role), Agent: f.Agent, Queue: f.Queue, Visit: f.Visit, From: f.From}
}

func (f PartyIs) event(b Body) []Event { return []Event{{At: f.At, Inferred: f.Inferred, Body: b}} }

// stored is the role as an event carries it: only the one that is not the usual.
func stored(r Role) Role {
	if r == Destination {
		return ""
	}
	return r
}

func (f VisitIs) observe(s State) []Event {
	visit, known := s.Visit(f.Visit)
	if !known {
		visit, known = f.sameVisit(s)
	}
	if !known && f.Visit == "" {
		f.Visit, f.Inferred = VisitID(string(f.Party)+"/"+f.Queue+"@"+f.At.UTC().Format("20060102150405.000000")), true
	}
	if known && visit.End != Waiting {
		return nil
	}
	var events []Event
	if !known {
		events = append(events, Event{At: f.At, Inferred: f.Inferred || f.End != Waiting,
			Body: QueueEntered{Visit: f.Visit, Queue: f.Queue, Party: f.Party, Position: f.Position}})
		visit = Visit{ID: f.Visit, Queue: f.Queue, Party: f.Party}
	}
	if end := f.end(visit); end != nil {
		events = append(events, Event{At: f.At, Inferred: f.Inferred, Body: end})
	}
	return events
}

// retold is how much later one engine may tell the end of a visit than another one on the same switch: the switch tells the
// end by several events, and who knows less of the call may learn it from a later one.
const retold = 2 * time.Second

// sameVisit is the visit that the fact is about under another name, or without one. A snapshot does not name visits; and of
// two engines on a switch the one may tell from a snapshot what the other one tells later as it heard it.
func (f VisitIs) sameVisit(s State) (Visit, bool) {
	for _, v := range s.Visits {
		if v.Queue != f.Queue || v.Party != f.Party {
			continue
		}
		switch {
		case v.End != Waiting:
			if !f.At.After(v.EndedAt) || f.End != Waiting && f.At.Sub(v.EndedAt) < retold {
				return v, true // told late, or again
			}
		case f.Visit == "", f.End != Waiting, f.At.Sub(v.EnteredAt) < retold:
			return v, true
		}
	}
	return Visit{}, false
}

func (f VisitIs) end(v Visit) Body {
	switch f.End {
	case Distributed:
		return QueueDistributed{Visit: v.ID, Queue: v.Queue, Agent: f.Agent, DN: f.AgentDN, Party: f.AgentParty}
	case VisitAbandoned:
		return QueueAbandoned{Visit: v.ID, Queue: v.Queue}
	case Left:
		return QueueLeft{Visit: v.ID, Queue: v.Queue, Reason: cmp.Or(f.Reason, LeftUnknown)}
	}
	return nil
}

func (f IVRIs) observe(s State) []Event {
	for _, v := range s.IVRs {
		toldBefore := v.EnteredAt
		if !f.Inside && !v.LeftAt.IsZero() {
			toldBefore = v.LeftAt
		}
		if v.Party == f.Party && (f.IVR == "" || v.IVR == f.IVR) && !f.At.After(toldBefore) {
			return nil
		}
	}
	open, inside := s.OpenIVR(f.Party, f.IVR)
	switch {
	case f.Inside && inside:
		return nil
	case f.Inside:
		return []Event{{At: f.At, Inferred: f.Inferred, Body: IVREntered{IVR: f.IVR, Party: f.Party}}}
	case inside:
		return []Event{{At: f.At, Inferred: f.Inferred, Body: IVRLeft{IVR: open.IVR, Party: f.Party, Choice: f.Choice}}}
	case f.IVR == "":
		return nil
	}
	return []Event{
		{At: f.At, Inferred: true, Body: IVREntered{IVR: f.IVR, Party: f.Party}}, // who leaves has been inside
		{At: f.At, Inferred: f.Inferred, Body: IVRLeft{IVR: f.IVR, Party: f.Party, Choice: f.Choice}},
	}
}

func (f DataIs) observe(s State) []Event {
	var set []Pair
	for _, pair := range f.Set {
		if i, found := s.datum(pair.Key); found {
			if d := s.Data[i]; d.Value == pair.Value || !f.At.After(d.At) {
				continue
			}
		} else if s.deleted(pair.Key, f.At) {
			continue // told before, or late
		}
		set = setPair(set, pair)
	}
	if len(set) == 0 {
		return nil
	}
	if size := s.packed(set); size > MaxUserData {
		return s.anomaly(f, UserDataTooLarge, f.By, set[0].Key)
	}
	return []Event{{At: f.At, Inferred: f.Inferred, Body: UserDataChanged{Set: set, By: f.By}}}
}

func (f MissedIs) observe(s State) []Event {
	return s.anomaly(f, MissedReport, string(f.Party), f.Report)
}

// setPair keeps pairs sorted by key, the last value winning.
func setPair(pairs []Pair, pair Pair) []Pair {
	i, found := slices.BinarySearchFunc(pairs, pair.Key, func(p Pair, key string) int { return cmp.Compare(p.Key, key) })
	if found {
		pairs[i] = pair
		return pairs
	}
	return slices.Insert(pairs, i, pair)
}

// packed is the size of the user data in bytes, keys and values, once set is applied.
func (s State) packed(set []Pair) int {
	size := 0
	for _, d := range s.Data {
		if !slices.ContainsFunc(set, func(p Pair) bool { return p.Key == d.Key }) {
			size += len(d.Key) + len(d.Value)
		}
	}
	for _, p := range set {
		size += len(p.Key) + len(p.Value)
	}
	return size
}

func (s State) anomaly(f Fact, a Anomaly, subject, detail string) []Event {
	if s.noted(a, subject) {
		return nil
	}
	return []Event{{At: f.at(), Body: AnomalyNoted{Anomaly: a, Subject: subject, Detail: detail}}}
}

// conclude returns what follows from the last event: a party that is gone waits nowhere and hears no IVR, and a call
// without parties has ended.
func conclude(s State, last Event) []Event {
	released, ok := last.Body.(PartyReleased)
	if !ok {
		return nil
	}
	over, at := s.LiveParties() == 0, last.At
	for _, p := range s.Parties {
		if over {
			at = later(at, p.ReleasedAt) // the last of whom it was told need not be the last who left
		}
	}
	var events []Event
	add := func(inferred bool, body Body) { events = append(events, Event{At: at, Inferred: inferred, Body: body}) }
	for _, v := range s.Visits {
		if v.End == Waiting && (over || v.Party == released.Party) {
			add(true, s.missedEnd(v, released))
		}
	}
	events = append(events, s.leaves(at, func(party PartyID) bool { return over || party == released.Party })...)
	for _, c := range s.Consults {
		if c.EndedAt.IsZero() && over {
			add(false, ConsultEnded{Consult: c.Consult, Result: ConsultCancelled})
		}
	}
	switch {
	case over && last.Inferred && released.Cause == Restarted:
		add(true, CallPresumedEnded{Reason: SwitchRestart})
	case over && last.Inferred && released.Cause != NormalClearing: // with that cause the end was seen, and not who ended it
		add(true, CallPresumedEnded{Reason: GoneAtResync})
	case over:
		add(last.Inferred, CallEnded{By: released.By, Cause: released.Cause})
	}
	return events
}

// leaves ends what parties that are gone were in: an IVR, a parking place, a supervisor's ear, a recording.
func (s State) leaves(at time.Time, gone func(PartyID) bool) []Event {
	var events []Event
	add := func(body Body) { events = append(events, Event{At: at, Body: body}) }
	for _, v := range s.IVRs {
		if v.LeftAt.IsZero() && gone(v.Party) {
			add(IVRLeft{IVR: v.IVR, Party: v.Party})
		}
	}
	for _, p := range s.Parkings {
		if p.EndedAt.IsZero() && gone(p.Party) {
			add(CallUnparked{Party: p.Party, Reason: ParkAbandoned})
		}
	}
	for _, o := range s.Observers {
		if o.LeftAt.IsZero() && gone(o.Target) {
			add(SupervisorLeft{Party: o.Party})
		}
	}
	for _, r := range s.Recordings {
		if r.State != Stopped && gone(r.Party) {
			add(RecordingStopped{Recording: r.ID})
		}
	}
	return events
}

// missedEnd is how a wait must have ended that the switch did not tell the end of.
func (s State) missedEnd(v Visit, released PartyReleased) Body {
	for _, p := range s.Parties {
		if p.Visit == v.ID && p.Answered() {
			return QueueDistributed{Visit: v.ID, Queue: v.Queue, Agent: p.Agent, DN: p.DN, Party: p.ID}
		}
	}
	if released.By == "" || released.By != v.Party {
		return QueueLeft{Visit: v.ID, Queue: v.Queue, Reason: CallGone}
	}
	return QueueAbandoned{Visit: v.ID, Queue: v.Queue}
}
