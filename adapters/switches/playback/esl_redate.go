package playback

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// timesAndIDs finds what is moved in a value: ids, and numbers that may be times. URL escapes are found first, so that
// their digits are not taken for those of a number.
var timesAndIDs = regexp.MustCompile(`%[0-9A-F]{2}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{10,}`)

// redateEvent moves all times in an event or an answer, and gives all UUIDs in it new ones, the same for the same. The
// switch stays the one that it was, and goes on with the numbers of its events.
func redateEvent(r *redating, text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		switch name {
		case "Event-Sequence":
			lines[i] = name + ": " + r.sequence(value)
		case "Core-UUID", "variable_Core-UUID":
			// A new one would say that the switch was started again.
		case "Event-Date-GMT", "variable_Event-Date-GMT":
			lines[i] = name + ": " + r.date(value, "Mon, 02 Jan 2006 15:04:05 GMT")
		case "Event-Date-Local", "variable_Event-Date-Local":
			lines[i] = name + ": " + r.date(value, time.DateTime)
		default:
			if strings.HasSuffix(name, "_stamp") && !isDigits(value) {
				lines[i] = name + ": " + r.date(value, time.DateTime)
				continue
			}
			if mayMove(line) {
				lines[i] = timesAndIDs.ReplaceAllStringFunc(line, r.timeOrID)
			}
		}
	}
	return strings.Join(lines, "\n")
}

// mayMove reports whether there may be something in a line that is moved: both begin with eight hexadecimal digits. Few lines
// have as many, and the expression takes long.
func mayMove(line string) bool {
	run := 0
	for _, c := range []byte(line) {
		if '0' <= c && c <= '9' || 'a' <= c && c <= 'f' {
			if run++; run == 8 {
				return true
			}
		} else {
			run = 0
		}
	}
	return false
}

// timeOrID moves what timesAndIDs finds.
func (r *redating) timeOrID(found string) string {
	switch len(found) {
	case secondDigits:
		return r.seconds(found)
	case secondDigits + 6:
		return r.micros(found)
	case 36:
		if found[8] == '-' {
			return r.uuid(found)
		}
	}
	return found
}

func (r *redating) micros(number string) string {
	if _, ok := r.within(number[:secondDigits]); !ok {
		return number
	}
	micros, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return number
	}
	return strconv.FormatInt(r.move(time.UnixMicro(micros)).UnixMicro(), 10)
}

func (r *redating) uuid(id string) string {
	if _, known := r.ids[id]; !known {
		r.ids[id] = uuid.NewString()
	}
	return r.ids[id]
}

// date moves a date. The switch's clock is taken to be UTC.
func (r *redating) date(value, layout string) string {
	text, err := url.PathUnescape(value)
	if err != nil {
		return value
	}
	at, err := time.Parse(layout, text)
	if err != nil {
		return value
	}
	if _, ok := r.within(strconv.FormatInt(at.Unix(), 10)); !ok {
		return value
	}
	return strings.NewReplacer(" ", "%20", ":", "%3A").Replace(r.move(at).UTC().Format(layout))
}

// sequence goes on after the highest number of the pass before.
func (r *redating) sequence(value string) string {
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil {
		return value
	}
	n += r.sequenceFrom
	r.sequenceTo = max(r.sequenceTo, n)
	return strconv.FormatUint(n, 10)
}

func isDigits(value string) bool { return value != "" && digitsEnd(value, 0) == len(value) }
