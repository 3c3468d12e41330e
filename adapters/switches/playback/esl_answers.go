package playback

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// asked is the event with which FreeSWITCH tells that it does an API command. It is how a client of a quiet switch learns
// what time it is there.
func (s *eslSwitch) asked(command string, now time.Time) string {
	name, arguments, _ := strings.Cut(command, " ")
	event := fmt.Sprintf("Event-Name: API\nCore-UUID: %s\nEvent-Date-Timestamp: %d\nAPI-Command: %s\n", s.core, now.UnixMicro(), escape(name))
	if arguments != "" {
		event += "API-Command-Argument: " + escape(arguments) + "\n"
	}
	return event + "\n"
}

// api answers an API command as FreeSWITCH does (mod_commands, mod_callcenter), with the lists that a link asks for.
func (s *eslSwitch) api(command string, now time.Time) string {
	switch words := strings.Fields(command); strings.Join(words, " ") {
	case "status":
		up := now.Sub(s.started).Round(time.Second)
		return fmt.Sprintf("UP 0 years, %d days, %d hours, %d minutes, %d seconds, 0 milliseconds, 0 microseconds\n%d session(s)\n",
			int(up.Hours())/24, int(up.Hours())%24, int(up.Minutes())%60, int(up.Seconds())%60, len(s.channels))
	case "strepoch":
		return strconv.FormatInt(now.Unix(), 10)
	case "show channels as json":
		return s.showChannels()
	case "show calls as json":
		return s.showCalls()
	case "callcenter_config agent list":
		return list(agentColumns(), s.agents)
	case "callcenter_config tier list":
		return list(tierColumns(), s.tiers)
	case "callcenter_config queue list":
		var rows []row
		for _, name := range s.queues {
			rows = append(rows, row{"name": name, "strategy": "longest-idle-agent"})
		}
		return list([]string{"name", "strategy"}, rows)
	default:
		if queue, ok := strings.CutPrefix(strings.Join(words, " "), "callcenter_config queue list members "); ok {
			return s.listMembers(queue, now)
		}
		if len(words) == 2 && words[0] == "uuid_exists" {
			return strconv.FormatBool(s.leg(words[1]) != nil)
		}
		if s.do != nil && s.do(command) {
			return "+OK\n"
		}
		name, _, _ := strings.Cut(command, " ")
		return "-ERR " + name + " Command not found! This is a recording played back.\n"
	}
}

// list writes rows as mod_callcenter does; of an empty list it leaves out the column names.
func list(columns []string, rows []row) string {
	var text strings.Builder
	if len(rows) > 0 {
		text.WriteString(strings.Join(columns, "|") + "\n")
	}
	for _, r := range rows {
		values := make([]string, len(columns))
		for i, column := range columns {
			values[i] = r[column]
		}
		text.WriteString(strings.Join(values, "|") + "\n")
	}
	text.WriteString("+OK\n")
	return text.String()
}

func (s *eslSwitch) listMembers(queue string, now time.Time) string {
	var rows []row
	for _, m := range s.members {
		if m["queue"] != queue {
			continue
		}
		joined, _ := strconv.ParseInt(m["system_epoch"], 10, 64)
		m["score"] = strconv.FormatInt(now.Unix()-joined, 10)
		rows = append(rows, m)
	}
	return list(memberColumns(), rows)
}

func (s *eslSwitch) showChannels() string {
	var rows []map[string]string
	for _, l := range s.channels {
		r := map[string]string{}
		for _, column := range channelColumns() {
			r[column] = l.row[column]
		}
		rows = append(rows, r)
	}
	return asJSON(rows)
}

// showCalls lists pairs of bridged legs, the older first, and the legs that are in no bridge.
func (s *eslSwitch) showCalls() string {
	columns := []string{
		"uuid", "direction", "created", "created_epoch", "name", "state", "cid_name", "cid_num", "ip_addr", "dest", "presence_id",
		"presence_data", "accountcode", "callstate", "callee_name", "callee_num", "callee_direction", "call_uuid", "hostname",
		"sent_callee_name", "sent_callee_num",
	}
	var rows []map[string]string
	listed := map[string]bool{}
	for _, l := range s.channels {
		if listed[l.row["uuid"]] {
			continue
		}
		other, created := &leg{}, ""
		if b := s.leg(l.bridged); b != nil {
			other, created = b, strconv.FormatInt(l.bridge.Unix(), 10)
			listed[l.bridged] = true
		}
		r := map[string]string{"call_created_epoch": created}
		for _, column := range columns {
			r[column] = l.row[column]
			if column != "call_uuid" && column != "hostname" {
				r["b_"+column] = other.row[column]
			}
		}
		rows = append(rows, r)
	}
	return asJSON(rows)
}

func asJSON(rows []map[string]string) string {
	if len(rows) == 0 {
		return "{\"row_count\": 0}\n"
	}
	text, err := json.Marshal(struct {
		Count int                 `json:"row_count"`
		Rows  []map[string]string `json:"rows"`
	}{len(rows), rows})
	if err != nil {
		return "-ERR " + err.Error() + "\n" // there are only strings in it
	}
	return string(text) + "\n"
}
