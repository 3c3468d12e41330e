package asterisk

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"

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
	return errors.Join(append(errs, c.Limits.Validate(MaxBlock))...)
}

func (c Config) withDefaults() Config {
	port := 5038
	if c.TLS {
		port = 5039
	}
	c.Port = cmp.Or(c.Port, port)
	c.Limits = c.Limits.OrDefault()
	return c
}

// Address is where the switch listens.
func (c Config) Address() string {
	return net.JoinHostPort(c.Host, strconv.Itoa(c.withDefaults().Port))
}

// String tells the configuration without the secret.
func (c Config) String() string {
	return fmt.Sprintf("%s: %s@%s tls=%t", c.Name, c.Username, c.Address(), c.TLS)
}

// GoString is String: the secret is not to be printed by %#v either.
func (c Config) GoString() string { return c.String() }

// LogValue is String, for slog.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }
