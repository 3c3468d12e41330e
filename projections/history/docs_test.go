package history_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What docs/formats/history.md tells analysts is so: every table and column is described, and the examples run.
func TestDocumentation(t *testing.T) {
	text, err := os.ReadFile("../../docs/formats/history.md")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "history.db")
	require.NoError(t, open(t, path, nil).Close())
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer db.Close()

	rows, err := db.Query(`SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
		WHERE t.type = 'table' AND c.name NOT IN ('id', 'conn_id', 'n')`)
	require.NoError(t, err)
	defer rows.Close()
	described := 0
	for rows.Next() {
		var table, column string
		require.NoError(t, rows.Scan(&table, &column))
		section := regexp.MustCompile(`(?s)\n## (?:\w+, )*` + table + `(?:, \w+)*\n.*?(\n## |$)`).Find(text)
		assert.Regexp(t, `\n\|[^|\n]*\b`+column+`\b`, string(section), table)
		described++
	}
	require.NoError(t, rows.Err())
	assert.Greater(t, described, 40)

	examples := regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllSubmatch(text, -1)
	assert.NotEmpty(t, examples)
	for _, example := range examples {
		_, err := db.Exec(string(example[1]))
		require.NoError(t, err, string(example[1]))
	}
}
