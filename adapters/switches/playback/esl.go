package playback

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/callstate/callstate/adapters/switches/freeswitch"
)

// ReadESL reads a recorded session of an event socket: the bytes as a client receives them, with events in either form.
// Several connections of the recorder, one after the other, are one session in which nobody could connect from the end of
// one to the first event of the next.
func ReadESL(source io.Reader) (*Recording, error) {
	frames := freeswitch.NewFrameReader(source)
	var a assembly
	var seen []freeswitch.Event
	var connected time.Time // the first event of the connection
	for {
		frame, err := frames.Next()
		if err != nil {
			line, err := a.finish(err)
			if err != nil {
				return nil, err
			}
			configured := configuration(seen)
			return &Recording{timeline: line, newFake: func(o Options, started time.Time) fake {
				return newESLSwitch(o, started, configured)
			}}, nil
		}
		if frame.Kind != freeswitch.FrameBlock {
			continue
		}
		switch frame.ContentType {
		case "auth/request":
			a.connected()
			connected = time.Time{}
		case "api/response":
			a.answered(frame.Body)
			if connected.IsZero() || a.last.Sub(connected) < recovery {
				a.recovering()
			}
		case "text/disconnect-notice":
			if !a.first.IsZero() {
				a.told(time.Time{}, noticePrefix+frame.Body)
			}
		case "text/event-plain", "text/event-json":
			e, err := freeswitch.ParseEvent(frame)
			if err != nil {
				continue
			}
			at, ok := e.Time()
			if !ok {
				continue
			}
			if e.Get("CC-Action") != "" {
				seen = append(seen, e)
			}
			text := frame.Body
			if e.Type == "text/event-json" {
				text = plainText(e)
			}
			a.told(at, text)
			if connected.IsZero() {
				connected = at
			}
		}
	}
}

// recovery is for how long after it has connected a recorder asks for what there is.
const recovery = 5 * time.Second

// noticePrefix begins the text of a moment at which the switch said that it disconnects.
const noticePrefix = "Content-Type: text/disconnect-notice\n\n"

// plainText writes an event in the form "event plain".
func plainText(e freeswitch.Event) string {
	var text strings.Builder
	for name, value := range e.Headers() {
		text.WriteString(name + ": " + escape(value) + "\n")
	}
	text.WriteString("\n" + e.Body)
	return text.String()
}

// escape encodes a value as FreeSWITCH does.
func escape(value string) string {
	var escaped strings.Builder
	for i := range len(value) {
		if c := value[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"#%&+:;<=>?@[\]^{|}`+"`", c) >= 0 {
			fmt.Fprintf(&escaped, "%%%02X", c)
		} else {
			escaped.WriteByte(c)
		}
	}
	return escaped.String()
}

// jsonText writes an event in the form "event json".
func jsonText(e freeswitch.Event) string {
	object := map[string]string{}
	for name, value := range e.Headers() {
		if _, again := object[name]; !again {
			object[name] = value
		}
	}
	if e.Body != "" {
		object["_body"] = e.Body
	}
	text, err := json.Marshal(object)
	if err != nil {
		return "{}" // there are only strings in it
	}
	return string(text)
}

// withBody writes a block with a body.
func withBody(contentType, body string) string {
	return fmt.Sprintf("Content-Length: %d\nContent-Type: %s\n\n%s", len(body), contentType, body)
}

func commandReply(text string) string {
	return "Content-Type: command/reply\nReply-Text: " + text + "\n\n"
}

// eslDialogue is that of a client of the event socket.
type eslDialogue struct {
	sw       *eslSwitch
	loggedIn bool
	json     bool
	all      bool     // subscribed to all events
	names    []string // or to these, and to these subclasses of CUSTOM
	nixed    []string
	filters  [][2]string // headers and values, one of which an event must have
}

// requests cuts what a client sends at empty lines.
func (d *eslDialogue) requests(source io.Reader) func() (string, error) {
	lines := bufio.NewScanner(source)
	return func() (string, error) {
		var request []string
		for lines.Scan() {
			switch line := strings.TrimSuffix(lines.Text(), "\r"); {
			case line != "":
				request = append(request, line)
			case len(request) > 0:
				return strings.Join(request, "\n"), nil
			}
		}
		if err := lines.Err(); err != nil {
			return "", err
		}
		return "", io.EOF
	}
}

func (d *eslDialogue) answer(request string, now time.Time) response {
	line, headers, _ := strings.Cut(request, "\n")
	command, arguments, _ := strings.Cut(strings.TrimSpace(line), " ")
	if !d.loggedIn {
		return d.login(command, arguments)
	}
	var text string
	goodbye := false
	switch command {
	case "auth", "userauth":
		text = commandReply("+OK accepted")
	case "exit":
		text, goodbye = commandReply("+OK bye")+withBody("text/disconnect-notice", "Disconnected, goodbye.\n"), true
	case "event":
		text = d.subscribe(strings.Fields(arguments))
	case "nixevent":
		d.nixed = append(d.nixed, strings.Fields(arguments)...)
		text = commandReply("+OK events nixed")
	case "noevents":
		d.all, d.names = false, nil
		text = commandReply("+OK no longer listening for events")
	case "filter":
		text = d.filter(arguments)
	case "linger", "nolinger":
		text = commandReply("+OK")
	case "api":
		text = d.hears(d.sw.asked(arguments, now)) + withBody("api/response", d.sw.api(arguments, now))
	case "bgapi":
		text = d.background(arguments, headers, now)
	default:
		text = commandReply("-ERR command not found")
	}
	return response{text: text, loggedIn: true, goodbye: goodbye}
}

func (d *eslDialogue) login(command, arguments string) response {
	asUser := d.sw.username != "" && command == "userauth" && arguments == d.sw.username+":"+d.sw.password
	if d.sw.anybody() || asUser || command == "auth" && arguments == d.sw.password {
		d.loggedIn = true
		return response{text: commandReply("+OK accepted"), loggedIn: true}
	}
	return response{text: commandReply("-ERR invalid") + withBody("text/disconnect-notice", "Disconnected, goodbye.\n"), goodbye: true}
}

func (d *eslDialogue) subscribe(words []string) string {
	if len(words) == 0 {
		return commandReply("-ERR no keywords supplied")
	}
	form := "plain"
	if words[0] == "plain" || words[0] == "json" {
		form, words = words[0], words[1:]
	}
	d.json = form == "json"
	for _, name := range words {
		d.all = d.all || strings.EqualFold(name, "ALL")
		d.nixed = slices.DeleteFunc(d.nixed, func(nixed string) bool { return nixed == name })
	}
	d.names = append(d.names, words...)
	return commandReply("+OK event listener enabled " + form)
}

func (d *eslDialogue) filter(arguments string) string {
	if deleted, ok := strings.CutPrefix(arguments, "delete "); ok {
		d.filters = slices.DeleteFunc(d.filters, func(f [2]string) bool {
			return deleted == "all" || deleted == f[0] || deleted == f[0]+" "+f[1]
		})
		return commandReply("+OK filter deleted. [" + deleted + "]")
	}
	name, value, found := strings.Cut(arguments, " ")
	if !found {
		return commandReply("-ERR invalid syntax")
	}
	d.filters = append(d.filters, [2]string{name, value})
	return commandReply("+OK filter added. [" + name + "]=[" + value + "]")
}

// background answers at once, and again with a BACKGROUND_JOB, which only the client itself is sent.
func (d *eslDialogue) background(command, headers string, now time.Time) string {
	job, _ := strings.CutPrefix(headers, "Job-UUID: ")
	if job == "" {
		job = fmt.Sprintf("job-%d", now.UnixMicro())
	}
	asked, result := d.hears(d.sw.asked(command, now)), d.sw.api(command, now)
	name, arguments, _ := strings.Cut(command, " ")
	event := fmt.Sprintf("Event-Name: BACKGROUND_JOB\nCore-UUID: %s\nEvent-Date-Timestamp: %d\nJob-UUID: %s\nJob-Command: %s\n",
		d.sw.core, now.UnixMicro(), escape(job), escape(name))
	if arguments != "" {
		event += "Job-Command-Arg: " + escape(arguments) + "\n"
	}
	event += fmt.Sprintf("Content-Length: %d\n\n%s", len(result), result)
	return "Content-Type: command/reply\nReply-Text: +OK Job-UUID: " + job + "\nJob-UUID: " + job + "\n\n" + asked + d.hears(event)
}

// hears is the event in the form that the client wants it in, if it wants it.
func (d *eslDialogue) hears(text string) string {
	if !d.loggedIn {
		return ""
	}
	if notice, ok := strings.CutPrefix(text, noticePrefix); ok {
		return withBody("text/disconnect-notice", notice)
	}
	e := d.sw.read(text)
	switch {
	case !d.wants(e):
		return ""
	case d.json:
		return withBody("text/event-json", jsonText(e))
	}
	return withBody("text/event-plain", text)
}

func (d *eslDialogue) wants(e freeswitch.Event) bool {
	subclass := e.Get("Event-Subclass")
	named := func(names []string) bool {
		if e.Name() == "CUSTOM" {
			return slices.Contains(names, subclass)
		}
		return slices.Contains(names, e.Name())
	}
	if !d.all && !named(d.names) || named(d.nixed) {
		return false
	}
	matches := func(f [2]string) bool { return strings.Contains(e.Get(f[0]), f[1]) }
	return len(d.filters) == 0 || slices.ContainsFunc(d.filters, matches)
}
