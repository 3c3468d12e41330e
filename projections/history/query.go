package history

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/call"
)

// Filter says which calls are asked for; what is zero does not matter.
type Filter struct {
	From, To     time.Time // started in [From, To)
	Type         call.Type
	ANI, DNIS    string
	Agent        string // was offered the call, or took part in it
	Queue        string // the call waited in it
	Outcome      Outcome
	Switch       string
	SwitchCallID string
	Newest       bool // newest first; else oldest first
	Limit        int  // at most so many; 0: all

	connID call.ConnID
}

// Calls returns the records of the calls that a filter lets through, by start and then connection id. They are all of
// one moment: that of a checkpoint.
func (h *History) Calls(ctx context.Context, f Filter) ([]Record, error) {
	records, err := h.query(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	return records, nil
}

// Call returns the record of one call, or ErrNotFound.
func (h *History) Call(ctx context.Context, id call.ConnID) (Record, error) {
	records, err := h.query(ctx, Filter{connID: id})
	if err != nil {
		return Record{}, fmt.Errorf("history: %w", err)
	}
	if len(records) == 0 {
		return Record{}, fmt.Errorf("%w: %s", ErrNotFound, id)
	}
	return records[0], nil
}

func (h *History) query(ctx context.Context, f Filter) ([]Record, error) {
	h.open.RLock()
	defer h.open.RUnlock()
	tx, err := h.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // all selects see one state
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	q := query{ctx: ctx, tx: tx, index: map[string]int{}, records: []Record{}}
	if err := q.calls(f); err != nil {
		return nil, err
	}
	for _, read := range []func() error{q.visits, q.offers, q.stays, q.data, q.transfers, q.related} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	return q.records, nil
}

// sql is the filter as the end of a select from calls.
func (f Filter) sql() (clause string, arguments []any) {
	var conditions []string
	where := func(set bool, condition string, argument any) {
		if set {
			conditions, arguments = append(conditions, condition), append(arguments, argument)
		}
	}
	where(!f.connID.IsZero(), "conn_id = ?", f.connID.String())
	where(!f.From.IsZero(), "started_at >= ?", bound(f.From))
	where(!f.To.IsZero(), "started_at < ?", bound(f.To))
	where(f.Type != "", "type = ?", string(f.Type))
	where(f.ANI != "", "ani = ?", f.ANI)
	where(f.DNIS != "", "dnis = ?", f.DNIS)
	// An agent has few of the calls, a queue has many: the one is looked up, the other is checked call by call (the plus
	// keeps SQLite from looking it up by its index).
	where(f.Agent != "", "conn_id IN (SELECT conn_id FROM agent_stays WHERE agent = ?)", f.Agent)
	where(f.Queue != "", "EXISTS (SELECT 1 FROM queue_visits AS v WHERE v.conn_id = calls.conn_id AND +v.queue = ?)", f.Queue)
	where(f.Outcome != "", "outcome = ?", string(f.Outcome))
	where(f.Switch != "", "switch = ?", f.Switch)
	where(f.SwitchCallID != "", "switch_call_id = ?", f.SwitchCallID)
	if len(conditions) > 0 {
		clause = " WHERE " + strings.Join(conditions, " AND ")
	}
	if f.Newest {
		clause += " ORDER BY started_at DESC, conn_id DESC"
	} else {
		clause += " ORDER BY started_at, conn_id"
	}
	if f.Limit > 0 {
		clause += " LIMIT ?"
		arguments = append(arguments, f.Limit)
	}
	return clause, arguments
}

// bound is the first millisecond that is not before a moment: rows have no finer ones.
func bound(t time.Time) string {
	cut := t.Truncate(time.Millisecond)
	if cut.Before(t) {
		cut = cut.Add(time.Millisecond)
	}
	return Time(cut).String()
}

// query puts records together from the tables.
type query struct {
	ctx     context.Context
	tx      *sql.Tx
	records []Record
	ids     []any          // conn_id of each
	index   map[string]int // of the record, by conn_id
}

func (q *query) calls(f Filter) error {
	selection, arguments := f.sql()
	return q.each(`SELECT conn_id, switch, switch_call_id, type, ani, dnis, started_at, ended_at, duration_ms, ended_by, outcome, ivr_ms, anomalies
		FROM calls`+selection, arguments, func(rows *sql.Rows) error {
		r := Record{Queues: []QueueVisit{}, Agents: []AgentStay{}, Transfers: []Transfer{}, UserData: map[string]string{}, Related: []Related{}}
		var id string
		err := rows.Scan(&id, &r.Switch, &r.SwitchCallID, &r.Type, &r.ANI, &r.DNIS, &r.StartedAt, &r.EndedAt, &r.DurationMs,
			&r.EndedBy, &r.Outcome, &r.IVRMs, &r.Anomalies)
		if err != nil {
			return err
		}
		if r.ConnID, err = call.ParseConnID(id); err != nil {
			return err
		}
		q.index[id] = len(q.records)
		q.records, q.ids = append(q.records, r), append(q.ids, id)
		return nil
	})
}

func (q *query) visits() error {
	return q.children("queue, entered_at, wait_ms, result, agent", "queue_visits", "n", func(scan scan) error {
		v := QueueVisit{NoAnswers: []Offer{}}
		r, err := scan(&v.Queue, &v.EnteredAt, &v.WaitMs, &v.Result, &v.Agent)
		if err == nil {
			r.Queues = append(r.Queues, v)
		}
		return err
	})
}

func (q *query) offers() error {
	return q.children("visit, agent, ring_ms", "no_answers", "visit, n", func(scan scan) error {
		var visit int
		var o Offer
		r, err := scan(&visit, &o.Agent, &o.RingMs)
		if err != nil {
			return err
		}
		if visit >= len(r.Queues) {
			return fmt.Errorf("no_answers of %s: there is no visit %d", r.ConnID, visit)
		}
		r.Queues[visit].NoAnswers = append(r.Queues[visit].NoAnswers, o)
		return nil
	})
}

func (q *query) stays() error {
	return q.children("agent, dn, queue, ringing_at, answered_at, ring_ms, talk_ms, hold_ms, result, ended_by", "agent_stays", "n", func(scan scan) error {
		var s AgentStay
		r, err := scan(&s.Agent, &s.DN, &s.Queue, &s.RingingAt, &s.AnsweredAt, &s.RingMs, &s.TalkMs, &s.HoldMs, &s.Result, &s.EndedBy)
		if err == nil {
			r.Agents = append(r.Agents, s)
		}
		return err
	})
}

func (q *query) data() error {
	return q.children("key, value", "user_data", "key", func(scan scan) error {
		var p call.Pair
		r, err := scan(&p.Key, &p.Value)
		if err == nil {
			r.UserData[p.Key] = p.Value
		}
		return err
	})
}

func (q *query) transfers() error {
	return q.children("kind, by, target, to_call, at", "transfers", "n", func(scan scan) error {
		var t Transfer
		var toCall sql.NullString
		r, err := scan(&t.Kind, &t.By, &t.To, &toCall, &t.At)
		if err == nil && toCall.Valid {
			t.ToCall, err = call.ParseConnID(toCall.String)
		}
		if err == nil {
			r.Transfers = append(r.Transfers, t)
		}
		return err
	})
}

func (q *query) related() error {
	return q.children("relation, other", "related_calls", "n", func(scan scan) error {
		var related Related
		var other string
		r, err := scan(&related.Relation, &other)
		if err == nil {
			related.ConnID, err = call.ParseConnID(other)
		}
		if err == nil {
			r.Related = append(r.Related, related)
		}
		return err
	})
}

// scan reads the columns of a row and returns the record that it belongs to.
type scan func(columns ...any) (*Record, error)

// manyCalls are looked up at once.
const manyCalls = 500

// children reads the rows of the selected calls from another table.
func (q *query) children(columns, table, order string, read func(scan) error) error {
	for ids := range slices.Chunk(q.ids, manyCalls) {
		text := fmt.Sprintf("SELECT conn_id, %s FROM %s WHERE conn_id IN (?%s) ORDER BY conn_id, %s", columns, table, strings.Repeat(", ?", len(ids)-1), order)
		err := q.each(text, ids, func(rows *sql.Rows) error {
			return read(func(columns ...any) (*Record, error) {
				var id string
				if err := rows.Scan(append([]any{&id}, columns...)...); err != nil {
					return nil, err
				}
				return &q.records[q.index[id]], nil
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (q *query) each(text string, arguments []any, read func(*sql.Rows) error) error {
	rows, err := q.tx.QueryContext(q.ctx, text, arguments...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := read(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Scan implements sql.Scanner: it reads what value wrote.
func (t *Time) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		*t = Time{}
		return nil
	case string:
		parsed, err := time.Parse(timeForm, v)
		*t = Time(parsed)
		return err
	}
	return fmt.Errorf("%T is not a moment", value)
}
