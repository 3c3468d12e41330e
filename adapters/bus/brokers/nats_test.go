package brokers

import (
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/bus/bustest"
)

// natsServer is a real NATS server in this process, with JetStream in a folder, that can go down and come back.
type natsServer struct {
	*server.Server
	options server.Options
}

func startNATS(t testing.TB, change ...func(*server.Options)) *natsServer {
	t.Helper()
	s := &natsServer{options: server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true}}
	for _, f := range change {
		f(&s.options)
	}
	s.start(t)
	t.Cleanup(s.stop)
	return s
}

func (s *natsServer) start(t testing.TB) {
	t.Helper()
	options := s.options
	var err error
	s.Server, err = server.NewServer(&options)
	require.NoError(t, err)
	go s.Start()
	require.True(t, s.ReadyForConnections(10*time.Second))
	s.options.Port = s.Addr().(*net.TCPAddr).Port // the same when it comes back
}

func (s *natsServer) stop() {
	s.Shutdown()
	s.WaitForShutdown()
}

// connect is JetStream as another application sees it.
func (s *natsServer) connect(t testing.TB, options ...nats.Option) nats.JetStreamContext {
	t.Helper()
	conn, err := nats.Connect(s.ClientURL(), options...)
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	js, err := conn.JetStream()
	require.NoError(t, err)
	return js
}

func addStream(t testing.TB, js nats.JetStreamContext) {
	t.Helper()
	_, err := js.AddStream(&nats.StreamConfig{Name: "CALLS", Subjects: []string{"callstate.>"}, Storage: nats.FileStorage})
	require.NoError(t, err)
}

// stored is what is in the stream, in its order.
func stored(t *testing.T, js nats.JetStreamContext, count int) (messages []*nats.Msg) {
	t.Helper()
	subscription, err := js.SubscribeSync("callstate.events", nats.OrderedConsumer())
	require.NoError(t, err)
	for range count {
		m, err := subscription.NextMsg(5 * time.Second)
		require.NoError(t, err)
		messages = append(messages, m)
	}
	_, err = subscription.NextMsg(50 * time.Millisecond)
	require.ErrorIs(t, err, nats.ErrTimeout, "there is one more")
	return messages
}

func idsIn(messages []*nats.Msg) (ids []string) {
	for _, m := range messages {
		ids = append(ids, m.Header.Get(nats.MsgIdHdr))
	}
	return ids
}

func TestNATSGetsEveryEventOnceInOrder(t *testing.T) {
	records := day(500)
	s := startNATS(t, func(o *server.Options) { o.Username, o.Password = "callstate", "secret" })
	js := s.connect(t, nats.UserInfo("callstate", "secret"))
	addStream(t, js)
	c := Config{Name: "erp", Kind: NATS, URL: s.ClientURL(), Topic: "callstate.events", User: "callstate", Secret: "secret"}
	publish(t, c, records).published(t, 500)
	publish(t, c, records).published(t, 500) // a second engine without a checkpoint
	messages := stored(t, js, 500)
	assert.Len(t, messages, 500, "JetStream knows again what it was sent twice")
	assertCallsInOrder(t, records, idsIn(messages))
	first := messages[0]
	assert.Equal(t, "application/cloudevents+json", first.Header.Get("content-type"))
	assert.Equal(t, records[0].Stream.ID(), first.Header.Get("partitionkey"))
	assert.Equal(t, "00000000000000000001", first.Header.Get("sequence"))
	assert.Contains(t, string(first.Data), `"specversion":"1.0"`)
}

func TestNATSGetsEverythingInTheOrderOfTheLogWhereThatIsAskedFor(t *testing.T) {
	records := day(300)
	s := startNATS(t)
	js := s.connect(t)
	addStream(t, js)
	publish(t, Config{Name: "erp", Kind: NATS, URL: s.ClientURL(), Topic: "callstate.events", LogOrder: true}, records).published(t, 300)
	assert.Equal(t, idsOf(records), idsIn(stored(t, js, 300)))
}

func TestNATSThatIsDownWhenTheFeedBegins(t *testing.T) {
	records := day(200)
	s := startNATS(t)
	s.stop()
	f := publish(t, Config{Name: "erp", Kind: NATS, URL: s.ClientURL(), Topic: "callstate.events"}, records)
	f.lagging(t, 0)
	s.start(t)
	js := s.connect(t)
	f.lagging(t, 0) // nobody takes the subject yet
	addStream(t, js)
	f.published(t, 200)
	assertCallsInOrder(t, records, idsIn(stored(t, js, 200)))
}

func TestNATSThatGoesDownAndComesBack(t *testing.T) {
	records := day(1500)
	s := startNATS(t)
	addStream(t, s.connect(t))
	f := publish(t, Config{Name: "erp", Kind: NATS, URL: s.ClientURL(), Topic: "callstate.events"}, records[:500])
	for i := range 3 { // at whatever message it is
		s.stop()
		bustest.Append(t, f.log, records[500+300*i:800+300*i])
		s.start(t)
	}
	s.stop()
	bustest.Append(t, f.log, records[1400:])
	s.start(t)
	f.published(t, 1500)
	assertCallsInOrder(t, records, idsIn(stored(t, s.connect(t), 1500)))
}
