package brokers

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/bus"
	"github.com/callstate/callstate/adapters/bus/bustest"
	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/projectiontest"
)

func day(events int) []eventlog.Record {
	return projectiontest.Day(1, projectiontest.DayOptions{Agents: 20, Events: events}).Records()[:events]
}

func idsOf(records []eventlog.Record) (ids []string) {
	for _, r := range records {
		ids = append(ids, r.ID.String())
	}
	return ids
}

// assertCallsInOrder: the ids that a broker has are those of the records, of each call, agent and switch in order. Where
// something was sent again, it was so in that order too.
func assertCallsInOrder(t *testing.T, records []eventlog.Record, ids []string) {
	t.Helper()
	keys := map[string]string{}
	for _, r := range records {
		keys[r.ID.String()] = r.Stream.ID()
	}
	byKey := map[string][]string{}
	for _, id := range ids {
		byKey[keys[id]] = append(byKey[keys[id]], id)
	}
	for key := range byKey {
		byKey[key] = bustest.Settled(t, byKey[key])
	}
	assert.Equal(t, byKeyOf(records), byKey)
}

// byKeyOf are the ids of records by their partition key, each in order.
func byKeyOf(records []eventlog.Record) map[string][]string {
	keys := map[string][]string{}
	for _, r := range records {
		keys[r.Stream.ID()] = append(keys[r.Stream.ID()], r.ID.String())
	}
	return keys
}

// feeding is a feed of a log that is published to a broker while the test goes on.
type feeding struct {
	log    *memory.Store
	runner *projections.Runner
	stop   func()
}

// publish starts a feed to a broker, of a log with records in it.
func publish(t testing.TB, c Config, records []eventlog.Record) feeding {
	t.Helper()
	log := memory.New()
	bustest.Append(t, log, records)
	require.NoError(t, c.Validate())
	feed, err := bus.OpenFeed(t.Context(), log, bus.FeedConfig{
		Name: c.Name, Topic: c.Topic, Connect: c.Connect, Window: c.Window(), Checkpoint: bus.File(filepath.Join(t.TempDir(), "checkpoint")),
	})
	require.NoError(t, err)
	f := feeding{log: log, runner: projections.NewRunner(log, nil, feed)}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { assert.NoError(t, f.runner.Run(ctx)) })
	f.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
		assert.NoError(t, feed.Close())
		assert.NoError(t, log.Close())
	})
	t.Cleanup(f.stop)
	return f
}

// published waits until the broker has confirmed everything up to a position.
func (f feeding) published(t testing.TB, position int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	require.NoError(t, f.runner.Wait(ctx, eventlog.Position(position)))
}

// lagging waits until the broker is behind, and stays so.
func (f feeding) lagging(t *testing.T, position int) {
	t.Helper()
	progress, err := f.runner.Progress(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, position, progress[0].Position)
	assert.Greater(t, progress[0].End, progress[0].Position)
	assert.NoError(t, progress[0].Err)
}

func TestStdoutHasALineForEachEvent(t *testing.T) {
	records := day(300)
	var out bytes.Buffer
	f := publish(t, Config{Name: "out", Kind: Stdout, Stdout: &out}, records)
	f.published(t, 300)
	f.stop()
	var ids []string
	for decoder := json.NewDecoder(&out); decoder.More(); {
		var event bus.CloudEvent
		require.NoError(t, decoder.Decode(&event))
		ids = append(ids, event.ID)
	}
	assert.Equal(t, idsOf(records), ids)
}

func TestWebhookThatFailsNowAndThenGetsEverythingInOrder(t *testing.T) {
	const secret = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0"
	records := day(300)
	r := newReceiver(t, secret)
	r.answer = func(request int) int {
		switch {
		case request%61 == 0:
			return 0
		case request%47 == 0:
			return http.StatusServiceUnavailable
		case request%97 == 0:
			return http.StatusTooManyRequests
		}
		return http.StatusOK
	}
	f := publish(t, Config{Name: "crm", Kind: Webhook, URL: r.URL + "/calls", Secret: secret}, records)
	f.published(t, 300)
	f.stop()
	assert.Equal(t, idsOf(records), r.ids())
	assert.Greater(t, r.requests, 300)
	assert.Zero(t, r.forged)
}
