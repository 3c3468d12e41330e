package main

import (
	"context"
	"time"

	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/adapters/switches/freeswitch"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
)

// requests is an engine with the switches that it can ask.
type requests struct {
	engine    *engine.Engine
	executors engine.Executors
}

// Command has a switch do what is asked of a call.
func (r requests) Command(ctx context.Context, id call.ConnID, asked call.Request) error {
	return r.engine.Command(ctx, r.executors, id, asked)
}

// CommandAgent has a switch do what an agent asks.
func (r requests) CommandAgent(ctx context.Context, id string, asked agent.Request) error {
	return r.engine.CommandAgent(ctx, r.executors, id, asked)
}

// MakeCall has a switch call a number from an agent's device.
func (r requests) MakeCall(ctx context.Context, id string, asked agent.MakeCall) (call.ConnID, error) {
	return r.engine.MakeCall(ctx, r.executors, id, asked)
}

// Can reports whether there are means to do it.
func (r requests) Can(switchName string, service call.Service) bool {
	return r.executors.Can(switchName, service)
}

// asteriskDialplan is what requests must know of an Asterisk's own configuration: asterisk.Dialplan says what is meant.
type asteriskDialplan struct {
	Context      string   `toml:"context"`
	Device       string   `toml:"device"`
	Member       string   `toml:"member"`
	MemberName   string   `toml:"member_name"`
	RingTimeout  duration `toml:"ring_timeout"`
	ParkTimeout  duration `toml:"park_timeout"`
	ThreeWayCode string   `toml:"three_way_code"`
	Variables    []string `toml:"variables"`
}

func (d asteriskDialplan) dialplan() asterisk.Dialplan {
	return asterisk.Dialplan{
		Context: d.Context, Device: d.Device, Member: d.Member, MemberName: d.MemberName, RingTimeout: time.Duration(d.RingTimeout),
		ParkTimeout: time.Duration(d.ParkTimeout), ThreeWayCode: d.ThreeWayCode, Variables: d.Variables,
	}
}

// freeswitchDialplan is the same for a FreeSWITCH: see freeswitch.Dialplan.
type freeswitchDialplan struct {
	Context       string   `toml:"context"`
	Device        string   `toml:"device"`
	Devices       []string `toml:"devices"`
	Outside       string   `toml:"outside"`
	RingTimeout   duration `toml:"ring_timeout"`
	Recordings    string   `toml:"recordings"`
	Park          string   `toml:"park"`
	ConferenceKey string   `toml:"conference_key"`
	CancelKey     string   `toml:"cancel_key"`
	Variables     []string `toml:"variables"`
}

// dialplan has the domain of the section: it is that of the agents in what the switch says, too.
func (d freeswitchDialplan) dialplan(domain string) freeswitch.Dialplan {
	return freeswitch.Dialplan{
		Context: d.Context, Device: d.Device, Devices: d.Devices, Outside: d.Outside, Domain: domain, RingTimeout: time.Duration(d.RingTimeout),
		Recordings: d.Recordings, Park: d.Park, ConferenceKey: d.ConferenceKey, CancelKey: d.CancelKey, Variables: d.Variables,
	}
}
