package freeswitch_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/switches/switchtest"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/projections/history"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The switch's own books were written by the switch while the session was recorded, and owe nothing to the stream that
// the records are made of: the passages through queues are from the log of mod_callcenter, legs and calls from mod_json_cdr.

// tolerance is what two roundings to whole seconds can differ.
const tolerance = 1100 * time.Millisecond

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
	suite := suite(t)
	for _, session := range suite.Sessions {
		t.Run(session.Name, func(t *testing.T) {
			folder := filepath.Join("testdata", "sessions", session.Name)
			calls, _ := switchtest.Calls(t, suite.Whole(t, session))
			records := map[string]history.Record{}
			for _, s := range calls {
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

// Every leg that the switch has kept a record of is a party of a call, but for the halves of loopback channels, which the
// switch makes for itself; with the times that the switch has.
func TestEveryLegInTheBooksIsAParty(t *testing.T) {
	suite := suite(t)
	for _, session := range suite.Sessions {
		t.Run(session.Name, func(t *testing.T) {
			folder := filepath.Join("testdata", "sessions", session.Name)
			calls, _ := switchtest.Calls(t, suite.Whole(t, session))
			parties := map[string]call.Party{}
			for _, s := range calls {
				for _, p := range s.Parties {
					parties[string(p.ID)] = oneLife(parties[string(p.ID)], p)
				}
			}
			for _, leg := range rows(t, filepath.Join(folder, "legs.csv")) {
				if strings.HasPrefix(leg["channel"], "loopback/") {
					assert.NotContains(t, parties, leg["uuid"], "half of a loopback channel")
					continue
				}
				p, ok := parties[leg["uuid"]]
				if !assert.True(t, ok, "%s (%s) is no party", leg["uuid"], leg["channel"]) || session.Name == "15-link-loss-reconnect" {
					continue // what happened while the link was lost is known to the second at best
				}
				assert.WithinDuration(t, microseconds(t, leg["end"]), p.ReleasedAt, 150*time.Millisecond, "%s: end", leg["uuid"])
				if answer := leg["answer"]; answer != "0" && answer != "" {
					assert.WithinDuration(t, microseconds(t, answer), p.ConnectedAt, 150*time.Millisecond, "%s: answer", leg["uuid"])
				} else {
					assert.True(t, p.ConnectedAt.IsZero(), "%s: not answered", leg["uuid"])
				}
				if leg["hangup_by"] == "recv_bye" && p.Cause == call.NormalClearing {
					assert.Equal(t, p.ID, p.ReleasedBy, "%s hung up", leg["uuid"])
				}
			}
		})
	}
}

// oneLife is what two calls tell of one leg: it was answered in the first, and ended in the last.
func oneLife(a, b call.Party) call.Party {
	if a.ID == "" {
		return b
	}
	if b.ReleasedAt.Before(a.ReleasedAt) {
		a, b = b, a
	}
	if !a.ConnectedAt.IsZero() && a.ConnectedAt.Before(b.ConnectedAt) {
		b.ConnectedAt = a.ConnectedAt
	}
	return b
}

func microseconds(t *testing.T, text string) time.Time {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	require.NoError(t, err)
	return time.UnixMicro(n).UTC()
}
