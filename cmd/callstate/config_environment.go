package main

import (
	"encoding"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// environmentPrefix is what the names of the variables begin with that win over the configuration file.
const environmentPrefix = "CALLSTATE_"

// override sets what the environment has for keys of a configuration: CALLSTATE_LISTEN for listen, and in a section of a
// switch CALLSTATE_ASTERISK_PBX1_HOST for the host of the one whose name is pbx1. It returns the names of the variables.
// Sections that the file does not have cannot be added.
func override(c *config) ([]string, error) {
	return overrideSection(reflect.ValueOf(c).Elem(), environmentPrefix)
}

func overrideSection(section reflect.Value, prefix string) (used []string, err error) {
	for i := range section.NumField() {
		key, field := keyOf(section.Type().Field(i)), section.Field(i)
		variable := prefix + environmentName(key)
		switch {
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct:
			for j := range field.Len() {
				name := field.Index(j).FieldByName("Name").String()
				inner, err := overrideSection(field.Index(j), variable+"_"+environmentName(name)+"_")
				if used = append(used, inner...); err != nil {
					return used, err
				}
			}
		case field.Kind() == reflect.Struct:
			inner, err := overrideSection(field, variable+"_")
			if used = append(used, inner...); err != nil {
				return used, err
			}
		default:
			value := os.Getenv(variable)
			if value == "" {
				continue
			}
			if err := setKey(section, key, field, value); err != nil {
				return used, fmt.Errorf("%s: %w", variable, err)
			}
			used = append(used, variable)
		}
	}
	return used, nil
}

// environmentName is a key or the name of a switch as it stands in the name of a variable.
func environmentName(name string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
}

// setKey sets a key to what the environment says: a text as it is, anything else as TOML writes it. What says where a
// secret is takes the place of what said it before.
func setKey(section reflect.Value, key string, field reflect.Value, value string) error {
	base := strings.TrimSuffix(strings.TrimSuffix(key, "_file"), "_env")
	for i := range section.NumField() {
		other := keyOf(section.Type().Field(i))
		if isSecret(base) && other != key && (other == base || other == base+"_file" || other == base+"_env") {
			section.Field(i).SetZero()
		}
	}
	if text, ok := field.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return text.UnmarshalText([]byte(value))
	}
	if field.Kind() == reflect.String {
		field.SetString(value)
		return nil
	}
	field.SetZero() // a table takes the place of the one of the file
	if _, err := toml.Decode(strconv.Quote(key)+" = "+value, section.Addr().Interface()); err != nil {
		return fmt.Errorf("%q is not what TOML writes for %s", value, key)
	}
	return nil
}

// keyOf is the key of a field in the configuration file.
func keyOf(field reflect.StructField) string {
	key, _, _ := strings.Cut(field.Tag.Get("toml"), ",")
	return key
}

// isSecret reports whether what a key holds must not be seen.
func isSecret(key string) bool {
	for _, word := range []string{"secret", "password", "token"} {
		if key == word || strings.HasSuffix(key, "_"+word) {
			return true
		}
	}
	return false
}
