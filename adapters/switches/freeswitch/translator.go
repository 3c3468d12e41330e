// Package freeswitch is the adapter to FreeSWITCH, over its event socket (mod_event_socket) and with mod_callcenter as the
// ACD: framing, the link, the translation of events into facts of the call model, the import of recorded sessions, and
// requests. It reads the events of FreeSWITCH 1.10 (FreeSWITCH documentation: Event List, Event Socket, mod_callcenter).
package freeswitch

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/link"
)

// Vocabulary is what a translator must be told about the switch's own configuration, because its events do not say it.
type Vocabulary struct {
	// Switch is our name of the switch; it is part of every ConnID.
	Switch string
	// Domain is the callcenter's and directory's domain that goes without saying: the queue sales@<Domain> is sales. Empty:
	// "default". A queue of another domain keeps it.
	Domain string
	// Trunks are patterns (path.Match) of SIP profiles that lead to the public network. Where none is given, a leg is a
	// device's when it has a presence id or a user of the directory, and a trunk's when not.
	Trunks []string
	// IVRs are patterns of destination numbers (dialplan extensions) that are IVRs, named by the number. Where none is
	// given, a leg is in an IVR while the dialplan asks it for digits or runs a menu or a script on it.
	IVRs []string
	// DataEvents are patterns of subclasses of CUSTOM events whose headers become user data of the call. Empty: "ivr::*".
	DataEvents []string
	// DataPrefix is what the names of these headers begin with; the rest of the name is the key. Empty: "IVR-".
	DataPrefix string
	// DataVariables are the channel variables that become user data, as soon as an event shows them.
	DataVariables []string
	// KeepDigits are patterns of IVRs and queues in which it is kept which digits are keyed; elsewhere only how many.
	KeepDigits []string
	// Wrapup is the after-call work that callcenter allows an agent of whom the agent list has not told it (wrap-up-time).
	Wrapup time.Duration
}

func (v Vocabulary) withDefaults() Vocabulary {
	if v.Domain == "" {
		v.Domain = "default"
	}
	if len(v.DataEvents) == 0 {
		v.DataEvents = []string{"ivr::*"}
	}
	if v.DataPrefix == "" {
		v.DataPrefix = "IVR-"
	}
	return v
}

// Translator turns events of FreeSWITCH into facts of the call model. It is the only place that knows what they mean. It
// keeps what it needs of the legs and agents of one link, and is used by one goroutine.
type Translator struct {
	vocabulary Vocabulary
	clock      connection.Clock
	core       string // Core-UUID: the present life of the switch
	sequences  sequences
	restarted  bool // the last event is the first of another life

	legs    map[string]*leg // by Unique-ID
	calls   map[string]*callOnSwitch
	held    map[string]*leg  // who holds a call, by DN
	rooms   map[string]*room // conferences, by Conference-Unique-ID
	gone    gone
	ending  []*leg      // legs that are about to be gone
	leaving []*leg      // legs whose wait in a queue ended without saying how
	asked   []originate // calls that somebody asked the switch to make
	roster  roster

	snapshot  snapshot
	inferring bool // what is told now comes from a snapshot

	upAt time.Time // when this connection began to tell

	outOfService map[string]bool // what was told of devices since the link came up, by DN

	out []engine.Observation
}

var _ connection.Interpreter[Event] = (*Translator)(nil)

// NewTranslator returns a translator for one link.
func NewTranslator(v Vocabulary) *Translator {
	t := &Translator{vocabulary: v.withDefaults(), roster: newRoster(), outOfService: map[string]bool{}}
	t.forget()
	return t
}

// forget drops all that is known of legs.
func (t *Translator) forget() {
	t.legs, t.calls = map[string]*leg{}, map[string]*callOnSwitch{}
	t.held, t.rooms = map[string]*leg{}, map[string]*room{}
	t.gone = gone{ids: map[string]bool{}}
	t.ending, t.leaving, t.asked = nil, nil, nil
}

// LinkUp: a connection to the event socket is there and logged in. received is when, on our clock; the zero time where a
// recording is read, whose own clock is then the only one.
func (t *Translator) LinkUp(version string, received time.Time) []engine.Observation {
	t.begin()
	t.clock.Begin(received)
	t.sequences.reconnected = true
	t.snapshot, t.outOfService = snapshot{}, map[string]bool{}
	t.clock.WhenKnown(func() {
		t.upAt = t.clock.Last
		t.linkFact(link.LinkIs{At: t.clock.Next(), Switch: t.vocabulary.Switch, Kind: "freeswitch", Version: version, Started: t.core, Up: true,
			Live: !received.IsZero()})
	})
	return t.out
}

// LinkDown: the connection is gone.
func (t *Translator) LinkDown(reason string, received time.Time) []engine.Observation {
	t.begin()
	t.clock.End(received)
	t.takeSnapshot()
	t.settleAll(received.IsZero())
	if received.IsZero() && t.clock.Last.Sub(t.upAt) > hangupPatience {
		t.letGo(t.silent(), call.UnknownCause) // nothing more will be heard of them: this is a recording
	}
	t.linkFact(link.LinkIs{At: t.clock.Next(), Switch: t.vocabulary.Switch, Reason: reason})
	return t.out
}

// Advance lets time pass without events, so that what is due happens.
func (t *Translator) Advance(received time.Time) []engine.Observation {
	t.begin()
	t.fire(t.clock.Pass(received))
	return t.out
}

// Translate returns the facts in an event. The slice is valid until the next call.
func (t *Translator) Translate(e Event, received time.Time) []engine.Observation {
	t.begin()
	t.clock.Received(received)
	if e.Name() == "" {
		if e.Type == apiResponse {
			t.clock.WhenKnown(func() { t.reply(e.Body) })
		}
		return t.out
	}
	missed, repeated := t.place(e)
	if repeated {
		return t.out
	}
	if at, ok := e.Time(); ok {
		t.clock.Stamped = true
		t.clock.Tell(at)
	}
	if t.restarted {
		t.restart()
	}
	if missed > 0 {
		t.clock.WhenKnown(func() {
			t.linkFact(link.GapIs{At: t.clock.Next(), Switch: t.vocabulary.Switch, Missed: missed})
		})
	}
	t.fire(t.clock.Last)
	if at, ok := e.Time(); ok && t.clock.AlreadyTold(at, received) {
		return t.out
	}
	if !t.clock.Known() {
		t.clock.WhenKnown(func() { t.event(e) })
		return t.out
	}
	t.event(e)
	return t.out
}

// place finds an event's place in what the switch has told: in which of its lives, and after how many that did not come
// in here.
func (t *Translator) place(e Event) (missed uint64, repeated bool) {
	if core := e.Get("Core-UUID"); core != "" && core != t.core {
		t.restarted = t.core != ""
		t.core = strings.Clone(core)
		t.sequences = sequences{}
	}
	if n, ok := e.Sequence(); ok {
		return t.sequences.take(n)
	}
	return 0, false
}

// restart: the switch was started anew, and what it had before it has no more.
func (t *Translator) restart() {
	t.restarted = false
	all := make([]*leg, 0, len(t.legs))
	for _, l := range t.legs {
		all = append(all, l)
	}
	t.letGo(all, call.Restarted)
	t.forget()
}

func (t *Translator) event(e Event) {
	switch e.Name() {
	case "CUSTOM":
		t.custom(e)
		return
	case "API":
		t.askedToOriginate(e)
		t.masked(e)
		t.contactIs(e)
		return
	case "BACKGROUND_JOB":
		if asksForList(e) {
			t.reply(e.Body)
		}
		return
	}
	l := t.leg(e)
	if l == nil {
		return
	}
	switch e.Name() {
	case "CHANNEL_BRIDGE":
		t.bridge(e)
	case "CHANNEL_UNBRIDGE":
		t.unbridge(e)
	case "CHANNEL_HOLD":
		t.hold(l, call.Held)
	case "CHANNEL_UNHOLD":
		t.hold(l, call.Connected)
	case "CHANNEL_EXECUTE":
		t.execute(l, e)
	case "CHANNEL_EXECUTE_COMPLETE":
		t.executed(l, e)
	case "CHANNEL_HANGUP":
		t.hangup(l, e)
	case "CHANNEL_HANGUP_COMPLETE", "CHANNEL_DESTROY":
		t.hungUp(l, e)
	case "DTMF":
		t.digit(l, e)
	case "RECORD_START":
		t.recording(l, e.Get("Record-File-Path"), call.Recorded)
	case "RECORD_STOP":
		t.recording(l, e.Get("Record-File-Path"), call.Stopped)
	case "MEDIA_BUG_STOP":
		if e.Get("Media-Bug-Function") == "eavesdrop" { // there are others, for recordings
			t.listeningEnds(l)
		}
	}
}

// custom reads the events of modules, and those that a dialplan sends itself.
func (t *Translator) custom(e Event) {
	switch subclass := e.Get("Event-Subclass"); {
	case subclass == "callcenter::info":
		t.callcenter(e)
	case subclass == "conference::maintenance":
		t.conference(e)
	case subclass == "valet_parking::info":
		t.valet(e)
	case subclass == "sofia::register", subclass == "sofia::unregister", subclass == "sofia::expire":
		t.registration(e, subclass)
	case matchesAny(t.vocabulary.DataEvents, subclass):
		t.dataEvent(e)
	}
}

func (t *Translator) begin() { t.out = t.out[:0] }

// fire does what is due at a moment on the switch's clock.
func (t *Translator) fire(now time.Time) {
	t.endDueWork(now)
	if len(t.ending) > 0 || len(t.leaving) > 0 {
		t.settle(now)
	}
	if t.snapshot.due(now) {
		t.takeSnapshot()
	}
}

func (t *Translator) callFact(id call.ConnID, f call.Fact) {
	t.out = append(t.out, engine.Observation{Call: id, CallFact: f})
}

func (t *Translator) agentFact(id string, f agent.Fact) {
	t.out = append(t.out, engine.Observation{Agent: id, AgentFact: f})
}

func (t *Translator) linkFact(f link.Fact) {
	t.out = append(t.out, engine.Observation{Switch: t.vocabulary.Switch, LinkFact: f})
}

// sequences keeps account of the numbers of events. They do not come in the order of their numbers, because several
// threads deliver them, and some numbers belong to events that are not for us; but each comes once.
type sequences struct {
	highest     uint64
	last        [8192]uint64 // the numbers taken last, each in its place
	reconnected bool         // the next number is the first of a new connection
}

// mostUnseen is how many numbers in a row are passed over before something is taken for lost. Recorded sessions have at most
// 42, at a shutdown; the event queue of a listener that is overrun loses them by the thousand.
const mostUnseen = 256

func (s *sequences) take(n uint64) (missed uint64, repeated bool) {
	if s.last[n%uint64(len(s.last))] == n {
		return 0, true
	}
	s.last[n%uint64(len(s.last))] = n
	if s.highest > 0 && n > s.highest+1 && (s.reconnected || n > s.highest+mostUnseen) {
		missed = n - s.highest - 1
	}
	s.reconnected = false
	s.highest = max(s.highest, n)
	return missed, false
}

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, _ := path.Match(pattern, name)
		return ok || pattern == name
	})
}
