package floor

import (
	"cmp"
	"slices"
	"time"

	"github.com/callstate/callstate/domain/eventlog"
)

// moment is what a snapshot is made of. It is collected while the floor must not change, which is short; what takes long with
// a large floor, to copy, to sort and to hash it, is done when nobody waits for that.
type moment struct {
	position eventlog.Position
	at       time.Time
	desktop  *Desktop // nil: the whole floor
	state    state
}

// now is the floor at its present position, or an agent's desktop.
func (f *Floor) now(agent string) *moment {
	m := &moment{position: f.position, at: f.at, state: f.stateOf(agent)}
	if agent != "" {
		desktop, _ := f.desktop(agent)
		m.desktop = &desktop
	}
	return m
}

func (m *moment) snapshot() Frame {
	frame := Frame{Kind: Snapshot, Position: m.position, Desktop: m.desktop, Hash: m.state.hash()}
	if m.desktop == nil {
		view := m.view()
		frame.View = &view
	}
	return frame
}

// view is the whole floor.
func (m *moment) view() View {
	v := View{
		Position: m.position, At: m.at,
		Links: items[Link](m.state), Agents: items[Agent](m.state), Queues: items[Queue](m.state), Calls: items[Call](m.state),
	}
	slices.SortFunc(v.Links, func(a, b Link) int { return cmp.Compare(a.Switch, b.Switch) })
	slices.SortFunc(v.Agents, func(a, b Agent) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(v.Queues, func(a, b Queue) int { return cmp.Compare(a.Queue, b.Queue) })
	slices.SortFunc(v.Calls, func(a, b Call) int {
		return cmp.Or(a.StartedAt.Compare(b.StartedAt), slices.Compare(a.ConnID[:], b.ConnID[:]))
	})
	return v
}

// items are those of one kind.
func items[T any](s state) []T {
	count := 0
	for _, each := range s {
		if _, is := each.(*shown[T]); is {
			count++
		}
	}
	all := make([]T, 0, count)
	for _, each := range s {
		if one, is := each.(*shown[T]); is {
			all = append(all, one.item)
		}
	}
	return all
}
