package freeswitch

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/link"
)

// snapshot is what the switch has told of what it has, as far as the answers have come. They have no id of the question and
// no time: what they are is told by what is in them.
type snapshot struct {
	at       time.Time // when the last answer came
	since    time.Time // when the list of channels came; what is younger need not be in it
	channels []channelRow
	listed   bool              // the list of channels has come
	pairs    map[string]string // who talks with whom
	paired   bool
	agents   []row
	agented  bool
	tiers    []row
	tiered   bool
	members  []row
	asked    int // lists of members, and that of the tiers, that are to come after that of the queues
}

// channelRow is a row of "show channels as json" or "show calls as json".
type channelRow struct {
	UUID        string `json:"uuid"`
	Direction   string `json:"direction"`
	Created     string `json:"created_epoch"`
	Name        string `json:"name"`
	CallState   string `json:"callstate"`
	CallUUID    string `json:"call_uuid"`
	CID         string `json:"cid_num"`
	FirstCID    string `json:"initial_cid_num"`
	Destination string `json:"dest"`
	Dialed      string `json:"initial_dest"`
	PresenceID  string `json:"presence_id"`
	Application string `json:"application"`
	BUUID       string `json:"b_uuid"`
}

// answered reports whether somebody has answered at the leg.
func (r channelRow) answered() bool {
	return r.CallState == "ACTIVE" || r.CallState == "HELD" || r.CallState == "UNHELD"
}

// row is a line of a table of mod_callcenter, by the names of its columns.
type row map[string]string

// snapshotPatience is how long after the last answer a snapshot that is not complete is taken for what it is.
const snapshotPatience = 5 * time.Second

// due reports whether a snapshot has been waited for long enough.
func (s *snapshot) due(now time.Time) bool {
	return (s.listed || s.agented || s.tiered) && now.Sub(s.at) > snapshotPatience
}

// reply reads an answer to one of the questions of a snapshot; others are passed over. The list of tiers is the last one
// asked for.
func (t *Translator) reply(body string) {
	s := &t.snapshot
	s.at = t.clock.Last
	switch {
	case strings.HasPrefix(body, "{"):
		t.rowsReply(body)
	case strings.HasPrefix(body, "name|instance_id|"):
		s.agents, s.agented = table(body), true
	case strings.HasPrefix(body, "name|strategy|") || strings.HasPrefix(body, "name|strategy\n"):
		s.asked = len(table(body)) + 1
	case strings.HasPrefix(body, "queue|instance_id|"):
		s.members = append(s.members, table(body)...)
		s.asked--
	case strings.TrimSpace(body) == "+OK": // an empty list has no columns
		if !s.agented {
			s.agented = true
		} else if s.asked--; s.asked == 0 {
			s.tiered = true
		}
	case strings.HasPrefix(body, "queue|agent|"):
		s.tiers, s.tiered = table(body), true
	case strings.HasPrefix(body, "-ERR callcenter_config Command not found"): // mod_callcenter is not loaded
		s.agented, s.tiered = true, true
	}
	if s.listed && s.agented && s.tiered {
		t.takeSnapshot()
	}
}

// asksForList reports whether a job in the background, of whomever, is a question of a snapshot.
func asksForList(job Event) bool {
	switch job.Get("Job-Command") {
	case "show":
		return true
	case "callcenter_config":
		return slices.Contains(strings.Fields(job.Get("Job-Command-Arg")), "list")
	}
	return false
}

func (t *Translator) rowsReply(body string) {
	s := &t.snapshot
	var answer struct {
		Count *int         `json:"row_count"`
		Rows  []channelRow `json:"rows"`
	}
	if json.Unmarshal([]byte(body), &answer) != nil || answer.Count == nil {
		return
	}
	calls := s.listed
	if len(answer.Rows) > 0 {
		calls = strings.Contains(body, `"b_uuid"`)
	}
	if !calls {
		s.channels, s.listed, s.since = answer.Rows, true, t.clock.Last
		return
	}
	s.pairs, s.paired = map[string]string{}, true
	for _, r := range answer.Rows {
		if r.BUUID != "" {
			s.pairs[r.UUID], s.pairs[r.BUUID] = r.BUUID, r.UUID
		}
	}
}

// table reads lines of columns with a bar in between, of which the first has their names.
func table(body string) []row {
	var names []string
	var rows []row
	for line := range strings.Lines(body) {
		columns := strings.Split(strings.TrimRight(line, "\r\n"), "|")
		switch {
		case names == nil:
			names = columns
		case len(columns) == len(names):
			r := row{}
			for i, name := range names {
				r[name] = columns[i]
			}
			rows = append(rows, r)
		}
	}
	return rows
}

// takeSnapshot compares what the switch has with what is known: what is gone is let go, what is new is told, as inferred.
func (t *Translator) takeSnapshot() {
	s := t.snapshot
	t.snapshot = snapshot{}
	t.inferring = true
	defer func() { t.inferring = false }()
	for _, r := range s.agents {
		t.agentRow(r)
	}
	if s.tiered {
		t.tiersAre(s)
	}
	t.resumeWork(s)
	if !s.listed {
		return
	}
	listed := map[string]bool{}
	for _, r := range s.channels {
		listed[r.UUID] = true
	}
	t.endedMeanwhile(s, listed)
	for _, r := range oldestFirst(s.channels) {
		t.channelIs(r, s)
	}
	rows := map[string]channelRow{}
	for _, r := range s.channels {
		rows[r.UUID] = r
	}
	for _, r := range s.members {
		t.memberIs(r, s, rows)
	}
	for _, r := range s.channels {
		t.channelState(r, time.Time{})
	}
	for a, b := range s.pairs {
		if a < b && t.legs[a] != nil && t.legs[b] != nil && t.legs[a].bridged == nil && t.legs[b].bridged == nil {
			t.legs[a].bridged, t.legs[b].bridged = t.legs[b], t.legs[a]
		}
	}
	fact := link.SnapshotIs{At: t.clock.Next(), Switch: t.vocabulary.Switch, Agents: t.roster.loggedIn(), Started: t.core, Channels: len(t.legs)}
	for id := range t.legs {
		fact.Parties = append(fact.Parties, id)
	}
	for id := range listed {
		if t.legs[id] == nil && !t.gone.has(id) { // another engine may know more of it
			fact.Parties = append(fact.Parties, id)
		}
	}
	slices.Sort(fact.Parties)
	t.linkFact(fact)
}

// endedMeanwhile lets go the legs that the switch did not name, and of which nothing has been heard since it told all it
// has. When that was is known where an agent took part: the list of agents tells when his last call ended.
func (t *Translator) endedMeanwhile(s snapshot, listed map[string]bool) {
	last := map[string]time.Time{}
	for _, r := range s.agents {
		last[userPart(r["name"])] = epoch(r["last_bridge_end"])
	}
	ended := map[*callOnSwitch]time.Time{}
	var missing []*leg
	for id, l := range t.legs {
		if listed[id] || !l.heard.Before(s.since) || !l.born.Before(s.since) {
			continue
		}
		missing = append(missing, l)
		if o := t.offerTo(l); o != nil && l.told >= call.Connected && last[o.agent].After(l.heard) && last[o.agent].Before(s.since) {
			ended[l.call] = last[o.agent]
		}
	}
	for _, l := range missing {
		if l.hangupAt.IsZero() {
			l.hangupAt = ended[l.call]
		}
	}
	t.letGo(missing, call.UnknownCause)
}

// oldestFirst are channels in the order in which they were made, and those who called the switch before those it called.
func oldestFirst(channels []channelRow) []channelRow {
	rows := slices.Clone(channels)
	slices.SortStableFunc(rows, func(a, b channelRow) int {
		return cmp.Or(epoch(a.Created).Compare(epoch(b.Created)), strings.Compare(a.Direction, b.Direction))
	})
	return rows
}

// channelIs: the switch has this leg.
func (t *Translator) channelIs(r channelRow, s snapshot) {
	if t.legs[r.UUID] != nil || t.gone.has(r.UUID) || r.UUID == "" || r.CallState == "HANGUP" {
		return
	}
	created := epoch(r.Created)
	l := &leg{id: r.UUID, name: r.Name, outbound: r.Direction == "outbound", born: created, heard: t.clock.Last}
	if created.IsZero() {
		l.born = t.clock.Last
	}
	l.loopback = strings.HasPrefix(l.name, "loopback/")
	user := userPart(r.PresenceID)
	l.trunk = !l.loopback && t.isTrunk(l.name, user)
	switch {
	case l.trunk && l.outbound:
		l.number = r.Destination
	case l.trunk:
		l.number = firstOf(r.FirstCID, r.CID)
	default:
		l.number = firstOf(user, userPart(lastSegment(l.name)))
	}
	t.legs[l.id] = l
	if with := t.callWith(l, r, s); with != nil {
		l.by = with
		t.join(with.call, l)
		return
	}
	if l.loopback || l.outbound && !r.answered() {
		// Of the switch's own, for nobody that is known; or a telephone that is called: its next event tells for whom.
		delete(t.legs, l.id)
		return
	}
	c := &callOnSwitch{id: l.id, connID: t.connID(l), born: l.born}
	t.calls[c.id] = c
	t.join(c, l)
	fact := call.CallIs{At: l.born, ConnID: c.connID, Switch: t.vocabulary.Switch, SwitchCallID: c.id, ANI: l.number, DNIS: r.Dialed, Inferred: true}
	switch {
	case l.outbound:
		fact.Origin, fact.DNIS = call.Switch, ""
	case l.trunk:
		fact.Origin = call.External
	default:
		fact.Origin = call.Internal
	}
	t.callFact(c.connID, fact)
}

// callWith is the leg to whose call a new one belongs: with whom it talks, or the one whose call it says to be in, or the
// caller for whom a queue called it.
func (t *Translator) callWith(l *leg, r channelRow, s snapshot) *leg {
	if !l.outbound {
		return nil
	}
	ids := []string{s.pairs[l.id], r.CallUUID}
	for _, a := range s.agents {
		if a["uuid"] != l.id {
			continue
		}
		for _, m := range s.members {
			if m["serving_agent"] == a["name"] && m["state"] == "Answered" {
				ids = append(ids, m["session_uuid"])
			}
		}
	}
	for _, id := range ids {
		if with := t.legs[id]; with != nil && with != l {
			return with
		}
	}
	return nil
}

// memberIs: this caller is in a queue, or has been taken from there by an agent.
func (t *Translator) memberIs(r row, s snapshot, channels map[string]channelRow) {
	caller := t.legs[r["session_uuid"]]
	if caller == nil || r["uuid"] == "" || caller.told == call.Released {
		return
	}
	visit := call.VisitID(r["uuid"])
	taken := r["state"] == "Answered"
	switch known := caller.passage; {
	case known != nil && known.visit != visit:
		t.settleWait(caller, false)
	case known == nil && slices.Contains(caller.visits, visit):
		return // it has ended, and the table is late
	}
	if caller.passage == nil {
		joined := epoch(r["joined_epoch"])
		t.channelState(channels[caller.id], joined)
		t.enter(caller, r["uuid"], r["queue"], call.VisitIs{At: joined})
	}
	if !taken {
		return
	}
	agentID := userPart(r["serving_agent"])
	fact := call.VisitIs{At: epoch(r["bridge_epoch"]), End: call.Distributed, Agent: agentID}
	for _, a := range s.agents {
		if l := t.legs[a["uuid"]]; l != nil && a["name"] == r["serving_agent"] {
			l.offer = &offer{agent: agentID, passage: caller.passage}
			fact.AgentDN, fact.AgentParty = l.number, call.PartyID(l.id)
			t.channelState(channels[l.id], fact.At)
		}
	}
	t.endWait(caller, fact)
}

// channelState tells the state of a leg as the list of channels has it. since is when it is known to be connected.
func (t *Translator) channelState(r channelRow, since time.Time) {
	l := t.legs[r.UUID]
	if l == nil || !l.hangupAt.IsZero() {
		return
	}
	switch r.CallState {
	case "ACTIVE", "UNHELD", "HELD":
		if l.told < call.Connected {
			t.party(l, call.PartyIs{At: since, State: call.Connected, MayHold: true})
		}
		if r.CallState == "HELD" {
			t.hold(l, call.Held)
		} else if l.told == call.Held && l.consult == nil {
			t.hold(l, call.Connected)
		}
	case "RINGING", "EARLY":
		switch {
		case l.told != call.Null:
		case l.outbound:
			t.party(l, call.PartyIs{State: call.Alerting})
		default:
			t.party(l, call.PartyIs{State: call.Initiated, Role: call.Origination, Dialed: r.Dialed})
		}
	}
}

// agentRow reads what the agent list tells of an agent.
func (t *Translator) agentRow(r row) {
	id := userPart(r["name"])
	if id == "" {
		return
	}
	a := t.roster.agent(id)
	if dn := userPart(contactNumber(r["contact"])); dn != "" {
		a.dn = dn
	}
	if seconds, err := strconv.Atoi(r["wrap_up_time"]); err == nil {
		a.wrapup = time.Duration(seconds) * time.Second
	}
	if a.loggedIn || r["status"] != "Logged Out" {
		t.statusIs(r["name"], r["status"])
	}
}

// contactNumber is the number in an agent's contact: "[leg_timeout=8]user/1001@cc.test", "loopback/1008/internal".
func contactNumber(contact string) string {
	parts := strings.Split(afterVariables(contact), "/")
	if len(parts) > 1 && parts[0] == "loopback" {
		return parts[1]
	}
	return parts[len(parts)-1]
}

// tiersAre: the switch has told which agents are in which queues.
func (t *Translator) tiersAre(s snapshot) {
	queues := map[string][]string{}
	for _, r := range s.tiers {
		id := userPart(r["agent"])
		queues[id] = append(queues[id], t.queueName(r["queue"]))
	}
	ids := make([]string, 0, len(t.roster.agents))
	for id := range t.roster.agents {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		a := t.roster.agents[id]
		a.queues = queues[id]
		slices.Sort(a.queues)
		maps.DeleteFunc(a.joined, func(queue string, _ bool) bool { return !slices.Contains(a.queues, queue) })
		if !a.loggedIn {
			continue
		}
		for _, queue := range a.queues {
			t.joins(a, queue)
		}
		t.agentFact(id, agent.QueuesAre{At: t.clock.Next(), Agent: id, Switch: t.vocabulary.Switch, Queues: a.queues})
	}
}

// loggedIn counts the agents who are.
func (r *roster) loggedIn() int {
	n := 0
	for _, a := range r.agents {
		if a.loggedIn {
			n++
		}
	}
	return n
}

// epoch is a moment in whole seconds since 1970; 0 is no moment.
func epoch(seconds string) time.Time {
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || n <= 0 {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}
