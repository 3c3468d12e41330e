package freeswitch

import (
	"slices"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
)

// passage is a caller's stay in a queue that has not ended (mod_callcenter's member).
type passage struct {
	visit  call.VisitID
	queue  string
	broken time.Time // it was broken off, by the caller or by whoever sent the caller elsewhere: what follows tells
	ended  bool
}

// offer is a call that a queue offered to an agent.
type offer struct {
	agent   string
	passage *passage
	failed  bool // the queue has said that it did not come to anything
}

// offered notes that a new leg was made to offer a waiting caller to an agent.
func (t *Translator) offered(l *leg, e Event) {
	caller := t.legs[e.Variable("cc_member_session_uuid")]
	if caller == nil {
		return
	}
	p := caller.passage
	if p == nil || string(p.visit) != e.Variable("cc_member_uuid") {
		p = t.missedStart(caller, e.Variable("cc_member_uuid"), e.Variable("cc_queue"), e.Variable("cc_queue_joined_epoch"))
	}
	if p != nil {
		l.offer = &offer{agent: strings.Clone(userPart(e.Variable("cc_agent"))), passage: p}
		t.endAfterCallWork(l.offer.agent, t.clock.Last)
	}
}

// offerTo is how a queue offered the call to a leg, directly or through a loopback pair; nil when none did.
func (t *Translator) offerTo(l *leg) *offer {
	if l.offer == nil && l.by != nil && l.by.loopback {
		l.offer = t.offerTo(l.by) // the pair may be gone before the party
	}
	return l.offer
}

// callcenter reads the events of mod_callcenter.
func (t *Translator) callcenter(e Event) {
	switch e.Get("CC-Action") {
	case "member-queue-start", "member-queue-resume":
		t.queueStart(e)
	case "agent-offering":
		t.offering(e)
	case "bridge-agent-start":
		t.agentAnswers(e)
	case "bridge-agent-fail":
		t.offerFailed(e)
	case "member-queue-end":
		t.queueEnd(e)
	case "agent-status-change":
		t.statusIs(e.Get("CC-Agent"), e.Get("CC-Agent-Status"))
	case "agent-state-change":
		t.agentStateIs(userPart(e.Get("CC-Agent")), e.Get("CC-Agent-State"))
	case "agent-max-no-answer":
		t.roster.agent(strings.Clone(userPart(e.Get("CC-Agent")))).unanswered = true
	}
}

func (t *Translator) queueStart(e Event) {
	l := t.leg(e)
	member := e.Get("CC-Member-UUID")
	if l == nil || member == "" || slices.Contains(l.visits, call.VisitID(member)) {
		return // told before
	}
	t.tellAnnounced(l)
	t.tellDigits(l)
	t.leaveIVR(l)
	t.settleWait(l, false)
	l.endedBy = nil
	t.enter(l, member, e.Get("CC-Queue"), call.VisitIs{})
}

// enter begins a passage.
func (t *Translator) enter(l *leg, member, queue string, f call.VisitIs) *passage {
	l.passage = &passage{visit: call.VisitID(strings.Clone(member)), queue: t.queueName(queue)}
	l.visits = append(l.visits, l.passage.visit)
	t.visit(l, f)
	return l.passage
}

// missedStart returns the passage of a caller of which the beginning was missed; nil when it has ended already. joined is
// when that was, in seconds since 1970.
func (t *Translator) missedStart(caller *leg, member, queue, joined string) *passage {
	if member == "" || queue == "" || caller.told == call.Released || slices.Contains(caller.visits, call.VisitID(member)) {
		return nil
	}
	t.leaveIVR(caller)
	t.settleWait(caller, false)
	at := epoch(joined)
	if !at.After(caller.toldAt) {
		at = t.clock.Next()
	}
	return t.enter(caller, member, queue, call.VisitIs{At: at, Inferred: true})
}

// queueName is the name of a queue without the domain that goes without saying.
func (t *Translator) queueName(name string) string {
	return strings.Clone(strings.TrimSuffix(name, "@"+t.vocabulary.Domain))
}

func (t *Translator) visit(l *leg, f call.VisitIs) {
	f.Visit, f.Queue, f.Party = l.passage.visit, l.passage.queue, call.PartyID(l.id)
	if f.At.IsZero() {
		f.At = t.clock.Next()
	}
	f.Inferred = f.Inferred || t.inferring
	t.callFact(l.call.connID, f)
}

// endWait tells how a wait ended and forgets it.
func (t *Translator) endWait(l *leg, f call.VisitIs) {
	t.visit(l, f)
	l.passage.ended, l.passage = true, nil
}

// offering: a queue offers a caller to an agent, who therefore is in that queue.
func (t *Translator) offering(e Event) {
	id := strings.Clone(userPart(e.Get("CC-Agent")))
	a := t.roster.agent(id)
	if !a.loggedIn { // that he is was missed
		a.loggedIn = true
		t.agentFact(id, agent.SessionIs{At: t.clock.Next(), Agent: id, Switch: t.vocabulary.Switch, DN: a.dn, LoggedIn: true, Inferred: true})
	}
	t.joins(a, t.queueName(e.Get("CC-Queue")))
	t.endAfterCallWork(id, t.clock.Last)
}

// agentAnswers: an agent took the call. The event is of the agent's leg.
func (t *Translator) agentAnswers(e Event) {
	caller, l := t.legs[e.Get("CC-Member-Session-UUID")], t.leg(e)
	if l == nil {
		l = t.legs[e.Get("CC-Agent-UUID")]
	}
	if caller == nil || l == nil {
		return
	}
	id, member := strings.Clone(userPart(e.Get("CC-Agent"))), e.Get("CC-Member-UUID")
	p := caller.passage
	if o := t.offerTo(l); o != nil && string(o.passage.visit) == member && o.passage.ended {
		return // told before
	}
	if p == nil || string(p.visit) != member {
		if p = t.missedStart(caller, member, e.Get("CC-Queue"), e.Get("CC-Member-Joined-Time")); p == nil {
			return
		}
	}
	l.offer = &offer{agent: id, passage: p}
	if l.told < call.Connected {
		t.party(l, call.PartyIs{State: call.Connected, MayHold: true})
	}
	t.endWait(caller, call.VisitIs{End: call.Distributed, Agent: id, AgentDN: l.number, AgentParty: call.PartyID(l.id)})
}

// offerFailed: an agent did not take the call. Of several who were offered it at once, this is the order in which the queue
// has them not answer.
func (t *Translator) offerFailed(e Event) {
	caller := t.legs[e.Get("CC-Member-Session-UUID")]
	if caller == nil {
		return
	}
	id, member := userPart(e.Get("CC-Agent")), e.Get("CC-Member-UUID")
	for _, l := range slices.Clone(caller.call.legs) {
		o := t.offerTo(l)
		if o == nil || l.loopback || o.agent != id || string(o.passage.visit) != member || l.told >= call.Connected || o.failed {
			continue
		}
		o.failed = true
		if l.hangupAt.IsZero() {
			continue // its end comes next
		}
		if l.release == nil {
			cause, _ := causeNamed(e.Get("CC-Hangup-Cause"))
			l.release = &release{cause: cause, self: cause == call.Busy || cause == call.Rejected}
		}
		if !t.unclear(l) {
			t.finish(l)
		}
	}
}

// queueEnd: a passage is over. Of one that was answered this comes when the agent's leg is gone, when the caller may be in
// the next queue already.
func (t *Translator) queueEnd(e Event) {
	member := e.Get("CC-Member-UUID")
	l := t.legs[e.Get("CC-Member-Session-UUID")]
	if l == nil {
		return
	}
	if l.passage == nil || string(l.passage.visit) != member {
		if t.missedStart(l, member, e.Get("CC-Queue"), e.Get("CC-Member-Joined-Time")) == nil {
			return
		}
	}
	if e.Get("CC-Cause") == "Terminated" { // the agent's answer was missed
		t.endWait(l, call.VisitIs{End: call.Distributed, Agent: strings.Clone(userPart(e.Get("CC-Agent"))),
			AgentParty: call.PartyID(strings.Clone(e.Get("CC-Agent-UUID"))), Inferred: true})
		return
	}
	switch e.Get("CC-Cancel-Reason") {
	case "TIMEOUT":
		t.endWait(l, call.VisitIs{End: call.Left, Reason: call.TimedOut})
	case "NO_AGENT_TIMEOUT":
		t.endWait(l, call.VisitIs{End: call.Left, Reason: call.EmptyQueue})
	case "EXIT_WITH_KEY":
		t.endWait(l, call.VisitIs{End: call.Left, Reason: call.ExitKey})
	case "BREAK_OUT":
		if !l.hangupAt.IsZero() {
			t.settleWait(l, true)
			return
		}
		l.passage.broken = t.clock.Next()
		t.leaving = append(t.leaving, l)
	default:
		t.endWait(l, call.VisitIs{End: call.Left})
	}
}

// settlePatience is how long after it was broken off a wait stays unexplained.
const settlePatience = time.Second

// settleWait ends a wait whose end was told without saying how, or was missed, once the leg has done the next thing: it
// hung up, or it went on.
func (t *Translator) settleWait(l *leg, hungUp bool) {
	p := l.passage
	switch {
	case p == nil:
	case hungUp:
		t.endWait(l, call.VisitIs{At: l.hangupAt, End: call.VisitAbandoned})
	case !p.broken.IsZero():
		t.endWait(l, call.VisitIs{At: p.broken, End: call.Left, Reason: call.Redirected})
	default:
		t.endWait(l, call.VisitIs{End: call.Left, Inferred: true})
	}
}

// settleWaits settles the waits that were broken off and that nothing has explained since.
func (t *Translator) settleWaits(now time.Time) {
	leaving := t.leaving
	t.leaving = nil
	for _, l := range leaving {
		switch p := l.passage; {
		case p == nil || p.broken.IsZero():
		case now.Sub(p.broken) < settlePatience:
			t.leaving = append(t.leaving, l)
		default:
			t.settleWait(l, false)
		}
	}
}

// callerGone ends the wait of a leg that is gone: by its own doing, which is to give up.
func (t *Translator) callerGone(l *leg) {
	if l.passage != nil && !l.release.inferred && (l.release.self || !l.passage.broken.IsZero()) {
		t.settleWait(l, true)
	}
}

// agentOfQueue is what is known of an agent of mod_callcenter.
type agentOfQueue struct {
	id, dn     string
	loggedIn   bool
	paused     bool
	reason     string
	unanswered bool            // callcenter is about to set a status because of calls that were not answered
	queues     []string        // that are known, sorted
	joined     map[string]bool // that have been told
	wrapup     time.Duration   // -1: not known
	work       *afterCallWork
	lastCall   call.ConnID
}

// afterCallWork is what an agent does after a call.
type afterCallWork struct {
	connID call.ConnID
	until  time.Time // zero: the agent ends it
}

// roster is the agents of the switch.
type roster struct {
	agents map[string]*agentOfQueue
	busy   int // agents in after-call work
}

func newRoster() roster { return roster{agents: map[string]*agentOfQueue{}} }

func (r *roster) agent(id string) *agentOfQueue {
	a := r.agents[id]
	if a == nil {
		a = &agentOfQueue{id: id, dn: id, wrapup: -1, joined: map[string]bool{}}
		r.agents[id] = a
	}
	return a
}

// agentAt is the agent who is logged in at a DN; empty: nobody is.
func (r *roster) agentAt(dn string) string {
	if a := r.agents[dn]; a != nil && a.loggedIn && a.dn == dn {
		return a.id // the usual case: the agent is named by the DN
	}
	found := ""
	for _, a := range r.agents {
		if a.loggedIn && a.dn == dn && (found == "" || a.id < found) {
			found = a.id
		}
	}
	return found
}

// contactIs: somebody says where an agent takes calls, "agent set contact <agent> <contact>", as a login by request does. But for
// this only the list of agents tells it.
func (t *Translator) contactIs(api Event) {
	arguments := strings.Fields(api.Get("API-Command-Argument"))
	if api.Get("API-Command") != "callcenter_config" || len(arguments) < 5 || !slices.Equal(arguments[:3], []string{"agent", "set", "contact"}) {
		return
	}
	if dn := userPart(contactNumber(strings.Join(arguments[4:], " "))); dn != "" {
		t.roster.agent(strings.Clone(userPart(arguments[3]))).dn = strings.Clone(dn)
	}
}

// statusIs: what a person, or callcenter after calls that were not answered, has chosen for an agent.
func (t *Translator) statusIs(name, status string) {
	id := strings.Clone(userPart(name))
	if id == "" || status == "" {
		return
	}
	a := t.roster.agent(id)
	a.loggedIn = status != "Logged Out"
	a.paused, a.reason = a.loggedIn && !strings.HasPrefix(status, "Available"), ""
	if a.paused {
		if a.reason = strings.Clone(status); a.unanswered {
			a.reason = "RONA"
		}
	}
	a.unanswered = false
	t.agentFact(id, agent.SessionIs{At: t.clock.Next(), Agent: id, Switch: t.vocabulary.Switch, DN: a.dn,
		LoggedIn: a.loggedIn, Paused: a.paused, Reason: a.reason, Inferred: t.inferring})
	if !a.loggedIn {
		clear(a.joined)
		t.endAfterCallWork(id, t.clock.Last)
		return
	}
	for _, queue := range a.queues {
		t.joins(a, queue)
	}
}

// joins tells that an agent who is logged in takes calls of a queue.
func (t *Translator) joins(a *agentOfQueue, queue string) {
	if queue == "" || a.joined[queue] {
		return
	}
	a.joined[queue] = true
	if !slices.Contains(a.queues, queue) {
		a.queues = append(a.queues, queue)
		slices.Sort(a.queues)
	}
	t.agentFact(a.id, agent.MembershipIs{At: t.clock.Next(), Agent: a.id, Switch: t.vocabulary.Switch, Queue: queue, DN: a.dn,
		Member: true, Paused: a.paused, Reason: a.reason})
}

// agentStateIs: what callcenter does with an agent. Idle is an agent who takes one call at a time (Available (On Demand)),
// and must say that he is done with it.
func (t *Translator) agentStateIs(id, state string) {
	a := t.roster.agents[id]
	if a == nil {
		return
	}
	switch {
	case state == "Idle" && a.loggedIn && !a.lastCall.IsZero():
		t.startWork(a, a.lastCall, 0)
	case state == "Receiving", state == "Waiting" && a.work != nil && a.work.until.IsZero():
		t.endAfterCallWork(id, t.clock.Last)
	}
}

// startAfterCallWork: an agent's part in a queue call is over. No event marks what follows: callcenter does not offer calls
// to the agent for the time of wrap-up.
func (t *Translator) startAfterCallWork(id string, connID call.ConnID) {
	a := t.roster.agent(id)
	a.lastCall = connID
	limit := a.wrapup
	if limit < 0 {
		limit = t.vocabulary.Wrapup
	}
	if limit > 0 && a.loggedIn {
		t.startWork(a, connID, limit)
	}
}

func (t *Translator) startWork(a *agentOfQueue, connID call.ConnID, limit time.Duration) {
	at := t.clock.Next()
	if a.work == nil {
		t.roster.busy++
	}
	a.work = &afterCallWork{connID: connID}
	if limit > 0 {
		a.work.until = at.Add(limit)
	}
	t.agentFact(a.id, agent.AfterCallWorkIs{At: at, ConnID: connID, Working: true, Limit: limit})
}

func (t *Translator) endAfterCallWork(id string, at time.Time) {
	a := t.roster.agents[id]
	if a == nil || a.work == nil {
		return
	}
	t.agentFact(id, agent.AfterCallWorkIs{At: at, Switch: t.vocabulary.Switch, ConnID: a.work.connID})
	a.work = nil
	t.roster.busy--
}

// resumeWork goes on with the after-call work that the log may have going on and of which nothing was heard here, because it began
// before the engine was started: it ends when it would have, by what the switch tells of the agent's last call, or it has ended.
func (t *Translator) resumeWork(s snapshot) {
	for _, r := range s.agents {
		a := t.roster.agents[userPart(r["name"])]
		if a == nil || a.work != nil {
			continue
		}
		limit := a.wrapup
		if limit < 0 {
			limit = t.vocabulary.Wrapup
		}
		until := epoch(r["last_bridge_end"]).Add(limit)
		switch {
		case a.loggedIn && r["state"] == "Idle": // until he says that he is done
			a.work = &afterCallWork{}
			t.roster.busy++
		case a.loggedIn && until.After(t.clock.Last):
			a.work = &afterCallWork{until: until}
			t.roster.busy++
		default:
			t.agentFact(a.id, agent.AfterCallWorkIs{At: t.clock.Next(), Switch: t.vocabulary.Switch})
		}
	}
}

// endDueWork ends the after-call work whose time is over, the earliest first.
func (t *Translator) endDueWork(now time.Time) {
	if t.roster.busy == 0 {
		return
	}
	var due []*agentOfQueue
	for _, a := range t.roster.agents {
		if a.work != nil && !a.work.until.IsZero() && !a.work.until.After(now) {
			due = append(due, a)
		}
	}
	slices.SortFunc(due, func(a, b *agentOfQueue) int {
		if order := a.work.until.Compare(b.work.until); order != 0 {
			return order
		}
		return strings.Compare(a.id, b.id)
	})
	for _, a := range due {
		t.endAfterCallWork(a.id, a.work.until)
	}
}
