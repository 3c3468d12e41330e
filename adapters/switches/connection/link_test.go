package connection_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/adapters/switches/connection/connectiontest"
	"github.com/callstate/callstate/domain/engine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// word is a piece of a switch that says words.
type word string

func (w word) Size() int { return len(w) }

// told makes an observation of every word.
type told struct{ connectiontest.Told }

func (told) Translate(w word, _ time.Time) []engine.Observation {
	return connectiontest.Observed(string(w))
}

// peer is a connection to the switch, which says what the test says.
type peer struct {
	words  chan word
	hungUp chan struct{}
	once   sync.Once
}

func (p *peer) Version() string { return "1" }

// Next waits for the next word.
func (p *peer) Next() (word, error) {
	select {
	case w := <-p.words:
		return w, nil
	case <-p.hungUp:
		return "", io.EOF
	}
}

func (p *peer) Talk(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

func (p *peer) AskAgain() {}

// HangUp ends the connection, from either side.
func (p *peer) HangUp() { p.once.Do(func() { close(p.hungUp) }) }

// say waits until each word is read. It returns false when the link has hung up.
func (p *peer) say(words ...string) bool {
	for _, w := range words {
		select {
		case p.words <- word(w):
		case <-p.hungUp:
			return false
		}
	}
	return true
}

// closed: one of the two has hung up.
func (p *peer) closed() bool {
	synctest.Wait()
	select {
	case <-p.hungUp:
		return true
	default:
		return false
	}
}

// rig is a link and the switch it connects to. It lives in a bubble of synctest.
type rig struct {
	*connectiontest.Rig
	*connection.Link[word]
	limits      connection.Limits
	interpreter connection.Interpreter[word]
	dial        connection.Dial[word]
	dialled     chan *peer
}

func start(t *testing.T, change func(*rig)) *rig {
	t.Helper()
	r := &rig{Rig: connectiontest.NewRig(t), interpreter: told{}, dialled: make(chan *peer)}
	r.dial = func(ctx context.Context) (connection.Session[word], error) {
		p := &peer{words: make(chan word), hungUp: make(chan struct{})}
		select {
		case r.dialled <- p:
			return p, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if change != nil {
		change(r)
	}
	r.Link = connection.NewLink("pbx1", r.limits, r.dial, r.interpreter, r.Recorder, slog.New(r.Log))
	r.Start(r.Link)
	return r
}

// accept lets the link connect, and returns when it is up.
func (r *rig) accept() *peer {
	p := <-r.dialled
	synctest.Wait()
	return p
}

func TestALinkIsUpAgainAfterEveryLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		assert.False(t, r.Stats().Connected)
		p := r.accept()
		assert.True(t, r.Stats().Connected)
		p.say("one", "two")
		p.HangUp()
		p = r.accept()
		p.say("three")
		synctest.Wait()
		assert.Equal(t, uint64(1), r.Stats().Reconnects)
		assert.Equal(t, uint64(3), r.Stats().Pieces)
		assert.Equal(t, uint64(len("onetwothree")), r.Stats().Bytes)
		assert.Equal(t, []string{"up 1", "one", "two", "down: closed by the switch", "up 1", "three", "down: stopped"}, r.End())
		assert.True(t, p.closed())
		assert.False(t, r.Stats().Connected)
	})
}

func TestARefusedConnectionIsTriedEverMoreSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var attempts []time.Time
		r := start(t, func(r *rig) {
			r.dial = func(context.Context) (connection.Session[word], error) {
				attempts = append(attempts, time.Now())
				return nil, errors.New("connection refused")
			}
		})
		time.Sleep(5 * time.Minute)
		assert.Empty(t, r.End())
		require.Greater(t, len(attempts), 10)
		longest := 500 * time.Millisecond
		for i, at := range attempts[1:] {
			wait := at.Sub(attempts[i])
			assert.LessOrEqual(t, wait, longest)
			assert.GreaterOrEqual(t, wait, longest/2)
			longest = min(2*longest, 30*time.Second)
		}
		assert.Len(t, r.Log.Of("err"), 1, "the same reason is told once")
		assert.Equal(t, "connection refused", r.Stats().LastError)
	})
}

func TestWhatCannotBeKeptUpWithEndsTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(r *rig) {
			r.limits.QueuePieces = 20
			r.Busy = make(chan struct{})
		})
		p := r.accept()
		sent := 0
		for p.say(fmt.Sprint(sent)) {
			sent++
		}
		assert.Greater(t, sent, 19)
		assert.Equal(t, uint64(1), r.Stats().Overruns)
		close(r.Busy)
		p = r.accept()
		p.say("snapshot")
		recorded := r.End()
		want := []string{"up 1"}
		for i := range len(recorded) - 5 {
			want = append(want, fmt.Sprint(i))
		}
		want = append(want, "down: overrun", "up 1", "snapshot", "down: stopped")
		assert.Equal(t, want, recorded, "what was in the queue is recorded, then what is missing is told")
		assert.GreaterOrEqual(t, len(want)-5, 19)
		assert.Equal(t, uint64(1), r.Stats().Reconnects)
	})
}

func TestAQueueIsBoundedInBytesToo(t *testing.T) {
	const bound = 1000
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(r *rig) {
			r.limits.QueueBytes = bound
			r.Busy = make(chan struct{})
		})
		p := r.accept()
		large := strings.Repeat("x", bound*2/5)
		assert.True(t, p.say(large, large))
		synctest.Wait()
		assert.Less(t, r.Stats().QueuedBytes, bound)
		p.say(large, large)
		assert.True(t, p.closed())
		close(r.Busy)
		assert.Equal(t, uint64(1), r.Stats().Overruns)
		r.End()
	})
}

func TestASlowEngineDoesNotHoldUpTheReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(r *rig) { r.Busy = make(chan struct{}) })
		p := r.accept()
		want := []string{"up 1"}
		for i := range 5000 {
			want = append(want, fmt.Sprint(i))
			require.True(t, p.say(fmt.Sprint(i)), "who says something waits until it is read")
		}
		synctest.Wait()
		assert.GreaterOrEqual(t, r.Stats().QueuedPieces, 4999)
		close(r.Busy)
		assert.Equal(t, append(want, "down: stopped"), r.End())
		assert.Less(t, r.Batches(), 20, "what has queued up is taken in large batches")
	})
}

func TestTimeGoesOnWhileNothingComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(r *rig) { r.interpreter = told{connectiontest.Told{Minute: true}} })
		r.accept()
		time.Sleep(350 * time.Millisecond)
		assert.Equal(t, []string{"up 1", "it is 00.100", "it is 00.200", "it is 00.300", "down: stopped"}, r.End())
	})
}

func TestALinkThatIsStoppedRecordsWhatItHasReceived(t *testing.T) {
	t.Run("in time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, func(r *rig) { r.Busy = make(chan struct{}) })
			p := r.accept()
			p.say("one", "two")
			synctest.Wait()
			r.Stop()
			assert.True(t, p.closed())
			time.Sleep(4 * time.Second)
			close(r.Busy)
			assert.Equal(t, []string{"up 1", "one", "two", "down: stopped"}, r.End())
		})
	})
	t.Run("or says that it did not", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, func(r *rig) { r.Busy = make(chan struct{}) })
			r.accept()
			r.Stop()
			began := time.Now()
			assert.ErrorContains(t, <-r.Ended, "before all that came in was recorded")
			assert.Equal(t, 5*time.Second, time.Since(began))
		})
	})
	t.Run("while it connects", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, nil)
			synctest.Wait()
			assert.Empty(t, r.End())
			assert.Empty(t, r.Log.Of("err"))
		})
	})
	t.Run("while it waits for the next attempt", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, func(r *rig) {
				r.dial = func(context.Context) (connection.Session[word], error) { return nil, errors.New("connection refused") }
			})
			time.Sleep(time.Minute)
			assert.Empty(t, r.End())
		})
	})
}

func TestAFailingEngineEndsTheLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("disk full")
		r := start(t, func(r *rig) { r.Err = full })
		p := r.accept()
		err := <-r.Ended
		assert.ErrorIs(t, err, full)
		assert.ErrorContains(t, err, "link pbx1")
		assert.True(t, p.closed())
	})
}
