package call

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Request is something that a person or a program asks of a call. The set is closed: see Decide.
type Request interface {
	asks() (By, Service)
	// decide returns the events by which it is done and what the switch is to do, or why it is refused.
	decide(State) ([]Body, *Order, error)
}

// By is who asks, when, and from which device. One of DN and Party names the party that acts; where both are given, both
// must fit.
type By struct {
	At    time.Time
	Actor string // "agent:1001", "ivr:main"
	// ID is the command id, chosen by who asks, at most 128 bytes: the same id acts once on a call, however often it
	// comes (the call remembers the last 16). What is done on the switch needs one.
	ID    string
	DN    string
	Party PartyID
}

const maxCommandID = 128

// Order is what the switch is to do for a request: what RequestMade records of it, and what only the switch needs.
type Order struct {
	RequestMade
	Peers        []PartyID // the other parties of the conversation, in the order of their appearance
	ConsultParty PartyID   // who acts, in the consultation
	Digits       string    // never recorded
}

// Dialable reports whether a text is a directory number or an external one: up to 64 letters, digits and + * # - _ .
// Anything else could mean more to a switch than a number.
func Dialable(number string) bool {
	return number != "" && len(number) <= 64 && !strings.ContainsFunc(number, func(r rune) bool {
		switch {
		case '0' <= r && r <= '9', 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z':
			return false
		}
		return !strings.ContainsRune("+*#-_.", r)
	})
}

// acting is the party that asks; it must be in one of the states, where any are given.
func (s State) acting(by By, states ...Telephony) (Party, error) {
	return s.onCall(by.Party, by.DN, states...)
}

// onCall is a party that is on the call, by its id, its DN or both; of several at a DN the one that came last.
func (s State) onCall(id PartyID, dn string, states ...Telephony) (Party, error) {
	if s.Ended() {
		return Party{}, ErrCallEnded
	}
	if id == "" && dn == "" {
		return Party{}, fmt.Errorf("%w: no party and no DN is named", ErrInvalid)
	}
	var found []Party
	for _, p := range s.Parties {
		if p.Telephony.Live() && (id == "" || p.ID == id) && (dn == "" || p.DN == dn) {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		return Party{}, ErrNotParty
	}
	for _, p := range slices.Backward(found) {
		if len(states) == 0 || slices.Contains(states, p.Telephony) {
			return p, nil
		}
	}
	last := found[len(found)-1]
	return Party{}, &StateError{Party: last.ID, DN: last.DN, State: last.Telephony}
}

// peers are the other parties that are on the call.
func (s State) peers(p Party) []PartyID {
	var ids []PartyID
	for _, other := range s.Parties {
		if other.ID != p.ID && other.Telephony.Live() && other.Telephony != Failed {
			ids = append(ids, other.ID)
		}
	}
	return ids
}

// destination checks where a party wants to send the call, or whom it wants to consult. It is checked last: see Permitted.
func (s State) destination(p Party, to string) error {
	if !Dialable(to) {
		return ErrInvalidDestination
	}
	if to == p.DN {
		return ErrSelfTransfer
	}
	if slices.ContainsFunc(s.Parties, func(other Party) bool { return other.DN == to && other.Telephony.Live() }) {
		return ErrAlreadyParty
	}
	return nil
}

// consultBy is the consultation that a party has about this call.
func (s State) consultBy(p Party) (Consultation, bool) {
	for _, c := range s.Consults {
		if c.EndedAt.IsZero() && c.By == p.ID {
			return c, true
		}
	}
	return Consultation{}, false
}

// free: the device talks in no other call than this one.
func (s State) free(dn string, elsewhere ConnID) error {
	if elsewhere.IsZero() || elsewhere == s.ConnID {
		return nil
	}
	return &BusyError{DN: dn, With: elsewhere}
}

// order begins the order of a party.
func (s State) order(p Party) *Order {
	return &Order{RequestMade: RequestMade{Party: p.ID, DN: p.DN}, Peers: s.peers(p)}
}
