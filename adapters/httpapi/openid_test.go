package httpapi_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/httpapi"
	"github.com/callstate/callstate/adapters/httpapi/openidtest"
	"github.com/callstate/callstate/domain/wire"
)

// openIDOf is the configuration with a provider, of an engine at an address.
func openIDOf(p *openidtest.Provider, address string) httpapi.OpenIDConfig {
	return httpapi.OpenIDConfig{
		Issuer: p.Issuer, ClientID: openidtest.ClientID, ClientSecret: openidtest.ClientSecret, RedirectURL: address + "/login/callback",
		RoleClaim: "realm_access.roles", Roles: map[httpapi.Role]string{httpapi.RoleSupervisor: "cc-lead"},
	}
}

// byOpenID is a contact centre that has an OpenID provider say who is there.
func byOpenID(t *testing.T, p *openidtest.Provider) *centre {
	t.Helper()
	c := guarded(t)
	openID, err := httpapi.NewOpenID(openIDOf(p, "http://127.0.0.1:1"))
	require.NoError(t, err)
	c.config.Auth = openID
	return c
}

func roles(all ...string) map[string]any { return map[string]any{"roles": all} }

func TestTokensOfAnOpenIDProvider(t *testing.T) {
	t.Parallel()
	p := openidtest.Start(t)
	other := openidtest.Start(t)
	c := byOpenID(t, p)
	ann := map[string]any{"preferred_username": "ann", "realm_access": roles("agent", "offline"), "callstate_agent": "1001"}
	with := func(name string, value any) map[string]any {
		claims := map[string]any{}
		for k, v := range ann {
			claims[k] = v
		}
		claims[name] = value
		return claims
	}
	forged := strings.Split(p.Token(ann), ".")
	forged[1] = strings.Split(p.Token(with("callstate_agent", "1002")), ".")[1]
	for name, test := range map[string]struct {
		token, path string
		status      int
	}{
		"an agent, his desktop":            {p.Token(ann), "/v1/agents/1001", 200},
		"an agent, another's desktop":      {p.Token(ann), "/v1/agents/1002", 403},
		"an agent without an id":           {p.Token(with("callstate_agent", "")), "/v1/session", 401},
		"somebody without a role":          {p.Token(with("realm_access", roles("offline"))), "/v1/session", 401},
		"a supervisor by the mapped name":  {p.Token(with("realm_access", roles("cc-lead"))), "/v1/floor", 200},
		"not by the name of the role then": {p.Token(with("realm_access", roles("supervisor"))), "/v1/session", 401},
		"the one that may most counts":     {p.Token(with("realm_access", roles("agent", "cc-lead"))), "/v1/floor", 200},
		"expired":                          {p.Token(with("exp", time.Now().Add(-time.Minute).Unix())), "/v1/session", 401},
		"for somebody else":                {p.Token(with("aud", "shop")), "/v1/session", 401},
		"of another issuer":                {p.Token(with("iss", "https://evil.example")), "/v1/session", 401},
		"signed by another provider":       {other.Token(with("iss", p.Issuer)), "/v1/session", 401},
		"with other contents":              {strings.Join(forged, "."), "/v1/session", 401},
		"unsigned":                         {forged[0] + "." + forged[1] + ".", "/v1/session", 401},
		"no JWT":                           {"ann", "/v1/session", 401},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.status, c.ask(by(test.token, get(test.path))).Code)
		})
	}

	require.Equal(t, 200, c.ask(by(p.Token(ann), about("hold", `{"actor":"supervisor:sue"}`))).Code)
	assert.Equal(t, "agent:1001", c.last(t, wire.CallStream(known)).Actor)

	old := p.Token(ann)
	p.Rotate()
	assert.Equal(t, 200, c.ask(by(p.Token(ann), get("/v1/agents/1001"))).Code, "a key that was not known is read")
	assert.Equal(t, 401, c.ask(by(old, get("/v1/agents/1001"))).Code, "one that is gone is no more")
}

// Who makes up tokens does not have the provider asked as often as he asks.
func TestAProviderIsNotAskedForItsKeysByEverybody(t *testing.T) {
	t.Parallel()
	p, other := openidtest.Start(t), openidtest.Start(t)
	c := byOpenID(t, p)
	made := other.Token(map[string]any{"iss": p.Issuer})
	began := time.Now()
	for range 100 {
		require.Equal(t, 401, c.ask(by(made, get("/v1/session"))).Code)
	}
	assert.LessOrEqual(t, p.KeysAsked(), 21+int(time.Since(began).Seconds()), "twenty at once, and one a second")
}

// A provider that is away keeps nobody from starting, and is looked for again.
func TestAnOpenIDProviderThatIsAway(t *testing.T) {
	t.Parallel()
	p := openidtest.Start(t)
	gone := openidtest.Start(t)
	gone.Stop()
	token := gone.Token(map[string]any{"roles": "admin"})
	openID, err := httpapi.NewOpenID(openIDOf(gone, "http://127.0.0.1:1"))
	require.NoError(t, err)
	c := guarded(t)
	c.config.Auth = httpapi.Authentications{c.config.Auth, openID}
	assert.Equal(t, 503, c.ask(by(token, get("/v1/floor"))).Code)
	assert.Equal(t, 200, c.ask(by("sue", get("/v1/floor"))).Code, "who has a static token does not need it")
	assert.Equal(t, 200, c.ask(get("/healthz")).Code)
	login := c.ask(get("/login/openid"))
	assert.Equal(t, 503, login.Code)
	assert.Contains(t, login.Body.String(), "does not answer")
	assert.Zero(t, p.LoggedIn())
}

// visited is an engine and a browser that keeps cookies and follows redirects.
type visited struct {
	*http.Client
	address string
	serves  func(http.Handler) // instead of the engine, from now on
}

func visit(t *testing.T, p *openidtest.Provider, more ...httpapi.Authentication) *visited {
	t.Helper()
	v, _ := visiting(t, p, more...)
	return v
}

func visiting(t *testing.T, p *openidtest.Provider, more ...httpapi.Authentication) (*visited, *centre) {
	t.Helper()
	c := guarded(t)
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	openID, err := httpapi.NewOpenID(openIDOf(p, server.URL))
	require.NoError(t, err)
	c.config.Auth = append(httpapi.Authentications{openID}, more...)
	handler = httpapi.New(c.config).Handler()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &visited{&http.Client{Jar: jar, Timeout: 10 * time.Second}, server.URL, func(h http.Handler) { handler = h }}, c
}

func (v *visited) see(t *testing.T, path string) (status int, at, body string) {
	t.Helper()
	response, err := v.Get(v.address + path)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, response.Request.URL.Path, string(text)
}

func TestABrowserLogsInWithAnOpenIDProvider(t *testing.T) {
	t.Parallel()
	p := openidtest.Start(t)
	p.Is(map[string]any{"preferred_username": "sue", "realm_access": roles("cc-lead")})
	v := visit(t, p)

	status, at, body := v.see(t, "/")
	require.Equal(t, 200, status, body)
	assert.Equal(t, "/", at)
	assert.Equal(t, "page", body)
	assert.Equal(t, 1, p.LoggedIn())
	_, _, body = v.see(t, "/v1/session")
	assert.Contains(t, body, `"subject":"supervisor:sue","role":"supervisor"`)
	_, _, _ = v.see(t, "/")
	assert.Equal(t, 1, p.LoggedIn(), "the session is kept")

	address, err := url.Parse(v.address)
	require.NoError(t, err)
	for _, cookie := range v.Jar.Cookies(address) {
		assert.NotContains(t, cookie.Value, "sue", "nobody can read or write a session")
	}

	response, err := v.Post(v.address+"/logout", "", nil)
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, "/login", response.Request.URL.Path, "by way of the provider, which forgets him too")
	status, _, _ = v.see(t, "/v1/session")
	assert.Equal(t, 401, status)
}

func TestLoginsThatDoNotSucceed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		provider func(p *openidtest.Provider)
		path     string
		says     string
	}{
		"the provider refuses":       {func(p *openidtest.Provider) { p.Refuses("access_denied") }, "/login/openid", "did not succeed"},
		"somebody without a role":    {func(p *openidtest.Provider) { p.Is(map[string]any{"name": "eve"}) }, "/login/openid", "what you may do"},
		"another nonce":              {func(p *openidtest.Provider) { p.Is(map[string]any{"nonce": "x", "realm_access": roles("admin")}) }, "/login/openid", "did not succeed"},
		"for another client":         {func(p *openidtest.Provider) { p.Is(map[string]any{"aud": "x", "realm_access": roles("admin")}) }, "/login/openid", "did not succeed"},
		"nobody has begun it":        {func(*openidtest.Provider) {}, "/login/callback?code=1&state=2", "did not succeed"},
		"somebody else has begun it": {func(p *openidtest.Provider) { p.Is(map[string]any{"realm_access": roles("admin")}) }, "/login/callback?code=1&state=2", "did not succeed"},
	} {
		t.Run(name, func(t *testing.T) {
			p := openidtest.Start(t)
			test.provider(p)
			v := visit(t, p)
			if name == "somebody else has begun it" {
				v.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
				status, _, _ := v.see(t, "/login/openid")
				require.Equal(t, 303, status)
			}
			status, _, body := v.see(t, test.path)
			assert.Equal(t, 403, status)
			assert.Contains(t, body, test.says)
			status, _, _ = v.see(t, "/v1/session")
			assert.Equal(t, 401, status)
		})
	}
}

func TestWithTokensAndAnOpenIDProvider(t *testing.T) {
	t.Parallel()
	p := openidtest.Start(t)
	tokens, err := httpapi.NewTokens([]httpapi.Token{{SHA256: httpapi.HashToken("ivr"), Subject: httpapi.Subject{Name: "ivr:main", Role: httpapi.RoleIVR}}})
	require.NoError(t, err)
	v := visit(t, p, tokens)
	_, at, body := v.see(t, "/")
	assert.Equal(t, "/login", at, "there are two ways")
	assert.Contains(t, body, "/login/openid")
	assert.Contains(t, body, "token")
	response, err := v.PostForm(v.address+"/login", url.Values{"token": {"ivr"}})
	require.NoError(t, err)
	response.Body.Close()
	_, _, body = v.see(t, "/v1/session")
	assert.Contains(t, body, "ivr:main")
}

func TestEverythingThatIsWrongWithAnOpenIDConfigurationIsSaid(t *testing.T) {
	_, err := httpapi.NewOpenID(httpapi.OpenIDConfig{
		Issuer: "http://login.example", RedirectURL: "https://callstate.example/back", Roles: map[httpapi.Role]string{"boss": "x"}, Session: -1,
	})
	for _, text := range []string{"client_id is missing", "client_secret is missing", "issuer must be an https URL", "must end in /login/callback", `no role "boss"`, "session is negative"} {
		assert.ErrorContains(t, err, text)
	}
}
