package wire

// Quickly reads a body as a rebuild does; ok says whether all of it was understood. Slowly reads it by encoding/json.
// Both are of the current version of the event with this name.
func Quickly(name string, data []byte) (body any, ok bool) {
	q := newQuick(data)
	switch {
	case quickCalls[name] != nil:
		body = quickCalls[name](q)
	case quickAgents[name] != nil:
		body = quickAgents[name](q)
	case quickLinks[name] != nil:
		body = quickLinks[name](q)
	default:
		return nil, false
	}
	return body, q.complete()
}

func Slowly(name string, data []byte) (body any, err error) {
	if f, ok := calls.byName[name]; ok {
		return f.decode(data)
	}
	if f, ok := agents.byName[name]; ok {
		return f.decode(data)
	}
	return links.byName[name].decode(data)
}
