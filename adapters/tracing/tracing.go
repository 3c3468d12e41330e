// Package tracing tells the way of a fact or a request through the engine as a trace of OpenTelemetry: what a link read,
// what was decided and made durable, the projections that took it in, and the frames that desktops were sent of it.
//
// The log stands in the middle of that way, and whoever follows it comes later, in another goroutine or another process.
// So an event keeps with it in which trace it was recorded (eventlog.Event.Traceparent), and what follows goes on with
// that. The domain knows nothing of traces: all that is traced is what it is wired through.
//
// No span has a number that somebody calls, or anything that came from outside, for the reasons of package metrics.
package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Config says where traces go.
type Config struct {
	// Endpoint is the URL of a collector that takes OTLP over HTTP; empty: what the environment says.
	Endpoint string
	// Ratio of the traces that are told, above 0 and at most 1; 0: what the environment says, else all.
	Ratio float64
}

// Wanted reports whether anything is to be traced: only where a collector is named, here or in the environment variables
// that OpenTelemetry defines for it.
func (c Config) Wanted() bool {
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return false
	}
	return c.Endpoint != "" || os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

// Tracing tells traces. A nil one tells none, and what is wired through it is what it was.
type Tracing struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	asked    *asked
}

// closing is how long the last spans may take.
const closing = 5 * time.Second

// Open returns what sends traces to a collector; nil where none is wanted. A collector that cannot be reached loses spans,
// and keeps nobody waiting.
func Open(ctx context.Context, c Config, version string, logger *slog.Logger) (*Tracing, error) {
	if !c.Wanted() {
		return nil, nil
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { logger.Warn("tracing has failed", "err", err) }))
	var at []otlptracehttp.Option
	if c.Endpoint != "" {
		at = append(at, otlptracehttp.WithEndpointURL(c.Endpoint))
	}
	exporter, err := otlptracehttp.New(ctx, at...)
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	options := []sdktrace.TracerProviderOption{sdktrace.WithBatcher(exporter)}
	if c.Ratio > 0 {
		options = append(options, sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(c.Ratio))))
	}
	return New(ctx, version, options...)
}

// New returns what tells traces as the options say.
func New(ctx context.Context, version string, options ...sdktrace.TracerProviderOption) (*Tracing, error) {
	what, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "callstate"), attribute.String("service.version", version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	provider := sdktrace.NewTracerProvider(append(options, sdktrace.WithResource(what))...)
	return &Tracing{provider: provider, tracer: provider.Tracer("github.com/callstate/callstate"), asked: newAsked()}, nil
}

// Tracer is for what makes spans by itself; nil where nothing is traced.
func (t *Tracing) Tracer() trace.Tracer {
	if t == nil {
		return nil
	}
	return t.tracer
}

// Close sends what is left. It may be called again.
func (t *Tracing) Close() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	return t.provider.Shutdown(ctx)
}

// end ends a span with what came of it.
func end(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, "failed") // what it says may have numbers in it; the log has it
	}
	span.End()
}

const traceparent = "traceparent"

// written is the traceparent of a span; empty where it is not told.
func written(ctx context.Context) string {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[traceparent]
}

// continued is a context in which spans go on with the traceparent of an event; false where that is of no trace.
func continued(parent string) (context.Context, bool) {
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{traceparent: parent})
	return ctx, trace.SpanContextFromContext(ctx).IsValid()
}
