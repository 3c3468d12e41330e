package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/past"
	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
)

// registerPast puts on a mux what is about the past.
func (s *Server) registerPast(mux *http.ServeMux, api huma.API) {
	operation(s, api, huma.Operation{
		OperationID: "compareFloors", Method: http.MethodGet, Path: "/v1/floor/diff", Tags: []string{tagFloor},
		Summary:     "What is different on the floor between two moments",
		Description: "Links, agents, queues and calls that are not the same at both, each as it was and as it is then.",
	}, s.compareFloors, http.StatusNotFound, http.StatusUnprocessableEntity)
	s.registerReplays(mux, api)
	s.registerExport(mux, api)
}

type floorRequest struct {
	At string `query:"at" maxLength:"64" example:"2026-11-23T09:32:00Z" doc:"As it was at this moment: a time on the switches' clocks (RFC 3339), or a position of the log. Absent: now"`
}

type floorAnswer struct {
	Body floor.View
}

func (s *Server) getFloor(ctx context.Context, in *floorRequest) (*floorAnswer, error) {
	if in.At == "" {
		return &floorAnswer{s.config.Floor.View()}, nil
	}
	f, err := s.floorAt(ctx, in.At)
	if err != nil {
		return nil, err
	}
	if err := s.lookedAtFloor(ctx, f, ""); err != nil {
		return nil, err
	}
	return &floorAnswer{f.View()}, nil
}

func (s *Server) floorAt(ctx context.Context, at string) (*floor.Floor, error) {
	moment, err := past.ParseMoment(at)
	if err != nil {
		return nil, err
	}
	return s.config.Past.Floor(ctx, moment)
}

// lookedAtFloor has it written that somebody looks at the floor as it was, or at the desktop of an agent. Whoever drags a
// slider through a day looks at its hours.
func (s *Server) lookedAtFloor(ctx context.Context, f *floor.Floor, agent string) error {
	viewed := access.FloorViewed{Moment: f.View().At, Agent: agent, View: uuid.NewString()}
	hour := viewed.Moment.UTC().Truncate(time.Hour).Format(time.RFC3339)
	return s.looked(ctx, agent+" "+hour, viewed)
}

type differenceRequest struct {
	From string `query:"from" required:"true" maxLength:"64" example:"2026-11-23T09:32:00Z" doc:"A moment: a time on the switches' clocks (RFC 3339), or a position of the log"`
	To   string `query:"to" required:"true" maxLength:"64" example:"2026-11-23T09:33:00Z" doc:"The other moment"`
}

type differenceAnswer struct {
	Body floor.Difference
}

func (s *Server) compareFloors(ctx context.Context, in *differenceRequest) (*differenceAnswer, error) {
	from, err := s.floorAt(ctx, in.From)
	if err != nil {
		return nil, err
	}
	to, err := s.floorAt(ctx, in.To)
	if err != nil {
		return nil, err
	}
	for _, f := range []*floor.Floor{from, to} {
		if err := s.lookedAtFloor(ctx, f, ""); err != nil {
			return nil, err
		}
	}
	return &differenceAnswer{floor.Diff(from.View(), to.View())}, nil
}

type agentRequest struct {
	ID string `path:"id" maxLength:"200" example:"1001" doc:"The agent's id"`
	At string `query:"at" maxLength:"64" example:"2026-11-23T09:32:00Z" doc:"As it was at this moment: a time (RFC 3339), or a position of the log. Absent: now"`
}

type agentAnswer struct {
	Body floor.Desktop
}

func (s *Server) getAgent(ctx context.Context, in *agentRequest) (*agentAnswer, error) {
	find := s.config.Floor.Agent
	if in.At != "" {
		f, err := s.floorAt(ctx, in.At)
		if err != nil {
			return nil, err
		}
		if _, known := f.Agent(in.ID); known {
			if err := s.lookedAtFloor(ctx, f, in.ID); err != nil {
				return nil, err
			}
		}
		find = f.Agent
	}
	desktop, ok := find(in.ID)
	if !ok {
		return nil, &problem{Status: http.StatusNotFound, Detail: "there is no such agent"}
	}
	return &agentAnswer{desktop}, nil
}
