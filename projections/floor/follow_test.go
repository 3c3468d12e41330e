package floor_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/notify"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/projectiontest"
)

// A desktop sees its own agent's calls, as long as they are his, and nothing of the others'.
func TestDesktopScope(t *testing.T) {
	var s session
	hers, his := connID("hers"), connID("his")
	s.login(0, "jane", "1001", "sales")
	s.login(0, "john", "1002", "sales")
	start := s.End()
	s.arrives(1, his, "2125550002")
	s.rings(2, his, "john", "1002", "sales")
	s.arrives(3, hers, "2125550001")
	s.waits(4, hers, "sales")
	s.rings(5, hers, "jane", "1001", "sales")
	s.rings(6, hers, "john", "1002", "sales") // the queue rings both
	s.party(7, hers, "1002", call.Connected)
	s.party(8, hers, "1001", call.Released)
	s.Request(hers, call.ChangeUserData{At: at(9), Set: []call.Pair{{Key: "a", Value: "b"}}})
	s.Request(hers, call.AddNote{At: at(10), Text: "john has the call now"})

	var seen []string
	for _, frame := range rest(t, s.floor(t), floor.Following{Agent: "jane", After: start, Resume: true}) {
		what := frame.Change.Type
		for _, a := range frame.Change.Agents {
			what += fmt.Sprintf(" %s %s", a.ID, a.State)
		}
		for _, c := range frame.Change.Calls {
			what += fmt.Sprintf(" %s %s", c.ANI, c.State)
		}
		for _, id := range frame.Change.Gone {
			assert.Equal(t, hers, id)
			what += " gone"
		}
		seen = append(seen, what)
	}
	assert.Equal(t, []string{
		"PartyAlerting jane ringing 2125550001 ringing",
		"PartyAlerting 2125550001 ringing",
		"PartyConnected 2125550001 talking",
		"PartyReleased jane ready gone",
	}, seen)
}

// An agent who was not concerned by what is not kept any more has missed nothing.
func TestResumeAfterAQuietTime(t *testing.T) {
	var s session
	s.login(0, "jane", "1001", "sales")
	last := s.End()
	for i := range 20 {
		s.arrives(float64(1+i), connID(fmt.Sprint(i)), "2125550001")
	}
	f := floor.New(floor.Options{History: 4})
	require.NoError(t, f.Apply(t.Context(), s.Records()))
	f.Live()
	assert.Empty(t, rest(t, f, floor.Following{Agent: "jane", After: last, Resume: true}))
	frames := rest(t, f, floor.Following{After: last, Resume: true})
	require.Len(t, frames, 2)
	assert.Equal(t, floor.Reset, frames[0].Kind)
	assert.NotEmpty(t, frames[0].Reason)
	assert.Equal(t, floor.Snapshot, frames[1].Kind)
	assert.Len(t, frames[1].View.Calls, 20)
	assert.Len(t, rest(t, f, floor.Following{After: s.End() - 4, Resume: true}), 4)
}

// What happened to his own calls is kept no longer than everything else, whether it was published or passed over.
func TestResumeTooLate(t *testing.T) {
	var s session
	id := connID("1")
	s.login(0, "jane", "1001", "sales")
	s.arrives(1, id, "2125550001")
	s.party(2, id, "1001", call.Connected)
	last := s.End()
	s.Request(id, call.ChangeUserData{At: at(3), Set: []call.Pair{{Key: "a", Value: "b"}}})
	for i := range 20 {
		s.arrives(float64(4+i), connID(fmt.Sprint("other ", i)), "2125550002")
	}
	for name, end := range map[string]eventlog.Position{"published": 0, "passed over": s.End()} {
		t.Run(name, func(t *testing.T) {
			f := floor.New(floor.Options{History: 4})
			f.CatchingUp(end)
			require.NoError(t, f.Apply(t.Context(), s.Records()))
			f.Live()
			frames := rest(t, f, floor.Following{Agent: "jane", After: last, Resume: true})
			require.Len(t, frames, 2)
			assert.Equal(t, floor.Reset, frames[0].Kind)
			assert.Empty(t, rest(t, f, floor.Following{Agent: "jane", After: last + 1, Resume: true}))
		})
	}
}

func TestResumeAheadOfTheLog(t *testing.T) {
	var s session
	s.login(0, "jane", "1001", "sales")
	frames := rest(t, s.floor(t), floor.Following{Agent: "jane", After: 1000, Resume: true})
	require.Len(t, frames, 2)
	assert.Equal(t, floor.Reset, frames[0].Kind)
	assert.Equal(t, s.End(), frames[1].Position)
}

func TestDesktopOfAnAgentNobodyHasSeen(t *testing.T) {
	f := floor.New(floor.Options{})
	f.Live()
	_, known := f.Agent("jane")
	assert.False(t, known)
	synctest.Test(t, func(t *testing.T) {
		feed := follow(t, f, floor.Following{Agent: "jane"})
		synctest.Wait()
		frames, _ := feed.got()
		require.Len(t, frames, 1)
		assert.Equal(t, floor.Desktop{Agent: floor.Agent{ID: "jane", State: floor.LoggedOut, Queues: []floor.Membership{}, Calls: []call.ConnID{}}, Calls: []floor.Call{}}, *frames[0].Desktop)
		var s session
		s.login(0, "jane", "1001", "sales")
		require.NoError(t, f.Apply(t.Context(), s.Records()))
		synctest.Wait()
		frames, _ = feed.got()
		assert.Len(t, frames, 3, "login, joined, ready is nothing new")
	})
}

// Until the floor is live nobody is shown the past as if it were the present.
func TestFollowersWaitForTheFloor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s session
		s.login(0, "jane", "1001", "sales")
		f := floor.New(floor.Options{})
		fresh, back := follow(t, f, floor.Following{}), follow(t, f, floor.Following{After: 1, Resume: true})
		synctest.Wait()
		frames, err := fresh.got()
		assert.Empty(t, frames)
		require.NoError(t, err)
		require.NoError(t, f.Apply(t.Context(), s.Records()))
		synctest.Wait()
		frames, _ = fresh.got()
		assert.Empty(t, frames)
		f.Live()
		synctest.Wait()
		frames, _ = fresh.got()
		require.Len(t, frames, 1)
		assert.Equal(t, s.End(), frames[0].Position)
		frames, _ = back.got()
		require.Len(t, frames, 1)
		assert.Equal(t, eventlog.Position(2), frames[0].Position)
	})
}

func TestFollowEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		waiting, following := &recording{}, &recording{}
		f := floor.New(floor.Options{})
		go waiting.run(ctx, f, floor.Following{})
		synctest.Wait()
		other := floor.New(floor.Options{})
		other.Live()
		go following.run(ctx, other, floor.Following{})
		synctest.Wait()
		cancel()
		synctest.Wait()
		for _, each := range []*recording{waiting, following} {
			_, err := each.got()
			require.ErrorIs(t, err, context.Canceled)
		}
	})
}

// A floor that has stopped says so to all who look at it.
func TestFollowEndsWithTheFloor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s session
		s.login(0, "jane", "1001", "sales")
		f := s.floor(t)
		feed := follow(t, f, floor.Following{})
		synctest.Wait()
		poison := errors.New("poison")
		f.Failed(poison)
		synctest.Wait()
		_, err := feed.got()
		require.ErrorIs(t, err, poison)
		later := follow(t, f, floor.Following{Agent: "jane"})
		synctest.Wait()
		frames, err := later.got()
		require.ErrorIs(t, err, poison)
		assert.Empty(t, frames)
	})
}

// slowly has a follower take nothing but its snapshot while a day goes by, beside a quick one.
func slowly(t *testing.T, f *floor.Floor, agent string) (quick, slow []floor.Frame, cut error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f.Live()
		swift, stalled := follow(t, f, floor.Following{Agent: agent}), &recording{gate: make(chan struct{})}
		go stalled.run(t.Context(), f, floor.Following{Agent: agent})
		for _, r := range projectiontest.Day(1, projectiontest.DayOptions{Agents: 5, Events: 400}).Records() {
			synctest.Wait()
			require.NoError(t, f.Apply(t.Context(), []eventlog.Record{r}))
		}
		close(stalled.gate)
		synctest.Wait()
		var err error
		quick, err = swift.got()
		require.NoError(t, err)
		slow, cut = stalled.got()
	})
	return quick, slow, cut
}

// A follower who has fallen behind gets what he has missed as one change, and it comes to the same.
func TestAFollowerWhoFallsBehind(t *testing.T) {
	for _, agent := range []string{"", "1001"} {
		t.Run("agent "+agent, func(t *testing.T) {
			f := floor.New(floor.Options{Behind: 10, Notifications: true})
			quick, slow, err := slowly(t, f, agent)
			require.NoError(t, err)
			require.Zero(t, f.Feeds().Cut)
			require.Len(t, slow, 2)
			require.Greater(t, len(quick), 12)
			assert.Equal(t, len(quick)-1, slow[1].Change.Coalesced)
			assert.Equal(t, quick[len(quick)-1].Position, slow[1].Position)
			assert.Equal(t, quick[len(quick)-1].Hash, slow[1].Hash)

			shown, expected := newClient(slow[0]), newClient(quick[0])
			shown.apply(t, slow[1])
			var told []notify.Message
			for _, frame := range quick[1:] {
				expected.apply(t, frame)
				told = append(told, frame.Change.Notifications...)
				assert.Zero(t, frame.Change.Coalesced)
			}
			assert.Equal(t, expected.state(), shown.state())
			assert.Equal(t, told, slow[1].Change.Notifications)
			assert.Equal(t, agent != "", len(told) > 0)
		})
	}
}

// One for whom even that is too much is cut, holds up nobody, and gets the rest when he comes back.
func TestSlowFollower(t *testing.T) {
	for name, options := range map[string]floor.Options{"too much to tell": {Behind: 10, Mailbox: 20}, "not kept any more": {History: 100}} {
		t.Run(name, func(t *testing.T) {
			f := floor.New(options)
			quick, slow, err := slowly(t, f, "")
			require.ErrorIs(t, err, floor.ErrSlowFollower)
			require.NotZero(t, f.Feeds().Cut)
			require.Len(t, slow, 1)
			again := rest(t, f, floor.Following{After: slow[0].Position, Resume: true})
			if options.History > 0 {
				require.Len(t, again, 2)
				require.Equal(t, floor.Reset, again[0].Kind)
				return
			}
			assert.Equal(t, quick[1:], again)
		})
	}
}

// recording is a follower and what it got.
type recording struct {
	gate   chan struct{} // nil, or it takes its first frame when this is closed
	mu     sync.Mutex
	frames []floor.Frame
	err    error
}

func (r *recording) run(ctx context.Context, f *floor.Floor, w floor.Following) {
	for frame, err := range f.Follow(ctx, w) {
		if r.gate != nil {
			<-r.gate
		}
		r.mu.Lock()
		if r.err = err; err == nil {
			r.frames = append(r.frames, frame)
		}
		r.mu.Unlock()
	}
}

func (r *recording) got() ([]floor.Frame, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.frames, r.err
}

// follow follows until the test ends.
func follow(t *testing.T, f *floor.Floor, w floor.Following) *recording {
	r := &recording{}
	go r.run(t.Context(), f, w)
	return r
}

// What a DN is told reaches the desktop of the agent who sits there, and nobody else.
func TestNotifications(t *testing.T) {
	var s session
	id := connID("call")
	s.login(0, "jane", "1001", "sales")
	s.login(0, "john", "1002", "sales")
	start := s.End()
	s.arrives(1, id, "2125550001")
	s.waits(2, id, "sales")
	s.rings(3, id, "jane", "1001", "sales")
	s.party(4, id, "1001", call.Connected)
	f := floor.New(floor.Options{Notifications: true})
	require.NoError(t, f.Apply(t.Context(), s.Records()))
	f.Live()

	var told []string
	for _, frame := range rest(t, f, floor.Following{Agent: "jane", After: start, Resume: true}) {
		for _, m := range frame.Change.Notifications {
			assert.Equal(t, "1001", m.ThisDN)
			assert.Equal(t, "2125550001", m.ANI)
			told = append(told, m.TLib)
		}
	}
	assert.Equal(t, []string{"EventRinging", "EventEstablished"}, told)
	for _, frame := range rest(t, f, floor.Following{Agent: "john", After: start, Resume: true}) {
		assert.Empty(t, frame.Change.Notifications)
	}
	for _, frame := range rest(t, f, floor.Following{After: start, Resume: true}) {
		assert.Empty(t, frame.Change.Notifications, "the floor itself is told of states")
	}
}
