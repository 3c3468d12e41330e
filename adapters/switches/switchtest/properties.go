package switchtest

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/history"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Twice: reading a session twice adds nothing; nor does an engine that joins when the link comes back.
func (s Suite[P]) Twice(t *testing.T) {
	for _, session := range s.Sessions {
		t.Run(session.Name, func(t *testing.T) {
			log := s.Play(t, session.Links)
			once := EventIDs(t, log)
			assert.Equal(t, once, EventIDs(t, s.Whole(t, session)), "every machine derives the same ids")
			s.PlayInto(t, log, session.Links)
			assert.Equal(t, once, EventIDs(t, log), "the same link, from the beginning")
			s.PlayInto(t, log, session.Links[len(session.Links)-1:])
			assert.Equal(t, once, EventIDs(t, log), "who joined when the link came back")
		})
	}
}

// EveryPieceMayComeTwice: what comes twice is the same history. nameless are the kinds of which two are two.
func (s Suite[P]) EveryPieceMayComeTwice(t *testing.T, nameless ...string) {
	for _, session := range s.short() {
		t.Run(session.Name, func(t *testing.T) {
			var twice [][]P
			for _, link := range session.Links {
				var doubled []P
				for _, piece := range link {
					doubled = append(doubled, piece)
					if !slices.Contains(nameless, s.Kind(piece)) {
						doubled = append(doubled, piece)
					}
				}
				twice = append(twice, doubled)
			}
			once, _ := Calls(t, s.Whole(t, session))
			again, _ := Calls(t, s.Play(t, twice))
			require.Len(t, again, len(once))
			for stream, state := range once {
				assert.True(t, sameRecord(state, again[stream]), "%s: %+v became %+v", stream, history.RecordOf(state), history.RecordOf(again[stream]))
			}
		})
	}
}

// AnySinglePieceMayBeLost: whatever single piece is lost, nothing panics and no call stays open; and the records are the
// same, or the history says that something was missed. untold are the kinds of pieces of which nothing else tells, with
// the reason. unread are pieces that no translator reads.
func (s Suite[P]) AnySinglePieceMayBeLost(t *testing.T, untold map[string]string, unread func(P) bool) {
	for _, session := range s.short() {
		t.Run(session.Name, func(t *testing.T) {
			t.Parallel()
			var links [][]P
			for _, link := range session.Links {
				links = append(links, slices.DeleteFunc(slices.Clone(link), unread))
			}
			for _, conversation := range s.conversations(t, links) {
				for kind, where := range s.silentLosses(t, conversation) {
					assert.Contains(t, untold, kind, where)
				}
			}
		})
	}
}

// conversations is a session told once for each of its conversations, with what is about that one and what is about none:
// what is lost of one does not concern the others, and each is played as often as it has pieces.
func (s Suite[P]) conversations(t *testing.T, links [][]P) [][][]P {
	t.Helper()
	if len(links) > 1 { // a snapshot is about all
		return [][][]P{links}
	}
	calls, _ := Calls(t, s.Play(t, links))
	of := map[string]string{} // by leg, another one of the same conversation; who has none stands for all
	var root func(leg string) string
	root = func(leg string) string {
		if next, ok := of[leg]; ok {
			return root(next)
		}
		return leg
	}
	join := func(a, b string) {
		if root(a) != root(b) {
			of[root(a)] = root(b)
		}
	}
	for leg, id := range conversationsByLeg(calls) {
		join(leg, id.String())
	}
	for _, piece := range links[0] {
		for _, leg := range s.Legs(piece) {
			join(leg, s.Legs(piece)[0])
		}
	}
	told := map[string][]P{}
	for _, piece := range links[0] {
		if legs := s.Legs(piece); len(legs) > 0 {
			told[root(legs[0])] = nil
		}
	}
	var all [][][]P
	for one := range told {
		all = append(all, [][]P{slices.DeleteFunc(slices.Clone(links[0]), func(piece P) bool {
			legs := s.Legs(piece)
			return len(legs) > 0 && root(legs[0]) != one
		})})
	}
	return all
}

// silentLosses loses one piece after the other and tells, by its kind, where that changed a record without a mark.
func (s Suite[P]) silentLosses(t *testing.T, links [][]P) map[string]string {
	silent := map[string]string{}
	observed := s.observations(links)
	log := s.NewLog()
	record(t, log, observed)
	whole, marksBefore := Calls(t, log)
	for link, pieces := range links {
		for i, piece := range pieces {
			lossy := slices.Clone(links)
			lossy[link] = slices.Delete(slices.Clone(pieces), i, i+1)
			observations := s.observations(lossy)
			if reflect.DeepEqual(observed, observations) {
				continue // nothing was lost
			}
			log := s.NewLog()
			record(t, log, observations)
			calls, marks := Calls(t, log)
			where := fmt.Sprintf("link %d, piece %d, %s of %v lost", link, i, s.Kind(piece), s.Legs(piece))
			for stream, state := range calls {
				require.True(t, state.Ended(), "%s: %s is left open", where, stream)
			}
			for stream, before := range whole {
				told := func(other eventlog.Stream) bool { return anew(marksBefore[other], marks[other]) }
				if !sameRecord(before, calls[stream]) && !slices.ContainsFunc(conversation(before, calls), told) {
					silent[s.Kind(piece)] = fmt.Sprintf("%s: changes %s\n%+v\n%+v", where, stream, history.RecordOf(before), history.RecordOf(calls[stream]))
				}
			}
		}
	}
	return silent
}

// anew reports whether there is a mark that was not there before.
func anew(before, after []string) bool {
	return slices.ContainsFunc(after, func(mark string) bool { return !slices.Contains(before, mark) })
}

// conversation is the streams of the calls that a call has to do with, and of that which took its place.
func conversation(s call.State, calls map[eventlog.Stream]call.State) []eventlog.Stream {
	streams := []eventlog.Stream{wire.CallStream(s.ConnID), wire.CallStream(s.ConsultOf), wire.CallStream(s.MergedInto)}
	for _, c := range s.Consults {
		streams = append(streams, wire.CallStream(c.Consult))
	}
	for _, absorbed := range s.Absorbed {
		streams = append(streams, wire.CallStream(absorbed))
	}
	for stream, other := range calls {
		if other.SwitchCallID == s.SwitchCallID {
			streams = append(streams, stream)
		}
	}
	return streams
}

// CallsMayInterleave: pieces of different conversations may come in any order; what counts is the order in each.
func (s Suite[P]) CallsMayInterleave(t *testing.T) {
	var sessions []Session[P]
	conversations := map[string]map[string]call.ConnID{}
	for _, session := range s.short() {
		if len(session.Links) == 1 { // a lost link is about time, not order
			sessions = append(sessions, session)
			calls, _ := Calls(t, s.Whole(t, session))
			conversations[session.Name] = conversationsByLeg(calls)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		session := rapid.SampledFrom(sessions).Draw(rt, "session")
		byLeg := conversations[session.Name]
		shuffled := slices.Clone(session.Links[0])
		for range rapid.IntRange(1, 40).Draw(rt, "swaps") {
			i := rapid.IntRange(0, len(shuffled)-2).Draw(rt, "at")
			if apart(byLeg, s.Legs(shuffled[i]), s.Legs(shuffled[i+1])) {
				shuffled[i], shuffled[i+1] = shuffled[i+1], shuffled[i]
			}
		}
		before, _ := Calls(t, s.Whole(t, session))
		after, _ := Calls(t, s.Play(t, [][]P{shuffled}))
		for stream, state := range before {
			if !sameRecord(state, after[stream]) {
				rt.Fatalf("%s of %s: %+v became %+v", stream, session.Name, history.RecordOf(state), history.RecordOf(after[stream]))
			}
		}
	})
}

// conversationsByLeg names for each leg one of the calls of its conversation, the same for all its legs.
func conversationsByLeg(calls map[eventlog.Stream]call.State) map[string]call.ConnID {
	first := map[call.ConnID]call.ConnID{}
	var root func(call.ConnID) call.ConnID
	root = func(id call.ConnID) call.ConnID {
		if parent, ok := first[id]; ok && parent != id {
			return root(parent)
		}
		return id
	}
	for _, s := range calls {
		for _, other := range append([]call.ConnID{s.ConsultOf, s.MergedInto}, s.Absorbed...) {
			if !other.IsZero() && root(other) != root(s.ConnID) {
				first[root(other)] = root(s.ConnID)
			}
		}
	}
	byLeg := map[string]call.ConnID{}
	for _, s := range calls {
		for _, p := range s.Parties {
			byLeg[string(p.ID)] = root(s.ConnID)
		}
		for _, o := range s.Observers { // who listens to a call is of that conversation
			byLeg[string(o.Party)] = root(s.ConnID)
		}
	}
	return byLeg
}

// apart reports whether two pieces are about legs of different conversations, as far as that is known.
func apart(byLeg map[string]call.ConnID, a, b []string) bool {
	known := func(leg string) bool { _, ok := byLeg[leg]; return ok }
	if len(a) == 0 || len(b) == 0 || !known(a[0]) || !known(b[0]) {
		return false
	}
	for _, x := range a {
		for _, y := range b {
			if !known(x) || !known(y) || byLeg[x] == byLeg[y] {
				return false
			}
		}
	}
	return true
}

// TheLogFolds: what is live and what is replayed is the same, piece by piece.
func (s Suite[P]) TheLogFolds(t *testing.T) {
	for _, session := range s.short() {
		log := s.NewLog()
		e := engine.New(log, func() time.Time { return time.Time{} }, nil)
		translator := s.Translator()
		for _, link := range session.Links {
			require.NoError(t, e.Ingest(t.Context(), translator.LinkUp("", time.Time{})))
			for _, piece := range link {
				require.NoError(t, e.Ingest(t.Context(), translator.Translate(piece, time.Time{})))
			}
			require.NoError(t, e.Ingest(t.Context(), translator.LinkDown("end", time.Time{})))
		}
		calls, _ := Calls(t, log)
		for _, state := range calls {
			known, err := e.Call(t.Context(), state.ConnID)
			require.NoError(t, err)
			assert.Equal(t, state, known)
		}
	}
}

// Invariants are those that hold for every call of every session (docs/events.md): each has one end, with nobody left in it;
// the intervals of a party's life leave no gap; every wait and every consultation has an end; merges are known on both sides.
func (s Suite[P]) Invariants(t *testing.T) {
	for _, session := range s.Sessions {
		t.Run(session.Name, func(t *testing.T) {
			log := s.Whole(t, session)
			calls, _ := Calls(t, log)
			byID := map[call.ConnID]call.State{}
			for _, state := range calls {
				byID[state.ConnID] = state
			}
			for stream, state := range calls {
				assert.True(t, state.Ended(), "%s is left open", stream)
				assert.Equal(t, stream, wire.CallStream(state.ConnID))
				assert.Zero(t, state.LiveParties(), "%s: parties left in an ended call", stream)
				assert.Empty(t, state.Anomalies, "%s: what nobody can explain", stream)
				parties(t, stream, state)
				for _, v := range state.Visits {
					assert.NotEqual(t, call.Waiting, v.End, "%s: the wait in %s has no end", stream, v.Queue)
					assert.False(t, v.EndedAt.Before(v.EnteredAt), "%s: the wait in %s ends before it begins", stream, v.Queue)
				}
				if !state.MergedInto.IsZero() {
					survivor := byID[state.MergedInto]
					assert.Contains(t, survivor.Absorbed, state.ConnID, "%s: only one of the two calls knows of the merge", stream)
					assert.True(t, survivor.MergedInto.IsZero(), "%s: merged into a call that was merged itself", stream)
				}
				if !state.ConsultOf.IsZero() {
					assert.Contains(t, byID, state.ConsultOf)
					assert.NotEqual(t, state.ConnID, state.ConsultOf)
				}
				for _, c := range state.Consults {
					assert.False(t, c.EndedAt.IsZero(), "%s: a consultation has no end", stream)
				}
			}
			assertEndsOnce(t, log)
		})
	}
}

func parties(t *testing.T, stream eventlog.Stream, s call.State) {
	t.Helper()
	for _, p := range s.Parties {
		lived := p.ReleasedAt.Sub(p.AppearedAt)
		spent := p.Ring + p.Talk + p.Hold
		assert.LessOrEqual(t, spent, lived, "%s: %s rang, talked and held longer than it was there", stream, p.ID)
		assert.False(t, p.ReleasedAt.After(s.EndedAt), "%s: %s leaves a call that has ended", stream, p.ID)
		if p.Role == call.Destination && p.AlertingAt.Equal(p.AppearedAt) && p.FailedAt.IsZero() {
			assert.Equal(t, lived, spent, "%s: the intervals of %s's life leave a gap", stream, p.ID)
		}
	}
}

func assertEndsOnce(t *testing.T, log eventlog.Reader) {
	t.Helper()
	ends := map[eventlog.Stream]int{}
	for r, err := range log.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		if r.Stream.Kind() != wire.Call {
			continue
		}
		e, err := wire.DecodeCall(r)
		require.NoError(t, err)
		switch body := e.Body.(type) {
		case call.CallEnded, call.CallPresumedEnded:
			ends[r.Stream]++
		case call.CallMerged:
			if wire.CallStream(body.Absorbed) == r.Stream {
				ends[r.Stream]++
			}
		}
	}
	for stream, times := range ends {
		assert.Equal(t, 1, times, "%s ends once", stream)
	}
}

// tolerance is by how much the times of two records may differ that tell the same.
const tolerance = time.Second

// sameRecord compares what the records of two states tell.
func sameRecord(a, b call.State) bool {
	return alike(reflect.ValueOf(history.RecordOf(a)), reflect.ValueOf(history.RecordOf(b)))
}

// alike compares two values of one type: times and durations within the tolerance, all else exactly.
func alike(a, b reflect.Value) bool {
	switch {
	case a.Type() == reflect.TypeFor[history.Time]():
		x, y := time.Time(a.Interface().(history.Time)), time.Time(b.Interface().(history.Time))
		return x.IsZero() == y.IsZero() && x.Sub(y).Abs() <= tolerance
	case a.Kind() == reflect.Int64:
		return max(a.Int()-b.Int(), b.Int()-a.Int()) <= tolerance.Milliseconds()
	case a.Kind() == reflect.Struct:
		for i := range a.NumField() {
			if !alike(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case a.Kind() == reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !alike(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}
