package floor

import (
	"github.com/callstate/callstate/domain/call"
)

// coalesced is what several changes come to, for a follower who has fallen behind: every link, agent, queue and call that
// they changed, once, as it is after the last of them; and everything that his DN was told, in order. It applies as they
// would have one by one.
func coalesced(changes []*change, agent string) Frame {
	frame := changes[len(changes)-1].frame(agent)
	links, agents, queues := latest[string, Link]{}, latest[string, Agent]{}, latest[string, Queue]{}
	calls := latest[call.ConnID, *Call]{} // nil: gone
	all := &Change{Type: frame.Change.Type, At: frame.Change.At, Coalesced: len(changes)}
	for _, d := range changes {
		c := d.frame(agent).Change
		links.put(c.Links, func(l Link) string { return l.Switch })
		agents.put(c.Agents, func(a Agent) string { return a.ID })
		queues.put(c.Queues, func(q Queue) string { return q.Queue })
		for i := range c.Calls {
			calls.set(c.Calls[i].ConnID, &c.Calls[i])
		}
		for _, id := range c.Gone {
			calls.set(id, nil)
		}
		all.Notifications = append(all.Notifications, c.Notifications...)
	}
	all.Links, all.Agents, all.Queues = links.items, agents.items, queues.items
	for i, c := range calls.items {
		if c == nil {
			all.Gone = append(all.Gone, calls.keys[i])
		} else {
			all.Calls = append(all.Calls, *c)
		}
	}
	frame.Change = all
	return frame
}

// size is how many things a change tells of.
func (c *Change) size() int {
	return len(c.Links) + len(c.Agents) + len(c.Queues) + len(c.Calls) + len(c.Gone) + len(c.Notifications)
}

// latest has the latest item of each key, in the order in which the keys came first.
type latest[K comparable, V any] struct {
	keys  []K
	items []V
	at    map[K]int
}

func (l *latest[K, V]) put(items []V, key func(V) K) {
	for _, item := range items {
		l.set(key(item), item)
	}
}

func (l *latest[K, V]) set(key K, item V) {
	if i, known := l.at[key]; known {
		l.items[i] = item
		return
	}
	if l.at == nil {
		l.at = map[K]int{}
	}
	l.at[key] = len(l.keys)
	l.keys, l.items = append(l.keys, key), append(l.items, item)
}
