package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // to damage read models with

	"github.com/callstate/callstate/adapters/store/pebble"
	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
)

// importAll imports recorded sessions of a kind of switch into a data folder, each as it was recorded.
func importAll(t *testing.T, data, kind string, names ...string) {
	t.Helper()
	for _, name := range names {
		files, err := filepath.Glob("../../adapters/switches/" + kind + "/testdata/sessions/" + name + "/events*.gz")
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			var errors bytes.Buffer
			require.Zero(t, run(t.Context(), []string{"import", "--switch", kind, "--name", kind, "--data", data, file}, os.Stdin, discard{}, &errors), errors.String())
		}
	}
}

// verified runs verify on a data folder.
func verified(t *testing.T, data string) (exit int, v verdict) {
	t.Helper()
	var out, errors bytes.Buffer
	exit = run(t.Context(), []string{"verify", "--data", data, "--format", "json"}, os.Stdin, &out, &errors)
	require.NoError(t, json.Unmarshal(out.Bytes(), &v), errors.String())
	return exit, v
}

// What real switches said makes a log, and read models, in which everything agrees.
func TestVerifyIsCleanAfterImportingAllRecordedSessions(t *testing.T) {
	data := t.TempDir()
	importAll(t, data, "asterisk", "*")
	importAll(t, data, "freeswitch", "*")
	exit, v := verified(t, data)
	assert.Zero(t, exit, "%+v", v)
	assert.True(t, v.OK)
	assert.Greater(t, v.Log.Records, uint64(2000))
	assert.Greater(t, v.Calls, 150)
	assert.Greater(t, v.Visits, 90)
	assert.Greater(t, v.Rows, 700)
}

// Whatever is changed in a copy of the read models or of the log behind callstate's back, verify finds it.
func TestVerifyFindsDamage(t *testing.T) {
	sound := t.TempDir()
	importAll(t, sound, "asterisk", "05-overflow", "07-agent-shift", "09-attended-transfer")
	exit, v := verified(t, sound)
	require.Zero(t, exit, "%+v", v)

	// Read models, by SQL; each statement has to change something.
	for name, statement := range map[string]string{
		"another outcome":                 "UPDATE calls SET outcome = 'abandoned' WHERE outcome = 'answered'",
		"a call is missing":               "DELETE FROM calls WHERE conn_id = (SELECT min(conn_id) FROM calls)",
		"a call that never was":           "INSERT INTO calls SELECT '00000000-0000-8000-8000-000000000001', switch, switch_call_id, type, ani, dnis, started_at, ended_at, duration_ms, ended_by, outcome, ivr_ms, disposition, anomalies FROM calls LIMIT 1",
		"a wait is missing":               "DELETE FROM queue_visits WHERE result = 'timedOut'",
		"a shorter wait":                  "UPDATE queue_visits SET wait_ms = wait_ms - 1 WHERE n = 0",
		"another agent took it":           "UPDATE agent_stays SET agent = '1099' WHERE agent = '1005'",
		"an offer is hushed up":           "DELETE FROM no_answers",
		"another party":                   "UPDATE parties SET dn = '5550199' WHERE external = 1",
		"other user data":                 "UPDATE user_data SET value = value || ' '",
		"other words":                     "UPDATE found_calls SET terms = 'nothing'",
		"words that are in no data":       "INSERT INTO found_by VALUES (0, 'invented', x'0100')",
		"a word does not find its calls":  "DELETE FROM found_by WHERE term = (SELECT max(term) FROM found_by)",
		"a word finds another call":       "UPDATE found_by SET calls = x'0000' WHERE term = (SELECT max(term) FROM found_by)",
		"a block is not looked at":        "UPDATE found_blocks SET last_ms = first_ms - 1",
		"a transfer is missing":           "DELETE FROM transfers",
		"a relation is missing":           "DELETE FROM related_calls WHERE n = 0",
		"a conversation is torn":          "UPDATE conversations SET conversation = conn_id",
		"a longer break":                  "UPDATE agent_states SET until = '2026-11-23T23:00:00.000Z' WHERE state = 'notReady'",
		"a shift is missing":              "DELETE FROM agent_sessions WHERE agent = '1001'",
		"an event is forgotten":           "UPDATE queue_visits SET entered_event = ''",
		"the checkpoint is ahead":         "UPDATE checkpoint SET position = position + 100",
		"the checkpoint is behind":        "UPDATE checkpoint SET position = position - 20",
		"the fold of an agent is changed": "UPDATE agent_folds SET revision = revision + 1",
		"a table is missing":              "DROP TABLE ivr_visits",
		"an index lies":                   "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, '(ani', '(dnis') WHERE name = 'calls_by_ani'",
	} {
		t.Run(name, func(t *testing.T) {
			data := copyOf(t, sound)
			db, err := sql.Open("sqlite", filepath.Join(data, "history.db"))
			require.NoError(t, err)
			result, err := db.Exec(statement)
			require.NoError(t, err)
			if changed, err := result.RowsAffected(); !strings.HasPrefix(statement, "DROP") {
				require.NoError(t, err)
				require.Positive(t, changed, "the damage is none")
			}
			require.NoError(t, db.Close())
			exit, v := verified(t, data)
			assert.Equal(t, exitFailure, exit)
			assert.NotEmpty(t, append(differencesOf(v), v.Unusable...), "%+v", v)
			assert.Empty(t, v.Findings)
		})
	}

	// The log, by somebody who writes to it what no switch said.
	first := firstCall(t, sound)
	never := call.NewConnID(time.Unix(1, 0), "pbx", "never")
	for name, appended := range map[string]eventlog.StreamAppend{
		"a wait ends twice":               events(t, sound, first, call.QueueAbandoned{Visit: visitOf(t, sound, first), Queue: "sales"}),
		"a wait ends that never was":      events(t, sound, first, call.QueueAbandoned{Visit: "none", Queue: "sales"}),
		"a party comes after the end":     events(t, sound, first, call.PartyAlerting{Party: "late", DN: "1001"}),
		"a merge into nothing":            events(t, sound, first, call.CallMerged{Survivor: never, Absorbed: first}),
		"something absorbed":              events(t, sound, first, call.CallMerged{Survivor: first, Absorbed: never}),
		"a call ends without a beginning": events(t, sound, never, call.CallEnded{}),
		"a consultation about nothing":    events(t, sound, never, call.CallStarted{ConnID: never, Switch: "pbx", ConsultOf: call.ConnID{1}}, call.CallEnded{}),
		"an open wait at the end": events(t, sound, never, call.CallStarted{ConnID: never, Switch: "pbx"},
			call.QueueEntered{Visit: "1", Queue: "sales", Party: "p"}, call.CallEnded{}),
		"work on a call that never was": agentEvent(t, sound, agent.AfterCallWorkStarted{ConnID: never}),
		"another call's name":           events(t, sound, never, call.CallStarted{ConnID: first, Switch: "pbx"}, call.CallEnded{}),
		"contents under another's id":   forged(t, sound, first),
		"an event of nobody's kind":     unknownEvent(t, sound, first),
	} {
		t.Run(name, func(t *testing.T) {
			data := copyOf(t, sound)
			store, err := pebble.Open(logFolder(data), pebble.Options{})
			require.NoError(t, err)
			require.NoError(t, store.Append(t.Context(), []eventlog.StreamAppend{appended}))
			require.NoError(t, store.Close())
			exit, v := verified(t, data)
			assert.Equal(t, exitFailure, exit)
			assert.NotEmpty(t, v.Findings, "%+v", v)
		})
	}

	// And the bytes of the log themselves.
	t.Run("a bit of the log is turned over", func(t *testing.T) {
		data := copyOf(t, sound)
		files, err := filepath.Glob(filepath.Join(logFolder(data), "*"))
		require.NoError(t, err)
		var largest string
		var size int64
		for _, file := range files {
			if info, err := os.Stat(file); err == nil && info.Size() > size {
				largest, size = file, info.Size()
			}
		}
		content, err := os.ReadFile(largest)
		require.NoError(t, err)
		content[len(content)/3] ^= 0x10
		require.NoError(t, os.WriteFile(largest, content, 0o600))
		var errors bytes.Buffer
		assert.Equal(t, exitFailure, run(t.Context(), []string{"verify", "--data", data}, os.Stdin, discard{}, &errors))
		assert.Contains(t, errors.String(), "damaged")
	})
}

func copyOf(t *testing.T, data string) string {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "data")
	require.NoError(t, os.CopyFS(copied, os.DirFS(data)))
	return copied
}

func differencesOf(v verdict) (texts []string) {
	for _, d := range v.History {
		texts = append(texts, d.String())
	}
	return texts
}

// stream reads a stream of a data folder.
func stream(t *testing.T, data string, name eventlog.Stream) (records []eventlog.Record) {
	t.Helper()
	store, err := pebble.Open(logFolder(data), pebble.Options{})
	require.NoError(t, err)
	defer store.Close()
	for r, err := range store.ReadStream(context.Background(), name, 1) {
		require.NoError(t, err)
		records = append(records, r)
	}
	return records
}

// firstCall is the first call of a log that waited in a queue.
func firstCall(t *testing.T, data string) call.ConnID {
	t.Helper()
	store, err := pebble.Open(logFolder(data), pebble.Options{})
	require.NoError(t, err)
	defer store.Close()
	for r, err := range store.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		if r.Type == "QueueDistributed" {
			id, err := call.ParseConnID(r.Stream.ID())
			require.NoError(t, err)
			return id
		}
	}
	t.Fatal("no call was distributed")
	return call.ConnID{}
}

func visitOf(t *testing.T, data string, id call.ConnID) call.VisitID {
	t.Helper()
	for _, r := range stream(t, data, wire.CallStream(id)) {
		event, err := wire.DecodeCall(r)
		require.NoError(t, err)
		if distributed, ok := event.Body.(call.QueueDistributed); ok {
			return distributed.Visit
		}
	}
	t.Fatal("it was not distributed")
	return ""
}

// events goes on with a call's stream.
func events(t *testing.T, data string, id call.ConnID, bodies ...call.Body) eventlog.StreamAppend {
	t.Helper()
	name := wire.CallStream(id)
	last := eventlog.Revision(len(stream(t, data, name)))
	appended := eventlog.StreamAppend{Stream: name, Expected: eventlog.At(last)}
	for i, body := range bodies {
		event := call.Event{At: time.Date(2026, 11, 23, 3, 0, i, 0, time.UTC), Body: body}
		appended.Events = append(appended.Events, wire.EncodeCall(name, last+1+eventlog.Revision(i), event))
	}
	return appended
}

func agentEvent(t *testing.T, data string, body agent.Body) eventlog.StreamAppend {
	t.Helper()
	name := wire.AgentStream("1001")
	last := eventlog.Revision(len(stream(t, data, name)))
	event := wire.EncodeAgent(name, last+1, agent.Event{At: time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC), Body: body})
	return eventlog.StreamAppend{Stream: name, Expected: eventlog.At(last), Events: []eventlog.Event{event}}
}

// forged has the id of something else that was said.
func forged(t *testing.T, data string, id call.ConnID) eventlog.StreamAppend {
	t.Helper()
	appended := events(t, data, id, call.NoteAdded{Text: "paid"})
	appended.Events[0].Data = []byte(`{"text":"not paid"}`)
	return appended
}

func unknownEvent(t *testing.T, data string, id call.ConnID) eventlog.StreamAppend {
	t.Helper()
	appended := events(t, data, id, call.NoteAdded{Text: "x"})
	appended.Events[0].Type = "CallTeleported"
	return appended
}
