package agent

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/callstate/callstate/domain/call"
)

// Why requests of agents are refused, besides the reasons in package call. All are call.ErrRefused.
var (
	// ErrAlreadyLoggedIn: the agent is logged in at another device. See ElsewhereError.
	ErrAlreadyLoggedIn = fmt.Errorf("%w: the agent is logged in elsewhere", call.ErrRefused)
	// ErrDNHasAgent: another agent is logged in at the device. See OccupiedError.
	ErrDNHasAgent = fmt.Errorf("%w: another agent is logged in there", call.ErrRefused)
	// ErrNotLoggedIn: the agent is not logged in, or not in that queue.
	ErrNotLoggedIn = fmt.Errorf("%w: the agent is not logged in", call.ErrRefused)
	// ErrBusy: the agent has a call.
	ErrBusy = fmt.Errorf("%w: the agent has a call", call.ErrRefused)
	// ErrReasonRequired: who is not ready must say why.
	ErrReasonRequired = fmt.Errorf("%w: a reason is required", call.ErrRefused)
)

// ElsewhereError is ErrAlreadyLoggedIn with where.
type ElsewhereError struct{ Switch, DN string }

func (e *ElsewhereError) Error() string {
	return fmt.Sprintf("%v: at %s on %s", ErrAlreadyLoggedIn, e.DN, e.Switch)
}

// Is makes it ErrAlreadyLoggedIn, and so call.ErrRefused.
func (e *ElsewhereError) Is(target error) bool {
	return target == ErrAlreadyLoggedIn || target == call.ErrRefused
}

// OccupiedError is ErrDNHasAgent with who is there.
type OccupiedError struct{ DN, Agent string }

func (e *OccupiedError) Error() string {
	return fmt.Sprintf("%v: %s at %s", ErrDNHasAgent, e.Agent, e.DN)
}

// Is makes it ErrDNHasAgent, and so call.ErrRefused.
func (e *OccupiedError) Is(target error) bool {
	return target == ErrDNHasAgent || target == call.ErrRefused
}

var reasons = []struct {
	reason call.Reason
	err    error
}{
	{"alreadyLoggedIn", ErrAlreadyLoggedIn}, {"dnHasAgent", ErrDNHasAgent}, {"notLoggedIn", ErrNotLoggedIn},
	{"agentBusy", ErrBusy}, {"reasonRequired", ErrReasonRequired},
}

// ReasonOf is the reason that an error stands for, of this package or of package call; call.OtherReason when it is none.
func ReasonOf(err error) call.Reason {
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			return r.reason
		}
	}
	return call.ReasonOf(err)
}

// ErrOf is the error that a reason stands for; nil for the empty one.
func ErrOf(reason call.Reason) error {
	for _, r := range reasons {
		if r.reason == reason {
			return r.err
		}
	}
	return reason.Err()
}

// Request is something that an agent, or somebody for him, asks. The set is closed: see Decide.
type Request interface {
	asks() (call.By, call.Service)
	decide(State) (*Order, error)
}

// Order is what the switch is to do for a request: what AgentRequestMade records of it, and what only the switch needs.
type Order struct {
	AgentRequestMade
	Switch       string
	SwitchCallID string // what the call that is made is to be called by the switch
	Data         []call.Pair
}

const maxCommandID, maxDetail = 128, 300 // bytes

// Decide returns the events by which a request is done, none when there is nothing to do, or why it is refused
// (errors.Is call.ErrRefused and one of the reasons above). The order is to be given to the switch once the events are
// durable. A request with a command id that has been seen does nothing: it has the outcome that it had.
func Decide(s State, r Request) ([]Event, *Order, error) {
	by, service := r.asks()
	if asked, again := s.Request(by.ID); again {
		return nil, nil, ErrOf(asked.Reason)
	}
	if by.ID == "" || len(by.ID) > maxCommandID {
		return nil, nil, fmt.Errorf("%w: a command id has 1 to %d bytes", call.ErrInvalid, maxCommandID)
	}
	order, err := r.decide(s)
	if err != nil || order == nil {
		return nil, nil, err
	}
	order.ID, order.Request = by.ID, service
	return []Event{{At: by.At, Actor: by.Actor, Body: order.AgentRequestMade}}, order, nil
}

// Refused is what there is to record when a request was not done: nothing, when nobody has ever seen the agent or the
// refusal is recorded already.
func Refused(s State, r Request, err error) []Event {
	by, service := r.asks()
	if len(by.ID) > maxCommandID {
		by.ID = ""
	}
	detail := err.Error()
	detail = strings.ToValidUTF8(detail[:min(len(detail), maxDetail)], "")
	body := AgentRequestRefused{ID: by.ID, Request: service, DN: by.DN, Reason: ReasonOf(err), Detail: detail}
	if _, made := s.Request(by.ID); s.ID == "" && !made || s.Requests.Told(body.asked(s, by.Actor)) {
		return nil
	}
	return []Event{{At: by.At, Actor: by.Actor, Body: body}}
}

// Login begins the agent's session at a device (By.DN), or adds queues to it (TAgentLogin).
type Login struct {
	By       call.By
	Switch   string
	Queues   []string
	Occupant string // who is logged in at the device now, as the floor knows; empty: nobody
}

// Logout ends the session in all queues (TAgentLogout).
type Logout struct {
	By    call.By
	Busy  bool // the agent has a call of a queue, as the floor knows
	Force bool // also then
}

// Ready: calls may be offered to the agent; after-call work is over (TAgentSetReady).
type Ready struct {
	By    call.By
	Queue string // empty: in all his queues
}

// NotReady: no calls are to be offered to the agent; a call that he has goes on (TAgentSetNotReady).
type NotReady struct {
	By             call.By
	Queue          string // empty: in all his queues
	Reason         string
	ReasonRequired bool // as the house's policy has it
}

// MakeCall calls a number from the agent's device, or from By.DN (CSTA Make Call, TMakeCall). The call is new, so its
// ConnID is said by who decides: see engine.CallNamer.
type MakeCall struct {
	By           call.By
	Switch       string // empty: the one where the agent is logged in
	To           string
	Data         []call.Pair
	Elsewhere    call.ConnID // the call in which the device is now, as the floor knows; zero: none
	ConnID       call.ConnID
	SwitchCallID string
}

func (r Login) asks() (call.By, call.Service)    { return r.By, LogsIn }
func (r Logout) asks() (call.By, call.Service)   { return r.By, LogsOut }
func (r Ready) asks() (call.By, call.Service)    { return r.By, BecomesReady }
func (r NotReady) asks() (call.By, call.Service) { return r.By, BecomesNotReady }
func (r MakeCall) asks() (call.By, call.Service) { return r.By, call.MakesCall }

func (r Login) decide(s State) (*Order, error) {
	if !call.Dialable(r.By.DN) || r.Switch == "" || len(r.Queues) == 0 || slices.Contains(r.Queues, "") {
		return nil, fmt.Errorf("%w: a login names a switch, a DN and queues", call.ErrInvalid)
	}
	if s.LoggedIn && (s.DN != r.By.DN || s.Switch != r.Switch) {
		return nil, &ElsewhereError{Switch: s.Switch, DN: s.DN}
	}
	if r.Occupant != "" && r.Occupant != s.ID {
		return nil, &OccupiedError{DN: r.By.DN, Agent: r.Occupant}
	}
	var queues []string
	for _, queue := range r.Queues {
		if _, member := s.Member(queue); !member && !slices.Contains(queues, queue) {
			queues = append(queues, queue)
		}
	}
	if len(queues) == 0 {
		return nil, nil
	}
	return &Order{AgentRequestMade: AgentRequestMade{DN: r.By.DN, Queues: queues}, Switch: r.Switch}, nil
}

func (r Logout) decide(s State) (*Order, error) {
	if !s.LoggedIn {
		return nil, ErrNotLoggedIn
	}
	if r.Busy && !r.Force {
		return nil, ErrBusy
	}
	var queues []string
	for _, m := range s.Queues {
		queues = append(queues, m.Queue)
	}
	return s.order(AgentRequestMade{Queues: queues}), nil
}

func (r Ready) decide(s State) (*Order, error) {
	change, err := s.readiness(r.Queue, func(m Membership) bool { return m.Paused })
	if err != nil || !change && !s.ACW.Active() {
		return nil, err
	}
	return s.order(AgentRequestMade{Queues: only(r.Queue)}), nil
}

func (r NotReady) decide(s State) (*Order, error) {
	change, err := s.readiness(r.Queue, func(m Membership) bool { return !m.Paused || m.Reason != r.Reason })
	if err != nil {
		return nil, err
	}
	if r.Reason == "" && r.ReasonRequired {
		return nil, ErrReasonRequired
	}
	if !change {
		return nil, nil
	}
	return s.order(AgentRequestMade{Queues: only(r.Queue), Reason: r.Reason}), nil
}

func (r MakeCall) decide(s State) (*Order, error) {
	dn, on := r.By.DN, r.Switch
	if s.LoggedIn {
		if dn == "" {
			dn = s.DN
		}
		if on == "" {
			on = s.Switch
		}
	}
	switch {
	case dn == "" || on == "":
		return nil, ErrNotLoggedIn
	case !call.Dialable(dn):
		return nil, fmt.Errorf("%w: the DN", call.ErrInvalid)
	case !call.Dialable(r.To):
		return nil, call.ErrInvalidDestination
	case r.To == dn:
		return nil, call.ErrSelfTransfer
	case !r.Elsewhere.IsZero():
		return nil, &call.BusyError{DN: dn, With: r.Elsewhere}
	case r.ConnID.IsZero() || r.SwitchCallID == "":
		return nil, fmt.Errorf("%w: it does not let a call be named before it is made", call.ErrUnsupported)
	}
	return &Order{AgentRequestMade: AgentRequestMade{DN: dn, Target: r.To, ConnID: r.ConnID}, Switch: on, SwitchCallID: r.SwitchCallID, Data: r.Data}, nil
}

// Permitted are the services that an agent could ask for now without being refused, or with nothing to be done: what a
// desktop may offer. busy and elsewhere are as in Logout and MakeCall.
func Permitted(s State, busy bool, elsewhere call.ConnID) []call.Service {
	if !s.LoggedIn {
		return []call.Service{LogsIn}
	}
	permitted := []call.Service{LogsIn, BecomesNotReady} // in more queues; for another reason
	if order, err := (Ready{}).decide(s); err == nil && order != nil {
		permitted = append(permitted, BecomesReady)
	}
	if _, err := (Logout{Busy: busy}).decide(s); err == nil {
		permitted = append(permitted, LogsOut)
	}
	if elsewhere.IsZero() {
		permitted = append(permitted, call.MakesCall)
	}
	return permitted
}

// order is that of an agent who is logged in.
func (s State) order(made AgentRequestMade) *Order {
	made.DN = s.DN
	return &Order{AgentRequestMade: made, Switch: s.Switch}
}

// readiness reports whether something is to be changed in a queue of the agent, or in any of them.
func (s State) readiness(queue string, differs func(Membership) bool) (bool, error) {
	if !s.LoggedIn {
		return false, ErrNotLoggedIn
	}
	if queue == "" {
		return slices.ContainsFunc(s.Queues, differs), nil
	}
	m, member := s.Member(queue)
	if !member {
		return false, fmt.Errorf("%w in that queue", ErrNotLoggedIn)
	}
	return differs(m), nil
}

func only(queue string) []string {
	if queue == "" {
		return nil
	}
	return []string{queue}
}
