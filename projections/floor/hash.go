package floor

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// shown is an agent, a queue, a call or a link as it is shown. It is shared and never changed. Its hash is found out by
// whoever first wants it, who is never the one who folds the log.
type shown[T any] struct {
	item T
	once sync.Once
	hash uint64
}

func (s *shown[T]) sum() uint64 {
	s.once.Do(func() { s.hash = hashOf(&s.item) })
	return s.hash
}

// hashOf is the hash of one item, as docs/formats/feed.md defines it: FNV-1a over the hexadecimal digits of FNV-1a over
// its canonical JSON (RFC 8785). The second one spreads what differs over all bits, so that items that change alike do not
// cancel each other out in the hash of all.
func hashOf(item any) uint64 {
	data, err := json.Marshal(item)
	canonical := jsontext.Value(data)
	if err == nil {
		err = canonical.Canonicalize()
	}
	if err != nil {
		return 0 // what has no JSON is in no frame either
	}
	first := fnv.New64a()
	first.Write(canonical)
	second := fnv.New64a()
	second.Write(fmt.Appendf(nil, "%016x", first.Sum64()))
	return second.Sum64()
}

// state is everything that a follower has at a position.
type state []interface{ sum() uint64 }

// hash proves to a follower that he has all of it: the exclusive or of the hashes of the items.
func (s state) hash() string {
	var all uint64
	for _, each := range s {
		all ^= each.sum()
	}
	return fmt.Sprintf("%016x", all)
}

// all is the state of the whole floor.
func (f *Floor) all() state {
	s := make(state, 0, len(f.links)+len(f.agents)+len(f.queues)+len(f.calls))
	for _, l := range f.links {
		s = append(s, &shown[Link]{item: l})
	}
	for _, a := range f.agents {
		s = append(s, a.present())
	}
	for _, q := range f.queues {
		s = append(s, q.present())
	}
	for _, c := range f.calls {
		s = append(s, c.present())
	}
	return s
}

// of is the state of an agent's desktop.
func (f *Floor) of(a *liveAgent) state {
	s := make(state, 0, 1+len(a.calls))
	s = append(s, a.present())
	for _, id := range a.calls {
		s = append(s, f.calls[id].present())
	}
	return s
}

// stateOf is the state that a follower has: of an agent's desktop, or of the whole floor where agent is empty.
func (f *Floor) stateOf(agent string) state {
	if agent == "" {
		return f.all()
	}
	return f.of(f.seen(agent))
}
