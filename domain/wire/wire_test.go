package wire_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/link"
	"github.com/callstate/callstate/domain/wire"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write golden files for events that have none")

var (
	moment = time.Date(2026, 11, 23, 9, 0, 0, 123456000, time.UTC)
	connID = call.NewConnID(moment, "pbx1", "1795395601.0")

	otherID = call.NewConnID(moment, "pbx1", "1795395609.9")
)

// One example of every event with every field filled in.
var examples = map[string]any{
	"CallStarted":           call.CallStarted{ConnID: connID, Switch: "pbx1", SwitchCallID: "1795395601.0", Origin: call.External, ANI: "2125550001", DNIS: "5550100", ConsultOf: otherID},
	"CallEnded":             call.CallEnded{By: "1795395601.0", Cause: call.NormalClearing},
	"PartyDialing":          call.PartyDialing{Party: "p", DN: "2125550001", External: true, Agent: "1001", Dialed: "5550100"},
	"PartyAlerting":         call.PartyAlerting{Party: "p", DN: "1001", External: true, Role: call.Origination, Agent: "1001", Queue: "sales", Visit: "v", From: otherID},
	"PartyConnected":        call.PartyConnected{Party: "p", DN: "1001", External: true, Role: call.Origination, Agent: "1001", Queue: "sales", Visit: "v", From: otherID},
	"PartyHeld":             call.PartyHeld{Party: "p"},
	"PartyRetrieved":        call.PartyRetrieved{Party: "p"},
	"PartyFailed":           call.PartyFailed{Party: "p", DN: "1001", External: true, Role: call.Origination, Agent: "1001", Queue: "sales", Visit: "v", Cause: call.Busy},
	"PartyReleased":         call.PartyReleased{Party: "p", Cause: call.NoAnswer, By: "q"},
	"QueueEntered":          call.QueueEntered{Visit: "v", Queue: "sales", Party: "p", Position: 2},
	"QueueDistributed":      call.QueueDistributed{Visit: "v", Queue: "sales", Agent: "1001", DN: "1001", Party: "q"},
	"QueueLeft":             call.QueueLeft{Visit: "v", Queue: "sales", Reason: call.TimedOut},
	"QueueAbandoned":        call.QueueAbandoned{Visit: "v", Queue: "sales"},
	"IVREntered":            call.IVREntered{IVR: "main", Party: "p"},
	"IVRLeft":               call.IVRLeft{IVR: "main", Party: "p", Choice: "1"},
	"UserDataChanged":       call.UserDataChanged{Set: []call.Pair{{Key: "Kunde", Value: "Müller & Söhne <GmbH>"}}, Deleted: []string{"old"}, By: "ivr:main"},
	"DispositionSet":        call.DispositionSet{Code: "sold"},
	"NoteAdded":             call.NoteAdded{Text: "calls back"},
	"AnomalyNoted":          call.AnomalyNoted{Anomaly: call.ActivityAfterEnd, Subject: "p", Detail: "ringing"},
	"ConsultStarted":        call.ConsultStarted{Consult: otherID, By: "p", To: "1003"},
	"ConsultEnded":          call.ConsultEnded{Consult: otherID, Result: call.ConsultCancelled},
	"CallTransferred":       call.CallTransferred{Kind: call.Attended, By: "p", To: "1003", ToCall: otherID},
	"CallMerged":            call.CallMerged{Survivor: connID, Absorbed: otherID},
	"ConferenceFormed":      call.ConferenceFormed{By: "p", Room: "800"},
	"SupervisorJoined":      call.SupervisorJoined{Party: "s", DN: "1090", Target: "p", Mode: call.Silent},
	"SupervisorModeChanged": call.SupervisorModeChanged{Party: "s", Mode: call.Whisper},
	"SupervisorLeft":        call.SupervisorLeft{Party: "s"},
	"CallParked":            call.CallParked{Party: "p", Space: "701", By: "q"},
	"CallUnparked":          call.CallUnparked{Party: "p", Reason: call.ParkRetrieved, By: "1004"},
	"RecordingStarted":      call.RecordingStarted{Recording: "r", Party: "p"},
	"RecordingPaused":       call.RecordingPaused{Recording: "r"},
	"RecordingResumed":      call.RecordingResumed{Recording: "r"},
	"RecordingStopped":      call.RecordingStopped{Recording: "r"},
	"DigitsCollected":       call.DigitsCollected{Party: "p", Count: 6},
	"CallPresumedEnded":     call.CallPresumedEnded{Reason: call.GoneAtResync},
	"RequestMade":           call.RequestMade{ID: "c1", Request: call.Monitors, Party: "p", DN: "1090", Target: "1001", TargetParty: "q", Consult: otherID, Mode: call.Whisper, Recording: "r", Count: 4, Attempt: "a"},
	"RequestRefused":        call.RequestRefused{ID: "c1", Request: call.Holds, Party: "p", DN: "1001", Reason: "unsupported", Detail: "the switch cannot do this"},
	"AgentRequestMade":      agent.AgentRequestMade{ID: "c1", Request: agent.BecomesNotReady, DN: "1001", Queues: []string{"sales"}, Reason: "lunch", Target: "2125550001", ConnID: otherID, Attempt: "a"},
	"AgentRequestRefused":   agent.AgentRequestRefused{ID: "c1", Request: agent.LogsIn, DN: "1001", Reason: "dnHasAgent", Detail: "another agent is logged in there"},
	"AgentLoggedIn":         agent.AgentLoggedIn{Agent: "1001", DN: "1001", Switch: "pbx1"},
	"AgentLoggedOut":        agent.AgentLoggedOut{Agent: "1001"},
	"AgentJoinedQueue":      agent.AgentJoinedQueue{Queue: "sales"},
	"AgentLeftQueue":        agent.AgentLeftQueue{Queue: "sales"},
	"AgentReady":            agent.AgentReady{Queue: "sales"},
	"AgentNotReady":         agent.AgentNotReady{Queue: "sales", Reason: "lunch"},
	"AfterCallWorkStarted":  agent.AfterCallWorkStarted{ConnID: connID, LimitMs: 5000},
	"AfterCallWorkEnded":    agent.AfterCallWorkEnded{ConnID: connID},
	"LinkUp":                link.LinkUp{Switch: "pbx1", Kind: "asterisk", Version: "11.0.0", Started: "2026-11-23 00:59:56"},
	"GapDetected":           link.GapDetected{Switch: "pbx1", Missed: 120},
	"DeviceInService":       link.DeviceInService{Switch: "pbx1", DN: "1001"},
	"DeviceOutOfService":    link.DeviceOutOfService{Switch: "pbx1", DN: "1001"},
	"LinkDown":              link.LinkDown{Switch: "pbx1", Reason: "connection reset"},
	"Resynchronised":        link.Resynchronised{Switch: "pbx1", Channels: 3, Agents: 2, Started: "2026-11-23 00:59:56"},
	"CallReplayed":          access.CallReplayed{ConnID: connID, View: "v"},
	"FloorReplayed":         access.FloorReplayed{From: moment, FromPosition: 1, To: moment, ToPosition: 9, Agent: "1001", View: "v"},
	"CallExported":          access.CallExported{ConnID: connID, Format: "feature", View: "v"},
	"RequestDenied":         access.RequestDenied{Operation: "POST /v1/calls/{connId}/hold", Path: "/v1/calls/x/hold", Role: "agent", Reason: "not his", View: "v"},
	"CallViewed":            access.CallViewed{ConnID: connID, What: access.TheRecord, View: "v"},
	"CallsSearched":         access.CallsSearched{Query: "ani=2125550001", Format: "csv", View: "v"},
	"FloorViewed":           access.FloorViewed{Moment: moment, Agent: "1001", View: "v"},
	"NumberExplained":       access.NumberExplained{Number: "abandoned", Query: "queue=sales", View: "v"},
	"LogRead":               access.LogRead{FromPosition: 1, ToPosition: 9, View: "v"},
	"SessionBegan":          access.SessionBegan{Session: "s", Role: "agent", Agent: "1001"},
	"SessionEnded":          access.SessionEnded{Session: "s", Of: "agent:1001"},
	"SwitchRestarted":       link.SwitchRestarted{Switch: "pbx1", Started: "2026-11-23 00:59:56"},
}

func encode(example any) eventlog.Event {
	const at = eventlog.Revision(7)
	switch body := example.(type) {
	case call.Body:
		return wire.EncodeCall(wire.CallStream(connID), at, call.Event{At: moment, Inferred: true, Actor: "agent:1001", Body: body})
	case agent.Body:
		return wire.EncodeAgent(wire.AgentStream("1001"), at, agent.Event{At: moment, Inferred: true, Actor: "agent:1001", Body: body})
	case link.Body:
		return wire.EncodeLink(wire.SwitchStream("pbx1"), at, link.Event{At: moment, Inferred: true, Actor: "agent:1001", Body: body})
	case access.Body:
		return wire.EncodeAccess(wire.AuditStream(body.Subject()), at, access.Event{At: moment, Actor: "agent:1001", Body: body})
	}
	panic("no such family")
}

func decode(family any, r eventlog.Record) (any, error) {
	switch family.(type) {
	case call.Body:
		e, err := wire.DecodeCall(r)
		return e.Body, err
	case agent.Body:
		e, err := wire.DecodeAgent(r)
		return e.Body, err
	case access.Body:
		e, err := wire.DecodeAccess(r)
		return e.Body, err
	}
	e, err := wire.DecodeLink(r)
	return e.Body, err
}

func TestEveryStoredNameHasAnExample(t *testing.T) {
	for name := range wire.Names() {
		assert.Contains(t, examples, name)
	}
	assert.Len(t, examples, len(wire.Names()))
}

// An event type that is missing in the table would only be found when it happens.
func TestEveryEventTypeIsInTheTable(t *testing.T) {
	var files []string
	for _, folder := range []string{"../call", "../agent", "../link", "../access"} {
		found, err := filepath.Glob(folder + "/*.go")
		require.NoError(t, err)
		require.NotEmpty(t, found)
		files = append(files, found...)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		for _, decl := range parsed.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv != nil && slices.Contains([]string{"evolve", "Subject"}, f.Name.Name) {
				assert.Contains(t, wire.Names(), f.Recv.List[0].Type.(*ast.Ident).Name)
			}
		}
	}
}

// What has been added to an event since, and need not be there.
func TestOptionalFieldsOfEvents(t *testing.T) {
	for text, body := range map[string]call.Body{
		`{"party":"p","count":4,"digits":"4471"}`: call.DigitsCollected{Party: "p", Count: 4, Digits: "4471"},
		`{"party":"p","count":4,"digits":"44*#"}`: call.DigitsCollected{Party: "p", Count: 4, Digits: "44*#"},
	} {
		stored := wire.EncodeCall("call-1", 1, call.Event{Body: body})
		assert.JSONEq(t, text, string(stored.Data))
		read, err := wire.DecodeCall(eventlog.Record{Stream: "call-1", Revision: 1, Event: stored})
		require.NoError(t, err)
		assert.Equal(t, body, read.Body)
	}
}

// The golden files are what logs on disks hold. A test that fails here means that old logs would be read wrongly: give
// the event a new version instead.
func TestGoldenFiles(t *testing.T) {
	for name, version := range wire.Names() {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", fmt.Sprintf("%s.v%d.json", name, version))
			stored := encode(examples[name])
			assert.Equal(t, name, stored.Type)
			golden, err := os.ReadFile(path)
			if os.IsNotExist(err) && *update {
				golden = append(stored.Data, '\n')
				require.NoError(t, os.WriteFile(path, golden, 0o644))
			} else {
				require.NoError(t, err)
			}
			assert.JSONEq(t, string(golden), string(stored.Data))
			assert.True(t, json.Valid(golden))

			body, err := decode(examples[name], eventlog.Record{Event: eventlog.Event{Type: name, Version: version, Data: golden}})
			require.NoError(t, err)
			assert.Equal(t, examples[name], body)
		})
	}
}

func TestTheEnvelopeTravels(t *testing.T) {
	e, err := wire.DecodeCall(eventlog.Record{Event: encode(examples["PartyHeld"])})
	require.NoError(t, err)
	assert.Equal(t, call.Event{At: moment, Inferred: true, Actor: "agent:1001", Body: examples["PartyHeld"].(call.Body)}, e)
}

// Ids are the same on every machine and for ever; this one was computed once.
func TestAnEventIDIsDerived(t *testing.T) {
	id := wire.EventID("call-1", 1, "PartyHeld", []byte(`{"party":"p"}`))
	assert.Equal(t, "b5be5586-6452-5cd9-86a8-2ac528804026", id.String())
	for _, other := range []string{
		wire.EventID("call-2", 1, "PartyHeld", []byte(`{"party":"p"}`)).String(),
		wire.EventID("call-1", 2, "PartyHeld", []byte(`{"party":"p"}`)).String(),
		wire.EventID("call-1", 1, "PartyRetrieved", []byte(`{"party":"p"}`)).String(),
		wire.EventID("call-1", 1, "PartyHeld", []byte(`{"party":"q"}`)).String(),
	} {
		assert.NotEqual(t, id.String(), other)
	}
}

func TestWhatANewerProgramWroteIsNotGuessedAt(t *testing.T) {
	for name, r := range map[string]eventlog.Event{
		"an unknown name":  {Type: "CallTeleported", Version: 1, Data: []byte("{}")},
		"a newer version":  {Type: "PartyHeld", Version: 2, Data: []byte("{}")},
		"another family's": {Type: "AgentReady", Version: 1, Data: []byte("{}")},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := wire.DecodeCall(eventlog.Record{Stream: "call-1", Revision: 3, Event: r})
			assert.ErrorIs(t, err, wire.ErrUnknown)
		})
	}
	_, err := wire.DecodeCall(eventlog.Record{Event: eventlog.Event{Type: "PartyHeld", Version: 1, Data: []byte("{")}})
	assert.Error(t, err)
}

func TestFieldsOfTheFutureArePassedOver(t *testing.T) {
	e, err := wire.DecodeCall(eventlog.Record{Event: eventlog.Event{Type: "PartyHeld", Version: 1, Data: []byte(`{"party":"p","mood":"good"}`)}})
	require.NoError(t, err)
	assert.Equal(t, call.PartyHeld{Party: "p"}, e.Body)
}
