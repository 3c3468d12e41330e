package connection

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// Limits bound what a link holds and how long it waits. What is zero is as the comment says.
type Limits struct {
	DialTimeout  time.Duration // 5 s, for the connection, with the TLS handshake if there is one
	LoginTimeout time.Duration // 10 s, from the connection to the end of the login
	WriteTimeout time.Duration // 5 s, for whatever is sent
	PingInterval time.Duration // 15 s: so long nothing may come before we ask
	PingTimeout  time.Duration // 10 s: and so long again before the link counts as dead
	DrainTimeout time.Duration // 5 s, for what is queued when the link is stopped
	QueuePieces  int           // 65,536: pieces received and not yet worked on
	QueueBytes   int           // 64 MiB of them
	MaxBatch     int           // 512: pieces worked on at once
	Backoff      Backoff       // 500 ms, at most 30 s: between attempts to connect
}

// OrDefault is the limits with what is zero filled in.
func (l Limits) OrDefault() Limits {
	l.DialTimeout = cmp.Or(l.DialTimeout, 5*time.Second)
	l.LoginTimeout = cmp.Or(l.LoginTimeout, 10*time.Second)
	l.WriteTimeout = cmp.Or(l.WriteTimeout, 5*time.Second)
	l.PingInterval = cmp.Or(l.PingInterval, 15*time.Second)
	l.PingTimeout = cmp.Or(l.PingTimeout, 10*time.Second)
	l.DrainTimeout = cmp.Or(l.DrainTimeout, 5*time.Second)
	l.QueuePieces = cmp.Or(l.QueuePieces, 1<<16)
	l.QueueBytes = cmp.Or(l.QueueBytes, 64<<20)
	l.MaxBatch = cmp.Or(l.MaxBatch, 512)
	l.Backoff.Base = cmp.Or(l.Backoff.Base, 500*time.Millisecond)
	l.Backoff.Max = cmp.Or(l.Backoff.Max, 30*time.Second)
	return l
}

// Validate says everything that is wrong with the limits of a link whose largest piece has so many bytes.
func (l Limits) Validate(largest int) error {
	var errs []error
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"dial timeout", l.DialTimeout}, {"login timeout", l.LoginTimeout}, {"write timeout", l.WriteTimeout},
		{"ping interval", l.PingInterval}, {"ping timeout", l.PingTimeout}, {"drain timeout", l.DrainTimeout},
		{"backoff base", l.Backoff.Base}, {"backoff maximum", l.Backoff.Max},
	} {
		if d.value < 0 {
			errs = append(errs, fmt.Errorf("%s is negative", d.name))
		}
	}
	if l.QueuePieces < 0 || l.QueueBytes < 0 || l.MaxBatch < 0 {
		errs = append(errs, errors.New("a queue size is negative"))
	}
	if l.QueueBytes > 0 && l.QueueBytes < largest {
		errs = append(errs, fmt.Errorf("the queue must hold at least %d bytes, one block", largest))
	}
	return errors.Join(errs...)
}
