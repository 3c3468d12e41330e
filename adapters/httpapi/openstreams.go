package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"
)

// errNoLonger is why a stream ends whose client would not be let in any more.
var errNoLonger = errors.New("the session or the token is not valid any more")

// askAgainAfter is how often it is found out anew who has a stream open, so that a session or a token takes its streams
// with it, whatever it ends by: its time, a logout, another engine, the file of tokens.
const askAgainAfter = 10 * time.Second

// openStreams are those that each client has open.
type openStreams struct {
	mu sync.Mutex
	by map[string]map[*openStream]struct{}
}

// openStream is one of them: asks is when it is found out anew whose it is; nil where nobody has to say who he is.
type openStream struct{ asks *time.Timer }

// enter reports whether a client may open one more; most 0 is any number.
func (o *openStreams) enter(client string, most int, stream *openStream) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if most > 0 && len(o.by[client]) >= most {
		return false
	}
	if o.by[client] == nil {
		o.by[client] = map[*openStream]struct{}{}
	}
	o.by[client][stream] = struct{}{}
	return true
}

func (o *openStreams) leave(client string, stream *openStream) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if delete(o.by[client], stream); len(o.by[client]) == 0 {
		delete(o.by, client)
	}
}

// askNow has it found out at once whose the streams of a client are.
func (o *openStreams) askNow(client string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for stream := range o.by[client] {
		if stream.asks != nil {
			stream.asks.Reset(0)
		}
	}
}

func isStream(pattern string) bool {
	return strings.HasSuffix(pattern, "/stream") || strings.HasSuffix(pattern, "/replay")
}

// enter lets a client open a stream: it returns the request, whose context ends as soon as its credentials are nobody's any
// more, or somebody else's, and how to leave. ok is false for one stream too many.
func (s *Server) enter(r *http.Request) (entered *http.Request, leave func(), ok bool) {
	client, stream := clientOf(r), &openStream{}
	ctx, end := context.WithCancelCause(r.Context())
	if who, known := subjectOf(ctx); known {
		stream.asks = time.AfterFunc(never, func() {
			again, err := s.subject(ctx, credentials(r))
			if errors.Is(err, ErrNobody) || err == nil && again != who {
				end(errNoLonger)
			}
			if ctx.Err() == nil { // also where it cannot be found out now: who has been let in stays
				stream.asks.Reset(askAgainAfter)
			}
		})
	}
	leave = func() {
		s.open.leave(client, stream)
		end(nil)
		if stream.asks != nil {
			stream.asks.Stop()
		}
	}
	if !s.open.enter(client, s.config.Streams, stream) {
		leave()
		return nil, nil, false
	}
	if stream.asks != nil {
		stream.asks.Reset(askAgainAfter)
	}
	return r.WithContext(ctx), leave, true
}
