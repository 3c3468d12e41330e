package call_test

import (
	"strings"
	"testing"

	"github.com/callstate/callstate/domain/call"
)

func TestUserDataIsChangedOnRequest(t *testing.T) {
	change := func(set []call.Pair, del ...string) call.ChangeUserData {
		return call.ChangeUserData{At: at(9), Actor: "agent:1001", Set: set, Delete: del}
	}
	done := func(set []call.Pair, del ...string) []call.Event {
		return events(call.Event{At: at(9), Actor: "agent:1001", Body: call.UserDataChanged{Set: set, Deleted: del, By: "agent:1001"}})
	}
	checkAll(t, map[string]spec{
		"a new key":                {given: answered, ask: change([]call.Pair{{Key: "Ticket", Value: "7"}}), then: done([]call.Pair{{Key: "Ticket", Value: "7"}})},
		"a key that is gone":       {given: answered, ask: change(nil, "Account"), then: done(nil, "Account")},
		"what is so already":       {given: answered, ask: change([]call.Pair{{Key: "Account", Value: "100200"}}, "Nothing")},
		"an empty key":             {given: answered, ask: change([]call.Pair{{Value: "7"}}), refused: call.ErrInvalid},
		"a call that nobody knows": {ask: change(nil), refused: call.ErrUnknownCall},
		"a call that is over":      {given: ended, ask: change([]call.Pair{{Key: "Ticket", Value: "7"}}), refused: call.ErrCallEnded},
		"too much of it":           {given: answered, ask: change([]call.Pair{{Key: "k", Value: strings.Repeat("x", call.DefaultUserDataLimit)}}), refused: call.ErrUserDataTooLarge},
	})
}

func TestUserDataIsChangedOnlyAsItWasSeen(t *testing.T) {
	var before call.State
	for _, e := range answered {
		before = call.Evolve(before, e)
	}
	set := []call.Pair{{Key: "Ticket", Value: "7"}}
	asSeen := func(version string) call.ChangeUserData {
		return call.ChangeUserData{At: at(9), Actor: "agent:1001", Set: set, Seen: version}
	}
	then := events(call.Event{At: at(9), Actor: "agent:1001", Body: call.UserDataChanged{Set: set, By: "agent:1001"}})
	after := call.Evolve(before, then[0])
	checkAll(t, map[string]spec{
		"it is as it was seen":     {given: answered, ask: asSeen(before.UserDataVersion()), then: then},
		"it is another by now":     {given: answered, ask: asSeen(after.UserDataVersion()), refused: call.ErrUserDataChanged},
		"nothing was ever like it": {given: answered, ask: asSeen("x"), refused: call.ErrUserDataChanged},
	})
}

func TestTheAgentWritesDownHowItWent(t *testing.T) {
	checkAll(t, map[string]spec{
		"a disposition after the call": {given: ended, ask: call.SetDisposition{At: at(30), Actor: "agent:1001", Code: "sold"},
			then: events(call.Event{At: at(30), Actor: "agent:1001", Body: call.DispositionSet{Code: "sold"}})},
		"the same again": {given: join(ended, events(happened(30, call.DispositionSet{Code: "sold"}))), ask: call.SetDisposition{At: at(31), Code: "sold"}},
		"an empty one":   {given: ended, ask: call.SetDisposition{At: at(30)}, refused: call.ErrInvalid},
		"a note": {given: answered, ask: call.AddNote{At: at(30), Actor: "agent:1001", Text: "calls back"},
			then: events(call.Event{At: at(30), Actor: "agent:1001", Body: call.NoteAdded{Text: "calls back"}})},
		"an empty note": {given: answered, ask: call.AddNote{At: at(30)}, refused: call.ErrInvalid},
	})
}
