package freeswitch

import (
	"errors"
	"fmt"
	"strings"

	"github.com/callstate/callstate/adapters/switches/connection"
)

// ErrUnreadable: the answer to a command was too large, or none that can be read.
var ErrUnreadable = errors.New("the answer cannot be read")

// CommandError: the switch answered that it did not do what was asked.
type CommandError struct {
	Command string // without its arguments, which may hold personal data: "api uuid_transfer"
	Message string // of the switch: "-ERR No such channel!"
}

func (e *CommandError) Error() string { return e.Command + ": " + e.Message }

// Is makes it connection.ErrRefused.
func (e *CommandError) Is(target error) bool { return target == connection.ErrRefused }

// Command is something asked of the switch (FreeSWITCH documentation, mod_event_socket and mod_commands).
type Command struct {
	text       string
	background bool
}

// API is a command of the switch that it answers when it is done: "callcenter_config agent set status 1001@default
// 'On Break'". While it is at it, the switch sends nothing on the connection; what takes long goes into the background.
func API(command string) Command { return Command{text: "api " + command} }

// Background is a command that the switch does while it goes on with the rest, such as "originate ...". The answer is its
// result.
func Background(command string) Command { return Command{text: "bgapi " + command, background: true} }

// Socket is a command to the event socket itself: "nixevent RE_SCHEDULE".
func Socket(command string) Command { return Command{text: command} }

// String is the command's name without its arguments.
func (c Command) String() string {
	words := strings.Fields(c.text)
	if len(words) > 2 {
		words = words[:2]
	}
	if len(words) == 2 && words[0] != "api" && words[0] != "bgapi" {
		words = words[:1]
	}
	return strings.Join(words, " ")
}

// lineEnds are what must not be in a command. A line end would let whoever chose an argument write commands of his own; a
// NUL ends the command before its end.
const lineEnds = "\r\n\x00"

// encode writes the command as the event socket reads it; job is the Job-UUID of one in the background.
func (c Command) encode(job string) ([]byte, error) {
	if strings.TrimSpace(c.text) == "" || strings.ContainsAny(c.text, lineEnds) {
		return nil, fmt.Errorf("%w: %s", connection.ErrInvalid, c)
	}
	text := c.text + "\n"
	if c.background {
		text += "Job-UUID: " + job + "\n"
	}
	return []byte(text + "\n"), nil
}

// Reply is the answer to a command.
type Reply struct{ Event }

// Text is what the switch says: of an API command its result, of another the Reply-Text.
func (r Reply) Text() string {
	if r.Type == commandReply {
		return r.Get("Reply-Text")
	}
	return strings.TrimRight(r.Body, "\n")
}

// Succeeded: the switch did what was asked, or began to. mod_commands says "-ERR ..." or "-USAGE: ..." where it did not.
func (r Reply) Succeeded() bool {
	return !strings.HasPrefix(r.Text(), "-ERR") && !strings.HasPrefix(r.Text(), "-USAGE")
}

// snapshotCommands are what a new connection asks for, in this order: the last is the list of queues, and then there are
// those of the members of each queue, and the list of tiers, whose answer says that this was all.
func snapshotCommands() []Command {
	return []Command{
		API("show channels as json"),
		API("show calls as json"),
		API("callcenter_config agent list"),
		API("callcenter_config queue list"),
	}
}

// queueCommands are what is asked for after the answer to the last of the snapshotCommands.
func queueCommands(queueList string) []Command {
	var commands []Command
	for _, queue := range queueNames(queueList) {
		commands = append(commands, API("callcenter_config queue list members "+queue))
	}
	return append(commands, API("callcenter_config tier list"))
}

// queueNames are those in the answer to "callcenter_config queue list": a line of column names, a line for each queue, and
// "+OK". A switch without mod_callcenter has none.
func queueNames(list string) []string {
	rows := strings.Split(list, "\n")
	if !strings.HasPrefix(rows[0], "name|") {
		return nil
	}
	var names []string
	for _, row := range rows[1:] {
		if name, _, found := strings.Cut(row, "|"); found {
			names = append(names, name)
		}
	}
	return names
}

// Text is the command as it is sent, without the Job-UUID of one in the background.
func (c Command) Text() string { return c.text }
