package agent

import (
	"slices"

	"github.com/callstate/callstate/domain/call"
)

// What agents ask for, beside call.MakesCall.
const (
	LogsIn          call.Service = "login"
	LogsOut         call.Service = "logout"
	BecomesReady    call.Service = "ready"
	BecomesNotReady call.Service = "notReady"
)

// AgentRequestMade: the agent, or somebody for him, asked for something and it was not refused. It changes nothing of
// the session: what came of it is told by the switch's own events.
type AgentRequestMade struct {
	ID      string       `json:"id"` // command id; the same id acts once
	Request call.Service `json:"request"`
	DN      string       `json:"dn,omitempty"`
	Queues  []string     `json:"queues,omitempty"`  // that it is about; absent: all
	Reason  string       `json:"reason,omitempty"`  // of being not ready
	Target  string       `json:"target,omitempty"`  // number to call
	ConnID  call.ConnID  `json:"connId,omitzero"`   // of the call that is to be made
	Attempt string       `json:"attempt,omitempty"` // see call.RequestMade
}

// AgentRequestRefused: it is not done. After an AgentRequestMade with the same id it was the switch that did not do it.
type AgentRequestRefused struct {
	ID      string       `json:"id,omitempty"`
	Request call.Service `json:"request"`
	DN      string       `json:"dn,omitempty"`
	Reason  call.Reason  `json:"reason"`
	Detail  string       `json:"detail,omitempty"` // in words; of the switch, where it said so
}

// Asked is a request that was made, as far as is needed to know it again.
type Asked struct {
	ID     string
	ConnID call.ConnID // of the call that was to be made
	Reason call.Reason // why it was refused; empty: it was not
}

// keptAsked is how many requests an agent's session remembers. Who repeats one does so within seconds.
const keptAsked = 16

// Request returns the request with this command id, where it is among the last that were made.
func (s State) Request(id string) (Asked, bool) {
	if i := s.asked(id); i >= 0 {
		return s.Requests[i], true
	}
	return Asked{}, false
}

func (s State) asked(id string) int {
	if id == "" {
		return -1
	}
	return slices.IndexFunc(s.Requests, func(a Asked) bool { return a.ID == id })
}

func (b AgentRequestMade) evolve(s State, _ Event) State {
	return s.remember(Asked{ID: b.ID, ConnID: b.ConnID})
}

func (b AgentRequestRefused) evolve(s State, _ Event) State {
	asked, _ := s.Request(b.ID)
	return s.remember(Asked{ID: b.ID, ConnID: asked.ConnID, Reason: b.Reason})
}

func (s State) remember(a Asked) State {
	if a.ID == "" {
		return s
	}
	if i := s.asked(a.ID); i >= 0 {
		s.Requests = slices.Clone(s.Requests)
		s.Requests[i] = a
		return s
	}
	kept := s.Requests[max(0, len(s.Requests)-keptAsked+1):]
	s.Requests = append(slices.Clip(kept), a)
	return s
}
