package past

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
)

var (
	// ErrBefore: nothing had happened by then.
	ErrBefore = errors.New("that is before the first event of the log")
	// ErrAfter: the log does not go so far.
	ErrAfter = errors.New("that is past the end of the log")
	// ErrRange: it ends before it begins.
	ErrRange = errors.New("the range ends before it begins")
	// ErrMoment: the text is neither a time nor a position.
	ErrMoment = errors.New("not a position, nor a time such as 2026-11-23T09:00:00Z")
)

// Moment is a place in the past: a position of the log, or a time on the switches' clocks. The zero Moment is neither.
//
// What belongs to a position is every event up to it: the floor there is exactly what the live floor was. What belongs to
// a time is every event that happened at that time or before, as its switch tells it, wherever it stands in the log; the
// order is still the log's. Where the clocks agree and nothing came late the two are the same.
type Moment struct {
	Position eventlog.Position
	Time     time.Time
}

// ParseMoment reads a position ("4711") or a time (RFC 3339, or a date and a time of day in UTC).
func ParseMoment(text string) (Moment, error) {
	if position, err := strconv.ParseUint(text, 10, 64); err == nil {
		if position == 0 {
			return Moment{}, fmt.Errorf("position 0: %w", ErrBefore)
		}
		return Moment{Position: eventlog.Position(position)}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return Moment{Time: t.UTC()}, nil
		}
	}
	return Moment{}, fmt.Errorf("%q is %w", text, ErrMoment)
}

// String is what ParseMoment reads; empty for the zero Moment.
func (m Moment) String() string {
	switch {
	case m.Position != 0:
		return strconv.FormatUint(uint64(m.Position), 10)
	case m.Time.IsZero():
		return ""
	}
	return m.Time.Format(time.RFC3339Nano)
}

// IsZero reports whether it is no moment.
func (m Moment) IsZero() bool { return m == Moment{} }

// has reports whether a record belongs to the moment. Who looked at the past belongs to no time of the floor.
func (m Moment) has(r *eventlog.Record) bool {
	if m.Position != 0 {
		return r.Position <= m.Position
	}
	return !r.SwitchTime.After(m.Time) && r.Stream.Kind() != wire.Audit
}

// Range is what happened after one moment and belongs to another. A zero From is before the first event, a zero To the
// end of the log.
type Range struct{ From, To Moment }

// Check returns ErrRange when the range ends before it begins, as far as that can be said: of a time and a position it
// cannot.
func (r Range) Check() error {
	before := cmp.Compare(r.To.Position, r.From.Position)
	if r.From.Position == 0 || r.To.Position == 0 {
		before = r.To.Time.Compare(r.From.Time)
		if r.From.Time.IsZero() || r.To.Time.IsZero() {
			return nil
		}
	}
	if before < 0 {
		return fmt.Errorf("%w: from %s to %s", ErrRange, r.From, r.To)
	}
	return nil
}

func (r Range) has(record *eventlog.Record) bool {
	return (r.From.IsZero() || !r.From.has(record)) && (r.To.IsZero() || r.To.has(record)) && record.Stream.Kind() != wire.Audit
}
