package floor

import (
	"time"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/notify"
)

// View is the floor as it is at a position of the log: who works, who waits, and every live call.
type View struct {
	Position eventlog.Position `json:"position"`
	At       time.Time         `json:"at"` // switch time of the last event of a call, an agent or a link; zero: there was none
	Links    []Link            `json:"links"`
	Agents   []Agent           `json:"agents"` // sorted by id; those logged out too
	Queues   []Queue           `json:"queues"` // sorted by name
	Calls    []Call            `json:"calls"`  // live ones, oldest first
}

// Link is the link to a switch.
type Link struct {
	Switch string    `json:"switch"`
	Up     bool      `json:"up"`
	Since  time.Time `json:"since"`
}

// AgentState is what an agent does: derived from the session and the live calls at the agent's DN.
type AgentState string

const (
	LoggedOut     AgentState = "loggedOut"
	Ready         AgentState = "ready"
	NotReady      AgentState = "notReady"
	OutOfService  AgentState = "outOfService" // his device cannot be reached
	Ringing       AgentState = "ringing"
	Dialing       AgentState = "dialing"
	Talking       AgentState = "talking"
	OnHold        AgentState = "hold" // has put the only call on hold
	AfterCallWork AgentState = "afterCallWork"
)

// Agent is an agent as the floor sees him.
type Agent struct {
	ID     string        `json:"id"`
	DN     string        `json:"dn"`
	Switch string        `json:"switch,omitempty"`
	State  AgentState    `json:"state"`
	Reason string        `json:"reason,omitempty"` // with notReady
	Since  time.Time     `json:"since"`            // in this state since
	Queues []Membership  `json:"queues"`
	Calls  []call.ConnID `json:"calls"`            // live calls in which he takes part
	ACWEnd time.Time     `json:"acwEnd,omitzero"`  // when after-call work ends by itself
	ACW    call.ConnID   `json:"acwCall,omitzero"` // the call it belongs to
}

// Membership is an agent's place in a queue.
type Membership struct {
	Queue  string `json:"queue"`
	Paused bool   `json:"paused"`
	Reason string `json:"reason,omitempty"`
}

// Queue is a queue as the floor sees it.
type Queue struct {
	Queue    string        `json:"queue"`
	Waiting  []WaitingCall `json:"waiting"` // longest wait first
	LoggedIn int           `json:"loggedIn"`
	Ready    int           `json:"ready"` // agents that would take a call now
}

// WaitingCall is a call that waits in a queue.
type WaitingCall struct {
	ConnID call.ConnID `json:"connId"`
	ANI    string      `json:"ani"`
	Since  time.Time   `json:"since"`
}

// CallState is what happens in a call, the most telling of what is so at once; derived from its parties and visits.
type CallState string

const (
	CallDialing CallState = "dialing"
	CallInIVR   CallState = "ivr"
	CallQueued  CallState = "queued"
	CallRinging CallState = "ringing"
	CallTalking CallState = "talking"
	CallHeld    CallState = "held"
	CallOther   CallState = "connected" // connected to the switch itself: an announcement, music
)

// Call is a live call.
type Call struct {
	ConnID    call.ConnID       `json:"connId"`
	Switch    string            `json:"switch"`
	Type      call.Type         `json:"type"`
	State     CallState         `json:"state"`
	ANI       string            `json:"ani"`
	DNIS      string            `json:"dnis"`
	StartedAt time.Time         `json:"startedAt"`
	IVR       string            `json:"ivr,omitempty"` // the IVR it is in
	Queues    []QueueWait       `json:"queues"`        // waits that go on
	Parties   []Party           `json:"parties"`       // live ones
	UserData  map[string]string `json:"userData"`
	WaitedMs  int64             `json:"waitedMs"` // in queues so far, waits that have ended

	Recordings  []Recording `json:"recordings,omitempty"` // those that are not complete
	Disposition string      `json:"disposition,omitempty"`
	Notes       int         `json:"notes,omitempty"` // how many; the call's record has their texts
}

// Recording is a recording that goes on or is paused.
type Recording struct {
	ID    string              `json:"id"`
	Party call.PartyID        `json:"party"` // what it hears and says
	State call.RecordingState `json:"state"`
}

// QueueWait is a wait that goes on.
type QueueWait struct {
	Queue string    `json:"queue"`
	Since time.Time `json:"since"`
}

// Party is a live party of a call.
type Party struct {
	ID       call.PartyID   `json:"id"`
	DN       string         `json:"dn"`
	External bool           `json:"external,omitempty"`
	Role     call.Role      `json:"role"`
	Agent    string         `json:"agent,omitempty"`
	Queue    string         `json:"queue,omitempty"`
	State    call.Telephony `json:"state"`
	Since    time.Time      `json:"since"`
}

// FrameKind says what a Frame carries.
type FrameKind string

const (
	Snapshot  FrameKind = "snapshot"  // all there is; first, and after a Reset
	Changed   FrameKind = "change"    // what an event of the log changed
	Reset     FrameKind = "reset"     // what was asked for is no longer known; a Snapshot follows
	Heartbeat FrameKind = "heartbeat" // nothing more up to a position; without a hash: the floor is not live yet
)

// Frame is one message of a feed. Its position is the log's: a client that comes back with the position of its last
// frame gets the next one.
type Frame struct {
	Kind     FrameKind         `json:"-"`
	Position eventlog.Position `json:"position"`
	View     *View             `json:"view,omitempty"`    // with Snapshot of the whole floor
	Desktop  *Desktop          `json:"desktop,omitempty"` // with Snapshot of one agent
	Change   *Change           `json:"change,omitempty"`
	// Hash proves what a follower has after this frame: docs/formats/feed.md. It is in every frame but a Reset and the
	// changes of the whole floor, which is too large for that; there the heartbeats have it.
	Hash   string `json:"hash,omitempty"`
	Reason string `json:"reason,omitempty"` // with Reset
	// Traceparent is, with Changed, the trace in which the event was recorded (W3C Trace Context); empty: in none. It is not
	// for clients.
	Traceparent string `json:"-"`
}

// Desktop is what one agent's desktop shows.
type Desktop struct {
	Agent Agent  `json:"agent"`
	Calls []Call `json:"calls"`
}

// Change is everything that one event of the log changed on the floor, as it is afterwards; for a follower who has fallen
// behind, everything that several of them did.
type Change struct {
	Type   string        `json:"type"` // the event's stored name; the last one's
	At     time.Time     `json:"at"`
	Links  []Link        `json:"links,omitempty"`
	Agents []Agent       `json:"agents,omitempty"`
	Queues []Queue       `json:"queues,omitempty"`
	Calls  []Call        `json:"calls,omitempty"`
	Gone   []call.ConnID `json:"gone,omitempty"` // calls that are not there any more (for an agent: that he left)
	// Notifications are what the agent's DN is told, in order, in the words of T-Library; in an agent's feed only.
	Notifications []notify.Message `json:"notifications,omitempty"`
	Coalesced     int              `json:"coalesced,omitempty"` // how many events these are, where they are several
}
