package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/wire"
	"github.com/google/uuid"
)

// Order is what one switch is to do, in the words of the domain: for a call or for an agent, exactly one of Do and
// DoAgent is set.
type Order struct {
	Switch string

	Call call.ConnID
	Do   *call.Order

	Agent   string
	DoAgent *agent.Order
}

// Executor has orders done by a switch. Execute returns nil when the switch has taken the order; what comes of it, its
// events tell. Otherwise the error says why: call.ErrUnsupported and call.ErrLinkDown when nothing was sent,
// call.ErrSwitchRefused when the switch said no, call.ErrOutcomeUnknown when it did not answer.
type Executor interface {
	Execute(ctx context.Context, o Order) error
}

// CallNamer is an ability of executors whose switch can be told what a call that it makes is to be called, so that its
// ConnID is known before the call is.
type CallNamer interface {
	// NameCall returns the switch's id for the call that a command makes at a moment, and when the call counts as born:
	// together they are its ConnID (call.NewConnID). The same command and moment give the same answer.
	NameCall(command string, at time.Time) (switchCallID string, born time.Time)
}

// Executors are the switches that can be asked, by name.
type Executors map[string]Executor

// Able is an ability of executors that know what they have no means for at all, whatever the state of a call.
type Able interface {
	Can(service call.Service) bool
}

// Can reports whether there are means to do what is asked on a switch; what needs no switch can always be done.
func (x Executors) Can(switchName string, service call.Service) bool {
	switch service {
	case call.ChangesUserData, call.SetsDisposition, call.AddsNote:
		return true
	}
	executor, ok := x[switchName]
	if !ok {
		return false
	}
	if _, names := executor.(CallNamer); service == call.MakesCall && !names {
		return false
	}
	able, knows := executor.(Able)
	return !knows || able.Can(service)
}

// Request does what is asked of a call, or says why not (call.ErrRefused). It returns the events by which it is done,
// durable; none when there was nothing to do. What only a switch can do is refused: see Command.
func (e *Engine) Request(ctx context.Context, id call.ConnID, r call.Request) ([]call.Event, error) {
	events, _, err := e.grant(ctx, nil, id, r)
	return events, err
}

// Command does what is asked of a call and has the switch do its part. That it was asked is durable before the switch is
// told, and so is a refusal, whoever refuses, before Command returns it.
//
// A command is executed once at the most. The same command id again, here or at another engine, is not executed again: it
// returns the same refusal, or nil when none is recorded, also while the first is under way and where an engine stopped
// before it had told the switch. Nil says that it was asked; that it was done, only the switch's events say.
func (e *Engine) Command(ctx context.Context, executors Executors, id call.ConnID, r call.Request) error {
	_, order, err := e.grant(ctx, executors, id, r)
	if err != nil || order == nil {
		return err
	}
	return e.execute(ctx, executors, *order, func(ctx context.Context, b *batch, failure error) error {
		entry, err := e.open(ctx, b, wire.CallStream(id))
		if err != nil {
			return err
		}
		e.addCall(entry, call.Refused(entry.call, r, failure))
		return nil
	})
}

// CommandAgent is Command for what an agent asks.
func (e *Engine) CommandAgent(ctx context.Context, executors Executors, id string, r agent.Request) error {
	order, _, err := e.grantAgent(ctx, executors, id, r)
	if err != nil || order == nil {
		return err
	}
	return e.execute(ctx, executors, *order, func(ctx context.Context, b *batch, failure error) error {
		entry, err := e.open(ctx, b, wire.AgentStream(id))
		if err != nil {
			return err
		}
		e.addAgent(entry, agent.Refused(entry.agent, r, failure))
		return nil
	})
}

// MakeCall has an agent's device call a number. It returns the ConnID that the call will have; with the same command id
// that of the call that was made then.
func (e *Engine) MakeCall(ctx context.Context, executors Executors, id string, r agent.MakeCall) (call.ConnID, error) {
	state, err := e.Agent(ctx, id)
	if err != nil {
		return call.ConnID{}, err
	}
	if r.Switch == "" && state.LoggedIn {
		r.Switch = state.Switch
	}
	if namer, ok := executors[r.Switch].(CallNamer); ok {
		var born time.Time
		r.SwitchCallID, born = namer.NameCall(r.By.ID, r.By.At)
		r.ConnID = call.NewConnID(born, r.Switch, r.SwitchCallID)
	}
	if err := e.CommandAgent(ctx, executors, id, r); err != nil {
		return call.ConnID{}, err
	}
	if state, err = e.Agent(ctx, id); err != nil {
		return call.ConnID{}, err
	}
	asked, _ := state.Request(r.By.ID)
	return asked.ConnID, nil
}

// Agent returns the present state of an agent's session; its zero value when nobody has seen the agent.
func (e *Engine) Agent(ctx context.Context, id string) (agent.State, error) {
	entry, err := e.open(ctx, newBatch(), wire.AgentStream(id))
	if err != nil {
		return agent.State{}, err
	}
	return entry.agent, nil
}

// grant decides a request and makes what it decided durable: the events of what is done, or the refusal.
func (e *Engine) grant(ctx context.Context, executors Executors, id call.ConnID, r call.Request) (events []call.Event, order *Order, refused error) {
	r = maskedRequest(r)
	err := e.settle(ctx, func(b *batch) error {
		entry, err := e.open(ctx, b, wire.CallStream(id))
		if err != nil {
			return err
		}
		asked, err := e.informed(ctx, b, entry.call, r)
		if err != nil {
			return err
		}
		var do *call.Order
		events, do, refused = call.Grant(entry.call, asked)
		if order = nil; do != nil {
			order = &Order{Switch: entry.call.Switch, Call: id, Do: do}
			do.Attempt = uuid.NewString()
			events[0].Body = do.RequestMade
			if executors[order.Switch] == nil {
				events, order, refused = nil, nil, unreachable(entry.call.Switch)
			}
		}
		if refused != nil {
			e.addCall(entry, call.Refused(entry.call, r, refused))
			return nil
		}
		e.addCall(entry, events)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return events, order, refused
}

func (e *Engine) grantAgent(ctx context.Context, executors Executors, id string, r agent.Request) (order *Order, events []agent.Event, refused error) {
	r = maskedAgentRequest(r)
	err := e.settle(ctx, func(b *batch) error {
		entry, err := e.open(ctx, b, wire.AgentStream(id))
		if err != nil {
			return err
		}
		var do *agent.Order
		events, do, refused = agent.Decide(entry.agent, r)
		if order = nil; do != nil {
			order = &Order{Switch: do.Switch, Agent: id, DoAgent: do}
			do.Attempt = uuid.NewString()
			events[0].Body = do.AgentRequestMade
			if executors[order.Switch] == nil {
				events, order, refused = nil, nil, unreachable(do.Switch)
			}
		}
		if refused != nil {
			events = agent.Refused(entry.agent, r, refused)
		}
		e.addAgent(entry, events)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return order, events, refused
}

func unreachable(switchName string) error {
	return fmt.Errorf("%w: this engine has no way to ask switch %q", call.ErrUnsupported, switchName)
}

// informed is a request with what only another call knows.
func (e *Engine) informed(ctx context.Context, b *batch, s call.State, r call.Request) (call.Request, error) {
	consult := call.AboutConsult(s, r)
	if consult.IsZero() {
		return r, nil
	}
	entry, err := e.open(ctx, b, wire.CallStream(consult))
	if err != nil {
		return nil, err
	}
	return call.Informed(r, entry.call), nil
}

// execute has an order done. Where it is not, refuse adds that to a batch, which is made durable also when ctx has ended
// meanwhile.
func (e *Engine) execute(ctx context.Context, executors Executors, o Order, refuse func(context.Context, *batch, error) error) error {
	failure := executors[o.Switch].Execute(ctx, o)
	if failure == nil {
		return nil
	}
	failure = maskedError{failure}
	ctx = context.WithoutCancel(ctx)
	if err := e.settle(ctx, func(b *batch) error { return refuse(ctx, b, failure) }); err != nil {
		return errors.Join(failure, err)
	}
	return failure
}

// settle decides until what was decided is durable: again whenever another writer was faster.
func (e *Engine) settle(ctx context.Context, decide func(*batch) error) error {
	for range maxAttempts {
		b := newBatch()
		if err := decide(b); err != nil {
			return err
		}
		conflicts, err := e.append(ctx, b)
		if err != nil {
			return err
		}
		if len(conflicts) == 0 {
			return nil
		}
	}
	return fmt.Errorf("request: %w", ErrBusy)
}

func (e *Engine) addAgent(entry *entry, events []agent.Event) {
	for _, event := range events {
		event = maskedAgent(event)
		entry.add(e.now(), wire.EncodeAgent(entry.stream, entry.next(), event))
		entry.agent = agent.Evolve(entry.agent, event)
	}
}
