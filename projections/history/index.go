package history

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// The index says of each term which calls have it. A call has a number there, its id in found_calls, in the order in which
// calls were first written. 2048 numbers make a block, and of each block each of its terms has one row, a bit for a call:
// so the calls that have several things at once are found by looking at all calls of a block together.
//
// Calls are asked for in another order, that of their starts. Of a block it is known between which moments its calls began,
// so that blocks which a page cannot have anything of are left alone (search.go).

// index writes the index.
type index struct {
	calls, terms table     // found_calls, found_by
	last         *sql.Stmt // the greatest id
	known        *sql.Stmt // id and terms of a call
	has          *sql.Stmt // of a block, and those of the given terms that are there, their calls
	forget       *sql.Stmt // a term of a block
	began        *sql.Stmt // widens when the calls of a block began
}

func (x *index) prepare(ctx context.Context, db *sql.DB) (err error) {
	for _, each := range []struct {
		statement **sql.Stmt
		text      string
	}{
		{&x.last, "SELECT coalesce(max(id), 0) FROM found_calls"},
		{&x.known, "SELECT id, terms FROM found_calls WHERE conn_id = ?"},
		{&x.has, "SELECT term, calls FROM found_by WHERE block = ? AND term IN (SELECT value FROM json_each(?))"},
		{&x.forget, "DELETE FROM found_by WHERE block = ? AND term = ?"},
		{&x.began, `INSERT INTO found_blocks VALUES (?, ?, ?)
			ON CONFLICT (block) DO UPDATE SET first_ms = min(first_ms, excluded.first_ms), last_ms = max(last_ms, excluded.last_ms)`},
	} {
		if *each.statement, err = db.PrepareContext(ctx, each.text); err != nil {
			return err
		}
	}
	return nil
}

func (x *index) in(ctx context.Context, tx *sql.Tx) {
	for _, each := range []**sql.Stmt{&x.last, &x.known, &x.has, &x.forget, &x.began} {
		*each = tx.StmtContext(ctx, *each)
	}
}

// indexed is what the index has of a call.
type indexed struct {
	id    int64 // 0: nothing
	terms string
}

// indexing is what a transaction changes in the index.
type indexing struct {
	last   int64 // the greatest id before; 0: not asked for yet
	given  int64 // the greatest id now
	blocks map[int64]*blockChanges
}

// blockChanges are those in a block.
type blockChanges struct {
	first, last int64 // between which moments, in ms, calls of it began
	terms       map[string][]change
}

// change lets a call of a block have a term, or have it no more.
type change struct {
	at int // of the call in the block
	in bool
}

func (c *indexing) of(block int64) *blockChanges {
	changes, begun := c.blocks[block]
	if !begun {
		changes = &blockChanges{math.MaxInt64, math.MinInt64, map[string][]change{}}
		c.blocks[block] = changes
	}
	return changes
}

// bringIndex brings what a call is found by from an old to its present state, which it returns.
func (t *transaction) bringIndex(id string, started Time, old indexed, terms string) (indexed, error) {
	if old.id == 0 {
		if terms == "" {
			return old, nil
		}
		var err error
		if old.id, err = t.newID(); err != nil {
			return old, err
		}
	}
	block, at := t.indexing.of(old.id/blockSize), int(old.id%blockSize)
	was, is := strings.Fields(old.terms), strings.Fields(terms)
	for _, each := range was {
		if _, still := slices.BinarySearch(is, each); !still {
			block.terms[each] = append(block.terms[each], change{at, false})
		}
	}
	for _, each := range is {
		if _, already := slices.BinarySearch(was, each); !already {
			block.terms[each] = append(block.terms[each], change{at, true})
		}
	}
	if terms == "" {
		_, err := t.index.calls.clear.ExecContext(t.ctx, old.id)
		return indexed{}, err
	}
	ms := time.Time(started).UnixMilli()
	block.first, block.last = min(block.first, ms), max(block.last, ms)
	return indexed{old.id, terms}, t.put(&t.index.calls, old.id, []any{id, ms, terms})
}

// newID is the next free id of a call.
func (t *transaction) newID() (int64, error) {
	if t.indexing.given == 0 {
		if err := t.index.last.QueryRowContext(t.ctx).Scan(&t.indexing.last); err != nil {
			return 0, err
		}
		t.indexing.given = t.indexing.last
	}
	t.indexing.given++
	return t.indexing.given, nil
}

// flushIndex puts the changed rows of the index, block by block.
func (t *transaction) flushIndex() error {
	for _, block := range slices.Sorted(maps.Keys(t.indexing.blocks)) {
		changes := t.indexing.blocks[block]
		if changes.first <= changes.last {
			if _, err := t.index.began.ExecContext(t.ctx, block, changes.first, changes.last); err != nil {
				return err
			}
		}
		terms := slices.Sorted(maps.Keys(changes.terms))
		having, err := t.having(block, terms)
		if err != nil {
			return fmt.Errorf("index, block %d: %w", block, err)
		}
		for _, term := range terms {
			calls := having[term]
			for _, each := range changes.terms[term] {
				calls.set(each.at, each.in)
			}
			if calls == (members{}) {
				_, err = t.index.forget.ExecContext(t.ctx, block, term)
			} else {
				err = t.put(&t.index.terms, block, []any{term, calls.blob()})
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// having are those of some terms that calls of a block have, with the calls.
func (t *transaction) having(block int64, terms []string) (map[string]members, error) {
	having := map[string]members{}
	if len(terms) == 0 || t.indexing.given > 0 && block > t.indexing.last/blockSize {
		return having, nil // the block begins with this transaction
	}
	list, err := json.Marshal(terms)
	if err != nil {
		return nil, err
	}
	rows, err := t.index.has.QueryContext(t.ctx, block, string(list))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var term string
		var blob sql.RawBytes
		var calls members
		if err := rows.Scan(&term, &blob); err != nil {
			return nil, err
		}
		if err := calls.add(blob); err != nil {
			return nil, err
		}
		having[term] = calls
	}
	return having, rows.Err()
}
