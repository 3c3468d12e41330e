package features_test

import (
	"fmt"
	"maps"
	"slices"
)

// The snapshot that a switch tells a new link: what there is after what was played so far, heard or not.

// liveChannels are the channels that have begun and not ended, as CoreShowChannels tells them.
func (s *recordedSwitch) liveChannels() []string {
	type channel struct{ shown, application, bridge string }
	live := map[string]*channel{}
	var order []string
	for _, block := range s.blocks[:s.played] {
		id := header(block, "Uniqueid")
		event := header(block, "Event")
		if event == "Newchannel" {
			live[id] = &channel{}
			order = append(order, id)
		}
		ch := live[id]
		if ch == nil {
			continue
		}
		if header(block, "ChannelState") != "" && header(block, "Linkedid") != "" {
			ch.shown = pick(block, "Channel", "ChannelState", "ChannelStateDesc", "CallerIDNum", "CallerIDName", "ConnectedLineNum",
				"ConnectedLineName", "AccountCode", "Context", "Exten", "Priority", "Uniqueid", "Linkedid")
		}
		switch event {
		case "Newexten":
			ch.application = "Application: " + header(block, "Application") + "\r\nApplicationData: " + header(block, "AppData") + "\r\n"
		case "BridgeEnter":
			ch.bridge = header(block, "BridgeUniqueid")
		case "BridgeLeave":
			ch.bridge = ""
		case "Hangup":
			delete(live, id)
		}
	}
	var rows []string
	for _, id := range order {
		if ch := live[id]; ch != nil {
			rows = append(rows, "Event: CoreShowChannel\r\n"+ch.shown+ch.application+"BridgeId: "+ch.bridge+"\r\n")
		}
	}
	return rows
}

// members are the members of the queues, as QueueStatus tells them.
func (s *recordedSwitch) members() []string {
	members := map[string]string{}
	for _, block := range s.blocks[:s.played] {
		key := header(block, "Queue") + " " + header(block, "Interface")
		switch header(block, "Event") {
		case "QueueMemberAdded", "QueueMemberPause", "QueueMemberStatus":
			members[key] = "Event: QueueMember\r\n" + pick(block, "Queue", "StateInterface", "Paused", "PausedReason", "LastCall", "LoginTime") +
				"Name: " + header(block, "MemberName") + "\r\nLocation: " + header(block, "Interface") + "\r\n"
		case "QueueMemberRemoved":
			delete(members, key)
		}
	}
	var rows []string
	for _, key := range slices.Sorted(maps.Keys(members)) {
		rows = append(rows, members[key])
	}
	return rows
}

// waiting are the callers in the queues, as QueueStatus tells them.
func (s *recordedSwitch) waiting() []string {
	joined := map[string]string{}
	var order []string
	for _, block := range s.blocks[:s.played] {
		id := header(block, "Uniqueid")
		switch header(block, "Event") {
		case "QueueCallerJoin":
			joined[id] = block
			order = append(order, id)
		case "QueueCallerLeave":
			delete(joined, id)
		}
	}
	var rows []string
	for _, id := range order {
		if block := joined[id]; block != "" {
			wait := timestamp(s.blocks[s.played-1]) - timestamp(block)
			rows = append(rows, "Event: QueueEntry\r\n"+pick(block, "Queue", "Position", "Channel", "Uniqueid", "CallerIDNum")+fmt.Sprintf("Wait: %.0f\r\n", wait))
		}
	}
	return rows
}
