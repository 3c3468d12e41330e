package pebble

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	pebbledb "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/eventlog"
)

// TestDamage changes a bit here and there in the files of a log. What was written is read back, or it is said that
// something is wrong, and then nothing is removed that may still be of use.
func TestDamage(t *testing.T) {
	cases := map[string]struct {
		pattern string
		flush   bool
		// spare: what is there may have been written elsewhere, too.
		spare bool
	}{
		"in a table":           {pattern: "*.sst", flush: true},
		"in a file of values":  {pattern: "*.blob", flush: true},
		"in the list of files": {pattern: "MANIFEST-*", flush: true, spare: true},
		"in the engine's log":  {pattern: "*.log"},
		"in the label":         {pattern: labelName},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			intact := t.TempDir()
			written := writeSome(t, intact, c.flush)
			contents := contentsOf(t, intact)
			files, err := filepath.Glob(filepath.Join(intact, c.pattern))
			require.NoError(t, err)
			require.NotEmpty(t, files)
			found := 0
			for range 8 {
				dir := t.TempDir()
				require.NoError(t, os.CopyFS(dir, os.DirFS(intact)))
				flipBit(t, filepath.Join(dir, filepath.Base(files[rand.IntN(len(files))])))
				read, err := readSome(dir)
				if err == nil {
					require.Len(t, read, len(written))
				} else {
					found++
					require.ErrorIs(t, err, eventlog.ErrDamaged)
					require.Subset(t, contentsOf(t, dir), contents)
					_, err = readSome(dir)
					require.ErrorIs(t, err, eventlog.ErrDamaged, "nor is it all right the next time")
				}
				require.Equal(t, written[:len(read)], append([]eventlog.Record{}, read...), "nothing wrong is read")
			}
			require.True(t, found > 0 || c.spare)
		})
	}
	t.Run("a file is missing", func(t *testing.T) {
		for _, pattern := range []string{"*.sst", "*.blob", "MANIFEST-*"} {
			dir := t.TempDir()
			writeSome(t, dir, true)
			files, err := filepath.Glob(filepath.Join(dir, pattern))
			require.NoError(t, err)
			for _, file := range files {
				require.NoError(t, os.Remove(file))
			}
			_, err = readSome(dir)
			require.ErrorIs(t, err, eventlog.ErrDamaged, pattern)
		}
	})
}

// TestDamagedContents puts wrong things into a log whose files are in order.
func TestDamagedContents(t *testing.T) {
	cases := map[string]func(t *testing.T, db *pebbledb.DB){
		"a record is missing":     func(t *testing.T, db *pebbledb.DB) { remove(t, db, logKey(5)) },
		"the first is missing":    func(t *testing.T, db *pebbledb.DB) { remove(t, db, logKey(1)) },
		"a record is another's":   func(t *testing.T, db *pebbledb.DB) { set(t, db, logKey(5), get(t, db, logKey(6))) },
		"a record is cut":         func(t *testing.T, db *pebbledb.DB) { set(t, db, logKey(5), get(t, db, logKey(5))[:40]) },
		"a record is empty":       func(t *testing.T, db *pebbledb.DB) { set(t, db, logKey(5), nil) },
		"an index entry is gone":  func(t *testing.T, db *pebbledb.DB) { remove(t, db, indexKey("call-0", 2)) },
		"the last entry is gone":  func(t *testing.T, db *pebbledb.DB) { remove(t, db, indexKey("call-0", 10)) },
		"an index entry is short": func(t *testing.T, db *pebbledb.DB) { set(t, db, indexKey("call-0", 2), []byte{1}) },
		"an index entry is wrong": func(t *testing.T, db *pebbledb.DB) {
			set(t, db, indexKey("call-0", 2), get(t, db, indexKey("call-0", 3)))
		},
		"one entry too many": func(t *testing.T, db *pebbledb.DB) {
			set(t, db, indexKey("call-9", 1), get(t, db, indexKey("call-0", 3)))
		},
		"an id stands twice": func(t *testing.T, db *pebbledb.DB) {
			record := slices.Clone(get(t, db, logKey(5)))
			copy(record[idOffset:], get(t, db, logKey(3))[idOffset:idOffset+uuidSize])
			sealRecord(record, 5, 5)
			set(t, db, logKey(5), record)
		},
		"a key of the log":   func(t *testing.T, db *pebbledb.DB) { set(t, db, []byte{logFamily, 0xff, 1}, nil) },
		"a key of the index": func(t *testing.T, db *pebbledb.DB) { set(t, db, []byte{indexFamily, 'c', 1}, nil) },
	}
	for name, damage := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			store, err := Open(dir, Options{})
			require.NoError(t, err)
			for range 10 {
				require.NoError(t, appendData(store, "call-0", 200))
			}
			damage(t, store.db)
			require.NoError(t, store.Close())

			store, err = Open(dir, Options{})
			if err == nil {
				_, err = store.Verify(t.Context(), nil)
				require.NoError(t, store.Close())
			}
			require.ErrorIs(t, err, eventlog.ErrDamaged)
			t.Log(err)
		})
	}
}

func TestFormats(t *testing.T) {
	t.Run("a newer log is refused", func(t *testing.T) {
		dir := t.TempDir()
		writeSome(t, dir, false)
		require.NoError(t, writeLabel(vfs.Default, dir, label{format: logFormat + 1, records: 7}))
		_, err := Open(dir, Options{})
		require.ErrorIs(t, err, eventlog.ErrNewerFormat)
		require.ErrorContains(t, err, dir)
	})
	t.Run("a newer log is refused, whatever its label says besides", func(t *testing.T) {
		dir := t.TempDir()
		text := withChecksum("callstate event log\nformat 7\nshards 12\n")
		require.NoError(t, os.WriteFile(filepath.Join(dir, labelName), []byte(text), 0o600))
		_, err := Open(dir, Options{})
		require.ErrorIs(t, err, eventlog.ErrNewerFormat)
	})
	t.Run("a log with less in it than there was is refused", func(t *testing.T) {
		dir := t.TempDir()
		written := eventlog.Position(len(writeSome(t, dir, false)))
		for more, want := range map[eventlog.Position]error{0: nil, 1: eventlog.ErrDamaged} {
			require.NoError(t, writeLabel(vfs.Default, dir, label{format: logFormat, records: written + more}))
			_, err := readSome(dir)
			require.ErrorIs(t, err, want)
		}
	})
	t.Run("a folder without its label is refused", func(t *testing.T) {
		dir := t.TempDir()
		writeSome(t, dir, false)
		require.NoError(t, os.Remove(filepath.Join(dir, labelName)))
		_, err := Open(dir, Options{})
		require.ErrorIs(t, err, eventlog.ErrDamaged)
	})
	t.Run("a log whose files only a newer engine can read is refused", func(t *testing.T) {
		dir := t.TempDir()
		writeSome(t, dir, false)
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("marker.format-version.999999.%03d", pebbledb.FormatNewest+1)), nil, 0o600))
		_, err := Open(dir, Options{})
		require.ErrorIs(t, err, eventlog.ErrNewerFormat)
	})
	t.Run("the folder of something else is refused", func(t *testing.T) {
		dir := t.TempDir()
		db, err := pebbledb.Open(dir, &pebbledb.Options{FormatMajorVersion: engineFormat, Logger: engineLogger{logger: slog.New(slog.DiscardHandler)}})
		require.NoError(t, err)
		set(t, db, []byte("something"), []byte("else"))
		require.NoError(t, db.Close())
		_, err = Open(dir, Options{})
		require.ErrorIs(t, err, eventlog.ErrDamaged)
	})
	t.Run("a folder that cannot be made is an error", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		require.NoError(t, os.WriteFile(file, nil, 0o600))
		_, err := Open(filepath.Join(file, "log"), Options{})
		require.Error(t, err)
		require.False(t, errors.Is(err, eventlog.ErrInUse))
	})
	t.Run("a folder in use is refused", func(t *testing.T) {
		dir := t.TempDir()
		store, err := Open(dir, Options{})
		require.NoError(t, err)
		_, err = Open(dir, Options{})
		require.ErrorIs(t, err, eventlog.ErrInUse)
		require.ErrorContains(t, err, dir)
		require.NoError(t, store.Close())
		store, err = Open(dir, Options{})
		require.NoError(t, err)
		require.NoError(t, store.Close())
	})
}

func TestBackup(t *testing.T) {
	store, err := Open(t.TempDir(), Options{})
	require.NoError(t, err)
	acknowledged := map[eventlog.Stream]eventlog.Revision{}
	for i := range 50 {
		revision, err := appendSome(t.Context(), store, streamOf(i), 0)
		require.NoError(t, err)
		acknowledged[streamOf(i)] = revision
		if i == 25 {
			require.NoError(t, store.db.Flush())
		}
	}
	dir := filepath.Join(t.TempDir(), "backup")
	require.NoError(t, store.Backup(t.Context(), dir))
	require.ErrorIs(t, store.Backup(t.Context(), dir), fs.ErrExist)
	_, err = appendSome(t.Context(), store, streamOf(100), 0)
	require.NoError(t, err, "the log goes on")

	backup, err := Open(dir, Options{})
	require.NoError(t, err, "both can be open")
	revisions := requireSurvived(t, backup, acknowledged)
	require.NotContains(t, revisions, streamOf(100))
	require.NoError(t, backup.Close())
	require.NoError(t, store.Close())
	require.ErrorIs(t, store.Backup(t.Context(), dir+"2"), eventlog.ErrClosed)
	_, err = store.Verify(t.Context(), nil)
	require.ErrorIs(t, err, eventlog.ErrClosed)
}

// writeSome makes a log and returns its records.
func writeSome(t *testing.T, dir string, flush bool) []eventlog.Record {
	t.Helper()
	store, err := Open(dir, Options{})
	require.NoError(t, err)
	for i := range 60 {
		_, err := appendSome(t.Context(), store, streamOf(i), 0)
		require.NoError(t, err)
	}
	if flush {
		require.NoError(t, store.db.Flush())
	}
	var written []eventlog.Record
	for record, err := range store.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		written = append(written, record)
	}
	require.NoError(t, store.Close())
	return written
}

// readSome returns the records of a log up to the first error, both from the log itself and stream by stream.
func readSome(dir string) (read []eventlog.Record, err error) {
	store, err := Open(dir, Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	for record, err := range store.ReadAll(context.Background(), 0) {
		if err != nil {
			return read, err
		}
		read = append(read, record)
	}
	_, err = store.Verify(context.Background(), nil)
	return read, err
}

func flipBit(t *testing.T, file string) {
	t.Helper()
	contents, err := os.ReadFile(file)
	require.NoError(t, err)
	contents[rand.IntN(len(contents))] ^= 1 << rand.IntN(8)
	require.NoError(t, os.WriteFile(file, contents, 0o600))
}

func get(t *testing.T, db *pebbledb.DB, key []byte) []byte {
	t.Helper()
	value, closer, err := db.Get(key)
	require.NoError(t, err)
	defer closer.Close()
	return slices.Clone(value)
}

func set(t *testing.T, db *pebbledb.DB, key, value []byte) {
	t.Helper()
	require.NoError(t, db.Set(key, value, pebbledb.Sync))
}

func remove(t *testing.T, db *pebbledb.DB, key []byte) {
	t.Helper()
	require.NoError(t, db.Delete(key, pebbledb.Sync))
}

// contentsOf lists the files in which the records are.
func contentsOf(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"*.sst", "*.blob"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		require.NoError(t, err)
		for _, file := range files {
			names = append(names, filepath.Base(file))
		}
	}
	return names
}
