package asterisk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
)

// Actions sends an action to the switch and waits for its answer; a *Link.
type Actions interface {
	Do(ctx context.Context, a Action) (Response, error)
}

// Channels knows the names of the channels; a *Translator.
type Channels interface {
	ChannelName(id call.PartyID) (string, bool)
}

// Dialplan is what an executor must be told about the switch's own configuration. What is zero is as the comment says.
type Dialplan struct {
	// Context is where numbers are dialled: "from-internal".
	Context string
	// Device is the dial string of a DN's device and Member a queue's name for it, with {dn} for the DN: "PJSIP/{dn}".
	Device, Member string
	// MemberName is the queue's name for an agent, with {agent} for his id: "Agent/{agent}".
	MemberName string
	// RingTimeout is how long the device that makes a call rings: 12 s.
	RingTimeout time.Duration
	// ParkTimeout is how long a call is parked: as the parking lot has it.
	ParkTimeout time.Duration
	// ThreeWayCode is atxferthreeway of features.conf. Empty: conferences are not supported.
	ThreeWayCode string
	// Variables are the keys of the user data that a call which is made takes along as channel variables: none.
	Variables []string
}

func (d Dialplan) withDefaults() Dialplan {
	d.Context = cmp.Or(d.Context, "from-internal")
	d.Device = cmp.Or(d.Device, "PJSIP/{dn}")
	d.Member = cmp.Or(d.Member, "PJSIP/{dn}")
	d.MemberName = cmp.Or(d.MemberName, "Agent/{agent}")
	d.RingTimeout = cmp.Or(d.RingTimeout, 12*time.Second)
	return d
}

func (d Dialplan) device(dn string) string { return strings.ReplaceAll(d.Device, "{dn}", dn) }

// Executor has the engine's orders done by an Asterisk, through AMI actions (docs.asterisk.org, AMI Actions). Asterisk
// answers that it has begun; what comes of it, its events tell. What AMI has no action for is refused with
// call.ErrUnsupported; docs/requests.md has the whole list.
type Executor struct {
	actions  Actions
	channels Channels
	dialplan Dialplan
}

// NewExecutor returns an executor that sends actions through a link.
func NewExecutor(actions Actions, channels Channels, dialplan Dialplan) *Executor {
	return &Executor{actions: actions, channels: channels, dialplan: dialplan.withDefaults()}
}

var (
	_ engine.Executor  = (*Executor)(nil)
	_ engine.CallNamer = (*Executor)(nil)
	_ engine.Able      = (*Executor)(nil)
	_ Actions          = (*Link)(nil)
	_ Channels         = (*Translator)(nil)
)

// callPrefix begins the ids of the calls that are made for us.
const callPrefix = "callstate-"

// NameCall gives a call that is made the form of id that Asterisk gives its own, with the second of its birth in it: so
// everybody who sees the call derives the ConnID that was promised.
func (x *Executor) NameCall(command string, at time.Time) (switchCallID string, born time.Time) {
	born = time.Unix(at.Unix(), 0).UTC()
	return callPrefix + connection.Fingerprint(command) + "-" + strconv.FormatInt(born.Unix(), 10) + ".0", born
}

// Can reports what AMI has an action for.
func (x *Executor) Can(service call.Service) bool {
	switch service {
	case call.Answers, call.Holds, call.Retrieves:
		return false
	case call.CompletesConference:
		return x.dialplan.ThreeWayCode != ""
	}
	return true
}

// Execute sends the actions of an order.
func (x *Executor) Execute(ctx context.Context, o engine.Order) error {
	return connection.Execute(o, x.forCall, x.forAgent, func(a Action) error {
		_, err := x.actions.Do(ctx, a)
		return err
	})
}

// forCall is the actions of an order about a call.
func (x *Executor) forCall(id call.ConnID, o call.Order) ([]Action, error) {
	switch o.Request {
	case call.Answers:
		return nil, connection.Unsupported("AMI has no action that makes a phone answer; the phone answers, or is told to by an auto-answer header when it is called")
	case call.Holds, call.Retrieves:
		return nil, connection.Unsupported("AMI has no action that makes a phone hold or retrieve; the phone does it")
	case call.Releases:
		return x.on(o.Party, func(channel string) Action { return hangup(channel) })
	case call.DropsParty:
		return x.on(o.TargetParty, func(channel string) Action { return hangup(channel) })
	case call.Redirects:
		// The caller's channel is what is sent on: the queue or Dial that it leaves stops the ringing.
		return x.on(o.TargetParty, func(channel string) Action {
			return NewAction("Redirect", "Channel", channel, "Context", x.dialplan.Context, "Exten", o.Target, "Priority", "1")
		})
	case call.BlindTransfers:
		return x.on(o.Party, func(channel string) Action { return x.transfer("BlindTransfer", channel, o.Target) })
	case call.StartsConsult:
		return x.on(o.Party, func(channel string) Action { return x.transfer("Atxfer", channel, o.Target) })
	case call.CompletesTransfer, call.CancelsConsult, call.CompletesConference:
		return x.consult(o)
	case call.SendsDigits:
		return x.digits(o)
	case call.Monitors:
		return x.on(o.TargetParty, func(channel string) Action { return x.monitor(channel, o) })
	case call.StartsRecording:
		return x.on(o.TargetParty, func(channel string) Action {
			return NewAction("MixMonitor", "Channel", channel, "File", id.String()+"-"+connection.Fingerprint(o.ID)+".wav", "Options", "b")
		})
	case call.PausesRecording, call.ResumesRecording:
		state := "1"
		if o.Request == call.ResumesRecording {
			state = "0"
		}
		return x.on(o.TargetParty, func(channel string) Action {
			return NewAction("MixMonitorMute", "Channel", channel, "Direction", "both", "State", state)
		})
	case call.StopsRecording:
		return x.on(o.TargetParty, func(channel string) Action { return NewAction("StopMixMonitor", "Channel", channel) })
	case call.Parks:
		return x.park(o)
	}
	return nil, connection.Unsupported(string(o.Request))
}

// on is the action on a party's channel.
func (x *Executor) on(party call.PartyID, action func(channel string) Action) ([]Action, error) {
	channel, err := x.channel(party)
	if err != nil {
		return nil, err
	}
	return []Action{action(channel)}, nil
}

func (x *Executor) channel(party call.PartyID) (string, error) {
	name, ok := x.channels.ChannelName(party)
	if !ok {
		return "", fmt.Errorf("%w: it has no channel %q any more", call.ErrSwitchRefused, party)
	}
	return name, nil
}

func hangup(channel string) Action { return NewAction("Hangup", "Channel", channel, "Cause", "16") }

func (x *Executor) transfer(name, channel, to string) Action {
	return NewAction(name, "Channel", channel, "Context", x.dialplan.Context, "Exten", to)
}

// consult ends a consultation in one of three ways. Asterisk can do so only where it made the consultation itself
// (Atxfer): then the same channel is in both calls.
func (x *Executor) consult(o call.Order) ([]Action, error) {
	if o.ConsultParty != o.Party {
		return nil, connection.Unsupported("the phone made the consultation, by a second line of its own; the phone has to end it")
	}
	switch o.Request {
	case call.CancelsConsult:
		return x.on(o.Party, func(channel string) Action { return NewAction("CancelAtxfer", "Channel", channel) })
	case call.CompletesTransfer:
		// There is no action that completes: an attended transfer is complete when who transfers hangs up.
		return x.on(o.Party, hangup)
	}
	if x.dialplan.ThreeWayCode == "" {
		return nil, connection.Unsupported("AMI has no action for a three-way call, and the feature code for it (atxferthreeway) is not configured")
	}
	channel, err := x.channel(o.Party)
	if err != nil {
		return nil, err
	}
	return keyed(channel, x.dialplan.ThreeWayCode, true), nil
}

// digits are heard by the others on the call. Who talks with no channel but with the dialplan, an IVR say, is taken to
// have keyed them.
func (x *Executor) digits(o call.Order) ([]Action, error) {
	if len(o.Peers) == 0 {
		channel, err := x.channel(o.Party)
		if err != nil {
			return nil, err
		}
		return keyed(channel, o.Digits, true), nil
	}
	var actions []Action
	for _, peer := range o.Peers {
		channel, err := x.channel(peer)
		if err != nil {
			return nil, err
		}
		actions = append(actions, keyed(channel, o.Digits, false)...)
	}
	return actions, nil
}

// keyed is digits sent to a channel, or taken as if they came from it.
func keyed(channel, digits string, received bool) []Action {
	var actions []Action
	for _, digit := range digits {
		a := NewAction("PlayDTMF", "Channel", channel, "Digit", string(digit))
		if received {
			a.Headers = append(a.Headers, Header{Name: "Receive", Value: "true"})
		}
		actions = append(actions, a)
	}
	return actions
}

// monitor calls the supervisor and lets him listen to a channel. Options of the ChanSpy application: q no beep, w
// whispers, B barges in, E ends when the channel does.
func (x *Executor) monitor(channel string, o call.Order) Action {
	options := map[call.SupervisionMode]string{call.Silent: "qE", call.Whisper: "qwE", call.Barge: "qBE"}[o.Mode]
	return NewAction("Originate", "Channel", x.dialplan.device(o.DN), "Application", "ChanSpy",
		"Data", channel+","+options, "CallerID", "Monitor <"+o.DN+">", "Async", "true")
}

// park parks the other party; who parks it is called when its time is over.
func (x *Executor) park(o call.Order) ([]Action, error) {
	parker, err := x.channel(o.Party)
	if err != nil {
		return nil, err
	}
	return x.on(o.TargetParty, func(parked string) Action {
		a := NewAction("Park", "Channel", parked, "TimeoutChannel", parker)
		if x.dialplan.ParkTimeout > 0 {
			a.Headers = append(a.Headers, Header{Name: "Timeout", Value: milliseconds(x.dialplan.ParkTimeout)})
		}
		return a
	})
}

// forAgent is the actions of an order about an agent's session.
func (x *Executor) forAgent(id string, o agent.Order) ([]Action, error) {
	member := strings.ReplaceAll(x.dialplan.Member, "{dn}", o.DN)
	var actions []Action
	switch o.Request {
	case agent.LogsIn:
		name := strings.ReplaceAll(x.dialplan.MemberName, "{agent}", id)
		for _, queue := range o.Queues {
			actions = append(actions, NewAction("QueueAdd", "Queue", queue, "Interface", member, "MemberName", name,
				"StateInterface", x.dialplan.device(o.DN), "Penalty", "0", "Paused", "false"))
		}
	case agent.LogsOut:
		for _, queue := range o.Queues {
			actions = append(actions, NewAction("QueueRemove", "Queue", queue, "Interface", member))
		}
	case agent.BecomesReady:
		actions = inQueues(NewAction("QueuePause", "Interface", member, "Paused", "false"), o.Queues)
	case agent.BecomesNotReady:
		a := NewAction("QueuePause", "Interface", member, "Paused", "true")
		if o.Reason != "" {
			a.Headers = append(a.Headers, Header{Name: "Reason", Value: o.Reason})
		}
		actions = inQueues(a, o.Queues)
	case call.MakesCall:
		return x.make(o)
	default:
		return nil, connection.Unsupported(string(o.Request))
	}
	return actions, nil
}

// inQueues is an action in each of some queues; in none it is one in all.
func inQueues(a Action, queues []string) []Action {
	if len(queues) == 0 {
		return []Action{a}
	}
	var actions []Action
	for _, queue := range queues {
		actions = append(actions, Action{Name: a.Name, Headers: append(slices.Clip(a.Headers), Header{Name: "Queue", Value: queue})})
	}
	return actions
}

// make calls the agent's device, and from there the number.
func (x *Executor) make(o agent.Order) ([]Action, error) {
	a := NewAction("Originate", "Channel", x.dialplan.device(o.DN), "Context", x.dialplan.Context, "Exten", o.Target, "Priority", "1",
		"CallerID", fmt.Sprintf("%q <%s>", "Call to "+o.Target, o.Target), "Timeout", milliseconds(x.dialplan.RingTimeout),
		"Async", "true", "ChannelId", o.SwitchCallID)
	for _, pair := range o.Data {
		if !slices.Contains(x.dialplan.Variables, pair.Key) {
			continue
		}
		// The header is a list with commas, and what stands before an equals sign may be a function.
		if strings.ContainsAny(pair.Key+pair.Value, ",\"\\\r\n") || strings.ContainsAny(pair.Key, "=()") {
			return nil, fmt.Errorf("%w: the value of %s cannot be a channel variable", call.ErrInvalid, pair.Key)
		}
		a.Headers = append(a.Headers, Header{Name: "Variable", Value: pair.Key + "=" + pair.Value})
	}
	return []Action{a}, nil
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
