package main

import (
	"fmt"
	"time"
	_ "time/tzdata" // a machine or a container may have no database of time zones

	"github.com/callstate/callstate/projections/statistics"
	"github.com/spf13/cobra"
)

// momentFlag is a flag that takes a moment as RFC 3339, or a date, or a date and a time of day, which say when that is
// in some time zone only.
type momentFlag struct {
	text    string
	time    time.Time
	isDate  bool
	isLocal bool // has no offset of its own
}

func (m *momentFlag) String() string { return m.text }

func (m *momentFlag) Set(value string) error {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, value); err == nil {
			*m = momentFlag{value, t.UTC(), layout == time.DateOnly, layout != time.RFC3339Nano}
			return nil
		}
	}
	return fmt.Errorf("is not a time such as 2026-11-23T09:00:00Z or 2026-11-23")
}

// in is the moment, where the flag names one by the clocks of a zone; zero where it was not given.
func (m *momentFlag) in(zone *time.Location) time.Time {
	year, month, date := m.time.Date()
	switch hour, minute, second := m.time.Clock(); {
	case m.isDate:
		return statistics.Midnight(year, month, date, zone)
	case m.isLocal:
		return time.Date(year, month, date, hour, minute, second, m.time.Nanosecond(), zone)
	}
	return m.time
}

func (m *momentFlag) Type() string { return "time" }

// zoneFlag is a flag that takes a time zone by its name.
type zoneFlag struct{ *time.Location }

// zone adds the flag --tz.
func zone(cmd *cobra.Command, use string) *zoneFlag {
	z := &zoneFlag{time.UTC}
	cmd.Flags().Var(z, "tz", "time zone, such as Europe/Berlin, "+use)
	return z
}

func (z *zoneFlag) Set(name string) (err error) {
	z.Location, err = statistics.ParseZone(name)
	return err
}

func (z *zoneFlag) Type() string { return "zone" }
