package brokers

import (
	"context"
	"fmt"

	watermillnats "github.com/ThreeDotsLabs/watermill-nats/v2/pkg/nats"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"
)

// subject publishes to a JetStream stream that takes the topic as a subject. The stream must be there: how long it keeps
// messages, and how many copies, is not ours to decide. A message that is sent again within the stream's duplicate
// window is stored once.
type subject struct {
	connection *nats.Conn
	js         nats.JetStreamContext
	marshaler  watermillnats.NATSMarshaler
}

func newNATS(c Config) (message.Publisher, error) {
	options := []nats.Option{
		nats.Name("callstate " + c.Name),
		nats.Timeout(confirmation),
		// A feed connects anew itself. A client that did would keep messages back, and send them later.
		nats.NoReconnect(),
	}
	if c.encrypted() {
		secure, err := c.tls()
		if err != nil {
			return nil, err
		}
		options = append(options, nats.Secure(secure))
	}
	switch {
	case c.User != "":
		options = append(options, nats.UserInfo(c.User, c.Secret))
	case c.Secret != "":
		options = append(options, nats.Token(c.Secret))
	}
	connection, err := nats.Connect(c.URL, options...)
	if err != nil {
		return nil, err
	}
	js, err := connection.JetStream(nats.PublishAsyncMaxPending(window))
	if err != nil {
		connection.Close()
		return nil, err
	}
	return &subject{connection: connection, js: js}, nil
}

// Publish implements message.Publisher.
func (s *subject) Publish(name string, messages ...*message.Message) error {
	confirmations := make([]nats.PubAckFuture, len(messages))
	for i, m := range messages {
		marshalled, err := s.marshaler.Marshal(name, m)
		if err != nil {
			return err
		}
		if confirmations[i], err = s.js.PublishMsgAsync(marshalled, nats.MsgId(m.UUID), nats.RetryAttempts(0)); err != nil {
			return err
		}
	}
	for i, m := range messages {
		if err := confirmed(m.Context(), confirmations[i]); err != nil {
			return fmt.Errorf("no confirmation: %w", err)
		}
	}
	return nil
}

// confirmed waits for a confirmation.
func confirmed(ctx context.Context, confirming nats.PubAckFuture) error {
	ctx, cancel := context.WithTimeout(ctx, confirmation)
	defer cancel()
	select {
	case <-confirming.Ok():
		return nil
	case err := <-confirming.Err():
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close implements message.Publisher.
func (s *subject) Close() error {
	s.connection.Close()
	return nil
}
