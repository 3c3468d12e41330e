package freeswitch

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ErrMalformed: what should be an event is none.
var ErrMalformed = errors.New("malformed event")

// Event is an event of FreeSWITCH, or another block that came over the event socket. Of an event the headers are those of
// the event, decoded where they are asked for; of another block they are its own.
type Event struct {
	// Type is the content type of the block that it came in: "text/event-plain", "api/response".
	Type string
	// Body is what follows the headers: of an API response the answer, of a BACKGROUND_JOB its result.
	Body string

	name    string
	headers []header
}

type header struct {
	name, value string
	plain       bool // the value is not URL-encoded
}

// decoded is the value as it is used: what is not UTF-8 in it is replaced by U+FFFD.
func (h header) decoded() string {
	if h.plain {
		return h.value
	}
	value := unescape(h.value)
	if !utf8.ValidString(value) {
		value = strings.ToValidUTF8(value, "\uFFFD")
	}
	return value
}

// ParseEvent reads what is in a frame.
func ParseEvent(f Frame) (Event, error) {
	switch f.ContentType {
	case eventPlain:
		return parsePlain(f.Body)
	case eventJSON:
		return parseJSON(f.Body)
	}
	e := Event{Type: f.ContentType, Body: f.Body, headers: headerLines(f.Headers)}
	for i := range e.headers {
		e.headers[i].plain = true
	}
	return e, nil
}

// parsePlain reads an event in the form "event plain": header lines with URL-encoded values, an empty line, and maybe a
// body whose length its own Content-Length tells.
func parsePlain(text string) (Event, error) {
	lines, body, _ := strings.Cut(text, "\n\n")
	e := Event{Type: eventPlain, headers: headerLines(lines), Body: body}
	if e.name = e.Get("Event-Name"); e.name == "" {
		return Event{}, fmt.Errorf("%w: no Event-Name", ErrMalformed)
	}
	if length, err := strconv.Atoi(e.Get("Content-Length")); err == nil && length >= 0 && length < len(body) {
		e.Body = body[:length]
	}
	return e, nil
}

// parseJSON reads an event in the form "event json": an object of strings, or of arrays of strings. Its body stands in
// "_body".
func parseJSON(text string) (Event, error) {
	object := json.NewDecoder(strings.NewReader(text))
	if begin, err := object.Token(); err != nil || begin != json.Delim('{') {
		return Event{}, fmt.Errorf("%w: no JSON object", ErrMalformed)
	}
	e := Event{Type: eventJSON}
	for object.More() {
		name, err := object.Token()
		if err != nil {
			return Event{}, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		var raw json.RawMessage
		if err := object.Decode(&raw); err != nil {
			return Event{}, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		if name == "_body" {
			e.Body = jsonValue(raw)
			continue
		}
		e.headers = append(e.headers, header{name: name.(string), value: jsonValue(raw), plain: true})
	}
	if _, err := object.Token(); err != nil {
		return Event{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if e.name = e.Get("Event-Name"); e.name == "" {
		return Event{}, fmt.Errorf("%w: no Event-Name", ErrMalformed)
	}
	return e, nil
}

// jsonValue is a header's value as "event plain" would have it.
func jsonValue(raw json.RawMessage) string {
	var value string
	var values []string
	switch {
	case json.Unmarshal(raw, &value) == nil:
		return value
	case json.Unmarshal(raw, &values) == nil:
		return "ARRAY::" + strings.Join(values, "|:")
	}
	return string(raw)
}

// headerLines splits lines at the first ": "; names may have a colon in them. A line without one is passed over.
func headerLines(lines string) []header {
	headers := make([]header, 0, strings.Count(lines, "\n")+1)
	for len(lines) > 0 {
		line, rest, _ := strings.Cut(lines, "\n")
		lines = rest
		line = strings.TrimSuffix(line, "\r")
		for at := strings.IndexByte(line, ':'); at >= 0 && at+1 < len(line); {
			if line[at+1] == ' ' {
				headers = append(headers, header{name: line[:at], value: line[at+2:]})
				break
			}
			next := strings.IndexByte(line[at+1:], ':')
			if next < 0 {
				break
			}
			at += 1 + next
		}
	}
	return headers
}

// Name is the name of the event ("CHANNEL_CREATE"); empty where the block is no event.
func (e Event) Name() string { return e.name }

// Get returns the value of a header, decoded; empty where there is none.
func (e Event) Get(name string) string {
	for _, h := range e.headers {
		if h.name == name {
			return h.decoded()
		}
	}
	return ""
}

// Headers are all headers, decoded, in their order. A name may come more than once.
func (e Event) Headers() iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for _, h := range e.headers {
			if !yield(h.name, h.decoded()) {
				return
			}
		}
	}
}

// Variable is a channel variable of the event's channel.
func (e Event) Variable(name string) string { return e.Get("variable_" + name) }

// withPrefix returns the headers whose names begin with a prefix, decoded, in their order.
func (e Event) withPrefix(prefix string) []header {
	var found []header
	for _, h := range e.headers {
		if strings.HasPrefix(h.name, prefix) {
			found = append(found, header{name: h.name, value: h.decoded(), plain: true})
		}
	}
	return found
}

// Time is the moment on the switch's clock at which the event was fired (Event-Date-Timestamp, microseconds since 1970).
func (e Event) Time() (time.Time, bool) { return e.microseconds("Event-Date-Timestamp") }

// microseconds is a header with a moment in microseconds since 1970; 0 is no moment.
func (e Event) microseconds(name string) (time.Time, bool) {
	us, err := strconv.ParseInt(e.Get(name), 10, 64)
	if err != nil || us <= 0 {
		return time.Time{}, false
	}
	return time.UnixMicro(us).UTC(), true
}

// Sequence is the event's number among all events of the switch since it was started (Event-Sequence).
func (e Event) Sequence() (uint64, bool) {
	n, err := strconv.ParseUint(e.Get("Event-Sequence"), 10, 64)
	return n, err == nil
}

// InvalidUTF8 reports whether a name or value is not UTF-8, decoded as it is used.
func (e Event) InvalidUTF8() bool {
	if !utf8.ValidString(e.Body) {
		return true
	}
	for _, h := range e.headers {
		value := h.value
		if !h.plain && escapesBeyondASCII(value) {
			value = unescape(value)
		}
		if !utf8.ValidString(h.name) || !utf8.ValidString(value) {
			return true
		}
	}
	return false
}

// escapesBeyondASCII: decoding may make it UTF-8 or not. Other escapes do not, and they are the most by far.
func escapesBeyondASCII(value string) bool {
	for {
		at := strings.IndexByte(value, '%')
		if at < 0 || at+1 >= len(value) {
			return false
		}
		if value[at+1] >= '8' {
			return true
		}
		value = value[at+1:]
	}
}

// values are the elements of a header that may be an array ("ARRAY::a|:b").
func values(value string) []string {
	list, isArray := strings.CutPrefix(value, "ARRAY::")
	switch {
	case isArray:
		return strings.Split(list, "|:")
	case value == "":
		return nil
	}
	return []string{value}
}

// unescape decodes a URL-encoded value. FreeSWITCH escapes spaces as %20 and leaves a plus sign as it is. What is no
// escape stays.
func unescape(value string) string {
	at := strings.IndexByte(value, '%')
	if at < 0 {
		return value
	}
	decoded := make([]byte, 0, len(value))
	for {
		decoded = append(decoded, value[:at]...)
		value = value[at:]
		if len(value) >= 3 {
			if c, err := strconv.ParseUint(value[1:3], 16, 8); err == nil {
				decoded, value = append(decoded, byte(c)), value[3:]
			} else {
				decoded, value = append(decoded, '%'), value[1:]
			}
		} else {
			return string(append(decoded, value...))
		}
		if at = strings.IndexByte(value, '%'); at < 0 {
			return string(append(decoded, value...))
		}
	}
}
