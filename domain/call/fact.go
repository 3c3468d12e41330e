package call

import "time"

// Fact is something that a switch, an IVR or an ACD says about a call. Facts are level-triggered: they say what is so,
// not what changed. Told twice, or told by a snapshot after a lost link, a fact adds nothing; see Observe.
//
// At is the moment on the switch's clock. The adapter makes the moments of one link strictly increasing, so that a
// fact which is older than what is known is recognised as told before.
type Fact interface {
	observe(State) []Event
	at() time.Time
}

// CallIs: the switch has this call. It comes before all other facts of the call.
type CallIs struct {
	At           time.Time
	ConnID       ConnID
	Switch       string
	SwitchCallID string
	Origin       Origin
	ANI, DNIS    string
	ConsultOf    ConnID // the call about which somebody is consulted
	Inferred     bool   // the beginning was not seen
}

// PartyIs: a party is in a telephony state. What describes the party is told whenever it is known; where it is empty,
// what was told before holds.
type PartyIs struct {
	At       time.Time
	Party    PartyID
	State    Telephony
	DN       string
	External bool
	Role     Role
	Dialed   string  // with Initiated
	Agent    string  // who sits at the device, where the queue told
	Queue    string  // the queue through which the call came to the device
	Visit    VisitID // the wait that the offer belongs to
	Cause    Cause   // with Failed and Released
	By       PartyID // with Released: who ended it; empty: the switch
	From     ConnID  // the call in which the party was before
	MayHold  bool    // with Connected: whether the party holds the call was not said
	Inferred bool    // the switch did not say so itself
}

// VisitIs: a party's wait in a queue stands so. An empty Visit means the open wait of that party in that queue,
// whatever its id: a snapshot does not know it.
type VisitIs struct {
	At         time.Time
	Visit      VisitID
	Queue      string
	Party      PartyID // who waits
	Position   int     // 1 is the head; 0: not told
	End        VisitEnd
	Reason     LeaveReason // with Left
	Agent      string      // with Distributed: who took the call
	AgentDN    string
	AgentParty PartyID
	Inferred   bool
}

// IVRIs: an IVR has a party, or has let go of it.
type IVRIs struct {
	At       time.Time
	IVR      string // empty with Inside false: whichever it was
	Party    PartyID
	Inside   bool
	Choice   string // when it lets go: what the caller chose, where the IVR tells
	Inferred bool
}

// DataIs: these entries of the user data have these values. Entries that are not named keep theirs.
type DataIs struct {
	At       time.Time
	Set      []Pair
	By       string // "ivr:main", "switch"
	Inferred bool
}

// MissedIs: a report of the switch about a party has not come in, as other reports show. What it said is not known.
type MissedIs struct {
	At     time.Time
	Party  PartyID
	Report string // what was missed, in the words of the switch
}

func (f CallIs) at() time.Time  { return f.At }
func (f PartyIs) at() time.Time { return f.At }
func (f VisitIs) at() time.Time { return f.At }
func (f IVRIs) at() time.Time   { return f.At }
func (f DataIs) at() time.Time  { return f.At }

func (f MissedIs) at() time.Time { return f.At }
