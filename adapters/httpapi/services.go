package httpapi

import (
	"context"
	"net/http"
	"slices"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/projections/floor"
	"github.com/danielgtaylor/huma/v2"
)

func (s *Server) registerServices(api huma.API) {
	operation(s, api, huma.Operation{
		OperationID: "listPermittedServices", Method: http.MethodGet, Path: "/v1/agents/{id}/services", Tags: []string{tagAgents},
		Summary: "What an agent may ask now",
		Description: "What would not be refused as things stand in the log, if it were asked by who asks this: of the agent's session and of each call at his desktop, " +
			"also of the call that his after-call work is about. Who only sees may ask nothing. It is for a desktop that offers what can be done: ask again whenever the agent's stream tells of a change. " +
			"A destination can still be wrong, and the switch may refuse.",
	}, s.listServices)
}

type servicesRequest struct {
	ID string `path:"id" maxLength:"200" example:"1001" doc:"The agent's id"`
}

type servicesAnswer struct {
	Body services
}

type services struct {
	Agent    []call.Service                 `json:"agent" nullable:"false" doc:"What may be asked of the agent's session: login, logout, ready, notReady, makeCall"`
	Calls    map[call.ConnID][]call.Service `json:"calls" doc:"What may be asked of each call, by connection ID"`
	Switches []string                       `json:"switches" nullable:"false" doc:"The switches at which an agent can log in"`
	Queues   []string                       `json:"queues" nullable:"false" doc:"The queues there are, for a login"`
}

func (s *Server) listServices(ctx context.Context, in *servicesRequest) (*servicesAnswer, error) {
	desktop, _ := s.config.Floor.Agent(in.ID) // of an agent whom nobody has seen: logged out
	who := &circumstances{by: call.By{DN: desktop.Agent.DN}, agent: in.ID, floor: s.config.Floor}
	session, err := s.config.States.Agent(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	body := services{Calls: map[call.ConnID][]call.Service{}, Switches: []string{}, Queues: []string{}}
	switches, queues := s.config.Floor.Outline()
	for _, each := range switches {
		if s.config.Commands.Can(each, agent.LogsIn) {
			body.Switches = append(body.Switches, each)
		}
	}
	body.Queues = append(body.Queues, queues...)
	body.Agent = s.able(ctx, session.Switch, agent.Permitted(session, who.busy(), who.elsewhere()))
	if !session.LoggedIn && len(body.Switches) > 0 && s.mayAsk(ctx, agent.LogsIn) {
		body.Agent = []call.Service{agent.LogsIn}
	}
	for _, id := range atDesktop(desktop) {
		if body.Calls[id], err = s.permitted(ctx, id, who); err != nil {
			return nil, err
		}
	}
	return &servicesAnswer{body}, nil
}

// atDesktop are the calls that an agent has to do with now, also the one that his after-call work is about.
func atDesktop(d floor.Desktop) []call.ConnID {
	ids := slices.Clone(d.Agent.Calls)
	if !d.Agent.ACW.IsZero() {
		ids = append(ids, d.Agent.ACW)
	}
	return ids
}

// permitted is what may be asked of a call from a device.
func (s *Server) permitted(ctx context.Context, id call.ConnID, from *circumstances) ([]call.Service, error) {
	state, err := s.config.States.Call(ctx, id)
	if err != nil {
		return nil, err
	}
	var consult call.State
	if other := call.Consulting(state, from.by); !other.IsZero() {
		if consult, err = s.config.States.Call(ctx, other); err != nil {
			return nil, err
		}
	}
	here := *from
	here.call = id
	return s.able(ctx, state.Switch, call.Permitted(state, from.by, consult, here.elsewhere())), nil
}

// able are the services for which a switch has the means, and who asks the right.
func (s *Server) able(ctx context.Context, switchName string, permitted []call.Service) []call.Service {
	able := []call.Service{}
	for _, service := range permitted {
		if s.mayAsk(ctx, service) && s.config.Commands.Can(switchName, service) {
			able = append(able, service)
		}
	}
	return able
}
