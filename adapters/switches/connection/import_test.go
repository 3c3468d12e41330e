package connection_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/adapters/switches/connection/connectiontest"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// words is a recording of a session in which so many words were said.
type words struct {
	begun bool
	said  int
	left  int
	err   error // at the end; nil: io.EOF
}

// Next returns the beginning, and then each word.
func (w *words) Next() (connection.Recorded[word], error) {
	switch {
	case !w.begun:
		w.begun = true
		return connection.Recorded[word]{Begins: true, Version: "1"}, nil
	case w.left == 0 && w.err != nil:
		return connection.Recorded[word]{}, w.err
	case w.left == 0:
		return connection.Recorded[word]{}, io.EOF
	}
	w.left--
	w.said++
	return connection.Recorded[word]{Piece: word(fmt.Sprint(w.said))}, nil
}

// Bytes counts one for each word.
func (w *words) Bytes() int64 { return int64(w.said) }

func TestARecordingIsImported(t *testing.T) {
	recorder, last := &connectiontest.Recorder{}, 0
	stats, err := connection.Import(t.Context(), &words{left: 10_000}, told{}, recorder, func(pieces, bytes int) {
		assert.Greater(t, pieces, last)
		assert.Equal(t, pieces, bytes)
		last = pieces
	})
	require.NoError(t, err)
	assert.Equal(t, connection.ImportStats{Sessions: 1, Pieces: 10_000, Bytes: 10_000, Observations: 10_002}, stats)
	assert.Equal(t, 10_000, last)
	all := recorder.All()
	require.Len(t, all, 10_002)
	assert.Equal(t, []string{"up 1", "1", "2"}, all[:3])
	assert.Equal(t, []string{"9999", "10000", "down: end of the recording"}, all[9_999:])
	assert.Less(t, recorder.Batches(), 25)
}

func TestImportsThatFail(t *testing.T) {
	t.Run("the source", func(t *testing.T) {
		broken, engine := errors.New("broken"), &connectiontest.Recorder{}
		stats, err := connection.Import(t.Context(), &words{left: 10_000, err: broken}, told{}, engine, nil)
		assert.ErrorIs(t, err, broken)
		assert.Equal(t, 10_000, stats.Pieces)
		assert.Len(t, engine.All(), 10_002, "what could be read is recorded")
	})
	t.Run("the engine", func(t *testing.T) {
		full := errors.New("disk full")
		_, err := connection.Import(t.Context(), &words{left: 10_000}, told{}, &connectiontest.Recorder{Err: full}, nil)
		assert.ErrorIs(t, err, full)
	})
	t.Run("interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		engine := &connectiontest.Recorder{}
		_, err := connection.Import(ctx, &words{left: 10_000}, told{}, engine, func(pieces, _ int) {
			if pieces > 2000 {
				cancel()
			}
		})
		assert.ErrorIs(t, err, context.Canceled)
		assert.Less(t, len(engine.All()), 10_000)
	})
	t.Run("there is nothing in it", func(t *testing.T) {
		_, err := connection.Import(t.Context(), &words{begun: true}, told{}, &connectiontest.Recorder{}, nil)
		assert.ErrorIs(t, err, connection.ErrEmptyRecording)
	})
}

// hearsay makes of each word that an agent of that name joins a queue, and tells nothing else.
type hearsay struct{ told }

func (hearsay) LinkUp(string, time.Time) []engine.Observation   { return nil }
func (hearsay) LinkDown(string, time.Time) []engine.Observation { return nil }
func (hearsay) Translate(w word, _ time.Time) []engine.Observation {
	name := string(w)
	if w == "13" {
		name = strings.Repeat("x", eventlog.MaxStreamName)
	}
	return []engine.Observation{{Agent: name, AgentFact: agent.MembershipIs{At: time.Unix(1, 0), Agent: name, Queue: "sales", Member: true}}}
}

func TestWhatNoLogTakesIsCountedAndPassedOver(t *testing.T) {
	log := memory.New()
	defer log.Close()
	stats, err := connection.Import(t.Context(), &words{left: 20}, hearsay{}, engine.New(log, time.Now, nil), nil)
	require.NoError(t, err)
	assert.Equal(t, uint64(1), stats.BadInput[0].Count)
	assert.Contains(t, stats.BadInput[0].Samples[0], "stream name")
	end, err := log.End(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 3*19, end, "all others are there")
}
