package history

import (
	"math"
	"strings"
	"time"
)

// condition is one thing that a filter asks for.
type condition struct {
	term      string // that calls with it have in the index; empty: there is none of its own
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

// wanted is something that calls are asked for: one of these terms, or a word with this beginning.
type wanted struct {
	either    []string
	beginning string
}

// wanted are all things that a filter asks the index for, about the rarest first, but beginnings last: they may have many
// terms.
func (f Filter) wanted(text []phrase) (all []wanted) {
	for _, c := range f.conditions() {
		if c.term != "" {
			all = append(all, wanted{either: []string{c.term}})
		}
	}
	if f.MinDuration > 0 || f.MaxDuration > 0 {
		longest := longest
		if f.MaxDuration > 0 {
			longest = lengthOf(f.MaxDuration.Milliseconds())
		}
		all = append(all, wanted{either: lasting(lengthOf(f.MinDuration.Milliseconds()), longest)})
	}
	for _, p := range text {
		for _, term := range p.terms() {
			all = append(all, wanted{either: []string{term}})
		}
	}
	for _, p := range text {
		if p.beginning {
			all = append(all, wanted{beginning: p.last()})
		}
	}
	return all
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

// span is the moments from first to last, in ms.
type span struct{ first, last int64 }

// span is when all calls began that a filter can find.
func (f Filter) span() span {
	s := span{math.MinInt64, math.MaxInt64}
	if !f.From.IsZero() {
		s.first = f.From.UnixMilli()
	}
	if !f.To.IsZero() {
		s.last = f.To.UnixMilli()
	}
	if at := time.Time(f.After.startedAt); !at.IsZero() && f.Newest {
		s.last = min(s.last, at.UnixMilli())
	} else if !at.IsZero() {
		s.first = max(s.first, at.UnixMilli())
	}
	return s
}

// order is 1, or -1 where the newest comes first.
func (f Filter) order() int64 {
	if f.Newest {
		return -1
	}
	return 1
}
