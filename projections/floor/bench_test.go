package floor_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/domain/wire"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/projectiontest"
)

// One operation is one event, with the decoding of its JSON.
func BenchmarkApply(b *testing.B) {
	const events = 200_000
	records := projectiontest.Day(1, projectiontest.DayOptions{Agents: 1000, Events: events}).Records()
	for _, mode := range []string{"rebuild", "live", "followed"} {
		b.Run("mode="+mode, func(b *testing.B) {
			b.ReportAllocs()
			var f *floor.Floor
			next := events
			for b.Loop() {
				if next == events {
					b.StopTimer()
					f, next = floor.New(floor.Options{}), 0
					if mode == "rebuild" {
						f.CatchingUp(1 << 40) // far away
					}
					f.Live()
					if mode == "followed" {
						followAll(b, f)
					}
					b.StartTimer()
				}
				if err := f.Apply(b.Context(), records[next:next+1]); err != nil {
					b.Fatal(err)
				}
				next++
			}
		})
	}
}

// followAll makes a desktop for each of 1000 agents, and a wallboard.
func followAll(b *testing.B, f *floor.Floor) {
	for i := range 1000 {
		go drain(b, f, fmt.Sprint(1001+i))
	}
	go drain(b, f, "")
}

func drain(b *testing.B, f *floor.Floor, agent string) {
	for _, err := range f.Follow(b.Context(), floor.Following{Agent: agent}) {
		if err != nil {
			return
		}
	}
}

// One operation is one event. What decoding alone costs, to be taken off BenchmarkApply.
func BenchmarkDecode(b *testing.B) {
	const events = 200_000
	records := projectiontest.Day(1, projectiontest.DayOptions{Agents: 1000, Events: events}).Records()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		require.NoError(b, decode(records[i%events]))
		i++
	}
}

func decode(r eventlog.Record) (err error) {
	switch r.Stream.Kind() {
	case wire.Call:
		_, err = wire.DecodeCall(r)
	case wire.Agent:
		_, err = wire.DecodeAgent(r)
	case wire.Switch:
		_, err = wire.DecodeLink(r)
	}
	return err
}

// One operation is a view of 1000 agents and their calls.
func BenchmarkView(b *testing.B) {
	f := floor.New(floor.Options{})
	records := projectiontest.Day(1, projectiontest.DayOptions{Agents: 1000, Events: 100_000}).Records()
	require.NoError(b, f.Apply(b.Context(), records))
	b.ReportAllocs()
	for b.Loop() {
		f.View()
	}
}
