package history

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/callstate/callstate/domain/call"
)

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

// Pager answers with a page of records: a History.
type Pager interface {
	Calls(ctx context.Context, f Filter) ([]Record, error)
}

// Each yields the records of the calls that a filter lets through, page by page: any number of them takes little memory,
// and none holds up the writer. Each record is of one moment, all of them need not be.
func Each(ctx context.Context, from Pager, f Filter) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for left := f.Limit; ; {
			f.Limit = manyCalls
			if left > 0 {
				f.Limit = min(left, manyCalls)
			}
			page, err := from.Calls(ctx, f)
			if err != nil {
				yield(Record{}, err)
				return
			}
			for _, r := range page {
				if !yield(r, nil) {
					return
				}
			}
			if len(page) < f.Limit || left == len(page) {
				return
			}
			left, f.After = max(0, left-len(page)), CursorOf(page[len(page)-1])
		}
	}
}

func (h *History) query(ctx context.Context, f Filter) ([]Record, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
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
	for _, read := range []func() error{q.visits, q.offers, q.stays, q.transfers, q.related, q.notes} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	if f.Text == "" { // else the data has been read, to see what it says
		err = q.data(q.ids)
	}
	return q.records, err
}

// query puts records together from the tables.
type query struct {
	ctx     context.Context
	tx      *sql.Tx
	records []Record
	ids     []any          // conn_id of each
	index   map[string]int // of the record, by conn_id
}

// read reads the calls that a clause selects.
func (q *query) read(clause string, arguments []any) error {
	return q.each(`SELECT conn_id, switch, switch_call_id, type, ani, dnis, started_at, ended_at, duration_ms, ended_by, outcome, ivr_ms, disposition, anomalies
		FROM calls`+clause, arguments, func(rows *sql.Rows) error {
		r := Record{Queues: []QueueVisit{}, Agents: []AgentStay{}, Transfers: []Transfer{}, UserData: map[string]string{}, Notes: []Note{}, Related: []Related{}}
		var id string
		err := rows.Scan(&id, &r.Switch, &r.SwitchCallID, &r.Type, &r.ANI, &r.DNIS, &r.StartedAt, &r.EndedAt, &r.DurationMs,
			&r.EndedBy, &r.Outcome, &r.IVRMs, &r.Disposition, &r.Anomalies)
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
	return q.children(q.ids, "queue, entered_at, wait_ms, result, agent", "queue_visits", "n", func(scan scan) error {
		v := QueueVisit{NoAnswers: []Offer{}}
		r, err := scan(&v.Queue, &v.EnteredAt, &v.WaitMs, &v.Result, &v.Agent)
		if err == nil {
			r.Queues = append(r.Queues, v)
		}
		return err
	})
}

func (q *query) offers() error {
	return q.children(q.ids, "visit, agent, ring_ms", "no_answers", "visit, n", func(scan scan) error {
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
	return q.children(q.ids, "agent, dn, queue, ringing_at, answered_at, ring_ms, talk_ms, hold_ms, result, ended_by", "agent_stays", "n", func(scan scan) error {
		var s AgentStay
		r, err := scan(&s.Agent, &s.DN, &s.Queue, &s.RingingAt, &s.AnsweredAt, &s.RingMs, &s.TalkMs, &s.HoldMs, &s.Result, &s.EndedBy)
		if err == nil {
			r.Agents = append(r.Agents, s)
		}
		return err
	})
}

func (q *query) data(ids []any) error {
	return q.children(ids, "key, value", "user_data", "key", func(scan scan) error {
		var p call.Pair
		r, err := scan(&p.Key, &p.Value)
		if err == nil {
			r.UserData[p.Key] = p.Value
		}
		return err
	})
}

func (q *query) transfers() error {
	return q.children(q.ids, "kind, by, target, to_call, at", "transfers", "n", func(scan scan) error {
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
	return q.children(q.ids, "relation, other", "related_calls", "n", func(scan scan) error {
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

func (q *query) notes() error {
	return q.children(q.ids, "text, by, at", "notes", "n", func(scan scan) error {
		var n Note
		r, err := scan(&n.Text, &n.By, &n.At)
		if err == nil {
			r.Notes = append(r.Notes, n)
		}
		return err
	})
}

// scan reads the columns of a row and returns the record that it belongs to.
type scan func(columns ...any) (*Record, error)

// manyCalls are looked up at once.
const manyCalls = 500

// children reads the rows of selected calls from another table.
func (q *query) children(ids []any, columns, table, order string, read func(scan) error) error {
	for ids := range slices.Chunk(ids, manyCalls) {
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
