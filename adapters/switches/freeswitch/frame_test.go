package freeswitch_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/callstate/callstate/adapters/switches/connection/connectiontest"
	"github.com/callstate/callstate/adapters/switches/freeswitch"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// frames reads all frames of a stream. The error is that of its end, nil for io.EOF.
func frames(source io.Reader) ([]freeswitch.Frame, error) {
	var all []freeswitch.Frame
	r := freeswitch.NewFrameReader(source)
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

// esl is what an event socket sent in a recorded session, unzipped.
func esl(t testing.TB, scenario, file string) []byte {
	t.Helper()
	return connectiontest.Recording(t, filepath.Join("testdata", "sessions", scenario, file))
}

// recordedStreams are the files of all recorded sessions, as scenario and file. That of the load is too long for some tests.
func recordedStreams(t testing.TB) [][2]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "sessions", "*", "*.esl.gz"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	var all [][2]string
	for _, path := range paths {
		all = append(all, [2]string{filepath.Base(filepath.Dir(path)), filepath.Base(path)})
	}
	return all
}

// block is a frame as it is when it could be read.
func block(headers, body string) freeswitch.Frame {
	f := freeswitch.Frame{Headers: headers, Body: body}
	f.ContentType = f.Get("Content-Type")
	return f
}

func of(kind freeswitch.FrameKind, f freeswitch.Frame) freeswitch.Frame {
	f.Kind = kind
	return f
}

func TestFrames(t *testing.T) {
	const auth = "Content-Type: auth/request\n"
	inner := "Event-Name: BACKGROUND_JOB\nJob-UUID: 1\nContent-Length: 5\n\n+OK\n\n"
	event := fmt.Sprintf("Content-Length: %d\nContent-Type: text/event-plain\n", len(inner))
	const reply = "Content-Type: command/reply\nReply-Text: +OK accepted\n"
	const api = "Content-Type: api/response\nContent-Length: 4\n"
	for name, c := range map[string]struct {
		stream string
		frames []freeswitch.Frame
	}{
		"nothing":                              {"", nil},
		"the greeting":                         {auth + "\n", []freeswitch.Frame{block(auth, "")}},
		"empty lines first":                    {"\n\r\n\n" + auth + "\n", []freeswitch.Frame{block(auth, "")}},
		"an event with a body of its own":      {event + "\n" + inner, []freeswitch.Frame{block(event, inner)}},
		"answers between events":               {event + "\n" + inner + reply + "\n" + event + "\n" + inner + api + "\n+OK\n" + event + "\n" + inner, []freeswitch.Frame{block(event, inner), block(reply, ""), block(event, inner), block(api, "+OK\n"), block(event, inner)}},
		"a body of nothing":                    {"Content-Type: api/response\nContent-Length: 0\n\n" + reply + "\n", []freeswitch.Frame{block("Content-Type: api/response\nContent-Length: 0\n", ""), block(reply, "")}},
		"a body that looks like a block":       {"Content-Type: api/response\nContent-Length: 28\n\n" + auth + "\n" + reply + "\n", []freeswitch.Frame{block("Content-Type: api/response\nContent-Length: 28\n", auth+"\n"), block(reply, "")}},
		"line ends of CRLF":                    {"Content-Type: api/response\r\nContent-Length: 4\r\n\r\na\r\nb" + reply + "\n", []freeswitch.Frame{block("Content-Type: api/response\r\nContent-Length: 4\r\n", "a\r\nb"), block(reply, "")}},
		"names in any case":                    {"content-type: api/response\nCONTENT-LENGTH: 1\n\nx", []freeswitch.Frame{block("content-type: api/response\nCONTENT-LENGTH: 1\n", "x")}},
		"a length that is no number":           {"Content-Type: api/response\nContent-Length: x\n\n" + reply + "\n", []freeswitch.Frame{of(freeswitch.FrameMalformed, block("Content-Type: api/response\nContent-Length: x\n", "")), block(reply, "")}},
		"a length below nothing":               {"Content-Type: api/response\nContent-Length: -1\n\n" + reply + "\n", []freeswitch.Frame{of(freeswitch.FrameMalformed, block("Content-Type: api/response\nContent-Length: -1\n", "")), block(reply, "")}},
		"a length beyond all numbers":          {"Content-Type: api/response\nContent-Length: 99999999999999999999\n\n", []freeswitch.Frame{of(freeswitch.FrameMalformed, block("Content-Type: api/response\nContent-Length: 99999999999999999999\n", ""))}},
		"no content type":                      {"Content-Length: 3\n\n" + auth + "\n", []freeswitch.Frame{of(freeswitch.FrameMalformed, block("Content-Length: 3\n", "")), block(auth, "")}},
		"garbage":                              {"\x00\xff hello\n\n" + auth + "\n", []freeswitch.Frame{of(freeswitch.FrameMalformed, block("\x00\xff hello\n", "")), block(auth, "")}},
		"cut in the headers":                   {auth + "\nContent-Ty", []freeswitch.Frame{block(auth, ""), of(freeswitch.FrameIncomplete, freeswitch.Frame{Headers: "Content-Ty"})}},
		"cut before the empty line":            {auth, []freeswitch.Frame{of(freeswitch.FrameIncomplete, freeswitch.Frame{Headers: auth})}},
		"cut in the body":                      {api + "\n+O", []freeswitch.Frame{of(freeswitch.FrameIncomplete, block(api, "+O"))}},
		"cut between the headers and the body": {api + "\n", []freeswitch.Frame{of(freeswitch.FrameIncomplete, block(api, ""))}},
	} {
		t.Run(name, func(t *testing.T) {
			for at := range len(c.stream) + 1 {
				cut, err := frames(io.MultiReader(strings.NewReader(c.stream[:at]), strings.NewReader(c.stream[at:])))
				require.NoError(t, err)
				require.Equal(t, c.frames, cut, "cut at %d", at)
			}
			bytewise, err := frames(iotest.OneByteReader(strings.NewReader(c.stream)))
			require.NoError(t, err)
			assert.Equal(t, c.frames, bytewise)
		})
	}
}

func TestABlockThatIsTooLargeIsPassedOver(t *testing.T) {
	const small = "Content-Type: command/reply\n"
	headers := func(size int) string {
		const begin = "Content-Type: command/reply\nA: "
		return begin + strings.Repeat("x", size-len(begin)-1) + "\n"
	}
	body := func(size int) string {
		return fmt.Sprintf("Content-Type: api/response\nContent-Length: %d\n\n", size) + strings.Repeat("x", size)
	}
	for name, c := range map[string]struct {
		large string
		kind  freeswitch.FrameKind
	}{
		"the largest headers":    {headers(freeswitch.MaxHeaders) + "\n", freeswitch.FrameBlock},
		"a byte more":            {headers(freeswitch.MaxHeaders+1) + "\n", freeswitch.FrameOversized},
		"headers of many lines":  {strings.Repeat(small, 20_000) + "\n", freeswitch.FrameOversized},
		"a line without an end":  {headers(3*freeswitch.MaxHeaders) + "\n", freeswitch.FrameOversized},
		"the largest body":       {body(freeswitch.MaxBody), freeswitch.FrameBlock},
		"a byte more of a body":  {body(freeswitch.MaxBody + 1), freeswitch.FrameOversized},
		"twice the largest body": {body(2 * freeswitch.MaxBody), freeswitch.FrameOversized},
	} {
		t.Run(name, func(t *testing.T) {
			stream := small + "\n" + c.large + small + "\n"
			for _, source := range []io.Reader{strings.NewReader(stream), connectiontest.Chunks([]byte(stream), 99_991)} {
				all, err := frames(source)
				require.NoError(t, err)
				require.Len(t, all, 3)
				assert.Equal(t, block(small, ""), all[0])
				assert.Equal(t, c.kind, all[1].Kind)
				if c.kind == freeswitch.FrameOversized {
					assert.LessOrEqual(t, all[1].Size(), 1100, "a sample")
					assert.NotZero(t, all[1].Size())
				}
				assert.Equal(t, block(small, ""), all[2])
			}
		})
	}
}

// What a block announces must not take room before it has come.
func TestAnAnnouncementTakesNoRoom(t *testing.T) {
	stream := fmt.Sprintf("Content-Type: api/response\nContent-Length: %d\n\nx", freeswitch.MaxBody)
	bytesPerRun := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			frames(strings.NewReader(stream))
		}
	}).AllocedBytesPerOp()
	assert.Less(t, bytesPerRun, int64(1<<20))
}

func TestTheErrorOfTheSourceComesAfterWhatWasRead(t *testing.T) {
	broken := errors.New("broken")
	for _, text := range []string{"Content-Type: command/reply\n\nContent", "Content-Type: command/reply\n\nContent-Type: api/response\nContent-Length: 9\n\nabc"} {
		source := &once{broken, strings.NewReader(text)}
		r := freeswitch.NewFrameReader(source)
		first, err := r.Next()
		require.NoError(t, err)
		assert.Equal(t, freeswitch.FrameBlock, first.Kind)
		second, err := r.Next()
		require.NoError(t, err)
		assert.Equal(t, freeswitch.FrameIncomplete, second.Kind)
		for range 2 {
			_, err = r.Next()
			assert.ErrorIs(t, err, broken, "the source is not asked again")
		}
		assert.Equal(t, int64(len(text)), r.Bytes())
	}
	_, err := frames(connectiontest.Silence{})
	assert.ErrorIs(t, err, io.ErrNoProgress)
}

func TestRecordedSessionsGiveTheSameFramesHoweverTheyAreCut(t *testing.T) {
	for _, recorded := range recordedStreams(t) {
		t.Run(recorded[0]+"/"+recorded[1], func(t *testing.T) {
			stream := esl(t, recorded[0], recorded[1])
			if recorded[0] == "17-load" {
				stream = stream[:4<<20] // enough, and cut in a block
			}
			whole, err := frames(bytes.NewReader(stream))
			require.NoError(t, err)
			require.Equal(t, "auth/request", whole[0].ContentType)
			complete := whole
			if recorded[0] == "17-load" {
				complete = whole[:len(whole)-1]
			}
			for _, frame := range complete {
				require.Equal(t, freeswitch.FrameBlock, frame.Kind)
				e, err := freeswitch.ParseEvent(frame)
				require.NoError(t, err)
				require.Equal(t, strings.HasPrefix(frame.ContentType, "text/event-"), e.Name() != "")
				require.False(t, e.InvalidUTF8())
			}
			requireSameFrames(t, stream, 1000, 4096, 65537)
			requireSameFrames(t, stream[:min(len(stream), manySmallChunks)], 1, 3)
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

// FuzzFrames: cutting the stream anywhere gives the same frames, and nothing but empty lines is missing from them.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("Content-Type: auth/request\n\nContent-Type: api/response\nContent-Length: 4\n\n+OK\nContent-Type: x\n\n"), 7)
	f.Add([]byte("Content-Length: 9999999999\nContent-Type: text/event-plain\n\nEvent-Name: A\n\n"), 60)
	f.Add([]byte("Content-Length: -1\r\nContent-Type: text/event-json\r\n\r\n{}\r\n\n\r\r\nx"), 3)
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
		kept := 0
		for _, frame := range whole {
			kept += frame.Size()
			_, _ = freeswitch.ParseEvent(frame)
		}
		require.LessOrEqual(t, kept, len(stream))
		require.LessOrEqual(t, len(stream)-kept, bytes.Count(stream, []byte("\n"))+bytes.Count(stream, []byte("\r")))
	})
}

func BenchmarkFrameReader(b *testing.B) {
	stream := esl(b, "08-blind-transfer", "events.esl.gz")
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

// once gives its error at the end of what it reads, and nothing more after that.
type once struct {
	err error
	io.Reader
}

func (o *once) Read(p []byte) (int, error) {
	n, err := o.Reader.Read(p)
	if err == io.EOF && o.err != nil {
		err, o.err = o.err, nil
	}
	return n, err
}
