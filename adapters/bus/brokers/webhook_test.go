package brokers

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The example of Standard Webhooks, which its libraries are tested with.
func TestSignatureIsThatOfStandardWebhooks(t *testing.T) {
	key, err := signingKey("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	require.NoError(t, err)
	assert.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
		sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`)))
}

// receiver is a webhook's receiver that checks signatures, and fails as it is told to.
type receiver struct {
	*httptest.Server
	key    []byte
	answer func(request int) int // the status of each request

	mu       sync.Mutex
	requests int
	taken    []string // ids
	forged   int
}

func newReceiver(t *testing.T, secret string) *receiver {
	key, err := signingKey(secret)
	require.NoError(t, err)
	r := &receiver{key: key, answer: func(int) int { return http.StatusNoContent }}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	payload, err := io.ReadAll(request.Body)
	id, timestamp := request.Header.Get("Webhook-Id"), request.Header.Get("Webhook-Timestamp")
	seconds, _ := strconv.ParseInt(timestamp, 10, 64)
	fresh := time.Since(time.Unix(seconds, 0)).Abs() < 5*time.Minute
	if err != nil || !fresh || request.Header.Get("Webhook-Signature") != sign(r.key, id, timestamp, payload) {
		r.forged++
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	r.requests++
	status := r.answer(r.requests)
	if status == 0 { // cut the line
		panic(http.ErrAbortHandler)
	}
	if status < 300 {
		r.taken = append(r.taken, id)
	}
	w.WriteHeader(status)
}

func (r *receiver) ids() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.taken...)
}

func TestWebhookIsConfirmedByItsAnswer(t *testing.T) {
	const secret = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0"
	r := newReceiver(t, secret)
	publisher, err := Config{Name: "crm", Kind: Webhook, URL: r.URL, Secret: secret}.Connect()
	require.NoError(t, err)
	defer publisher.Close()
	for status, confirmed := range map[int]bool{200: true, 202: true, 204: true, 301: false, 307: false, 400: false, 410: false, 429: false, 500: false, 503: false, 0: false} {
		r.mu.Lock()
		r.answer = func(int) int { return status }
		r.mu.Unlock()
		err := publisher.Publish("", message.NewMessage("id", []byte("{}")))
		assert.Equal(t, confirmed, err == nil, "%d: %v", status, err)
	}
	assert.Zero(t, r.forged)

	wrong, err := Config{Name: "crm", Kind: Webhook, URL: r.URL, Secret: "guess"}.Connect()
	require.NoError(t, err)
	assert.ErrorContains(t, wrong.Publish("", message.NewMessage("id", []byte("{}"))), "401")
}

func TestWebhookEndsWithItsContext(t *testing.T) {
	reached, done := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(reached); <-done }))
	defer server.Close()
	defer close(done)
	publisher, err := Config{Kind: Webhook, URL: server.URL, Secret: "s"}.Connect()
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	m := message.NewMessage("id", []byte("{}"))
	m.SetContext(ctx)
	failed := make(chan error)
	go func() { failed <- publisher.Publish("", m) }()
	<-reached
	cancel()
	assert.ErrorIs(t, <-failed, context.Canceled)
}

func TestConfigsThatCannotBe(t *testing.T) {
	for want, c := range map[string]Config{
		"kind must be one of":     {Kind: "pigeon"},
		"url is missing":          {Kind: NATS, Topic: "calls"},
		"topic is missing":        {Kind: NATS, URL: "nats://127.0.0.1"},
		"a webhook needs":         {Kind: Webhook, URL: "https://crm.example"},
		"not base64":              {Kind: Webhook, URL: "https://crm.example", Secret: "whsec_*"},
		"http:// or https://":     {Kind: Webhook, URL: "ftp://crm.example", Secret: "s"},
		"url has no host":         {Kind: Webhook, URL: "https:///path", Secret: "s"},
		"url cannot be read":      {Kind: Webhook, URL: "https://user:pass word@host:port", Secret: "s"},
		"url has credentials":     {Kind: NATS, URL: "nats://user:password@a:4222", Topic: "calls"},
		"must begin with nats://": {Kind: NATS, URL: "nats://a:4222, http://b", Topic: "calls"},
	} {
		err := c.Validate()
		assert.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "word@")
	}
	for _, c := range []Config{
		{Kind: Stdout},
		{Kind: NATS, URL: "nats://a:4222,tls://b:4222", Topic: "calls"},
		{Kind: Webhook, URL: "https://crm.example/calls", Secret: "whsec_" + base64.StdEncoding.EncodeToString([]byte("key"))},
	} {
		assert.NoError(t, c.Validate())
	}
}
