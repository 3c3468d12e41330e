package main

import (
	"errors"
	"net/url"

	"github.com/callstate/callstate/adapters/tracing"
)

// tracingConfig is where traces go; without an endpoint there, and in the environment, nothing is traced.
type tracingConfig struct {
	Endpoint string  `toml:"endpoint"`
	Ratio    float64 `toml:"ratio"`
}

func (c tracingConfig) config() tracing.Config { return tracing.Config(c) }

func (c tracingConfig) validate() error {
	if c.Ratio < 0 || c.Ratio > 1 {
		return errors.New("ratio must be from 0 to 1")
	}
	if c.Endpoint == "" {
		return nil
	}
	u, err := url.Parse(c.Endpoint)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("endpoint must be an http:// or https:// URL")
	case u.User != nil:
		return errors.New("endpoint has credentials: they belong into OTEL_EXPORTER_OTLP_HEADERS")
	}
	return nil
}
