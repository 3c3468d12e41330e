package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/time/rate"
)

// Subject is who asks.
type Subject struct {
	Name  string `json:"subject" example:"agent:1001" doc:"As it is written into the log"`
	Role  Role   `json:"role" enum:"agent,supervisor,auditor,ivr,admin"`
	Agent string `json:"agent,omitempty" example:"1001" doc:"The agent's id, with the role agent"`

	Session string `json:"session,omitempty" doc:"The session of a browser that has logged in at an OpenID provider"`
}

// Authentication finds out who asks from the credentials of a request. The error is ErrNobody when they are nobody's; any
// other one says why that cannot be told now.
type Authentication interface {
	Subject(ctx context.Context, token string) (Subject, error)
}

// ErrNobody: credentials are missing, or are nobody's.
var ErrNobody = errors.New("who asks is not known")

// Authentications are several, of which each has people whom the others do not know.
type Authentications []Authentication

// Subject is whom the first one knows that knows somebody.
func (a Authentications) Subject(ctx context.Context, token string) (Subject, error) {
	unknown := ErrNobody
	for _, each := range a {
		who, err := each.Subject(ctx, token)
		if err == nil {
			return who, nil
		}
		if _, named := errors.AsType[*unwelcome](err); named || !errors.Is(err, ErrNobody) {
			unknown = err // which says more
		}
	}
	return Subject{}, unknown
}

// Token is who has a static token. Only its hash is known.
type Token struct {
	SHA256 string // of the token, in hex
	Subject
}

// Tokens are static tokens.
type Tokens struct{ byHash map[[sha256.Size]byte]Subject }

// NewTokens checks tokens and returns them as an Authentication.
func NewTokens(tokens []Token) (*Tokens, error) {
	t := &Tokens{byHash: map[[sha256.Size]byte]Subject{}}
	if len(tokens) == 0 {
		return nil, errors.New("there are no tokens")
	}
	for i, token := range tokens {
		hash, err := hex.DecodeString(token.SHA256)
		_, again := t.byHash[[sha256.Size]byte(append(hash, make([]byte, sha256.Size)...))]
		switch {
		case err != nil || len(hash) != sha256.Size:
			return nil, fmt.Errorf("token %d: sha256 is not a SHA-256 in hex", i+1)
		case token.Name == "":
			return nil, fmt.Errorf("token %d: the subject is missing", i+1)
		case !slices.Contains(Roles(), token.Role):
			return nil, fmt.Errorf("token %d: there is no role %q", i+1, token.Role)
		case (token.Role == RoleAgent) != (token.Agent != ""):
			return nil, fmt.Errorf("token %d: agents, and nobody else, have an agent's id", i+1)
		case again:
			return nil, fmt.Errorf("token %d: it is there twice", i+1)
		}
		t.byHash[[sha256.Size]byte(hash)] = token.Subject
	}
	return t, nil
}

// Subject is whose token it is. How long the look-up takes tells something of the hash at most, and so nothing of a token.
func (t *Tokens) Subject(_ context.Context, token string) (Subject, error) {
	who, known := t.byHash[sha256.Sum256([]byte(token))]
	if !known {
		return Subject{}, ErrNobody
	}
	return who, nil
}

// TokenFile are static tokens in a file, which is looked at again while they are used, so that one is given to somebody, and
// taken away, without a restart.
type TokenFile struct{ *reread[*Tokens] }

// OpenTokenFile reads tokens from a file. The logger gets why they cannot be read again; nil logs nothing.
func OpenTokenFile(file string, read func(file string) (*Tokens, error), logger *slog.Logger) (*TokenFile, error) {
	tokens, err := readAgain(func() (*Tokens, error) { return read(file) }, logger, file)
	if err != nil {
		return nil, err
	}
	return &TokenFile{tokens}, nil
}

// Subject is whose token it is now.
func (t *TokenFile) Subject(ctx context.Context, token string) (Subject, error) {
	return t.at(time.Now()).Subject(ctx, token)
}

// HashToken is what a file of tokens holds in place of a token.
func HashToken(token string) string {
	hash := sha256.Sum256([]byte(token))
	return hex.EncodeToString(hash[:])
}

type subjectKey struct{}

// subjectOf is who asks; ok is false where nobody has to say who he is.
func subjectOf(ctx context.Context) (who Subject, ok bool) {
	who, ok = ctx.Value(subjectKey{}).(Subject)
	return who, ok
}

const cookieName = "callstate"

// credentials are the token of a request: of programs in the header, of browsers, whose streams cannot have one, in a
// cookie.
func credentials(r *http.Request) string {
	if kind, token, found := strings.Cut(r.Header.Get("Authorization"), " "); found && strings.EqualFold(kind, "Bearer") {
		return strings.TrimSpace(token)
	}
	if cookie, err := r.Cookie(cookieName); err == nil {
		return cookie.Value
	}
	return ""
}

// authorised says who asks in the context of the request, or answers why that cannot be done: nobody knows him (401), he
// may not (403), or he asks too often (429).
func (s *Server) authorised(w http.ResponseWriter, r *http.Request, pattern string) (*http.Request, bool) {
	if s.config.Auth == nil {
		return r, s.allowed(w, r, pattern, Subject{})
	}
	who, err := s.subject(r.Context(), credentials(r))
	known := err == nil
	if !s.allowed(w, r, pattern, who) {
		return r, false
	}
	if known {
		r = r.WithContext(context.WithValue(r.Context(), subjectKey{}, who))
	}
	if slices.Contains(s.rights[pattern], public) {
		if pattern == pagePattern && r.URL.Path == "/" && !known {
			http.Redirect(w, r, s.logInAt(), http.StatusSeeOther)
			return r, false
		}
		return r, true
	}
	if !known && !errors.Is(err, ErrNobody) {
		s.config.Logger.Warn("who asks cannot be found out", "err", err, "request", requestID(r.Context()))
		s.fail(w, r, problem{Status: http.StatusServiceUnavailable, Detail: "who asks cannot be found out now; try again"})
		return r, false
	}
	if !known {
		w.Header().Set("WWW-Authenticate", `Bearer realm="callstate"`)
		s.notKnown(r, pattern, credentials(r) != "", err)
		s.fail(w, r, problem{Status: http.StatusUnauthorized, Detail: "who asks is not known: a token is missing, or not a valid one"})
		return r, false
	}
	if why := s.denied(r, pattern, who); why != "" {
		s.fail(w, r, *s.deny(r.Context(), pattern, r.URL.Path, who, why))
		return r, false
	}
	return r, true
}

func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// allowed answers a client that asks more often than it may. The files of the page are not counted: whoever opens it asks for
// all of them at once, a file costs no more than a refusal, and one that is missing leaves the page blank.
func (s *Server) allowed(w http.ResponseWriter, r *http.Request, pattern string, who Subject) bool {
	limits, client := s.limits, who.Name
	if client == "" {
		limits, client = s.addressLimits, networkOf(addressOf(r))
	}
	if limits == nil || pattern == pagePattern || limits.allow(client, s.config.Now()) {
		return true
	}
	w.Header().Set("Retry-After", "1")
	s.refuse(w, r, pattern, who, problem{Status: http.StatusTooManyRequests, Detail: fmt.Sprintf("more than %g requests a second", s.config.Rate)})
	return false
}

// networkOf is an address, or of IPv6 the network of 64 bits that one customer has.
func networkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || !ip.Is6() || ip.Is4In6() {
		return address
	}
	network, _ := ip.Prefix(64)
	return network.String()
}

// limits are how often each client may ask.
type limits struct {
	rate rate.Limit

	mu      sync.Mutex
	clients map[string]*client
}

type client struct {
	*rate.Limiter
	last time.Time
}

// mostClients bounds how many clients are told apart; idleClient is when one is forgotten: by then it may ask as one that
// never did.
const (
	mostClients = 10_000
	idleClient  = time.Minute
)

func newLimits(perSecond float64) *limits {
	if perSecond <= 0 {
		return nil
	}
	return &limits{rate: rate.Limit(perSecond), clients: map[string]*client{}}
}

func (l *limits) allow(name string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.clients[name]
	if c == nil {
		if len(l.clients) >= mostClients {
			l.forget(now)
		}
		if len(l.clients) >= mostClients {
			return false
		}
		c = &client{Limiter: rate.NewLimiter(l.rate, max(1, int(2*l.rate)))}
		l.clients[name] = c
	}
	c.last = now
	return c.AllowN(now, 1)
}

func (l *limits) forget(now time.Time) {
	for name, c := range l.clients {
		if now.Sub(c.last) > idleClient {
			delete(l.clients, name)
		}
	}
}

// clientOf is by what clients are told apart: who is authenticated, else the address.
func clientOf(r *http.Request) string {
	if who, ok := subjectOf(r.Context()); ok {
		return who.Name
	}
	return addressOf(r)
}

type sessionAnswer struct{ Body Subject }

// registerSession puts on a mux how a browser tells who sits there, and how anybody learns for whom he is taken.
func (s *Server) registerSession(mux *http.ServeMux, api huma.API) {
	operation(s, api, huma.Operation{
		OperationID: "getSession", Method: http.MethodGet, Path: "/v1/session", Tags: []string{tagOperation},
		Summary:     "Who asks",
		Description: "As authentication has found it out. Where nobody has to say who he is there is no subject, and everybody may do everything.",
	}, func(ctx context.Context, _ *struct{}) (*sessionAnswer, error) {
		who, ok := subjectOf(ctx)
		if !ok {
			who.Role = RoleAdmin
		}
		return &sessionAnswer{who}, nil
	}, http.StatusUnauthorized)
	s.registerSessions(api)
	if s.config.Auth == nil {
		return
	}
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, _ *http.Request) { s.showLogIn(w, http.StatusOK, "") })
	mux.HandleFunc("POST /login", s.logIn)
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, s.cookie(cookieName, "", -1, http.SameSiteStrictMode))
		if who, ok := subjectOf(r.Context()); ok && who.Session != "" {
			if err := s.endSession(r.Context(), who.Name, who); err != nil {
				s.fail(w, r, *s.problemOf(r.Context(), err))
				return
			}
		}
		http.Redirect(w, r, "/logout", http.StatusSeeOther)
	})
	goodbye := func() string { return "/login" }
	if o, _ := s.openID(); o != nil {
		mux.HandleFunc("GET /login/openid", s.startLogIn)
		mux.HandleFunc("GET "+callbackPath, s.endLogIn)
		goodbye = o.goodbye
	}
	// By itself it ends no session here: it is where one goes afterwards.
	mux.HandleFunc("GET /logout", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, goodbye(), http.StatusSeeOther) })
}

// openID is the OpenID provider with which browsers log in, if any; tokens tells whether there are others as well.
func (s *Server) openID() (provider *OpenID, tokens bool) {
	all, several := s.config.Auth.(Authentications)
	if !several {
		all = Authentications{s.config.Auth}
	}
	for _, each := range all {
		if o, ok := each.(*OpenID); ok {
			provider = o
		} else {
			tokens = true
		}
	}
	return provider, tokens
}

// logInAt is where a browser begins to log in.
func (s *Server) logInAt() string {
	if o, tokens := s.openID(); o != nil && !tokens {
		return "/login/openid"
	}
	return "/login"
}

// cookie is one that no script can read and that is kept for so many seconds, 0 until the browser ends, -1 no more.
func (s *Server) cookie(name, value string, age int, site http.SameSite) *http.Cookie {
	provider, _ := s.openID()
	secure := s.config.Certificate != nil || provider != nil && strings.HasPrefix(provider.config.RedirectURL, "https:")
	return &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: secure, SameSite: site}
}

// logIn takes a token from a form and has the browser keep it, where no script can read it and no other page can use it.
func (s *Server) logIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	token := strings.TrimSpace(r.PostFormValue("token"))
	if _, err := s.subject(r.Context(), token); err != nil {
		if errors.Is(err, ErrNobody) {
			s.notKnown(r, "POST /login", true, err)
		}
		s.showLogIn(w, http.StatusUnauthorized, "That is not a valid token.")
		return
	}
	http.SetCookie(w, s.cookie(cookieName, token, 0, http.SameSiteStrictMode))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

var loginPage = template.Must(template.New("login").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>callstate: log in</title>
<style>body{font:1rem system-ui;color-scheme:light dark;margin:4rem auto;max-width:24rem;padding:0 1rem}a{display:block;text-align:center;padding:.5rem;border:1px solid}input,button{font:inherit;padding:.5rem;width:100%;box-sizing:border-box;margin:.25rem 0}</style>
<main><h1>callstate</h1>{{with .Why}}<p role="alert">{{.}}</p>{{end}}
{{if .OpenID}}<p><a href="/login/openid" autofocus>Log in</a></p>{{end}}
{{if .Tokens}}<form method="post" action="/login"><label for="token">Your token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required{{if not .OpenID}} autofocus{{end}}>
<button>Log in{{if .OpenID}} with a token{{end}}</button></form>{{end}}</main></html>
`))

func (s *Server) showLogIn(w http.ResponseWriter, status int, why string) {
	provider, tokens := s.openID()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_ = loginPage.Execute(w, struct { // an error means that the client has left
		Why            string
		OpenID, Tokens bool
	}{why, provider != nil, tokens})
}
