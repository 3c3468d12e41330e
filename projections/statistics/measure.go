package statistics

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/projections/history"
)

// measure is a number that is a sum over facts.
type measure uint8

const (
	entered measure = iota
	offered
	answered
	abandoned
	shortAbandoned
	left
	answeredInTarget
	abandonedInTarget
	answeredWait
	waiting
	handled
	talk
	hold
	afterCallWork
	ringNoAnswer
	loggedIn
	ready
	notReady
	busy
	idle
	measures // how many there are
)

var measureNames = [measures]string{
	"entered", "offered", "answered", "abandoned", "shortAbandoned", "left", "answeredInTarget", "abandonedInTarget", "answeredWaitMs",
	"waiting", "handled", "talkMs", "holdMs", "afterCallWorkMs", "ringNoAnswer", "loggedInMs", "readyMs", "notReadyMs", "busyMs", "idleMs",
}

// String is the name in JSON.
func (m measure) String() string { return measureNames[m] }

// quotients are the numbers that are made of others.
var quotients = map[string][]measure{
	"asaMs":         {answeredWait},
	"ahtMs":         {talk, hold, afterCallWork},
	"abandonRate":   {abandoned, offered},
	"serviceLevel":  {answered, answeredInTarget, abandoned, abandonedInTarget, shortAbandoned},
	"longestWaitMs": {waiting},
	"occupancy":     {busy, idle},
	"utilisation":   {busy, loggedIn},
}

// measuresOf are the sums of which a number is made; none for no name.
func measuresOf(name string) ([]measure, error) {
	if name == "" {
		return nil, nil
	}
	if made, ok := quotients[name]; ok {
		return made, nil
	}
	if i := slices.Index(measureNames[:], name); i >= 0 {
		return []measure{measure(i)}, nil
	}
	return nil, fmt.Errorf("%w: there is no number %q; there are %s", ErrQuery, name, strings.Join(Names(), ", "))
}

// Names are the numbers that can be explained.
func Names() []string {
	names := slices.Concat(measureNames[:], slices.Collect(maps.Keys(quotients)))
	slices.Sort(names)
	return names
}

// Subject is what a number is of.
type Subject string

const (
	OfQueue Subject = "queue"
	OfAgent Subject = "agent"
)

// Explanation is one fact behind a number, and what it adds to it.
type Explanation struct {
	Number string       `json:"number" doc:"What it adds to"`
	Of     Subject      `json:"of" doc:"Whether that is the queue's number or the agent's" enum:"queue,agent"`
	Queue  string       `json:"queue,omitempty"`
	Agent  string       `json:"agent,omitempty"`
	At     history.Time `json:"at" doc:"When it counts; of a time, when it began"`
	Value  int64        `json:"value" doc:"1, or milliseconds"`
	ConnID call.ConnID  `json:"connId,omitzero"`
	Events []string     `json:"events" doc:"Ids of the events that told it"`
}
