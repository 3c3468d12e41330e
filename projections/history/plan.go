package history

import (
	"math"
	"strings"
	"time"
)

// condition is one thing that a filter asks for.
type condition struct {
	term      string // that calls with it have in the index; empty: there is none
	test      string // an expression over a row of calls, which no index helps
	arguments []any
}

// conditions are what a filter asks for, about the rarest first; words, range and cursor apart.
func (f Filter) conditions() []condition {
	var all []condition
	add := func(term, test string, arguments ...any) { all = append(all, condition{term, test, arguments}) }
	column := func(kind, name, value string) {
		if value != "" {
			add(term(kind, value), "+"+name+" = ?", value)
		}
	}
	column(bySwitchCallID, "switch_call_id", f.SwitchCallID)
	column(byANI, "ani", f.ANI)
	if f.Agent != "" {
		add(term(byAgent, f.Agent), "EXISTS (SELECT 1 FROM agent_stays AS s WHERE s.conn_id = calls.conn_id AND +s.agent = ?)", f.Agent)
	}
	if f.Queue != "" {
		add(term(byQueue, f.Queue), "EXISTS (SELECT 1 FROM queue_visits AS v WHERE v.conn_id = calls.conn_id AND +v.queue = ?)", f.Queue)
	}
	column(byDNIS, "dnis", f.DNIS)
	for _, pair := range f.UserData {
		add(term(byData, pair.Key, pair.Value), "EXISTS (SELECT 1 FROM user_data AS d WHERE d.conn_id = calls.conn_id AND d.key = ? AND +d.value = ?)", pair.Key, pair.Value)
	}
	column(byOutcome, "outcome", string(f.Outcome))
	column(byType, "type", string(f.Type))
	column(bySwitch, "switch", f.Switch)
	if f.MinDuration > 0 {
		add("", "duration_ms >= ?", f.MinDuration.Milliseconds())
	}
	if f.MaxDuration > 0 {
		add("", "duration_ms <= ? AND ended_at IS NOT NULL", f.MaxDuration.Milliseconds())
	}
	return all
}

// match is the query of the index for what a filter asks for; empty where the index has nothing of it.
func (f Filter) match() (string, error) {
	words, err := words(f.Text)
	if err != nil {
		return "", err
	}
	var all []string
	for _, c := range f.conditions() {
		if c.term != "" {
			all = append(all, quote(c.term))
		}
	}
	if f.MinDuration > 0 || f.MaxDuration > 0 {
		longest := longest
		if f.MaxDuration > 0 {
			longest = lengthOf(f.MaxDuration.Milliseconds())
		}
		all = append(all, lasting(lengthOf(f.MinDuration.Milliseconds()), longest))
	}
	if words != "" {
		all = append(all, words)
	}
	return together(all), nil
}

// together asks for all of some things. The first two go through the index, each other only where those before it agree:
// FTS5 would go through it for all of them side by side, were they not kept apart by the term that nobody has.
func together(all []string) string {
	var query string
	for i, each := range all {
		switch i {
		case 0:
			query = each
		case 1:
			query += " AND " + each
		default:
			query = "((" + query + ") NOT " + quote(termMark) + ") AND " + each
		}
	}
	return query
}

// clause is the end of a select from calls, put together.
type clause struct {
	tests     []string
	arguments []any
}

func (c *clause) where(test string, arguments ...any) {
	c.tests, c.arguments = append(c.tests, test), append(c.arguments, arguments...)
}

// clause lets through what the filter lets through, at most so many (0: all). The calls are those that lookUp, a select
// of conn_ids, finds, or else all in their order.
func (f Filter) clause(limit int, lookUp string, arguments ...any) (string, []any) {
	var c clause
	started := "started_at" // in the order of time, unless something is looked up
	if lookUp != "" {
		started = "+started_at"
		c.where("conn_id IN ("+lookUp+")", arguments...)
	}
	if !f.From.IsZero() {
		c.where(started+" >= ?", bound(f.From))
	}
	if !f.To.IsZero() {
		c.where(started+" < ?", bound(f.To))
	}
	behind, direction := ">", ""
	if f.Newest {
		behind, direction = "<", " DESC"
	}
	if f.After != (Cursor{}) {
		at := f.After.startedAt.String()
		c.where(started+" "+behind+"= ? AND ("+started+" "+behind+" ? OR conn_id "+behind+" ?)", at, at, f.After.connID.String())
	}
	for _, each := range f.conditions() {
		c.where(each.test, each.arguments...)
	}
	text := " ORDER BY " + started + direction + ", conn_id" + direction
	if len(c.tests) > 0 {
		text = " WHERE " + strings.Join(c.tests, " AND ") + text
	}
	if limit > 0 {
		text, c.arguments = text+" LIMIT ?", append(c.arguments, limit)
	}
	return text, c.arguments
}

// texts are those with ids from first to last.
type texts struct{ first, last int64 }

// texts are those among which all are that a filter can find.
func (f Filter) texts() texts {
	all := texts{0, math.MaxInt64}
	if !f.From.IsZero() {
		all.first = firstText(f.From)
	}
	if !f.To.IsZero() {
		all.last = firstText(f.To) + textsInMs
	}
	if at := time.Time(f.After.startedAt); !at.IsZero() && f.Newest {
		all.last = min(all.last, firstText(at)+textsInMs-1)
	} else if !at.IsZero() {
		all.first = max(all.first, firstText(at))
	}
	return all
}

// behind is what comes after the millisecond of an id, in the order of the filter.
func (t texts) behind(id int64, newest bool) texts {
	if ms := id / textsInMs * textsInMs; newest {
		return texts{t.first, ms - 1}
	} else {
		return texts{ms + textsInMs, t.last}
	}
}
