// Package connectiontest lets the tests of links and of fake switches talk without a network, so that they can run on the
// clock of testing/synctest.
package connectiontest

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing/synctest"
)

// Listener accepts connections that are made with its Dial, over net.Pipe: what one side writes waits until the other
// reads it.
type Listener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// NewListener returns a listener on nothing.
func NewListener() *Listener {
	return &Listener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Dial connects to the listener; its form is that of net.Dialer.DialContext.
func (l *Listener) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept waits for the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close makes Dial and Accept fail from now on.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr is the address of a pipe.
func (l *Listener) Addr() net.Addr { return addr{} }

type addr struct{}

func (addr) Network() string { return "pipe" }
func (addr) String() string  { return "pipe" }

// Peer is the switch's end of a connection, which reads all the time what it is asked.
type Peer[Q any] struct {
	net.Conn
	mu    sync.Mutex
	asked []Q
	ended bool
}

// NewPeer returns one that reads with next until that fails.
func NewPeer[Q any](conn net.Conn, next func() (Q, error)) *Peer[Q] {
	p := &Peer[Q]{Conn: conn}
	go func() {
		for {
			question, err := next()
			p.mu.Lock()
			if err != nil {
				p.ended = true
			} else {
				p.asked = append(p.asked, question)
			}
			p.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return p
}

// Asked is what came, once everybody waits.
func (p *Peer[Q]) Asked() []Q {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

// Closed reports whether the other side has hung up, once everybody waits.
func (p *Peer[Q]) Closed() bool {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}
