package httpapi

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/floor"
	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
)

// Commands is where requests go that switches do: an engine.Engine with its executors. What an error means, package call
// says; that nothing is returned means that it is durable that it was asked, and that the switch has taken it.
type Commands interface {
	Command(ctx context.Context, id call.ConnID, r call.Request) error
	CommandAgent(ctx context.Context, id string, r agent.Request) error
	MakeCall(ctx context.Context, id string, r agent.MakeCall) (call.ConnID, error)
	// Can reports whether there are means to do it where a switch is needed for it, whatever the state of a call.
	Can(switchName string, service call.Service) bool
}

// callCommand is a request about a call. Huma passes over a body that is not there only where it is a pointer.
type callCommand[B any] struct {
	ConnID string `path:"connId" format:"uuid" example:"019d1f2e-6a00-8a3c-9f53-0b1b6a2f6a55" doc:"The call's connection ID"`
	CommandKey
	Body *B `required:"false"`
}

type agentCommand[B any] struct {
	ID string `path:"id" maxLength:"200" example:"1001" doc:"The agent's id"`
	CommandKey
	Body *B `required:"false"`
}

// CommandKey is what makes a command one that acts once.
type CommandKey struct {
	Key string `header:"Idempotency-Key" maxLength:"128" example:"crm-77" doc:"The command's id, chosen by who asks: the same one acts once, however often it comes, and has the same outcome. Absent: one is chosen here"`
}

type receiptAnswer struct {
	Body receipt
}

// receipt says where in the log it stands that something was asked.
type receipt struct {
	Position  eventlog.Position `json:"position" example:"4711" doc:"Of the request in the log: a client's view has it once its feed has passed this"`
	EventID   string            `json:"eventId,omitempty" doc:"The request's event; absent where all was so already and nothing had to be done"`
	CommandID string            `json:"commandId,omitempty" doc:"What the command is known by"`
	ConnID    call.ConnID       `json:"connId,omitzero" doc:"Of the call that is being made"`
}

func registerCallCommand[B interface{ asked() Asking }](s *Server, api huma.API, op huma.Operation, request func(*circumstances, B) call.Request) {
	operation(s, api, op, func(ctx context.Context, in *callCommand[B]) (*receiptAnswer, error) {
		id, err := connID(in.ConnID)
		if err != nil {
			return nil, err
		}
		body := orZero(in.Body)
		c, err := s.circumstances(ctx, body.asked(), in.Key, false)
		if err != nil {
			return nil, err
		}
		c.call = id
		ctx, cancel := underWay(ctx)
		defer cancel()
		if err := s.config.Commands.Command(ctx, id, request(c, body)); err != nil {
			return nil, err
		}
		return s.receipt(ctx, wire.CallStream(id), c.by, call.ConnID{})
	}, refusals...)
}

func registerAgentCommand[B interface{ asked() Asking }](s *Server, api huma.API, op huma.Operation, request func(*circumstances, B) agent.Request) {
	operation(s, api, op, func(ctx context.Context, in *agentCommand[B]) (*receiptAnswer, error) {
		body := orZero(in.Body)
		asking := body.asked()
		asking.Actor = cmp.Or(asking.Actor, "agent:"+in.ID)
		c, err := s.circumstances(ctx, asking, in.Key, op.OperationID == "logIn")
		if err != nil {
			return nil, err
		}
		c.agent = in.ID
		ctx, cancel := underWay(ctx)
		defer cancel()
		var made call.ConnID
		switch r := request(c, body).(type) {
		case agent.MakeCall:
			made, err = s.config.Commands.MakeCall(ctx, in.ID, r)
		default:
			err = s.config.Commands.CommandAgent(ctx, in.ID, r)
		}
		if err != nil {
			return nil, err
		}
		return s.receipt(ctx, wire.AgentStream(in.ID), c.by, made)
	}, refusals...)
}

// refusals are the statuses of what is not done.
var refusals = []int{
	http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusGone, http.StatusUnprocessableEntity, http.StatusNotImplemented,
	http.StatusServiceUnavailable, http.StatusGatewayTimeout,
}

func orZero[B any](body *B) (b B) {
	if body != nil {
		b = *body
	}
	return b
}

// underWay is the context of what a client that leaves, or a server that stops, does not take back.
func underWay(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), appendTimeout)
}

// circumstances are who asks, and what only the whole floor knows of him.
type circumstances struct {
	by    call.By
	call  call.ConnID // that it is about
	agent string      // whom it is about
	floor Floor
}

// circumstances says who asks. Times are cut to what every store keeps. An agent acts from the device where he is logged in
// and from no other; only with anyDevice may he name it.
func (s *Server) circumstances(ctx context.Context, a Asking, key string, anyDevice bool) (*circumstances, error) {
	if who, ok := subjectOf(ctx); ok {
		a.Actor = who.Name
		if who.Role == RoleAgent && !anyDevice {
			dn := ""
			if desktop, known := s.config.Floor.Agent(who.Agent); known && desktop.Agent.State != floor.LoggedOut {
				dn = desktop.Agent.DN
			}
			a.DN = cmp.Or(a.DN, dn)
			if a.DN != dn || dn == "" && a.Party != "" {
				return nil, errNotHisDevice
			}
		}
	}
	if a.Actor == "" {
		return nil, &problem{Status: http.StatusUnprocessableEntity, Detail: "actor is missing: who asks"}
	}
	return &circumstances{
		by: call.By{
			At: s.config.Now().UTC().Truncate(time.Microsecond), Actor: a.Actor, ID: cmp.Or(key, uuid.NewString()), DN: a.DN, Party: call.PartyID(a.Party),
		},
		floor: s.config.Floor,
	}, nil
}

// errNotHisDevice: an agent wants to act from a device at which he is not logged in.
var errNotHisDevice = errors.New("an agent acts from his own device only")

// device is where who asks sits: its switch and its DN.
func (c *circumstances) device() (on, dn string) {
	dn = c.by.DN
	if live, found := c.floor.Call(c.call); found {
		on = live.Switch
		for _, p := range live.Parties {
			if dn == "" && p.ID == c.by.Party {
				dn = p.DN
			}
		}
	}
	if desktop, known := c.floor.Agent(c.agent); known {
		on, dn = cmp.Or(on, desktop.Agent.Switch), cmp.Or(dn, desktop.Agent.DN)
	}
	return on, dn
}

// elsewhere is another call in which the device of who asks talks or dials; zero: none.
func (c *circumstances) elsewhere() call.ConnID {
	on, dn := c.device()
	if dn == "" {
		return call.ConnID{}
	}
	switches := []string{on}
	if on == "" {
		switches, _ = c.floor.Outline()
	}
	for _, each := range switches {
		for _, live := range c.floor.Seat(each, dn).Calls {
			if live.ConnID == c.call {
				continue
			}
			for _, p := range live.Parties {
				if p.DN == dn && (p.State == call.Connected || p.State == call.Initiated) {
					return live.ConnID
				}
			}
		}
	}
	return call.ConnID{}
}

// occupant is who is logged in at the device; empty: nobody.
func (c *circumstances) occupant(on string) string {
	for _, id := range c.floor.Seat(on, c.by.DN).Agents {
		if id != c.agent {
			return id
		}
	}
	return ""
}

// busy: the agent has a call of a queue.
func (c *circumstances) busy() bool {
	desktop, _ := c.floor.Agent(c.agent)
	return slices.ContainsFunc(desktop.Calls, func(live floor.Call) bool {
		return slices.ContainsFunc(live.Parties, func(p floor.Party) bool { return p.Agent == c.agent && p.Queue != "" })
	})
}

// switchOr is a switch, or the only one there is where none is named.
func (c *circumstances) switchOr(named string) string {
	if switches, _ := c.floor.Outline(); named == "" && len(switches) == 1 {
		return switches[0]
	}
	return named
}

func pairs(data map[string]string) []call.Pair {
	var list []call.Pair
	for key, value := range data {
		list = append(list, call.Pair{Key: key, Value: value})
	}
	slices.SortFunc(list, func(a, b call.Pair) int { return strings.Compare(a.Key, b.Key) })
	return list
}

// receipt finds in the log what a command has come to.
func (s *Server) receipt(ctx context.Context, stream eventlog.Stream, by call.By, made call.ConnID) (*receiptAnswer, error) {
	r := receipt{CommandID: by.ID, ConnID: made}
	for record, err := range s.newestFirst(ctx, stream) {
		if err != nil {
			return nil, err
		}
		if r.Position == 0 {
			r.Position = record.Position // where there was nothing to do: it was so here
		}
		if isRequest(record, by) {
			r.Position, r.EventID = record.Position, record.ID.String()
			break
		}
		if record.RecordedAt.Before(by.At.Add(-remembered)) {
			break
		}
	}
	if end, ok := s.config.Log.(interface {
		End(context.Context) (eventlog.Position, error)
	}); ok && r.Position == 0 { // the store does not know positions in a stream
		var err error
		if r.Position, err = end.End(ctx); err != nil {
			return nil, err
		}
	}
	return &receiptAnswer{r}, nil
}

// remembered is how far back a command is looked for: who repeats one does so soon.
const remembered = time.Hour

// isRequest: the record is what a command has come to. Without an id it is known by who asked and when.
func isRequest(r eventlog.Record, by call.By) bool {
	if by.ID == "" {
		return r.Actor == by.Actor && r.SwitchTime.Equal(by.At)
	}
	switch r.Stream.Kind() {
	case wire.Call:
		event, err := wire.DecodeCall(r)
		made, ok := event.Body.(call.RequestMade)
		return err == nil && ok && made.ID == by.ID
	case wire.Agent:
		event, err := wire.DecodeAgent(r)
		made, ok := event.Body.(agent.AgentRequestMade)
		return err == nil && ok && made.ID == by.ID
	}
	return false
}

// newestFirst are the records of a stream from its end.
func (s *Server) newestFirst(ctx context.Context, stream eventlog.Stream) iter.Seq2[eventlog.Record, error] {
	if backward, ok := s.config.Log.(eventlog.BackwardReader); ok {
		return backward.ReadStreamBackward(ctx, stream, 0)
	}
	return func(yield func(eventlog.Record, error) bool) {
		var all []eventlog.Record
		for record, err := range s.config.Log.ReadStream(ctx, stream, 1) {
			if err != nil {
				yield(eventlog.Record{}, err)
				return
			}
			all = append(all, record)
		}
		for _, record := range slices.Backward(all) {
			if !yield(record, nil) {
				return
			}
		}
	}
}

// statusOf is the status of a refusal; 0 for an error that is none.
func statusOf(err error) (int, call.Reason) {
	if !errors.Is(err, call.ErrRefused) && !errors.Is(err, call.ErrOutcomeUnknown) {
		return 0, ""
	}
	switch reason := agent.ReasonOf(err); reason {
	case "unknownCall":
		return http.StatusNotFound, reason
	case "callEnded":
		return http.StatusGone, reason
	case "userDataChanged":
		return http.StatusPreconditionFailed, reason
	case "userDataTooLarge":
		return http.StatusRequestEntityTooLarge, reason
	case "invalid", "invalidDestination", "selfTransfer", "reasonRequired":
		return http.StatusUnprocessableEntity, reason
	case "unsupported":
		return http.StatusNotImplemented, reason
	case "linkDown":
		return http.StatusServiceUnavailable, reason
	case call.OutcomeUnknown:
		return http.StatusGatewayTimeout, reason
	default:
		return http.StatusConflict, reason
	}
}
