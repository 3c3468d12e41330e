package eventlog_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/domain/eventlog"
)

// someLog is a log of two hundred events on three streams, which take turns.
func someLog(t *testing.T) *memory.Store {
	t.Helper()
	log := memory.New()
	for i := range 200 {
		stream := eventlog.Stream(fmt.Sprintf("call-%d", i/7%3))
		event := eventlog.Event{ID: uuid.New(), Type: "NoteAdded", Version: 2, Actor: "agent:1001", Data: fmt.Appendf(nil, `{"n":%d}`, i)}
		require.NoError(t, log.Append(t.Context(), []eventlog.StreamAppend{{Stream: stream, Expected: eventlog.Any(), Events: []eventlog.Event{event}}}))
	}
	return log
}

func recordsOf(t *testing.T, log eventlog.Reader) []eventlog.Record {
	t.Helper()
	var all []eventlog.Record
	for record, err := range log.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		all = append(all, record)
	}
	return all
}

func TestACopyIsTheSameLog(t *testing.T) {
	from, to := someLog(t), memory.New()
	var last eventlog.Copied
	done, err := eventlog.Copy(t.Context(), from, to, func(c eventlog.Copied) { last = c })
	require.NoError(t, err)
	require.Equal(t, eventlog.Copied{New: 200}, done)
	require.Equal(t, done, last)
	require.Equal(t, recordsOf(t, from), recordsOf(t, to))

	done, err = eventlog.Copy(t.Context(), from, to, nil)
	require.NoError(t, err)
	require.Equal(t, eventlog.Copied{There: 200}, done)
}

// fragile fails after so many appends.
type fragile struct {
	*memory.Store
	appends int
}

func (f *fragile) Append(ctx context.Context, appends []eventlog.StreamAppend) error {
	if f.appends--; f.appends < 0 {
		return errors.New("the network is down")
	}
	return f.Store.Append(ctx, appends)
}

func TestACopyThatWasBrokenOffGoesOn(t *testing.T) {
	from, to := someLog(t), memory.New()
	for tries := 1; ; tries++ {
		done, err := eventlog.Copy(t.Context(), from, &fragile{Store: to, appends: 5}, nil)
		if err == nil {
			require.Equal(t, uint64(200), done.There+done.New)
			require.Greater(t, tries, 3)
			break
		}
		require.ErrorContains(t, err, "the network is down")
	}
	require.Equal(t, recordsOf(t, from), recordsOf(t, to))
}

func TestACopyDoesNotMixLogs(t *testing.T) {
	longer := someLog(t)
	shorter := memory.New()
	_, err := eventlog.Copy(t.Context(), longer, shorter, nil)
	require.NoError(t, err)
	require.NoError(t, longer.Append(t.Context(), []eventlog.StreamAppend{{Stream: "call-9", Events: []eventlog.Event{{ID: uuid.New(), Type: "NoteAdded"}}}}))

	_, err = eventlog.Copy(t.Context(), someLog(t), longer, nil)
	require.ErrorIs(t, err, eventlog.ErrDiffers, "another log")
	_, err = eventlog.Copy(t.Context(), shorter, longer, nil)
	require.ErrorIs(t, err, eventlog.ErrDiffers, "a copy that has gone on")
	require.Len(t, recordsOf(t, longer), 201)
}

// forgetful gives one event back as it was not written.
type forgetful struct{ *memory.Store }

func (f forgetful) ReadAll(ctx context.Context, after eventlog.Position) iter.Seq2[eventlog.Record, error] {
	return func(yield func(eventlog.Record, error) bool) {
		for record, err := range f.Store.ReadAll(ctx, after) {
			if record.Position == 150 {
				record.Data = []byte(`{"n":0}`)
			}
			if !yield(record, err) {
				return
			}
		}
	}
}

func TestACopyIsReadBackAndCompared(t *testing.T) {
	_, err := eventlog.Copy(t.Context(), someLog(t), forgetful{memory.New()}, nil)
	require.ErrorIs(t, err, eventlog.ErrDiffers)
}
