package features_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/store/kurrentdb/kurrentdbtest"
	"github.com/callstate/callstate/projections/audit"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/history"
)

// recordedSession is a session of a switch of some kind that was recorded.
type recordedSession struct {
	kind *kindOfSwitch
	name string
}

// dataFolder is the data of an engine, looked at with the program's own commands.
type dataFolder struct {
	dir     string
	store   string           // connection string of the log; empty: it is in the folder
	records []history.Record // as of the last look
	log     []audit.Event    // as of the last look
}

// place is where scenarios keep their logs.
type place struct {
	dir string
	// open makes the place of a new log; close, which may be nil, takes it away.
	open func(dir string) (log *dataFolder, close func(), err error)
	// imported are the sessions that have been imported by one engine alone. Scenarios run one after the other.
	imported map[string]*dataFolder
	closers  []func()
	exported string // a folder of exported calls, besides those in the folders here
}

func newPlace(t *testing.T, open func(dir string) (*dataFolder, func(), error)) *place {
	p := &place{dir: t.TempDir(), open: open, imported: map[string]*dataFolder{}}
	t.Cleanup(func() {
		for _, close := range p.closers {
			close()
		}
	})
	return p
}

// inFolders: each engine has its log in its own folder.
func inFolders(dir string) (*dataFolder, func(), error) { return &dataFolder{dir: dir}, func() {}, nil }

// inKurrentDB: each log is in a database, of which engines have only the address.
func inKurrentDB(dir string) (*dataFolder, func(), error) {
	server, err := kurrentdbtest.Start(kurrentdbtest.Options{})
	if err != nil {
		return nil, nil, err
	}
	return &dataFolder{dir: dir, store: server.URL()}, server.Stop, nil
}

// session is the data of an engine that has read a session and nothing else, for looking only.
func (p *place) session(session recordedSession, heard part) (*dataFolder, error) {
	key := filepath.Join(session.kind.name, session.name, heard.name)
	if d := p.imported[key]; d != nil {
		return d, nil
	}
	d, close, err := p.open(filepath.Join(p.dir, key))
	if err != nil {
		return nil, err
	}
	p.closers = append(p.closers, close)
	if added, err := d.read(session, heard, filepath.Join(p.dir, key+".cut")); err != nil || added == 0 {
		return nil, fmt.Errorf("%d events of session %q: %w", added, session.name, cmp.Or(err, errors.New("nothing was recorded")))
	}
	p.imported[key] = d
	return d, nil
}

// run is what a command of the program prints.
func (d *dataFolder) run(args ...string) ([]byte, error) {
	command := exec.Command(binary, append(args, "--data", d.dir, "--store", d.store)...)
	var out, said bytes.Buffer
	command.Stdout, command.Stderr = &out, &said
	if err := command.Run(); err != nil {
		return out.Bytes(), fmt.Errorf("callstate %s: %w: %s", strings.Join(args, " "), err, said.String())
	}
	return out.Bytes(), nil
}

// part is what an engine hears of a session.
type part struct {
	name  string
	files []string // of the recording's folder; none: those of its links
	from  float64  // seconds into the session
	until float64  // 0: the end
}

var everything = part{name: "everything"}

// read has the engine read a recorded session, and returns how many events that added. cut is where what it hears is
// kept while it is less than all.
func (d *dataFolder) read(session recordedSession, heard part, cut string) (int, error) {
	kind := session.kind
	names := heard.files
	if len(names) == 0 {
		names = kind.heard(session.name)
	}
	var files []string
	for _, name := range names {
		files = append(files, kind.path(session.name, name))
	}
	if heard.from > 0 || heard.until > 0 {
		if err := cutSession(kind, files, heard, cut); err != nil {
			return 0, err
		}
		files = []string{cut}
	}
	args := append([]string{"import", "--switch", kind.name, "--name", "pbx"}, kind.arguments...)
	out, err := d.run(append(args, files...)...)
	if err != nil {
		return 0, err
	}
	d.records, d.log = nil, nil
	said, _, found := strings.Cut(string(out), " new events")
	if !found {
		return 0, fmt.Errorf("import said %q", out)
	}
	return strconv.Atoi(said[strings.LastIndex(said, " ")+1:])
}

// cutSession writes what happened in a part of a session.
func cutSession(kind *kindOfSwitch, files []string, heard part, path string) error {
	var kept strings.Builder
	var start time.Time
	for _, file := range files {
		recording, err := openRecorded(file)
		if err != nil {
			return err
		}
		all, err := kind.happened(recording)
		recording.Close()
		if err != nil {
			return err
		}
		for _, o := range all {
			if start.IsZero() {
				start = o.at
			}
			if into := o.at.Sub(start).Seconds(); into >= heard.from && (heard.until == 0 || into < heard.until) {
				kept.WriteString(o.text)
			}
		}
	}
	if kept.Len() == 0 {
		return fmt.Errorf("nothing happened in that part of %s", files)
	}
	return os.WriteFile(path, []byte(kept.String()), 0o600)
}

// openRecorded opens a file of a recording, which is gzipped.
func openRecorded(path string) (io.ReadCloser, error) {
	packed, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return gzip.NewReader(bytes.NewReader(packed))
}

// calls are the records of all calls.
func (d *dataFolder) calls() ([]history.Record, error) {
	if d.records != nil {
		return d.records, nil
	}
	out, err := d.run("calls", "--format", "json")
	if err == nil {
		err = json.Unmarshal(out, &d.records)
	}
	if err == nil && len(d.records) == 0 {
		err = errors.New("the history has no calls")
	}
	return d.records, err
}

// call is the record of one call.
func (d *dataFolder) call(connID string) (*history.Record, error) {
	out, err := d.run("calls", connID, "--format", "json")
	if err != nil {
		return nil, err
	}
	var r history.Record
	return &r, json.Unmarshal(out, &r)
}

// floorAt is the floor at a moment; at the end of the log where that is zero.
func (d *dataFolder) floorAt(at time.Time) (floor.View, error) {
	args := []string{"floor", "--format", "json"}
	if !at.IsZero() {
		args = append(args, "--at", at.UTC().Format(time.RFC3339Nano))
	}
	var view floor.View
	out, err := d.run(args...)
	if err == nil {
		err = json.Unmarshal(out, &view)
	}
	return view, err
}

// events are those of the whole log, in order.
func (d *dataFolder) events() ([]audit.Event, error) {
	if d.log != nil {
		return d.log, nil
	}
	out, err := d.run("tail", "--no-follow")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(out)) {
		var e audit.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			return nil, err
		}
		d.log = append(d.log, e)
	}
	if len(d.log) == 0 {
		return nil, errors.New("the log is empty")
	}
	return d.log, nil
}

// story are the lines that replay tells of a call, without their times. Other calls are "another call" in it: their ids
// say nothing to a reader.
func (d *dataFolder) story(connID string) ([]string, error) {
	out, err := d.run("replay", connID)
	if err != nil {
		return nil, err
	}
	var lines []string
	for i, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		if i == 0 {
			continue // which call, and when
		}
		_, told, found := strings.Cut(strings.TrimSpace(line), "  ")
		if !found {
			return nil, fmt.Errorf("replay says %q", line)
		}
		lines = append(lines, connIDs.ReplaceAllString(told, "another call"))
	}
	return lines, nil
}
