package playback

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// ErrNothingToPlay: the recording has no events with a time. Asterisk writes times with timestampevents=yes in
// manager.conf; those of FreeSWITCH always have one.
var ErrNothingToPlay = errors.New("no events with a time in the recording")

// Recording is a recorded session, ready to be played as often as one likes.
type Recording struct {
	timeline
	newFake func(o Options, started time.Time) fake
}

// Length is how long the session lasted.
func (r *Recording) Length() time.Duration { return r.last.Sub(r.first) }

// fake is a switch of some kind: what it has at one moment of its session, as far as the session tells.
type fake interface {
	// connect is what a client is sent when it has connected, and its dialogue with the switch from then on.
	connect() (greeting string, d dialogue)
	// redate moves all times and ids in what was recorded.
	redate(r *redating, text string) string
	// told takes in what the switch told everybody.
	told(text string)
	// answered takes in what the switch answered the recorder at that time.
	answered(text string, at time.Time)
	// closes: the switch closes the connections after it has told this.
	closes(text string) bool
	// calling: there are calls.
	calling() bool
	// hangUpAll forgets the calls, as a switch does that starts anew.
	hangUpAll()
	// anybody may log in.
	anybody() bool
}

// dialogue is what one client and the switch have to say to each other.
type dialogue interface {
	// requests cuts what the client sends into requests.
	requests(source io.Reader) func() (string, error)
	// answer answers a request. now is on the switch's clock.
	answer(request string, now time.Time) response
	// hears is what the client is sent of what the switch tells everybody; empty: nothing.
	hears(text string) string
}

// response is the answer to a request.
type response struct {
	text     string
	loggedIn bool // the client is logged in from now on
	goodbye  bool // the connection is closed
}

// assembly puts a timeline together from a recording, in its order.
type assembly struct {
	timeline
	connections int
	undated     []moment // their time is that of the next event
}

// connected: the recorder has connected. The connection before, if there was one, was lost, and nobody could connect until
// the first event of the next.
func (a *assembly) connected() {
	if a.connections++; a.connections > 1 {
		a.moments = append(a.moments, moment{kind: momentLost, at: a.at(a.last)})
		a.undated = append(a.undated, moment{kind: momentBack})
	}
}

// recovering: the recorder still asks what there is now, after it has connected again, and events come between the
// answers. Nobody can connect before the last of them, as what there is was not known whole.
func (a *assembly) recovering() {
	if a.connections < 2 {
		return
	}
	isBack := func(m moment) bool { return m.kind == momentBack }
	if i := slices.IndexFunc(a.undated, isBack); i >= 0 {
		a.undated = slices.Delete(a.undated, i, i+1)
	} else {
		last := len(a.moments) - 1
		for !isBack(a.moments[last]) { // there is one for each connection after the first
			last--
		}
		a.moments = slices.Delete(a.moments, last, last+1)
	}
	a.undated = append(a.undated, moment{kind: momentBack})
}

// answered: the switch answered the recorder.
func (a *assembly) answered(text string) {
	a.undated = append(a.undated, moment{kind: momentAnswered, text: text})
}

// told: the switch told everybody at that time; the zero time is that of what it told before.
func (a *assembly) told(at time.Time, text string) {
	switch {
	case at.IsZero():
		at = a.last
	case a.first.IsZero():
		a.first = at
	}
	place := a.at(at)
	a.date(place)
	if at.After(a.last) {
		a.last = at
	}
	a.moments = append(a.moments, moment{at: place, text: text})
}

// date gives what is undated its place.
func (a *assembly) date(place time.Duration) {
	for _, m := range a.undated {
		m.at = place
		a.moments = append(a.moments, m)
	}
	a.undated = a.undated[:0]
}

// at is the place of a time in the timeline. Times may go back by a few milliseconds; the timeline does not.
func (a *assembly) at(t time.Time) time.Duration {
	at := t.Sub(a.first)
	if n := len(a.moments); n > 0 {
		at = max(at, a.moments[n-1].at)
	}
	return max(at, 0)
}

// finish returns the timeline when all was read. err is that of the reader.
func (a *assembly) finish(err error) (timeline, error) {
	if err != io.EOF {
		return timeline{}, fmt.Errorf("read recording: %w", err)
	}
	if a.first.IsZero() {
		return timeline{}, fmt.Errorf("read recording: %w", ErrNothingToPlay)
	}
	a.date(a.at(a.last))
	return a.timeline, nil
}
