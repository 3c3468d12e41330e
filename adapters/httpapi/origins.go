package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/rs/cors"
)

// ErrOrigin: an origin is not written as a browser sends it.
var ErrOrigin = errors.New("an origin is a scheme and a host, with a port where it is not the usual one, as https://crm.example")

// preflightAge is for how long a browser need not ask again what it may send.
const preflightAge = 10 * time.Minute

// Origins are the other origins whose pages may use the API from a browser, with the cookie of a session too (CORS, as the
// Fetch standard has it). Nobody else's page may read what is answered, or change anything.
type Origins struct {
	allowed []string
	cors    *cors.Cors
}

// NewOrigins takes origins as a browser sends them; anything else, a wildcard too, is ErrOrigin.
func NewOrigins(allowed []string) (*Origins, error) {
	for _, origin := range allowed {
		scheme, _, _ := strings.Cut(origin, "://")
		if err := http.NewCrossOriginProtection().AddTrustedOrigin(origin); err != nil || strings.Contains(origin, "*") ||
			origin != strings.ToLower(origin) || (scheme != "http" && scheme != "https") {
			return nil, fmt.Errorf("%q: %w", origin, ErrOrigin)
		}
	}
	if len(allowed) == 0 {
		return nil, nil //nolint:nilnil // none is what a Config without origins has
	}
	return &Origins{allowed: allowed, cors: cors.New(cors.Options{
		AllowedOrigins:   allowed,
		AllowedMethods:   []string{http.MethodGet, http.MethodHead, http.MethodPost},
		AllowedHeaders:   []string{"Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Last-Event-ID", requestIDHeader, "Traceparent", "Tracestate"},
		ExposedHeaders:   []string{"Content-Disposition", "ETag", "Retry-After", requestIDHeader},
		AllowCredentials: true,
		MaxAge:           int(preflightAge.Seconds()),
	})}, nil
}

// trusted has the pages of these origins pass the protection against those of others.
func (o *Origins) trusted(protection *http.CrossOriginProtection) {
	if o == nil {
		return
	}
	for _, origin := range o.allowed {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			panic(err) // NewOrigins has tried it
		}
	}
}

// handler answers the preflights of browsers, and tells them which pages may read an answer.
func (o *Origins) handler(next http.Handler) http.Handler {
	if o == nil {
		return next
	}
	return o.cors.Handler(next)
}
