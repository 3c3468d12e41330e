package asterisk

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
)

// member is an agent's place in a queue.
type member struct {
	queue, iface string
	agent, dn    string
	paused       bool
	reason       string
	wrapup       time.Duration
}

// roster is the members of the queues.
type roster struct {
	places  map[string]*member   // by queue and interface
	agents  map[string][]*member // by agent
	devices map[string][]*member // by the DN at which they are called
}

func newRoster() roster {
	return roster{places: map[string]*member{}, agents: map[string][]*member{}, devices: map[string][]*member{}}
}

func placeKey(queue, iface string) string { return queue + "\x00" + iface }

func (r roster) put(m *member) {
	r.remove(m.queue, m.iface)
	r.places[placeKey(m.queue, m.iface)] = m
	r.agents[m.agent] = append(r.agents[m.agent], m)
	r.devices[m.dn] = append(r.devices[m.dn], m)
}

func (r roster) remove(queue, iface string) {
	m := r.places[placeKey(queue, iface)]
	if m == nil {
		return
	}
	delete(r.places, placeKey(queue, iface))
	r.agents[m.agent] = slices.DeleteFunc(r.agents[m.agent], func(other *member) bool { return other == m })
	if len(r.agents[m.agent]) == 0 {
		delete(r.agents, m.agent)
	}
	r.devices[m.dn] = slices.DeleteFunc(r.devices[m.dn], func(other *member) bool { return other == m })
	if len(r.devices[m.dn]) == 0 {
		delete(r.devices, m.dn)
	}
}

// agentAt is the agent who is logged in at a DN; empty: nobody is.
func (r roster) agentAt(dn string) string {
	agent := ""
	for _, m := range r.devices[dn] {
		if agent == "" || m.agent < agent {
			agent = m.agent
		}
	}
	return agent
}

// at is the member of a queue that is called at a channel's device.
func (r roster) at(queue string, ch *channel) *member {
	tech, _, _ := strings.Cut(ch.name, "/")
	iface := tech + "/" + ch.endpoint
	if m := r.places[placeKey(queue, iface)]; m != nil {
		return m
	}
	return r.places[placeKey(queue, iface+"/n")]
}

// elsewhere is a place that an agent has in a queue; nil: none.
func (r roster) elsewhere(queue, agent string) *member {
	var found *member
	for _, m := range r.agents[agent] {
		if m.queue == queue && (found == nil || m.iface < found.iface) {
			found = m
		}
	}
	return found
}

// memberIs tells an agent's place in a queue. Every event about a member tells all of it.
func (t *Translator) memberIs(b Block, present bool) {
	queue, iface := b.Get("Queue"), firstOf(b.Get("Interface"), b.Get("Location"))
	if queue == "" || iface == "" {
		return
	}
	seconds, _ := strconv.Atoi(b.Get("Wrapuptime"))
	m := &member{
		queue: queue, iface: iface,
		agent:  agentID(firstOf(b.Get("MemberName"), b.Get("Name"), iface)),
		dn:     deviceDN(firstOf(b.Get("StateInterface"), iface)),
		paused: b.Get("Paused") == "1", reason: b.Get("PausedReason"),
		wrapup: time.Duration(seconds) * time.Second,
	}
	if present {
		t.roster.put(m)
	} else {
		t.roster.remove(queue, iface)
		if other := t.roster.elsewhere(queue, m.agent); other != nil {
			m, present = other, true // he takes the queue's calls at another telephone
		}
	}
	t.membership(m, present)
	if w, ok := t.working[m.agent]; ok && w.byPause && !t.pausedForWork(m.agent) {
		t.endAfterCallWork(m.agent, t.clock.Next())
	}
}

func (t *Translator) membership(m *member, present bool) {
	t.agentFact(m.agent, agent.MembershipIs{At: t.clock.Next(), Agent: m.agent, Switch: t.vocabulary.Switch,
		Queue: m.queue, DN: m.dn, Member: present, Paused: m.paused, Reason: m.reason})
}

// agentID is the agent's id in a member name: what stands behind the technology and before the domain.
func agentID(memberName string) string {
	name := memberName
	if _, rest, found := strings.Cut(name, "/"); found {
		name, _, _ = strings.Cut(rest, "/")
	}
	name, _, _ = strings.Cut(name, "@")
	if name == "" {
		return memberName
	}
	return name
}

// deviceDN is the directory number in an interface: "PJSIP/1001", "Local/1001@agents/n", "hint:1001@phones".
func deviceDN(iface string) string {
	if _, rest, found := strings.Cut(iface, ":"); found && !strings.Contains(rest, "/") {
		iface = rest
	}
	return agentID(iface)
}

// work is an agent's after-call work.
type work struct {
	connID  call.ConnID
	byPause bool      // it lasts as long as the pause
	until   time.Time // else until then
}

// startAfterCallWork: an agent's part in a queue call is over. Nothing in AMI marks what follows: the queue keeps calls
// back for the wrapup time, and the agent may have paused with a reason that says so.
func (t *Translator) startAfterCallWork(agentID, queue string, id call.ConnID) {
	if agentID == "" {
		return
	}
	w := work{connID: id, byPause: t.pausedForWork(agentID)}
	limit := time.Duration(0)
	if !w.byPause {
		if limit = t.wrapup(agentID, queue); limit == 0 {
			return
		}
	}
	at := t.clock.Next()
	w.until = at.Add(limit)
	t.working[agentID] = w
	t.agentFact(agentID, agent.AfterCallWorkIs{At: at, ConnID: id, Working: true, Limit: limit})
}

func (t *Translator) endAfterCallWork(agentID string, at time.Time) {
	w, ok := t.working[agentID]
	if !ok {
		return
	}
	delete(t.working, agentID)
	t.agentFact(agentID, agent.AfterCallWorkIs{At: at, Switch: t.vocabulary.Switch, ConnID: w.connID})
}

// resumeWork goes on with the after-call work that the log may have going on and of which nothing was heard here, because it began
// before the engine was started: it ends when it would have, by what the switch tells of the agent's last call, or it has ended.
func (t *Translator) resumeWork() {
	for _, id := range slices.Sorted(maps.Keys(t.roster.agents)) {
		if _, known := t.working[id]; known {
			continue
		}
		var limit time.Duration
		for _, m := range t.roster.agents[id] {
			limit = max(limit, t.wrapup(id, m.queue))
		}
		switch until := t.lastCalls[id].Add(limit); {
		case t.pausedForWork(id):
			t.working[id] = work{byPause: true}
		case until.After(t.clock.Last):
			t.working[id] = work{until: until}
		default:
			t.agentFact(id, agent.AfterCallWorkIs{At: t.clock.Next(), Switch: t.vocabulary.Switch})
		}
	}
}

// endDueWork ends the after-call work whose time is over, the earliest first.
func (t *Translator) endDueWork(now time.Time) {
	var due []string
	for id, w := range t.working {
		if !w.byPause && !w.until.After(now) {
			due = append(due, id)
		}
	}
	slices.SortFunc(due, func(a, b string) int {
		if order := t.working[a].until.Compare(t.working[b].until); order != 0 {
			return order
		}
		return strings.Compare(a, b)
	})
	for _, id := range due {
		t.endAfterCallWork(id, t.working[id].until)
	}
}

func (t *Translator) wrapup(agentID, queue string) time.Duration {
	for _, m := range t.roster.agents[agentID] {
		if m.queue == queue && m.wrapup > 0 {
			return m.wrapup
		}
	}
	if d, ok := t.vocabulary.Wrapup[queue]; ok {
		return d
	}
	return t.vocabulary.DefaultWrapup
}

// pausedForWork reports whether the agent is paused with a reason that means after-call work.
func (t *Translator) pausedForWork(agentID string) bool {
	return slices.ContainsFunc(t.roster.agents[agentID], func(m *member) bool {
		return m.paused && slices.ContainsFunc(t.vocabulary.AfterCallWorkReasons, func(r string) bool { return strings.EqualFold(r, m.reason) })
	})
}
