package playback

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callstate/callstate/adapters/switches/asterisk"
)

// amiState is what an Asterisk has at one moment of its session, as far as its events tell.
type amiState struct {
	channels  []*channel // in the order of their creation
	queues    []*queue   // in the order of their first mention
	devices   fields     // state by device
	processed int        // calls so far
}

// channel is a live channel with the newest values that an event gave.
type channel struct {
	fields
	created   time.Time
	bridge    string
	app, data string
	variables fields
}

type queue struct {
	name    string
	params  fields
	members []*member
	callers []*caller // by position
}

type member struct {
	iface string
	fields
}

type caller struct {
	uniqueid string
	joined   time.Time
	fields
}

// fields are headers in order, each name once.
type fields []asterisk.Header

func (f fields) get(name string) string {
	for _, h := range f {
		if h.Name == name {
			return h.Value
		}
	}
	return ""
}

func (f *fields) set(name, value string) {
	for i := range *f {
		if (*f)[i].Name == name {
			(*f)[i].Value = value
			return
		}
	}
	*f = append(*f, asterisk.Header{Name: name, Value: value})
}

// take sets those of the named fields that the block has, under the name with the prefix.
func (f *fields) take(b asterisk.Block, prefix string, names []string) {
	for _, name := range names {
		if value := b.All(prefix + name); len(value) > 0 {
			f.set(name, value[0])
		}
	}
}

func channelFields() []string {
	return []string{
		"Channel", "ChannelState", "ChannelStateDesc", "CallerIDNum", "CallerIDName", "ConnectedLineNum", "ConnectedLineName",
		"Language", "AccountCode", "Context", "Exten", "Priority", "Uniqueid", "Linkedid",
	}
}

func paramsFields() []string {
	return []string{
		"Max", "Strategy", "Calls", "Holdtime", "TalkTime", "Completed", "Abandoned", "ServiceLevel", "ServicelevelPerf",
		"ServicelevelPerf2", "Weight",
	}
}

func memberFields() []string {
	return []string{
		"Name", "Location", "StateInterface", "Membership", "Penalty", "CallsTaken", "LastCall", "LastPause", "LoginTime",
		"InCall", "Status", "Paused", "PausedReason", "Wrapuptime",
	}
}

func callerFields() []string {
	return []string{
		"Channel", "Uniqueid", "CallerIDNum", "CallerIDName", "ConnectedLineNum", "ConnectedLineName", "Priority",
	}
}

// hangUpAll forgets the calls, as a switch does that starts anew.
func (s *amiState) hangUpAll() {
	s.channels = nil
	for _, q := range s.queues {
		q.callers = nil
	}
}

// calling: there are calls.
func (s *amiState) calling() bool {
	return len(s.channels) > 0 || slices.ContainsFunc(s.queues, func(q *queue) bool { return len(q.callers) > 0 })
}

// told takes in an event that the switch told everybody at that time.
func (s *amiState) told(b asterisk.Block, at time.Time) {
	event := b.Event()
	if event == "Newchannel" {
		s.channel(b.Get("Uniqueid")).created = at
		s.processed++
	}
	s.updateChannels(b)
	ch := s.find(b.Get("Uniqueid"))
	switch event {
	case "Hangup":
		s.remove(b.Get("Uniqueid"))
	case "Shutdown":
		s.hangUpAll()
	case "QueueCallerJoin":
		s.queue(b.Get("Queue")).join(b, at)
		if ch != nil {
			s.updateCaller(ch)
		}
	case "QueueCallerLeave", "QueueCallerAbandon":
		s.queue(b.Get("Queue")).leave(b.Get("Uniqueid"))
	case "QueueMemberAdded", "QueueMemberStatus", "QueueMemberPause", "QueueMemberPenalty", "QueueMemberRinginuse":
		m := s.queue(b.Get("Queue")).member(b.Get("Interface"))
		m.take(b, "", memberFields())
		m.set("Name", b.Get("MemberName"))
		m.set("Location", m.iface)
	case "AgentConnect", "AgentComplete": // the only ones that tell whether a member is in a call of the queue
		inCall := "0"
		if event == "AgentConnect" {
			inCall = "1"
		}
		s.queue(b.Get("Queue")).member(b.Get("Interface")).set("InCall", inCall)
	case "DialBegin", "AgentCalled": // app_dial.c and app_queue.c name the channels that they call so
		if dest := s.find(b.Get("DestUniqueid")); dest != nil {
			dest.app, dest.data = "AppDial", "(Outgoing Line)"
			if ch != nil && ch.app == "Queue" {
				dest.app = "AppQueue"
			}
		}
	case "QueueMemberRemoved":
		s.queue(b.Get("Queue")).removeMember(b.Get("Interface"))
	case "DeviceStateChange":
		s.devices.set(b.Get("Device"), b.Get("State"))
	}
	if ch == nil {
		return
	}
	switch event {
	case "BridgeEnter":
		ch.bridge = b.Get("BridgeUniqueid")
	case "BridgeLeave":
		ch.bridge = ""
	case "Newexten":
		ch.app, ch.data = b.Get("Application"), b.Get("AppData")
	case "VarSet":
		ch.variables.set(b.Get("Variable"), b.Get("Value"))
	case "Rename":
		ch.set("Channel", b.Get("Newname"))
	}
}

// answered takes in an answer that the switch gave the recorder at that time.
func (s *amiState) answered(b asterisk.Block, at time.Time) {
	switch b.Event() {
	case "CoreShowChannel":
		ch := s.channel(b.Get("Uniqueid"))
		ch.take(b, "", channelFields())
		ch.bridge, ch.app, ch.data = b.Get("BridgeId"), b.Get("Application"), b.Get("ApplicationData")
		ch.created = at.Add(-clockDuration(b.Get("Duration")))
	case "QueueParams":
		s.queue(b.Get("Queue")).params.take(b, "", paramsFields())
	case "QueueMember":
		s.queue(b.Get("Queue")).member(b.Get("Location")).take(b, "", memberFields())
	case "QueueEntry":
		seconds, _ := strconv.Atoi(b.Get("Wait"))
		s.queue(b.Get("Queue")).join(b, at.Add(-time.Duration(seconds)*time.Second))
	case "DeviceStateChange":
		s.devices.set(b.Get("Device"), b.Get("State"))
	}
}

// updateChannels keeps the newest values of all channels and waiting callers that an event describes: Channel, DestChannel, ParkeeChannel...
// Only Newchannel makes channels; events may still come for one that has hung up.
func (s *amiState) updateChannels(b asterisk.Block) {
	for _, h := range b.Headers() {
		prefix, ok := strings.CutSuffix(h.Name, "Uniqueid")
		if !ok {
			continue
		}
		if ch := s.find(h.Value); ch != nil && b.Get(prefix+"Channel") != "" {
			ch.take(b, prefix, channelFields())
			s.updateCaller(ch)
		}
	}
}

// updateCaller lets the entry of a waiting caller say what its channel says. Queues write unknown without brackets.
func (s *amiState) updateCaller(ch *channel) {
	for _, q := range s.queues {
		for _, c := range q.callers {
			if c.uniqueid != ch.get("Uniqueid") {
				continue
			}
			for _, name := range callerFields() {
				if name != "Priority" { // of the queue, not of the dialplan
					c.set(name, strings.Trim(ch.get(name), "<>"))
				}
			}
		}
	}
}

func (s *amiState) find(uniqueid string) *channel {
	for _, ch := range s.channels {
		if ch.get("Uniqueid") == uniqueid {
			return ch
		}
	}
	return nil
}

func (s *amiState) channel(uniqueid string) *channel {
	ch := s.find(uniqueid)
	if ch == nil {
		ch = &channel{}
		for _, name := range channelFields() {
			ch.set(name, "")
		}
		ch.set("Uniqueid", uniqueid)
		s.channels = append(s.channels, ch)
	}
	return ch
}

func (s *amiState) remove(uniqueid string) {
	s.channels = slices.DeleteFunc(s.channels, func(ch *channel) bool { return ch.get("Uniqueid") == uniqueid })
	for _, q := range s.queues {
		q.leave(uniqueid)
	}
}

func (s *amiState) queue(name string) *queue {
	for _, q := range s.queues {
		if q.name == name {
			return q
		}
	}
	q := &queue{name: name}
	for _, field := range paramsFields() {
		q.params.set(field, "0")
	}
	s.queues = append(s.queues, q)
	return q
}

func (q *queue) member(iface string) *member {
	for _, m := range q.members {
		if m.iface == iface {
			return m
		}
	}
	m := &member{iface: iface}
	for _, name := range memberFields() {
		m.set(name, "")
	}
	q.members = append(q.members, m)
	return m
}

func (q *queue) removeMember(iface string) {
	q.members = slices.DeleteFunc(q.members, func(m *member) bool { return m.iface == iface })
}

// join puts a caller at the position that the block says.
func (q *queue) join(b asterisk.Block, joined time.Time) {
	c := &caller{uniqueid: b.Get("Uniqueid"), joined: joined}
	for _, name := range callerFields() {
		c.set(name, b.Get(name))
	}
	if b.Event() == "QueueCallerJoin" {
		c.set("Priority", "0") // that of the event is of the dialplan
	}
	q.leave(c.uniqueid)
	position, err := strconv.Atoi(b.Get("Position"))
	if err != nil || position < 1 || position > len(q.callers) {
		position = len(q.callers) + 1
	}
	q.callers = slices.Insert(q.callers, position-1, c)
}

func (q *queue) leave(uniqueid string) {
	q.callers = slices.DeleteFunc(q.callers, func(c *caller) bool { return c.uniqueid == uniqueid })
}

// clockDuration reads a duration as CoreShowChannels writes it (00:00:13).
func clockDuration(text string) time.Duration {
	var d time.Duration
	for part := range strings.SplitSeq(text, ":") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return 0
		}
		d = d*60 + time.Duration(n)*time.Second
	}
	return d
}
