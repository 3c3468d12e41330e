package main

import (
	"fmt"
	"strings"

	"github.com/callstate/callstate/adapters/desktop"
)

// desktopConfig is what the page suggests to agents; what is not given is what houses often have.
type desktopConfig struct {
	NotReadyReasons []string `toml:"not_ready_reasons"`
	Dispositions    []string `toml:"dispositions"`
}

func (c desktopConfig) settings() desktop.Settings { return desktop.Settings(c) }

func (c desktopConfig) validate() error {
	for key, words := range map[string][]string{"not_ready_reasons": c.NotReadyReasons, "dispositions": c.Dispositions} {
		for _, word := range words {
			if strings.TrimSpace(word) == "" || len(word) > 200 {
				return fmt.Errorf("%s: %q must have 1 to 200 bytes", key, word)
			}
		}
	}
	return nil
}
