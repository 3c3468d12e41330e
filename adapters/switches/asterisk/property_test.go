package asterisk_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/history"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// small are the sessions that are short enough to be played hundreds of times.
func small(t testing.TB) []string {
	var folders []string
	for _, folder := range recordedSessions(t) {
		if filepath.Base(folder) != "L1-load" {
			folders = append(folders, folder)
		}
	}
	return folders
}

// parsed is a session as its parsed blocks, one slice for each connection.
func parsed(t testing.TB, folder string) [][]asterisk.Block {
	t.Helper()
	var links [][]asterisk.Block
	for _, raw := range recording(t, folder) {
		var blocks []asterisk.Block
		frames := asterisk.NewFrameReader(bytes.NewReader(raw))
		for {
			frame, err := frames.Next()
			if err != nil {
				break
			}
			if b, err := asterisk.ParseBlock(frame.Raw); frame.Kind == asterisk.FrameBlock && err == nil {
				blocks = append(blocks, b)
			}
		}
		links = append(links, blocks)
	}
	return links
}

// play runs blocks through translator and engine, in one batch for each connection.
func play(t testing.TB, links [][]asterisk.Block) *memory.Store {
	t.Helper()
	log := memory.New()
	playInto(t, log, links)
	return log
}

func playInto(t testing.TB, log *memory.Store, links [][]asterisk.Block) {
	t.Helper()
	e := engine.New(log, func() time.Time { return time.Time{} }, nil)
	translator := asterisk.NewTranslator(vocabulary())
	for _, blocks := range links {
		observations := append([]engine.Observation{}, translator.LinkUp("11.0.0", time.Time{})...)
		for _, b := range blocks {
			observations = append(observations, translator.Translate(b, time.Time{})...)
		}
		observations = append(observations, translator.LinkDown("end", time.Time{})...)
		require.NoError(t, e.Ingest(t.Context(), observations))
	}
}

// foldedCalls is the calls of a log, and whether the history says of itself that something was missed.
func foldedCalls(t testing.TB, log eventlog.Reader) (calls map[eventlog.Stream]call.State, marked map[eventlog.Stream]bool) {
	t.Helper()
	calls, marked = map[eventlog.Stream]call.State{}, map[eventlog.Stream]bool{}
	for r, err := range log.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		if r.Stream.Kind() != wire.Call {
			continue
		}
		e, err := wire.DecodeCall(r)
		require.NoError(t, err)
		calls[r.Stream] = call.Evolve(calls[r.Stream], e)
		if _, anomaly := e.Body.(call.AnomalyNoted); anomaly || e.Inferred {
			marked[r.Stream] = true
		}
	}
	return calls, marked
}

// without is the links without one block.
func without(links [][]asterisk.Block, link, i int) [][]asterisk.Block {
	changed := append([][]asterisk.Block{}, links...)
	changed[link] = append(append([]asterisk.Block{}, links[link][:i]...), links[link][i+1:]...)
	return changed
}

// matters reports whether a block can make a difference: the others are not looked at.
func matters(b asterisk.Block) bool {
	switch b.Event() {
	case "RTCPSent", "RTCPReceived", "CEL", "Cdr", "DeviceStateChange", "NewConnectedLine", "MusicOnHoldStart", "MusicOnHoldStop",
		"BridgeCreate", "BridgeDestroy", "PeerStatus", "ContactStatus", "DTMFBegin", "":
		return false
	case "VarSet", "Newexten":
		return b.Get("Variable") == "QUEUESTATUS" || strings.HasSuffix(b.Get("Application"), "AGI")
	}
	return true
}

// Whatever single block is lost, nothing panics and no call stays open. Most losses change nothing that a record tells,
// or leave a mark in the history; what is told wrongly without a mark is counted, and must stay rare.
func TestAnySingleBlockMayBeLost(t *testing.T) {
	lost, silent := 0, map[string]int{}
	for _, folder := range small(t) {
		links := parsed(t, folder)
		whole, _ := foldedCalls(t, play(t, links))
		for link, blocks := range links {
			for i, b := range blocks {
				if !matters(b) {
					continue
				}
				lost++
				where := fmt.Sprintf("%s, link %d, block %d: %s", filepath.Base(folder), link, i, b.Event())
				calls, marked := foldedCalls(t, play(t, without(links, link, i)))
				for stream, s := range calls {
					if !assert.True(t, s.Ended(), "%s: %s is left open", where, stream) {
						return
					}
				}
				for stream, before := range whole {
					if !marked[stream] && !sameRecord(before, calls[stream]) {
						silent[b.Event()]++
						break
					}
				}
			}
		}
	}
	total := 0
	for event, n := range silent {
		t.Logf("%s lost: %d times a record changed without a mark", event, n)
		total += n
	}
	t.Logf("%d blocks lost one at a time, %d records changed without a mark", lost, total)
	assert.Less(t, total*100, lost*maxSilentPercent, "records that changed without a mark")
}

// maxSilentPercent bounds how many single losses may change a record without a mark in the history: a lost Hold, a lost
// digit or a lost CallData block leaves nothing behind by which it could be missed.
const maxSilentPercent = 5

// sameRecord compares what the records of two states tell, with times to the second.
func sameRecord(a, b call.State) bool {
	return reflect.DeepEqual(rounded(history.RecordOf(a)), rounded(history.RecordOf(b)))
}

func rounded(r history.Record) history.Record {
	second := func(t history.Time) history.Time { return history.Time(time.Time(t).Round(2 * time.Second)) }
	whole := func(ms int64) int64 { return (ms + 1000) / 2000 }
	r.StartedAt, r.EndedAt = second(r.StartedAt), second(r.EndedAt)
	r.DurationMs, r.IVRMs = whole(r.DurationMs), whole(r.IVRMs)
	for i := range r.Queues {
		r.Queues[i].EnteredAt, r.Queues[i].WaitMs = second(r.Queues[i].EnteredAt), whole(r.Queues[i].WaitMs)
		for j := range r.Queues[i].NoAnswers {
			r.Queues[i].NoAnswers[j].RingMs = whole(r.Queues[i].NoAnswers[j].RingMs)
		}
	}
	for i := range r.Agents {
		a := &r.Agents[i]
		a.RingingAt, a.AnsweredAt = second(a.RingingAt), second(a.AnsweredAt)
		a.RingMs, a.TalkMs, a.HoldMs = whole(a.RingMs), whole(a.TalkMs), whole(a.HoldMs)
	}
	for i := range r.Transfers {
		r.Transfers[i].At = second(r.Transfers[i].At)
	}
	return r
}

// Every block told twice is the same history.
func TestEveryBlockMayComeTwice(t *testing.T) {
	for _, folder := range small(t) {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			links := parsed(t, folder)
			var twice [][]asterisk.Block
			for _, blocks := range links {
				var doubled []asterisk.Block
				for _, b := range blocks {
					doubled = append(doubled, b)
					if b.Event() != "DTMFEnd" { // a digit has no name: two are two
						doubled = append(doubled, b)
					}
				}
				twice = append(twice, doubled)
			}
			once, _ := foldedCalls(t, play(t, links))
			again, _ := foldedCalls(t, play(t, twice))
			require.Len(t, again, len(once))
			for stream, s := range once {
				assert.Equal(t, rounded(history.RecordOf(s)), rounded(history.RecordOf(again[stream])), "%s", stream)
			}
		})
	}
}

// Blocks of different calls may come in any order: what counts is the order of each channel's own.
func TestCallsMayInterleaveInAnyOrder(t *testing.T) {
	folders := small(t)
	rapid.Check(t, func(rt *rapid.T) {
		folder := rapid.SampledFrom(folders).Draw(rt, "session")
		links := parsed(t, folder)
		if len(links) > 1 {
			return // a lost link is about time, not order
		}
		shuffled := links[0]
		for range rapid.IntRange(1, 40).Draw(rt, "swaps") {
			shuffled = swapped(shuffled, rapid.IntRange(0, len(shuffled)-2).Draw(rt, "at"))
		}
		before, _ := foldedCalls(t, play(t, links))
		after, _ := foldedCalls(t, play(t, [][]asterisk.Block{shuffled}))
		for stream, s := range before {
			if !reflect.DeepEqual(rounded(history.RecordOf(s)), rounded(history.RecordOf(after[stream]))) {
				rt.Fatalf("%s of %s: %+v became %+v", stream, folder, history.RecordOf(s), history.RecordOf(after[stream]))
			}
		}
	})
}

// swapped exchanges two neighbouring blocks where they are of different calls and close in time.
func swapped(blocks []asterisk.Block, i int) []asterisk.Block {
	a, b := blocks[i], blocks[i+1]
	callA, callB := a.Get("Linkedid"), b.Get("Linkedid")
	if callA == "" || callB == "" || callA == callB || a.Get("DestLinkedid") == callB || b.Get("DestLinkedid") == callA {
		return blocks
	}
	changed := append([]asterisk.Block{}, blocks...)
	changed[i], changed[i+1] = b, a
	return changed
}

// What is live and what is replayed is the same: the fold of the log is the state that the engine had.
func TestTheLogFoldsToWhatTheEngineKnew(t *testing.T) {
	for _, folder := range small(t) {
		links := parsed(t, folder)
		log := memory.New()
		e := engine.New(log, func() time.Time { return time.Time{} }, nil)
		translator := asterisk.NewTranslator(vocabulary())
		for _, blocks := range links {
			require.NoError(t, e.Ingest(t.Context(), translator.LinkUp("", time.Time{})))
			for _, b := range blocks {
				require.NoError(t, e.Ingest(t.Context(), translator.Translate(b, time.Time{})))
			}
			require.NoError(t, e.Ingest(t.Context(), translator.LinkDown("end", time.Time{})))
		}
		calls, _ := foldedCalls(t, log)
		for _, s := range calls {
			known, err := e.Call(t.Context(), s.ConnID)
			require.NoError(t, err)
			assert.Equal(t, s, known)
		}
	}
}

// The invariants that hold for every call of every session (docs/events.md).
func TestInvariants(t *testing.T) {
	for _, folder := range recordedSessions(t) {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			calls, _ := foldedCalls(t, imported(t, recording(t, folder)))
			byID := map[call.ConnID]call.State{}
			for _, s := range calls {
				byID[s.ConnID] = s
			}
			for stream, s := range calls {
				assert.Equal(t, stream, wire.CallStream(s.ConnID))
				assert.Zero(t, s.LiveParties(), "%s: parties left in an ended call", stream)
				for _, p := range s.Parties {
					lived := p.ReleasedAt.Sub(p.AppearedAt)
					spent := p.Ring + p.Talk + p.Hold
					assert.LessOrEqual(t, spent, lived, "%s: %s rang, talked and held longer than it was there", stream, p.ID)
					if p.Role == call.Destination && p.AlertingAt.Equal(p.AppearedAt) && p.FailedAt.IsZero() {
						assert.Equal(t, lived, spent, "%s: the intervals of %s's life leave a gap", stream, p.ID)
					}
				}
				for _, v := range s.Visits {
					assert.NotEqual(t, call.Waiting, v.End, "%s: the wait in %s has no end", stream, v.Queue)
					assert.False(t, v.EndedAt.Before(v.EnteredAt), "%s: the wait in %s ends before it begins", stream, v.Queue)
				}
				if !s.MergedInto.IsZero() {
					survivor := byID[s.MergedInto]
					assert.Contains(t, survivor.Absorbed, s.ConnID, "%s: only one of the two calls knows of the merge", stream)
					assert.True(t, survivor.MergedInto.IsZero(), "%s: merged into a call that was merged itself", stream)
				}
				if !s.ConsultOf.IsZero() {
					assert.Contains(t, byID, s.ConsultOf)
					assert.NotEqual(t, s.ConnID, s.ConsultOf)
				}
				for _, c := range s.Consults {
					assert.False(t, c.EndedAt.IsZero(), "%s: a consultation has no end", stream)
				}
			}
		})
	}
}

// Two engines on one link, of which one joined late, write one history.
func TestTwoEnginesOnOneLink(t *testing.T) {
	folder := "testdata/sessions/15-link-loss"
	links := recording(t, folder)
	log := memory.New()
	importInto(t, log, links)
	once := eventIDs(t, log)

	importInto(t, log, links) // the same link, from the beginning
	assert.Equal(t, once, eventIDs(t, log))

	late := links[len(links)-1:] // who joined when the link came back
	importInto(t, log, late)
	assert.Equal(t, once, eventIDs(t, log))
}

// FuzzTranslator: mutated recordings never panic, never leave the domain's invariants, and cost bounded memory.
func FuzzTranslator(f *testing.F) {
	for _, folder := range []string{"03-abandon-in-queue", "09-attended-transfer", "10-conference", "17-park", "22-local-members"} {
		f.Add(recording(f, "testdata/sessions/"+folder)[0][:20000])
	}
	f.Fuzz(func(t *testing.T, session []byte) {
		log := memory.New()
		e := engine.New(log, func() time.Time { return time.Time{} }, nil)
		translator := asterisk.NewTranslator(vocabulary())
		if _, err := asterisk.Import(t.Context(), bytes.NewReader(session), translator, e, nil); err != nil {
			return // not a recording at all
		}
		calls, _ := foldedCalls(t, log)
		for stream, s := range calls {
			if s.Ended() && s.LiveParties() > 0 {
				t.Errorf("%s has ended with parties", stream)
			}
		}
	})
}
