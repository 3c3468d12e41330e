package playback

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/callstate/callstate/adapters/switches/asterisk"
)

// ErrNothingToPlay: the recording has no events with a time. Asterisk writes times with timestampevents=yes in
// manager.conf.
var ErrNothingToPlay = errors.New("no events with a Timestamp in the recording")

// defaultVersion is that of AMI in Asterisk 22, for recordings without a banner.
const defaultVersion = "11.0.0"

// Recording is a recorded session, ready to be played as often as one likes.
type Recording struct {
	timeline
	version string // of AMI
}

// Length is how long the session lasted.
func (r *Recording) Length() time.Duration { return r.last.Sub(r.first) }

// ReadAMI reads a recorded AMI session: the bytes as a manager receives them. Several connections of the recorder, one
// after the other, are one session in which nobody could connect from the end of one to the first event of the next.
func ReadAMI(source io.Reader) (*Recording, error) {
	r := &Recording{version: defaultVersion}
	frames := asterisk.NewFrameReader(source)
	var undated []moment // their time is that of the next event
	connections := 0
	for {
		frame, err := frames.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read recording: %w", err)
		}
		switch frame.Kind {
		case asterisk.FrameBanner:
			if connections++; connections == 1 {
				r.version = frame.Version()
			} else {
				r.add(moment{kind: momentLost, at: r.at(r.last)})
				undated = append(undated, moment{kind: momentBack})
			}
		case asterisk.FrameBlock:
			b, err := asterisk.ParseBlock(frame.Raw)
			if err != nil || b.Event() == "" || b.Event() == "FullyBooted" {
				continue // what only the recorder got: answers, and the greeting of a new connection
			}
			told, ok := b.Timestamp()
			if !ok {
				undated = append(undated, moment{kind: momentAnswered, text: frame.Raw})
				continue
			}
			if r.first.IsZero() {
				r.first = told
			}
			at := r.at(told)
			for _, m := range undated {
				m.at = at
				r.add(m)
			}
			undated = undated[:0]
			if told.After(r.last) {
				r.last = told
			}
			r.add(moment{at: at, text: frame.Raw})
		}
	}
	if r.first.IsZero() {
		return nil, fmt.Errorf("read recording: %w", ErrNothingToPlay)
	}
	for _, m := range undated {
		m.at = r.at(r.last)
		r.add(m)
	}
	return r, nil
}

// at is the place of a time in the timeline. Times may go back by a few milliseconds; the timeline does not.
func (r *Recording) at(t time.Time) time.Duration {
	at := t.Sub(r.first)
	if n := len(r.moments); n > 0 {
		at = max(at, r.moments[n-1].at)
	}
	return max(at, 0)
}

func (r *Recording) add(m moment) { r.moments = append(r.moments, m) }

// redateBlock moves all times in a block.
func redateBlock(r *redating, raw string) string {
	lines := strings.Split(raw, "\r\n")
	for i, line := range lines {
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			continue
		}
		switch name {
		case "Timestamp", "SentNTP":
			value = r.timestamp(value)
		default:
			value = r.value(value)
		}
		lines[i] = name + ": " + value
	}
	return strings.Join(lines, "\r\n")
}
