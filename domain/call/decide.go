package call

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

var (
	// ErrRefused is the kind of every refusal: the request is understood and not done. Read the reason with errors.Is.
	ErrRefused = errors.New("refused")
	// ErrUnknownCall: no such call.
	ErrUnknownCall = fmt.Errorf("%w: there is no such call", ErrRefused)
	// ErrCallEnded: the call is over.
	ErrCallEnded = fmt.Errorf("%w: the call has ended", ErrRefused)
	// ErrUserDataTooLarge: the call cannot carry that much user data.
	ErrUserDataTooLarge = fmt.Errorf("%w: too much user data", ErrRefused)
	// ErrInvalid: the request itself makes no sense.
	ErrInvalid = fmt.Errorf("%w: the request is not valid", ErrRefused)
)

// DefaultUserDataLimit is the most user data that requests may put on a call, in bytes of keys and values (the
// T-Library default); MaxUserData is the most that can be configured.
const DefaultUserDataLimit = 16000

// Request is something that a person or a program asks of a call.
type Request interface {
	decide(State) ([]Event, error)
}

// ChangeUserData attaches, updates or deletes user data.
type ChangeUserData struct {
	At     time.Time
	Actor  string // who asks: "agent:1001", "ivr:main"
	Set    []Pair
	Delete []string
	Limit  int // bytes; 0 is DefaultUserDataLimit
}

// SetDisposition says how the call turned out; also after its end.
type SetDisposition struct {
	At    time.Time
	Actor string
	Code  string
}

// AddNote adds a remark; also after the call's end.
type AddNote struct {
	At    time.Time
	Actor string
	Text  string
}

// Decide returns the events by which a request is done, none when there is nothing to do, or why it is refused
// (errors.Is ErrRefused and one of the reasons above).
func Decide(s State, r Request) ([]Event, error) {
	if !s.Started() {
		return nil, ErrUnknownCall
	}
	return r.decide(s)
}

func (r ChangeUserData) decide(s State) ([]Event, error) {
	if s.Ended() {
		return nil, ErrCallEnded
	}
	var set []Pair
	for _, pair := range r.Set {
		if pair.Key == "" {
			return nil, fmt.Errorf("%w: a key is empty", ErrInvalid)
		}
		if i, found := s.datum(pair.Key); !found || s.Data[i].Value != pair.Value {
			set = setPair(set, pair)
		}
	}
	var deleted []string
	for _, key := range r.Delete {
		if _, found := s.datum(key); found && !slices.Contains(deleted, key) {
			deleted = append(deleted, key)
		}
	}
	if len(set) == 0 && len(deleted) == 0 {
		return nil, nil
	}
	body := UserDataChanged{Set: set, Deleted: deleted, By: r.Actor}
	event := Event{At: r.At, Actor: r.Actor, Body: body}
	limit := min(cmp.Or(r.Limit, DefaultUserDataLimit), MaxUserData)
	if size := Evolve(s, event).packed(nil); size > limit {
		return nil, fmt.Errorf("%w: %d bytes, the limit is %d", ErrUserDataTooLarge, size, limit)
	}
	return []Event{event}, nil
}

func (r SetDisposition) decide(s State) ([]Event, error) {
	if r.Code == "" {
		return nil, fmt.Errorf("%w: the disposition is empty", ErrInvalid)
	}
	if s.Disposition == r.Code {
		return nil, nil
	}
	return []Event{{At: r.At, Actor: r.Actor, Body: DispositionSet{Code: r.Code}}}, nil
}

func (r AddNote) decide(s State) ([]Event, error) {
	if r.Text == "" {
		return nil, fmt.Errorf("%w: the note is empty", ErrInvalid)
	}
	return []Event{{At: r.At, Actor: r.Actor, Body: NoteAdded{Text: r.Text}}}, nil
}
