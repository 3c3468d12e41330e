package desktop_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/callstate/callstate/domain/call"
)

// Where the switch can, an agent has his call recorded, leaves a card number out of it, and parks the call.
func TestAnAgentRecordsAndParks(t *testing.T) {
	c, b := desk(t)
	later := func() time.Time { // on the switch
		c.now = c.now.Add(time.Second)
		return c.now
	}
	recorded := func(state call.RecordingState) func(*call.Order) []call.Fact {
		return func(o *call.Order) []call.Fact {
			return []call.Fact{call.RecordingIs{At: later(), Recording: "r1", Party: o.Party, State: state}}
		}
	}
	c.does(map[call.Service]func(*call.Order) []call.Fact{
		call.StartsRecording: recorded(call.Recorded), call.PausesRecording: recorded(call.Paused),
		call.ResumesRecording: recorded(call.Recorded), call.StopsRecording: recorded(call.Stopped),
		call.Parks: func(o *call.Order) []call.Fact {
			return []call.Fact{
				call.ParkIs{At: later(), Party: o.TargetParty, Space: "701", By: o.Party, Parked: true},
				call.PartyIs{At: later(), Party: o.Party, State: call.Released, Cause: call.NormalClearing, By: o.Party},
			}
		},
	})
	begun := c.end()
	b.login()
	rings(c, b)
	b.press("Answer")

	asked := func(service call.Service) {
		t.Helper()
		r, made := event[call.RequestMade](c, begun, func(r call.RequestMade) bool { return r.Request == service })
		assert.Equal(t, "1001", made.DN)
		assert.Equal(t, "agent:1001", r.Actor)
	}
	b.offers("Hold", "Transfer …", "Keys …", "Record", "Park", "End call")
	b.press("Record")
	event[call.RecordingStarted](c, begun, nil)
	asked(call.StartsRecording)
	b.offers("Hold", "Transfer …", "Keys …", "Pause recording", "Stop recording", "Park", "End call")
	b.seeText(".card", "Recording", "goes on")
	b.press("Pause recording")
	event[call.RecordingPaused](c, begun, nil)
	asked(call.PausesRecording)
	b.offers("Hold", "Transfer …", "Keys …", "Resume recording", "Stop recording", "Park", "End call")
	b.seeText(".card", "paused")
	b.press("Resume recording")
	event[call.RecordingResumed](c, begun, nil)
	asked(call.ResumesRecording)
	b.press("Stop recording")
	event[call.RecordingStopped](c, begun, nil)
	asked(call.StopsRecording)
	b.offers("Hold", "Transfer …", "Keys …", "Record", "Park", "End call")

	b.press("Park")
	_, parked := event[call.CallParked](c, begun, nil)
	assert.Equal(t, "701", parked.Space)
	asked(call.Parks)
	b.see("!document.querySelector('.card .controls-of')")
}
