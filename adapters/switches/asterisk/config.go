package asterisk

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection"
)

// Config is what a link must know to reach the manager of an Asterisk (manager.conf). Only Name, Host, Username and
// Secret have to be given; what is zero is as the comment says.
type Config struct {
	Name     string // of the switch, in logs
	Host     string
	Port     int // 5038, with TLS 5039
	Username string
	Secret   string

	TLS       bool
	TLSConfig *tls.Config // nil: the certificate must be valid for Host

	DialTimeout  time.Duration // 5 s, for the connection with its TLS handshake
	LoginTimeout time.Duration // 10 s, from the connection to the answer to the login
	WriteTimeout time.Duration // 5 s, for one action
	PingInterval time.Duration // 15 s: so long nothing may come before we ask
	PingTimeout  time.Duration // 10 s: and so long again before the link counts as dead

	Limits connection.Limits

	// Dial opens connections; nil: over the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Validate says everything that is wrong with the configuration.
func (c Config) Validate() error {
	var errs []error
	for _, s := range []struct{ name, value string }{
		{"name", c.Name}, {"host", c.Host}, {"username", c.Username}, {"secret", c.Secret},
	} {
		if s.value == "" {
			errs = append(errs, fmt.Errorf("%s is missing", s.name))
		}
		if strings.ContainsAny(s.value, "\r\n") {
			errs = append(errs, fmt.Errorf("%s has a line end in it", s.name))
		}
	}
	if c.Port < 0 || c.Port > 65535 {
		errs = append(errs, fmt.Errorf("port %d is out of range", c.Port))
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"dial timeout", c.DialTimeout}, {"login timeout", c.LoginTimeout}, {"write timeout", c.WriteTimeout},
		{"ping interval", c.PingInterval}, {"ping timeout", c.PingTimeout}, {"drain timeout", c.Limits.DrainTimeout},
		{"backoff base", c.Limits.Backoff.Base}, {"backoff maximum", c.Limits.Backoff.Max},
	} {
		if d.value < 0 {
			errs = append(errs, fmt.Errorf("%s is negative", d.name))
		}
	}
	if c.Limits.QueuePieces < 0 || c.Limits.QueueBytes < 0 || c.Limits.MaxBatch < 0 {
		errs = append(errs, errors.New("a queue size is negative"))
	}
	if c.Limits.QueueBytes > 0 && c.Limits.QueueBytes < MaxBlock {
		errs = append(errs, fmt.Errorf("the queue must hold at least %d bytes, one block", MaxBlock))
	}
	return errors.Join(errs...)
}

func (c Config) withDefaults() Config {
	port := 5038
	if c.TLS {
		port = 5039
	}
	c.Port = connection.OrElse(c.Port, port)
	c.DialTimeout = connection.OrElse(c.DialTimeout, 5*time.Second)
	c.LoginTimeout = connection.OrElse(c.LoginTimeout, 10*time.Second)
	c.WriteTimeout = connection.OrElse(c.WriteTimeout, 5*time.Second)
	c.PingInterval = connection.OrElse(c.PingInterval, 15*time.Second)
	c.PingTimeout = connection.OrElse(c.PingTimeout, 10*time.Second)
	c.Limits = c.Limits.OrDefault()
	return c
}

func (c Config) address() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

// String tells the configuration without the secret.
func (c Config) String() string {
	return fmt.Sprintf("%s: %s@%s tls=%t", c.Name, c.Username, c.address(), c.TLS)
}

// GoString is String: the secret is not to be printed by %#v either.
func (c Config) GoString() string { return c.String() }

// LogValue is String, for slog.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }
