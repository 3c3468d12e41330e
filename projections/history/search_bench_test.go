package history_test

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"modernc.org/sqlite"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/projections/history"
)

var registerTerms = sync.OnceFunc(termsInSQL)

// The terms of made-up calls are those of real ones.
func termsInSQL() {
	sqlite.MustRegisterDeterministicScalarFunction("terms", 12, func(_ *sqlite.FunctionContext, is []driver.Value) (driver.Value, error) {
		text := func(i int) string { return is[i].(string) }
		return history.TermsOf(history.Record{
			Type: call.Type(text(0)), Switch: text(1), SwitchCallID: text(2), ANI: text(3), DNIS: text(4), Outcome: history.Outcome(text(5)),
			DurationMs: is[6].(int64), EndedAt: history.Time(time.Unix(1, 0)),
			Agents: []history.AgentStay{{Agent: text(7)}}, Queues: []history.QueueVisit{{Queue: text(8)}},
			UserData: map[string]string{"account": text(9), "name": text(10), "tier": text(11), "language": "en"},
		}), nil
	})
}

// many fills a history with made-up calls by SQL: applying so many events would take longer than what is measured.
// Call i began i seconds after the first; 1 of 7 was abandoned, 1 of 50000 found the number busy.
func many(b *testing.B, calls int) *history.History {
	registerTerms()
	path := filepath.Join(b.TempDir(), "history.db")
	h := open(b, path, nil)
	require.NoError(b, h.Close())
	db, err := sql.Open("sqlite", path)
	require.NoError(b, err)
	db.SetMaxOpenConns(1)
	_, err = db.Exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; PRAGMA temp_store = MEMORY;
		CREATE TEMP TABLE made AS
			WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ` + fmt.Sprint(calls-1) + `)
			SELECT i, printf('%012x', 1759654800000 + i * 1000) AS ms, strftime('%Y-%m-%dT%H:%M:%S.000Z', 1759654800 + i, 'unixepoch') AS at,
				substr('salessupportbillingservicepremium', 1 + i % 5 * 6, 6) AS queue, CAST(1001 + i % 1000 AS TEXT) AS agent,
				CAST(100000 + i % 400000 AS TEXT) AS account, iif(i % 2, 'gold', 'silver') AS tier,
				iif(i % 100, 'Blue Harbor', 'Green Valley') || iif(i % 100000 = 5, ' complaint', '') AS name FROM n;
		CREATE TEMP TABLE named AS SELECT *, substr(ms, 1, 8) || '-' || substr(ms, 9, 4) || printf('-8000-8000-%012x', i) AS id FROM made;
		INSERT INTO calls SELECT id, 'pbx', 'c' || i, CASE WHEN i % 10 THEN 'inbound' ELSE 'outbound' END, CAST(2125550000 + i % 30000 AS TEXT),
			CAST(5550100 + i % 20 AS TEXT), at, at, 1000 + i * 7919 % 600000, 'caller',
			CASE WHEN i % 50000 = 17 THEN 'busy' WHEN i % 7 = 0 THEN 'abandoned' ELSE 'answered' END, 0, '', 0 FROM named;
		INSERT INTO queue_visits SELECT id, 0, queue, at, at, 5000, 'answered', '', agent, '', '' FROM named;
		INSERT INTO agent_stays SELECT id, 0, agent, agent, queue, at, at, at, 2000, 60000, 0, 'completed', '', 'caller', at, 62000, '', '', '' FROM named;
		INSERT INTO user_data SELECT named.id, value ->> 0, value ->> 1, 'ivr:main', at
			FROM named, json_each(json_array(json_array('account', account), json_array('language', 'en'), json_array('name', name), json_array('tier', tier)));
		INSERT INTO found_calls SELECT i + 1, id, 1759654800000 + i * 1000,
			terms(type, switch, switch_call_id, ani, dnis, outcome, duration_ms, agent, queue, account, name, tier) FROM named JOIN calls ON conn_id = id`)
	require.NoError(b, err)
	_, err = db.Exec(history.Indexes)
	require.NoError(b, err)
	require.NoError(b, db.Close())
	h = open(b, path, nil)
	b.Cleanup(func() { h.Close() })
	require.NoError(b, h.FindBy(b.Context()))
	return h
}

// The first page of a search over a million calls (100,000 with -short); the aim is at most 50 ms.
func BenchmarkSearch(b *testing.B) {
	calls := 1_000_000
	if testing.Short() {
		calls = 100_000
	}
	h := many(b, calls)
	noon := time.Date(2025, 10, 8, 12, 0, 0, 0, time.UTC)
	for _, each := range []struct {
		name   string
		filter history.Filter
	}{
		{"all", history.Filter{}},
		{"time", history.Filter{From: noon, To: noon.Add(time.Hour)}},
		{"ani", history.Filter{ANI: "2125550042"}},
		{"dnis", history.Filter{DNIS: "5550107"}},
		{"agent", history.Filter{Agent: "1042"}},
		{"agent+outcome", history.Filter{Agent: "1042", Outcome: history.Abandoned}},
		{"queue", history.Filter{Queue: "billin"}},
		{"outcome=common", history.Filter{Outcome: history.Abandoned}},
		{"outcome=rare", history.Filter{Outcome: history.Busy}},
		{"data=common", history.Filter{UserData: []call.Pair{{Key: "language", Value: "en"}}}},
		{"data=rare", history.Filter{UserData: []call.Pair{{Key: "account", Value: "100200"}}}},
		{"text=common", history.Filter{Text: "harbor"}},
		{"text=some", history.Filter{Text: `"green valley"`}},
		{"text=rare", history.Filter{Text: "compl*"}},
		{"text+agent", history.Filter{Text: "harbor", Agent: "1042"}},
		{"text=beginning", history.Filter{Text: "harb*"}},
		// Each of these is common, and together they are rare, or never are.
		{"dnis+queue", history.Filter{DNIS: "5550107", Queue: "saless"}},
		{"type+queue", history.Filter{Type: call.Outbound, Queue: "upport"}},
		{"agent+queue", history.Filter{Agent: "1042", Queue: "saless"}},
		{"outcome+duration", history.Filter{Outcome: history.Abandoned, MinDuration: 10 * time.Minute}},
		{"outcome+dnis+queue", history.Filter{Outcome: history.Abandoned, DNIS: "5550107", Queue: "saless"}},
		{"text+dnis+queue", history.Filter{Text: "harbor", DNIS: "5550107", Queue: "saless"}},
		{"text+data+type+queue", history.Filter{Text: "harbor", UserData: []call.Pair{{Key: "language", Value: "en"}}, Type: call.Outbound, Queue: "upport"}},
		{"phrase+dnis+queue", history.Filter{Text: `"blue harbor"`, DNIS: "5550107", Queue: "saless"}},
		{"halves", history.Filter{UserData: []call.Pair{{Key: "tier", Value: "gold"}}, Text: "silver"}},
		{"beginning+ani", history.Filter{Text: "harb*", ANI: "2125550000"}},
		{"beginning+agent", history.Filter{Text: "1*", Agent: "1042"}},
		{"duration", history.Filter{MinDuration: 10 * time.Minute}},
	} {
		b.Run("by="+each.name, func(b *testing.B) {
			each.filter.Newest, each.filter.Limit = true, 100
			before := processorTime(b)
			for b.Loop() {
				if _, err := h.Calls(b.Context(), each.filter); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric((processorTime(b)-before)*1000/float64(b.N), "cpu-ms/op")
		})
	}
}
