package freeswitch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
)

// Commands sends a command to the switch and waits for its answer; a *Link.
type Commands interface {
	Do(ctx context.Context, c Command) (Reply, error)
}

// Dialplan is what an executor must be told about the switch's own configuration. What is zero is as the comment says.
type Dialplan struct {
	// Context is where numbers are dialled: "default".
	Context string
	// Device is the dial string of a DN's device, with {dn} for the DN: "user/{dn}".
	Device string
	// Outside is the dial string of a number that is no DN, with {number} for it: none. Devices are patterns (path.Match) of
	// the DNs; where none is given, every number is one.
	Outside string
	Devices []string
	// Domain is that of mod_callcenter: the agent 1001 is 1001@<Domain>. "default".
	Domain string
	// RingTimeout is how long the device that makes a call rings: 12 s.
	RingTimeout time.Duration
	// Recordings is the folder on the switch for recordings: "/var/lib/freeswitch/recordings".
	Recordings string
	// Park is the number in the dialplan by which a call is parked. Empty: parking is not supported.
	Park string
	// ConferenceKey and CancelKey are what the application att_xfer takes for "all three together" and "back to the call":
	// its own defaults, "0" and "#".
	ConferenceKey, CancelKey string
	// Variables are the keys of the user data that a call which is made takes along as channel variables: none.
	Variables []string
}

func (d Dialplan) withDefaults() Dialplan {
	d.Context = cmp.Or(d.Context, "default")
	d.Device = cmp.Or(d.Device, "user/{dn}")
	d.Domain = cmp.Or(d.Domain, "default")
	d.Recordings = cmp.Or(d.Recordings, "/var/lib/freeswitch/recordings")
	d.ConferenceKey = cmp.Or(d.ConferenceKey, "0")
	d.CancelKey = cmp.Or(d.CancelKey, "#")
	d.RingTimeout = cmp.Or(d.RingTimeout, 12*time.Second)
	return d
}

func (d Dialplan) device(dn string) string { return strings.ReplaceAll(d.Device, "{dn}", dn) }

// dialString is how the switch calls a number: a device, or somebody outside.
func (d Dialplan) dialString(number string) (string, error) {
	switch {
	case len(d.Devices) == 0 || matchesAny(d.Devices, number):
		return d.device(number), nil
	case d.Outside == "":
		return "", connection.Unsupported("how the switch calls a number that is no DN is not configured")
	}
	return strings.ReplaceAll(d.Outside, "{number}", number), nil
}

// Executor has the engine's orders done by a FreeSWITCH, through commands of mod_commands and mod_callcenter (FreeSWITCH
// documentation). The switch answers that it has begun; what comes of it, its events tell. What it has no command for is
// refused with call.ErrUnsupported; docs/requests.md has the whole list.
type Executor struct {
	commands Commands
	dialplan Dialplan
}

// NewExecutor returns an executor that sends commands through a link.
func NewExecutor(commands Commands, dialplan Dialplan) *Executor {
	return &Executor{commands: commands, dialplan: dialplan.withDefaults()}
}

var (
	_ engine.Executor  = (*Executor)(nil)
	_ engine.CallNamer = (*Executor)(nil)
	_ engine.Able      = (*Executor)(nil)
	_ Commands         = (*Link)(nil)
)

// NameCall gives a call that is made an id of the form that the switch gives legs, a UUID, but with the moment of its birth
// in it (version 8): so everybody who sees the call derives the ConnID that was promised.
func (x *Executor) NameCall(command string, at time.Time) (switchCallID string, born time.Time) {
	born = time.Unix(at.Unix(), 0).UTC()
	return call.NewConnID(born, "callstate", command).String(), born
}

// bornIn is the moment in an id that NameCall gave.
func bornIn(id string) (time.Time, bool) {
	named, err := call.ParseConnID(id)
	if err != nil || named[6]>>4 != 8 {
		return time.Time{}, false
	}
	return named.Born(), true
}

// Can reports what there is a command for.
func (x *Executor) Can(service call.Service) bool {
	return service != call.Parks || x.dialplan.Park != ""
}

// Execute sends the commands of an order.
func (x *Executor) Execute(ctx context.Context, o engine.Order) error {
	return connection.Execute(o, x.forCall, x.forAgent, func(c Command) error {
		if _, err := x.commands.Do(ctx, c); err != nil && !alreadySo(err) {
			return err
		}
		return nil
	})
}

// alreadySo reports whether the switch did not do something because it is so already: an agent is in the queue.
func alreadySo(err error) bool {
	var no *CommandError
	return errors.As(err, &no) && strings.Contains(no.Message, "already exist")
}

// one is a command whose arguments are words: ids, numbers, names. None may be or contain more than one.
func one(words ...string) ([]Command, error) {
	for _, word := range words {
		if word == "" || strings.ContainsAny(word, " \t'\"\\") {
			return nil, fmt.Errorf("%w: %q cannot be an argument of a command", call.ErrInvalid, word)
		}
	}
	return []Command{API(strings.Join(words, " "))}, nil
}

// transferVariable is a channel variable by which our own requests tell that a leg sends its call on, and where.
const transferVariable = "callstate_transfer"

// forCall is the commands of an order about a call. The id of a party is that of its leg.
func (x *Executor) forCall(id call.ConnID, o call.Order) ([]Command, error) {
	leg := string(o.Party)
	switch o.Request {
	case call.Answers:
		return one("uuid_phone_event", leg, "talk") // a SIP NOTIFY; telephones that do not know it ring on
	case call.Holds:
		return one("uuid_hold", leg)
	case call.Retrieves:
		return one("uuid_hold", "off", leg)
	case call.Releases:
		return one("uuid_kill", leg, "NORMAL_CLEARING")
	case call.DropsParty:
		return one("uuid_kill", string(o.TargetParty), "NORMAL_CLEARING")
	case call.Redirects:
		// The caller's leg is what is sent on: the queue or bridge that it leaves stops the ringing.
		return one("uuid_transfer", string(o.TargetParty), o.Target, "XML", x.dialplan.Context)
	case call.BlindTransfers:
		return x.sendOn(o, o.Target)
	case call.Parks:
		if x.dialplan.Park == "" {
			return nil, connection.Unsupported("the number by which the dialplan parks a call is not configured")
		}
		return x.sendOn(o, x.dialplan.Park)
	case call.StartsConsult:
		to, err := x.dialplan.dialString(o.Target)
		if err != nil {
			return nil, err
		}
		return one("uuid_broadcast", leg, "att_xfer::"+to)
	case call.CompletesTransfer, call.CancelsConsult, call.CompletesConference:
		return x.consult(o)
	case call.SendsDigits:
		return x.digits(o)
	case call.Monitors:
		return x.monitor(o)
	case call.StartsRecording:
		return one("uuid_record", string(o.TargetParty), "start", path.Join(x.dialplan.Recordings, id.String()+"-"+connection.Fingerprint(o.ID)+".wav"))
	case call.PausesRecording:
		return one("uuid_record", string(o.TargetParty), "mask", o.Recording)
	case call.ResumesRecording:
		return one("uuid_record", string(o.TargetParty), "unmask", o.Recording)
	case call.StopsRecording:
		return one("uuid_record", string(o.TargetParty), "stop", o.Recording)
	}
	return nil, connection.Unsupported(string(o.Request))
}

// sendOn sends the other side of a party's conversation to a number. The party's leg is marked, so that its end tells who
// transferred the call.
func (x *Executor) sendOn(o call.Order, to string) ([]Command, error) {
	mark, err := one("uuid_setvar", string(o.Party), transferVariable, to)
	if err != nil {
		return nil, err
	}
	if len(o.Peers) == 0 {
		return nil, fmt.Errorf("%w: nobody is there to be sent on", call.ErrSwitchRefused)
	}
	send, err := one("uuid_transfer", string(o.Peers[0]), to, "XML", x.dialplan.Context)
	return append(mark, send...), err
}

// consult ends a consultation in one of three ways. The switch can do so only where it made the consultation itself: then
// the same leg is in both calls.
func (x *Executor) consult(o call.Order) ([]Command, error) {
	if o.ConsultParty != o.Party {
		return nil, connection.Unsupported("the telephone made the consultation, by a second line of its own; the telephone has to end it")
	}
	switch o.Request {
	case call.CompletesTransfer:
		return one("uuid_kill", string(o.Party), "NORMAL_CLEARING") // att_xfer is complete when who transfers hangs up
	case call.CancelsConsult:
		return one("uuid_recv_dtmf", string(o.Party), x.dialplan.CancelKey)
	}
	return one("uuid_recv_dtmf", string(o.Party), x.dialplan.ConferenceKey)
}

// digits are heard by the others on the call. Who talks with no leg but with the dialplan, an IVR say, is taken to have
// keyed them.
func (x *Executor) digits(o call.Order) ([]Command, error) {
	if len(o.Peers) == 0 {
		return one("uuid_recv_dtmf", string(o.Party), o.Digits)
	}
	var commands []Command
	for _, peer := range o.Peers {
		c, err := one("uuid_send_dtmf", string(peer), o.Digits)
		if err != nil {
			return nil, err
		}
		commands = append(commands, c...)
	}
	return commands, nil
}

// monitor calls the supervisor and lets him listen to a leg. What he can do beyond that is in the variables of the
// application eavesdrop; aleg is the one that is listened to.
func (x *Executor) monitor(o call.Order) ([]Command, error) {
	variables := []string{"origination_caller_id_name=Monitor", "origination_caller_id_number=" + o.DN}
	if o.Mode == call.Whisper || o.Mode == call.Barge {
		variables = append(variables, "eavesdrop_whisper_aleg=true")
	}
	if o.Mode == call.Barge {
		variables = append(variables, "eavesdrop_whisper_bleg=true")
	}
	if _, err := one(o.DN, string(o.TargetParty)); err != nil {
		return nil, err
	}
	return []Command{Background(fmt.Sprintf("originate {%s}%s &eavesdrop(%s)", strings.Join(variables, ","), x.dialplan.device(o.DN), o.TargetParty))}, nil
}

// forAgent is the commands of an order about an agent's session.
func (x *Executor) forAgent(id string, o agent.Order) ([]Command, error) {
	name := id + "@" + x.dialplan.Domain
	status := func(to string) ([]Command, error) {
		commands, err := one("callcenter_config", "agent", "set", "status", name)
		if err != nil {
			return nil, err
		}
		commands[0].text += " '" + to + "'"
		return commands, nil
	}
	switch o.Request {
	case agent.LogsIn:
		return x.login(name, o, status)
	case agent.LogsOut:
		return status("Logged Out")
	case agent.BecomesReady:
		return status("Available")
	case agent.BecomesNotReady:
		return status("On Break") // callcenter knows no other; the reason stands in the request
	case call.MakesCall:
		return x.make(o)
	}
	return nil, connection.Unsupported(string(o.Request))
}

// login says where the agent takes calls and for which queues, and then that he does.
func (x *Executor) login(name string, o agent.Order, status func(string) ([]Command, error)) ([]Command, error) {
	commands, err := one("callcenter_config", "agent", "set", "contact", name, x.dialplan.device(o.DN))
	if err != nil {
		return nil, err
	}
	for _, queue := range o.Queues {
		if !strings.Contains(queue, "@") {
			queue += "@" + x.dialplan.Domain
		}
		tier, err := one("callcenter_config", "tier", "add", queue, name, "1", "1")
		if err != nil {
			return nil, err
		}
		commands = append(commands, tier...)
	}
	available, err := status("Available")
	return append(commands, available...), err
}

// make calls the agent's device, and from there the number.
func (x *Executor) make(o agent.Order) ([]Command, error) {
	variables := []string{
		"origination_uuid=" + o.SwitchCallID, dialedVariable + "=" + o.Target,
		"origination_caller_id_number=" + o.Target, "originate_timeout=" + fmt.Sprint(int(x.dialplan.RingTimeout.Seconds())),
	}
	for _, pair := range o.Data {
		if !slices.Contains(x.dialplan.Variables, pair.Key) {
			continue
		}
		if strings.ContainsAny(pair.Key+pair.Value, ",'\"\\{}[]\r\n=") { // each means something in a list of variables
			return nil, fmt.Errorf("%w: the value of %s cannot be a channel variable", call.ErrInvalid, pair.Key)
		}
		variables = append(variables, pair.Key+"='"+pair.Value+"'")
	}
	if _, err := one(o.DN, o.Target, o.SwitchCallID); err != nil {
		return nil, err
	}
	return []Command{Background(fmt.Sprintf("originate {%s}%s %s XML %s", strings.Join(variables, ","), x.dialplan.device(o.DN), o.Target, x.dialplan.Context))}, nil
}
