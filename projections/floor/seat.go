package floor

import (
	"maps"
	"slices"
)

// Seat is what there is at a device: an agent's, or anybody's.
type Seat struct {
	Agents []string // who are logged in there
	Calls  []Call   // live ones in which it takes part
}

// Seat tells who and what is at a device of a switch, without looking at the rest of the floor.
func (f *Floor) Seat(switchName, dn string) Seat {
	f.mu.RLock()
	defer f.mu.RUnlock()
	var s Seat
	if at := f.devices[device{switchName, dn}]; at != nil {
		s.Agents = slices.Clone(at.agents)
		for _, id := range at.calls {
			s.Calls = append(s.Calls, f.calls[id].present().item)
		}
	}
	return s
}

// Outline names the switches and the queues that there are, sorted.
func (f *Floor) Outline() (switches, queues []string) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return slices.Sorted(maps.Keys(f.links)), slices.Sorted(maps.Keys(f.queues))
}
