package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/past"
	"github.com/callstate/callstate/projections/statistics"
	"github.com/danielgtaylor/huma/v2"
)

const (
	problemType    = "application/problem+json"
	internalDetail = "something went wrong here; the server's log tells more under the requestId"
)

// problem is an answer that says why not: problem details of RFC 9457, with the reference of the request.
type problem struct {
	Title     string `json:"title" example:"Not Found" doc:"The status in words"`
	Status    int    `json:"status" example:"404" doc:"The HTTP status"`
	Detail    string `json:"detail,omitempty" example:"there is no such call" doc:"What went wrong this time"`
	Reason    string `json:"reason,omitempty" example:"invalidCallState" doc:"Why a request was refused, in one word that does not change"`
	RequestID string `json:"requestId" example:"3b7e1b2c-7f0a-4d0b-9f53-0b1b6a2f6a55" doc:"The request's reference, as in the header X-Request-ID and in the server's log"`
	Errors    []item `json:"errors,omitempty" doc:"What is wrong with the request, item by item"`
}

// item is one thing that is wrong with a request. Unlike huma's it does not send the value back, which may be long and
// is the client's own.
type item struct {
	Message  string `json:"message" example:"expected string" doc:"What is wrong"`
	Location string `json:"location,omitempty" example:"body.set" doc:"Where"`
}

// Error makes a problem an error that handlers can return.
func (p *problem) Error() string { return p.Detail }

// GetStatus tells huma the status.
func (p *problem) GetStatus() int { return p.Status }

// ContentType tells huma the content type.
func (p *problem) ContentType(string) string { return problemType }

// fail answers with a problem.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, p problem) {
	p.Title, p.RequestID = http.StatusText(p.Status), requestID(r.Context())
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		// An error here means that the client has left: there is nobody to tell.
		_ = json.NewEncoder(w).Encode(p)
	}
}

// problemOf is the answer to an error of the engine or the read models. What is our own fault is logged here, once.
func (s *Server) problemOf(ctx context.Context, err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if status, reason := statusOf(err); status != 0 {
		return &problem{Status: status, Detail: err.Error(), Reason: string(reason)}
	}
	switch {
	case errors.Is(err, history.ErrNotFound):
		return &problem{Status: http.StatusNotFound, Detail: "there is no such call"}
	case errors.Is(err, past.ErrBefore), errors.Is(err, past.ErrAfter):
		return &problem{Status: http.StatusNotFound, Detail: err.Error()}
	case errors.Is(err, past.ErrMoment), errors.Is(err, past.ErrRange):
		return &problem{Status: http.StatusUnprocessableEntity, Detail: err.Error()}
	case errors.Is(err, history.ErrFilter), errors.Is(err, statistics.ErrQuery):
		return &problem{Status: http.StatusUnprocessableEntity, Detail: err.Error()}
	case errors.Is(err, engine.ErrBusy), ctx.Err() != nil:
		return &problem{Status: http.StatusServiceUnavailable, Detail: "not now; try again"}
	}
	s.config.Logger.Error("request failed", "err", err, "request", requestID(ctx))
	return &problem{Status: http.StatusInternalServerError, Detail: internalDetail}
}

// asProblem gives every error that leaves through huma, its own too, the form of a problem with the reference.
func asProblem(ctx huma.Context, _ string, body any) (any, error) {
	p, ok := body.(*problem)
	if model, isModel := body.(*huma.ErrorModel); isModel {
		p, ok = &problem{Status: model.Status, Detail: model.Detail}, true
		for _, each := range model.Errors {
			p.Errors = append(p.Errors, item{each.Message, each.Location})
		}
	}
	if !ok {
		return body, nil
	}
	p.Title, p.RequestID = http.StatusText(p.Status), requestID(ctx.Context())
	return p, nil
}
