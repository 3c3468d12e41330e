package history

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/call"
)

// ErrFilter: a filter that cannot be meant; the error says what is wrong with it.
var ErrFilter = errors.New("filter")

// Filter says which calls are asked for; what is zero does not matter.
type Filter struct {
	From, To     time.Time // started in [From, To)
	Type         call.Type
	ANI, DNIS    string
	Agent        string // was offered the call, or took part in it
	Queue        string // the call waited in it
	Outcome      Outcome
	Switch       string
	SwitchCallID string
	MinDuration  time.Duration // lasted as long or longer; a call that goes on has not lasted yet
	MaxDuration  time.Duration // lasted as long or shorter, and is over
	UserData     []call.Pair   // carries each of these entries
	Text         string        // words in the user data, all of them: "two words" are a phrase, begin* is a beginning
	Conversation call.ConnID   // belongs to the same conversation as this call
	Newest       bool          // newest first; else oldest first
	After        Cursor        // goes on behind this record, in the same order
	Limit        int           // at most so many; 0: all

	connID call.ConnID
}

// Check is ErrFilter when the filter cannot be meant.
func (f Filter) Check() error {
	switch {
	case !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To):
		return fmt.Errorf("%w: the range ends at %s, before it begins", ErrFilter, Time(f.To))
	case f.Outcome != "" && !slices.Contains([]Outcome{Answered, Abandoned, Busy, NoAnswer, Failed, Other}, f.Outcome):
		return fmt.Errorf("%w: unknown outcome %q: known are answered, abandoned, busy, noAnswer, failed, other", ErrFilter, f.Outcome)
	case f.Type != "" && !slices.Contains([]call.Type{call.Inbound, call.Outbound, call.InternalTo, call.Consult}, f.Type):
		return fmt.Errorf("%w: unknown type %q: known are inbound, outbound, internal, consult", ErrFilter, f.Type)
	case f.MinDuration < 0 || f.MaxDuration < 0:
		return fmt.Errorf("%w: a duration is negative", ErrFilter)
	case f.MaxDuration > 0 && f.MinDuration > f.MaxDuration:
		return fmt.Errorf("%w: the shortest duration is longer than the longest", ErrFilter)
	case f.Limit < 0:
		return fmt.Errorf("%w: the limit is negative", ErrFilter)
	}
	_, err := phrasesOf(f.Text)
	return err
}

// ParsePairs reads entries of user data, each key=value.
func ParsePairs(texts []string) (pairs []call.Pair, err error) {
	for _, text := range texts {
		key, value, ok := strings.Cut(text, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("%w: user data %q is not key=value", ErrFilter, text)
		}
		pairs = append(pairs, call.Pair{Key: key, Value: value})
	}
	return pairs, nil
}

// Cursor is the place of a record in the order of records; the zero Cursor is before all of them.
type Cursor struct {
	startedAt Time
	connID    call.ConnID
}

// CursorOf is the place of a record.
func CursorOf(r Record) Cursor { return Cursor{r.StartedAt, r.ConnID} }

// String is the cursor in a form that says nothing to anybody and is safe in a URL; empty for the zero Cursor.
func (c Cursor) String() string {
	if c == (Cursor{}) {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(c.startedAt.String() + " " + c.connID.String()))
}

// ParseCursor reads what String wrote.
func ParseCursor(text string) (Cursor, error) {
	if text == "" {
		return Cursor{}, nil
	}
	plain, err := base64.RawURLEncoding.DecodeString(text)
	startedAt, id, _ := strings.Cut(string(plain), " ")
	at, badTime := time.Parse(timeForm, startedAt)
	connID, badID := call.ParseConnID(id)
	if errors.Join(err, badTime, badID) != nil {
		return Cursor{}, fmt.Errorf("%w: %q is not a cursor that callstate has given", ErrFilter, text)
	}
	return Cursor{moment(at), connID}, nil
}

// bound is the first millisecond that is not before a moment: rows have no finer ones.
func bound(t time.Time) string {
	cut := t.Truncate(time.Millisecond)
	if cut.Before(t) {
		cut = cut.Add(time.Millisecond)
	}
	return Time(cut).String()
}
