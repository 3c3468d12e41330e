package past

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/url"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections/database"
	"github.com/callstate/callstate/projections/floor"
	"github.com/google/uuid"
)

// Finding is a kept floor that is not what the log tells.
type Finding struct {
	Position eventlog.Position `json:"position"` // at which it is kept
	What     string            `json:"what"`
}

func (f Finding) String() string { return fmt.Sprintf("the floor kept at %d: %s", f.Position, f.What) }

// keptFloor is a row of the database.
type keptFloor struct {
	piece
	event uuid.UUID
	state []byte
}

// Verify folds a log anew, compares every floor that is kept at path with what the floor is there, and returns how many it
// has compared. It changes nothing. Floors in another form than this program's are passed over: Open would throw them away.
func Verify(ctx context.Context, path string, log eventlog.Reader, progress func(eventlog.Position), report func(Finding)) (compared int, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("kept floors %s: %w", path, err)
		}
	}()
	source, err := database.Source(path, url.Values{"mode": {"ro"}})
	if err != nil {
		return 0, err
	}
	db, err := sql.Open("sqlite", source)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	var form int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&form); err != nil || form != floor.KeptForm {
		return 0, err
	}
	rows, err := db.QueryContext(ctx, "SELECT position, event, earliest, latest, state FROM floor ORDER BY position")
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	f, _ := recalled(nil, toTell)
	since := nothing
	row, more, err := next(rows)
	for r, failed := range log.ReadAll(ctx, 0) {
		if failed != nil {
			return compared, failed
		}
		for more && err == nil && row.end < r.Position {
			report(Finding{row.end, "there is no event at this position"})
			row, more, err = next(rows)
		}
		if err != nil || !more {
			return compared, err
		}
		if err := f.Apply(ctx, []eventlog.Record{r}); err != nil {
			return compared, err
		}
		since.add(&r)
		if row.end != r.Position {
			continue
		}
		what, err := row.differs(r.ID, since, f)
		if err != nil {
			return compared, err
		}
		if what != "" {
			report(Finding{row.end, what})
		}
		compared, since = compared+1, nothing
		progress(r.Position)
		row, more, err = next(rows)
		if err != nil {
			return compared, err
		}
	}
	for more && err == nil {
		report(Finding{row.end, "the log ends before it"})
		row, more, err = next(rows)
	}
	return compared, err
}

func next(rows *sql.Rows) (k keptFloor, more bool, err error) {
	if !rows.Next() {
		return k, false, rows.Err()
	}
	var event []byte
	err = rows.Scan(&k.end, &event, &k.earliest, &k.latest, &k.state)
	copy(k.event[:], event)
	return k, true, err
}

// differs says what of a kept floor is not as it is; nothing when all is.
func (k *keptFloor) differs(event uuid.UUID, since piece, f *floor.Floor) (string, error) {
	if k.event != event {
		return "it is of another log: the event there has another id", nil
	}
	if k.piece != since {
		return "the times of the events since the one before are others", nil
	}
	now, err := f.Keep()
	if err != nil {
		return "", err
	}
	is, err := unpacked(now)
	if err != nil {
		return "", err
	}
	kept, err := unpacked(k.state)
	switch {
	case err != nil:
		return "it cannot be read: " + err.Error(), nil
	case !bytes.Equal(kept, is):
		return "the floor was another one", nil
	}
	return "", nil
}

func unpacked(state []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(state))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(reader)
}
