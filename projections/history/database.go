package history

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/callstate/callstate/projections/database"
)

// Version is that of the tables and of what they tell: user_version in the database. One that differs is made anew.
const Version = 5

var (
	//go:embed schema.sql
	schema string
	//go:embed indexes.sql
	Indexes string
)

// readConnections is how many queries are answered at the same time.
const readConnections = 4

// connect opens the database at path for one writer and some readers, and makes its tables when it has none.
func connect(ctx context.Context, path string) (writer, readers *sql.DB, err error) {
	// What a power failure takes from the end of the write-ahead log is made again from the event log.
	writer, err = openDatabase(path, 1, toWrite, "journal_mode(WAL)", "synchronous(NORMAL)", "cache_size(-32768)", "wal_autocheckpoint(8192)")
	if err != nil {
		return nil, nil, err
	}
	if err := makeTables(ctx, writer); err != nil {
		return writer, nil, err
	}
	readers, err = openDatabase(path, readConnections, toRead, "query_only(1)")
	return writer, readers, err
}

// Ways to begin a transaction: one that writes waits for another writer, one that reads for nobody.
const (
	toRead  = "deferred"
	toWrite = "immediate"
)

// openDatabase returns a pool of connections, each made with the given pragmas, and how they begin transactions.
func openDatabase(path string, connections int, begin string, pragmas ...string) (*sql.DB, error) {
	source, err := sourceOf(path, begin, pragmas...)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", source)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// sourceOf names the database at path for the driver.
func sourceOf(path, begin string, pragmas ...string) (string, error) {
	return database.Source(path, url.Values{"_pragma": append(pragmas, "busy_timeout(5000)"), "_txlock": {begin}})
}

// copyDatabase copies the database at path, page by page as it is at one moment, whoever writes it meanwhile.
func copyDatabase(ctx context.Context, path, to string) (err error) {
	destination, err := sourceOf(to, toWrite, "journal_mode(OFF)", "synchronous(OFF)") // a copy that is not whole is of no use
	if err != nil {
		return err
	}
	db, err := openDatabase(path, 1, toRead)
	if err != nil {
		return err
	}
	defer db.Close()
	connection, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer connection.Close()
	return connection.Raw(func(driver any) error {
		backup, err := driver.(interface {
			NewBackup(source string) (*sqlite.Backup, error)
		}).NewBackup(destination)
		if err != nil {
			return err
		}
		_, err = backup.Step(-1)
		return errors.Join(err, backup.Finish())
	})
}

func makeTables(ctx context.Context, db *sql.DB) error {
	if version, err := versionOf(ctx, db); err != nil || version == Version {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("%s; PRAGMA user_version = %d", schema, Version)); err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	return tx.Commit()
}

func versionOf(ctx context.Context, db *sql.DB) (version int, err error) {
	err = db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)
	return version, err
}

// fileVersion is the version of the database at path, 0 when there is none.
func fileVersion(ctx context.Context, path string) (int, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	db, err := openDatabase(path, 1, toRead)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	return versionOf(ctx, db)
}

// beside is where the database at path is made anew.
func beside(path string) string { return path + ".next" }

// besides says whether the database at path is to be made anew beside it, and clears that place where what is there
// cannot be gone on with.
func besides(ctx context.Context, path string, o Options) (bool, error) {
	version, err := fileVersion(ctx, path)
	switch {
	case isRubbish(err) && o.Anew:
	case err != nil:
		return false, err
	case version > Version:
		return false, fmt.Errorf("%w: version %d, known is %d", ErrNewerSchema, version, Version)
	case version != 0 && version < Version && o.Log == nil:
		return false, fmt.Errorf("%w: version %d, this is %d", ErrOlderSchema, version, Version)
	case !o.Anew && (version == 0 || version == Version):
		return false, nil
	}
	begun, err := fileVersion(ctx, beside(path))
	if o.Anew || err != nil || begun != Version {
		err = database.Remove(beside(path))
	}
	return true, err
}

// retirePatience is how long another program may keep the database open that is to be replaced.
const retirePatience = time.Minute

// retire brings the database at path into one file, so that its write-ahead log is not taken for that of the one that
// takes its place. That nobody else has it open is waited for. What is no database is removed.
func retire(ctx context.Context, path string) error {
	for deadline := time.Now().Add(retirePatience); ; {
		err := settle(ctx, path)
		if isRubbish(err) {
			return database.Remove(path)
		}
		if err == nil {
			return nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
			if time.Now().Before(deadline) {
				continue
			}
		case <-ctx.Done():
		}
		return fmt.Errorf("%s is open in another program, or cannot be written: %w", path, err)
	}
}

// settle brings a database into one file, without a write-ahead log.
func settle(ctx context.Context, path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	db, err := openDatabase(path, 1, toRead)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "PRAGMA journal_mode = DELETE")
	return errors.Join(err, db.Close())
}

// isRubbish says whether an error tells that a file is no database, or none that SQLite can read any more.
func isRubbish(err error) bool {
	told, ok := errors.AsType[*sqlite.Error](err)
	return ok && (told.Code() == sqlite3.SQLITE_NOTADB || told.Code()&0xff == sqlite3.SQLITE_CORRUPT)
}
