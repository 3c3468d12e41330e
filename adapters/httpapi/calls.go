package httpapi

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/projections/history"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"
)

// registerCallSearch registers what looks for calls in the history.
func (s *Server) registerCallSearch(api huma.API) {
	operation(s, api, huma.Operation{
		OperationID: "listCalls", Method: http.MethodGet, Path: "/v1/calls", Tags: []string{tagCalls},
		Summary: "Call records",
		Description: "The newest first. Filters add up: a call has to satisfy each that is given. Where there are more than `limit`, " +
			"`next` is what to give as `after` for the next page.",
	}, s.listCalls, http.StatusUnprocessableEntity)
	operation(s, api, huma.Operation{
		OperationID: "exportCalls", Method: http.MethodGet, Path: "/v1/calls/export", Tags: []string{tagCalls},
		Summary:     "Call records as a file",
		Description: "All that the filters let through, the newest first, as CSV or as JSON lines.",
		Responses: map[string]*huma.Response{"200": {Description: "The records", Content: map[string]*huma.MediaType{
			"application/jsonl": {Schema: &huma.Schema{Type: huma.TypeString}}, "text/csv": {Schema: &huma.Schema{Type: huma.TypeString}},
		}}},
	}, s.exportCalls, http.StatusUnprocessableEntity)
}

// CallFilter is what a history.Filter is in a query. It is exported for huma, which passes over what is not.
type CallFilter struct {
	From         time.Time       `query:"from" doc:"Started at this moment or later (RFC 3339)" example:"2026-11-23T00:00:00Z"`
	To           time.Time       `query:"to" doc:"Started before this moment (RFC 3339)" example:"2026-11-24T00:00:00Z"`
	Type         call.Type       `query:"type" doc:"The kind of call" enum:"inbound,outbound,internal,consult"`
	ANI          string          `query:"ani" maxLength:"200" doc:"The caller's number"`
	DNIS         string          `query:"dnis" maxLength:"200" doc:"The number that was called"`
	Agent        string          `query:"agent" maxLength:"200" doc:"An agent to whom the call was offered"`
	Queue        string          `query:"queue" maxLength:"200" doc:"A queue in which the call waited"`
	Outcome      history.Outcome `query:"outcome" doc:"How the call turned out" enum:"answered,abandoned,busy,noAnswer,failed,other"`
	Switch       string          `query:"switch" maxLength:"200" doc:"Our name of the switch"`
	UserData     []string        `query:"userData,explode" maxItems:"20" doc:"An entry of the user data, key=value; each that is given" example:"[\"account=100200\"]"`
	Text         string          `query:"text" maxLength:"1000" doc:"Words in the user data, all of them; \"two words\" are a phrase, begin* is a beginning"`
	MinDuration  string          `query:"minDuration" maxLength:"40" doc:"Lasted so long or longer" example:"1m30s"`
	MaxDuration  string          `query:"maxDuration" maxLength:"40" doc:"Lasted so long or shorter" example:"5m"`
	Conversation string          `query:"conversation" maxLength:"40" doc:"A call's connection ID: all calls of the same conversation"`
	After        string          `query:"after" maxLength:"400" doc:"Go on where an earlier page ended: its next"`
}

func (f CallFilter) filter(limit int) (filter history.Filter, err error) {
	filter = history.Filter{
		From: f.From, To: f.To, Type: f.Type, ANI: f.ANI, DNIS: f.DNIS, Agent: f.Agent, Queue: f.Queue, Outcome: f.Outcome, Switch: f.Switch,
		Text: f.Text, Newest: true, Limit: limit,
	}
	var parts [5]error
	filter.UserData, parts[0] = history.ParsePairs(f.UserData)
	filter.After, parts[1] = history.ParseCursor(f.After)
	filter.MinDuration, parts[2] = duration("minDuration", f.MinDuration)
	filter.MaxDuration, parts[3] = duration("maxDuration", f.MaxDuration)
	if f.Conversation != "" {
		filter.Conversation, parts[4] = connID(f.Conversation)
	}
	if err := errors.Join(parts[:]...); err != nil {
		return filter, err
	}
	return filter, filter.Check()
}

func duration(name, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, &problem{Status: http.StatusUnprocessableEntity, Detail: fmt.Sprintf("%s is not a duration such as 90s or 1m30s", name)}
	}
	return d, nil
}

type callsRequest struct {
	CallFilter
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many records at most"`
}

type callsAnswer struct {
	Body callList
}

type callList struct {
	Calls []history.Record `json:"calls" doc:"The newest first"`
	Next  string           `json:"next,omitempty" doc:"Where the next page begins; absent when this is the last"`
}

func (s *Server) listCalls(ctx context.Context, in *callsRequest) (*callsAnswer, error) {
	filter, err := in.filter(in.Limit + 1) // one more, to know whether there is more
	if err != nil {
		return nil, err
	}
	records, err := s.config.History.Calls(ctx, filter)
	if err != nil {
		return nil, err
	}
	query := queryOf(ctx, in)
	if err := s.looked(ctx, query, access.CallsSearched{Query: written(query), View: uuid.NewString()}); err != nil {
		return nil, err
	}
	list := callList{Calls: present(records)}
	if len(records) > in.Limit {
		list.Calls = records[:in.Limit]
		list.Next = history.CursorOf(records[in.Limit-1]).String()
	}
	return &callsAnswer{list}, nil
}

type exportRequest struct {
	CallFilter
	Format string `query:"format" enum:"csv,jsonl" default:"csv" doc:"As CSV with a heading, in which what a spreadsheet would take for a formula has an apostrophe before it, or as JSON lines"`
}

func (s *Server) exportCalls(ctx context.Context, in *exportRequest) (*huma.StreamResponse, error) {
	filter, err := in.filter(0)
	if err != nil {
		return nil, err
	}
	next, stop := iter.Pull2(history.Each(ctx, s.config.History, filter))
	first, err, found := next() // what is wrong is told before the answer has begun
	if err != nil {
		stop()
		return nil, err
	}
	if err := s.config.Audit.Viewed(ctx, actorOf(ctx), access.CallsSearched{Query: written(queryOf(ctx, in)), Format: in.Format, View: uuid.NewString()}); err != nil {
		stop()
		return nil, err
	}
	return &huma.StreamResponse{Body: func(answer huma.Context) {
		defer stop()
		_, w := humago.Unwrap(answer)
		out := bufio.NewWriterSize(&patient{w, http.NewResponseController(w), s.config.Patience}, 1<<15)
		writer, kind := history.NewCSVWriter(out), "text/csv; charset=utf-8"
		if in.Format == "jsonl" {
			writer, kind = history.NewJSONLinesWriter(out), "application/jsonl"
		}
		answer.SetHeader("Content-Type", kind)
		answer.SetHeader("Content-Disposition", `attachment; filename="calls.`+in.Format+`"`)
		for r, err := first, error(nil); found; r, err, found = next() {
			if err == nil {
				err = writer.Write(r)
			}
			if err != nil {
				s.broken(answer.Context(), err)
			}
		}
		if err := cmp.Or(writer.Close(), out.Flush()); err != nil {
			s.broken(answer.Context(), err)
		}
	}}, nil
}

// patient is an answer that may take as long as it likes, but not each part of it.
type patient struct {
	http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration
}

func (p *patient) Write(part []byte) (int, error) {
	if err := p.control.SetWriteDeadline(time.Now().Add(p.patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return p.ResponseWriter.Write(part)
}

// broken cuts an answer that cannot be completed, so that nobody takes what there is for all of it.
func (s *Server) broken(ctx context.Context, err error) {
	if ctx.Err() == nil {
		s.config.Logger.Error("answer broken off", "err", err, "request", requestID(ctx))
	}
	panic(http.ErrAbortHandler)
}
