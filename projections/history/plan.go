package history

import (
	"math"
	"slices"
	"strings"
	"time"
)

// condition is one thing that a filter asks for, in two forms: which calls have it, and whether a given call has it.
type condition struct {
	set       string // a select of conn_ids, looked up by an index
	test      string // an expression over a row of calls, which no index helps
	arguments []any  // of either
}

// conditions are what a filter asks for, range and cursor apart.
func (f Filter) conditions() []condition {
	var all []condition
	add := func(set, test string, arguments ...any) { all = append(all, condition{set, test, arguments}) }
	column := func(name, value string) {
		if value != "" {
			add("SELECT conn_id FROM calls WHERE "+name+" = ?", "+"+name+" = ?", value)
		}
	}
	column("ani", f.ANI)
	column("dnis", f.DNIS)
	column("outcome", string(f.Outcome))
	column("switch_call_id", f.SwitchCallID)
	if f.Agent != "" {
		add("SELECT conn_id FROM agent_stays WHERE agent = ?",
			"EXISTS (SELECT 1 FROM agent_stays AS s WHERE s.conn_id = calls.conn_id AND +s.agent = ?)", f.Agent)
	}
	if f.Queue != "" {
		add("SELECT conn_id FROM queue_visits WHERE queue = ?",
			"EXISTS (SELECT 1 FROM queue_visits AS v WHERE v.conn_id = calls.conn_id AND +v.queue = ?)", f.Queue)
	}
	for _, pair := range f.UserData {
		add("SELECT conn_id FROM user_data WHERE key = ? AND value = ?",
			"EXISTS (SELECT 1 FROM user_data AS d WHERE d.conn_id = calls.conn_id AND d.key = ? AND +d.value = ?)", pair.Key, pair.Value)
	}
	if f.MinDuration > 0 {
		add("SELECT conn_id FROM calls WHERE duration_ms >= ?", "+duration_ms >= ?", f.MinDuration.Milliseconds())
	}
	if f.MaxDuration > 0 {
		add("SELECT conn_id FROM calls WHERE duration_ms <= ? AND ended_at IS NOT NULL", "+duration_ms <= ? AND ended_at IS NOT NULL",
			f.MaxDuration.Milliseconds())
	}
	if !f.Conversation.IsZero() {
		id := f.Conversation.String()
		const members = `SELECT conn_id FROM conversations WHERE conversation = (SELECT conversation FROM conversations WHERE conn_id = ?)
			UNION SELECT ?`
		add(members, "conn_id IN ("+members+")", id, id)
	}
	return all
}

// fewCalls are quicker looked up and sorted than found on the way through all calls in their order.
const fewCalls = 10_000

// plan is how a filter is looked for. SQLite cannot know what is rare: an agent had few of the calls, most have the
// language "en". So what each condition would find is counted, as far as it is few; the one that finds the fewest is
// looked up, and the others are tested call by call. Where none finds few, a page of calls is soon found in their order.
type plan struct {
	filter Filter
	lookUp *condition // nil: all calls in their order
	test   []condition
}

func (q *query) plan(f Filter) (plan, error) {
	conditions := f.conditions()
	rarest, fewest := -1, q.few
	for i, c := range conditions {
		var found int
		counted := append(slices.Clone(c.arguments), fewest)
		if err := q.tx.QueryRowContext(q.ctx, "SELECT count(*) FROM (SELECT 1 FROM ("+c.set+") LIMIT ?)", counted...).Scan(&found); err != nil {
			return plan{}, err
		}
		if found < fewest {
			rarest, fewest = i, found
		}
	}
	p := plan{filter: f, test: conditions}
	if rarest >= 0 {
		p.lookUp, p.test = &conditions[rarest], slices.Delete(slices.Clone(conditions), rarest, rarest+1)
	}
	return p, nil
}

// sql is the end of a select from calls.
func (p plan) sql() (clause string, arguments []any) {
	var tests []string
	where := func(set bool, test string, values ...any) {
		if set {
			tests, arguments = append(tests, test), append(arguments, values...)
		}
	}
	f := p.filter
	where(!f.connID.IsZero(), "conn_id = ?", f.connID.String())
	started := "started_at" // in the order of time, unless something else is looked up
	if p.lookUp != nil {
		started = "+started_at"
		where(true, "conn_id IN ("+p.lookUp.set+")", p.lookUp.arguments...)
	}
	where(!f.From.IsZero(), started+" >= ?", bound(f.From))
	where(!f.To.IsZero(), started+" < ?", bound(f.To))
	behind, direction := ">", ""
	if f.Newest {
		behind, direction = "<", " DESC"
	}
	if f.After != (Cursor{}) {
		at := f.After.startedAt.String()
		where(true, started+" "+behind+"= ? AND ("+started+" "+behind+" ? OR conn_id "+behind+" ?)", at, at, f.After.connID.String())
	}
	where(f.Type != "", "+type = ?", string(f.Type))
	where(f.Switch != "", "+switch = ?", f.Switch)
	for _, c := range p.test {
		where(true, c.test, c.arguments...)
	}
	if len(tests) > 0 {
		clause = " WHERE " + strings.Join(tests, " AND ")
	}
	clause += " ORDER BY " + started + direction + ", conn_id" + direction
	if f.Limit > 0 {
		clause += " LIMIT ?"
		arguments = append(arguments, f.Limit)
	}
	return clause, arguments
}

// Texts have ids in the order in which their calls began: the millisecond, and a number within it.
const textsInMs = 1 << 20

func firstText(t time.Time) int64 { return t.UnixMilli() * textsInMs }

// texts is which texts are looked through for words: those with ids from first to last.
type texts struct{ first, last int64 }

// texts are those that a filter can find at all.
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

// nearest are as many of the texts with these words as come first in the order of the filter, and those of the same
// millisecond as the last of them. more says that there are others behind them.
func (q *query) nearest(f Filter, match string, count int) (_ texts, more bool, err error) {
	in := f.texts()
	edge, order := "min", "DESC"
	if !f.Newest {
		edge, order = "max", "ASC"
	}
	var found int
	var last int64
	err = q.tx.QueryRowContext(q.ctx, "SELECT count(*), coalesce("+edge+`(rowid), 0) FROM (SELECT rowid FROM user_data_words
		WHERE user_data_words MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid `+order+" LIMIT ?)", match, in.first, in.last, count).Scan(&found, &last)
	if more = err == nil && found == count; more {
		if ms := last / textsInMs * textsInMs; f.Newest {
			in.first = ms
		} else {
			in.last = ms + textsInMs - 1
		}
	}
	return in, more, err
}

// withWords looks up the calls with these words in the texts.
func withWords(match string, in texts) condition {
	return condition{
		set: `SELECT t.conn_id FROM user_data_words AS w JOIN user_data_text AS t ON t.id = w.rowid
			WHERE user_data_words MATCH ? AND w.rowid BETWEEN ? AND ?`,
		test: `EXISTS (SELECT 1 FROM user_data_words WHERE user_data_words MATCH ? AND rowid BETWEEN ? AND ?
			AND rowid = (SELECT t.id FROM user_data_text AS t WHERE t.conn_id = calls.conn_id))`,
		arguments: []any{match, in.first, in.last},
	}
}
