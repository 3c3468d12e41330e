package freeswitch_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/callstate/callstate/adapters/store/memory"
	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/adapters/switches/freeswitch"
	"github.com/callstate/callstate/domain/engine"
)

// nothing takes all and does nothing.
type nothing struct{}

func (nothing) LinkUp(string, time.Time) []engine.Observation              { return nil }
func (nothing) LinkDown(string, time.Time) []engine.Observation            { return nil }
func (nothing) Translate(freeswitch.Event, time.Time) []engine.Observation { return nil }
func (nothing) Advance(time.Time) []engine.Observation                     { return nil }
func (nothing) Ingest(_ context.Context, _ []engine.Observation) error     { return nil }

// BenchmarkTheWayOfASession reads a busy session as far as each stage of the way; what a stage costs is the difference.
func BenchmarkTheWayOfASession(b *testing.B) {
	session := recording(b, "testdata/sessions/17-load")[0]
	run := func(b *testing.B, parts func() (freeswitch.Interpreter, freeswitch.Ingester)) {
		blocks := 0
		for b.Loop() {
			interpreter, ingester := parts()
			stats, err := freeswitch.Import(b.Context(), bytes.NewReader(session), interpreter, ingester, nil)
			if err != nil {
				b.Fatal(err)
			}
			blocks += stats.Pieces
		}
		b.ReportMetric(float64(blocks)/b.Elapsed().Seconds(), "blocks/s")
	}
	b.Run("parse", func(b *testing.B) {
		run(b, func() (freeswitch.Interpreter, freeswitch.Ingester) { return nothing{}, nothing{} })
	})
	b.Run("parse+translate", func(b *testing.B) {
		run(b, func() (freeswitch.Interpreter, freeswitch.Ingester) {
			return freeswitch.NewTranslator(vocabulary()), nothing{}
		})
	})
	b.Run("parse+translate+decide", func(b *testing.B) {
		run(b, func() (freeswitch.Interpreter, freeswitch.Ingester) {
			return freeswitch.NewTranslator(vocabulary()), engine.New(memory.New(), time.Now, nil)
		})
	})
}

var _ connection.Ingester = nothing{}
