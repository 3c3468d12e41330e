package floor

import (
	"slices"
	"time"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
)

// Difference is what two views of the floor do not have in common.
type Difference struct {
	From   Point        `json:"from"`
	To     Point        `json:"to"`
	Links  []Two[Link]  `json:"links"`
	Agents []Two[Agent] `json:"agents"`
	Queues []Two[Queue] `json:"queues"`
	Calls  []Two[Call]  `json:"calls"` // oldest first
}

// Point is where in the log a view is.
type Point struct {
	Position eventlog.Position `json:"position"`
	At       time.Time         `json:"at"`
}

// Two is the same thing in two views that differ in it. Before is absent where it was not there yet, After where it is
// not there any more.
type Two[T any] struct {
	Before *T `json:"before,omitempty"`
	After  *T `json:"after,omitempty"`
}

// Diff compares two views.
func Diff(from, to View) Difference {
	return Difference{
		From: Point{from.Position, from.At}, To: Point{to.Position, to.At},
		Links:  differing(from.Links, to.Links, func(l *Link) string { return l.Switch }, func(a, b *Link) bool { return *a == *b }),
		Agents: differing(from.Agents, to.Agents, func(a *Agent) string { return a.ID }, (*Agent).same),
		Queues: differing(from.Queues, to.Queues, func(q *Queue) string { return q.Queue }, (*Queue).same),
		Calls:  differing(from.Calls, to.Calls, func(c *Call) call.ConnID { return c.ConnID }, (*Call).same),
	}
}

func (q *Queue) same(other *Queue) bool {
	return q.LoggedIn == other.LoggedIn && q.Ready == other.Ready && slices.Equal(q.Waiting, other.Waiting)
}

// differing pairs what has the same name, in the order of the lists: what is gone where it was before, what is new at the
// end.
func differing[T any, K comparable](before, after []T, name func(*T) K, same func(a, b *T) bool) []Two[T] {
	differ := []Two[T]{}
	now := make(map[K]*T, len(after))
	for i := range after {
		now[name(&after[i])] = &after[i]
	}
	for i := range before {
		was := &before[i]
		is := now[name(was)]
		delete(now, name(was))
		if is == nil || !same(was, is) {
			differ = append(differ, Two[T]{was, is})
		}
	}
	for i := range after {
		if _, isNew := now[name(&after[i])]; isNew {
			differ = append(differ, Two[T]{After: &after[i]})
		}
	}
	return differ
}
