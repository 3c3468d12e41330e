package playback

import (
	"io"
	"strings"
	"time"

	"github.com/callstate/callstate/adapters/switches/asterisk"
)

// defaultVersion is that of AMI in Asterisk 22, for recordings without a banner.
const defaultVersion = "11.0.0"

// ReadAMI reads a recorded AMI session: the bytes as a manager receives them. Several connections of the recorder, one
// after the other, are one session in which nobody could connect from the end of one to the first event of the next.
func ReadAMI(source io.Reader) (*Recording, error) {
	version := defaultVersion
	frames := asterisk.NewFrameReader(source)
	var a assembly
	for {
		frame, err := frames.Next()
		if err != nil {
			line, err := a.finish(err)
			if err != nil {
				return nil, err
			}
			return &Recording{timeline: line, newFake: func(o Options, started time.Time) fake {
				return &amiSwitch{version: version, username: o.Username, secret: o.Secret, do: o.Do, started: started}
			}}, nil
		}
		switch frame.Kind {
		case asterisk.FrameBanner:
			if a.connected(); a.connections == 1 {
				version = frame.Version()
			}
		case asterisk.FrameBlock:
			b, err := asterisk.ParseBlock(frame.Raw)
			if err != nil || b.Event() == "" || b.Event() == "FullyBooted" {
				continue // what only the recorder got: answers, and the greeting of a new connection
			}
			if at, ok := b.Timestamp(); ok {
				a.told(at, frame.Raw)
			} else {
				a.answered(frame.Raw)
			}
		}
	}
}

func (s *amiSwitch) connect() (string, dialogue) {
	return "Asterisk Call Manager/" + s.version + "\r\n", &amiDialogue{sw: s}
}

func (s *amiSwitch) anybody() bool { return s.username == "" }

func (s *amiSwitch) told(text string) {
	if b, err := asterisk.ParseBlock(text); err == nil { // it could be parsed when it was read
		at, _ := b.Timestamp()
		s.amiState.told(b, at)
	}
}

func (s *amiSwitch) answered(text string, at time.Time) {
	if b, err := asterisk.ParseBlock(text); err == nil {
		s.amiState.answered(b, at)
	}
}

func (s *amiSwitch) closes(text string) bool {
	b, err := asterisk.ParseBlock(text)
	return err == nil && b.Event() == "Shutdown"
}

func (s *amiSwitch) redate(r *redating, text string) string { return redateBlock(r, text) }

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

// amiDialogue is that of a manager.
type amiDialogue struct {
	sw       *amiSwitch
	loggedIn bool
}

func (d *amiDialogue) requests(source io.Reader) func() (string, error) {
	frames := asterisk.NewFrameReader(source)
	return func() (string, error) {
		frame, err := frames.Next()
		return frame.Raw, err
	}
}

func (d *amiDialogue) answer(request string, now time.Time) response {
	action, err := asterisk.ParseBlock(request)
	if err != nil {
		return response{}
	}
	r := d.sw.answer(action, request, d.loggedIn, now)
	d.loggedIn = d.loggedIn || r.loggedIn
	return response{text: r.String(), loggedIn: d.loggedIn, goodbye: r.goodbye}
}

func (d *amiDialogue) hears(text string) string {
	if !d.loggedIn {
		return ""
	}
	return text + "\r\n\r\n"
}
