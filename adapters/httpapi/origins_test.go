package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/httpapi"
	"github.com/callstate/callstate/adapters/httpapi/openidtest"
	"github.com/callstate/callstate/domain/wire"
)

const crm, stranger = "https://crm.example", "https://stranger.example"

func withOrigins(t *testing.T, allowed ...string) *centre {
	t.Helper()
	c := guarded(t)
	origins, err := httpapi.NewOrigins(allowed)
	require.NoError(t, err)
	c.config.Origins = origins
	return c
}

func TestAPageOfAnAllowedOriginReads(t *testing.T) {
	c := withOrigins(t, crm)
	for origin, allowed := range map[string]string{crm: crm, stranger: "", "": ""} {
		r := by("sue", httptest.NewRequest(http.MethodGet, "/v1/floor", nil))
		if origin != "" {
			r = with(r, "Origin", origin)
		}
		answer := c.ask(r)
		assert.Equal(t, http.StatusOK, answer.Code, origin)
		assert.Equal(t, allowed, answer.Header().Get("Access-Control-Allow-Origin"), origin)
		assert.Contains(t, answer.Header().Values("Vary"), "Origin", "what is kept for one origin is not for another")
		if allowed != "" {
			assert.Equal(t, "true", answer.Header().Get("Access-Control-Allow-Credentials"))
			assert.Contains(t, answer.Header().Get("Access-Control-Expose-Headers"), "Etag")
		}
	}
}

func TestAPageOfAnAllowedOriginReadsWhyNot(t *testing.T) {
	answer := withOrigins(t, crm).ask(with(httptest.NewRequest(http.MethodGet, "/v1/floor", nil), "Origin", crm))
	assert.Equal(t, http.StatusUnauthorized, answer.Code)
	assert.Equal(t, crm, answer.Header().Get("Access-Control-Allow-Origin"))
}

func TestPreflights(t *testing.T) {
	preflight := func(c *centre, origin, method, headers string) http.Header {
		r := with(httptest.NewRequest(http.MethodOptions, "/v1/agents/1001/ready", nil), "Origin", origin)
		r.Header.Set("Access-Control-Request-Method", method)
		r.Header.Set("Access-Control-Request-Headers", headers)
		return c.ask(r).Header()
	}
	allowed := withOrigins(t, crm)
	said := preflight(allowed, crm, http.MethodPost, "authorization,content-type,idempotency-key")
	assert.Equal(t, crm, said.Get("Access-Control-Allow-Origin"))
	assert.Equal(t, http.MethodPost, said.Get("Access-Control-Allow-Methods"))
	assert.Equal(t, "authorization,content-type,idempotency-key", said.Get("Access-Control-Allow-Headers"))
	assert.Equal(t, "600", said.Get("Access-Control-Max-Age"))
	assert.Empty(t, preflight(allowed, stranger, http.MethodPost, "").Get("Access-Control-Allow-Origin"))
	assert.Empty(t, preflight(allowed, crm, http.MethodDelete, "").Get("Access-Control-Allow-Origin"))
	assert.Empty(t, preflight(guarded(t), crm, http.MethodPost, "").Get("Access-Control-Allow-Origin"), "nothing is allowed that is not configured")
}

// TestOnlyPagesOfAllowedOriginsChangeAnything: a session's cookie goes along with what a page of another origin sends.
func TestOnlyPagesOfAllowedOriginsChangeAnything(t *testing.T) {
	status := func(c *centre, origin string) int {
		r := httptest.NewRequest(http.MethodPost, "/logout", nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		return c.ask(r).Code
	}
	assert.NotEqual(t, http.StatusForbidden, status(withOrigins(t, crm), crm))
	assert.Equal(t, http.StatusForbidden, status(withOrigins(t, crm), stranger))
	assert.Equal(t, http.StatusForbidden, status(guarded(t), crm))
}

func TestOrigins(t *testing.T) {
	for _, wrong := range []string{"*", "null", "", "crm.example", "https://*.example", "https://crm.example/", "https://crm.example/page", "https://CRM.example", "file://crm"} {
		_, err := httpapi.NewOrigins([]string{wrong})
		assert.ErrorIs(t, err, httpapi.ErrOrigin, wrong)
	}
}

// A page of an allowed origin, and nobody else's, changes something with the cookie of a session, where the browser sends it
// along: to another host of the same site, a CRM at crm.example.com say, it does.
func TestWhoseCookieChangesSomething(t *testing.T) {
	t.Parallel()
	p := openidtest.Start(t)
	v, c := visiting(t, p)
	allowed := "http://crm.localhost:8090"
	origins, err := httpapi.NewOrigins([]string{allowed})
	require.NoError(t, err)
	c.config.Origins = origins
	v.serves(httpapi.New(c.config).Handler())
	p.Is(map[string]any{"preferred_username": "ann", "realm_access": roles("agent"), "callstate_agent": "1001"})
	status, _, _ := v.see(t, "/")
	require.Equal(t, http.StatusOK, status)

	for name, test := range map[string]struct {
		site, origin string
		status       int
	}{
		"our page":                            {"same-origin", v.address, 200},
		"our page, of an old browser":         {"", v.address, 200},
		"an allowed origin of the same site":  {"same-site", allowed, 200},
		"an allowed origin of another site":   {"cross-site", allowed, 200},
		"another origin of the same site":     {"same-site", "http://shop.localhost:8090", 403},
		"another site":                        {"cross-site", "https://evil.example", 403},
		"another site, of an old browser":     {"", "https://evil.example", 403},
		"another site, which hides its name":  {"cross-site", "null", 403},
		"a form of another site, as if typed": {"cross-site", "", 403},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(c.pbx.orders)
			r, err := http.NewRequest(http.MethodPost, v.address+"/v1/calls/"+known.String()+"/hold", strings.NewReader("{}"))
			require.NoError(t, err)
			r.Header.Set("Content-Type", "application/json")
			for header, value := range map[string]string{"Sec-Fetch-Site": test.site, "Origin": test.origin} {
				if value != "" {
					r.Header.Set(header, value)
				}
			}
			answer, err := v.Do(r) // with the cookie
			require.NoError(t, err)
			defer answer.Body.Close()
			assert.Equal(t, test.status, answer.StatusCode)
			if test.status != 200 {
				assert.Len(t, c.pbx.orders, before, "nothing was done")
				assert.Equal(t, "application/problem+json", answer.Header.Get("Content-Type"))
				assert.Empty(t, answer.Header.Get("Access-Control-Allow-Origin"), "and its page may not even read why")
				return
			}
			assert.Len(t, c.pbx.orders, before+1)
			assert.Equal(t, "agent:1001", c.last(t, wire.CallStream(known)).Actor)
			if test.origin == allowed {
				assert.Equal(t, allowed, answer.Header.Get("Access-Control-Allow-Origin"))
				assert.Equal(t, "true", answer.Header.Get("Access-Control-Allow-Credentials"))
			}
		})
	}
	assert.Contains(t, c.refused(t), "agent:1001: POST /v1/calls/{connId}/hold: requests that change something are not taken from pages of another origin")
}
