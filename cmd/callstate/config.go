package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/callstate/callstate/adapters/switches/asterisk"
)

// config is the configuration file of serve. docs/operations/configuration.md describes every key.
type config struct {
	Data     string           `toml:"data"`
	Listen   string           `toml:"listen"`
	Asterisk []asteriskConfig `toml:"asterisk"`
}

// asteriskConfig is a link to the manager of an Asterisk, and what AMI does not say about it.
type asteriskConfig struct {
	Name       string `toml:"name"`
	Host       string `toml:"host"`
	Port       int    `toml:"port"`
	User       string `toml:"user"`
	Secret     string `toml:"secret"`
	SecretFile string `toml:"secret_file"`
	SecretEnv  string `toml:"secret_env"`
	TLS        bool   `toml:"tls"`

	Trunks               []string            `toml:"trunks"`
	IVRContexts          []string            `toml:"ivr_contexts"`
	DataVariables        []string            `toml:"data_variables"`
	Wrapup               map[string]duration `toml:"wrapup"`
	DefaultWrapup        duration            `toml:"default_wrapup"`
	AfterCallWorkReasons []string            `toml:"after_call_work_reasons"`
}

// duration is a time in the notation of Go: "5s", "1m30s".
type duration time.Duration

// UnmarshalText reads that notation.
func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err == nil && parsed < 0 {
		err = fmt.Errorf("%s is negative", text)
	}
	*d = duration(parsed)
	return err
}

const defaultListen = "127.0.0.1:8080"

// readConfig reads a configuration file. A key that nobody knows is an error: it may be a misspelt one.
func readConfig(path string) (config, error) {
	c := config{Listen: defaultListen}
	meta, err := toml.DecodeFile(path, &c)
	if err != nil {
		var parse toml.ParseError
		if errors.As(err, &parse) {
			return c, fmt.Errorf("%s: line %d: %s", path, parse.Position.Line, parse.Message)
		}
		return c, err
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		keys := make([]string, len(unknown))
		for i, k := range unknown {
			keys[i] = k.String()
		}
		return c, fmt.Errorf("%s: unknown key %s", path, strings.Join(keys, ", "))
	}
	if err := c.validate(filepath.Dir(path)); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

func (c *config) validate(dir string) error {
	if len(c.Asterisk) == 0 {
		return errors.New("no switch is configured: an [[asterisk]] section is missing")
	}
	names := map[string]bool{}
	for i := range c.Asterisk {
		a := &c.Asterisk[i]
		if a.Name == "" {
			return fmt.Errorf("asterisk %d: name is missing", i+1)
		}
		if names[a.Name] {
			return fmt.Errorf("asterisk %s: two switches have this name", a.Name)
		}
		names[a.Name] = true
		if err := a.readSecret(dir); err != nil {
			return fmt.Errorf("asterisk %s: %w", a.Name, err)
		}
		if err := a.link().Validate(); err != nil {
			return fmt.Errorf("asterisk %s: %s", a.Name, strings.ReplaceAll(err.Error(), "\n", ", "))
		}
		for _, pattern := range append(append([]string{}, a.Trunks...), a.IVRContexts...) {
			if _, err := filepath.Match(pattern, ""); err != nil {
				return fmt.Errorf("asterisk %s: pattern %q: %w", a.Name, pattern, err)
			}
		}
	}
	return nil
}

// readSecret fetches the secret from where it is: in the file itself, in a file of its own, or in the environment.
func (a *asteriskConfig) readSecret(dir string) error {
	sources := 0
	for _, given := range []string{a.Secret, a.SecretFile, a.SecretEnv} {
		if given != "" {
			sources++
		}
	}
	switch {
	case sources != 1:
		return errors.New("exactly one of secret, secret_file and secret_env must be given")
	case a.SecretFile != "":
		path := a.SecretFile
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("secret_file: %w", err)
		}
		a.Secret = strings.TrimSpace(string(text))
	case a.SecretEnv != "":
		a.Secret = os.Getenv(a.SecretEnv)
	}
	if a.Secret == "" {
		return errors.New("the secret is empty")
	}
	return nil
}

func (a asteriskConfig) link() asterisk.Config {
	return asterisk.Config{Name: a.Name, Host: a.Host, Port: a.Port, Username: a.User, Secret: a.Secret, TLS: a.TLS}
}

func (a asteriskConfig) vocabulary() asterisk.Vocabulary {
	v := asterisk.Vocabulary{
		Switch: a.Name, Trunks: a.Trunks, IVRContexts: a.IVRContexts, DataVariables: a.DataVariables,
		DefaultWrapup: time.Duration(a.DefaultWrapup), AfterCallWorkReasons: a.AfterCallWorkReasons,
		Wrapup: map[string]time.Duration{},
	}
	for queue, d := range a.Wrapup {
		v.Wrapup[queue] = time.Duration(d)
	}
	return v
}
