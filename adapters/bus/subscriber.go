package bus

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/callstate/callstate/domain/eventlog"
)

// ErrClosed: the Subscriber has been closed.
var ErrClosed = errors.New("bus: subscriber is closed")

// SubscriberConfig is where a Subscriber begins, and what it delivers. The zero value delivers the whole log with each
// Subscribe.
type SubscriberConfig struct {
	// Checkpoints gives the checkpoint of a topic: a subscription goes on behind it, and each ack moves it. A set of
	// checkpoints is what brokers call a consumer group. nil: each subscription begins at After.
	Checkpoints func(topic string) Checkpoint
	// After is the position behind which a subscription begins that has no checkpoint yet.
	After eventlog.Position
	// Message makes the message of a record; nil: Message.
	Message func(eventlog.Record) (*message.Message, error)
	Logger  *slog.Logger // nil discards
}

// Subscriber is an event log as a message.Subscriber of watermill. A topic is "all", the kind of a stream ("call"), the
// name of an event ("PartyAlerting") or a stream ("agent-1001").
//
// Each subscription gets every record of its topic, in the order of the log, the next one when the one before it is
// acked. A nack delivers the same record again; so does a new subscription, when it was not acked. Two subscriptions
// with the same checkpoint do not share the work: each gets everything.
type Subscriber struct {
	log    eventlog.Subscriber
	config SubscriberConfig

	mu            sync.Mutex
	closed        bool
	closing       chan struct{}
	subscriptions sync.WaitGroup
}

var _ message.Subscriber = (*Subscriber)(nil)

// NewSubscriber returns a Subscriber of a log.
func NewSubscriber(log eventlog.Subscriber, c SubscriberConfig) *Subscriber {
	if c.Message == nil {
		c.Message = Message
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Subscriber{log: log, config: c, closing: make(chan struct{})}
}

// Subscribe implements message.Subscriber. The channel is closed when ctx is done, when the Subscriber is closed, and,
// with the reason logged, when the log or the checkpoint fails.
func (s *Subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	selected, err := selectRecords(topic)
	if err != nil {
		return nil, err
	}
	d := delivery{config: s.config, selected: selected, after: s.config.After, out: make(chan *message.Message)}
	if s.config.Checkpoints != nil {
		d.checkpoint = s.config.Checkpoints(topic)
		position, known, err := d.checkpoint.Load(ctx)
		if err != nil {
			return nil, err
		}
		if known {
			d.after = position
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	// watermill's contract is a channel: the subscription lives until ctx is done or Close has waited for it.
	ctx, cancel := context.WithCancel(ctx)
	s.subscriptions.Go(func() {
		defer cancel()
		defer close(d.out)
		if err := d.run(ctx, s.log); err != nil && ctx.Err() == nil && !errors.Is(err, eventlog.ErrClosed) {
			s.config.Logger.Error("subscription has ended", "topic", topic, "err", err)
		}
	})
	s.subscriptions.Go(func() {
		select {
		case <-s.closing:
			cancel()
		case <-ctx.Done():
		}
	})
	return d.out, nil
}

// Close ends all subscriptions, and returns when their channels are closed. It may be called again.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.closing)
	}
	s.mu.Unlock()
	s.subscriptions.Wait()
	return nil
}

// delivery is one subscription.
type delivery struct {
	config     SubscriberConfig
	selected   selection
	after      eventlog.Position
	checkpoint Checkpoint // nil: none
	out        chan *message.Message
}

func (d *delivery) run(ctx context.Context, log eventlog.Subscriber) error {
	for record, err := range log.Subscribe(ctx, d.after) {
		if err != nil {
			return err
		}
		if !d.selected(record) {
			continue
		}
		for acked := false; !acked; {
			if acked, err = d.deliver(ctx, record); err != nil {
				return err
			}
		}
		if d.checkpoint != nil {
			if err := d.checkpoint.Save(context.WithoutCancel(ctx), record.Position); err != nil {
				return err
			}
		}
	}
	return nil
}

// deliver offers a record once, and reports whether it was acked.
func (d *delivery) deliver(ctx context.Context, r eventlog.Record) (acked bool, err error) {
	m, err := d.config.Message(r)
	if err != nil {
		return false, err
	}
	delivering, cancel := context.WithCancel(ctx)
	defer cancel()
	m.SetContext(delivering)
	select {
	case d.out <- m:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	select {
	case <-m.Acked():
		return true, nil
	case <-m.Nacked():
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}
