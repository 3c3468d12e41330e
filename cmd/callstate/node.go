package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callstate/callstate/adapters/bus"
	"github.com/callstate/callstate/adapters/desktop"
	"github.com/callstate/callstate/adapters/httpapi"
	"github.com/callstate/callstate/adapters/metrics"
	"github.com/callstate/callstate/adapters/tracing"
	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/floor"
	"github.com/callstate/callstate/projections/history"
	"github.com/callstate/callstate/projections/past"
)

// runnable is a part with a life of its own: a link, a fake switch.
type runnable interface {
	Run(ctx context.Context) error
}

// node is a running engine: the log, the engine on it, the read models and the API.
type node struct {
	logger  *slog.Logger
	log     eventLog
	engine  *engine.Engine
	facts   metrics.Ingester // the engine, for who tells it what a switch says
	metrics *metrics.Metrics
	tracing *tracing.Tracing // nil: nothing is traced
	// executors are filled before the node runs.
	executors engine.Executors
	floor     *floor.Floor
	history   *history.History
	past      *past.Past
	feeds     []*bus.Feed
	runner    *projections.Runner
	listener  net.Listener
	server    *httpapi.Server
	secure    bool // over TLS
	stopping  atomic.Bool
}

// openNode opens everything that can fail before the first event: the address, the log, the call records.
func openNode(
	ctx context.Context, at place, listen string, who admission, page desktop.Settings, logger *slog.Logger, buses buses, traced *tracing.Tracing,
) (*node, error) {
	var certificate *httpapi.Certificate
	if who.certFile != "" {
		var err error
		if certificate, err = httpapi.OpenCertificate(who.certFile, who.keyFile, logger); err != nil {
			return nil, err
		}
	}
	listener, err := httpapi.Listen(listen, who.auth)
	if err != nil {
		return nil, err
	}
	if address := listener.Addr().(*net.TCPAddr); certificate == nil && !address.IP.IsLoopback() {
		logger.Warn("who is on the way can read tokens and calls: no certificate is configured", "listen", address.String())
	}
	n := &node{logger: logger, listener: listener, executors: engine.Executors{}, secure: certificate != nil, metrics: metrics.New(version()), tracing: traced}
	if n.log, err = at.openLog(ctx, logger); err != nil {
		n.close()
		return nil, err
	}
	if n.history, err = history.Open(ctx, at.historyFile(), history.Options{Log: n.log}); err != nil {
		n.close()
		return nil, err
	}
	if n.past, err = past.Open(ctx, at.pastFile(), past.Options{Log: n.log}); err != nil {
		n.close()
		return nil, err
	}
	n.engine = engine.New(traced.Store(n.metrics.Store(n.log)), time.Now, n.liveCalls)
	n.facts = n.metrics.Ingester(traced.Engine(n.engine))
	if n.floor, err = n.past.Present(ctx, floor.Options{Notifications: true}); err != nil {
		n.close()
		return nil, err
	}
	if n.feeds, err = buses.open(ctx, n.log, at.readModels(), logger); err != nil {
		n.close()
		return nil, err
	}
	followers := []projections.Projection{n.floor, n.history, n.past}
	for _, feed := range n.feeds {
		followers = append(followers, feed)
	}
	n.runner = projections.NewRunner(n.log, logger, followers...)
	api := httpapi.Config{
		Floor: n.floor, History: n.history, Log: n.log, Requests: n.engine, Commands: requests{n.engine, n.executors}, States: n.engine, Past: n.past, Audit: n.engine,
		Facts: n.history, Projections: n.runner, Auth: who.auth, Rate: who.rate, Streams: who.streams, Origins: who.origins, Certificate: certificate,
		NotReady: n.notReady, Metrics: n.metrics.Handler(), Page: desktop.Handler(page), Logger: logger, Version: version(),
	}
	if traced != nil {
		n.runner.OnApplied(traced.Applied)
		api.Tracing = traced
	}
	n.server = httpapi.New(api)
	return n, nil
}

// liveCalls are the calls of a switch that go on, as far as the log tells at present.
func (n *node) liveCalls(ctx context.Context, switchName string) ([]call.ConnID, error) {
	end, err := n.log.End(ctx)
	if err != nil {
		return nil, err
	}
	if err := n.runner.Wait(ctx, end, n.floor.Name()); err != nil {
		return nil, err
	}
	return callsOf(n.floor.View(), switchName), nil
}

func callsOf(view floor.View, switchName string) []call.ConnID {
	var ids []call.ConnID
	for _, c := range view.Calls {
		if c.Switch == switchName {
			ids = append(ids, c.ConnID)
		}
	}
	return ids
}

// notReady says what keeps the engine from being ready. A broker that is down does not: who asks the engine is answered.
func (n *node) notReady() []string {
	var reasons []string
	if n.stopping.Load() {
		reasons = append(reasons, "the engine is being stopped")
	}
	if local, ok := n.log.(eventlog.Health); ok {
		if err := local.Healthy(); err != nil {
			reasons = append(reasons, err.Error())
		}
	}
	if remote, ok := n.log.(interface{ Waiting() error }); ok {
		if err := remote.Waiting(); err != nil {
			reasons = append(reasons, err.Error())
		}
	}
	for _, s := range n.runner.Status() {
		switch {
		case n.isFeed(s.Name, nil):
		case s.Err != nil:
			reasons = append(reasons, s.Err.Error())
		case !s.Live:
			reasons = append(reasons, fmt.Sprintf("projection %s is catching up, at position %d", s.Name, s.Position))
		}
	}
	return reasons
}

// isFeed reports whether a projection is a bus, of which something is so.
func (n *node) isFeed(name string, such func(*bus.Feed) bool) bool {
	return slices.ContainsFunc(n.feeds, func(f *bus.Feed) bool { return f.Name() == name && (such == nil || such(f)) })
}

// drainTime is how long the projections may take to come to the end of the log when the engine is stopped.
const drainTime = 5 * time.Second

// drain waits until the projections have taken in all that the sources told before they ended. Nobody waits for a broker
// that is down: its bus goes on at the next start.
func (n *node) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	end, err := n.log.End(ctx)
	if err != nil {
		return // the log has failed, and says so elsewhere
	}
	for _, s := range n.runner.Status() { // the read models stand before the buses
		if n.isFeed(s.Name, (*bus.Feed).Failing) {
			continue
		}
		if err := n.runner.Wait(ctx, end, s.Name); err != nil {
			n.logger.Warn("stopped before the end of the log; it goes on at the next start", "projection", s.Name, "end", uint64(end), "err", err)
		}
	}
}

// run runs the node with its sources until ctx ends or a part fails, and stops in the order in which events flow: the
// sources first, then, when they have come to the end of the log, the API and the read models with the buses, last the log.
func (n *node) run(ctx context.Context, sources ...runnable) error {
	defer n.close()
	n.measure(sources)
	// Each stage ends when the one before it has ended, or when any part has failed.
	readModels, endReadModels := context.WithCancel(context.WithoutCancel(ctx))
	defer endReadModels()
	api, endAPI := context.WithCancel(context.WithoutCancel(ctx))
	defer endAPI()
	links, endLinks := context.WithCancel(ctx)
	defer endLinks()

	var first, second, third sync.WaitGroup
	failures := make(chan error, len(sources)+2)
	start := func(stage *sync.WaitGroup, part func() error) {
		stage.Go(func() {
			if err := part(); err != nil {
				failures <- err
				endLinks()
			}
		})
	}
	start(&third, func() error { return n.runner.Run(readModels) })
	start(&second, func() error { return n.server.Run(api, n.listener) })
	for _, source := range sources {
		start(&first, func() error { return source.Run(links) })
	}
	<-links.Done()
	n.stopping.Store(true)
	first.Wait()
	n.drain(readModels)
	endAPI()
	second.Wait()
	endReadModels()
	third.Wait()
	close(failures)
	var failed []error
	for err := range failures {
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// address is where the page is.
func (n *node) address() string {
	scheme := "http"
	if n.secure {
		scheme = "https"
	}
	return scheme + "://" + n.listener.Addr().String() + "/"
}

func (n *node) close() {
	for _, feed := range n.feeds {
		if err := feed.Close(); err != nil {
			n.logger.Warn("closing the connection to a broker", "projection", feed.Name(), "err", err)
		}
	}
	if n.past != nil {
		n.past.Close()
	}
	if n.history != nil {
		n.history.Close()
	}
	if n.log != nil {
		if err := n.log.Close(); err != nil && !errors.Is(err, eventlog.ErrClosed) {
			n.logger.Error("closing the event log", "err", err)
		}
	}
	n.listener.Close()
	if err := n.tracing.Close(); err != nil {
		n.logger.Warn("the last traces are not sent", "err", err)
	}
}
