package brokers

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill-kafka/v3/pkg/kafka"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/callstate/callstate/adapters/bus"
)

// topic publishes to a topic of Kafka. The partition key is the message's key, so that a call is in one partition. A
// message is confirmed when all replicas in sync have it.
type topic struct {
	producer  sarama.SyncProducer
	marshaler kafka.Marshaler
}

func newKafka(c Config) (message.Publisher, error) {
	var hosts []string
	for _, address := range c.addresses() {
		_, host, _ := strings.Cut(address, "://")
		hosts = append(hosts, strings.TrimSuffix(host, "/"))
	}
	s := sarama.NewConfig()
	s.ClientID = "callstate-" + c.Name
	s.Version = sarama.V2_1_0_0 // the oldest that Kafka 4 speaks
	s.Producer.Return.Successes = true
	s.Producer.RequiredAcks = sarama.WaitForAll
	s.Producer.Idempotent = true
	s.Net.MaxOpenRequests = 1
	s.Net.DialTimeout, s.Net.ReadTimeout, s.Net.WriteTimeout, s.Producer.Timeout = confirmation, confirmation, confirmation, confirmation
	// A feed tries again itself.
	s.Producer.Retry.Max, s.Metadata.Retry.Max, s.Metadata.Retry.Backoff = 1, 1, 100*time.Millisecond
	if s.Net.TLS.Enable = c.encrypted(); s.Net.TLS.Enable {
		var err error
		if s.Net.TLS.Config, err = c.tls(); err != nil {
			return nil, err
		}
	}
	if c.User != "" {
		s.Net.SASL.Enable, s.Net.SASL.User, s.Net.SASL.Password = true, c.User, c.Secret
	}
	producer, err := sarama.NewSyncProducer(hosts, s)
	if err != nil {
		return nil, err
	}
	return &topic{producer: producer, marshaler: kafka.NewWithPartitioningMarshaler(func(_ string, m *message.Message) (string, error) {
		return m.Metadata.Get(bus.MetadataPartitionKey), nil
	})}, nil
}

// Publish implements message.Publisher.
func (t *topic) Publish(name string, messages ...*message.Message) error {
	marshalled := make([]*sarama.ProducerMessage, len(messages))
	for i, m := range messages {
		var err error
		if marshalled[i], err = t.marshaler.Marshal(name, m); err != nil {
			return err
		}
	}
	err := t.producer.SendMessages(marshalled)
	if failed, ok := errors.AsType[sarama.ProducerErrors](err); ok && len(failed) > 0 {
		return fmt.Errorf("%d of %d messages: %w", len(failed), len(messages), failed[0].Err)
	}
	return err
}

// Close implements message.Publisher.
func (t *topic) Close() error { return t.producer.Close() }
