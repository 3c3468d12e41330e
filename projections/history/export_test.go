package history

// SetFew says how few calls are looked up rather than found on the way through all of them.
func (h *History) SetFew(n int) { h.few = n }
