package audit

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
)

// Conversation reads the events of a call and of all calls that belong to the same conversation: consultations, what they
// are about, and calls that became one. They are in the order of the log. call.ErrUnknownCall when there is no such call.
func Conversation(ctx context.Context, log Streams, id call.ConnID) ([]eventlog.Record, error) {
	var all []eventlog.Record
	seen, next := map[call.ConnID]bool{}, []call.ConnID{id}
	for len(next) > 0 {
		each := next[0]
		if next = next[1:]; each.IsZero() || seen[each] {
			continue
		}
		seen[each] = true
		records, s, err := read(ctx, log, each)
		if err != nil {
			return nil, err
		}
		if each == id && len(records) == 0 {
			return nil, fmt.Errorf("call %s: %w", id, call.ErrUnknownCall)
		}
		all, next = append(all, records...), append(next, belonging(s)...)
	}
	slices.SortStableFunc(all, func(a, b eventlog.Record) int {
		if a.Position == 0 || b.Position == 0 { // not every store knows them here
			return a.SwitchTime.Compare(b.SwitchTime)
		}
		return cmp.Compare(a.Position, b.Position)
	})
	return all, nil
}

func read(ctx context.Context, log Streams, id call.ConnID) (records []eventlog.Record, s call.State, err error) {
	for r, err := range log.ReadStream(ctx, wire.CallStream(id), 1) {
		if err != nil {
			return nil, s, err
		}
		e, err := wire.DecodeCall(r)
		if err != nil {
			return nil, s, err
		}
		records, s = append(records, r), call.Evolve(s, e)
	}
	return records, s, nil
}

// belonging are the other calls of a call's conversation.
func belonging(s call.State) []call.ConnID {
	ids := append([]call.ConnID{s.ConsultOf, s.MergedInto}, s.Absorbed...)
	for _, c := range s.Consults {
		ids = append(ids, c.Consult)
	}
	for _, t := range s.Transfers {
		ids = append(ids, t.ToCall)
	}
	for _, p := range s.Parties {
		ids = append(ids, p.From)
	}
	return ids
}
