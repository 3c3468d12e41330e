// Package metrics tells how the engine runs, in the text format that Prometheus reads. docs/operations/metrics.md has the
// list.
//
// What is counted as it passes (appends, events, facts) is counted by what the engine is wired through; what is so at
// present (links, floor, projections) is asked for when somebody reads the metrics. No label ever has a number that somebody
// calls, an id, or a word that came from outside: labels are the names of the configuration and words of closed sets, so
// that there are few of them and none is personal.
package metrics

import (
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are those of one engine, in a registry of their own. What is wired through them may be used concurrently.
type Metrics struct {
	registry *prometheus.Registry

	facts     *prometheus.CounterVec
	events    *prometheus.CounterVec
	anomalies *prometheus.CounterVec
	requests  *prometheus.CounterVec
	appends   prometheus.Histogram
	conflicts prometheus.Counter
	failures  prometheus.Counter
}

// New returns the metrics of a program of a version. Each part of the engine is added to them as it is made.
func New(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		facts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "callstate_facts_total",
			Help: "Facts that switches told, by what they are about: call, agent or switch."}, []string{"about"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "callstate_events_total",
			Help: "Events that this engine made durable, by type."}, []string{"type"}),
		anomalies: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "callstate_anomalies_total",
			Help: "Contradictions that calls note, by kind."}, []string{"anomaly"}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "callstate_requests_total",
			Help: "What was recorded of requests, by what was asked and what came of it: made, or the reason of a refusal."},
			[]string{"request", "result"}),
		appends: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "callstate_append_seconds",
			Help:    "How long it took until what was appended was durable, or refused.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}}),
		conflicts: prometheus.NewCounter(prometheus.CounterOpts{Name: "callstate_append_conflicts_total",
			Help: "Streams that another writer was faster at; they are decided again."}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{Name: "callstate_append_failures_total",
			Help: "Appends that failed for another reason than a conflict."}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "callstate_build_info", Help: "1, with the version of the program.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()}})
	build.Set(1)
	m.registry.MustRegister(build, m.facts, m.events, m.anomalies, m.requests, m.appends, m.conflicts, m.failures,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler answers with the metrics as they are now.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// desc describes a metric that is asked for when it is read.
func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// described are the descriptions of a collector, as prometheus.Collector tells them.
func described(to chan<- *prometheus.Desc, descriptions ...*prometheus.Desc) {
	for _, d := range descriptions {
		to <- d
	}
}

func gauge(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func counter(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.CounterValue, value, labels...)
}

// truth is how Prometheus knows yes and no.
func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
