package asterisk

import (
	"strings"

	"github.com/callstate/callstate/domain/link"
)

// deviceState reads DeviceStateChange, live or from a snapshot. Asterisk's UNAVAILABLE is a device that is not registered
// or does not answer; INVALID and UNKNOWN say nothing of one.
func (t *Translator) deviceState(b Block) {
	switch b.Get("State") {
	case "UNAVAILABLE":
		t.deviceIs(b.Get("Device"), true)
	case "NOT_INUSE", "INUSE", "BUSY", "RINGING", "RINGINUSE", "ONHOLD":
		t.deviceIs(b.Get("Device"), false)
	}
}

// peerStatus reads PeerStatus, which channel drivers send when a device registers, is lost, or answers again.
func (t *Translator) peerStatus(b Block) {
	switch b.Get("PeerStatus") {
	case "Unreachable", "Unregistered":
		t.deviceIs(b.Get("Peer"), true)
	case "Reachable", "Registered", "Lagged":
		t.deviceIs(b.Get("Peer"), false)
	}
}

// deviceIs tells whether the device with a name ("PJSIP/1001") can be reached. What is no telephone is passed over:
// queues, hints and conferences ("Queue:sales", "Custom:night"), Local channels, and trunks.
func (t *Translator) deviceIs(name string, out bool) {
	tech, endpoint, found := strings.Cut(name, "/")
	if !found || tech == "Local" || strings.Contains(tech, ":") || t.isTrunk(endpoint, "") {
		return
	}
	dn, _, _ := strings.Cut(endpoint, "@")
	if told, known := t.outOfService[dn]; known && told == out {
		return // the usual case by far
	}
	dn = strings.Clone(dn)
	t.outOfService[dn] = out
	t.linkFact(link.DeviceIs{At: t.clock.Next(), Switch: t.vocabulary.Switch, DN: dn, OutOfService: out})
}
