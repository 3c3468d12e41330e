package main

import (
	_ "embed"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/spf13/cobra"
)

// exampleConfig has every key, with what it means; those that need not be given are comments.
//
//go:embed example.toml
var exampleConfig string

func newConfig() *cobra.Command {
	var example bool
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Show an example of the configuration file, or check one",
		Args:  usageArgs(cobra.NoArgs),
		Example: "  callstate config --example > callstate.toml\n" +
			"  callstate config check callstate.toml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !example {
				return cmd.Help()
			}
			_, err := fmt.Fprint(cmd.OutOrStdout(), exampleConfig)
			return err
		},
	}
	cmd.Flags().BoolVar(&example, "example", false, "print a configuration file with every key and what it means")
	cmd.AddCommand(&cobra.Command{
		Use:   "check FILE",
		Short: "Read a configuration file as serve would, and print what it comes to",
		Long: `Reads a configuration file, the environment variables that win over it, and the files with its
secrets, as serve does, and prints what it comes to as TOML, without the secrets. Nothing is
connected to. A mistake is told in one line.`,
		Args: usageArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, used, err := decodeConfig(args[0])
			if err != nil {
				return err
			}
			shown := c.redacted() // as it was given: checking it fetches the secrets
			if err := c.validate(filepath.Dir(args[0])); err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			out := cmd.OutOrStdout()
			fmt.Fprintf(out, "# %s is good. Defaults that are not listed are in docs/operations/configuration.md.\n", args[0])
			if len(used) > 0 {
				fmt.Fprintf(out, "# From the environment: %s.\n", strings.Join(used, ", "))
			}
			encoder := toml.NewEncoder(out)
			encoder.Indent = ""
			return encoder.Encode(shown)
		},
	})
	return cmd
}

// hidden stands where there is a secret.
const hidden = "********"

// redacted is what a configuration says, by its keys, with all secrets hidden. What is not given is left out.
func (c *config) redacted() map[string]any { return redactedSection(reflect.ValueOf(c).Elem()) }

func redactedSection(section reflect.Value) map[string]any {
	shown := map[string]any{}
	for i := range section.NumField() {
		key, field := keyOf(section.Type().Field(i)), section.Field(i)
		if field.IsZero() {
			continue
		}
		shown[key] = redactedValue(key, field)
	}
	return shown
}

func redactedValue(key string, value reflect.Value) any {
	d, isDuration := value.Interface().(duration)
	switch {
	case isDuration:
		return time.Duration(d).String()
	case isSecret(key):
		return hidden
	case value.Kind() == reflect.Struct:
		return redactedSection(value)
	case value.Kind() == reflect.Slice && value.Type().Elem().Kind() == reflect.Struct:
		var sections []map[string]any
		for i := range value.Len() {
			sections = append(sections, redactedSection(value.Index(i)))
		}
		return sections
	case value.Kind() == reflect.Map:
		shown := map[string]any{}
		for entry := value.MapRange(); entry.Next(); {
			shown[entry.Key().String()] = redactedValue(entry.Key().String(), entry.Value())
		}
		return shown
	case value.Kind() == reflect.String:
		return withoutCredentials(value.String())
	}
	return value.Interface()
}

// withoutCredentials hides who and with which password in a URL or a connection string.
func withoutCredentials(text string) string {
	scheme, rest, found := strings.Cut(text, "://")
	where, settings, set := strings.Cut(rest, "?")
	at := strings.LastIndex(where, "@")
	if !found || at < 0 {
		return text
	}
	text = scheme + "://" + hidden + where[at:]
	if set {
		text += "?" + settings
	}
	return text
}
