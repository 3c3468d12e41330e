package history

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// checkIndex checks that the index finds each call by its terms and by nothing else. What the terms are is compared before.
func (s *Snapshot) checkIndex(ctx context.Context, report func(Difference)) error {
	q := query{ctx: ctx, tx: s.tx}
	var blocks []int64
	err := q.each("SELECT id / ? FROM found_calls UNION SELECT block FROM found_by", []any{blockSize}, func(rows *sql.Rows) error {
		var block int64
		err := rows.Scan(&block)
		blocks = append(blocks, block)
		return err
	})
	if err != nil {
		return err
	}
	for _, block := range blocks {
		if err := q.checkBlock(block, report); err != nil {
			return err
		}
	}
	return nil
}

// checkBlock reports the terms of a block that the calls there do not have, or have otherwise, and the calls that would not
// be looked for there.
func (q *query) checkBlock(block int64, report func(Difference)) error {
	terms := map[string]members{}
	err := q.each("SELECT id, terms FROM found_calls WHERE id BETWEEN ? AND ?", []any{block * blockSize, block*blockSize + blockSize - 1}, func(rows *sql.Rows) error {
		var id int64
		var all string
		err := rows.Scan(&id, &all)
		for _, term := range strings.Fields(all) {
			calls := terms[term]
			calls.set(int(id%blockSize), true)
			terms[term] = calls
		}
		return err
	})
	if err != nil {
		return err
	}
	differs := func(term string, stored, rebuilt any) {
		d := Difference{Table: "found_by", Row: fmt.Sprintf("block %d, term %s", block, term), Stored: stored, Rebuilt: rebuilt}
		if stored != nil && rebuilt != nil {
			d.Column = "calls"
		}
		report(d)
	}
	err = q.each("SELECT term, calls FROM found_by WHERE block = ?", []any{block}, func(rows *sql.Rows) error {
		var term string
		var stored []byte
		err := rows.Scan(&term, &stored)
		calls, known := terms[term]
		if rebuilt := calls.blob(); !known {
			differs(term, fmt.Sprintf("%x", stored), nil)
		} else if !slices.Equal(stored, rebuilt) {
			differs(term, fmt.Sprintf("%x", stored), fmt.Sprintf("%x", rebuilt))
		}
		delete(terms, term)
		return err
	})
	if err != nil {
		return err
	}
	for _, term := range slices.Sorted(maps.Keys(terms)) {
		calls := terms[term]
		differs(term, nil, fmt.Sprintf("%x", calls.blob()))
	}
	return q.each(`SELECT conn_id, started_ms FROM found_calls WHERE id BETWEEN ?2 AND ?3 AND NOT EXISTS
		(SELECT 1 FROM found_blocks WHERE block = ?1 AND started_ms BETWEEN first_ms AND last_ms)`,
		[]any{block, block * blockSize, block*blockSize + blockSize - 1}, func(rows *sql.Rows) error {
			var id string
			var ms int64
			err := rows.Scan(&id, &ms)
			report(Difference{Table: "found_blocks", Of: id, Row: fmt.Sprint("block ", block), Column: "first_ms, last_ms", Stored: "another time", Rebuilt: ms})
			return err
		})
}
