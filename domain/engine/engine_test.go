package engine_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/link"
	"github.com/callstate/callstate/domain/wire"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func clock() time.Time { return start.Add(time.Hour) }

func at(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }

func connID(n int) call.ConnID { return call.NewConnID(start, "pbx1", fmt.Sprint(n)) }

// story is the facts of one short call.
func story(n int) []engine.Observation {
	id := connID(n)
	of := func(f call.Fact) engine.Observation { return engine.Observation{Call: id, CallFact: f} }
	return []engine.Observation{
		of(call.CallIs{At: at(0), ConnID: id, Switch: "pbx1", SwitchCallID: fmt.Sprint(n), Origin: call.External, ANI: "2125550001"}),
		of(call.PartyIs{At: at(1), Party: "a", State: call.Initiated, DN: "2125550001", External: true}),
		of(call.PartyIs{At: at(2), Party: "a", State: call.Connected, DN: "2125550001", External: true}),
		of(call.DataIs{At: at(3), Set: []call.Pair{{Key: "Account", Value: "1"}}, By: "ivr:main"}),
		{Agent: "1001", AgentFact: agent.MembershipIs{At: at(3), Agent: "1001", Queue: "sales", DN: "1001", Member: true}},
		of(call.PartyIs{At: at(4), Party: "a", State: call.Released, Cause: call.NormalClearing, By: "a"}),
		{Switch: "pbx1", LinkFact: link.LinkIs{At: at(5), Switch: "pbx1", Up: true}},
	}
}

func types(t *testing.T, log eventlog.Reader, stream eventlog.Stream) []string {
	t.Helper()
	var names []string
	for r, err := range log.ReadStream(t.Context(), stream, 1) {
		require.NoError(t, err)
		names = append(names, r.Type)
	}
	return names
}

func TestFactsBecomeEventsOnTheirStreams(t *testing.T) {
	log := memory.New()
	e := engine.New(log, clock, nil)
	require.NoError(t, e.Ingest(t.Context(), story(1)))

	assert.Equal(t, []string{"CallStarted", "PartyDialing", "PartyConnected", "UserDataChanged", "PartyReleased", "CallEnded"}, types(t, log, wire.CallStream(connID(1))))
	assert.Equal(t, []string{"AgentLoggedIn", "AgentJoinedQueue", "AgentReady"}, types(t, log, wire.AgentStream("1001")))
	assert.Equal(t, []string{"LinkUp"}, types(t, log, wire.SwitchStream("pbx1")))
	for r, err := range log.ReadStream(t.Context(), wire.CallStream(connID(1)), 1) {
		require.NoError(t, err)
		assert.Equal(t, clock(), r.RecordedAt)
		assert.Equal(t, connID(1).String(), r.Correlation.String())
		assert.Equal(t, wire.EventID(r.Stream, r.Revision, r.Type, r.Data), r.ID)
	}
}

func TestTheLogHasTheOrderOfTheFacts(t *testing.T) {
	log := memory.New()
	require.NoError(t, engine.New(log, clock, nil).Ingest(t.Context(), append(story(1), story(2)...)))
	var last time.Time
	var streams []string
	for r, err := range log.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		if r.Stream == wire.CallStream(connID(1)) {
			assert.False(t, r.SwitchTime.Before(last))
			last = r.SwitchTime
		}
		streams = append(streams, r.Stream.Kind())
	}
	assert.Equal(t, []string{"call", "call", "call", "call", "agent", "agent", "agent", "call", "call", "switch"}, streams[:10],
		"the agent logs in before the caller hangs up")
}

func TestTheSameFactsAgainAddNothing(t *testing.T) {
	log := memory.New()
	require.NoError(t, engine.New(log, clock, nil).Ingest(t.Context(), story(1)))
	before := count(t, log)
	require.NoError(t, engine.New(log, clock, nil).Ingest(t.Context(), story(1)), "in one batch")
	second := engine.New(log, clock, nil)
	for _, o := range story(1) {
		require.NoError(t, second.Ingest(t.Context(), []engine.Observation{o}), "one by one")
	}
	assert.Equal(t, before, count(t, log))
}

func count(t *testing.T, log eventlog.Reader) int {
	t.Helper()
	n := 0
	for _, err := range log.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		n++
	}
	return n
}

func TestManyEnginesOnOneLogWriteOneHistory(t *testing.T) {
	alone := memory.New()
	one := engine.New(alone, clock, nil)
	for n := range 5 {
		require.NoError(t, one.Ingest(t.Context(), story(n)))
	}

	shared := memory.New()
	var engines sync.WaitGroup
	for range 4 {
		engines.Go(func() {
			e := engine.New(shared, clock, nil)
			for n := range 5 {
				for _, o := range story(n) {
					assert.NoError(t, e.Ingest(context.Background(), []engine.Observation{o}))
				}
			}
		})
	}
	engines.Wait()
	assert.Equal(t, count(t, alone), count(t, shared))
	for n := range 5 {
		assert.Equal(t, ids(t, alone, wire.CallStream(connID(n))), ids(t, shared, wire.CallStream(connID(n))))
	}
}

func ids(t *testing.T, log eventlog.Reader, stream eventlog.Stream) []string {
	t.Helper()
	var all []string
	for r, err := range log.ReadStream(t.Context(), stream, 1) {
		require.NoError(t, err)
		all = append(all, r.ID.String())
	}
	return all
}

func TestARequestMeetsAFactOfAnotherWriter(t *testing.T) {
	log := memory.New()
	first, second := engine.New(log, clock, nil), engine.New(log, clock, nil)
	require.NoError(t, first.Ingest(t.Context(), story(1)[:3]))
	_, err := second.Call(t.Context(), connID(1)) // second has it in memory now
	require.NoError(t, err)
	change := func(value string) call.ChangeUserData {
		return call.ChangeUserData{At: at(9), Actor: "agent:1001", Set: []call.Pair{{Key: "Ticket", Value: value}}}
	}
	events, err := first.Request(t.Context(), connID(1), change("1"))
	require.NoError(t, err)
	assert.Len(t, events, 1)
	_, err = second.Request(t.Context(), connID(1), change("2")) // decided on an old state: decided again
	require.NoError(t, err)
	state, err := engine.New(log, clock, nil).Call(t.Context(), connID(1))
	require.NoError(t, err)
	assert.Equal(t, []call.Pair{{Key: "Ticket", Value: "2"}}, state.UserData())

	events, err = second.Request(t.Context(), connID(1), change("2"))
	require.NoError(t, err)
	assert.Empty(t, events, "there is nothing to do")
}

func TestARefusalIsTheDomains(t *testing.T) {
	e := engine.New(memory.New(), clock, nil)
	_, err := e.Request(t.Context(), connID(1), call.AddNote{At: at(1), Text: "x"})
	assert.ErrorIs(t, err, call.ErrUnknownCall)
	require.NoError(t, e.Ingest(t.Context(), story(1)))
	_, err = e.Request(t.Context(), connID(1), call.ChangeUserData{At: at(9), Set: []call.Pair{{Key: "k", Value: "v"}}})
	assert.ErrorIs(t, err, call.ErrCallEnded)
}

// faulty fails an append before or after it wrote.
type faulty struct {
	*memory.Store
	before, after error
}

func (f *faulty) Append(ctx context.Context, appends []eventlog.StreamAppend) error {
	if f.before != nil {
		return f.before
	}
	if err := f.Store.Append(ctx, appends); err != nil {
		return err
	}
	return f.after
}

func TestAFailedAppendIsToldAndCanBeRepeated(t *testing.T) {
	broken := errors.New("disk gone")
	for name, log := range map[string]*faulty{
		"it failed before anything was written": {Store: memory.New(), before: broken},
		"it failed after all was written":       {Store: memory.New(), after: broken},
	} {
		t.Run(name, func(t *testing.T) {
			e := engine.New(log, clock, nil)
			require.ErrorIs(t, e.Ingest(t.Context(), story(1)), broken)
			log.before, log.after = nil, nil
			require.NoError(t, e.Ingest(t.Context(), story(1)))
			assert.Len(t, types(t, log, wire.CallStream(connID(1))), 6)
		})
	}
}

// contended loses every race.
type contended struct{ *memory.Store }

func (contended) Append(_ context.Context, appends []eventlog.StreamAppend) error {
	expected, _ := appends[0].Expected.Revision()
	return &eventlog.ConflictError{Stream: appends[0].Stream, Expected: expected, Actual: expected + 1}
}

func TestEndlessConflictsEnd(t *testing.T) {
	e := engine.New(contended{memory.New()}, clock, nil)
	assert.ErrorIs(t, e.Ingest(t.Context(), story(1)[:1]), engine.ErrBusy)
}

// unreadable cannot be read.
type unreadable struct{ *memory.Store }

func (unreadable) ReadStream(context.Context, eventlog.Stream, eventlog.Revision) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) { yield(eventlog.Record{}, eventlog.ErrDamaged) }
}

func TestWhatCannotBeReadIsNotGuessedAt(t *testing.T) {
	e := engine.New(unreadable{memory.New()}, clock, nil)
	assert.ErrorIs(t, e.Ingest(t.Context(), story(1)), eventlog.ErrDamaged)

	log := memory.New()
	require.NoError(t, log.Append(t.Context(), []eventlog.StreamAppend{{Stream: wire.CallStream(connID(1)), Expected: eventlog.NoStream(),
		Events: []eventlog.Event{{ID: uuid.New(), Type: "CallTeleported", Version: 1, Data: []byte("{}")}}}}))
	assert.ErrorIs(t, engine.New(log, clock, nil).Ingest(t.Context(), story(1)), wire.ErrUnknown)
}

// A switch that was started anew has lost all of its calls: what follows from that may be more than one append can have.
func TestASwitchThatLosesThousandsOfCallsAtOnce(t *testing.T) {
	log := memory.New()
	const calls = 9000
	e := engine.New(log, clock, func(context.Context, string) (ids []call.ConnID, err error) {
		for n := range calls {
			ids = append(ids, connID(n))
		}
		return ids, nil
	})
	for n := range calls {
		require.NoError(t, e.Ingest(t.Context(), story(n)[:3]))
	}
	other := engine.New(log, clock, nil)
	require.NoError(t, e.Ingest(t.Context(), []engine.Observation{{Switch: "pbx1", LinkFact: link.LinkIs{At: at(5), Switch: "pbx1", Up: true}}}))
	_, err := other.Request(t.Context(), connID(calls/2), call.AddNote{At: at(6), ID: "n", Text: "written by another engine"})
	require.NoError(t, err)
	before, err := log.End(t.Context())
	require.NoError(t, err)

	require.NoError(t, e.Ingest(t.Context(), []engine.Observation{{Switch: "pbx1", LinkFact: link.SnapshotIs{At: at(10), Switch: "pbx1"}}}))

	var last call.ConnID
	size := 0
	for r, err := range log.ReadAll(t.Context(), before) {
		require.NoError(t, err)
		size += r.Size(r.Stream)
		if r.Stream.Kind() != "call" || r.Stream == wire.CallStream(connID(calls/2)) {
			continue // that one had to be decided again
		}
		id, err := call.ParseConnID(r.Stream.ID())
		require.NoError(t, err)
		assert.LessOrEqual(t, last.String(), id.String(), "in the order in which they were decided")
		last = id
	}
	assert.Greater(t, size, eventlog.MaxAppend)
	for n := range calls {
		state, err := e.Call(t.Context(), connID(n))
		require.NoError(t, err)
		require.True(t, state.Ended(), "call %d", n)
	}
	assert.Equal(t, []string{"CallStarted", "PartyDialing", "PartyConnected", "RequestMade", "NoteAdded", "PartyReleased", "CallPresumedEnded"},
		types(t, log, wire.CallStream(connID(calls/2))))
}
