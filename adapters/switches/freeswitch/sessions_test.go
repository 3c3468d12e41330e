package freeswitch_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/adapters/switches/freeswitch"
	"github.com/callstate/callstate/adapters/switches/switchtest"
	"github.com/callstate/callstate/domain/engine"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden histories")

// recording is the bytes of the links of a session, one after the other.
func recording(t testing.TB, folder string) [][]byte {
	t.Helper()
	return switchtest.Streams(t, folder, "events.esl.gz", "events.2.esl.gz")
}

// parsed is what came over a connection.
func parsed(t testing.TB, stream []byte) []freeswitch.Event {
	t.Helper()
	var events []freeswitch.Event
	for frames := freeswitch.NewFrameReader(bytes.NewReader(stream)); ; {
		frame, err := frames.Next()
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			return events
		}
		if e, err := freeswitch.ParseEvent(frame); frame.Kind == freeswitch.FrameBlock && err == nil {
			events = append(events, e)
		}
	}
}

// The vocabulary of the recorded contact centre: its agents have 3 s of wrap-up.
func vocabulary() freeswitch.Vocabulary {
	return freeswitch.Vocabulary{Switch: "pbx", Wrapup: 3 * time.Second, DataVariables: []string{"customer_tier", "language"}}
}

// suite is the recorded sessions as what everything that translators must hold is tested on.
func suite(t testing.TB) switchtest.Suite[freeswitch.Event] {
	t.Helper()
	return switchtest.Suite[freeswitch.Event]{
		NewLog:     func() switchtest.Log { return memory.New() },
		Translator: func() connection.Interpreter[freeswitch.Event] { return freeswitch.NewTranslator(vocabulary()) },
		Kind:       kind, Legs: legs, Long: 2000,
		Sessions: sessions.Read(t, recording, parsed),
	}
}

// sessions are read once for all tests.
var sessions switchtest.Recorded[freeswitch.Event]

// kind is the name of an event; of one of mod_callcenter, what it tells, and of an application, which.
func kind(e freeswitch.Event) string {
	for _, name := range []string{"CC-Action", "Action", "Application"} {
		if value := e.Get(name); value != "" {
			return e.Name() + " " + value
		}
	}
	return e.Name()
}

func legs(e freeswitch.Event) []string {
	var ids []string
	for _, name := range []string{"Unique-ID", "Other-Leg-Unique-ID", "Bridge-A-Unique-ID", "Bridge-B-Unique-ID", "CC-Member-Session-UUID",
		"variable_cc_member_session_uuid", "variable_originator", "variable_other_loopback_leg_uuid"} {
		if id := e.Get(name); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

func TestARecordedSessionHasOneHistory(t *testing.T) {
	suite(t).Golden(t, filepath.Join("testdata", "histories"), *update)
}

func TestReadingASessionTwiceAddsNothing(t *testing.T) { suite(t).Twice(t) }

func TestEveryEventMayComeTwice(t *testing.T) { suite(t).EveryPieceMayComeTwice(t) }

func TestCallsMayInterleaveInAnyOrder(t *testing.T) { suite(t).CallsMayInterleave(t) }

func TestDigitsAreKeptWhereThatIsWanted(t *testing.T) {
	suite(t).DigitsAreKept(t, "01-inbound-answer-caller-hangup", "ivr_account", []string{"4711#", "4713#", "47150#"}, func(keep []string) connection.Interpreter[freeswitch.Event] {
		v := vocabulary()
		v.KeepDigits = keep
		return freeswitch.NewTranslator(v)
	})
}

func TestTheLogFoldsToWhatTheEngineKnew(t *testing.T) { suite(t).TheLogFolds(t) }

func TestInvariants(t *testing.T) { suite(t).Invariants(t) }

func TestAnySingleEventMayBeLost(t *testing.T) {
	suite(t).AnySinglePieceMayBeLost(t, map[string]string{
		"":    "an answer to a question; the event socket loses events, which it queues, and no answers",
		"API": "only the command tells whom a leg is for that the switch makes",
	}, unread)
}

// unread reports whether an event is one that the translator does not look at.
func unread(e freeswitch.Event) bool {
	switch e.Name() {
	case "CODEC", "PRESENCE_IN", "RE_SCHEDULE", "TRAP", "PLAYBACK_START", "PLAYBACK_STOP", "PRIVATE_COMMAND":
		return true
	case "":
		return e.Type != "api/response"
	}
	return false
}

// FuzzTranslator: mutated recordings never panic, never leave the domain's invariants, and cost bounded memory.
func FuzzTranslator(f *testing.F) {
	for _, folder := range []string{"03-abandon-in-queue", "09-attended-transfer", "10-three-way-conference", "15-link-loss-reconnect", "18-loopback-agent"} {
		links := recording(f, "testdata/sessions/"+folder)
		last := links[len(links)-1]
		f.Add(last[:min(len(last), 60_000)])
	}
	f.Fuzz(func(t *testing.T, session []byte) {
		log := memory.New()
		e := engine.New(log, func() time.Time { return time.Time{} }, nil)
		if _, err := freeswitch.Import(t.Context(), bytes.NewReader(session), freeswitch.NewTranslator(vocabulary()), e, nil); errors.Is(err, freeswitch.ErrNotESL) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		calls, _ := switchtest.Calls(t, log)
		for stream, s := range calls {
			if s.Ended() && s.LiveParties() > 0 {
				t.Errorf("%s has ended with parties", stream)
			}
		}
	})
}
