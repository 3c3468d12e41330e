package projections_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/projectiontest"
)

// tape is a projection that keeps what it is given.
type tape struct {
	name  string
	start eventlog.Position
	spoil eventlog.Position // it fails at this position

	mu     sync.Mutex
	runs   [][]eventlog.Position
	stages []string
}

var errSpoilt = errors.New("spoilt")

func (p *tape) Name() string { return p.name }

func (p *tape) Position(context.Context) (eventlog.Position, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.position(), nil
}

func (p *tape) position() eventlog.Position {
	if len(p.runs) == 0 {
		return p.start
	}
	last := p.runs[len(p.runs)-1]
	return last[len(last)-1]
}

func (p *tape) Apply(_ context.Context, records []eventlog.Record) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var run []eventlog.Position
	for _, r := range records {
		if r.Position == p.spoil {
			return errSpoilt
		}
		run = append(run, r.Position)
	}
	p.runs = append(p.runs, run)
	return nil
}

func (p *tape) stage(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stages = append(p.stages, fmt.Sprintf("%s at %d", text, p.position()))
}

func (p *tape) CatchingUp(end eventlog.Position) { p.stage(fmt.Sprintf("to %d", end)) }
func (p *tape) Live()                            { p.stage("live") }
func (p *tape) Failed(err error)                 { p.stage(err.Error()) }

func (p *tape) positions() (all []eventlog.Position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, run := range p.runs {
		all = append(all, run...)
	}
	return all
}

// log is a memory store with numbered records in it.
func log(t *testing.T, records int) *memory.Store {
	store := memory.New()
	t.Cleanup(func() { store.Close() })
	add(t, store, records)
	return store
}

func add(t *testing.T, store *memory.Store, records int) {
	for range records {
		require.NoError(t, store.Append(t.Context(), []eventlog.StreamAppend{{
			Stream: "agent-1001", Expected: eventlog.Any(), Events: []eventlog.Event{{ID: uuid.New(), Type: "AgentReady", Version: 1, Data: []byte("{}")}},
		}}))
	}
}

func numbers(from, to int) (all []eventlog.Position) {
	for p := from; p <= to; p++ {
		all = append(all, eventlog.Position(p))
	}
	return all
}

// single hides that a store can give runs of records.
type single struct {
	eventlog.Subscriber
	eventlog.Ends
}

func TestRunnerCatchesUpAndFollows(t *testing.T) {
	for name, view := range map[string]func(*memory.Store) projections.Log{
		"in runs": func(s *memory.Store) projections.Log { return s },
		"singly":  func(s *memory.Store) projections.Log { return single{s, s} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := log(t, 5)
				fresh, checkpointed := &tape{name: "fresh"}, &tape{name: "checkpointed", start: 3}
				runner := projections.NewRunner(view(store), nil, fresh, checkpointed)
				ctx, cancel := context.WithCancel(t.Context())
				var ended error
				go func() { ended = runner.Run(ctx) }()
				require.NoError(t, runner.Wait(t.Context(), 5))
				synctest.Wait()
				assert.Equal(t, [][]eventlog.Position{numbers(1, 5)}, fresh.runs)
				assert.Equal(t, [][]eventlog.Position{numbers(4, 5)}, checkpointed.runs)
				assert.Equal(t, []string{"to 5 at 0", "live at 5"}, fresh.stages)
				assert.Equal(t, []string{"to 5 at 3", "live at 5"}, checkpointed.stages)

				add(t, store, 3)
				require.NoError(t, runner.Wait(t.Context(), 8, "fresh"))
				synctest.Wait()
				assert.Equal(t, numbers(1, 8), fresh.positions())
				assert.Equal(t, numbers(4, 8), checkpointed.positions())
				assert.Equal(t, []projections.Status{
					{Name: "fresh", Position: 8, Records: 8, Live: true},
					{Name: "checkpointed", Position: 8, Records: 5, Live: true},
				}, runner.Status())
				cancel()
				synctest.Wait()
				require.NoError(t, ended)
			})
		})
	}
}

func TestRunnerOnAnEmptyLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &tape{name: "tape"}
		runner := projections.NewRunner(log(t, 0), nil, p)
		assert.False(t, runner.Status()[0].Live)
		go runner.Run(t.Context())
		synctest.Wait()
		assert.Equal(t, []string{"to 0 at 0", "live at 0"}, p.stages)
		assert.True(t, runner.Status()[0].Live)
	})
}

// One that fails stops alone, and says so once.
func TestProjectionFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := log(t, 2)
		bad, good := &tape{name: "bad", spoil: 4}, &tape{name: "good"}
		var text bytes.Buffer
		runner := projections.NewRunner(store, slog.New(slog.NewTextHandler(&text, nil)), bad, good)
		ctx, cancel := context.WithCancel(t.Context())
		go runner.Run(ctx)
		synctest.Wait()
		for range 4 {
			add(t, store, 1)
			synctest.Wait()
		}
		assert.Equal(t, numbers(1, 6), good.positions())
		assert.Equal(t, numbers(1, 3), bad.positions())
		assert.Equal(t, []string{"to 2 at 0", "live at 2", "projection bad: spoilt at 3"}, bad.stages)
		status := runner.Status()
		require.ErrorIs(t, status[0].Err, errSpoilt)
		assert.EqualValues(t, 3, status[0].Position)
		require.NoError(t, status[1].Err)
		require.ErrorIs(t, runner.Wait(t.Context(), 6), errSpoilt)
		require.NoError(t, runner.Wait(t.Context(), 3), "it had come so far")
		require.NoError(t, runner.Wait(t.Context(), 6, "good"))
		assert.Equal(t, 1, bytes.Count(text.Bytes(), []byte("level=ERROR")))
		assert.Contains(t, text.String(), "projection=bad position=3")
		cancel()
		synctest.Wait()
		assert.Equal(t, 1, bytes.Count(text.Bytes(), []byte("level=ERROR")), "being told to stop is no failure")
	})
}

func TestAllProjectionsFail(t *testing.T) {
	runner := projections.NewRunner(log(t, 1), nil, &tape{name: "bad", spoil: 1})
	require.ErrorIs(t, runner.Run(t.Context()), errSpoilt)
}

func TestLogIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, p := log(t, 1), &tape{name: "tape"}
		runner := projections.NewRunner(store, nil, p)
		var ended error
		go func() { ended = runner.Run(t.Context()) }()
		synctest.Wait()
		store.Close()
		synctest.Wait()
		require.ErrorIs(t, ended, eventlog.ErrClosed)
	})
}

// slow is a tape that takes its time.
type slow struct{ *tape }

func (slow) RunLength() int { return 3 }

func TestAPacedProjectionIsGivenShortRuns(t *testing.T) {
	for name, view := range map[string]func(*memory.Store) projections.Log{
		"in runs": func(s *memory.Store) projections.Log { return s },
		"singly":  func(s *memory.Store) projections.Log { return single{s, s} },
	} {
		t.Run(name, func(t *testing.T) {
			store := log(t, 8)
			paced := slow{&tape{name: "slow"}}
			runner := projections.NewRunner(view(store), nil, paced)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var running sync.WaitGroup
			running.Go(func() { assert.NoError(t, runner.Run(ctx)) })
			require.NoError(t, runner.Wait(t.Context(), 8))
			stop()
			running.Wait()
			assert.Equal(t, [][]eventlog.Position{{1, 2, 3}, {4, 5, 6}, {7, 8}}, paced.runs)
		})
	}
}

// unhurried is a tape that need not follow at once.
type unhurried struct{ *tape }

func (unhurried) Pause() time.Duration { return time.Minute }

// What happens within the pause of an unhurried projection comes to it together; what is there already, and a log that cannot
// gather, it is not kept waiting for.
func TestAnUnhurriedProjectionIsGivenLongRuns(t *testing.T) {
	for name, test := range map[string]struct {
		view func(*memory.Store) projections.Log
		runs [][]eventlog.Position
	}{
		"in runs": {func(s *memory.Store) projections.Log { return s }, [][]eventlog.Position{{1, 2, 3}, {4}, {5, 6, 7}}},
		"singly":  {func(s *memory.Store) projections.Log { return single{s, s} }, [][]eventlog.Position{{1, 2, 3}, {4}, {5}, {6}, {7}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := log(t, 3)
				tape := &tape{name: "history"}
				runner := projections.NewRunner(test.view(store), nil, unhurried{tape})
				go runner.Run(t.Context())
				time.Sleep(time.Hour)
				add(t, store, 1)
				synctest.Wait()
				for range 3 {
					time.Sleep(time.Second)
					add(t, store, 1)
					synctest.Wait()
				}
				time.Sleep(time.Hour)
				synctest.Wait()
				assert.Equal(t, test.runs, tape.runs)
			})
		})
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runner := projections.NewRunner(log(t, 1), nil, &tape{name: "tape"})
		go runner.Run(t.Context())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, runner.Wait(ctx, 2), context.DeadlineExceeded)
	})
}

func TestCatchUp(t *testing.T) {
	store := log(t, projections.BatchSize+10)
	p := &tape{name: "tape", start: 3}
	var progress []eventlog.Position
	require.NoError(t, projections.CatchUp(t.Context(), store, p, func(at eventlog.Position) { progress = append(progress, at) }))
	assert.Equal(t, numbers(4, projections.BatchSize+10), p.positions())
	assert.Equal(t, []eventlog.Position{projections.BatchSize + 3, projections.BatchSize + 10}, progress)
	assert.Equal(t, []string{fmt.Sprintf("to %d at 3", projections.BatchSize+10)}, p.stages)

	require.NoError(t, projections.CatchUp(t.Context(), store, p, nil), "nothing to do")
	assert.Len(t, p.runs, 2)

	bad := &tape{name: "bad", spoil: 7}
	require.ErrorIs(t, projections.CatchUp(t.Context(), store, bad, nil), errSpoilt)
}

// The real ones, on a day.
func TestFloorAndHistoryFollowALog(t *testing.T) {
	day := projectiontest.Day(3, projectiontest.DayOptions{Agents: 10, Events: 600})
	store := memory.New()
	defer store.Close()
	records, err := history.Open(t.Context(), filepath.Join(t.TempDir(), "history.db"), history.Options{Log: store})
	require.NoError(t, err)
	defer records.Close()
	live := floor.New(floor.Options{})
	runner := projections.NewRunner(store, nil, live, records)

	half := len(day.Records()) / 2
	appendAll(t, store, day.Records()[:half])
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { assert.NoError(t, runner.Run(ctx)) })
	appendAll(t, store, day.Records()[half:])
	require.NoError(t, runner.Wait(t.Context(), day.End()))

	again := floor.New(floor.Options{})
	require.NoError(t, projections.CatchUp(t.Context(), store, again, nil))
	assert.Equal(t, again.View(), live.View())
	found, err := records.Calls(t.Context(), history.Filter{})
	require.NoError(t, err)
	assert.NotEmpty(t, found)
	for _, r := range found {
		assert.Equal(t, history.RecordOf(day.State(r.ConnID)), r)
	}
	cancel()
	running.Wait()
}

func appendAll(t *testing.T, store *memory.Store, records []eventlog.Record) {
	for _, r := range records {
		require.NoError(t, store.Append(t.Context(), []eventlog.StreamAppend{{Stream: r.Stream, Expected: eventlog.At(r.Revision - 1), Events: []eventlog.Event{r.Event}}}))
	}
}
