package connection

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// TraceWith has the link begin a trace with whatever it takes from its queue at a time, from when the first piece of it
// came in; nil traces nothing. It is called before Run.
func (l *Link[P]) TraceWith(tracer trace.Tracer) { l.tracer = tracer }

// turn is the trace of what the worker of a link does at a time.
type turn struct {
	whole, translating trace.Span // nil: nothing is traced
}

// turn begins one, for pieces that were taken from the queue.
func (l *Link[P]) turn(ctx context.Context, pieces []heard[P]) (context.Context, turn) {
	if l.tracer == nil || len(pieces) == 0 {
		return ctx, turn{}
	}
	ctx, whole := l.tracer.Start(ctx, "link.read", trace.WithTimestamp(pieces[0].at), trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithAttributes(attribute.String("switch", l.name), attribute.Int("pieces", len(pieces))))
	_, translating := l.tracer.Start(ctx, "link.translate")
	return ctx, turn{whole, translating}
}

func (t turn) translated() {
	if t.translating != nil {
		t.translating.End()
	}
}

func (t turn) end() {
	if t.whole != nil {
		t.whole.End()
	}
}
