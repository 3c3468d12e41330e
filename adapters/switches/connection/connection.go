// Package connection is what links to all kinds of switches have in common: the loop that connects, listens and connects
// again; how long to wait in between; the bounded queue between the reader of the socket and the worker behind it; the
// import of a recorded session; the clock of a link; the carrying out of orders; and the account of bad input.
//
// It knows nothing of any switch. What differs is behind two small ports: a Session is one connection, an Interpreter says
// what comes over it means.
package connection

import (
	"context"
	"errors"
	"time"

	"github.com/callstate/callstate/domain/call"
	"github.com/callstate/callstate/domain/engine"
)

// Why a connection ends, or does not come about.
var (
	// ErrOverrun: more came in than was worked off, and the queue was full.
	ErrOverrun = errors.New("overrun")
	// ErrSilent: the switch sent nothing, not even the answer to a question.
	ErrSilent = errors.New("the switch is silent")
	// ErrNotConnected: the link is not up; what was asked was not sent.
	ErrNotConnected = errors.New("not connected to the switch")
	// ErrNotSent: who asked gave up before it was sent.
	ErrNotSent = errors.New("given up before it was sent to the switch")
	// ErrAnswerLost: the link was lost after a question was sent; nobody knows whether it was done.
	ErrAnswerLost = errors.New("link lost before the switch answered")
)

// What becomes of something that the switch is asked to do.
var (
	// ErrRefused: the switch answered that it did not do it. Each protocol has a type for it, with what the switch said.
	ErrRefused = errors.New("refused by the switch")
	// ErrInvalid: it cannot be written in the switch's protocol; nothing was sent.
	ErrInvalid = errors.New("cannot be sent to the switch")
)

// Piece is one piece of what a switch sends, as it was cut out of the stream.
type Piece interface {
	// Size is its length in bytes.
	Size() int
}

// Session is one connection to a switch, logged in.
type Session[P Piece] interface {
	// Version is that of the protocol or of the switch, as far as the login told it.
	Version() string
	// Next returns the next piece that came in, beginning with what came during the login. One goroutine calls it, and does
	// nothing else. It returns an error once the connection has ended.
	Next() (P, error)
	// Talk asks the switch for what it has, and after that, whenever nothing came for a while, whether it is still there. It
	// returns nil when ctx ends, and an error when nothing can be sent any more.
	Talk(ctx context.Context) error
	// AskAgain has Talk ask again for what the switch has. It does not wait.
	AskAgain()
	// HangUp ends the connection: Next and Talk return, and whoever waits for an answer is told. It may be called again.
	HangUp()
}

// Dial connects to a switch and logs in.
type Dial[P Piece] func(ctx context.Context) (Session[P], error)

// Interpreter says what pieces mean. A link or an import calls it from one goroutine, in the order of the stream. The
// slices it returns are used up before the next call.
type Interpreter[P any] interface {
	// Resume takes in the calls of the switch that go on as far as is known, of which another engine has heard, or this one
	// before it was started anew. at is when, on our clock, they were read; pieces may have been received before. A link calls
	// it once, before the first LinkUp; an import does not, since a recording tells all that is in it.
	Resume(calls []call.State, at time.Time)
	// LinkUp: pieces come from now on. received is when, on our clock, and the zero time where a recording is read.
	LinkUp(version string, received time.Time) []engine.Observation
	// LinkDown: no more pieces come. There is one for each LinkUp.
	LinkDown(reason string, received time.Time) []engine.Observation
	// Translate takes in the next piece.
	Translate(piece P, received time.Time) []engine.Observation
	// Advance: it is so late now, and nothing came.
	Advance(received time.Time) []engine.Observation
}

// Ingester records facts durably; an *engine.Engine.
type Ingester interface {
	Ingest(ctx context.Context, observations []engine.Observation) error
}

// Engine is an Ingester that knows what goes on; an *engine.Engine.
type Engine interface {
	Ingester
	// Live returns the calls of a switch that go on, as far as is known.
	Live(ctx context.Context, switchName string) ([]call.State, error)
}
