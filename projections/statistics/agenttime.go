package statistics

import (
	"cmp"
	"slices"

	"github.com/callstate/callstate/projections/history"
)

// span is a time, [from, to), and where it comes from.
type span struct {
	from, to int64
	source   fact
}

// agentTime is what an agent did when: what the session says, and what the calls say.
type agentTime struct {
	ready, notReady, afterCallWork []span
	ringing, talking               []span
}

func (t *agentTime) state(s history.StateFact, now int64) {
	each := span{milli(s.Since), now, fact{queue: s.Queue, connID: s.Call, events: []string{s.SinceEvent, s.UntilEvent}}}
	if s.Until != (history.Time{}) {
		each.to = milli(s.Until)
	}
	switch s.State {
	case history.Ready:
		t.ready = append(t.ready, each)
	case history.NotReady:
		t.notReady = append(t.notReady, each)
	case history.AfterCallWork:
		t.afterCallWork = append(t.afterCallWork, each)
	}
}

func (t *agentTime) stay(s history.StayFact, now int64) {
	end := now
	if s.EndedAt != (history.Time{}) {
		end = milli(s.EndedAt)
	}
	if s.AnsweredAt != (history.Time{}) {
		t.talking = append(t.talking, span{milli(s.AnsweredAt), end, fact{queue: s.Queue, connID: s.ConnID, events: []string{s.AnsweredEvent, s.EndedEvent}}})
		end = milli(s.AnsweredAt)
	}
	if s.RingingAt != (history.Time{}) {
		t.ringing = append(t.ringing, span{milli(s.RingingAt), end, fact{}})
	}
}

// spent is what the logged-in time was spent on. A moment in two calls counts once, and work on a call after another
// has begun is that other's.
func (t *agentTime) spent() map[measure][]span {
	in := slices.Concat(t.ready, t.notReady, t.afterCallWork)
	work := disjoint(slices.Concat(t.talking, t.afterCallWork))
	return map[measure][]span{
		loggedIn: in,
		ready:    t.ready,
		notReady: t.notReady,
		busy:     less(work, less(work, in)), // what of it lies in the logged-in time
		idle:     less(t.ready, slices.Concat(work, t.ringing)),
	}
}

// disjoint cuts from each span what one before it in time covers.
func disjoint(spans []span) []span {
	slices.SortStableFunc(spans, byTime)
	var cut []span
	var covered int64
	for _, s := range spans {
		s.from = max(s.from, covered)
		if s.from < s.to {
			cut, covered = append(cut, s), s.to
		}
	}
	return cut
}

// less is what is left of spans where others are taken away.
func less(spans, others []span) []span {
	holes := disjoint(slices.Clone(others))
	var left []span
	for _, s := range spans {
		first, _ := slices.BinarySearchFunc(holes, s.from, func(h span, at int64) int { return cmp.Compare(h.to, at) })
		for _, hole := range holes[first:] {
			if hole.from >= s.to {
				break
			}
			if hole.from > s.from {
				left = append(left, span{s.from, hole.from, s.source})
			}
			s.from = max(s.from, hole.to)
		}
		if s.from < s.to {
			left = append(left, s)
		}
	}
	return left
}

func byTime(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) }
