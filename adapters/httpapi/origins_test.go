package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/httpapi"
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

// TestAPathIsTakenAsItIs: nobody is sent on from a path with an empty part to another one, where a POST does something else.
func TestAPathIsTakenAsItIs(t *testing.T) {
	for _, path := range []string{"/v1/calls//hold", "/v1//floor", "/v1/calls/../floor", "/v1/./floor"} {
		answer := guarded(t).ask(by("sue", httptest.NewRequest(http.MethodPost, path, nil)))
		assert.Equal(t, http.StatusNotFound, answer.Code, path)
		assert.Equal(t, "application/problem+json", answer.Header().Get("Content-Type"), path)
		assert.Contains(t, answer.Body.String(), answer.Header().Get("X-Request-ID"), path)
	}
}
