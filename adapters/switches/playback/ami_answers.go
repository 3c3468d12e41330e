package playback

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callstate/callstate/adapters/switches/asterisk"
)

// reply is the answer to one action, as AMI text.
type reply struct {
	strings.Builder
	id       string // ActionID of the action, "" when it has none
	items    int
	loggedIn bool // the client is logged in from now on
	goodbye  bool // and the connection is closed
}

func (r *reply) line(name, value string) { r.WriteString(name + ": " + value + "\r\n") }

// block writes a block. The first of the names and values is followed by the ActionID.
func (r *reply) block(namesAndValues ...string) {
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		r.line(namesAndValues[i], namesAndValues[i+1])
		if i == 0 && r.id != "" {
			r.line("ActionID", r.id)
		}
	}
	r.WriteString("\r\n")
}

func (r *reply) refuse(message string) { r.block("Response", "Error", "Message", message) }

func (r *reply) begin(message string) {
	r.block("Response", "Success", "EventList", "start", "Message", message)
}

func (r *reply) end(event string) {
	r.block("Event", event, "EventList", "Complete", "ListItems", strconv.Itoa(r.items))
}

// item writes an item of a list: its own headers, then the ActionID, as the queue lists have it.
func (r *reply) item(event string, namesAndValues ...string) {
	r.items++
	r.line("Event", event)
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		r.line(namesAndValues[i], namesAndValues[i+1])
	}
	if r.id != "" {
		r.line("ActionID", r.id)
	}
	r.WriteString("\r\n")
}

func (f fields) flat() []string {
	flat := make([]string, 0, 2*len(f))
	for _, h := range f {
		flat = append(flat, h.Name, h.Value)
	}
	return flat
}

// amiSwitch answers the actions of clients from the state of the switch (docs.asterisk.org, AMI Actions).
type amiSwitch struct {
	amiState
	version          string // of AMI
	username, secret string
	do               func(string) bool // see Options
	started          time.Time         // when the switch was started, on its own clock
}

// uptimeBefore is for how long the switch is said to have been up when a session begins.
const uptimeBefore = 4 * time.Second

// answer answers an action, which was written as raw. now is on the switch's clock.
func (s *amiSwitch) answer(action asterisk.Block, raw string, loggedIn bool, now time.Time) *reply {
	r := &reply{id: action.Get("ActionID")}
	name := action.Get("Action")
	switch strings.ToLower(name) {
	case "login":
		s.login(r, action, now)
		return r
	case "logoff":
		r.block("Response", "Goodbye", "Message", "Thanks for all the fish.")
		r.goodbye = true
		return r
	}
	if !loggedIn {
		r.refuse("Permission denied")
		return r
	}
	switch strings.ToLower(name) {
	case "":
		r.refuse("Missing action in request")
	case "ping":
		r.block("Response", "Success", "Ping", "Pong", "Timestamp", stamp(now))
	case "events":
		r.block("Response", "Success", "Events", "On")
	case "corestatus":
		s.coreStatus(r)
	case "coreshowchannels":
		s.coreShowChannels(r, now)
	case "status":
		s.status(r, action, now)
	case "queuestatus":
		s.queueStatus(r, action, now)
	case "queuesummary":
		s.queueSummary(r, action, now)
	case "devicestatelist":
		s.deviceStateList(r)
	default:
		if s.do != nil && s.do(raw) {
			r.block("Response", "Success", "Message", name+" taken")
			break
		}
		r.refuse("Invalid/unknown command: " + name + ". This is a recording played back.")
	}
	return r
}

func (s *amiSwitch) login(r *reply, action asterisk.Block, now time.Time) {
	if s.username != "" && (action.Get("Username") != s.username || action.Get("Secret") != s.secret) {
		r.refuse("Authentication failed")
		r.goodbye = true
		return
	}
	r.loggedIn = true
	r.block("Response", "Success", "Message", "Authentication accepted")
	uptime := strconv.Itoa(int(now.Sub(s.started).Seconds()))
	greeting := reply{}
	greeting.block("Event", "FullyBooted", "Privilege", "system,all", "Uptime", uptime, "LastReload", uptime, "Status", "Fully Booted")
	r.WriteString(greeting.String())
}

func (s *amiSwitch) coreStatus(r *reply) {
	day, clock := s.started.UTC().Format(time.DateOnly), s.started.UTC().Format(time.TimeOnly)
	r.block("Response", "Success", "CoreStartupDate", day, "CoreStartupTime", clock, "CoreReloadDate", day,
		"CoreReloadTime", clock, "CoreCurrentCalls", strconv.Itoa(len(s.channels)), "CoreProcessedCalls", strconv.Itoa(s.processed))
}

func (s *amiSwitch) coreShowChannels(r *reply, now time.Time) {
	r.begin("Channels will follow")
	for _, ch := range s.channels {
		r.items++
		age := int(now.Sub(ch.created).Seconds())
		r.block(append(append([]string{"Event", "CoreShowChannel"}, ch.flat()...),
			"Application", ch.app, "ApplicationData", ch.data,
			"Duration", fmt.Sprintf("%02d:%02d:%02d", age/3600, age/60%60, age%60), "BridgeId", ch.bridge)...)
	}
	r.end("CoreShowChannelsComplete")
}

func (s *amiSwitch) status(r *reply, action asterisk.Block, now time.Time) {
	only := action.Get("Channel")
	if only != "" && !slices.ContainsFunc(s.channels, func(ch *channel) bool { return ch.get("Channel") == only }) {
		r.refuse("No such channel")
		return
	}
	wanted := strings.Split(action.Get("Variables"), ",")
	all := strings.EqualFold(action.Get("AllVariables"), "true")
	r.begin("Channel status will follow")
	for _, ch := range s.channels {
		if only != "" && ch.get("Channel") != only {
			continue
		}
		technology, _, _ := strings.Cut(ch.get("Channel"), "/")
		lines := append([]string{"Privilege", "Call"}, ch.flat()...)
		lines = append(lines, "Type", technology, "BridgeID", ch.bridge, "Application", ch.app, "Data", ch.data,
			"Seconds", strconv.Itoa(int(now.Sub(ch.created).Seconds())))
		for _, v := range ch.variables {
			if all || slices.Contains(wanted, v.Name) {
				lines = append(lines, "Variable", v.Name+"="+v.Value)
			}
		}
		r.item("Status", lines...)
	}
	r.block("Event", "StatusComplete", "EventList", "Complete", "ListItems", strconv.Itoa(r.items), "Items", strconv.Itoa(r.items))
}

func (s *amiSwitch) queueStatus(r *reply, action asterisk.Block, now time.Time) {
	only, onlyMember := action.Get("Queue"), action.Get("Member")
	r.begin("Queue status will follow")
	for _, q := range s.queues {
		if only != "" && q.name != only {
			continue
		}
		q.params.set("Calls", strconv.Itoa(len(q.callers)))
		r.item("QueueParams", append([]string{"Queue", q.name}, q.params.flat()...)...)
		for _, m := range q.members {
			if onlyMember == "" || m.iface == onlyMember {
				r.item("QueueMember", append([]string{"Queue", q.name}, m.flat()...)...)
			}
		}
		for i, c := range q.callers {
			lines := []string{"Queue", q.name, "Position", strconv.Itoa(i + 1)}
			for _, h := range c.fields {
				if h.Name == "Priority" {
					lines = append(lines, "Wait", strconv.Itoa(int(now.Sub(c.joined).Seconds())))
				}
				lines = append(lines, h.Name, h.Value)
			}
			r.item("QueueEntry", lines...)
		}
	}
	r.end("QueueStatusComplete")
}

func (s *amiSwitch) queueSummary(r *reply, action asterisk.Block, now time.Time) {
	only := action.Get("Queue")
	r.begin("Queue summary will follow")
	for _, q := range s.queues {
		if only != "" && q.name != only {
			continue
		}
		available := 0
		for _, m := range q.members {
			if m.get("Paused") != "1" && m.get("Status") == "1" { // not in use
				available++
			}
		}
		longest := 0
		for _, c := range q.callers {
			longest = max(longest, int(now.Sub(c.joined).Seconds()))
		}
		r.item("QueueSummary", "Queue", q.name, "LoggedIn", strconv.Itoa(len(q.members)),
			"Available", strconv.Itoa(available), "Callers", strconv.Itoa(len(q.callers)),
			"HoldTime", q.params.get("Holdtime"), "TalkTime", q.params.get("TalkTime"), "LongestHoldTime", strconv.Itoa(longest))
	}
	r.end("QueueSummaryComplete")
}

func (s *amiSwitch) deviceStateList(r *reply) {
	r.begin("Device State Changes will follow")
	for _, device := range s.devices {
		r.items++
		r.block("Event", "DeviceStateChange", "Device", device.Name, "State", device.Value)
	}
	r.end("DeviceStateListComplete")
}

// stamp writes a time as AMI does.
func stamp(t time.Time) string { return fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/1000) }
