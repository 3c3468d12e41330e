package floor

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/notify"
)

// KeptForm is the number of the form in which a floor is kept. It is raised whenever the form changes or the same
// events fold to something else: what was kept before is thrown away then and made again from the log. A golden file
// fails when that is forgotten.
const KeptForm = 3

// kept is a floor as it is kept: what cannot be derived from the rest. After it comes what the notifier knows, where the
// floor has one. docs/formats/past.md describes both.
type kept struct {
	Position eventlog.Position
	At       time.Time
	Links    []Link
	Agents   []keptAgent
	Queues   []keptQueue
	Calls    []keptCall
	Devices  []keptDevice
}

type keptAgent struct {
	ID      string
	Session agent.State
	Calls   []call.ConnID `json:",omitempty"`
	State   AgentState
	Reason  string `json:",omitempty"`
	Since   time.Time
}

type keptQueue struct {
	Queue   string
	Waiting []WaitingCall `json:",omitempty"`
}

type keptCall struct {
	State   call.State
	Agents  []string `json:",omitempty"`
	Devices []string `json:",omitempty"` // on the call's switch
}

type keptDevice struct {
	Switch, DN string
	Agents     []string      `json:",omitempty"`
	Calls      []call.ConnID `json:",omitempty"`
	// OutOfService: the device cannot be reached.
	OutOfService bool `json:",omitempty"`
}

// Keep is the floor in the form in which it is kept; the same floor gives the same bytes.
func (f *Floor) Keep() ([]byte, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	k := kept{Position: f.position, At: f.at}
	for _, l := range f.links {
		k.Links = append(k.Links, l)
	}
	for _, a := range f.agents {
		k.Agents = append(k.Agents, keptAgent{a.id, a.session, a.calls, a.state, a.reason, a.since})
	}
	for _, q := range f.queues {
		k.Queues = append(k.Queues, keptQueue{q.name, q.waiting})
	}
	for _, c := range f.calls {
		each := keptCall{State: c.state, Agents: c.agents}
		for _, at := range c.devices {
			each.Devices = append(each.Devices, at.dn)
		}
		k.Calls = append(k.Calls, each)
	}
	for at, d := range f.devices {
		k.Devices = append(k.Devices, keptDevice{at.switchName, at.dn, d.agents, d.calls, d.outOfService})
	}
	slices.SortFunc(k.Links, func(a, b Link) int { return cmp.Compare(a.Switch, b.Switch) })
	slices.SortFunc(k.Agents, func(a, b keptAgent) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(k.Queues, func(a, b keptQueue) int { return cmp.Compare(a.Queue, b.Queue) })
	slices.SortFunc(k.Calls, func(a, b keptCall) int { return slices.Compare(a.State.ConnID[:], b.State.ConnID[:]) })
	slices.SortFunc(k.Devices, func(a, b keptDevice) int {
		return cmp.Or(cmp.Compare(a.Switch, b.Switch), cmp.Compare(a.DN, b.DN))
	})
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	encoder := json.NewEncoder(w)
	if err := encoder.Encode(k); err != nil {
		return nil, err
	}
	if f.notifier != nil {
		if err := encoder.Encode(f.notifier.Memory()); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// Recall returns a floor that was kept. It goes on exactly as the one that was kept would have; what came before it
// cannot be asked for. A floor that is to notify must be of one that did.
func Recall(data []byte, o Options) (*Floor, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("kept floor: %w", err)
	}
	decoder := json.NewDecoder(r)
	var k kept
	if err := decoder.Decode(&k); err != nil {
		return nil, fmt.Errorf("kept floor: %w", err)
	}
	f := New(o)
	f.position, f.at = k.Position, k.At
	f.feed.dropped = k.Position
	for _, l := range k.Links {
		f.links[l.Switch] = l
	}
	for _, q := range k.Queues {
		f.queues[q.Queue] = &liveQueue{name: q.Queue, waiting: q.Waiting}
	}
	for _, d := range k.Devices {
		f.devices[device{d.Switch, d.DN}] = &liveDevice{agents: d.Agents, calls: d.Calls, outOfService: d.OutOfService}
	}
	for _, each := range k.Calls {
		c := &liveCall{id: each.State.ConnID, state: each.State, agents: each.Agents, data: dataOf(each.State)}
		for _, dn := range each.Devices {
			c.devices = append(c.devices, device{c.state.Switch, dn})
		}
		f.calls[c.id] = c
	}
	sessions := map[string]agent.State{}
	for _, each := range k.Agents {
		a := &liveAgent{id: each.ID, session: each.Session, calls: each.Calls, state: each.State, reason: each.Reason, since: each.Since}
		a.feed.dropped = k.Position
		f.agents[a.id] = a
		sessions[a.id] = a.session
	}
	for _, a := range f.agents {
		f.settle(a, a.since) // counts him in his queues
	}
	f.touched.reset()
	if f.notifier != nil {
		var told notify.Memory
		if err := decoder.Decode(&told); err != nil {
			return nil, fmt.Errorf("kept floor, what was told: %w", err)
		}
		f.notifier = notify.Recall(told, func(id call.ConnID) call.State { return f.calls[id].state }, sessions)
	}
	return f, nil
}
