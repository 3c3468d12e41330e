package history

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// tables are what is written to, with statements that are prepared once for the writer's connection.
type tables struct {
	calls, visits, offers, stays, ivrs, data, transfers, related table
}

// table is one table, and rows for it that are not written yet.
type table struct {
	one, many *sql.Stmt // put as many rows there, each the conn_id and the row's values
	clear     *sql.Stmt // removes the rows with a conn_id
	columns   int
	pending   []any // values of less than manyRows rows
}

// manyRows are written by one statement: that costs much less than as many statements.
const manyRows = 16

func (t *tables) all() []*table {
	return []*table{&t.calls, &t.visits, &t.offers, &t.stays, &t.ivrs, &t.data, &t.transfers, &t.related}
}

func (t *tables) prepare(ctx context.Context, db *sql.DB) (err error) {
	if t.related.clear != nil {
		return nil
	}
	for _, each := range []struct {
		*table
		name    string
		columns int
	}{
		{&t.calls, "calls", 14}, {&t.visits, "queue_visits", 9}, {&t.offers, "no_answers", 5},
		{&t.stays, "agent_stays", 12}, {&t.ivrs, "ivr_visits", 6}, {&t.data, "user_data", 5},
		{&t.transfers, "transfers", 7}, {&t.related, "related_calls", 4},
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
		if each.clear, err = db.PrepareContext(ctx, fmt.Sprintf("DELETE FROM %s WHERE conn_id = ?", each.name)); err != nil {
			return err
		}
	}
	return nil
}

// transaction is the tables in a transaction.
type transaction struct {
	ctx context.Context
	tables
}

// in returns the tables as a transaction sees them.
func (t tables) in(ctx context.Context, tx *sql.Tx) *transaction {
	for _, each := range t.all() {
		each.one, each.many, each.clear = tx.StmtContext(ctx, each.one), tx.StmtContext(ctx, each.many), tx.StmtContext(ctx, each.clear)
	}
	return &transaction{ctx, t}
}

// bring brings the rows of a call to its present state.
func (t *transaction) bring(id string, c *openCall) error {
	if c.loaded {
		for _, each := range t.all() {
			if _, err := each.clear.ExecContext(t.ctx, id); err != nil {
				return err
			}
		}
	}
	old, present := rowsOf(c.written), rowsOf(c.state)
	if old.call != present.call {
		if err := t.put(&t.calls, id, present.call.values()); err != nil {
			return err
		}
	}
	c.written, c.loaded = c.state, false
	return cmp.Or(
		update(t, &t.visits, id, old.visits, present.visits),
		update(t, &t.offers, id, old.offers, present.offers),
		update(t, &t.stays, id, old.stays, present.stays),
		update(t, &t.ivrs, id, old.ivrs, present.ivrs),
		update(t, &t.data, id, old.data, present.data),
		update(t, &t.transfers, id, old.transfers, present.transfers),
		update(t, &t.related, id, old.related, present.related),
	)
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
func (t *transaction) put(into *table, id string, values []any) error {
	into.pending = append(append(into.pending, id), values...)
	if len(into.pending) < manyRows*into.columns {
		return nil
	}
	_, err := into.many.ExecContext(t.ctx, into.pending...)
	into.pending = into.pending[:0]
	return err
}

// flush writes what is pending.
func (t *transaction) flush() error {
	for _, each := range t.all() {
		for row := range slices.Chunk(each.pending, each.columns) {
			if _, err := each.one.ExecContext(t.ctx, row...); err != nil {
				return err
			}
		}
		each.pending = nil
	}
	return nil
}
