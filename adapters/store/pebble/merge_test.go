package pebble

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/eventlog"
)

// TestDamageUnderMerge changes the files of a log that is open and lets the engine merge them: the work in the background
// that meets the damage is not done again and again, the log tells of it, and it takes appends as before.
func TestDamageUnderMerge(t *testing.T) {
	damages := map[string]func(t *testing.T, file *os.File, size int64){
		"a bit is another": func(t *testing.T, file *os.File, size int64) {
			at := rand.Int64N(size)
			b := make([]byte, 1)
			_, err := file.ReadAt(b, at)
			require.NoError(t, err)
			b[0] ^= 1 << rand.IntN(8)
			_, err = file.WriteAt(b, at)
			require.NoError(t, err)
		},
		"the end is missing": func(t *testing.T, file *os.File, size int64) {
			require.NoError(t, file.Truncate(rand.Int64N(size)))
		},
	}
	for name, damage := range damages {
		for _, pattern := range []string{"*.sst", "*.blob"} {
			t.Run(name+" in "+pattern, func(t *testing.T) {
				t.Parallel()
				for range 6 {
					damageUnderMerge(t, pattern, damage)
				}
			})
		}
	}
}

func damageUnderMerge(t *testing.T, pattern string, damage func(t *testing.T, file *os.File, size int64)) {
	t.Helper()
	dir := t.TempDir()
	said := &saying{}
	store, err := Open(dir, Options{Logger: slog.New(slog.NewTextHandler(said, nil))})
	require.NoError(t, err)
	var written []eventlog.Record
	for range 4 {
		for i := range 100 {
			require.NoError(t, appendData(store, streamOf(i%20), 1000))
		}
		require.NoError(t, store.db.Flush())
	}
	for record, err := range store.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		written = append(written, record)
	}
	require.NoError(t, store.Healthy())

	files, err := filepath.Glob(filepath.Join(dir, pattern))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files {
		file, err := os.OpenFile(name, os.O_RDWR, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue // merged meanwhile
		}
		require.NoError(t, err)
		if info, err := file.Stat(); err == nil && info.Size() > 0 {
			damage(t, file, info.Size())
		}
		require.NoError(t, file.Close())
	}
	// What is in the cache hides the damage, so the merge may succeed. When it does not, it waits for ever.
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	merged := make(chan error, 1)
	go func() { merged <- store.db.Compact(ctx, []byte{0}, []byte{0xff}, false) }()
	for over := false; !over; {
		select {
		case err := <-merged:
			require.NoError(t, err)
			over = true
		case <-time.After(time.Millisecond):
			over = store.Healthy() != nil
		}
	}
	if err := store.Healthy(); err != nil {
		require.ErrorIs(t, err, eventlog.ErrDamaged)
	}
	require.NoError(t, appendData(store, streamOf(0), 10), "calls in progress go on")
	require.Less(t, bytes.Count(said.bytes(), []byte("level=ERROR")), 10, "it is said, but not over and over")

	i := 0
	for record, err := range store.ReadAll(t.Context(), 0) {
		if err != nil {
			require.ErrorIs(t, err, eventlog.ErrDamaged)
			require.ErrorIs(t, store.Healthy(), eventlog.ErrDamaged, "who asks is told, too")
			break
		}
		if i < len(written) {
			require.Equal(t, written[i], record, "nothing wrong is read")
		}
		i++
	}
	_ = store.Close()
}

// TestAppendsToADamagedLog: where it cannot be known what a stream has, nothing is appended to it.
func TestAppendsToADamagedLog(t *testing.T) {
	dir := t.TempDir()
	writeSome(t, dir, true)
	store, err := Open(dir, Options{})
	require.NoError(t, err)
	levels, err := store.db.SSTables()
	require.NoError(t, err)
	require.NoError(t, store.Close())
	for _, level := range levels {
		for _, table := range level {
			if table.Smallest.UserKey[0] == indexFamily {
				name := filepath.Join(dir, fmt.Sprintf("%s.sst", table.FileNum))
				contents, err := os.ReadFile(name)
				require.NoError(t, err)
				contents[20] ^= 0x10 // in the first block
				require.NoError(t, os.WriteFile(name, contents, 0o600))
			}
		}
	}
	store, err = Open(dir, Options{})
	require.NoError(t, err, "what is looked at then is in order")
	require.ErrorIs(t, appendData(store, streamOf(0), 10), eventlog.ErrDamaged)
	require.ErrorIs(t, store.Healthy(), eventlog.ErrDamaged)
	require.NoError(t, store.Close())
}

// saying keeps what is written to it.
type saying struct {
	mu   sync.Mutex
	said bytes.Buffer
}

func (s *saying) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.Write(p)
}

func (s *saying) bytes() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.said.Bytes())
}
