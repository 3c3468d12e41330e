package call

import "slices"

// Asked is a request that was made of a call, as far as is needed to know it again.
type Asked struct {
	ID     string
	Reason Reason // why it was refused; empty: it was not
}

// keptAsked is how many requests a call remembers. Who repeats one does so within seconds.
const keptAsked = 16

// Request returns the request with this command id, where it is among the last that were made.
func (s State) Request(id string) (Asked, bool) {
	if i := s.asked(id); i >= 0 {
		return s.Requests[i], true
	}
	return Asked{}, false
}

func (s State) asked(id string) int {
	if id == "" {
		return -1
	}
	return slices.IndexFunc(s.Requests, func(a Asked) bool { return a.ID == id })
}

func (b RequestMade) evolve(s State, _ Event) State { return s.remember(Asked{ID: b.ID}) }

func (b RequestRefused) evolve(s State, _ Event) State {
	return s.remember(Asked{ID: b.ID, Reason: b.Reason})
}

func (s State) remember(a Asked) State {
	if a.ID == "" {
		return s
	}
	if i := s.asked(a.ID); i >= 0 {
		s.Requests = slices.Clone(s.Requests)
		s.Requests[i] = a
		return s
	}
	kept := s.Requests[max(0, len(s.Requests)-keptAsked+1):]
	s.Requests = append(slices.Clip(kept), a)
	return s
}
