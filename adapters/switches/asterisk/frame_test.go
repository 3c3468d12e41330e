package asterisk_test

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/adapters/switches/connection/connectiontest"
	"github.com/callstate/callstate/adapters/switches/switchtest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// frames reads all frames of a stream. The error is that of its end, nil for io.EOF.
func frames(source io.Reader) ([]asterisk.Frame, error) {
	var all []asterisk.Frame
	r := asterisk.NewFrameReader(source)
	for {
		frame, err := r.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, frame)
	}
}

// session returns the bytes of a recorded session's first connection.
func session(t testing.TB, name string) []byte {
	t.Helper()
	return recording(t, filepath.Join("testdata", "sessions", name))[0]
}

func banner(raw string) asterisk.Frame     { return asterisk.Frame{Kind: asterisk.FrameBanner, Raw: raw} }
func blockFrame(raw string) asterisk.Frame { return asterisk.Frame{Raw: raw} }
func incomplete(raw string) asterisk.Frame {
	return asterisk.Frame{Kind: asterisk.FrameIncomplete, Raw: raw}
}

func TestFrames(t *testing.T) {
	const hello = "Asterisk Call Manager/11.0.0"
	for name, c := range map[string]struct {
		stream string
		frames []asterisk.Frame
	}{
		"nothing":                     {"", nil},
		"a banner, then blocks":       {hello + "\r\nA: 1\r\nB: 2\r\n\r\nC: 3\r\n\r\n", []asterisk.Frame{banner(hello), blockFrame("A: 1\r\nB: 2"), blockFrame("C: 3")}},
		"no banner":                   {"A: 1\r\n\r\n", []asterisk.Frame{blockFrame("A: 1")}},
		"a banner alone":              {hello + "\r\n", []asterisk.Frame{banner(hello)}},
		"a banner with a bare LF":     {hello + "\nA: 1\r\n\r\n", []asterisk.Frame{banner(hello), blockFrame("A: 1")}},
		"half a banner":               {"Asterisk Ca", []asterisk.Frame{incomplete("Asterisk Ca")}},
		"not a banner":                {"Asterisk: yes\r\n\r\n", []asterisk.Frame{blockFrame("Asterisk: yes")}},
		"far too long for a banner":   {"Asterisk Call Manager/" + strings.Repeat("x", 300) + "\r\n\r\n", []asterisk.Frame{blockFrame("Asterisk Call Manager/" + strings.Repeat("x", 300))}},
		"a bare LF before CRLF":       {"A: 1\n\r\n\r\nB: 2\r\n\r\n", []asterisk.Frame{blockFrame("A: 1\n"), blockFrame("B: 2")}},
		"an empty line of bare LF":    {"A: 1\n\nB: 2\r\n\r\n", []asterisk.Frame{blockFrame("A: 1\n\nB: 2")}},
		"more than one empty line":    {"A: 1\r\n\r\n\r\n\r\n\r\nB: 2\r\n\r\n", []asterisk.Frame{blockFrame("A: 1"), blockFrame("B: 2")}},
		"empty lines first":           {"\r\n\r\nA: 1\r\n\r\n", []asterisk.Frame{blockFrame("A: 1")}},
		"cut in a block":              {"A: 1\r\n\r\nB: ", []asterisk.Frame{blockFrame("A: 1"), incomplete("B: ")}},
		"cut before the last CRLF":    {"A: 1\r\n", []asterisk.Frame{incomplete("A: 1\r\n")}},
		"two sessions in one":         {hello + "\r\nA: 1\r\n\r\n" + hello + "\r\nB: 2\r\n\r\n", []asterisk.Frame{banner(hello), blockFrame("A: 1"), banner(hello), blockFrame("B: 2")}},
		"a CR that is not a line end": {"\r\r\nA: 1\r\n\r\n", []asterisk.Frame{blockFrame("\r\r\nA: 1")}},
	} {
		t.Run(name, func(t *testing.T) {
			whole, err := frames(strings.NewReader(c.stream))
			require.NoError(t, err)
			assert.Equal(t, c.frames, whole)
			bytewise, err := frames(iotest.OneByteReader(strings.NewReader(c.stream)))
			require.NoError(t, err)
			assert.Equal(t, c.frames, bytewise)
		})
	}
}

func TestTheBannerTellsTheVersion(t *testing.T) {
	assert.Equal(t, "11.0.0", banner("Asterisk Call Manager/11.0.0").Version())
}

func TestABannerComesBeforeTheFirstBlock(t *testing.T) {
	// The switch waits for the login before it sends anything else.
	client, server := io.Pipe()
	go server.Write([]byte("Asterisk Call Manager/11.0.0\r\n"))
	frame, err := asterisk.NewFrameReader(client).Next()
	require.NoError(t, err)
	assert.Equal(t, asterisk.FrameBanner, frame.Kind)
}

func TestABlockThatIsTooLargeIsPassedOver(t *testing.T) {
	largest := "A: " + strings.Repeat("x", asterisk.MaxBlock-3)
	for name, c := range map[string]struct {
		large string
		kind  asterisk.FrameKind
	}{
		"the largest": {largest, asterisk.FrameBlock},
		"a byte more": {largest + "x", asterisk.FrameOversized},
		"ten MiB":     {"A: " + strings.Repeat("x\r\n", 10<<20/3), asterisk.FrameOversized},
	} {
		t.Run(name, func(t *testing.T) {
			stream := "B: 1\r\n\r\n" + c.large + "\r\n\r\nB: 2\r\n\r\n"
			for _, source := range []io.Reader{strings.NewReader(stream), iotest.HalfReader(strings.NewReader(stream)), connectiontest.Chunks([]byte(stream), 997)} {
				all, err := frames(source)
				require.NoError(t, err)
				require.Len(t, all, 3)
				assert.Equal(t, blockFrame("B: 1"), all[0])
				assert.Equal(t, c.kind, all[1].Kind)
				assert.True(t, strings.HasPrefix(c.large, all[1].Raw))
				if c.kind == asterisk.FrameOversized {
					assert.Len(t, all[1].Raw, 1024, "a sample")
				}
				assert.Equal(t, blockFrame("B: 2"), all[2])
			}
		})
	}

	all, err := frames(strings.NewReader(largest + "xxxxxxxx"))
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.Equal(t, asterisk.FrameOversized, all[0].Kind, "too large, and the stream ends in it: told once")
}

func TestTheErrorOfTheSourceComesAfterWhatWasRead(t *testing.T) {
	broken := errors.New("broken")
	all, err := frames(io.MultiReader(strings.NewReader("A: 1\r\n\r\nB"), iotest.ErrReader(broken)))
	assert.ErrorIs(t, err, broken)
	assert.Equal(t, []asterisk.Frame{blockFrame("A: 1"), incomplete("B")}, all)

	_, err = frames(connectiontest.Silence{})
	assert.ErrorIs(t, err, io.ErrNoProgress)
}

func TestRecordedSessionsGiveTheSameFramesHoweverTheyAreCut(t *testing.T) {
	for _, folder := range switchtest.Folders(t) {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			stream := recording(t, folder)[0]
			whole, err := frames(bytes.NewReader(stream))
			require.NoError(t, err)
			require.Equal(t, asterisk.FrameBanner, whole[0].Kind)
			require.Len(t, whole, 1+bytes.Count(stream, []byte("\r\n\r\n")))
			for _, frame := range whole[1:] {
				b, err := asterisk.ParseBlock(frame.Raw)
				require.NoError(t, err, frame.Raw)
				require.Zero(t, b.StrayLines(), frame.Raw)
				require.False(t, b.InvalidUTF8())
			}
			requireSameFrames(t, stream, 1000, 4096)
			requireSameFrames(t, stream[:min(len(stream), manySmallChunks)], 1, 2, 3, 5)
		})
	}
}

// manySmallChunks are so many bytes that they fill the reader's buffer several times.
const manySmallChunks = 200 << 10

// requireSameFrames reads a stream in chunks of these sizes.
func requireSameFrames(t *testing.T, stream []byte, sizes ...int) {
	t.Helper()
	whole, err := frames(bytes.NewReader(stream))
	require.NoError(t, err)
	for _, size := range sizes {
		cut, err := frames(connectiontest.Chunks(stream, size))
		require.NoError(t, err)
		require.True(t, slices.Equal(whole, cut), "chunks of %d bytes", size)
	}
}

// FuzzFrames: cutting the stream anywhere gives the same frames, and nothing but separators is missing from them.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("Asterisk Call Manager/11.0.0\r\nResponse: Success\r\n\r\nEvent: A\r\nB: c\r\n\r\n"), 7)
	f.Add([]byte("Message: Park successful\n\r\n\r\n\r\n\r\nA: b\r\n\r"), 26)
	f.Add([]byte("\r\r\n\r\n\rAsterisk Call Manager/1\nX"), 3)
	f.Fuzz(func(t *testing.T, stream []byte, at int) {
		whole, err := frames(bytes.NewReader(stream))
		require.NoError(t, err)
		at = min(max(at, 0), len(stream))
		for _, source := range []io.Reader{
			io.MultiReader(bytes.NewReader(stream[:at]), bytes.NewReader(stream[at:])),
			iotest.OneByteReader(bytes.NewReader(stream)),
			iotest.DataErrReader(bytes.NewReader(stream)),
		} {
			cut, err := frames(source)
			require.NoError(t, err)
			require.Equal(t, whole, cut)
		}
		var kept int
		for _, frame := range whole {
			kept += len(frame.Raw)
		}
		require.LessOrEqual(t, len(stream)-kept, 2*bytes.Count(stream, []byte("\n"))+bytes.Count(stream, []byte("\r")))
	})
}

func BenchmarkFrameReader(b *testing.B) {
	stream := session(b, "06-ring-no-answer")
	all, err := frames(bytes.NewReader(stream))
	require.NoError(b, err)
	b.ReportAllocs()
	b.SetBytes(int64(len(stream)))
	for b.Loop() {
		if _, err := frames(bytes.NewReader(stream)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(all)*b.N)/b.Elapsed().Seconds(), "blocks/s")
}
