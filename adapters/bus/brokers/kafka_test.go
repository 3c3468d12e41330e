package brokers

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"github.com/callstate/callstate/adapters/bus/bustest"
)

// cluster is a Kafka cluster in this process: kfake speaks its protocol, and keeps what it was told in a folder.
type cluster struct {
	*kfake.Cluster
	options []kfake.Opt
}

const partitions = 4

func startKafka(t testing.TB, options ...kfake.Opt) *cluster {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := free.Addr().(*net.TCPAddr).Port
	require.NoError(t, free.Close())
	c := &cluster{options: append([]kfake.Opt{
		kfake.NumBrokers(1), kfake.Ports(port), kfake.DataDir(t.TempDir()), kfake.SyncWrites(), kfake.SeedTopics(partitions, "callstate.events"),
	}, options...)}
	c.start(t)
	t.Cleanup(func() { c.Close() })
	return c
}

func (c *cluster) start(t testing.TB) {
	t.Helper()
	var err error
	c.Cluster, err = kfake.NewCluster(c.options...)
	require.NoError(t, err)
}

func (c *cluster) url() string { return "kafka://" + strings.Join(c.ListenAddrs(), ",kafka://") }

// consumed is what is in the topic, by key, until every id is there; messages are the messages of all partitions.
func (c *cluster) consumed(t *testing.T, ids []string, options ...kgo.Opt) (byKey map[string][]string, messages []*kgo.Record) {
	t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics("callstate.events"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())}, options...)...)
	require.NoError(t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	missing := map[string]bool{}
	for _, id := range ids {
		missing[id] = true
	}
	byKey = map[string][]string{}
	for len(missing) > 0 {
		fetches := client.PollFetches(ctx)
		require.NoError(t, fetches.Err0(), "%d are missing", len(missing))
		fetches.EachRecord(func(r *kgo.Record) {
			id := header(r, "_watermill_message_uuid")
			delete(missing, id)
			byKey[string(r.Key)] = append(byKey[string(r.Key)], id)
			messages = append(messages, r)
		})
	}
	return byKey, messages
}

func header(r *kgo.Record, key string) string {
	for _, h := range r.Headers {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

func TestKafkaHasEveryCallInOnePartitionInOrder(t *testing.T) {
	records := day(400)
	k := startKafka(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "callstate", "secret"))
	f := publish(t, Config{Name: "lake", Kind: Kafka, URL: k.url(), Topic: "callstate.events", User: "callstate", Secret: "secret"}, records)
	f.published(t, 400)
	byKey, messages := k.consumed(t, idsOf(records), kgo.SASL(plain.Auth{User: "callstate", Pass: "secret"}.AsMechanism()))
	assert.Equal(t, byKeyOf(records), byKey)
	partition, used := map[string]int32{}, map[int32]bool{}
	for _, m := range messages {
		if p, ok := partition[string(m.Key)]; ok {
			require.Equal(t, p, m.Partition)
		}
		partition[string(m.Key)] = m.Partition
		used[m.Partition] = true
		assert.Equal(t, "application/cloudevents+json", header(m, "content-type"))
	}
	assert.Len(t, used, partitions)
}

func TestKafkaThatGoesDownAndComesBack(t *testing.T) {
	records := day(600)
	k := startKafka(t)
	f := publish(t, Config{Name: "lake", Kind: Kafka, URL: k.url(), Topic: "callstate.events"}, records[:200])
	f.published(t, 100)
	for i := range 2 { // at whatever message it is
		k.Close()
		bustest.Append(t, f.log, records[200*(i+1):200*(i+2)])
		k.start(t)
	}
	f.published(t, 600)
	byKey, _ := k.consumed(t, idsOf(records))
	for key, ids := range byKeyOf(records) {
		assert.Equal(t, ids, bustest.Settled(t, byKey[key]))
	}
}
