package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/callstate/callstate/adapters/store/kurrentdb"
	"github.com/callstate/callstate/adapters/switches/asterisk"
)

// config is the configuration file of serve. docs/operations/configuration.md describes every key.
type config struct {
	Data       string             `toml:"data"`
	Listen     string             `toml:"listen"`
	Asterisk   []asteriskConfig   `toml:"asterisk"`
	FreeSWITCH []freeswitchConfig `toml:"freeswitch"`
	Simulator  []simulatorConfig  `toml:"simulator"`
	Bus        []busConfig        `toml:"bus"`
	Tracing    tracingConfig      `toml:"tracing"`
	Desktop    desktopConfig      `toml:"desktop"`

	// Who may use the API and the page: see admission. docs/operations/security.md describes it.
	Auth       string  `toml:"auth"`
	TokensFile string  `toml:"tokens_file"`
	CertFile   string  `toml:"cert_file"`
	KeyFile    string  `toml:"key_file"`
	RateLimit  float64 `toml:"rate_limit"`
	MaxStreams int     `toml:"max_streams"`
	// AllowedOrigins are those of other pages that may use the API.
	AllowedOrigins []string `toml:"allowed_origins"`

	OpenID openIDConfig `toml:"oidc"`

	// Store is the connection string of a KurrentDB that has the event log; empty: the log is in Data.
	Store           string `toml:"store"`
	StoreUser       string `toml:"store_user"`
	StoreSecret     string `toml:"store_secret"`
	StoreSecretFile string `toml:"store_secret_file"`
	StoreSecretEnv  string `toml:"store_secret_env"`
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
	KeepDigits           []string            `toml:"keep_digits"`
	Wrapup               map[string]duration `toml:"wrapup"`
	DefaultWrapup        duration            `toml:"default_wrapup"`
	AfterCallWorkReasons []string            `toml:"after_call_work_reasons"`
	Dialplan             asteriskDialplan    `toml:"dialplan"`
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

// readConfig reads a configuration file, and what the environment has instead of its keys, and checks it.
func readConfig(file string) (config, error) {
	c, _, err := decodeConfig(file)
	if err != nil {
		return c, err
	}
	if err := c.validate(filepath.Dir(file)); err != nil {
		return c, fmt.Errorf("%s: %w", file, err)
	}
	return c, nil
}

// decodeConfig reads a configuration file, and what the environment has instead of its keys: variables are the names of
// that. A key that nobody knows is an error: it may be a misspelt one.
func decodeConfig(file string) (c config, variables []string, err error) {
	c = config{Listen: defaultListen}
	meta, err := toml.DecodeFile(file, &c)
	if err != nil {
		var parse toml.ParseError
		if errors.As(err, &parse) {
			if keys := strings.Split(parse.LastKey, "."); isSecret(keys[len(keys)-1]) {
				parse.Message = "what is given as " + parse.LastKey + " cannot be read: is it in quotes?" // not what is given
			}
			return c, nil, fmt.Errorf("%s: line %d: %s", file, parse.Position.Line, parse.Message)
		}
		if _, told := errors.AsType[*fs.PathError](err); told {
			return c, nil, err
		}
		return c, nil, fmt.Errorf("%s: %w", file, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		keys := make([]string, len(unknown))
		for i, k := range unknown {
			keys[i] = k.String()
		}
		return c, nil, fmt.Errorf("%s: unknown key %s", file, strings.Join(keys, ", "))
	}
	variables, err = override(&c)
	return c, variables, err
}

// has: there is a section of that kind with that name.
func (c *config) has(kind, name string) bool {
	if kind == "freeswitch" {
		return slices.ContainsFunc(c.FreeSWITCH, func(f freeswitchConfig) bool { return f.Name == name })
	}
	return slices.ContainsFunc(c.Asterisk, func(a asteriskConfig) bool { return a.Name == name })
}

// switchConfig is the section of a switch of some kind.
type switchConfig interface {
	readSecret(dir string) error
	validate() error
	patterns() []string // for path.Match
}

func (c *config) validate(dir string) error {
	if len(c.Asterisk)+len(c.FreeSWITCH)+len(c.Simulator) == 0 {
		return errors.New("no switch is configured: an [[asterisk]] or [[freeswitch]] section is missing")
	}
	if _, err := c.admission(dir, nil); err != nil {
		return err
	}
	if err := c.Tracing.validate(); err != nil {
		return fmt.Errorf("tracing: %w", err)
	}
	if err := c.Desktop.validate(); err != nil {
		return fmt.Errorf("desktop: %w", err)
	}
	if err := c.readStore(dir); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	names := map[string]bool{}
	for i := range c.Asterisk {
		if err := validateSwitch("asterisk", i, c.Asterisk[i].Name, &c.Asterisk[i], names, dir); err != nil {
			return err
		}
	}
	for i := range c.FreeSWITCH {
		if err := validateSwitch("freeswitch", i, c.FreeSWITCH[i].Name, &c.FreeSWITCH[i], names, dir); err != nil {
			return err
		}
	}
	for i := range c.Simulator {
		if err := validateSwitch("simulator", i, c.Simulator[i].Name, &c.Simulator[i], names, dir); err != nil {
			return err
		}
	}
	return c.validateBuses(dir)
}

// readStore puts the credentials into the connection string.
func (c *config) readStore(dir string) error {
	credentials := c.StoreUser + c.StoreSecret + c.StoreSecretFile + c.StoreSecretEnv
	switch {
	case c.Store == "" && credentials != "":
		return errors.New("credentials are given, but no store")
	case c.Store == "":
		return nil
	case !kurrentdb.IsConnection(c.Store):
		return errors.New("a connection string that begins with esdb:// or kurrentdb:// is expected")
	case credentials == "":
		return nil
	case c.StoreUser == "":
		return errors.New("store_user is missing")
	}
	password, err := secret{"store_secret", c.StoreSecret, c.StoreSecretFile, c.StoreSecretEnv}.read(dir)
	if err != nil {
		return err
	}
	c.Store, err = kurrentdb.WithCredentials(c.Store, c.StoreUser, password)
	return err
}

// validateSwitch checks a section, and fetches its secret. names are those of the sections before.
func validateSwitch(kind string, i int, name string, s switchConfig, names map[string]bool, dir string) error {
	if name == "" {
		return fmt.Errorf("%s %d: name is missing", kind, i+1)
	}
	if names[name] {
		return fmt.Errorf("%s %s: two switches have this name", kind, name)
	}
	names[name] = true
	if err := s.readSecret(dir); err != nil {
		return fmt.Errorf("%s %s: %w", kind, name, err)
	}
	if err := s.validate(); err != nil {
		return fmt.Errorf("%s %s: %s", kind, name, strings.ReplaceAll(err.Error(), "\n", ", "))
	}
	for _, pattern := range s.patterns() {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("%s %s: pattern %q: %w", kind, name, pattern, err)
		}
	}
	return nil
}

// secret is a secret as a section gives it: in itself, in a file of its own, or in the environment.
type secret struct{ key, value, file, env string }

// read fetches the secret from where it is; a file may be relative to dir.
func (s secret) read(dir string) (string, error) {
	given := 0
	for _, source := range []string{s.value, s.file, s.env} {
		if source != "" {
			given++
		}
	}
	value := s.value
	switch {
	case given != 1:
		return "", fmt.Errorf("exactly one of %[1]s, %[1]s_file and %[1]s_env must be given", s.key)
	case s.file != "":
		file := s.file
		if !filepath.IsAbs(file) {
			file = filepath.Join(dir, file)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("%s_file: %w", s.key, err)
		}
		value = strings.TrimSpace(string(text))
	case s.env != "":
		value = os.Getenv(s.env)
	}
	if value == "" {
		return "", fmt.Errorf("the %s is empty", s.key)
	}
	return value, nil
}

func (a *asteriskConfig) readSecret(dir string) (err error) {
	a.Secret, err = secret{"secret", a.Secret, a.SecretFile, a.SecretEnv}.read(dir)
	return err
}

func (a *asteriskConfig) validate() error { return a.link().Validate() }

func (a *asteriskConfig) patterns() []string {
	return slices.Concat(a.Trunks, a.IVRContexts, a.DataVariables, a.KeepDigits)
}

func (a *asteriskConfig) link() asterisk.Config {
	return asterisk.Config{Name: a.Name, Host: a.Host, Port: a.Port, Username: a.User, Secret: a.Secret, TLS: a.TLS}
}

func (a *asteriskConfig) vocabulary() asterisk.Vocabulary {
	v := asterisk.Vocabulary{
		Switch: a.Name, Trunks: a.Trunks, IVRContexts: a.IVRContexts, DataVariables: a.DataVariables, KeepDigits: a.KeepDigits,
		DefaultWrapup: time.Duration(a.DefaultWrapup), AfterCallWorkReasons: a.AfterCallWorkReasons,
		Wrapup: map[string]time.Duration{},
	}
	for queue, d := range a.Wrapup {
		v.Wrapup[queue] = time.Duration(d)
	}
	return v
}
