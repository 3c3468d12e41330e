package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/masking"
	"github.com/callstate/callstate/domain/wire"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// notWords are the fields of events that hold numbers that calls are made with, names of things of the switch, ids, or
// what people are known by. Everything else is words, and has no card number in it.
var notWords = map[string]bool{
	"ani": true, "dnis": true, "dn": true, "dialed": true, "to": true, "target": true,
	"id": true, "attempt": true, "party": true, "targetParty": true, "visit": true, "switchCallId": true, "recording": true, "view": true,
	"agent": true, "by": true, "switch": true, "queue": true, "queues": true, "ivr": true, "room": true, "space": true,
	"subject": true, "session": true, "of": true, "kind": true, "version": true, "started": true,
	// of a closed set, and what a link was lost by:
	"origin": true, "role": true, "cause": true, "mode": true, "result": true, "request": true, "anomaly": true, "format": true, "operation": true, "what": true, "number": true,
	"LinkDown.reason": true, "QueueLeft.reason": true, "CallUnparked.reason": true, "CallPresumedEnded.reason": true,
	"RequestRefused.reason": true, "AgentRequestRefused.reason": true,
}

// words tells each text in JSON that must have no card number in it.
func words(typ, field string, value any, tell func(field, text string)) {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			if !notWords[name] && !notWords[typ+"."+name] {
				words(typ, name, inner, tell)
			}
		}
	case []any:
		for _, inner := range v {
			words(typ, field, inner, tell)
		}
	case string:
		tell(field, v)
	}
}

func noCardNumbers(t require.TestingT, r eventlog.Record) {
	var body any
	require.NoError(t, json.Unmarshal(r.Data, &body))
	words(r.Type, "", body, func(field, text string) {
		require.Equal(t, masking.CardNumbers(text), text, "%s.%s", r.Type, field)
	})
}

// What is searched for stands in the log as in a URL, and has no card number in it however it is written there.
func TestNoSearchHasACardNumberInIt(t *testing.T) {
	for query, want := range map[string]string{
		"ani=2125550001&queue=sales":                 "ani=2125550001&queue=sales",
		"text=4111111111111111":                      "text=%2A%2A%2A%2A%2A%2A%2A%2A%2A%2A%2A%2A1111",
		"text=4111+1111+1111+1111":                   "text=%2A%2A%2A%2A+%2A%2A%2A%2A+%2A%2A%2A%2A+1111",
		"text=4111%201111%201111%201111&queue=sales": "queue=sales&text=%2A%2A%2A%2A+%2A%2A%2A%2A+%2A%2A%2A%2A+1111",
		"data=k%C3%A94111111111111111":               "data=k%C3%A9%2A%2A%2A%2A%2A%2A%2A%2A%2A%2A%2A%2A1111",
		"4111111111111111=x":                         "%2A%2A%2A%2A%2A%2A%2A%2A%2A%2A%2A%2A1111=x",
		"text=4111111111111111%":/* cut short */ "text=************1111%",
	} {
		store := memory.New()
		e := engine.New(store, clock, nil)
		require.NoError(t, e.Viewed(t.Context(), "user:jane", access.CallsSearched{Query: query, View: "1"}))
		require.NoError(t, e.Viewed(t.Context(), "user:jane", access.NumberExplained{Query: query, View: "2"}))
		for r, err := range store.ReadAll(t.Context(), 0) {
			require.NoError(t, err)
			event, err := wire.DecodeAccess(r)
			require.NoError(t, err)
			switch body := event.Body.(type) {
			case access.CallsSearched:
				assert.Equal(t, want, body.Query)
			case access.NumberExplained:
				assert.Equal(t, want, body.Query)
			}
			masked, err := engine.Masked(r)
			require.NoError(t, err)
			assert.Equal(t, r.Event, masked, "masked again")
		}
	}
}

// Every event that can be stored is tried with a card number wherever a text is: a new one whose words are not masked fails
// here.
func TestNoEventHasACardNumberInItsWords(t *testing.T) {
	const card = "4111 1111 1111 1111"
	for _, name := range wire.SortedNames() {
		golden, err := os.ReadFile(filepath.Join("..", "wire", "testdata", fmt.Sprintf("%s.v%d.json", name, wire.Names()[name])))
		require.NoError(t, err)
		var body any
		require.NoError(t, json.Unmarshal(golden, &body))
		data, err := json.Marshal(filled(body, card))
		require.NoError(t, err)
		for _, stream := range []eventlog.Stream{wire.CallStream(connID(1)), "agent-1001", "switch-pbx1", "audit-floor"} {
			r := eventlog.Record{Stream: stream, Revision: 7, Event: eventlog.Event{Type: name, Version: wire.Names()[name], Data: data}}
			r.ID = wire.EventID(r.Stream, r.Revision, r.Type, r.Data)
			if wire.Known(r) != nil {
				continue // of another kind of stream
			}
			r.Event, err = engine.Masked(r)
			require.NoError(t, err)
			noCardNumbers(t, r)
			assert.Equal(t, wire.EventID(r.Stream, r.Revision, r.Type, r.Data), r.ID, "the id of what is stored")
			again, err := engine.Masked(r)
			require.NoError(t, err)
			assert.Equal(t, r.Event, again, "masked again")
		}
	}
}

// filled is JSON with a text in place of each text that is no UUID and no time.
func filled(value any, text string) any {
	switch v := value.(type) {
	case map[string]any:
		for name := range v {
			v[name] = filled(v[name], text)
		}
	case []any:
		for i := range v {
			v[i] = filled(v[i], text)
		}
	case string:
		if uuid.Validate(v) == nil || strings.HasSuffix(v, "Z") {
			return v
		}
		return text
	}
	return value
}

func TestAnEventWithoutCardNumbersIsLeftAsItIs(t *testing.T) {
	data := []byte(`{ "code": "sold" }`) // as another program may write it
	r := eventlog.Record{Stream: wire.CallStream(connID(1)), Revision: 3, Event: eventlog.Event{Type: "DispositionSet", Version: 1, Data: data}}
	got, err := engine.Masked(r)
	require.NoError(t, err)
	assert.Equal(t, r.Event, got)

	r.Type = "NobodyKnowsThis"
	_, err = engine.Masked(r)
	assert.ErrorIs(t, err, wire.ErrUnknown)
}

func TestACardNumberNeverReachesTheLog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cards := rapid.Custom(func(t *rapid.T) string {
			number := rapid.SampledFrom([]string{"4111111111111111", "5555 5555 5555 4444", "3782-822463-10005", "6304000000000000000", "4222222222222"}).Draw(t, "card")
			return rapid.SampledFrom([]string{"", "a", "12 ", "note: ", "x-"}).Draw(t, "before") + number +
				rapid.SampledFrom([]string{"", "b", " 1229 123", ", " + number}).Draw(t, "behind")
		})
		word := func(of string) string { return cards.Draw(t, of) }
		pair := func() []call.Pair {
			return []call.Pair{{Key: word("key"), Value: word("value")}, {Key: "Card", Value: word("value")}}
		}

		log := memory.New()
		e := engine.New(log, clock, nil)
		x := &obedient{}
		executors := engine.Executors{"pbx1": x}
		id := connID(1)
		of := func(f call.Fact) engine.Observation { return engine.Observation{Call: id, CallFact: f} }
		facts := append(story(1)[:4],
			of(call.IVRIs{At: at(4), IVR: "main", Party: "a", Inside: true}),
			of(call.DataIs{At: at(5), Set: pair(), By: "ivr:main"}),
			of(call.DataIs{At: at(6), Set: []call.Pair{{Key: word("key"), Value: strings.Repeat("x", call.MaxUserData) + word("value")}}, By: "ivr:main"}),
			of(call.DigitsAre{At: at(7), Party: "a", Count: 16}),
			of(call.IVRIs{At: at(7), IVR: "main", Party: "a", Choice: word("choice")}),
			of(call.MissedIs{At: at(7), Party: "a", Report: word("report")}),
			login,
			engine.Observation{Agent: "1001", AgentFact: agent.MembershipIs{At: at(8), Agent: "1001", Switch: "pbx1", Queue: "sales", DN: "1001", Member: true, Paused: true, Reason: word("reason")}},
			engine.Observation{Agent: "1002", AgentFact: agent.SessionIs{At: at(8), Agent: "1002", Switch: "pbx1", DN: "1002", LoggedIn: true, Paused: true, Reason: word("reason")}},
		)
		end := func() eventlog.Position {
			position, err := log.End(context.Background())
			require.NoError(t, err)
			return position
		}
		require.NoError(t, e.Ingest(context.Background(), facts))
		told := end()
		for _, again := range []*engine.Engine{e, engine.New(log, clock, nil)} {
			require.NoError(t, again.Ingest(context.Background(), facts))
			require.Equal(t, told, end(), "what is masked is known again")
		}

		digits := "4111111111111111"
		requests := []call.Request{
			call.ChangeUserData{At: at(9), Actor: "agent:1001", Set: pair()},
			call.ChangeUserData{At: at(9), Actor: "agent:1001", ID: "c1", Delete: []string{word("key"), "Card"}},
			call.SetDisposition{At: at(9), Actor: "agent:1001", Code: word("code")},
			call.AddNote{At: at(9), Actor: "agent:1001", ID: "c2", Text: word("note")},
			call.SendDigits{By: by("c3"), Digits: digits},
		}
		for _, r := range requests {
			require.NoError(t, e.Command(context.Background(), executors, id, r))
		}
		require.Equal(t, digits, x.orders[0].Do.Digits, "the switch is to key them as they are")
		x.answer = fmt.Errorf("%w: %s", call.ErrSwitchRefused, strings.Repeat(" ", rapid.IntRange(250, 300).Draw(t, "where it is cut"))+word("refusal"))
		require.ErrorIs(t, e.Command(context.Background(), executors, id, call.Hold{By: by("c4")}), call.ErrSwitchRefused)
		require.ErrorIs(t, e.CommandAgent(context.Background(), executors, "1001", agent.NotReady{By: call.By{At: at(9), ID: "c5", DN: "1001"}, Reason: "other " + word("reason")}), call.ErrSwitchRefused)

		for r, err := range log.ReadAll(context.Background(), 0) {
			require.NoError(t, err)
			noCardNumbers(t, r)
			require.NotContains(t, string(r.Data), "41111111")
			require.NotContains(t, string(r.Data), "3782-822463")
		}
		settled := end()
		_, err := e.Request(context.Background(), id, requests[2])
		require.NoError(t, err)
		require.Equal(t, settled, end(), "asked for again")
	})
}

// A later report of the same is no news, although the log only has it masked.
func TestACardNumberToldLaterAgainIsNoNews(t *testing.T) {
	log := memory.New()
	e := engine.New(log, clock, nil)
	tell := func(seconds int, value string) {
		require.NoError(t, e.Ingest(t.Context(), []engine.Observation{{Call: connID(1),
			CallFact: call.DataIs{At: at(seconds), Set: []call.Pair{{Key: "Card", Value: value}}, By: "ivr:main"}}}))
	}
	require.NoError(t, e.Ingest(t.Context(), story(1)[:3]))
	tell(4, "4111111111111111")
	tell(5, "4111111111111111")
	tell(6, "5555555555554444")
	state, err := e.Call(t.Context(), connID(1))
	require.NoError(t, err)
	assert.Equal(t, []call.Pair{{Key: "Card", Value: "************4444"}}, state.UserData())
	assert.Equal(t, []string{"CallStarted", "PartyDialing", "PartyConnected", "UserDataChanged", "UserDataChanged"}, types(t, log, wire.CallStream(connID(1))))
}

func TestARefusalIsStillKnownByItsReason(t *testing.T) {
	_, e, x, executors := talking(t)
	x.answer = fmt.Errorf("%w: no 4111111111111111", call.ErrSwitchRefused)
	err := e.Command(t.Context(), executors, connID(1), call.Hold{By: by("c1")})
	assert.ErrorIs(t, err, call.ErrSwitchRefused)
	assert.True(t, errors.Is(err, call.ErrRefused))
	assert.NotContains(t, err.Error(), "41111111")
}

// An IVR whose digits are kept is still no place for card numbers.
func TestACardNumberThatIsKeyedIsMasked(t *testing.T) {
	for keyed, kept := range map[string]string{
		"4471": "4471", "4111111111111111": "************1111", "4111111111111111#": "************1111#", "1*4111111111111111#": "1*************1111#",
	} {
		log := memory.New()
		e := engine.New(log, clock, nil)
		require.NoError(t, e.Ingest(t.Context(), append(story(1)[:3], engine.Observation{Call: connID(1), CallFact: call.DigitsAre{
			At: at(3), Party: "a", Count: len(keyed), Digits: keyed,
		}})))
		for r, err := range log.ReadAll(t.Context(), 0) {
			require.NoError(t, err)
			noCardNumbers(t, r)
			if r.Type == "DigitsCollected" {
				assert.JSONEq(t, fmt.Sprintf(`{"party": "a", "count": %d, "digits": %q}`, len(keyed), kept), string(r.Data))
			}
		}
	}
}
