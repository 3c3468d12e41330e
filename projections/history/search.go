package history

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"unicode"
)

// calls reads the calls that a filter lets through.
func (q *query) calls(f Filter) error {
	text, err := phrasesOf(f.Text)
	if err != nil {
		return err
	}
	wanted := f.wanted(text)
	switch {
	case !f.connID.IsZero():
		return q.take(f, nil, 0, "SELECT ?", f.connID.String())
	case !f.Conversation.IsZero():
		id := f.Conversation.String()
		return q.take(f, text, f.Limit,
			"SELECT conn_id FROM conversations WHERE conversation = (SELECT conversation FROM conversations WHERE conn_id = ?) UNION SELECT ?", id, id)
	case len(wanted) == 0:
		return q.take(f, nil, f.Limit, "")
	}
	return q.search(f, text, wanted)
}

// take reads the calls that lookUp finds, that the filter lets through and that say a text: at most so many (0: all).
func (q *query) take(f Filter, text []phrase, limit int, lookUp string, arguments ...any) error {
	if len(text) == 0 {
		return q.read(f.clause(limit, lookUp, arguments...))
	}
	before := len(q.records)
	if err := q.read(f.clause(0, lookUp, arguments...)); err != nil {
		return err
	}
	if err := q.data(q.ids[before:]); err != nil {
		return err
	}
	kept := before
	for i, r := range q.records[before:] {
		if (limit == 0 || kept < before+limit) && say(r.UserData, text) {
			q.records[kept], q.ids[kept], q.index[r.ConnID.String()] = r, q.ids[before+i], kept
			kept++
		}
	}
	q.records, q.ids = q.records[:kept], q.ids[:kept]
	return nil
}

const (
	manyBlocks  = 256    // of the index are looked at together
	longestStep = 16_384 // calls are tested at once
	fewCalls    = 64     // of a block are tested rather than looked for by the beginning of a word
)

// candidate is a call that the index finds.
type candidate struct {
	at int64 // when it began, in ms; negative where the newest comes first
	id int64
}

// search reads the calls that have all that is wanted, until they make a page. It looks at few blocks of the index at first,
// and then at more and more together. What it finds waits until no other block can have what comes before it.
func (q *query) search(f Filter, text []phrase, wanted []wanted) error {
	blocks, err := q.blocks(f)
	if err != nil {
		return err
	}
	step := cmp.Or(f.Limit, longestStep)
	var waiting []candidate
	for width := 1; len(blocks) > 0; width = min(2*width, manyBlocks) {
		width = min(width, len(blocks))
		found, err := q.candidates(f, wanted, blocks[:width])
		if err != nil {
			return err
		}
		blocks = blocks[width:]
		waiting = append(waiting, found...)
		slices.SortFunc(waiting, func(a, b candidate) int { return cmp.Compare(a.at, b.at) })
		ready := len(waiting)
		if len(blocks) > 0 {
			ready, _ = slices.BinarySearchFunc(waiting, blocks[0].at, func(c candidate, at int64) int { return cmp.Compare(c.at, at) })
		}
		for ready > 0 {
			taken := min(step, ready)
			for taken < ready && waiting[taken].at == waiting[taken-1].at {
				taken++ // within a millisecond the order is another one
			}
			if err := q.test(f, text, waiting[:taken]); err != nil || f.Limit > 0 && len(q.records) == f.Limit {
				return err
			}
			waiting, ready, step = waiting[taken:], ready-taken, min(4*step, longestStep)
		}
	}
	return nil
}

// test reads those of some candidates that the filter lets through.
func (q *query) test(f Filter, text []phrase, candidates []candidate) error {
	var ids []int64
	for _, c := range candidates {
		ids = append(ids, c.id)
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	limit := 0
	if f.Limit > 0 {
		limit = f.Limit - len(q.records)
	}
	return q.take(f, text, limit, "SELECT conn_id FROM found_calls WHERE id IN (SELECT value FROM json_each(?))", string(list))
}

// block is a block of the index.
type block struct {
	at     int64 // when the first of its calls began, as of a candidate
	number int64
}

// blocks are those that may have what a filter finds, in its order.
func (q *query) blocks(f Filter) (all []block, err error) {
	order, span := f.order(), f.span()
	err = q.each("SELECT CASE WHEN ? < 0 THEN -last_ms ELSE first_ms END AS at, block FROM found_blocks WHERE last_ms >= ? AND first_ms <= ? ORDER BY at",
		[]any{order, span.first, span.last}, func(rows *sql.Rows) error {
			var b block
			err := rows.Scan(&b.at, &b.number)
			all = append(all, b)
			return err
		})
	return all, err
}

// candidates are the calls of some blocks that have all that is wanted, and began when the filter can find them.
func (q *query) candidates(f Filter, wanted []wanted, blocks []block) (all []candidate, err error) {
	found := map[int64]*members{}
	for _, b := range blocks {
		found[b.number] = everyone()
	}
	for _, each := range wanted {
		var numbers []int64
		for number, calls := range found {
			if each.beginning == "" || calls.count() > fewCalls {
				numbers = append(numbers, number)
			}
		}
		having, err := q.having(numbers, each)
		if err != nil {
			return nil, err
		}
		for _, number := range numbers {
			having := having[number]
			if found[number].and(&having); found[number].count() == 0 {
				delete(found, number)
			}
		}
	}
	var ids []int64
	for number, calls := range found {
		for at := range calls.each() {
			ids = append(ids, number*blockSize+int64(at))
		}
	}
	list, err := json.Marshal(ids)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	span := f.span()
	err = q.each(`SELECT ? * c.started_ms, c.id FROM json_each(?) AS e CROSS JOIN found_calls AS c ON c.id = e.value WHERE c.started_ms BETWEEN ? AND ?`,
		[]any{f.order(), string(list), span.first, span.last}, func(rows *sql.Rows) error {
			var c candidate
			err := rows.Scan(&c.at, &c.id)
			all = append(all, c)
			return err
		})
	return all, err
}

// having are, by the numbers of some blocks, the calls there that have what is wanted.
func (q *query) having(numbers []int64, w wanted) (map[int64]members, error) {
	having := map[int64]members{}
	if len(numbers) == 0 {
		return having, nil
	}
	list, err := json.Marshal(numbers)
	if err != nil {
		return nil, err
	}
	arguments := []any{string(list)}
	is := "BETWEEN ? AND ?"
	if w.beginning != "" {
		arguments = append(arguments, w.beginning, w.beginning+string(unicode.MaxRune))
	} else {
		is = "IN (?" + strings.Repeat(", ?", len(w.either)-1) + ")"
		for _, term := range w.either {
			arguments = append(arguments, term)
		}
	}
	var blob sql.RawBytes
	err = q.each("SELECT x.block, x.calls FROM json_each(?) AS e CROSS JOIN found_by AS x ON x.block = e.value AND x.term "+is, arguments, func(rows *sql.Rows) error {
		var number int64
		if err := rows.Scan(&number, &blob); err != nil {
			return err
		}
		calls := having[number]
		err := calls.add(blob)
		having[number] = calls
		return err
	})
	return having, err
}
