package desktop_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// The page comes also where the engine has no time for all of it at once: it says so, and asks again.
func TestThePageComesWhenTheEngineIsBusy(t *testing.T) {
	b := openBrowser(t)
	b.expected = "status of 429"
	c := openCentre(t, 0)
	address, err := url.Parse(c.url(""))
	require.NoError(t, err)
	engine := httputil.NewSingleHostReverseProxy(address)
	var modules, sessions atomic.Int32
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/floor.js" && modules.Add(1) == 1 || r.URL.Path == "/v1/session" && sessions.Add(1) == 1 {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write([]byte(`{"detail": "more than 50 requests a second"}`))
			return
		}
		engine.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		front.CloseClientConnections() // the browser's stream would go on
		front.Close()
	})
	b.open(front.URL)
	b.seeText("main", "more than 50 requests a second", "It is asked again.")
	b.seeText(".feed", "Live")
}
