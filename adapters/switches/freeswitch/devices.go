package freeswitch

import (
	"strings"

	"github.com/callstate/callstate/domain/link"
)

// registration reads what mod_sofia tells of a telephone that registers, is signed off, or has not registered again in time.
// Of a user with several telephones the last word counts.
func (t *Translator) registration(e Event, subclass string) {
	dn := firstOf(e.Get("from-user"), e.Get("user")) // that which has expired is of a "user"
	if dn != "" && !t.isTrunk("sofia/"+e.Get("profile-name"), dn) {
		t.deviceIs(dn, subclass != "sofia::register")
	}
}

// deviceIs tells whether the device of a DN can be reached.
func (t *Translator) deviceIs(dn string, out bool) {
	if told, known := t.outOfService[dn]; known && told == out {
		return // the usual case by far
	}
	dn = strings.Clone(dn)
	t.outOfService[dn] = out
	t.linkFact(link.DeviceIs{At: t.clock.Last, Switch: t.vocabulary.Switch, DN: dn, OutOfService: out})
}
