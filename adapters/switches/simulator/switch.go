package simulator

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
)

// Ingester records facts durably; an *engine.Engine.
type Ingester interface {
	Ingest(ctx context.Context, observations []engine.Observation) error
}

// Switch lets a contact centre live in real time, tells an engine what happens, and does what it is asked.
type Switch struct {
	engine Ingester
	asked  chan struct{} // holds one call: something was done between what was planned

	mu     sync.Mutex
	centre *Centre
}

var (
	_ engine.Executor  = (*Switch)(nil)
	_ engine.CallNamer = (*Switch)(nil)
	_ engine.Able      = (*Switch)(nil)
)

// NewSwitch returns a switch that is opened by Run.
func NewSwitch(c Config, e Ingester) (*Switch, error) {
	centre, err := New(c, time.Now())
	if err != nil {
		return nil, err
	}
	return &Switch{engine: e, centre: centre, asked: make(chan struct{}, 1)}, nil
}

// Run lets the contact centre live until ctx ends, and then returns nil once all that happened is recorded. It returns an
// error only when the engine fails.
func (s *Switch) Run(ctx context.Context) error {
	recording := context.WithoutCancel(ctx)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-s.asked:
		case <-ctx.Done():
			return s.ingest(recording, s.close())
		}
		told, next := s.advance()
		if err := s.ingest(recording, told); err != nil {
			return err
		}
		timer.Reset(time.Until(next))
	}
}

func (s *Switch) advance() (told []engine.Observation, next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	told = s.centre.Advance(time.Now())
	return told, s.centre.Next()
}

func (s *Switch) close() []engine.Observation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.centre.Close(time.Now())
}

func (s *Switch) ingest(ctx context.Context, told []engine.Observation) error {
	if len(told) == 0 {
		return nil
	}
	if err := s.engine.Ingest(ctx, told); err != nil {
		return fmt.Errorf("simulator: %w", err)
	}
	return nil
}

// Can reports what this switch does.
func (s *Switch) Can(service call.Service) bool { return s.centre.Can(service) }

// NameCall is what a call is called that is made by a command.
func (s *Switch) NameCall(command string, at time.Time) (switchCallID string, born time.Time) {
	return s.centre.NameCall(command, at)
}

// Execute does what is asked; what comes of it is told by Run.
func (s *Switch) Execute(_ context.Context, o engine.Order) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); now.After(s.centre.now) {
		s.centre.now = now.UTC().Truncate(time.Microsecond)
	}
	if err := s.centre.Execute(o); err != nil {
		return err
	}
	select {
	case s.asked <- struct{}{}:
	default: // told already
	}
	return nil
}
