package floor_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/projections/floor"
)

func TestWhatTwoViewsDoNotHaveInCommon(t *testing.T) {
	var s session
	ends, lives, begins := connID("ends"), connID("lives"), connID("begins")
	s.login(0, "jane", "1001", "sales")
	s.login(0, "john", "1002", "support")
	s.arrives(1, ends, "2125550001")
	s.arrives(2, lives, "2125550002")
	before := s.floor(t).View()
	assert.Empty(t, floor.Diff(before, before).Agents)

	s.Call(ends, call.PartyIs{At: at(3), Party: "caller", State: call.Released, By: "caller"})
	s.waits(4, lives, "sales")
	s.arrives(5, begins, "2125550003")
	s.rings(6, begins, "jane", "1001", "sales")
	after := s.floor(t).View()

	d := floor.Diff(before, after)
	assert.Equal(t, floor.Point{Position: before.Position, At: at(2)}, d.From)
	assert.Equal(t, floor.Point{Position: after.Position, At: at(6)}, d.To)
	assert.Equal(t, []floor.Two[floor.Agent]{{Before: &before.Agents[0], After: &after.Agents[0]}}, d.Agents)
	assert.Equal(t, []floor.Two[floor.Queue]{{Before: &before.Queues[0], After: &after.Queues[0]}}, d.Queues)
	assert.Equal(t, []floor.Two[floor.Call]{
		{Before: &before.Calls[0]}, {Before: &before.Calls[1], After: &after.Calls[0]}, {After: &after.Calls[1]},
	}, d.Calls)
	assert.Empty(t, d.Links)
	back := floor.Diff(after, before)
	assert.Equal(t, ends, back.Calls[len(back.Calls)-1].After.ConnID, "backwards it is new")
}
