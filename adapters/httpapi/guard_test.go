package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestAPathIsTakenAsItIs: nobody is sent on from a path with an empty part to another one, where a POST does something else.
func TestAPathIsTakenAsItIs(t *testing.T) {
	for _, path := range []string{
		"/v1/calls//hold", "/v1//floor", "/v1/agents/../calls", "/v1/calls/../floor", "/v1/./floor", "/v1/calls/%2e%2e/floor", "/v1/../v1/floor", "/v1/floor//",
		"/v1", "/v1/", "/v1/floor/", "/v1/calls/", "/v1/agents/1001/", "/v1/agents//stream",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			answer := guarded(t).ask(by("sue", httptest.NewRequest(method, path, nil)))
			assert.Contains(t, []int{http.StatusNotFound, http.StatusMethodNotAllowed}, answer.Code, "%s %s", method, path)
			assert.Empty(t, answer.Header().Get("Location"), "%s %s", method, path)
			assert.Equal(t, "application/problem+json", answer.Header().Get("Content-Type"), "%s %s", method, path)
			assert.Contains(t, answer.Body.String(), answer.Header().Get("X-Request-ID"), "%s %s", method, path)
		}
	}
	for _, path := range []string{"//", "//v1/calls"} { // which httptest takes for a host
		elsewhere := get("/")
		elsewhere.URL.Path = path
		assert.Equal(t, http.StatusNotFound, guarded(t).ask(elsewhere).Code, path)
	}
}
