package floor_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/projectiontest"
)

// Clients that come, go, come back with the position of their last frame and are cut when they are too slow, while
// events come in as fast as they can: in the end each shows what the floor shows, and none got a frame twice.
func TestFollowersComeAndGo(t *testing.T) {
	records := projectiontest.Day(5, projectiontest.DayOptions{Agents: 8, Events: 3000}).Records()
	f := floor.New(floor.Options{Behind: 20, Mailbox: 30, History: 500})
	f.Live()
	day, end := context.WithCancel(t.Context())
	defer end()
	var clients sync.WaitGroup
	for i, agent := range []string{"", "", "1001", "1002", "1003", "1008"} {
		clients.Go(func() {
			dice := rand.New(rand.NewPCG(1, uint64(i)))
			var shown *client
			next := floor.Following{Agent: agent}
			for {
				patience := dice.IntN(200)
				for frame, err := range f.Follow(day, next) {
					if err != nil {
						if !errors.Is(err, floor.ErrSlowFollower) {
							assert.ErrorIs(t, err, context.Canceled)
							assert.Equal(t, newClient(snapshotOf(f, agent)).state(), shown.state(), agent)
							return
						}
						break
					}
					switch frame.Kind {
					case floor.Snapshot:
						shown = newClient(frame)
					case floor.Changed:
						if !assert.Greater(t, frame.Position, shown.Position) {
							return
						}
						shown.Position = frame.Position
						shown.take(frame.Change)
					}
					if patience--; patience < 0 {
						break
					}
				}
				if shown != nil {
					next = floor.Following{Agent: agent, After: shown.Position, Resume: true}
				}
			}
		})
	}
	for _, r := range records {
		require.NoError(t, f.Apply(t.Context(), []eventlog.Record{r}))
	}
	end() // a feed gives what is there before it ends
	clients.Wait()
}

// snapshotOf is what somebody gets who begins to follow now.
func snapshotOf(f *floor.Floor, agent string) floor.Frame {
	for frame := range f.Follow(context.Background(), floor.Following{Agent: agent}) {
		return frame
	}
	return floor.Frame{}
}
