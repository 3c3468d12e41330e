package freeswitch_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/switches/freeswitch"
	"github.com/callstate/callstate/adapters/switches/playback"
	"github.com/callstate/callstate/adapters/switches/switchtest"
	"github.com/callstate/callstate/domain/engine"
	"github.com/stretchr/testify/require"
)

func TestAnEngineMayBeReplaced(t *testing.T) {
	suite(t).AnEngineMayBeReplaced(t, switchtest.FakeSwitch{
		Read: playback.ReadESL, Login: playback.Options{Secret: "s3cret"},
		Link: func(e *engine.Engine, dial func(context.Context, string, string) (net.Conn, error)) switchtest.Link {
			link, err := freeswitch.NewLink(freeswitch.Config{Name: "pbx", Host: "switch", Password: "s3cret", Dial: dial},
				freeswitch.NewTranslator(vocabulary()), e, nil)
			require.NoError(t, err)
			return link
		},
		At: func(text string) (time.Time, bool) {
			e, err := freeswitch.ParseEvent(plain(text))
			require.NoError(t, err)
			return e.Time()
		},
	}, map[string]string{
		"10-three-way-conference": "who is in a room alone, and for whom, is not told by the list of channels",
	})
}
