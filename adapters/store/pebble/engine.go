package pebble

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strconv"
	"strings"

	pebbledb "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable/block"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/atomicfs"

	"github.com/callstate/callstate/domain/eventlog"
)

const (
	// memtableSize and memtables bound what is in memory and in the engine's log only.
	memtableSize = 32 << 20
	memtables    = 4

	// DefaultCacheSize and MinCacheSize are in bytes. The engine charges its memtables to the cache: what is left of it
	// holds blocks, and with nothing left every look at a stream would go to the disk.
	DefaultCacheSize = 192 << 20
	MinCacheSize     = memtables*memtableSize + 16<<20

	// headsGeneration is how many streams' revisions are remembered at least: more than there are calls at a time.
	headsGeneration = 8192

	// engineFormat is the format of the engine's files. It is the first with values in files of their own, which halves
	// what is written to the disk. Raising it keeps older programs from opening the log.
	engineFormat = pebbledb.FormatValueSeparation
)

// engineOptions are the settings of the engine. Blocks of 16 KB are the middle between reading everything and reading
// one stream; the index stays in the tables while records go to value files, written once; large files keep their number
// small.
func (s *Store) engineOptions(options Options) *pebbledb.Options {
	cacheSize := cmp.Or(options.CacheSize, DefaultCacheSize)
	o := &pebbledb.Options{
		FS:                          s.files,
		FormatMajorVersion:          engineFormat,
		CacheSize:                   max(cacheSize, MinCacheSize),
		MemTableSize:                memtableSize,
		MemTableStopWritesThreshold: memtables,
		LBaseMaxBytes:               256 << 20,
		L0StopWritesThreshold:       1000, // that is, never: should merging fail, reads get slower but appends do not hang
		Logger:                      engineLogger{logger: s.logger, fail: s.fail},
		EventListener: &pebbledb.EventListener{
			// What is damaged is reported to whoever reads it; the rest can still be read.
			DataCorruption: func(info pebbledb.DataCorruptionInfo) {
				s.noteDamage(fmt.Errorf("%s: %w", info.Path, corruption{info.Details}))
			},
			BackgroundError: func(err error) { s.noteDamage(fmt.Errorf("work in the background failed: %w", corruption{err})) },
		},
	}
	o.Experimental.CompactionScheduler = newMerging(func() bool { return s.Healthy() != nil })
	o.TargetFileSizes[0] = 32 << 20
	for i := 1; i < len(o.TargetFileSizes); i++ {
		o.TargetFileSizes[i] = 8 << 20
	}
	for i := range o.Levels {
		o.Levels[i].BlockSize = 16 << 10
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	compression := pebbledb.DBCompressionFastest
	if options.Zstd {
		compression = pebbledb.UniformDBCompressionSettings(block.BalancedCompression)
	}
	o.ApplyCompressionSettings(func() pebbledb.DBCompressionSettings { return compression })
	o.Experimental.EnableColumnarBlocks = func() bool { return true }
	o.Experimental.ValueSeparationPolicy = func() pebbledb.ValueSeparationPolicy {
		return pebbledb.ValueSeparationPolicy{
			Enabled:               true,
			MinimumSize:           128,
			MaxBlobReferenceDepth: 10,
			TargetGarbageRatio:    1, // records are never overwritten: there is no garbage
		}
	}
	o.Experimental.SpanPolicyFunc = familyPolicy
	return o
}

// familyPolicy keeps the families of keys in tables of their own. Otherwise each table would span the whole index, and
// all of that would have to be merged with every few that are written; now the tables of the log, whose keys only ever
// grow, overlap nothing, and those of the index only what is recent, since the names of calls begin with the time.
func familyPolicy(start []byte) (policy pebbledb.SpanPolicy, end []byte, err error) {
	for _, family := range []byte{logFamily, logFamily + 1, indexFamily, indexFamily + 1} {
		if len(start) == 0 || start[0] < family {
			return policy, []byte{family}, nil
		}
	}
	return policy, nil, nil
}

// translate gives the engine's errors the words of an event log. A file that is not there is damage: no file of the
// engine's goes away by itself.
func translate(err error) error {
	if err != nil && (pebbledb.IsCorruptionError(err) || errors.Is(err, fs.ErrNotExist)) {
		return fmt.Errorf("%w: %w", eventlog.ErrDamaged, corruption{err})
	}
	return err
}

// corruption is an error of the engine without what it adds to the text for its own use.
type corruption struct{ error }

func (c corruption) Error() string {
	return strings.ReplaceAll(c.error.Error(), "\n<corruption detail carrier>", "")
}

func (c corruption) Unwrap() error { return c.error }

// checkEngineFormat refuses files that only a newer engine can read; the engine has no error of its own for that.
func checkEngineFormat(files vfs.FS, dir string) error {
	value, err := atomicfs.ReadMarker(files, dir, "format-version")
	if errors.Is(err, fs.ErrNotExist) || err == nil && value == "" {
		return nil
	}
	if err != nil {
		return err
	}
	version, err := strconv.ParseUint(value, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: engine format %q", eventlog.ErrDamaged, value)
	}
	if version > uint64(pebbledb.FormatNewest) {
		return fmt.Errorf("%w: engine format %d, this program knows up to %d", eventlog.ErrNewerFormat, version, pebbledb.FormatNewest)
	}
	return nil
}

// engineLogger passes on what the engine says.
type engineLogger struct {
	logger *slog.Logger
	fail   func(error) error
}

// Infof implements pebbledb.Logger.
func (l engineLogger) Infof(format string, args ...any) {
	if l.logger.Enabled(context.Background(), slog.LevelDebug) {
		l.logger.Debug("event log engine", "message", fmt.Sprintf(format, args...))
	}
}

// Errorf implements pebbledb.Logger.
func (l engineLogger) Errorf(format string, args ...any) {
	l.logger.Error("event log engine", "err", fmt.Sprintf(format, args...))
}

// Fatalf implements pebbledb.Logger. The engine expects the process to end, which is not for a store to decide: the store
// takes no more appends instead.
func (l engineLogger) Fatalf(format string, args ...any) {
	_ = l.fail(fmt.Errorf(format, args...))
}
