// Package link is the model of a link to a switch: whether we hear the switch, and what we may have missed. Losing the
// link is an event like any other, so that a history says where it may be incomplete. It has the shape of package
// call and is pure.
package link

import (
	"cmp"
	"time"
)

// Event is something that happened to the link.
type Event struct {
	At       time.Time // on the switch's clock; of LinkDown the last moment that was heard
	Inferred bool
	Actor    string
	Body     Body
}

// Body is what happened: one of the types below.
type Body interface {
	evolve(State, Event) State
}

// LinkUp: events of the switch come in from now on.
type LinkUp struct {
	Switch  string `json:"switch"`
	Kind    string `json:"kind,omitempty"`    // the kind of switch
	Version string `json:"version,omitempty"` // as the switch tells it
	Started string `json:"started,omitempty"` // when the switch was started, in its own words, where it tells that at once
}

// LinkDown: nothing is heard of the switch any more; what happens there from now on is missed.
type LinkDown struct {
	Switch string `json:"switch"`
	Reason string `json:"reason,omitempty"`
}

// Resynchronised: after the link came up, what the switch has now was compared with what was known.
type Resynchronised struct {
	Switch   string `json:"switch"`
	Channels int    `json:"channels"`          // legs that the switch has
	Agents   int    `json:"agents"`            // agents logged in
	Started  string `json:"started,omitempty"` // when the switch was started, in its own words
}

// SwitchRestarted: the switch was started anew since it was last heard; what it had then, it has no more.
type SwitchRestarted struct {
	Switch  string `json:"switch"`
	Started string `json:"started"`
}

// GapDetected: the switch has sent what did not come in here. What happened meanwhile is only known as far as later
// events and a snapshot tell.
type GapDetected struct {
	Switch string `json:"switch"`
	Missed uint64 `json:"missed"` // how many of its events, at most
}

// State is what is known of a link.
type State struct {
	Switch string
	Up     bool
	Since  time.Time
	Synced time.Time // last Resynchronised
	// Started is when the switch was started, in its own words: another word is another start.
	Started string
	Gap     time.Time // last GapDetected
	Devices []Device  // that have been out of service, by DN
}

// Evolve is the state after an event.
func Evolve(s State, e Event) State { return e.Body.evolve(s, e) }

// Fold is the state after events in order.
func Fold(s State, events ...Event) State {
	for _, e := range events {
		s = Evolve(s, e)
	}
	return s
}

func (b LinkUp) evolve(s State, e Event) State {
	s.Switch, s.Up, s.Since = b.Switch, true, e.At
	s.Started = cmp.Or(b.Started, s.Started)
	return s
}

func (b LinkDown) evolve(s State, e Event) State {
	s.Switch, s.Up, s.Since = b.Switch, false, e.At
	return s
}

func (b Resynchronised) evolve(s State, e Event) State {
	s.Synced = e.At
	if b.Started != "" {
		s.Started = b.Started
	}
	return s
}

func (b SwitchRestarted) evolve(s State, e Event) State {
	s.Started = b.Started
	return s
}

func (b GapDetected) evolve(s State, e Event) State {
	s.Gap = e.At
	return s
}

// Fact is what an adapter says about its link.
type Fact interface {
	observe(State) []Event
}

// LinkIs: the link is up or down.
type LinkIs struct {
	At      time.Time
	Switch  string
	Kind    string
	Version string
	Started string // when the switch was started, in its own words; empty: it does not tell
	Up      bool
	Reason  string // when down
	Live    bool   // told while it is so, not read from a recording
}

// SnapshotIs: the switch has told all it has. Whoever records the fact lets go the parties of its calls that are not
// among Parties.
type SnapshotIs struct {
	At       time.Time
	Switch   string
	Channels int
	Agents   int
	Started  string
	Parties  []string // ids of all legs that the switch has
}

// GapIs: so many events of the switch did not come in.
type GapIs struct {
	At     time.Time
	Switch string
	Missed uint64
}

// Observe returns what a fact changes; nothing when it is known already or older than what is known.
func Observe(s State, f Fact) []Event { return f.observe(s) }

func (f LinkIs) observe(s State) []Event {
	if !f.At.After(s.Since) {
		if !f.Live || !f.Up || s.Up {
			return nil
		}
		f.At = s.Since.Add(time.Microsecond) // the switch's clock went back, but what is so now comes after what was
	}
	if !f.Up {
		if s.Up {
			return []Event{{At: f.At, Body: LinkDown{Switch: f.Switch, Reason: f.Reason}}}
		}
		return nil
	}
	var events []Event
	if s.Up { // the link was lost without a word: the process that kept it ended
		events = append(events, Event{At: f.At, Inferred: true, Body: LinkDown{Switch: f.Switch, Reason: "not told"}})
	}
	events = append(events, Event{At: f.At, Body: LinkUp{Switch: f.Switch, Kind: f.Kind, Version: f.Version, Started: f.Started}})
	if s.startedAnew(f.Started) {
		events = append(events, Event{At: f.At, Body: SwitchRestarted{Switch: f.Switch, Started: f.Started}})
	}
	return events
}

// startedAnew reports whether the switch says that it was started at another time than was known.
func (s State) startedAnew(started string) bool {
	return s.Started != "" && started != "" && started != s.Started
}

// sameSnapshot is how far apart two engines on one link may see the same snapshot.
const sameSnapshot = time.Second

func (f SnapshotIs) observe(s State) []Event {
	if f.At.Sub(s.Synced) < sameSnapshot {
		return nil
	}
	var events []Event
	if s.startedAnew(f.Started) {
		events = append(events, Event{At: f.At, Body: SwitchRestarted{Switch: f.Switch, Started: f.Started}})
	}
	return append(events, Event{At: f.At, Body: Resynchronised{Switch: f.Switch, Channels: f.Channels, Agents: f.Agents, Started: f.Started}})
}

func (f GapIs) observe(s State) []Event {
	if !f.At.After(s.Gap) {
		return nil // told before
	}
	return []Event{{At: f.At, Body: GapDetected{Switch: f.Switch, Missed: f.Missed}}}
}
