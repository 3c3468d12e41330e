package asterisk_test

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
	"github.com/callstate/callstate/adapters/switches/asterisk"
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
	for _, name := range []string{"events.ami.gz", "events-2.ami.gz"} {
		packed, err := os.ReadFile(filepath.Join(folder, name))
		if os.IsNotExist(err) && filepath.Base(folder) == "L1-load" && len(links) == 0 {
			packed, err = os.ReadFile("../../../cmd/callstate/recordings/contact-centre.ami.gz") // the demo plays it
		}
		if os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		unpacked, err := gzip.NewReader(bytes.NewReader(packed))
		require.NoError(t, err)
		link, err := io.ReadAll(unpacked)
		require.NoError(t, err)
		links = append(links, link)
	}
	require.NotEmpty(t, links)
	return links
}

// The vocabulary of the recorded contact centre: queues.conf has wrapuptime = 5.
func vocabulary() asterisk.Vocabulary {
	return asterisk.Vocabulary{Switch: "pbx", DefaultWrapup: 5 * time.Second, DataVariables: []string{"CUSTOMER_TIER", "CALL_REASON"}}
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
	translator := asterisk.NewTranslator(vocabulary())
	for _, link := range links {
		_, err := asterisk.Import(t.Context(), bytes.NewReader(link), translator, e, nil)
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

func TestEveryMachineDerivesTheSameIDs(t *testing.T) {
	links := recording(t, "testdata/sessions/01-answered-caller-hangs-up")
	assert.Equal(t, eventIDs(t, imported(t, links)), eventIDs(t, imported(t, links)))
	first := eventIDs(t, imported(t, links))[7]
	assert.Equal(t, "6e04eea2-7275-5086-a8ac-dcbfd568b45e", first, "computed once, on another machine")
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
			ended := map[eventlog.Stream]int{}
			for r, err := range imported(t, recording(t, folder)).ReadAll(t.Context(), 0) {
				require.NoError(t, err)
				if r.Stream.Kind() == wire.Call {
					ended[r.Stream] += 0
				}
				switch r.Type {
				case "CallEnded", "CallPresumedEnded":
					ended[r.Stream]++
				case "CallMerged":
					if strings.Contains(string(r.Data), `"absorbed":"`+r.Stream.ID()) {
						ended[r.Stream]++
					}
				}
			}
			for stream, times := range ended {
				assert.Equal(t, 1, times, "%s ends once", stream)
			}
		})
	}
}
