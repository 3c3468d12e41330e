package freeswitch_test

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/adapters/switches/freeswitch"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/audit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden histories")

// recordedSessions are the folders with recorded sessions.
func recordedSessions(t testing.TB) []string {
	t.Helper()
	folders, err := filepath.Glob("testdata/sessions/*")
	require.NoError(t, err)
	require.NotEmpty(t, folders)
	return folders
}

// recording is the bytes of the links of a session, one after the other.
func recording(t testing.TB, folder string) [][]byte {
	t.Helper()
	var links [][]byte
	for _, name := range []string{"events.esl.gz", "events.2.esl.gz"} {
		if link, ok := unpacked(t, filepath.Join(folder, name)); ok {
			links = append(links, link)
		}
	}
	require.NotEmpty(t, links)
	return links
}

func unpacked(t testing.TB, path string) ([]byte, bool) {
	t.Helper()
	packed, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, false
	}
	require.NoError(t, err)
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	text, err := io.ReadAll(reader)
	require.NoError(t, err)
	return text, true
}

// The vocabulary of the recorded contact centre: its agents have 3 s of wrap-up.
func vocabulary() freeswitch.Vocabulary {
	return freeswitch.Vocabulary{Switch: "pbx", Wrapup: 3 * time.Second, DataVariables: []string{"customer_tier", "language"}}
}

// imported is the log of a session.
func imported(t testing.TB, links [][]byte) *memory.Store {
	t.Helper()
	log := memory.New()
	importInto(t, log, links)
	return log
}

func importInto(t testing.TB, log *memory.Store, links [][]byte) {
	t.Helper()
	e := engine.New(log, func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }, nil)
	translator := freeswitch.NewTranslator(vocabulary())
	for _, link := range links {
		_, err := freeswitch.Import(t.Context(), bytes.NewReader(link), translator, e, nil)
		require.NoError(t, err)
	}
}

// histories is a whole log as people read it: the story of each call, then those of agents and links.
func histories(t testing.TB, log eventlog.Reader) string {
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

func TestARecordedSessionHasOneHistory(t *testing.T) {
	for _, folder := range recordedSessions(t) {
		name := filepath.Base(folder)
		t.Run(name, func(t *testing.T) {
			told := histories(t, imported(t, recording(t, folder)))
			path := filepath.Join("testdata", "histories", name+".txt")
			if *update {
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
				require.NoError(t, os.WriteFile(path, []byte(told), 0o644))
			}
			golden, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, string(golden), told)
		})
	}
}

func TestReadingASessionTwiceAddsNothing(t *testing.T) {
	for _, folder := range recordedSessions(t) {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			links := recording(t, folder)
			log := imported(t, links)
			once := eventIDs(t, log)
			importInto(t, log, links)
			assert.Equal(t, once, eventIDs(t, log))
		})
	}
}

func eventIDs(t testing.TB, log eventlog.Reader) []string {
	t.Helper()
	var ids []string
	for r, err := range log.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		ids = append(ids, r.ID.String())
	}
	return ids
}

// A call ends unless the recording does before it; no call of these recordings is cut off.
func TestNoCallIsLeftOpen(t *testing.T) {
	for _, folder := range recordedSessions(t) {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			for stream, s := range states(t, imported(t, recording(t, folder))) {
				assert.True(t, s.Ended(), "%s has ended", stream)
				for _, v := range s.Visits {
					assert.NotEmpty(t, v.End, "%s: the wait in %s has ended", stream, v.Queue)
				}
				assert.Empty(t, s.Anomalies, "%s", stream)
			}
		})
	}
}
