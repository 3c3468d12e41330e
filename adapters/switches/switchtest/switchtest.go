// Package switchtest is what the translators of all kinds of switches must hold, as tests on recorded sessions: one history
// of a session, however often it is read; nothing left open; duplicates and losses survived; calls that may interleave; the
// invariants of the call model. What a switch's own books say is for the tests of its own adapter.
package switchtest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/adapters/switches/connection/connectiontest"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/audit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Session is a recorded session: what came over each of its connections, one after the other.
type Session[P any] struct {
	Name    string
	Streams [][]byte // as it came
	Links   [][]P    // cut into pieces

	whole *whole
}

// whole is the log of a session from which nothing is missing, for whoever only reads it.
type whole struct {
	played sync.Once
	log    Log
}

// Recorded are the sessions in testdata/sessions, each in a folder of its own, which are read once.
type Recorded[P any] struct {
	read     sync.Once
	sessions []Session[P]
}

// Read returns them. streams is what came over the links of the session in a folder, parse are the pieces of it.
func (r *Recorded[P]) Read(
	t testing.TB, streams func(t testing.TB, folder string) [][]byte, parse func(t testing.TB, stream []byte) []P,
) []Session[P] {
	t.Helper()
	r.read.Do(func() {
		for _, folder := range Folders(t) {
			session := Session[P]{Name: filepath.Base(folder), Streams: streams(t, folder), whole: &whole{}}
			for _, stream := range session.Streams {
				session.Links = append(session.Links, parse(t, stream))
			}
			r.sessions = append(r.sessions, session)
		}
	})
	require.NotEmpty(t, r.sessions, "they could not be read")
	return slices.Clone(r.sessions)
}

// Folders are those of the sessions in testdata/sessions.
func Folders(t testing.TB) []string {
	t.Helper()
	folders, err := filepath.Glob("testdata/sessions/*")
	require.NoError(t, err)
	require.NotEmpty(t, folders)
	return folders
}

// Streams is what came over the links of the session in a folder, as far as there are files of these names.
func Streams(t testing.TB, folder string, files ...string) [][]byte {
	t.Helper()
	var streams [][]byte
	for _, name := range files {
		path := filepath.Join(folder, name)
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			streams = append(streams, connectiontest.Recording(t, path))
		}
	}
	return streams
}

// Log is an event log that can be written and read.
type Log interface {
	engine.Store
	eventlog.Reader
}

// Suite is a kind of switch under test.
type Suite[P any] struct {
	// NewLog returns an empty log.
	NewLog func() Log
	// Sessions are recorded ones; those that are long are only read, not played again and again.
	Sessions []Session[P]
	// Translator returns one that knows nothing yet.
	Translator func() connection.Interpreter[P]
	// Kind is the kind of a piece, as failures name it: "Hangup".
	Kind func(P) string
	// Legs are the ids of all legs that a piece names.
	Legs func(P) []string
	// Long is how many pieces make a session a long one.
	Long int
}

// Session is the recorded session of a name.
func (s Suite[P]) Session(t testing.TB, name string) Session[P] {
	t.Helper()
	i := slices.IndexFunc(s.Sessions, func(session Session[P]) bool { return session.Name == name })
	require.GreaterOrEqual(t, i, 0, "no session %s", name)
	return s.Sessions[i]
}

// short are the sessions that can be played hundreds of times.
func (s Suite[P]) short() []Session[P] {
	return slices.DeleteFunc(slices.Clone(s.Sessions), func(session Session[P]) bool {
		pieces := 0
		for _, link := range session.Links {
			pieces += len(link)
		}
		return pieces > s.Long
	})
}

// Whole returns the log of a session, which is only to be read: it is the same each time.
func (s Suite[P]) Whole(t testing.TB, session Session[P]) Log {
	t.Helper()
	session.whole.played.Do(func() { session.whole.log = s.Play(t, session.Links) })
	return session.whole.log
}

// Play returns a log of what came over the connections of a session.
func (s Suite[P]) Play(t testing.TB, links [][]P) Log {
	t.Helper()
	log := s.NewLog()
	s.PlayInto(t, log, links)
	return log
}

// PlayInto takes a session to a log, one batch a connection.
func (s Suite[P]) PlayInto(t testing.TB, log Log, links [][]P) {
	t.Helper()
	record(t, log, s.observations(links))
}

// observations is what a translator observes in a session, by connection.
func (s Suite[P]) observations(links [][]P) [][]engine.Observation {
	translator := s.Translator()
	var all [][]engine.Observation
	for _, link := range links {
		observed := slices.Clone(translator.LinkUp("", time.Time{}))
		for _, piece := range link {
			observed = append(observed, translator.Translate(piece, time.Time{})...)
		}
		all = append(all, append(observed, translator.LinkDown("end of the recording", time.Time{})...))
	}
	return all
}

// record takes observations to a log, one batch a connection.
func record(t testing.TB, log Log, observations [][]engine.Observation) {
	t.Helper()
	e := engine.New(log, func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }, nil)
	for _, batch := range observations {
		require.NoError(t, e.Ingest(t.Context(), batch))
	}
}

// Histories is a whole log as people read it: the story of each call, then those of agents and links.
func Histories(t testing.TB, log eventlog.Reader) string {
	t.Helper()
	stories := map[eventlog.Stream]*strings.Builder{}
	calls := map[eventlog.Stream]*audit.Story{}
	var order []eventlog.Stream
	for r, err := range log.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		text := stories[r.Stream]
		if text == nil {
			text = &strings.Builder{}
			stories[r.Stream], calls[r.Stream] = text, &audit.Story{}
			order = append(order, r.Stream)
			fmt.Fprintf(text, "%s\n", r.Stream)
		}
		if r.Stream.Kind() == wire.Call {
			line, err := calls[r.Stream].Tell(r)
			require.NoError(t, err)
			fmt.Fprintf(text, "%s\n", line)
		} else {
			fmt.Fprintf(text, "  %s  %s %s\n", r.SwitchTime.UTC().Format("15:04:05.000"), r.Type, r.Data)
		}
	}
	slices.SortStableFunc(order, func(a, b eventlog.Stream) int { return strings.Compare(kindOrder(a), kindOrder(b)) })
	var all []string
	for _, stream := range order {
		all = append(all, stories[stream].String())
	}
	return strings.Join(all, "\n")
}

// kindOrder puts calls first, in the order in which they began.
func kindOrder(s eventlog.Stream) string {
	if s.Kind() == wire.Call {
		return "0"
	}
	return string(s)
}

// Golden compares the history of each session with the file of its name in dir, or rewrites the file.
func (s Suite[P]) Golden(t *testing.T, dir string, update bool) {
	for _, session := range s.Sessions {
		t.Run(session.Name, func(t *testing.T) {
			Golden(t, s.Whole(t, session), filepath.Join(dir, session.Name+".txt"), update)
		})
	}
}

// Golden compares the history in a log with a file, or rewrites the file.
func Golden(t testing.TB, log eventlog.Reader, path string, update bool) {
	t.Helper()
	told := Histories(t, log)
	if update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(told), 0o644))
	}
	golden, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(golden), told)
}

// Calls are the calls of a log, and of each the marks by which its history says that something was missed.
func Calls(t testing.TB, log eventlog.Reader) (calls map[eventlog.Stream]call.State, marks map[eventlog.Stream][]string) {
	t.Helper()
	calls, marks = map[eventlog.Stream]call.State{}, map[eventlog.Stream][]string{}
	for r, err := range log.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		if r.Stream.Kind() != wire.Call {
			continue
		}
		e, err := wire.DecodeCall(r)
		require.NoError(t, err)
		calls[r.Stream] = call.Evolve(calls[r.Stream], e)
		if _, anomaly := e.Body.(call.AnomalyNoted); anomaly || e.Inferred {
			marks[r.Stream] = append(marks[r.Stream], r.SwitchTime.Round(2*time.Second).String()+" "+r.Type+" "+string(r.Data))
		}
	}
	return calls, marks
}

// EventIDs are the ids of all events of a log.
func EventIDs(t testing.TB, log eventlog.Reader) []string {
	t.Helper()
	var ids []string
	for r, err := range log.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		ids = append(ids, r.ID.String())
	}
	return ids
}
