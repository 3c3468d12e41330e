package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections"
	"github.com/danielgtaylor/huma/v2"
)

func (s *Server) registerProjections(api huma.API) {
	operation(s, api, huma.Operation{
		OperationID: "listProjections", Method: http.MethodGet, Path: "/v1/projections", Tags: []string{tagOperation},
		Summary:     "How far the read models have come",
		Description: "Each follows the log at its own pace. One that met an event that it cannot take in has stopped there, and says how to go on; the others go on.",
	}, s.listProjections)
}

type projectionsAnswer struct {
	Body projectionList
}

type projectionList struct {
	Began       time.Time   `json:"began,omitzero" doc:"When the first thing happened of which the log tells, on its switch's clock; absent while there is nothing"`
	Projections []readModel `json:"projections"`
}

// readModel is how far a projection has come.
type readModel struct {
	Name     string            `json:"name" example:"history"`
	Version  int               `json:"version,omitempty" doc:"Of what it tells and how it is kept; one of another version is made anew"`
	Position eventlog.Position `json:"position" doc:"Of the last event that it has taken in"`
	Lag      uint64            `json:"lag" doc:"How many positions the log is ahead"`
	Rate     float64           `json:"rate" doc:"Events a second, over the last ten seconds"`
	Live     bool              `json:"live" doc:"Has caught up with the log since the start"`
	Stopped  *stopped          `json:"stopped,omitempty" doc:"Present when it is not kept up to date any more"`
}

// stopped is why a projection has stopped.
type stopped struct {
	Reason   string            `json:"reason"`
	Position eventlog.Position `json:"position,omitempty" doc:"Of the event that it could not take in"`
	Stream   eventlog.Stream   `json:"stream,omitempty" doc:"On which that event is"`
	HowToGo  string            `json:"howToGoOn" doc:"What to do"`
}

func (s *Server) listProjections(ctx context.Context, _ *struct{}) (*projectionsAnswer, error) {
	began, err := s.config.Past.Began(ctx)
	if err != nil {
		return nil, err
	}
	list := projectionList{Began: began, Projections: []readModel{}}
	if s.config.Projections == nil {
		return &projectionsAnswer{list}, nil
	}
	all, err := s.config.Projections.Progress(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		model := readModel{Name: p.Name, Version: p.Version, Position: p.Position, Lag: uint64(p.End - p.Position), Rate: p.Rate, Live: p.Live}
		if p.Err != nil {
			model.Stopped = &stopped{Reason: p.Err.Error(), HowToGo: "see the reason; the projection goes on where it stopped when callstate is started again"}
			if poison, ok := errors.AsType[*projections.PoisonError](p.Err); ok {
				model.Stopped.Position, model.Stopped.Stream, model.Stopped.HowToGo = poison.Position, poison.Stream, poison.Advice()
			}
		}
		list.Projections = append(list.Projections, model)
	}
	return &projectionsAnswer{list}, nil
}
