package switchtest

import (
	"testing"

	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/wire"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// DigitsAreKept: digits are counted, and only in the IVRs and queues that are named it is kept which they are. In the session
// these digits are keyed in that IVR; translator returns one that keeps those of the IVRs and queues that are named.
func (s Suite[P]) DigitsAreKept(t *testing.T, session, ivr string, keyed []string, translator func(keep []string) connection.Interpreter[P]) {
	var counted, kept []call.DigitsCollected
	for _, digits := range keyed {
		counted = append(counted, call.DigitsCollected{Count: len(digits)})
		kept = append(kept, call.DigitsCollected{Count: len(digits), Digits: digits})
	}
	for name, c := range map[string]struct {
		in   []string
		want []call.DigitsCollected
	}{
		"nowhere":     {nil, counted},
		"in all IVRs": {[]string{"*"}, kept},
		"in the IVR":  {[]string{ivr}, kept},
		"in others":   {[]string{ivr[:len(ivr)-1], "sales"}, counted},
	} {
		t.Run(name, func(t *testing.T) {
			s.Translator = func() connection.Interpreter[P] { return translator(c.in) }
			var got []call.DigitsCollected
			for r, err := range s.Play(t, s.Session(t, session).Links).ReadAll(t.Context(), 0) {
				require.NoError(t, err)
				if r.Type == "DigitsCollected" {
					e, err := wire.DecodeCall(r)
					require.NoError(t, err)
					collected := e.Body.(call.DigitsCollected)
					collected.Party = ""
					got = append(got, collected)
				}
			}
			assert.Equal(t, c.want, got)
		})
	}
}
