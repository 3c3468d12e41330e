package asterisk_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/adapters/switches/playback"
	"github.com/callstate/callstate/adapters/switches/switchtest"
	"github.com/callstate/callstate/domain/engine"
	"github.com/stretchr/testify/require"
)

func TestAnEngineMayBeReplaced(t *testing.T) {
	suite(t).AnEngineMayBeReplaced(t, switchtest.FakeSwitch{
		Read: playback.ReadAMI, Login: playback.Options{Username: "callstate", Secret: "s3cret"},
		Link: func(e *engine.Engine, dial func(context.Context, string, string) (net.Conn, error)) switchtest.Link {
			link, err := asterisk.NewLink(asterisk.Config{Name: "pbx", Host: "switch", Username: "callstate", Secret: "s3cret", Dial: dial},
				asterisk.NewTranslator(vocabulary()), e, nil)
			require.NoError(t, err)
			return link
		},
		At: func(text string) (time.Time, bool) {
			b, err := asterisk.ParseBlock(text)
			require.NoError(t, err)
			return b.Timestamp()
		},
	}, map[string]string{
		"09-attended-transfer": "a phone that is called for a consultation of the switch's own and does not ring yet",
		"10-conference":        "the same",
		"13-outbound":          "a call whose unique id was chosen has its ConnID from the first event of it that is heard",
		"17-park":              "that somebody was taken away is told before, that the other one leaves for that a second later",
		"22-local-members":     "a member behind a Local channel, before his phone rings",
	})
}
