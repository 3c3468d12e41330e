package httpapi

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every route stands in the table of who may what, and nothing else stands there: what is not there, nobody may.
func TestEveryRouteHasItsRights(t *testing.T) {
	answer := httptest.NewRecorder()
	New(Config{}).Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "http://localhost/openapi.json", nil))
	var document struct{ Paths map[string]map[string]any }
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &document))
	routes := map[string]bool{"GET /": true, "GET /v1/": true, "GET /v1": true, "GET /openapi.json": true, "GET /asyncapi.json": true, "GET /login": true, "POST /login": true, "POST /logout": true, "GET /metrics": true,
		"GET /login/openid": true, "GET /login/callback": true, "GET /logout": true}
	for path, operations := range document.Paths {
		for method := range operations {
			routes[strings.ToUpper(method)+" "+path] = true
		}
	}
	may := rights()
	for route := range routes {
		assert.NotEmpty(t, may[route], route)
	}
	for route := range may {
		assert.True(t, routes[route], "%s is no route", route)
	}
}

func TestAClientIsToldFromOthers(t *testing.T) {
	l := newLimits(1)
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	assert.True(t, l.allow("a", now))
	assert.True(t, l.allow("a", now), "twice as many at once")
	assert.False(t, l.allow("a", now))
	assert.True(t, l.allow("b", now))
	assert.True(t, l.allow("a", now.Add(idleClient)))
	for i := range mostClients {
		l.allow(string(rune(i+0x10000)), now)
	}
	assert.False(t, l.allow("one too many", now))
	assert.True(t, l.allow("one too many", now.Add(2*idleClient)), "who is idle is forgotten")
	assert.Nil(t, newLimits(0))
	assert.Equal(t, networkOf("2001:db8::1"), networkOf("2001:db8::ffff"), "a customer has 64 bits of addresses")
	assert.NotEqual(t, networkOf("192.0.2.1"), networkOf("192.0.2.2"))
}

// Every service that a desktop may offer has the route by which it is asked for.
func TestEveryServiceHasItsRoute(t *testing.T) {
	may, by := rights(), routes()
	assert.Len(t, by, len(commands())+1, "one for each command, and one for user data")
	for service, route := range by {
		assert.NotEmpty(t, service, route)
		assert.NotEmpty(t, may[route], service)
	}
}
