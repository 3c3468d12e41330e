package brokers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/callstate/callstate/adapters/bus"
	amqp "github.com/rabbitmq/amqp091-go"
)

// queue publishes to a queue of an AMQP 0-9-1 broker (RabbitMQ), by way of the default exchange. The queue must be there:
// of what kind it is, and how long it may become, is not ours to decide.
//
// It is not that of watermill-amqp (v3.0.0), which takes for confirmed what no queue took (the broker returns and then
// acknowledges such a message), and waits for a confirmation longer than its context lives.
type queue struct {
	connection *amqp.Connection
	channel    *amqp.Channel
	returned   <-chan amqp.Return
}

// newAMQP connects to one of the brokers.
func newAMQP(c Config) (message.Publisher, error) {
	var failed []error
	for _, address := range c.addresses() {
		q, err := openQueue(c, address)
		if err == nil {
			return q, nil
		}
		failed = append(failed, err)
	}
	return nil, errors.Join(failed...)
}

func openQueue(c Config, address string) (*queue, error) {
	config := amqp.Config{
		Heartbeat: confirmation, Locale: "en_US", Dial: amqp.DefaultDial(confirmation),
		Properties: amqp.Table{"product": "callstate", "connection_name": "callstate " + c.Name},
	}
	if c.encrypted() {
		var err error
		if config.TLSClientConfig, err = c.tls(); err != nil {
			return nil, err
		}
	}
	if c.User != "" {
		config.SASL = []amqp.Authentication{&amqp.PlainAuth{Username: c.User, Password: c.Secret}}
	}
	connection, err := amqp.DialConfig(address, config)
	if err != nil {
		return nil, err
	}
	channel, err := connection.Channel()
	if err == nil {
		err = channel.Confirm(false)
	}
	if err != nil {
		return nil, errors.Join(err, connection.Close())
	}
	return &queue{connection: connection, channel: channel, returned: channel.NotifyReturn(make(chan amqp.Return, window))}, nil
}

// Publish implements message.Publisher.
func (q *queue) Publish(topic string, messages ...*message.Message) error {
	for batch := range slices.Chunk(messages, window) { // the most that can be returned at once
		if err := q.publish(topic, batch); err != nil {
			return err
		}
	}
	return nil
}

func (q *queue) publish(topic string, messages []*message.Message) error {
	ctx, cancel := context.WithTimeout(messages[0].Context(), confirmation)
	defer cancel()
	confirming := make([]*amqp.DeferredConfirmation, len(messages))
	for i, m := range messages {
		headers := amqp.Table{}
		for key, value := range m.Metadata {
			headers[key] = value
		}
		const mandatory, immediate = true, false
		var err error
		confirming[i], err = q.channel.PublishWithDeferredConfirmWithContext(ctx, "", topic, mandatory, immediate, amqp.Publishing{
			ContentType: m.Metadata.Get(bus.MetadataContentType), MessageId: m.UUID, Type: m.Metadata.Get(bus.MetadataType),
			AppId: "callstate", Timestamp: time.Now(), DeliveryMode: amqp.Persistent, Headers: headers, Body: m.Payload,
		})
		if err != nil {
			return err
		}
	}
	for _, c := range confirming {
		confirmed, err := c.WaitContext(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("no confirmation: %w", err)
		case !confirmed:
			return errors.New("the broker did not take the message")
		}
	}
	select {
	case r := <-q.returned: // the broker sends it before the confirmation
		return fmt.Errorf("queue %s: %s", topic, r.ReplyText)
	default:
		return nil
	}
}

// Close implements message.Publisher.
func (q *queue) Close() error {
	if err := q.connection.CloseDeadline(time.Now().Add(time.Second)); err != nil && !errors.Is(err, amqp.ErrClosed) {
		return err
	}
	return nil
}
