package connectiontest

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// Recording is a file that is packed with gzip, unpacked: what came over a connection to a switch.
func Recording(t testing.TB, path string) []byte {
	t.Helper()
	packed, err := os.Open(path)
	require.NoError(t, err)
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	require.NoError(t, err)
	content, err := io.ReadAll(unpacked)
	require.NoError(t, err)
	return content
}

// Chunks reads a stream so many bytes at a time.
func Chunks(stream []byte, size int) io.Reader {
	return &chunks{bytes.NewReader(stream), size}
}

type chunks struct {
	io.Reader
	size int
}

func (c *chunks) Read(p []byte) (int, error) { return c.Reader.Read(p[:min(c.size, len(p))]) }

// Silence is read without end, and nothing comes.
type Silence struct{}

// Read returns nothing.
func (Silence) Read([]byte) (int, error) { return 0, nil }
