package metrics

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"github.com/callstate/callstate/domain/agent"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
)

// Store is what an engine needs of an event log.
type Store interface {
	Append(ctx context.Context, appends []eventlog.StreamAppend) error
	ReadStream(ctx context.Context, stream eventlog.Stream, from eventlog.Revision) iter.Seq2[eventlog.Record, error]
}

// Store is a store that counts what is appended through it and how long that takes, and does what the one behind it does.
func (m *Metrics) Store(behind Store) Store { return &store{Store: behind, metrics: m} }

type store struct {
	Store
	metrics *Metrics
}

// Append counts what is durable. An event that was appended before, by another engine or in a try that failed, is counted
// like a new one: the store does not tell them apart.
func (s *store) Append(ctx context.Context, appends []eventlog.StreamAppend) error {
	began := time.Now()
	err := s.Store.Append(ctx, appends)
	s.metrics.appends.Observe(time.Since(began).Seconds())
	conflicts, known := eventlog.Conflicts(err)
	switch {
	case err != nil && !known:
		s.metrics.failures.Inc()
		return err
	case err != nil:
		s.metrics.conflicts.Add(float64(len(conflicts)))
	}
	lost := map[eventlog.Stream]bool{}
	for _, c := range conflicts {
		lost[c.Stream] = true
	}
	for _, a := range appends {
		if !lost[a.Stream] {
			s.metrics.count(a.Events)
		}
	}
	return err
}

func (m *Metrics) count(events []eventlog.Event) {
	for _, e := range events {
		m.events.WithLabelValues(e.Type).Inc()
		switch e.Type {
		case "AnomalyNoted":
			var b call.AnomalyNoted
			if json.Unmarshal(e.Data, &b) == nil {
				m.anomalies.WithLabelValues(string(b.Anomaly)).Inc()
			}
		case "RequestMade", "AgentRequestMade":
			var b agent.AgentRequestMade // of which RequestMade has the field that counts
			if json.Unmarshal(e.Data, &b) == nil {
				m.requests.WithLabelValues(string(b.Request), "made").Inc()
			}
		case "RequestRefused", "AgentRequestRefused":
			var b agent.AgentRequestRefused
			if json.Unmarshal(e.Data, &b) == nil {
				m.requests.WithLabelValues(string(b.Request), string(b.Reason)).Inc()
			}
		}
	}
}

// Ingester takes in facts, and knows what goes on: engine.Engine.
type Ingester interface {
	Ingest(ctx context.Context, observations []engine.Observation) error
	Live(ctx context.Context, switchName string) ([]call.State, error)
}

// Ingester is an ingester that counts the facts that the one behind it has taken in.
func (m *Metrics) Ingester(behind Ingester) Ingester { return ingester{behind, m} }

type ingester struct {
	Ingester
	metrics *Metrics
}

func (i ingester) Ingest(ctx context.Context, observations []engine.Observation) error {
	if err := i.Ingester.Ingest(ctx, observations); err != nil {
		return err
	}
	for _, o := range observations {
		about := "switch"
		switch {
		case o.CallFact != nil:
			about = "call"
		case o.AgentFact != nil:
			about = "agent"
		}
		i.metrics.facts.WithLabelValues(about).Inc()
	}
	return nil
}
