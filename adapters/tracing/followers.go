package tracing

import (
	"context"
	"net/http"
	"time"

	"github.com/callstate/callstate/domain/eventlog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Applied tells that a projection took in records, in each of the traces in which they were recorded. It is for
// projections.Runner.
func (t *Tracing) Applied(projection string, records []eventlog.Record, began time.Time) {
	var told map[string]bool
	for _, r := range records {
		if r.Traceparent == "" || told[r.Traceparent] {
			continue
		}
		if told == nil {
			told = map[string]bool{}
		}
		told[r.Traceparent] = true
		ctx, ok := continued(r.Traceparent)
		if !ok {
			continue
		}
		_, span := t.tracer.Start(ctx, "projection "+projection, trace.WithTimestamp(began), trace.WithAttributes(attribute.Int("records", len(records))))
		span.End()
	}
}

// Frame begins the writing of a frame to a desktop, in the trace of the event that it tells of; the returned function
// ends it. Of a frame that is of no trace nothing is told.
func (t *Tracing) Frame(traceparent string) (written func(error)) {
	ctx, ok := continued(traceparent)
	if !ok {
		return func(error) {}
	}
	_, span := t.tracer.Start(ctx, "desktop.frame", trace.WithSpanKind(trace.SpanKindProducer))
	return func(err error) { end(span, err) }
}

// Request begins what a client asks to be done, in the client's own trace where the header tells one. The returned function
// ends it, with the status of the answer. pattern is that of the path, in which no name or number stands.
func (t *Tracing) Request(ctx context.Context, header http.Header, pattern string) (traced context.Context, answered func(status int)) {
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(header))
	ctx, span := t.tracer.Start(ctx, pattern, trace.WithSpanKind(trace.SpanKindServer))
	return ctx, func(status int) {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "failed")
		}
		span.End()
	}
}
