// Package access is the model of who looked at the past, of who tried to do what he may not, and of who was logged in: each look at a
// call, at the floor as it was or at what is behind a number is an event of its own, written before anything is shown, and so is each
// refusal, and each session's begin and its end before its time. It has the shape of package call and is pure.
package access

import (
	"time"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
)

// Event is that somebody looked at something, was not let do it, or came or went.
type Event struct {
	At    time.Time // on the engine's clock
	Actor string    // who: "agent:1001", "user:jane"
	Body  Body
}

// Body is what was looked at or asked for, or who came or went: one of the types below.
type Body interface {
	// Subject names what it is about: the events about one subject are one stream.
	Subject() string
}

// CallReplayed: somebody had a call told again.
type CallReplayed struct {
	ConnID call.ConnID `json:"connId"`
	// View is different each time: the same event at the same place is one event, but two who look are two.
	View string `json:"view"`
}

// FloorReplayed: somebody had the floor shown again as it changed, from a moment to another: times or positions.
type FloorReplayed struct {
	From         time.Time         `json:"from,omitzero"`
	FromPosition eventlog.Position `json:"fromPosition,omitempty"`
	To           time.Time         `json:"to,omitzero"`
	ToPosition   eventlog.Position `json:"toPosition,omitempty"`
	Agent        string            `json:"agent,omitempty"` // whose desktop; empty: the whole floor
	View         string            `json:"view"`
}

// What of a call can be looked at.
const (
	TheRecord   = "record"
	TheEvents   = "events"
	TheUserData = "userData"
)

// CallViewed: somebody looked at what is kept of a call.
type CallViewed struct {
	ConnID call.ConnID `json:"connId"`
	What   string      `json:"what"` // one of the above
	View   string      `json:"view"`
}

// CallsSearched: somebody looked for calls, or took those found away as a file.
type CallsSearched struct {
	Query  string `json:"query"`            // the filters, as in a URL; empty: all calls
	Format string `json:"format,omitempty"` // of the file
	View   string `json:"view"`
}

// FloorViewed: somebody looked at the floor, or at an agent's desktop, as it was.
type FloorViewed struct {
	Moment time.Time `json:"moment"`          // on the switches' clocks
	Agent  string    `json:"agent,omitempty"` // whose desktop; empty: the whole floor
	View   string    `json:"view"`
}

// NumberExplained: somebody opened a number to the calls and agents behind it.
type NumberExplained struct {
	Number string `json:"number"`
	Query  string `json:"query,omitempty"` // of which range, queue and agent, as in a URL
	View   string `json:"view"`
}

// CallExported: somebody took a call out of the log.
type CallExported struct {
	ConnID call.ConnID `json:"connId"`
	Format string      `json:"format"`
	View   string      `json:"view"`
}

// LogRead: somebody had the events of the whole log printed as they are, from a position to another.
type LogRead struct {
	FromPosition eventlog.Position `json:"fromPosition"`
	ToPosition   eventlog.Position `json:"toPosition,omitempty"` // 0: and whatever came then, for as long as he followed
	View         string            `json:"view"`
}

// RequestDenied: somebody asked for what he may not do, and it was not done.
type RequestDenied struct {
	Operation string `json:"operation"` // the pattern of the route: "POST /v1/calls/{connId}/hold"
	Path      string `json:"path,omitempty"`
	Role      string `json:"role"`
	Reason    string `json:"reason"`
	From      string `json:"from,omitempty"` // the address, where nobody knows who it was
	View      string `json:"view"`
}

// SessionBegan: the actor logged in with a browser.
type SessionBegan struct {
	Session string `json:"session"` // names it; nobody gets in with it
	Role    string `json:"role"`
	Agent   string `json:"agent,omitempty"` // with the role agent: his id
}

// SessionEnded: the actor ended a session before its time, his own or somebody's.
type SessionEnded struct {
	Session string `json:"session"`
	Of      string `json:"of"` // whose: "supervisor:sue"
}

// Subject is the call.
func (b CallReplayed) Subject() string { return "call-" + b.ConnID.String() }

// Subject is the floor.
func (b FloorReplayed) Subject() string { return "floor" }

// Subject is the call.
func (b CallExported) Subject() string { return "call-" + b.ConnID.String() }

// Subject is the call.
func (b CallViewed) Subject() string { return "call-" + b.ConnID.String() }

// Subject is all calls.
func (b CallsSearched) Subject() string { return "calls" }

// Subject is the floor.
func (b FloorViewed) Subject() string { return "floor" }

// Subject is the numbers.
func (b NumberExplained) Subject() string { return "numbers" }

// Subject is the log.
func (b LogRead) Subject() string { return "log" }

// Subject is one for all: what is looked for is who tries.
func (b RequestDenied) Subject() string { return "denied" }

// SessionsSubject is the subject of all sessions.
const SessionsSubject = "sessions"

// Subject is all sessions.
func (b SessionBegan) Subject() string { return SessionsSubject }

// Subject is all sessions.
func (b SessionEnded) Subject() string { return SessionsSubject }
