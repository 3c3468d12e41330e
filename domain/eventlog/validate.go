package eventlog

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
)

// The limits of what Append takes, in bytes. They leave room for what a store adds, and they are the same in every
// store, so that a log can be moved from one to another.
const (
	// MaxStreamName is the greatest length of a stream's name.
	MaxStreamName = 512
	// MaxTypeName is the greatest length of an event's type name.
	MaxTypeName = 255
	// MaxActor is the greatest length of an event's actor.
	MaxActor = 512
	// MaxTraceparent is the greatest length of an event's traceparent: that of the first version of W3C Trace Context.
	MaxTraceparent = 55
	// MaxData is the greatest length of an event's data.
	MaxData = 512 << 10
	// MaxAppend is the greatest total of the events in one call of Append, each counted with its data, its type and
	// actor, the name of its stream, and eventOverhead for the rest.
	MaxAppend     = 4 << 20
	eventOverhead = 192
)

// Validate checks what does not depend on the state of a log: it is what every store does first in Append. The error
// wraps ErrInvalid and says what is wrong and where.
func Validate(appends []StreamAppend) error {
	if len(appends) == 0 {
		return fmt.Errorf("%w: no streams", ErrInvalid)
	}
	var seen map[Stream]bool
	if len(appends) > 1 {
		seen = make(map[Stream]bool, len(appends))
	}
	total := 0
	for i := range appends {
		each := &appends[i]
		if err := each.Stream.Validate(); err != nil {
			return err
		}
		if seen[each.Stream] {
			return fmt.Errorf("%w: stream %s stands twice in one call", ErrInvalid, each.Stream)
		}
		if seen != nil {
			seen[each.Stream] = true
		}
		if len(each.Events) == 0 {
			return fmt.Errorf("%w: no events for stream %s", ErrInvalid, each.Stream)
		}
		if each.Order != nil && (len(each.Order) != len(each.Events) || !slices.IsSorted(each.Order)) {
			return fmt.Errorf("%w: the order for stream %s is not that of its events", ErrInvalid, each.Stream)
		}
		for j := range each.Events {
			if err := each.Events[j].Validate(); err != nil {
				return fmt.Errorf("%w (event %d for stream %s)", err, j, each.Stream)
			}
			total += each.Events[j].Size(each.Stream)
		}
	}
	if total > MaxAppend {
		return fmt.Errorf("%w: %d bytes in one call, at most %d are taken", ErrInvalid, total, MaxAppend)
	}
	return nil
}

// Size is what an event counts for in MaxAppend, on a stream.
func (e *Event) Size(on Stream) int {
	return len(e.Data) + len(e.Type) + len(e.Actor) + len(on) + eventOverhead
}

// Validate says whether the name can be that of a stream. The error wraps ErrInvalid.
func (s Stream) Validate() error {
	switch {
	case s == "":
		return fmt.Errorf("%w: empty stream name", ErrInvalid)
	case len(s) > MaxStreamName:
		return fmt.Errorf("%w: stream name of %d bytes, at most %d are taken", ErrInvalid, len(s), MaxStreamName)
	case strings.IndexByte(string(s), 0) >= 0:
		return fmt.Errorf("%w: NUL in stream name %q", ErrInvalid, string(s))
	case !utf8.ValidString(string(s)):
		return fmt.Errorf("%w: stream name %q is not UTF-8", ErrInvalid, string(s))
	}
	return nil
}

// Validate says whether the event can be appended. The error wraps ErrInvalid.
func (e *Event) Validate() error {
	switch {
	case e.ID == uuid.Nil:
		return fmt.Errorf("%w: an event without an id", ErrInvalid)
	case e.Type == "":
		return fmt.Errorf("%w: an event without a type", ErrInvalid)
	case len(e.Type) > MaxTypeName:
		return fmt.Errorf("%w: type name of %d bytes, at most %d are taken", ErrInvalid, len(e.Type), MaxTypeName)
	case !utf8.ValidString(e.Type):
		return fmt.Errorf("%w: type name %q is not UTF-8", ErrInvalid, e.Type)
	case len(e.Actor) > MaxActor:
		return fmt.Errorf("%w: actor of %d bytes, at most %d are taken", ErrInvalid, len(e.Actor), MaxActor)
	case !utf8.ValidString(e.Actor):
		return fmt.Errorf("%w: actor %q is not UTF-8", ErrInvalid, e.Actor)
	case len(e.Traceparent) > MaxTraceparent:
		return fmt.Errorf("%w: traceparent of %d bytes, at most %d are taken", ErrInvalid, len(e.Traceparent), MaxTraceparent)
	case !utf8.ValidString(e.Traceparent):
		return fmt.Errorf("%w: traceparent %q is not UTF-8", ErrInvalid, e.Traceparent)
	case len(e.Data) > MaxData:
		return fmt.Errorf("%w: data of %d bytes, at most %d are taken", ErrInvalid, len(e.Data), MaxData)
	}
	return nil
}
