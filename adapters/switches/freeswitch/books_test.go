package freeswitch_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/history"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The switch's own books were written by the switch while the session was recorded, and owe nothing to the stream that
// the records are made of: the passages through queues are from the log of mod_callcenter, legs and calls from mod_json_cdr.

// tolerance is what two roundings to whole seconds can differ.
const tolerance = 1100 * time.Millisecond

func states(t *testing.T, log eventlog.Reader) map[eventlog.Stream]call.State {
	t.Helper()
	folded := map[eventlog.Stream]call.State{}
	for r, err := range log.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		if r.Stream.Kind() == wire.Call {
			e, err := wire.DecodeCall(r)
			require.NoError(t, err)
			folded[r.Stream] = call.Evolve(folded[r.Stream], e)
		}
	}
	return folded
}

// rows reads a book as rows by the names of its columns.
func rows(t *testing.T, path string) []map[string]string {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	var found []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		found = append(found, row)
	}
	return found
}

func TestTheRecordsAgreeWithTheSwitchsBooks(t *testing.T) {
	results := map[string]history.QueueResult{
		"answered": history.QueueAnswered, "BREAK_OUT": history.QueueAbandoned, "TIMEOUT": history.QueueTimedOut,
		"NO_AGENT_TIMEOUT": history.QueueLeft, "EXIT_WITH_KEY": history.QueueLeft,
	}
	for _, folder := range recordedSessions(t) {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			records := map[string]history.Record{}
			for _, s := range states(t, imported(t, recording(t, folder))) {
				records[s.SwitchCallID] = history.RecordOf(s)
			}
			booked := map[string][]map[string]string{}
			for _, row := range rows(t, filepath.Join(folder, "queue-passages.csv")) {
				booked[row["uuid"]] = append(booked[row["uuid"]], row)
			}
			for id, passages := range booked {
				record, ok := records[id]
				if !assert.True(t, ok, "%s: no such call", id) || !assert.Len(t, record.Queues, len(passages), "%s: passages", id) {
					continue
				}
				for i, want := range passages {
					have, where := record.Queues[i], id+" in "+want["queue"]
					assert.Equal(t, strings.TrimSuffix(want["queue"], "@default"), have.Queue, where)
					assert.Equal(t, results[want["outcome"]], have.Result, where)
					left := want["left"]
					if have.Result == history.QueueAnswered {
						left = want["agent_answered"]
						assert.Equal(t, strings.TrimSuffix(want["agent"], "@default"), have.Agent, where)
					}
					assert.InDelta(t, moment(t, left).Sub(moment(t, want["joined"])).Milliseconds(), have.WaitMs, float64(tolerance.Milliseconds()), where)
					assert.Equal(t, unanswered(want["failed_offers"]), offers(have.NoAnswers), where)
				}
			}
		})
	}
}

func moment(t *testing.T, stamp string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04:05.000000", stamp)
	require.NoError(t, err)
	return at
}

// unanswered are the agents who were offered a call and did not take it, in "1001@default=NO_ANSWER 1002@default=LOSE_RACE".
func unanswered(failed string) []string {
	agents := []string{}
	for _, offer := range strings.Fields(failed) {
		agent, cause, _ := strings.Cut(offer, "=")
		if slices.Contains([]string{"NO_ANSWER", "USER_BUSY", "CALL_REJECTED", "NO_USER_RESPONSE"}, cause) {
			agents = append(agents, strings.TrimSuffix(agent, "@default"))
		}
	}
	return agents
}

func offers(made []history.Offer) []string {
	agents := []string{}
	for _, o := range made {
		agents = append(agents, o.Agent)
	}
	return agents
}
