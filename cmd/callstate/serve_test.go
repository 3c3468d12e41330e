package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/callstate/callstate/adapters/switches/playback"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fakeSwitch plays a recorded session on a port of this machine.
func fakeSwitch(t *testing.T, file string, read func(io.Reader) (*playback.Recording, error)) (fake *playback.Server, port int) {
	t.Helper()
	packed, err := os.Open(filepath.Join("..", "..", "adapters", "switches", file))
	require.NoError(t, err)
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	require.NoError(t, err)
	recording, err := read(unpacked)
	require.NoError(t, err)
	return playing(t, recording, 40)
}

// playing is a switch that tells a recorded session as if it happened now, so many times faster.
func playing(t testing.TB, recording *playback.Recording, speed float64) (fake *playback.Server, port int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	fake, err = playback.NewServer(listener, recording, playback.Options{Username: "callstate", Secret: "s3cret", Speed: speed, Redate: true})
	require.NoError(t, err)
	return fake, listener.Addr().(*net.TCPAddr).Port
}

func TestSwitchesOfBothKindsAreServedAtOnce(t *testing.T) {
	dir := t.TempDir()
	manager, managerPort := fakeSwitch(t, "asterisk/testdata/sessions/01-answered-caller-hangs-up/events.ami.gz", playback.ReadAMI)
	socket, socketPort := fakeSwitch(t, "freeswitch/testdata/sessions/01-inbound-answer-caller-hangup/events.esl.gz", playback.ReadESL)
	file := filepath.Join(dir, "callstate.toml")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "event-socket.secret"), []byte("s3cret\n"), 0o600))
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `
listen = "127.0.0.1:0"
[[asterisk]]
name = "pbx1"
host = "127.0.0.1"
port = %d
user = "callstate"
secret = "s3cret"
[[freeswitch]]
name = "pbx2"
host = "127.0.0.1"
port = %d
password_file = "event-socket.secret"
`, managerPort, socketPort), 0o600))

	data := filepath.Join(dir, "data")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	served := make(chan int, 1)
	go func() { ended <- manager.Run(ctx) }()
	go func() { ended <- socket.Run(ctx) }()
	go func() {
		served <- run(ctx, []string{"serve", "--config", file, "--data", data}, os.Stdin, discard{}, discard{})
	}()
	<-manager.Done()
	<-socket.Done()
	stop()
	require.Zero(t, <-served)
	require.NoError(t, <-ended)
	require.NoError(t, <-ended)

	var calls bytes.Buffer
	require.Zero(t, run(t.Context(), []string{"calls", "--format", "json", "--data", data}, os.Stdin, &calls, discard{}))
	assert.Contains(t, calls.String(), `"pbx1"`)
	assert.Contains(t, calls.String(), `"pbx2"`)
}
