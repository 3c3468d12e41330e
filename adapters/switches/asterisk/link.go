package asterisk

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/domain/engine"
)

// Interpreter says what blocks mean; a *Translator.
type Interpreter = connection.Interpreter[Block]

// Ingester records facts durably; an *engine.Engine.
type Ingester = connection.Ingester

// Engine is an Ingester that knows what goes on; an *engine.Engine.
type Engine = connection.Engine

// Link keeps a connection to the manager of an Asterisk, as connection.Link says, and sends actions over it.
type Link struct {
	*connection.Link[Frame]
	bad      *connection.BadInput
	idPrefix string
	lastID   atomic.Uint64
}

// NewLink returns a link that is not connected yet. A nil log logs nothing.
func NewLink(config Config, interpreter Interpreter, engine Engine, log *slog.Logger) (*Link, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("link %s: %w", config.Name, err)
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	config = config.withDefaults()
	// Answers to Originate go to all managers, so ActionIDs must differ from those of another engine on the switch.
	l := &Link{bad: connection.NewBadInput(log.With("link", config.Name)), idPrefix: "callstate-" + rand.Text()[:8] + "-"}
	dial := func(ctx context.Context) (connection.Session[Frame], error) { return dial(ctx, config, l.nextID) }
	l.Link = connection.NewLink(config.Name, config.Limits, dial, &listener{Interpreter: interpreter, link: l}, engine, log)
	return l, nil
}

// Do sends an action and waits for its answer, until ctx ends. An answer that says no is an *ActionError, with the answer.
func (l *Link) Do(ctx context.Context, a Action) (Response, error) {
	session, ok := l.Session()
	if !ok {
		return Response{}, fmt.Errorf("%s: %w", a.Name, connection.ErrNotConnected)
	}
	return session.(*client).do(ctx, l.nextID(), a)
}

func (l *Link) nextID() string { return l.idPrefix + strconv.FormatUint(l.lastID.Add(1), 10) }

// Stats may be called at any time.
func (l *Link) Stats() connection.Stats {
	stats := l.Link.Stats()
	stats.BadInput = append(l.bad.Kinds(), stats.BadInput...)
	return stats
}

// listener passes the blocks in what a link hears to an interpreter, and answers to whoever waits for them.
type listener struct {
	Interpreter
	link *Link
}

// Translate takes in the next frame.
func (l *listener) Translate(f Frame, received time.Time) []engine.Observation {
	b, ok := parse(f, l.link.bad)
	if !ok {
		return nil
	}
	if session, up := l.link.Session(); up {
		session.(*client).answer(b)
	}
	return l.Interpreter.Translate(b, received)
}

// The kinds of bad input. Of the last two the block is used all the same.
const (
	badMalformed  = "malformed block"
	badOversized  = "oversized block"
	badIncomplete = "incomplete block at the end"
	badStrayLine  = "line without a header"
	badUTF8       = "invalid UTF-8"
)

// parse returns the block in a frame, if there is one, and notes what is bad.
func parse(f Frame, bad *connection.BadInput) (Block, bool) {
	switch f.Kind {
	case FrameOversized:
		bad.Note(badOversized, f.Raw)
		return Block{}, false
	case FrameIncomplete:
		bad.Note(badIncomplete, f.Raw)
		return Block{}, false
	case FrameBanner:
		return Block{}, false
	}
	b, err := ParseBlock(f.Raw)
	if err != nil {
		bad.Note(badMalformed, f.Raw)
		return Block{}, false
	}
	if b.InvalidUTF8() {
		bad.Note(badUTF8, f.Raw)
	}
	if b.StrayLines() > 0 {
		bad.Note(badStrayLine, f.Raw)
	}
	return b, true
}
