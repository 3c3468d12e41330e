package main

import "github.com/callstate/callstate/adapters/switches/simulator"

// simulatorConfig is a contact centre that there is not.
type simulatorConfig struct {
	Name   string   `toml:"name"`
	Seed   uint64   `toml:"seed"`
	Agents int      `toml:"agents"`
	Rate   float64  `toml:"rate"`
	Steady bool     `toml:"steady"`
	Manual []string `toml:"manual"`
}

func (c *simulatorConfig) readSecret(string) error { return nil }

func (c *simulatorConfig) validate() error { return c.config().Validate() }

func (c *simulatorConfig) patterns() []string { return nil }

func (c *simulatorConfig) config() simulator.Config { return simulator.Config(*c) }
