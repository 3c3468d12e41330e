package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/httpapi"
	"github.com/callstate/callstate/adapters/httpapi/openidtest"
	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
)

// shift is a contact centre in a bubble of time, where sessions come from a provider nearby and tokens go on to do.
type shift struct {
	*centre
	provider *openidtest.Provider
	engine   http.Handler
}

// onShift runs a test in a bubble of time. The provider's own server is outside.
func onShift(t *testing.T, test func(t *testing.T, s *shift)) {
	t.Helper()
	provider := openidtest.Start(t)
	synctest.Test(t, func(t *testing.T) {
		s := &shift{centre: guarded(t), provider: provider}
		config := openIDOf(provider, "http://127.0.0.1:1")
		config.Client = provider.Client()
		openID, err := httpapi.NewOpenID(config)
		require.NoError(t, err)
		s.config.Auth = httpapi.Authentications{s.config.Auth, openID}
		s.config.Now, s.config.Audit = time.Now, engine.New(s.log, time.Now, nil)
		s.floor.Live()
		s.engine = s.another()
		test(t, s)
	})
}

// another is one more engine on the same log, or the same one after a restart.
func (s *shift) another() http.Handler { return httpapi.New(s.config).Handler() }

// logIn is the cookie of a supervisor who logs in with a browser.
func (s *shift) logIn(t *testing.T) *http.Cookie {
	t.Helper()
	s.provider.Is(map[string]any{"preferred_username": "sue", "realm_access": roles("cc-lead")})
	away := answered(s.engine, get("/login/openid"))
	require.Equal(t, http.StatusSeeOther, away.Code)
	there := s.provider.Client()
	there.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	agreed, err := there.Get(away.Header().Get("Location"))
	require.NoError(t, err)
	back := httptest.NewRequest(http.MethodGet, agreed.Header.Get("Location"), nil)
	back.AddCookie(away.Result().Cookies()[0])
	in := answered(s.engine, back)
	require.Equal(t, http.StatusSeeOther, in.Code, "%s", in.Body)
	cookies := in.Result().Cookies()
	return cookies[len(cookies)-1]
}

func answered(engine http.Handler, r *http.Request) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	engine.ServeHTTP(answer, r)
	return answer
}

func in(cookie *http.Cookie, r *http.Request) *http.Request {
	r.AddCookie(cookie)
	return r
}

// opened is a stream that somebody has open.
type opened struct {
	answer *httptest.ResponseRecorder
	over   chan struct{}
}

func open(t *testing.T, engine http.Handler, r *http.Request) *opened {
	t.Helper()
	o := &opened{httptest.NewRecorder(), make(chan struct{})}
	ctx, leave := context.WithCancel(t.Context())
	t.Cleanup(func() { leave(); <-o.over })
	go func() {
		defer close(o.over)
		engine.ServeHTTP(o.answer, r.WithContext(ctx))
	}()
	synctest.Wait()
	require.False(t, o.ended(), "%s", o.answer.Body)
	return o
}

// ended says whether the stream has ended by now.
func (o *opened) ended() bool {
	synctest.Wait()
	select {
	case <-o.over:
		return true
	default:
		return false
	}
}

const noLonger = ": closed: the session or the token is not valid any more\n\n"

func TestAStreamEndsWithItsToken(t *testing.T) {
	t.Parallel()
	onShift(t, func(t *testing.T, s *shift) {
		lead := map[string]any{"preferred_username": "sue", "realm_access": roles("cc-lead"), "exp": time.Now().Add(time.Minute).Unix()}
		short := s.provider.Token(lead)
		lead["exp"] = time.Now().Add(time.Hour).Unix()
		long := s.provider.Token(lead)
		floor := open(t, s.engine, by(short, get("/v1/floor/stream")))
		desktop := open(t, s.engine, by(short, get("/v1/agents/1001/stream")))
		other := open(t, s.engine, by(long, get("/v1/floor/stream")))
		static := open(t, s.engine, by("sue", get("/v1/floor/stream")))

		time.Sleep(59 * time.Second)
		assert.False(t, floor.ended())
		time.Sleep(12 * time.Second)
		for _, stream := range []*opened{floor, desktop} {
			require.True(t, stream.ended())
			assert.Contains(t, stream.answer.Body.String(), noLonger)
		}
		assert.Equal(t, http.StatusUnauthorized, answered(s.engine, by(short, get("/v1/floor/stream"))).Code, "who comes back is told")
		assert.False(t, other.ended())
		assert.False(t, static.ended())
	})
}

// The file of tokens is read again: who is taken out is out, with the streams that are open, and who is added gets in.
func TestAStreamEndsWithItsTokenInTheFile(t *testing.T) {
	t.Parallel()
	onShift(t, func(t *testing.T, s *shift) {
		file := filepath.Join(t.TempDir(), "tokens")
		written := time.Now()
		write := func(names string) {
			require.NoError(t, os.WriteFile(file, []byte(names), 0o600))
			written = written.Add(time.Second)
			require.NoError(t, os.Chtimes(file, written, written))
		}
		write("sue auditor,joe auditor,max auditor")
		var err error
		s.config.Auth, err = httpapi.OpenTokenFile(file, tokensIn, nil)
		require.NoError(t, err)
		s.engine = s.another()
		streams := map[string]*opened{}
		for _, who := range []string{"sue", "joe", "max"} {
			streams[who] = open(t, s.engine, by(who, get("/v1/floor/stream")))
		}
		status := func(who string) int { return answered(s.engine, by(who, get("/v1/floor"))).Code }
		assert.Equal(t, http.StatusUnauthorized, status("new"))

		write("joe auditor,max supervisor,new auditor")
		time.Sleep(20 * time.Second)
		require.True(t, streams["sue"].ended())
		assert.Contains(t, streams["sue"].answer.Body.String(), noLonger)
		assert.True(t, streams["max"].ended(), "he is another one, and comes back as such")
		assert.False(t, streams["joe"].ended())
		assert.Equal(t, http.StatusUnauthorized, status("sue"))
		assert.Equal(t, http.StatusOK, status("new"))

		write("") // as while it is being written
		time.Sleep(20 * time.Second)
		assert.Equal(t, http.StatusOK, status("new"), "what cannot be read leaves the old ones")
		require.NoError(t, os.Remove(file))
		time.Sleep(20 * time.Second)
		assert.Equal(t, http.StatusOK, status("joe"))
		assert.False(t, streams["joe"].ended())
	})
}

// tokensIn are the tokens of a file that has their names, each with a role.
func tokensIn(file string) (*httpapi.Tokens, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var tokens []httpapi.Token
	for each := range strings.SplitSeq(string(text), ",") {
		if name, role, found := strings.Cut(each, " "); found {
			tokens = append(tokens, httpapi.Token{SHA256: httpapi.HashToken(name), Subject: httpapi.Subject{Name: "user:" + name, Role: httpapi.Role(role)}})
		}
	}
	return httpapi.NewTokens(tokens)
}

func TestAStreamEndsWithItsSession(t *testing.T) {
	t.Parallel()
	onShift(t, func(t *testing.T, s *shift) {
		cookie := s.logIn(t)
		stream := open(t, s.engine, in(cookie, get("/v1/floor/stream")))
		time.Sleep(10*time.Hour - time.Second)
		assert.False(t, stream.ended())
		assert.Equal(t, http.StatusOK, answered(s.engine, in(cookie, get("/v1/session"))).Code)
		time.Sleep(11 * time.Second)
		require.True(t, stream.ended())
		assert.Contains(t, stream.answer.Body.String(), noLonger)
		assert.Equal(t, http.StatusUnauthorized, answered(s.engine, in(cookie, get("/v1/session"))).Code)
	})
}

// Who logs out has ended his session, not only forgotten it: a copy of the cookie is worth nothing, also after a restart. His
// other browser is not concerned.
func TestALogoutEndsTheSession(t *testing.T) {
	t.Parallel()
	onShift(t, func(t *testing.T, s *shift) {
		office, home := s.logIn(t), s.logIn(t)
		elsewhere := s.another()
		inOffice, atHome := open(t, s.engine, in(office, get("/v1/floor/stream"))), open(t, s.engine, in(home, get("/v1/floor/stream")))
		there := open(t, elsewhere, in(office, get("/v1/floor/stream")))

		left := answered(s.engine, in(office, request("POST", "/logout", "")))
		require.Equal(t, http.StatusSeeOther, left.Code)
		assert.Negative(t, left.Result().Cookies()[0].MaxAge)
		require.True(t, inOffice.ended(), "at once")
		assert.Contains(t, inOffice.answer.Body.String(), noLonger)
		assert.False(t, atHome.ended())
		for _, engine := range []http.Handler{s.engine, s.another()} {
			assert.Equal(t, http.StatusUnauthorized, answered(engine, in(office, get("/v1/session"))).Code)
			assert.Equal(t, http.StatusOK, answered(engine, in(home, get("/v1/session"))).Code)
		}
		time.Sleep(15 * time.Second)
		assert.True(t, there.ended(), "at another engine a little later")
		assert.Equal(t, http.StatusUnauthorized, answered(elsewhere, in(office, get("/v1/session"))).Code)

		ended, err := wire.DecodeAccess(s.last(t, wire.AuditStream("sessions")))
		require.NoError(t, err)
		assert.Equal(t, "supervisor:sue", ended.Actor)
		assert.Equal(t, "supervisor:sue", ended.Body.(access.SessionEnded).Of)
	})
}

type listedSession struct {
	Session, Subject, Role string
	Began, Until           time.Time
}

// listed are the sessions that an engine tells an admin of.
func listed(t *testing.T, engine http.Handler, token string) []listedSession {
	t.Helper()
	answer := answered(engine, by(token, get("/v1/sessions")))
	require.Equal(t, http.StatusOK, answer.Code, "%s", answer.Body)
	var list struct{ Sessions []listedSession }
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &list))
	return list.Sessions
}

func TestAnAdminEndsSomebodysSession(t *testing.T) {
	t.Parallel()
	onShift(t, func(t *testing.T, s *shift) {
		assert.Empty(t, listed(t, s.engine, "root"))
		first := s.logIn(t)
		time.Sleep(time.Hour)
		second := s.logIn(t)
		stream := open(t, s.engine, in(first, get("/v1/floor/stream")))
		sessions := listed(t, s.another(), "root")
		require.Len(t, sessions, 2, "another engine tells of them too")
		older := sessions[1]
		assert.Equal(t, "supervisor:sue", older.Subject)
		assert.Equal(t, "supervisor", older.Role)
		assert.Equal(t, time.Hour, sessions[0].Began.Sub(older.Began))
		assert.Equal(t, 10*time.Hour, older.Until.Sub(older.Began))

		end := func(by *http.Request) int { return answered(s.engine, by).Code }
		path := "/v1/sessions/" + older.Session
		assert.Equal(t, http.StatusForbidden, end(in(second, request("DELETE", path, ""))), "only an admin does")
		assert.Equal(t, http.StatusForbidden, end(by("aud", get("/v1/sessions"))))
		assert.Equal(t, http.StatusForbidden, end(with(by("root", request("DELETE", path, "")), "Sec-Fetch-Site", "cross-site")))
		assert.Equal(t, http.StatusOK, end(by("root", request("DELETE", path, ""))))
		require.True(t, stream.ended())
		for _, engine := range []http.Handler{s.engine, s.another()} {
			assert.Equal(t, http.StatusUnauthorized, answered(engine, in(first, get("/v1/session"))).Code)
			assert.Equal(t, http.StatusOK, answered(engine, in(second, get("/v1/session"))).Code)
			assert.Len(t, listed(t, engine, "root"), 1)
		}
		assert.Equal(t, http.StatusNotFound, end(by("root", request("DELETE", path, ""))), "it is over")
		record := s.last(t, wire.AuditStream("sessions"))
		assert.Equal(t, "admin:root", record.Actor)
		assert.Equal(t, "SessionEnded", record.Type)

		time.Sleep(10 * time.Hour)
		assert.Empty(t, listed(t, s.engine, "root"), "the other one has ended by itself")
	})
}

// broken is a log that may not answer.
type broken struct {
	*memory.Store
	err error
}

func (b *broken) ReadStream(ctx context.Context, stream eventlog.Stream, from eventlog.Revision) iter.Seq2[eventlog.Record, error] {
	return b.or(b.Store.ReadStream(ctx, stream, from))
}

func (b *broken) ReadStreamBackward(ctx context.Context, stream eventlog.Stream, from eventlog.Revision) iter.Seq2[eventlog.Record, error] {
	return b.or(b.Store.ReadStreamBackward(ctx, stream, from))
}

func (b *broken) or(records iter.Seq2[eventlog.Record, error]) iter.Seq2[eventlog.Record, error] {
	if b.err == nil {
		return records
	}
	return func(yield func(eventlog.Record, error) bool) { yield(eventlog.Record{}, b.err) }
}

// closed is an audit that cannot be written.
type closed struct{}

func (closed) Viewed(context.Context, string, access.Body) error {
	return errors.New("the disk is full")
}

func TestSessionsWhileTheLogIsAway(t *testing.T) {
	t.Parallel()
	onShift(t, func(t *testing.T, s *shift) {
		log := &broken{Store: s.log}
		s.config.Log = log
		s.engine = s.another()
		ended, good := s.logIn(t), s.logIn(t)
		answered(s.engine, in(ended, request("POST", "/logout", "")))

		log.err = errors.New("the log is away")
		time.Sleep(time.Minute)
		assert.Equal(t, http.StatusOK, answered(s.engine, in(good, get("/v1/session"))).Code, "who was let in stays")
		assert.Equal(t, http.StatusUnauthorized, answered(s.engine, in(ended, get("/v1/session"))).Code, "what was ended stays so")
		started := s.another()
		assert.Equal(t, http.StatusServiceUnavailable, answered(started, in(good, get("/v1/session"))).Code, "what was ended is not known yet")
		log.err = nil
		assert.Equal(t, http.StatusOK, answered(started, in(good, get("/v1/session"))).Code)

		s.config.Audit = closed{}
		full := s.another()
		left := answered(full, in(good, request("POST", "/logout", "")))
		assert.Equal(t, http.StatusInternalServerError, left.Code, "the session goes on, and he is told")
	})
}
