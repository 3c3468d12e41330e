package connection

import "sync"

// Queue is a first-in first-out queue, bounded in items and in bytes, between one reader that must not block and one
// worker that takes as much at a time as there is.
type Queue[T any] struct {
	maxItems, maxBytes int
	ready              chan struct{}

	mu     sync.Mutex
	items  []queued[T] // from head
	head   int
	bytes  int
	closed bool
}

type queued[T any] struct {
	item  T
	bytes int
}

// NewQueue returns an empty queue that holds at most so much.
func NewQueue[T any](maxItems, maxBytes int) *Queue[T] {
	return &Queue[T]{maxItems: maxItems, maxBytes: maxBytes, ready: make(chan struct{}, 1)}
}

// Push appends an item of so many bytes. It never blocks: it returns false, and takes nothing, when the queue is full or
// closed.
func (q *Queue[T]) Push(item T, bytes int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || len(q.items)-q.head >= q.maxItems || q.bytes+bytes > q.maxBytes {
		return false
	}
	q.items = append(q.items, queued[T]{item, bytes})
	q.bytes += bytes
	q.wake()
	return true
}

// Take appends up to limit items to into, in their order. It does not block: when it returns none and more is true,
// Ready says when to come again. more is false when the queue is closed and all was taken.
func (q *Queue[T]) Take(into []T, limit int) (items []T, more bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(limit, len(q.items)-q.head)
	for i := q.head; i < q.head+n; i++ {
		into = append(into, q.items[i].item)
		q.bytes -= q.items[i].bytes
		q.items[i] = queued[T]{}
	}
	q.head += n
	switch left := len(q.items) - q.head; {
	case left == 0:
		q.items, q.head = q.items[:0], 0
	case q.head > left:
		kept := copy(q.items, q.items[q.head:])
		clear(q.items[kept:])
		q.items, q.head = q.items[:kept], 0
	}
	return into, len(into) > 0 || !q.closed
}

// Ready receives when something may have been pushed, or the queue closed, since the last Take.
func (q *Queue[T]) Ready() <-chan struct{} { return q.ready }

// Close lets no more in. What is in can still be taken.
func (q *Queue[T]) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.wake()
}

// Len is what is in the queue now.
func (q *Queue[T]) Len() (items, bytes int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items) - q.head, q.bytes
}

func (q *Queue[T]) wake() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}
