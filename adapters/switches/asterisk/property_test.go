package asterisk_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/adapters/switches/switchtest"
	"github.com/callstate/callstate/domain/engine"
)

func TestReadingASessionTwiceAddsNothing(t *testing.T) { suite(t).Twice(t) }

// A digit has no name: two are two.
func TestEveryBlockMayComeTwice(t *testing.T) { suite(t).EveryPieceMayComeTwice(t, "DTMFEnd") }

func TestCallsMayInterleaveInAnyOrder(t *testing.T) { suite(t).CallsMayInterleave(t) }

func TestTheLogFoldsToWhatTheEngineKnew(t *testing.T) { suite(t).TheLogFolds(t) }

func TestInvariants(t *testing.T) { suite(t).Invariants(t) }

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

// Whatever single block is lost, the record is the same or the history says that something was missed, but for what is
// untold.
func TestAnySingleBlockMayBeLost(t *testing.T) {
	for i, u := range untold {
		t.Run(u.user, func(t *testing.T) {
			s := suite(t)
			s.Sessions = slices.DeleteFunc(s.Sessions, func(session switchtest.Session[asterisk.Block]) bool {
				// The others have nothing in them for a poorer view that these do not have, and each costs seconds.
				return i > 0 && !strings.Contains("03 08 09 11 13 17 20", session.Name[:2])
			})
			s.AnySinglePieceMayBeLost(t, u.reasons, func(b asterisk.Block) bool { return unread(b) || !u.sent(b) })
		})
	}
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

func TestDigitsAreKeptWhereThatIsWanted(t *testing.T) {
	suite(t).DigitsAreKept(t, "01-answered-caller-hangs-up", "main", []string{"100200", "1"}, func(keep []string) connection.Interpreter[asterisk.Block] {
		v := vocabulary()
		v.KeepDigits = keep
		return asterisk.NewTranslator(v)
	})
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
		if _, err := asterisk.Import(t.Context(), bytes.NewReader(session), translator, e, nil); errors.Is(err, asterisk.ErrNotAMI) {
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
