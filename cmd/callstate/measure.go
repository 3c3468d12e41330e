package main

import (
	"time"

	"github.com/callstate/callstate/adapters/metrics"
	"github.com/callstate/callstate/adapters/switches/asterisk"
	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/adapters/switches/freeswitch"
)

// measure adds what runs to the metrics.
func (n *node) measure(sources []runnable) {
	n.metrics.AddFloor(n.floor, time.Now)
	n.metrics.AddProjections(n.runner)
	for _, source := range sources {
		switch link := source.(type) {
		case *asterisk.Link:
			n.metrics.AddLink(metrics.Link{Switch: link.Name(), Kind: "asterisk", Stats: measured(link.Stats)})
		case *freeswitch.Link:
			n.metrics.AddLink(metrics.Link{Switch: link.Name(), Kind: "freeswitch", Stats: measured(link.Stats)})
		}
	}
}

// measured is what a link tells of itself, in the words of the metrics.
func measured(stats func() connection.Stats) func() metrics.LinkStats {
	return func() metrics.LinkStats {
		s := stats()
		told := metrics.LinkStats{
			Up: s.Connected, Pieces: s.Pieces, Bytes: s.Bytes, Reconnects: s.Reconnects, Overruns: s.Overruns, Queued: s.QueuedPieces,
		}
		for _, kind := range s.BadInput {
			told.Bad = append(told.Bad, metrics.BadPieces{Kind: kind.Kind, Count: kind.Count})
		}
		return told
	}
}
