package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/call"
	"github.com/google/uuid"
)

// A look that somebody has taken already is not written again so soon after: a page that is drawn anew, or a slider that is
// dragged, looks many times. mostLooks bounds how many are remembered; what is not, is written.
const (
	lookAgainAfter = 5 * time.Minute
	mostLooks      = 10_000
)

// looks are those that were written lately.
type looks struct {
	mu     sync.Mutex
	latest map[string]time.Time
}

func (l *looks) fresh(look string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, known := l.latest[look]
	return known && now.Sub(at) < lookAgainAfter
}

func (l *looks) written(look string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.latest) >= mostLooks {
		for each, at := range l.latest {
			if now.Sub(at) >= lookAgainAfter {
				delete(l.latest, each)
			}
		}
	}
	if len(l.latest) < mostLooks {
		l.latest[look] = now
	}
}

// looked has it written that who asks looks at something, unless that was written lately. subject is what counts as the same
// thing looked at. When it returns nil, it may be shown.
func (s *Server) looked(ctx context.Context, subject string, what access.Body) error {
	actor, now := actorOf(ctx), s.config.Now()
	look := fmt.Sprintf("%s\x00%T\x00%s", actor, what, subject)
	if s.looks.fresh(look, now) {
		return nil
	}
	if err := s.config.Audit.Viewed(ctx, actor, what); err != nil {
		return err
	}
	s.looks.written(look, now)
	return nil
}

func (s *Server) lookedAtCall(ctx context.Context, id call.ConnID, what string) error {
	viewed := access.CallViewed{ConnID: id, What: what, View: uuid.NewString()}
	return s.looked(ctx, what+" "+id.String(), viewed)
}

type askedKey struct{}

// asked remembers the query of a request, for who looks and what for.
func asked(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), askedKey{}, r.URL.Query()))
}

// queryOf is what was asked for, as in a URL, without who says that he asks and without where a page of it begins.
func queryOf(ctx context.Context) string {
	all, _ := ctx.Value(askedKey{}).(url.Values)
	said := url.Values{}
	for name, values := range all {
		switch name {
		case "actor", "after", "limit", "format", "explain":
		default:
			said[name] = values
		}
	}
	text := said.Encode()
	return text[:min(len(text), 1000)]
}

// actorOf is who asks: who is authenticated or, where nobody has to be, who the client says that it is.
func actorOf(ctx context.Context) string {
	if who, ok := subjectOf(ctx); ok {
		return who.Name
	}
	all, _ := ctx.Value(askedKey{}).(url.Values)
	if actor := all.Get("actor"); actor != "" {
		return actor[:min(len(actor), 200)]
	}
	return "unknown"
}
