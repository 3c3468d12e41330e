package bus_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/bus"
	"github.com/callstate/callstate/adapters/bus/bustest"
	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/projectiontest"
)

// broker is a broker in memory that is down at will.
type broker struct {
	mu        sync.Mutex
	messages  []*message.Message
	topics    map[string]bool
	connected int
	open      int                    // connections
	down      error                  // nothing is taken
	fail      func(taken int) error  // asked for each message
	lost      func(taken int) bool   // the message is taken, its confirmation is lost
	took      func(*message.Message) // told of each message
	refuses   func(*message.Message) bool
	published int // calls of Publish
	largest   int // the most messages that one of them had
}

var errDown = errors.New("broker is down")

func (b *broker) connect() (message.Publisher, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.connected++
	if b.down != nil {
		return nil, b.down
	}
	b.open++
	return &connection{broker: b}, nil
}

func (b *broker) setDown(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = err
}

func (b *broker) ids() (ids []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.messages {
		ids = append(ids, m.UUID)
	}
	return ids
}

type connection struct {
	*broker
	closed bool
}

func (c *connection) Publish(topic string, messages ...*message.Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.published++
	c.largest = max(c.largest, len(messages))
	var refused error
	for _, m := range messages {
		if c.refuses != nil && c.refuses(m) {
			refused = errors.New("refused") // but those behind it are taken
			continue
		}
		switch {
		case c.closed:
			return errors.New("published on a closed connection")
		case c.down != nil:
			return c.down
		}
		if c.fail != nil {
			if err := c.fail(len(c.messages)); err != nil {
				return err
			}
		}
		if c.topics == nil {
			c.topics = map[string]bool{}
		}
		c.topics[topic] = true
		c.messages = append(c.messages, m)
		if c.took != nil {
			c.took(m)
		}
		if c.lost != nil && c.lost(len(c.messages)) {
			return errors.New("no confirmation")
		}
	}
	return refused
}

func (c *connection) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.closed = true
		c.open--
	}
	return nil
}

func day(events int) []eventlog.Record {
	return projectiontest.Day(1, projectiontest.DayOptions{Agents: 20, Events: events}).Records()[:events]
}

// filled is a log with records in it.
func filled(t *testing.T, records []eventlog.Record) *memory.Store {
	log := memory.New()
	t.Cleanup(func() { log.Close() })
	bustest.Append(t, log, records)
	return log
}

func idsOf(records []eventlog.Record) (ids []string) {
	for _, r := range records {
		ids = append(ids, r.ID.String())
	}
	return ids
}

func checkpointFile(t *testing.T) bus.File {
	return bus.File(filepath.Join(t.TempDir(), "bus.checkpoint"))
}

func feed(t *testing.T, log eventlog.Ends, b *broker, file bus.File, change ...func(*bus.FeedConfig)) *bus.Feed {
	t.Helper()
	c := bus.FeedConfig{Name: "crm", Topic: "calls", Checkpoint: file, Connect: b.connect}
	for _, f := range change {
		f(&c)
	}
	f, err := bus.OpenFeed(t.Context(), log, c)
	require.NoError(t, err)
	return f
}

// run runs feeds on a log until the test says so.
func run(t *testing.T, log projections.Log, feeds ...projections.Projection) (runner *projections.Runner, stop func()) {
	runner = projections.NewRunner(log, nil, feeds...)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { assert.NoError(t, runner.Run(ctx)) })
	stop = func() { cancel(); running.Wait() }
	t.Cleanup(stop)
	return runner, stop
}

func saved(t *testing.T, file bus.File) eventlog.Position {
	t.Helper()
	position, _, err := file.Load(t.Context())
	require.NoError(t, err)
	return position
}

func TestAFeedPublishesEveryEventInTheOrderOfTheLog(t *testing.T) {
	records := day(1000)
	log := filled(t, records)
	b, file := &broker{}, checkpointFile(t)
	f := feed(t, log, b, file)
	runner, stop := run(t, log, f)
	require.NoError(t, runner.Wait(t.Context(), records[len(records)-1].Position))
	stop()
	assert.Equal(t, idsOf(records), b.ids())
	assert.Equal(t, map[string]bool{"calls": true}, b.topics)
	assert.Equal(t, 1, b.connected, "one connection serves all")
	assert.Equal(t, records[len(records)-1].Position, saved(t, file))
	require.NoError(t, f.Close())
	assert.Zero(t, b.open)
}

func TestAMessageIsACloudEvent(t *testing.T) {
	id := "0198b7a2-6f80-8000-8000-000000000001"
	r := eventlog.Record{Stream: eventlog.Stream("call-" + id), Revision: 7, Position: 4711, Event: eventlog.Event{
		ID: uuid.MustParse("6ba7b810-9dad-51d1-80b4-00c04fd430c8"), Type: "PartyAlerting", Version: 1,
		SwitchTime: time.Date(2026, 11, 25, 9, 0, 0, 123000000, time.UTC), RecordedAt: time.Date(2026, 11, 25, 9, 0, 0, 124000000, time.UTC),
		Data: []byte(`{"party":"p2","dn":"1001","agent":"1001"}`),
	}}
	m, err := bus.Message(r)
	require.NoError(t, err)
	assert.Equal(t, r.ID.String(), m.UUID)
	assert.JSONEq(t, `{
		"specversion": "1.0", "id": "6ba7b810-9dad-51d1-80b4-00c04fd430c8", "source": "/callstate/call-`+id+`", "type": "callstate.PartyAlerting.v1",
		"subject": "`+id+`", "partitionkey": "`+id+`", "sequence": "00000000000000000007", "time": "2026-11-25T09:00:00.123Z", "recordedat": "2026-11-25T09:00:00.124Z",
		"datacontenttype": "application/json", "revision": "7", "position": "4711", "data": {"party": "p2", "dn": "1001", "agent": "1001"}
	}`, string(m.Payload))
	assert.Equal(t, message.Metadata{
		"subject": id, "partitionkey": id, "sequence": "00000000000000000007", "position": "4711", "type": "callstate.PartyAlerting.v1",
		"content-type": "application/cloudevents+json",
	}, m.Metadata)
}

func TestAFeedPublishesTheKindsItIsAskedFor(t *testing.T) {
	records := day(500)
	last := records[499].Stream
	for name, c := range map[string]struct {
		kinds []string
		want  func(eventlog.Record) bool
	}{
		"everything":       {[]string{"all"}, func(eventlog.Record) bool { return true }},
		"kinds of streams": {[]string{"call", "switch"}, func(r eventlog.Record) bool { return r.Stream.Kind() != "agent" }},
		"events by name":   {[]string{"PartyAlerting", "agent"}, func(r eventlog.Record) bool { return r.Type == "PartyAlerting" || r.Stream.Kind() == "agent" }},
		"one stream":       {[]string{string(last)}, func(r eventlog.Record) bool { return r.Stream == last }},
	} {
		t.Run(name, func(t *testing.T) {
			log, b := filled(t, records), &broker{}
			runner, stop := run(t, log, feed(t, log, b, checkpointFile(t), func(c2 *bus.FeedConfig) { c2.Kinds = c.kinds }))
			require.NoError(t, runner.Wait(t.Context(), eventlog.Position(len(records))))
			stop()
			var want []eventlog.Record
			for _, r := range records {
				if c.want(r) {
					want = append(want, r)
				}
			}
			require.NotEmpty(t, want)
			assert.Equal(t, idsOf(want), b.ids())
		})
	}
	_, err := bus.OpenFeed(t.Context(), filled(t, nil), bus.FeedConfig{Name: "crm", Kinds: []string{"PartyRinging"}, Checkpoint: checkpointFile(t)})
	assert.ErrorContains(t, err, `bus-crm: kinds: "PartyRinging" is none of`)
}

func TestAFeedGoesOnFromItsCheckpoint(t *testing.T) {
	records := day(600)
	log, file := filled(t, records[:300]), checkpointFile(t)
	first := &broker{}
	runner, stop := run(t, log, feed(t, log, first, file))
	require.NoError(t, runner.Wait(t.Context(), 300))
	stop()
	bustest.Append(t, log, records[300:])
	second := &broker{}
	runner, stop = run(t, log, feed(t, log, second, file))
	require.NoError(t, runner.Wait(t.Context(), 600))
	stop()
	assert.Equal(t, idsOf(records[:300]), first.ids())
	assert.Equal(t, idsOf(records[300:]), second.ids())
}

func TestAFeedFromNowLeavesThePastAlone(t *testing.T) {
	records := day(400)
	log, file, b := filled(t, records[:300]), checkpointFile(t), &broker{}
	fromNow := func(c *bus.FeedConfig) { c.FromNow = true }
	feed(t, log, b, file, fromNow) // opened, and killed before it did anything
	bustest.Append(t, log, records[300:])
	runner, stop := run(t, log, feed(t, log, b, file, fromNow))
	require.NoError(t, runner.Wait(t.Context(), 400))
	stop()
	assert.Equal(t, idsOf(records[300:]), b.ids(), "now is when the feed was first opened")
}

// A broker that is down for an hour delays its own feed only.
func TestABrokerThatIsDownDelaysOnlyItsOwnFeed(t *testing.T) {
	records := day(700)
	files := []bus.File{checkpointFile(t), checkpointFile(t)}
	synctest.Test(t, func(t *testing.T) {
		log := filled(t, records[:100])
		well, down := &broker{}, &broker{}
		var told bytes.Buffer
		feeds := []projections.Projection{
			feed(t, log, well, files[0]),
			feed(t, log, down, files[1], func(c *bus.FeedConfig) {
				c.Name, c.Logger = "erp", slog.New(slog.NewTextHandler(&told, nil))
			}),
		}
		runner, stop := run(t, log, feeds...)
		require.NoError(t, runner.Wait(t.Context(), 100))
		down.setDown(errDown)
		bustest.Append(t, log, records[100:])
		time.Sleep(time.Hour)
		synctest.Wait()

		assert.Equal(t, idsOf(records), well.ids())
		progress, err := runner.Progress(t.Context())
		require.NoError(t, err)
		assert.EqualValues(t, 700, progress[0].Position)
		assert.Equal(t, "bus-erp", progress[1].Name)
		assert.EqualValues(t, 100, progress[1].Position, "it lags")
		assert.EqualValues(t, 700, progress[1].End)
		assert.NoError(t, progress[1].Err, "but it has not stopped")
		assert.True(t, feeds[1].(*bus.Feed).Failing())
		assert.False(t, feeds[0].(*bus.Feed).Failing())
		assert.EqualValues(t, 100, saved(t, files[1]))
		assert.Less(t, down.connected, 140, "it is not asked more often than twice a minute")
		assert.Less(t, bytes.Count(told.Bytes(), []byte("\n")), 15, "nor complained of")

		down.setDown(nil)
		require.NoError(t, runner.Wait(t.Context(), 700))
		stop()
		assert.Equal(t, idsOf(records), down.ids(), "nothing is lost, and all is in order")
		assert.False(t, feeds[1].(*bus.Feed).Failing())
		assert.EqualValues(t, 700, saved(t, files[1]))
		assert.Contains(t, told.String(), "broker takes messages again")
	})
}

func TestAFeedOfABrokerThatIsDownStopsWhenItIsToldTo(t *testing.T) {
	file := checkpointFile(t)
	synctest.Test(t, func(t *testing.T) {
		log := filled(t, day(100))
		b := &broker{fail: func(taken int) error {
			if taken == 40 {
				return errDown
			}
			return nil
		}}
		_, stop := run(t, log, feed(t, log, b, file))
		time.Sleep(10 * time.Second)
		before := time.Now()
		stop()
		assert.Zero(t, time.Since(before))
		assert.EqualValues(t, 40, saved(t, file), "what was confirmed is not sent again")
	})
}

func TestAMessageWhoseConfirmationIsLostIsSentAgainInItsPlace(t *testing.T) {
	records, file := day(100), checkpointFile(t)
	synctest.Test(t, func(t *testing.T) {
		log := filled(t, records)
		b := &broker{lost: func(taken int) bool { return taken%10 == 0 && taken <= 50 }}
		runner, stop := run(t, log, feed(t, log, b, file))
		require.NoError(t, runner.Wait(t.Context(), 100))
		stop()
		assert.Len(t, b.ids(), 105)
		assert.Equal(t, idsOf(records), bustest.Settled(t, b.ids()))
	})
}

// A broker that is slow to confirm has many messages on their way, but never two of one call: it may take the second and
// refuse the first.
func TestAFeedWithAWindowKeepsEachCallInOrderWhateverIsRefused(t *testing.T) {
	records, file := day(3000), checkpointFile(t)
	var b *broker
	synctest.Test(t, func(t *testing.T) {
		log := filled(t, records)
		chance := rand.New(rand.NewPCG(1, 2))
		b = &broker{refuses: func(*message.Message) bool { return chance.IntN(200) == 0 }}
		runner, stop := run(t, log, feed(t, log, b, file, func(c *bus.FeedConfig) { c.Window = 50 }))
		require.NoError(t, runner.Wait(t.Context(), 3000))
		stop()
	})
	assert.EqualValues(t, 3000, saved(t, file))
	assert.LessOrEqual(t, b.largest, 50)
	assert.Less(t, b.published, 1500, "many at once")
	streams := map[string]eventlog.Stream{}
	for _, r := range records {
		streams[r.ID.String()] = r.Stream
	}
	want, got := map[eventlog.Stream][]string{}, map[eventlog.Stream][]string{}
	for _, r := range records {
		want[r.Stream] = append(want[r.Stream], r.ID.String())
	}
	for _, id := range b.ids() {
		got[streams[id]] = append(got[streams[id]], id)
	}
	for stream := range got {
		got[stream] = bustest.Settled(t, got[stream])
	}
	assert.Equal(t, want, got)
	assert.Greater(t, len(b.ids()), 3000, "some were sent again")
}

func TestAFeedWithAWindowSavesWhatIsConfirmedWithoutAHole(t *testing.T) {
	file := checkpointFile(t)
	synctest.Test(t, func(t *testing.T) {
		records := day(200)
		log := filled(t, records)
		stuck := records[60].ID.String()
		b := &broker{refuses: func(m *message.Message) bool { return m.UUID == stuck }}
		_, stop := run(t, log, feed(t, log, b, file, func(c *bus.FeedConfig) { c.Window = 50 }))
		time.Sleep(time.Minute)
		stop()
		taken := map[string]bool{}
		for _, id := range b.ids() {
			taken[id] = true
		}
		for _, r := range records[:saved(t, file)] {
			assert.True(t, taken[r.ID.String()], "position %d", r.Position)
		}
		assert.LessOrEqual(t, saved(t, file), eventlog.Position(60))
		assert.NotZero(t, saved(t, file))
	})
}

// The engine is killed between any publish and the checkpoint: what the file says then is all that the next one knows.
func TestAFeedThatIsKilledBetweenPublishAndCheckpointLosesNothing(t *testing.T) {
	records := day(900)
	log, file, b := filled(t, records), checkpointFile(t), &broker{}
	for kill := 1; kill < 900; kill += 37 {
		var f *bus.Feed
		b.took = func(*message.Message) {
			if len(b.messages)%kill == 0 {
				panic("killed")
			}
		}
		b.mu = sync.Mutex{} // of the one that was killed
		f = feed(t, log, b, file)
		func() {
			defer func() { _ = recover() }()
			position, err := f.Position(t.Context())
			require.NoError(t, err)
			for rest := records[position:]; len(rest) > 0; rest = rest[min(len(rest), 50):] {
				require.NoError(t, f.Apply(t.Context(), rest[:min(len(rest), 50)]))
			}
		}()
	}
	b.mu, b.took = sync.Mutex{}, nil
	runner, stop := run(t, log, feed(t, log, b, file))
	require.NoError(t, runner.Wait(t.Context(), 900))
	stop()
	assert.Greater(t, len(b.ids()), 900, "some were sent twice")
	assert.Equal(t, idsOf(records), bustest.Settled(t, b.ids()))
}

func TestAFeedOfAnotherLogStops(t *testing.T) {
	records, file := day(300), checkpointFile(t)
	require.NoError(t, file.Save(t.Context(), 200))
	older := filled(t, records[:100])
	b := &broker{}
	runner := projections.NewRunner(older, nil, feed(t, older, b, file))
	err := runner.Run(t.Context())
	assert.ErrorContains(t, err, "the checkpoint is at position 200, but the log ends at 100")
	assert.Empty(t, b.ids())
}

func TestAnEventThatIsNoJSONStopsTheFeedBehindAllThatComesBeforeIt(t *testing.T) {
	for _, window := range []int{1, 50} {
		records, b, file := day(10), &broker{}, checkpointFile(t)
		records[5].Data = []byte("{")
		f := feed(t, filled(t, records[:5]), b, file, func(c *bus.FeedConfig) { c.Window = window })
		err := f.Apply(t.Context(), records)
		poison, ok := errors.AsType[*projections.PoisonError](err)
		require.True(t, ok, err)
		assert.EqualValues(t, 6, poison.Position)
		assert.ElementsMatch(t, idsOf(records[:5]), b.ids())
		assert.EqualValues(t, 5, saved(t, file))
	}
}

func TestACheckpointFile(t *testing.T) {
	file := checkpointFile(t)
	_, known, err := file.Load(t.Context())
	require.NoError(t, err)
	assert.False(t, known)
	for _, position := range []eventlog.Position{7, 1 << 60, 3} {
		require.NoError(t, file.Save(t.Context(), position))
		assert.Equal(t, position, saved(t, file))
	}
	text, err := os.ReadFile(string(file))
	require.NoError(t, err)
	assert.True(t, json.Valid(text))
	require.NoError(t, os.WriteFile(string(file), []byte(""), 0o600))
	_, _, err = file.Load(t.Context())
	assert.ErrorContains(t, err, fmt.Sprintf("checkpoint %s", file), "a damaged one is not taken for a new one")
}

func TestPassedOverEventsMoveTheCheckpointNowAndThen(t *testing.T) {
	records := day(30000)
	log, file, b := filled(t, records), checkpointFile(t), &broker{}
	runner, stop := run(t, log, feed(t, log, b, file, func(c *bus.FeedConfig) { c.Kinds = []string{"agent-nobody"} }))
	require.NoError(t, runner.Wait(t.Context(), 30000))
	stop()
	assert.Empty(t, b.ids())
	assert.Greater(t, saved(t, file), eventlog.Position(19000))
}
