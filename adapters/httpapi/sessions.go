package httpapi

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/danielgtaylor/huma/v2"
)

// sessions are those that browsers have, as far as the log tells. A session itself is in its browser's cookie, and is good
// until its time is over, unless it stands in the log that it was ended.
type sessions struct {
	mu    sync.Mutex
	next  eventlog.Revision // from where to read on; 0: nothing was read yet
	asked time.Time         // when it was read last
	begun map[string]liveSession
	ended map[string]time.Time
}

// What the log tells is read again for the sake of other engines, which may have ended a session. readTime is how long a
// request waits for that.
const (
	readAgainAfter = 5 * time.Second
	readTime       = 5 * time.Second
	clockSkew      = time.Hour // between engines, at most
)

var sessionStream = wire.AuditStream(access.SessionsSubject)

type liveSession struct {
	Subject
	Began   time.Time `json:"began"`
	Until   time.Time `json:"until" doc:"When it ends by itself"`
	Current bool      `json:"current,omitempty" doc:"It is the one of who asks"`
}

// unwelcome is somebody who is known, and nobody here all the same.
type unwelcome struct{ name, why string }

// Error says who it is and why.
func (u *unwelcome) Error() string { return fmt.Sprintf("%v: %s: %s", ErrNobody, u.name, u.why) }

// Is makes him nobody.
func (u *unwelcome) Is(target error) bool { return target == ErrNobody }

// subject is who has credentials. Those of a session that was ended are nobody's.
func (s *Server) subject(ctx context.Context, token string) (Subject, error) {
	who, err := s.config.Auth.Subject(ctx, token)
	if err != nil || who.Session == "" {
		return who, err
	}
	if err := s.readSessions(ctx); err != nil {
		return Subject{}, err
	}
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	if _, ended := s.sessions.ended[who.Session]; ended {
		return Subject{}, &unwelcome{who.Name, "the session was ended"}
	}
	return who, nil
}

// readSessions takes in what the log has to tell of sessions that is new. While it cannot be read, what it told before holds;
// before it was read first, everybody waits for it.
func (s *Server) readSessions(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	all, now := &s.sessions, s.config.Now()
	all.mu.Lock()
	from := all.next
	if from > 0 && now.Sub(all.asked) < readAgainAfter {
		all.mu.Unlock()
		return nil
	}
	all.asked = now
	over := now.Add(-s.sessionTime() - clockSkew) // what was before that
	var events []access.Event
	var end eventlog.Revision
	var err error
	if from == 0 {
		events, end, err = eventsSince(s.newestFirst(ctx, sessionStream), over)
	} else {
		all.mu.Unlock()
		events, end, err = eventsSince(s.config.Log.ReadStream(ctx, sessionStream, from), time.Time{})
		all.mu.Lock()
	}
	defer all.mu.Unlock()
	if err != nil {
		err = fmt.Errorf("sessions that were ended: %w", err)
		if from > 0 {
			s.config.Logger.Warn("other engines may have ended sessions", "err", err)
			return nil
		}
		return err
	}
	for _, event := range events {
		all.take(event)
	}
	all.next = max(all.next, end+1)
	all.forget(over)
	return nil
}

// eventsSince are the events of records up to one that is older than a moment, and the highest revision that was seen.
func eventsSince(records iter.Seq2[eventlog.Record, error], since time.Time) (events []access.Event, end eventlog.Revision, err error) {
	for record, err := range records {
		if err != nil {
			return nil, 0, err
		}
		end = max(end, record.Revision)
		event, err := wire.DecodeAccess(record)
		if err != nil {
			return nil, 0, err
		}
		if event.At.Before(since) {
			break
		}
		events = append(events, event)
	}
	return events, end, nil
}

// take folds an event, in whatever order they come and however often.
func (all *sessions) take(event access.Event) {
	switch what := event.Body.(type) {
	case access.SessionBegan:
		all.begun[what.Session] = liveSession{Subject: Subject{event.Actor, Role(what.Role), what.Agent, what.Session}, Began: event.At}
	case access.SessionEnded:
		all.ended[what.Session] = event.At
	}
}

// forget leaves out what is over anyway.
func (all *sessions) forget(before time.Time) {
	maps.DeleteFunc(all.begun, func(_ string, each liveSession) bool { return each.Began.Before(before) })
	maps.DeleteFunc(all.ended, func(_ string, at time.Time) bool { return at.Before(before) })
}

// sessionTime is how long a session may be.
func (s *Server) sessionTime() time.Duration {
	provider, _ := s.openID()
	if provider == nil {
		return 0
	}
	return provider.config.Session
}

// liveSessions are those that go on, the newest first.
func (s *Server) liveSessions(ctx context.Context) ([]liveSession, error) {
	if err := s.readSessions(ctx); err != nil {
		return nil, err
	}
	all := &s.sessions
	all.mu.Lock()
	defer all.mu.Unlock()
	who, _ := subjectOf(ctx)
	live := []liveSession{}
	for id, each := range all.begun {
		each.Until, each.Current = each.Began.Add(s.sessionTime()), id == who.Session
		if _, ended := all.ended[id]; !ended && each.Until.After(s.config.Now()) {
			live = append(live, each)
		}
	}
	slices.SortFunc(live, func(a, b liveSession) int {
		return cmp.Or(b.Began.Compare(a.Began), cmp.Compare(a.Session, b.Session))
	})
	return live, nil
}

// record has something of a session written, durably, and holds it for so from then on.
func (s *Server) record(ctx context.Context, actor string, what access.Body) error {
	ctx, cancel := underWay(ctx)
	defer cancel()
	if err := s.config.Audit.Viewed(ctx, actor, what); err != nil {
		return err
	}
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	s.sessions.take(access.Event{At: s.config.Now().UTC().Truncate(time.Microsecond), Actor: actor, Body: what})
	return nil
}

// sessionBegins is that somebody has logged in, and may come in once it returns nil.
func (s *Server) sessionBegins(ctx context.Context, who Subject) error {
	return s.record(ctx, who.Name, access.SessionBegan{Session: who.Session, Role: string(who.Role), Agent: who.Agent})
}

// endSession ends a session before its time, and the streams that are open in it.
func (s *Server) endSession(ctx context.Context, by string, who Subject) error {
	if err := s.record(ctx, by, access.SessionEnded{Session: who.Session, Of: who.Name}); err != nil {
		return err
	}
	s.open.askNow(who.Name)
	return nil
}

type (
	sessionsAnswer struct{ Body sessionList }
	sessionList    struct {
		Sessions []liveSession `json:"sessions" nullable:"false" doc:"Newest first"`
	}
	sessionRequest struct {
		ID string `path:"id" maxLength:"100" example:"5b1b7a0e-5d0f-4a6e-8e56-3f6f5b8f5c10" doc:"The session"`
	}
	endedAnswer struct{ Body liveSession }
)

func (s *Server) registerSessions(api huma.API) {
	operation(s, api, huma.Operation{
		OperationID: "listSessions", Method: http.MethodGet, Path: "/v1/sessions", Tags: []string{tagOperation},
		Summary:     "Who is logged in with a browser",
		Description: "At the OpenID provider, by way of this engine or another one on the same log. Who has a token has no session.",
	}, func(ctx context.Context, _ *struct{}) (*sessionsAnswer, error) {
		live, err := s.liveSessions(ctx)
		return &sessionsAnswer{sessionList{live}}, err
	})
	operation(s, api, huma.Operation{
		OperationID: "endSession", Method: http.MethodDelete, Path: "/v1/sessions/{id}", Tags: []string{tagOperation},
		Summary: "End somebody's session",
		Description: "When it is answered nobody gets in with it any more, also after a restart, and its streams end at once; at other engines on the same log " +
			"within 15 seconds. The person may log in again, if the provider lets him.",
	}, func(ctx context.Context, in *sessionRequest) (*endedAnswer, error) {
		live, err := s.liveSessions(ctx)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(live, func(each liveSession) bool { return each.Session == in.ID })
		if i < 0 {
			return nil, &problem{Status: http.StatusNotFound, Detail: "there is no such session, or it is over"}
		}
		return &endedAnswer{live[i]}, s.endSession(ctx, actorOf(ctx), live[i].Subject)
	}, http.StatusNotFound)
}
