package main

import (
	"slices"
	"time"

	"github.com/callstate/callstate/adapters/switches/freeswitch"
)

// freeswitchConfig is a link to the event socket of a FreeSWITCH, and what its events do not say about it.
type freeswitchConfig struct {
	Name         string `toml:"name"`
	Host         string `toml:"host"`
	Port         int    `toml:"port"`
	User         string `toml:"user"`
	Password     string `toml:"password"`
	PasswordFile string `toml:"password_file"`
	PasswordEnv  string `toml:"password_env"`
	JSON         bool   `toml:"json"`

	Domain        string   `toml:"domain"`
	Trunks        []string `toml:"trunks"`
	IVRs          []string `toml:"ivrs"`
	DataEvents    []string `toml:"data_events"`
	DataPrefix    string   `toml:"data_prefix"`
	DataVariables []string `toml:"data_variables"`
	KeepDigits    []string `toml:"keep_digits"`
	Wrapup        duration `toml:"wrapup"`

	Dialplan freeswitchDialplan `toml:"dialplan"`
}

func (f *freeswitchConfig) readSecret(dir string) (err error) {
	f.Password, err = secret{"password", f.Password, f.PasswordFile, f.PasswordEnv}.read(dir)
	return err
}

func (f *freeswitchConfig) validate() error { return f.link().Validate() }

func (f *freeswitchConfig) patterns() []string {
	return slices.Concat(f.Trunks, f.IVRs, f.DataEvents, f.KeepDigits)
}

func (f *freeswitchConfig) link() freeswitch.Config {
	return freeswitch.Config{Name: f.Name, Host: f.Host, Port: f.Port, User: f.User, Password: f.Password, JSON: f.JSON}
}

func (f *freeswitchConfig) vocabulary() freeswitch.Vocabulary {
	return freeswitch.Vocabulary{
		Switch: f.Name, Domain: f.Domain, Trunks: f.Trunks, IVRs: f.IVRs, DataEvents: f.DataEvents, DataPrefix: f.DataPrefix,
		DataVariables: f.DataVariables, KeepDigits: f.KeepDigits, Wrapup: time.Duration(f.Wrapup),
	}
}
