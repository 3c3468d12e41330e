package call

import "time"

// ConsultIs: a party of this call consults somebody in another call about it, or the consultation is over without
// having become part of this call.
type ConsultIs struct {
	At      time.Time
	Consult ConnID
	By      PartyID
	To      string
	Over    bool
}

// TransferIs: this call was transferred. It is told once for each transfer; told again, with the same time, it is the same.
type TransferIs struct {
	At       time.Time
	Kind     TransferKind
	By       PartyID
	To       string
	ToCall   ConnID // the consultation that it completed
	Inferred bool
}

// MergedIs: two calls are one. It is told to both. Whoever records the fact gives the survivor's one the absorbed
// call's user data, since a call sees no other.
type MergedIs struct {
	At                 time.Time
	Survivor, Absorbed ConnID
	Cause              Cause  // Transferred or Conferenced: why the parties of the absorbed call left it
	UserData           []Pair // of the absorbed call
}

// ConferenceIs: three parties or more talk together in this call.
type ConferenceIs struct {
	At   time.Time
	By   PartyID
	Room string
}

// SupervisorIs: somebody listens to a party of this call, or does not any more.
type SupervisorIs struct {
	At        time.Time
	Party     PartyID
	DN        string
	Target    PartyID
	Mode      SupervisionMode
	Listening bool
}

// ParkIs: a party is in a parking space, or has left it.
type ParkIs struct {
	At     time.Time
	Party  PartyID
	Space  string
	By     PartyID
	Parked bool
	Reason UnparkReason // when not parked
	TakeBy string       // who took the call
}

// RecordingIs: a recording is running, paused or complete.
type RecordingIs struct {
	At        time.Time
	Recording string
	Party     PartyID
	State     RecordingState
}

// DigitsAre: a party has keyed so many digits in a row.
type DigitsAre struct {
	At     time.Time
	Party  PartyID
	Count  int
	Digits string // which; empty where they are not to be kept
}

func (f ConsultIs) at() time.Time    { return f.At }
func (f TransferIs) at() time.Time   { return f.At }
func (f MergedIs) at() time.Time     { return f.At }
func (f ConferenceIs) at() time.Time { return f.At }
func (f SupervisorIs) at() time.Time { return f.At }
func (f ParkIs) at() time.Time       { return f.At }
func (f RecordingIs) at() time.Time  { return f.At }
func (f DigitsAre) at() time.Time    { return f.At }
