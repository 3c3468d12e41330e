package history_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/projectiontest"
)

// crowded is a day on which many calls begin in the same millisecond, some of them still going on.
func crowded(t *testing.T) *history.History {
	day := projectiontest.Day(5, projectiontest.DayOptions{Agents: 20, Events: 2000})
	for i := range 60 {
		start := at(float64(10 + i%3))
		name := fmt.Sprint("same-", i)
		id := call.NewConnID(start, "other", name)
		day.Call(id, call.CallIs{At: start, ConnID: id, Switch: "other", SwitchCallID: name, Origin: call.External, ANI: "2125550001", DNIS: "5550100"},
			call.PartyIs{At: start, Party: "caller", State: call.Connected, DN: "2125550001", Role: call.Origination, External: true},
			call.DataIs{At: start, By: "ivr:main", Set: []call.Pair{{Key: "name", Value: []string{"Blue Harbor", "Green Valley"}[i%2]}}})
		if i%4 > 0 {
			day.Call(id, call.PartyIs{At: start.Add(time.Duration(i*i*7) * time.Millisecond), Party: "caller", State: call.Released, By: "caller"})
		}
	}
	h := open(t, filepath.Join(t.TempDir(), "history.db"), day)
	t.Cleanup(func() { h.Close() })
	require.NoError(t, h.Apply(t.Context(), day.Records()))
	return h
}

// Whatever is asked for at once, a search finds what a reader of all records would pick, in the same order, whole and
// page by page.
func TestSearchFindsWhatAReaderWouldPick(t *testing.T) {
	t.Parallel()
	h := crowded(t)
	all, err := h.Calls(t.Context(), history.Filter{})
	require.NoError(t, err)
	require.Greater(t, len(all), 150)
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		f := filterFor(t, all)
		var expected []history.Record
		for _, r := range all {
			if wanted(f, r) {
				expected = append(expected, r)
			}
		}
		if f.Newest {
			slices.Reverse(expected)
		}
		found += len(expected)
		records, err := h.Calls(context.Background(), f)
		require.NoError(t, err)
		require.Equal(t, switchCallIDs(expected), switchCallIDs(records))
		f.Limit = rapid.IntRange(1, 20).Draw(t, "limit")
		for rest := expected; ; f.After = history.CursorOf(rest[f.Limit-1]) {
			if f.After != (history.Cursor{}) {
				rest = rest[f.Limit:]
			}
			page, err := h.Calls(context.Background(), f)
			require.NoError(t, err)
			require.Equal(t, switchCallIDs(rest[:min(f.Limit, len(rest))]), switchCallIDs(page))
			if len(page) < f.Limit {
				break
			}
		}
	})
	require.Positive(t, found)
}

// filterFor draws a filter that asks for some things that one of the records has, and perhaps for one that another has.
func filterFor(t *rapid.T, all []history.Record) (f history.Filter) {
	f.Newest = rapid.Bool().Draw(t, "newest")
	one := rapid.SampledFrom(all).Draw(t, "of")
	for range rapid.IntRange(0, 4).Draw(t, "things") {
		r := one
		if rapid.IntRange(0, 5).Draw(t, "of another") == 0 {
			r = rapid.SampledFrom(all).Draw(t, "other")
		}
		switch rapid.SampledFrom([]string{"type", "switch", "id", "numbers", "agent", "queue", "outcome", "data", "words", "duration", "time"}).Draw(t, "thing") {
		case "type":
			f.Type = r.Type
		case "switch":
			f.Switch = r.Switch
		case "id":
			f.SwitchCallID = r.SwitchCallID
		case "numbers":
			f.ANI, f.DNIS = r.ANI, r.DNIS
		case "agent":
			for _, s := range r.Agents {
				f.Agent = s.Agent
			}
		case "queue":
			for _, v := range r.Queues {
				f.Queue = v.Queue
			}
		case "outcome":
			f.Outcome = r.Outcome
		case "data":
			for key, value := range r.UserData {
				f.UserData = []call.Pair{{Key: key, Value: value}}
			}
		case "words":
			for _, value := range r.UserData {
				f.Text = rapid.SampledFrom([]string{value, `"` + value + `"`, value[:min(2, len(value))] + "*"}).Draw(t, "text")
			}
		case "duration":
			d := time.Duration(r.DurationMs) * time.Millisecond
			f.MinDuration = max(0, d-rapid.SampledFrom([]time.Duration{0, 1, time.Second, time.Minute}).Draw(t, "shorter")*time.Millisecond)
			f.MaxDuration = rapid.SampledFrom([]time.Duration{0, d + time.Millisecond, d + time.Minute}).Draw(t, "longer")
		case "time":
			started := time.Time(r.StartedAt)
			f.From, f.To = started, started.Add(rapid.SampledFrom([]time.Duration{time.Millisecond, time.Minute, time.Hour}).Draw(t, "range"))
		}
	}
	return f
}

// wanted says of a record what a filter lets through.
func wanted(f history.Filter, r history.Record) bool {
	is := func(asked, has string) bool { return asked == "" || asked == has }
	lasted, started := time.Duration(r.DurationMs)*time.Millisecond, time.Time(r.StartedAt)
	return is(string(f.Type), string(r.Type)) && is(f.Switch, r.Switch) && is(f.SwitchCallID, r.SwitchCallID) && is(f.ANI, r.ANI) && is(f.DNIS, r.DNIS) &&
		is(string(f.Outcome), string(r.Outcome)) &&
		(f.Agent == "" || slices.ContainsFunc(r.Agents, func(s history.AgentStay) bool { return s.Agent == f.Agent })) &&
		(f.Queue == "" || slices.ContainsFunc(r.Queues, func(v history.QueueVisit) bool { return v.Queue == f.Queue })) &&
		!slices.ContainsFunc(f.UserData, func(p call.Pair) bool { value, has := r.UserData[p.Key]; return !has || value != p.Value }) &&
		lasted.Milliseconds() >= f.MinDuration.Milliseconds() &&
		(f.MaxDuration == 0 || lasted <= f.MaxDuration && r.EndedAt != (history.Time{})) &&
		(f.From.IsZero() || !started.Before(f.From)) && (f.To.IsZero() || started.Before(f.To)) && says(f.Text, r)
}

// says looks for words as filterFor writes them.
func says(text string, r history.Record) bool {
	var words []string
	for _, value := range r.UserData {
		words = append(append(words, strings.Fields(strings.ToLower(value))...), "|")
	}
	said := " " + strings.Join(words, " ") + " "
	switch text = strings.ToLower(text); {
	case strings.HasPrefix(text, `"`):
		return strings.Contains(said, " "+strings.Trim(text, `"`)+" ")
	case strings.HasSuffix(text, "*"):
		return strings.Contains(said, " "+strings.TrimSuffix(text, "*"))
	}
	return !slices.ContainsFunc(strings.Fields(text), func(word string) bool { return !strings.Contains(said, " "+word+" ") })
}

func switchCallIDs(records []history.Record) []string {
	all := []string{}
	for _, r := range records {
		all = append(all, r.SwitchCallID)
	}
	return all
}

// What stands in the index beside the words cannot be looked for as a word.
func TestTermsAreNoWords(t *testing.T) {
	h, _ := carrying(t)
	term := history.Term("switch", "pbx")
	require.Empty(t, names(t, h, history.Filter{Text: term}))
	require.Empty(t, names(t, h, history.Filter{Text: strings.TrimPrefix(term, "=")}))
	require.Len(t, names(t, h, history.Filter{Switch: "pbx"}), 4)
}
