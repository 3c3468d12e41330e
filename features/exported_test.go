package features_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cucumber/godog"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/projections/history"
)

// exported are the sessions of which calls are exported, by a part of their names; importing all takes long.
var exported = []string{"blind-transfer", "attended-transfer", "conference", "hold-retrieve", "internal", "link-loss", "abandon-in-queue", "ring-no-answer"}

// The calls of recorded sessions pass as scenarios as they are exported: what is said of them does not depend on the names
// and numbers that were replaced.
func TestExportedCallsPass(t *testing.T) {
	p := newPlace(t, inFolders)
	p.exported = t.TempDir()
	for _, kind := range switches {
		sessions, err := os.ReadDir(kind.recordings)
		require.NoError(t, err)
		for _, session := range sessions {
			if slices.ContainsFunc(exported, func(part string) bool { return strings.Contains(session.Name(), part) }) {
				exportCalls(t, p, recordedSession{kind, session.Name()})
			}
		}
	}
	suite := godog.TestSuite{
		ScenarioInitializer: p.initialize,
		Options:             &godog.Options{Format: "progress", Paths: []string{p.exported}, TestingT: t, Strict: true},
	}
	require.Zero(t, suite.Run())
}

// exportCalls exports the calls of a session, as one does who makes tests of them.
func exportCalls(t *testing.T, p *place, session recordedSession) {
	log, err := p.session(session, everything)
	require.NoError(t, err)
	out, err := log.run("calls", "--format", "json")
	require.NoError(t, err)
	var calls []history.Record
	require.NoError(t, json.Unmarshal(out, &calls))
	require.NotEmpty(t, calls)
	for i, r := range calls[:min(2, len(calls))] {
		name := fmt.Sprintf("%s-%s-%d", session.kind.name, session.name, i)
		_, err := log.run("export", r.ConnID.String(), "--format", "feature", "--name", name, "--out", p.exported)
		require.NoError(t, err)
		text, err := os.ReadFile(filepath.Join(p.exported, name+".jsonl"))
		require.NoError(t, err)
		for _, value := range r.UserData {
			require.False(t, strings.Contains(value, " ") && slices.Contains(strings.Split(string(text), `"`), value), "%s tells %q", name, value)
		}
	}
}
