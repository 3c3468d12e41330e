package httpapi

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/uuid"
	"golang.org/x/oauth2"
)

// visit is a login under way: what the browser must bring back from the provider.
type visit struct{ State, Nonce, Verifier string }

// startLogIn sends a browser to the provider (OpenID Connect Core 1.0, 3.1.2.1, with PKCE, RFC 7636).
func (s *Server) startLogIn(w http.ResponseWriter, r *http.Request) {
	o, _ := s.openID()
	provider, err := o.found(r.Context())
	if err != nil {
		s.config.Logger.Warn("nobody can log in", "err", err, "request", requestID(r.Context()))
		s.showLogIn(w, http.StatusServiceUnavailable, "The OpenID provider does not answer. Try again in a moment.")
		return
	}
	v := visit{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}
	cookie, err := o.visits.Encode(visitName, v)
	if err != nil {
		s.fail(w, r, *s.problemOf(r.Context(), err))
		return
	}
	http.SetCookie(w, s.cookie(visitName, cookie, int(visitAge.Seconds()), http.SameSiteLaxMode))
	address := o.client(provider).AuthCodeURL(v.State, oidc.Nonce(v.Nonce), oauth2.S256ChallengeOption(v.Verifier))
	http.Redirect(w, r, address, http.StatusSeeOther)
}

// endLogIn takes back a browser from the provider, and gives it a session.
func (s *Server) endLogIn(w http.ResponseWriter, r *http.Request) {
	o, _ := s.openID()
	who, err := o.cameBack(r)
	http.SetCookie(w, s.cookie(visitName, "", -1, http.SameSiteLaxMode))
	if err != nil {
		s.config.Logger.Info("login failed", "err", err, "request", requestID(r.Context()))
		why := "The login did not succeed. Try again."
		if errors.Is(err, ErrNobody) {
			why = "You have logged in, but callstate is not told what you may do here."
			s.notKnown(r, "GET "+callbackPath, true, err)
		}
		s.showLogIn(w, http.StatusForbidden, why)
		return
	}
	who.Session = uuid.NewString()
	cookie, err := o.cookies.Encode(cookieName, session{who, o.config.Now()})
	if err == nil {
		err = s.sessionBegins(r.Context(), who)
	}
	if err != nil {
		s.fail(w, r, *s.problemOf(r.Context(), err))
		return
	}
	// Lax, not Strict: the browser comes from the provider's site, and would not send it with what follows at once.
	http.SetCookie(w, s.cookie(cookieName, cookie, int(o.config.Session.Seconds()), http.SameSiteLaxMode))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// cameBack is who comes back from the provider.
func (o *OpenID) cameBack(r *http.Request) (Subject, error) {
	var v visit
	cookie, err := r.Cookie(visitName)
	if err != nil {
		return Subject{}, errors.New("no login is under way in this browser")
	}
	if err := o.visits.Decode(visitName, cookie.Value, &v); err != nil {
		return Subject{}, err
	}
	query := r.URL.Query()
	if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(v.State)) != 1 {
		return Subject{}, errors.New("the state is that of another login")
	}
	if why := query.Get("error"); why != "" {
		return Subject{}, errors.New("the provider says " + why)
	}
	provider, err := o.found(r.Context())
	if err != nil {
		return Subject{}, err
	}
	tokens, err := o.client(provider).Exchange(o.asking(r.Context()), query.Get("code"), oauth2.VerifierOption(v.Verifier))
	if err != nil {
		return Subject{}, err
	}
	raw, _ := tokens.Extra("id_token").(string)
	token, err := provider.Verifier(&oidc.Config{ClientID: o.config.ClientID, Now: o.config.Now}).Verify(r.Context(), raw)
	if err != nil {
		return Subject{}, err
	}
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(v.Nonce)) != 1 {
		return Subject{}, errors.New("the nonce is that of another login")
	}
	return o.named(token)
}

// goodbye is where a browser goes that has logged out: to the provider, so that it forgets it too (OpenID Connect
// RP-Initiated Logout 1.0), or back to us.
func (o *OpenID) goodbye() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	back, err := url.Parse(o.config.RedirectURL)
	if o.logout == "" || err != nil {
		return "/login"
	}
	return o.logout + "?" + url.Values{"client_id": {o.config.ClientID}, "post_logout_redirect_uri": {back.ResolveReference(&url.URL{Path: "/login"}).String()}}.Encode()
}
