package metrics

import (
	"context"
	"time"

	"github.com/callstate/callstate/projections"
	"github.com/callstate/callstate/projections/floor"
	"github.com/prometheus/client_golang/prometheus"
)

// Link is the link to one switch.
type Link struct {
	Switch string // its name in the configuration
	Kind   string // asterisk, freeswitch
	// Stats is what the link has done so far. It is called whenever the metrics are read.
	Stats func() LinkStats
}

// LinkStats are counted since the link was made, but for what says that it is so now.
type LinkStats struct {
	Up         bool // now
	Pieces     uint64
	Bytes      uint64
	Reconnects uint64
	Overruns   uint64
	Queued     int // pieces received and not worked on, now
	Bad        []BadPieces
}

// BadPieces are the pieces that could not be used, of one of the few kinds that an adapter knows.
type BadPieces struct {
	Kind  string
	Count uint64
}

// AddLink adds the link to a switch; each has another name.
func (m *Metrics) AddLink(l Link) { m.registry.MustRegister(newLink(l)) }

type linkCollector struct {
	link                                                 Link
	up, pieces, bytes, reconnects, overruns, queued, bad *prometheus.Desc
}

func newLink(l Link) *linkCollector {
	labels := prometheus.Labels{"switch": l.Switch, "kind": l.Kind}
	of := func(name, help string, more ...string) *prometheus.Desc {
		return prometheus.NewDesc("callstate_link_"+name, help, more, labels)
	}
	return &linkCollector{
		link:       l,
		up:         of("up", "1 while the link to the switch is up."),
		pieces:     of("pieces_total", "What the switch sent: AMI blocks, events of the event socket."),
		bytes:      of("bytes_total", "Bytes in them."),
		reconnects: of("reconnects_total", "How often the link was up again after it was lost."),
		overruns:   of("overruns_total", "How often the link was given up because more came in than was worked off."),
		queued:     of("queued_pieces", "What has been received and not been worked on."),
		bad:        of("bad_pieces_total", "What the switch sent that could not be used, or only in part, by what is wrong with it.", "problem"),
	}
}

func (c *linkCollector) Describe(to chan<- *prometheus.Desc) {
	described(to, c.up, c.pieces, c.bytes, c.reconnects, c.overruns, c.queued, c.bad)
}

func (c *linkCollector) Collect(to chan<- prometheus.Metric) {
	s := c.link.Stats()
	to <- gauge(c.up, truth(s.Up))
	to <- counter(c.pieces, float64(s.Pieces))
	to <- counter(c.bytes, float64(s.Bytes))
	to <- counter(c.reconnects, float64(s.Reconnects))
	to <- counter(c.overruns, float64(s.Overruns))
	to <- gauge(c.queued, float64(s.Queued))
	for _, b := range s.Bad {
		to <- counter(c.bad, float64(b.Count), b.Kind)
	}
}

// Floor is the live floor.
type Floor interface {
	View() floor.View
	Feeds() floor.Feeds
}

// AddFloor adds the live floor. now is the clock by which calls wait.
func (m *Metrics) AddFloor(f Floor, now func() time.Time) {
	m.registry.MustRegister(&floorCollector{
		floor: f, now: now,
		calls:     desc("callstate_live_calls", "Calls that go on."),
		waiting:   desc("callstate_calls_waiting", "Calls that wait in a queue; one that waits in several counts once."),
		longest:   desc("callstate_longest_wait_seconds", "How long the call waits that has waited longest; 0 where none does."),
		agents:    desc("callstate_agents", "Agents by state.", "state"),
		followers: desc("callstate_feed_clients", "Clients that follow the whole floor, or an agent's desktop.", "feed"),
		cut:       desc("callstate_feed_cuts_total", "Clients that were cut because their mailbox was full: they read too slowly."),
		merged:    desc("callstate_feed_coalesced_changes_total", "Changes that were told several at once, to clients that had fallen behind."),
	})
}

// agentStates are all states, so that one without an agent is 0 rather than absent.
var agentStates = []floor.AgentState{floor.LoggedOut, floor.Ready, floor.NotReady, floor.OutOfService, floor.Ringing, floor.Dialing,
	floor.Talking, floor.OnHold, floor.AfterCallWork}

type floorCollector struct {
	floor                                                   Floor
	now                                                     func() time.Time
	calls, waiting, longest, agents, followers, cut, merged *prometheus.Desc
}

func (c *floorCollector) Describe(to chan<- *prometheus.Desc) {
	described(to, c.calls, c.waiting, c.longest, c.agents, c.followers, c.cut, c.merged)
}

func (c *floorCollector) Collect(to chan<- prometheus.Metric) {
	view, feeds := c.floor.View(), c.floor.Feeds()
	waiting, longest := 0, time.Duration(0)
	for _, each := range view.Calls {
		if len(each.Queues) > 0 {
			waiting++
		}
		for _, wait := range each.Queues {
			longest = max(longest, c.now().Sub(wait.Since))
		}
	}
	to <- gauge(c.calls, float64(len(view.Calls)))
	to <- gauge(c.waiting, float64(waiting))
	to <- gauge(c.longest, longest.Seconds())
	states := map[floor.AgentState]int{}
	for _, a := range view.Agents {
		states[a.State]++
	}
	for _, state := range agentStates {
		to <- gauge(c.agents, float64(states[state]), string(state))
	}
	to <- gauge(c.followers, float64(feeds.Floor), "floor")
	to <- gauge(c.followers, float64(feeds.Desktops), "desktop")
	to <- counter(c.cut, float64(feeds.Cut))
	to <- counter(c.merged, float64(feeds.Merged))
}

// Projections tells how far the read models have come.
type Projections interface {
	Progress(ctx context.Context) ([]projections.Progress, error)
}

// progressTimeout bounds how long a log may take to tell its end: it may be on another machine.
const progressTimeout = 3 * time.Second

// AddProjections adds the read models.
func (m *Metrics) AddProjections(p Projections) {
	m.registry.MustRegister(&projectionCollector{
		projections: p,
		end:         desc("callstate_log_position", "The position of the last event of the log."),
		position:    desc("callstate_projection_position", "How far a read model has come in the log.", "projection"),
		lag:         desc("callstate_projection_lag", "How many positions of the log a read model is behind.", "projection"),
		records:     desc("callstate_projection_records_total", "Events that a read model has taken in.", "projection"),
		live:        desc("callstate_projection_live", "1 once a read model has passed what the log's end was at the start.", "projection"),
		failed:      desc("callstate_projection_failed", "1 when a read model has stopped; the log of the program says why.", "projection"),
	})
}

type projectionCollector struct {
	projections                               Projections
	end, position, lag, records, live, failed *prometheus.Desc
}

func (c *projectionCollector) Describe(to chan<- *prometheus.Desc) {
	described(to, c.end, c.position, c.lag, c.records, c.live, c.failed)
}

// Collect tells nothing where the log does not tell its end: what is missing shows, what is old would not.
func (c *projectionCollector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), progressTimeout)
	defer cancel()
	all, err := c.projections.Progress(ctx)
	if err != nil {
		return
	}
	for i, p := range all {
		if i == 0 {
			to <- gauge(c.end, float64(p.End))
		}
		to <- gauge(c.position, float64(p.Position), p.Name)
		to <- gauge(c.lag, float64(p.End-p.Position), p.Name)
		to <- counter(c.records, float64(p.Records), p.Name)
		to <- gauge(c.live, truth(p.Live), p.Name)
		to <- gauge(c.failed, truth(p.Err != nil), p.Name)
	}
}
