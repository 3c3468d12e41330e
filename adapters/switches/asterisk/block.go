// Package asterisk is the adapter to Asterisk, over its manager interface (AMI).
//
// A stream of AMI is cut into frames (FrameReader), frames are parsed into blocks (Block), and blocks are translated into
// facts of the call model (Translator). A Link does this with a live switch, Import with a recorded session; both take the
// same way to the engine.
//
// Nothing that the switch sends can stop a link: what cannot be read is counted, logged once and kept for inspection.
package asterisk

import (
	"errors"
	"strings"
	"time"
	"unicode/utf8"
)

// ErrMalformedBlock: not a single line of the block has the form "Name: value".
var ErrMalformedBlock = errors.New("malformed block")

// Header is one "Name: value" line of a block, as the switch wrote it.
type Header struct{ Name, Value string }

// Block is one message of AMI: an event or the answer to an action, as its headers in their order. Names may repeat.
//
// A block never changes; its strings share the memory of the text it was parsed from.
type Block struct {
	headers []Header
	stray   int
	invalid bool
}

// ParseBlock reads the text of one block, without the empty line that closes it.
//
// It is lenient: lines without a colon are passed over and counted (StrayLines), text that is not UTF-8 has its bad
// bytes replaced by U+FFFD (InvalidUTF8). Lines end with CRLF alone; a bare LF belongs to the value, except at its end,
// where AMI Park writes one. The only error is ErrMalformedBlock.
func ParseBlock(raw string) (Block, error) {
	var b Block
	if !utf8.ValidString(raw) {
		raw = strings.ToValidUTF8(raw, "\uFFFD")
		b.invalid = true
	}
	b.headers = make([]Header, 0, strings.Count(raw, "\n")+1)
	for len(raw) > 0 {
		var line string
		line, raw = cutLine(raw)
		colon := strings.IndexByte(line, ':')
		if colon <= 0 {
			if line != "" {
				b.stray++
			}
			continue
		}
		value := line[colon+1:]
		if len(value) > 0 && value[0] == ' ' {
			value = value[1:]
		}
		b.headers = append(b.headers, Header{Name: line[:colon], Value: value})
	}
	if len(b.headers) == 0 {
		return Block{}, ErrMalformedBlock
	}
	return b, nil
}

// cutLine cuts off the first line. Most lines have no other LF than that of their CRLF, so LF is looked for, as one byte
// is found faster than two.
func cutLine(text string) (line, rest string) {
	for from := 0; ; {
		lf := strings.IndexByte(text[from:], '\n')
		if lf < 0 {
			return strings.TrimRight(text, "\r\n"), ""
		}
		end := from + lf
		if end > 0 && text[end-1] == '\r' {
			line, rest = text[:end-1], text[end+1:]
			break
		}
		from = end + 1
	}
	for len(line) > 0 && line[len(line)-1] == '\n' {
		line = line[:len(line)-1]
	}
	return line, rest
}

// Get returns the value of the first header of that name, "" when there is none. Case makes no difference: CEL writes
// UniqueID where all others write Uniqueid.
func (b Block) Get(name string) string {
	if i := b.index(name); i >= 0 {
		return b.headers[i].Value
	}
	return ""
}

// All returns the values of all headers of that name, in their order.
func (b Block) All(name string) []string {
	var values []string
	for i := range b.headers {
		if sameName(b.headers[i].Name, name) {
			values = append(values, b.headers[i].Value)
		}
	}
	return values
}

// After returns the headers that follow the first header of that name; of a UserEvent, After("UserEvent") is what its
// sender put in.
func (b Block) After(name string) []Header {
	if i := b.index(name); i >= 0 {
		return b.headers[i+1 : len(b.headers) : len(b.headers)]
	}
	return nil
}

// Headers returns all headers in their order. They are not to be changed.
func (b Block) Headers() []Header { return b.headers }

// Event returns the name of the event, "" for the answer to an action.
func (b Block) Event() string { return b.Get("Event") }

// ActionID returns the id of the action that the block answers, "" when it answers none. What the sender of a UserEvent
// put in is not looked at: it may well have an ActionID of its own.
func (b Block) ActionID() string {
	for i := range b.headers {
		switch len(b.headers[i].Name) {
		case len("ActionID"):
			if sameName(b.headers[i].Name, "ActionID") {
				return b.headers[i].Value
			}
		case len("UserEvent"):
			if sameName(b.headers[i].Name, "UserEvent") {
				return ""
			}
		}
	}
	return ""
}

// Timestamp returns when the switch sent the event, in UTC to the microsecond; false when the block does not say. The
// switch says it with timestampevents=yes in manager.conf, and only of live events.
func (b Block) Timestamp() (time.Time, bool) { return ParseTime(b.Get("Timestamp")) }

// StrayLines is the number of lines that are not headers.
func (b Block) StrayLines() int { return b.stray }

// InvalidUTF8 says that bytes had to be replaced.
func (b Block) InvalidUTF8() bool { return b.invalid }

func (b Block) index(name string) int {
	for i := range b.headers {
		if sameName(b.headers[i].Name, name) {
			return i
		}
	}
	return -1
}

func sameName(a, b string) bool {
	return len(a) == len(b) && (a == b || strings.EqualFold(a, b))
}

// ParseTime reads a time as AMI writes it: seconds since 1970, with or without a fraction ("1795395600.803236"). Digits
// after the sixth are cut off.
func ParseTime(value string) (time.Time, bool) {
	const maxSecondDigits = 12 // beyond the year 30,000 it is not a time
	whole, fraction, dotted := strings.Cut(value, ".")
	seconds, ok := digits(whole)
	if !ok || len(whole) > maxSecondDigits || dotted && fraction == "" {
		return time.Time{}, false
	}
	kept := fraction[:min(len(fraction), 6)]
	micros := int64(0)
	if dotted {
		if _, ok = digits(fraction[len(kept):]); !ok && len(fraction) > len(kept) {
			return time.Time{}, false
		}
		if micros, ok = digits(kept); !ok {
			return time.Time{}, false
		}
	}
	for range 6 - len(kept) {
		micros *= 10
	}
	return time.Unix(seconds, micros*1000).UTC(), true
}

// digits reads a number of decimal digits only; of very many it says only that they are digits.
func digits(s string) (n int64, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, s != ""
}
