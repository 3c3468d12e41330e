package asterisk

import (
	"sync"

	"github.com/callstate/callstate/domain/call"
)

// channelNames are the names of the channels that the switch has, by the Uniqueid that is their party's id: actions want
// names. The translator keeps it, whoever sends actions reads it.
type channelNames struct {
	mu   sync.RWMutex
	byID map[call.PartyID]string
}

func (n *channelNames) put(id call.PartyID, name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.byID == nil {
		n.byID = map[call.PartyID]string{}
	}
	n.byID[id] = name
}

func (n *channelNames) remove(id call.PartyID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.byID, id)
}

// ChannelName returns the name of a party's channel, as long as the switch has it. Unlike all else of a Translator it may
// be called at any time.
func (t *Translator) ChannelName(id call.PartyID) (string, bool) {
	t.names.mu.RLock()
	defer t.names.mu.RUnlock()
	name, ok := t.names.byID[id]
	return name, ok
}
