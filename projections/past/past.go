// Package past tells the floor as it was: at any position of the log or at any time, exactly, and as it changed from one
// moment to another.
//
// It is a projection that folds the log once more and keeps what the floor is at every so many events, in a SQLite
// database; docs/formats/past.md describes it. The floor at a moment is the last kept one before it and the events since.
// The file may be deleted at any time and is made again from the log.
package past

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"

	_ "modernc.org/sqlite" // the database driver

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/database"
	"github.com/callstate/callstate/projections/floor"
	"github.com/google/uuid"
)

var _ projections.Projection = (*Past)(nil)

// Log is what the past reads of an event log.
type Log interface {
	eventlog.Reader
	eventlog.Ends
}

// Options are what a Past works with.
type Options struct {
	Log Log
	// Every is how many events come between two kept floors. Default 5000, and more where the floor is large: five for
	// each agent and live call, so that keeping the floor takes no longer than folding it.
	Every int
	Anew  bool // throw away what is kept; nobody else may use it
}

// leastInterval is how many events there are at least from one kept floor to the next, where Options.Every does not say it.
const leastInterval = 5000

// Past is the floor as it was. Apply is for one goroutine, everything else may be called concurrently.
type Past struct {
	db    *sql.DB
	log   Log
	every int // 0: by the size of the floor

	floor *floor.Floor // at the end of what was applied
	since piece        // what was applied since the last kept floor
	count int          // of events in it
	last  uuid.UUID    // id of the last event
}

// piece is the events of the log from one kept floor to the next: where it ends, and between which times they happened.
type piece struct {
	end              eventlog.Position
	earliest, latest int64 // microseconds since 1970
}

// nothing is a piece without events of the floor.
var nothing = piece{earliest: 1<<63 - 1, latest: -1 << 63}

func (p *piece) add(r *eventlog.Record) {
	p.end = r.Position
	if r.Stream.Kind() != wire.Audit { // see Moment
		at := r.SwitchTime.UnixMicro()
		p.earliest, p.latest = min(p.earliest, at), max(p.latest, at)
	}
}

const schema = `
CREATE TABLE floor (
	position INTEGER PRIMARY KEY, -- of the last event that is in it
	event    BLOB NOT NULL,       -- id of that event
	earliest INTEGER NOT NULL,    -- switch time of the earliest event since the floor before, in microseconds since 1970
	latest   INTEGER NOT NULL,    -- that of the latest one
	state    BLOB NOT NULL        -- the floor, JSON, gzipped
) STRICT`

// Open opens the kept floors at path, and makes the file when there is none. What is kept in another form than this
// program's, or is of another log, is thrown away.
func Open(ctx context.Context, path string, o Options) (_ *Past, err error) {
	p := &Past{log: o.Log, every: o.Every}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("kept floors %s: %w", path, err), p.Close())
		}
	}()
	source, err := database.Source(path, url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(NORMAL)", "busy_timeout(5000)"}})
	if err != nil {
		return nil, err
	}
	if o.Anew {
		if err := database.Remove(path); err != nil {
			return nil, err
		}
	}
	if p.db, err = sql.Open("sqlite", source); err != nil {
		return nil, err
	}
	p.db.SetMaxOpenConns(4)
	p.db.SetMaxIdleConns(4)
	var form int
	if err := p.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&form); err != nil {
		return nil, err
	}
	if form == floor.KeptForm {
		ours, err := p.goOn(ctx)
		if ours || err != nil {
			return p, err
		}
	}
	return p, p.begin(ctx)
}

// begin throws away what is kept.
func (p *Past) begin(ctx context.Context) error {
	p.floor, _ = recalled(nil, toTell)
	p.since, p.count = nothing, 0
	_, err := p.db.ExecContext(ctx, fmt.Sprintf("BEGIN; DROP TABLE IF EXISTS floor; %s; PRAGMA user_version = %d; COMMIT", schema, floor.KeptForm))
	return err
}

// goOn goes on from the last kept floor; false when it is not of this log.
func (p *Past) goOn(ctx context.Context) (bool, error) {
	var position eventlog.Position
	var event, state []byte
	err := p.db.QueryRowContext(ctx, "SELECT position, event, state FROM floor ORDER BY position DESC LIMIT 1").Scan(&position, &event, &state)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	before, err := eventlog.Before(ctx, p.log, position)
	if err != nil {
		return false, err
	}
	ours := false
	for r, err := range p.log.ReadAll(ctx, before) {
		if err != nil {
			return false, err
		}
		ours = r.Position == position && uuid.UUID(event) == r.ID
		break
	}
	if !ours {
		return false, nil
	}
	p.floor, err = recalled(state, toTell)
	p.since, p.count = nothing, 0
	return true, err
}

// What a floor of the past is for: to be looked at, or to tell what changes.
var (
	toLookAt = floor.Options{History: 1}
	toTell   = floor.Options{History: 1, Notifications: true}
)

// never is the end of a log that a floor only folds.
const never = eventlog.Position(1<<63 - 1)

// recalled is a kept floor, or without a state an empty one. It only folds.
func recalled(state []byte, o floor.Options) (f *floor.Floor, err error) {
	if state == nil {
		f = floor.New(o)
	} else if f, err = floor.Recall(state, o); err != nil {
		return nil, err
	}
	f.CatchingUp(never)
	return f, nil
}

// Present is a floor to be kept up to date. It begins with the last kept floor behind which all changes still come that it
// is to keep, so that a start does not fold the whole log; without one it is empty.
func (p *Past) Present(ctx context.Context, o floor.Options) (*floor.Floor, error) {
	end, err := p.log.End(ctx)
	if err != nil {
		return nil, err
	}
	_, o.Sparse = p.log.(eventlog.Sparse)
	history := cmp.Or(o.History, floor.DefaultHistory)
	if end <= eventlog.Position(history) {
		return floor.New(o), nil
	}
	pieces, err := p.pieces(ctx)
	if err != nil {
		return nil, err
	}
	n := 0
	if o.Sparse { // positions do not tell how many changes come behind a kept floor, but so many come before each
		n = max(0, len(pieces)-1-history/cmp.Or(p.every, leastInterval))
	} else {
		n = nearest(pieces, Moment{Position: end - eventlog.Position(history)})
	}
	f, err := p.kept(ctx, pieces, n, o)
	if err != nil {
		return nil, fmt.Errorf("kept floor: %w", err)
	}
	return f, nil
}

// Close releases the database.
func (p *Past) Close() error {
	if p.db == nil {
		return nil
	}
	return p.db.Close()
}

// Name implements projections.Projection.
func (p *Past) Name() string { return "past" }

// Position is how far the floor is folded. What is kept may end before that; it is folded again after a restart.
func (p *Past) Position(ctx context.Context) (eventlog.Position, error) { return p.floor.Position(ctx) }

// Apply folds records, and keeps the floor whenever so many have come.
func (p *Past) Apply(ctx context.Context, records []eventlog.Record) error {
	for len(records) > 0 {
		run := records[:min(len(records), max(p.interval()-p.count, 1))]
		err := p.floor.Apply(ctx, run)
		reached, _ := p.floor.Position(ctx)
		for i := range run {
			if run[i].Position > reached {
				break
			}
			p.since.add(&run[i])
			p.count, p.last = p.count+1, run[i].ID
		}
		if err != nil {
			return err
		}
		if p.count >= p.interval() { // which may have grown with the floor
			if err := p.keep(ctx); err != nil {
				return fmt.Errorf("keep the floor at %d: %w", p.since.end, err)
			}
		}
		records = records[len(run):]
	}
	return nil
}

// interval is how many events there are to be from one kept floor to the next, as the floor is now.
func (p *Past) interval() int {
	if p.every > 0 {
		return p.every
	}
	return max(leastInterval, 5*p.floor.Size())
}

func (p *Past) keep(ctx context.Context) error {
	state, err := p.floor.Keep()
	if err != nil {
		return err
	}
	_, err = p.db.ExecContext(ctx, "INSERT OR REPLACE INTO floor (position, event, earliest, latest, state) VALUES (?, ?, ?, ?, ?)",
		p.since.end, p.last[:], p.since.earliest, p.since.latest, state)
	if err == nil {
		p.since, p.count = nothing, 0
	}
	return err
}

// pieces are the kept floors, oldest first.
func (p *Past) pieces(ctx context.Context) (pieces []piece, err error) {
	rows, err := p.db.QueryContext(ctx, "SELECT position, earliest, latest FROM floor ORDER BY position")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var each piece
		if err := rows.Scan(&each.end, &each.earliest, &each.latest); err != nil {
			return nil, err
		}
		pieces = append(pieces, each)
	}
	return pieces, rows.Err()
}

// nearest is the last kept floor in which nothing is that does not belong to a moment: how many of the pieces it is the
// end of.
func nearest(pieces []piece, m Moment) int {
	for i, each := range pieces {
		if m.Position != 0 && each.end > m.Position || m.Position == 0 && each.latest > m.Time.UnixMicro() {
			return i
		}
	}
	return len(pieces)
}

// kept is the floor at the end of the first n pieces.
func (p *Past) kept(ctx context.Context, pieces []piece, n int, o floor.Options) (*floor.Floor, error) {
	var state []byte
	if n > 0 {
		if err := p.db.QueryRowContext(ctx, "SELECT state FROM floor WHERE position = ?", pieces[n-1].end).Scan(&state); err != nil {
			return nil, err
		}
	}
	return recalled(state, o)
}

// mayHave reports whether something in the piece may belong to the moment.
func (p piece) mayHave(m Moment, before eventlog.Position) bool {
	if m.Position != 0 {
		return before < m.Position
	}
	return m.Time.IsZero() || p.earliest <= m.Time.UnixMicro()
}
