// Package brokers opens the ways to message brokers, as publishers of watermill that return from Publish when all
// messages are confirmed: what bus.Feed asks for. Those of watermill itself wait for each confirmation before they send
// the next message; its marshalers say what a message looks like to readers that are made of watermill.
package brokers

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// The kinds of brokers.
const (
	Stdout  = "stdout"
	Webhook = "webhook"
	NATS    = "nats"
	Kafka   = "kafka"
	AMQP    = "amqp"
)

// kinds are those, each with the schemes of its URLs.
var kinds = map[string][]string{
	Stdout:  nil,
	Webhook: {"http", "https"},
	NATS:    {"nats", "tls"},
	Kafka:   {"kafka", "kafka+tls"},
	AMQP:    {"amqp", "amqps"},
}

// confirmation is how long a broker may take to confirm a message.
const confirmation = 10 * time.Second

// Config is a broker and how to get at it.
type Config struct {
	Name   string // tells the broker who is connected
	Kind   string
	URL    string
	Topic  string // of the messages; required where the broker has topics
	User   string // with Secret; not for webhooks
	Secret string // the key that signs webhooks; a password; without User, NATS's token
	CAFile string // certificates, in PEM, of who vouches for the broker; empty: those that the machine trusts
	// LogOrder: all messages are to come in the order of the log, not only those of one call.
	LogOrder bool
	Stdout   io.Writer
}

// window is how many messages, of different calls, are on their way to a broker at once.
const window = 256

// Window is how many messages a feed may publish at once: see bus.FeedConfig.
func (c Config) Window() int {
	switch {
	case c.LogOrder, c.Kind == Stdout, c.Kind == Webhook:
		return 1
	}
	return window
}

// tls is what a connection to the broker has to be like, where it is encrypted.
func (c Config) tls() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile == "" {
		return config, nil
	}
	text, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("ca_file: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("ca_file: %s has no certificate in PEM", c.CAFile)
	}
	return config, nil
}

// encrypted: an address of the broker asks for TLS.
func (c Config) encrypted() bool {
	return slices.ContainsFunc(c.addresses(), func(address string) bool {
		scheme, _, _ := strings.Cut(address, "://")
		return slices.Contains([]string{"https", "tls", "kafka+tls", "amqps"}, scheme)
	})
}

// Validate says what is wrong with it.
func (c Config) Validate() error {
	schemes, known := kinds[c.Kind]
	switch {
	case !known:
		return fmt.Errorf("kind must be one of %s", strings.Join(Kinds(), ", "))
	case c.Kind == Stdout:
		return nil
	case c.URL == "":
		return errors.New("url is missing")
	case c.Topic == "" && c.Kind != Webhook:
		return errors.New("topic is missing")
	case c.Secret == "" && c.Kind == Webhook:
		return errors.New("a webhook needs a secret: it is signed with it")
	}
	for _, address := range c.addresses() {
		u, err := url.Parse(address)
		switch {
		case err != nil:
			return errors.New("url cannot be read") // err has the URL, and that may have a password
		case !slices.Contains(schemes, u.Scheme):
			return fmt.Errorf("url must begin with %s://", strings.Join(schemes, ":// or "))
		case u.Host == "":
			return errors.New("url has no host")
		case u.User != nil:
			return errors.New("url has credentials: they belong into user and secret")
		}
	}
	if c.CAFile != "" && !c.encrypted() {
		return errors.New("ca_file is given, but url does not ask for TLS")
	}
	if _, err := c.tls(); err != nil {
		return err
	}
	if c.Kind == Webhook {
		_, err := signingKey(c.Secret)
		return err
	}
	return nil
}

// addresses are the URLs of a broker of several nodes.
func (c Config) addresses() []string {
	if c.Kind == Webhook {
		return []string{c.URL}
	}
	var all []string
	for address := range strings.SplitSeq(c.URL, ",") {
		all = append(all, strings.TrimSpace(address))
	}
	return all
}

// Kinds are the kinds of brokers, sorted.
func Kinds() []string {
	var all []string
	for kind := range kinds {
		all = append(all, kind)
	}
	slices.Sort(all)
	return all
}

// Connect opens the way to the broker of a valid Config.
func (c Config) Connect() (message.Publisher, error) {
	switch c.Kind {
	case Stdout:
		return lines{c.Stdout}, nil
	case Webhook:
		return newWebhook(c)
	case NATS:
		return newNATS(c)
	case Kafka:
		return newKafka(c)
	case AMQP:
		return newAMQP(c)
	}
	return nil, c.Validate()
}
