package httpapi

import (
	"context"
	"net/http"

	"github.com/callstate/callstate/projections/floor"
)

// Tracing tells what becomes of requests and where frames come from: tracing.Tracing.
type Tracing interface {
	// Request begins what a client asks to be done; what it leads to is done in the returned context. pattern is that of the
	// mux. The returned function ends it.
	Request(ctx context.Context, header http.Header, pattern string) (traced context.Context, answered func(status int))
	// Frame begins the writing of a frame that tells of an event recorded in a trace, or in none. The returned function ends
	// it.
	Frame(traceparent string) (written func(error))
}

// serve has a mux answer a request that may be answered. What only looks is not traced.
func (s *Server) serve(mux *http.ServeMux, w http.ResponseWriter, r *http.Request, pattern string) {
	if s.config.Tracing == nil || r.Method == http.MethodGet || r.Method == http.MethodHead {
		mux.ServeHTTP(w, r) // not the handler of the pattern: the mux also sets the path values
		return
	}
	ctx, answered := s.config.Tracing.Request(r.Context(), r.Header, pattern)
	answer := &answer{ResponseWriter: w}
	defer func() { answered(answer.status) }()
	mux.ServeHTTP(answer, r.WithContext(ctx))
}

// sendTo writes a frame to a client of a live feed.
func (s *Server) sendTo(feed *feed, frame floor.Frame) error {
	if s.config.Tracing == nil {
		return feed.send(frame)
	}
	written := s.config.Tracing.Frame(frame.Traceparent)
	err := feed.send(frame)
	written(err)
	return err
}
