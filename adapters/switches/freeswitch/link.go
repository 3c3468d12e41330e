package freeswitch

import (
	"context"
	"fmt"
	"log/slog"
	"time"
	"unicode/utf8"

	"github.com/callstate/callstate/adapters/switches/connection"
	"github.com/callstate/callstate/domain/engine"
)

// Interpreter says what events mean; a *Translator. It is also passed what is no event: the answers to all commands, in
// the order of the commands, beginning with those of the login.
type Interpreter = connection.Interpreter[Event]

// Ingester records facts durably; an *engine.Engine.
type Ingester = connection.Ingester

// Engine is an Ingester that knows what goes on; an *engine.Engine.
type Engine = connection.Engine

// Link keeps a connection to the event socket of a FreeSWITCH, as connection.Link says, and sends commands over it.
type Link struct {
	*connection.Link[Frame]
	bad *connection.BadInput
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
	l := &Link{bad: connection.NewBadInput(log.With("link", config.Name))}
	dial := func(ctx context.Context) (connection.Session[Frame], error) { return dial(ctx, config) }
	l.Link = connection.NewLink(config.Name, config.Limits, dial, &listener{Interpreter: interpreter, link: l}, engine, log)
	return l, nil
}

// Do sends a command and waits for its answer, until ctx ends; of a Background one for its result. An answer that says no
// is a *CommandError, with the answer. The facts in what came before the answer are translated before Do returns, and
// recorded soon after.
func (l *Link) Do(ctx context.Context, command Command) (Reply, error) {
	session, ok := l.Session()
	if !ok {
		return Reply{}, fmt.Errorf("%s: %w", command, connection.ErrNotConnected)
	}
	return session.(*client).do(ctx, command)
}

// Stats may be called at any time.
func (l *Link) Stats() connection.Stats {
	stats := l.Link.Stats()
	stats.BadInput = append(l.bad.Kinds(), stats.BadInput...)
	return stats
}

// listener passes the events in what a link hears to an interpreter, and answers to whoever waits for them.
type listener struct {
	Interpreter
	link *Link
}

// Translate takes in the next frame.
func (l *listener) Translate(f Frame, received time.Time) []engine.Observation {
	e, ok := parse(f, l.link.bad)
	if session, up := l.link.Session(); up {
		ok = !session.(*client).answer(f, e, ok) && ok
	}
	if !ok {
		return nil
	}
	return l.Interpreter.Translate(e, received)
}

// The kinds of bad input. Of the last the event is used all the same.
const (
	badMalformed  = "malformed block"
	badOversized  = "oversized block"
	badIncomplete = "incomplete block at the end"
	badEvent      = "malformed event"
	badUTF8       = "invalid UTF-8"
)

// parse returns the event in a frame, if there is one, and notes what is bad.
func parse(f Frame, bad *connection.BadInput) (Event, bool) {
	switch f.Kind {
	case FrameOversized:
		bad.Note(badOversized, f.Headers+f.Body)
		return Event{}, false
	case FrameIncomplete:
		bad.Note(badIncomplete, f.Headers+f.Body)
		return Event{}, false
	case FrameMalformed:
		bad.Note(badMalformed, f.Headers)
		return Event{}, false
	}
	e, err := ParseEvent(f)
	if err != nil {
		bad.Note(badEvent, f.Body)
		return Event{}, false
	}
	raw := utf8.ValidString(f.Headers) && utf8.ValidString(f.Body) // in JSON what is invalid was replaced
	if !raw || escapesBeyondASCII(f.Body) && e.InvalidUTF8() {
		bad.Note(badUTF8, f.Headers+f.Body)
	}
	return e, true
}
