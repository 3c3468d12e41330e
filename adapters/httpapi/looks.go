package httpapi

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/masking"
	"github.com/google/uuid"
)

// A look that somebody has taken already is not written again so soon after: a page that is drawn anew, or a slider that is
// dragged, looks many times. mostLooks bounds how many are remembered; what is not, is written.
const (
	lookAgainAfter = 5 * time.Minute
	mostLooks      = 10_000
)

// lately is what was written lately, and is not written again so soon.
type lately struct {
	again time.Duration
	most  int // of what is remembered

	mu     sync.Mutex
	latest map[string]time.Time
}

func writtenLately(again time.Duration, most int) *lately {
	return &lately{again: again, most: most, latest: map[string]time.Time{}}
}

func (l *lately) fresh(what string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, known := l.latest[what]
	return known && now.Sub(at) < l.again
}

// claim remembers that something is written now, where there is room for it and it was not written lately.
func (l *lately) claim(what string, now time.Time) (already, remembered bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, known := l.latest[what]; known && now.Sub(at) < l.again {
		return true, true
	}
	if len(l.latest) >= l.most {
		maps.DeleteFunc(l.latest, func(_ string, at time.Time) bool { return now.Sub(at) >= l.again })
	}
	if len(l.latest) >= l.most {
		return false, false
	}
	l.latest[what] = now
	return false, true
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
	s.looks.claim(look, now)
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

// queryOf is what was asked for, as in a URL: of the parameters that a request has, in is one, without where a page of it begins
// and in what form it is answered. What is no parameter is left out, so that nobody can hide behind it what he asked for. Card
// numbers are masked.
func queryOf(ctx context.Context, in any) string {
	all, _ := ctx.Value(askedKey{}).(url.Values)
	said := url.Values{}
	for _, field := range reflect.VisibleFields(reflect.Indirect(reflect.ValueOf(in)).Type()) {
		name, _, _ := strings.Cut(field.Tag.Get("query"), ",")
		switch name {
		case "", "actor", "after", "limit", "format", "explain":
			continue
		}
		for _, value := range all[name] {
			said.Add(name, masking.CardNumbers(value))
		}
	}
	return said.Encode()
}

// written is as much of a query as is written.
func written(query string) string { return query[:min(len(query), 4000)] }

// actorOf is who asks: who is authenticated or, where nobody has to be, who the client says that it is.
func actorOf(ctx context.Context) string {
	if who, ok := subjectOf(ctx); ok {
		return who.Name
	}
	all, _ := ctx.Value(askedKey{}).(url.Values)
	if actor := all.Get("actor"); actor != "" {
		return actor[:min(len(actor), 200)]
	}
	return unknownActor
}

// unknownActor is who asks where nobody knows who.
const unknownActor = "unknown"
