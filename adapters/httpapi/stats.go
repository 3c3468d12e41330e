package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/projections/statistics"
	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
)

func (s *Server) registerStats(api huma.API) {
	operation(s, api, huma.Operation{
		OperationID: "getStats", Method: http.MethodGet, Path: "/v1/stats", Tags: []string{tagCalls},
		Summary: "Numbers of queues and agents",
		Description: "For a range of time, whole or by interval, made anew from the call records with each request. docs/statistics.md defines every " +
			"number; `explain` opens one to the calls and events behind it.",
	}, s.getStats, http.StatusUnprocessableEntity)
}

type statsRequest struct {
	From     time.Time `query:"from" doc:"Begin of the range (RFC 3339); that of the history by default" example:"2026-11-23T00:00:00Z"`
	To       time.Time `query:"to" doc:"Its end, which is not part of it; now by default" example:"2026-11-24T00:00:00Z"`
	Interval string    `query:"interval" maxLength:"40" doc:"Numbers for each 15m, hour, day or another duration that divides a day; the whole range by default" example:"15m"`
	Zone     string    `query:"tz" maxLength:"60" default:"UTC" doc:"Time zone of the IANA database by whose clocks days and intervals begin" example:"Europe/Berlin"`
	Queue    string    `query:"queue" maxLength:"200" doc:"Of this queue only"`
	Agent    string    `query:"agent" maxLength:"200" doc:"Of this agent only"`
	Of       string    `query:"of" enum:"queue,agent" doc:"Numbers of queues only, or of agents only; of both by default"`
	Target   string    `query:"target" maxLength:"40" default:"20s" doc:"Target of the service level"`
	Short    string    `query:"short" maxLength:"40" default:"5s" doc:"Abandoned before this is a short abandon"`
	Explain  string    `query:"explain" maxLength:"40" doc:"Open this number, by its name, to the facts behind it" example:"abandoned"`
	Limit    int       `query:"limit" minimum:"1" maximum:"10000" default:"1000" doc:"Explain by so many facts at most"`
}

type statsAnswer struct {
	Body statistics.Report
}

func (s *Server) getStats(ctx context.Context, in *statsRequest) (*statsAnswer, error) {
	interval, err := statistics.ParseInterval(in.Interval)
	if err != nil {
		return nil, err
	}
	zone, err := statistics.ParseZone(in.Zone)
	if err != nil {
		return nil, err
	}
	definition, err := statistics.ParseDefinition(in.Target, in.Short)
	if err != nil {
		return nil, err
	}
	report, err := statistics.Of(ctx, s.config.Facts, statistics.Query{
		Definition: definition, From: in.From, To: in.To, Now: s.config.Now(), Interval: interval, Zone: zone,
		Queue: in.Queue, Agent: in.Agent, Of: statistics.Subject(in.Of), Explain: in.Explain, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	if in.Explain != "" {
		query := queryOf(ctx, in)
		explained := access.NumberExplained{Number: in.Explain, Query: written(query), View: uuid.NewString()}
		if err := s.looked(ctx, in.Explain+" "+query, explained); err != nil {
			return nil, err
		}
	}
	return &statsAnswer{report}, nil
}
