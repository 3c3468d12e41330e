package projections_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/past"
	"github.com/callstate/callstate/projections/projectiontest"
)

// versioned is a tape that is made anew beside an older one.
type versioned struct {
	tape
	fail error
}

func (p *versioned) Version() int { return 7 }
func (p *versioned) SwitchOver(context.Context) error {
	p.stage("switched over")
	return p.fail
}

func TestRunnerSwitchesOverWhenItHasCaughtUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := log(t, 3)
		anew, stuck := &versioned{tape: tape{name: "anew"}}, &versioned{tape: tape{name: "stuck"}, fail: errors.New("the old one is open")}
		runner := projections.NewRunner(store, nil, anew, stuck)
		go runner.Run(t.Context())
		synctest.Wait()
		add(t, store, 1)
		synctest.Wait()
		assert.Equal(t, []string{"to 3 at 0", "switched over at 3", "live at 3"}, anew.stages)
		assert.Equal(t, []string{"to 3 at 0", "switched over at 3", "projection stuck: the old one is open at 3"}, stuck.stages)
		assert.Equal(t, numbers(1, 4), anew.positions())
		assert.Equal(t, numbers(1, 3), stuck.positions())
	})
}

func TestCatchUpSwitchesOver(t *testing.T) {
	anew := &versioned{tape: tape{name: "anew"}}
	require.NoError(t, projections.CatchUp(t.Context(), log(t, 3), anew, nil))
	assert.Equal(t, []string{"to 3 at 0", "switched over at 3"}, anew.stages)
}

// How far, how far to go, and how fast, as of now.
func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := log(t, 50)
		p, bad := &versioned{tape: tape{name: "good"}}, &tape{name: "bad", spoil: 51}
		runner := projections.NewRunner(store, nil, p, bad)
		go runner.Run(t.Context())
		synctest.Wait()
		add(t, store, 10)
		synctest.Wait()
		progress := func() []projections.Progress {
			all, err := runner.Progress(t.Context())
			require.NoError(t, err)
			return all
		}
		all := progress()
		assert.Equal(t, projections.Progress{Status: projections.Status{Name: "good", Position: 60, Records: 60, Live: true}, Version: 7, End: 60, Rate: 6}, all[0])
		assert.EqualValues(t, 50, all[1].Position)
		assert.EqualValues(t, 60, all[1].End, "it has fallen behind")
		require.ErrorIs(t, all[1].Err, errSpoilt)
		time.Sleep(15 * time.Second)
		assert.InDelta(t, 3, progress()[0].Rate, 0.01, "half of the ten seconds before count")
		time.Sleep(15 * time.Second)
		assert.Zero(t, progress()[0].Rate)
	})
}

// An event that a projection cannot take in stops it alone, right before the event, and the error says where that is and
// how to go on.
func TestPoison(t *testing.T) {
	day := projectiontest.Day(1, projectiontest.DayOptions{Agents: 5, Events: 200})
	end := day.End()
	id := call.NewConnID(time.Unix(1, 0), "pbx", "1")
	day.Add(wire.CallStream(id), eventlog.Event{Type: "CallTeleported", Version: 3, Data: []byte("{}")})
	h, err := history.Open(t.Context(), filepath.Join(t.TempDir(), "history.db"), history.Options{Log: projectiontest.Log{Script: day}})
	require.NoError(t, err)
	defer h.Close()
	kept, err := past.Open(t.Context(), filepath.Join(t.TempDir(), "past.db"), past.Options{Log: projectiontest.Log{Script: day}})
	require.NoError(t, err)
	defer kept.Close()
	good := &tape{name: "good"}
	runner := projections.NewRunner(projectiontest.Log{Script: day}, nil, h, kept, floor.New(floor.Options{}), good)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	require.NoError(t, runner.Wait(t.Context(), end+1, "good"))
	for i, p := range []projections.Projection{h, kept} {
		err = runner.Wait(t.Context(), end+1, p.Name())
		poison, ok := errors.AsType[*projections.PoisonError](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, end+1, poison.Position)
		assert.Equal(t, wire.CallStream(id), poison.Stream)
		assert.Contains(t, poison.Advice(), "newer callstate")
		position, err := p.Position(t.Context())
		require.NoError(t, err)
		assert.Equal(t, end, position, "what stands before it has been taken in")
		assert.Equal(t, end, runner.Status()[i].Position)
	}
	_, ok := errors.AsType[*projections.PoisonError](runner.Wait(t.Context(), end+1, "floor"))
	assert.True(t, ok)
	cancel()
	require.NoError(t, <-ended)
	assert.Contains(t, (&projections.PoisonError{Position: 9, Err: errSpoilt}).Advice(), "tail --from 9")
}

func TestUpTo(t *testing.T) {
	store := log(t, 5)
	for end, expected := range map[eventlog.Position][]eventlog.Position{0: nil, 3: numbers(1, 3), 5: numbers(1, 5), 9: numbers(1, 5)} {
		var found []eventlog.Position
		for r, err := range projections.UpTo(store, end).ReadAll(t.Context(), 0) {
			require.NoError(t, err)
			found = append(found, r.Position)
		}
		assert.Equal(t, expected, found)
	}
	for range projections.UpTo(store, 3).ReadAll(t.Context(), 3) {
		t.Error("there is nothing behind the end")
	}
}
