package freeswitch_test

import (
	"bytes"
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/adapters/switches/freeswitch"
	"github.com/callstate/callstate/adapters/switches/playback"
	"github.com/callstate/callstate/adapters/switches/switchtest"
	"github.com/callstate/callstate/domain/engine"
	"github.com/stretchr/testify/require"
)

func TestAnEngineMayBeReplaced(t *testing.T) {
	var sessions []switchtest.Played
	for _, folder := range recordedSessions(t) {
		links := recording(t, folder)
		if len(links) > 1 || filepath.Base(folder) == "17-load" {
			continue // what was not heard is not to be replaced; too long to be played hundreds of times
		}
		played, err := playback.ReadESL(bytes.NewReader(links[0]))
		require.NoError(t, err)
		sessions = append(sessions, switchtest.Played{
			Name: filepath.Base(folder), Recording: played, Login: playback.Options{Secret: "s3cret"},
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
		})
	}
	switchtest.AnEngineMayBeReplaced(t, func() switchtest.Log { return memory.New() }, sessions, map[string]string{
		"10-three-way-conference": "who is in a room alone, and for whom, is not told by the list of channels",
	})
}
