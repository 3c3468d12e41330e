package asterisk_test

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/callstate/callstate/adapters/switches/connection/connectiontest"
	"github.com/callstate/callstate/adapters/switches/switchtest"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections/history"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The switch's own books were written by the switch while the session was recorded, and owe nothing to the stream that
// the records are made of. Where the two agree, both are right.

// bookedVisit is one wait in one queue as the switch wrote it down (queue_log). Times are whole seconds.
type bookedVisit struct {
	queue, result, agent string
	wait, talk           float64 // NaN: not in the book
	noAnswers            []string
	endedBy              string
}

// tolerance is what two roundings to whole seconds can differ.
const tolerance = 1.1

// readBooks reads a queue_log ("time|call id|queue|member|event|data...") into the visits of each call.
func readBooks(t *testing.T, path string) map[string][]*bookedVisit {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	calls := map[string][]*bookedVisit{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		f := append(strings.Split(lines.Text(), "|"), "", "", "")
		if len(f) < 8 || f[1] == "NONE" || f[1] == "MANAGER" {
			continue
		}
		id, queue, member, event, data := f[1], f[2], strings.TrimPrefix(f[3], "Agent/"), f[4], f[5:]
		if event == "ENTERQUEUE" {
			calls[id] = append(calls[id], &bookedVisit{queue: queue, wait: math.NaN(), talk: math.NaN()})
			continue
		}
		var v *bookedVisit
		for _, candidate := range calls[id] {
			if candidate.queue == queue {
				v = candidate // the last one
			}
		}
		if v != nil {
			v.enter(event, member, data)
		}
	}
	return calls
}

func (v *bookedVisit) enter(event, member string, data []string) {
	switch event {
	case "RINGNOANSWER":
		v.noAnswers = append(v.noAnswers, member)
	case "CONNECT":
		v.result, v.agent, v.wait = "answered", member, number(data[0])
	case "ABANDON":
		v.result, v.wait = "abandoned", number(data[2])
	case "EXITWITHTIMEOUT":
		v.result, v.wait = "timedOut", number(data[2])
	case "EXITEMPTY", "EXITWITHKEY":
		v.result = "left"
	case "COMPLETECALLER":
		v.talk, v.endedBy = number(data[1]), "caller"
	case "COMPLETEAGENT":
		v.talk, v.endedBy = number(data[1]), "agent"
	}
}

func number(s string) float64 {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return math.NaN()
	}
	return n
}

// records are the call records of a log by the switch's own id of the call.
func records(t *testing.T, log eventlog.Reader) map[string]history.Record {
	t.Helper()
	found := map[string]history.Record{}
	calls, _ := switchtest.Calls(t, log)
	for _, s := range calls {
		found[s.SwitchCallID] = history.RecordOf(s)
	}
	return found
}

func TestTheRecordsAgreeWithTheSwitchsBooks(t *testing.T) {
	suite := suite(t)
	for _, session := range suite.Sessions {
		t.Run(session.Name, func(t *testing.T) {
			made := records(t, suite.Whole(t, session))
			for id, booked := range readBooks(t, filepath.Join("testdata", "sessions", session.Name, "queue_log")) {
				record, ok := made[id]
				if !assert.True(t, ok, "%s: no such call", id) || !assert.Len(t, record.Queues, len(booked), "%s: queue visits", id) {
					continue
				}
				for i, want := range booked {
					agrees(t, want, record, record.Queues[i])
				}
			}
		})
	}
}

func agrees(t *testing.T, want *bookedVisit, r history.Record, have history.QueueVisit) {
	t.Helper()
	where := r.SwitchCallID + " in " + want.queue
	assert.Equal(t, want.queue, have.Queue, where)
	if want.result == "" {
		return // the recording ends before the wait does
	}
	assert.Equal(t, want.result, string(have.Result), where)
	assert.Equal(t, want.agent, have.Agent, where)
	if !math.IsNaN(want.wait) {
		assert.InDelta(t, want.wait, float64(have.WaitMs)/1000, tolerance, "%s: wait", where)
	}
	var silent []string
	for _, offer := range have.NoAnswers {
		silent = append(silent, offer.Agent)
	}
	assert.Equal(t, want.noAnswers, silent, "%s: no answers", where)
	stays := slices.DeleteFunc(slices.Clone(r.Agents), func(s history.AgentStay) bool { return s.Agent != want.agent || s.Queue != want.queue })
	if want.agent == "" || math.IsNaN(want.talk) || !assert.NotEmpty(t, stays, where) {
		return
	}
	// After a transfer or a redirect the switch closes an agent's part late, with a talk time that covers what others did.
	if len(stays) == 1 && len(r.Transfers) == 0 && len(r.Related) == 0 {
		assert.InDelta(t, want.talk, float64(stays[0].TalkMs)/1000, tolerance, "%s: talk", where)
		assert.Contains(t, []string{want.endedBy, "switch"}, stays[0].EndedBy, "%s: ended by", where)
	}
}

// The switch's channel event log names every channel that there was. Each is a party of a call, but for two kinds of
// artefacts: Local channels, which the switch makes for itself, and channels that were taken back before the phone rang.
func TestEveryChannelIsAccountedFor(t *testing.T) {
	suite := suite(t)
	for _, session := range suite.Sessions {
		t.Run(session.Name, func(t *testing.T) {
			parties := map[string]bool{}
			calls, _ := switchtest.Calls(t, suite.Whole(t, session))
			for _, s := range calls {
				for _, p := range s.Parties {
					parties[string(p.ID)] = true
				}
			}
			for id, channel := range channelsStarted(t, filepath.Join("testdata", "sessions", session.Name, "cel.csv.gz")) {
				if !strings.HasPrefix(channel, "Local/") {
					assert.True(t, parties[id], "%s (%s)", channel, id)
				}
			}
		})
	}
}

// channelsStarted are the channels in a CEL file, by unique id, but for those that were gone within 50 ms.
func channelsStarted(t *testing.T, path string) map[string]string {
	t.Helper()
	lines := csv.NewReader(bytes.NewReader(connectiontest.Recording(t, path)))
	lines.LazyQuotes, lines.FieldsPerRecord = true, -1
	started, since := map[string]string{}, map[string]float64{}
	for {
		f, err := lines.Read()
		if err == io.EOF {
			return started
		}
		require.NoError(t, err)
		switch id, at := f[14], number(f[1]); f[0] {
		case "CHAN_START":
			started[id], since[id] = f[9], at
		case "CHAN_END":
			if at-since[id] < 0.05 {
				delete(started, id)
			}
		}
	}
}
