package main

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// commented are the keys of the example that need not be given.
var commented = regexp.MustCompile(`(?m)^# ((?:[a-z_]+ = |\[).*)$`)

// configKeys are all keys of a configuration, by the sections in which they are: "listen", "asterisk.host".
func configKeys(section reflect.Type, prefix string) (keys []string) {
	for i := range section.NumField() {
		field := section.Field(i)
		key, kind := prefix+keyOf(field), field.Type
		if kind.Kind() == reflect.Slice {
			kind = kind.Elem()
		}
		if kind.Kind() == reflect.Struct {
			keys = append(keys, configKeys(kind, key+".")...)
			continue
		}
		keys = append(keys, key)
	}
	return keys
}

// folder has a configuration file, and the secrets that the example names.
func folder(t *testing.T, text string) (file string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"callstate.toml": text, "ami.secret": "first secret\n", "event-socket.secret": "second secret\n"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	return filepath.Join(dir, "callstate.toml")
}

func TestTheExampleIsGood(t *testing.T) {
	c, err := readConfig(folder(t, exampleConfig))
	require.NoError(t, err)
	assert.Equal(t, "first secret", c.Asterisk[0].Secret)
	assert.Equal(t, "second secret", c.FreeSWITCH[0].Password)
}

func TestTheExampleAndItsPagesHaveEveryKey(t *testing.T) {
	all := commented.ReplaceAllString(exampleConfig, "$1")
	var c config
	meta, err := toml.Decode(all, &c)
	require.NoError(t, err)
	assert.Empty(t, meta.Undecoded(), "keys that there are not")

	has := map[string]bool{}
	for _, key := range meta.Keys() {
		has[key.String()] = true
	}
	page, err := os.ReadFile("../../docs/operations/configuration.md")
	require.NoError(t, err)
	buses, err := os.ReadFile("../../docs/operations/bus.md") // which the page refers to
	require.NoError(t, err)
	for _, path := range configKeys(reflect.TypeFor[config](), "") {
		assert.True(t, has[path], "the example has no %s", path)
		key := path[strings.LastIndex(path, ".")+1:]
		assert.Contains(t, string(page)+string(buses), "`"+key+"`", "the page of the configuration has no %s", path)
	}
	// What is in comments as a default is the default.
	var given config
	_, err = toml.Decode(exampleConfig, &given)
	require.NoError(t, err)
	assert.Equal(t, defaultListen, given.Listen)
}

func TestTheEnvironmentWinsOverTheFile(t *testing.T) {
	file := folder(t, exampleConfig+"\n[[simulator]]\nname = \"sim 2\"\n")
	for variable, value := range map[string]string{
		"CALLSTATE_LISTEN": "127.0.0.1:9999", "CALLSTATE_STORE": "esdb://db.example:2113", "CALLSTATE_STORE_USER": "me", "CALLSTATE_STORE_SECRET": "p@ss",
		"CALLSTATE_ASTERISK_PBX1_HOST": "198.51.100.7", "CALLSTATE_ASTERISK_PBX1_PORT": "5039", "CALLSTATE_ASTERISK_PBX1_TLS": "true",
		"CALLSTATE_ASTERISK_PBX1_SECRET": "third secret", "CALLSTATE_ASTERISK_PBX1_TRUNKS": `["a*", "b"]`,
		"CALLSTATE_ASTERISK_PBX1_WRAPUP": `{ sales = "7s" }`, "CALLSTATE_ASTERISK_PBX1_DEFAULT_WRAPUP": "1m",
		"CALLSTATE_SIMULATOR_SIM_2_RATE": "0.25", "CALLSTATE_SIMULATOR_SIM_2_SEED": "7",
		"CALLSTATE_ASTERISK_NOBODY_HOST": "not used",
	} {
		t.Setenv(variable, value)
	}
	_, variables, err := decodeConfig(file)
	require.NoError(t, err)
	assert.Len(t, variables, 13)
	assert.NotContains(t, variables, "CALLSTATE_ASTERISK_NOBODY_HOST")

	c, err := readConfig(file)
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1:9999", c.Listen)
	assert.Equal(t, "esdb://me:p%40ss@db.example:2113", c.Store)
	a := c.Asterisk[0]
	assert.Equal(t, "198.51.100.7", a.Host)
	assert.Equal(t, 5039, a.Port)
	assert.True(t, a.TLS)
	assert.Equal(t, "third secret", a.Secret, "instead of the file's secret_file")
	assert.Equal(t, []string{"a*", "b"}, a.Trunks)
	assert.Equal(t, map[string]duration{"sales": duration(7 * time.Second)}, a.Wrapup)
	assert.Equal(t, "callstate", a.User, "what the environment does not have is the file's")
	assert.Equal(t, 0.25, c.Simulator[0].Rate)
	assert.Equal(t, uint64(7), c.Simulator[0].Seed)
}

func TestAVariableThatCannotBeReadIsToldByItsName(t *testing.T) {
	for variable, value := range map[string]string{
		"CALLSTATE_ASTERISK_PBX1_PORT": "many", "CALLSTATE_ASTERISK_PBX1_TRUNKS": "a,b", "CALLSTATE_ASTERISK_PBX1_DEFAULT_WRAPUP": "-1s",
	} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv(variable, value)
			_, err := readConfig(folder(t, exampleConfig))
			assert.ErrorContains(t, err, variable)
		})
	}
}

// Every key that is a secret is hidden, also one that is added to the configuration later; so are credentials in what is
// an address.
func TestNoSecretIsShown(t *testing.T) {
	var c config
	secrets := fill(reflect.ValueOf(&c).Elem())
	assert.GreaterOrEqual(t, secrets, 3)
	c.Store = "esdb://user:hunter2@db.example:2113?tls=true"
	var shown strings.Builder
	require.NoError(t, toml.NewEncoder(&shown).Encode(c.redacted()))
	assert.NotContains(t, shown.String(), "hunter2")
	assert.Equal(t, secrets, strings.Count(shown.String(), `= "`+hidden+`"`))
	assert.Contains(t, shown.String(), `store = "esdb://`+hidden+`@db.example:2113?tls=true"`)
	assert.Contains(t, shown.String(), "not secret")
}

// fill puts a text into every key, and a secret into those that hold one.
func fill(section reflect.Value) (secrets int) {
	for i := range section.NumField() {
		key, field := keyOf(section.Type().Field(i)), section.Field(i)
		switch {
		case field.Kind() == reflect.Struct:
			secrets += fill(field)
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct:
			field.Set(reflect.MakeSlice(field.Type(), 1, 1))
			secrets += fill(field.Index(0))
		case field.Kind() != reflect.String:
		case strings.HasSuffix(key, "secret"), strings.HasSuffix(key, "password"), strings.HasSuffix(key, "token"):
			field.SetString("hunter2")
			secrets++
		default:
			field.SetString("not secret")
		}
	}
	return secrets
}

func TestCredentialsAreNotShown(t *testing.T) {
	for text, shown := range map[string]string{
		"esdb://a:b@h1:1,h2:2?tls=false": "esdb://" + hidden + "@h1:1,h2:2?tls=false",
		"nats://user:p@ss/w@h:4222":      "nats://" + hidden + "@h:4222",
		"esdb://h1:1?x=a@b":              "esdb://h1:1?x=a@b",
		"someone@example.com":            "someone@example.com",
		"":                               "",
	} {
		assert.Equal(t, shown, withoutCredentials(text))
	}
}

// A mistake in a secret is told without the secret.
func TestAMistakeInASecretDoesNotShowIt(t *testing.T) {
	for _, value := range []string{`hunter2`, `"hunter2`, `20hunter2`, `2026-99-99T00:00:00hunter2`, `'hunter2' hunter2`, `"\uhunter2"`, `["hunter2"]`} {
		_, err := readConfig(folder(t, "[[asterisk]]\nname = \"pbx1\"\nsecret = "+value+"\n"))
		require.Error(t, err, value)
		assert.NotContains(t, err.Error(), "hunter", value)
		assert.Contains(t, err.Error(), "callstate.toml", value)
	}
}

func TestTheConfigurationOfTheComposeFileIsGood(t *testing.T) {
	_, err := readConfig("../../deploy/callstate.toml")
	require.NoError(t, err)
}
