package playback

import (
	"net"
	"strings"
	"time"

	"github.com/callstate/callstate/adapters/switches/connection"
)

const (
	loginTimeout = 30 * time.Second // authtimeout in manager.conf
	writeBatch   = 256              // blocks in one write
)

// client is one connection to the fake switch.
type client struct {
	server *Server
	conn   net.Conn
	out    *connection.Queue[string]

	// Guarded by the server's mu.
	dialogue  dialogue
	finishing bool // the connection is closed when all is sent
}

func newClient(s *Server, conn net.Conn) *client {
	return &client{server: s, conn: conn, out: connection.NewQueue[string](1<<20, s.options.MaxUnread)}
}

// send queues text for the client. One that has too much unread is cut off.
func (c *client) send(text string) {
	if text != "" && !c.finishing && !c.out.Push(text, len(text)) {
		c.conn.Close()
	}
}

// finish closes the connection once everything is sent.
func (c *client) finish() {
	c.finishing = true
	c.out.Close()
}

// read takes in the client's requests, until the connection is closed.
func (c *client) read() {
	defer c.server.forget(c)
	defer c.out.Close()
	c.conn.SetReadDeadline(time.Now().Add(loginTimeout))
	next := c.dialogue.requests(c.conn)
	for patient := false; ; {
		request, err := next()
		if err != nil {
			return
		}
		if c.server.act(c, request) && !patient {
			patient = true
			c.conn.SetReadDeadline(time.Time{})
		}
	}
}

// write sends what is queued, and closes the connection when the client does not read it, or when all is sent that
// there will be.
func (c *client) write() {
	defer c.conn.Close()
	var batch []string
	for {
		var more bool
		batch, more = c.out.Take(batch[:0], writeBatch)
		if !more {
			return
		}
		if len(batch) == 0 {
			<-c.out.Ready()
			continue
		}
		c.conn.SetWriteDeadline(time.Now().Add(c.server.options.WriteTimeout))
		if _, err := c.conn.Write([]byte(strings.Join(batch, ""))); err != nil {
			c.server.options.Log.Warn("playback client cut off", "err", err)
			return
		}
	}
}
