package asterisk

import (
	"time"

	"github.com/callstate/callstate/domain/link"
)

// unbroken is how many events must have come without a hole before a hole counts as a loss: Asterisk numbers the events of
// all classes, so a manager's user who is not sent all of them sees holes all the time.
const unbroken = 100

// sequence is the numbers that Asterisk gives its events with manager debugging on ("manager set debug on"; debug = on
// in manager.conf), and no numbers at all without.
type sequence struct {
	next    int64
	run     int   // events since the last hole
	missing int64 // in the hole that is doubted
}

// number returns the number of an event; false when it has none. It stands right behind the event's name, class and time.
func (b Block) number() (int64, bool) {
	for i := 2; i < min(4, len(b.headers)); i++ {
		if sameName(b.headers[i].Name, "SequenceNumber") {
			return digits(b.headers[i].Value)
		}
	}
	return 0, false
}

// count looks whether an event before this one is missing. Events of different threads may overtake each other, so a
// hole is told only when nothing has filled it for a while.
func (t *Translator) count(b Block) {
	n, numbered := b.number()
	if !numbered {
		return
	}
	s := &t.sequence
	switch {
	case n == s.next:
		s.run++
	case n < s.next && s.missing > 0:
		s.missing--
		return
	case n > s.next && s.run >= unbroken:
		s.missing = n - s.next
		t.lostAt = t.clock.Last
		t.doubt(func(time.Time) {
			if s.missing > 0 {
				t.channelsListed, t.queuesListed = false, false // the switch will be asked again for what it has
				t.linkFact(link.GapIs{At: t.clock.Next(), Switch: t.vocabulary.Switch, Missed: uint64(s.missing)})
			}
			s.missing = 0
		})
		s.run = 0
	default: // the first of all, or the switch counts anew
		s.run = 0
	}
	s.next = n + 1
}
