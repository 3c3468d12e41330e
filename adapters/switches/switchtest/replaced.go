package switchtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection/connectiontest"
	"github.com/callstate/callstate/adapters/switches/playback"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections/history"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Link is a link of a switch, as it is run.
type Link interface {
	Run(ctx context.Context) error
}

// FakeSwitch is how recorded sessions are played to links of a kind of switch.
type FakeSwitch struct {
	Read  func(stream io.Reader) (*playback.Recording, error)
	Login playback.Options // Username and Secret
	// Link returns a link that tells an engine.
	Link func(e *engine.Engine, dial func(ctx context.Context, network, address string) (net.Conn, error)) Link
	// At is the time in what the switch is about to tell.
	At func(text string) (time.Time, bool)
}

// played is a session that it plays.
type played struct {
	FakeSwitch
	recording *playback.Recording
}

// quietFor is how long a switch says nothing when it is not in the middle of telling something.
const quietFor = 100 * time.Millisecond

// play plays a session in which links come and go: go on has the switch tell so many more events, all that are left when
// there are no more, and returns when everybody has dealt with them. tell is called before each event.
func (p played) play(t *testing.T, tell func(text string), script func(link func(e *engine.Engine) (unlink func()), goOn func(events int))) {
	synctest.Test(t, func(t *testing.T) {
		steps, left := make(chan int), 0
		options := p.Login
		options.Hold = func(ctx context.Context, text string) error {
			tell(text)
			for left == 0 {
				select {
				case left = <-steps:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			left--
			return nil
		}
		listener := connectiontest.NewListener()
		server, err := playback.NewServer(listener, p.recording, options)
		require.NoError(t, err)
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- server.Run(ctx) }()
		script(func(e *engine.Engine) func() {
			linked, unlink := context.WithCancel(ctx)
			ended := make(chan error, 1)
			link := p.Link(e, listener.Dial)
			go func() { ended <- link.Run(linked) }()
			time.Sleep(time.Second)
			return func() {
				unlink()
				require.NoError(t, <-ended)
			}
		}, func(events int) {
			select {
			case steps <- events:
			case <-server.Done():
			}
			synctest.Wait()
			if events == rest {
				<-server.Done()
			}
			time.Sleep(time.Second)
		})
		stop()
		require.NoError(t, <-served)
	})
}

// rest is as many events as there are.
const rest = 1 << 40

// whole has one engine hear a whole session, and returns after how many events the switch said nothing for a while.
func (p played) whole(t *testing.T, log Log) (quiet []int) {
	told := 0
	var last time.Time
	listen := func(text string) {
		if at, ok := p.At(text); ok {
			if !last.IsZero() && at.Sub(last) >= quietFor {
				quiet = append(quiet, told)
			}
			if at.After(last) {
				last = at
			}
		}
		told++
	}
	p.play(t, listen, func(link func(*engine.Engine) func(), goOn func(int)) {
		unlink := link(engine.New(log, time.Now, liveCalls(t, log)))
		goOn(rest)
		unlink()
	})
	return quiet
}

func unheeded(string) {}

// replaced has one engine hear the beginning, so many events, and another one the rest.
func (p played) replaced(t *testing.T, log Log, at int) {
	p.play(t, unheeded, func(link func(*engine.Engine) func(), goOn func(int)) {
		unlink := link(engine.New(log, time.Now, liveCalls(t, log)))
		goOn(at)
		unlink()
		unlink = link(engine.New(log, time.Now, liveCalls(t, log)))
		goOn(rest)
		unlink()
	})
}

// handedOver has another engine listen from the same moment on, while the first one still hears and writes so many more
// events before the other one sees what the log says; then the first one ends.
func (p played) handedOver(t *testing.T, log Log, at, ahead int) {
	p.play(t, unheeded, func(link func(*engine.Engine) func(), goOn func(int)) {
		unlink := link(engine.New(log, time.Now, liveCalls(t, log)))
		goOn(at)
		look := make(chan struct{})
		live := liveCalls(t, log)
		other := link(engine.New(log, time.Now, func(ctx context.Context, switchName string) ([]call.ConnID, error) {
			<-look
			return live(ctx, switchName)
		}))
		goOn(ahead)
		unlink()
		close(look)
		time.Sleep(time.Second)
		goOn(rest)
		other()
	})
}

// liveCalls finds the calls that go on as an engine does that has just been started: in the log.
func liveCalls(t *testing.T, log Log) engine.LiveCalls {
	return func(_ context.Context, switchName string) (live []call.ConnID, err error) {
		calls, _ := Calls(t, log)
		for _, s := range calls {
			if s.Live() && s.Switch == switchName {
				live = append(live, s.ConnID)
			}
		}
		return live, nil
	}
}

// AnEngineMayBeReplaced: an engine is stopped at whatever moment at which the switch says nothing, and another one goes on
// with the log and with what the switch says that it has; or another one has listened for a while already. The records are
// those of one engine that heard everything; where lessExact has a reason for a session, they have the same visits to queues
// at least.
func (s Suite[P]) AnEngineMayBeReplaced(t *testing.T, by FakeSwitch, lessExact map[string]string) {
	for _, recorded := range s.short() {
		if len(recorded.Streams) > 1 {
			continue // what was not heard is not to be replaced
		}
		t.Run(recorded.Name, func(t *testing.T) {
			t.Parallel()
			recording, err := by.Read(bytes.NewReader(recorded.Streams[0]))
			require.NoError(t, err)
			session := played{by, recording}
			log := s.NewLog()
			quiet := session.whole(t, log)
			whole, _ := Calls(t, log)
			require.NotEmpty(t, quiet)
			sameAs := func(log Log, where string) {
				calls, _ := Calls(t, log)
				for stream, state := range whole {
					once, again := history.RecordOf(state), history.RecordOf(calls[stream])
					if lessExact[recorded.Name] == "" {
						assert.Equal(t, who(once), who(again), "%s: %s", where, stream)
					} else if again.ConnID == once.ConnID {
						assert.Equal(t, waits(once), waits(again), "%s: %s", where, stream)
					}
				}
				assert.Equal(t, visits(whole), visits(calls), where)
				for stream, state := range calls {
					assert.True(t, state.Ended(), "%s: %s is left open", where, stream)
				}
			}
			for i, at := range quiet {
				log := s.NewLog()
				if i%2 == len(recorded.Name)%2 || i+1 == len(quiet) { // both at every moment would take too long
					session.replaced(t, log, at)
					sameAs(log, fmt.Sprintf("replaced after %d events", at))
				} else {
					session.handedOver(t, log, at, quiet[i+1]-at)
					sameAs(log, fmt.Sprintf("handed over after %d events, of which the other one hears %d again", quiet[i+1], quiet[i+1]-at))
				}
			}
		})
	}
}

// waits is what a record tells of queues.
func waits(r history.Record) string {
	text := ""
	for _, q := range r.Queues {
		text += fmt.Sprintf("; in %s: %s %s", q.Queue, q.Result, q.Agent)
	}
	return text
}

// visits are what the records tell of queues, of whatever calls: one may have another ConnID.
func visits(calls map[eventlog.Stream]call.State) (all []string) {
	for _, state := range calls {
		if text := waits(history.RecordOf(state)); text != "" {
			all = append(all, text)
		}
	}
	slices.Sort(all)
	return all
}

// who is what a record tells without times.
func who(r history.Record) string {
	text := fmt.Sprintf("%s from %s to %s: %s%s", r.Type, r.ANI, r.DNIS, r.Outcome, waits(r))
	for _, a := range r.Agents {
		text += fmt.Sprintf("; %s at %s for %s: %s", a.Agent, a.DN, a.Queue, a.Result)
	}
	return text
}
