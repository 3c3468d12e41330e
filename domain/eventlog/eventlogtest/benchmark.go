package eventlogtest

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/eventlog"
)

// Benchmark measures the store beside reflog, the ceiling, in turns, so that both have the same weather. It reports
//
//	events/s, p99-ms    of the store: durable events, and how long the slowest hundredth of the appends took
//	ceiling-events/s    of reflog
//	ratio               of the two, the median of all turns: this is the figure to compare between machines
//	cpu-us/event        processor time for an event, the load's own part included; ceiling-cpu-us/event is reflog's. These
//	                    are what to look at on a machine that has other things to do
//
// A turn takes some four seconds: -benchtime 5x is five of them.
func Benchmark(b *testing.B, suite Suite) {
	for _, load := range []struct{ appenders, events int }{{1, 1}, {16, 1}, {256, 1}, {256, 4}} {
		b.Run(fmt.Sprintf("append/appenders=%d/events=%d", load.appenders, load.events), func(b *testing.B) {
			benchmarkAppend(b, suite, load.appenders, load.events)
		})
	}
	b.Run("read", func(b *testing.B) { benchmarkReads(b, suite) })
}

// turn is how long one store is loaded before the other: long enough that its work in the background counts.
const turn = 2 * time.Second

func benchmarkAppend(b *testing.B, suite Suite, appenders, events int) {
	log, ceiling := open(b, suite), ceilingFor(b)
	storeLoad := newLoad(appenders, events, func(stream eventlog.Stream, expected eventlog.Revision, events []eventlog.Event) error {
		return log.Append(b.Context(), []eventlog.StreamAppend{{Stream: stream, Expected: eventlog.At(expected), Events: events}})
	})
	ceilingLoad := newLoad(appenders, events, ceiling.Append)
	// What is new is quicker or slower than what has been in use for a while.
	storeLoad.run(b, turn/4)
	ceilingLoad.run(b, turn/4)

	var rates, ceilings, ratios, cpu, ceilingCPU []float64
	var latencies []time.Duration
	for b.Loop() {
		began := processorTime()
		top, done := ceilingLoad.run(b, turn)
		ceilingCPU = append(ceilingCPU, (processorTime()-began).Seconds()*1e6/float64(len(done)*events))
		began = processorTime()
		rate, waits := storeLoad.run(b, turn)
		cpu = append(cpu, (processorTime()-began).Seconds()*1e6/float64(len(waits)*events))
		rates, ceilings, ratios = append(rates, rate), append(ceilings, top), append(ratios, rate/top)
		latencies = append(latencies, waits...)
	}
	slices.Sort(latencies)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(rates), "events/s")
	b.ReportMetric(median(ceilings), "ceiling-events/s")
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(latencies[len(latencies)*99/100].Seconds()*1e3, "p99-ms")
	b.ReportMetric(median(cpu), "cpu-us/event")
	b.ReportMetric(median(ceilingCPU), "ceiling-cpu-us/event")
}

// The reads are of a log of this many events.
const (
	readStreams   = 10_000
	streamLength  = 25
	readsMeasured = 200
)

func benchmarkReads(b *testing.B, suite Suite) {
	log, ceiling := open(b, suite), ceilingFor(b)
	streams := fill(b, log, ceiling)
	b.Run("all", func(b *testing.B) {
		var rates, ratios, cpu []float64
		for b.Loop() {
			started := time.Now()
			_, err := ceiling.ReadAll()
			require.NoError(b, err)
			top := readStreams * streamLength / time.Since(started).Seconds()

			began, started, count := processorTime(), time.Now(), 0
			for _, err := range log.ReadAll(b.Context(), log.before) {
				if err != nil {
					b.Fatal(err)
				}
				count++
			}
			require.GreaterOrEqual(b, count, readStreams*streamLength)
			rate := float64(count) / time.Since(started).Seconds()
			cpu = append(cpu, (processorTime()-began).Seconds()*1e6/float64(count))
			rates, ratios = append(rates, rate), append(ratios, rate/top)
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(median(rates), "events/s")
		b.ReportMetric(median(ratios), "ratio")
		b.ReportMetric(median(cpu), "cpu-us/event")
	})
	b.Run(fmt.Sprintf("stream-of-%d", streamLength), func(b *testing.B) {
		var waits, tops []float64
		read := func(stream eventlog.Stream) {
			count := 0
			for _, err := range log.ReadStream(b.Context(), stream, 0) {
				require.NoError(b, err)
				count++
			}
			require.Equal(b, streamLength, count)
		}
		for b.Loop() {
			for range readsMeasured {
				stream := streams[rand.IntN(len(streams))]
				started := time.Now()
				_, err := ceiling.ReadStream(stream)
				require.NoError(b, err)
				tops = append(tops, time.Since(started).Seconds()*1e6)
				started = time.Now()
				read(stream)
				waits = append(waits, time.Since(started).Seconds()*1e6)
			}
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(median(waits), "p50-us")
		b.ReportMetric(waits[len(waits)*99/100], "p99-us")
		b.ReportMetric(median(tops)/median(waits), "ratio")
	})
}

// fill writes the same streams to both, interleaved as live calls are.
func fill(b *testing.B, log *log, ceiling *reflog) []eventlog.Stream {
	streams := make([]eventlog.Stream, readStreams)
	for i := range streams {
		streams[i] = newStream()
	}
	const live = 256
	bodies := bodies()
	together(live, func(n int) {
		for i := n; i < readStreams; i += live {
			for revision := range eventlog.Revision(streamLength) {
				one := []eventlog.Event{realistic(bodies)}
				err := log.Append(b.Context(), []eventlog.StreamAppend{{Stream: streams[i], Expected: eventlog.At(revision), Events: one}})
				if err == nil {
					err = ceiling.Append(streams[i], revision, one)
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		}
	})
	require.False(b, b.Failed())
	return streams
}

func ceilingFor(b *testing.B) *reflog {
	ceiling, err := openReflog(b.TempDir())
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, ceiling.Close()) })
	return ceiling
}

// load is appenders that append as fast as they are answered, each to the sixteen calls that it has in progress.
type load struct {
	appenders []appender
	append    func(stream eventlog.Stream, expected eventlog.Revision, events []eventlog.Event) error
}

type appender struct {
	calls  [16]call
	events []eventlog.Event
	bodies [][]byte
	waits  []time.Duration
}

type call struct {
	stream   eventlog.Stream
	revision eventlog.Revision
	end      eventlog.Revision
}

func newLoad(
	appenders, events int, appendTo func(stream eventlog.Stream, expected eventlog.Revision, events []eventlog.Event) error,
) *load {
	l := &load{appenders: make([]appender, appenders), append: appendTo}
	bodies := bodies()
	for i := range l.appenders {
		l.appenders[i] = appender{events: make([]eventlog.Event, events), bodies: bodies}
	}
	return l
}

// run loads the store for a while and returns how many events it took per second, and how long each append waited.
func (l *load) run(b *testing.B, duration time.Duration) (rate float64, waits []time.Duration) {
	started := time.Now()
	end := started.Add(duration)
	var appended atomic.Int64
	together(len(l.appenders), func(n int) {
		a := &l.appenders[n]
		a.waits = a.waits[:0]
		for now := time.Now(); now.Before(end); {
			if err := a.appendOne(l.append); err != nil {
				b.Error(err)
				return
			}
			then := time.Now()
			a.waits = append(a.waits, then.Sub(now))
			now = then
		}
		appended.Add(int64(len(a.waits) * len(a.events)))
	})
	rate = float64(appended.Load()) / time.Since(started).Seconds()
	require.False(b, b.Failed())
	for i := range l.appenders {
		waits = append(waits, l.appenders[i].waits...)
	}
	return rate, waits
}

func (a *appender) appendOne(
	appendTo func(stream eventlog.Stream, expected eventlog.Revision, events []eventlog.Event) error,
) error {
	c := &a.calls[rand.IntN(len(a.calls))]
	if c.revision >= c.end {
		*c = call{stream: newStream(), end: eventlog.Revision(15 + rand.IntN(11))}
	}
	for i := range a.events {
		a.events[i] = realistic(a.bodies)
	}
	if err := appendTo(c.stream, c.revision, a.events); err != nil {
		return err
	}
	c.revision += eventlog.Revision(len(a.events))
	return nil
}

// newStream names the stream of a call: like a ConnID, the id begins with the time.
func newStream() eventlog.Stream {
	return eventlog.Stream("call-" + uuid.Must(uuid.NewV7()).String())
}

// realistic is an event of a call as it is stored all day.
func realistic(bodies [][]byte) eventlog.Event {
	var id uuid.UUID
	binary.LittleEndian.PutUint64(id[:], rand.Uint64())
	binary.LittleEndian.PutUint64(id[8:], rand.Uint64())
	now := time.Now()
	return eventlog.Event{
		ID: id, Type: "PartyConnected", Version: 1, SwitchTime: now, RecordedAt: now, Correlation: id,
		Actor: "agent:1001", Data: bodies[rand.IntN(len(bodies))],
	}
}

// bodies are JSON of 300 to 600 bytes: numbers, words and ids, about as compressible as the real thing.
func bodies() [][]byte {
	words := []string{
		"sales", "support", "billing", "transfer", "agent", "queue", "customer", "premium", "callback", "english",
		"deutsch", "français", "overflow", "business", "holiday", "priority",
	}
	word := func() string { return words[rand.IntN(len(words))] }
	made := make([][]byte, 4096)
	for i := range made {
		body := map[string]any{
			"party": uuid.NewString(), "device": fmt.Sprintf("SIP/%04d", rand.IntN(10_000)), "queue": word() + "-" + word(),
			"ani": fmt.Sprintf("+49%010d", rand.Int64N(1e10)), "dnis": fmt.Sprintf("0800%06d", rand.IntN(1e6)),
			"ringMs": rand.IntN(30_000), "cause": "normal",
		}
		size := 300 + rand.IntN(300)
		var data []byte
		for n := 0; len(data) < size; n++ {
			var err error
			if data, err = json.Marshal(body); err != nil {
				panic(err)
			}
			body[fmt.Sprintf("%s%d", word(), n)] = fmt.Sprintf("%s %s %d", word(), word(), rand.IntN(1e6))
		}
		made[i] = data
	}
	return made
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
