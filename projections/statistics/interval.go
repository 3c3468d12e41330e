package statistics

import (
	"fmt"
	"time"
)

// day is an interval that has no fixed length: from a midnight to the next.
const day = 24 * time.Hour

// ParseInterval reads an interval: 15m, hour, day, or any other duration that divides a day; empty is the whole range.
func ParseInterval(text string) (time.Duration, error) {
	switch text {
	case "":
		return 0, nil
	case "hour":
		return time.Hour, nil
	case "day":
		return day, nil
	}
	return parseDuration("interval", text)
}

// ParseZone reads the name of a time zone of the IANA database; empty is UTC.
func ParseZone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == time.Local.String() { // which is another one on each machine
		return nil, fmt.Errorf("%w: %q is not a time zone such as Europe/Berlin", ErrQuery, name)
	}
	return zone, nil
}

// checkInterval is ErrQuery when there is no such interval.
func checkInterval(every time.Duration) error {
	if every != 0 && (every < time.Minute || every > day || day%every != 0) {
		return fmt.Errorf("%w: an interval is a minute or longer and divides a day", ErrQuery)
	}
	return nil
}

// edges are where the intervals of a range begin, in milliseconds, and last where it ends. Every 0 is one interval.
// ErrQuery when there are too many.
func edges(from, to time.Time, every time.Duration, zone *time.Location) ([]int64, error) {
	all := []int64{from.UnixMilli()}
	for at := from; every > 0; {
		if at = next(at.In(zone), every); !at.Before(to) {
			break
		}
		if all = append(all, at.UnixMilli()); len(all) > maxIntervals {
			return nil, fmt.Errorf("%w: more than %d intervals", ErrQuery, maxIntervals)
		}
	}
	return append(all, to.UnixMilli()), nil
}

// next is the first moment after one at which an interval begins in its zone: a day where the date changes, a shorter one
// also wherever the clock comes to a multiple of it, or is put past one. So the day on which clocks are put forward has 23
// hours, and that on which they are put back 25: the hour that comes twice is two.
func next(at time.Time, every time.Duration) time.Time {
	today, passed := dateOf(at), onClock(at)/every
	for {
		begins := at.Add(every - onClock(at)%every)
		_, changes := at.ZoneBounds()
		if changes.IsZero() || begins.Before(changes) {
			return begins
		}
		at = changes
		if dateOf(at).After(today) || every < day && (onClock(at)%every == 0 || onClock(at)/every > passed) {
			return at
		}
	}
}

// dateOf is the date that a calendar shows, to be compared with others.
func dateOf(at time.Time) time.Time {
	year, month, date := at.Date()
	return time.Date(year, month, date, 0, 0, 0, 0, time.UTC)
}

// onClock is the time of day that a clock shows.
func onClock(at time.Time) time.Duration {
	hour, minute, second := at.Clock()
	return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second + time.Duration(at.Nanosecond())
}

// Midnight is the first moment of a date in a zone, which is not always at 0:00. A date that the zone has left out begins
// with the one after it.
func Midnight(year int, month time.Month, date int, zone *time.Location) time.Time {
	at := time.Date(year, month, date-2, 12, 0, 0, 0, zone)
	for dateOf(at).Before(time.Date(year, month, date, 0, 0, 0, 0, time.UTC)) {
		at = next(at, day)
	}
	return at
}
