package freeswitch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection"
)

// Config is what a link must know to reach the event socket of a FreeSWITCH (event_socket.conf.xml). Only Name, Host and
// Password have to be given; what is zero is as the comment says.
type Config struct {
	Name     string // of the switch, in logs
	Host     string
	Port     int    // 8021
	User     string // "user@domain" of the directory, for userauth; empty: the password of the event socket itself
	Password string
	JSON     bool // events in the form "event json"; they say the same as those of "event plain", and cost more to read

	DialTimeout  time.Duration // 5 s
	LoginTimeout time.Duration // 10 s, from the connection to the answer to the subscription
	WriteTimeout time.Duration // 5 s, for one command
	PingInterval time.Duration // 25 s: so long nothing may come before we ask. FreeSWITCH sends HEARTBEAT every 20 s
	PingTimeout  time.Duration // 10 s: and so long again before the link counts as dead

	Limits connection.Limits

	// Dial opens connections; nil: over the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Validate says everything that is wrong with the configuration.
func (c Config) Validate() error {
	var errs []error
	for _, s := range []struct {
		name, value string
		optional    bool
	}{
		{name: "name", value: c.Name}, {name: "host", value: c.Host}, {name: "password", value: c.Password},
		{name: "user", value: c.User, optional: true},
	} {
		if s.value == "" && !s.optional {
			errs = append(errs, fmt.Errorf("%s is missing", s.name))
		}
		if strings.ContainsAny(s.value, lineEnds) {
			errs = append(errs, fmt.Errorf("%s has a line end in it", s.name))
		}
	}
	if c.User != "" && !strings.Contains(c.User, "@") {
		errs = append(errs, errors.New("user must be of the form user@domain"))
	}
	if strings.Contains(c.User, ":") {
		errs = append(errs, errors.New("user has a colon in it"))
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
	if c.Limits.QueueBytes > 0 && c.Limits.QueueBytes < MaxHeaders+MaxBody {
		errs = append(errs, fmt.Errorf("the queue must hold at least %d bytes, one block", MaxHeaders+MaxBody))
	}
	return errors.Join(errs...)
}

func (c Config) withDefaults() Config {
	c.Port = connection.OrElse(c.Port, 8021)
	c.DialTimeout = connection.OrElse(c.DialTimeout, 5*time.Second)
	c.LoginTimeout = connection.OrElse(c.LoginTimeout, 10*time.Second)
	c.WriteTimeout = connection.OrElse(c.WriteTimeout, 5*time.Second)
	c.PingInterval = connection.OrElse(c.PingInterval, 25*time.Second)
	c.PingTimeout = connection.OrElse(c.PingTimeout, 10*time.Second)
	c.Limits = c.Limits.OrDefault()
	return c
}

func (c Config) address() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

// String tells the configuration without the password.
func (c Config) String() string {
	return fmt.Sprintf("%s: %s user=%q json=%t", c.Name, c.address(), c.User, c.JSON)
}

// GoString is String: the password is not to be printed by %#v either.
func (c Config) GoString() string { return c.String() }

// LogValue is String, for slog.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }
