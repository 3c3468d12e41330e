package audit

import (
	"fmt"
	"time"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/link"
	"github.com/callstate/callstate/domain/wire"
)

// Chronicle tells the events of all calls, agents and links, one line each.
type Chronicle struct {
	begun func(call.ConnID) (call.State, bool)
	calls map[call.ConnID]*Story
}

// NewChronicle returns a Chronicle that begins in the middle of the log. begun is what the calls were then that go on.
func NewChronicle(begun func(call.ConnID) (call.State, bool)) *Chronicle {
	return &Chronicle{begun: begun, calls: map[call.ConnID]*Story{}}
}

// Tell is the line of a record, which begins with what it is about. Records come in the order of the log; one of a kind
// that this program does not know yields wire.ErrUnknown.
func (c *Chronicle) Tell(r eventlog.Record) (Line, error) {
	switch r.Stream.Kind() {
	case wire.Call:
		return c.call(r)
	case wire.Agent:
		e, err := wire.DecodeAgent(r)
		return Line{At: e.At, Text: "agent " + r.Stream.ID() + " " + tellAgent(e.Body), Inferred: e.Inferred, Actor: e.Actor}, err
	case wire.Switch:
		e, err := wire.DecodeLink(r)
		return Line{At: e.At, Text: "switch " + r.Stream.ID() + " " + tellLink(e.Body), Inferred: e.Inferred, Actor: e.Actor}, err
	}
	return Line{}, fmt.Errorf("%w: stream %s", wire.ErrUnknown, r.Stream)
}

func (c *Chronicle) call(r eventlog.Record) (Line, error) {
	id, err := call.ParseConnID(r.Stream.ID())
	if err != nil {
		return Line{}, err
	}
	story := c.calls[id]
	if story == nil {
		story = &Story{}
		story.state, _ = c.begun(id)
		c.calls[id] = story
	}
	line, err := story.Tell(r)
	if story.state.Ended() {
		delete(c.calls, id)
	}
	line.Text = "call " + id.String() + ": " + line.Text
	return line, err
}

func tellAgent(b agent.Body) string {
	switch b := b.(type) {
	case agent.AgentLoggedIn:
		return fmt.Sprintf("logs in at %s on %s", orUnknown(b.DN), b.Switch)
	case agent.AgentLoggedOut:
		return "logs out"
	case agent.AgentJoinedQueue:
		return "joins queue " + b.Queue
	case agent.AgentLeftQueue:
		return "leaves queue " + b.Queue
	case agent.AgentReady:
		return "is ready" + through(b.Queue)
	case agent.AgentNotReady:
		text := "is not ready" + through(b.Queue)
		if b.Reason != "" {
			text += " (" + b.Reason + ")"
		}
		return text
	case agent.AfterCallWorkStarted:
		return fmt.Sprintf("begins after-call work for call %s", b.ConnID)
	case agent.AfterCallWorkEnded:
		return "ends after-call work"
	case agent.AgentRequestMade:
		return fmt.Sprintf("asks the switch: %s%s", b.Request, to(b.Target))
	case agent.AgentRequestRefused:
		return fmt.Sprintf("asks for %s and is refused: %s", b.Request, b.Reason)
	}
	return fmt.Sprintf("%T", b)
}

func tellLink(b link.Body) string {
	switch b := b.(type) {
	case link.LinkUp:
		return "is linked"
	case link.LinkDown:
		return fmt.Sprintf("is lost (%s)", orUnknown(b.Reason))
	case link.Resynchronised:
		return fmt.Sprintf("is compared with what was known: %d channels, %d agents", b.Channels, b.Agents)
	case link.GapDetected:
		return fmt.Sprintf("has told what did not come in: up to %d events", b.Missed)
	case link.SwitchRestarted:
		return "was started anew"
	case link.DeviceOutOfService:
		return fmt.Sprintf("has no way to the device of DN %s", b.DN)
	case link.DeviceInService:
		return fmt.Sprintf("reaches the device of DN %s again", b.DN)
	}
	return fmt.Sprintf("%T", b)
}

// Clock is the line with when it happened, by the clocks of a zone.
func (l Line) Clock(zone *time.Location) string {
	return l.At.In(zone).Format("2006-01-02 15:04:05.000Z07:00") + "  " + l.marked()
}
