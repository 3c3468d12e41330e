package floor

import (
	"maps"
	"slices"

	"github.com/callstate/callstate/domain/call"
)

// doing is what an agent does, and why not, when he is not ready: his live parties come first, then the session.
func (f *Floor) doing(a *liveAgent) (AgentState, string) {
	var parties [call.Released + 1]bool
	for _, id := range a.calls {
		c := f.calls[id]
		for i := range c.state.Parties {
			if p := &c.state.Parties[i]; a.has(c, p) {
				parties[p.Telephony] = true
			}
		}
	}
	switch {
	case parties[call.Connected]:
		return Talking, ""
	case parties[call.Held]:
		return OnHold, ""
	case parties[call.Alerting]:
		return Ringing, ""
	case parties[call.Initiated]:
		return Dialing, ""
	case !a.session.LoggedIn:
		return LoggedOut, ""
	case a.session.ACW.Active():
		return AfterCallWork, ""
	}
	if at := f.devices[seat(a.session)]; at != nil && at.outOfService {
		return OutOfService, ""
	}
	if ready, reason, _ := a.session.Ready(); !ready {
		return NotReady, reason
	}
	return Ready, ""
}

// has reports whether a live party of a call is the agent's.
func (a *liveAgent) has(c *liveCall, p *call.Party) bool {
	if !p.Telephony.Live() {
		return false
	}
	return p.Agent == a.id || !p.External && p.DN != "" && seat(a.session) == device{c.state.Switch, p.DN}
}

// present is the agent as the floor sees him now. It is called when nothing is half done.
func (a *liveAgent) present() *shown[Agent] {
	if a.view != nil {
		return a.view
	}
	return a.look()
}

func (a *liveAgent) look() *shown[Agent] {
	v := Agent{
		ID: a.id, DN: a.session.DN, Switch: a.session.Switch, State: a.state, Reason: a.reason, Since: a.since,
		Queues: make([]Membership, len(a.session.Queues)), Calls: a.calls, ACW: a.session.ACW.ConnID,
	}
	if v.Calls == nil {
		v.Calls = []call.ConnID{}
	}
	for i, m := range a.session.Queues {
		v.Queues[i] = Membership{Queue: m.Queue, Paused: m.Paused, Reason: m.Reason}
	}
	if w := a.session.ACW; w.Active() && w.Limit > 0 {
		v.ACWEnd = w.Since.Add(w.Limit)
	}
	return &shown[Agent]{item: v}
}

func (v *Agent) same(w *Agent) bool {
	return v.DN == w.DN && v.Switch == w.Switch && v.State == w.State && v.Reason == w.Reason && v.Since.Equal(w.Since) &&
		v.ACW == w.ACW && v.ACWEnd.Equal(w.ACWEnd) && slices.Equal(v.Queues, w.Queues) && slices.Equal(v.Calls, w.Calls)
}

func (q *liveQueue) present() *shown[Queue] {
	if q.view != nil {
		return q.view
	}
	return q.look()
}

func (q *liveQueue) look() *shown[Queue] {
	v := Queue{Queue: q.name, Waiting: slices.Clip(q.waiting), LoggedIn: q.loggedIn, Ready: q.ready}
	if v.Waiting == nil {
		v.Waiting = []WaitingCall{}
	}
	return &shown[Queue]{item: v}
}

func (c *liveCall) present() *shown[Call] {
	if c.view != nil {
		return c.view
	}
	return c.look()
}

func (c *liveCall) look() *shown[Call] {
	s := &c.state
	v := Call{
		ConnID: c.id, Switch: s.Switch, Type: s.Type(), State: callState(s), ANI: s.ANI, DNIS: s.DNIS, StartedAt: s.StartedAt,
		Queues: []QueueWait{}, Parties: make([]Party, 0, s.LiveParties()), UserData: c.data,
		Disposition: s.Disposition, Notes: len(s.Notes),
	}
	for _, visit := range s.IVRs {
		if visit.LeftAt.IsZero() {
			v.IVR = visit.IVR
			break
		}
	}
	for _, visit := range s.Visits {
		if visit.End == call.Waiting {
			v.Queues = append(v.Queues, QueueWait{Queue: visit.Queue, Since: visit.EnteredAt})
		} else {
			v.WaitedMs += visit.EndedAt.Sub(visit.EnteredAt).Milliseconds()
		}
	}
	for i := range s.Parties {
		if p := &s.Parties[i]; p.Telephony.Live() {
			v.Parties = append(v.Parties, Party{
				ID: p.ID, DN: p.DN, External: p.External, Role: p.Role, Agent: p.Agent, Queue: p.Queue, State: p.Telephony, Since: p.Since,
			})
		}
	}
	for _, r := range s.Recordings {
		if r.State != call.Stopped {
			v.Recordings = append(v.Recordings, Recording{ID: r.ID, Party: r.Party, State: r.State})
		}
	}
	return &shown[Call]{item: v}
}

func (v *Call) same(w *Call) bool {
	return v.Type == w.Type && v.State == w.State && v.ANI == w.ANI && v.DNIS == w.DNIS && v.Switch == w.Switch &&
		v.StartedAt.Equal(w.StartedAt) && v.IVR == w.IVR && v.WaitedMs == w.WaitedMs &&
		v.Disposition == w.Disposition && v.Notes == w.Notes && slices.Equal(v.Recordings, w.Recordings) &&
		slices.Equal(v.Queues, w.Queues) && slices.Equal(v.Parties, w.Parties) && maps.Equal(v.UserData, w.UserData)
}

// callState is the most telling of what is so at once: people in conversation before everything else, then what keeps
// a person waiting at a device, then in a queue or an IVR.
func callState(s *call.State) CallState {
	var parties [call.Released + 1]int
	for i := range s.Parties {
		parties[s.Parties[i].Telephony]++
	}
	_, queued := s.OpenVisit("", "")
	inIVR := slices.ContainsFunc(s.IVRs, func(v call.IVRVisit) bool { return v.LeftAt.IsZero() })
	switch {
	case parties[call.Connected] >= 2:
		return CallTalking
	case parties[call.Held] > 0:
		return CallHeld
	case parties[call.Alerting] > 0:
		return CallRinging
	case queued:
		return CallQueued
	case inIVR:
		return CallInIVR
	case parties[call.Initiated] > 0:
		return CallDialing
	}
	return CallOther
}
