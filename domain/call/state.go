// Package call is the model of a call: its events, the state they add up to, and the two doors by which new events
// come into being. Observe takes facts from a switch and never refuses: the switch is right. Decide takes requests
// from people and programs and may refuse, with a reason. Everything here is pure: no clock, no I/O, no randomness.
//
// A call has no state of its own. It is the set of its parties, each a relation between the call and a device, and
// of its visits to queues and IVRs; "talking", "ringing" or "in queue" are derived from them.
package call

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// State is what is known of a call: the fold of its events. The zero value is a call that nobody has seen yet.
// A State is a value: evolving it leaves the old one as it was.
type State struct {
	ConnID       ConnID
	Switch       string
	SwitchCallID string
	Origin       Origin
	ANI, DNIS    string
	StartedAt    time.Time
	EndedAt      time.Time // zero: the call goes on
	EndedBy      PartyID   // the party that ended it; empty: the switch
	EndCause     Cause
	Parties      []Party    // in the order of appearance; those gone stay
	Visits       []Visit    // to queues, in order
	IVRs         []IVRVisit // in order
	Data         []Datum    // user data, sorted by key
	Deleted      []Deletion // user data that was taken away, in that order
	Disposition  string
	Notes        []Note // in the order in which they were added
	Anomalies    []NotedAnomaly

	ConsultOf  ConnID // the call about which somebody is consulted in this one
	Consults   []Consultation
	Transfers  []Transfer
	Absorbed   []ConnID // calls that became part of this one
	MergedInto ConnID   // the call of which this one became part
	Conference bool     // a conference was formed
	Observers  []Observer
	Parkings   []Parking
	Recordings []Recording
	Presumed   bool      // its end was not seen
	LastDigits time.Time // when digits were last collected
	Requests   Requests
}

// Consultation is a call that a party of this call made about it.
type Consultation struct {
	Consult   ConnID
	By        PartyID
	To        string
	StartedAt time.Time
	EndedAt   time.Time // zero: it goes on
	Result    ConsultResult
}

// Transfer is one transfer of the call.
type Transfer struct {
	Kind   TransferKind
	By     PartyID
	To     string
	ToCall ConnID
	At     time.Time
}

// Observer is a supervisor's stay.
type Observer struct {
	Party     PartyID
	DN        string
	Target    PartyID
	Mode      SupervisionMode
	ModeSince time.Time
	JoinedAt  time.Time
	LeftAt    time.Time // zero: still there
}

// Parking is a party's stay in a parking space.
type Parking struct {
	Party    PartyID
	Space    string
	ParkedAt time.Time
	EndedAt  time.Time // zero: still there
	Reason   UnparkReason
	By       string // who took the call
}

// RecordingState is how far a recording has come.
type RecordingState string

const (
	Recorded RecordingState = "recording"
	Paused   RecordingState = "paused"
	Stopped  RecordingState = "stopped"
)

// Recording is one recording of the call.
type Recording struct {
	ID        string
	Party     PartyID
	State     RecordingState
	StartedAt time.Time
	ChangedAt time.Time
}

// Party is a relation between the call and a device.
type Party struct {
	ID       PartyID
	DN       string // directory number of the device, or the external number
	External bool   // beyond a trunk
	Role     Role
	Agent    string  // who sat at the device when the call was offered there, where known
	Queue    string  // through which queue the call came to it
	Visit    VisitID // the wait that brought it
	Dialed   string  // what it dialled, where it made the call

	Telephony   Telephony
	Since       time.Time // in this state since
	AppearedAt  time.Time
	AlertingAt  time.Time
	ConnectedAt time.Time // first connected
	ReleasedAt  time.Time
	Ring        time.Duration // time spent ringing, finished intervals only
	Talk        time.Duration // time connected, without hold
	Hold        time.Duration // time on hold by this party
	FailedAt    time.Time
	Cause       Cause
	ReleasedBy  PartyID // the party that ended it; empty: the switch
	From        ConnID  // the call it was in before
}

// Answered reports whether the party was ever connected.
func (p Party) Answered() bool { return !p.ConnectedAt.IsZero() }

// VisitEnd is how a wait in a queue ended.
type VisitEnd string

const (
	Waiting        VisitEnd = "" // it goes on
	Distributed    VisitEnd = "answered"
	VisitAbandoned VisitEnd = "abandoned"
	Left           VisitEnd = "left"
)

// Visit is one wait in one queue. It has exactly one end.
type Visit struct {
	ID         VisitID
	Queue      string
	Party      PartyID // who waits
	Position   int
	EnteredAt  time.Time
	EndedAt    time.Time
	End        VisitEnd
	Reason     LeaveReason // where End is Left
	Agent      string      // where End is Distributed
	AgentParty PartyID
}

// IVRVisit is one stay in an IVR.
type IVRVisit struct {
	IVR       string
	Party     PartyID
	EnteredAt time.Time
	LeftAt    time.Time // zero: still there
	Choice    string
}

// Datum is an entry of the user data with its last change.
type Datum struct {
	Pair
	By string
	At time.Time
}

// Deletion is that an entry of the user data was taken away.
type Deletion struct {
	Key string
	At  time.Time
}

// Note is a remark.
type Note struct {
	Text string
	By   string // who made it: "agent:1001"
	At   time.Time
}

// NotedAnomaly is an anomaly that has been noted, so that it is noted once.
type NotedAnomaly struct {
	Anomaly Anomaly
	Subject string
}

// Started reports whether anything is known of the call.
func (s State) Started() bool { return !s.StartedAt.IsZero() }

// Ended reports whether the call is over.
func (s State) Ended() bool { return !s.EndedAt.IsZero() }

// Live reports whether the call goes on.
func (s State) Live() bool { return s.Started() && !s.Ended() }

// Party returns the party with this id.
func (s State) Party(id PartyID) (Party, bool) {
	if i := s.party(id); i >= 0 {
		return s.Parties[i], true
	}
	return Party{}, false
}

// Visit returns the wait with this id.
func (s State) Visit(id VisitID) (Visit, bool) {
	if i := slices.IndexFunc(s.Visits, func(v Visit) bool { return v.ID == id }); i >= 0 {
		return s.Visits[i], true
	}
	return Visit{}, false
}

// Caller is the party that made the call, else the first that appeared.
func (s State) Caller() (Party, bool) {
	for _, p := range s.Parties {
		if p.Role == Origination {
			return p, true
		}
	}
	if len(s.Parties) > 0 {
		return s.Parties[0], true
	}
	return Party{}, false
}

// LiveParties counts the parties that are still on the call.
func (s State) LiveParties() int {
	n := 0
	for _, p := range s.Parties {
		if p.Telephony.Live() {
			n++
		}
	}
	return n
}

// Talking reports whether two parties or more are in conversation.
func (s State) Talking() bool {
	n := 0
	for _, p := range s.Parties {
		if p.Telephony == Connected {
			n++
		}
	}
	return n >= 2
}

// ToldAt is the latest time at which the switch, as far as is known, told something of the parties of the call.
func (s State) ToldAt() time.Time {
	at := s.StartedAt
	for _, p := range s.Parties {
		at = latest(at, p.Since)
	}
	for _, v := range s.Visits {
		at = latest(at, v.EnteredAt, v.EndedAt)
	}
	for _, v := range s.IVRs {
		at = latest(at, v.EnteredAt, v.LeftAt)
	}
	for _, c := range s.Consults {
		at = latest(at, c.StartedAt, c.EndedAt)
	}
	for _, t := range s.Transfers {
		at = latest(at, t.At)
	}
	for _, o := range s.Observers {
		at = latest(at, o.JoinedAt, o.ModeSince, o.LeftAt)
	}
	for _, p := range s.Parkings {
		at = latest(at, p.ParkedAt, p.EndedAt)
	}
	for _, r := range s.Recordings {
		at = latest(at, r.ChangedAt)
	}
	return at
}

func latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }

// Conversation is the call that this one belongs to: of a consultation the call that it is about, else itself.
func (s State) Conversation() ConnID {
	if !s.ConsultOf.IsZero() {
		return s.ConsultOf
	}
	return s.ConnID
}

// Type is the kind of the call as reports tell it: who called whom decides, not who talks now.
func (s State) Type() Type {
	if !s.ConsultOf.IsZero() {
		return Consult
	}
	if s.Origin == External {
		return Inbound
	}
	for _, p := range s.Parties {
		if p.External {
			return Outbound
		}
	}
	return InternalTo
}

// OpenVisit returns the wait of a party in a queue that has not ended; an empty queue or party matches any.
func (s State) OpenVisit(party PartyID, queue string) (Visit, bool) {
	for _, v := range s.Visits {
		if v.End == Waiting && (queue == "" || v.Queue == queue) && (party == "" || v.Party == party) {
			return v, true
		}
	}
	return Visit{}, false
}

// OpenIVR returns the IVR in which a party is now; an empty name matches any.
func (s State) OpenIVR(party PartyID, name string) (IVRVisit, bool) {
	for _, v := range s.IVRs {
		if v.LeftAt.IsZero() && v.Party == party && (name == "" || v.IVR == name) {
			return v, true
		}
	}
	return IVRVisit{}, false
}

// OpenConsult returns the consultation that goes on about this call; a zero ConnID matches any.
func (s State) OpenConsult(consult ConnID) (Consultation, bool) {
	for _, c := range s.Consults {
		if c.EndedAt.IsZero() && (consult.IsZero() || c.Consult == consult) {
			return c, true
		}
	}
	return Consultation{}, false
}

// OpenParking returns the parking space in which a party is.
func (s State) OpenParking(party PartyID) (Parking, bool) {
	for _, p := range s.Parkings {
		if p.EndedAt.IsZero() && p.Party == party {
			return p, true
		}
	}
	return Parking{}, false
}

// OpenObserver returns the stay of a supervisor that goes on.
func (s State) OpenObserver(party PartyID) (Observer, bool) {
	for _, o := range s.Observers {
		if o.LeftAt.IsZero() && o.Party == party {
			return o, true
		}
	}
	return Observer{}, false
}

// Recording returns the recording with this id.
func (s State) Recording(id string) (Recording, bool) {
	for _, r := range s.Recordings {
		if r.ID == id {
			return r, true
		}
	}
	return Recording{}, false
}

// UserData is the user data as sorted pairs.
func (s State) UserData() []Pair {
	pairs := make([]Pair, len(s.Data))
	for i, d := range s.Data {
		pairs[i] = d.Pair
	}
	return pairs
}

func (s State) party(id PartyID) int {
	return slices.IndexFunc(s.Parties, func(p Party) bool { return p.ID == id })
}

// UserDataVersion names what the user data is now: the same data has the same version. It is a hash, so it tells nothing.
func (s State) UserDataVersion() string {
	hash := sha256.New()
	for _, pair := range s.UserData() {
		fmt.Fprintf(hash, "%d:%s%d:%s", len(pair.Key), pair.Key, len(pair.Value), pair.Value)
	}
	return hex.EncodeToString(hash.Sum(nil)[:12])
}

// deleted reports whether an entry of the user data was taken away at a time or later.
func (s State) deleted(key string, since time.Time) bool {
	return slices.ContainsFunc(s.Deleted, func(d Deletion) bool { return d.Key == key && !d.At.Before(since) })
}

func (s State) datum(key string) (int, bool) {
	return slices.BinarySearchFunc(s.Data, key, func(d Datum, key string) int {
		switch {
		case d.Key < key:
			return -1
		case d.Key > key:
			return 1
		}
		return 0
	})
}

func (s State) noted(a Anomaly, subject string) bool {
	return slices.Contains(s.Anomalies, NotedAnomaly{a, subject})
}
