// Package history keeps the record of every call in a SQLite database that any SQL tool can open; docs/formats/history.md
// describes its tables.
//
// It is a projection: the rows are a function of the log up to the checkpoint that is written with them in one
// transaction, so the file may be deleted at any time and is made again. One process writes it; any number may read.
package history

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"path/filepath"
	"slices"

	_ "modernc.org/sqlite" // the database driver

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections"
)

var (
	// ErrNotFound: there is no record of such a call.
	ErrNotFound = errors.New("no such call in the history")
	// ErrNewerSchema: the database was written by a newer version of this program.
	ErrNewerSchema = errors.New("history has a newer schema than this program knows")
	// ErrTwoWriters: another process applies events to the same database.
	ErrTwoWriters = errors.New("history is written by another process too")
)

var (
	_ projections.Projection = (*History)(nil)
	_ projections.Staged     = (*History)(nil)
)

// Streams is what the history reads of the log besides what it is given: the past of a call of which it has the rows, but
// not the state any more.
type Streams interface {
	ReadStream(ctx context.Context, stream eventlog.Stream, from eventlog.Revision) iter.Seq2[eventlog.Record, error]
}

// Options are what a History works with.
type Options struct {
	Log Streams // the log that is applied; not needed only to read the history
}

// History is the call records. Apply, CatchingUp, Live and Failed are for one goroutine, everything else may be called
// concurrently.
type History struct {
	writer  *sql.DB // one connection
	readers *sql.DB
	tables  tables // prepared when first written to
	log     Streams

	position eventlog.Position
	end      eventlog.Position
	calls    map[call.ConnID]*openCall // live ones, and those that ended last
	ended    []call.ConnID             // those that ended last, oldest first
	behind   map[call.ConnID]bool      // live ones whose rows are older than the checkpoint
}

// readConnections is how many queries are answered at the same time.
const readConnections = 4

// Open opens the history at path, and makes it when there is none. ErrNewerSchema when a newer program has made it.
func Open(ctx context.Context, path string, o Options) (_ *History, err error) {
	h := &History{log: o.Log}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("history %s: %w", path, err), h.Close())
		}
	}()
	// What a power failure takes from the end of the write-ahead log is made again from the event log.
	if h.writer, err = open(path, 1, "journal_mode(WAL)", "synchronous(NORMAL)", "cache_size(-32768)", "wal_autocheckpoint(8192)"); err != nil {
		return nil, err
	}
	if err := migrate(ctx, h.writer); err != nil {
		return nil, err
	}
	if h.readers, err = open(path, readConnections, "query_only(1)"); err != nil {
		return nil, err
	}
	return h, h.recall(ctx)
}

// open returns a pool of connections, each made with the given pragmas.
func open(path string, connections int, pragmas ...string) (*sql.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	source := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{
		"_pragma": append(pragmas, "busy_timeout(5000)"),
		"_txlock": {"deferred"},
	}.Encode()}
	db, err := sql.Open("sqlite", source.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

//go:embed schema/*.sql
var schema embed.FS

// migrate brings the database to the present schema, one step a transaction. user_version counts the steps.
func migrate(ctx context.Context, db *sql.DB) error {
	steps, err := schema.ReadDir("schema")
	if err != nil {
		return err
	}
	var version int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version > len(steps) {
		return fmt.Errorf("%w: version %d, known are those up to %d", ErrNewerSchema, version, len(steps))
	}
	for version++; version <= len(steps); version++ {
		script, err := schema.ReadFile(fmt.Sprintf("schema/%d.sql", version))
		if err != nil {
			return err
		}
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("%s; PRAGMA user_version = %d", script, version)); err != nil {
			return fmt.Errorf("schema %d: %w", version, err)
		}
		if err := tx.Commit(); err != nil {
			return fmt.Errorf("schema %d: %w", version, err)
		}
	}
	return nil
}

// recall begins with what the database says, and nothing else in memory.
func (h *History) recall(ctx context.Context) error {
	h.calls, h.ended, h.behind = map[call.ConnID]*openCall{}, nil, map[call.ConnID]bool{}
	var behind []byte
	err := h.writer.QueryRowContext(ctx, "SELECT position, behind FROM checkpoint").Scan(&h.position, &behind)
	for each := range slices.Chunk(behind, len(call.ConnID{})) {
		h.behind[call.ConnID(each)] = true
	}
	return err
}

// Close releases the database. It may be called again.
func (h *History) Close() error {
	var errs []error
	for _, db := range []*sql.DB{h.readers, h.writer} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// Name implements projections.Projection.
func (h *History) Name() string { return "history" }

// Position is the checkpoint.
func (h *History) Position(ctx context.Context) (position eventlog.Position, err error) {
	err = h.readers.QueryRowContext(ctx, "SELECT position FROM checkpoint").Scan(&position)
	return position, err
}

// CatchingUp says where the log ends. On the way there the rows of a call are written when it has ended, and those of
// the calls that are live then when that end is reached.
func (h *History) CatchingUp(end eventlog.Position) { h.end = end }

// Live implements projections.Staged.
func (h *History) Live() {}

// Failed implements projections.Staged. The records stay what they were.
func (h *History) Failed(error) {}
