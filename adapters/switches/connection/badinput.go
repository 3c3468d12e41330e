package connection

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
)

const (
	maxSamples   = 5       // of each kind
	maxSampleLen = 2 << 10 // bytes
	maxBadKinds  = 64      // kinds are few and fixed; this only guards against a caller who takes them from the input
)

// BadInput counts what a switch sent that could not be used, or only in part. Of each kind it logs the first and keeps the
// last few for inspection. Samples are as the switch sent them, with whatever personal data is in them: they are never
// logged. Its methods may be called concurrently.
type BadInput struct {
	log *slog.Logger

	mu    sync.Mutex
	kinds []BadKind
}

// BadKind is what is known of one kind of bad input.
type BadKind struct {
	Kind    string
	Count   uint64
	Samples []string // the last few, cut to 2 KiB, oldest first
}

// NewBadInput returns an empty account; a nil log logs nothing.
func NewBadInput(log *slog.Logger) *BadInput {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &BadInput{log: log}
}

// Note counts one piece of bad input.
func (b *BadInput) Note(kind, raw string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.kinds, func(k BadKind) bool { return k.Kind == kind })
	if i < 0 {
		if len(b.kinds) == maxBadKinds {
			return
		}
		i = len(b.kinds)
		b.kinds = append(b.kinds, BadKind{Kind: kind})
		b.log.Warn("bad input from the switch; more of this kind is only counted", "kind", kind, "bytes", len(raw))
	}
	known := &b.kinds[i]
	known.Count++
	if len(known.Samples) == maxSamples {
		known.Samples = slices.Delete(known.Samples, 0, 1)
	}
	known.Samples = append(known.Samples, strings.Clone(raw[:min(len(raw), maxSampleLen)]))
}

// Kinds returns what was noted, in the order of the first of each kind.
func (b *BadInput) Kinds() []BadKind {
	b.mu.Lock()
	defer b.mu.Unlock()
	kinds := slices.Clone(b.kinds)
	for i := range kinds {
		kinds[i].Samples = slices.Clone(kinds[i].Samples)
	}
	return kinds
}
