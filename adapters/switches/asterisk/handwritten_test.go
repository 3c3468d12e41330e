package asterisk_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/adapters/switches/switchtest"
	"github.com/callstate/callstate/domain/call"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What no recording has is written by hand, in the documented form of the events: testdata/handwritten/README.md.
func TestAHandwrittenSessionHasOneHistory(t *testing.T) {
	sessions, err := filepath.Glob("testdata/handwritten/*.ami")
	require.NoError(t, err)
	require.NotEmpty(t, sessions)
	for _, path := range sessions {
		t.Run(filepath.Base(path), func(t *testing.T) {
			raw, err := os.ReadFile(path)
			require.NoError(t, err)
			switchtest.Golden(t, imported(t, [][]byte{raw}), strings.TrimSuffix(path, ".ami")+".txt", *update)
		})
	}
}

// Actions go to a channel under the name that it has now.
func TestAChannelIsKnownByItsNewName(t *testing.T) {
	translator := asterisk.NewTranslator(vocabulary())
	translator.LinkUp("11.0.0", time.Time{})
	for _, line := range []string{
		"Event: Newchannel|Timestamp: 1795400000.1|Channel: PJSIP/1001-00000001|ChannelState: 5|Uniqueid: 1795400000.1|Linkedid: 1795400000.0",
		"Event: Rename|Timestamp: 1795400003.2|Channel: PJSIP/1001-00000001|Newname: PJSIP/1002-00000002|Uniqueid: 1795400000.1",
	} {
		translator.Translate(blockOf(t, line), time.Time{})
	}
	name, known := translator.ChannelName(call.PartyID("1795400000.1"))
	assert.True(t, known)
	assert.Equal(t, "PJSIP/1002-00000002", name)
}
