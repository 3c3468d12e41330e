package main

import (
	"fmt"
	"time"
	_ "time/tzdata" // a machine or a container may have no database of time zones

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections/past"
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
	switch {
	case m.isDate:
		year, month, date := m.time.Date()
		return statistics.Midnight(year, month, date, zone)
	case m.isLocal:
		return onClocks(m.time, zone)
	}
	return m.time
}

func (m *momentFlag) Type() string { return "time" }

// onClocks is when the clocks of a zone show what is shown in UTC at another moment. What they show twice, when they are
// put back, is the first of both; what they leave out is as if they had not been put forward yet (RFC 5545, 3.3.5).
// time.Date takes one or the other, by the zone.
func onClocks(shown time.Time, zone *time.Location) time.Time {
	_, offset := shown.Add(-24 * time.Hour).In(zone).Zone() // before the clocks change, if they do
	first := shown.Add(-time.Duration(offset) * time.Second).In(zone)
	year, month, date := shown.Date()
	hour, minute, second := shown.Clock()
	other := time.Date(year, month, date, hour, minute, second, shown.Nanosecond(), zone)
	const clock = "2006-01-02T15:04:05"
	if first.Format(clock) != shown.Format(clock) && other.Format(clock) == shown.Format(clock) {
		return other
	}
	return first
}

// pastFlag is a flag that takes a moment of the past: a position of the log, or a time as momentFlag takes it.
type pastFlag struct {
	position eventlog.Position
	time     momentFlag
}

func (f *pastFlag) String() string {
	if f.position != 0 {
		return past.Moment{Position: f.position}.String()
	}
	return f.time.String()
}

func (f *pastFlag) Set(value string) error {
	moment, err := past.ParseMoment(value)
	if err != nil || moment.Position != 0 {
		*f = pastFlag{position: moment.Position}
		return err
	}
	return f.time.Set(value)
}

func (f *pastFlag) Type() string { return "time|position" }

// in is the moment, as momentFlag has it; zero where the flag was not given.
func (f *pastFlag) in(zone *time.Location) past.Moment {
	if f.position != 0 || f.time.text == "" {
		return past.Moment{Position: f.position}
	}
	return past.Moment{Time: f.time.in(zone).In(zone)}
}

// clockForm is how a moment is printed for people, by the clocks of a zone.
const clockForm = "2006-01-02 15:04:05.000 MST"

// zoneFlag is a flag that takes a time zone by its name.
type zoneFlag struct{ *time.Location }

// zone adds the flag --tz.
func zone(cmd *cobra.Command, use string) *zoneFlag {
	z := &zoneFlag{time.UTC}
	cmd.Flags().Var(z, "tz", "time zone, such as Europe/Berlin, "+use)
	return z
}

func (z *zoneFlag) Set(name string) error {
	zone, err := statistics.ParseZone(name)
	if err != nil {
		return fmt.Errorf("%q is not a time zone such as Europe/Berlin", name)
	}
	z.Location = zone
	return nil
}

func (z *zoneFlag) Type() string { return "zone" }
