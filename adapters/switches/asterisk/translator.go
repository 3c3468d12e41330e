package asterisk

import (
	"path"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/link"
)

// Vocabulary is what a translator must be told about the switch's own configuration, because AMI does not say it.
type Vocabulary struct {
	// Switch is our name of the switch; it is part of every ConnID.
	Switch string
	// Trunks are patterns (path.Match) of endpoint names that lead to the public network. Where none is given, an
	// endpoint is a trunk unless its name is a number, a queue member has it, or its context has "internal" in its name.
	Trunks []string
	// IVRContexts are patterns of dialplan contexts that are IVRs, named by the context. They need the dialplan class.
	IVRContexts []string
	// DataVariables are the channel variables that become user data of the call.
	DataVariables []string
	// KeepDigits are patterns of IVRs and queues in which it is kept which digits are keyed; elsewhere only how many.
	KeepDigits []string
	// Wrapup is the wrapuptime of each queue: AMI does not tell it (queues.conf, wrapuptime).
	Wrapup map[string]time.Duration
	// DefaultWrapup is for the queues that Wrapup does not name.
	DefaultWrapup time.Duration
	// AfterCallWorkReasons are the pause reasons that mean after-call work. Empty: DefaultAfterCallWorkReasons.
	AfterCallWorkReasons []string
}

// DefaultAfterCallWorkReasons are the pause reasons that mean after-call work unless the vocabulary says otherwise.
func DefaultAfterCallWorkReasons() []string {
	return []string{"after-call work", "acw", "wrapup", "wrap-up"}
}

// Translator turns AMI blocks into facts of the call model. It is the only place that knows what Asterisk's events
// mean. It keeps what it needs of the channels, queues and members of one link, and is used by one goroutine.
//
// It reads AMI as Asterisk 18 to 22 documents it (docs.asterisk.org, AMI Events).
type Translator struct {
	vocabulary Vocabulary
	clock      connection.Clock
	version    string

	channels  map[string]*channel // by Uniqueid
	byName    map[string]*channel
	names     channelNames             // for whoever sends actions
	calls     map[string]*callOnSwitch // by Linkedid
	bridges   map[string][]*channel
	locals    map[string]*channel // by Uniqueid
	held      map[string]*channel // who holds a call, by DN
	rooms     map[string]*room    // conferences
	gone      gone
	ending    []*channel // channels that must hang up at once
	unsettled []*channel // waits whose end was announced without saying how
	doubts    []doubt    // in the order in which they came up
	sequence  sequence
	roster    roster
	working   map[string]work  // after-call work, by agent
	lists     map[string]*list // answers to list actions under way, by ActionID
	dialplan  bool             // the link has the dialplan class: VarSet and Newexten come
	inferring bool             // what is told now comes from a snapshot

	channelsListed, queuesListed bool // since the link came up

	upAt       time.Time            // when this connection began to tell
	lostAt     time.Time            // when the last connection ended
	snapshotAt time.Time            // of a new connection: how late it was at the switch at least, by its channels' ages
	missing    []*channel           // what a snapshot did not name
	startup    string               // when the switch was started, as it says
	restarted  bool                 // since the last connection
	lastCalls  map[string]time.Time // when an agent's last call ended, as the queues say

	outOfService map[string]bool // what was told of devices since the link came up, by DN

	out []engine.Observation
}

// NewTranslator returns a translator for one link.
func NewTranslator(v Vocabulary) *Translator {
	if len(v.AfterCallWorkReasons) == 0 {
		v.AfterCallWorkReasons = DefaultAfterCallWorkReasons()
	}
	t := &Translator{vocabulary: v, roster: newRoster(), working: map[string]work{}, lastCalls: map[string]time.Time{},
		outOfService: map[string]bool{}}
	t.forget()
	return t
}

// forget drops all that is known of channels.
func (t *Translator) forget() {
	t.channels, t.byName = map[string]*channel{}, map[string]*channel{}
	t.calls, t.bridges = map[string]*callOnSwitch{}, map[string][]*channel{}
	t.locals, t.held, t.rooms = map[string]*channel{}, map[string]*channel{}, map[string]*room{}
	t.gone = newGone()
	t.lists, t.unsettled, t.ending, t.doubts = map[string]*list{}, nil, nil, nil
	t.channelsListed, t.queuesListed = false, false
}

// LinkUp: a connection to the manager is there and logged in. received is when, on our clock; the zero time where a
// recording is read, whose own clock is then the only one.
func (t *Translator) LinkUp(version string, received time.Time) []engine.Observation {
	t.begin()
	t.version = version
	t.clock.Begin(received)
	t.snapshotAt, t.restarted = time.Time{}, false
	t.sequence = sequence{}
	t.channelsListed, t.queuesListed, t.outOfService = false, false, map[string]bool{}
	t.clock.WhenKnown(func() {
		t.upAt = t.clock.Last
		t.linkFact(link.LinkIs{At: t.clock.Next(), Switch: t.vocabulary.Switch, Kind: "asterisk", Version: t.version, Up: true,
			Live: !received.IsZero()})
	})
	return t.out
}

// LinkDown: the connection is gone.
func (t *Translator) LinkDown(reason string, received time.Time) []engine.Observation {
	t.begin()
	t.clock.End(received)
	t.settleDoubts(t.clock.Next()) // what was still to come is lost with the link
	t.settleQueues(t.clock.Next())
	t.endOverdue(t.clock.Last)
	if received.IsZero() && t.clock.Last.Sub(t.upAt) > hangupPatience {
		t.letGo(t.silent()) // nothing more will be heard of them: this is a recording
	}
	t.linkFact(link.LinkIs{At: t.clock.Next(), Switch: t.vocabulary.Switch, Reason: reason})
	t.lostAt, t.lists = t.clock.Last, map[string]*list{}
	return t.out
}

// Advance lets time pass without blocks, so that what is due happens.
func (t *Translator) Advance(received time.Time) []engine.Observation {
	t.begin()
	t.fire(t.clock.Pass(received))
	return t.out
}

// Translate returns the facts in a block. The slice is valid until the next call.
func (t *Translator) Translate(b Block, received time.Time) []engine.Observation {
	t.begin()
	t.clock.Received(received)
	event := b.Event()
	if event == "" {
		t.response(b)
		return t.out
	}
	if id := b.ActionID(); id != "" && t.listAnswer(id, event, b) {
		return t.out
	}
	if at, ok := b.Timestamp(); ok {
		t.time(at)
		if t.clock.AlreadyTold(at, received) {
			t.count(b)
			return t.out
		}
	} else if t.clock.Unstamped(received) {
		t.clock.Tell(received) // timestampevents is off: when we heard it is the best there is
		t.fire(t.clock.Last)
	}
	if !t.clock.Known() {
		t.clock.WhenKnown(func() { t.event(event, b) })
		return t.out
	}
	t.event(event, b)
	return t.out
}

func (t *Translator) event(event string, b Block) {
	t.count(b)
	switch event {
	case "Newchannel", "Newstate", "NewCallerid", "NewConnectedLine":
		t.channel(b, "")
	case "MusicOnHoldStart":
		t.music(b, true)
	case "MusicOnHoldStop":
		t.music(b, false)
	case "CEL":
		t.eventLogged(b)
	case "Hangup":
		t.hangup(b)
	case "Rename":
		t.renamed(b)
	case "HangupRequest":
		t.hangupRequest(b)
	case "SoftHangupRequest":
		if ch := t.channel(b, ""); ch != nil {
			ch.wait.gaveUp()
			ch.softHangup(t.clock.Last)
			t.mustEnd(ch)
		}
	case "DialBegin", "DialState":
		t.dialBegin(b)
	case "DialEnd":
		t.dialEnd(b)
	case "BridgeEnter":
		t.bridgeEnter(b)
	case "BridgeLeave":
		t.bridgeLeave(b)
	case "Hold":
		t.hold(b, call.Held)
	case "Unhold":
		t.hold(b, call.Connected)
	case "QueueCallerJoin":
		t.queueJoin(b)
	case "QueueCallerLeave":
		t.queueLeave(b)
	case "QueueCallerAbandon":
		t.queueAbandon(b)
	case "AgentCalled":
		t.agentCalled(b)
	case "AgentConnect":
		t.agentConnect(b)
	case "AgentRingNoAnswer":
		t.agentRingNoAnswer(b)
	case "AgentComplete":
		t.agentComplete(b)
	case "QueueMemberAdded", "QueueMemberStatus", "QueueMemberPause", "QueueMember":
		t.memberIs(b, true)
	case "QueueMemberRemoved":
		t.memberIs(b, false)
	case "UserEvent":
		t.userEvent(b)
	case "Newexten":
		t.newexten(b)
	case "VarSet":
		t.varSet(b)
	case "AGIExecStart":
		t.agiExec(b)
	case "BlindTransfer":
		t.blindTransfer(b)
	case "AttendedTransfer":
		t.attendedTransfer(b)
	case "ConfbridgeJoin":
		t.conferenceJoin(b)
	case "ConfbridgeLeave":
		t.conferenceLeave(b)
	case "ParkedCall":
		t.parked(b)
	case "UnParkedCall":
		t.unparked(b, call.ParkRetrieved)
	case "ParkedCallTimeOut":
		t.unparked(b, call.ParkTimedOut)
	case "ParkedCallGiveUp":
		t.unparked(b, call.ParkAbandoned)
	case "MixMonitorStart":
		t.recording(b, call.Recorded)
	case "MixMonitorStop":
		t.recording(b, call.Stopped)
	case "MixMonitorMute":
		if b.Get("State") == "1" {
			t.recording(b, call.Paused)
		} else {
			t.recording(b, call.Recorded)
		}
	case "ChanSpyStart":
		t.spy(b, true)
	case "ChanSpyStop":
		t.spy(b, false)
	case "DeviceStateChange":
		t.deviceState(b)
	case "PeerStatus":
		t.peerStatus(b)
	case "OriginateResponse":
		t.originated(b)
	case "DTMFEnd":
		t.digit(b)
	case "Shutdown":
		// Every call has been ended by its own events before; the link goes down next.
	}
}

// response reads the one answer that matters here: that to a Ping carries the switch's clock.
func (t *Translator) response(b Block) {
	if date := b.Get("CoreStartupDate"); date != "" {
		startup := date + " " + b.Get("CoreStartupTime")
		t.restarted = t.startup != "" && t.startup != startup
		t.startup = startup
	}
	if b.Get("Ping") != "Pong" {
		t.listBegins(b)
		return
	}
	if at, ok := b.Timestamp(); ok {
		t.time(at)
	}
}

// time takes the switch's time, and does what waited for it or is due.
func (t *Translator) time(at time.Time) {
	t.clock.Stamped = true
	if t.clock.Fresh() && t.snapshotAt.After(t.clock.Last) && t.snapshotAt.Before(at) {
		t.clock.Tell(t.snapshotAt) // the snapshot that has come so far is older than this first event
	}
	t.clock.Tell(at)
	t.fire(t.clock.Last)
}

func (t *Translator) begin() { t.out = t.out[:0] }

func (t *Translator) callFact(id call.ConnID, f call.Fact) {
	t.out = append(t.out, engine.Observation{Call: id, CallFact: f})
}

func (t *Translator) agentFact(id string, f agent.Fact) {
	t.out = append(t.out, engine.Observation{Agent: id, AgentFact: f})
}

func (t *Translator) linkFact(f link.Fact) {
	t.out = append(t.out, engine.Observation{Switch: t.vocabulary.Switch, LinkFact: f})
}

// fire does what is due at a moment on the switch's clock.
func (t *Translator) fire(now time.Time) {
	if len(t.working) > 0 {
		t.endDueWork(now)
	}
	if len(t.doubts) > 0 {
		t.settleDoubts(now.Add(-witnessPatience))
	}
	if len(t.unsettled) > 0 {
		t.settleQueues(now.Add(-settlePatience))
	}
	if len(t.ending) > 0 {
		t.endOverdue(now.Add(-hangupPatience))
	}
}

func matchesAny(patterns []string, name string) bool {
	for _, pattern := range patterns {
		if ok, _ := path.Match(pattern, name); ok || pattern == name {
			return true
		}
	}
	return false
}

// known is a header's value, empty where Asterisk has none.
func known(value string) string {
	if value == "<unknown>" || value == "<none>" {
		return ""
	}
	return value
}
