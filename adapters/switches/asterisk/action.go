package asterisk

import (
	"fmt"
	"strings"

	"github.com/callstate/callstate/adapters/switches/connection"
)

// ActionError: the switch answered that it did not do the action.
type ActionError struct {
	Action  string
	Message string // of the switch
}

func (e *ActionError) Error() string { return fmt.Sprintf("%s: %s", e.Action, e.Message) }

// Is makes it connection.ErrRefused.
func (e *ActionError) Is(target error) bool { return target == connection.ErrRefused }

// Action is something asked of the switch (docs.asterisk.org, AMI Actions). The link gives it its ActionID.
type Action struct {
	Name    string // "QueuePause"
	Headers []Header
}

// NewAction returns an action with headers given as names and values in turn.
func NewAction(name string, namesAndValues ...string) Action {
	a := Action{Name: name}
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		a.Headers = append(a.Headers, Header{Name: namesAndValues[i], Value: namesAndValues[i+1]})
	}
	return a
}

// encode writes the action as AMI. A line end in a value would let whoever chose the value write headers, or whole
// actions, of his own; it is refused.
func (a Action) encode(id string) ([]byte, error) {
	var text strings.Builder
	for _, h := range append([]Header{{"Action", a.Name}, {"ActionID", id}}, a.Headers...) {
		if h.Name == "" || strings.ContainsAny(h.Name, ":\r\n") || strings.ContainsAny(h.Value, "\r\n") {
			return nil, fmt.Errorf("%w: %s: header %q", connection.ErrInvalid, a.Name, h.Name)
		}
		text.WriteString(h.Name + ": " + h.Value + "\r\n")
	}
	text.WriteString("\r\n")
	if a.Name == "" {
		return nil, fmt.Errorf("%w: no name", connection.ErrInvalid)
	}
	return []byte(text.String()), nil
}

// Response is the answer to an action. Lists that follow the answer are not in it: they come as blocks with the same
// ActionID.
type Response struct{ Block }

// Succeeded: the switch did what was asked, or began to.
func (r Response) Succeeded() bool { return r.Get("Response") != "Error" }

// Message is what the switch says about it.
func (r Response) Message() string { return r.Get("Message") }

// snapshotActions are what a new connection asks for, in this order. Ping is the first because its answer has the
// switch's clock, and nothing else need have it on a quiet switch.
func snapshotActions() []Action {
	return []Action{
		{Name: "Ping"},
		{Name: "CoreStatus"},
		{Name: "CoreShowChannels"},
		{Name: "QueueStatus"},
		{Name: "DeviceStateList"},
	}
}
