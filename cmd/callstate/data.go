package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/callstate/callstate/adapters/store/pebble"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/past"
)

// errNoData: the folder has nothing of ours in it.
var errNoData = errors.New("there is no data")

func logFolder(data string) string   { return filepath.Join(data, "log") }
func historyFile(data string) string { return filepath.Join(data, "history.db") }
func pastFile(data string) string    { return filepath.Join(data, "past.db") }

// openLog opens the event log of a data folder, and makes both when they are not there.
func openLog(data string, logger *slog.Logger) (*pebble.Store, error) {
	if err := os.MkdirAll(data, 0o750); err != nil {
		return nil, err
	}
	store, err := pebble.Open(logFolder(data), pebble.Options{Logger: logger})
	if errors.Is(err, eventlog.ErrInUse) {
		return nil, fmt.Errorf("data folder %s is in use by another process", data)
	}
	return store, err
}

// readLog opens the event log of a data folder that must be there.
func readLog(data string) (*pebble.Store, error) {
	if _, err := os.Stat(logFolder(data)); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w in %s", errNoData, data)
	}
	return openLog(data, nil)
}

// readHistory opens the call records of a data folder, brought up to the end of the log. Where an engine has the log
// open, that engine keeps the records up to date, and they are read as they are.
func readHistory(ctx context.Context, data string) (*history.History, error) {
	if _, err := os.Stat(data); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w in %s", errNoData, data)
	}
	store, err := pebble.Open(logFolder(data), pebble.Options{})
	if errors.Is(err, eventlog.ErrInUse) {
		return history.Open(ctx, historyFile(data), history.Options{})
	}
	if err != nil {
		return nil, err
	}
	defer store.Close()
	records, err := history.Open(ctx, historyFile(data), history.Options{Log: store})
	if err != nil {
		return nil, err
	}
	if err := projections.CatchUp(ctx, store, records, nil); err != nil {
		records.Close()
		return nil, err
	}
	return records, nil
}

// readPast opens the kept floors of a data folder, brought up to the end of the log.
func readPast(ctx context.Context, data string, store *pebble.Store) (*past.Past, error) {
	kept, err := past.Open(ctx, pastFile(data), past.Options{Log: store})
	if err != nil {
		return nil, err
	}
	if err := projections.CatchUp(ctx, store, kept, nil); err != nil {
		kept.Close()
		return nil, err
	}
	return kept, nil
}
