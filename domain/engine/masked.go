package engine

import (
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/masking"
	"github.com/callstate/callstate/domain/wire"
)

// No card number is stored: whatever people, IVRs and switches say in words is masked here before it is an event, on
// every way into the log. The numbers that calls are made with and ids are not words and stay as they are: a telephone
// number that passes for a card number is still a telephone number.
//
// It is done twice. Facts and requests are masked before anything is decided, since Observe and Decide compare them with
// the past, which is masked: what was told before must be known again. The events are masked when they are encoded, and
// that is what the promise rests on, also where a fact or a request of a new kind is forgotten.

// Masked is a stored event without card numbers, for those who append events that were stored elsewhere. It is the event
// itself when it has none; otherwise its id is that of the new content. ErrUnknown (package wire) of an event that this
// program cannot read.
func Masked(r eventlog.Record) (eventlog.Event, error) {
	switch r.Stream.Kind() {
	case wire.Call:
		return rewritten(r, wire.DecodeCall, maskedCall, wire.EncodeCall)
	case wire.Agent:
		return rewritten(r, wire.DecodeAgent, maskedAgent, wire.EncodeAgent)
	case wire.Audit:
		return rewritten(r, wire.DecodeAccess, maskedAccess, wire.EncodeAccess)
	}
	return r.Event, wire.Known(r)
}

// rewritten is a record's event with what it says masked: the very event where that is nothing new.
func rewritten[E any](
	r eventlog.Record, decode func(eventlog.Record) (E, error), mask func(E) E, encode func(eventlog.Stream, eventlog.Revision, E) eventlog.Event,
) (eventlog.Event, error) {
	said, err := decode(r)
	if err != nil {
		return r.Event, err
	}
	if masked := mask(said); !reflect.DeepEqual(masked, said) {
		encoded := encode(r.Stream, r.Revision, masked)
		r.ID, r.Version, r.Data = encoded.ID, encoded.Version, encoded.Data
	}
	return r.Event, nil
}

func maskedCall(e call.Event) call.Event {
	switch b := e.Body.(type) {
	case call.UserDataChanged:
		b.Set, b.Deleted = maskedPairs(b.Set), maskedTexts(b.Deleted)
		e.Body = b
	case call.NoteAdded:
		b.Text = masking.CardNumbers(b.Text)
		e.Body = b
	case call.DispositionSet:
		b.Code = masking.CardNumbers(b.Code)
		e.Body = b
	case call.IVRLeft:
		b.Choice = masking.CardNumbers(b.Choice)
		e.Body = b
	case call.DigitsCollected:
		b.Digits = masking.CardNumbers(b.Digits)
		e.Body = b
	case call.AnomalyNoted:
		b.Detail = masking.CardNumbers(b.Detail)
		e.Body = b
	case call.RequestRefused:
		b.Detail = masking.CardNumbers(b.Detail)
		e.Body = b
	}
	return e
}

func maskedAgent(e agent.Event) agent.Event {
	switch b := e.Body.(type) {
	case agent.AgentNotReady:
		b.Reason = masking.CardNumbers(b.Reason)
		e.Body = b
	case agent.AgentRequestMade:
		b.Reason = masking.CardNumbers(b.Reason)
		e.Body = b
	case agent.AgentRequestRefused:
		b.Detail = masking.CardNumbers(b.Detail)
		e.Body = b
	}
	return e
}

func maskedAccess(e access.Event) access.Event {
	switch b := e.Body.(type) {
	case access.RequestDenied:
		b.Path, b.Reason = masking.CardNumbers(b.Path), masking.CardNumbers(b.Reason)
		e.Body = b
	case access.CallsSearched:
		b.Query = maskedQuery(b.Query)
		e.Body = b
	case access.NumberExplained:
		b.Query = maskedQuery(b.Query)
		e.Body = b
	}
	return e
}

// maskedQuery is what was asked for, as in a URL, where a space is a plus and what stands before a number may end in digits.
func maskedQuery(query string) string {
	said, err := url.ParseQuery(query)
	if err != nil {
		return masking.CardNumbers(query)
	}
	masked := url.Values{}
	for name, values := range said {
		masked[masking.CardNumbers(name)] = maskedTexts(values)
	}
	if text := masked.Encode(); text != said.Encode() {
		query = text
	}
	return masking.CardNumbers(query)
}

// masked is an observation in the form in which it is compared with the past.
func (o Observation) masked() Observation {
	switch f := o.CallFact.(type) {
	case call.DataIs:
		f.Set = maskedPairs(f.Set)
		o.CallFact = f
	case call.MergedIs:
		f.UserData = maskedPairs(f.UserData)
		o.CallFact = f
	}
	switch f := o.AgentFact.(type) {
	case agent.MembershipIs:
		f.Reason = masking.CardNumbers(f.Reason)
		o.AgentFact = f
	case agent.SessionIs:
		f.Reason = masking.CardNumbers(f.Reason)
		o.AgentFact = f
	case agent.NotMade:
		f.Err = maskedError{f.Err}
		o.AgentFact = f
	}
	return o
}

func maskedRequest(r call.Request) call.Request {
	switch r := r.(type) {
	case call.ChangeUserData:
		r.Set, r.Delete = maskedPairs(r.Set), maskedTexts(r.Delete)
		return r
	case call.SetDisposition:
		r.Code = masking.CardNumbers(r.Code)
		return r
	case call.AddNote:
		r.Text = masking.CardNumbers(r.Text)
		return r
	}
	return r
}

func maskedAgentRequest(r agent.Request) agent.Request {
	switch r := r.(type) {
	case agent.NotReady:
		r.Reason = masking.CardNumbers(r.Reason)
		return r
	case agent.MakeCall:
		r.Data = maskedPairs(r.Data)
		return r
	}
	return r
}

// maskedError is an error whose text is recorded: of that only the beginning, and half a card number is not recognised.
type maskedError struct{ error }

// Error is the error's text without card numbers.
func (e maskedError) Error() string { return masking.CardNumbers(e.error.Error()) }

// Unwrap is the error.
func (e maskedError) Unwrap() error { return e.error }

// maskedPairs returns the pairs themselves where nothing is to be masked; they belong to somebody else.
func maskedPairs(pairs []call.Pair) []call.Pair {
	masked, keys := pairs, false
	for i, p := range pairs {
		m := call.Pair{Key: masking.CardNumbers(p.Key), Value: masking.CardNumbers(p.Value)}
		if m == p {
			continue
		}
		if &masked[0] == &pairs[0] {
			masked = slices.Clone(pairs)
		}
		masked[i], keys = m, keys || m.Key != p.Key
	}
	if keys {
		slices.SortStableFunc(masked, func(a, b call.Pair) int { return strings.Compare(a.Key, b.Key) })
	}
	return masked
}

func maskedTexts(texts []string) []string {
	masked := texts
	for i, text := range texts {
		m := masking.CardNumbers(text)
		if m == text {
			continue
		}
		if &masked[0] == &texts[0] {
			masked = slices.Clone(texts)
		}
		masked[i] = m
	}
	return masked
}
