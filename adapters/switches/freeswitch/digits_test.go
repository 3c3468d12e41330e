package freeswitch_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/adapters/switches/freeswitch"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/wire"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Digits are counted, and only in the IVRs and queues that the vocabulary names it is kept which they are.
func TestDigitsAreKeptWhereThatIsWanted(t *testing.T) {
	counted := []call.DigitsCollected{{Count: 5}, {Count: 5}, {Count: 6}}
	kept := []call.DigitsCollected{{Count: 5, Digits: "4711#"}, {Count: 5, Digits: "4713#"}, {Count: 6, Digits: "47150#"}}
	for name, c := range map[string]struct {
		in   []string
		want []call.DigitsCollected
	}{
		"nowhere":     {nil, counted},
		"in all IVRs": {[]string{"*"}, kept},
		"in the IVR":  {[]string{"ivr_account"}, kept},
		"in others":   {[]string{"ivr_accoun", "sales"}, counted},
	} {
		t.Run(name, func(t *testing.T) {
			log := memory.New()
			defer log.Close()
			v := vocabulary()
			v.KeepDigits = c.in
			for _, link := range recording(t, "testdata/sessions/01-inbound-answer-caller-hangup") {
				_, err := freeswitch.Import(t.Context(), bytes.NewReader(link), freeswitch.NewTranslator(v), engine.New(log, time.Now, nil), nil)
				require.NoError(t, err)
			}
			var got []call.DigitsCollected
			for r, err := range log.ReadAll(t.Context(), 0) {
				require.NoError(t, err)
				if r.Type == "DigitsCollected" {
					e, err := wire.DecodeCall(r)
					require.NoError(t, err)
					b := e.Body.(call.DigitsCollected)
					b.Party = ""
					got = append(got, b)
				}
			}
			assert.Equal(t, c.want, got)
		})
	}
}
