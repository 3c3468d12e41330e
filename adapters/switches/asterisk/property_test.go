package asterisk_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
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

// foldedCalls is the calls of a log, and where the history of each says that something was missed.
func foldedCalls(t testing.TB, log eventlog.Reader) (calls map[eventlog.Stream]call.State, marks map[eventlog.Stream][]string) {
	t.Helper()
	calls, marks = map[eventlog.Stream]call.State{}, map[eventlog.Stream][]string{}
	for r, err := range log.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		if r.Stream.Kind() != wire.Call {
			continue
		}
		e, err := wire.DecodeCall(r)
		require.NoError(t, err)
		calls[r.Stream] = call.Evolve(calls[r.Stream], e)
		if _, anomaly := e.Body.(call.AnomalyNoted); anomaly || e.Inferred {
			marks[r.Stream] = append(marks[r.Stream], r.SwitchTime.Round(2*time.Second).String()+" "+r.Type+" "+string(r.Data))
		}
	}
	return calls, marks
}

// without is the links without one block.
func without(links [][]asterisk.Block, link, i int) [][]asterisk.Block {
	changed := append([][]asterisk.Block{}, links...)
	changed[link] = append(append([]asterisk.Block{}, links[link][:i]...), links[link][i+1:]...)
	return changed
}

// untold are the losses that nothing else in a stream tells, by the event and with the reason, for what a manager's user
// is sent. All others change no record without a mark.
var untold = []struct {
	user    string
	sent    func(asterisk.Block) bool
	reasons map[string]string
}{
	{
		user: "is sent everything",
		sent: func(b asterisk.Block) bool { return true },
		reasons: map[string]string{
			"VarSet": "the action Originate sets variables before the dialplan has taken a step that would announce it",
		},
	},
	{
		user: "is sent no channel event logging",
		sent: func(b asterisk.Block) bool { return b.Event() != "CEL" },
		reasons: map[string]string{
			"VarSet":           "as above",
			"HangupRequest":    "who hung up is told by it, and by the log of the hangup; the Hangup that follows has no author",
			"BlindTransfer":    "the rest looks like a channel that goes on in the dialplan",
			"AttendedTransfer": "the rest looks like bridges that change",
		},
	},
	{
		user: "is sent neither that nor the dialplan class",
		sent: func(b asterisk.Block) bool {
			return b.Event() != "CEL" && b.Event() != "Newexten" && b.Event() != "VarSet"
		},
		reasons: map[string]string{
			"HangupRequest":      "as above",
			"BlindTransfer":      "as above",
			"AttendedTransfer":   "as above",
			"UserEvent":          "the step of the dialplan that sends it is in the class",
			"QueueCallerJoin":    "the step of the dialplan that leads to the queue is in the class; told by what the queue does next, unless the call ends there",
			"QueueCallerAbandon": "QUEUESTATUS is in the class, and that the channel went on",
			"Newchannel":         "the steps of the dialplan that tell what an originated channel is for are in the class",
		},
	},
}

// Whatever single block is lost, nothing panics and no call stays open; and the records are the same, or the history says
// that something was missed, but for what is untold.
func TestAnySingleBlockMayBeLost(t *testing.T) {
	for _, folder := range small(t) {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Parallel()
			for i, u := range untold {
				if i > 0 && !strings.Contains("03 08 09 11 13 17 20", filepath.Base(folder)[:2]) {
					continue // the others have nothing in them that these do not have, and each costs seconds
				}
				var links [][]asterisk.Block
				for _, blocks := range parsed(t, folder) {
					links = append(links, slices.DeleteFunc(blocks, func(b asterisk.Block) bool { return unread(b) || !u.sent(b) }))
				}
				for _, episode := range episodes(links) {
					for event, where := range silentLosses(t, episode) {
						assert.Contains(t, u.reasons, event, "a user who %s: %s", u.user, where)
					}
				}
			}
		})
	}
}

// episodes cuts a session of one connection where the switch has no channel: what is lost before says nothing of what comes
// after. What was told of the queues' members stands before each.
func episodes(links [][]asterisk.Block) [][][]asterisk.Block {
	if len(links) > 1 {
		return [][][]asterisk.Block{links}
	}
	var all [][][]asterisk.Block
	var before, episode []asterisk.Block
	live := map[string]bool{}
	for i, b := range links[0] {
		episode = append(episode, b)
		switch b.Event() {
		case "Newchannel":
			live[b.Get("Uniqueid")] = true
		case "Hangup":
			delete(live, b.Get("Uniqueid"))
		}
		began := slices.ContainsFunc(episode, func(b asterisk.Block) bool { return b.Event() == "Newchannel" })
		quiet := i+1 < len(links[0]) && links[0][i+1].Event() == "Newchannel" // what follows a Hangup belongs to it
		if began && len(live) == 0 && quiet || i == len(links[0])-1 {
			all = append(all, [][]asterisk.Block{slices.Concat(before, episode)})
			before = append(before, slices.DeleteFunc(episode, func(b asterisk.Block) bool { return !strings.HasPrefix(b.Event(), "QueueMember") })...)
			episode = nil
		}
	}
	return all
}

// silentLosses loses one block after the other and tells, by the event that was lost, where that changed a record without
// a mark.
func silentLosses(t *testing.T, links [][]asterisk.Block) map[string]string {
	silent := map[string]string{}
	whole, marksBefore := foldedCalls(t, play(t, links))
	for link, blocks := range links {
		for i, b := range blocks {
			calls, marks := foldedCalls(t, play(t, without(links, link, i)))
			for stream, s := range calls {
				require.True(t, s.Ended(), "link %d, %v lost: %s is left open", link, b.Headers(), stream)
			}
			for stream, before := range whole {
				told := func(s eventlog.Stream) bool { return anew(marksBefore[s], marks[s]) }
				if !sameRecord(before, calls[stream]) && !slices.ContainsFunc(conversation(before, calls), told) {
					silent[b.Event()] = fmt.Sprintf("link %d, %v lost changes %s", link, b.Headers(), stream)
				}
			}
		}
	}
	return silent
}

// unread reports whether a block is one of those that the translator does not read at all.
func unread(b asterisk.Block) bool {
	switch b.Event() {
	case "RTCPSent", "RTCPReceived", "BridgeCreate", "BridgeDestroy", "DTMFBegin", "Cdr":
		return true
	case "CEL":
		return slices.Contains([]string{"CHAN_START", "CHAN_END", "LINKEDID_END", "STREAM_BEGIN", "STREAM_END", "DTMF"}, b.Get("EventName"))
	}
	return false
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
