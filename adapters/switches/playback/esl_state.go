package playback

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callstate/callstate/adapters/switches/freeswitch"
)

// eslSwitch is what a FreeSWITCH has at one moment of its session, as far as its events tell.
type eslSwitch struct {
	username, password string
	do                 func(string) bool // see Options
	started            time.Time         // on its own clock
	core               string            // Core-UUID
	hostname           string

	channels []*leg // in the order of their creation
	queues   []string
	agents   []row
	tiers    []row
	members  []row // of all queues, in the order of their joining

	text  string // what was read last
	event freeswitch.Event
}

// leg is a live channel.
type leg struct {
	row     // as in "show channels"
	bridged string
	bridge  time.Time
}

// row is a line of a list: values by column.
type row map[string]string

func channelColumns() []string {
	return []string{
		"uuid", "direction", "created", "created_epoch", "name", "state", "cid_name", "cid_num", "ip_addr", "dest", "application",
		"application_data", "dialplan", "context", "read_codec", "read_rate", "read_bit_rate", "write_codec", "write_rate",
		"write_bit_rate", "secure", "hostname", "presence_id", "presence_data", "accountcode", "callstate", "callee_name",
		"callee_num", "callee_direction", "call_uuid", "sent_callee_name", "sent_callee_num", "initial_cid_name",
		"initial_cid_num", "initial_ip_addr", "initial_dest", "initial_dialplan", "initial_context",
	}
}

func agentColumns() []string {
	return []string{
		"name", "instance_id", "uuid", "type", "contact", "status", "state", "max_no_answer", "wrap_up_time", "reject_delay_time",
		"busy_delay_time", "no_answer_delay_time", "last_bridge_start", "last_bridge_end", "last_offered_call",
		"last_status_change", "no_answer_count", "calls_answered", "talk_time", "ready_time", "external_calls_count",
	}
}

func tierColumns() []string { return []string{"queue", "agent", "state", "level", "position"} }

func memberColumns() []string {
	return []string{
		"queue", "instance_id", "uuid", "session_uuid", "cid_number", "cid_name", "system_epoch", "joined_epoch", "rejoined_epoch",
		"bridge_epoch", "abandoned_epoch", "base_score", "skill_score", "serving_agent", "serving_system", "state", "score",
	}
}

// configured is what a session tells of the configuration of its callcenter. Events do not tell of it, but as they go on
// they name every queue and agent that matters.
type configured struct {
	queues []string
	agents []string
	tiers  [][2]string // queue and agent
}

func configuration(events []freeswitch.Event) configured {
	var c configured
	for _, e := range events {
		queue, agent := e.Get("CC-Queue"), e.Get("CC-Agent")
		if queue != "" && !slices.Contains(c.queues, queue) {
			c.queues = append(c.queues, queue)
		}
		if agent != "" && !slices.Contains(c.agents, agent) {
			c.agents = append(c.agents, agent)
		}
		if queue != "" && agent != "" && !slices.Contains(c.tiers, [2]string{queue, agent}) {
			c.tiers = append(c.tiers, [2]string{queue, agent})
		}
	}
	return c
}

func newESLSwitch(o Options, started time.Time, c configured) *eslSwitch {
	s := &eslSwitch{username: o.Username, password: o.Secret, do: o.Do, started: started, queues: slices.Clone(c.queues)}
	for _, name := range c.agents {
		s.agent(name)
	}
	for _, t := range c.tiers {
		s.tier(t[0], t[1])
	}
	return s
}

func (s *eslSwitch) connect() (string, dialogue) {
	return "Content-Type: auth/request\n\n", &eslDialogue{sw: s}
}

func (s *eslSwitch) anybody() bool { return s.password == "" }

func (s *eslSwitch) closes(text string) bool { return strings.HasPrefix(text, noticePrefix) }

func (s *eslSwitch) redate(r *redating, text string) string { return redateEvent(r, text) }

func (s *eslSwitch) calling() bool { return len(s.channels) > 0 || len(s.members) > 0 }

func (s *eslSwitch) hangUpAll() {
	s.channels, s.members = nil, nil
	for _, a := range s.agents {
		a["state"], a["uuid"] = "Waiting", ""
	}
}

// read parses an event, but the same one only once.
func (s *eslSwitch) read(text string) freeswitch.Event {
	if text != s.text {
		e, err := freeswitch.ParseEvent(freeswitch.Frame{ContentType: "text/event-plain", Body: text})
		if err != nil {
			e = freeswitch.Event{} // it could be parsed when it was read
		}
		s.text, s.event = text, e
	}
	return s.event
}

func (s *eslSwitch) told(text string) {
	if s.closes(text) {
		return
	}
	e := s.read(text)
	s.core, s.hostname = e.Get("Core-UUID"), e.Get("FreeSWITCH-Hostname")
	if e.Get("Event-Subclass") == "callcenter::info" {
		s.toldOfQueues(e)
		return
	}
	id := e.Get("Unique-ID")
	switch e.Name() {
	case "CHANNEL_CREATE":
		s.create(e)
	case "CHANNEL_DESTROY":
		s.channels = slices.DeleteFunc(s.channels, func(l *leg) bool { return l.row["uuid"] == id })
	case "CHANNEL_BRIDGE":
		at, _ := e.Time()
		a, b := s.leg(e.Get("Bridge-A-Unique-ID")), s.leg(e.Get("Bridge-B-Unique-ID"))
		if a != nil && b != nil {
			s.part(a)
			s.part(b)
			a.bridged, b.bridged, a.bridge, b.bridge = b.row["uuid"], a.row["uuid"], at, at
			a.row["call_uuid"], b.row["call_uuid"] = e.Get("Channel-Call-UUID"), e.Get("Channel-Call-UUID")
		}
	case "CHANNEL_UNBRIDGE":
		for _, half := range []string{"Bridge-A-Unique-ID", "Bridge-B-Unique-ID"} {
			if l := s.leg(e.Get(half)); l != nil {
				s.part(l)
			}
		}
	case "CHANNEL_EXECUTE":
		if l := s.leg(id); l != nil {
			l.row["application"], l.row["application_data"] = e.Get("Application"), e.Get("Application-Data")
		}
	}
	if l := s.leg(id); l != nil && e.Name() != "CUSTOM" {
		l.update(e)
	}
}

// part ends the bridge that a leg is in.
func (s *eslSwitch) part(l *leg) {
	if other := s.leg(l.bridged); other != nil {
		other.bridged = ""
	}
	l.bridged = ""
}

func (s *eslSwitch) leg(id string) *leg {
	for _, l := range s.channels {
		if l.row["uuid"] == id {
			return l
		}
	}
	return nil
}

func (s *eslSwitch) create(e freeswitch.Event) {
	id := e.Get("Unique-ID")
	if id == "" || s.leg(id) != nil {
		return
	}
	at, _ := e.Time()
	l := &leg{row: row{
		"uuid": id, "direction": e.Get("Call-Direction"), "hostname": s.hostname, "ip_addr": e.Get("Caller-Network-Addr"),
		"created": at.Format(time.DateTime), "created_epoch": strconv.FormatInt(at.Unix(), 10),
	}}
	l.update(e)
	for _, name := range []string{"cid_name", "cid_num", "ip_addr", "dest", "dialplan", "context"} {
		l.row["initial_"+name] = l.row[name]
	}
	s.channels = append(s.channels, l)
}

// update takes over what an event of the leg says about it.
func (l *leg) update(e freeswitch.Event) {
	for _, c := range [][2]string{
		{"name", "Channel-Name"}, {"state", "Channel-State"}, {"callstate", "Channel-Call-State"},
		{"presence_id", "Channel-Presence-ID"}, {"cid_name", "Caller-Caller-ID-Name"}, {"cid_num", "Caller-Caller-ID-Number"},
		{"dest", "Caller-Destination-Number"}, {"dialplan", "Caller-Dialplan"},
		{"context", "Caller-Context"}, {"callee_name", "Caller-Callee-ID-Name"}, {"callee_num", "Caller-Callee-ID-Number"},
		{"read_codec", "Channel-Read-Codec-Name"}, {"read_rate", "Channel-Read-Codec-Rate"}, {"read_bit_rate", "Channel-Read-Codec-Bit-Rate"},
		{"write_codec", "Channel-Write-Codec-Name"}, {"write_rate", "Channel-Write-Codec-Rate"}, {"write_bit_rate", "Channel-Write-Codec-Bit-Rate"},
		{"accountcode", "variable_accountcode"},
	} {
		if value := e.Get(c[1]); value != "" {
			l.row[c[0]] = value
		}
	}
}

// toldOfQueues takes in an event of mod_callcenter.
func (s *eslSwitch) toldOfQueues(e freeswitch.Event) {
	at, _ := e.Time()
	now := strconv.FormatInt(at.Unix(), 10)
	queue, name, passage := e.Get("CC-Queue"), e.Get("CC-Agent"), e.Get("CC-Member-UUID")
	m, t := s.member(passage), row{}
	a := row{}
	if name != "" {
		a = s.agent(name)
		if queue != "" {
			t = s.tier(queue, name)
		}
	}
	switch e.Get("CC-Action") {
	case "agent-status-change":
		a["status"], a["last_status_change"] = e.Get("CC-Agent-Status"), now
	case "agent-state-change":
		a["state"] = e.Get("CC-Agent-State")
	case "agent-offering":
		a["last_offered_call"], t["state"] = now, "Offering"
		m["serving_agent"], m["serving_system"], m["state"] = name, e.Get("CC-Agent-System"), "Trying"
	case "bridge-agent-start":
		a["uuid"], a["last_bridge_start"], t["state"] = e.Get("CC-Agent-UUID"), now, "Active Inbound"
		m["serving_agent"], m["serving_system"], m["state"], m["bridge_epoch"] = name, e.Get("CC-Agent-System"), "Answered", now
		answered, _ := strconv.Atoi(a["calls_answered"])
		a["calls_answered"] = strconv.Itoa(answered + 1)
	case "bridge-agent-end":
		a["uuid"], a["last_bridge_end"], t["state"] = "", now, "Ready"
	case "bridge-agent-fail":
		t["state"] = "Ready"
		if m["state"] == "Trying" && m["serving_agent"] == name {
			m["serving_agent"], m["serving_system"], m["state"] = "", "", "Waiting"
		}
	case "member-queue-start", "member-queue-resume":
		s.leave(passage)
		s.members = append(s.members, row{
			"queue": queue, "instance_id": "single_box", "uuid": passage, "session_uuid": e.Get("CC-Member-Session-UUID"),
			"cid_number": e.Get("CC-Member-CID-Number"), "cid_name": e.Get("CC-Member-CID-Name"), "system_epoch": now, "joined_epoch": now,
			"rejoined_epoch": "0", "bridge_epoch": "0", "abandoned_epoch": "0", "base_score": "0", "skill_score": "0", "state": "Waiting",
		})
	case "member-queue-end":
		s.leave(passage)
	}
}

func (s *eslSwitch) leave(passage string) {
	s.members = slices.DeleteFunc(s.members, func(m row) bool { return m["uuid"] == passage })
}

// member is the row of a passage; of one that is not known, a row of no list.
func (s *eslSwitch) member(passage string) row {
	for _, m := range s.members {
		if m["uuid"] == passage {
			return m
		}
	}
	return row{}
}

func (s *eslSwitch) agent(name string) row {
	for _, a := range s.agents {
		if a["name"] == name {
			return a
		}
	}
	a := row{"name": name, "instance_id": "single_box", "type": "callback", "status": "Logged Out", "state": "Waiting"}
	for _, column := range agentColumns()[7:] {
		a[column] = "0"
	}
	s.agents = append(s.agents, a)
	return a
}

func (s *eslSwitch) tier(queue, agent string) row {
	for _, t := range s.tiers {
		if t["queue"] == queue && t["agent"] == agent {
			return t
		}
	}
	t := row{"queue": queue, "agent": agent, "state": "Ready", "level": "1", "position": "1"}
	s.tiers = append(s.tiers, t)
	return t
}

// answered takes in an answer that the switch gave the recorder: one of the lists that this switch can give too.
func (s *eslSwitch) answered(text string, _ time.Time) {
	var list struct{ Rows []row }
	if strings.HasPrefix(text, "{") {
		if json.Unmarshal([]byte(text), &list) != nil {
			return
		}
		for _, r := range list.Rows {
			if _, ofCalls := r["b_uuid"]; ofCalls {
				if a, b := s.leg(r["uuid"]), s.leg(r["b_uuid"]); a != nil && b != nil {
					a.bridged, b.bridged = r["b_uuid"], r["uuid"]
				}
			} else if s.leg(r["uuid"]) == nil {
				s.channels = append(s.channels, &leg{row: r})
			}
		}
		return
	}
	columns, rows := readList(text)
	for _, r := range rows {
		switch strings.Join(columns, "|") {
		case strings.Join(agentColumns(), "|"):
			copyRow(s.agent(r["name"]), r)
		case strings.Join(tierColumns(), "|"):
			copyRow(s.tier(r["queue"], r["agent"]), r)
		case strings.Join(memberColumns(), "|"):
			s.leave(r["uuid"])
			s.members = append(s.members, r)
		default:
			if columns[0] == "name" && !slices.Contains(s.queues, r["name"]) {
				s.queues = append(s.queues, r["name"])
			}
		}
	}
}

func copyRow(into, from row) {
	for column, value := range from {
		into[column] = value
	}
}

// readList reads a list of mod_callcenter: column names, rows, "+OK".
func readList(text string) (columns []string, rows []row) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	columns = strings.Split(lines[0], "|")
	for _, line := range lines[1:] {
		values := strings.Split(line, "|")
		if len(values) != len(columns) {
			continue
		}
		r := row{}
		for i, column := range columns {
			r[column] = values[i]
		}
		rows = append(rows, r)
	}
	return columns, rows
}
