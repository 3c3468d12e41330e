package wire

import (
	"unicode/utf8"

	"github.com/callstate/callstate/domain/call"
)

// quick reads the canonical form of a body without reflection, which a rebuild of a read model does a million times.
// That form is an object with its fields in the order of the struct, where a field may be left out, without white space,
// and with strings that need no escapes. A field of a body is read by naming it, in that order; one that is not next
// is absent.
//
// Whatever else JSON allows is not understood but never misread: complete says so at the end, and then encoding/json has
// to read the body. So encoding/json alone decides what a body means.
type quick struct {
	rest  []byte // what has not been read
	begun bool   // a field has been read
	lost  bool   // this is not the canonical form
}

func newQuick(body []byte) *quick {
	if len(body) == 0 || body[0] != '{' {
		return &quick{lost: true}
	}
	return &quick{rest: body[1:]}
}

// complete says whether all of the body was understood.
func (q *quick) complete() bool { return !q.lost && string(q.rest) == "}" }

// next steps to the value of a field, if that field comes next.
func (q *quick) next(name string) bool {
	r := q.rest
	if q.begun && len(r) > 0 {
		if r[0] != ',' {
			return false
		}
		r = r[1:]
	}
	if len(r) < len(name)+4 || r[0] != '"' || string(r[1:len(name)+1]) != name || r[len(name)+1] != '"' || r[len(name)+2] != ':' {
		return false
	}
	q.rest, q.begun = r[len(name)+3:], true
	return true
}

func (q *quick) text(name string) string {
	if !q.next(name) {
		return ""
	}
	return string(q.quoted())
}

// quoted reads a string, which is a part of the body.
func (q *quick) quoted() []byte {
	if !q.skip('"') {
		return nil
	}
	ascii := true
	for i, c := range q.rest {
		switch {
		case c == '"':
			read := q.rest[:i]
			q.rest = q.rest[i+1:]
			q.lost = q.lost || !ascii && !utf8.Valid(read)
			return read
		case c == '\\' || c < ' ':
			q.lost = true
			return nil
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	q.lost = true
	return nil
}

// skip steps over a character that must be there.
func (q *quick) skip(c byte) bool {
	if len(q.rest) == 0 || q.rest[0] != c {
		q.lost = true
		return false
	}
	q.rest = q.rest[1:]
	return true
}

func (q *quick) flag(name string) bool {
	if !q.next(name) {
		return false
	}
	const yes = "true"
	if len(q.rest) < len(yes) || string(q.rest[:len(yes)]) != yes {
		q.lost = true // false is left out
		return false
	}
	q.rest = q.rest[len(yes):]
	return true
}

func (q *quick) number(name string) (n int64) {
	if !q.next(name) {
		return 0
	}
	digits := 0
	for digits < len(q.rest) && '0' <= q.rest[digits] && q.rest[digits] <= '9' {
		n = 10*n + int64(q.rest[digits]-'0')
		digits++
	}
	if digits == 0 || digits > 9 || digits > 1 && q.rest[0] == '0' {
		q.lost = true // what is negative or does not fit into every int
	}
	q.rest = q.rest[digits:]
	return n
}

func (q *quick) connID(name string) (id call.ConnID) {
	if q.next(name) && id.UnmarshalText(q.quoted()) != nil {
		q.lost = true
	}
	return id
}

func (q *quick) texts(name string) (read []string) {
	q.list(name, func() { read = append(read, string(q.quoted())) })
	return read
}

func (q *quick) pairs(name string) (read []call.Pair) {
	q.list(name, func() {
		q.skip('{')
		q.begun = false
		read = append(read, call.Pair{Key: q.text("key"), Value: q.text("value")})
		q.skip('}')
		q.begun = true
	})
	return read
}

// list reads a list that is not empty: one that is would be left out.
func (q *quick) list(name string, element func()) {
	if !q.next(name) || !q.skip('[') {
		return
	}
	for {
		element()
		if q.lost || len(q.rest) == 0 || q.rest[0] != ',' {
			break
		}
		q.rest = q.rest[1:]
	}
	q.skip(']')
}
