// Package history keeps the record of every call in a SQLite database that any SQL tool can open; docs/formats/history.md
// describes its tables.
//
// It is a projection: the rows are a function of the log up to the checkpoint that is written with them in one
// transaction, so the file may be deleted at any time and is made again. One process writes it; any number may read.
package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections"
)

var (
	// ErrNotFound: there is no record of such a call.
	ErrNotFound = errors.New("no such call in the history")
	// ErrNewerSchema: the database was written by a newer version of this program.
	ErrNewerSchema = errors.New("history has a newer schema than this program knows")
	// ErrOlderSchema: the database was written by an older version of this program, and there is no log to make it anew from.
	ErrOlderSchema = errors.New("history has an older schema than this program reads")
	// ErrTwoWriters: another process applies events to the same database.
	ErrTwoWriters = errors.New("history is written by another process too")
)

var (
	_ projections.Projection = (*History)(nil)
	_ projections.Staged     = (*History)(nil)
	_ projections.Versioned  = (*History)(nil)
)

// Streams is what the history reads of the log besides what it is given: the past of a call of which it has the rows, but
// not the state any more.
type Streams interface {
	ReadStream(ctx context.Context, stream eventlog.Stream, from eventlog.Revision) iter.Seq2[eventlog.Record, error]
}

// Options are what a History works with.
type Options struct {
	Log  Streams // the log that is applied; not needed only to read the history
	Anew bool    // begin with nothing beside what there is, and take its place with SwitchOver
}

// History is the call records. Apply, CatchingUp, Live, Failed and SwitchOver are for one goroutine, everything else may
// be called concurrently.
type History struct {
	path   string
	beside bool    // what is written is beside path, until SwitchOver
	writer *sql.DB // one connection
	tables tables  // prepared when first written to
	log    Streams

	open    sync.RWMutex // held for writing while the database is exchanged
	readers *sql.DB

	position eventlog.Position
	at       Time // latest switch time that was taken in
	indexed  bool // the indexes are made
	end      eventlog.Position
	calls    map[call.ConnID]*openCall // live ones, and those that ended last
	ended    []call.ConnID             // those that ended last, oldest first
	behind   map[call.ConnID]bool      // live ones whose rows are older than the checkpoint
	agents   map[string]*agentFold     // those of which something was told
}

// Open opens the history at path, and makes it when there is none. Where an older program made it, or where that is
// asked for, it is made anew beside the old one, which stays until SwitchOver. ErrNewerSchema when a newer program has
// made it; ErrOlderSchema when an older one has and there is no log to make it from.
func Open(ctx context.Context, path string, o Options) (_ *History, err error) {
	h := &History{path: path, log: o.Log}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("history %s: %w", path, err), h.Close())
		}
	}()
	if h.beside, err = besides(ctx, path, o); err != nil {
		return nil, err
	}
	return h, h.connect(ctx)
}

// connect opens the database that is written and read.
func (h *History) connect(ctx context.Context) (err error) {
	if h.writer, h.readers, err = connect(ctx, h.file()); err != nil {
		return err
	}
	h.tables = tables{}
	return h.recall(ctx)
}

// file is the database that is written and read.
func (h *History) file() string {
	if h.beside {
		return beside(h.path)
	}
	return h.path
}

// SwitchOver puts what was made anew in the place of what was there. It does nothing when nothing was made anew. Another
// program that has the old one open is waited for, a minute at most; queries go on meanwhile.
func (h *History) SwitchOver(ctx context.Context) error {
	if !h.beside {
		return nil
	}
	if err := retire(ctx, h.path); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	h.open.Lock()
	defer h.open.Unlock()
	err := errors.Join(h.readers.Close(), h.writer.Close(), settle(ctx, h.file()))
	if err == nil {
		err = os.Rename(h.file(), h.path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("history: %w", err), h.connect(ctx))
	}
	h.beside = false
	return h.connect(ctx)
}

// recall begins with what the database says, and nothing else in memory.
func (h *History) recall(ctx context.Context) error {
	h.calls, h.ended, h.behind, h.agents = map[call.ConnID]*openCall{}, nil, map[call.ConnID]bool{}, map[string]*agentFold{}
	var behind []byte
	err := h.writer.QueryRowContext(ctx, `SELECT position, at, behind,
		EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'calls_by_time') FROM checkpoint`).
		Scan(&h.position, &h.at, &behind, &h.indexed)
	for each := range slices.Chunk(behind, len(call.ConnID{})) {
		h.behind[call.ConnID(each)] = true
	}
	return err
}

// Close releases the database. It may be called again.
func (h *History) Close() error {
	h.open.Lock()
	defer h.open.Unlock()
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

// Version implements projections.Versioned: that of the tables and of what they tell.
func (h *History) Version() int { return Version }

// Position is the checkpoint.
func (h *History) Position(ctx context.Context) (position eventlog.Position, err error) {
	position, _, err = h.checkpoint(ctx)
	return position, err
}

// Latest is the latest moment of which the history knows, on the switches' clocks; zero when it knows nothing.
func (h *History) Latest(ctx context.Context) (time.Time, error) {
	_, at, err := h.checkpoint(ctx)
	return time.Time(at), err
}

func (h *History) checkpoint(ctx context.Context) (position eventlog.Position, at Time, err error) {
	h.open.RLock()
	defer h.open.RUnlock()
	err = h.readers.QueryRowContext(ctx, "SELECT position, at FROM checkpoint").Scan(&position, &at)
	return position, at, err
}

// CatchingUp says where the log ends. On the way there the rows of a call are written when it has ended, and those of
// the calls that are live then when that end is reached.
func (h *History) CatchingUp(end eventlog.Position) { h.end = end }

// Live implements projections.Staged.
func (h *History) Live() {}

// Failed implements projections.Staged. The records stay what they were.
func (h *History) Failed(error) {}
