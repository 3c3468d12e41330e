package asterisk_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/adapters/switches/connection/connectiontest"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const hello = "Asterisk Call Manager/11.0.0\r\n"

func TestARecordingIsImportedAsALinkWouldHearIt(t *testing.T) {
	content := session(t, "06-ring-no-answer")
	all, err := frames(bytes.NewReader(content))
	require.NoError(t, err)
	want := []string{"up 11.0.0"}
	for _, frame := range all[1:] {
		b, err := asterisk.ParseBlock(frame.Raw)
		require.NoError(t, err)
		for _, o := range (told{}).Translate(b, time.Time{}) {
			want = append(want, o.Switch)
		}
	}
	want = append(want, "down: end of the recording")

	engine := &connectiontest.Recorder{}
	var blocks, size int
	stats, err := asterisk.Import(t.Context(), bytes.NewReader(content), told{}, engine, func(b, s int) {
		assert.GreaterOrEqual(t, b, blocks)
		assert.GreaterOrEqual(t, s, size)
		blocks, size = b, s
	})
	require.NoError(t, err)
	assert.Equal(t, want, engine.All())
	assert.Equal(t, connection.ImportStats{
		Sessions: 1, Pieces: len(all) - 1, Bytes: len(content), Observations: len(want), BadInput: stats.BadInput,
	}, stats)
	assert.Empty(t, stats.BadInput)
	assert.Equal(t, len(all)-1, blocks)
	assert.Equal(t, len(content), size)
	assert.LessOrEqual(t, engine.Batches(), len(all)/512+3)
}

func TestImports(t *testing.T) {
	for name, c := range map[string]struct {
		stream string
		want   string
		bad    []string
	}{
		"a session":               {hello + "Event: A\r\n\r\nEvent: B\r\n\r\n", "up 11.0.0|A|B|down", nil},
		"two sessions in a row":   {hello + "Event: A\r\n\r\n" + hello + "Event: B\r\n\r\n", "up 11.0.0|A|down|up 11.0.0|B|down", nil},
		"a session without calls": {hello, "up 11.0.0|down", nil},
		"no banner":               {"Event: A\r\n\r\n", "up|A|down", nil},
		"cut at the end":          {hello + "Event: A\r\n\r\nEvent: B\r\n", "up 11.0.0|A|down", []string{"incomplete block at the end"}},
		"bad blocks":              {hello + "x\r\n\r\nEvent: A\r\ny\r\n\r\n", "up 11.0.0|A|down", []string{"malformed block", "line without a header"}},
	} {
		t.Run(name, func(t *testing.T) {
			engine := &connectiontest.Recorder{}
			stats, err := asterisk.Import(t.Context(), strings.NewReader(c.stream), told{}, engine, nil)
			require.NoError(t, err)
			assert.Equal(t, c.want, strings.ReplaceAll(strings.Join(engine.All(), "|"), "down: end of the recording", "down"))
			var bad []string
			for _, b := range stats.BadInput {
				bad = append(bad, b.Kind)
			}
			assert.Equal(t, c.bad, bad)
			assert.Equal(t, len(c.stream), stats.Bytes)
		})
	}
}

func TestWhatIsNoSessionOfAManagerIsNotImported(t *testing.T) {
	for _, stream := range []string{"", "\x1f\x8b\x08\x00", "hello\r\n\r\nworld\r\n\r\n"} {
		_, err := asterisk.Import(t.Context(), strings.NewReader(stream), told{}, &connectiontest.Recorder{}, nil)
		assert.ErrorIs(t, err, asterisk.ErrNotAMI, "%q", stream)
	}
}

// BenchmarkImport is the import itself: nothing is translated, and nothing recorded.
func BenchmarkImport(b *testing.B) {
	content := bytes.Repeat(session(b, "06-ring-no-answer"), 20)
	blocks := 0
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		stats, err := asterisk.Import(b.Context(), bytes.NewReader(content), deaf{}, &connectiontest.Recorder{}, nil)
		if err != nil {
			b.Fatal(err)
		}
		blocks += stats.Pieces
	}
	b.ReportMetric(float64(blocks)/b.Elapsed().Seconds(), "blocks/s")
}

// deaf makes nothing of what it is told.
type deaf struct{}

func (deaf) Resume([]call.State, time.Time)                           {}
func (deaf) LinkUp(string, time.Time) []engine.Observation            { return nil }
func (deaf) LinkDown(string, time.Time) []engine.Observation          { return nil }
func (deaf) Advance(time.Time) []engine.Observation                   { return nil }
func (deaf) Translate(asterisk.Block, time.Time) []engine.Observation { return nil }
