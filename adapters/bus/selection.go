package bus

import (
	"fmt"
	"strings"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
)

// All selects every record.
const All = "all"

// selection says which records of the log are meant.
type selection func(eventlog.Record) bool

// selectRecords reads what to select, one of which has to fit: "all", the kind of a stream ("call"), the name of an
// event ("PartyAlerting") or a stream ("agent-1001"). Nothing at all is "all".
func selectRecords(kinds ...string) (selection, error) {
	streams, names, all := map[string]bool{}, map[string]bool{}, len(kinds) == 0
	events := wire.Names()
	for _, kind := range kinds {
		_, event := events[kind]
		prefix, id, stream := strings.Cut(kind, "-")
		switch {
		case kind == All:
			all = true
		case event:
			names[kind] = true
		case knownKind(prefix) && (!stream || id != ""):
			streams[kind] = true
		default:
			return nil, fmt.Errorf("%q is none of: %s, the kind of a stream (call, agent, switch, audit), an event's name, a stream's name", kind, All)
		}
	}
	if all {
		return func(eventlog.Record) bool { return true }, nil
	}
	return func(r eventlog.Record) bool {
		return names[r.Type] || streams[r.Stream.Kind()] || streams[string(r.Stream)]
	}, nil
}

func knownKind(kind string) bool {
	switch kind {
	case wire.Call, wire.Agent, wire.Switch, wire.Audit:
		return true
	}
	return false
}

// CheckKinds says what is wrong with the kinds of a FeedConfig.
func CheckKinds(kinds []string) error {
	if _, err := selectRecords(kinds...); err != nil {
		return fmt.Errorf("kinds: %w", err)
	}
	return nil
}
