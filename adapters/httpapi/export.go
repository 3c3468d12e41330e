package httpapi

import (
	"encoding/json"
	"net/http"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections/audit"
	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
)

// exports are the formats in which a call can be taken out of the log, and what of a record each prints.
var exports = map[string]struct {
	contentType string
	form        func(eventlog.Record) any
}{
	"jsonl":       {"application/jsonl", func(r eventlog.Record) any { return audit.FromRecord(r) }},
	"cloudevents": {"application/cloudevents+jsonl", func(r eventlog.Record) any { return audit.ToCloudEvent(r) }},
	"facts":       {"application/jsonl", func(r eventlog.Record) any { return audit.FromRecord(r) }},
	"feature":     {"text/plain; charset=utf-8", nil},
}

func (s *Server) registerExport(mux *http.ServeMux, api huma.API) {
	format := &huma.Schema{Type: huma.TypeString, Enum: []any{"jsonl", "cloudevents", "feature", "facts"}, Default: "jsonl"}
	text := &huma.Schema{Type: huma.TypeString}
	op := huma.Operation{
		OperationID: "exportCall", Method: http.MethodGet, Path: "/v1/calls/{connId}/export", Tags: []string{tagCalls},
		Summary: "A call, with all that belongs to its conversation, to be taken away",
		Description: "`jsonl` and `cloudevents` are the events, one on a line, as they are. `feature` is a scenario of what the call's record and " +
			"story say, and `facts` the events for it, both with other names and numbers.",
		Parameters: []*huma.Param{
			{Name: "connId", In: "path", Required: true, Description: "The call's connection ID", Schema: text},
			{Name: "format", In: "query", Description: "In which form", Schema: format},
			{Name: "name", In: "query", Description: "With `feature`: the name of the file that will have the facts, without .jsonl", Schema: text},
			{Name: "actor", In: "query", Description: "Who takes it: agent:1001. It is written into the log first", Schema: text},
		},
		Responses: problemResponses(api, http.StatusNotFound, http.StatusUnprocessableEntity),
	}
	op.Responses["200"] = &huma.Response{Description: "The call", Content: map[string]*huma.MediaType{}}
	for _, each := range exports {
		op.Responses["200"].Content[each.contentType] = &huma.MediaType{Schema: text}
	}
	api.OpenAPI().AddOperation(&op)
	mux.HandleFunc("GET /v1/calls/{connId}/export", s.exportCall)
}

func (s *Server) exportCall(w http.ResponseWriter, r *http.Request) {
	if err := s.export(w, r); err != nil {
		s.fail(w, r, *s.problemOf(r.Context(), err))
	}
}

func (s *Server) export(w http.ResponseWriter, r *http.Request) error {
	ctx, query := r.Context(), r.URL.Query()
	id, err := connID(r.PathValue("connId"))
	if err != nil {
		return err
	}
	name := query.Get("format")
	if name == "" {
		name = "jsonl"
	}
	format, known := exports[name]
	if !known {
		return &problem{Status: http.StatusUnprocessableEntity, Detail: "format must be jsonl, cloudevents, feature or facts"}
	}
	records, err := audit.Conversation(ctx, s.config.Log, id)
	if err != nil {
		return err
	}
	var feature string
	if name == "feature" || name == "facts" {
		disguise := audit.NewDisguise()
		if records, err = disguise.Records(records); err != nil {
			return err
		}
		file := query.Get("name")
		if file == "" {
			file = disguise.Call(id).String()[:23]
		}
		if feature, err = audit.Feature(file, disguise.Call(id), records); err != nil {
			return err
		}
	}
	if err := s.config.Audit.Viewed(ctx, actorOf(ctx), access.CallExported{ConnID: id, Format: name, View: uuid.NewString()}); err != nil {
		return err
	}
	w.Header().Set("Content-Type", format.contentType)
	if name == "feature" {
		_, _ = w.Write([]byte(feature)) // an error means that the client has left, here and below
		return nil
	}
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	for _, each := range records {
		if lines.Encode(format.form(each)) != nil {
			return nil
		}
	}
	return nil
}
