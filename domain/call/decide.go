package call

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
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
	// ErrUserDataChanged: the user data is not any more what the change was decided on.
	ErrUserDataChanged = fmt.Errorf("%w: the user data has changed meanwhile", ErrRefused)
	// ErrInvalid: the request itself makes no sense.
	ErrInvalid = fmt.Errorf("%w: the request is not valid", ErrRefused)
)

// DefaultUserDataLimit is the most user data that requests may put on a call, in bytes of keys and values (the
// T-Library default); MaxUserData is the most that can be configured.
const DefaultUserDataLimit = 16000

// ChangeUserData attaches, updates or deletes user data.
type ChangeUserData struct {
	At     time.Time
	Actor  string // who asks: "agent:1001", "ivr:main"
	ID     string // command id: see By; may be empty
	Set    []Pair
	Delete []string
	Limit  int // bytes; 0 is DefaultUserDataLimit
	// Seen is the version of the user data that who asks has seen (State.UserDataVersion): where it is another one by now,
	// nothing is changed. Empty: whatever it is.
	Seen string
}

// SetDisposition says how the call turned out; also after its end.
type SetDisposition struct {
	At    time.Time
	Actor string
	ID    string // command id: see By; may be empty
	Code  string
}

// AddNote adds a remark; also after the call's end.
type AddNote struct {
	At    time.Time
	Actor string
	ID    string // command id: see By; may be empty
	Text  string
}

// Decide returns the events by which a request is done, none when there is nothing to do, or why it is refused
// (errors.Is ErrRefused and one of the reasons above). A request with a command id that has been seen does nothing: it has
// the outcome that it had.
func Decide(s State, r Request) ([]Event, error) {
	events, _, err := Grant(s, r)
	return events, err
}

// Grant is Decide with the order that is to be given to the switch once the events are durable; nil when the switch has
// nothing to do with it.
func Grant(s State, r Request) ([]Event, *Order, error) {
	if !s.Started() {
		return nil, nil, ErrUnknownCall
	}
	by, service := r.asks()
	if asked, again := s.Request(by.ID); again {
		return nil, nil, asked.Reason.Err()
	}
	if len(by.ID) > maxCommandID {
		return nil, nil, fmt.Errorf("%w: the command id has more than %d bytes", ErrInvalid, maxCommandID)
	}
	bodies, order, err := r.decide(s)
	switch {
	case err != nil:
		return nil, nil, err
	case order != nil && by.ID == "":
		return nil, nil, fmt.Errorf("%w: a request to the switch needs a command id", ErrInvalid)
	case order == nil && len(bodies) == 0:
		return nil, nil, nil
	}
	if by.ID != "" {
		made := RequestMade{}
		if order != nil {
			order.ID, order.Request = by.ID, service
			made = order.RequestMade
		}
		made.ID, made.Request = by.ID, service
		bodies = append([]Body{made}, bodies...)
	}
	events := make([]Event, len(bodies))
	for i, body := range bodies {
		events[i] = Event{At: by.At, Actor: by.Actor, Body: body}
	}
	return events, order, nil
}

// maxDetail bounds what is kept of a refusal's text, in bytes.
const maxDetail = 300

// Refused is what there is to record when a request was not done: nothing, when the call is unknown or the refusal is
// recorded already. A request without a command id is known again only where it is refused alike several times in a row.
func Refused(s State, r Request, err error) []Event {
	by, service := r.asks()
	if len(by.ID) > maxCommandID {
		by.ID = ""
	}
	detail := err.Error()
	detail = strings.ToValidUTF8(detail[:min(len(detail), maxDetail)], "")
	body := RequestRefused{ID: by.ID, Request: service, Party: by.Party, DN: by.DN, Reason: ReasonOf(err), Detail: detail}
	if !s.Started() || s.Requests.Told(body.asked(by.Actor)) {
		return nil
	}
	return []Event{{At: by.At, Actor: by.Actor, Body: body}}
}

func (r ChangeUserData) asks() (By, Service) {
	return By{At: r.At, Actor: r.Actor, ID: r.ID}, ChangesUserData
}

func (r SetDisposition) asks() (By, Service) {
	return By{At: r.At, Actor: r.Actor, ID: r.ID}, SetsDisposition
}

func (r AddNote) asks() (By, Service) { return By{At: r.At, Actor: r.Actor, ID: r.ID}, AddsNote }

func (r ChangeUserData) decide(s State) ([]Body, *Order, error) {
	if s.Ended() {
		return nil, nil, ErrCallEnded
	}
	if r.Seen != "" && r.Seen != s.UserDataVersion() {
		return nil, nil, ErrUserDataChanged
	}
	var set []Pair
	for _, pair := range r.Set {
		if pair.Key == "" {
			return nil, nil, fmt.Errorf("%w: a key is empty", ErrInvalid)
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
		return nil, nil, nil
	}
	body := UserDataChanged{Set: set, Deleted: deleted, By: r.Actor}
	limit := min(cmp.Or(r.Limit, DefaultUserDataLimit), MaxUserData)
	if size := Evolve(s, Event{At: r.At, Body: body}).packed(nil); size > limit {
		return nil, nil, fmt.Errorf("%w: %d bytes, the limit is %d", ErrUserDataTooLarge, size, limit)
	}
	return []Body{body}, nil, nil
}

func (r SetDisposition) decide(s State) ([]Body, *Order, error) {
	if r.Code == "" {
		return nil, nil, fmt.Errorf("%w: the disposition is empty", ErrInvalid)
	}
	if s.Disposition == r.Code {
		return nil, nil, nil
	}
	return []Body{DispositionSet{Code: r.Code}}, nil, nil
}

func (r AddNote) decide(State) ([]Body, *Order, error) {
	if r.Text == "" {
		return nil, nil, fmt.Errorf("%w: the note is empty", ErrInvalid)
	}
	return []Body{NoteAdded{Text: r.Text}}, nil, nil
}
