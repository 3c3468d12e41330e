package playback

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// margin is how far outside a session a time may lie and still belong to it: agents logged in the day before.
const margin = 24 * time.Hour

// secondDigits is the length of the Unix time, from 2001 to 2286.
const secondDigits = 10

// redating moves a session in time. A moment t of the recording becomes start + (t - first)/speed.
//
// It finds times by their looks: numbers of exactly ten digits that lie within the session, or within a day of it. That
// also finds them in ids that are made of a time (1795395601.12, cc1-1795395601.12), so that these are new each time a
// session is played. Different ids stay different, within a pass and from the one before it, however fast it is played.
type redating struct {
	pace
	first       time.Time
	from, until int64             // Unix seconds: the times that are moved
	ids         map[string]string // by what they were
	taken       map[string]bool   // ids given
	before      map[string]bool   // ids given in the pass before

	sequenceFrom, sequenceTo uint64 // of events: what was reached in the pass before, and in this
}

// newRedating returns the redating for one pass. previous is that of the pass before, nil for the first.
func newRedating(t *timeline, p pace, previous *redating) *redating {
	r := &redating{
		pace: p, first: t.first, from: t.first.Add(-margin).Unix(), until: t.last.Add(margin).Unix(),
		ids: map[string]string{}, taken: map[string]bool{},
	}
	if previous != nil {
		r.before = previous.taken
		r.sequenceFrom = previous.sequenceTo
	}
	return r
}

func (r *redating) move(t time.Time) time.Time { return r.due(t.Sub(r.first)) }

// timestamp moves a time with a fraction of a second. The result has six decimals.
func (r *redating) timestamp(value string) string {
	whole, fraction, _ := strings.Cut(value, ".")
	seconds, ok := r.within(whole)
	if !ok {
		return value
	}
	micros, err := strconv.ParseUint((fraction + "000000")[:6], 10, 32)
	if err != nil {
		return value
	}
	moved := r.move(time.Unix(seconds, int64(micros)*1000))
	return fmt.Sprintf("%d.%06d", moved.Unix(), moved.Nanosecond()/1000)
}

// value moves the times in a value. A number that is all of the value is a time in seconds; one that has a fraction or
// something around it is part of an id, and its fraction is a counter.
func (r *redating) value(value string) string {
	var moved strings.Builder
	rest := 0 // from here value is not in moved yet
	for i := 0; i < len(value); {
		if !isDigit(value[i]) {
			i++
			continue
		}
		end := digitsEnd(value, i)
		if end-i != secondDigits || i >= 2 && value[i-1] == '.' && isDigit(value[i-2]) {
			i = end
			continue
		}
		if end+1 < len(value) && value[end] == '.' && isDigit(value[end+1]) {
			end = digitsEnd(value, end+1)
		}
		number := value[i:end]
		moved.WriteString(value[rest:i])
		if len(number) == len(value) && len(number) == secondDigits {
			moved.WriteString(r.seconds(number))
		} else {
			moved.WriteString(r.id(number))
		}
		rest, i = end, end
	}
	if rest == 0 {
		return value
	}
	moved.WriteString(value[rest:])
	return moved.String()
}

func (r *redating) seconds(number string) string {
	seconds, ok := r.within(number)
	if !ok {
		return number
	}
	return strconv.FormatInt(r.move(time.Unix(seconds, 0)).Unix(), 10)
}

// id moves an id. When sped up, several seconds of the recording become one, and a counter may have begun again with the
// switch; the id is then moved on to the next second in which it is still free.
func (r *redating) id(number string) string {
	seconds, ok := r.within(number[:secondDigits])
	if !ok {
		return number
	}
	if known, ok := r.ids[number]; ok {
		return known
	}
	for second := r.move(time.Unix(seconds, 0)).Unix(); ; second++ {
		id := strconv.FormatInt(second, 10) + number[secondDigits:]
		if !r.taken[id] && !r.before[id] {
			r.ids[number], r.taken[id] = id, true
			return id
		}
	}
}

func (r *redating) within(seconds string) (int64, bool) {
	if len(seconds) != secondDigits {
		return 0, false
	}
	n, err := strconv.ParseInt(seconds, 10, 64)
	return n, err == nil && n >= r.from && n <= r.until
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func digitsEnd(s string, from int) int {
	for from < len(s) && isDigit(s[from]) {
		from++
	}
	return from
}
