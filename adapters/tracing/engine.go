package tracing

import (
	"context"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// Engine takes in facts, and knows what goes on: engine.Engine.
type Engine interface {
	Ingest(ctx context.Context, observations []engine.Observation) error
	Live(ctx context.Context, switchName string) ([]call.State, error)
}

// Engine is an engine whose taking in of facts is traced.
func (t *Tracing) Engine(behind Engine) Engine {
	if t == nil {
		return behind
	}
	return ingesting{behind, t}
}

type ingesting struct {
	Engine
	*Tracing
}

func (i ingesting) Ingest(ctx context.Context, observations []engine.Observation) error {
	ctx, span := i.tracer.Start(ctx, "engine.ingest", trace.WithAttributes(attribute.Int("facts", len(observations))))
	err := i.Engine.Ingest(ctx, observations)
	end(span, err)
	return err
}

// Store is what an engine needs of an event log.
type Store interface {
	Append(ctx context.Context, appends []eventlog.StreamAppend) error
	ReadStream(ctx context.Context, stream eventlog.Stream, from eventlog.Revision) iter.Seq2[eventlog.Record, error]
}

// Store is a store that traces what is appended through it, and has each event keep the trace.
func (t *Tracing) Store(behind Store) Store {
	if t == nil {
		return behind
	}
	return appending{behind, t}
}

type appending struct {
	Store
	*Tracing
}

// Append links what is appended to what was asked of the same calls and agents just before: a switch does not say why it
// does something.
func (a appending) Append(ctx context.Context, appends []eventlog.StreamAppend) error {
	events := 0
	for _, each := range appends {
		events += len(each.Events)
	}
	ctx, span := a.tracer.Start(ctx, "log.append", trace.WithAttributes(attribute.Int("streams", len(appends)), attribute.Int("events", events)))
	if parent := written(ctx); parent != "" {
		a.asked.link(span, appends)
		appends = slices.Clone(appends) // the events are the caller's
		for i := range appends {
			appends[i].Events = slices.Clone(appends[i].Events)
			for j := range appends[i].Events {
				appends[i].Events[j].Traceparent = parent
			}
		}
	}
	err := a.Store.Append(ctx, appends)
	end(span, err)
	return err
}

const (
	// soon is how long after a request what happens to its call or agent is taken for what came of it.
	soon = 10 * time.Second
	// keptAsked is how many requests are remembered for that.
	keptAsked = 1024
)

// asked are the last requests that were made of switches, by stream.
type asked struct {
	mu   sync.Mutex
	of   map[eventlog.Stream]request
	ring []eventlog.Stream
	next int
}

type request struct {
	span trace.SpanContext
	at   time.Time
}

func newAsked() *asked {
	return &asked{of: map[eventlog.Stream]request{}, ring: make([]eventlog.Stream, keptAsked)}
}

// link remembers the requests among what is appended in a span, and links the span to those of other traces that it may
// be the outcome of.
func (a *asked) link(span trace.Span, appends []eventlog.StreamAppend) {
	a.mu.Lock()
	defer a.mu.Unlock()
	own := span.SpanContext()
	for _, each := range appends {
		if r, ok := a.of[each.Stream]; ok && time.Since(r.at) < soon && r.span.TraceID() != own.TraceID() {
			span.AddLink(trace.Link{SpanContext: r.span})
		}
		for _, e := range each.Events {
			if e.Type == "RequestMade" || e.Type == "AgentRequestMade" {
				a.remember(each.Stream, request{own, time.Now()})
			}
		}
	}
}

func (a *asked) remember(stream eventlog.Stream, r request) {
	if _, known := a.of[stream]; !known {
		delete(a.of, a.ring[a.next])
		a.ring[a.next] = stream
		a.next = (a.next + 1) % len(a.ring)
	}
	a.of[stream] = r
}

// Executor is a switch whose carrying out of orders is traced.
func (t *Tracing) Executor(behind engine.Executor) engine.Executor {
	if t == nil {
		return behind
	}
	traced := executing{behind, t}
	if namer, ok := behind.(engine.CallNamer); ok {
		return namingCalls{traced, namer}
	}
	return traced
}

type namingCalls struct {
	executing
	engine.CallNamer
}

type executing struct {
	engine.Executor
	*Tracing
}

// Can implements engine.Able: what is traced can do what it could before.
func (e executing) Can(service call.Service) bool {
	able, knows := e.Executor.(engine.Able)
	return !knows || able.Can(service)
}

func (e executing) Execute(ctx context.Context, o engine.Order) error {
	var what string
	if o.Do != nil {
		what = string(o.Do.Request)
	} else {
		what = string(o.DoAgent.Request)
	}
	ctx, span := e.tracer.Start(ctx, "switch.execute", trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("switch", o.Switch), attribute.String("request", what)))
	err := e.Executor.Execute(ctx, o)
	end(span, err)
	return err
}
