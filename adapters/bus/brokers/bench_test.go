package brokers

import (
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/projections/projectiontest"
)

// BenchmarkFeed is how fast a broker on this machine is given what a log has, with many messages of different calls on
// their way, and one after the other.
func BenchmarkFeed(b *testing.B) {
	const events = 2000
	for name, begin := range map[string]func(*testing.B) Config{
		NATS: func(b *testing.B) Config {
			s := startNATS(b)
			addStream(b, s.connect(b))
			return Config{Kind: NATS, URL: s.ClientURL(), Topic: "callstate.events"}
		},
		Kafka: func(b *testing.B) Config {
			return Config{Kind: Kafka, URL: startKafka(b).url(), Topic: "callstate.events"}
		},
		AMQP: func(b *testing.B) Config {
			r := startRabbit(b)
			_, err := r.open(b).QueueDeclare("callstate", true, false, false, false, amqp.Table{"x-queue-type": "quorum"})
			require.NoError(b, err)
			return Config{Kind: AMQP, URL: r.url(), Topic: "callstate", User: "guest", Secret: "guest"}
		},
	} {
		b.Run("broker="+name, func(b *testing.B) {
			c, seed := begin(b), uint64(0)
			for order, inLogOrder := range map[string]bool{"call": false, "log": true} {
				c.Name, c.LogOrder = order, inLogOrder
				b.Run("order="+order, func(b *testing.B) {
					for b.Loop() {
						b.StopTimer()
						seed++ // JetStream would know the events of another round again
						records := projectiontest.Day(seed, projectiontest.DayOptions{Agents: 20, Events: events}).Records()[:events]
						b.StartTimer()
						f := publish(b, c, records)
						f.published(b, events)
						b.StopTimer()
						f.stop()
						b.StartTimer()
					}
					b.ReportMetric(float64(b.N*events)/b.Elapsed().Seconds(), "events/s")
				})
			}
		})
	}
}
