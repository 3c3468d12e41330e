package pebble

import "github.com/callstate/callstate/domain/eventlog"

// heads remembers the revisions of the streams that were written last, which are those that will be written next: the
// calls in progress. It holds between one and two generations of them and forgets the older one as a whole.
type heads struct {
	generation int
	young, old map[eventlog.Stream]head
}

// head is a stream's revision, and the number of the group that made it so.
type head struct {
	revision eventlog.Revision
	group    uint64
}

func newHeads(generation int) *heads {
	return &heads{
		generation: generation,
		young:      make(map[eventlog.Stream]head),
		old:        make(map[eventlog.Stream]head),
	}
}

func (h *heads) get(stream eventlog.Stream) (found head, ok bool) {
	if found, ok = h.young[stream]; !ok {
		found, ok = h.old[stream]
	}
	return found, ok
}

func (h *heads) put(stream eventlog.Stream, to head) { h.young[stream] = to }

// age makes room. It is not to be called while a group is being put together, of which nothing may be forgotten.
func (h *heads) age() {
	if len(h.young) >= h.generation {
		h.young, h.old = h.old, h.young
		clear(h.young)
	}
}
