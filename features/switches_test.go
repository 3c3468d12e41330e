package features_test

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/adapters/switches/freeswitch"
	"github.com/callstate/callstate/adapters/switches/playback"
)

// kindOfSwitch is a kind of switch: where sessions of it are recorded, how the program is told to read them, and what it
// says when something happens.
type kindOfSwitch struct {
	name       string // as the program knows it
	recordings string
	links      []string // files of a session: what the link heard, and where it was lost, what the next one heard
	observer   string   // what somebody heard who was never cut off
	arguments  []string // of import: what the recorded contact centre has, and does not say
	user       string   // who may log in, where that has a name
	section    string   // of a configuration file, with a port and a secret
	read       func(io.Reader) (*playback.Recording, error)
	happened   func(recording io.Reader) ([]occurrence, error)
	encode     func(string) string // how a value is written
	does       []string            // what its actions or commands that change something begin with
	says       map[happening][]string
}

// happening is something that happens at a switch, in the words of who watches. What a switch says then is a block that has
// all the given texts in it; {names} in them are of whom or what it happens to.
type happening string

const (
	agentLogsIn       happening = "agent logs in"
	agentPauses       happening = "agent pauses"
	callArrives       happening = "call arrives"
	ivrBegins         happening = "IVR begins"
	ivrCollects       happening = "IVR has collected data"
	callerWaits       happening = "caller waits in a queue"
	telephoneRings    happening = "telephone rings"
	agentAnswers      happening = "agent answers"
	agentHolds        happening = "agent holds"
	consultationTalks happening = "who is consulted has answered"
	transferDone      happening = "transfer is complete"
	agentGone         happening = "agent is gone"
	callerGone        happening = "caller has hung up"
)

// occurrence is what a switch said at a time, as it came.
type occurrence struct {
	at   time.Time
	text string
}

var switches = map[string]*kindOfSwitch{
	"Asterisk": {
		name: "asterisk", recordings: "../adapters/switches/asterisk/testdata/sessions",
		links: []string{"events.ami.gz", "events-2.ami.gz"}, observer: "observer.ami.gz",
		arguments: []string{"--wrapup", "5s", "--data-variable", "CUSTOMER_TIER", "--data-variable", "CALL_REASON"},
		user:      "callstate",
		section:   "[[asterisk]]\nname = \"pbx\"\nhost = \"127.0.0.1\"\nport = %d\nuser = \"callstate\"\nsecret = %q\n",
		read:      playback.ReadAMI, happened: happenedAMI, encode: func(value string) string { return value },
		does: []string{"Action: BlindTransfer", "Action: QueuePause"},
		says: map[happening][]string{
			agentLogsIn:       {"Event: QueueMemberAdded", "MemberName: Agent/{agent}"},
			agentPauses:       {"Event: QueueMemberPause", "MemberName: Agent/{agent}", "PausedReason: {reason}"},
			callArrives:       {"Event: Newchannel", "CallerIDNum: {ani}", "Exten: {dnis}"},
			ivrBegins:         {"UserEvent: IvrEnter", "Ivr: {ivr}"},
			ivrCollects:       {"UserEvent: CallData"},
			callerWaits:       {"Event: QueueCallerJoin", "\r\nCallerIDNum: {ani}", "Queue: {queue}"},
			telephoneRings:    {"Event: Newstate", "ChannelStateDesc: Ringing", "Channel: PJSIP/{dn}-"},
			agentAnswers:      {"Event: AgentConnect", "\r\nCallerIDNum: {ani}", "MemberName: Agent/{agent}"},
			agentHolds:        {"Event: Hold", "Channel: PJSIP/{dn}-"},
			consultationTalks: {"Event: BridgeEnter", "BridgeNumChannels: 2"},
			transferDone:      {"Event: AttendedTransfer"},
			agentGone:         {"Event: Hangup", "Channel: PJSIP/{agent}-"},
			callerGone:        {"Event: Hangup\r\n", "\r\nCallerIDNum: {ani}"},
		},
	},
	"FreeSWITCH": {
		name: "freeswitch", recordings: "../adapters/switches/freeswitch/testdata/sessions",
		links: []string{"events.esl.gz", "events.2.esl.gz"}, observer: "observer.esl.gz",
		arguments: []string{"--wrapup", "3s", "--data-variable", "customer_tier"},
		section:   "[[freeswitch]]\nname = \"pbx\"\nhost = \"127.0.0.1\"\nport = %d\npassword = %q\n",
		read:      playback.ReadESL, happened: happenedESL,
		encode: func(value string) string { return strings.ReplaceAll(url.QueryEscape(value), "+", "%20") },
		does:   []string{"uuid_hold "},
		says: map[happening][]string{
			agentLogsIn:       {"CC-Action: agent-status-change", "CC-Agent: {agent}%40", "CC-Agent-Status: Available\n"},
			agentPauses:       {"CC-Action: agent-status-change", "CC-Agent: {agent}%40", "CC-Agent-Status: {reason}\n"},
			callArrives:       {"Event-Name: CHANNEL_CREATE\n", "\nCaller-Caller-ID-Number: {ani}\n", "\nCaller-Destination-Number: {dnis}\n"},
			ivrBegins:         {"Event-Name: CHANNEL_EXECUTE\n", "\nApplication: play_and_get_digits\n", "\nCaller-Destination-Number: {ivr}\n"},
			ivrCollects:       {"Event-Subclass: ivr%3A%3Aaccount"},
			callerWaits:       {"CC-Action: member-queue-start", "CC-Member-CID-Number: {ani}\n", "CC-Queue: {queue}%40"},
			telephoneRings:    {"Event-Name: CHANNEL_PROGRESS\n", "Channel-Name: sofia/internal/{dn}%40"},
			agentAnswers:      {"CC-Action: bridge-agent-start", "CC-Member-CID-Number: {ani}\n", "CC-Agent: {agent}%40"},
			agentHolds:        {"Event-Name: CHANNEL_HOLD\n", "Channel-Name: sofia/internal/{dn}%40"},
			consultationTalks: {"Event-Name: CHANNEL_BRIDGE\n"},
			transferDone:      {"Event-Name: CHANNEL_UNBRIDGE\n", "Channel-Name: sofia/trunk/"},
			agentGone:         {"Event-Name: CHANNEL_DESTROY\n", "Channel-Name: sofia/internal/{agent}%40"},
			callerGone:        {"Event-Name: CHANNEL_HANGUP_COMPLETE\n", "Channel-Name: sofia/trunk/{ani}%40"},
		},
	},
}

func (k *kindOfSwitch) path(session, file string) string {
	return filepath.Join(k.recordings, session, file)
}

// heard are the files of a session that its links heard.
func (k *kindOfSwitch) heard(session string) []string {
	var files []string
	for _, name := range k.links {
		if _, err := os.Stat(k.path(session, name)); err == nil {
			files = append(files, name)
		}
	}
	return files
}

// observed is the file of a session in which nothing is missing.
func (k *kindOfSwitch) observed(session string) string {
	if _, err := os.Stat(k.path(session, k.observer)); err == nil {
		return k.path(session, k.observer)
	}
	return k.path(session, k.links[0])
}

// signsOf are the texts by which a happening is known. who are names and values in turn; of what is not given, any will do.
func (k *kindOfSwitch) signsOf(what happening, who ...string) []string {
	var values []string
	for i := 0; i+1 < len(who); i += 2 {
		values = append(values, "{"+who[i]+"}", k.encode(who[i+1]))
	}
	fill := strings.NewReplacer(values...)
	var signs []string
	for _, text := range k.says[what] {
		if sign := fill.Replace(text); !strings.Contains(sign, "{") {
			signs = append(signs, sign)
		}
	}
	return signs
}

// happenedAMI are the events in a recorded session of a manager; what has no time answered the recorder.
func happenedAMI(recording io.Reader) ([]occurrence, error) {
	var all []occurrence
	frames := asterisk.NewFrameReader(recording)
	for {
		frame, err := frames.Next()
		if err != nil {
			return all, unlessEnd(err)
		}
		block, err := asterisk.ParseBlock(frame.Raw)
		if at, timed := block.Timestamp(); err == nil && timed {
			all = append(all, occurrence{at, frame.Raw + "\r\n\r\n"})
		}
	}
}

// happenedESL are the events in a recorded session of an event socket.
func happenedESL(recording io.Reader) ([]occurrence, error) {
	var all []occurrence
	frames := freeswitch.NewFrameReader(recording)
	for {
		frame, err := frames.Next()
		if err != nil {
			return all, unlessEnd(err)
		}
		e, err := freeswitch.ParseEvent(frame)
		if at, timed := e.Time(); err == nil && timed {
			all = append(all, occurrence{at, fmt.Sprintf("Content-Length: %d\nContent-Type: %s\n\n%s", len(frame.Body), frame.ContentType, frame.Body)})
		}
	}
}

func unlessEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
