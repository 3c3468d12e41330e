package httpapi

import (
	"cmp"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/gorilla/securecookie"
	"golang.org/x/oauth2"
	"golang.org/x/time/rate"
)

// OpenIDConfig is how an OpenID provider is asked who somebody is (OpenID Connect Core 1.0).
type OpenIDConfig struct {
	Issuer       string // where the provider is: what it has under /.well-known/openid-configuration is its description
	ClientID     string // as which it knows us
	ClientSecret string
	RedirectURL  string   // our /login/callback, as browsers reach it and the provider knows it
	Audience     string   // whom the tokens of programs are for; empty: ClientID
	Scopes       []string // asked for besides openid; nil: profile

	NameClaim  string          // preferred_username: the name of somebody
	RoleClaim  string          // roles: his roles, a text or a list; dots lead into objects (realm_access.roles)
	AgentClaim string          // callstate_agent: with the role agent, the agent's id
	Roles      map[Role]string // what RoleClaim says for a role; nil: its name

	Session time.Duration // how long a browser stays logged in; 0: ten hours

	Client *http.Client     // asks the provider; nil: http.DefaultClient
	Now    func() time.Time // nil: time.Now
}

// Validate says everything that is missing.
func (c OpenIDConfig) Validate() error {
	var errs []error
	for _, each := range []struct{ name, value string }{
		{"issuer", c.Issuer}, {"client_id", c.ClientID}, {"client_secret", c.ClientSecret}, {"redirect_url", c.RedirectURL},
	} {
		if each.value == "" {
			errs = append(errs, fmt.Errorf("%s is missing", each.name))
		}
	}
	for _, each := range []struct{ name, value string }{{"issuer", c.Issuer}, {"redirect_url", c.RedirectURL}} {
		u, err := url.Parse(each.value)
		if each.value != "" && (err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && addressedToLoopback(u.Host))) {
			errs = append(errs, fmt.Errorf("%s must be an https URL (http on loopback only)", each.name))
		}
	}
	if u, err := url.Parse(c.RedirectURL); err == nil && c.RedirectURL != "" && u.Path != callbackPath {
		errs = append(errs, fmt.Errorf("redirect_url must end in %s", callbackPath))
	}
	for role := range c.Roles {
		if !slices.Contains(Roles(), role) {
			errs = append(errs, fmt.Errorf("there is no role %q", role))
		}
	}
	if c.Session < 0 {
		errs = append(errs, errors.New("session is negative"))
	}
	return errors.Join(errs...)
}

// OpenID finds out who somebody is from what an OpenID provider says: programs bring a JWT that it has made for them, and
// browsers are sent there to log in and then keep a session of ours. The provider is looked for when it is needed first, so
// that an engine starts while it is away; its keys are read again when a token is signed by one that is not known.
type OpenID struct {
	config  OpenIDConfig
	cookies *securecookie.SecureCookie // sessions
	visits  *securecookie.SecureCookie // logins under way
	keys    *rate.Limiter              // questions for keys

	mu       sync.Mutex
	provider *oidc.Provider // nil: it has not answered yet
	failure  error          // why it did not, when it was asked last
	failed   time.Time
	logout   string // where the provider ends its own session; empty: it does not
}

const (
	callbackPath = "/login/callback"
	visitName    = "callstate-login"
	visitAge     = 10 * time.Minute
	providerTime = 10 * time.Second
	// askProviderAgain is how long a provider that did not answer is left alone.
	askProviderAgain = 2 * time.Second
	// keysPerSecond bounds how often the provider is asked for its keys, which a token makes us do that is signed by one that is
	// not known: whoever makes up tokens must not have us ask the provider as often as he asks us.
	keysPerSecond, keysAtOnce = 1, 20
)

// NewOpenID checks a configuration. The provider is not asked for anything yet.
func NewOpenID(config OpenIDConfig) (*OpenID, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	config.Audience = cmp.Or(config.Audience, config.ClientID)
	config.NameClaim = cmp.Or(config.NameClaim, "preferred_username")
	config.RoleClaim = cmp.Or(config.RoleClaim, "roles")
	config.AgentClaim = cmp.Or(config.AgentClaim, "callstate_agent")
	config.Session = cmp.Or(config.Session, 10*time.Hour)
	config.Client = cmp.Or(config.Client, http.DefaultClient)
	if config.Scopes == nil {
		config.Scopes = []string{"profile"}
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	o := &OpenID{config: config, keys: rate.NewLimiter(keysPerSecond, keysAtOnce)}
	// Both keys follow from the secret, so that sessions outlive a restart and end when the secret is changed. How old a session
	// may be is seen by what is in it.
	for _, each := range []struct {
		cookies **securecookie.SecureCookie
		use     string
		age     time.Duration
	}{{&o.cookies, "session", 0}, {&o.visits, "login", visitAge}} {
		key, err := hkdf.Key(sha256.New, []byte(config.ClientSecret), nil, "callstate "+each.use+" "+config.ClientID, 64)
		if err != nil {
			return nil, err
		}
		*each.cookies = securecookie.New(key[:32], key[32:]).MaxAge(int(each.age / time.Second)).SetSerializer(securecookie.JSONEncoder{})
	}
	return o, nil
}

// found is the provider, which is looked for when it is not known yet.
func (o *OpenID) found(ctx context.Context) (*oidc.Provider, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.provider != nil {
		return o.provider, nil
	}
	if o.failure != nil && o.config.Now().Sub(o.failed) < askProviderAgain {
		return nil, o.failure // whoever else asks need not wait for it too
	}
	provider, err := oidc.NewProvider(o.asking(ctx), o.config.Issuer)
	if err != nil {
		o.failure, o.failed = fmt.Errorf("the OpenID provider: %w", err), o.config.Now()
		return nil, o.failure
	}
	var more struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := provider.Claims(&more); err != nil {
		return nil, fmt.Errorf("the OpenID provider: %w", err)
	}
	o.provider, o.logout = provider, more.EndSession
	return provider, nil
}

func (o *OpenID) client(provider *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: o.config.ClientID, ClientSecret: o.config.ClientSecret, RedirectURL: o.config.RedirectURL,
		Endpoint: provider.Endpoint(), Scopes: append([]string{oidc.ScopeOpenID}, o.config.Scopes...),
	}
}

// session is what the cookie of a browser holds.
type session struct {
	Subject
	Began time.Time `json:"began"`
}

// Subject is who has a session, or a JWT of the provider. The error is ErrNobody when it is neither, or its time is over, and
// another one when the provider does not answer.
func (o *OpenID) Subject(ctx context.Context, token string) (Subject, error) {
	var s session
	if o.cookies.Decode(cookieName, token, &s) == nil {
		if s.Session == "" || !o.config.Now().Before(s.Began.Add(o.config.Session)) {
			return Subject{}, ErrNobody
		}
		return s.Subject, nil
	}
	if strings.Count(token, ".") != 2 {
		return Subject{}, ErrNobody
	}
	provider, err := o.found(ctx)
	if err != nil {
		return Subject{}, err
	}
	verified, err := provider.Verifier(&oidc.Config{ClientID: o.config.Audience, Now: o.config.Now}).Verify(ctx, token)
	if err != nil {
		return Subject{}, fmt.Errorf("%w: %w", ErrNobody, err)
	}
	return o.named(verified)
}

// asking is a context for questions to the provider. It may outlive ctx: keys are read with the one that found the provider.
func (o *OpenID) asking(ctx context.Context) context.Context {
	transport := seldom{cmp.Or[http.RoundTripper](o.config.Client.Transport, http.DefaultTransport), o.keys}
	return oidc.ClientContext(context.WithoutCancel(ctx), &http.Client{Transport: transport, Timeout: providerTime})
}

// seldom asks for what a provider publishes, its keys above all, no more often than a limit lets through. A login is no such
// question.
type seldom struct {
	http.RoundTripper
	limit *rate.Limiter
}

// RoundTrip implements http.RoundTripper.
func (s seldom) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet && !s.limit.Allow() {
		return nil, errors.New("the provider has been asked for its keys too often")
	}
	return s.RoundTripper.RoundTrip(r)
}

// named is for whom the claims of a token are taken. Who has several roles is given the one that may most.
func (o *OpenID) named(token *oidc.IDToken) (Subject, error) {
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		return Subject{}, fmt.Errorf("%w: %w", ErrNobody, err)
	}
	name := cmp.Or(textsOf(claims, o.config.NameClaim)...)
	name = cmp.Or(name, token.Subject)
	roles := textsOf(claims, o.config.RoleClaim)
	for _, role := range []Role{RoleAdmin, RoleSupervisor, RoleAuditor, RoleAgent, RoleIVR} {
		if !slices.Contains(roles, cmp.Or(o.config.Roles[role], string(role))) {
			continue
		}
		if role != RoleAgent {
			return Subject{Name: string(role) + ":" + name, Role: role}, nil
		}
		if id := cmp.Or(textsOf(claims, o.config.AgentClaim)...); id != "" {
			return Subject{Name: "agent:" + id, Role: RoleAgent, Agent: id}, nil
		}
	}
	return Subject{}, &unwelcome{name, fmt.Sprintf("there is no role in the claim %s (with the role agent, an id in %s)", o.config.RoleClaim, o.config.AgentClaim)}
}

// textsOf is what a claim says: one text, or a list. Dots lead into objects.
func textsOf(claims map[string]any, path string) []string {
	value, here := claims[path]
	if first, rest, nested := strings.Cut(path, "."); !here && nested {
		inner, _ := claims[first].(map[string]any)
		return textsOf(inner, rest)
	}
	switch value := value.(type) {
	case string:
		return []string{value}
	case []any:
		var all []string
		for _, each := range value {
			if text, ok := each.(string); ok {
				all = append(all, text)
			}
		}
		return all
	}
	return nil
}
