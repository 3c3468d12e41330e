package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections"
)

// Difference is one row, or one value in it, that a database has otherwise than the present code would write it.
type Difference struct {
	Table   string `json:"table"`            // empty: the file itself
	Of      string `json:"of,omitempty"`     // conn_id or agent
	Row     string `json:"row,omitempty"`    // which of the rows of that: "n 0"
	Column  string `json:"column,omitempty"` // empty: the whole row
	Stored  any    `json:"stored"`           // null: the row is not there
	Rebuilt any    `json:"rebuilt"`
}

// String is the difference in words.
func (d Difference) String() string {
	where := strings.Join(strings.Fields(d.Table+" "+d.Row+" "+d.Column), " ")
	switch {
	case d.Column == "" && d.Rebuilt == nil:
		return fmt.Sprintf("%s: there should be no such row: %v", where, d.Stored)
	case d.Column == "" && d.Stored == nil:
		return fmt.Sprintf("%s: the row is missing: %v", where, d.Rebuilt)
	}
	return fmt.Sprintf("%s: stored is %s, the log says %s", where, quoted(d.Stored), quoted(d.Rebuilt))
}

func quoted(value any) string {
	if text, ok := value.(string); ok {
		return fmt.Sprintf("%q", text)
	}
	if value == nil {
		return "nothing"
	}
	return fmt.Sprint(value)
}

// told are the tables that are compared, each with its key. What is left out (ids that only join, the index) is told by them.
var told = []struct {
	table string
	key   []string
}{
	{"calls", []string{"conn_id"}},
	{"parties", []string{"conn_id", "n"}},
	{"queue_visits", []string{"conn_id", "n"}},
	{"no_answers", []string{"conn_id", "visit", "n"}},
	{"agent_stays", []string{"conn_id", "n"}},
	{"ivr_visits", []string{"conn_id", "n"}},
	{"user_data", []string{"conn_id", "key"}},
	{"found_calls", []string{"conn_id"}},
	{"transfers", []string{"conn_id", "n"}},
	{"related_calls", []string{"conn_id", "n"}},
	{"notes", []string{"conn_id", "n"}},
	{"conversations", []string{"conn_id"}},
	{"agent_sessions", []string{"agent", "n"}},
	{"agent_states", []string{"agent", "n"}},
	{"agent_folds", []string{"agent"}},
	{"checkpoint", nil},
}

// uncompared are columns that tell nothing of the log: what joins rows, and which calls have yet to be written.
var uncompared = []string{"id", "behind"}

var errNoTable = errors.New("there is no such table")

// Snapshot is a stored history as it was when the snapshot was opened, whoever writes it meanwhile. Until it is closed the
// database's write-ahead log keeps all that is written, unless the snapshot is of a copy.
type Snapshot struct {
	path     string
	version  int               // of what is stored
	position eventlog.Position // up to which it tells the log
	behind   map[string]bool   // calls whose rows are known to be older than that
	db       *sql.DB
	tx       *sql.Tx
	folder   string // of the copy that is looked at; empty: it is the database itself
}

// OpenSnapshot opens the database at path as it is now.
func OpenSnapshot(ctx context.Context, path string) (_ *Snapshot, err error) {
	s := &Snapshot{path: path, behind: map[string]bool{}}
	defer func() {
		if err != nil {
			err = errors.Join(s.failed(err), s.Close())
		}
	}()
	if _, err := os.Stat(path); err != nil {
		return nil, err // or opening it would make it
	}
	if s.db, err = openDatabase(path, 1, toRead); err != nil {
		return nil, err
	}
	if s.version, err = versionOf(ctx, s.db); err != nil {
		return nil, err
	}
	if s.tx, err = s.db.BeginTx(ctx, nil); err != nil {
		return nil, err
	}
	var behind []byte
	err = s.tx.QueryRowContext(ctx, "SELECT position, behind FROM checkpoint").Scan(&s.position, &behind)
	for each := range slices.Chunk(behind, len(call.ConnID{})) {
		s.behind[call.ConnID(each).String()] = true
	}
	return s, err
}

// CopySnapshot is OpenSnapshot of a copy, which is made beside the database and is gone when the snapshot is closed: once it
// has been made, nothing that is written need be kept.
func CopySnapshot(ctx context.Context, path string) (s *Snapshot, err error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err // or copying it would make it
	}
	folder, err := os.MkdirTemp(filepath.Dir(path), "copied-*")
	if err != nil {
		return nil, err
	}
	copied := filepath.Join(folder, filepath.Base(path))
	if err = copyDatabase(ctx, path, copied); err == nil {
		s, err = OpenSnapshot(ctx, copied)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("a copy of %s: %w", path, err), os.RemoveAll(folder))
	}
	s.path, s.folder = path, folder
	return s, nil
}

// Close lets go of the database. It may be called again, and of no snapshot.
func (s *Snapshot) Close() error {
	if s == nil || s.db == nil {
		return nil
	}
	if s.tx != nil {
		_ = s.tx.Rollback() // there is nothing to keep
	}
	err := s.db.Close()
	if s.folder != "" {
		err = errors.Join(err, os.RemoveAll(s.folder))
	}
	return err
}

func (s *Snapshot) failed(err error) error { return fmt.Errorf("comparing %s: %w", s.path, err) }

// Comparison is what Compare has looked at.
type Comparison struct {
	Version  int               // of what is stored
	Position eventlog.Position // up to which both tell the log
	Rows     int
}

// Compare makes the history anew from the log in a folder beside the database, up to the position up to which the
// snapshot tells it, and reports row by row where they differ. Tables and columns that only one of them has, of another
// version, are passed over. Nothing of what is stored is changed. progress, when it is not nil, is called with positions.
// It can be called once.
func (s *Snapshot) Compare(ctx context.Context, log eventlog.Reader, progress func(eventlog.Position), report func(Difference)) (c Comparison, err error) {
	defer func() {
		if err != nil {
			err = s.failed(err)
		}
	}()
	c.Version, c.Position = s.version, s.position
	folder, err := os.MkdirTemp(filepath.Dir(s.path), "rebuilt-*")
	if err != nil {
		return c, err
	}
	defer os.RemoveAll(folder)
	rebuilt := filepath.Join(folder, filepath.Base(s.path))
	h, err := Open(ctx, rebuilt, Options{Log: log})
	if err != nil {
		return c, err
	}
	if err := errors.Join(projections.CatchUp(ctx, projections.UpTo(log, c.Position), h, progress), h.Close()); err != nil {
		return c, err
	}
	if _, err := s.tx.ExecContext(ctx, "ATTACH ? AS rebuilt", rebuilt); err != nil {
		return c, err
	}
	for _, each := range told {
		rows, err := compareTable(ctx, s.tx, each.table, each.key, func(d Difference) {
			if !s.behind[d.Of] {
				report(d)
			}
		})
		if errors.Is(err, errNoTable) {
			if c.Version == Version {
				report(Difference{Table: each.table, Rebuilt: "the table"})
			}
			continue
		}
		if err != nil {
			return c, fmt.Errorf("%s: %w", each.table, err)
		}
		c.Rows += rows
	}
	if err := s.checkFile(ctx, report); err != nil {
		return c, err
	}
	if c.Version == Version {
		err = s.checkIndex(ctx, report)
	}
	return c, err
}

// checkFile lets SQLite check the file and the indexes.
func (s *Snapshot) checkFile(ctx context.Context, report func(Difference)) error {
	rows, err := s.tx.QueryContext(ctx, "PRAGMA main.integrity_check(100)")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		if text != "ok" {
			report(Difference{Table: "file", Column: "integrity", Stored: text, Rebuilt: "ok"})
		}
	}
	return rows.Err()
}

// compareTable compares a table with its namesake in the attached database, and returns how many rows that one has.
func compareTable(ctx context.Context, db *sql.Tx, table string, key []string, report func(Difference)) (int, error) {
	columns, err := commonColumns(ctx, db, table)
	if err != nil {
		return 0, err
	}
	if len(columns) == 0 {
		return 0, errNoTable
	}
	columns = slices.DeleteFunc(columns, func(name string) bool { return slices.Contains(uncompared, name) || slices.Contains(key, name) })
	columns = append(slices.Clone(key), columns...)
	order := ""
	if len(key) > 0 {
		order = " ORDER BY " + strings.Join(key, ", ")
	}
	list := strings.Join(columns, ", ")
	// What the two have in common is passed over by SQLite, which is quick.
	count := 0
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM rebuilt."+table).Scan(&count); err != nil {
		return 0, err
	}
	text := fmt.Sprintf("SELECT %s, 0 FROM (SELECT %[1]s FROM main.%[2]s EXCEPT SELECT %[1]s FROM rebuilt.%[2]s) "+
		"UNION ALL SELECT %[1]s, 1 FROM (SELECT %[1]s FROM rebuilt.%[2]s EXCEPT SELECT %[1]s FROM main.%[2]s)%[3]s", list, table, order)
	rows, err := db.QueryContext(ctx, text)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var last []any // a row that waits for its counterpart
	flush := func() {
		if last != nil {
			report(whole(table, key, columns, last))
			last = nil
		}
	}
	for rows.Next() {
		values, err := scanRow(rows, len(columns)+1)
		if err != nil {
			return count, err
		}
		if last != nil && slices.Equal(last[:len(key)], values[:len(key)]) && last[len(columns)] != values[len(columns)] {
			stored, rebuilt := last, values
			if stored[len(columns)] == int64(1) {
				stored, rebuilt = rebuilt, stored
			}
			for i := len(key); i < len(columns); i++ {
				if stored[i] != rebuilt[i] {
					d := named(table, key, stored)
					d.Column, d.Stored, d.Rebuilt = columns[i], stored[i], rebuilt[i]
					report(d)
				}
			}
			last = nil
			continue
		}
		flush()
		last = values
	}
	flush()
	return count, rows.Err()
}

// whole is a row that has no counterpart.
func whole(table string, key, columns []string, values []any) Difference {
	d := named(table, key, values)
	var told []string
	for i := len(key); i < len(columns); i++ {
		told = append(told, fmt.Sprintf("%s %s", columns[i], quoted(values[i])))
	}
	text := strings.Join(told, ", ")
	if values[len(columns)] == int64(0) {
		d.Stored = text
	} else {
		d.Rebuilt = text
	}
	return d
}

func named(table string, key []string, values []any) Difference {
	d := Difference{Table: table}
	var rest []string
	for i, name := range key {
		if i == 0 {
			d.Of = fmt.Sprint(values[i])
			continue
		}
		rest = append(rest, fmt.Sprintf("%s %v", name, values[i]))
	}
	d.Row = strings.Join(rest, ", ")
	return d
}

func commonColumns(ctx context.Context, db *sql.Tx, table string) ([]string, error) {
	rows, err := db.QueryContext(ctx, "SELECT name FROM pragma_table_info(?, 'main') WHERE name IN (SELECT name FROM pragma_table_info(?, 'rebuilt'))", table, table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// scanRow reads a row as it is; blobs as text, so that they compare.
func scanRow(rows *sql.Rows, columns int) ([]any, error) {
	values, pointers := make([]any, columns), make([]any, columns)
	for i := range values {
		pointers[i] = &values[i]
	}
	err := rows.Scan(pointers...)
	for i, value := range values {
		if blob, ok := value.([]byte); ok {
			values[i] = fmt.Sprintf("%x", blob)
		}
	}
	return values, err
}
