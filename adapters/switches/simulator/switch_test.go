package simulator_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/adapters/switches/simulator"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
)

// desk is an agent who does nothing by himself, and whoever sits at his desktop.
type desk struct {
	t       *testing.T
	store   eventlog.Store
	engine  *engine.Engine
	asks    engine.Executors
	agent   string
	command int
}

// sit runs a contact centre in which one agent is driven by hand and all others are not there.
func sit(t *testing.T, work func(*desk)) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.New()
		e := engine.New(store, time.Now, nil)
		s, err := simulator.NewSwitch(simulator.Config{Name: "sim", Seed: 1, Agents: 1, Rate: 0.05, Steady: true, Manual: []string{"1001"}}, e)
		require.NoError(t, err)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		synctest.Wait()
		work(&desk{t: t, store: store, engine: e, asks: engine.Executors{"sim": s}, agent: "1001"})
		stop()
		require.NoError(t, <-ended)
		up := false
		for r, err := range store.ReadStream(t.Context(), wire.SwitchStream("sim"), 1) {
			require.NoError(t, err)
			up = r.Type != "LinkDown"
		}
		require.False(t, up, "it says goodbye")
	})
}

func (d *desk) by(dn string) call.By {
	d.command++
	return call.By{At: time.Now(), Actor: "agent:" + d.agent, ID: fmt.Sprint(d.command), DN: dn}
}

func (d *desk) asksFor(r agent.Request) {
	d.t.Helper()
	require.NoError(d.t, d.engine.CommandAgent(d.t.Context(), d.asks, d.agent, r))
	synctest.Wait()
}

// does asks something of the call, and expects that his party is in a state afterwards.
func (d *desk) does(id call.ConnID, r call.Request, state call.Telephony) {
	d.t.Helper()
	require.NoError(d.t, d.engine.Command(d.t.Context(), d.asks, id, r))
	synctest.Wait()
	require.Equal(d.t, state, d.party(id).Telephony)
}

func (d *desk) party(id call.ConnID) (mine call.Party) {
	s, err := d.engine.Call(d.t.Context(), id)
	require.NoError(d.t, err)
	for _, p := range s.Parties {
		if p.DN == "1001" {
			mine = p
		}
	}
	return mine
}

func (d *desk) login() {
	d.asksFor(agent.Login{By: d.by("1001"), Switch: "sim", Queues: []string{"sales", "support"}})
	require.True(d.t, d.session().LoggedIn)
}

func (d *desk) session() agent.State {
	s, err := d.engine.Agent(d.t.Context(), d.agent)
	require.NoError(d.t, err)
	return s
}

// rings waits until a call rings, and returns it.
func (d *desk) rings() call.ConnID {
	d.t.Helper()
	for range 3600 {
		for r, err := range d.store.ReadAll(d.t.Context(), 0) {
			require.NoError(d.t, err)
			if r.Stream.Kind() != wire.Call {
				continue
			}
			id, err := call.ParseConnID(r.Stream.ID())
			require.NoError(d.t, err)
			if d.party(id).Telephony == call.Alerting {
				return id
			}
		}
		time.Sleep(time.Second) // of the test's own clock
	}
	d.t.Fatal("nothing rings in an hour")
	return call.ConnID{}
}

func TestADesktopDrivesAnAgent(t *testing.T) {
	sit(t, func(d *desk) {
		d.login()
		id := d.rings()
		by := d.by("1001")
		d.does(id, call.Answer{By: by}, call.Connected)
		d.does(id, call.Hold{By: d.by("1001")}, call.Held)
		d.does(id, call.Retrieve{By: d.by("1001")}, call.Connected)
		require.ErrorIs(t, d.engine.Command(t.Context(), d.asks, id, call.Park{By: d.by("1001")}), call.ErrUnsupported)
		d.does(id, call.Release{By: d.by("1001")}, call.Released)
		s, err := d.engine.Call(t.Context(), id)
		require.NoError(t, err)
		require.True(t, s.Ended())
		require.True(t, d.session().ACW.Active(), "there is work to do after the call")

		d.asksFor(agent.NotReady{By: d.by(""), Reason: "lunch"})
		ready, reason, _ := d.session().Ready()
		require.False(t, ready)
		require.Equal(t, "lunch", reason)
		d.asksFor(agent.Ready{By: d.by("")})
		ready, _, _ = d.session().Ready()
		require.True(t, ready)
		d.asksFor(agent.Logout{By: d.by("")})
		require.False(t, d.session().LoggedIn)
	})
}

func TestADesktopTransfers(t *testing.T) {
	sit(t, func(d *desk) {
		d.login()
		id := d.rings()
		d.does(id, call.Answer{By: d.by("1001")}, call.Connected)
		d.asksFor(agent.NotReady{By: d.by(""), Reason: "lunch"})
		d.does(id, call.TransferTo{By: d.by("1001"), To: "billing"}, call.Released)
		s, err := d.engine.Call(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, call.Blind, s.Transfers[0].Kind)
		_, waits := s.OpenVisit("", "billing")
		require.True(t, waits)
	})
	sit(t, func(d *desk) {
		d.login()
		id := d.rings()
		d.does(id, call.Answer{By: d.by("1001")}, call.Connected)
		d.does(id, call.StartConsult{By: d.by("1001"), To: "2125551234"}, call.Held)
		time.Sleep(20 * time.Second)
		err := d.engine.Command(t.Context(), d.asks, id, call.CompleteTransfer{By: d.by("1001")})
		require.NoError(t, err)
		synctest.Wait()
		s, err := d.engine.Call(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, call.Attended, s.Transfers[0].Kind)
		require.Equal(t, 2, s.LiveParties())
		require.Equal(t, call.Released, d.party(id).Telephony)
	})
}

// Who does not answer is made not ready, and the caller goes to somebody else.
func TestADesktopThatDoesNotAnswer(t *testing.T) {
	sit(t, func(d *desk) {
		d.login()
		id := d.rings()
		time.Sleep(16 * time.Second)
		require.Equal(t, call.NoAnswer, d.party(id).Cause)
		ready, reason, _ := d.session().Ready()
		require.False(t, ready)
		require.Equal(t, "RONA", reason)
		require.ErrorIs(t, d.engine.Command(t.Context(), d.asks, id, call.Answer{By: d.by("1001")}), call.ErrRefused)
	})
}

// answers takes the next call that rings.
func (d *desk) answers() call.ConnID {
	d.t.Helper()
	id := d.rings()
	d.does(id, call.Answer{By: d.by("1001")}, call.Connected)
	return id
}

func (d *desk) call(id call.ConnID) call.State {
	d.t.Helper()
	s, err := d.engine.Call(d.t.Context(), id)
	require.NoError(d.t, err)
	return s
}

func TestADesktopConfers(t *testing.T) {
	sit(t, func(d *desk) {
		d.login()
		id := d.answers()
		d.does(id, call.StartConsult{By: d.by("1001"), To: "2125551234"}, call.Held)
		require.ErrorIs(t, d.engine.Command(t.Context(), d.asks, id, call.CompleteConference{By: d.by("1001")}), call.ErrInvalidCallState)
		time.Sleep(20 * time.Second)
		d.does(id, call.CompleteConference{By: d.by("1001")}, call.Connected)
		s := d.call(id)
		require.True(t, s.Conference)
		require.Equal(t, 3, s.LiveParties())
		require.Equal(t, call.ConsultConferenced, s.Consults[0].Result)
		d.does(id, call.DropParty{By: d.by("1001"), DN: "2125551234"}, call.Connected)
		require.Equal(t, 2, d.call(id).LiveParties())
		d.does(id, call.Release{By: d.by("1001")}, call.Released)
		require.True(t, d.call(id).Ended())
	})
}

// Who consults may talk to the one and to the other, may let the colleague take the call that rings yet, or go back.
func TestADesktopConsults(t *testing.T) {
	sit(t, func(d *desk) {
		d.login()
		id := d.answers()
		d.does(id, call.StartConsult{By: d.by("1001"), To: "2125551234"}, call.Held)
		consult := d.call(id).Consults[0].Consult
		time.Sleep(20 * time.Second)
		d.does(consult, call.Hold{By: d.by("1001")}, call.Held)
		d.does(id, call.Retrieve{By: d.by("1001")}, call.Connected)
		d.does(id, call.CancelConsult{By: d.by("1001")}, call.Connected)
		require.True(t, d.call(consult).Ended())
		require.Equal(t, call.ConsultCancelled, d.call(id).Consults[0].Result)
	})
	sit(t, func(d *desk) {
		d.login()
		id := d.answers()
		d.does(id, call.StartConsult{By: d.by("1001"), To: "2125551234"}, call.Held)
		d.does(id, call.CompleteTransfer{By: d.by("1001")}, call.Released)
		ringing := func() bool {
			for _, p := range d.call(id).Parties {
				if p.DN == "2125551234" && p.Telephony == call.Alerting {
					return true
				}
			}
			return false
		}
		require.True(t, ringing(), "it rings on for the caller")
		time.Sleep(26 * time.Second)
		require.False(t, ringing())
	})
}

func TestADesktopSendsAway(t *testing.T) {
	sit(t, func(d *desk) {
		d.login()
		id := d.rings()
		d.does(id, call.RedirectTo{By: d.by("1001"), To: "billing"}, call.Released)
		s := d.call(id)
		require.Equal(t, call.Redirect, s.Transfers[0].Kind)
		_, waits := s.OpenVisit("", "billing")
		require.True(t, waits)

		id = d.rings()
		d.does(id, call.Release{By: d.by("1001")}, call.Released)
		require.Equal(t, call.Rejected, d.party(id).Cause)
		require.True(t, d.call(id).Live(), "the caller waits for somebody else")
		ready, reason, _ := d.session().Ready()
		require.False(t, ready)
		require.Equal(t, "rejected", reason)
	})
}

func TestADesktopCalls(t *testing.T) {
	sit(t, func(d *desk) {
		d.login()
		d.asksFor(agent.NotReady{By: d.by(""), Reason: "busy"})
		id, err := d.engine.MakeCall(t.Context(), d.asks, d.agent, agent.MakeCall{By: d.by(""), To: "2125551234"})
		require.NoError(t, err)
		synctest.Wait()
		s := d.call(id)
		require.Equal(t, call.Outbound, s.Type())
		require.Equal(t, "2125551234", s.DNIS)
		require.Equal(t, call.Initiated, d.party(id).Telephony)
		_, err = d.engine.MakeCall(t.Context(), d.asks, d.agent, agent.MakeCall{By: d.by(""), To: "2125551235"})
		require.ErrorIs(t, err, call.ErrSwitchRefused)
		time.Sleep(20 * time.Second)
		d.does(id, call.SendDigits{By: d.by("1001"), Digits: "12#"}, call.Connected)
		d.does(id, call.Release{By: d.by("1001")}, call.Released)
	})
}
