package pacer

import (
	"slices"
	"time"
)

// Lane is who a call is for: Urgent, or a request's ID. Lanes take turns.
type Lane string

const (
	// Urgent is the lane of calls that a person waits for. It goes first.
	Urgent Lane = ""
	// held is the lane of a reading on behalf of a grant that is held: it goes
	// before everything else and uses that grant's place, or grants could wait for
	// each other.
	held Lane = "\x00held"
)

// waiter is one call that waits for its turn.
type waiter struct {
	endpoint endpoint
	bucket   *bucket
	lane     Lane
	slot     bool          // it is recorded between its grant and its leaving
	granted  chan struct{} // closed with the grant
	mode     mode          // what the grant has
	gone     bool          // granted, or given up
}

// first says whether the waiter goes before the lanes that take turns.
func (w *waiter) first() bool { return w.lane == Urgent || w.lane == held }

// ready is when the waiter's turn comes by the pace of its bucket. Who waits on behalf of
// a grant cannot wait for an answer: it may be that grant's.
func (w *waiter) ready(now time.Time) (at time.Time, ok bool) {
	at, ok = w.bucket.ready(now, w.first())
	return at, ok || w.lane == held
}

// queue is who waits for one bucket: readings of those who hold a grant, the urgent,
// then the lanes in turn.
type queue struct {
	lanes map[Lane][]*waiter
	turns []Lane // lanes with somebody in them, the next first; never Urgent or held
}

func (q *queue) push(w *waiter) {
	if q.lanes == nil {
		q.lanes = map[Lane][]*waiter{}
	}
	if !w.first() && len(q.lanes[w.lane]) == 0 {
		q.turns = append(q.turns, w.lane)
	}
	q.lanes[w.lane] = append(q.lanes[w.lane], w)
}

// head is who is next; nil: nobody.
func (q *queue) head() *waiter {
	for _, l := range []Lane{held, Urgent} {
		if w := q.front(l); w != nil {
			return w
		}
	}
	for len(q.turns) > 0 {
		if w := q.front(q.turns[0]); w != nil {
			return w
		}
		q.turns = q.turns[1:]
	}
	return nil
}

// pop takes the head away and gives the next lane its turn.
func (q *queue) pop() {
	w := q.head()
	if w == nil {
		return
	}
	q.drop(w.lane)
	if w.first() {
		return
	}
	q.turns = q.turns[1:]
	if len(q.lanes[w.lane]) > 0 {
		q.turns = append(q.turns, w.lane)
	}
}

// front is the first of a lane who has not given up.
func (q *queue) front(l Lane) *waiter {
	for len(q.lanes[l]) > 0 {
		if w := q.lanes[l][0]; !w.gone {
			return w
		}
		q.drop(l)
	}
	return nil
}

func (q *queue) drop(l Lane) {
	rest := q.lanes[l][1:]
	if len(rest) == 0 {
		delete(q.lanes, l)
		return
	}
	q.lanes[l] = rest
}

// move hands those who wait with one kind of call over to another bucket's queue.
func (q *queue) move(kind string, to *queue, b *bucket) {
	for l, lane := range q.lanes {
		stay := lane[:0:0]
		for _, w := range lane {
			if w.endpoint.kind == kind {
				w.bucket = b
				to.push(w)
			} else {
				stay = append(stay, w)
			}
		}
		if q.lanes[l] = stay; len(stay) == 0 {
			delete(q.lanes, l)
			q.turns = slices.DeleteFunc(q.turns, func(t Lane) bool { return t == l })
		}
	}
}

// waiting counts who has not given up.
func (q *queue) waiting() int {
	n := 0
	for _, lane := range q.lanes {
		for _, w := range lane {
			if !w.gone {
				n++
			}
		}
	}
	return n
}
