package connection

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Socket is the network side of a Session: it bounds how long a read and a write take, and knows for how long nothing has
// come.
type Socket struct {
	conn         net.Conn
	writeTimeout time.Duration
	patience     time.Duration // of a read; 0: for ever. Of the reading goroutine.
	heard        atomic.Int64  // when bytes last came in, Unix nanoseconds

	writing sync.Mutex
	hangUp  sync.Once
	done    chan struct{}
	again   chan struct{} // everything is to be asked for again
}

// NewSocket returns a socket on a connection, whose login must be done before the deadline.
func NewSocket(conn net.Conn, writeTimeout time.Duration, deadline time.Time) (*Socket, error) {
	return &Socket{conn: conn, writeTimeout: writeTimeout, done: make(chan struct{}), again: make(chan struct{}, 1)}, conn.SetDeadline(deadline)
}

// LoggedIn ends the deadline of the login. From now on a read that has waited so long is ErrSilent.
func (s *Socket) LoggedIn(patience time.Duration) error {
	s.patience = patience
	return s.conn.SetDeadline(time.Time{})
}

// Read reads what comes in. One goroutine calls it.
func (s *Socket) Read(p []byte) (int, error) {
	if s.patience > 0 {
		if err := s.conn.SetReadDeadline(time.Now().Add(s.patience)); err != nil {
			return 0, err
		}
	}
	n, err := s.conn.Read(p)
	if n > 0 {
		s.heard.Store(time.Now().UnixNano())
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = ErrSilent
	}
	return n, err
}

// Send writes what queued has put into the order of what is sent; queued may be nil. After an error the connection is of
// no use any more: half of it may have been sent.
func (s *Socket) Send(text []byte, queued func()) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.writeTimeout)); err != nil {
		return err
	}
	if queued != nil {
		queued()
	}
	_, err := s.conn.Write(text)
	return err
}

// Ask calls everything at once and after each AskAgain, and alive whenever nothing has come for the interval, until ctx ends;
// then it returns nil.
func (s *Socket) Ask(ctx context.Context, interval time.Duration, everything, alive func() error) error {
	if err := everything(); err != nil {
		return err
	}
	timer := time.NewTimer(interval)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.again:
			if err := everything(); err != nil {
				return err
			}
			continue
		case <-timer.C:
		}
		wait := interval - time.Duration(time.Now().UnixNano()-s.heard.Load())
		if wait <= 0 {
			if err := alive(); err != nil {
				return err
			}
			wait = interval
		}
		timer.Reset(wait)
	}
}

// AskAgain has Ask ask for everything again; it does not wait for that.
func (s *Socket) AskAgain() {
	select {
	case s.again <- struct{}{}:
	default: // it is about to
	}
}

// HangUp closes the connection. It may be called again.
func (s *Socket) HangUp() {
	s.hangUp.Do(func() {
		close(s.done)
		s.conn.Close()
	})
}

// Done is closed when we have hung up.
func (s *Socket) Done() <-chan struct{} { return s.done }

// HungUp: we have closed the connection.
func (s *Socket) HungUp() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// Unexpected makes the end of a stream an error that says so where it is printed.
func Unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
