package past_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections/past"
	"github.com/callstate/callstate/projections/projectiontest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// verified is what verification finds in the kept floors in a folder, and how many it has compared.
func verified(t require.TestingT, dir string, log eventlog.Reader) (compared int, findings []string) {
	compared, err := past.Verify(context.Background(), filepath.Join(dir, "past.db"), log, func(eventlog.Position) {}, func(f past.Finding) {
		findings = append(findings, f.String())
	})
	require.NoError(t, err)
	return compared, findings
}

// Whatever happened, and however often the past was closed and opened meanwhile, what is kept is what the log tells.
func TestWhatIsKeptVerifies(t *testing.T) {
	dir, run := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		dir := filepath.Join(dir, fmt.Sprint(run))
		script := projectiontest.Random(t)
		log := projectiontest.Log{Script: script}
		records := script.Records()
		for done := -1; done < len(records); {
			p := open(t, dir, log, 10)
			position, err := p.Position(context.Background())
			require.NoError(t, err)
			done = min(len(records), int(position)+rapid.IntRange(15, 100).Draw(t, "more"))
			require.NoError(t, p.Apply(context.Background(), records[position:done]))
			require.NoError(t, p.Close())
		}
		compared, findings := verified(t, dir, log)
		require.Empty(t, findings)
		require.Equal(t, len(records)/10, compared)
	})
}

func TestWhatSomebodyChangedIsFound(t *testing.T) {
	script := projectiontest.Day(1, projectiontest.DayOptions{Agents: 5, Events: 100})
	log := projectiontest.Log{Script: script}
	for statement, found := range map[string]string{
		"UPDATE floor SET state = (SELECT state FROM floor WHERE position = 30) WHERE position = 60": "the floor kept at 60: the floor was another one",
		"UPDATE floor SET state = x'00' WHERE position = 60":                                         "the floor kept at 60: it cannot be read: unexpected EOF",
		"UPDATE floor SET earliest = 0 WHERE position = 60":                                          "the floor kept at 60: the times of the events since the one before are others",
		"UPDATE floor SET latest = 0 WHERE position = 60":                                            "the floor kept at 60: the times of the events since the one before are others",
		"UPDATE floor SET event = zeroblob(16) WHERE position = 60":                                  "the floor kept at 60: it is of another log: the event there has another id",
		"UPDATE floor SET position = 100000 WHERE position = 90":                                     "the floor kept at 100000: the log ends before it",
		"UPDATE floor SET position = 0 WHERE position = 30":                                          "the floor kept at 0: there is no event at this position",
	} {
		t.Run(statement, func(t *testing.T) {
			dir := t.TempDir()
			p := open(t, dir, log, 30)
			require.NoError(t, p.Apply(t.Context(), script.Records()))
			require.NoError(t, p.Close())
			compared, findings := verified(t, dir, log)
			require.Equal(t, 3, compared)
			require.Empty(t, findings)

			db, err := sql.Open("sqlite", filepath.Join(dir, "past.db"))
			require.NoError(t, err)
			_, err = db.Exec(statement)
			require.NoError(t, err)
			require.NoError(t, db.Close())
			_, findings = verified(t, dir, log)
			assert.Contains(t, findings, found)

			anew, err := past.Open(t.Context(), filepath.Join(dir, "past.db"), past.Options{Log: log, Every: 30, Anew: true})
			require.NoError(t, err)
			require.NoError(t, anew.Apply(t.Context(), script.Records()))
			require.NoError(t, anew.Close())
			_, findings = verified(t, dir, log)
			assert.Empty(t, findings)
		})
	}
}
