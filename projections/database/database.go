// Package database names and removes the SQLite databases in which projections are kept.
package database

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// Source names the database at path for the driver, with the driver's parameters: _pragma, _txlock, mode.
func Source(path string, parameters url.Values) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	source := url.URL{Scheme: "file", Path: path, RawQuery: parameters.Encode()}
	return source.String(), nil
}

// Remove removes the database at path with all its files, whatever is in them; that there is none is no error. The file that
// gives it its name goes last, so that what is left after a failure is not taken for the write-ahead log of another.
func Remove(path string) error {
	for _, suffix := range []string{"-wal", "-shm", ""} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
