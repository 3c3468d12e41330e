package pebble

import (
	"slices"
	"sync"

	"github.com/callstate/callstate/domain/eventlog"
)

// queue holds the requests that wait for the writer. Its length is bounded by the number of callers, each of whom waits
// for the answer.
type queue struct {
	mu       sync.Mutex
	filled   sync.Cond
	requests []*request
	closed   bool
}

func newQueue() *queue {
	q := &queue{}
	q.filled.L = &q.mu
	return q
}

func (q *queue) put(r *request) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return eventlog.ErrClosed
	}
	q.requests = append(q.requests, r)
	q.filled.Signal()
	return nil
}

// take appends the next group's requests to those that are late from the last one. It waits until there is one, or
// returns none when there never will be.
func (q *queue) take(group []*request) []*request {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(group) == 0 && len(q.requests) == 0 && !q.closed {
		q.filled.Wait()
	}
	size, taken := 0, 0
	for _, r := range q.requests {
		if len(group) >= groupRequests || size >= groupBytes {
			break
		}
		group = append(group, r)
		size += r.size
		taken++
	}
	q.requests = slices.Delete(q.requests, 0, taken)
	return group
}

// close lets no more requests in; those that are in are still taken.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.filled.Signal()
}
