package connectiontest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Rig is what a link under test has around it: a listener that it may be connected to, an engine that keeps what it is told,
// and a log that keeps its warnings.
type Rig struct {
	*Listener
	*Recorder
	Log   Warnings
	Ended chan error // what Run of the link has returned

	t    testing.TB
	stop context.CancelFunc
}

// NewRig returns one without a link. It lives in a bubble of synctest.
func NewRig(t testing.TB) *Rig {
	return &Rig{Listener: NewListener(), Recorder: &Recorder{}, Log: NewWarnings(), Ended: make(chan error, 1), t: t}
}

// Start runs a link until Stop.
func (r *Rig) Start(link interface{ Run(context.Context) error }) {
	ctx, stop := context.WithCancel(r.t.Context())
	r.stop = stop
	go func() { r.Ended <- link.Run(ctx) }()
}

// Stop tells the link to end; it does not wait for that.
func (r *Rig) Stop() { r.stop() }

// End stops the link and returns all that was recorded.
func (r *Rig) End() []string {
	r.t.Helper()
	r.stop()
	assert.NoError(r.t, <-r.Ended)
	return r.All()
}
