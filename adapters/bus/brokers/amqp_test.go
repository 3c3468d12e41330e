package brokers

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/bus"
	"github.com/callstate/callstate/adapters/bus/bustest"
)

// rabbitMQ is the server's program; /usr/sbin has a script that changes the user, which is not for us.
const rabbitMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server"

// rabbit is a real RabbitMQ on ports of its own, with all its files in a folder of the test.
type rabbit struct {
	port    int
	secure  int    // the port for TLS
	caFile  string // who vouches for it
	env     []string
	running *exec.Cmd
	says    bytes.Buffer
}

func startRabbit(t testing.TB) *rabbit {
	t.Helper()
	require.FileExists(t, rabbitMQ, "RabbitMQ is not installed: `make tools` does that")
	dir := t.TempDir()
	ports := freePorts(t, 4)
	certificate, caFile := certificate(t)
	r := &rabbit{port: ports[0], secure: ports[3], caFile: caFile}
	config := filepath.Join(dir, "rabbitmq.conf")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, "listeners.ssl.1 = 127.0.0.1:%d\nssl_options.certfile = %s\nssl_options.keyfile = %s\n",
		r.secure, caFile, keyFile(t, certificate)), 0o600))
	plugins := filepath.Join(dir, "plugins")
	require.NoError(t, os.WriteFile(plugins, []byte("[].\n"), 0o600))
	r.env = append(os.Environ(),
		"HOME="+dir, // for the cookie of Erlang
		"ERL_EPMD_ADDRESS=127.0.0.1", fmt.Sprint("ERL_EPMD_PORT=", ports[1]),
		fmt.Sprintf("RABBITMQ_NODENAME=callstate-%d@localhost", ports[0]),
		"RABBITMQ_NODE_IP_ADDRESS=127.0.0.1", fmt.Sprint("RABBITMQ_NODE_PORT=", ports[0]), fmt.Sprint("RABBITMQ_DIST_PORT=", ports[2]),
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}",
		"RABBITMQ_MNESIA_BASE="+filepath.Join(dir, "mnesia"), "RABBITMQ_LOG_BASE="+filepath.Join(dir, "log"), "RABBITMQ_LOGS=-",
		"RABBITMQ_ENABLED_PLUGINS_FILE="+plugins, "RABBITMQ_CONFIG_FILE="+config, "RABBITMQ_CONF_ENV_FILE="+filepath.Join(dir, "none"),
	)
	// Erlang would leave its name server behind; ours ends with the test.
	names := exec.Command("epmd", "-address", "127.0.0.1", "-port", strconv.Itoa(ports[1]))
	names.Env = r.env
	require.NoError(t, names.Start())
	t.Cleanup(func() {
		_ = names.Process.Kill()
		_ = names.Wait()
	})
	r.start(t)
	t.Cleanup(r.stop)
	return r
}

func freePorts(t testing.TB, count int) (ports []int) {
	t.Helper()
	for range count {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer listener.Close()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

func (r *rabbit) start(t testing.TB) {
	t.Helper()
	r.says.Reset()
	r.running = exec.Command(rabbitMQ)
	r.running.Env, r.running.Stdout, r.running.Stderr = r.env, &r.says, &r.says
	r.running.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that nothing of it is left
	r.running.WaitDelay = 10 * time.Second
	require.NoError(t, r.running.Start())
	deadline := time.Now().Add(time.Minute)
	for {
		connection, err := amqp.Dial(r.url())
		if err == nil {
			require.NoError(t, connection.Close())
			return
		}
		require.True(t, time.Now().Before(deadline), "RabbitMQ does not start: %v", err)
		time.Sleep(50 * time.Millisecond)
	}
}

func (r *rabbit) stop() {
	if r.running == nil {
		return
	}
	_ = r.running.Process.Signal(syscall.SIGTERM)
	_ = r.running.Wait()
	_ = syscall.Kill(-r.running.Process.Pid, syscall.SIGKILL)
	r.running = nil
}

func (r *rabbit) url() string { return fmt.Sprintf("amqp://127.0.0.1:%d", r.port) }

// open is a channel of another application.
func (r *rabbit) open(t testing.TB) *amqp.Channel {
	t.Helper()
	connection, err := amqp.Dial(r.url())
	require.NoError(t, err)
	t.Cleanup(func() { connection.Close() })
	channel, err := connection.Channel()
	require.NoError(t, err)
	return channel
}

// RabbitMQ takes some seconds to start: one test has the whole story, and it is the line to it that fails.
func TestRabbitMQGetsEverythingInOrderHoweverItFails(t *testing.T) {
	records := day(900)
	r := startRabbit(t)
	way := newLine(t, fmt.Sprint("127.0.0.1:", r.port))
	c := Config{Name: "dwh", Kind: AMQP, URL: "amqp://" + way.address, Topic: "callstate", User: "guest", Secret: "guest"}
	f := publish(t, c, records[:300])

	// There is no queue: the broker returns what nobody takes.
	publisher, err := c.Connect()
	require.NoError(t, err)
	var messages []*message.Message
	for _, r := range records[:c.Window()] {
		m, err := bus.Message(r)
		require.NoError(t, err)
		messages = append(messages, m)
	}
	require.ErrorContains(t, publisher.Publish("callstate", messages...), "NO_ROUTE")
	require.NoError(t, publisher.Close())
	f.lagging(t, 0)
	_, err = r.open(t).QueueDeclare("callstate", true, false, false, false, amqp.Table{"x-queue-type": "quorum"})
	require.NoError(t, err)
	f.published(t, 300)

	for i := range 3 { // at whatever message it is
		bustest.Append(t, f.log, records[300+200*i:400+200*i])
		way.cut()
		bustest.Append(t, f.log, records[400+200*i:500+200*i])
		way.mend(t)
	}
	f.published(t, 900)

	deliveries, err := r.open(t).Consume("callstate", "", true, false, false, false, nil)
	require.NoError(t, err)
	var ids []string
	seen := map[string]bool{}
	for len(seen) < 900 {
		select {
		case d := <-deliveries:
			ids = append(ids, d.MessageId)
			seen[d.MessageId] = true
			if len(ids) == 1 {
				assert.Equal(t, "application/cloudevents+json", d.ContentType)
				assert.Equal(t, "00000000000000000001", d.Headers["sequence"])
				assert.EqualValues(t, amqp.Persistent, d.DeliveryMode)
			}
		case <-time.After(10 * time.Second):
			require.Fail(t, "no message", "after %d", len(ids))
		}
	}
	assertCallsInOrder(t, records, ids)

	c.URL, c.CAFile = fmt.Sprintf("amqps://127.0.0.1:%d", r.secure), r.caFile
	assertOnlyWhoIsVouchedFor(t, c, messages[0])
}
