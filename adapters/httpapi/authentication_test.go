package httpapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/httpapi"
	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/wire"
)

// guarded is a contact centre that asks who is there: each name is the token of somebody.
func guarded(t *testing.T) *centre {
	t.Helper()
	var tokens []httpapi.Token
	for token, who := range map[string]httpapi.Subject{
		"ann":  {Name: "agent:1001", Role: httpapi.RoleAgent, Agent: "1001"},
		"bob":  {Name: "agent:1002", Role: httpapi.RoleAgent, Agent: "1002"},
		"new":  {Name: "agent:1003", Role: httpapi.RoleAgent, Agent: "1003"},
		"sue":  {Name: "supervisor:sue", Role: httpapi.RoleSupervisor},
		"aud":  {Name: "auditor:aud", Role: httpapi.RoleAuditor},
		"ivr":  {Name: "ivr:main", Role: httpapi.RoleIVR},
		"root": {Name: "admin:root", Role: httpapi.RoleAdmin},
	} {
		tokens = append(tokens, httpapi.Token{SHA256: httpapi.HashToken(token), Subject: who})
	}
	c := newCentre(t)
	auth, err := httpapi.NewTokens(tokens)
	require.NoError(t, err)
	c.config.Auth = auth
	c.config.Page = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("page")) })
	return c
}

// by is a request with a token.
func by(token string, r *http.Request) *http.Request {
	if token == "" {
		return r
	}
	return with(r, "Authorization", "Bearer "+token)
}

func TestWhoMay(t *testing.T) {
	mine, hold := "/v1/calls/"+known.String(), func(body string) *http.Request { return about("hold", body) }
	tests := map[string]struct {
		token   string
		request *http.Request
		status  int
	}{
		"nobody, the floor":                        {"", get("/v1/floor"), 401},
		"nobody, a call":                           {"", hold(`{"dn":"1001","actor":"agent:1001"}`), 401},
		"a wrong token":                            {"eve", get("/v1/floor"), 401},
		"nobody, whether it is alive":              {"", get("/healthz"), 200},
		"nobody, the description":                  {"", get("/openapi.json"), 200},
		"nobody, the page":                         {"", get("/"), 303},
		"nobody, the page's script":                {"", get("/app.js"), 200},
		"a supervisor, the page":                   {"sue", get("/"), 200},
		"under any name of the host":               {"sue", hosted(get("/v1/floor"), "callstate.example"), 200},
		"a supervisor, the floor":                  {"sue", get("/v1/floor"), 200},
		"an auditor, the floor":                    {"aud", get("/v1/floor"), 200},
		"an agent, the floor":                      {"ann", get("/v1/floor"), 403},
		"an IVR, the floor":                        {"ivr", get("/v1/floor"), 403},
		"an admin, the floor":                      {"root", get("/v1/floor"), 200},
		"an agent, his desktop":                    {"ann", get("/v1/agents/1001"), 200},
		"an agent, another's desktop":              {"ann", get("/v1/agents/1002"), 403},
		"an agent, another's by an escaped path":   {"ann", get("/v1/agents/%31002"), 403},
		"an agent, another's stream":               {"ann", get("/v1/agents/1002/stream"), 403},
		"an agent, his call":                       {"ann", get(mine + "/events"), 200},
		"an agent, another's call":                 {"bob", get(mine + "/events"), 403},
		"an agent, the calls of everybody":         {"ann", get("/v1/calls"), 403},
		"an agent, the calls of himself":           {"ann", get("/v1/calls?agent=1001"), 200},
		"an agent, the calls of two":               {"ann", get("/v1/calls?agent=1002&agent=1001"), 403},
		"an agent, by a query that is none":        {"ann", get("/v1/calls?agent=%zz&agent=1001"), 400},
		"an agent, by half a query":                {"ann", get("/v1/calls?agent=1001;agent="), 400},
		"an agent, the numbers":                    {"ann", get("/v1/stats"), 403},
		"an agent holds his call":                  {"ann", hold(""), 200},
		"an agent holds his call by his DN":        {"ann", hold(`{"dn":"1001"}`), 200},
		"an agent holds for the caller":            {"ann", hold(`{"dn":"2125550001"}`), 403},
		"an agent holds by the caller's party":     {"ann", hold(`{"party":"caller"}`), 409},
		"an agent holds another's call":            {"bob", hold(`{"dn":"1001"}`), 403},
		"a supervisor holds an agent's call":       {"sue", hold(`{"dn":"1001"}`), 200},
		"an auditor holds a call":                  {"aud", hold(`{"dn":"1001"}`), 403},
		"an IVR holds a call":                      {"ivr", hold(`{"dn":"1001"}`), 403},
		"an agent listens":                         {"ann", about("monitor", `{"targetDn":"1001","mode":"silent"}`), 403},
		"a supervisor listens":                     {"sue", about("monitor", `{"dn":"1900","targetDn":"1001","mode":"silent"}`), 200},
		"an IVR attaches data":                     {"ivr", about("userdata", `{"set":{"a":"1"}}`), 200},
		"an agent attaches data to another's call": {"bob", about("userdata", `{"set":{"a":"1"}}`), 403},
		"an auditor attaches data":                 {"aud", about("userdata", `{"set":{"a":"1"}}`), 403},
		"an agent becomes not ready":               {"bob", request("POST", "/v1/agents/1002/not-ready", `{"reason":"lunch"}`), 200},
		"an agent sends another for lunch":         {"ann", request("POST", "/v1/agents/1002/not-ready", `{"reason":"lunch"}`), 403},
		"an agent logs in where he likes":          {"new", request("POST", "/v1/agents/1003/login", `{"dn":"1003","queues":["sales"]}`), 200},
		"an agent calls from another's device":     {"bob", request("POST", "/v1/agents/1002/calls", `{"dn":"1001","to":"2125550199"}`), 403},
		"an agent calls from no device of his":     {"new", request("POST", "/v1/agents/1003/calls", `{"dn":"1001","to":"2125550199"}`), 403},
		"an auditor, an export by another method":  {"aud", request("DELETE", mine, ""), 405},
		"from another site, with a cookie":         {"", with(with(hold(`{}`), "Cookie", "callstate=ann"), "Sec-Fetch-Site", "cross-site"), 403},
		"from our page, with a cookie":             {"", with(with(hold(`{}`), "Cookie", "callstate=ann"), "Sec-Fetch-Site", "same-origin"), 200},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			answer := guarded(t).ask(by(test.token, test.request))
			assert.Equal(t, test.status, answer.Code, "%s", answer.Body)
			if test.status == 401 {
				assert.NotEmpty(t, answer.Header().Get("WWW-Authenticate"))
			}
		})
	}
}

func TestWhoAsksIsWhoIsAuthenticated(t *testing.T) {
	c := guarded(t)
	require.Equal(t, 200, c.ask(by("ann", about("hold", `{"actor":"supervisor:sue"}`))).Code)
	assert.Equal(t, "agent:1001", c.last(t, wire.CallStream(known)).Actor)
	require.Equal(t, 200, c.ask(by("ivr", about("userdata", `{"set":{"a":"1"},"actor":"agent:1001"}`))).Code)
	assert.Equal(t, "ivr:main", c.last(t, wire.CallStream(known)).Actor)
	assert.JSONEq(t, `{"subject":"agent:1001","role":"agent","agent":"1001"}`, c.ask(by("ann", get("/v1/session"))).Body.String())
}

func TestWhatSomebodyMayNotIsWrittenDown(t *testing.T) {
	c := guarded(t)
	said := c.told(t, by("bob", about("hold", `{}`)), 403)
	assert.Equal(t, "forbidden", said.Reason)
	record := c.last(t, wire.AuditStream("denied"))
	denied, err := wire.DecodeAccess(record)
	require.NoError(t, err)
	assert.Equal(t, "agent:1002", denied.Actor)
	body := denied.Body.(access.RequestDenied)
	assert.NotEmpty(t, body.View)
	body.View = ""
	assert.Equal(t, access.RequestDenied{Operation: "POST /v1/calls/{connId}/hold", Path: "/v1/calls/" + known.String() + "/hold", Role: "agent",
		Reason: "the agent takes no part in this call"}, body)
	assert.Empty(t, c.pbx.orders)

	c.told(t, by("ann", about("hold", `{"dn":"1002"}`)), 403)
	assert.Greater(t, c.last(t, wire.AuditStream("denied")).Revision, record.Revision, "from another's device, too")
	c.ask(get("/v1/floor"))
	assert.EqualValues(t, 2, c.last(t, wire.AuditStream("denied")).Revision, "of nobody known nothing is written: anybody could fill the log")
}

func TestABrowserLogsIn(t *testing.T) {
	c := guarded(t)
	assert.Contains(t, c.ask(get("/login")).Body.String(), "<form")
	form := func(token string) *http.Request {
		r := httptest.NewRequest("POST", "http://127.0.0.1:8080/login", strings.NewReader(url.Values{"token": {token}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}
	assert.Equal(t, 401, c.ask(form("eve")).Code)
	answer := c.ask(form("ann"))
	require.Equal(t, 303, answer.Code)
	cookie := answer.Result().Cookies()[0]
	assert.True(t, cookie.HttpOnly)
	assert.Equal(t, http.SameSiteStrictMode, cookie.SameSite)
	r := get("/v1/agents/1001")
	r.AddCookie(cookie)
	assert.Equal(t, 200, c.ask(r).Code)
	left := c.ask(request("POST", "/logout", ""))
	assert.Negative(t, left.Result().Cookies()[0].MaxAge)

	c.config.Auth = nil
	assert.JSONEq(t, `{"subject":"","role":"admin"}`, c.ask(get("/v1/session")).Body.String())
}

func TestAClientMayNotAskTooOften(t *testing.T) {
	c := guarded(t)
	c.config.Rate = 2
	server := httpapi.New(c.config).Handler()
	ask := func(token string) int {
		answer := httptest.NewRecorder()
		server.ServeHTTP(answer, by(token, get("/v1/floor")))
		return answer.Code
	}
	for range 4 {
		assert.Equal(t, 200, ask("sue"))
	}
	assert.Equal(t, 429, ask("sue"))
	assert.Equal(t, 200, ask("aud"), "another one may")
	for range 4 {
		assert.Equal(t, 401, ask("guess"))
	}
	assert.Equal(t, 429, ask("another guess"), "who tries tokens is told by his address")
	for range 40 {
		answer := httptest.NewRecorder()
		server.ServeHTTP(answer, by("sue", get("/app.js")))
		require.Equal(t, 200, answer.Code, "the page has many files")
	}
}

func TestAClientMayNotHaveTooManyStreams(t *testing.T) {
	synctest.Test(t, clientHasTooManyStreams)
}

func clientHasTooManyStreams(t *testing.T) {
	c := guarded(t)
	c.config.Streams = 1
	c.floor.Live()
	server := httpapi.New(c.config).Handler()
	open := func(ctx context.Context, token string) (*httptest.ResponseRecorder, <-chan struct{}) {
		answer, ended := httptest.NewRecorder(), make(chan struct{})
		go func() {
			defer close(ended)
			server.ServeHTTP(answer, by(token, get("/v1/floor/stream")).WithContext(ctx))
		}()
		return answer, ended
	}
	ctx, leave := context.WithCancel(t.Context())
	_, ended := open(ctx, "sue")
	synctest.Wait()
	second, refused := open(t.Context(), "sue")
	<-refused
	assert.Equal(t, 429, second.Code)
	otherCtx, otherLeaves := context.WithCancel(t.Context())
	other, gone := open(otherCtx, "aud")
	synctest.Wait()
	otherLeaves()
	<-gone
	assert.Equal(t, 200, other.Code)
	leave()
	<-ended
	againCtx, againLeaves := context.WithCancel(t.Context())
	again, over := open(againCtx, "sue")
	synctest.Wait()
	againLeaves()
	<-over
	assert.Equal(t, 200, again.Code, "who has left may come back")
}

func TestTokens(t *testing.T) {
	good := httpapi.Token{SHA256: httpapi.HashToken("a"), Subject: httpapi.Subject{Name: "agent:1", Role: httpapi.RoleAgent, Agent: "1"}}
	_, err := httpapi.NewTokens([]httpapi.Token{good})
	require.NoError(t, err)
	for says, change := range map[string]func(*httpapi.Token){
		"sha256":        func(t *httpapi.Token) { t.SHA256 = "abc" },
		"subject":       func(t *httpapi.Token) { t.Name = "" },
		"no role":       func(t *httpapi.Token) { t.Role = "boss" },
		"an agent's id": func(t *httpapi.Token) { t.Agent = "" },
		"twice":         func(*httpapi.Token) {},
	} {
		bad := good
		change(&bad)
		_, err := httpapi.NewTokens([]httpapi.Token{good, bad})
		assert.ErrorContains(t, err, says)
	}
	_, err = httpapi.NewTokens(nil)
	assert.Error(t, err)
}

// With authentication a server may be reached from other machines.
func TestListenBeyondLoopback(t *testing.T) {
	listener, err := httpapi.Listen("0.0.0.0:0", guarded(t).config.Auth)
	require.NoError(t, err)
	listener.Close()
}
