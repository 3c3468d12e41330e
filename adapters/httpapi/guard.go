package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"
)

const (
	requestIDHeader = "X-Request-ID"
	maxRequestID    = 128
)

type requestIDKey struct{}

// requestID is the reference of the request in whose context we are.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// acceptable says whether a request's own reference can be used: it goes into the log and into a header.
func acceptable(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for _, c := range []byte(id) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// guarded puts before a mux what holds for every request: its reference, the checks on where it comes from, the
// headers that every answer has, and an answer when all else fails.
func (s *Server) guarded(mux *http.ServeMux) http.Handler {
	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var who Subject
		if s.config.Auth != nil {
			who, _ = s.subject(r.Context(), credentials(r)) // of whom a browser sends the cookie along, if it does
		}
		_, pattern := mux.Handler(r)
		s.refuse(w, r, pattern, who, problem{Status: http.StatusForbidden, Detail: "requests that change something are not taken from pages of another origin"})
	}))
	s.config.Origins.trusted(origins)
	routed := s.config.Origins.handler(origins.Handler(compressing(mux, s.routed(mux))))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(requestIDHeader)
		if !acceptable(id) {
			id = uuid.NewString()
		}
		r = asked(r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
		answer := &answer{ResponseWriter: w}
		answer.Header().Set(requestIDHeader, id)
		answer.Header().Set("Cache-Control", "no-store") // true only now; what may be kept says so itself
		answer.Header().Set("X-Content-Type-Options", "nosniff")
		answer.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		began := s.config.Now()
		defer func() {
			if cause := recover(); cause != nil {
				s.recovered(answer, r, cause)
			}
			// The query is left out: it may hold the numbers of callers.
			s.config.Logger.Debug("request", "method", r.Method, "path", r.URL.Path, "status", answer.status,
				"took", s.config.Now().Sub(began).Round(time.Microsecond), "request", id)
		}()
		if _, err := url.ParseQuery(r.URL.RawQuery); err != nil { // what reads it leniently and what does not would see two requests
			s.fail(answer, r, problem{Status: http.StatusBadRequest, Detail: "the query is not one of a URL: " + err.Error()})
			return
		}
		if r.ContentLength != 0 { // not every writer has deadlines; the real one does
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
		}
		// With authentication a rebound name gets nothing: it has no credentials, and a browser sends it no cookie of ours.
		if s.config.Auth == nil && !addressedToLoopback(r.Host) {
			_, pattern := mux.Handler(r)
			s.refuse(answer, r, pattern, Subject{}, problem{Status: http.StatusMisdirectedRequest, Detail: fmt.Sprintf("this server does not answer for the host %q: use localhost or a loopback address", r.Host)})
			return
		}
		routed.ServeHTTP(answer, r)
	})
}

// routed is the mux with problems instead of its plain texts for paths and methods that there are not.
func (s *Server) routed(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, pattern := mux.Handler(r)
		if !clean(r.URL) { // the mux would send the client on to another path
			s.fail(w, r, problem{Status: http.StatusNotFound, Detail: "the path has an empty part, or . or .., so that it names nothing; see /openapi.json"})
			return
		}
		if pattern != "" {
			var may bool
			if r, may = s.authorised(w, r, pattern); !may {
				return
			}
			if isStream(pattern) {
				stream, leave, ok := s.enter(r)
				if !ok {
					who, _ := subjectOf(r.Context())
					s.refuse(w, r, pattern, who, problem{Status: http.StatusTooManyRequests, Detail: fmt.Sprintf("more than %d streams at once", s.config.Streams)})
					return
				}
				defer leave()
				r = stream
			}
			s.serve(mux, w, r, pattern)
			return
		}
		plain := &unwritten{header: http.Header{}}
		handler.ServeHTTP(plain, r)
		if allow := plain.header.Get("Allow"); allow != "" {
			w.Header().Set("Allow", allow)
		}
		s.fail(w, r, problem{Status: plain.status, Detail: fmt.Sprintf("%s %s is nothing that this server does; see /openapi.json", r.Method, r.URL.Path)})
	})
}

// clean says whether a path has no empty parts and none that lead elsewhere.
func clean(u *url.URL) bool {
	asked := u.EscapedPath()
	cleaned := path.Clean(asked)
	return asked == cleaned || cleaned != "/" && asked == cleaned+"/"
}

// recovered ends a request whose handler panicked.
func (s *Server) recovered(w *answer, r *http.Request, cause any) {
	if cause == http.ErrAbortHandler {
		panic(cause)
	}
	err, told := cause.(error)
	if _, mistake := errors.AsType[runtime.Error](err); told && !mistake && r.Context().Err() != nil {
		return // the client has left: the panic is only that nothing could be written any more
	}
	s.config.Logger.Error("request failed", "err", fmt.Sprint(cause), "request", requestID(r.Context()), "path", r.URL.Path, "stack", string(debug.Stack()))
	if w.status != 0 {
		panic(http.ErrAbortHandler) // half an answer must not look like a whole one
	}
	s.fail(w, r, problem{Status: http.StatusInternalServerError, Detail: internalDetail})
}

// addressedToLoopback reports whether a Host header names this machine's loopback. Anything else got here by a name
// that somebody else controls: a page that had its own host name resolved to 127.0.0.1 to read what is served here.
func addressedToLoopback(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	if strings.EqualFold(name, "localhost") {
		return true
	}
	ip := net.ParseIP(name)
	return ip != nil && ip.IsLoopback()
}

// answer remembers the status that went out.
type answer struct {
	http.ResponseWriter
	status int
}

// WriteHeader remembers the status.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write sends the status 200 if none was sent.
func (a *answer) Write(data []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(data)
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// unwritten takes an answer that nobody gets.
type unwritten struct {
	header http.Header
	status int
}

func (u *unwritten) Header() http.Header                { return u.header }
func (u *unwritten) WriteHeader(status int)             { u.status = status }
func (u *unwritten) Write(data []byte) (n int, _ error) { return len(data), nil }
