package eventlogtest

import (
	"io/fs"
	"math/bits"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/eventlog"
)

// BenchmarkLarge fills a log with many events of 0.6 KB, one an append from 256 appenders, in streams of 25, then opens it
// anew and reads it, cold (with nothing of its files in the system's memory) and warm. The log must be persistent and live
// in its folder. It reports
//
//	append-events/s, append-p50-ms, append-p99-ms, append-p99.9-ms, append-max-ms    while it is filled
//	ceiling-p99.9-ms    of reflog, which takes a quarter of a million events before
//	disk-B/event     what the folder takes when the log has been closed, by event
//	loaded-MiB       memory of the process when it is full
//	open-ms          to open it again, cold
//	cold-events/s, warm-events/s, cold-stream-us, warm-stream-us    to read everything, and a stream: the median
//	cold-ratio, warm-ratio    of the first two to what reflog reads of a quarter of a million events, just before
//	read-MiB         memory of the process after that
func BenchmarkLarge(b *testing.B, suite Suite, events int) {
	for b.Loop() {
		log, ceiling := open(b, suite), ceilingFor(b)
		fillCeiling(b, ceiling)
		streams := log.fillLarge(b, events)
		b.ReportMetric(residentMiB(), "loaded-MiB")
		require.NoError(b, log.Store.Close())
		b.ReportMetric(float64(diskUse(b, log.dir))/float64(events), "disk-B/event")

		runtime.GC()
		evictAll(b, log.dir)
		started := time.Now()
		log.Store = suite.Open(b, log.dir)
		b.ReportMetric(time.Since(started).Seconds()*1e3, "open-ms")
		b.ReportMetric(log.streamTime(b, streams, 20), "cold-stream-us")
		for _, kind := range []string{"cold", "warm"} {
			if kind == "cold" {
				evictAll(b, log.dir)
				evictAll(b, ceiling.dir)
			}
			top := ceiling.scanRate(b)
			rate := log.scanRate(b, events)
			b.ReportMetric(rate, kind+"-events/s")
			b.ReportMetric(rate/top, kind+"-ratio")
		}
		log.streamTime(b, streams, 1000)
		b.ReportMetric(log.streamTime(b, streams, 1000), "warm-stream-us")
		b.ReportMetric(residentMiB(), "read-MiB")
		require.NoError(b, log.Store.Close())
	}
	b.ReportMetric(0, "ns/op")
}

// fillLarge returns the streams that it has made.
func (l *log) fillLarge(b *testing.B, events int) []eventlog.Stream {
	const appenders = 256
	streams := make([]eventlog.Stream, events/streamLength)
	for i := range streams {
		streams[i] = newStream()
	}
	bodies := bodies()
	var waits histogram
	started := time.Now()
	together(appenders, func(n int) {
		for i := n; i < len(streams); i += appenders {
			for revision := range eventlog.Revision(streamLength) {
				one := []eventlog.Event{realistic(bodies)}
				before := time.Now()
				err := l.Append(b.Context(), []eventlog.StreamAppend{{Stream: streams[i], Expected: eventlog.At(revision), Events: one}})
				if err != nil {
					b.Error(err)
					return
				}
				waits.add(time.Since(before))
			}
		}
	})
	require.False(b, b.Failed())
	b.ReportMetric(float64(len(streams)*streamLength)/time.Since(started).Seconds(), "append-events/s")
	b.ReportMetric(waits.quantile(0.5), "append-p50-ms")
	b.ReportMetric(waits.quantile(0.99), "append-p99-ms")
	b.ReportMetric(waits.quantile(0.999), "append-p99.9-ms")
	b.ReportMetric(waits.quantile(1), "append-max-ms")
	return streams
}

// scanRate is how many events are read in a second.
func (l *log) scanRate(b *testing.B, events int) float64 {
	started, count := time.Now(), 0
	for _, err := range l.ReadAll(b.Context(), l.before) {
		if err != nil {
			b.Fatal(err)
		}
		count++
	}
	require.Equal(b, events/streamLength*streamLength, count)
	return float64(count) / time.Since(started).Seconds()
}

func (l *reflog) scanRate(b *testing.B) float64 {
	started := time.Now()
	count, err := l.ReadAll()
	require.NoError(b, err)
	return float64(count) / time.Since(started).Seconds()
}

// fillCeiling writes as many events as the other reads are of.
func fillCeiling(b *testing.B, ceiling *reflog) {
	var waits histogram
	bodies := bodies()
	together(256, func(n int) {
		for i := n; i < readStreams; i += 256 {
			stream := newStream()
			for revision := range eventlog.Revision(streamLength) {
				one := []eventlog.Event{realistic(bodies)}
				before := time.Now()
				if err := ceiling.Append(stream, revision, one); err != nil {
					b.Error(err)
					return
				}
				waits.add(time.Since(before))
			}
		}
	})
	require.False(b, b.Failed())
	b.ReportMetric(waits.quantile(0.999), "ceiling-p99.9-ms")
}

// streamTime is the median time to read a stream, in microseconds.
func (l *log) streamTime(b *testing.B, streams []eventlog.Stream, reads int) float64 {
	waits := make([]float64, reads)
	for i := range waits {
		started := time.Now()
		for _, err := range l.ReadStream(b.Context(), streams[rand.IntN(len(streams))], 0) {
			if err != nil {
				b.Fatal(err)
			}
		}
		waits[i] = time.Since(started).Seconds() * 1e6
	}
	return median(waits)
}

func diskUse(b *testing.B, dir string) (bytes int64) {
	require.NoError(b, walkFiles(dir, func(path string) error {
		info, err := os.Stat(path)
		if err == nil {
			bytes += info.Size()
		}
		return err
	}))
	return bytes
}

func evictAll(b *testing.B, dir string) {
	require.NoError(b, walkFiles(dir, func(path string) error {
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := file.Sync(); err != nil { // what is not written yet cannot be forgotten
			return err
		}
		return evict(file)
	}))
}

func walkFiles(dir string, visit func(path string) error) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		return visit(path)
	})
}

// histogram counts durations in classes, each an eighth of a power of two wide: for more than one would keep.
type histogram struct {
	classes [64 * 8]atomic.Uint64
}

func (h *histogram) add(d time.Duration) {
	h.classes[class(uint64(max(d, 0)))].Add(1)
}

func class(n uint64) int {
	if n < 8 {
		return int(n)
	}
	power := bits.Len64(n) - 1 // n has its first bit there, and the next three bits say which eighth
	return (power-2)*8 + int(n>>(power-3)&7)
}

// quantile is the upper bound of the class in which a share of the durations ends, in milliseconds.
func (h *histogram) quantile(share float64) float64 {
	total := uint64(0)
	for i := range h.classes {
		total += h.classes[i].Load()
	}
	rank, seen := uint64(share*float64(total-1))+1, uint64(0)
	for i := range h.classes {
		if seen += h.classes[i].Load(); seen >= rank {
			for n := uint64(1); ; n += max(n>>3, 1) {
				if class(n) > i {
					return float64(n) / 1e6
				}
			}
		}
	}
	return 0
}
