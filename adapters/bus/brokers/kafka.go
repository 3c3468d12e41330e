package brokers

import (
	"strings"
	"time"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-kafka/v3/pkg/kafka"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/callstate/callstate/adapters/bus"
)

// newKafka publishes to a topic. The partition key is the message's key, so that a call is in one partition. A message
// is confirmed when all replicas in sync have it.
func newKafka(c Config) (message.Publisher, error) {
	var hosts []string
	secure := false
	for _, address := range c.addresses() {
		scheme, host, _ := strings.Cut(address, "://")
		secure = secure || scheme == "kafka+tls"
		hosts = append(hosts, strings.TrimSuffix(host, "/"))
	}
	s := kafka.DefaultSaramaSyncPublisherConfig()
	s.ClientID = "callstate-" + c.Name
	s.Version = sarama.V2_1_0_0 // the oldest that Kafka 4 speaks
	s.Producer.RequiredAcks = sarama.WaitForAll
	s.Producer.Idempotent = true
	s.Net.MaxOpenRequests = 1
	s.Net.DialTimeout, s.Net.ReadTimeout, s.Net.WriteTimeout, s.Producer.Timeout = confirmation, confirmation, confirmation, confirmation
	// A feed tries again itself.
	s.Producer.Retry.Max, s.Metadata.Retry.Max, s.Metadata.Retry.Backoff = 1, 1, 100*time.Millisecond
	s.Net.TLS.Enable = secure
	if c.User != "" {
		s.Net.SASL.Enable, s.Net.SASL.User, s.Net.SASL.Password = true, c.User, c.Secret
	}
	return kafka.NewPublisher(kafka.PublisherConfig{
		Brokers: hosts, OverwriteSaramaConfig: s,
		Marshaler: kafka.NewWithPartitioningMarshaler(func(_ string, m *message.Message) (string, error) {
			return m.Metadata.Get(bus.MetadataPartitionKey), nil
		}),
	}, watermill.NopLogger{})
}
