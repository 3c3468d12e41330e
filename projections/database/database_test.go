package database_test

import (
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the database driver

	"github.com/callstate/callstate/projections/database"
)

// A folder may be called anything, also what means something in a URL.
func TestADatabaseIsWhereItsPathSays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "50% off?#1.db")
	source, err := database.Source(path, url.Values{"_pragma": {"journal_mode(WAL)"}})
	require.NoError(t, err)
	db, err := sql.Open("sqlite", source)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "CREATE TABLE calls (conn_id TEXT)")
	require.NoError(t, err)
	require.FileExists(t, path)
	require.FileExists(t, path+"-wal")
	require.NoError(t, db.Close())

	require.NoError(t, os.WriteFile(path+"-wal", nil, 0o600)) // as after a crash
	require.NoError(t, database.Remove(path))
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Empty(t, left)
	require.NoError(t, database.Remove(path), "there is none")
}
