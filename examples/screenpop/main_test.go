package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/bus"
	"github.com/callstate/callstate/adapters/bus/brokers"
	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/projections"
)

// A call of a real switch goes through the engine, its log and a broker, and pops up.
func TestTheCustomerWhoIsRingingPopsUp(t *testing.T) {
	broker, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true})
	require.NoError(t, err)
	broker.Start()
	defer broker.WaitForShutdown()
	defer broker.Shutdown()
	require.True(t, broker.ReadyForConnections(10*time.Second))
	connection, err := nats.Connect(broker.ClientURL())
	require.NoError(t, err)
	defer connection.Close()
	stream, err := connection.JetStream()
	require.NoError(t, err)
	_, err = stream.AddStream(&nats.StreamConfig{Name: "CALLS", Subjects: []string{"callstate.>"}})
	require.NoError(t, err)

	program := filepath.Join(t.TempDir(), "screenpop")
	built, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", built)
	screen := exec.Command(program, "-nats", broker.ClientURL())
	screen.Stderr = os.Stderr
	shown, err := screen.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, screen.Start())
	defer screen.Process.Kill()

	log := memory.New()
	defer log.Close()
	feed, err := bus.OpenFeed(t.Context(), log, bus.FeedConfig{
		Name: "crm", Topic: "callstate.events", Kinds: []string{"call"}, Checkpoint: bus.File(filepath.Join(t.TempDir(), "checkpoint")),
		Connect: brokers.Config{Name: "crm", Kind: brokers.NATS, URL: broker.ClientURL(), Topic: "callstate.events"}.Connect,
	})
	require.NoError(t, err)
	defer feed.Close()
	ctx, stop := context.WithCancel(t.Context())
	var publishing sync.WaitGroup
	publishing.Go(func() { assert.NoError(t, projections.NewRunner(log, nil, feed).Run(ctx)) })
	defer publishing.Wait()
	defer stop()

	packed, err := os.Open("../../adapters/switches/asterisk/testdata/sessions/01-answered-caller-hangs-up/events.ami.gz")
	require.NoError(t, err)
	defer packed.Close()
	recording, err := gzip.NewReader(packed)
	require.NoError(t, err)
	e := engine.New(log, time.Now, func(context.Context, string) ([]call.ConnID, error) { return nil, nil })
	_, err = asterisk.Import(t.Context(), recording, asterisk.NewTranslator(asterisk.Vocabulary{Switch: "pbx"}), e, nil)
	require.NoError(t, err)

	line, err := bufio.NewReader(shown).ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "agent 1001: 2125550001 is ringing, from queue sales: Blue Harbor Foods\n", line)
	require.NoError(t, screen.Process.Signal(os.Interrupt))
	require.NoError(t, screen.Wait())
}
