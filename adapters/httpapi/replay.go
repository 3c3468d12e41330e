package httpapi

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"time"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/past"
	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
)

const maxSpeed = 1_000_000

// registerReplays puts the streams of the past on a mux.
func (s *Server) registerReplays(mux *http.ServeMux, api huma.API) {
	text := func(name, in, description string) *huma.Param {
		return &huma.Param{Name: name, In: in, Required: in == "path", Description: description, Schema: &huma.Schema{Type: huma.TypeString}}
	}
	speed := &huma.Param{Name: "speed", In: "query", Description: "So many times faster than it happened; 0: at once. Default 1", Schema: &huma.Schema{Type: huma.TypeNumber}}
	actor := text("actor", "query", "Who looks: agent:1001. It is written into the log before the first message is sent")
	const about = "Server-sent events of the same form as those of the live streams, at the pace at which they happened, so that a desktop can be " +
		"pointed at the past. The stream ends where the past that was asked for ends; a client that then comes back with its last id gets 204."

	describeStream(api, huma.Operation{
		OperationID: "replayCall", Method: http.MethodGet, Path: "/v1/calls/{connId}/replay",
		Summary:     "A call as it happened",
		Description: about + " The snapshot is the floor just before the call, with nobody on it; then comes what each event of the call changed.",
		Parameters:  []*huma.Param{text("connId", "path", "The call's connection ID"), speed, actor},
	}, http.StatusNotFound, http.StatusUnprocessableEntity)
	mux.HandleFunc("GET /v1/calls/{connId}/replay", s.replayCall)

	const moment = "a time on the switches' clocks (RFC 3339), or a position of the log"
	describeStream(api, huma.Operation{
		OperationID: "replayFloor", Method: http.MethodGet, Path: "/v1/replay",
		Summary:     "The floor, or an agent's desktop, as it changed between two moments",
		Description: about,
		Parameters: []*huma.Param{text("from", "query", "From this moment on: "+moment+". Absent: from the beginning of the log"),
			text("to", "query", "Up to this moment: "+moment+". Absent: to the end of the log"),
			text("agent", "query", "The desktop of this agent. Absent: the whole floor"), speed, actor},
	}, http.StatusNotFound, http.StatusUnprocessableEntity)
	mux.HandleFunc("GET /v1/replay", s.replayFloor)
}

func (s *Server) replayCall(w http.ResponseWriter, r *http.Request) {
	id, err := connID(r.PathValue("connId"))
	if err != nil {
		s.fail(w, r, *s.problemOf(r.Context(), err))
		return
	}
	s.replay(w, r, access.CallReplayed{ConnID: id, View: uuid.NewString()},
		func(ctx context.Context, after eventlog.Position) iter.Seq2[floor.Frame, error] {
			return s.config.Past.Call(ctx, id, after)
		})
}

func (s *Server) replayFloor(w http.ResponseWriter, r *http.Request) {
	what := past.Showing{Agent: r.URL.Query().Get("agent")}
	for name, moment := range map[string]*past.Moment{"from": &what.From, "to": &what.To} {
		given := r.URL.Query().Get(name)
		if given == "" {
			continue
		}
		var err error
		if *moment, err = past.ParseMoment(given); err != nil {
			s.fail(w, r, *s.problemOf(r.Context(), fmt.Errorf("%s: %w", name, err)))
			return
		}
	}
	viewed := access.FloorReplayed{From: what.From.Time, FromPosition: what.From.Position, To: what.To.Time, ToPosition: what.To.Position,
		Agent: what.Agent, View: uuid.NewString()}
	s.replay(w, r, viewed, func(ctx context.Context, after eventlog.Position) iter.Seq2[floor.Frame, error] {
		what.After = after
		return s.config.Past.Replay(ctx, what)
	})
}

// replay shows the past to one client. What is wrong with the request is answered before anything is sent, and that
// somebody looks is in the log before that.
func (s *Server) replay(w http.ResponseWriter, r *http.Request, viewed access.Body, frames func(context.Context, eventlog.Position) iter.Seq2[floor.Frame, error]) {
	ctx, cut := context.WithCancelCause(r.Context())
	defer cut(nil)
	speed, after, p := replayed(r)
	if p != nil {
		s.fail(w, r, *p)
		return
	}
	next, stop := iter.Pull2(frames(ctx, after))
	defer stop()
	var first []floor.Frame
	for range 2 { // with a snapshot alone, nothing happened
		frame, err, more := next()
		if err != nil {
			s.fail(w, r, *s.problemOf(ctx, err))
			return
		}
		if more {
			first = append(first, frame)
		}
	}
	switch {
	case after > 0 && len(first) == 0:
		w.WriteHeader(http.StatusNoContent) // which tells an EventSource not to come back
		return
	case after == 0 && len(first) < 2:
		s.fail(w, r, problem{Status: http.StatusNotFound, Detail: "nothing happened then"})
		return
	}
	if r.Method != http.MethodHead {
		if err := s.config.Audit.Viewed(ctx, actorOf(ctx), viewed); err != nil {
			s.fail(w, r, *s.problemOf(ctx, err))
			return
		}
	}
	feed := s.begin(w, r, cut)
	if feed == nil {
		return
	}
	defer feed.close()
	for frame, err := range past.Pace(ctx, rest(first, next), happened, speed) {
		if err == nil {
			err = feed.send(frame)
		}
		if err != nil {
			s.ended(ctx, feed, r, err)
			return
		}
	}
	feed.comment("closed: the past that was asked for ends here")
}

// replayed reads how fast a client wants to see the past, and from where it goes on.
func replayed(r *http.Request) (speed float64, after eventlog.Position, p *problem) {
	speed = 1
	if given := r.URL.Query().Get("speed"); given != "" {
		var err error
		if speed, err = strconv.ParseFloat(given, 64); err != nil || !(speed >= 0 && speed <= maxSpeed) {
			return 0, 0, &problem{Status: http.StatusUnprocessableEntity, Detail: fmt.Sprintf("speed must be a number from 0 to %d", maxSpeed)}
		}
	}
	following, known := resume(r)
	if !known {
		return 0, 0, &problem{Status: http.StatusUnprocessableEntity, Detail: "the position to go on from is not one of this log"}
	}
	return speed, following.After, nil
}

// rest is a sequence of which the first few are known already.
func rest(first []floor.Frame, next func() (floor.Frame, error, bool)) iter.Seq2[floor.Frame, error] {
	return func(yield func(floor.Frame, error) bool) {
		for _, frame := range first {
			if !yield(frame, nil) {
				return
			}
		}
		for frame, err, more := next(); more; frame, err, more = next() {
			if !yield(frame, err) {
				return
			}
		}
	}
}

// happened is when what a frame tells happened; a snapshot is there at once.
func happened(f floor.Frame) time.Time {
	if f.Change == nil {
		return time.Time{}
	}
	return f.Change.At
}
