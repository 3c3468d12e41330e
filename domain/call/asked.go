package call

import "slices"

// Asked is a request that was made, as far as is needed to know it again.
type Asked struct {
	ID      string // command id; empty: it had none
	ConnID  ConnID // of a call that was to be made
	Reason  Reason // why it was refused; empty: it was not
	Refusal string // where it had no command id: all that was said when it was refused
}

// Requests are the last requests that were made, oldest first.
type Requests []Asked

// keptAsked is how many requests are remembered. Who repeats one does so within seconds.
const keptAsked = 16

// Find returns the request with this command id, where it is remembered.
func (r Requests) Find(id string) (Asked, bool) {
	if i := r.index(id); i >= 0 && id != "" {
		return r[i], true
	}
	return Asked{}, false
}

// Told reports whether a refusal says nothing new: the request was refused before, or, where it has no command id by which
// it could be known, the last thing that happened was the same refusal.
func (r Requests) Told(a Asked) bool {
	if a.ID == "" {
		return len(r) > 0 && r[len(r)-1] == a
	}
	asked, again := r.Find(a.ID)
	return again && asked.Reason != ""
}

// With returns the requests with one more, or with what came of one that is among them. Of those without a command id
// only the last refusal is remembered.
func (r Requests) With(a Asked) Requests {
	if a.ID == "" && a.Reason == "" {
		return r
	}
	kept := slices.Clone(r)
	i := r.index(a.ID)
	switch {
	case i >= 0 && a.ID != "":
		kept[i] = a
		return kept
	case i >= 0:
		kept = slices.Delete(kept, i, i+1)
	case len(kept) == keptAsked:
		kept = slices.Delete(kept, 0, 1)
	}
	return append(kept, a)
}

func (r Requests) index(id string) int {
	return slices.IndexFunc(r, func(a Asked) bool { return a.ID == id })
}
