package asterisk

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/link"
)

// list is the answer to a list action as far as it has come.
type list struct {
	rows     int       // how many have come
	since    time.Time // the link's clock when it began; what is younger need not stand in it
	channels map[string]bool
	queues   map[string]bool
	places   map[string]bool
	agents   map[string][]string
}

// listBegins: an action that is answered by a list was accepted.
func (t *Translator) listBegins(b Block) {
	if id := b.ActionID(); id != "" && strings.EqualFold(b.Get("EventList"), "start") {
		t.list(id)
	}
}

func (t *Translator) list(id string) *list {
	l := t.lists[id]
	if l == nil {
		l = &list{since: t.clock.Last, channels: map[string]bool{}, queues: map[string]bool{}, places: map[string]bool{}, agents: map[string][]string{}}
		t.lists[id] = l
	}
	return l
}

// listAnswer takes an event that belongs to the answer of a list action: it has an ActionID and, unlike live events, no
// Timestamp, where those have one (timestampevents). Of live events only OriginateResponse has an ActionID.
func (t *Translator) listAnswer(id, event string, b Block) bool {
	if _, live := b.Timestamp(); live || event == "OriginateResponse" {
		return false
	}
	if event == "CoreShowChannel" && !t.clock.Known() {
		t.ageOf(b)
	}
	t.clock.WhenKnown(func() { t.row(id, event, b) })
	return true
}

// ageOf takes from a channel's age how late it is at the switch: a snapshot has no time of its own.
func (t *Translator) ageOf(b Block) {
	var hours, minutes, seconds int
	if n, _ := fmt.Sscanf(b.Get("Duration"), "%d:%d:%d", &hours, &minutes, &seconds); n != 3 {
		return
	}
	born := birth(b.Get("Uniqueid"), time.Time{})
	if born.IsZero() {
		return
	}
	age := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second
	if at := born.Add(age); at.After(t.snapshotAt) {
		t.snapshotAt = at
	}
}

func (t *Translator) row(id, event string, b Block) {
	t.inferring = true
	defer func() { t.inferring = false }()
	if !strings.EqualFold(b.Get("EventList"), "complete") {
		t.list(id).rows++
	} else if items, err := strconv.Atoi(b.Get("ListItems")); err == nil && items > t.list(id).rows {
		delete(t.lists, id) // something of it was lost: what is not in it may be there nevertheless
		return
	}
	switch event {
	case "CoreShowChannel":
		t.list(id).channels[b.Get("Uniqueid")] = true
		t.missedAnswer(b)
		ch := t.channel(b, "")
		if bridge := b.Get("BridgeId"); ch != nil && bridge != "" && ch.bridge != bridge {
			t.joinBridge(ch, bridge)
		}
		if name, _, _ := strings.Cut(b.Get("ApplicationData"), ","); ch != nil && b.Get("Application") == "ConfBridge" && name != "" {
			t.entersRoom(ch, name)
		}
	case "CoreShowChannelsComplete":
		t.missing = t.notAmong(t.list(id))
		t.listEnds(id, &t.channelsListed)
	case "QueueParams":
		t.list(id).queues[b.Get("Queue")] = true
	case "QueueMember":
		l, queue := t.list(id), b.Get("Queue")
		l.queues[queue] = true
		l.places[placeKey(queue, b.Get("Location"))] = true
		t.memberIs(b, true)
		who := agentID(firstOf(b.Get("Name"), b.Get("Location")))
		if ended, err := strconv.ParseInt(b.Get("LastCall"), 10, 64); err == nil && ended > 0 {
			t.lastCalls[who] = time.Unix(ended, 0).UTC()
		}
		l.agents[who] = append(l.agents[who], queue)
	case "QueueEntry":
		ch := t.channels[b.Get("Uniqueid")]
		if ch != nil && ch.wait == nil && ch.told != call.Released {
			ch.wait = &wait{queue: b.Get("Queue")}
			waited, _ := strconv.Atoi(b.Get("Wait"))
			position, _ := strconv.Atoi(b.Get("Position"))
			t.visit(ch, call.VisitIs{At: t.clock.Next().Add(-time.Duration(waited) * time.Second), Position: position, Inferred: true})
		}
	case "DeviceStateChange":
		t.deviceState(b)
	case "QueueStatusComplete":
		t.membersAre(t.list(id))
		t.listEnds(id, &t.queuesListed)
	default:
		if strings.EqualFold(b.Get("EventList"), "complete") {
			delete(t.lists, id)
		}
	}
}

// notAmong are the channels that were there before the switch began to tell all it has, and that it did not name.
func (t *Translator) notAmong(l *list) []*channel {
	var missing []*channel
	for id, ch := range t.channels {
		if !l.channels[id] && ch.born.Before(l.since) {
			missing = append(missing, ch)
		}
	}
	slices.SortFunc(missing, func(a, b *channel) int { return strings.Compare(a.id, b.id) })
	return missing
}

// silent are the channels of which nothing has been heard since the connection began.
func (t *Translator) silent() []*channel {
	var silent []*channel
	for _, ch := range t.channels {
		if ch.named.Before(t.upAt) {
			silent = append(silent, ch)
		}
	}
	slices.SortFunc(silent, func(a, b *channel) int { return strings.Compare(a.id, b.id) })
	return silent
}

// letGo ends what the switch does not have any more. When that was is known where an agent took part: his queues tell
// when his last call ended.
func (t *Translator) letGo(missing []*channel) {
	ended := map[*callOnSwitch]time.Time{}
	for _, ch := range missing {
		if ch.offer == nil || ch.told != call.Connected && ch.told != call.Held {
			continue
		}
		if at := t.lastCalls[ch.offer.agent]; at.After(t.lostAt.Add(-time.Second)) && at.Before(t.clock.Last) {
			ended[ch.call] = at
		}
	}
	cause := call.UnknownCause
	if t.restarted {
		cause = call.Restarted
	}
	t.inferring = true
	for _, ch := range missing {
		if t.channels[ch.id] == ch {
			t.hungUp(ch, cause, ended[ch.call])
		}
	}
	t.inferring = false
}

// missedAnswer recognises the channel of a member who took a waiting call while the link was lost.
func (t *Translator) missedAnswer(b Block) {
	id := b.Get("Uniqueid")
	if t.channels[id] != nil || t.gone.has(id) || b.Get("Application") != "AppQueue" {
		return
	}
	caller := t.channels[b.Get("Linkedid")]
	if caller == nil || caller.wait == nil {
		return
	}
	ch := t.newChannel(b, "", id, b.Get("Channel"))
	who := deviceDN(ch.endpoint)
	if m := t.roster.at(caller.wait.queue, ch); m != nil {
		who = m.agent
	}
	ch.offer = &offer{agent: who, wait: caller.wait}
	caller.dials(ch)
	t.stateIs(ch, b.Get("ChannelState"), b, "")
	if ch.told == call.Connected {
		t.endWait(caller, call.VisitIs{End: call.Distributed, Agent: who, AgentDN: ch.dn(), AgentParty: call.PartyID(ch.id), Inferred: true})
	}
}

// membersAre: the switch has told all members of some queues; those that are not among them have left.
func (t *Translator) membersAre(l *list) {
	var left []*member
	for key, m := range t.roster.places {
		if l.queues[m.queue] && !l.places[key] {
			left = append(left, m)
		}
	}
	slices.SortFunc(left, func(a, b *member) int { return strings.Compare(placeKey(a.queue, a.iface), placeKey(b.queue, b.iface)) })
	for _, m := range left {
		t.roster.remove(m.queue, m.iface)
		if other := t.roster.elsewhere(m.queue, m.agent); other != nil {
			t.membership(other, true)
		} else {
			t.membership(m, false)
		}
	}
	var agents []string
	for id := range l.agents {
		agents = append(agents, id)
	}
	slices.Sort(agents)
	for _, id := range agents {
		t.agentFact(id, agent.QueuesAre{At: t.clock.Next(), Agent: id, Switch: t.vocabulary.Switch, Queues: l.agents[id]})
	}
}

// listEnds: one of the two lists that make a snapshot is complete; the first time that both are, the link is in step.
func (t *Translator) listEnds(id string, listed *bool) {
	delete(t.lists, id)
	before := t.channelsListed && t.queuesListed
	*listed = true
	if before || !t.channelsListed || !t.queuesListed {
		return
	}
	t.letGo(t.missing)
	t.missing = nil
	t.resumeWork()
	fact := link.SnapshotIs{At: t.clock.Next(), Switch: t.vocabulary.Switch, Agents: len(t.roster.agents), Started: t.startup}
	for id := range t.channels {
		fact.Parties = append(fact.Parties, id)
	}
	slices.Sort(fact.Parties)
	fact.Channels = len(fact.Parties)
	t.linkFact(fact)
}
