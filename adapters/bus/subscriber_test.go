package bus_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/bus"
	"github.com/callstate/callstate/adapters/bus/bustest"
	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/domain/eventlog"
)

// writer appends watermill's test messages to the stream that the topic names.
type writer struct{ log *memory.Store }

type written struct {
	UUID     string            `json:"uuid"`
	Payload  []byte            `json:"payload"`
	Metadata map[string]string `json:"metadata"`
}

func (w writer) Publish(topic string, messages ...*message.Message) error {
	a := eventlog.StreamAppend{Stream: eventlog.Stream(topic), Expected: eventlog.Any()}
	for _, m := range messages {
		data, err := json.Marshal(written{m.UUID, m.Payload, m.Metadata})
		if err != nil {
			return err
		}
		a.Events = append(a.Events, eventlog.Event{ID: uuid.New(), Type: "Written", Version: 1, Data: data})
	}
	return w.log.Append(context.Background(), []eventlog.StreamAppend{a})
}

func (writer) Close() error { return nil }

func read(r eventlog.Record) (*message.Message, error) {
	var w written
	if err := json.Unmarshal(r.Data, &w); err != nil {
		return nil, err
	}
	m := message.NewMessage(w.UUID, w.Payload)
	m.Metadata = w.Metadata
	return m, nil
}

// inMemory is a Checkpoint that is quick.
type inMemory struct {
	mu       sync.Mutex
	position eventlog.Position
	known    bool
}

func (c *inMemory) Load(context.Context) (eventlog.Position, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.position, c.known, nil
}

func (c *inMemory) Save(_ context.Context, position eventlog.Position) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.position, c.known = max(c.position, position), true
	return nil
}

// groups are checkpoints by group and topic.
type groups struct{ all sync.Map }

func (g *groups) of(group string) func(topic string) bus.Checkpoint {
	return func(topic string) bus.Checkpoint {
		c, _ := g.all.LoadOrStore(group+"/"+topic, &inMemory{})
		return c.(*inMemory)
	}
}

// What watermill asks of every Pub/Sub.
func TestSubscriberIsAPubSubOfWatermill(t *testing.T) {
	features := tests.Features{
		GuaranteedOrder: true, Persistent: true, ForceShort: testing.Short() || raceDetector, // whose thousands of messages would take it a minute
		GenerateTopicFunc: func(c tests.TestContext) string { return "call-" + string(c.TestID) },
	}
	t.Run("with checkpoints", func(t *testing.T) {
		log, checkpoints := filled(t, nil), &groups{}
		features := features
		features.ConsumerGroups = true
		in := func(t *testing.T, group string) (message.Publisher, message.Subscriber) {
			return writer{log}, bus.NewSubscriber(log, bus.SubscriberConfig{Checkpoints: checkpoints.of(group), Message: read})
		}
		tests.TestPubSub(t, features, func(t *testing.T) (message.Publisher, message.Subscriber) { return in(t, "one") }, in)
	})
	t.Run("always from the start", func(t *testing.T) {
		log := filled(t, nil)
		features := features
		features.NewSubscriberReceivesOldMessages = true
		tests.TestPubSub(t, features, func(t *testing.T) (message.Publisher, message.Subscriber) {
			return writer{log}, bus.NewSubscriber(log, bus.SubscriberConfig{Message: read})
		}, nil)
	})
}

// take acks so many messages, and returns their ids.
func take(t *testing.T, messages <-chan *message.Message, count int) (ids []string) {
	t.Helper()
	for range count {
		select {
		case m, open := <-messages:
			require.True(t, open, "closed after %d messages", len(ids))
			ids = append(ids, m.UUID)
			m.Ack()
		case <-time.After(10 * time.Second):
			require.Fail(t, "no message", "after %d", len(ids))
		}
	}
	return ids
}

func TestSubscriberDeliversATopicInTheOrderOfTheLog(t *testing.T) {
	records := day(400)
	log := filled(t, records[:300])
	last := records[299].Stream
	for topic, want := range map[string]func(eventlog.Record) bool{
		"all":           func(eventlog.Record) bool { return true },
		"call":          func(r eventlog.Record) bool { return r.Stream.Kind() == "call" },
		"PartyAlerting": func(r eventlog.Record) bool { return r.Type == "PartyAlerting" },
		string(last):    func(r eventlog.Record) bool { return r.Stream == last },
	} {
		t.Run(topic, func(t *testing.T) {
			var selected []eventlog.Record
			for _, r := range records[:300] {
				if want(r) {
					selected = append(selected, r)
				}
			}
			s := bus.NewSubscriber(log, bus.SubscriberConfig{})
			defer s.Close()
			messages, err := s.Subscribe(t.Context(), topic)
			require.NoError(t, err)
			assert.Equal(t, idsOf(selected), take(t, messages, len(selected)))
		})
	}
	t.Run("and what comes later", func(t *testing.T) {
		s := bus.NewSubscriber(log, bus.SubscriberConfig{After: 290})
		defer s.Close()
		messages, err := s.Subscribe(t.Context(), "all")
		require.NoError(t, err)
		assert.Equal(t, idsOf(records[290:300]), take(t, messages, 10))
		for i := range 100 {
			bustest.Append(t, log, records[300+i:301+i])
			assert.Equal(t, idsOf(records[300+i:301+i]), take(t, messages, 1))
		}
	})
	t.Run("but no topic that cannot be", func(t *testing.T) {
		for _, topic := range []string{"", "calls", "call-", "agents-1001", "partyAlerting"} {
			_, err := bus.NewSubscriber(log, bus.SubscriberConfig{}).Subscribe(t.Context(), topic)
			assert.ErrorContains(t, err, fmt.Sprintf("%q is none of", topic))
		}
	})
}

func TestAckMovesTheCheckpointAndNackDoesNot(t *testing.T) {
	records := day(20)
	log, dir := filled(t, records), t.TempDir()
	c := bus.SubscriberConfig{Checkpoints: func(topic string) bus.Checkpoint { return bus.File(filepath.Join(dir, topic)) }}
	first := bus.NewSubscriber(log, c)
	messages, err := first.Subscribe(t.Context(), "all")
	require.NoError(t, err)
	assert.Equal(t, idsOf(records[:7]), take(t, messages, 7))
	for range 3 {
		m := <-messages
		assert.Equal(t, records[7].ID.String(), m.UUID)
		m.Nack()
	}
	m := <-messages
	assert.Equal(t, records[7].ID.String(), m.UUID, "it is not acked yet, and the application ends")
	require.NoError(t, first.Close())
	assert.Error(t, m.Context().Err())
	_, open := <-messages
	assert.False(t, open)
	_, err = first.Subscribe(t.Context(), "all")
	assert.ErrorIs(t, err, bus.ErrClosed)
	require.NoError(t, first.Close(), "closing it again does nothing")

	second := bus.NewSubscriber(log, c)
	defer second.Close()
	messages, err = second.Subscribe(t.Context(), "all")
	require.NoError(t, err)
	assert.Equal(t, idsOf(records[7:]), take(t, messages, 13))
	other, err := second.Subscribe(t.Context(), "call")
	require.NoError(t, err)
	assert.NotEmpty(t, take(t, other, 1), "another topic has a checkpoint of its own")
}

func TestASubscriptionEndsWithTheLog(t *testing.T) {
	log := filled(t, nil)
	s := bus.NewSubscriber(log, bus.SubscriberConfig{})
	messages, err := s.Subscribe(t.Context(), "all")
	require.NoError(t, err)
	require.NoError(t, log.Close())
	_, open := <-messages
	assert.False(t, open)
	require.NoError(t, s.Close())
}
