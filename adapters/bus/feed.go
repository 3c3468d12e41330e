package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections"
)

const (
	// runLength is how many records a feed takes at once. The checkpoint is saved after each run, and told to who asks.
	runLength = 256
	// passedOver is after how many positions of which nothing was published the checkpoint is saved nevertheless.
	passedOver = 10000

	firstWait   = 100 * time.Millisecond
	longestWait = 30 * time.Second
	// logAgain is how often a broker that is still down is logged.
	logAgain = 5 * time.Minute
)

// FeedConfig is what a Feed publishes, and where to.
type FeedConfig struct {
	Name  string   // the projection is "bus-" and this
	Topic string   // of the messages
	Kinds []string // what to publish: kinds of streams ("call"), names of events, streams; none: everything
	// FromNow is that of a feed that has no checkpoint yet only what happens from now on is published.
	FromNow bool
	// Checkpoint is the feed's own, in no other use.
	Checkpoint Checkpoint
	// Connect opens the way to the broker. It is called again after each failure, when the old publisher is closed. Its
	// Publish returns when the broker has confirmed all the messages; after an error nobody knows which of them it has.
	Connect func() (message.Publisher, error)
	// Window is how many messages are published at once, at most. They are of different streams: of one stream each is
	// published when the one before it is confirmed. 0 and 1 publish one after the other, in the order of the log.
	Window int
	Logger *slog.Logger // nil discards
}

// Feed is a projection that publishes events to a broker: at least once, and those of one stream in the order of the log;
// all of them in that order where the window is 1. Of one stream each message is published when the one before it is
// confirmed: a broker that takes the second of two and fails at the first would turn them around. A broker that fails is
// tried again, for as long as it takes, with waits from a tenth of a second to half a minute; no event is passed over.
type Feed struct {
	config    FeedConfig
	selected  selection
	log       eventlog.Ends
	publisher message.Publisher // nil: not connected

	failing  atomic.Bool       // the last attempt to publish failed
	position atomic.Uint64     // published up to here
	saved    eventlog.Position // in the checkpoint
	behind   bool              // something was published since
}

var (
	_ projections.Projection = (*Feed)(nil)
	_ projections.Paced      = (*Feed)(nil)
)

// OpenFeed returns the feed of a log. It does not connect yet.
func OpenFeed(ctx context.Context, log eventlog.Ends, c FeedConfig) (*Feed, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	f := &Feed{config: c, log: log}
	var err error
	if f.selected, err = selectRecords(c.Kinds...); err != nil {
		return nil, fmt.Errorf("%s: kinds: %w", f.Name(), err)
	}
	position, known, err := c.Checkpoint.Load(ctx)
	if err == nil && !known && c.FromNow {
		if position, err = log.End(ctx); err == nil {
			err = c.Checkpoint.Save(ctx, position)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	f.position.Store(uint64(position))
	f.saved = position
	return f, nil
}

// Name implements projections.Projection.
func (f *Feed) Name() string { return "bus-" + f.config.Name }

// Failing reports whether the broker took no messages when it was last given some.
func (f *Feed) Failing() bool { return f.failing.Load() }

// RunLength implements projections.Paced. The more records there are, the more of them are of different streams.
func (f *Feed) RunLength() int {
	if f.config.Window > 1 {
		return 4 * runLength
	}
	return runLength
}

// Position implements projections.Projection: all that was to be published up to there is confirmed. A position that the
// log has not reached is an error: the feed is of another log, or the log is an older copy, whose next events would be
// taken for published.
func (f *Feed) Position(ctx context.Context) (eventlog.Position, error) {
	position := eventlog.Position(f.position.Load())
	end, err := f.log.End(ctx)
	if err == nil && position > end {
		err = fmt.Errorf("the checkpoint is at position %d, but the log ends at %d: it is not the log that was published; without the checkpoint all of it is", position, end)
	}
	return position, err
}

// outgoing is a record's message.
type outgoing struct {
	stream   eventlog.Stream
	position eventlog.Position
	message  *message.Message
}

// Apply implements projections.Projection. It returns when everything is published, or when ctx is done.
func (f *Feed) Apply(ctx context.Context, records []eventlog.Record) error {
	pending, poison := f.pending(ctx, records)
	if poison != nil {
		records = records[:slices.IndexFunc(records, func(r eventlog.Record) bool { return r.Position == poison.Position })]
	}
	confirmed := 0 // of records: all up to there
	for len(pending) > 0 {
		now, later := nextWave(pending, f.config.Window)
		if err := f.publish(ctx, now); err != nil {
			return errors.Join(err, f.save(ctx))
		}
		f.behind = true
		for pending = later; confirmed < len(records) && (len(later) == 0 || records[confirmed].Position < later[0].position); confirmed++ {
			f.position.Store(uint64(records[confirmed].Position))
		}
	}
	if poison != nil {
		return errors.Join(poison, f.save(ctx))
	}
	f.position.Store(uint64(records[len(records)-1].Position))
	return f.save(ctx)
}

// pending is what is to be published of records, up to the first of which no message can be made.
func (f *Feed) pending(ctx context.Context, records []eventlog.Record) (pending []outgoing, poison *projections.PoisonError) {
	for _, r := range records {
		if !f.selected(r) {
			continue
		}
		m, err := Message(r)
		if err != nil {
			return pending, &projections.PoisonError{Position: r.Position, Stream: r.Stream, Revision: r.Revision, Err: err}
		}
		m.SetContext(ctx)
		pending = append(pending, outgoing{r.Stream, r.Position, m})
	}
	return pending, nil
}

// nextWave is what of pending may be published at once: the first message of each stream, up to a limit. later is the
// rest, in its order.
func nextWave(pending []outgoing, limit int) (now, later []outgoing) {
	if limit <= 1 {
		return pending[:1], pending[1:]
	}
	streams := map[eventlog.Stream]bool{}
	for _, o := range pending {
		if len(now) == limit || streams[o.stream] {
			later = append(later, o)
			continue
		}
		streams[o.stream] = true
		now = append(now, o)
	}
	return now, later
}

// save moves the checkpoint up to what is confirmed. That goes on when ctx is done.
func (f *Feed) save(ctx context.Context) error {
	position := eventlog.Position(f.position.Load())
	if !f.behind && position < f.saved+passedOver {
		return nil
	}
	if err := f.config.Checkpoint.Save(context.WithoutCancel(ctx), position); err != nil {
		return err
	}
	f.saved, f.behind = position, false
	return nil
}

// publish returns when the broker has confirmed the messages.
func (f *Feed) publish(ctx context.Context, wave []outgoing) error {
	messages := make([]*message.Message, len(wave))
	for i, o := range wave {
		messages[i] = o.message
	}
	position := uint64(wave[0].position)
	var logged time.Time
	down := time.Now()
	for wait := firstWait; ; wait = min(2*wait, longestWait) {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := f.attempt(messages)
		f.failing.Store(err != nil)
		if err == nil {
			if !logged.IsZero() {
				f.config.Logger.Info("broker takes messages again", "bus", f.config.Name, "position", position, "after", time.Since(down).Round(time.Second))
			}
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Since(logged) >= logAgain {
			logged = time.Now()
			f.config.Logger.Warn("broker takes no messages; trying again", "bus", f.config.Name, "position", position, "err", err)
		}
		if err := f.save(ctx); err != nil {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

// attempt tries to publish messages once. After a failure the connection is given up: what it still holds is not to be
// sent behind later messages.
func (f *Feed) attempt(messages []*message.Message) (err error) {
	if f.publisher == nil {
		if f.publisher, err = f.config.Connect(); err != nil {
			f.publisher = nil
			return err
		}
	}
	if err := f.publisher.Publish(f.config.Topic, messages...); err != nil {
		return errors.Join(err, f.Close())
	}
	return nil
}

// Close gives up the connection to the broker. It is not called while Apply runs.
func (f *Feed) Close() error {
	if f.publisher == nil {
		return nil
	}
	publisher := f.publisher
	f.publisher = nil
	return publisher.Close()
}
