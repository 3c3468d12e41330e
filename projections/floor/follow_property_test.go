package floor_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/projectiontest"
)

// scopes are the feeds of the small world that projectiontest.Random draws: the whole floor, and each agent's desktop.
var scopes = []string{"", "a", "b", "c", "never seen"}

// A client that takes the snapshot at any position and applies the frames that follow has, at the end, what the floor
// has; no frame is without effect; a floor that was rebuilt in one go yields the same frames; and what was handed out
// never changes.
func TestFollowersSeeTheFloor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		records := projectiontest.Random(t).Records()
		end := eventlog.Position(len(records))
		live, snapshots, texts := floor.New(floor.Options{Notifications: true}), map[string][]floor.Frame{}, map[string][]string{}
		live.Live()
		for i := range len(records) + 1 {
			for _, agent := range scopes {
				snapshot := take(t, live, floor.Following{Agent: agent}, 1)[0]
				snapshots[agent], texts[agent] = append(snapshots[agent], snapshot), append(texts[agent], text(t, snapshot))
			}
			if i < len(records) {
				require.NoError(t, live.Apply(t.Context(), records[i:i+1]))
			}
		}

		history := rapid.IntRange(1, 40).Draw(t, "history")
		rebuilt := floor.New(floor.Options{History: history, Notifications: true})
		rebuilt.CatchingUp(end)
		for run := range projectiontest.Runs(records, rapid.IntRange(1, 50).Draw(t, "run")) {
			require.NoError(t, rebuilt.Apply(t.Context(), run))
		}
		rebuilt.Live()
		require.Equal(t, live.View(), rebuilt.View())
		for agent, each := range snapshots {
			for i, snapshot := range each {
				require.Equal(t, texts[agent][i], text(t, snapshot), "what was handed out has changed")
			}
		}

		for _, agent := range scopes {
			frames := rest(t, live, floor.Following{Agent: agent, Resume: true})
			client := newClient(snapshots[agent][0])
			for _, frame := range frames {
				before := client.state()
				client.apply(t, frame)
				if len(frame.Change.Notifications) == 0 { // a DN may be told what changes nothing that is shown
					require.NotEqual(t, before, client.state(), "a frame without effect: %+v", frame.Change)
				}
			}
			for _, p := range rapid.SliceOfN(rapid.Uint64Range(0, uint64(end)), 1, 4).Draw(t, "positions") {
				p := eventlog.Position(p)
				i := slices.IndexFunc(frames, func(f floor.Frame) bool { return f.Position > p })
				if i < 0 {
					i = len(frames)
				}
				expected := frames[i:]
				require.Equal(t, expected, rest(t, live, floor.Following{Agent: agent, After: p, Resume: true}), "resumed at %d", p)

				client = newClient(snapshots[agent][p])
				require.Equal(t, p, client.Position)
				for _, frame := range expected {
					client.apply(t, frame)
				}
				require.Equal(t, client.normal(snapshots[agent][end]), client.state(), "%q from %d", agent, p)

				again := rest(t, rebuilt, floor.Following{Agent: agent, After: p, Resume: true})
				if len(again) > 0 && again[0].Kind == floor.Reset {
					require.Less(t, p+eventlog.Position(history), end, "it is kept")
					require.Equal(t, snapshots[agent][end], again[1])
				} else {
					require.Equal(t, expected, again, "rebuilt, resumed at %d", p)
				}
			}
		}
	})
}

// take returns the first frames of a feed.
func take(t require.TestingT, f *floor.Floor, w floor.Following, n int) []floor.Frame {
	var frames []floor.Frame
	for frame, err := range f.Follow(context.Background(), w) {
		require.NoError(t, err)
		if frames = append(frames, frame); len(frames) == n {
			break
		}
	}
	return frames
}

// rest returns the frames of a feed that are there without waiting.
func rest(t require.TestingT, f *floor.Floor, w floor.Following) []floor.Frame {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // a feed ends when it would have to wait
	frames := []floor.Frame{}
	for frame, err := range f.Follow(ctx, w) {
		if err != nil {
			require.ErrorIs(t, err, context.Canceled)
			break
		}
		frames = append(frames, frame)
	}
	return frames
}

func text(t require.TestingT, frame floor.Frame) string {
	data, err := json.Marshal(frame)
	require.NoError(t, err)
	return string(data)
}

// client is what a page does with the frames it gets.
type client struct {
	Position eventlog.Position
	Desktop  bool
	Links    map[string]floor.Link
	Agents   map[string]floor.Agent
	Queues   map[string]floor.Queue
	Calls    map[call.ConnID]floor.Call
}

func newClient(snapshot floor.Frame) *client {
	c := &client{
		Position: snapshot.Position, Links: map[string]floor.Link{}, Agents: map[string]floor.Agent{},
		Queues: map[string]floor.Queue{}, Calls: map[call.ConnID]floor.Call{},
	}
	change := &floor.Change{}
	if v := snapshot.View; v != nil {
		change.Links, change.Agents, change.Queues, change.Calls = v.Links, v.Agents, v.Queues, v.Calls
	} else {
		c.Desktop = true
		change.Agents, change.Calls = []floor.Agent{snapshot.Desktop.Agent}, snapshot.Desktop.Calls
	}
	c.take(change)
	return c
}

func (c *client) apply(t require.TestingT, f floor.Frame) {
	require.Equal(t, floor.Changed, f.Kind)
	require.Greater(t, f.Position, c.Position)
	c.Position = f.Position
	c.take(f.Change)
}

func (c *client) take(change *floor.Change) {
	for _, each := range change.Links {
		c.Links[each.Switch] = each
	}
	for _, each := range change.Agents {
		c.Agents[each.ID] = each
	}
	for _, each := range change.Queues {
		c.Queues[each.Queue] = each
	}
	for _, each := range change.Calls {
		c.Calls[each.ConnID] = each
	}
	for _, id := range change.Gone {
		delete(c.Calls, id)
	}
}

// state is a copy of what the client shows, without its position.
func (c *client) state() client {
	return client{
		Desktop: c.Desktop, Links: maps.Clone(c.Links), Agents: maps.Clone(c.Agents), Queues: maps.Clone(c.Queues), Calls: maps.Clone(c.Calls),
	}
}

// normal is what a client shows that has only seen this snapshot.
func (c *client) normal(snapshot floor.Frame) client { return newClient(snapshot).state() }
