package connection

import (
	"time"

	"github.com/callstate/callstate/domain/call"
)

// Keyed is what somebody has keyed since he did anything else.
type Keyed struct {
	count  int
	digits []byte // none that must not be kept
}

// mostKept bounds the digits that are kept of one row.
const mostKept = 64

// Add counts a digit. Which it is is kept where keep says so; of a row in which one is not kept, none is.
func (k *Keyed) Add(digit string, keep bool) {
	if keep && len(k.digits) == k.count && len(digit) == 1 && k.count < mostKept {
		k.digits = append(k.digits, digit[0])
	}
	k.count++
}

// None: nothing was keyed.
func (k *Keyed) None() bool { return k.count == 0 }

// Take is the fact of it. After that nothing was keyed.
func (k *Keyed) Take(at time.Time, party call.PartyID) call.DigitsAre {
	f := call.DigitsAre{At: at, Party: party, Count: k.count}
	if len(k.digits) == k.count {
		f.Digits = string(k.digits)
	}
	*k = Keyed{}
	return f
}
