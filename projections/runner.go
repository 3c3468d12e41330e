package projections

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/callstate/callstate/domain/eventlog"
)

// BatchSize is the most records that a projection is given at once; a Paced one is given fewer.
const BatchSize = 16384

// Log is what the Runner needs of an event log. A log that is an eventlog.BatchSubscriber too is read in runs of
// whatever is there; of another, records are gathered into runs only as far as the log's end was known at the start.
type Log interface {
	eventlog.Subscriber
	eventlog.Ends
}

// Status is how far a projection has come.
type Status struct {
	Name     string
	Position eventlog.Position // its checkpoint
	Records  uint64            // applied since Run began
	Live     bool              // has passed what was the log's end when Run began
	Err      error             // why it stopped; nil while it runs
}

// Progress is a Status with how far there is to go.
type Progress struct {
	Status
	Version int               // of a Versioned projection; 0 of another
	End     eventlog.Position // of the log
	Rate    float64           // records applied a second, over the last rateWindow
}

// rateWindow is how far a rate looks back.
const rateWindow = 10 * time.Second

// Runner keeps projections up to date with a log. Its methods may be called concurrently; Run once.
type Runner struct {
	log         Log
	logger      *slog.Logger
	projections []Projection
	applied     Applied

	mu      sync.Mutex
	status  []Status      // of the projection with the same index
	meters  []meter       // of the same
	changed chan struct{} // closed, and replaced, when a status has changed
}

// Applied is told that a projection which follows the present has taken in records, and when it began to.
type Applied func(projection string, records []eventlog.Record, began time.Time)

// OnApplied has the Runner tell what is taken in. It is called before Run; the goroutines of all projections call applied.
func (r *Runner) OnApplied(applied Applied) { r.applied = applied }

// NewRunner returns a Runner of projections on a log. A nil logger discards.
func NewRunner(log Log, logger *slog.Logger, projections ...Projection) *Runner {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	r := &Runner{log: log, logger: logger, projections: projections, changed: make(chan struct{})}
	for _, p := range projections {
		r.status, r.meters = append(r.status, Status{Name: p.Name()}), append(r.meters, meter{})
	}
	return r
}

// Run keeps the projections up to date until ctx is done, and then returns nil. A projection that fails is logged and
// stops; the others go on. When all of them have failed, Run returns their errors.
func (r *Runner) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	for i := range r.projections {
		loops.Go(func() { r.follow(ctx, i) })
	}
	loops.Wait()
	if ctx.Err() != nil {
		return nil
	}
	var failed []error
	for _, s := range r.Status() {
		failed = append(failed, s.Err)
	}
	return errors.Join(failed...)
}

// Status is how far each projection has come, in the order in which they were given.
func (r *Runner) Status() []Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.status)
}

// Progress is how far each projection has come, and how far the log goes.
func (r *Runner) Progress(ctx context.Context) ([]Progress, error) {
	end, err := r.log.End(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []Progress
	for i, s := range r.status {
		p := Progress{Status: s, End: max(end, s.Position), Rate: r.meters[i].rate(now)}
		if versioned, ok := r.projections[i].(Versioned); ok {
			p.Version = versioned.Version()
		}
		all = append(all, p)
	}
	return all, nil
}

// meter counts records in two windows: the present one and the one before.
type meter struct {
	begun            time.Time // of the present window
	before, counting uint64
}

func (m *meter) count(now time.Time, records uint64) {
	switch age := now.Sub(m.begun); {
	case m.begun.IsZero() || age >= 2*rateWindow:
		*m = meter{begun: now}
	case age >= rateWindow:
		*m = meter{begun: m.begun.Add(rateWindow), before: m.counting}
	}
	m.counting += records
}

func (m *meter) rate(now time.Time) float64 {
	m.count(now, 0)
	rest := max(0, 1-now.Sub(m.begun).Seconds()/rateWindow.Seconds())
	return (float64(m.counting) + rest*float64(m.before)) / rateWindow.Seconds()
}

// Wait returns when all projections have applied everything up to a position; with names only those are waited for.
// It returns the error of a projection that has stopped before that, and that of ctx when ctx is done.
func (r *Runner) Wait(ctx context.Context, position eventlog.Position, names ...string) error {
	for {
		waiting, changed, err := r.behind(position, names)
		if err != nil || !waiting {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r *Runner) behind(position eventlog.Position, names []string) (behind bool, changed <-chan struct{}, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.status {
		if s.Position >= position || len(names) > 0 && !slices.Contains(names, s.Name) {
			continue
		}
		if s.Err != nil {
			return false, nil, s.Err
		}
		behind = true
	}
	return behind, r.changed, nil
}

func (r *Runner) update(i int, change func(*Status)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.status[i])
	close(r.changed)
	r.changed = make(chan struct{})
}

// follow is the loop of one projection. What it returns with stands in the projection's status.
func (r *Runner) follow(ctx context.Context, i int) {
	p := r.projections[i]
	err := r.apply(ctx, i)
	if err == nil || ctx.Err() != nil {
		return
	}
	err = fmt.Errorf("projection %s: %w", p.Name(), err)
	if staged, ok := p.(Staged); ok {
		staged.Failed(err)
	}
	r.update(i, func(s *Status) { s.Err = err })
	r.logger.Error("projection has stopped", "projection", p.Name(), "position", uint64(r.Status()[i].Position), "err", err)
}

func (r *Runner) apply(ctx context.Context, i int) error {
	p := r.projections[i]
	position, err := p.Position(ctx)
	if err != nil {
		return err
	}
	end, err := r.log.End(ctx)
	if err != nil {
		return err
	}
	staged, _ := p.(Staged)
	if staged != nil {
		staged.CatchingUp(end)
	}
	live := false
	reached := func(position eventlog.Position, records int) error {
		if !live && position >= end {
			if versioned, ok := p.(Versioned); ok {
				if err := versioned.SwitchOver(ctx); err != nil {
					return err
				}
			}
			live = true
			if staged != nil {
				staged.Live()
			}
		}
		r.update(i, func(s *Status) {
			s.Position, s.Live = position, live
			s.Records += uint64(records)
			r.meters[i].count(time.Now(), uint64(records))
		})
		return nil
	}
	if err := reached(position, 0); err != nil {
		return err
	}
	length := BatchSize
	if paced, ok := p.(Paced); ok {
		length = min(length, paced.RunLength())
	}
	var pause time.Duration
	_, gathers := r.log.(eventlog.BatchSubscriber)
	if unhurried, ok := p.(Unhurried); ok && gathers {
		pause = unhurried.Pause()
	}
	for records, err := range r.runs(ctx, position, end, length) {
		if err != nil {
			return err
		}
		began := time.Now()
		if err := p.Apply(ctx, records); err != nil {
			return r.fellBehind(ctx, i, err)
		}
		if r.applied != nil && live {
			r.applied(p.Name(), records, began)
		}
		if err := reached(records[len(records)-1].Position, len(records)); err != nil {
			return err
		}
		if rest := pause - time.Since(began); live && rest > 0 {
			select {
			case <-time.After(rest):
			case <-ctx.Done():
			}
		}
	}
	return nil
}

// fellBehind notes how far a projection came of a run that it could not take in whole.
func (r *Runner) fellBehind(ctx context.Context, i int, err error) error {
	position, unknown := r.projections[i].Position(ctx)
	if unknown == nil {
		r.update(i, func(s *Status) { s.Position = position })
	}
	return err
}

// runs yields the records after a position in runs of at most length, for ever.
func (r *Runner) runs(ctx context.Context, after, end eventlog.Position, length int) iter.Seq2[[]eventlog.Record, error] {
	if log, ok := r.log.(eventlog.BatchSubscriber); ok {
		return log.SubscribeBatches(ctx, after, length)
	}
	return gather(r.log.Subscribe(ctx, after), end, length)
}

// gather makes runs of single records: ones of length of those up to end, which are there already, and then one each.
func gather(records iter.Seq2[eventlog.Record, error], end eventlog.Position, length int) iter.Seq2[[]eventlog.Record, error] {
	return func(yield func([]eventlog.Record, error) bool) {
		var run []eventlog.Record
		for record, err := range records {
			if err != nil {
				yield(nil, err)
				return
			}
			run = append(run, record)
			if record.Position < end && len(run) < length {
				continue
			}
			if !yield(run, nil) {
				return
			}
			run = run[:0]
		}
	}
}
