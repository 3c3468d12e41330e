package asterisk_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asking is an action under way.
type asking struct {
	response asterisk.Response
	err      error
	done     bool
}

func (r *rig) ask(ctx context.Context, a asterisk.Action) *asking {
	asked := &asking{}
	go func() {
		asked.response, asked.err = r.Do(ctx, a)
		asked.done = true
	}()
	synctest.Wait()
	return asked
}

func pause() asterisk.Action {
	return asterisk.NewAction("QueuePause", "Interface", "PJSIP/1001", "Paused", "true")
}

func TestActionsAreAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		p := r.accept().login()
		synctest.Wait() // until the snapshot is asked for
		first, second := r.ask(t.Context(), pause()), r.ask(t.Context(), asterisk.Action{Name: "Ping"})
		asked := p.Asked()
		actions := asked[len(asked)-2:]
		assert.Equal(t, "Action: QueuePause|ActionID: "+actions[0].ActionID()+"|Interface: PJSIP/1001|Paused: true", lines(actions[0]))

		p.say("Response: Success|ActionID: somebody else's", "Event: OriginateResponse|ActionID: "+actions[0].ActionID())
		synctest.Wait()
		assert.False(t, first.done || second.done)

		p.say("Response: Success|ActionID: " + actions[1].ActionID() + "|Ping: Pong|Message: two")
		synctest.Wait()
		require.True(t, second.done)
		assert.NoError(t, second.err)
		assert.Equal(t, "two", second.response.Message())
		assert.False(t, first.done, "answers may come in any order")

		p.say("Response: Error|ActionID: " + actions[0].ActionID() + "|Message: Interface not found")
		synctest.Wait()
		require.True(t, first.done)
		assert.EqualError(t, first.err, "QueuePause: Interface not found")
		assert.False(t, first.response.Succeeded())
		r.End()
	})
}

func TestActionsThatCannotBeDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		assert.ErrorIs(t, r.ask(t.Context(), pause()).err, connection.ErrNotConnected)
		p := r.accept().greet()
		assert.ErrorIs(t, r.ask(t.Context(), pause()).err, connection.ErrNotConnected, "not before the login")
		p.say("Response: Success|ActionID: " + p.Asked()[0].ActionID())
		synctest.Wait()

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		unanswered := r.ask(ctx, pause())
		lost := r.ask(t.Context(), pause())
		time.Sleep(time.Second)
		synctest.Wait()
		assert.ErrorIs(t, unanswered.err, context.DeadlineExceeded)
		assert.NotErrorIs(t, unanswered.err, connection.ErrNotSent)
		tooLate := r.ask(ctx, pause())
		assert.ErrorIs(t, tooLate.err, context.DeadlineExceeded)
		assert.ErrorIs(t, tooLate.err, connection.ErrNotSent)
		assert.False(t, lost.done)
		p.Close()
		synctest.Wait()
		assert.ErrorIs(t, lost.err, connection.ErrAnswerLost)
		assert.ErrorIs(t, r.ask(t.Context(), pause()).err, connection.ErrNotConnected)
		r.End()
	})
}

// A value with a line end would be headers, or actions, of whoever chose the value: a caller's name, say.
func TestActionsAreNotWrittenByTheirValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		p := r.accept().login()
		before := len(p.Asked())
		for _, a := range []asterisk.Action{
			asterisk.NewAction("UserEvent", "Note", "x\r\n\r\nAction: Command\r\nCommand: core stop now"),
			asterisk.NewAction("UserEvent", "Note", "x\ny"),
			asterisk.NewAction("UserEvent", "Note: x\r\nCommand", "y"),
			asterisk.NewAction("UserEvent", "", "y"),
			asterisk.NewAction("UserEvent\r\nCommand: y"),
			asterisk.NewAction(""),
		} {
			assert.ErrorIs(t, r.ask(t.Context(), a).err, connection.ErrInvalid)
		}
		assert.Len(t, p.Asked(), before, "nothing was sent")
		r.End()
	})
}

func TestASwitchThatDoesNotReadIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		conn, err := r.Accept()
		require.NoError(t, err)
		go conn.Write([]byte("Asterisk Call Manager/11.0.0\r\n"))
		login, err := asterisk.NewFrameReader(conn).Next()
		require.NoError(t, err)
		b, err := asterisk.ParseBlock(login.Raw)
		require.NoError(t, err)
		_, err = conn.Write([]byte("Response: Success\r\nActionID: " + b.ActionID() + "\r\n\r\n"))
		require.NoError(t, err)
		synctest.Wait()
		time.Sleep(5*time.Second + time.Millisecond) // now the snapshot is not read
		assert.ErrorContains(t, r.Log.Of("err")[0].(error), "timeout")
		r.End()
	})
}
