package link_test

import (
	"testing"
	"time"

	"github.com/callstate/callstate/domain/link"
	"github.com/stretchr/testify/assert"
)

func TestALink(t *testing.T) {
	start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	up := link.Event{At: at(1), Body: link.LinkUp{Switch: "pbx1", Kind: "asterisk", Version: "11.0.0"}}
	down := link.Event{At: at(5), Body: link.LinkDown{Switch: "pbx1", Reason: "connection reset"}}
	isUp := link.LinkIs{At: at(1), Switch: "pbx1", Kind: "asterisk", Version: "11.0.0", Up: true}
	isDown := link.LinkIs{At: at(5), Switch: "pbx1", Reason: "connection reset"}
	specs := map[string]struct {
		given []link.Event
		when  link.Fact
		then  []link.Event
	}{
		"comes up":              {when: isUp, then: []link.Event{up}},
		"goes down":             {given: []link.Event{up}, when: isDown, then: []link.Event{down}},
		"is told to be up late": {given: []link.Event{up, down}, when: isUp},
		"comes up while the switch's clock is behind what it was": {given: []link.Event{up, down},
			when: link.LinkIs{At: at(4), Switch: "pbx1", Kind: "asterisk", Version: "11.0.0", Up: true, Live: true},
			then: []link.Event{{At: at(5).Add(time.Microsecond), Body: up.Body}}},
		"is told again that it is up": {given: []link.Event{up}, when: link.LinkIs{At: at(1), Switch: "pbx1", Up: true, Live: true}},
		"was never up":                {when: isDown},
		"was lost without a word": {given: []link.Event{up}, when: link.LinkIs{At: at(9), Switch: "pbx1", Up: true}, then: []link.Event{
			{At: at(9), Inferred: true, Body: link.LinkDown{Switch: "pbx1", Reason: "not told"}},
			{At: at(9), Body: link.LinkUp{Switch: "pbx1"}}}},
		"is in step": {given: []link.Event{up}, when: link.SnapshotIs{At: at(2), Switch: "pbx1", Channels: 3, Agents: 2}, then: []link.Event{
			{At: at(2), Body: link.Resynchronised{Switch: "pbx1", Channels: 3, Agents: 2}}}},
		"is back with a switch that was started anew": {
			given: []link.Event{up, {At: at(2), Body: link.Resynchronised{Switch: "pbx1", Started: "monday"}}},
			when:  link.SnapshotIs{At: at(9), Switch: "pbx1", Started: "tuesday"},
			then: []link.Event{
				{At: at(9), Body: link.SwitchRestarted{Switch: "pbx1", Started: "tuesday"}},
				{At: at(9), Body: link.Resynchronised{Switch: "pbx1", Started: "tuesday"}}}},
		"comes up on a switch that says when it was started": {when: link.LinkIs{At: at(1), Switch: "pbx1", Up: true, Started: "monday"}, then: []link.Event{
			{At: at(1), Body: link.LinkUp{Switch: "pbx1", Started: "monday"}}}},
		"comes up on a switch that was started anew": {
			given: []link.Event{{At: at(1), Body: link.LinkUp{Switch: "pbx1", Started: "monday"}}, down},
			when:  link.LinkIs{At: at(9), Switch: "pbx1", Up: true, Started: "tuesday"},
			then: []link.Event{
				{At: at(9), Body: link.LinkUp{Switch: "pbx1", Started: "tuesday"}},
				{At: at(9), Body: link.SwitchRestarted{Switch: "pbx1", Started: "tuesday"}}}},
		"has a device that cannot be reached": {given: []link.Event{up}, when: link.DeviceIs{At: at(3), Switch: "pbx1", DN: "1001", OutOfService: true},
			then: []link.Event{{At: at(3), Body: link.DeviceOutOfService{Switch: "pbx1", DN: "1001"}}}},
		"has a device that can be reached as ever": {given: []link.Event{up}, when: link.DeviceIs{At: at(3), Switch: "pbx1", DN: "1001"}},
		"has a device that is back": {
			given: []link.Event{up, {At: at(3), Body: link.DeviceOutOfService{Switch: "pbx1", DN: "1001"}}},
			when:  link.DeviceIs{At: at(4), Switch: "pbx1", DN: "1001"},
			then:  []link.Event{{At: at(4), Body: link.DeviceInService{Switch: "pbx1", DN: "1001"}}}},
		"is told late that a device was lost": {
			given: []link.Event{up, {At: at(3), Body: link.DeviceOutOfService{Switch: "pbx1", DN: "1001"}}, {At: at(4), Body: link.DeviceInService{Switch: "pbx1", DN: "1001"}}},
			when:  link.DeviceIs{At: at(3), Switch: "pbx1", DN: "1001", OutOfService: true}},
		"has missed something": {given: []link.Event{up}, when: link.GapIs{At: at(3), Switch: "pbx1", Missed: 70}, then: []link.Event{
			{At: at(3), Body: link.GapDetected{Switch: "pbx1", Missed: 70}}}},
	}
	for name, s := range specs {
		t.Run(name, func(t *testing.T) {
			state := link.Fold(link.State{}, s.given...)
			events := link.Observe(state, s.when)
			assert.Equal(t, s.then, events)
			assert.Empty(t, link.Observe(link.Fold(state, events...), s.when), "the same fact told twice adds nothing")
		})
	}
}
