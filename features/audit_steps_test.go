package features_test

import (
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/history"
	"github.com/cucumber/godog"
	_ "modernc.org/sqlite" // to tamper with call records
)

// tampering is what somebody does to the call records, in SQL.
var tampering = map[string]string{
	"made an abandoned wait of a timeout": `UPDATE queue_visits SET result = 'abandoned'
		WHERE result = 'timedOut' AND conn_id = (SELECT min(conn_id) FROM queue_visits WHERE result = 'timedOut')`,
	"removed a call":               "DELETE FROM calls WHERE conn_id = (SELECT min(conn_id) FROM calls)",
	"hushed up who did not answer": "DELETE FROM no_answers",
	"invented words":               "INSERT INTO found_by VALUES (0, 'invented', x'0100')",
}

// auditSteps are about whether log and records can be trusted.
func (w *world) auditSteps(sc *godog.ScenarioContext) {
	var said string
	var failed error
	var shadow []history.Difference
	sc.Step(`^the recorded session "([^"]*)" of (\S+), in a folder of the auditor's own$`, func(name, kind string) error {
		session, err := sessionOf(name, kind)
		if err != nil {
			return err
		}
		w.log = &dataFolder{dir: filepath.Join(w.dir, "data")}
		_, err = w.log.read(session, everything, "")
		return err
	})
	sc.Step(`^somebody turned over a bit of the log$`, w.turnBit)
	for what, statement := range tampering {
		sc.Step(`^somebody `+what+`$`, func() error { return w.tamper(statement) })
	}
	sc.Step(`^the auditor verifies it$`, func() error {
		out, err := w.log.run("verify")
		said, failed = string(out), err
		return nil
	})
	sc.Step(`^everything agrees$`, func() error {
		if failed != nil || !strings.Contains(said, "everything agrees") {
			return fmt.Errorf("verify says %q, and %w", said, failed)
		}
		return nil
	})
	sc.Step(`^it is found that the log is damaged$`, func() error {
		if failed == nil || !strings.Contains(failed.Error(), "damaged") {
			return fmt.Errorf("verify says %q, and %w", said, failed)
		}
		return nil
	})
	sc.Step(`^it is found that ((?:queue_visits|calls|no_answers|found_by) .*|calls: .*)$`, func(what string) error {
		return found(said, failed, what)
	})
	sc.Step(`^the auditor replays the past in the shadow$`, func() error {
		out, err := w.log.run("rebuild", "--dry-run", "--diff", "--format", "json")
		if err != nil {
			return err
		}
		return json.Unmarshal(out, &shadow)
	})
	sc.Step(`^the shadow tells differently:$`, func(table *godog.Table) error {
		var rows []map[string]string
		for _, d := range shadow {
			rows = append(rows, map[string]string{"table": d.Table, "column": d.Column, "stored": fmt.Sprint(d.Stored), "today": fmt.Sprint(d.Rebuilt)})
		}
		return compare(table, rows)
	})
	sc.Step(`^the auditor has the read models rebuilt$`, func() error {
		_, err := w.log.run("rebuild")
		return err
	})
	sc.Step(`^the auditor exports the calls that waited in (\S+) as CSV$`, func(queue string) error {
		out, err := w.log.run("calls", "--queue", queue, "--format", "csv")
		said = string(out)
		return err
	})
	sc.Step(`^somebody asks callstate to:$`, func(commands *godog.Table) error {
		for _, command := range lines(commands) {
			if _, err := w.log.run(strings.Fields(command)...); err != nil {
				return err
			}
		}
		return nil
	})
	sc.Step(`^the log says that he has, and nothing else of anybody:$`, w.looksAre)
	sc.Step(`^the file has a heading and (\d+) calls$`, func(count int) error {
		rows, err := csv.NewReader(strings.NewReader(said)).ReadAll()
		if err == nil && (len(rows) != count+1 || rows[0][0] != "connId") {
			err = fmt.Errorf("the file is %q", said)
		}
		return err
	})
}

// found expects that verify has failed, and has said why.
func found(said string, failed error, what string) error {
	if failed == nil || !strings.Contains(said, what) {
		return fmt.Errorf("verify says %q, and %w", said, errors.Join(failed, errors.New("that is all")))
	}
	return nil
}

// looksAre expects who looked at what, in the order of the log.
func (w *world) looksAre(table *godog.Table) error {
	all, err := w.log.events()
	if err != nil {
		return err
	}
	var looks [][]string
	for _, e := range all {
		if e.Stream.Kind() != wire.Audit {
			continue
		}
		if !strings.HasPrefix(e.Actor, "user:") {
			return fmt.Errorf("%q has looked at %s", e.Actor, e.Stream)
		}
		looks = append(looks, []string{e.Type, e.Stream.ID()})
	}
	if !slices.EqualFunc(looks, rowsOf(table), slices.Equal[[]string]) {
		return fmt.Errorf("it says %v", looks)
	}
	return nil
}

func (w *world) tamper(statement string) error {
	db, err := sql.Open("sqlite", filepath.Join(w.log.dir, "history.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	result, err := db.Exec(statement)
	if err != nil {
		return err
	}
	if changed, err := result.RowsAffected(); err != nil || changed == 0 {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	return db.Close()
}

// turnBit turns over a bit in the middle of the largest file of the log.
func (w *world) turnBit() error {
	files, err := filepath.Glob(filepath.Join(w.log.dir, "log", "*"))
	if err != nil {
		return err
	}
	var largest string
	var content []byte
	for _, file := range files {
		if read, err := os.ReadFile(file); err == nil && len(read) > len(content) {
			largest, content = file, read
		}
	}
	if len(content) == 0 {
		return errors.New("the log has no files")
	}
	content[len(content)/3] ^= 0x10
	return os.WriteFile(largest, content, 0o600)
}
