package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/callstate/callstate/adapters/store/kurrentdb"
	"github.com/callstate/callstate/adapters/store/pebble"
	"github.com/callstate/callstate/domain/access"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/past"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// errNoData: the folder has nothing of ours in it.
var errNoData = errors.New("there is no data")

// eventLog is what the program needs of a store.
type eventLog interface {
	eventlog.Store
	eventlog.Ends
	eventlog.BatchSubscriber
}

// place is where an engine has its data: read models in a folder, and the event log there too or, where store is given, in
// a database that it may share with others.
type place struct {
	data  string
	store string // connection string; empty: the log is in the folder
}

func logFolder(data string) string { return filepath.Join(data, "log") }

// readModels is the folder of the read models. Each shared log has one of its own, for they are made from one log only.
func (p place) readModels() string {
	if p.store == "" {
		return p.data
	}
	return filepath.Join(p.data, "kurrentdb-"+strings.NewReplacer(":", "_", ",", "+", "/", "_").Replace(kurrentdb.Nodes(p.store)))
}

func (p place) historyFile() string { return filepath.Join(p.readModels(), "history.db") }
func (p place) pastFile() string    { return filepath.Join(p.readModels(), "past.db") }

// is reports whether there is such a file.
func is(file string) bool {
	_, err := os.Stat(file)
	return !errors.Is(err, fs.ErrNotExist)
}

// where says where the data is, without credentials.
func (p place) where() string {
	if p.store == "" {
		return p.data
	}
	return fmt.Sprintf("log in KurrentDB at %s, read models in %s", kurrentdb.Nodes(p.store), p.readModels())
}

// openLog opens the event log for an engine, which is then the only one at this place, and makes what is not there.
func (p place) openLog(ctx context.Context, logger *slog.Logger) (eventLog, error) {
	if err := os.MkdirAll(p.readModels(), 0o750); err != nil {
		return nil, err
	}
	if p.store == "" {
		return openFolder(p.data, logger)
	}
	// What else would have the folder's log keep others from its read models.
	lock, err := vfs.Default.Lock(filepath.Join(p.readModels(), "LOCK"))
	if err != nil {
		return nil, fmt.Errorf("read models %s: %w (%w)", p.readModels(), errInUse, err)
	}
	store, err := kurrentdb.Open(ctx, p.store, kurrentdb.Options{Logger: logger})
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return &lockedLog{Store: store, lock: lock}, nil
}

var errInUse = errors.New("in use by another process")

// lockedLog is a shared log, and the lock of the read models made from it.
type lockedLog struct {
	*kurrentdb.Store
	lock io.Closer
}

func (l *lockedLog) Close() error { return errors.Join(l.Store.Close(), l.lock.Close()) }

func openFolder(data string, logger *slog.Logger) (eventLog, error) {
	store, err := pebble.Open(logFolder(data), pebble.Options{Logger: logger})
	switch {
	case errors.Is(err, eventlog.ErrInUse):
		return nil, fmt.Errorf("data folder %s is %w", data, errInUse)
	case err != nil:
		return nil, err
	}
	return store, nil
}

// readLog opens an event log that must be there, to look at it.
func (p place) readLog(ctx context.Context) (eventLog, error) {
	if p.store != "" {
		return kurrentdb.Open(ctx, p.store, kurrentdb.Options{})
	}
	if _, err := os.Stat(logFolder(p.data)); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w in %s", errNoData, p.data)
	}
	return openFolder(p.data, nil)
}

// callRecords are the call records to be shown by a command.
type callRecords struct {
	*history.History
	at  place
	log eventLog // nil: an engine has it open
}

// readHistory opens the call records, brought up to the end of the log. Where an engine keeps them up to date, they are
// read as they are.
func (p place) readHistory(ctx context.Context) (*callRecords, error) {
	if _, err := os.Stat(p.data); p.store == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w in %s", errNoData, p.data)
	}
	log, err := p.openLog(ctx, nil)
	if errors.Is(err, errInUse) {
		records, err := history.Open(ctx, p.historyFile(), history.Options{})
		if err != nil {
			return nil, err
		}
		return &callRecords{records, p, nil}, nil
	}
	if err != nil {
		return nil, err
	}
	records, err := history.Open(ctx, p.historyFile(), history.Options{Log: log})
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	shown := &callRecords{records, p, log}
	if err := catchUp(ctx, log, records); err != nil {
		return nil, errors.Join(err, shown.Close())
	}
	return shown, nil
}

// viewed has it written that somebody looks at the records, before they are shown, and lets go of the log: who reads a long
// list keeps no engine from it.
func (r *callRecords) viewed(ctx context.Context, what access.Body) (err error) {
	log := r.log
	r.log = nil
	if log == nil {
		if r.at.store == "" {
			return viewedBeside(ctx, r.at.data, what)
		}
		if log, err = r.at.readLog(ctx); err != nil {
			return err
		}
	}
	return errors.Join(viewed(ctx, log, what), log.Close())
}

func (r *callRecords) Close() error {
	err := r.History.Close()
	if r.log != nil {
		err = errors.Join(err, r.log.Close())
	}
	return err
}

// readPast opens the kept floors, brought up to the end of the log, and the log. No engine may use them meanwhile.
func (p place) readPast(ctx context.Context) (kept *past.Past, log eventLog, err error) {
	if p.store == "" {
		log, err = p.readLog(ctx)
	} else {
		log, err = p.openLog(ctx, nil)
	}
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, log.Close())
		}
	}()
	if kept, err = past.Open(ctx, p.pastFile(), past.Options{Log: log}); err != nil {
		return nil, nil, err
	}
	if err := projections.CatchUp(ctx, log, kept, nil); err != nil {
		return nil, nil, errors.Join(err, kept.Close())
	}
	return kept, log, nil
}
