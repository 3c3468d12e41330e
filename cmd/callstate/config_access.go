package main

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/callstate/callstate/adapters/httpapi"
	"github.com/spf13/cobra"
)

// admission is what the API is told of it; its zero value is everybody on this machine.
type admission struct {
	auth              httpapi.Authentication
	rate              float64
	streams           int
	origins           *httpapi.Origins
	certFile, keyFile string // empty: no TLS
}

// What a client that has to say who it is may send in a second, and how many streams it may have open at once.
const (
	defaultRate    = 50
	defaultStreams = 20
)

// admission reads who may use the API. Files may be relative to dir; the logger gets what goes wrong with them later.
func (c *config) admission(dir string, logger *slog.Logger) (admission, error) {
	who := admission{rate: c.RateLimit, streams: c.MaxStreams, certFile: beside(dir, c.CertFile), keyFile: beside(dir, c.KeyFile)}
	var err error
	if who.origins, err = httpapi.NewOrigins(c.AllowedOrigins); err != nil {
		return who, fmt.Errorf("allowed_origins: %w", err)
	}
	switch {
	case c.RateLimit < 0 || c.MaxStreams < 0:
		return who, errors.New("rate_limit and max_streams must not be negative")
	case (c.CertFile == "") != (c.KeyFile == ""):
		return who, errors.New("cert_file and key_file go together")
	case c.Auth != "" && c.Auth != "none" && c.Auth != "tokens" && c.Auth != "oidc":
		return who, fmt.Errorf("auth is none, tokens or oidc, not %q", c.Auth)
	case c.Auth != "oidc" && !reflect.ValueOf(c.OpenID).IsZero():
		return who, errors.New(`there is a section [oidc], but auth is not "oidc"`)
	case (c.Auth == "" || c.Auth == "none") && c.TokensFile != "":
		return who, errors.New(`tokens_file is given, but auth is neither "tokens" nor "oidc"`)
	case c.Auth == "" || c.Auth == "none":
		return who, nil
	case c.Auth == "tokens" && c.TokensFile == "":
		return who, errors.New(`auth is "tokens", but tokens_file is missing`)
	}
	var all httpapi.Authentications
	if c.TokensFile != "" {
		tokens, err := httpapi.OpenTokenFile(beside(dir, c.TokensFile), readTokens, logger)
		if err != nil {
			return who, fmt.Errorf("tokens_file: %w", err)
		}
		all = append(all, tokens)
	}
	if c.Auth == "oidc" {
		provider, err := c.OpenID.open(dir)
		if err != nil {
			return who, fmt.Errorf("oidc: %s", strings.ReplaceAll(err.Error(), "\n", ", "))
		}
		all = append(all, provider)
	}
	who.auth = all
	who.rate, who.streams = cmp.Or(who.rate, defaultRate), cmp.Or(who.streams, defaultStreams)
	return who, nil
}

// openIDConfig is an OpenID provider that says who somebody is.
type openIDConfig struct {
	Issuer           string            `toml:"issuer"`
	ClientID         string            `toml:"client_id"`
	ClientSecret     string            `toml:"client_secret"`
	ClientSecretFile string            `toml:"client_secret_file"`
	ClientSecretEnv  string            `toml:"client_secret_env"`
	RedirectURL      string            `toml:"redirect_url"`
	Audience         string            `toml:"audience"`
	Scopes           []string          `toml:"scopes"`
	NameClaim        string            `toml:"name_claim"`
	RoleClaim        string            `toml:"role_claim"`
	AgentClaim       string            `toml:"agent_claim"`
	Roles            map[string]string `toml:"roles"`
	Session          duration          `toml:"session"`
}

// open checks the section, whose secret may be in a file relative to dir.
func (o openIDConfig) open(dir string) (*httpapi.OpenID, error) {
	clientSecret, err := secret{"client_secret", o.ClientSecret, o.ClientSecretFile, o.ClientSecretEnv}.read(dir)
	if err != nil {
		return nil, err
	}
	c := httpapi.OpenIDConfig{
		Issuer: o.Issuer, ClientID: o.ClientID, ClientSecret: clientSecret, RedirectURL: o.RedirectURL, Audience: o.Audience, Scopes: o.Scopes,
		NameClaim: o.NameClaim, RoleClaim: o.RoleClaim, AgentClaim: o.AgentClaim, Session: time.Duration(o.Session),
	}
	for role, says := range o.Roles {
		if c.Roles == nil {
			c.Roles = map[httpapi.Role]string{}
		}
		c.Roles[httpapi.Role(role)] = says
	}
	return httpapi.NewOpenID(c)
}

// beside is a file of which a configuration in dir speaks.
func beside(dir, file string) string {
	if file == "" || filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(dir, file)
}

// tokenSection is a token in the file of tokens.
type tokenSection struct {
	SHA256  string `toml:"sha256"`
	Subject string `toml:"subject"`
	Role    string `toml:"role"`
	Agent   string `toml:"agent"`
}

func readTokens(file string) (*httpapi.Tokens, error) {
	var sections struct {
		Token []tokenSection `toml:"token"`
	}
	meta, err := toml.DecodeFile(file, &sections)
	if err != nil {
		return nil, err
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, fmt.Errorf("%s: unknown key %s", file, unknown[0])
	}
	var tokens []httpapi.Token
	for _, s := range sections.Token {
		tokens = append(tokens, httpapi.Token{SHA256: s.SHA256, Subject: httpapi.Subject{Name: s.Subject, Role: httpapi.Role(s.Role), Agent: s.Agent}})
	}
	known, err := httpapi.NewTokens(tokens)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return known, nil
}

func newToken() *cobra.Command {
	var s tokenSection
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Make a token for the API and the page",
		Long: `Makes a token, prints it on the standard error, and prints the section that the file of tokens needs for
it. The section has only a hash of the token: who reads the file cannot use it.`,
		Args:    cobra.NoArgs,
		Example: "  callstate token --subject agent:1001 --role agent --agent 1001 >> tokens.toml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			token := rand.Text()
			s.SHA256 = httpapi.HashToken(token)
			_, err := httpapi.NewTokens([]httpapi.Token{{SHA256: s.SHA256, Subject: httpapi.Subject{Name: s.Subject, Role: httpapi.Role(s.Role), Agent: s.Agent}}})
			if err != nil {
				return usageError{err}
			}
			fmt.Fprintln(cmd.ErrOrStderr(), token)
			out := cmd.OutOrStdout()
			fmt.Fprintf(out, "[[token]]\nsha256 = %q\nsubject = %q\nrole = %q\n", s.SHA256, s.Subject, s.Role)
			if s.Agent != "" {
				fmt.Fprintf(out, "agent = %q\n", s.Agent)
			}
			_, err = fmt.Fprintln(out)
			return err
		},
	}
	cmd.Flags().StringVar(&s.Subject, "subject", "", "who will ask with it, as it is to stand in the log: agent:1001")
	cmd.Flags().StringVar(&s.Role, "role", "", "agent, supervisor, auditor, ivr or admin")
	cmd.Flags().StringVar(&s.Agent, "agent", "", "with the role agent: his id")
	return cmd
}
