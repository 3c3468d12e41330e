package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"regexp"

	"github.com/callstate/callstate/adapters/bus"
	"github.com/callstate/callstate/adapters/bus/brokers"
	"github.com/callstate/callstate/domain/eventlog"
)

// busConfig is a broker to which events are published. docs/operations/bus.md describes every key.
type busConfig struct {
	Name       string   `toml:"name"`
	Kind       string   `toml:"kind"`
	URL        string   `toml:"url"`
	Topic      string   `toml:"topic"`
	Kinds      []string `toml:"kinds"`
	From       string   `toml:"from"`
	Order      string   `toml:"order"`
	User       string   `toml:"user"`
	Secret     string   `toml:"secret"`
	SecretFile string   `toml:"secret_file"`
	SecretEnv  string   `toml:"secret_env"`
	CAFile     string   `toml:"ca_file"`
}

// What the messages of a feed are in the order of.
const (
	orderOfCall = "call"
	orderOfLog  = "log"
)

// What a feed begins with that has no checkpoint yet.
const (
	fromStart = "start"
	fromNow   = "now"
)

// A bus's name is part of a file's name.
var busName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// validateBuses checks the sections, and fetches their secrets.
func (c *config) validateBuses(dir string) error {
	names := map[string]bool{}
	for i := range c.Bus {
		b := &c.Bus[i]
		if !busName.MatchString(b.Name) {
			return fmt.Errorf("bus %d: name must be of letters, digits, - and _", i+1)
		}
		if names[b.Name] {
			return fmt.Errorf("bus %s: two buses have this name", b.Name)
		}
		names[b.Name] = true
		if err := b.validate(dir); err != nil {
			return fmt.Errorf("bus %s: %w", b.Name, err)
		}
	}
	return nil
}

func (b *busConfig) validate(dir string) (err error) {
	if b.Secret+b.SecretFile+b.SecretEnv != "" {
		if b.Secret, err = (secret{"secret", b.Secret, b.SecretFile, b.SecretEnv}).read(dir); err != nil {
			return err
		}
	}
	b.CAFile = beside(dir, b.CAFile)
	if from := cmp.Or(b.From, fromStart); from != fromStart && from != fromNow {
		return fmt.Errorf("from must be %s or %s", fromStart, fromNow)
	}
	if order := cmp.Or(b.Order, orderOfCall); order != orderOfCall && order != orderOfLog {
		return fmt.Errorf("order must be %s or %s", orderOfCall, orderOfLog)
	}
	if err := bus.CheckKinds(b.Kinds); err != nil {
		return err
	}
	return b.broker(nil).Validate()
}

func (b *busConfig) broker(stdout io.Writer) brokers.Config {
	return brokers.Config{
		Name: b.Name, Kind: b.Kind, URL: b.URL, Topic: b.Topic, User: b.User, Secret: b.Secret, CAFile: b.CAFile, LogOrder: b.Order == orderOfLog, Stdout: stdout,
	}
}

// buses are the configured brokers. The zero value is none.
type buses struct {
	configured []busConfig
	stdout     io.Writer
}

// open opens the feeds of a log.
func (b buses) open(ctx context.Context, log eventlog.Ends, folder string, logger *slog.Logger) ([]*bus.Feed, error) {
	var feeds []*bus.Feed
	for i := range b.configured {
		c := &b.configured[i]
		feed, err := bus.OpenFeed(ctx, log, bus.FeedConfig{
			Name: c.Name, Topic: c.Topic, Kinds: c.Kinds, FromNow: c.From == fromNow, Logger: logger,
			Checkpoint: bus.File(filepath.Join(folder, "bus-"+c.Name+".json")),
			Connect:    c.broker(b.stdout).Connect,
			Window:     c.broker(b.stdout).Window(),
		})
		if err != nil {
			return nil, err
		}
		feeds = append(feeds, feed)
	}
	return feeds, nil
}

// toStdout: a bus publishes to the standard output, which then is for nothing else.
func (b buses) toStdout() bool {
	for _, c := range b.configured {
		if c.Kind == brokers.Stdout {
			return true
		}
	}
	return false
}
