package connectiontest

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/link"
)

// Observed is an observation by which a test knows what an interpreter was told.
func Observed(text string) []engine.Observation {
	return []engine.Observation{{Switch: text, LinkFact: link.LinkIs{}}}
}

// Told is what all interpreters of tests have in common, which make an observation of everything that they are told.
type Told struct{ Minute bool } // with the time, when it passes

// Resume is told of nothing.
func (Told) Resume([]call.State, time.Time) {}

// LinkUp tells the version.
func (Told) LinkUp(version string, _ time.Time) []engine.Observation {
	return Observed(strings.TrimSpace("up " + version))
}

// LinkDown tells why.
func (Told) LinkDown(reason string, _ time.Time) []engine.Observation {
	return Observed("down: " + reason)
}

// Advance tells the time.
func (i Told) Advance(at time.Time) []engine.Observation {
	if i.Minute {
		return Observed("it is " + at.Format("05.000"))
	}
	return nil
}

// Recorder is an engine that keeps what it is told.
type Recorder struct {
	Err  error         // what Ingest returns
	Busy chan struct{} // not nil: Ingest waits for it to be closed

	mu       sync.Mutex
	recorded []string
	batches  int
}

// Live returns no call.
func (r *Recorder) Live(context.Context, string) ([]call.State, error) { return nil, nil }

// Ingest keeps the texts of Observed.
func (r *Recorder) Ingest(ctx context.Context, observations []engine.Observation) error {
	if r.Busy != nil {
		select {
		case <-r.Busy:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.batches++
	for _, o := range observations {
		r.recorded = append(r.recorded, o.Switch)
	}
	return r.Err
}

// All is everything that it was told.
func (r *Recorder) All() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.recorded)
}

// Batches is how often it was told something.
func (r *Recorder) Batches() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.batches
}

// Warnings keeps the attributes of all warnings of a log.
type Warnings struct {
	slog.Handler
	mu     *sync.Mutex
	values map[string][]any
}

// NewWarnings returns a handler without any.
func NewWarnings() Warnings {
	return Warnings{slog.DiscardHandler, new(sync.Mutex), map[string][]any{}}
}

// Enabled lets warnings and errors through.
func (w Warnings) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

// WithAttrs is the same handler.
func (w Warnings) WithAttrs([]slog.Attr) slog.Handler { return w }

// Handle keeps the attributes of a record.
func (w Warnings) Handle(_ context.Context, r slog.Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	r.Attrs(func(a slog.Attr) bool {
		w.values[a.Key] = append(w.values[a.Key], a.Value.Any())
		return true
	})
	return nil
}

// Of are the values of an attribute, once everybody waits.
func (w Warnings) Of(key string) []any {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.values[key])
}
