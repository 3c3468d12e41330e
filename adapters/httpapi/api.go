package httpapi

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"time"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/audit"
	"github.com/callstate/callstate/projections/history"
	"github.com/danielgtaylor/huma/v2"
)

const (
	maxBody       = 256 << 10
	appendTimeout = 10 * time.Second
	pagePattern   = "GET /" // of the page and its files
)

// register puts everything that the server does on a mux.
func (s *Server) register(mux *http.ServeMux) {
	api := newDescription(mux, s.config.Version)

	operation(s, api, huma.Operation{
		OperationID: "getFloor", Method: http.MethodGet, Path: "/v1/floor", Tags: []string{tagFloor},
		Summary:     "The floor as it is now, or was at any moment",
		Description: "Links, agents, queues and live calls, as of a position of the log.",
	}, s.getFloor, http.StatusNotFound, http.StatusUnprocessableEntity)
	operation(s, api, huma.Operation{
		OperationID: "getAgent", Method: http.MethodGet, Path: "/v1/agents/{id}", Tags: []string{tagFloor},
		Summary:     "An agent's desktop as it is now, or was at any moment",
		Description: "The agent's state and every live call in which the agent takes part, with its attached data.",
	}, s.getAgent, http.StatusNotFound, http.StatusUnprocessableEntity)
	s.registerCallSearch(api)
	s.registerStats(api)
	s.registerProjections(api)
	operation(s, api, huma.Operation{
		OperationID: "getCall", Method: http.MethodGet, Path: "/v1/calls/{connId}", Tags: []string{tagCalls},
		Summary:     "The record of one call",
		Description: "Parties, queue visits, times and attached data; also while the call goes on.",
	}, s.getCall, http.StatusNotFound, http.StatusUnprocessableEntity)
	operation(s, api, huma.Operation{
		OperationID: "listCallEvents", Method: http.MethodGet, Path: "/v1/calls/{connId}/events", Tags: []string{tagCalls},
		Summary:     "The history of one call",
		Description: "Every event of the call, in order, each with its envelope.",
	}, s.listCallEvents, http.StatusNotFound, http.StatusUnprocessableEntity)
	s.registerUserData(api)
	s.registerCommands(api)
	s.registerServices(api)

	s.stream(mux, api, huma.Operation{
		OperationID: "streamFloor", Method: http.MethodGet, Path: "/v1/floor/stream",
		Summary: "The floor as it changes",
	})
	s.stream(mux, api, huma.Operation{
		OperationID: "streamAgent", Method: http.MethodGet, Path: "/v1/agents/{id}/stream",
		Summary:    "An agent's desktop as it changes",
		Parameters: []*huma.Param{{Name: "id", In: "path", Required: true, Description: "The agent's id", Schema: &huma.Schema{Type: huma.TypeString}}},
	})

	s.registerPast(mux, api)
	s.registerSession(mux, api)

	operation(s, api, huma.Operation{
		OperationID: "isAlive", Method: http.MethodGet, Path: "/healthz", Tags: []string{tagOperation},
		Summary: "Whether the process is up",
	}, func(context.Context, *struct{}) (*healthAnswer, error) {
		return &healthAnswer{Body: health{OK: true}}, nil
	})
	operation(s, api, huma.Operation{
		OperationID: "isReady", Method: http.MethodGet, Path: "/readyz", Tags: []string{tagOperation},
		Summary:     "Whether the engine can be used",
		Description: "503, with the reasons, until the log is open and the read models are live.",
	}, s.isReady, http.StatusServiceUnavailable)

	describe(api)
	exemplify(api)
	mux.HandleFunc("GET /openapi.json", serve("application/openapi+json", api.OpenAPI()))
	mux.HandleFunc("GET /asyncapi.json", serve("application/vnd.aai.asyncapi+json;version=3.0.0", asyncAPI(api)))
	for _, beyond := range []string{"GET /v1/", "GET /v1"} { // or else the mux would send the client on from the one to the other
		mux.HandleFunc(beyond, func(w http.ResponseWriter, r *http.Request) {
			s.fail(w, r, problem{Status: http.StatusNotFound, Detail: r.URL.Path + " is not part of this API; see /openapi.json"})
		})
	}
	if s.config.Metrics != nil {
		mux.Handle("GET /metrics", s.config.Metrics)
	}
	if s.config.Page != nil {
		mux.Handle(pagePattern, s.config.Page)
	}
}

// operation registers a handler with its description, and makes a problem of every error it returns.
func operation[In, Out any](s *Server, api huma.API, op huma.Operation, handle func(context.Context, *In) (*Out, error), problems ...int) {
	described := op.Responses
	op.Responses = problemResponses(api, problems...)
	maps.Copy(op.Responses, described)
	huma.Register(api, op, func(ctx context.Context, in *In) (*Out, error) {
		out, err := handle(ctx, in)
		if who, ok := subjectOf(ctx); ok && errors.Is(err, errNotHisDevice) {
			return nil, s.deny(ctx, op.Method+" "+op.Path, "", who, err.Error())
		}
		if err != nil {
			return nil, s.problemOf(ctx, err)
		}
		return out, nil
	})
}

type callRequest struct {
	ConnID string `path:"connId" format:"uuid" example:"019d1f2e-6a00-8a3c-9f53-0b1b6a2f6a55" doc:"The call's connection ID"`
}

func connID(text string) (call.ConnID, error) {
	id, err := call.ParseConnID(text)
	if err != nil {
		return call.ConnID{}, &problem{Status: http.StatusUnprocessableEntity, Detail: err.Error()}
	}
	return id, nil
}

type callAnswer struct {
	Body history.Record
}

func (s *Server) getCall(ctx context.Context, in *callRequest) (*callAnswer, error) {
	id, err := connID(in.ConnID)
	if err != nil {
		return nil, err
	}
	record, err := s.config.History.Call(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := s.lookedAtCall(ctx, id, access.TheRecord); err != nil {
		return nil, err
	}
	return &callAnswer{record}, nil
}

type eventsAnswer struct {
	Body eventList
}

type eventList struct {
	Events []toldEvent `json:"events" doc:"In the order in which they happened"`
}

// toldEvent is an event with its envelope, and in words.
type toldEvent struct {
	audit.Event
	Text string `json:"text,omitempty" example:"agent 1001 answers for queue sales" doc:"What happened, in words; absent where this program does not know the type"`
}

func (s *Server) listCallEvents(ctx context.Context, in *callRequest) (*eventsAnswer, error) {
	id, err := connID(in.ConnID)
	if err != nil {
		return nil, err
	}
	var events []toldEvent
	var story audit.Story
	for record, err := range s.config.Log.ReadStream(ctx, wire.CallStream(id), 1) {
		if err != nil {
			return nil, err
		}
		line, err := story.Tell(record)
		if err != nil && !errors.Is(err, wire.ErrUnknown) {
			return nil, err
		}
		events = append(events, toldEvent{audit.FromRecord(record), line.Text})
	}
	if len(events) == 0 {
		return nil, call.ErrUnknownCall
	}
	if err := s.lookedAtCall(ctx, id, access.TheEvents); err != nil {
		return nil, err
	}
	return &eventsAnswer{eventList{Events: events}}, nil
}

type healthAnswer struct {
	Body health
}

type health struct {
	OK bool `json:"ok"`
}

func (s *Server) isReady(context.Context, *struct{}) (*healthAnswer, error) {
	reasons := s.config.NotReady()
	if len(reasons) == 0 {
		return &healthAnswer{Body: health{OK: true}}, nil
	}
	not := &problem{Status: http.StatusServiceUnavailable, Detail: "not ready"}
	for _, reason := range reasons {
		not.Errors = append(not.Errors, item{Message: reason})
	}
	return nil, not
}

// present is a list that is [] in JSON when it is empty, not null.
func present[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
