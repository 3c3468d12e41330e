package client

import (
	"encoding/json"
	"fmt"
	"hash/fnv"

	"github.com/go-json-experiment/json/jsontext"
)

// desktop is the state of a feed: the items as they are shown, with their hashes.
type desktop struct {
	agent     Agent
	agentHash uint64
	calls     map[string]item
}

type item struct {
	call Call
	hash uint64
}

// put puts items in the place of those with the same key, and takes calls away.
func (d *desktop) put(agents, calls []json.RawMessage, gone []string) error {
	for _, raw := range agents {
		d.agent = Agent{}
		if err := json.Unmarshal(raw, &d.agent); err != nil {
			return err
		}
		var err error
		if d.agentHash, err = hashOf(raw); err != nil {
			return err
		}
	}
	if d.calls == nil {
		d.calls = map[string]item{}
	}
	for _, raw := range calls {
		var call Call
		if err := json.Unmarshal(raw, &call); err != nil {
			return err
		}
		hash, err := hashOf(raw)
		if err != nil {
			return err
		}
		d.calls[call.ConnID] = item{call, hash}
	}
	for _, connID := range gone {
		delete(d.calls, connID)
	}
	return nil
}

// shown is the state as it is handed out.
func (d *desktop) shown() Desktop {
	shown := Desktop{Agent: d.agent, Calls: make([]Call, 0, len(d.calls))}
	for _, connID := range d.agent.Calls {
		if each, ok := d.calls[connID]; ok {
			shown.Calls = append(shown.Calls, each.call)
		}
	}
	return shown
}

// hash is what the engine says where this is right: docs/formats/feed.md.
func (d *desktop) hash() string {
	all := d.agentHash
	for _, each := range d.calls {
		all ^= each.hash
	}
	return fmt.Sprintf("%016x", all)
}

// hashOf is FNV-1a over the digits of FNV-1a over the canonical JSON (RFC 8785) of an item.
func hashOf(raw json.RawMessage) (uint64, error) {
	canonical := jsontext.Value(raw).Clone()
	if err := canonical.Canonicalize(); err != nil {
		return 0, err
	}
	first, second := fnv.New64a(), fnv.New64a()
	first.Write(canonical)
	second.Write(fmt.Appendf(nil, "%016x", first.Sum64()))
	return second.Sum64(), nil
}
