package freeswitch

import (
	"cmp"
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

	Limits connection.Limits // but a PingInterval of 25 s: FreeSWITCH sends HEARTBEAT every 20 s

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
	return errors.Join(append(errs, c.Limits.Validate(MaxHeaders+MaxBody))...)
}

func (c Config) withDefaults() Config {
	c.Port = cmp.Or(c.Port, 8021)
	c.Limits.PingInterval = cmp.Or(c.Limits.PingInterval, 25*time.Second)
	c.Limits = c.Limits.OrDefault()
	return c
}

// Address is where the switch listens.
func (c Config) Address() string {
	return net.JoinHostPort(c.Host, strconv.Itoa(c.withDefaults().Port))
}

// String tells the configuration without the password.
func (c Config) String() string {
	return fmt.Sprintf("%s: %s user=%q json=%t", c.Name, c.Address(), c.User, c.JSON)
}

// GoString is String: the password is not to be printed by %#v either.
func (c Config) GoString() string { return c.String() }

// LogValue is String, for slog.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }
