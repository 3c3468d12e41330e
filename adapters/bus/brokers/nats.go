package brokers

import (
	"github.com/ThreeDotsLabs/watermill"
	watermillnats "github.com/ThreeDotsLabs/watermill-nats/v2/pkg/nats"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"
)

// newNATS publishes to a JetStream stream that takes the topic as a subject. The stream must be there: how long it keeps
// messages, and how many copies, is not ours to decide. A message that is sent again within the stream's duplicate
// window is stored once.
func newNATS(c Config) (message.Publisher, error) {
	options := []nats.Option{
		nats.Name("callstate " + c.Name),
		nats.Timeout(confirmation),
		// A feed connects anew itself. A client that did would keep messages back, and send them later.
		nats.NoReconnect(),
	}
	switch {
	case c.User != "":
		options = append(options, nats.UserInfo(c.User, c.Secret))
	case c.Secret != "":
		options = append(options, nats.Token(c.Secret))
	}
	return watermillnats.NewPublisher(watermillnats.PublisherConfig{
		URL: c.URL, NatsOptions: options, Marshaler: &watermillnats.NATSMarshaler{},
		JetStream: watermillnats.JetStreamConfig{
			TrackMsgId:     true,
			ConnectOptions: []nats.JSOpt{nats.MaxWait(confirmation)},
		},
	}, watermill.NopLogger{})
}
