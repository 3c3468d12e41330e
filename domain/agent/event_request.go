package agent

import (
	"fmt"

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

// Request returns the request with this command id, where it is among the last that were made.
func (s State) Request(id string) (call.Asked, bool) { return s.Requests.Find(id) }

func (b AgentRequestMade) evolve(s State, _ Event) State {
	s.Requests = s.Requests.With(call.Asked{ID: b.ID, ConnID: b.ConnID})
	return s
}

func (b AgentRequestRefused) evolve(s State, e Event) State {
	s.Requests = s.Requests.With(b.asked(s, e.Actor))
	return s
}

func (b AgentRequestRefused) asked(s State, actor string) call.Asked {
	if b.ID == "" {
		return call.Asked{Reason: b.Reason, Refusal: fmt.Sprint(actor, b)}
	}
	before, _ := s.Request(b.ID)
	return call.Asked{ID: b.ID, ConnID: before.ConnID, Reason: b.Reason}
}
