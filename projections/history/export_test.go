package history

import (
	"context"
	"database/sql"
	"strings"
)

// Term is what stands in the index for a value of a kind.
var Term = term

// TermsOf are the terms of a call.
var TermsOf = termsOf

// FindBy makes the rest of the index from the terms in found_calls.
func (h *History) FindBy(ctx context.Context) error {
	if err := h.tables.prepare(ctx, h.writer); err != nil {
		return err
	}
	tx, err := h.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	into := h.tables.in(ctx, tx)
	q := query{ctx: ctx, tx: tx}
	err = q.each("SELECT id, started_ms, terms FROM found_calls", nil, func(rows *sql.Rows) error {
		var id, ms int64
		var terms string
		if err := rows.Scan(&id, &ms, &terms); err != nil {
			return err
		}
		block := into.indexing.of(id / blockSize)
		block.first, block.last = min(block.first, ms), max(block.last, ms)
		for _, each := range strings.Fields(terms) {
			block.terms[each] = append(block.terms[each], change{int(id % blockSize), true})
		}
		if id%blockSize == blockSize-1 {
			err := into.flushIndex()
			clear(into.indexing.blocks)
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := into.flush(); err != nil {
		return err
	}
	return tx.Commit()
}
