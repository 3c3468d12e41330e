package history

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// tables are what is written to, with statements that are prepared once for the writer's connection.
type tables struct {
	calls, parties, visits, offers, stays, ivrs, data, transfers, related, notes table // of calls, by conn_id
	sessions, states, folds                                                      table // of agents
	conversations                                                                table

	index index
}

// table is one table, and rows for it that are not written yet.
type table struct {
	one, many *sql.Stmt // put as many rows there, each the conn_id and the row's values
	clear     *sql.Stmt // removes the rows with a conn_id
	columns   int
	pending   []any // values of less than manyRows rows
}

// ofCalls are the tables whose rows of a call are cleared by its conn_id.
func (t *tables) ofCalls() []*table {
	return []*table{&t.calls, &t.parties, &t.visits, &t.offers, &t.stays, &t.ivrs, &t.data, &t.transfers, &t.related, &t.notes}
}

// manyRows are written by one statement: that costs much less than as many statements.
const manyRows = 48

func (t *tables) all() []*table {
	return append(t.ofCalls(), &t.index.calls, &t.index.terms, &t.sessions, &t.states, &t.folds, &t.conversations)
}

func (t *tables) prepare(ctx context.Context, db *sql.DB) (err error) {
	if t.index.began != nil {
		return nil
	}
	for _, each := range []struct {
		*table
		name    string
		columns int
		key     string
	}{
		{&t.calls, "calls", 14, "conn_id"}, {&t.parties, "parties", 18, "conn_id"}, {&t.visits, "queue_visits", 11, "conn_id"},
		{&t.offers, "no_answers", 5, "conn_id"}, {&t.stays, "agent_stays", 19, "conn_id"}, {&t.ivrs, "ivr_visits", 6, "conn_id"},
		{&t.data, "user_data", 5, "conn_id"}, {&t.transfers, "transfers", 7, "conn_id"}, {&t.related, "related_calls", 4, "conn_id"},
		{&t.notes, "notes", 5, "conn_id"},
		{&t.index.calls, "found_calls", 4, "id"}, {&t.index.terms, "found_by", 3, "block"},
		{&t.sessions, "agent_sessions", 8, "agent"}, {&t.states, "agent_states", 11, "agent"}, {&t.folds, "agent_folds", 3, "agent"},
		{&t.conversations, "conversations", 2, "conn_id"},
	} {
		row := "(" + strings.Repeat(", ?", each.columns)[2:] + ")"
		put := "INSERT OR REPLACE INTO " + each.name + " VALUES " + row
		each.table.columns = each.columns
		if each.one, err = db.PrepareContext(ctx, put); err != nil {
			return err
		}
		if each.many, err = db.PrepareContext(ctx, put+strings.Repeat(", "+row, manyRows-1)); err != nil {
			return err
		}
		clear := fmt.Sprintf("DELETE FROM %s WHERE %s = ?", each.name, each.key)
		if each.clear, err = db.PrepareContext(ctx, clear); err != nil {
			return err
		}
	}
	return t.index.prepare(ctx, db)
}

// transaction is the tables in a transaction.
type transaction struct {
	ctx context.Context
	tx  *sql.Tx
	tables
	indexing indexing
}

// in returns the tables as a transaction sees them.
func (t tables) in(ctx context.Context, tx *sql.Tx) *transaction {
	for _, each := range t.all() {
		each.one, each.many, each.clear = tx.StmtContext(ctx, each.one), tx.StmtContext(ctx, each.many), tx.StmtContext(ctx, each.clear)
	}
	t.index.in(ctx, tx)
	return &transaction{ctx: ctx, tx: tx, tables: t, indexing: indexing{blocks: map[int64]*blockChanges{}}}
}

// bring brings the rows of a call to its present state.
func (t *transaction) bring(id string, c *openCall) error {
	if c.loaded {
		for _, each := range t.ofCalls() {
			if _, err := each.clear.ExecContext(t.ctx, id); err != nil {
				return err
			}
		}
		err := t.index.known.QueryRowContext(t.ctx, id).Scan(&c.indexed.id, &c.indexed.terms)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	old, present := c.written, rowsOf(c.state, c.told)
	if old.call != present.call {
		if err := t.put(&t.calls, id, present.call.values()); err != nil {
			return err
		}
	}
	if c.indexed.terms != present.terms || old.call.startedAt != present.call.startedAt {
		var err error
		if c.indexed, err = t.bringIndex(id, present.call.startedAt, c.indexed, present.terms); err != nil {
			return err
		}
	}
	c.written, c.loaded = present, false
	return cmp.Or(
		t.converse(id, old.related, present.related),
		update(t, &t.parties, id, old.parties, present.parties),
		update(t, &t.visits, id, old.visits, present.visits),
		update(t, &t.offers, id, old.offers, present.offers),
		update(t, &t.stays, id, old.stays, present.stays),
		update(t, &t.ivrs, id, old.ivrs, present.ivrs),
		update(t, &t.data, id, old.data, present.data),
		update(t, &t.transfers, id, old.transfers, present.transfers),
		update(t, &t.related, id, old.related, present.related),
		update(t, &t.notes, id, old.notes, present.notes),
	)
}

// converse joins the conversations of calls that belong together. A conversation is named by its oldest call, whatever
// the order in which its relations were told.
func (t *transaction) converse(id string, old, present []relatedRow) error {
	if len(old) == len(present) {
		return nil
	}
	members := []string{id}
	for _, r := range present {
		members = append(members, r.ConnID.String())
	}
	if err := t.conversations.flush(t.ctx); err != nil {
		return err
	}
	oldest, joined := slices.Min(members), []string{}
	for _, member := range members {
		var conversation string
		err := t.tx.QueryRowContext(t.ctx, "SELECT conversation FROM conversations WHERE conn_id = ?", member).Scan(&conversation)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return err
		}
		oldest, joined = min(oldest, conversation), append(joined, conversation)
	}
	for _, conversation := range joined {
		if conversation == oldest {
			continue
		}
		if _, err := t.tx.ExecContext(t.ctx, "UPDATE conversations SET conversation = ? WHERE conversation = ?", oldest, conversation); err != nil {
			return err
		}
	}
	for _, member := range members {
		if err := t.put(&t.conversations, member, []any{oldest}); err != nil {
			return err
		}
	}
	return nil
}

// update writes the rows of a call in one table that have changed.
func update[R row[R]](t *transaction, into *table, id string, old, present []R) error {
	for _, each := range old {
		if !slices.ContainsFunc(present, each.replaces) {
			if _, err := into.clear.ExecContext(t.ctx, id); err != nil {
				return err
			}
			old = nil
			break
		}
	}
	for _, each := range present {
		if !slices.Contains(old, each) {
			if err := t.put(into, id, each.values()); err != nil {
				return err
			}
		}
	}
	return nil
}

// put writes a row, at the latest with flush. A transaction puts a row in a place once, and does not clear after that.
func (t *transaction) put(into *table, key any, values []any) error {
	into.pending = append(append(into.pending, key), values...)
	if len(into.pending) < manyRows*into.columns {
		return nil
	}
	_, err := into.many.ExecContext(t.ctx, into.pending...)
	into.pending = into.pending[:0]
	return err
}

// flush writes what is pending.
func (t *transaction) flush() error {
	if err := t.flushIndex(); err != nil {
		return err
	}
	for _, each := range t.all() {
		if err := each.flush(t.ctx); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) flush(ctx context.Context) error {
	for row := range slices.Chunk(t.pending, t.columns) {
		if _, err := t.one.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	t.pending = nil
	return nil
}
