package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/httpapi"
	"github.com/callstate/callstate/adapters/httpapi/openidtest"
	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/wire"
)

// refused are the refusals in the log: who, from where, what and why.
func (c *centre) refused(t *testing.T) (refusals []string) {
	t.Helper()
	for record, err := range c.log.ReadStream(t.Context(), wire.AuditStream("denied"), 1) {
		require.NoError(t, err)
		event, err := wire.DecodeAccess(record)
		require.NoError(t, err)
		denied := event.Body.(access.RequestDenied)
		who := event.Actor
		if denied.From != "" {
			who += " at " + denied.From
		}
		refusals = append(refusals, fmt.Sprintf("%s: %s: %s", who, denied.Operation, denied.Reason))
	}
	return refusals
}

func from(address string, r *http.Request) *http.Request {
	r.RemoteAddr = address + ":40000"
	return r
}

// Every refusal is in the log: of somebody known by his name, of others by the address from which they came.
func TestEveryRefusalIsWrittenDown(t *testing.T) {
	const (
		otherOrigin = "requests that change something are not taken from pages of another origin"
		holds       = "POST /v1/calls/{connId}/hold"
	)
	crossSite := func(r *http.Request) *http.Request { return with(r, "Sec-Fetch-Site", "cross-site") }
	tooMany := func(c *centre) { c.config.Rate = 0.1 }
	for name, test := range map[string]struct {
		given    func(*centre)
		requests []*http.Request
		want     []string
	}{
		"he may not":            {nil, []*http.Request{by("bob", about("hold", "{}"))}, []string{"agent:1002: " + holds + ": the agent takes no part in this call"}},
		"from another's device": {nil, []*http.Request{by("ann", about("hold", `{"dn":"1002"}`))}, []string{"agent:1001: " + holds + ": an agent acts from his own device only"}},
		"of another origin, with a cookie": {nil, []*http.Request{crossSite(with(about("hold", "{}"), "Cookie", "callstate=ann"))},
			[]string{"agent:1001: " + holds + ": " + otherOrigin}},
		"of another origin, without":      {nil, []*http.Request{crossSite(from("192.0.2.9", about("hold", "{}")))}, []string{"unknown at 192.0.2.9: " + holds + ": " + otherOrigin}},
		"too many requests of somebody":   {tooMany, []*http.Request{by("sue", get("/v1/floor")), by("sue", get("/v1/floor"))}, []string{"supervisor:sue: GET /v1/floor: more than 0.1 requests a second"}},
		"too many requests of an address": {tooMany, []*http.Request{from("192.0.2.9", get("/healthz")), from("192.0.2.9", get("/healthz"))}, []string{"unknown at 192.0.2.9: GET /healthz: more than 0.1 requests a second"}},
		"a token that is nobody's":        {nil, []*http.Request{from("192.0.2.9", by("eve", get("/v1/floor")))}, []string{"unknown at 192.0.2.9: GET /v1/floor: the credentials are nobody's"}},
		"a login with a token that is nobody's": {nil, []*http.Request{from("192.0.2.9", with(request("POST", "/login", "token=eve"), "Content-Type", "application/x-www-form-urlencoded"))},
			[]string{"unknown at 192.0.2.9: POST /login: the credentials are nobody's"}},
		"by a rebound name": {func(c *centre) { c.config.Auth = nil }, []*http.Request{from("127.0.0.1", hosted(get("/v1/floor"), "evil.example"))},
			[]string{`unknown at 127.0.0.1: GET /v1/floor: this server does not answer for the host "evil.example": use localhost or a loopback address`}},
		"no token at all": {nil, []*http.Request{from("192.0.2.9", get("/v1/floor"))}, nil}, // nobody, and nothing was tried
	} {
		t.Run(name, func(t *testing.T) {
			c := guarded(t)
			if test.given != nil {
				test.given(c)
			}
			engine := httpapi.New(c.config).Handler()
			for _, r := range test.requests {
				answered(engine, r)
			}
			assert.Equal(t, test.want, c.refused(t))
		})
	}
}

// Who is known to the provider and has no role here is named, whether he comes with a token or logs in.
func TestWhoHasNoRoleIsWrittenDown(t *testing.T) {
	t.Parallel()
	p := openidtest.Start(t)
	c := byOpenID(t, p)
	c.config.Auth = httpapi.Authentications{c.config.Auth, guarded(t).config.Auth}
	const why = "there is no role in the claim realm_access.roles (with the role agent, an id in callstate_agent)"
	require.Equal(t, http.StatusUnauthorized, c.ask(by(p.Token(map[string]any{"preferred_username": "eve"}), get("/v1/floor"))).Code)
	assert.Equal(t, []string{"eve: GET /v1/floor: " + why}, c.refused(t))

	v, c := visiting(t, p)
	p.Is(map[string]any{"preferred_username": "mallory"})
	status, _, _ := v.see(t, "/login/openid")
	require.Equal(t, http.StatusForbidden, status)
	assert.Equal(t, []string{"mallory: GET /login/callback: " + why}, c.refused(t))
}

// Nobody fills the log by being refused: each is written once a minute, and of strangers only so many at all.
func TestAFloodOfRefusalsDoesNotFillTheLog(t *testing.T) {
	c := guarded(t)
	now := noon
	c.config.Now = func() time.Time { return now }
	engine := httpapi.New(c.config).Handler()
	for range 50 {
		answered(engine, by("bob", about("hold", "{}")))
		answered(engine, by("bob", about("park", "{}")))
		answered(engine, by("aud", about("hold", "{}")))
		answered(engine, from("192.0.2.1", by("guess", get("/v1/floor"))))
	}
	assert.Len(t, c.refused(t), 4)
	now = now.Add(time.Minute)
	answered(engine, by("bob", about("hold", "{}")))
	assert.Len(t, c.refused(t), 5)

	for i := range 300 {
		answered(engine, from(fmt.Sprintf("198.51.100.%d", i), by("guess", get("/v1/floor"))))
	}
	assert.Len(t, c.refused(t), 105)
	answered(engine, by("sue", about("monitor", "{}")))
	answered(engine, by("aud", about("park", "{}")))
	assert.True(t, slices.ContainsFunc(c.refused(t)[105:], func(each string) bool { return each[:11] == "auditor:aud" }), "who is known is written all the same")

	now = now.Add(time.Minute)
	written := len(c.refused(t))
	for i := range 50 {
		answered(engine, from(fmt.Sprintf("[2001:db8::%d]", i), by("guess", get("/v1/floor"))))
	}
	assert.Len(t, c.refused(t), written+1, "a customer has 64 bits of addresses")
}
