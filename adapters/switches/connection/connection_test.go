package connection_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestDelaysDoubleUpToTheMaximum(t *testing.T) {
	random := 0.0
	b := connection.Backoff{Base: time.Second, Max: 30 * time.Second, Rand: func() float64 { return random }}
	delays := func() (all []time.Duration) {
		for failures := 1; failures <= 8; failures++ {
			all = append(all, b.Delay(failures))
		}
		return all
	}
	const s = time.Second
	assert.Equal(t, []time.Duration{s / 2, s, 2 * s, 4 * s, 8 * s, 15 * s, 15 * s, 15 * s}, delays(), "the least")
	random = 0.5
	assert.Equal(t, []time.Duration{s * 3 / 4, s * 3 / 2, 3 * s, 6 * s, 12 * s, 45 * s / 2, 45 * s / 2, 45 * s / 2}, delays(), "the mean")
	assert.Equal(t, 45*s/2, b.Delay(1<<40), "without overflow")
	assert.Equal(t, s*3/4, b.Delay(0))
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := connection.Backoff{Base: 4 * time.Second, Max: 4 * time.Second, Rand: func() float64 { return 0 }}
		began := time.Now()
		require.NoError(t, b.Wait(t.Context(), 1))
		assert.Equal(t, 2*time.Second, time.Since(began))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		assert.ErrorIs(t, b.Wait(ctx, 1), context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(began))
	})
}

func TestAQueueKeepsOrderAndBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		maxItems, maxBytes := rapid.IntRange(1, 50).Draw(t, "items"), rapid.IntRange(1, 200).Draw(t, "bytes")
		q := connection.NewQueue[int](maxItems, maxBytes)
		size := func(item int) int { return item % 7 }
		var model []int
		used, next := 0, 0
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				fits := len(model) < maxItems && used+size(next) <= maxBytes
				require.Equal(t, fits, q.Push(next, size(next)))
				if fits {
					model = append(model, next)
					used += size(next)
				}
				next++
			},
			"take": func(t *rapid.T) {
				limit := rapid.IntRange(1, 60).Draw(t, "limit")
				want := model[:min(limit, len(model))]
				got, more := q.Take(nil, limit)
				require.True(t, more)
				require.Equal(t, append([]int(nil), want...), got)
				for _, item := range want {
					used -= size(item)
				}
				model = model[len(want):]
			},
			"": func(t *rapid.T) {
				items, bytes := q.Len()
				require.Equal(t, len(model), items)
				require.Equal(t, used, bytes)
			},
		})
	})
}

func TestAClosedQueueCanBeEmptied(t *testing.T) {
	q := connection.NewQueue[string](10, 10)
	assert.True(t, q.Push("a", 1))
	assert.True(t, q.Push("b", 1))
	q.Close()
	assert.False(t, q.Push("c", 1))
	items, more := q.Take(nil, 1)
	assert.Equal(t, []string{"a"}, items)
	assert.True(t, more)
	items, more = q.Take(items[:0], 10)
	assert.Equal(t, []string{"b"}, items)
	assert.True(t, more)
	items, more = q.Take(items[:0], 10)
	assert.Empty(t, items)
	assert.False(t, more)
}

func TestAWorkerIsWokenForEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := connection.NewQueue[int](1000, 1000)
		var taken []int
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				items, more := q.Take(nil, 3)
				taken = append(taken, items...)
				if !more {
					return
				}
				if len(items) == 0 {
					<-q.Ready()
				}
			}
		}()
		for i := range 100 {
			require.True(t, q.Push(i, 1))
			if i%10 == 0 {
				synctest.Wait()
			}
		}
		q.Close()
		<-done
		require.Len(t, taken, 100)
		for i, item := range taken {
			require.Equal(t, i, item)
		}
	})
}

func TestBadInputIsCountedToldOnceAndKept(t *testing.T) {
	var log bytes.Buffer
	b := connection.NewBadInput(slog.New(slog.NewTextHandler(&log, nil)))
	for i := range 8 {
		b.Note("garbage", fmt.Sprintf("2125550001 %d", i))
	}
	b.Note("too large", strings.Repeat("x", 10_000))

	kinds := b.Kinds()
	require.Len(t, kinds, 2)
	assert.Equal(t, connection.BadKind{Kind: "garbage", Count: 8, Samples: []string{
		"2125550001 3", "2125550001 4", "2125550001 5", "2125550001 6", "2125550001 7",
	}}, kinds[0])
	assert.Len(t, kinds[1].Samples[0], 2048)
	assert.Equal(t, 2, strings.Count(log.String(), "bad input"))
	assert.NotContains(t, log.String(), "2125550001", "samples are not logged")

	for i := range 1000 {
		b.Note(fmt.Sprint(i), "x")
	}
	assert.LessOrEqual(t, len(b.Kinds()), 64)
	connection.NewBadInput(nil).Note("without a log", "x")
}

func BenchmarkQueue(b *testing.B) {
	q := connection.NewQueue[string](1<<16, 64<<20)
	var batch []string
	for b.Loop() {
		for range 512 {
			q.Push("x", 1)
		}
		batch, _ = q.Take(batch[:0], 512)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/512, "ns/item")
}
