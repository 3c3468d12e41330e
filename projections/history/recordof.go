package history

import (
	"cmp"
	"slices"
	"time"

	"github.com/callstate/callstate/domain/call"
)

// RecordOf is the record of a call in a state. It is a function of the state alone, without a clock: an interval that
// goes on counts from when it has ended. Moments and durations are cut to the millisecond.
func RecordOf(s call.State) Record {
	r := Record{
		ConnID: s.ConnID, Switch: s.Switch, SwitchCallID: s.SwitchCallID, Type: s.Type(), ANI: s.ANI, DNIS: s.DNIS,
		StartedAt: moment(s.StartedAt), EndedAt: moment(s.EndedAt), EndedBy: endedBy(s), Outcome: outcome(s),
		IVRMs:  ivrTime(s).Milliseconds(),
		Queues: make([]QueueVisit, len(s.Visits)), Agents: []AgentStay{}, Transfers: transfers(s), Related: related(s),
		UserData: make(map[string]string, len(s.Data)), Disposition: s.Disposition, Notes: make([]Note, len(s.Notes)), Anomalies: len(s.Anomalies),
	}
	if s.Ended() {
		r.DurationMs = s.EndedAt.Sub(s.StartedAt).Milliseconds()
	}
	for i, v := range s.Visits {
		r.Queues[i] = queueVisit(s, v)
	}
	for _, p := range s.Parties {
		if isStay(p) {
			r.Agents = append(r.Agents, agentStay(p))
		}
	}
	for _, d := range s.Data {
		r.UserData[d.Key] = d.Value
	}
	for i, n := range s.Notes {
		r.Notes[i] = Note{Text: n.Text, By: n.By, At: moment(n.At)}
	}
	return r
}

func moment(t time.Time) Time { return Time(t.UTC().Truncate(time.Millisecond)) }

// endedBy is whose hanging up ended the call.
func endedBy(s call.State) string {
	if !s.Ended() {
		return ""
	}
	p, known := s.Party(s.EndedBy)
	caller, _ := s.Caller()
	switch {
	case !known:
		return "switch"
	case p.ID == caller.ID:
		return "caller"
	case p.Agent != "":
		return "agent"
	}
	return "called"
}

// outcome is how the call turned out for the caller. Where nobody took it, an inbound caller who gave up has abandoned
// whatever went before; else it is told by why the last device was not reached that was not merely one of a queue's
// offers.
func outcome(s call.State) Outcome {
	if slices.ContainsFunc(s.Parties, func(p call.Party) bool { return isCalled(p) && p.Answered() }) {
		return Answered
	}
	if !s.Ended() {
		return Other
	}
	caller, _ := s.Caller()
	gaveUp := caller.ReleasedBy != "" && caller.ReleasedBy == caller.ID ||
		slices.ContainsFunc(s.Visits, func(v call.Visit) bool { return v.End == call.VisitAbandoned })
	if gaveUp && s.Type() == call.Inbound {
		return Abandoned
	}
	if !caller.Answered() && s.Type() != call.Inbound && failure(caller.Cause) != "" && !slices.ContainsFunc(s.Parties, isCalled) {
		return failure(caller.Cause) // the switch refused it, or who wanted to call did not take his own phone
	}
	for _, p := range slices.Backward(s.Parties) {
		if isCalled(p) && p.Queue == "" && failure(p.Cause) != "" {
			return failure(p.Cause)
		}
	}
	if gaveUp {
		return Abandoned
	}
	return Other
}

// failure is the outcome that a cause stands for; empty when it is none.
func failure(c call.Cause) Outcome {
	switch c {
	case call.Busy, call.Rejected:
		return Busy
	case call.NoAnswer:
		return NoAnswer
	case call.Congestion, call.Unreachable, call.InvalidNumber:
		return Failed
	}
	return ""
}

// isCalled says whether the party is a person's device that the call was delivered to.
func isCalled(p call.Party) bool {
	return p.Role != call.Origination && (p.Agent != "" || p.DN != "")
}

// ivrTime is how long somebody was in an IVR; a moment in two of them counts once.
func ivrTime(s call.State) time.Duration {
	visits := slices.SortedFunc(slices.Values(s.IVRs), func(a, b call.IVRVisit) int { return a.EnteredAt.Compare(b.EnteredAt) })
	var total time.Duration
	var covered time.Time
	for _, v := range visits {
		from := v.EnteredAt
		if covered.After(from) {
			from = covered
		}
		if v.LeftAt.After(from) {
			total += v.LeftAt.Sub(from)
			covered = v.LeftAt
		}
	}
	return total
}

func queueVisit(s call.State, v call.Visit) QueueVisit {
	r := QueueVisit{Queue: v.Queue, EnteredAt: moment(v.EnteredAt), Agent: v.Agent, NoAnswers: []Offer{}}
	switch v.End {
	case call.Distributed:
		r.Result = QueueAnswered
	case call.VisitAbandoned:
		r.Result = QueueAbandoned
	case call.Left:
		r.Result = QueueLeft
		if v.Reason == call.TimedOut {
			r.Result = QueueTimedOut
		}
	}
	if v.End != call.Waiting {
		r.WaitMs = v.EndedAt.Sub(v.EnteredAt).Milliseconds()
	}
	var unanswered []call.Party
	for _, p := range s.Parties {
		if p.Visit == v.ID && !p.Answered() && p.Cause.Unanswered() {
			unanswered = append(unanswered, p)
		}
	}
	slices.SortStableFunc(unanswered, func(a, b call.Party) int { return offerEnd(a).Compare(offerEnd(b)) })
	for _, p := range unanswered {
		r.NoAnswers = append(r.NoAnswers, Offer{Agent: p.Agent, RingMs: p.Ring.Milliseconds()})
	}
	return r
}

// offerEnd is when an offer that was not taken was over.
func offerEnd(p call.Party) time.Time {
	if !p.FailedAt.IsZero() {
		return p.FailedAt
	}
	return p.ReleasedAt
}

// isStay says whether the party is an agent's part in the call: somebody known to be one, or whoever is at a telephone
// of the switch that the call was delivered to.
func isStay(p call.Party) bool {
	return p.Agent != "" || isCalled(p) && !p.External
}

func agentStay(p call.Party) AgentStay {
	r := AgentStay{
		Agent: p.Agent, DN: p.DN, Queue: p.Queue, RingingAt: moment(p.AlertingAt), AnsweredAt: moment(p.ConnectedAt),
		RingMs: p.Ring.Milliseconds(), TalkMs: (p.Talk + p.Hold).Milliseconds(), HoldMs: p.Hold.Milliseconds(),
	}
	if p.Telephony == call.Failed || p.Telephony == call.Released {
		r.Result = "noAnswer"
		if p.Answered() {
			r.Result = result(p.Cause)
		}
	}
	if p.Telephony == call.Released {
		switch {
		case p.ReleasedBy == "" && p.Cause != call.Abandoned:
			r.EndedBy = "switch"
		case p.ReleasedBy == p.ID:
			r.EndedBy = "agent"
		case p.Role == call.Origination:
			r.EndedBy = "called"
		default:
			r.EndedBy = "caller"
		}
	}
	return r
}

// result is how an agent's part ended that was answered.
func result(c call.Cause) string {
	switch c {
	case call.Transferred:
		return "transferred"
	case call.Conferenced:
		return "conferenced"
	}
	return "completed"
}

// transfers are told from the view of the call: a third party's redirect is a blind transfer by nobody in it.
func transfers(s call.State) []Transfer {
	found := make([]Transfer, len(s.Transfers))
	for i, t := range s.Transfers {
		found[i] = Transfer{Kind: "blind", By: nameOf(s, t.By), To: t.To, ToCall: t.ToCall, At: moment(t.At)}
		if t.Kind == call.Attended {
			found[i].Kind = "attended"
		}
	}
	return found
}

// nameOf is the agent at a party's device, else its number.
func nameOf(s call.State, id call.PartyID) string {
	p, _ := s.Party(id)
	return cmp.Or(p.Agent, p.DN)
}

// related are the other calls of the same conversation.
func related(s call.State) []Related {
	found := []Related{}
	if !s.ConsultOf.IsZero() {
		found = append(found, Related{ConnID: s.ConsultOf, Relation: "consultationOf"})
	}
	for _, c := range s.Consults {
		found = append(found, Related{ConnID: c.Consult, Relation: "consultation"})
	}
	for _, id := range s.Absorbed {
		found = append(found, Related{ConnID: id, Relation: "absorbed"})
	}
	if !s.MergedInto.IsZero() {
		found = append(found, Related{ConnID: s.MergedInto, Relation: "mergedInto"})
	}
	return found
}
