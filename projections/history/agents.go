package history

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
)

// AgentState is what an agent is doing between login and logout, calls apart.
type AgentState string

const (
	Ready         AgentState = "ready"
	NotReady      AgentState = "notReady"
	AfterCallWork AgentState = "afterCallWork"
)

// agentFold is an agent's stream up to a revision: the session, and the last row of each table, which may change yet.
type agentFold struct {
	Revision eventlog.Revision `json:"-"`
	State    agent.State       `json:"state"`
	Session  session           `json:"session"`
	Interval interval          `json:"interval"`

	sessions  []session // not written yet
	intervals []interval
}

// session is one stay of an agent in the queues, from login to logout.
type session struct {
	N           int    `json:"n"` // from 1; 0: there is none yet
	DN          string `json:"dn"`
	Switch      string `json:"switch"`
	LoggedIn    Time   `json:"loggedIn"`
	LoggedOut   Time   `json:"loggedOut"`
	LoginEvent  string `json:"loginEvent"`
	LogoutEvent string `json:"logoutEvent"`
}

// interval is a time in which the agent's state was the same. Those of a session follow one another without a gap.
type interval struct {
	N          int    `json:"n"` // from 1; 0: there is none yet
	Session    int    `json:"session"`
	Doing      doing  `json:"doing"`
	Since      Time   `json:"since"`
	Until      Time   `json:"until"`
	SinceEvent string `json:"sinceEvent"`
	UntilEvent string `json:"untilEvent"`
}

type doing struct {
	State  AgentState  `json:"state"`
	Reason string      `json:"reason"`
	Call   call.ConnID `json:"call,omitzero"`
}

func (a *agentFold) apply(r eventlog.Record) error {
	event, err := wire.DecodeAgent(r)
	if err != nil {
		return err
	}
	a.State, a.Revision = agent.Evolve(a.State, event), r.Revision
	a.State.Requests, a.State.Left = nil, nil // they decide what may be asked, not what an agent does
	at := moment(event.At)
	if time.Time(at).Before(time.Time(a.Interval.Since)) {
		at = a.Interval.Since // a clock that was set back makes no interval shorter than nothing
	}
	switch body := event.Body.(type) {
	case agent.AgentLoggedIn:
		if open := a.Session; open.N > 0 && open.LoggedOut == (Time{}) {
			a.logOut(at, r.ID.String()) // its logout was not seen
		}
		a.Session = session{N: a.Session.N + 1, DN: body.DN, Switch: body.Switch, LoggedIn: at, LoginEvent: r.ID.String()}
		a.sessions = append(a.sessions, a.Session)
		a.begin(at, r.ID.String())
	case agent.AgentLoggedOut:
		if a.Session.N > 0 && a.Session.LoggedOut == (Time{}) {
			a.logOut(at, r.ID.String())
		}
	default:
		if a.State.LoggedIn && a.Interval.Doing != doingOf(a.State) {
			a.turn(at, r.ID.String())
		}
	}
	return nil
}

func doingOf(s agent.State) doing {
	if s.ACW.Active() {
		return doing{State: AfterCallWork, Call: s.ACW.ConnID}
	}
	if ready, reason, _ := s.Ready(); !ready {
		return doing{State: NotReady, Reason: reason}
	}
	return doing{State: Ready}
}

// turn ends the present interval and begins the next. One that would have no length is the next instead, but for the last
// before a logout.
func (a *agentFold) turn(at Time, event string) {
	if a.Interval.Since == at && a.Interval.Session == a.Session.N {
		a.Interval.Doing, a.Interval.SinceEvent = doingOf(a.State), event
		a.intervals = append(a.intervals, a.Interval)
		return
	}
	a.end(at, event)
	a.begin(at, event)
}

func (a *agentFold) begin(at Time, event string) {
	a.Interval = interval{N: a.Interval.N + 1, Session: a.Session.N, Doing: doingOf(a.State), Since: at, SinceEvent: event}
	a.intervals = append(a.intervals, a.Interval)
}

func (a *agentFold) end(at Time, event string) {
	a.Interval.Until, a.Interval.UntilEvent = at, event
	a.intervals = append(a.intervals, a.Interval)
}

func (a *agentFold) logOut(at Time, event string) {
	a.end(at, event)
	a.Session.LoggedOut, a.Session.LogoutEvent = at, event
	a.sessions = append(a.sessions, a.Session)
}

func (s session) values() []any {
	return []any{s.N - 1, s.DN, s.Switch, s.LoggedIn.value(), s.LoggedOut.value(), s.LoginEvent, s.LogoutEvent}
}

func (i interval) values() []any {
	var lasted int64
	if i.Until != (Time{}) {
		lasted = time.Time(i.Until).Sub(time.Time(i.Since)).Milliseconds()
	}
	return []any{
		i.N - 1, i.Session - 1, string(i.Doing.State), i.Doing.Reason, connIDValue(i.Doing.Call), i.Since.value(), i.Until.value(), lasted,
		i.SinceEvent, i.UntilEvent,
	}
}

// agent is the fold of an agent's stream, as far as it has been applied.
func (h *History) agent(ctx context.Context, id string) (*agentFold, error) {
	if a, known := h.agents[id]; known {
		return a, nil
	}
	a := &agentFold{}
	var fold []byte
	err := h.writer.QueryRowContext(ctx, "SELECT revision, fold FROM agent_folds WHERE agent = ?", id).Scan(&a.Revision, &fold)
	if err == nil {
		err = json.Unmarshal(fold, a)
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	h.agents[id] = a
	return a, nil
}

// bringAgent writes what has changed about an agent: of each row its last form.
func (t *transaction) bringAgent(id string, a *agentFold) error {
	for i, s := range a.sessions {
		if i+1 < len(a.sessions) && a.sessions[i+1].N == s.N {
			continue
		}
		if err := t.put(&t.sessions, id, s.values()); err != nil {
			return err
		}
	}
	for i, each := range a.intervals {
		if i+1 < len(a.intervals) && a.intervals[i+1].N == each.N {
			continue
		}
		if err := t.put(&t.states, id, each.values()); err != nil {
			return err
		}
	}
	a.sessions, a.intervals = nil, nil
	fold, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return t.put(&t.folds, id, []any{a.Revision, string(fold)})
}
