// Package openidtest is a small OpenID provider for tests: it knows one person at a time, who agrees to every login.
package openidtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"
)

// The client that the provider knows.
const (
	ClientID     = "callstate"
	ClientSecret = "between us"
)

// Provider is an OpenID provider on this machine. All methods may be called by anybody.
type Provider struct {
	Issuer string

	t        testing.TB
	server   *httptest.Server
	mu       sync.Mutex
	key      *ecdsa.PrivateKey
	keyID    int
	claims   map[string]any
	refused  string
	pending  map[string]pending // by code
	loggedIn int
	asked    int // for its keys
}

// pending is a login whose code has not been exchanged yet.
type pending struct{ nonce, challenge, redirect string }

// Start starts a provider, which ends with the test. It is called localhost, so that an engine at 127.0.0.1 is another site
// to a browser.
func Start(t testing.TB) *Provider {
	t.Helper()
	p := &Provider{t: t, pending: map[string]pending{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.describe)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("GET /logout", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("post_logout_redirect_uri"), http.StatusSeeOther)
	})
	p.server = httptest.NewServer(mux)
	t.Cleanup(p.server.Close)
	_, port, err := net.SplitHostPort(p.server.Listener.Addr().String())
	require.NoError(t, err)
	p.Issuer = "http://localhost:" + port
	p.Rotate()
	return p
}

// Is says who logs in from now on, by claims.
func (p *Provider) Is(claims map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.claims, p.refused = claims, ""
}

// Refuses has the provider send browsers back with an error.
func (p *Provider) Refuses(why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused = why
}

// Rotate has the provider sign with a new key; the old one is not known any more.
func (p *Provider) Rotate() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(p.t, err)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key, p.keyID = key, p.keyID+1
}

// Stop ends the provider before the test ends.
func (p *Provider) Stop() { p.server.Close() }

// Client asks the provider without a network between them: for tests in which time is not real.
func (p *Provider) Client() *http.Client {
	return &http.Client{Transport: nearby{p.server.Config.Handler}}
}

// nearby has a handler answer requests where it is.
type nearby struct{ http.Handler }

// RoundTrip has the handler answer.
func (n nearby) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	n.ServeHTTP(answer, r)
	response := answer.Result()
	response.Request = r
	return response, nil
}

// LoggedIn is how many logins have come to their end.
func (p *Provider) LoggedIn() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.loggedIn
}

// KeysAsked is how often it was asked for its keys.
func (p *Provider) KeysAsked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// Token is a JWT with claims, as the provider makes it; what is not among them is as for a program that may use us.
func (p *Provider) Token(claims map[string]any) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := map[string]any{"iss": p.Issuer, "aud": ClientID, "sub": "somebody", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}
	for name, value := range claims {
		all[name] = value
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: p.key},
		(&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", fmt.Sprint(p.keyID)))
	require.NoError(p.t, err)
	token, err := jwt.Signed(signer).Claims(all).Serialize()
	require.NoError(p.t, err)
	return token
}

func (p *Provider) describe(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{
		"issuer": p.Issuer, "authorization_endpoint": p.Issuer + "/authorize", "token_endpoint": p.Issuer + "/token",
		"jwks_uri": p.Issuer + "/keys", "end_session_endpoint": p.Issuer + "/logout", "id_token_signing_alg_values_supported": []string{"ES256"},
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "code_challenge_methods_supported": []string{"S256"},
	})
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: fmt.Sprint(p.keyID), Algorithm: "ES256", Use: "sig"}}})
}

func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	query := r.URL.Query()
	if query.Get("client_id") != ClientID || query.Get("response_type") != "code" || query.Get("code_challenge_method") != "S256" {
		http.Error(w, "this is not how to ask", http.StatusBadRequest)
		return
	}
	back := url.Values{"state": {query.Get("state")}}
	if p.refused != "" {
		back.Set("error", p.refused)
	} else {
		code := rand.Text()
		p.pending[code] = pending{query.Get("nonce"), query.Get("code_challenge"), query.Get("redirect_uri")}
		back.Set("code", code)
	}
	http.Redirect(w, r, query.Get("redirect_uri")+"?"+back.Encode(), http.StatusSeeOther)
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	code := r.PostFormValue("code")
	p.mu.Lock()
	login, known := p.pending[code]
	delete(p.pending, code)
	claims := map[string]any{"nonce": login.nonce}
	for name, value := range p.claims {
		claims[name] = value
	}
	p.mu.Unlock()
	verifier := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !known || id != ClientID || secret != url.QueryEscape(ClientSecret) || r.PostFormValue("redirect_uri") != login.redirect ||
		base64.RawURLEncoding.EncodeToString(verifier[:]) != login.challenge {
		w.WriteHeader(http.StatusBadRequest)
		answer(w, map[string]string{"error": "invalid_grant"})
		return
	}
	token := p.Token(claims)
	p.mu.Lock()
	p.loggedIn++
	p.mu.Unlock()
	answer(w, map[string]any{"access_token": "opaque", "token_type": "Bearer", "expires_in": 300, "id_token": token})
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}
