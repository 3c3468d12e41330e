package asterisk

import (
	"slices"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/call"
)

func (t *Translator) bridgeEnter(b Block) {
	ch := t.channel(b, "")
	if ch == nil {
		return
	}
	t.joinBridge(ch, bridgeID(ch, b))
	if b.Get("BridgeTechnology") != "holding_bridge" {
		t.leaveIVR(ch, "", true) // now he talks with somebody else
	}
	t.entered(ch, b)
	t.tellDigits(ch)
	t.backToCall(ch)
	t.hiddenConsult(ch.bridge)
}

// bridgeID is the bridge that a block names. Who waits in a holding bridge, parked say, is not with the others who do: to
// each it is one of his own.
func bridgeID(ch *channel, b Block) string {
	bridge := strings.Clone(b.Get("BridgeUniqueid"))
	if b.Get("BridgeTechnology") == "holding_bridge" {
		bridge += "/" + ch.id
	}
	return bridge
}

// entered looks whether what goes with a channel's coming into a bridge was told too.
func (t *Translator) entered(ch *channel, b Block) {
	if b.Get("BridgeCreator") != "ConfBridge" {
		return
	}
	t.doubt(func(time.Time) {
		if t.alive(ch) && !ch.inRoom {
			t.missed(ch, "ConfbridgeJoin")
		}
	})
}

func (t *Translator) joinBridge(ch *channel, bridge string) {
	t.leaveBridge(ch)
	ch.bridge, ch.endedBy = bridge, nil
	ch.goesOn()
	t.bridges[bridge] = append(t.bridges[bridge], ch)
}

func (t *Translator) bridgeLeave(b Block) {
	if ch := t.channel(b, ""); ch != nil {
		bridge := bridgeID(ch, b)
		if bridge != ch.bridge && bridge != ch.leftBridge && t.witnessed(ch) {
			t.missed(ch, "BridgeEnter")
		}
		ch.leftBridge = bridge
		t.leftParking(ch, b)
		t.leftConversation(ch)
		t.leaveBridge(ch)
		ch.leftBridgeAt = t.clock.Last
		if ch.dialedBy != nil {
			t.mustEnd(ch) // a called phone has nothing else to do, unless it is sent somewhere
		}
	}
}

// leftParking looks whether it was told that a channel is in its parking space no more.
func (t *Translator) leftParking(ch *channel, b Block) {
	if b.Get("BridgeCreator") != "Parking" {
		return
	}
	t.doubt(func(time.Time) {
		if ch.isParked && t.alive(ch) {
			ch.isParked = false
			t.missed(ch, reportNames[unparked])
		}
	})
}

func (t *Translator) leaveBridge(ch *channel) {
	if ch.bridge == "" {
		return
	}
	rest := slices.DeleteFunc(t.bridges[ch.bridge], func(other *channel) bool { return other == ch })
	if len(rest) == 0 {
		delete(t.bridges, ch.bridge)
	} else {
		t.bridges[ch.bridge] = rest
	}
	ch.bridge = ""
}

// peers are the parties that a channel talks with or rings: across its bridge, across Local channels, and those it dials.
func (t *Translator) peers(ch *channel) []*channel {
	seen := map[*channel]bool{ch: true}
	var found []*channel
	var visit func(*channel)
	visit = func(at *channel) {
		var next []*channel
		if at.bridge != "" {
			next = append(next, t.bridges[at.bridge]...)
		}
		if at.local {
			if other := t.otherHalf(at); other != nil {
				next = append(next, other)
			}
		}
		for _, other := range at.dialed {
			if other.told < call.Connected {
				next = append(next, other)
			}
		}
		for _, other := range next {
			if seen[other] {
				continue
			}
			seen[other] = true
			if other.local {
				visit(other)
			} else {
				found = append(found, other)
			}
		}
	}
	visit(ch)
	return found
}

// behind are the parties at a channel: itself, or those that a Local channel's other half dialled.
func (t *Translator) behind(ch *channel) []*channel {
	if !ch.local {
		return []*channel{ch}
	}
	var parties []*channel
	if other := t.otherHalf(ch); other != nil {
		for _, dialed := range other.dialed {
			if !dialed.local && dialed.told != call.Released {
				parties = append(parties, dialed)
			}
		}
	}
	return parties
}

// otherHalf is the other channel of a Local pair: "Local/1001@agents-00000000;1" and ";2".
func (t *Translator) otherHalf(ch *channel) *channel {
	if base, found := strings.CutSuffix(ch.name, ";1"); found {
		return t.byName[base+";2"]
	}
	base, _ := strings.CutSuffix(ch.name, ";2")
	return t.byName[base+";1"]
}
