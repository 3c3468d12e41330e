package freeswitch_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/adapters/switches/freeswitch"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// result is what Do returned.
type result struct {
	reply freeswitch.Reply
	err   error
}

// do sends a command and tells later what came of it.
func (r *rig) do(ctx context.Context, command freeswitch.Command) <-chan result {
	done := make(chan result, 1)
	go func() {
		reply, err := r.Do(ctx, command)
		done <- result{reply, err}
	}()
	synctest.Wait()
	return done
}

// quiet logs in and answers the snapshot.
func (p *peer) quiet() *peer {
	p.login().say(strings.Repeat(answer("-ERR\n"), len(snapshot)))
	synctest.Wait()
	p.say(answer("-ERR\n")) // that of the tiers
	synctest.Wait()
	return p
}

func (p *peer) last() string {
	asked := p.Asked()
	return asked[len(asked)-1]
}

func TestACommandIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.accept().quiet()
		done := r.do(t.Context(), freeswitch.API("callcenter_config agent set status 1001@default 'On Break'"))
		assert.Equal(t, "api callcenter_config agent set status 1001@default 'On Break'", p.last())
		p.say(event("API") + answer("+OK\n"))
		got := <-done
		require.NoError(t, got.err)
		assert.Equal(t, "+OK", got.reply.Text())

		done = r.do(t.Context(), freeswitch.Socket("nixevent RE_SCHEDULE"))
		p.say(reply("+OK events nixed"))
		got = <-done
		require.NoError(t, got.err)
		assert.Equal(t, "+OK events nixed", got.reply.Text())
		recorded := r.End()
		assert.Equal(t, []string{"API", "down: stopped"}, recorded[len(recorded)-2:], "the answers are no concern of the interpreter")
	})
}

func TestAnAnswerThatSaysNoIsAnError(t *testing.T) {
	for _, text := range []string{"-ERR No such channel!\n", "-USAGE: <uuid>\n"} {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, nil)
			p := r.accept().quiet()
			done := r.do(t.Context(), freeswitch.API("uuid_kill 7"))
			p.say(answer(text))
			got := <-done
			refused, ok := errors.AsType[*freeswitch.CommandError](got.err)
			require.True(t, ok)
			assert.Equal(t, freeswitch.CommandError{Command: "api uuid_kill", Message: strings.TrimSpace(text)}, *refused)
			r.End()
		})
	}
}

// A user whose esl-allowed-api has not the command is answered by the socket itself: a reply, and no api/response.
func TestACommandThatIsNotAllowedIsAnsweredInAnotherWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.accept().quiet()
		first, second := r.do(t.Context(), freeswitch.API("uuid_kill 7")), r.do(t.Context(), freeswitch.API("echo 2"))
		p.say(reply("-ERR permission denied") + answer("2"))
		assert.ErrorContains(t, (<-first).err, "api uuid_kill: -ERR permission denied")
		assert.Equal(t, "2", (<-second).reply.Text())
		r.End()
	})
}

func TestACommandInTheBackgroundIsAnsweredWithItsResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.accept().quiet()
		first := r.do(t.Context(), freeswitch.Background("originate user/1001 &park"))
		command, job, found := strings.Cut(p.last(), "|Job-UUID: ")
		require.True(t, found)
		assert.Equal(t, "bgapi originate user/1001 &park", command)
		second := r.do(t.Context(), freeswitch.Background("originate user/1002 &park"))
		_, other, _ := strings.Cut(p.last(), "|Job-UUID: ")
		assert.NotEqual(t, job, other)

		p.say(reply("+OK Job-UUID: "+job) + reply("+OK Job-UUID: "+other))
		p.say(event("BACKGROUND_JOB", "Job-UUID: of somebody else", "Content-Length: 4", "", "+OK"))
		p.say(event("BACKGROUND_JOB", "Job-UUID: "+other, "Content-Length: 14", "", "-ERR USER_BUSY"))
		synctest.Wait()
		assert.Empty(t, first, "the answer that it was begun is not its result")
		got := <-second
		assert.ErrorContains(t, got.err, "bgapi originate: -ERR USER_BUSY")
		p.say(event("BACKGROUND_JOB", "Job-UUID: "+job, "Content-Length: 6", "", "+OK 77"))
		got = <-first
		require.NoError(t, got.err)
		assert.Equal(t, "+OK 77", got.reply.Text())
		recorded := r.End()
		assert.Equal(t, 3, strings.Count(strings.Join(recorded, "|"), "BACKGROUND_JOB"), "the interpreter is told as well")
	})
}

func TestABackgroundCommandThatIsRefusedIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.accept().quiet()
		done := r.do(t.Context(), freeswitch.Background("originate x"))
		p.say(reply("-ERR bgapi not allowed"))
		assert.ErrorContains(t, (<-done).err, "not allowed")
		r.End()
	})
}

func TestACommandNobodyWaitsForAnyMoreKeepsItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.accept().quiet()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		late := r.do(ctx, freeswitch.API("uuid_exists 1"))
		lateJob := r.do(ctx, freeswitch.Background("uuid_exists 2"))
		assert.ErrorIs(t, (<-late).err, context.DeadlineExceeded)
		assert.ErrorIs(t, (<-lateJob).err, context.DeadlineExceeded)
		in := r.do(t.Context(), freeswitch.API("uuid_exists 3"))
		p.say(answer("1"))
		p.say(reply("+OK Job-UUID: x"))
		synctest.Wait()
		assert.Empty(t, in, "these were the answers to the ones before")
		p.say(answer("3"))
		got := <-in
		require.NoError(t, got.err)
		assert.Equal(t, "3", got.reply.Text())
		r.End()
	})
}

func TestAnswersComeInTheOrderOfTheCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.accept().quiet()
		var waiting []<-chan result
		for i := range 50 {
			waiting = append(waiting, r.do(t.Context(), freeswitch.API(fmt.Sprint("echo ", i))))
		}
		for i, command := range p.Asked()[len(snapshot)+3:] {
			assert.Equal(t, fmt.Sprint("api echo ", i), command)
			p.say(answer(fmt.Sprint(i)) + event("NOISE"))
		}
		for i, done := range waiting {
			assert.Equal(t, fmt.Sprint(i), (<-done).reply.Text())
		}
		r.End()
	})
}

func TestAnAnswerThatCannotBeReadIsStillTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.accept().quiet()
		first := r.do(t.Context(), freeswitch.API("show channels"))
		second := r.do(t.Context(), freeswitch.API("echo 2"))
		p.say(fmt.Sprintf("Content-Type: api/response\nContent-Length: %d\n\n", freeswitch.MaxBody+1) + strings.Repeat("x", freeswitch.MaxBody+1))
		p.say(answer("2"))
		assert.ErrorIs(t, (<-first).err, freeswitch.ErrUnreadable)
		assert.Equal(t, "2", (<-second).reply.Text())
		r.End()
	})
}

func TestCommandsOverALinkThatIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		_, err := r.Do(t.Context(), freeswitch.API("status"))
		assert.ErrorIs(t, err, connection.ErrNotConnected)
		p := r.accept().quiet()
		one, two := r.do(t.Context(), freeswitch.API("status")), r.do(t.Context(), freeswitch.Background("status"))
		p.Close()
		assert.ErrorIs(t, (<-one).err, connection.ErrAnswerLost)
		assert.ErrorIs(t, (<-two).err, connection.ErrAnswerLost)

		p = r.accept().quiet()
		done := r.do(t.Context(), freeswitch.API("echo new"))
		p.say(answer("new"))
		assert.Equal(t, "new", (<-done).reply.Text(), "a new connection begins with no command unanswered")
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		asked := len(p.Asked())
		_, err = r.Do(cancelled, freeswitch.API("uuid_kill 7"))
		assert.ErrorIs(t, err, context.Canceled)
		assert.ErrorIs(t, err, connection.ErrNotSent)
		assert.Len(t, p.Asked(), asked, "nothing is sent that nobody waits for")
		r.End()
	})
}

func TestASwitchThatDoesNotReadIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		conn, err := r.Accept()
		require.NoError(t, err)
		_, err = conn.Write([]byte(auth)) // and nothing is read
		require.NoError(t, err)
		time.Sleep(10*time.Second + time.Millisecond)
		assert.NotEmpty(t, r.Log.Of("err"))
		r.End()
	})
}

func TestALineEndInACommandIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, nil)
		p := r.accept().quiet()
		asked := len(p.Asked())
		for _, command := range []freeswitch.Command{
			freeswitch.API("uuid_setvar 7 note x\n\napi fsctl shutdown"), freeswitch.Background("uuid_kill 7\r"),
			freeswitch.Socket("event\nplain ALL"), freeswitch.API("uuid_kill 7\x00"), freeswitch.Socket(" "), {},
		} {
			_, err := r.Do(t.Context(), command)
			assert.ErrorIs(t, err, connection.ErrInvalid)
		}
		assert.Len(t, p.Asked(), asked, "nothing of it was sent")
		done := r.do(t.Context(), freeswitch.API("echo 1"))
		p.say(answer("1"))
		assert.Equal(t, "1", (<-done).reply.Text(), "and none of it waits for an answer")
		r.End()
	})
}

func TestTheNameOfACommandHasNoArguments(t *testing.T) {
	assert.Equal(t, "api uuid_setvar", freeswitch.API("uuid_setvar 7 card 4111").String())
	assert.Equal(t, "bgapi originate", freeswitch.Background("originate user/1 &park").String())
	assert.Equal(t, "auth", freeswitch.Socket("auth ClueCon").String())
}
