package call

import "fmt"

// Request returns the request with this command id, where it is among the last that were made.
func (s State) Request(id string) (Asked, bool) { return s.Requests.Find(id) }

func (b RequestMade) evolve(s State, _ Event) State {
	s.Requests = s.Requests.With(Asked{ID: b.ID})
	return s
}

func (b RequestRefused) evolve(s State, e Event) State {
	s.Requests = s.Requests.With(b.asked(e.Actor))
	return s
}

func (b RequestRefused) asked(actor string) Asked {
	if b.ID == "" {
		return Asked{Reason: b.Reason, Refusal: fmt.Sprint(actor, b)}
	}
	return Asked{ID: b.ID, Reason: b.Reason}
}
