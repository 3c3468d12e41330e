package history_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/projectiontest"
)

// carrying makes calls that only differ in their user data and how long they last; the name is the switch's id.
func carrying(t *testing.T) (*history.History, *projectiontest.Script) {
	var s projectiontest.Script
	for i, each := range []struct {
		name    string
		seconds float64
		data    []call.Pair
	}{
		{"harbor", 10, []call.Pair{{Key: "account", Value: "100200"}, {Key: "name", Value: "Blue Harbor"}}},
		{"valley", 60, []call.Pair{{Key: "account", Value: "100300"}, {Key: "name", Value: "Green Valley in the blue"}}},
		{"umlaut", 300, []call.Pair{{Key: "account", Value: "100200"}, {Key: "name", Value: "Müller & Söhne"}}},
		{"nothing", 20, nil},
	} {
		start := float64(i * 1000)
		id := call.NewConnID(at(start), "pbx", each.name)
		s.Call(id, call.CallIs{At: at(start), ConnID: id, Switch: "pbx", SwitchCallID: each.name, Origin: call.External},
			call.PartyIs{At: at(start), Party: "caller", State: call.Connected, DN: "2125550001", Role: call.Origination, External: true})
		if each.data != nil {
			s.Call(id, call.DataIs{At: at(start + 1), By: "ivr:main", Set: each.data})
		}
		s.Call(id, call.PartyIs{At: at(start + each.seconds), Party: "caller", State: call.Released, By: "caller"})
	}
	h := open(t, filepath.Join(t.TempDir(), "history.db"), &s)
	t.Cleanup(func() { h.Close() })
	require.NoError(t, h.Apply(t.Context(), s.Records()))
	return h, &s
}

func names(t *testing.T, h *history.History, f history.Filter) []string {
	t.Helper()
	found, err := h.Calls(t.Context(), f)
	require.NoError(t, err)
	all := []string{}
	for _, r := range found {
		all = append(all, r.SwitchCallID)
	}
	return all
}

func TestSearchByUserDataAndDuration(t *testing.T) {
	h, _ := carrying(t)
	pair := func(key, value string) []call.Pair { return []call.Pair{{Key: key, Value: value}} }
	for name, c := range map[string]struct {
		filter   history.Filter
		expected []string
	}{
		"key and value":             {history.Filter{UserData: pair("account", "100200")}, []string{"harbor", "umlaut"}},
		"the value of another key":  {history.Filter{UserData: pair("name", "100200")}, []string{}},
		"two entries":               {history.Filter{UserData: append(pair("account", "100200"), pair("name", "Blue Harbor")...)}, []string{"harbor"}},
		"a word in any case":        {history.Filter{Text: "BLUE"}, []string{"harbor", "valley"}},
		"two words":                 {history.Filter{Text: "harbor blue"}, []string{"harbor"}},
		"a phrase":                  {history.Filter{Text: `"green valley"`}, []string{"valley"}},
		"no such phrase":            {history.Filter{Text: `"valley green"`}, []string{}},
		"a beginning":               {history.Filter{Text: "harb*"}, []string{"harbor"}},
		"without its accents":       {history.Filter{Text: "muller"}, []string{"umlaut"}},
		"words across entries":      {history.Filter{Text: "100200 blue"}, []string{"harbor"}},
		"what looks like syntax":    {history.Filter{Text: `blue OR NOT - ( text:`}, []string{}},
		"words and time":            {history.Filter{Text: "blue", From: at(500)}, []string{"valley"}},
		"words, newest, a page":     {history.Filter{Text: "blue", Newest: true, Limit: 1}, []string{"valley"}},
		"words, oldest, a page":     {history.Filter{Text: "blue", Limit: 1}, []string{"harbor"}},
		"words and an entry":        {history.Filter{Text: "blue", UserData: pair("account", "100300"), Limit: 5}, []string{"valley"}},
		"long ones":                 {history.Filter{MinDuration: time.Minute}, []string{"valley", "umlaut"}},
		"short ones":                {history.Filter{MaxDuration: 20 * time.Second}, []string{"harbor", "nothing"}},
		"neither":                   {history.Filter{MinDuration: 11 * time.Second, MaxDuration: time.Minute}, []string{"valley", "nothing"}},
		"words that nobody has":     {history.Filter{Text: "gold", Limit: 3}, []string{}},
		"words in another time":     {history.Filter{Text: "blue", To: at(0), Limit: 3}, []string{}},
		"words before, a page":      {history.Filter{Text: "blue", To: at(500), Newest: true, Limit: 3}, []string{"harbor"}},
		"words, then another thing": {history.Filter{Text: "blue", MinDuration: time.Minute, Limit: 3}, []string{"valley"}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.expected, names(t, h, c.filter)) })
	}
}

// What is changed or deleted is not found any more.
func TestSearchFollowsTheData(t *testing.T) {
	h, s := carrying(t)
	seen := s.End()
	id := call.NewConnID(at(5000), "pbx", "live")
	s.Call(id, call.CallIs{At: at(5000), ConnID: id, Switch: "pbx", SwitchCallID: "live", Origin: call.External},
		call.PartyIs{At: at(5000), Party: "caller", State: call.Connected, DN: "2125550001", Role: call.Origination, External: true},
		call.DataIs{At: at(5001), By: "ivr:main", Set: []call.Pair{{Key: "name", Value: "Red Mountain"}, {Key: "tier", Value: "gold"}}})
	require.NoError(t, h.Apply(t.Context(), s.Records()[seen:]))
	assert.Equal(t, []string{"live"}, names(t, h, history.Filter{Text: "mountain gold"}))
	seen = s.End()
	s.Request(id, call.ChangeUserData{At: at(5002), Actor: "agent:1001", Set: []call.Pair{{Key: "name", Value: "Red Hill"}}})
	require.NoError(t, h.Apply(t.Context(), s.Records()[seen:]))
	assert.Empty(t, names(t, h, history.Filter{Text: "mountain"}))
	assert.Equal(t, []string{"live"}, names(t, h, history.Filter{Text: "hill gold"}))
	seen = s.End()
	s.Request(id, call.ChangeUserData{At: at(5003), Actor: "agent:1001", Delete: []string{"name", "tier"}})
	require.NoError(t, h.Apply(t.Context(), s.Records()[seen:]))
	assert.Empty(t, names(t, h, history.Filter{Text: "gold"}))
}

// Page by page, in both directions, whichever way it is looked for: every call once, in the order of one long list.
func TestPages(t *testing.T) {
	day := projectiontest.Day(5, projectiontest.DayOptions{Agents: 20, Events: 3000})
	h := open(t, filepath.Join(t.TempDir(), "history.db"), day)
	defer h.Close()
	require.NoError(t, h.Apply(t.Context(), day.Records()))
	testPages(t, h)
	count := 0
	for _, err := range history.Each(t.Context(), h, history.Filter{Limit: 3}) {
		require.NoError(t, err)
		count++
	}
	assert.Equal(t, 3, count)
}

func testPages(t *testing.T, h *history.History) {
	for name, f := range map[string]history.Filter{
		"all": {}, "words": {Text: "harbor"}, "an entry": {UserData: []call.Pair{{Key: "language", Value: "en"}}}, "a queue": {Queue: "sales"},
		"an agent": {Agent: "1003"}, "words and a queue": {Text: `"blue harbor"`, Queue: "sales"},
	} {
		for _, newest := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, newest %t", name, newest), func(t *testing.T) {
				f.Newest = newest
				all, err := h.Calls(t.Context(), f)
				require.NoError(t, err)
				require.Greater(t, len(all), 7)
				var paged []history.Record
				for f := f; ; f.After = history.CursorOf(paged[len(paged)-1]) {
					f.Limit = 7
					cursor, err := history.ParseCursor(f.After.String())
					require.NoError(t, err)
					require.Equal(t, f.After, cursor)
					page, err := h.Calls(t.Context(), f)
					require.NoError(t, err)
					paged = append(paged, page...)
					if len(page) < 7 {
						break
					}
				}
				require.Equal(t, all, paged)
				var each []history.Record
				for r, err := range history.Each(t.Context(), h, f) {
					require.NoError(t, err)
					each = append(each, r)
				}
				require.Equal(t, all, each)
			})
		}
	}
}

func TestFilterThatCannotBeMeant(t *testing.T) {
	h, _ := carrying(t)
	for name, f := range map[string]history.Filter{
		"a range that ends before it begins": {From: at(10), To: at(5)},
		"an empty range":                     {From: at(10), To: at(10)},
		"an outcome of our own":              {Outcome: "lovely"},
		"a type of our own":                  {Type: "fax"},
		"a negative limit":                   {Limit: -1},
		"a negative duration":                {MinDuration: -1},
		"longer than the longest":            {MinDuration: 2, MaxDuration: 1},
		"an open quotation":                  {Text: `"blue`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.Calls(t.Context(), f)
			require.ErrorIs(t, err, history.ErrFilter)
		})
	}
	_, err := history.ParsePairs([]string{"a=1", "account"})
	require.ErrorIs(t, err, history.ErrFilter)
	for _, text := range []string{"page2", "!", history.Cursor{}.String() + "AAAA"} {
		_, err := history.ParseCursor(text)
		require.ErrorIs(t, err, history.ErrFilter, text)
	}
}

func TestExport(t *testing.T) {
	h, _ := carrying(t)
	records, err := h.Calls(t.Context(), history.Filter{})
	require.NoError(t, err)
	write := func(of func(*bytes.Buffer) history.Writer, records []history.Record) string {
		var text bytes.Buffer
		w := of(&text)
		for _, r := range records {
			require.NoError(t, w.Write(r))
		}
		require.NoError(t, w.Close())
		return text.String()
	}
	asJSON := func(b *bytes.Buffer) history.Writer { return history.NewJSONWriter(b) }
	asLines := func(b *bytes.Buffer) history.Writer { return history.NewJSONLinesWriter(b) }
	asCSV := func(b *bytes.Buffer) history.Writer { return history.NewCSVWriter(b) }

	var back []history.Record
	require.NoError(t, json.Unmarshal([]byte(write(asJSON, records)), &back))
	assert.Equal(t, records, back)
	assert.Equal(t, "[]\n", write(asJSON, nil))
	assert.Len(t, strings.Split(strings.TrimSpace(write(asLines, records)), "\n"), 4)
	rows, err := csv.NewReader(strings.NewReader(write(asCSV, records))).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 5)
	column := func(name string) (values []string) {
		for i, heading := range rows[0] {
			if heading == name {
				for _, row := range rows[1:] {
					values = append(values, row[i])
				}
			}
		}
		return values
	}
	assert.Equal(t, []string{"10000", "60000", "300000", "20000"}, column("durationMs"))
	assert.Equal(t, `{"account":"100200","name":"Müller & Söhne"}`, column("userData")[2])
	assert.Equal(t, 1, strings.Count(write(asCSV, nil), "\n"), "the heading is always there")

	hostile := write(asCSV, []history.Record{{ANI: "=HYPERLINK(1)", DNIS: "+4930123", Disposition: "-cmd|' /C calc'!A0", Notes: []history.Note{{Text: "@SUM(1)"}}, EndedBy: "-2+3+cmd|' /C calc'!A0"}})
	for _, value := range []string{",'=HYPERLINK(1),", ",'-2+3+cmd|", ",+4930123,", ",'-cmd|", ",'@SUM(1)"} {
		assert.Contains(t, hostile, value, "a spreadsheet takes it for no formula")
	}
}
