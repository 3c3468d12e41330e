package floor_test

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/projectiontest"
)

// Whatever happens, wherever a client comes in, is cut and goes on: the hash that it is told is that of what it has. And a
// client that loses a change, or takes one again, is told another one as long as what it has is not right.
func TestTheHashTellsWhetherAClientIsRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		records := projectiontest.Random(t).Records()
		live, snapshots := floor.New(floor.Options{Notifications: true}), map[string][]floor.Frame{}
		live.Live()
		for i := range len(records) + 1 {
			for _, agent := range scopes {
				snapshots[agent] = append(snapshots[agent], take(t, live, floor.Following{Agent: agent}, 1)...)
			}
			if i < len(records) {
				require.NoError(t, live.Apply(t.Context(), records[i:i+1]))
			}
		}
		for _, agent := range scopes {
			begin := rapid.IntRange(0, len(records)).Draw(t, "begin")
			frames := rest(t, live, floor.Following{Agent: agent, After: eventlog.Position(begin), Resume: true})
			frames = append(snapshots[agent][begin:begin+1:begin+1], frames...)

			right := plain{}
			var states []plain
			for i, frame := range frames {
				right.fold(t, frame)
				states = append(states, maps.Clone(right))
				if i > 0 && agent == "" {
					require.Empty(t, frame.Hash, "the whole floor is too large to be proven with each change")
				} else {
					require.Equal(t, right.hash(), frame.Hash, "%q at %d", agent, frame.Position)
				}
			}

			resumed := take(t, live, floor.Following{Agent: agent, After: eventlog.Position(begin), Resume: true, Beat: make(chan struct{})}, len(frames))
			require.Equal(t, floor.Frame{Kind: floor.Heartbeat, Position: eventlog.Position(len(records)), Hash: right.hash()}, resumed[len(frames)-1])

			if len(frames) < 3 {
				continue
			}
			at := rapid.IntRange(1, len(frames)-1).Draw(t, "at")
			loses, doubles := maps.Clone(states[at-1]), maps.Clone(states[at])
			doubles.fold(t, frames[rapid.IntRange(1, at).Draw(t, "again")])
			for i := at; i < len(frames); i++ {
				if i > at {
					loses.fold(t, frames[i])
					doubles.fold(t, frames[i])
				}
				for _, client := range []plain{loses, doubles} {
					require.Equal(t, maps.Equal(client, states[i]), client.hash() == states[i].hash())
				}
			}
		}
	})
}

// plain is what a client in any language does with what comes over the wire: the items by what they are and their keys, as
// canonical JSON.
type plain map[string]string

func (p plain) fold(t require.TestingT, f floor.Frame) {
	var frame struct {
		View, Change map[string]json.RawMessage
		Desktop      struct {
			Agent json.RawMessage
			Calls json.RawMessage
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text(t, f)), &frame))
	lists := frame.Change
	if f.Kind == floor.Snapshot {
		clear(p)
		lists = frame.View
	}
	if f.Desktop != nil {
		lists = map[string]json.RawMessage{"agents": fmt.Appendf(nil, "[%s]", frame.Desktop.Agent), "calls": frame.Desktop.Calls}
	}
	for kind, key := range map[string]string{"links": "switch", "agents": "id", "queues": "queue", "calls": "connId"} {
		var items []map[string]any
		if list := lists[kind]; list != nil {
			require.NoError(t, json.Unmarshal(list, &items))
		}
		for _, item := range items {
			canonical, err := json.Marshal(item) // a map: its keys come out sorted
			require.NoError(t, err)
			p[fmt.Sprint(kind, item[key])] = string(canonical)
		}
	}
	if f.Change != nil {
		for _, id := range f.Change.Gone {
			delete(p, fmt.Sprint("calls", id))
		}
	}
}

func (p plain) hash() string {
	fnv1a := func(text string) uint64 {
		h := fnv.New64a()
		h.Write([]byte(text))
		return h.Sum64()
	}
	var all uint64
	for _, item := range p {
		all ^= fnv1a(fmt.Sprintf("%016x", fnv1a(item)))
	}
	return fmt.Sprintf("%016x", all)
}

// A desktop that nobody has seen yet is the example of docs/formats/feed.md.
func TestTheHashInTheDocumentation(t *testing.T) {
	f := floor.New(floor.Options{})
	f.Live()
	snapshot := take(t, f, floor.Following{Agent: "1001"}, 1)[0]
	assert.JSONEq(t, `{"calls":[],"dn":"","id":"1001","queues":[],"since":"0001-01-01T00:00:00Z","state":"loggedOut"}`, string(must(json.Marshal(snapshot.Desktop.Agent))))
	assert.Equal(t, "12477594a4f8b3fb", snapshot.Hash)
	assert.Equal(t, "0000000000000000", take(t, f, floor.Following{}, 1)[0].Hash, "nothing on the floor")
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// A follower is told that all is as it was, whether it asks before or after the floor is live.
func TestAHeartbeatSaysHowFarItIs(t *testing.T) {
	f := floor.New(floor.Options{})
	beat := make(chan struct{}, 2)
	beat <- struct{}{}
	beat <- struct{}{}
	var got []floor.Frame
	for frame, err := range f.Follow(t.Context(), floor.Following{Agent: "1001", Beat: beat}) {
		require.NoError(t, err)
		if got = append(got, frame); len(got) == 1 {
			f.Live()
		}
		if len(got) == 3 {
			break
		}
	}
	assert.Equal(t, floor.Frame{Kind: floor.Heartbeat}, got[0], "no hash: what there is, is not known yet")
	assert.Equal(t, floor.Snapshot, got[1].Kind)
	assert.Equal(t, floor.Frame{Kind: floor.Heartbeat, Hash: got[1].Hash}, got[2])
}
