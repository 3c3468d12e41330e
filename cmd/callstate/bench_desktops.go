package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/callstate/callstate/adapters/desktop"
	"github.com/callstate/callstate/adapters/switches/simulator"
	"github.com/callstate/callstate/client"
	"github.com/callstate/callstate/domain/eventlog"
	"github.com/callstate/callstate/projections/floor"
	"golang.org/x/sync/errgroup"
)

// desktopLoad is many desktops on one engine.
type desktopLoad struct {
	Desktops int
	Rate     int // events a second
	For      time.Duration
	Slow     int // percent of the desktops
}

const (
	benchWarmUp  = 3 * time.Minute  // of the contact centre, until it is as busy as it gets
	benchStall   = 20 * time.Second // a slow desktop does not read for so long: longer than the server has patience
	benchSettles = time.Minute      // within this, after the last event, all must have all
)

func (l desktopLoad) validate() error {
	switch {
	case l.Rate < 1 || l.Rate > 100_000:
		return errors.New("--rate must be 1 to 100000")
	case l.For < time.Second || l.For > time.Hour:
		return errors.New("--for must be 1s to 1h")
	case l.Slow < 0 || l.Slow > 100:
		return errors.New("--slow must be 0 to 100")
	case l.Desktops < 1:
		return errors.New("--desktops must be at least 1")
	}
	return l.centre().Validate()
}

func (l desktopLoad) centre() simulator.Config {
	return simulator.Config{Name: "bench", Seed: 1, Agents: l.Desktops, Steady: true}
}

// run runs the engine with all its desktops in a folder that is empty.
func (l desktopLoad) run(ctx context.Context, folder string) (desktopReport, error) {
	logger := slog.New(slog.DiscardHandler)
	n, err := openNode(ctx, place{data: folder}, "127.0.0.1:0", admission{}, desktop.Settings{}, logger, buses{}, nil)
	if err != nil {
		return desktopReport{}, err
	}
	centre, err := simulator.New(l.centre(), time.Now().Add(-time.Hour)) // its clock may run faster than ours
	if err != nil {
		n.close()
		return desktopReport{}, err
	}
	callers := &benchCallers{load: l, centre: centre, node: n, warm: make(chan struct{}), begin: make(chan struct{}), ended: make(chan struct{})}
	running, stop := context.WithCancel(ctx)
	group, running := errgroup.WithContext(running)
	group.Go(func() error { return n.run(running, callers) })
	var report desktopReport
	group.Go(func() error {
		defer stop()
		var err error
		report, err = l.measure(running, n, callers)
		return err
	})
	if err := group.Wait(); err != nil {
		return report, err
	}
	return report, ctx.Err()
}

// measure connects the desktops once the contact centre is busy, and watches them until all have all that happened.
func (l desktopLoad) measure(ctx context.Context, n *node, callers *benchCallers) (desktopReport, error) {
	if err := await(ctx, callers.warm); err != nil {
		return desktopReport{}, err
	}
	if err := n.runner.Wait(ctx, callers.end); err != nil {
		return desktopReport{}, err
	}
	report := desktopReport{Desktops: l.Desktops, Slow: l.Desktops * l.Slow / 100}
	before := memoryInUse()
	var running sync.WaitGroup
	reading, leave := context.WithCancel(ctx)
	defer running.Wait()
	defer leave()
	fast, err := l.connect(reading, n, l.Desktops-report.Slow, &running)
	if err != nil {
		return report, err
	}
	slow := l.follow(reading, n, report.Slow, &running)
	for slices.ContainsFunc(slow, func(s *slowDesktop) bool { return s.seen() == 0 }) {
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return report, err
		}
	}
	report.MemoryKiB = float64(memoryInUse()-before) / 1024 / float64(l.Desktops)

	began := time.Now()
	close(callers.begin)
	if err := await(ctx, callers.ended); err != nil {
		return report, err
	}
	report.EventsRate = float64(callers.end-callers.start) / time.Since(began).Seconds()
	report.Wrong, report.CameBack = l.settle(ctx, n.floor, callers.end, fast, slow)
	leave()
	running.Wait()
	report.add(callers, fast, slow, l.For)
	return report, ctx.Err()
}

// settle waits until every desktop has what the engine has, and counts the fast ones that do not and the slow ones that do.
func (l desktopLoad) settle(ctx context.Context, f *floor.Floor, end eventlog.Position, fast []*fastDesktop, slow []*slowDesktop) (wrong, whole int) {
	for deadline := time.Now().Add(benchSettles); ; {
		wrong, whole = 0, 0
		for _, d := range fast {
			if d.proof() != f.Snapshot(d.agent).Hash {
				wrong++
			}
		}
		for _, s := range slow {
			if s.wasCut() && s.seen() >= uint64(end) {
				whole++
			}
		}
		if wrong == 0 && whole == len(slow) || time.Now().After(deadline) || pause(ctx, 100*time.Millisecond) != nil {
			return wrong, whole
		}
	}
}

// add works out the times: each frame's from the begin of the append in which its event was.
func (r *desktopReport) add(callers *benchCallers, fast []*fastDesktop, slow []*slowDesktop, took time.Duration) {
	var delays, appends []float64
	for _, d := range fast {
		for _, frame := range d.frames {
			i, _ := slices.BinarySearchFunc(callers.appends, frame.position, func(a benchAppend, p eventlog.Position) int { return int(a.end) - int(p) })
			if frame.position > callers.start && i < len(callers.appends) {
				delays = append(delays, frame.at.Sub(callers.appends[i].began).Seconds()*1000)
			}
		}
	}
	for _, a := range callers.appends {
		appends = append(appends, a.took.Seconds()*1000)
	}
	r.FramesRate = float64(len(delays)) / took.Seconds()
	r.P50, r.P99, r.Longest = percentile(delays, 50), percentile(delays, 99), percentile(delays, 100)
	r.AppendP50, r.AppendP99 = percentile(appends, 50), percentile(appends, 99)
	for _, s := range slow {
		if s.wasCut() {
			r.Cut++
		}
	}
}

func percentile(values []float64, p int) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[(len(values)-1)*p/100]
}

// memoryInUse is what the process has in use, heap and stacks.
func memoryInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func await(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// benchCallers lets the simulated contact centre live as fast as its events are wanted.
type benchCallers struct {
	load   desktopLoad
	centre *simulator.Centre
	node   *node

	warm, begin, ended chan struct{}
	start, end         eventlog.Position // where the measured events begin and end
	appends            []benchAppend
}

// benchAppend is what was recorded at once.
type benchAppend struct {
	end   eventlog.Position
	began time.Time
	took  time.Duration
}

// Run implements runnable.
func (c *benchCallers) Run(ctx context.Context) error {
	now := c.centre.Next()
	for warm := now.Add(benchWarmUp); now.Before(warm); {
		now = now.Add(100 * time.Millisecond)
		if err := c.live(ctx, now); err != nil {
			return err
		}
	}
	c.start, c.appends = c.end, nil
	close(c.warm)
	if await(ctx, c.begin) != nil {
		return nil
	}
	began := time.Now()
	for elapsed := time.Duration(0); elapsed < c.load.For; elapsed = time.Since(began) {
		due := c.start + eventlog.Position(float64(c.load.Rate)*elapsed.Seconds())
		if c.end >= due {
			if pause(ctx, time.Millisecond) != nil {
				return nil
			}
			continue
		}
		// What is late is told together, as a link does whose engine was busy.
		now = now.Add(min(10*time.Millisecond*time.Duration(1+(due-c.end)/10), 100*time.Millisecond))
		if err := c.live(ctx, now); err != nil {
			return err
		}
	}
	close(c.ended)
	<-ctx.Done()
	return nil
}

// live lets happen what happens up to a moment, and has it recorded.
func (c *benchCallers) live(ctx context.Context, until time.Time) error {
	told := c.centre.Advance(until)
	if len(told) == 0 {
		return ctx.Err()
	}
	began := time.Now()
	if err := c.node.facts.Ingest(context.WithoutCancel(ctx), told); err != nil {
		return err
	}
	took := time.Since(began)
	var err error
	if c.end, err = c.node.log.End(ctx); err != nil {
		return err
	}
	c.appends = append(c.appends, benchAppend{c.end, began, took})
	return ctx.Err()
}

// fastDesktop reads what comes, and does no more with it than to note when.
type fastDesktop struct {
	agent  string
	frames []benchFrame // of the reader, until it has ended

	mu   sync.Mutex
	hash string
}

type benchFrame struct {
	position eventlog.Position
	at       time.Time
}

func (d *fastDesktop) proof() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.hash
}

// connect opens the desktops of the first agents, and returns when each has its snapshot.
func (l desktopLoad) connect(ctx context.Context, n *node, count int, running *sync.WaitGroup) ([]*fastDesktop, error) {
	all := make([]*fastDesktop, count)
	group, connecting := errgroup.WithContext(ctx)
	group.SetLimit(100)
	for i := range all {
		all[i] = &fastDesktop{agent: fmt.Sprint(1001 + i)}
		group.Go(func() error {
			conn, err := (&net.Dialer{}).DialContext(connecting, "tcp", n.listener.Addr().String())
			if err != nil {
				return fmt.Errorf("desktop %d: %w", i, err)
			}
			// HTTP/1.0, so that the answer has no chunks to be taken apart.
			if _, err := fmt.Fprintf(conn, "GET /v1/agents/%s/stream HTTP/1.0\r\nHost: localhost\r\n\r\n", all[i].agent); err != nil {
				return errors.Join(fmt.Errorf("desktop %d: %w", i, err), conn.Close())
			}
			first := make(chan struct{})
			running.Go(func() {
				defer context.AfterFunc(ctx, func() { conn.Close() })()
				all[i].read(bufio.NewReader(conn), sync.OnceFunc(func() { close(first) }))
				conn.Close()
			})
			return await(connecting, first)
		})
	}
	return all, group.Wait()
}

// read notes the frames until the connection ends. It keeps no more of a line than it needs, as long as the line may be.
func (d *fastDesktop) read(lines *bufio.Reader, connected func()) {
	var position uint64
	for {
		line, err := lines.ReadSlice('\n')
		head := string(line[:min(len(line), 32)])
		tail := strings.TrimRight(string(line[max(0, len(line)-48):]), "\r\n")
		for errors.Is(err, bufio.ErrBufferFull) {
			line, err = lines.ReadSlice('\n')
			tail = tail[max(0, len(tail)-48):] + strings.TrimRight(string(line[max(0, len(line)-48):]), "\r\n")
		}
		if err != nil {
			return
		}
		switch name, value, _ := strings.Cut(strings.TrimSpace(head), ": "); name {
		case "id":
			position, _ = strconv.ParseUint(value, 10, 64)
		case "data":
			if _, hash, ok := strings.Cut(tail, `"hash":"`); ok {
				d.mu.Lock()
				d.hash = hash[:16]
				d.mu.Unlock()
			}
			if position != 0 {
				d.frames = append(d.frames, benchFrame{eventlog.Position(position), time.Now()})
				connected()
			}
			position = 0
		}
	}
}

// slowDesktop is one that stops reading for a while, once. It is a client as others would use it.
type slowDesktop struct {
	mu       sync.Mutex
	position uint64 // up to which it is proven that it has all
	lost     int
	stalls   time.Time
}

func (s *slowDesktop) seen() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.position
}

func (s *slowDesktop) wasCut() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost > 0
}

// follow opens the desktops of the last agents. Their connections have no buffers on the way, so that it is noticed at once when
// they do not read.
func (l desktopLoad) follow(ctx context.Context, n *node, count int, running *sync.WaitGroup) []*slowDesktop {
	pipes := &pipeListener{conns: make(chan net.Conn), closed: ctx.Done()}
	server := &http.Server{Handler: n.server.Handler()}
	running.Go(func() { _ = server.Serve(pipes) }) // ends with the listener
	all := make([]*slowDesktop, count)
	for i := range all {
		s := &slowDesktop{stalls: time.Now().Add(5*time.Second + time.Duration(i%50)*100*time.Millisecond)}
		all[i] = s
		transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return pipes.dial(s, ctx.Done()) }}
		engine := &client.Client{URL: n.address(), HTTP: &http.Client{Transport: transport}, Silence: 2 * benchStall}
		running.Go(func() {
			for update, err := range engine.Follow(ctx, fmt.Sprint(1001+l.Desktops-1-i)) {
				if err != nil {
					return
				}
				s.mu.Lock()
				if update.Lost != nil {
					s.lost++
				} else {
					s.position = update.Position
				}
				s.mu.Unlock()
			}
		})
	}
	return all
}

// stall is when a connection stops reading; zero: not this one.
func (s *slowDesktop) stall() (at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, s.stalls = s.stalls, time.Time{}
	return at
}

// stallingConn is not read from for a while.
type stallingConn struct {
	net.Conn
	after time.Time
	gone  <-chan struct{}
}

func (c *stallingConn) Read(p []byte) (int, error) {
	if !c.after.IsZero() && time.Now().After(c.after) {
		c.after = time.Time{}
		select {
		case <-time.After(benchStall):
		case <-c.gone:
		}
	}
	return c.Conn.Read(p)
}

// pipeListener takes connections that have no buffers.
type pipeListener struct {
	conns  chan net.Conn
	closed <-chan struct{}
}

func (p *pipeListener) dial(s *slowDesktop, gone <-chan struct{}) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return &stallingConn{Conn: here, after: s.stall(), gone: gone}, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipeListener) Close() error { return nil }

func (p *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
