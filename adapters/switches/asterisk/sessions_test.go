package asterisk_test

import (
	"bytes"
	"flag"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/adapters/switches/connection/connectiontest"
	"github.com/callstate/callstate/adapters/switches/switchtest"
	"github.com/callstate/callstate/domain/engine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden histories")

// recording is the bytes of the links of a session, one after the other.
func recording(t testing.TB, folder string) [][]byte {
	t.Helper()
	if filepath.Base(folder) == "L1-load" {
		return [][]byte{connectiontest.Recording(t, "../../../cmd/callstate/recordings/contact-centre.ami.gz")} // the demo plays it
	}
	return switchtest.Streams(t, folder, "events.ami.gz", "events-2.ami.gz")
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

// suite is the recorded sessions as what everything that translators must hold is tested on.
func suite(t testing.TB) switchtest.Suite[asterisk.Block] {
	t.Helper()
	return switchtest.Suite[asterisk.Block]{
		NewLog:     func() switchtest.Log { return memory.New() },
		Translator: func() connection.Interpreter[asterisk.Block] { return asterisk.NewTranslator(vocabulary()) },
		Kind:       asterisk.Block.Event, Legs: legs, Long: 2000,
		Sessions: sessions.Read(t, recording, parsed),
	}
}

// sessions are read once for all tests.
var sessions switchtest.Recorded[asterisk.Block]

// parsed is what came over a connection.
func parsed(t testing.TB, stream []byte) []asterisk.Block {
	t.Helper()
	var blocks []asterisk.Block
	for frames := asterisk.NewFrameReader(bytes.NewReader(stream)); ; {
		frame, err := frames.Next()
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			return blocks
		}
		if b, err := asterisk.ParseBlock(frame.Raw); frame.Kind == asterisk.FrameBlock && err == nil {
			blocks = append(blocks, b)
		}
	}
}

// legs are the unique ids in a block, whatever the part is that they play in it.
func legs(b asterisk.Block) []string {
	var ids []string
	for _, header := range b.Headers() {
		name := strings.ToLower(header.Name)
		if header.Value != "" && (strings.HasSuffix(name, "uniqueid") || strings.HasSuffix(name, "linkedid")) {
			ids = append(ids, header.Value)
		}
	}
	return ids
}

func TestARecordedSessionHasOneHistory(t *testing.T) {
	for _, folder := range switchtest.Folders(t) {
		name := filepath.Base(folder)
		t.Run(name, func(t *testing.T) {
			switchtest.Golden(t, imported(t, recording(t, folder)), filepath.Join("testdata", "histories", name+".txt"), *update)
		})
	}
}

func TestEveryMachineDerivesTheSameIDs(t *testing.T) {
	links := recording(t, "testdata/sessions/01-answered-caller-hangs-up")
	assert.Equal(t, switchtest.EventIDs(t, imported(t, links)), switchtest.EventIDs(t, imported(t, links)))
	first := switchtest.EventIDs(t, imported(t, links))[7]
	assert.Equal(t, "6e04eea2-7275-5086-a8ac-dcbfd568b45e", first, "computed once, on another machine")
}
